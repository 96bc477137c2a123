//! Checks what a user wrote for a plugin against the schema in the plugin's descriptor
//! (ocean_plugin.h, PARAMETERS).
//!
//! The host does this before `create`, so that an error names a line of plugins.toml and not a
//! plugin. Schemas come from strangers: a member that is not as the header says is passed over,
//! never trusted.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{EncoderPlan, EncoderSource, RegressorPlan};
use crate::problem::{Problem, Problems, Refusal, suggestion};
use crate::read::config::Parameters;
use crate::read::config::keys::{ENCODER, REGRESSOR, SectionKeys};

/// Parameters that fit a schema, defaults filled in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CheckedParameters {
    /// One value a parameter.
    pub fixed: Map<String, Value>,
    /// Parameters for which the user listed values to choose among, numbers from the largest down:
    /// larger is stronger (STATISTICS §1.4).
    pub tuned: Vec<(String, Vec<Value>)>,
}

impl CheckedParameters {
    /// Every combination of the tuned values with the fixed ones, the strongest first; one when
    /// nothing is tuned.
    pub fn variants(&self) -> Vec<Map<String, Value>> {
        let mut variants = vec![self.fixed.clone()];
        for (name, values) in &self.tuned {
            let with = |variant: &Map<String, Value>, value: &Value| {
                let mut variant = variant.clone();
                variant.insert(name.clone(), value.clone());
                variant
            };
            variants = variants
                .iter()
                .flat_map(|variant| values.iter().map(move |value| with(variant, value)))
                .collect();
        }
        variants
    }

