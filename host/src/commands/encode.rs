//! `ocean-host encode`: fills the embedding cache; with `--out` also writes the vectors for other
//! programs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use ocean_loader::{CallContext, Library};
use ocean_report::numbers::tiny;
use serde_json::{Map, Value, json};

use crate::encode::cache::Cache;
use crate::encode::models::Models;
use crate::encode::places::{open_library, set_threads};
use crate::encode::sources::{Embedded, Encoder, Sources};
use crate::keep::atomic::{self, WriteError};
use crate::keep::file_names::{distinct_of, may_write};
use crate::keep::run_folder::hash_of;
use crate::keep::unfinished::Unfinished;
use crate::plan::Plan;
use crate::problem::{Problems, Refusal};
use crate::read::config::{Config, Scope};
use crate::read::dataset::Dataset;
use crate::run::{Options, RunError, inputs};
use crate::tell::progress::Progress;

/// Encodes the texts of a study with every encoder of plugins.toml. Returns what to print.
/// `is_forced`: files that are there already are replaced.
///
/// # Errors
/// [`RunError`]; what was encoded is in the cache. A [`Refusal`] before anything is read when a
/// file is in the way of what `--out` writes.
pub fn encode(
    options: &Options,
    is_forced: bool,
    interrupted: &Arc<AtomicBool>,
) -> Result<String, RunError> {
    let progress = Progress::new(options.format, options.is_quiet);
    set_threads(options.threads);
    let config = Config::read(&options.config, &options.sets, Scope::Encoding)?;
    let plan = Plan::resolve(&config, options.out.as_deref())?;
    if options.out.is_some() {
        refuse_taken(&plan, &inputs(&options.config, &plan), is_forced)?;
    }
    let dataset = Dataset::read(&plan.data, &[], 0)?;
    dataset
        .doubts
        .iter()
        .for_each(|doubt| progress.warn(&doubt.in_short()));
    let (sources, _library) = open(&plan, &dataset, (&progress, interrupted))?;
    let cache = Cache::resolve(options.cache.as_deref());
    let mut text = String::new();
    let note = match options.out {
        Some(_) => Some(note(&plan)?),
        None => None,
    };
    for encoder in sources
        .encoders
        .iter()
        .filter(|encoder| !encoder.is_control)
    {
        let embedded = encoder.embed(&dataset, &cache, &progress, interrupted)?;
        let (n, dim) = embedded.x.shape();
        let twice = embedded.repeated.map_or(String::new(), |repeated| {
            format!(
                "; {} sent twice differ by at most {} of a vector's length",
                repeated.texts,
                tiny(repeated.largest)
            )
        });
        text.push_str(&format!(
            "{}: {n} texts × {dim} ({} encoded now, {:.1} texts/s{twice})\n",
            encoder.name,
            embedded.n_encoded,
            embedded.texts_per_s()
        ));
        let mut files = files(&plan).into_iter();
        if options.out.is_some()
            && let Some((_, files)) = files.find(|(name, _)| *name == encoder.name)
        {
            write(&files, encoder, &embedded, &dataset)?;
        }
    }
    if let Some(note) = note {
        note.end()?;
    }
    Ok(text)
}

/// Notes down what will be written, in the folder for it.
fn note(plan: &Plan) -> Result<Unfinished, WriteError> {
    atomic::create_folder(&plan.out)?;
    let files = files(plan).into_iter();
    let paths = files.flat_map(|(_, files)| [files.npy, files.ids, files.summary]);
    Unfinished::note(&plan.out, &paths.collect::<Vec<_>>())
}

/// What turns texts into vectors, and the regressors, where no score is looked at; the library lives
/// as long as its plugins are used.
///
/// # Errors
/// [`RunError`], of whatever cannot be opened.
pub(super) fn open(
    plan: &Plan,
    dataset: &Dataset,
    (progress, interrupted): (&Progress, &Arc<AtomicBool>),
) -> Result<(Sources, Library), RunError> {
    let threads = rayon::current_num_threads();
    let context = CallContext::of(progress, Arc::clone(interrupted));
    let library = open_library(&context, false).map_err(RunError::Program)?;
    let models = Models::new(progress, interrupted, true);
    let sources = Sources::open(plan, dataset, &library, &models, threads, &context)
        .map_err(|refusal| RunError::of_opening(refusal, interrupted))?;
    sources.notes.iter().for_each(|note| progress.warn(note));
    Ok((sources, library))
}

/// What `--out` writes of one encoder.
struct Files {
    npy: PathBuf,
    ids: PathBuf,
    summary: PathBuf,
}

