//! `ocean-host eval`: the straight line from plugins.toml to the report, and little else.
//!
//! Everything that can be refused is refused before any work ([`Refusal`](crate::problem::Refusal), exit code 2). What is finished is kept in the journal, so
//! an interruption, a full disk or a kill costs only the piece in hand; the same command goes on from there and ends in the same bytes.

mod checks;
mod diagnosis;
mod error;
mod evaluator;
mod gathered;
mod opened;
mod parts;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::cache::Cache;
use crate::cells::assemble;
use crate::comparisons::compare;
use crate::config::{Config, Scope};
use crate::dataset::Dataset;
use crate::exported::Export;
use crate::journal::{self, Journal};
use crate::library::{CallContext, Library, Prober, Quarantine, SearchPath};
use crate::outputs::{self, Timings};
use crate::preview::preview;
use crate::progress::{Format, Progress};
use crate::report::json::settled;
use crate::report::model::StudyResults;
use crate::report_files::{ReportError, check_written, render_again, write_all};
use crate::run_folder::DATA;
use crate::sources::{Embedded, Sources};
use diagnosis::{diagnose, diagnose_data};
use serde_json::Value;

pub(crate) use checks::{check_alignment, design_bytes};
pub use error::RunError;
pub(crate) use evaluator::Evaluator;
pub(crate) use opened::{Arranged, Opened, inputs};
pub(crate) use parts::{Canary, PieceKey};

/// What the command line says besides plugins.toml.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// plugins.toml.
    pub config: PathBuf,
    /// `--set key=value`, in order.
    pub sets: Vec<String>,
    /// The run directory; `None`: runs/<study.name>.
    pub out: Option<PathBuf>,
    /// Start over, whatever the run directory holds.
    pub is_fresh: bool,
    /// Say what would be done, and stop.
    pub is_dry: bool,
    /// Threads; `None`: all cores.
    pub threads: Option<usize>,
    /// The cache folder.
    pub cache: Option<PathBuf>,
    /// Only warnings.
    pub is_quiet: bool,
    /// How progress is shown.
    pub format: Format,
    /// One of many tasks of a study that was read and checked when it was planned: nothing is downloaded, and a plugin that fails to load is not put in quarantine.
    pub is_task: bool,
}

/// How a run ended well.
#[derive(Debug)]
pub enum Outcome {
    /// `--dry-run`: the plan in words.
    Planned(String),
    /// The report is written.
    Finished {
        /// What it shows.
        results: Box<StudyResults>,
        /// Where it is.
        out: PathBuf,
    },
}

/// Evaluates a study. `interrupted` is what Ctrl-C sets.
///
/// # Errors
/// [`RunError`], each with its exit code.
pub fn eval(options: &Options, interrupted: &Arc<AtomicBool>) -> Result<Outcome, RunError> {
    let mut timings = Timings::start();
    let config = Config::read(&options.config, &options.sets, Scope::Evaluation)?;
    let (opened, sources) = Opened::open(&config, options, interrupted, &mut timings)?;
    let arranged = opened.arrange(&sources)?;
    if options.is_dry {
        let rows = &arranged.analysed.dataset;
        let mut findings = checks::look_at_files(&opened.dataset, &sources);
        findings.extend(diagnose_data(
            &opened.plan,
            &opened.dataset,
            &arranged.analysed,
            &arranged.arrangement,
        ));
        let notes = &sources.notes;
        let text = preview(&opened.plan, &opened.dataset, rows, notes, &findings);
        return Ok(Outcome::Planned(text));
    }
    let fingerprint = opened.fingerprint(&sources)?;
    if !options.is_fresh
        && let Some(outcome) = finished(&opened, &fingerprint)?
    {
        return Ok(outcome);
    }
    let journal = Journal::open(&opened.plan.out, &fingerprint, options.is_fresh)?;
    if journal.n_found() > 0 {
        opened.progress.note(&format!(
            "resuming: {} finished pieces found",
            journal.n_found()
        ));
    }
    let begun = Begun {
        cache: Cache::resolve(options.cache.as_deref()),
        journal,
        fingerprint,
        elsewhere: Elsewhere::default(),
        timings,
    };
    conclude(&opened, sources, &arranged, begun)
}

/// The finished run in the plan's directory, if this is it: its reports are rendered again.
///
/// # Errors
/// [`ReportError::Changed`] when a file that cannot be made again is not what the run wrote.
pub(crate) fn finished(opened: &Opened, fingerprint: &Value) -> Result<Option<Outcome>, RunError> {
    let (out, progress) = (&opened.plan.out, &opened.progress);
    if !journal::is_finished(out, fingerprint) {
        return Ok(None);
    }
    check_written(&opened.folder, &DATA)?;
    match render_again(out) {
        Ok(results) => {
            progress.note(
                "this run is finished; its reports are rendered again (--fresh computes it anew)",
            );
            Ok(Some(Outcome::Finished {
                results: Box::new(results),
                out: out.clone(),
            }))
        }
        // Somebody else's file is in the way: what is finished stays.
        Err(error @ ReportError::Claim(_)) => Err(error.into()),
        Err(error) => {
            progress.warn(&format!("{error}; the run is computed again"));
            Ok(None)
        }
    }
}

/// What other machines found out about a study whose pieces they computed.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    /// Pieces that failed, by name, with the reason: they are not tried again here.
    pub failed: BTreeMap<String, String>,
    /// The observed r2 of pieces, as each machine computed it beside its share.
    pub observed: Vec<Canary>,
}