    /// The parameters in words: "dim = 4096, l1_ratio chosen among 0.9, 0.5 and 0.1"; `None` when
    /// there are none.
    ///
    /// Of an absolute path only the last part stands there: reports hold no folders of the machine.
    pub fn in_words(&self) -> Option<String> {
        let fixed = self
            .fixed
            .iter()
            .filter(|(name, _)| self.tuned.iter().all(|(tuned, _)| tuned != *name))
            .map(|(name, value)| format!("{name} = {}", in_words(value)));
        let tuned = self.tuned.iter().map(|(name, values)| {
            let values: Vec<String> = values.iter().map(in_words).collect();
            match values.as_slice() {
                [rest @ .., last] if !rest.is_empty() => {
                    format!("{name} chosen among {} and {last}", rest.join(", "))
                }
                _ => format!("{name} = {}", values.concat()),
            }
        });
        let all: Vec<String> = fixed.chain(tuned).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) if Path::new(text).is_absolute() => Path::new(text)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl EncoderPlan {
    /// Checks the parameters of this encoder against the schema in its plugin's descriptor; vectors
    /// from a file have none.
    ///
    /// Paths (`"format": "path"`) are made absolute from `folder`, that of
    /// [`Plan::folder`](super::Plan::folder); models stay as typed, see [`crate::encode::models`].
    ///
    /// # Errors
    /// A [`Refusal`] with every parameter that is unknown, missing, of the wrong type or out of
    /// range, each with its line.
    pub fn check_parameters(
        &self,
        schema: &Value,
        folder: &Path,
    ) -> Result<CheckedParameters, Refusal> {
        match &self.source {
            EncoderSource::Plugin { params, .. } | EncoderSource::Endpoint { params, .. } => {
                check(params, schema, &ENCODER, folder)
            }
            EncoderSource::Precomputed { .. }
            | EncoderSource::Values { .. }
            | EncoderSource::Combined { .. } => Ok(CheckedParameters::default()),
        }
    }
}

impl RegressorPlan {
    /// Checks the parameters of this regressor, as [`EncoderPlan::check_parameters`] does.
    ///
    /// # Errors
    /// As there.
    pub fn check_parameters(
        &self,
        schema: &Value,
        folder: &Path,
    ) -> Result<CheckedParameters, Refusal> {
        check(&self.params, schema, &REGRESSOR, folder)
    }
}

/// Checks `--param KEY=VALUE` of `plugin check` against the schema of the plugin that messages call
/// `title`.
///
/// One object is made of them, so that a list of values to choose among is refused here; and the
/// penalty is none of `create`'s parameters.
///
/// # Errors
/// A [`Refusal`] with every one that is unknown, of the wrong type or out of range, or names a
/// folder that is not there.
pub fn check_given(given: &[(String, Value)], schema: &Value, title: &str) -> Result<(), Refusal> {
    let nothing = Map::new();
    let schema = schema.as_object().unwrap_or(&nothing);
    let mut problems = Problems::default();
    for (name, value) in given {
        if let Err(problem) = check_one_given(name, value, schema, title) {
            problems.push(problem);
        }
    }
    problems.finish(())
}

fn check_one_given(
    name: &str,
    value: &Value,
    schema: &Map<String, Value>,
    title: &str,
) -> Result<(), Problem> {
    let refuse = |message: String| Err(Problem::new(format!("--param {name}={value}"), message));
    let settable = schema
        .iter()
        .filter(|(_, rules)| rules["tunable"] != "alpha")
        .map(|(name, _)| name.as_str());
    let Some(rules) = schema.get(name) else {
        let known = match schema.is_empty() {
            true => "; it has no parameters".to_owned(),
            false => suggestion(name, settable),
        };
        return refuse(format!("{title} has no parameter `{name}`{known}"));
    };
    if rules["tunable"] == "alpha" {
        return refuse(format!(
            "{name} is the penalty, which the checks choose themselves"
        ));
    }
    let folder = value.as_str().filter(|_| rules["format"] == "model");
    if let Some(folder) = folder.filter(|folder| !Path::new(folder).is_dir()) {
        return refuse(format!("there is no folder `{folder}`"));
    }
    let rules = Rules {
        name,
        rules,
        takes_list: false,
    };
    rules.check(value).or_else(refuse)
}

fn check(
    typed: &Parameters,
    schema: &Value,
    keys: &SectionKeys,
    folder: &Path,
) -> Result<CheckedParameters, Refusal> {
    let mut problems = Problems::default();
    let mut checked = CheckedParameters::default();
    let nothing = Map::new();
    let schema = schema.as_object().unwrap_or(&nothing);
    refuse_unknown(typed, schema, keys, &mut problems);
    for (name, rules) in schema
        .iter()
        .filter(|(_, rules)| rules["tunable"] != "alpha")
    {
        let rules = Rules {
            name,
            takes_list: rules["tunable"] == true
                && rules["type"] != "strings"
                && rules["type"] != "integers",
            rules,
        };
        match typed.values.get(name) {
            Some(value) => match rules.check(value) {
                Ok(()) => rules.keep(value, folder, &mut checked),
                Err(message) => problems.push(Problem::new(typed.line_of(name), message)),
            },
            None => match rules.rules.get("default") {
                Some(Value::Null) => {}
                Some(default) => {
                    checked.fixed.insert(name.clone(), default.clone());
                }
                None => problems.push(
                    Problem::new(&typed.origin, format!("{} has no `{name}`", typed.section))
                        .with_try(format!("{name} = {}", rules.expected())),
                ),
            },
        }
    }
    refuse_penalty(typed, schema, &mut problems);
    problems.finish(checked)
}

fn refuse_unknown(
    typed: &Parameters,
    schema: &Map<String, Value>,
    keys: &SectionKeys,
    problems: &mut Problems,
) {
    for name in typed
        .values
        .keys()
        .filter(|name| !schema.contains_key(*name))
    {
        let settable = schema
            .iter()
            .filter(|(_, rules)| rules["tunable"] != "alpha");
        let known = settable
            .map(|(name, _)| name.as_str())
            .chain(keys.names().map(|name| -> &str { name }));
        let message = format!(
            "{} has no key `{name}`{}",
            typed.section,
            suggestion(name, known)
        );
        problems.push(Problem::new(typed.line_of(name), message));
    }
}

/// The penalty is the engine's to choose, from `alphas` or from the data.
fn refuse_penalty(typed: &Parameters, schema: &Map<String, Value>, problems: &mut Problems) {
    let penalties = schema
        .iter()
        .filter(|(_, rules)| rules["tunable"] == "alpha");
    for (name, value) in penalties.filter_map(|(name, _)| typed.values.get_key_value(name)) {
        problems.push(
            Problem::new(
                typed.line_of(name),
                format!("{name} = {value} is the penalty, which is tuned"),
            )
            .with_try("a grid of your own, alphas = [10, 1, 0.1], or no key at all: the grid then comes from the data"),
        );
    }
}

/// One member of a schema.
struct Rules<'a> {
    name: &'a str,
    rules: &'a Value,
    /// A list of values to choose among will do.
    takes_list: bool,
}

