//! `ocean-host predict MODEL.ocean texts.csv`: an exported model applied to other texts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::{DMatrix, DVectorView};
use ocean_engine::folds::Groups;
use ocean_engine::inference::verdict::Verdict;
use ocean_loader::{CallContext, Fitted, Kind, RegressorOptions};
use ocean_report::verdict::words;
use serde_json::Value;

use super::error::PredictionError;
use super::file::ModelError;
use super::model::{Model, Recipe, Regression};
use super::plugins::Finder;
use super::predictions::Predictions;
use super::scored::{refuse_unscored, scored};
use crate::encode::places::{open_library, set_threads};
use crate::encode::sources::limits;
use crate::encode::sources::pooled;
use crate::keep::atomic;
use crate::plan::{FormatPlan, Place, Pool, Unit, refuse_idle_flags};
use crate::problem::{Problem, Refusal, typed_path};
use crate::read::dataset::embeddings::{read_columns, read_precomputed};
use crate::read::dataset::{Asked, Covariate, NewRows};
use crate::run::RunError;
use crate::tell::progress::{Format, Progress};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The model.
    pub model: PathBuf,
    /// The texts.
    pub texts: PathBuf,
    /// How they are written.
    pub format: FormatPlan,
    /// The id column, if it is not that of the study.
    pub id: Option<String>,
    /// The text columns, if they are not those of the study.
    pub text: Vec<String>,
    /// The column of groups, if it is not that of the study.
    pub group: Option<String>,
    /// Plugins to use, whatever build the model was made with.
    pub plugins: Vec<String>,
    /// Vectors, for a model of vectors.
    pub embeddings: Option<PathBuf>,
    /// Their ids.
    pub ids: Option<PathBuf>,
    /// Parameters of the encoder that are other here, such as where its model lies.
    pub params: Vec<(String, Value)>,
    /// The server of the model's encoder, typed by the user: a model file contacts nobody.
    pub endpoint: Option<String>,
    /// The variable that holds the key for it.
    pub api_key_env: Option<String>,
    /// May texts be sent to another machine?
    pub send_texts: bool,
    /// The column of scores that predictions are to be compared with.
    pub score: Option<String>,
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
/// A [`Refusal`] for a model or table that cannot be read, a plugin or an encoder that is not the
/// model's own, other columns of vectors; else what the encoder or the regressor reports.
pub fn predict(options: &Options, interrupted: &Arc<AtomicBool>) -> Result<String, RunError> {
    let threads = set_threads(options.threads);
    let progress = Progress::new(Format::Human, options.is_quiet);
    let model = Model::read(&options.model).map_err(|error| refuse(&options.model, error))?;
    warn_of_evidence(&model, &progress);
    if options.score.is_some() {
        refuse_unscored(&model)?;
    }
    let rows = rows(options, &model)?;
    let context = CallContext::of(&progress, Arc::clone(interrupted));
    let library = open_library(&context, false).map_err(RunError::Program)?;
    let command = Command {
        options,
        finder: Finder {
            library: &library,
            named: &options.plugins,
            progress: &progress,
        },
        context: &context,
        progress: &progress,
        interrupted,
        threads,
    };
    let x = command.side_by_side(&model, &rows)?;
    let (x, z) = match (model.unit, groups(&rows)) {
        (Unit::Group, Some(groups)) => (groups.means(&x), groups.means(&rows.z)),
        _ => (x, rows.z.clone()),
    };
    let y_hat = command.apply(&model, x, z)?;
    let score = options.score.as_ref();
    let said = score.map(|column| scored(&model, &rows, column, &y_hat));
    let said = said.transpose()?;
    let predictions = Predictions::of(&model, &rows, y_hat)?;
    predictions.warn(&progress);
    let csv = predictions.csv()?;
    let Some(out) = &options.out else {
        // With a score it is what was asked for; the predictions want a file.
        return Ok(said.unwrap_or(csv));
    };
    atomic::write(out, csv.as_bytes())?;
    Ok(format!(
        "{}{} predictions: {}\n",
        said.unwrap_or_default(),
        predictions.n(),
        out.display()
    ))
}

fn refuse(path: &Path, error: ModelError) -> RunError {
    Refusal::from(Problem::new(path.display().to_string(), error.to_string())).into()
}

