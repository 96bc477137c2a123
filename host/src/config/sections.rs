//! The sections of plugins.toml: which keys each has, and what a value must be like on its own.
//!
//! An absent optional key stays `None` here; its default is in [`crate::plan`].

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value as Json};

use super::choices::{
    Duplicates, Exchange, Isolation, Missing, MissingExchange, Pool, Selection, Unit,
};
use super::section::{Section, Sourced, as_number, as_texts, as_whole};
use super::tree::{Node, Origin, Value};

/// More permutations, repeats or grid points than anyone can mean.
const MANY: i64 = 10_000_000;

/// `[study]`
#[derive(Debug, Clone)]
pub struct StudyConfig {
    /// Also names the results folder.
    pub name: Sourced<String>,
    /// 0 or more.
    pub seed: Option<Sourced<i64>>,
}

impl StudyConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<StudyConfig> {
        let name = file_name(&mut section);
        let name = section.required("name = \"loans\"", name);
        let seed = section.whole("seed", 0..);
        section.finish();
        Some(StudyConfig { name: name?, seed })
    }
}

/// A `name`: it becomes part of file names.
fn file_name(section: &mut Section<'_>) -> Option<Sourced<String>> {
    section.take(
        "name",
        "a text that can be part of a file name",
        |value| match value {
            Value::Text(name) if is_file_name(name) => Some(name.clone()),
            _ => None,
        },
    )
}

fn is_file_name(name: &str) -> bool {
    let is_forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    !name.trim().is_empty()
        && !name.starts_with('.')
        && name.len() <= 200
        && !name.contains(is_forbidden)
}

/// `[data]`
#[derive(Debug, Clone)]
pub struct DataConfig {
    /// The main table, as typed.
    pub path: Sourced<String>,
    /// Its id column.
    pub id: Sourced<String>,
    /// Text columns.
    pub text: Option<Sourced<Vec<String>>>,
    /// How the vectors of several text columns become one.
    pub pool: Option<Sourced<Pool>>,
    /// Names or globs of targets.
    pub targets: Option<Sourced<Vec<String>>>,
    /// The column of groups.
    pub group: Option<Sourced<String>>,
    /// What a missing target value means.
    pub missing: Option<Sourced<Missing>>,
    /// Covariate columns.
    pub covariates: Option<Sourced<Vec<String>>>,
    /// `[[data.join]]`
    pub joins: Vec<JoinConfig>,
}

/// `[[data.join]]`
#[derive(Debug, Clone)]
pub struct JoinConfig {
    /// The table, as typed.
    pub path: Sourced<String>,
    /// Its id column, when it is not called as in `[data]`.
    pub id: Option<Sourced<String>>,
    /// Put before every other column's name.
    pub prefix: Option<Sourced<String>>,
}

impl DataConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<DataConfig> {
        let path = section.text("path");
        let path = section.required("path = \"loans.csv\"", path);
        let id = section.text("id");
        let id = section.required("id = \"id\"", id);
        let text = section.texts("text");
        let pool = section.choice("pool");
        let targets = section.texts("targets");
        let group = section.text("group");
        let missing = section.choice("missing");
        let covariates = section.texts("covariates");
        let joins = match section.node("join") {
            Some(node) => JoinConfig::read_all(&section, node),
            None => Vec::new(),
        };
        section.finish();
        Some(DataConfig {
            path: path?,
            id: id?,
            text,
            pool,
            targets,
            group,
            missing,
            covariates,
            joins,
        })
    }
}

impl JoinConfig {
    fn read_all(data: &Section<'_>, node: &Node) -> Vec<JoinConfig> {
        let Value::List(items) = &node.value else {
            data.refuse(&node.origin, "join has double brackets: [[data.join]]");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Section::open("[[data.join]]", item, data.problems()))
            .filter_map(JoinConfig::read)
            .collect()
    }

    fn read(mut section: Section<'_>) -> Option<JoinConfig> {
        let path = section.text("path");
        let path = section.required("path = \"ratings.csv\"", path);
        let id = section.text("id");
        let prefix = section.any_text("prefix");
        section.finish();
        Some(JoinConfig {
            path: path?,
            id,
            prefix,
        })
    }
}