impl Rules<'_> {
    fn is_list_of_choices(&self, value: &Value) -> bool {
        value.is_array() && self.takes_list
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        let Some(items) = value.as_array().filter(|_| self.is_list_of_choices(value)) else {
            return self.check_one(value);
        };
        if items.is_empty() {
            return Err(format!("{} = [] lists no value", self.name));
        }
        for (i, item) in items.iter().enumerate() {
            self.check_one(item)?;
            if items[..i].iter().any(|before| is_same(before, item)) {
                return Err(format!("{} = {value} lists {item} twice", self.name));
            }
        }
        Ok(())
    }

    fn check_one(&self, value: &Value) -> Result<(), String> {
        let name = self.name;
        let help = match self.rules["help"].as_str() {
            Some(help) => format!(" ({})", help.trim_end_matches('.')),
            None => String::new(),
        };
        if !self.has_type(value) {
            let expected = self.expected();
            return Err(format!("{name} = {value} is not {expected}{help}"));
        }
        if let Some(number) = value.as_f64() {
            let (min, max) = (self.rules["min"].as_f64(), self.rules["max"].as_f64());
            let is_low = min.is_some_and(|min| number < min);
            let is_high = max.is_some_and(|max| number > max);
            if is_low || is_high {
                let range = range(min, max);
                return Err(format!("{name} = {value} is outside {range}{help}"));
            }
        }
        self.check_choice(value)
            .map_err(|message| format!("{name} = {message}{help}"))
    }

    fn has_type(&self, value: &Value) -> bool {
        match self.rules["type"].as_str() {
            Some("number") => value.is_number(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("boolean") => value.is_boolean(),
            Some("string") => value.is_string(),
            Some("strings") => value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string)),
            Some("integers") => value
                .as_array()
                .is_some_and(|items| items.iter().all(|item| item.is_i64() || item.is_u64())),
            _ => true,
        }
    }

    fn check_choice(&self, value: &Value) -> Result<(), String> {
        let Some(choices) = self.rules["choices"].as_array() else {
            return Ok(());
        };
        let one = std::slice::from_ref(value);
        let items = value.as_array().map_or(one, Vec::as_slice);
        match items.iter().find(|item| !choices.contains(item)) {
            None => Ok(()),
            Some(item) => {
                let words: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
                let known = suggestion(item.as_str().unwrap_or_default(), words.iter().copied());
                Err(format!("{value} is not one of the choices{known}"))
            }
        }
    }

    /// "a number in [0, 1]", "one of …": what may stand there.
    fn expected(&self) -> String {
        let kind = match self.rules["type"].as_str() {
            Some("number") => "a number",
            Some("integer") => "a whole number",
            Some("boolean") => "true or false",
            Some("string") => "a text",
            Some("strings") => "a list of texts",
            Some("integers") => "a list of whole numbers",
            _ => "a value",
        };
        let more = match self.takes_list {
            true => " or a list of them",
            false => "",
        };
        format!("{kind}{more}")
    }

    fn keep(&self, value: &Value, folder: &Path, checked: &mut CheckedParameters) {
        let name = self.name.to_owned();
        match value.as_array() {
            Some(items) if self.is_list_of_choices(value) => {
                let mut items = items.clone();
                items.sort_by(|a, b| strength(b).total_cmp(&strength(a))); // stable: texts stay as typed
                checked.tuned.push((name, items));
            }
            _ => {
                checked
                    .fixed
                    .insert(name, self.made_absolute(value, folder));
            }
        }
    }

    fn made_absolute(&self, value: &Value, folder: &Path) -> Value {
        let Some(typed) = value.as_str() else {
            return value.clone();
        };
        match folder.join(typed).to_str() {
            Some(path) if self.rules["format"] == "path" => json!(path),
            _ => value.clone(),
        }
    }
}

