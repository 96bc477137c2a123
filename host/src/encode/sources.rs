//! Where vectors come from: encoder plugins through the cache, files joined by id, and the
//! controls; and the regressors that use them.
//!
//! Opening ([`Sources::open`]) finds and checks everything that can be refused, before any work;
//! [`Encoder::embed`] does the work.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nalgebra::DMatrix;
use ocean_engine::family::Family;
use ocean_engine::nested::{Grid, Selection, Tuning};
use ocean_loader::{
    CallContext, Kind, Library, LibraryError, Limits, Plugin, PluginError, RegressorOptions,
    StudyEncoder, StudyRegressor, can_be_kept,
};
use serde_json::{Map, Value, json};

use crate::encode::cache::Cache;
use crate::encode::controls;
use crate::encode::embedding::{Embedding, EncodeError, TextEncoder, get_or_encode};
use crate::encode::models::Models;
use crate::encode::recipe::{EncoderRecipe, PluginName, Recipe};
use crate::plan::labels::{LENGTH, LEXICAL, RANDOM, RANDOM_GROUP};
use crate::plan::{
    self, Compat, EncoderPlan, EncoderSource, Isolation, Parameters, Patience, Place, Plan, Pool,
    RegressorPlan, Unit, Weight,
};
use crate::platform;
use crate::problem::{Problem, Problems, Refusal};
use crate::read::dataset::embeddings::read_precomputed;
use crate::read::dataset::{Dataset, LENGTH_COVARIATE};
use crate::tell::progress::Progress;

/// One source of vectors, checked and ready.
#[derive(Clone)]
enum Source {
    Plugin(Arc<dyn StudyEncoder>),
    Combined {
        parts: Vec<Encoder>,
        weight: Weight,
    },
    Precomputed {
        x: Arc<DMatrix<f64>>,
        columns: Option<Vec<String>>,
        allow_misaligned: bool,
    },
    Length,
    Random,
    RandomGroup,
}

/// A named source.
#[derive(Clone)]
pub struct Encoder {
    /// Its label.
    pub name: String,
    /// Outside the family.
    pub is_control: bool,
    /// It has cells of its own, and does not serve others alone.
    pub is_reported: bool,
    /// "lexical 0.1.0", "precomputed" or "built in".
    pub origin: String,
    /// Its plugin's parameters in words.
    pub parameters: Option<String>,
    /// Hash of the vectors, or of the plugin file and then its cache key, which stands for model
    /// and settings; empty for what is built in.
    pub hash: String,
    pool: Pool,
    source: Source,
    /// Parameters that the user gave by the name of a model, for which the plugin got a folder.
    models: Map<String, Value>,
}

/// An encoder's vectors of all texts.
pub struct Embedded {
    /// n_samples × n_features, dataset order.
    pub x: DMatrix<f64>,
    /// What each column is multiplied by once it is scaled; `None`: 1.
    pub weights: Option<Vec<f64>>,
    /// Texts cut at the encoder's limit, when it counts them.
    pub n_truncated: Option<usize>,
    /// Tokens of all texts before cutting, when the encoder counts them.
    pub n_tokens: Option<u64>,
    /// Different texts that were encoded now and not taken from the cache.
    pub n_encoded: usize,
    /// Seconds that took.
    pub elapsed_s: f64,
}

impl Embedded {
    /// No vectors: for an encoder of which none are needed.
    pub fn none() -> Self {
        Self::ready(DMatrix::zeros(0, 0))
    }

    fn ready(x: DMatrix<f64>) -> Self {
        Self {
            x,
            weights: None,
            n_truncated: None,
            n_tokens: None,
            n_encoded: 0,
            elapsed_s: 0.0,
        }
    }

    /// The vectors of several encoders of the same rows.
    fn side_by_side(parts: Vec<Self>, weight: Weight) -> Self {
        let of_part = |part: &Self| {
            let width = part.x.ncols();
            std::iter::repeat_n(1.0 / (width.max(1) as f64).sqrt(), width)
        };
        let weights = match weight {
            Weight::Blocks => Some(parts.iter().flat_map(of_part).collect()),
            Weight::Columns => None,
        };
        let sum = |number: &dyn Fn(&Self) -> f64| parts.iter().map(number).sum::<f64>();
        Self {
            weights,
            n_encoded: parts.iter().map(|part| part.n_encoded).sum(),
            elapsed_s: sum(&|part| part.elapsed_s),
            ..Self::ready(pooled(
                parts.into_iter().map(|part| part.x).collect(),
                Pool::Concat,
            ))
        }
    }

