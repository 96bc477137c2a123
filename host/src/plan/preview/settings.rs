//! The settings of a plan, written as the plugins.toml that would give it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::plan::{EncoderPlan, EncoderSource, Plan, RegressorPlan};
use crate::read::config::keys::{ENCODER, Feeds};

/// The plan as a plugins.toml that leaves nothing to defaults; what is not set is left out as a
/// comment.
pub fn settings(plan: &Plan) -> String {
    let mut text = String::new();
    section(&mut text, "[study]", &to_map(&plan.study));
    let mut data = to_map(&plan.data);
    data.shift_remove("joins");
    section(&mut text, "[data]", &data);
    for join in &plan.data.joins {
        section(&mut text, "[[data.join]]", &to_map(join));
    }
    if let Some(test) = &plan.test {
        section(&mut text, "[test]", &to_map(test));
    }
    if !plan.raters.is_empty() {
        let raters = plan
            .raters
            .iter()
            .map(|r| (r.target.clone(), json!(r.columns)));
        section(&mut text, "[raters]", &raters.collect());
    }
    section(&mut text, "[evaluation]", &to_map(&plan.evaluation));
    section(&mut text, "[report]", &to_map(&plan.report));
    for encoder in &plan.encoders {
        section(&mut text, "[[encoder]]", &encoder_settings(encoder));
    }
    for regressor in &plan.regressors {
        section(&mut text, "[[regressor]]", &regressor_settings(regressor));
    }
    text
}

fn encoder_settings(plan: &EncoderPlan) -> Map<String, Value> {
    let mut settings = to_map(plan);
    let source = settings.shift_remove("source");
    let kinds = source
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    match plan.source {
        EncoderSource::Plugin { .. } => {}
        // A request has a time limit, too.
        EncoderSource::Endpoint { .. } => {
            for key in ["isolation", "memory_limit", "download"] {
                settings.shift_remove(key);
            }
        }
        // Settings of plugins are refused there.
        _ => {
            for key in ENCODER.feeding(Feeds::Place) {
                settings.shift_remove(key);
            }
            settings.shift_remove("download");
        }
    }
    if matches!(
        plan.source,
        EncoderSource::Combined { .. } | EncoderSource::Values { .. }
    ) {
        settings.shift_remove("pool");
    }
    for source in kinds.filter_map(|(_, source)| source.as_object()) {
        settings.extend(source.clone());
    }
    with_params(settings)
}

fn regressor_settings(plan: &RegressorPlan) -> Map<String, Value> {
    let mut settings = to_map(plan);
    if plan.alphas.is_some() {
        settings.shift_remove("alpha_min_ratio"); // it shapes only a grid from the data
    }
    with_params(settings)
}

/// Parameters of a plugin stand among the other keys, as they are typed.
fn with_params(mut settings: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(params)) = settings.shift_remove("params") {
        settings.extend(params);
    }
    settings
}

fn to_map(part: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(part) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(), // plain structs become objects
    }
}

fn section(text: &mut String, header: &str, settings: &Map<String, Value>) {
    let _ = writeln!(text, "{header}");
    for (key, value) in settings {
        let key = toml_key(key);
        let _ = match value {
            Value::Null => writeln!(text, "# {key} is not set"),
            Value::Object(table) => writeln!(text, "{key} = {{ {} }}", inline(table)),
            value => writeln!(text, "{key} = {value}"),
        };
    }
}

/// Bare where TOML allows it, else quoted.
fn toml_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !key.is_empty() && key.chars().all(is_bare) {
        true => key.to_owned(),
        false => Value::from(key).to_string(),
    }
}

fn inline(table: &Map<String, Value>) -> String {
    let pairs: Vec<String> = table
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    pairs.join(", ")
}