/// A model that was shown to predict nothing must not be used in silence.
fn warn_of_evidence(model: &Model, progress: &Progress) {
    let evidence = &model.evidence;
    let beside = match model.taken_out {
        Some(_) => " beside its covariates",
        None => "",
    };
    let rows = match model.unit {
        Unit::Row => "rows",
        Unit::Group => "groups",
    };
    let found = format!(
        "in study `{}` this recipe had an out-of-sample R² of {:.3}{beside} on {} {rows}",
        model.study, evidence.r2, evidence.n
    );
    if evidence.verdict == Some(Verdict::Predictive) {
        progress.note(&found);
    } else {
        let than = match model.taken_out {
            Some(_) => "what the covariates say",
            None => "the training mean",
        };
        progress.warn(&format!(
            "{found}, verdict: {}. It was not shown to predict better than {than}",
            words(evidence.verdict)
        ));
    }
}

/// The rows of the table, and of it only what the model needs.
fn rows(options: &Options, model: &Model) -> Result<NewRows, Refusal> {
    let text = match options.text.as_slice() {
        [] => &model.text,
        named => named,
    };
    let group = options.group.as_ref().or(model.group.as_ref());
    let taken_out = model.taken_out.as_ref();
    // Groups that are named move as a whole.
    let kinds = model.encoder.parts().iter().flat_map(|part| match part {
        Recipe::Values { kinds, .. } => kinds.as_slice(),
        _ => &[],
    });
    let kinds: Vec<&Covariate> = kinds.collect();
    refuse_idle_flags(&options.texts, &options.format)?;
    let scores_groups = options.score.is_some() && options.group.is_some();
    NewRows::read(Asked {
        path: &options.texts,
        format: &options.format,
        id: options
            .id
            .as_ref()
            .or(model.id.as_ref())
            .map(String::as_str),
        text: match model.reads_texts(options.embeddings.is_some()) {
            true => text,
            false => &[],
        },
        group: group
            .filter(|_| model.needs_groups() || scores_groups)
            .map(String::as_str),
        covariates: taken_out.map_or(&[], |taken_out| &taken_out.covariates),
        values: &kinds,
        score: options.score.as_deref(),
    })
}

/// The groups of the complete rows, in the order of their first.
fn groups(rows: &NewRows) -> Option<Groups> {
    let labels = rows.groups.as_ref()?;
    Some(Groups::from_labels(
        rows.complete.iter().map(|&row| &labels[row]),
    ))
}

/// What the steps of a prediction share.
pub(super) struct Command<'a> {
    pub(super) options: &'a Options,
    pub(super) finder: Finder<'a>,
    pub(super) context: &'a CallContext,
    pub(super) progress: &'a Progress,
    pub(super) interrupted: &'a Arc<AtomicBool>,
    pub(super) threads: usize,
}