fn strength(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn is_same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn range(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("[{min}, {max}]"),
        (Some(min), None) => format!("[{min}, ∞)"),
        (None, Some(max)) => format!("(−∞, {max}]"),
        (None, None) => "its range".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::read::config::{Config, Scope};

    fn schema() -> Value {
        json!({
            "alpha": { "type": "number", "tunable": "alpha" },
            "l1_ratio": { "type": "number", "min": 0.0, "max": 1.0, "default": 0.5, "tunable": true, "help": "0 = ℓ2 only, 1 = lasso" },
            "max_iter": { "type": "integer", "min": 1, "default": 1000 },
            "start": { "type": "string", "choices": ["cold", "warm"], "default": "warm" },
            "file": { "type": "string", "format": "path", "default": null },
            "model": { "type": "string" },
            "layers": { "type": "integers", "default": null },
        })
    }

    fn check(lines: &str) -> Result<CheckedParameters, Refusal> {
        let text = format!(
            "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntext = \"t\"\ntargets = \"y\"\n[[encoder]]\nname = \"e\"\nplugin = \"e\"\n\
             [[regressor]]\nname = \"net\"\nplugin = \"net\"\n{lines}"
        );
        let config =
            Config::parse(Path::new("plugins.toml"), &text, &[], Scope::Evaluation).unwrap();
        let plan = Plan::resolve(&config, None).unwrap();
        plan.regressors[0].check_parameters(&schema(), Path::new("/study"))
    }

    fn refused(lines: &str) -> String {
        check(lines).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_filled_in_and_null_means_absent() {
        let checked = check("model = \"m\"\nfile = \"a/b.txt\"").unwrap();
        let expected = json!({"l1_ratio": 0.5, "max_iter": 1000, "start": "warm", "file": "/study/a/b.txt", "model": "m"});
        assert_eq!(Value::Object(checked.fixed.clone()), expected);
        assert_eq!(checked.variants().len(), 1);
        assert!(!check("model = \"m\"").unwrap().fixed.contains_key("file"));
    }

    #[test]
    fn a_list_for_a_tunable_parameter_makes_variants_with_the_largest_first() {
        let checked = check("model = \"m\"\nl1_ratio = [0.1, 1, 0.5]").unwrap();
        let ratios: Vec<f64> = checked
            .variants()
            .iter()
            .map(|variant| variant["l1_ratio"].as_f64().unwrap())
            .collect();
        assert_eq!(ratios, [1.0, 0.5, 0.1]);
    }

    #[test]
    fn parameters_are_told_in_words_with_their_lists_and_without_folders_of_the_machine() {
        let words = |lines| check(lines).unwrap().in_words().unwrap();
        assert_eq!(
            words("model = \"m\"\nfile = \"a/b.txt\"\nl1_ratio = [0.1, 1, 0.5]"),
            "max_iter = 1000, start = warm, file = b.txt, model = m, l1_ratio chosen among 1, 0.5 and 0.1"
        );
        assert_eq!(
            words("model = \"m\"\nl1_ratio = [0.1]"),
            "max_iter = 1000, start = warm, model = m, l1_ratio = 0.1"
        );
        assert_eq!(CheckedParameters::default().in_words(), None);
    }

    #[test]
    fn each_wrong_parameter_is_named_with_its_line() {
        let model = "model = \"m\"\n";
        let cases = [
            (
                "l1_ratio = 1.5",
                "l1_ratio = 1.5 is outside [0, 1] (0 = ℓ2 only, 1 = lasso)",
            ),
            (
                "l1_ratio = [0.5, 2]",
                "l1_ratio = 2 is outside [0, 1] (0 = ℓ2 only, 1 = lasso)",
            ),
            ("l1_ratio = []", "l1_ratio = [] lists no value"),
            ("l1_ratio = [1, 1.0]", "l1_ratio = [1,1.0] lists 1.0 twice"),
            (
                "l1_ratio = \"a\"",
                "l1_ratio = \"a\" is not a number or a list of them (0 = ℓ2 only, 1 = lasso)",
            ),
            ("max_iter = 0", "max_iter = 0 is outside [1, ∞)"),
            ("max_iter = 2.5", "max_iter = 2.5 is not a whole number"),
            ("layers = 2", "layers = 2 is not a list of whole numbers"),
            (
                "layers = [1, 2.5]",
                "layers = [1,2.5] is not a list of whole numbers",
            ),
            (
                "max_iter = [1, 2]",
                "max_iter = [1,2] is not a whole number",
            ),
            (
                "start = \"wram\"",
                "start = \"wram\" is not one of the choices; did you mean `warm`?",
            ),
            (
                "l1_ration = 1",
                "[[regressor]] net has no key `l1_ration`; did you mean `l1_ratio`?",
            ),
            (
                "alfas = [1]",
                "[[regressor]] net has no key `alfas`; did you mean `alphas`?",
            ),
        ];
        for (line, message) in cases {
            assert_eq!(
                refused(&format!("{model}{line}")),
                format!("plugins.toml:15: {message}")
            );
        }
    }

    #[test]
    fn a_missing_parameter_and_a_fixed_penalty_say_what_to_write() {
        assert_eq!(
            refused("alpha = 2.0"),
            "plugins.toml:11: [[regressor]] net has no `model`\n  try: model = a text\n\
             plugins.toml:14: alpha = 2.0 is the penalty, which is tuned\n  \
             try: a grid of your own, alphas = [10, 1, 0.1], or no key at all: the grid then comes from the data"
        );
    }
}