/// One line of `[raters]`: a trait and the columns of its raters.
#[derive(Debug, Clone)]
pub struct RaterConfig {
    /// The target that the ratings make.
    pub target: String,
    /// Two or more rating columns.
    pub columns: Sourced<Vec<String>>,
}

impl RaterConfig {
    pub(super) fn read(section: Section<'_>) -> Vec<RaterConfig> {
        let lines: Vec<_> = section.rest().collect();
        lines
            .into_iter()
            .filter_map(|(target, node)| {
                let columns = as_texts(&node.value).filter(|columns| {
                    let mut different = columns.clone();
                    different.sort();
                    different.dedup();
                    different.len() == columns.len() && columns.len() >= 2
                });
                let Some(value) = columns else {
                    section.refuse(
                        &node.origin,
                        format!(
                            "{target} = {} is not a list of two or more different columns",
                            node.value
                        ),
                    );
                    return None;
                };
                Some(RaterConfig {
                    target: target.to_owned(),
                    columns: Sourced {
                        value,
                        origin: node.origin.clone(),
                        label: format!("[raters] {target}"),
                    },
                })
            })
            .collect()
    }
}

/// `[evaluation]`; a value of `None` takes its default in the plan.
#[derive(Debug, Clone, Default)]
pub struct EvaluationConfig {
    /// K, at least 2.
    pub folds: Option<Sourced<i64>>,
    /// Redraws of the folds, at least 1.
    pub repeats: Option<Sourced<i64>>,
    /// How many, or until when.
    pub permutations: Option<Sourced<Permutations>>,
    /// Family-wise level, inside (0, 1).
    pub level: Option<Sourced<f64>>,
    /// δ in units of r2, inside (0, 1).
    pub smallest_effect: Option<Sourced<f64>>,
    /// Are the control encoders run?
    pub controls: Option<Sourced<bool>>,
    /// The inner split.
    pub inner_folds: Option<Sourced<InnerFolds>>,
    /// How groups are permuted.
    pub exchange: Option<Sourced<Exchange>>,
    /// What one row of the analysis is.
    pub unit: Option<Sourced<Unit>>,
    /// What duplicates of a text are.
    pub duplicates: Option<Sourced<Duplicates>>,
    /// How a permutation treats missing values.
    pub missing_exchange: Option<Sourced<MissingExchange>>,
    /// Draws of the sensitivity analysis; 0 is off.
    pub sensitivity: Option<Sourced<i64>>,
    /// Is a cell added that chooses encoder and regressor inside?
    pub best: Option<Sourced<bool>>,
}

impl EvaluationConfig {
    pub(super) fn read(mut section: Section<'_>) -> EvaluationConfig {
        let inside = "a number between 0 and 1";
        let config = EvaluationConfig {
            folds: section.whole("folds", 2..=1000),
            repeats: section.whole("repeats", 1..=MANY),
            permutations: section.take(
                "permutations",
                "a whole number, 1 or more, or { adaptive = 9999 }",
                Permutations::from_toml,
            ),
            level: section.number("level", inside, |level| 0.0 < level && level < 1.0),
            smallest_effect: section.number("smallest_effect", inside, |effect| {
                0.0 < effect && effect < 1.0
            }),
            controls: section.flag("controls"),
            inner_folds: section.take(
                "inner_folds",
                "\"outer\" or a whole number, 2 or more",
                InnerFolds::from_toml,
            ),
            exchange: section.choice("exchange"),
            unit: section.choice("unit"),
            duplicates: section.choice("duplicates"),
            missing_exchange: section.choice("missing_exchange"),
            sensitivity: section.whole("sensitivity", 0..=MANY),
            best: section.flag("best"),
        };
        section.finish();
        config
    }
}

/// How many permutations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permutations {
    /// Until a cell is decided, at most so many (STATISTICS §3).
    Adaptive(u32),
    /// Exactly so many for every cell.
    #[serde(untagged)]
    Fixed(u32),
}

