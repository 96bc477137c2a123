//! `ocean-host plan`: everything that can be refused is refused here, on the machine where the user
//! sits; then costs are measured and the study is frozen.
//!
//! What it costs is measured by doing each kind of work once on one thread: with the vectors where
//! there are some already, with random ones of the same shape where texts are still to be encoded.
//! Nothing of it is a result: costs only say where to cut.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use nalgebra::DMatrix;
use ocean_engine::piece::most_planted;
use ocean_report::numbers::count;
use ocean_report::wording::plural;

use super::Place;
use super::encode::{NOTE, ready};
use super::error::ClusterError;
use super::file::{self, Machine};
use super::frozen::{Frozen, Memory, SCHEMA, Shards, ToEncode, difference, fingerprint};
use super::shard::peak_bytes;
use super::task::Shard;
use super::work::Piece;
use crate::encode::cache::{self, Cache};
use crate::encode::controls;
use crate::encode::embedding::{distinct, get_or_encode, lacking, take_over};
use crate::encode::sources::{Embedded, Sources};
use crate::keep::atomic::is_temporary;
use crate::keep::journal::{self, Journal};
use crate::keep::run_folder::{RunFolder, remove_ours};
use crate::plan::Plan;
use crate::plan::preview;
use crate::problem::{Problem, Refusal, shown_path, typed_path};
use crate::read::config::{Config, Scope};
use crate::read::dataset::Dataset;
use crate::run::{
    Analysis, Entry, Evaluator, Options, PieceId, RunError, Setback, Study, check_alignment,
    design_bytes,
};
use crate::tell::progress::duration;
use crate::write::outputs::Timings;
use ocean_engine::piece::Cost;

/// A shard should take about this long: short enough for a cluster's short queue and a lost node,
/// long enough that its start does not matter.
const SHARD_S: f64 = 1800.0;
/// Slurm's default `MaxArraySize` is 1001: numbers up to 1000.
const MOST_RECOMMENDED: u32 = 1000;
/// Texts that are encoded to learn how long one takes.
const SAMPLE: usize = 16;
/// Threads of a shard unless the user says another number.
const THREADS: u32 = 4;
/// What the merge holds of each number of the null distributions at its peak, in bytes: see
/// `docs/cluster.md` for the measurement.
const MERGE_BYTES: f64 = 28.0;
/// What it holds of each cell besides, mostly pictures.
const CELL_BYTES: f64 = 0.5e6;

/// All of it.
const WHOLE: Shard = Shard { index: 1, count: 1 };
/// Columns of a block of permutations, about, against which planted ones are counted.
const COLUMNS: f64 = 64.0;

/// What a user may choose of the cut.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// Permutation shards; `None`: as many as seem good.
    pub shards: Option<u32>,
}

