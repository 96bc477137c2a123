//! `ocean-host eval`: the straight line from plugins.toml to the report, and little else.
//!
//! Everything that can be refused is refused before any work ([`Refusal`](crate::problem::Refusal), exit code 2). What is finished is kept in the journal, so
//! an interruption, a full disk or a kill costs only the piece in hand; the same command goes on from there and ends in the same bytes.

mod canaries;
mod checks;
mod diagnosis;
mod error;
mod evaluator;
mod finished;
mod gathered;
mod opened;
mod pieces;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ocean_loader::{CallContext, Library, Prober, Quarantine, SearchPath};
use ocean_report::json::settled;
use ocean_report::model::StudyResults;

use crate::encode::cache::Cache;
use crate::encode::sources::{Embedded, Sources};
use crate::judge::cells::assemble;
use crate::judge::comparisons::compare;
use crate::keep::journal::{self, Journal};
use crate::keep::run_folder::DATA;
use crate::plan::preview::preview;
use crate::read::config::{Config, Scope};
use crate::tell::progress::Format;
use crate::write::exported::Export;
use crate::write::outputs::Timings;
use crate::write::report_files::{ReportError, check_written, render_again, write_all};
use diagnosis::{diagnose, diagnose_data};
use serde_json::Value;

pub(crate) use canaries::{Canary, Slot};
pub(crate) use checks::{check_alignment, design_bytes};
pub use error::RunError;
pub use evaluator::Durations;
pub(crate) use evaluator::{Evaluator, Setback};
pub(crate) use finished::CellRows;
pub use finished::FinishedRun;
pub(crate) use opened::{Arranged, Opened, inputs};
pub(crate) use pieces::Entry;
pub use pieces::{PieceId, Role};

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
    let session = Session {
        cache: Cache::resolve(options.cache.as_deref()),
        journal,
        fingerprint,
        shared: SharedWork::default(),
        timings,
    };
    conclude(&opened, sources, &arranged, session)
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
pub(crate) struct SharedWork {
    /// Pieces that failed, by name, with the reason: they are not tried again here.
    pub failed: BTreeMap<String, String>,
    /// r2 that each machine computed beside its share.
    pub canaries: Vec<Canary>,
}

/// A run whose directory is ours.
pub(crate) struct Session {
    pub cache: Cache,
    pub journal: Journal,
    pub fingerprint: Value,
    pub shared: SharedWork,
    pub timings: Timings,
}

/// From a study that is read to its report: what the journal holds is taken from there, the rest is
/// computed.
pub(crate) fn conclude(
    opened: &Opened,
    mut sources: Sources,
    arranged: &Arranged,
    mut session: Session,
) -> Result<Outcome, RunError> {
    let mut folder = opened.folder.clone();
    // A run that is interrupted before it has written anything owns nothing yet, and says so.
    folder.claim(&[])?;
    let (mut embedded, unembedded) = embed_all(&mut sources, opened, &session.cache)?;
    session.timings.mark("encode");
    let mut findings = checks::check_vectors(opened, &sources, &embedded)?;
    session.timings.mark("check alignment");
    for embedded in &mut embedded {
        embedded.x = arranged.analysed.vectors(std::mem::take(&mut embedded.x));
    }

    let evaluator = Evaluator {
        failed_elsewhere: &session.shared.failed,
        ..opened.evaluator(arranged, &sources, &session.journal)
    };
    let (mut pieces, mut failed) = evaluator.compute(&embedded)?;
    failed.extend(evaluator.without_vectors(&unembedded));
    evaluator.compare_canaries(&pieces, &session.shared.canaries)?;
    session.timings.mark("evaluate and permute");
    evaluator.plant(&embedded, &mut pieces)?;
    session.timings.mark("sensitivity");

    let cells = assemble(&evaluator.common(), &pieces)?;
    let run = FinishedRun {
        plan: &opened.plan,
        read: &opened.dataset,
        analysed: &arranged.analysed,
        arrangement: &arranged.arrangement,
        sources: &sources,
        embedded: &embedded,
        comparisons: compare(&evaluator.common(), &pieces, &cells),
        pieces,
        cells,
        failed,
    };
    findings.extend(diagnose(&run));
    findings.sort_by_key(|finding| finding.severity);
    let results = settled(run.results(findings));
    write_all(&mut folder, &results)?;
    run.write_tables()?;
    folder.claim_folder("models", ".ocean")?;
    Export { run: &run }.write(&opened.progress)?;
    folder.list_folder("models", ".ocean");
    session.timings.mark("report");
    run.write_provenance(
        &session.fingerprint,
        folder.manifest()?,
        &session.timings,
        opened.threads,
    )?;
    // Of a partial run all that is finished is kept: the same command tries again what failed.
    if run.failed.is_empty() {
        session.journal.remove()?;
    }
    Ok(Outcome::Finished {
        results: Box::new(results),
        out: opened.plan.out.clone(),
    })
}

/// The name of an encoder without vectors, and why it has none.
type Unembedded = (String, String);

/// The vectors of all encoders that have some. One that fails costs its cells and not the run, unless it is the only one; it leaves `sources` and is returned with its
/// reason.
fn embed_all(
    sources: &mut Sources,
    opened: &Opened,
    cache: &Cache,
) -> Result<(Vec<Embedded>, Vec<Unembedded>), RunError> {
    let (dataset, progress) = (&opened.dataset, &opened.progress);
    let (mut embedded, mut unembedded) = (Vec::new(), Vec::new());
    let mut encoders = Vec::new();
    let mut first = None;
    for encoder in std::mem::take(&mut sources.encoders) {
        match encoder.embed(dataset, cache, progress, &opened.interrupted) {
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
/// [`RunError::Program`] when the system cannot tell which program is running.
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
    let program = std::env::current_exe().map_err(RunError::Program)?;
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
