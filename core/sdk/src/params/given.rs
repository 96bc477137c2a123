//! What the host passed to `create`, checked member by member.

use super::schema::one_line;
use super::spec::Param;
use super::value::ParamValue;
use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// The members of `params_json` that nobody has asked for yet.
#[derive(Debug)]
pub struct Given {
    members: Map<String, Value>,
}

impl Given {
    /// Reads the object.
    ///
    /// # Errors
    /// PARAM, when it is none.
    pub fn parse(json: &str) -> Result<Given> {
        match serde_json::from_str(json) {
            Ok(Value::Object(members)) => Ok(Given { members }),
            Ok(other) => Err(Error::param(format!(
                "the parameters are {}, not an object",
                clip(&other)
            ))),
            Err(error) => Err(Error::param(format!("the parameters are no JSON: {error}"))),
        }
    }

    /// Takes one parameter, or its default.
    ///
    /// # Errors
    /// PARAM: a wrong type, a value out of range or not among the choices, or a required parameter
    /// that is missing.
    pub fn take<T: ParamValue>(&mut self, name: &str, param: Param<T>, help: &str) -> Result<T> {
        let Some(json) = self.members.remove(name) else {
            return param
                .default
                .ok_or_else(|| Error::param(format!("`{name}` is missing{}", explained(help))));
        };
        let Some(value) = T::from_json(&json) else {
            return Err(Error::param(format!(
                "{name} = {} is not of type {}{}",
                clip(&json),
                T::TYPE,
                explained(help)
            )));
        };
        check_range(name, &param, &value, &json, help)?;
        check_choices(name, &param, &value)?;
        Ok(value)
    }

    /// Refuses what is left over.
    ///
    /// # Errors
    /// PARAM, when a member is not among the `known` names.
    pub fn finish(self, known: &[&str]) -> Result<()> {
        let Some((name, _)) = self.members.iter().next() else {
            return Ok(());
        };
        let known = if known.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("known: {}", known.join(", "))
        };
        Err(Error::param(format!(
            "unknown parameter `{}`; {known}",
            name.chars().take(60).collect::<String>()
        )))
    }
}

fn check_range<T: ParamValue>(
    name: &str,
    param: &Param<T>,
    value: &T,
    json: &Value,
    help: &str,
) -> Result<()> {
    match value.number() {
        Some(number) if !param.is_in_range(number) => Err(Error::param(format!(
            "{name} = {json} is outside {}{}",
            param.range(),
            explained(help)
        ))),
        _ => Ok(()),
    }
}

fn check_choices<T: ParamValue>(name: &str, param: &Param<T>, value: &T) -> Result<()> {
    let is_allowed =
        |text: &String| param.choices.is_empty() || param.choices.contains(&text.as_str());
    match value.texts().iter().find(|text| !is_allowed(text)) {
        Some(text) => Err(Error::param(format!(
            "{name} = {} is none of {}",
            clip(&Value::from(text.as_str())),
            param.choices.join(", ")
        ))),
        None => Ok(()),
    }
}

fn explained(help: &str) -> String {
    let help = one_line(help);
    if help.is_empty() {
        return help;
    }
    format!(": {help}")
}

/// A value as the user wrote it, if that is short.
fn clip(json: &Value) -> String {
    let text = json.to_string();
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(60).chain(['…']).collect()
}