impl Permutations {
    fn from_toml(value: &Value) -> Option<Permutations> {
        let count = |value| as_whole(value, &(1..=MANY)).and_then(|n| u32::try_from(n).ok());
        match value {
            Value::Table(table) => match table.entries.as_slice() {
                [only] if only.key == "adaptive" => {
                    count(&only.node.value).map(Permutations::Adaptive)
                }
                _ => None,
            },
            value => count(value).map(Permutations::Fixed),
        }
    }
}

/// The inner split, for tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerFolds {
    /// The remaining outer folds.
    Outer,
    /// So many independent folds.
    Independent(u32),
}

impl InnerFolds {
    fn from_toml(value: &Value) -> Option<InnerFolds> {
        match value {
            Value::Text(word) if word == "outer" => Some(InnerFolds::Outer),
            value => as_whole(value, &(2..=1000))
                .and_then(|n| u32::try_from(n).ok())
                .map(InnerFolds::Independent),
        }
    }
}

impl Serialize for InnerFolds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            InnerFolds::Outer => serializer.serialize_str("outer"),
            InnerFolds::Independent(folds) => serializer.serialize_u32(*folds),
        }
    }
}

/// The keys of a section that go to its plugin, as JSON, each with its line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// In file order.
    pub values: Map<String, Json>,
    /// The line of each key.
    pub origins: BTreeMap<String, Origin>,
}

impl Parameters {
    fn read(section: &Section<'_>) -> Parameters {
        let mut parameters = Parameters::default();
        for (key, node) in section.rest() {
            match as_json(&node.value) {
                Some(json) => {
                    parameters.values.insert(key.to_owned(), json);
                    parameters
                        .origins
                        .insert(key.to_owned(), node.origin.clone());
                }
                None => section.refuse(
                    &node.origin,
                    format!(
                        "{key} = {} is not a finite number, a text, true or false, or a list of them",
                        node.value
                    ),
                ),
            }
        }
        parameters
    }
}

fn as_json(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(Json::String(text.clone())),
        Value::Whole(number) => Some(Json::from(*number)),
        Value::Number(number) => Number::from_f64(*number).map(Json::Number),
        Value::Flag(flag) => Some(Json::Bool(*flag)),
        Value::List(items) => items.iter().map(|item| as_json(&item.value)).collect(),
        Value::Other(_) | Value::Table(_) => None,
    }
}

/// `[[encoder]]`
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    /// Where the section begins.
    pub origin: Origin,
    /// Its label in reports and file names.
    pub name: Sourced<String>,
    /// A plugin id, or the path of a library.
    pub plugin: Option<Sourced<String>>,
    /// A file of vectors instead of a plugin.
    pub embeddings: Option<Sourced<String>>,
    /// The ids of a .npy file's rows.
    pub ids: Option<Sourced<String>>,
    /// How the vectors of several text columns become one, for this encoder.
    pub pool: Option<Sourced<Pool>>,
    /// Where the plugin runs.
    pub isolation: Option<Sourced<Isolation>>,
    /// May models be fetched from the network?
    pub download: Option<Sourced<bool>>,
    /// Are vectors used that do not seem to belong to the texts?
    pub allow_misaligned: Option<Sourced<bool>>,
    /// All other keys.
    pub params: Parameters,
}

impl EncoderConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<EncoderConfig> {
        let name = file_name(&mut section);
        let name = section.required("name = \"minilm\"", name);
        let plugin = section.text("plugin");
        let embeddings = section.text("embeddings");
        let ids = section.text("ids");
        let pool = section.choice("pool");
        let isolation = section.choice("isolation");
        let download = section.flag("download");
        let allow_misaligned = section.flag("allow_misaligned");
        let params = Parameters::read(&section);
        Some(EncoderConfig {
            origin: section.origin().clone(),
            name: name?,
            plugin,
            embeddings,
            ids,
            pool,
            isolation,
            download,
            allow_misaligned,
            params,
        })
    }

    /// Keys the host reads in this section; all others are the plugin's.
    pub const HOST_KEYS: [&str; 8] = [
        "name",
        "plugin",
        "embeddings",
        "ids",
        "pool",
        "isolation",
        "download",
        "allow_misaligned",
    ];
}

