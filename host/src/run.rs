//! `ocean-host eval`: the straight line from plugins.toml to the report, and little else.
//!
//! Everything that can be refused is refused before any work ([`Refusal`], exit code 2). What is finished is kept in the journal, so an interruption, a
//! full disk or a kill costs only the piece in hand; the same command goes on from there and ends in the same bytes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ocean_engine::evaluate::PermutedTargets;
use ocean_engine::nested::Tuning;
use serde_json::{Value, json};

use crate::arrangement::Arrangement;
use crate::atomic::WriteError;
use crate::cache::Cache;
use crate::cells::{Cells, Common, Computed, assemble};
use crate::config::{Config, Scope};
use crate::dataset::Dataset;
use crate::doctor::alignment::Alignment;
use crate::doctor::{Facts, examine};
use crate::encode::EncodeError;
use crate::journal::{self, Journal, JournalError};
use crate::library::{CallContext, Library, Prober, SearchPath};
use crate::outputs::{self, Timings};
use crate::plan::Plan;
use crate::preview::preview;
use crate::problem::{Problem, Refusal};
use crate::progress::{Format, Progress};
use crate::report::error::ReportError;
use crate::report::model::{FailedCell, Finding, StudyResults};
use crate::report::{render_again, write_all};
use crate::sources::{Embedded, Encoder, Sources};
use crate::study::{Bench, StudyError, Work, stage_of};

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

/// How a run ended otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing was started: exit code 2.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The folder holds another run, or is in use: exit code 2.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file could not be written: exit code 1.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A report could not be written: exit code 1.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// An encoder failed: exit code 1.
    #[error(transparent)]
    Encode(EncodeError),
    /// Ctrl-C: exit code 130.
    #[error("interrupted; what is finished is kept, the same command goes on from there")]
    Interrupted,
    /// Something that should not happen: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl RunError {
    /// The exit code of the program.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_)
            | Self::Journal(JournalError::OtherPlan { .. } | JournalError::InUse { .. }) => 2,
            // A folder that cannot be written is a wrong request: nothing was started.
            Self::Journal(JournalError::Write(_)) => 2,
            Self::Interrupted => 130,
            Self::Write(_) | Self::Report(_) | Self::Encode(_) | Self::Failed(_) => 1,
        }
    }
}

impl From<EncodeError> for RunError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Interrupted { .. } => Self::Interrupted,
            other => Self::Encode(other),
        }
    }
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
    let threads = set_threads(options.threads);
    let context = CallContext::of(&progress, Arc::clone(interrupted));
    let library = open_library(&context)?;
    let sources = Sources::open(&plan, &dataset, &library, threads, &context)?;
    let arrangement = Arrangement::draw(&plan, &dataset)?;
    check_memory(&plan, &dataset, &sources)?;
    if options.is_dry {
        return Ok(Outcome::Planned(preview(&plan, &dataset)));
    }
    timings.mark("read and check");

    let fingerprint = fingerprint(&plan, &dataset, &sources)?;
    if !options.is_fresh && journal::is_finished(&plan.out, &fingerprint) {
        progress.note(
            "this run is finished; its reports are rendered again (--fresh computes it anew)",
        );
        let results = render_again(&plan.out)?;
        return Ok(Outcome::Finished {
            results: Box::new(results),
            out: plan.out,
        });
    }
    let journal = Journal::open(&plan.out, &fingerprint, options.is_fresh)?;
    if journal.n_found() > 0 {
        progress.note(&format!(
            "resuming: {} finished pieces found",
            journal.n_found()
        ));
    }

    let cache = Cache::resolve(options.cache.as_deref());
    let mut embedded = Vec::with_capacity(sources.encoders.len());
    for encoder in &sources.encoders {
        embedded.push(encoder.embed(&dataset, &cache, &progress, interrupted)?);
    }
    timings.mark("encode");
    let mut findings = check_alignment(&plan, &dataset, &sources, &embedded, &progress)?;
    timings.mark("check alignment");

    let evaluator = Evaluator {
        plan: &plan,
        arrangement: &arrangement,
        sources: &sources,
        journal: &journal,
        interrupted,
        progress: &progress,
    };
    let (computed, failed) = evaluator.compute(&embedded)?;
    timings.mark("evaluate and permute");

    let cells = assemble(&evaluator.common(), &computed)
        .map_err(|error| RunError::Failed(error.to_string()))?;
    findings.extend(diagnose(
        &plan,
        &dataset,
        &arrangement,
        &sources,
        &embedded,
        &cells,
    ));
    findings.sort_by_key(|finding| finding.severity);
    let study = outputs::Study {
        plan: &plan,
        dataset: &dataset,
        arrangement: &arrangement,
        sources: &sources,
        embedded: &embedded,
        computed: &computed,
        cells: &cells,
    };
    let results = study.results(failed, findings);
    write_all(&plan.out, &results)?;
    study.write_tables()?;
    timings.mark("report");
    study.write_provenance(&fingerprint, &timings, threads)?;
    drop(journal);
    journal::remove(&plan.out)?;
    Ok(Outcome::Finished {
        results: Box::new(results),
        out: plan.out,
    })
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
    Ok((SearchPath::of(&program), Prober::new(program)))
}