    /// Texts encoded now, a second; 0 when all came from the cache.
    pub fn texts_per_s(&self) -> f64 {
        if self.n_encoded == 0 {
            0.0
        } else {
            self.n_encoded as f64 / self.elapsed_s.max(1e-9)
        }
    }

    /// Takes in the vectors of one more text column.
    fn add(&mut self, embedding: &Embedding) {
        let plus = |before: Option<u64>, now: Option<u64>| match (before, now) {
            (Some(a), Some(b)) => Some(a + b),
            (before, now) => before.or(now),
        };
        let tokens = embedding
            .tokens
            .as_ref()
            .map(|tokens| tokens.iter().map(|count| u64::from(count.n_tokens)).sum());
        self.n_tokens = plus(self.n_tokens, tokens);
        self.n_truncated = plus(
            self.n_truncated.map(|n| n as u64),
            embedding.n_truncated.map(|n| n as u64),
        )
        .map(|n| n as usize);
        self.n_encoded += embedding.n_encoded;
        self.elapsed_s += embedding.elapsed_s;
    }
}

/// A regressor, checked and ready.
pub struct NamedRegressor {
    /// Its label.
    pub name: String,
    /// "ridge 0.1.0".
    pub origin: String,
    /// Its plugin's parameters in words.
    pub parameters: Option<String>,
    /// Hash of the plugin file.
    pub hash: String,
    /// What it minimises, as its descriptor names it.
    pub family: Family,
    /// The objective, when its family is known.
    pub objective: Option<&'static str>,
    /// The penalties tried, as half a sentence.
    pub penalties: String,
    /// The user gave the penalties.
    pub has_absolute_grid: bool,
    /// The l1_ratio of each variant, strongest first; empty when it has none.
    pub l1_ratios: Vec<f64>,
    /// Its parameters, one object a variant.
    pub variants: Vec<Map<String, Value>>,
    /// How the penalty is chosen.
    pub tuning: Tuning,
    /// The engine's regressor.
    pub regressor: Box<dyn StudyRegressor>,
}

/// Encoders and regressors of a study, controls last.
pub struct Sources {
    /// In the order of plugins.toml, then the controls.
    pub encoders: Vec<Encoder>,
    /// In the order of plugins.toml.
    pub regressors: Vec<NamedRegressor>,
    /// What could not be opened and is not needed, and what was left out of files of vectors, one
    /// sentence each.
    pub notes: Vec<String>,
}

impl Sources {
    /// Finds, loads and checks every plugin, reads every file of vectors, adds the controls.
    ///
    /// # Errors
    /// A [`Refusal`] with everything that does not load, is of the wrong kind, does not fit its
    /// schema or does not belong to the rows.
    pub fn open(
        plan: &Plan,
        dataset: &Dataset,
        library: &Library,
        models: &Models<'_>,
        threads: usize,
        context: &CallContext,
    ) -> Result<Self, Refusal> {
        let mut problems = Problems::default();
        let opener = Opener {
            plan,
            dataset,
            library,
            models,
            threads,
            context,
        };
        let mut notes = Vec::new();
        let is_combined =
            |encoder: &&EncoderPlan| matches!(encoder.source, EncoderSource::Combined { .. });
        let (combined, own): (Vec<&EncoderPlan>, _) = plan.encoders.iter().partition(is_combined);
        let mut opened: Vec<Encoder> = own
            .into_iter()
            .filter_map(|encoder| problems.keep(opener.encoder(encoder, &[], &mut notes)))
            .collect();
        for encoder in combined {
            let made = opener.encoder(encoder, &opened, &mut notes);
            opened.extend(problems.keep(made));
        }
        let in_order = |encoder: &Encoder| {
            let mut names = plan.encoders.iter().map(|encoder| &encoder.name);
            names.position(|name| *name == encoder.name)
        };
        opened.sort_by_key(in_order);
        let mut encoders = opened;
        let regressors: Vec<NamedRegressor> = plan
            .regressors
            .iter()
            .filter_map(|regressor| problems.keep(opener.regressor(regressor)))
            .collect();
        notes.extend(regressors.iter().filter_map(unprotected));
        if plan.evaluation.controls {
            encoders
                .iter()
                .for_each(|encoder| refuse_control_name(encoder, &mut problems));
            let has_lexical = encoders.iter().any(|encoder| encoder.is_plugin(LEXICAL));
            opener.add_controls(has_lexical, &mut encoders, &mut notes);
        }
        problems.finish(Self {
            encoders,
            regressors,
            notes,
        })
    }
}

