//! `[[encoder]]` and `[[regressor]]`: the keys the host reads, and all others, which go to the
//! plugin.
//!
//! An absent optional key stays `None` here; its default is in [`crate::plan`].

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value as Json};

use super::choices::{Compat, Isolation, Pool, Selection, Weight};
use super::evaluation::MANY;
use super::section::{Section, Sourced, as_number, as_whole};
use super::tree::{Origin, Value};

/// The keys of a section that go to its plugin, as JSON, each with its line. Serialises as the
/// values alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// How messages call the section: `[[regressor]] ridge`.
    pub section: String,
    /// Where the section begins.
    pub origin: Origin,
    /// In file order.
    pub values: Map<String, Json>,
    /// The line of each key, and of the keys beside them that the host reads.
    pub origins: BTreeMap<String, Origin>,
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl Parameters {
    /// Where a key stands; where the section begins for one that nobody typed.
    pub fn line_of(&self, name: &str) -> &Origin {
        self.origins.get(name).unwrap_or(&self.origin)
    }

    fn read(section: &Section<'_>) -> Parameters {
        let mut parameters = Parameters {
            section: section.label().to_owned(),
            origin: section.origin().clone(),
            values: Map::new(),
            origins: section
                .lines()
                .map(|(key, line)| (key.to_owned(), line.clone()))
                .collect(),
        };
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

/// The keys of `[[encoder]]` and `[[regressor]]` that say where a plugin runs.
#[derive(Debug, Clone)]
pub struct PlaceConfig {
    /// In a process of its own?
    pub isolation: Option<Sourced<Isolation>>,
    /// Seconds that one call may take there.
    pub time_limit: Option<Sourced<i64>>,
    /// Megabytes that its data may take there.
    pub memory_limit: Option<Sourced<i64>>,
}

impl PlaceConfig {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            isolation: section.choice("isolation"),
            time_limit: section.whole("time_limit"),
            memory_limit: section.whole("memory_limit"),
        }
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
    /// Columns of the tables that are features themselves, names or globs.
    pub values: Option<Sourced<Vec<String>>>,
    /// The address of a server that makes vectors.
    pub endpoint: Option<Sourced<String>>,
    /// The variable of the environment that holds the key for it.
    pub api_key_env: Option<Sourced<String>>,
    /// How wide its vectors are asked to be.
    pub dimensions: Option<Sourced<i64>>,
    /// May texts be sent to another machine?
    pub send_texts: Option<Sourced<bool>>,
    /// Other encoders whose columns stand side by side.
    pub combine: Option<Sourced<Vec<String>>>,
    /// How much they count beside each other.
    pub weight: Option<Sourced<Weight>>,
    /// Does it have cells of its own?
    pub report: Option<Sourced<bool>>,
    /// How the vectors of several text columns become one, for this encoder.
    pub pool: Option<Sourced<Pool>>,
    /// Where the plugin runs.
    pub place: PlaceConfig,
    /// May models be fetched from the network?
    pub download: Option<Sourced<bool>>,
    /// Are vectors used that do not seem to belong to the texts?
    pub allow_misaligned: Option<Sourced<bool>>,
    /// All other keys.
    pub params: Parameters,
}

impl EncoderConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<EncoderConfig> {
        let name = section.text("name");
        let name = section.required("name", name);
        let plugin = section.text("plugin");
        let embeddings = section.text("embeddings");
        let ids = section.text("ids");
        let pool = section.choice("pool");
        let values = section.texts("values");
        let endpoint = section.text("endpoint");
        let api_key_env = section.text("api_key_env");
        let dimensions = section.whole("dimensions");
        let send_texts = section.flag("send_texts");
        let combine = section.texts("combine");
        let weight = section.choice("weight");
        let report = section.flag("report");
        let place = PlaceConfig::read(&mut section);
        let download = section.flag("download");
        let allow_misaligned = section.flag("allow_misaligned");
        let (origin, params) = (section.origin().clone(), Parameters::read(&section));
        section.finish();
        Some(EncoderConfig {
            origin,
            name: name?,
            plugin,
            embeddings,
            ids,
            values,
            endpoint,
            api_key_env,
            dimensions,
            send_texts,
            combine,
            weight,
            report,
            pool,
            place,
            download,
            allow_misaligned,
            params,
        })
    }
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
    pub compat: Option<Sourced<Compat>>,
    /// Where the plugin runs.
    pub place: PlaceConfig,
    /// Are models fitted on all rows written?
    pub export_models: Option<Sourced<bool>>,
    /// All other keys.
    pub params: Parameters,
}

impl RegressorConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<RegressorConfig> {
        let name = section.text("name");
        let name = section.required("name", name);
        let plugin = section.text("plugin");
        let plugin = section.required("plugin", plugin);
        let alphas = section.take("alphas", positive_numbers);
        let n_alphas = section.whole("n_alphas");
        let alpha_min_ratio = section.number("alpha_min_ratio");
        let patience = section.take("patience", Patience::from_toml);
        let tol = section.number("tol");
        let selection = section.choice("selection");
        let compat = section.choice("compat");
        let place = PlaceConfig::read(&mut section);
        let export_models = section.flag("export_models");
        let (origin, params) = (section.origin().clone(), Parameters::read(&section));
        section.finish();
        Some(RegressorConfig {
            origin,
            name: name?,
            plugin: plugin?,
            alphas,
            n_alphas,
            alpha_min_ratio,
            patience,
            tol,
            selection,
            compat,
            place,
            export_models,
            params,
        })
    }
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