/// Plugins beside this program and in the places of the user.
pub(crate) fn open_library(context: &CallContext) -> Result<Library, RunError> {
    let (search, prober) = plugin_places()?;
    Ok(Library::new(search, prober, context.clone()))
}

/// Most memory that the designs of one encoder may take.
const DESIGN_BYTES: f64 = 8e9;
/// Bytes per number of a design: the scaled rows (8), and about as much again for what a regressor factorises.
const BYTES_PER_NUMBER: f64 = 20.0;

/// Refuses designs that do not fit: with many folds their number grows with the square.
fn check_memory(plan: &Plan, dataset: &Dataset, sources: &Sources) -> Result<(), Refusal> {
    let n_designs = (plan.n_designs() / u64::from(plan.evaluation.repeats)) as f64;
    let widest = sources
        .encoders
        .iter()
        .map(|encoder| encoder.n_features(dataset))
        .max()
        .unwrap_or(0);
    let bytes = n_designs * dataset.n_rows() as f64 * widest as f64 * BYTES_PER_NUMBER;
    if bytes <= DESIGN_BYTES {
        return Ok(());
    }
    let message = format!(
        "{n_designs} designs of {} rows × {widest} columns would take about {:.0} GB of memory, at most {:.0} GB are used",
        dataset.n_rows(),
        bytes / 1e9,
        DESIGN_BYTES / 1e9
    );
    Err(Problem::new("[evaluation] folds", message)
        .with_try("folds = 5 (15 designs), or 10 (55)")
        .into())
}

/// Everything the numbers depend on; what is different refuses a resume, by name.
fn fingerprint(plan: &Plan, dataset: &Dataset, sources: &Sources) -> Result<Value, RunError> {
    let portable = plan
        .portable()
        .map_err(|error| RunError::Failed(error.to_string()))?;
    let hashes = |named: Vec<(&str, &str)>| -> Value {
        named
            .into_iter()
            .map(|(name, hash)| (name.to_owned(), Value::from(hash)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    Ok(json!({
        "ocean-host": ocean_plugin_abi::BUILD_ID,
        "plan": portable,
        "data": hashes(dataset.hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_str())).collect()),
        "encoders": hashes(sources.encoders.iter().map(|encoder| (encoder.name.as_str(), encoder.hash.as_str())).collect()),
        "regressors": hashes(sources.regressors.iter().map(|regressor| (regressor.name.as_str(), regressor.hash.as_str())).collect()),
    }))
}

/// Refuses files of vectors that do not belong to their texts; says so of plugins.
fn check_alignment(
    plan: &Plan,
    dataset: &Dataset,
    sources: &Sources,
    embedded: &[Embedded],
    progress: &Progress,
) -> Result<Vec<Finding>, RunError> {
    if !dataset.has_texts() {
        return Ok(Vec::new());
    }
    let characters: Vec<usize> = dataset
        .joined_texts()
        .iter()
        .map(|text| text.chars().count())
        .collect();
    let lexical = sources
        .encoders
        .iter()
        .position(Encoder::is_lexical)
        .map(|at| &embedded[at].x);
    let seed = ocean_engine::seed::Seed(plan.study.seed);
    let examined: Vec<usize> = (0..embedded.len())
        .filter(|&at| sources.encoders[at].is_examined())
        .collect();
    let stage = progress.stage("do vectors fit texts?", examined.len() as u64);
    let mut findings = Vec::new();
    for at in examined {
        let encoder = &sources.encoders[at];
        let measured = Alignment::measure(&embedded[at].x, &characters, lexical, seed)
            .map_err(|error| RunError::Failed(format!("encoder `{}`: {error}", encoder.name)))?;
        stage.add(1);
        let Some(alignment) = measured else { continue };
        if alignment.is_misaligned() && encoder.must_be_aligned() {
            let problem = Problem::new(
                format!("encoder `{}`", encoder.name),
                format!(
                    "these vectors do not belong to these texts\n  {}",
                    alignment.seen(&encoder.name)
                ),
            );
            let remedy = "check the ids file against the order in which the vectors were written; allow_misaligned = true under this [[encoder]] runs all the same";
            return Err(Refusal::from(problem.with_try(remedy)).into());
        }
        findings.extend(alignment.findings(&encoder.name));
    }
    stage.finish();
    Ok(findings)
}

/// Permutations of a control: enough for p ≤ .005, at a fifth of the default's cost.
const CONTROL_PERMUTATIONS: usize = 199;

/// The long part: every encoder × row set × regressor.
struct Evaluator<'a> {
    plan: &'a Plan,
    arrangement: &'a Arrangement,
    sources: &'a Sources,
    journal: &'a Journal,
    interrupted: &'a AtomicBool,
    progress: &'a Progress,
}

