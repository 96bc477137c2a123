//! Checks of what create makes of parameters: nonsense, values beyond the schema, and whatever the
//! schema allows.

use ocean_engine::seed::Stream;
use ocean_loader::{CallContext, Kind, PluginError, create_raw};
use ocean_plugin_abi::status;
use serde_json::{Map, Number, Value, json};

use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, of_plugin};

/// Texts that are no JSON object.
pub const GARBAGE: [&str; 5] = ["", "not json", "[]", "3", "{\"a\":"];
/// Objects that the random parameters make.
const N_RANDOM: usize = 100;
/// The first of these are fitted, too.
const N_FITTED: usize = 8;

/// Good parameters and one that nobody has.
pub fn with_unknown(subject: &Subject) -> String {
    let mut unknown = subject.params.clone();
    unknown.insert("no_such_parameter".into(), json!(1));
    Value::Object(unknown).to_string()
}

fn create(subject: &Subject, params: &str) -> Result<(), PluginError> {
    create_raw(&subject.plugin, params, &CallContext::silent())
}

/// Parameters that no plugin takes: each must be PARAM.
pub fn refuses_garbage(subject: &Subject) -> Verdict {
    let (deep, unknown) = ("[".repeat(2000), with_unknown(subject));
    for garbage in GARBAGE.into_iter().chain([deep.as_str(), &unknown]) {
        match create(subject, garbage) {
            Ok(()) => return failed(format!("create takes {}", short(garbage))),
            Err(error) if error.status == status::PARAM => {}
            Err(error) => return failed(format!("create({}) is {error}", short(garbage))),
        }
    }
    Ok(Outcome::Success)
}

/// A number moved by one, as whole as it was.
fn moved(number: &Number, by: i64) -> Value {
    match number.as_i64() {
        Some(whole) => json!(whole.saturating_add(by)),
        None => json!(number.as_f64().unwrap_or_default() + by as f64),
    }
}

/// Values beyond the ranges that the schema states.
pub fn keeps_its_ranges(subject: &Subject) -> Verdict {
    let mut n_tried = 0;
    for (name, rules) in subject.settable() {
        let beyond = match (rules["type"].as_str(), &rules["min"], &rules["max"]) {
            (Some("number" | "integer"), Value::Number(min), _) => moved(min, -1),
            (Some("number" | "integer"), _, Value::Number(max)) => moved(max, 1),
            (Some("boolean"), ..) => json!("neither"),
            _ => continue,
        };
        n_tried += 1;
        let mut params: Map<String, Value> = subject.params.clone();
        params.insert(name.to_owned(), beyond.clone());
        if create(subject, &Value::Object(params).to_string()).is_ok() {
            return failed(format!("create takes {name} = {beyond}"));
        }
    }
    if n_tried == 0 {
        return skipped("no parameter has a range");
    }
    Ok(Outcome::Success)
}

/// Random values that the schema allows, and random damage to the text: made or refused, and what
/// is made works.
pub fn survives_random_parameters(subject: &Subject) -> Verdict {
    subject.has_its_model()?;
    let mut dice = subject.stream("parameters");
    for round in 0..N_RANDOM {
        let is_fitted = round < N_FITTED;
        let params = random(subject, &mut dice, is_fitted);
        let text = Value::Object(params.clone()).to_string();
        is_made_or_refused(subject, &text)?;
        if is_fitted && create(subject, &text).is_ok() {
            works_with(subject, params, &text)?;
        }
        is_made_or_refused(subject, &damaged(&text, &mut dice))?;
    }
    Ok(Outcome::Success)
}

fn is_made_or_refused(subject: &Subject, text: &str) -> Result<(), Outcome> {
    Subject::trying(text);
    match create(subject, text) {
        Err(error) if error.status != status::PARAM => {
            failed(format!("create({}) is {error}", short(text)))
        }
        _ => Ok(()),
    }
}