impl Command<'_> {
    /// The vectors of the complete rows, by every part of the model's encoder.
    fn side_by_side(&self, model: &Model, rows: &NewRows) -> Result<DMatrix<f64>, RunError> {
        let parts = model.encoder.parts();
        let is_unnamed = |part: &&Recipe| matches!(part, Recipe::Precomputed { columns: None, .. });
        let n_files = |part: &&Recipe| matches!(part, Recipe::Precomputed { .. });
        if parts.iter().filter(n_files).count() > 1 && parts.iter().any(|part| is_unnamed(&part)) {
            let message = "the model is of several sets of vectors that were made elsewhere, and not all have names of columns by which they could be found in one file";
            let problem = Problem::new(self.options.model.display().to_string(), message);
            return Err(Refusal::from(problem.with_try(
                "a study whose vectors are tables with names of columns; one table of all of them then serves here",
            ))
            .into());
        }
        let mut values = rows.values.iter();
        let of_part = |part: &Recipe| match part {
            Recipe::Values { kinds, .. } => {
                let own: Vec<DMatrix<f64>> = values.by_ref().take(kinds.len()).cloned().collect();
                Ok(pooled(own, Pool::Concat))
            }
            Recipe::Plugin(recipe) => self.encoded(recipe, rows),
            Recipe::Endpoint(recipe) if self.options.embeddings.is_none() => {
                self.asked(recipe, rows)
            }
            Recipe::Endpoint(recipe) => self.vectors(model, &recipe.name, None, rows),
            Recipe::Precomputed { name, columns, .. } => {
                self.vectors(model, name, columns.as_deref(), rows)
            }
            Recipe::Combined(_) => Ok(DMatrix::zeros(rows.complete.len(), 0)),
        };
        let parts = parts.iter().map(of_part).collect::<Result<_, _>>()?;
        Ok(pooled(parts, Pool::Concat))
    }

    /// The vectors of the complete rows, from a file; `columns`: the names of the model's.
    fn vectors(
        &self,
        model: &Model,
        name: &str,
        columns: Option<&[String]>,
        rows: &NewRows,
    ) -> Result<DMatrix<f64>, RunError> {
        let Some(embeddings) = &self.options.embeddings else {
            let message = format!("the model is of vectors that were made elsewhere (`{name}`)");
            let problem = Problem::new(self.options.model.display().to_string(), message)
                .with_try("--embeddings FILE.npy --ids IDS.txt, with vectors of the same encoder");
            return Err(Refusal::from(problem).into());
        };
        let id = self.options.id.as_ref().or(model.id.as_ref());
        let id = id.map_or("", String::as_str);
        let ids: Vec<String> = rows
            .complete
            .iter()
            .map(|&row| rows.ids[row].clone())
            .collect();
        let own_ids = self.options.ids.as_deref();
        let read = match (columns, own_ids) {
            (Some(names), None) => read_columns(embeddings, id, names, &ids)?,
            _ => read_precomputed(embeddings, own_ids, id, &ids)?,
        };
        let by_position = match (columns, &read.columns) {
            _ if model.ocean_model == 1 => "the model is of a format that kept no names of columns",
            (Some(_), None) => {
                "a .npy file has no names of columns, and the model's vectors had some"
            }
            (None, Some(_)) => "the model was made with a .npy file, which has no names of columns",
            _ => return Ok(read.x),
        };
        self.progress.warn(&format!(
            "{by_position}: the columns of {} were taken by their position",
            typed_path(embeddings)
        ));
        Ok(read.x)
    }

    /// ŷ = intercept + (z − z̄)Γ̂ + scale · f((x − (z − z̄)B̂ − mean)/sd).
    fn apply(
        &self,
        model: &Model,
        mut x: DMatrix<f64>,
        z: DMatrix<f64>,
    ) -> Result<Vec<f64>, RunError> {
        let regression = &model.regressor;
        if x.ncols() != regression.mean.len() {
            let message = format!(
                "the vectors have {} columns, the model's had {}",
                x.ncols(),
                regression.mean.len()
            );
            return Err(Refusal::from(Problem::new("vectors", message)).into());
        }
        let taken_out = model.taken_out.as_ref();
        let explained = taken_out.map(|taken_out| taken_out.apply(z, &mut x));
        let scaling = regression.mean.iter().zip(&regression.sd);
        for (mut column, (mean, sd)) in x.column_iter_mut().zip(scaling) {
            let scaled = |value: f64| if *sd > 0.0 { (value - mean) / sd } else { 0.0 };
            column.iter_mut().for_each(|value| *value = scaled(*value));
        }
        let y_hat = self.predicted(regression, &x)?;
        let finished = y_hat.into_iter().enumerate().map(|(row, value)| {
            let of_z = explained.as_ref().map_or(0.0, |explained| explained[row]);
            regression.intercept + of_z + regression.scale * value
        });
        Ok(finished.collect())
    }

    /// f: coefficients need nobody, a state its own plugin.
    fn predicted(&self, regression: &Regression, x: &DMatrix<f64>) -> Result<Vec<f64>, RunError> {
        let state = match &regression.fitted {
            Fitted::Coefficients(w) => {
                return Ok((x * DVectorView::from_slice(w, w.len()))
                    .as_slice()
                    .to_vec());
            }
            Fitted::State(state) => state,
        };
        let chosen = self.finder.find(&regression.plugin, Kind::Regressor)?;
        let options = RegressorOptions {
            variants: vec![regression.params.clone()],
            ..RegressorOptions::default()
        };
        let (library, context) = (self.finder.library, self.context.clone());
        let y_hat = library
            .regressor(chosen.plugin, options, context, limits(&Place::default()))
            .and_then(|regressor| regressor.predict_model(state, x));
        Ok(y_hat.map_err(PredictionError::Plugin)?)
    }
}
