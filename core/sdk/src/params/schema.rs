//! The JSON schema of a struct of parameters.

use super::spec::{Param, Tunable};
use super::value::ParamValue;
use serde_json::{Map, Value};
use std::fmt;

/// The schema, parameter by parameter in the order of the struct; prints as the JSON of the
/// descriptor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    members: Map<String, Value>,
    has_penalty: bool,
}

impl Schema {
    /// No parameters.
    #[must_use]
    pub fn new() -> Schema {
        Schema::default()
    }

    /// Adds one parameter. `help`: the comment above the field.
    pub fn add<T: ParamValue>(&mut self, name: &str, param: &Param<T>, help: &str) {
        let mut member = Map::new();
        let mut say = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                member.insert(key.to_owned(), value);
            }
        };
        say("type", Some(Value::from(T::TYPE)));
        say("default", param.default.as_ref().map(T::to_json));
        say("min", param.min.map(short_number));
        say("max", param.max.map(short_number));
        let has_choices = !param.choices.is_empty();
        say("choices", has_choices.then(|| Value::from(param.choices)));
        say("scale", param.is_log.then(|| Value::from("log")));
        say("tunable", tunable(param.tunable));
        say("format", param.format.map(Value::from));
        let help = one_line(help);
        say("help", (!help.is_empty()).then(|| Value::from(help)));
        self.members.insert(name.to_owned(), Value::Object(member));
        self.has_penalty |= param.tunable == Tunable::Penalty;
    }

    /// Whether a parameter is the penalty, so that `fit` gets an alpha.
    #[must_use]
    pub fn has_penalty(&self) -> bool {
        self.has_penalty
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(&self.members) {
            Ok(json) => f.write_str(&json),
            Err(_) => Err(fmt::Error),
        }
    }
}

/// The lines of a comment as one.
pub(super) fn one_line(help: &str) -> String {
    help.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1` rather than `1.0`: a bound of an integer should read like one.
fn short_number(number: f64) -> Value {
    let whole = number as i64;
    if whole as f64 == number && whole.unsigned_abs() < 1 << 53 {
        return Value::from(whole);
    }
    Value::from(number)
}

fn tunable(tunable: Tunable) -> Option<Value> {
    match tunable {
        Tunable::No => None,
        Tunable::Yes => Some(Value::from(true)),
        Tunable::Penalty => Some(Value::from("alpha")),
    }
}
