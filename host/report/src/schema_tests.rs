//! `docs/results.schema.json` against what is written: a small validator for the words of JSON
//! Schema that it uses.
//!
//! Both directions count: everything written must be allowed, and every property must be written by
//! some study, so that neither side grows alone.

use serde_json::Value;

use crate::{fixture, json};

const SCHEMA: &str = include_str!("../../docs/results.schema.json");

/// Properties of a study that only some designs have.
const OF_DESIGNS: [&str; 5] = ["words", "texts", "fold_column", "subgroups", "test"];

/// Words of JSON Schema this validator knows; another one in the schema would silently check
/// nothing.
const KNOWN: [&str; 17] = [
    "$schema",
    "$ref",
    "$defs",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "items",
    "prefixItems",
    "minItems",
    "enum",
    "const",
    "anyOf",
    "minimum",
    "exclusiveMinimum",
    "maximum",
];

/// What is wrong with `value`, one line each; empty when it is valid.
fn problems(schema: &Value, value: &Value, root: &Value, place: &str) -> Vec<String> {
    let wrong = |what: &str| vec![format!("{place}: {what}, found {value}")];
    if schema == &Value::Bool(false) {
        return wrong("nothing is allowed here");
    }
    let mut found = Vec::new();
    for (word, rule) in schema.as_object().unwrap() {
        assert!(KNOWN.contains(&word.as_str()), "{word}");
        found.extend(match word.as_str() {
            "$ref" => {
                let target = rule.as_str().unwrap().strip_prefix('#').unwrap();
                problems(root.pointer(target).unwrap(), value, root, place)
            }
            "type" if !has_type(value, rule) => wrong(&format!("not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => wrong("not in the list"),
            "const" if rule != value => wrong(&format!("not {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => wrong("too small"),
            "exclusiveMinimum" if value.as_f64() <= rule.as_f64() && value.is_number() => {
                wrong("too small")
            }
            "maximum" if value.as_f64() > rule.as_f64() => wrong("too large"),
            "anyOf" => {
                let ways = rule.as_array().unwrap();
                let all: Vec<_> = ways
                    .iter()
                    .map(|way| problems(way, value, root, place))
                    .collect();
                if all.iter().any(Vec::is_empty) {
                    vec![]
                } else {
                    all.concat()
                }
            }
            "required" => {
                let missing = |name: &&Value| value.get(name.as_str().unwrap()).is_none();
                rule.as_array()
                    .unwrap()
                    .iter()
                    .filter(missing)
                    .flat_map(|name| wrong(&format!("no {name}")))
                    .collect()
            }
            "properties" => object_problems(rule, value, root, place),
            "items" => array_problems(schema, value, root, place),
            _ => vec![],
        });
    }
    found
}

fn has_type(value: &Value, rule: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    match rule {
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        name => is(name.as_str().unwrap()),
    }
}

/// Stricter than the schema for outsiders: a property it does not describe is an error here.
fn object_problems(properties: &Value, value: &Value, root: &Value, place: &str) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return vec![];
    };
    object
        .iter()
        .flat_map(|(name, inner)| match properties.get(name) {
            Some(schema) => problems(schema, inner, root, &format!("{place}.{name}")),
            None => vec![format!("{place}.{name} is not described")],
        })
        .collect()
}

fn array_problems(schema: &Value, value: &Value, root: &Value, place: &str) -> Vec<String> {
    let Some(array) = value.as_array() else {
        return vec![];
    };
    let prefix = schema
        .get("prefixItems")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    if (array.len() as u64) < least {
        return vec![format!("{place} has {} items, not {least}", array.len())];
    }
    let of_item = |i: usize| prefix.get(i).or_else(|| schema.get("items"));
    array
        .iter()
        .enumerate()
        .filter_map(|(i, item)| Some(problems(of_item(i)?, item, root, &format!("{place}[{i}]"))))
        .flatten()
        .collect()
}

#[test]
fn every_study_that_is_written_is_valid() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (name, results) in fixture::all() {
        let value: Value = serde_json::from_str(&json::to_text(&results).unwrap()).unwrap();
        assert_eq!(
            problems(&schema, &value, &schema, name),
            Vec::<String>::new()
        );
    }
}

#[test]
fn a_document_of_another_shape_is_not_valid() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let good: Value =
        serde_json::from_str(&json::to_text(&fixture::with_intervals()).unwrap()).unwrap();
    let breaks: [(&str, Value); 6] = [
        ("/cells/0/p", 0.into()),
        ("/cells/0/r2", Value::Null),
        ("/cells/0/verdict", "significant".into()),
        ("/cells/0/null_interval", serde_json::json!([0.1])),
        ("/findings/0/severity", "fatal".into()),
        ("/seed", (-1).into()),
    ];
    for (place, value) in breaks {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!problems(&schema, &bad, &schema, "").is_empty(), "{place}");
    }
    let mut bad = good.clone();
    bad["cells"][0].as_object_mut().unwrap().remove("p");
    assert_eq!(problems(&schema, &bad, &schema, "").len(), 1);
}

#[test]
fn every_property_of_the_schema_is_written() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let written = json::to_text(&fixture::odd()).unwrap()
        + &json::to_text(&fixture::by_site()).unwrap()
        + &json::to_text(&fixture::tested()).unwrap()
        + &json::to_text(&fixture::two_values()).unwrap()
        + &json::to_text(&fixture::with_words()).unwrap()
        + &json::to_text(&fixture::served()).unwrap();
    for (kind, definition) in schema["$defs"].as_object().unwrap() {
        let Some(properties) = definition.get("properties") else {
            continue;
        };
        for (name, property) in properties.as_object().unwrap() {
            assert!(written.contains(&format!("\"{name}\": ")), "{kind}.{name}");
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|d| d.len() > 10),
                "{kind}.{name}"
            );
        }
        let required = definition["required"].as_array().unwrap();
        let is_absent = |name: &&String| !required.contains(&Value::String((*name).clone()));
        let absent: Vec<&String> = properties
            .as_object()
            .unwrap()
            .keys()
            .filter(is_absent)
            .collect();
        // What belongs to a design alone is absent in others; all else is null, never absent.
        let expected: &[&str] = match kind.as_str() {
            "StudyResults" => &OF_DESIGNS,
            "EncoderSummary" => &["servers", "repeated"],
            _ => &[],
        };
        assert_eq!(absent, expected, "{kind}");
    }
}