/// The files of every encoder of the plan, with its name.
fn files(plan: &Plan) -> Vec<(&str, Files)> {
    let labels: Vec<&str> = plan.encoders.iter().map(|one| one.name.as_str()).collect();
    let stems = distinct_of(&labels).into_iter();
    let files = stems.map(|stem| {
        let path = |ending: &str| plan.out.join(format!("{stem}{ending}"));
        Files {
            npy: path(".npy"),
            ids: path("_ids.txt"),
            summary: path("_summary.json"),
        }
    });
    labels.into_iter().zip(files).collect()
}

/// What the study reads is never written over, whatever is forced. Another file that is there is
/// replaced when it `is_forced`, or when it is what `encode` wrote: the summary beside it holds its
/// hash, so that repeating the command is no trouble and vectors of somebody else are safe.
fn refuse_taken(plan: &Plan, inputs: &[PathBuf], is_forced: bool) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    for (_, files) in files(plan) {
        let written = Written::of(&files.summary);
        for path in [&files.npy, &files.ids, &files.summary] {
            let is_ours = written.as_ref().is_some_and(|written| {
                let name = path.file_name().and_then(|name| name.to_str());
                *path == files.summary || name.is_some_and(|name| written.has(name, path))
            });
            if let Err(refusal) = may_write(path, inputs, is_forced || is_ours) {
                problems.extend(refusal.problems().iter().cloned());
            }
        }
    }
    problems.finish(())
}

/// The hashes in a summary of an earlier command.
struct Written(Map<String, Value>);

impl Written {
    fn of(summary: &Path) -> Option<Self> {
        let bytes = std::fs::read(summary).ok()?;
        let summary: Value = serde_json::from_slice(&bytes).ok()?;
        Some(Self(summary.get("blake3")?.as_object()?.clone()))
    }

    /// The file has the bytes that were written.
    fn has(&self, name: &str, path: &Path) -> bool {
        let written = self.0.get(name).and_then(Value::as_str);
        written.is_some_and(|hash| hash_of(path).is_ok_and(|found| found == hash))
    }
}

/// NAME.npy (n × dim float32, file order), NAME_ids.txt and NAME_summary.json.
fn write(
    files: &Files,
    encoder: &Encoder,
    embedded: &Embedded,
    dataset: &Dataset,
) -> Result<(), RunError> {
    let rows = dataset.in_file_order();
    write_npy_f32(&files.npy, &embedded.x.select_rows(&rows))?;
    let ids: Vec<&str> = rows.iter().map(|&row| dataset.ids[row].as_str()).collect();
    let mut lines = ids.join("\n");
    lines.push('\n');
    atomic::write(&files.ids, lines.as_bytes())?;
    let mut hashes = Map::new();
    for path in [&files.npy, &files.ids] {
        let hash = hash_of(path).map_err(|source| WriteError {
            path: path.clone(),
            source,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        hashes.insert(name.into_owned(), Value::String(hash));
    }
    let mut summary = summary(encoder, embedded);
    if let Some(summary) = summary.as_object_mut() {
        summary.insert("blake3".to_owned(), Value::Object(hashes));
    }
    let text = serde_json::to_vec_pretty(&summary).unwrap_or_default();
    atomic::write(&files.summary, &text)?;
    Ok(())
}

fn summary(encoder: &Encoder, embedded: &Embedded) -> serde_json::Value {
    let x = embedded.x.as_slice();
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let (pooling, parameters) = encoder.plugin_facts();
    let mut summary = json!({
        "encoder": encoder.name,
        "model": encoder.origin,
        "parameters": parameters,
        "dim": embedded.x.ncols(),
        "pooling": pooling,
        "texts": embedded.x.nrows(),
        "tokens": embedded.n_tokens,
        "truncated": embedded.n_truncated,
        "seconds": embedded.elapsed_s,
        "texts_per_s": embedded.texts_per_s(),
        "mean": mean,
        "sd": sd,
        "min": x.iter().copied().reduce(f64::min),
        "max": x.iter().copied().reduce(f64::max),
    });
    if let Some(repeated) = embedded.repeated {
        summary["repeated"] = json!(repeated);
    }
    summary
}

fn write_npy_f32(path: &Path, x: &DMatrix<f64>) -> Result<(), atomic::WriteError> {
    use npyz::WriterBuilder;
    atomic::write_with(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[x.nrows() as u64, x.ncols() as u64])
            .writer(file)
            .begin_nd()?;
        writer.extend(x.transpose().iter().map(|value| *value as f32))?;
        writer.finish()
    })
}