/// What is said of a plugin that is not ours and lives in this process for the whole study: nothing
/// ends what it may remember of the observed y between two pieces.
fn unprotected(regressor: &NamedRegressor) -> Option<String> {
    let plugin = regressor.regressor.plugin();
    (!plugin.is_bundled && !plugin.is_isolated).then(|| {
        format!(
            "The plugin of regressor `{}` runs inside the program: should it remember earlier calls, \
             p is not protected from that; isolation = \"process\" protects it.",
            regressor.name
        )
    })
}

/// Two encoders of one name could not be told apart in any table.
fn refuse_control_name(encoder: &Encoder, problems: &mut Problems) {
    let is_taken = match encoder.name.as_str() {
        LENGTH | RANDOM | RANDOM_GROUP => true,
        LEXICAL => !encoder.is_lexical(),
        _ => false,
    };
    if is_taken {
        let message = format!(
            "`{}` is the name of a control that runs beside the encoders",
            encoder.name
        );
        problems.push(
            Problem::new(format!("[[encoder]] {}", encoder.name), message)
                .with_try("another name; or controls = false under [evaluation]"),
        );
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

struct Opener<'a> {
    plan: &'a Plan,
    dataset: &'a Dataset,
    library: &'a Library,
    models: &'a Models<'a>,
    threads: usize,
    context: &'a CallContext,
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
    fn encoder(
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
            EncoderSource::Plugin { plugin, params } => {
                if self.dataset.texts.is_empty() {
                    return Err(Problem::new(&section, "an encoder plugin needs texts")
                        .with_try("text = \"…\" under [data]")
                        .into());
                }
                let plugin = self.load_encoder(plugin, &section, encoder.place.isolation)?;
                let schema = &plugin.descriptor.schema;
                let mut checked = encoder.check_parameters(schema, &self.plan.folder)?;
                parameters = checked.in_words();
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

    fn regressor(&self, regressor: &RegressorPlan) -> Result<NamedRegressor, Refusal> {
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
    fn add_controls(
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

/// Finds, loads and checks the plugin of a regressor: `folder` is where relative paths start,
/// `seed` what its own randomness follows from.
///
/// # Errors
/// A [`Refusal`] when it does not load, is no regressor or refuses its parameters.
pub(crate) fn open_regressor(
    regressor: &RegressorPlan,
    folder: &Path,
    seed: u64,
    library: &Library,
    context: &CallContext,
) -> Result<NamedRegressor, Refusal> {
    let section = regressor.params.section.clone();
    let isolation = regressor.place.isolation;
    let plugin = library
        .load(&regressor.plugin, folder, Kind::Regressor, isolation)
        .map_err(|error| Problem::new(&section, error.to_string()))?;
    if regressor.export_models && !can_be_kept(&plugin) {
        let message = format!(
            "export_models: {} offers neither `ocean.regressor.linear/1` nor `ocean.state/1`, so its models cannot be kept",
            plugin.title()
        );
        return Err(Problem::new(&section, message)
            .with_try("export_models = false")
            .into());
    }
    let mut checked = regressor.check_parameters(&plugin.descriptor.schema, folder)?;
    regressor.hand_on_tol(
        &plugin.title(),
        &plugin.descriptor.schema,
        &mut checked.fixed,
    )?;
    let variants = checked.variants();
    let parameters = checked.in_words();
    let l1_ratios = variants
        .iter()
        .filter_map(|variant| variant.get("l1_ratio")?.as_f64())
        .collect();
    regressor.refuse_idle_penalty(&plugin.title(), plugin.penalty(), variants.len())?;
    let family = plugin.family;
    let refuse = |error: PluginError| refused(&section, &error);
    let options = RegressorOptions {
        alphas: given_alphas(regressor, family).map_err(|what| Problem::new(&section, what))?,
        n_alphas: regressor.n_alphas.map(|n| n as usize),
        alpha_min_ratio: regressor.alpha_min_ratio,
        keeps_y: regressor.compat == Some(Compat::Sklearn),
        seed,
        variants: variants.clone(),
    };
    let (origin, hash) = (origin(&plugin), plugin.hash.clone());
    let limits = limits(&regressor.place);
    let made = library
        .regressor(plugin, options, context.clone(), limits)
        .map_err(refuse)?;
    Ok(NamedRegressor {
        name: regressor.name.clone(),
        origin,
        parameters,
        hash,
        objective: family.objective(),
        family,
        penalties: penalties(regressor, family, made.as_ref()),
        has_absolute_grid: regressor.alphas.is_some(),
        l1_ratios,
        variants,
        tuning: Tuning {
            patience: patience(regressor, family),
            selection: match regressor.selection {
                plan::Selection::Min => Selection::Min,
                plan::Selection::OneSe => Selection::OneSe,
            },
            grid: match regressor.compat {
                None => Grid::Design,
                Some(_) => Grid::Split,
            },
        },
        regressor: made,
    })
}

/// What a worker may use: what the study says, else four fifths of the machine's memory.
pub(crate) fn limits(place: &Place) -> Limits {
    let typed = place
        .memory_limit
        .map(|megabytes| u64::from(megabytes) << 20);
    Limits {
        time: Duration::from_secs(place.time_limit.into()),
        memory: typed.or_else(|| platform::memory_of_machine().map(|bytes| bytes / 5 * 4)),
    }
}

#[cfg(test)]
impl Encoder {
    /// A name whose vectors a test brings along.
    pub(crate) fn without_source(name: &str, is_control: bool) -> Self {
        Self {
            name: name.to_owned(),
            is_control,
            is_reported: true,
            origin: String::new(),
            parameters: None,
            hash: String::new(),
            pool: Pool::Mean,
            source: Source::Length,
            models: Map::new(),
        }
    }
}

impl Encoder {
    /// Others side by side.
    fn combined(plan: &EncoderPlan, parts: Vec<Self>, weight: Weight) -> Self {
        let of_part = |part: &Self| format!("{} ({})", part.name, part.origin);
        let names: Vec<String> = parts.iter().map(of_part).collect();
        let hashes: Vec<&str> = parts.iter().map(|part| part.hash.as_str()).collect();
        Self {
            name: plan.name.clone(),
            is_control: false,
            is_reported: plan.report,
            origin: format!("{} side by side", names.join(" and ")),
            parameters: Some(match weight {
                Weight::Blocks => "each counts alike".to_owned(),
                Weight::Columns => "each counts by its columns".to_owned(),
            }),
            hash: format!("{weight}: {}", hashes.join(" | ")),
            pool: plan.pool,
            source: Source::Combined { parts, weight },
            models: Map::new(),
        }
    }

    /// Its columns are those of others.
    pub fn is_combined(&self) -> bool {
        matches!(self.source, Source::Combined { .. })
    }

    fn is_plugin(&self, id: &str) -> bool {
        matches!(&self.source, Source::Plugin(encoder) if encoder.plugin().descriptor.id == id)
    }

    /// How its vectors are made, for an exported model.
    pub fn recipe(&self) -> Recipe {
        match &self.source {
            Source::Plugin(encoder) => {
                let params = serde_json::from_str(encoder.params());
                let mut params: Map<String, Value> = params.unwrap_or_default();
                // A name is found on another machine, too.
                params.extend(self.models.clone());
                Recipe::Plugin(EncoderRecipe {
                    name: self.name.clone(),
                    plugin: PluginName::of(encoder.plugin()),
                    params,
                    key: encoder.key_parts(),
                    pool: self.pool,
                })
            }
            Source::Combined { parts, .. } => {
                Recipe::Combined(parts.iter().map(Self::recipe).collect())
            }
            source => Recipe::Precomputed {
                name: self.name.clone(),
                hash: self.hash.clone(),
                columns: match source {
                    Source::Precomputed { columns, .. } => columns.clone(),
                    _ => None,
                },
            },
        }
    }

    /// Its plugin has a parameter of this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        match &self.source {
            Source::Plugin(encoder) => !encoder.plugin().descriptor.schema[name].is_null(),
            _ => false,
        }
    }

    /// These vectors hold hashed n-grams of the texts: the doctor compares others with them.
    pub fn is_lexical(&self) -> bool {
        self.is_plugin(LEXICAL)
    }

    /// Vectors whose rows may be wrong: an encoder plugin's cannot, the host hands it the texts.
    pub fn must_be_aligned(&self) -> bool {
        matches!(
            self.source,
            Source::Precomputed {
                allow_misaligned: false,
                ..
            }
        )
    }

    /// The vectors of a file, and the names of its columns if it is a table.
    pub fn precomputed(&self) -> Option<(&DMatrix<f64>, &[String])> {
        match &self.source {
            Source::Precomputed { x, columns, .. } => {
                Some((x, columns.as_deref().unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// What the doctor asks about: everything but the controls and the n-grams themselves.
    pub fn is_examined(&self) -> bool {
        !self.is_control && !self.is_lexical() && !self.is_combined()
    }

    /// Columns of its vectors.
    pub fn n_features(&self, dataset: &Dataset) -> usize {
        match &self.source {
            Source::Precomputed { x, .. } => x.ncols(),
            Source::Combined { parts, .. } => {
                parts.iter().map(|part| part.n_features(dataset)).sum()
            }
            Source::Length => 2,
            Source::Random | Source::RandomGroup => controls::N_RANDOM,
            Source::Plugin(encoder) => match self.pool {
                Pool::Mean => encoder.shape().dim,
                Pool::Concat => encoder.shape().dim * dataset.texts.len(),
            },
        }
    }

    /// The vectors of all texts.
    ///
    /// # Errors
    /// [`EncodeError`]; what was encoded is kept.
    pub fn embed(
        &self,
        dataset: &Dataset,
        cache: &Cache,
        progress: &Progress,
        interrupted: &AtomicBool,
    ) -> Result<Embedded, EncodeError> {
        match &self.source {
            Source::Precomputed { x, .. } => Ok(Embedded::ready(DMatrix::clone(x))),
            Source::Combined { parts, weight } => {
                let embed = |part: &Self| part.embed(dataset, cache, progress, interrupted);
                let parts = parts.iter().map(embed).collect::<Result<Vec<_>, _>>()?;
                Ok(Embedded::side_by_side(parts, *weight))
            }
            Source::Length => Ok(Embedded::ready(of_texts(dataset, controls::length))),
            Source::Random => {
                let texts = dataset.told_apart();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                Ok(Embedded::ready(controls::random(&texts)))
            }
            Source::RandomGroup => {
                let labels: Vec<&str> = dataset
                    .groups
                    .iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                Ok(Embedded::ready(controls::random_group(&labels)))
            }
            Source::Plugin(encoder) => {
                let mut embedded = Embedded::ready(DMatrix::zeros(0, 0));
                let mut parts = Vec::new();
                for column in &dataset.texts {
                    let texts: Vec<&str> = column.iter().map(String::as_str).collect();
                    let embedding =
                        get_or_encode(encoder.as_ref(), &texts, cache, progress, interrupted)
                            .map_err(|error| error.naming(|row| dataset.ids.get(row).cloned()))?;
                    embedded.add(&embedding);
                    parts.push(embedding.x);
                }
                embedded.x = pooled(parts, self.pool);
                Ok(embedded)
            }
        }
    }

    /// The plugin that turns texts into vectors, if it is one.
    pub fn text_encoder(&self) -> Option<&dyn TextEncoder> {
        match &self.source {
            Source::Plugin(encoder) => Some(encoder.as_ref()),
            _ => None,
        }
    }

    /// Pooling and parameters of an encoder plugin; null for other sources.
    pub fn plugin_facts(&self) -> (Value, Value) {
        match &self.source {
            Source::Plugin(encoder) => (
                json!(encoder.shape().pooling),
                serde_json::from_str(encoder.params()).unwrap_or_default(),
            ),
            _ => (Value::Null, Value::Null),
        }
    }
}

/// A control of several text columns reads them as one text, a line each.
fn of_texts(dataset: &Dataset, control: fn(&[&str]) -> DMatrix<f64>) -> DMatrix<f64> {
    let joined = dataset.joined_texts();
    let texts: Vec<&str> = joined.iter().map(String::as_str).collect();
    control(&texts)
}

/// Vectors of several text columns: their mean, or side by side.
pub(crate) fn pooled(parts: Vec<DMatrix<f64>>, pool: Pool) -> DMatrix<f64> {
    let n_parts = parts.len().max(1) as f64;
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default();
    match pool {
        Pool::Mean => parts.fold(first, |sum, part| sum + part) / n_parts,
        Pool::Concat => parts.fold(first, |mut left, right| {
            let (at, width) = (left.ncols(), right.ncols());
            left = left.resize_horizontally(at + width, 0.0);
            left.columns_mut(at, width).copy_from(&right);
            left
        }),
    }
}

fn origin(plugin: &Plugin) -> String {
    format!("{} {}", plugin.descriptor.id, plugin.descriptor.version)
}

fn penalties(plan: &RegressorPlan, family: Family, regressor: &dyn StudyRegressor) -> String {
    let n_alphas = regressor.n_alphas();
    if let Some(compat) = plan.compat {
        let program = match (compat, family) {
            (Compat::Glmnet, _) => "glmnet's cv.glmnet",
            (Compat::Sklearn, Family::Ridge) => "scikit-learn's RidgeCV",
            (Compat::Sklearn, Family::Lasso) => "scikit-learn's LassoCV",
            (Compat::Sklearn, _) => "scikit-learn's ElasticNetCV",
        };
        return format!(
            "the {n_alphas} penalties of {program}, made from the whole training part and walked to the end in its inner folds"
        );
    }
    match (&plan.alphas, family) {
        (Some(alphas), _) => format!(
            "{} given penalties from {} to {}",
            alphas.len(),
            max(alphas),
            min(alphas)
        ),
        (None, Family::Ridge) => format!(
            "{n_alphas} penalties whose effective degrees of freedom are log-spaced from 0.1 to 0.99 of the rank"
        ),
        (None, Family::Lasso | Family::ElasticNet) => {
            let scaled = if regressor.scales_y() {
                "; y has variance 1 in every training set, and penalties are reported in its units"
            } else {
                ""
            };
            format!(
                "{n_alphas} log-spaced penalties from the smallest that empties the model to {} of it{scaled}",
                plan.alpha_min_ratio.unwrap_or_default()
            )
        }
        (None, Family::Other) => format!("{n_alphas} penalties made by the plugin"),
    }
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn min(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The name of an encoder without vectors, and why it has none.
pub(crate) type Unembedded = (String, String);

/// The vectors of all encoders that have some. One that fails costs its cells and not the run,
/// unless it is the only one; it leaves `sources` and is returned with its reason.
///
/// # Errors
/// [`EncodeError`] of the only encoder, of Ctrl-C, or of a cache that cannot be written.
pub(crate) fn embed_all(
    sources: &mut Sources,
    dataset: &Dataset,
    cache: &Cache,
    (progress, interrupted): (&Progress, &AtomicBool),
) -> Result<(Vec<Embedded>, Vec<Unembedded>), EncodeError> {
    let (mut embedded, mut unembedded) = (Vec::new(), Vec::new());
    let mut encoders = Vec::new();
    let mut first = None;
    for encoder in std::mem::take(&mut sources.encoders) {
        match encoder.embed(dataset, cache, progress, interrupted) {
            Ok(vectors) => {
                embedded.push(vectors);
                encoders.push(encoder);
            }
            Err(error) if error.is_of_encoder() => {
                progress.warn(&error.to_string());
                if encoder.is_control {
                    let note = format!("The control `{}` was left out: {error}", encoder.name);
                    sources.notes.push(note);
                } else {
                    if encoder.is_reported {
                        unembedded.push((encoder.name, error.to_string()));
                    }
                    first.get_or_insert(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    sources.encoders = encoders;
    match first {
        Some(error) if sources.encoders.iter().all(|encoder| encoder.is_control) => Err(error),
        _ => Ok((embedded, unembedded)),
    }
}

/// What a plugin refuses. Its message is one line; what it says to try stands on a line of its own
/// here, as everywhere.
fn refused(section: &str, error: &PluginError) -> Refusal {
    let told = error.to_string();
    match told.split_once("; try: ") {
        Some((what, remedy)) => Problem::new(section, what).with_try(remedy).into(),
        None => Problem::new(section, told).into(),
    }
}

/// The penalties that do not come from the data: the user's, or those of scikit-learn's `RidgeCV`.
fn given_alphas(plan: &RegressorPlan, family: Family) -> Result<Option<Vec<f64>>, String> {
    match (plan.compat, family) {
        (Some(Compat::Sklearn), Family::Ridge) => Ok(Some(vec![10.0, 1.0, 0.1])),
        (Some(Compat::Glmnet), Family::Ridge) => Err(
            "compat = \"glmnet\": glmnet's ridge is the elastic net of l1_ratio 0, on another scale of penalties; use the plugin `elastic-net` with a small l1_ratio".into(),
        ),
        (Some(compat), Family::Other) => Err(format!(
            "compat = \"{compat}\" is for ridge, lasso and elastic net, and this plugin is neither"
        )),
        _ => Ok(plan.alphas.clone()),
    }
}

/// Paths of lasso and elastic net stop early (STATISTICS §1.6); others are walked whole.
fn patience(plan: &RegressorPlan, family: Family) -> Option<usize> {
    match plan.patience {
        Patience::Steps(steps) if family.is_sparse() => Some(steps as usize),
        _ => None,
    }
}