impl Evaluator<'_> {
    fn common(&self) -> Common<'_> {
        Common {
            targets: &self.arrangement.targets,
            target_names: &self.arrangement.target_names,
            row_sets: &self.arrangement.row_sets,
            folds: &self.arrangement.folds,
            groups: &self.arrangement.groups,
            is_grouped: self.arrangement.is_grouped,
            level: self.plan.evaluation.level,
            smallest_effect: self.plan.evaluation.smallest_effect,
            n_permutations: self.plan.n_permutations() as usize,
            rating_error: &self.arrangement.rating_error,
        }
    }

    /// Controls are there to be compared with, not to be reported: the first regressor only, fewer permutations, no interval.
    fn work(&self, encoder: &Encoder) -> Work {
        let m = self.plan.n_permutations() as usize;
        Work {
            n_permutations: if encoder.is_control {
                m.min(CONTROL_PERMUTATIONS)
            } else {
                m
            },
            jackknife: !encoder.is_control,
            sensitivity_draws: if encoder.is_control {
                0
            } else {
                self.plan.evaluation.sensitivity as usize
            },
        }
    }

    fn compute(&self, embedded: &[Embedded]) -> Result<(Vec<Computed>, Vec<FailedCell>), RunError> {
        let (mut computed, mut failed) = (Vec::new(), Vec::new());
        for (encoder, embedded) in self.sources.encoders.iter().zip(embedded) {
            let n_regressors = if encoder.is_control {
                1
            } else {
                self.sources.regressors.len()
            };
            let regressors = &self.sources.regressors[..n_regressors];
            let benches: Vec<Bench> = (0..self.arrangement.row_sets.len())
                .map(|at| self.bench(encoder, embedded, at))
                .collect();
            let n_steps: u64 =
                benches.iter().map(Bench::n_steps).sum::<u64>() * n_regressors as u64;
            let stage = stage_of(self.progress, &encoder.name, n_steps);
            for regressor in regressors {
                self.warn_of_cost(encoder, regressor, &benches);
                for (row_set, bench) in benches.iter().enumerate() {
                    let tuning = Tuning {
                        patience: regressor.patience,
                    };
                    match bench.compute(&regressor.name, &regressor.regressor, tuning, &stage) {
                        Ok(piece) => computed.push(Computed {
                            encoder: encoder.name.clone(),
                            n_features: embedded.x.ncols(),
                            is_control: encoder.is_control,
                            regressor: regressor.name.clone(),
                            l1_ratios: regressor.l1_ratios.clone(),
                            row_set,
                            piece,
                        }),
                        Err(StudyError::Interrupted) => return Err(RunError::Interrupted),
                        Err(StudyError::Write(error)) => return Err(error.into()),
                        Err(StudyError::Engine(_)) if self.interrupted.load(Ordering::Relaxed) => {
                            return Err(RunError::Interrupted);
                        }
                        Err(StudyError::Engine(error)) => failed.extend(self.failed(
                            encoder,
                            &regressor.name,
                            row_set,
                            &error.to_string(),
                        )),
                    }
                }
            }
            stage.finish();
        }
        if computed.iter().all(|piece| piece.is_control) {
            let reason = failed
                .first()
                .map_or(String::new(), |cell: &FailedCell| cell.reason.clone());
            return Err(RunError::Failed(format!(
                "no cell could be evaluated: {reason}"
            )));
        }
        Ok((computed, failed))
    }

    fn bench<'b>(&'b self, encoder: &Encoder, embedded: &'b Embedded, row_set: usize) -> Bench<'b> {
        let arrangement = self.arrangement;
        Bench {
            // A control keeps its pieces apart from an encoder that the user gave the same name.
            name: format!(
                "{}{}/{row_set}",
                if encoder.is_control { "control:" } else { "" },
                encoder.name
            ),
            layout: arrangement.layout(&embedded.x),
            permuted: PermutedTargets {
                targets: &arrangement.targets,
                row_set: &arrangement.row_sets[row_set],
                scheme: &arrangement.scheme,
            },
            work: self.work(encoder),
            journal: self.journal,
            interrupted: self.interrupted,
        }
    }

    fn warn_of_cost(
        &self,
        encoder: &Encoder,
        regressor: &crate::sources::NamedRegressor,
        benches: &[Bench],
    ) {
        let n_targets = self.arrangement.target_names.len() as u64;
        let n_columns =
            n_targets * (u64::from(self.plan.n_permutations()) + 1) / benches.len().max(1) as u64;
        let note = regressor
            .regressor
            .cost_note(self.plan.n_designs() * benches.len() as u64, n_columns);
        if let Some(note) = note.filter(|_| {
            self.sources
                .encoders
                .first()
                .is_some_and(|first| first.name == encoder.name)
        }) {
            self.progress.warn(&note);
        }
    }

    fn failed(
        &self,
        encoder: &Encoder,
        regressor: &str,
        row_set: usize,
        reason: &str,
    ) -> Vec<FailedCell> {
        self.progress.warn(&format!(
            "encoder `{}`, regressor `{regressor}`: {reason}",
            encoder.name
        ));
        self.arrangement.row_sets[row_set]
            .targets
            .iter()
            .map(|&target| FailedCell {
                encoder: encoder.name.clone(),
                regressor: regressor.to_owned(),
                target: self.arrangement.target_names[target].clone(),
                reason: reason.to_owned(),
            })
            .collect()
    }
}

