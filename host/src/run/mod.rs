//! `ocean-host eval`: the straight line from plugins.toml to the report, and little else.
//!
//! Everything that can be refused is refused before any work ([`Refusal`](crate::problem::Refusal),
//! exit code 2). What is finished is kept in the journal, so an interruption, a full disk or a kill
//! costs only the piece in hand; the same command goes on from there and ends in the same bytes.

mod canaries;
mod checks;
mod error;
mod evaluator;
mod finished;
#[cfg(test)]
mod fixture;
mod pieces;
mod study;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use ocean_report::json::settled;
use ocean_report::model::StudyResults;

use crate::encode::cache::Cache;
use crate::encode::sources::{Sources, embed_all};
use crate::judge::cells::assemble;
use crate::judge::comparisons::compare;
use crate::judge::test_sample::test;
use crate::judge::{diagnose, diagnose_data, words};
use crate::keep::journal::{self, Journal};
use crate::keep::run_folder::DATA;
use crate::plan::preview::preview;
use crate::read::config::{Config, Scope};
use crate::read::test_rows::TestRows;
use crate::tell::progress::Format;
use crate::write::exported::Export;
use crate::write::outputs::{TEST_PREDICTIONS, Timings, WORDS};
use crate::write::report_files::{ReportError, check_written, render_again, write_all};
use serde_json::Value;

pub(crate) use canaries::{Canary, Slot};
pub(crate) use checks::{check_alignment, design_bytes};
pub use error::RunError;
pub use evaluator::Durations;
pub(crate) use evaluator::{Evaluator, Setback, without_encoder};
pub(crate) use finished::CellRows;
pub use finished::FinishedRun;
pub(crate) use pieces::Entry;
pub use pieces::{PieceId, Role};
pub(crate) use study::{Analysis, Study, inputs};

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
    /// One of many tasks of a study that was read and checked when it was planned: nothing is
    /// downloaded, and a plugin that fails to load is not put in quarantine.
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
    let (study, sources) = Study::open(&config, options, interrupted, &mut timings)?;
    let analysis = study.arrange(&sources)?;
    if options.is_dry {
        let rows = &analysis.analysed.dataset;
        let mut findings = checks::look_at_files(&study.dataset, &sources);
        findings.extend(diagnose_data(
            &study.plan,
            &study.dataset,
            &analysis.analysed,
            &analysis.arrangement,
        ));
        let mut notes = sources.notes.clone();
        let cache = Cache::resolve(options.cache.as_deref());
        let encoders = sources.encoders.iter();
        notes.extend(encoders.filter_map(|encoder| encoder.announced(&study.dataset, &cache)));
        let text = preview(&study.plan, &study.dataset, rows, &notes, &findings);
        return Ok(Outcome::Planned(text));
    }
    let fingerprint = study.fingerprint(&sources)?;
    if !options.is_fresh
        && let Some(outcome) = finished(&study, &fingerprint)?
    {
        return Ok(outcome);
    }
    let journal = Journal::open(&study.plan.out, &fingerprint, options.is_fresh)?;
    if journal.n_found() > 0 {
        study.progress.note(&format!(
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
    conclude(&study, sources, &analysis, session)
}

/// The finished run in the plan's directory, if this is it: its reports are rendered again.
///
/// # Errors
/// [`ReportError::Changed`] when a file that cannot be made again is not what the run wrote.
pub(crate) fn finished(study: &Study, fingerprint: &Value) -> Result<Option<Outcome>, RunError> {
    let (out, progress) = (&study.plan.out, &study.progress);
    if !journal::is_finished(out, fingerprint) {
        return Ok(None);
    }
    check_written(&study.folder, &DATA)?;
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
    study: &Study,
    mut sources: Sources,
    analysis: &Analysis,
    mut session: Session,
) -> Result<Outcome, RunError> {
    let mut folder = study.folder.clone();
    // A run that is interrupted before it has written anything owns nothing yet, and says so.
    folder.claim(&[])?;
    let (mut embedded, unembedded) = embed_all(
        &mut sources,
        &study.dataset,
        &session.cache,
        (&study.progress, &study.interrupted),
    )?;
    session.timings.mark("encode");
    let mut findings = checks::check_vectors(study, &sources, &embedded)?;
    session.timings.mark("check alignment");
    let vectors_of = |rows: &TestRows| -> Vec<DMatrix<f64>> {
        let all = embedded.iter().map(|embedded| embedded.x.clone());
        all.map(|x| rows.analysed.vectors(x)).collect()
    };
    let others = analysis.test.as_ref().map(vectors_of);
    for embedded in &mut embedded {
        embedded.x = analysis.analysed.vectors(std::mem::take(&mut embedded.x));
    }

    let evaluator = Evaluator {
        failed_elsewhere: &session.shared.failed,
        unembedded: &unembedded,
        ..study.evaluator(analysis, &sources, &session.journal)
    };
    let (mut pieces, mut failed) = evaluator.compute(&embedded)?;
    failed.extend(evaluator.without_vectors());
    evaluator.compare_canaries(&pieces, &session.shared.canaries)?;
    session.timings.mark("evaluate and permute");
    evaluator.plant(&embedded, &mut pieces)?;
    session.timings.mark("sensitivity");

    let cells = assemble(&evaluator.common(), &pieces)?;
    let tested = match analysis.test.as_ref().zip(others) {
        None => None,
        Some((rows, others)) => {
            let predicted = evaluator.predict_others(&embedded, &others, &pieces)?;
            Some(test(&evaluator.common(), &cells, &predicted, rows)?)
        }
    };
    session.timings.mark("test sample");
    let words = study.plan.report.words.then(|| {
        let rows = &analysis.analysed.dataset;
        words::find(&study.plan, rows, &analysis.arrangement, &pieces, &cells)
    });
    session.timings.mark("words");
    let run = FinishedRun {
        test: analysis.test.as_ref().zip(tested),
        words,
        plan: &study.plan,
        read: &study.dataset,
        analysed: &analysis.analysed,
        arrangement: &analysis.arrangement,
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
    if run.test.is_some() {
        folder.claim(&[TEST_PREDICTIONS.to_owned()])?;
    }
    if run.words.is_some() {
        folder.claim(&[WORDS.to_owned()])?;
    }
    run.write_tables()?;
    folder.claim_folder("models", ".ocean")?;
    let export = Export { run: &run };
    folder.claim(&export.names())?;
    export.write(&study.progress)?;
    folder.list_folder("models", ".ocean")?;
    session.timings.mark("report");
    run.write_provenance(
        &session.fingerprint,
        folder.manifest()?,
        &session.timings,
        study.threads,
    )?;
    // Of a partial run all that is finished is kept: the same command tries again what failed.
    if run.failed.is_empty() {
        session.journal.remove()?;
    }
    Ok(Outcome::Finished {
        results: Box::new(results),
        out: study.plan.out.clone(),
    })
}
