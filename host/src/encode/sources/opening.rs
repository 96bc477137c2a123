//! Finds, loads and checks what vectors come from, before any work.

use std::sync::Arc;
use std::time::Duration;

use nalgebra::DMatrix;
use ocean_loader::{CallContext, Kind, Library, LibraryError, Limits, Plugin, PluginError};
use serde_json::{Map, Value, json};

use super::encoder::{Encoder, Source};
use super::regressors::{NamedRegressor, open_regressor};
use super::{limits, origin, refused};
use crate::encode::endpoint::{self, Endpoint};
use crate::encode::models::Models;
use crate::encode::prompts;
use crate::plan::labels::{LENGTH, LEXICAL, RANDOM, RANDOM_GROUP};
use crate::plan::{
    EncoderPlan, EncoderSource, Isolation, Parameters, Place, Plan, RegressorPlan, Unit,
};
use crate::problem::{Problem, Refusal};
use crate::read::dataset::embeddings::read_precomputed;
use crate::read::dataset::{Dataset, LENGTH_COVARIATE, features_in_words};

/// What opening needs to know.
pub(super) struct Opener<'a> {
    pub plan: &'a Plan,
    pub dataset: &'a Dataset,
    pub library: &'a Library,
    pub models: &'a Models<'a>,
    pub threads: usize,
    pub context: &'a CallContext,
}

