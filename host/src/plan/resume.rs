//! What of a plan must be the same for a run to be resumed, and how two plans differ.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{EncoderSource, Plan};
use crate::config::keys::{ENCODER, Feeds, REGRESSOR};

impl Plan {
    /// The plan as JSON without anything that depends on where it runs: files by name only, the results folder left out.
    ///
    /// What the files hold is to be compared by content hash, beside this.
    ///
    /// # Errors
    /// Serialisation of plain data does not fail; the error is passed on rather than hidden.
    pub fn portable(&self) -> Result<Value, serde_json::Error> {
        let mut plan = self.clone();
        plan.data.path = file_name(&plan.data.path);
        for join in &mut plan.data.joins {
            join.path = file_name(&join.path);
        }
        for encoder in &mut plan.encoders {
            if let EncoderSource::Precomputed {
                embeddings, ids, ..
            } = &mut encoder.source
            {
                *embeddings = file_name(embeddings);
                *ids = ids.as_deref().map(file_name);
            }
        }
        let mut plan = serde_json::to_value(&plan)?;
        if let Some(plan) = plan.as_object_mut() {
            plan.shift_remove("out");
            plan.shift_remove("folder");
            // Where a plugin runs changes no number.
            for (kind, keys) in [("encoders", &ENCODER), ("regressors", &REGRESSOR)] {
                let plugins = plan.get_mut(kind).and_then(Value::as_array_mut);
                for plugin in plugins
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_object_mut)
                {
                    for key in keys.feeding(Feeds::Place) {
                        plugin.shift_remove(key);
                    }
                }
            }
        }
        Ok(plan)
    }

    /// A hash of the portable plan and of what its files hold: `contents` are names with content hashes, of data, vectors, models and plugins.
    ///
    /// # Errors
    /// As [`Plan::portable`].
    pub fn fingerprint(&self, contents: &[(String, String)]) -> Result<String, serde_json::Error> {
        let mut sorted: Vec<_> = contents.iter().collect();
        sorted.sort();
        let whole = serde_json::to_vec(&(self.portable()?, sorted))?;
        Ok(blake3::hash(&whole).to_hex().to_string())
    }
}

fn file_name(path: &Path) -> PathBuf {
    path.file_name().map(PathBuf::from).unwrap_or_default()
}

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
