//! `ocean-host predict MODEL.ocean texts.csv`: an exported model applied to other texts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::{DMatrix, DVectorView};
use serde_json::{Map, Value};

use super::model::{Model, ModelError, Recipe, Regression};
use crate::atomic;
use crate::cache::Cache;
use crate::dataset::Dataset;
use crate::dataset::embeddings::read_precomputed;
use crate::encode::get_or_encode;
use crate::library::{
    CallContext, Fitted, Kind, Library, Plugin, PluginError, RegressorOptions, StudyEncoder,
};
use crate::plan::{DataPlan, Missing, Place, Pool};
use crate::problem::{Problem, Refusal};
use crate::progress::{Format, Progress};
use crate::run::{RunError, open_library, set_threads};
use crate::sources::{limits, pooled};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The model.
    pub model: PathBuf,
    /// The texts.
    pub texts: PathBuf,
    /// The id column, if it is not that of the study.
    pub id: Option<String>,
    /// The text columns, if they are not those of the study.
    pub text: Vec<String>,
    /// Vectors, for a model of vectors.
    pub embeddings: Option<PathBuf>,
    /// Their ids.
    pub ids: Option<PathBuf>,
    /// Parameters of the encoder that are other here, such as where its model lies.
    pub params: Vec<(String, Value)>,
    /// Where predictions go; `None`: returned.
    pub out: Option<PathBuf>,
    /// Threads; `None`: all cores.
    pub threads: Option<usize>,
    /// The cache folder.
    pub cache: Option<PathBuf>,
    /// Only warnings.
    pub is_quiet: bool,
}

/// `key=value` of the command line: a TOML value, or a plain word.
///
/// # Errors
/// There is no `=`, or the value is a date.
pub fn parameter(typed: &str) -> Result<(String, Value), RunError> {
    let refuse = |what: &str| Refusal::from(Problem::new(format!("--param {typed}"), what));
    let (key, value) = typed
        .split_once('=')
        .ok_or_else(|| refuse("has no `=`; KEY=VALUE is expected"))?;
    let parsed = format!("x = {value}").parse::<toml::Table>();
    let parsed = parsed.ok().and_then(|mut table| table.remove("x"));
    let value = match parsed {
        Some(value) => {
            serde_json::to_value(value).map_err(|_| refuse("is no text, number, flag or list"))?
        }
        None => Value::String(value.to_owned()),
    };
    Ok((key.to_owned(), value))
}

/// Predicts, and returns the CSV (`id`, target) unless it was written to a file.
///
/// # Errors
/// A [`Refusal`] for a model or table that cannot be read, an encoder that is not the model's own, vectors of another width; else what the encoder or the regressor
/// reports.
pub fn predict(options: &Options, interrupted: &Arc<AtomicBool>) -> Result<String, RunError> {
    let progress = Progress::new(Format::Human, options.is_quiet);
    let model = Model::read(&options.model).map_err(|error| refuse(&options.model, error))?;
    warn_of_evidence(&model, &progress);
    let data = data_plan(options, &model);
    let dataset = Dataset::read(&data, &[], 0)?;
    let threads = set_threads(options.threads);
    let context = CallContext::of(&progress, Arc::clone(interrupted));
    let library = open_library(&context, false)?;
    let x = match &model.encoder {
        Recipe::Precomputed { name, .. } => vectors(options, name, &data, &dataset)?,
        Recipe::Plugin { pool, .. } => {
            let encoder = encoder(options, &model.encoder, &library, threads, &context)?;
            let cache = Cache::resolve(options.cache.as_deref());
            let mut parts = Vec::new();
            for column in &dataset.texts {
                let texts: Vec<&str> = column.iter().map(String::as_str).collect();
                let embedding =
                    get_or_encode(encoder.as_ref(), &texts, &cache, &progress, interrupted)?;
                parts.push(embedding.x);
            }
            pooled(parts, *pool)
        }
    };
    let y_hat = apply(&model.regressor, x, &library, &context)?;
    let csv = table(&model, &dataset.ids, &y_hat)?;
    let Some(out) = &options.out else {
        return Ok(csv);
    };
    atomic::write(out, csv.as_bytes())?;
    Ok(format!("{} predictions: {}\n", y_hat.len(), out.display()))
}

fn refuse(path: &Path, error: ModelError) -> RunError {
    Refusal::from(Problem::new(path.display().to_string(), error.to_string())).into()
}

/// A model that was shown to predict nothing must not be used in silence.
fn warn_of_evidence(model: &Model, progress: &Progress) {
    let evidence = &model.evidence;
    let found = format!(
        "in study `{}` this recipe had an out-of-sample R² of {:.3} on {} rows",
        model.study, evidence.r2, evidence.n
    );
    if evidence.verdict == "predictive" {
        progress.note(&found);
    } else {
        progress.warn(&format!(
            "{found}, verdict: {}. It was not shown to predict better than the training mean",
            evidence.verdict
        ));
    }
}