/// A run whose directory is ours.
pub(crate) struct Begun {
    pub cache: Cache,
    pub journal: Journal,
    pub fingerprint: Value,
    pub elsewhere: Elsewhere,
    pub timings: Timings,
}

/// From a study that is read to its report: what the journal holds is taken from there, the rest is computed.
pub(crate) fn conclude(
    opened: &Opened,
    mut sources: Sources,
    arranged: &Arranged,
    begun: Begun,
) -> Result<Outcome, RunError> {
    let Opened {
        plan,
        dataset,
        threads,
        progress,
        interrupted,
        ..
    } = opened;
    let Arranged {
        analysed,
        arrangement,
    } = arranged;
    let Begun {
        cache,
        journal,
        fingerprint,
        elsewhere,
        mut timings,
    } = begun;
    let mut folder = opened.folder.clone();
    // A run that is interrupted before it has written anything owns nothing yet, and says so.
    folder.claim(&[])?;
    let (mut embedded, unembedded) =
        embed_all(&mut sources, dataset, &cache, progress, interrupted)?;
    timings.mark("encode");
    let mut findings = check_alignment(plan, dataset, &sources, &embedded, progress)?;
    findings.extend(checks::look_at_files(dataset, &sources));
    findings.extend(checks::look_at_encoded(dataset, &sources, &embedded));
    timings.mark("check alignment");
    for embedded in &mut embedded {
        embedded.x = analysed.vectors(std::mem::take(&mut embedded.x));
    }

    let evaluator = Evaluator {
        failed_elsewhere: &elsewhere.failed,
        ..opened.evaluator(arranged, &sources, &journal)
    };
    let (mut computed, mut failed) = evaluator.compute(&embedded)?;
    failed.extend(evaluator.without_vectors(&unembedded));
    evaluator.compare_observed(&computed, &elsewhere.observed)?;
    timings.mark("evaluate and permute");
    evaluator.plant(&embedded, &mut computed)?;
    timings.mark("sensitivity");

    let cells = assemble(&evaluator.common(), &computed)
        .map_err(|error| RunError::Failed(error.to_string()))?;
    findings.extend(diagnose(
        plan,
        dataset,
        analysed,
        arrangement,
        &sources,
        &embedded,
        &computed,
        &cells,
    ));
    findings.sort_by_key(|finding| finding.severity);
    let study = outputs::Study {
        plan,
        read: dataset,
        dataset: &analysed.dataset,
        arrangement,
        sources: &sources,
        embedded: &embedded,
        computed: &computed,
        cells: &cells,
        comparisons: compare(&evaluator.common(), &computed, &cells),
    };
    let results = settled(study.results(failed, findings));
    let is_partial = !results.failed.is_empty();
    write_all(&mut folder, &results)?;
    study.write_tables()?;
    folder.claim_folder("models", ".ocean")?;
    let export = Export {
        plan,
        arrangement,
        sources: &sources,
        embedded: &embedded,
        cells: &cells.results,
    };
    export.write(progress)?;
    folder.list_folder("models", ".ocean");
    timings.mark("report");
    study.write_provenance(&fingerprint, folder.manifest()?, &timings, *threads)?;
    // Of a partial run all that is finished is kept: the same command tries again what failed.
    if !is_partial {
        journal.remove()?;
    }
    Ok(Outcome::Finished {
        results: Box::new(results),
        out: plan.out.clone(),
    })
}

/// The name of an encoder without vectors, and why it has none.
type Unembedded = (String, String);

/// The vectors of all encoders that have some. One that fails costs its cells and not the run, unless it is the only one; it leaves `sources` and is returned with its
/// reason.
fn embed_all(
    sources: &mut Sources,
    dataset: &Dataset,
    cache: &Cache,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<(Vec<Embedded>, Vec<Unembedded>), RunError> {
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
                    unembedded.push((encoder.name, error.to_string()));
                    first.get_or_insert(error);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    sources.encoders = encoders;
    match first {
        Some(error) if sources.encoders.iter().all(|encoder| encoder.is_control) => {
            Err(error.into())
        }
        _ => Ok((embedded, unembedded)),
    }
}

/// The threads of the whole process; a second call (tests, embedders) keeps those of the first.
pub(crate) fn set_threads(threads: Option<usize>) -> usize {
    if let Some(threads) = threads {
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
    rayon::current_num_threads()
}

/// Where plugins are looked for, and who probes them: this program.
///
/// # Errors
/// [`RunError::Failed`] when the system cannot tell which program is running.
pub fn plugin_places() -> Result<(SearchPath, Prober), RunError> {
    let (search, prober) = plugin_places_of_a_task()?;
    Ok(match Cache::resolve(None).folder() {
        Some(cache) => {
            let quarantine = Quarantine::at(&cache.join("quarantine"));
            (search, prober.with_quarantine(quarantine))
        }
        None => (search, prober),
    })
}

/// As [`plugin_places`], without quarantine: when a thousand tasks start at once, or are cancelled, a plugin that does not answer has done nothing wrong.
fn plugin_places_of_a_task() -> Result<(SearchPath, Prober), RunError> {
    let program = std::env::current_exe().map_err(|error| {
        RunError::Failed(format!("cannot tell which program is running: {error}"))
    })?;
    Ok((SearchPath::of(&program), Prober::new(program)))
}

/// Plugins beside this program and in the places of the user.
pub(crate) fn open_library(context: &CallContext, is_task: bool) -> Result<Library, RunError> {
    let (search, prober) = match is_task {
        true => plugin_places_of_a_task()?,
        false => plugin_places()?,
    };
    Ok(Library::new(search, prober, context.clone()))
}