impl Opener<'_> {
    fn load_encoder(
        &self,
        plugin: &str,
        section: &str,
        isolation: Option<Isolation>,
    ) -> Result<Arc<Plugin>, Refusal> {
        let refuse = |error: LibraryError| Refusal::from(Problem::new(section, error.to_string()));
        self.library
            .load(plugin, &self.plan.folder, Kind::Encoder, isolation)
            .map_err(refuse)
    }

    /// `opened`: the encoders that a combined one may be made of.
    pub fn encoder(
        &self,
        encoder: &EncoderPlan,
        opened: &[Encoder],
        notes: &mut Vec<String>,
    ) -> Result<Encoder, Refusal> {
        let section = format!("[[encoder]] {}", encoder.name);
        let mut parameters = None;
        let mut models = Map::new();
        let (source, origin, hash) = match &encoder.source {
            EncoderSource::Precomputed {
                embeddings,
                ids,
                allow_misaligned,
            } => {
                let read = read_precomputed(
                    embeddings,
                    ids.as_deref(),
                    // Without an id no vectors are joined.
                    self.plan.data.id.as_deref().unwrap_or_default(),
                    &self.dataset.ids,
                )?;
                refuse_constant(&section, &read.x)?;
                notes.extend(read.notes);
                let hashes = read
                    .hashes
                    .iter()
                    .map(|(_, hash)| hash.as_str())
                    .collect::<Vec<_>>()
                    .join("+");
                (
                    Source::Precomputed {
                        x: Arc::new(read.x),
                        columns: read.columns,
                        allow_misaligned: *allow_misaligned,
                    },
                    "precomputed".to_owned(),
                    hashes,
                )
            }
            EncoderSource::Values { values } => {
                let (x, columns, kinds) =
                    self.dataset.features.matrix(values, self.dataset.n_rows());
                refuse_constant(&section, &x)?;
                parameters = Some(features_in_words(&kinds));
                let hash = hash_of(&x, &columns);
                let x = Arc::new(x);
                (
                    Source::Values { x, columns, kinds },
                    "columns of the data".to_owned(),
                    hash,
                )
            }
            EncoderSource::Combined { combine, weight } => {
                let find = |name: &String| opened.iter().find(|encoder| encoder.name == *name);
                let parts: Option<Vec<&Encoder>> = combine.iter().map(find).collect();
                let Some(parts) = parts else {
                    let message = "not all that it is made of could be opened";
                    return Err(Problem::new(&section, message).into());
                };
                let parts = parts.into_iter().cloned().collect();
                return Ok(Encoder::combined(encoder, parts, *weight));
            }
            EncoderSource::Endpoint {
                endpoint: address,
                api_key_env,
                dimensions,
                ..
            } => {
                self.refuse_without_texts(&section)?;
                let schema = endpoint::schema();
                let checked = encoder.check_parameters(&schema, &self.plan.folder)?;
                notes.extend(prompts::forgotten(&encoder.name, &schema, &checked.fixed));
                let endpoint = Endpoint::new(
                    &encoder.name,
                    address,
                    &checked.fixed,
                    *dimensions,
                    api_key_env.clone(),
                    Duration::from_secs(encoder.place.time_limit.into()),
                );
                notes.extend(endpoint.notes());
                parameters = endpoint.in_words();
                let (origin, hash) = (endpoint.origin(), hash_of_parts(&endpoint.key_parts()));
                (Source::Endpoint(Arc::new(endpoint)), origin, hash)
            }
            EncoderSource::Plugin { plugin, params } => {
                self.refuse_without_texts(&section)?;
                let plugin = self.load_encoder(plugin, &section, encoder.place.isolation)?;
                let schema = &plugin.descriptor.schema;
                let mut checked = encoder.check_parameters(schema, &self.plan.folder)?;
                parameters = checked.in_words();
                notes.extend(prompts::forgotten(&encoder.name, schema, &checked.fixed));
                models = self.find_models(encoder, params, schema, &mut checked.fixed)?;
                let limits = limits(&encoder.place);
                self.plugin_encoder(&section, &encoder.name, plugin, &checked.fixed, limits)?
            }
        };
        Ok(Encoder {
            name: encoder.name.clone(),
            is_control: false,
            is_reported: encoder.report,
            origin,
            parameters,
            hash,
            pool: encoder.pool,
            source,
            models,
        })
    }

    fn refuse_without_texts(&self, section: &str) -> Result<(), Refusal> {
        match self.dataset.texts.is_empty() {
            false => Ok(()),
            true => Err(Problem::new(section, "it needs texts")
                .with_try("text = \"…\" under [data]")
                .into()),
        }
    }

    /// Puts folders where the user typed names of models. Returns those names.
    fn find_models(
        &self,
        encoder: &EncoderPlan,
        typed: &Parameters,
        schema: &Value,
        params: &mut Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut names = Map::new();
        let rules = schema.as_object().into_iter().flatten();
        for (key, _) in rules.filter(|(_, rules)| rules["format"] == "model") {
            let Some(model) = params.get(key).and_then(Value::as_str) else {
                continue;
            };
            let refuse =
                |error: String| Problem::new(typed.line_of(key), format!("{key} = {error}"));
            let folder = self
                .models
                .folder(model, &self.plan.folder, encoder.download)
                .map_err(|error| refuse(error.to_string()))?;
            let folder = folder
                .to_str()
                .ok_or_else(|| refuse(format!("{} is not UTF-8", folder.display())))?;
            if !self.plan.folder.join(model).is_dir() {
                names.insert(key.clone(), json!(model));
            }
            params.insert(key.clone(), json!(folder));
        }
        Ok(names)
    }

    fn plugin_encoder(
        &self,
        section: &str,
        name: &str,
        plugin: Arc<Plugin>,
        params: &Map<String, Value>,
        limits: Limits,
    ) -> Result<(Source, String, String), Refusal> {
        let (origin, hash) = (origin(&plugin), plugin.hash.clone());
        let refuse = |error: PluginError| refused(section, &error);
        let context = self.context.clone();
        let encoder = self
            .library
            .encoder(plugin, name, params, self.threads, context, limits)
            .map_err(refuse)?;
        let hash = match encoder.shape().cache_key.as_str() {
            "" => hash,
            key => format!("{hash} {key}"),
        };
        Ok((Source::Plugin(Arc::from(encoder)), origin, hash))
    }

    pub fn regressor(&self, regressor: &RegressorPlan) -> Result<NamedRegressor, Refusal> {
        let Self {
            plan,
            library,
            context,
            ..
        } = *self;
        open_regressor(regressor, &plan.folder, plan.study.seed, library, context)
    }

    /// Controls are built in, but for `lexical`, which is a plugin; without it the study runs all
    /// the same.
    pub fn add_controls(
        &self,
        has_lexical: bool,
        encoders: &mut Vec<Encoder>,
        notes: &mut Vec<String>,
    ) {
        let mut built_in = Vec::new();
        if self.dataset.has_texts() {
            built_in.push((RANDOM, Source::Random));
            // Once length is taken out, nothing is left of it to predict from.
            if !self
                .plan
                .data
                .covariates
                .iter()
                .any(|name| name == LENGTH_COVARIATE)
            {
                built_in.insert(0, (LENGTH, Source::Length));
            }
        }
        // Where groups are rows, none can cross folds.
        if self.dataset.groups.is_some() && self.plan.evaluation.unit == Unit::Row {
            built_in.push((RANDOM_GROUP, Source::RandomGroup));
        }
        let control = |name: &str, (source, origin, hash)| Encoder {
            name: name.to_owned(),
            is_control: true,
            is_reported: true,
            origin,
            parameters: None,
            hash,
            pool: self.plan.data.pool,
            source,
            models: Map::new(),
        };
        for (name, source) in built_in {
            encoders.push(control(
                name,
                (source, "built in".to_owned(), String::new()),
            ));
        }
        if self.dataset.has_texts() && !has_lexical {
            let opened = self
                .load_encoder(LEXICAL, "control `lexical`", None)
                .and_then(|plugin| {
                    let (params, limits) = (Map::new(), limits(&Place::default()));
                    self.plugin_encoder("control `lexical`", LEXICAL, plugin, &params, limits)
                });
            match opened {
                Ok(parts) => encoders.push(control(LEXICAL, parts)),
                Err(refusal) => {
                    notes.push(format!("The control `lexical` was left out: {refusal}"))
                }
            }
        }
    }
}

/// Vectors that are all the same say nothing about any text.
fn refuse_constant(section: &str, x: &DMatrix<f64>) -> Result<(), Refusal> {
    let is_constant = x
        .column_iter()
        .all(|column| column.iter().all(|value| *value == column[0]));
    if is_constant {
        return Err(Problem::new(section, "all vectors are the same")
            .with_try("look at the program that wrote them")
            .into());
    }
    Ok(())
}

/// blake3 of what vectors of a server depend on, as far as anybody here knows it.
fn hash_of_parts(parts: &[(String, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in parts.iter().flat_map(|(name, value)| [name, value]) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// blake3 of a matrix and the names of its columns.
fn hash_of(x: &DMatrix<f64>, columns: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for name in columns {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    for value in x.iter() {
        hasher.update(&value.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