fn data_plan(options: &Options, model: &Model) -> DataPlan {
    let is_of_texts = matches!(model.encoder, Recipe::Plugin { .. });
    let named = if options.text.is_empty() {
        &model.text
    } else {
        &options.text
    };
    DataPlan {
        path: options.texts.clone(),
        id: options.id.clone().unwrap_or_else(|| model.id.clone()),
        text: if is_of_texts {
            named.clone()
        } else {
            Vec::new()
        },
        pool: Pool::Mean,
        targets: Vec::new(),
        group: None,
        missing: Missing::Drop,
        covariates: Vec::new(),
        joins: Vec::new(),
    }
}

fn vectors(
    options: &Options,
    name: &str,
    data: &DataPlan,
    dataset: &Dataset,
) -> Result<DMatrix<f64>, RunError> {
    let Some(embeddings) = &options.embeddings else {
        let message = format!("the model is of vectors that were made elsewhere (`{name}`)");
        let problem = Problem::new(options.model.display().to_string(), message)
            .with_try("--embeddings FILE.npy --ids IDS.txt, with vectors of the same encoder");
        return Err(Refusal::from(problem).into());
    };
    let read = read_precomputed(embeddings, options.ids.as_deref(), &data.id, &dataset.ids)?;
    Ok(read.x)
}

/// The plugin of an id, or where its library was when the model was made.
fn find(library: &Library, id: &str, path: &Path, kind: Kind) -> Result<Arc<Plugin>, Refusal> {
    let here = Path::new(".");
    library.load(id, here, kind, None).or_else(|error| {
        let by_path = format!("{}#{id}", path.display());
        library
            .load(&by_path, here, kind, None)
            .map_err(|_| Problem::new(format!("{kind} `{id}`"), error.to_string()).into())
    })
}

/// The model's own encoder, and no other.
fn encoder(
    options: &Options,
    recipe: &Recipe,
    library: &Library,
    threads: usize,
    context: &CallContext,
) -> Result<Box<dyn StudyEncoder>, RunError> {
    let Recipe::Plugin {
        name,
        id,
        path,
        params,
        key,
        ..
    } = recipe
    else {
        return Err(RunError::Failed("the model has no encoder".into()));
    };
    let plugin = find(library, id, path, Kind::Encoder)?;
    let mut params: Map<String, Value> = params.clone();
    params.extend(options.params.iter().cloned());
    let limits = limits(&Place::default());
    let label = format!("encoder `{name}`");
    let made = library
        .encoder(plugin, name, &params, threads, context.clone(), limits)
        .map_err(|error| Refusal::from(Problem::new(&label, error.to_string())))?;
    let found = made.key_parts();
    if found == *key {
        return Ok(made);
    }
    let differences: Vec<String> = key
        .iter()
        .filter(|part| !found.contains(part))
        .map(|(part, of_model)| {
            let here = found.iter().find(|(name, _)| name == part);
            let here = here.map_or("nothing", |(_, value)| value.as_str());
            format!("{part} is {here}, the model's is {of_model}")
        })
        .collect();
    let message = format!(
        "it is not the one the model was made with: {}",
        differences.join("; ")
    );
    let problem = Problem::new(label, message)
        .with_try("the same version of the plugin and the same model files (--param model=FOLDER)");
    Err(Refusal::from(problem).into())
}

/// ŷ = intercept + scale · f((x − mean)/sd).
fn apply(
    regression: &Regression,
    mut x: DMatrix<f64>,
    library: &Library,
    context: &CallContext,
) -> Result<Vec<f64>, RunError> {
    if x.ncols() != regression.mean.len() {
        let message = format!(
            "the vectors have {} columns, the model's had {}",
            x.ncols(),
            regression.mean.len()
        );
        return Err(Refusal::from(Problem::new("vectors", message)).into());
    }
    let scaling = regression.mean.iter().zip(&regression.sd);
    for (mut column, (mean, sd)) in x.column_iter_mut().zip(scaling) {
        let scaled = |value: f64| if *sd > 0.0 { (value - mean) / sd } else { 0.0 };
        column.iter_mut().for_each(|value| *value = scaled(*value));
    }
    let y_hat = match &regression.fitted {
        Fitted::Coefficients(w) => (&x * DVectorView::from_slice(w, w.len()))
            .as_slice()
            .to_vec(),
        Fitted::State(state) => {
            let plugin = find(library, &regression.id, &regression.path, Kind::Regressor)?;
            let options = RegressorOptions {
                variants: vec![regression.params.clone()],
                ..RegressorOptions::default()
            };
            let failed = |error: PluginError| RunError::Failed(error.to_string());
            library
                .regressor(plugin, options, context.clone(), limits(&Place::default()))
                .map_err(failed)?
                .predict_model(state, &x)
                .map_err(failed)?
        }
    };
    let finished = y_hat
        .into_iter()
        .map(|value| regression.intercept + regression.scale * value);
    Ok(finished.collect())
}

fn table(model: &Model, ids: &[String], y_hat: &[f64]) -> Result<String, RunError> {
    let failed = |error: csv::Error| RunError::Failed(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([&model.id, &model.target])
        .map_err(failed)?;
    for (id, y_hat) in ids.iter().zip(y_hat) {
        writer
            .write_record([id.as_str(), &y_hat.to_string()])
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| RunError::Failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