/// How many steps without improvement end a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// So many.
    Steps(u32),
    /// The whole path is walked.
    Off,
}

impl Patience {
    fn from_toml(value: &Value) -> Option<Patience> {
        match value {
            Value::Text(word) if word == "off" => Some(Patience::Off),
            value => as_whole(value, &(1..=MANY))
                .and_then(|n| u32::try_from(n).ok())
                .map(Patience::Steps),
        }
    }
}

impl Serialize for Patience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Patience::Off => serializer.serialize_str("off"),
            Patience::Steps(steps) => serializer.serialize_u32(*steps),
        }
    }
}

/// `[[regressor]]`
#[derive(Debug, Clone)]
pub struct RegressorConfig {
    /// Where the section begins.
    pub origin: Origin,
    /// Its label in reports.
    pub name: Sourced<String>,
    /// A plugin id, or the path of a library.
    pub plugin: Sourced<String>,
    /// An absolute grid of penalties.
    pub alphas: Option<Sourced<Vec<f64>>>,
    /// Points of the relative grid.
    pub n_alphas: Option<Sourced<i64>>,
    /// Weakest penalty of the relative grid as a share of the strongest.
    pub alpha_min_ratio: Option<Sourced<f64>>,
    /// When a path ends early.
    pub patience: Option<Sourced<Patience>>,
    /// Relative duality gap of final fits.
    pub tol: Option<Sourced<f64>>,
    /// Which penalty is selected.
    pub selection: Option<Sourced<Selection>>,
    /// Another program whose grid and scaling to reproduce.
    pub compat: Option<Sourced<String>>,
    /// Where the plugin runs.
    pub isolation: Option<Sourced<Isolation>>,
    /// Are models fitted on all rows written?
    pub export_models: Option<Sourced<bool>>,
    /// All other keys.
    pub params: Parameters,
}

impl RegressorConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<RegressorConfig> {
        let name = file_name(&mut section);
        let name = section.required("name = \"ridge\"", name);
        let plugin = section.text("plugin");
        let plugin = section.required("plugin = \"ridge\"", plugin);
        let inside = "a number between 0 and 1";
        let alphas = section.take(
            "alphas",
            "a list of different numbers above 0",
            positive_numbers,
        );
        let n_alphas = section.whole("n_alphas", 1..=100_000);
        let alpha_min_ratio = section.number("alpha_min_ratio", inside, |r| 0.0 < r && r < 1.0);
        let patience = section.take(
            "patience",
            "\"off\" or a whole number, 1 or more",
            Patience::from_toml,
        );
        let tol = section.number("tol", inside, |tol| 0.0 < tol && tol < 1.0);
        let selection = section.choice("selection");
        let compat = section.take("compat", "\"sklearn\" or \"glmnet\"", |value| match value {
            Value::Text(word) if word == "sklearn" || word == "glmnet" => Some(word.clone()),
            _ => None,
        });
        let isolation = section.choice("isolation");
        let export_models = section.flag("export_models");
        let params = Parameters::read(&section);
        Some(RegressorConfig {
            origin: section.origin().clone(),
            name: name?,
            plugin: plugin?,
            alphas,
            n_alphas,
            alpha_min_ratio,
            patience,
            tol,
            selection,
            compat,
            isolation,
            export_models,
            params,
        })
    }

    /// Keys the host reads in this section; all others are the plugin's.
    pub const HOST_KEYS: [&str; 11] = [
        "name",
        "plugin",
        "alphas",
        "n_alphas",
        "alpha_min_ratio",
        "patience",
        "tol",
        "selection",
        "compat",
        "isolation",
        "export_models",
    ];
}

/// Positive, finite, different; in the order typed.
fn positive_numbers(value: &Value) -> Option<Vec<f64>> {
    let Value::List(items) = value else {
        return None;
    };
    let numbers: Vec<f64> = items
        .iter()
        .map(|item| as_number(&item.value).filter(|number| *number > 0.0))
        .collect::<Option<_>>()?;
    let is_new = |i: usize| !numbers[..i].contains(&numbers[i]);
    let are_valid = !numbers.is_empty() && (0..numbers.len()).all(is_new);
    are_valid.then_some(numbers)
}