/// Plans a study. Returns what to print.
///
/// # Errors
/// [`RunError`]: what `eval` would refuse, an adaptive number of permutations, a folder that holds
/// another study.
pub fn plan(
    options: &Options,
    wishes: Wishes,
    interrupted: &Arc<AtomicBool>,
) -> Result<String, RunError> {
    let began = Instant::now();
    let config = Config::read(&options.config, &options.sets, Scope::Evaluation)?;
    refuse_adaptive(&Plan::resolve(&config, options.out.as_deref())?)?;
    let request = Options {
        // That many threads each shard has, not this.
        threads: None,
        ..options.clone()
    };
    let (study, sources) = Study::open(&config, &request, interrupted, &mut Timings::start())?;
    let analysis = study.arrange(&sources)?;
    let start_s = began.elapsed().as_secs_f64();
    let (out, run_fingerprint) = (&study.plan.out, study.fingerprint(&sources)?);
    let (place, fingerprint) = (Place::of(out), fingerprint(run_fingerprint.clone()));
    if options.is_fresh {
        start_over(&study.folder)?;
    } else {
        journal::check_folder(out, &run_fingerprint)?;
    }
    let planned = match options.is_fresh {
        true => None,
        false => planned(out, &fingerprint)?,
    };

    let cache = match &options.cache {
        Some(folder) => absolute(folder)?,
        None => place.cache(),
    };
    let encode = look_at_texts(&study, &sources, &Cache::at(&cache))?;
    // With the weights of every model that has texts to encode.
    let encoding = peak_bytes().unwrap_or(0);
    let mut frozen = Frozen {
        schema: SCHEMA,
        config: absolute(&options.config)?,
        config_text: read_text(&options.config)?,
        sets: options.sets.clone(),
        fingerprint,
        // The same study planned again is cut in the same places.
        pieces: match planned {
            Some(planned) => planned.pieces,
            None => pieces(&study, &sources, &analysis, &Cache::at(&cache))?,
        },
        shards: Shards {
            encode: 0,
            permute: 1,
            threads: options.threads.map_or(THREADS, |threads| threads as u32),
        },
        memory: Memory {
            encode: encoding,
            permute: 0,
            merge: 0,
        },
        encode,
        cache,
        start_s,
        merge_s: 0.0,
        machine: Machine::here(),
    };
    frozen.shards = recommended(&frozen, wishes);
    frozen.merge_s = merge_seconds(&frozen.pieces, study.plan.evaluation.sensitivity);
    frozen.memory = memory(&frozen, &study, &sources, encoding);
    frozen.write(&place)?;
    Ok(words(&frozen, &study, analysis.analysed.dataset.as_ref()))
}

fn refuse_adaptive(plan: &Plan) -> Result<(), Refusal> {
    if !plan.is_adaptive() {
        return Ok(());
    }
    let message = "adaptive permutations stop where a cell has settled, which is known from all its permutations in their order: they cannot be cut into shards beforehand";
    Err(Problem::new("[evaluation] permutations", message)
        .with_try(format!(
            "permutations = {}, a fixed number; or `ocean-host eval` on one machine",
            plan.n_permutations()
        ))
        .into())
}

fn absolute(path: &Path) -> Result<PathBuf, Refusal> {
    std::path::absolute(path).map_err(|error| {
        Problem::new(shown_path(path), format!("is not a usable path: {error}")).into()
    })
}

fn read_text(path: &Path) -> Result<String, Refusal> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::new(shown_path(path), format!("cannot be read: {error}")))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// This study as it was planned here before; a folder in which another one is planned is left as it
/// is.
fn planned(out: &Path, now: &serde_json::Value) -> Result<Option<Frozen>, Refusal> {
    let path = Place::of(out).plan();
    if !path.exists() {
        return Ok(None);
    }
    let planned = Frozen::read(out)?;
    match difference(&planned.fingerprint, now) {
        None => Ok(Some(planned)),
        Some(differences) => {
            let message = format!("another study is planned here:\n{differences}");
            Err(Problem::new(shown_path(&path), message)
                .with_try("another --out; or --fresh, which deletes what its shards have computed")
                .into())
        }
    }
}

/// Deletes what shards have computed, and what says that the run in this folder is begun or
/// finished: files of the names that shards give, and nothing else that may lie there. Vectors in
/// the common cache stay: they are found by what they depend on.
fn start_over(folder: &RunFolder) -> Result<(), RunError> {
    let out = folder.path();
    let place = Place::of(out);
    let ours = |name: &str| is_temporary(name) || name.ends_with(file::SUFFIX);
    remove_ours(&place.results(), ours)?;
    let partial = place.folder().join("partial");
    for task in folders_in(&partial)? {
        journal::remove(&task)?;
        let _ = std::fs::remove_dir(task);
    }
    let _ = std::fs::remove_dir(partial);
    for shard in folders_in(&place.encoded())? {
        for entry in folders_in(&shard.join("embeddings"))? {
            remove_ours(&entry, cache::is_of_entry)?;
        }
        let _ = std::fs::remove_dir(shard.join("embeddings"));
        remove_ours(&shard, |name| name == NOTE || is_temporary(name))?;
    }
    let _ = std::fs::remove_dir(place.encoded());
    journal::remove(out)?;
    folder.remove_results()?;
    Ok(())
}

