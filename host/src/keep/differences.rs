//! How two JSON values differ: a run is resumed under its own plan only, and a refusal says what is
//! another.

use serde_json::Value;

/// How two JSON values differ, a line for each leaf: `evaluation.permutations: 999 → 99`.
pub fn differences(before: &Value, now: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", before, now, &mut lines);
    lines
}

fn compare(path: &str, before: &Value, now: &Value, lines: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let value = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                compare(&join(path, key), &value(old), &value(new), lines);
            }
        }
        (Value::Array(old), Value::Array(new)) if has_objects(old) || has_objects(new) => {
            for i in 0..old.len().max(new.len()) {
                let value = |items: &[Value]| items.get(i).cloned().unwrap_or(Value::Null);
                let name = join(path, &(i + 1).to_string());
                compare(&name, &value(old), &value(new), lines);
            }
        }
        _ if before == now => {}
        _ => lines.push(format!("{path}: {} → {}", shown(before), shown(now))),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

fn has_objects(items: &[Value]) -> bool {
    items.iter().any(Value::is_object)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => value.to_string(),
    }
}