fn works_with(subject: &Subject, params: Map<String, Value>, text: &str) -> Result<(), Outcome> {
    let subject = subject.with(params);
    if subject.plugin.descriptor.kind == Kind::Encoder {
        return subject.encoder().map(|_| ());
    }
    let (x, y) = subject.data("parameters", 20, 5);
    match subject
        .regressor()?
        .fit_predict(&x, &y, subject.alpha(), &x)
    {
        Ok(y_hat) if y_hat.iter().all(|value| value.is_finite()) => Ok(()),
        Ok(_) => failed(format!("with {text} predictions are not finite")),
        Err(error) if matches!(error.status, status::NUMERIC | status::PARAM) => Ok(()),
        Err(error) => Err(of_plugin(error)),
    }
}

/// Values that the schema allows. Modest ones are near the defaults, so that fitting does not take
/// the time that ten thousand trees take.
fn random(subject: &Subject, dice: &mut Stream, is_modest: bool) -> Map<String, Value> {
    let mut params = subject.params.clone();
    for (name, rules) in subject.settable() {
        let value = match rules["type"].as_str() {
            Some("number") => json!(number(rules, dice, is_modest)),
            Some("integer") => json!(number(rules, dice, is_modest).round() as i64),
            Some("boolean") => json!(dice.below(2) == 1),
            Some("string") => match rules["choices"].as_array() {
                Some(choices) if !choices.is_empty() => {
                    choices[dice.below(choices.len() as u64) as usize].clone()
                }
                _ => continue,
            },
            _ => continue,
        };
        params.insert(name.to_owned(), value);
    }
    params
}

/// A bound, the default, or something between.
fn number(rules: &Value, dice: &mut Stream, is_modest: bool) -> f64 {
    let default = rules["default"].as_f64();
    let (min, max) = (rules["min"].as_f64(), rules["max"].as_f64());
    let near = default.or(min).or(max).unwrap_or(0.0);
    let low = min.unwrap_or(near - near.abs() - 1.0);
    let most = near + near.abs() + 1.0;
    let high = max.map_or(most, |max| if is_modest { max.min(most) } else { max });
    match (dice.below(4), max) {
        (0, _) => low,
        (1, Some(max)) if !is_modest => max,
        (2, _) => near,
        _ => low + (high - low) * dice.below(1 << 20) as f64 / f64::from(1 << 20),
    }
}

/// The text with one to three characters other than they were.
fn damaged(text: &str, dice: &mut Stream) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(characters.len() as u64) as usize;
        let with = b"{}[]\":,0-9.eE+ntf \\\0~"[dice.below(21) as usize];
        characters[at] = with.into();
    }
    characters.into_iter().collect()
}

fn short(text: &str) -> String {
    let begin: String = text.chars().take(60).collect();
    let more = if begin.len() < text.len() { "…" } else { "" };
    format!("`{begin}{more}`")
}

#[cfg(test)]
mod tests {
    use ocean_engine::seed::Seed;

    use super::*;

    #[test]
    fn a_number_moved_stays_as_whole_as_it_was() {
        assert_eq!(moved(&Number::from(0), -1), json!(-1));
        let half = Number::from_f64(0.5).unwrap();
        assert_eq!(moved(&half, 1), json!(1.5));
    }

    #[test]
    fn random_numbers_stay_within_the_rules_and_modest_ones_near_the_default() {
        let rules = json!({"min": 1.0, "max": 1e6, "default": 10.0});
        let mut dice = Seed(1).stream("numbers", 0);
        for _ in 0..1000 {
            let any = number(&rules, &mut dice, false);
            assert!((1.0..=1e6).contains(&any), "{any}");
            let modest = number(&rules, &mut dice, true);
            assert!((1.0..=21.0).contains(&modest), "{modest}");
        }
    }

    #[test]
    fn damage_replaces_characters_and_leaves_the_length() {
        let text = r#"{"é":1}"#;
        let mut dice = Seed(1).stream("damage", 0);
        for _ in 0..100 {
            let damaged = damaged(text, &mut dice);
            let pairs = damaged.chars().zip(text.chars());
            assert_eq!(damaged.chars().count(), text.chars().count());
            assert!(pairs.filter(|(a, b)| a != b).count() <= 3);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(short("[]"), "`[]`");
        assert_eq!(short(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }
}