/// The folders in one that may not be there.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, ClusterError> {
    let failed = |source: std::io::Error| ClusterError::Folder {
        folder: folder.to_path_buf(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// What is to be encoded, after everything that some cache has was taken over; a few texts are
/// encoded to learn how long one takes.
fn look_at_texts(
    study: &Study,
    sources: &Sources,
    cache: &Cache,
) -> Result<Vec<ToEncode>, RunError> {
    let texts = distinct(&study.dataset.texts);
    let users = Cache::resolve(None);
    let mut found = Vec::new();
    for encoder in sources.encoders.iter() {
        let Some(plugin) = encoder.text_source() else {
            continue;
        };
        if users != *cache {
            take_over(
                plugin,
                &texts,
                cache,
                std::slice::from_ref(&users),
                &study.progress,
            );
        }
        let missing = lacking(plugin, &texts, cache);
        // Other vectors are compared with the lexical ones before anything is planned.
        let step = match encoder.is_lexical() {
            true => 1,
            false => missing.len().div_ceil(SAMPLE).max(1),
        };
        let sample: Vec<&str> = missing.iter().copied().step_by(step).collect();
        // Seconds of a text; `None` from an encoder that fails.
        let encode = |texts: &[&str]| -> Result<Option<f64>, RunError> {
            let begun = Instant::now();
            match get_or_encode(plugin, texts, cache, &study.progress, &study.interrupted) {
                Err(error) if !error.is_of_encoder() => return Err(error.into()),
                Err(error) => {
                    study.progress.warn(&error.to_string());
                    return Ok(None);
                }
                Ok(_) => {}
            }
            let threads = study.threads.min(texts.len()) as f64;
            let seconds = begun.elapsed().as_secs_f64() * threads;
            Ok(Some(seconds / texts.len() as f64))
        };
        // The first text loads the weights; what it took counts only where there is no other.
        let (first, others) = sample.split_at(sample.len().min(1));
        let mut text_s = 0.0;
        for texts in [first, others]
            .into_iter()
            .filter(|texts| !texts.is_empty())
        {
            let Some(seconds) = encode(texts)? else {
                break;
            };
            text_s = seconds;
        }
        found.push(ToEncode {
            encoder: encoder.name.clone(),
            n_texts: texts.len(),
            n_lacking: missing.len().saturating_sub(sample.len()),
            text_us: (text_s * 1e6) as u64,
        });
    }
    Ok(found)
}

/// Every piece with what it costs.
fn pieces(
    study: &Study,
    sources: &Sources,
    analysis: &Analysis,
    cache: &Cache,
) -> Result<Vec<Piece>, RunError> {
    let mut embedded = ready(study, sources, cache)?;
    check_alignment(
        &study.plan,
        &study.dataset,
        sources,
        &embedded,
        &study.progress,
    )?;
    for (embedded, encoder) in embedded.iter_mut().zip(&sources.encoders) {
        embedded.x = match embedded.x.nrows() {
            0 => stand_in(
                &analysis.analysed.dataset,
                encoder.n_features(&study.dataset),
            ),
            _ => analysis.analysed.vectors(std::mem::take(&mut embedded.x)),
        };
    }
    let scratch = tempfile::tempdir().map_err(ClusterError::NoScratch)?;
    let journal = Journal::open(scratch.path(), &serde_json::Value::Null, true)?;
    let evaluator = study.evaluator(analysis, sources, &journal);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(ClusterError::NoThread)?;
    let entries = evaluator.entries();
    let stage = study
        .progress
        .stage("measuring what shards cost", entries.len() as u64);
    let mut pieces = Vec::with_capacity(entries.len());
    // One row set of a recipe stands for the others: they have about the same rows.
    let mut measured: Vec<(&PieceId, usize, Cost)> = Vec::new();
    for entry in &entries {
        let (name, items) = evaluator.items(entry, &embedded);
        let n_targets = analysis.arrangement.row_sets[entry.id.row_set]
            .targets
            .len();
        let alike = measured
            .iter()
            .find(|(other, n, _)| other.recipe() == entry.id.recipe() && *n == n_targets);
        let cost = match alike {
            Some((.., cost)) => *cost,
            None => {
                let cost = pool.install(|| measure(&evaluator, entry, &embedded, study))?;
                measured.push((&entry.id, n_targets, cost));
                cost
            }
        };
        pieces.push(Piece {
            name,
            encoder: entry.id.encoder.clone(),
            regressor: entry.id.regressor.clone(),
            row_set: entry.id.row_set,
            n_targets,
            items,
            cost,
        });
        stage.add(1);
    }
    stage.finish();
    Ok(pieces)
}

fn measure(
    evaluator: &Evaluator,
    entry: &Entry,
    embedded: &[Embedded],
    study: &Study,
) -> Result<Cost, RunError> {
    match evaluator.measure(entry, embedded) {
        Ok(cost) => Ok(cost),
        Err(Setback::Run(error)) => Err(error),
        Err(Setback::Piece(reason)) => {
            // Its shards will meet the same and say so.
            let (encoder, regressor) = (&entry.id.encoder, &entry.id.regressor);
            let message = format!("{encoder} × {regressor} failed: {reason}");
            study.progress.warn(&message);
            Ok(Cost {
                setup_us: 1,
                block_us: 1,
                jackknife_us: 1,
                redraw_us: 1,
            })
        }
    }
}

/// Numbers in the place of vectors that are not there yet, of their shape.
fn stand_in(dataset: &Dataset, n_features: usize) -> DMatrix<f64> {
    let ids: Vec<&str> = dataset.ids.iter().map(String::as_str).collect();
    let few = controls::random(&ids);
    DMatrix::from_fn(ids.len(), n_features, |row, column| {
        // Columns of one generator, each turned by some rows, are as good as new.
        let turn = column / few.ncols();
        few[((row + turn) % ids.len(), column % few.ncols())]
    })
}

fn recommended(frozen: &Frozen, wishes: Wishes) -> Shards {
    let threads = frozen.shards.threads;
    let cpu = frozen.work_seconds(WHOLE, 1);
    let fitting = |seconds: f64| (seconds / f64::from(threads) / SHARD_S).ceil() as u32;
    let to_encode = frozen.encode_seconds(1, threads) - frozen.start_s;
    let encode = match frozen.encode.iter().any(|one| one.n_lacking > 0) {
        true => fitting(to_encode * f64::from(threads)).clamp(1, MOST_RECOMMENDED),
        false => 0,
    };
    let permute = wishes
        .shards
        .unwrap_or(fitting(cpu).clamp(1, MOST_RECOMMENDED));
    Shards {
        encode,
        permute,
        threads,
    }
}

/// The designs and observed targets of every piece, and the planted effects: `draws` columns for
/// each of them, which take longer than permuted ones.
fn merge_seconds(pieces: &[Piece], draws: u32) -> f64 {
    let planted = 2.0 * most_planted(draws as usize) as f64 / COLUMNS;
    let of_piece = |piece: &Piece| {
        let of_repeat = piece.cost.setup_us as f64 + planted * piece.cost.block_us as f64;
        piece.items.repeats as f64 * of_repeat
    };
    pieces.iter().map(of_piece).sum::<f64>() * 1e-6
}

/// A quarter more than was used here, or than the designs are known to take.
fn memory(frozen: &Frozen, study: &Study, sources: &Sources, encoding: u64) -> Memory {
    const SPARE: f64 = 1.25;
    let n_rows = study.dataset.n_rows() as f64;
    let widths = || {
        sources
            .encoders
            .iter()
            .map(|one| one.n_features(&study.dataset))
    };
    let all_vectors = 8.0 * n_rows * widths().sum::<usize>() as f64;
    let cached = 4.0 * n_rows * widths().max().unwrap_or(0) as f64;
    let measured = peak_bytes().unwrap_or(encoding) as f64;
    let numbers: f64 = frozen
        .pieces
        .iter()
        .map(|piece| (piece.items.repeats * piece.items.permutations * piece.n_targets) as f64)
        .sum();
    let cells: f64 = frozen.pieces.iter().map(|one| one.n_targets as f64).sum();
    let spare = |bytes: f64| (bytes * SPARE) as u64;
    // Planted effects hold the designs of all repeats together, of which one was measured.
    let evaluation = &study.plan.evaluation;
    let (repeats, all) = (u64::from(evaluation.repeats), study.plan.n_designs());
    let planted = match evaluation.sensitivity {
        0 => 0.0,
        _ => design_bytes(
            all - all / repeats,
            study.dataset.n_rows(),
            widths().max().unwrap_or(0),
        ),
    };
    let share = numbers / f64::from(frozen.shards.permute) * 32.0;
    Memory {
        encode: spare(encoding as f64 + 2.0 * cached),
        permute: spare(measured.max(encoding as f64 + all_vectors) + 2.0 * cached + share),
        merge: spare(
            measured + 2.0 * cached + planted + numbers * MERGE_BYTES + cells * CELL_BYTES,
        ),
    }
}

/// "7 shards of 4 threads".
fn shards_of(shards: u32, threads: u32) -> String {
    let [shards, threads] =
        [(shards, "shard"), (threads, "thread")].map(|(n, noun)| plural(n as usize, noun));
    format!("{shards} of {threads}")
}

fn words(frozen: &Frozen, study: &Study, analysed: &Dataset) -> String {
    let mut text = preview::summary(&study.plan, &study.dataset, analysed);
    let Shards {
        encode,
        permute,
        threads,
    } = frozen.shards;
    let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
    let mut line = |label: &str, words: String| {
        let _ = writeln!(text, "{label:<11} {words}");
    };
    for one in frozen.encode.iter().filter(|one| one.n_lacking > 0) {
        line(
            "to encode",
            format!(
                "{}: {} of {}, about {} on one thread",
                one.encoder,
                count(one.n_lacking),
                plural(one.n_texts, "text"),
                duration(one.n_lacking as f64 * one.text_us as f64 * 1e-6)
            ),
        );
    }
    line(
        "cost",
        format!(
            "about {} on one thread, as measured here; each shard needs {} to begin",
            duration(frozen.work_seconds(WHOLE, 1)),
            duration(frozen.start_s)
        ),
    );
    if encode > 0 {
        line(
            "encode",
            format!(
                "{}: about {} and {} MB each",
                shards_of(encode, threads),
                duration(frozen.encode_seconds(encode, threads)),
                megabytes(frozen.memory.encode)
            ),
        );
    }
    line(
        "permute",
        format!(
            "{}: about {} and {} MB each",
            shards_of(permute, threads),
            duration(frozen.seconds(permute, threads)),
            megabytes(frozen.memory.permute)
        ),
    );
    line(
        "merge",
        format!("about {} MB", megabytes(frozen.memory.merge)),
    );
    let run = typed_path(&study.plan.out);
    line("plan", shown_path(&Place::of(&study.plan.out).plan()));
    line("next", format!("ocean-host slurm {run} --submit"));
    line(
        "",
        format!(
            "or, anywhere, for i from 1 to {permute}: ocean-host run {run} --shard i/{permute}; then: ocean-host merge {run}"
        ),
    );
    text
}
