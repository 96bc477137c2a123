//! `ocean-host eval`: the straight line from plugins.toml to the report, and little else.
//!
//! Everything that can be refused is refused before any work ([`Refusal`](crate::problem::Refusal), exit code 2). What is finished is kept in the journal, so
//! an interruption, a full disk or a kill costs only the piece in hand; the same command goes on from there and ends in the same bytes.

mod checks;
mod diagnosis;
mod error;
mod evaluator;
mod gathered;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::arrangement::Arrangement;
use crate::cache::Cache;
use crate::cells::assemble;
use crate::comparisons::compare;
use crate::config::{Config, Scope};
use crate::dataset::{Analysed, Dataset};
use crate::exported::Export;
use crate::journal::{self, Journal};
use crate::library::{CallContext, Library, Prober, Quarantine, SearchPath};
use crate::models::Models;
use crate::outputs::{self, Timings};
use crate::plan::Plan;
use crate::preview::preview;
use crate::progress::{Format, Progress};
use crate::report::model::StudyResults;
use crate::report::{render_again, write_all};
use crate::sources::{Embedded, Sources};
use checks::{check_adaptive_cap, check_alignment, check_memory, fingerprint};
use diagnosis::diagnose;
use evaluator::Evaluator;

pub use error::RunError;

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
    let progress = Progress::new(options.format, options.is_quiet);
    let config = Config::read(&options.config, &options.sets, Scope::Evaluation)?;
    let plan = Plan::resolve(&config, options.out.as_deref())?;
    let dataset = Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds)?;
    check_adaptive_cap(&plan, dataset.targets.len())?;
    let threads = set_threads(options.threads);
    let context = CallContext::of(&progress, Arc::clone(interrupted));
    let library = open_library(&context)?;
    let models = Models::new(&progress, interrupted, !options.is_dry);
    let mut sources = Sources::open(&plan, &dataset, &library, &models, threads, &context)
        .map_err(|refusal| RunError::of_opening(refusal, interrupted))?;
    let analysed = Analysed::of(&dataset, plan.evaluation.unit)?;
    let arrangement = Arrangement::draw(&plan, &analysed.dataset)?;
    check_memory(&plan, &analysed.dataset, &sources)?;
    if options.is_dry {
        return Ok(Outcome::Planned(preview(
            &plan,
            &dataset,
            &analysed.dataset,
        )));
    }
    timings.mark("read and check");

    let fingerprint = fingerprint(&plan, &dataset, &sources)?;
    if !options.is_fresh && journal::is_finished(&plan.out, &fingerprint) {
        match render_again(&plan.out) {
            Ok(results) => {
                progress.note("this run is finished; its reports are rendered again (--fresh computes it anew)");
                return Ok(Outcome::Finished {
                    results: Box::new(results),
                    out: plan.out,
                });
            }
            Err(error) => progress.warn(&format!("{error}; the run is computed again")),
        }
    }
    let journal = Journal::open(&plan.out, &fingerprint, options.is_fresh)?;
    if journal.n_found() > 0 {
        progress.note(&format!(
            "resuming: {} finished pieces found",
            journal.n_found()
        ));
    }

    let cache = Cache::resolve(options.cache.as_deref());
    let (mut embedded, unembedded) =
        embed_all(&mut sources, &dataset, &cache, &progress, interrupted)?;
    timings.mark("encode");
    let mut findings = check_alignment(&plan, &dataset, &sources, &embedded, &progress)?;
    timings.mark("check alignment");
    for embedded in &mut embedded {
        embedded.x = analysed.vectors(std::mem::take(&mut embedded.x));
    }

    let evaluator = Evaluator {
        plan: &plan,
        arrangement: &arrangement,
        sources: &sources,
        journal: &journal,
        interrupted,
        progress: &progress,
    };
    let (mut computed, mut failed) = evaluator.compute(&embedded)?;
    failed.extend(evaluator.without_vectors(&unembedded));
    timings.mark("evaluate and permute");
    evaluator.plant(&embedded, &mut computed)?;
    timings.mark("sensitivity");

    let cells = assemble(&evaluator.common(), &computed)
        .map_err(|error| RunError::Failed(error.to_string()))?;
    findings.extend(diagnose(
        &plan,
        &dataset,
        &analysed,
        &arrangement,
        &sources,
        &embedded,
        &computed,
        &cells,
    ));
    findings.sort_by_key(|finding| finding.severity);
    let study = outputs::Study {
        plan: &plan,
        read: &dataset,
        dataset: &analysed.dataset,
        arrangement: &arrangement,
        sources: &sources,
        embedded: &embedded,
        computed: &computed,
        cells: &cells,
        comparisons: compare(&evaluator.common(), &computed, &cells),
    };
    let is_partial = !failed.is_empty();
    let results = study.results(failed, findings);
    write_all(&plan.out, &results)?;
    study.write_tables()?;
    let export = Export {
        plan: &plan,
        arrangement: &arrangement,
        sources: &sources,
        embedded: &embedded,
        cells: &cells.results,
    };
    export.write(&progress)?;
    timings.mark("report");
    study.write_provenance(&fingerprint, &timings, threads)?;
    drop(journal);
    // Of a partial run all that is finished is kept: the same command tries again what failed.
    if !is_partial {
        journal::remove(&plan.out)?;
    }
    Ok(Outcome::Finished {
        results: Box::new(results),
        out: plan.out,
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
    let program = std::env::current_exe().map_err(|error| {
        RunError::Failed(format!("cannot tell which program is running: {error}"))
    })?;
    let search = SearchPath::of(&program);
    let prober = Prober::new(program);
    Ok(match Cache::resolve(None).folder() {
        Some(cache) => {
            let quarantine = Quarantine::at(&cache.join("quarantine"));
            (search, prober.with_quarantine(quarantine))
        }
        None => (search, prober),
    })
}

/// Plugins beside this program and in the places of the user.
pub(crate) fn open_library(context: &CallContext) -> Result<Library, RunError> {
    let (search, prober) = plugin_places()?;
    Ok(Library::new(search, prober, context.clone()))
}