fn diagnose(
    plan: &Plan,
    dataset: &Dataset,
    arrangement: &Arrangement,
    sources: &Sources,
    embedded: &[Embedded],
    cells: &Cells,
) -> Vec<Finding> {
    let targets: Vec<_> = dataset
        .targets
        .iter()
        .map(|target| (outputs::target_summary(target), target.values.as_slice()))
        .collect();
    let absolute_grids: Vec<String> = sources
        .regressors
        .iter()
        .filter(|regressor| regressor.has_absolute_grid)
        .map(|regressor| regressor.name.clone())
        .collect();
    let truncated: Vec<(String, usize)> = sources
        .encoders
        .iter()
        .zip(embedded)
        .filter_map(|(encoder, embedded)| Some((encoder.name.clone(), embedded.n_truncated?)))
        .collect();
    let is_blank = |text: &String| text.trim().is_empty();
    let notes: Vec<String> = dataset
        .notes
        .iter()
        .chain(&sources.notes)
        .chain(&plan.notes)
        .cloned()
        .collect();
    examine(&Facts {
        cells: &cells.results,
        control_p: &cells.control_p,
        targets: &targets,
        absolute_grids: &absolute_grids,
        level: plan.evaluation.level,
        n_permutations: plan.n_permutations() as usize,
        duplicate_texts: (
            arrangement.n_duplicates,
            plan.evaluation.duplicates == crate::plan::Duplicates::Group,
        ),
        blank_texts: dataset
            .joined_texts()
            .iter()
            .filter(|text| is_blank(text))
            .count(),
        n_rows: dataset.ids.len(),
        join_notes: &notes,
        truncated: &truncated,
    })
}

/// Seconds since `start`, for provenance.
pub(crate) fn seconds_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}
