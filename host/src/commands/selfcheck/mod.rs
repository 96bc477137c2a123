//! `ocean-host selfcheck`: the calibration certificate of this build on this machine.
//!
//! The engine and the regressor plugins, as a run loads them, work through thousands of data sets
//! whose truth is known. Read in this order: `data` (what is simulated), `study` (the engine on
//! data in memory), `lab` (how many, on all threads), then what is asked: `null` (does a test of
//! level 5 % reject in 5 %?), `coverage` (does the 95 % interval hold the truth?), `comparing` (are
//! equals told apart?), `power` (is found what is there?); `judge` tells chance from failure,
//! `certificate` and `text` say it.
//!
//! The same generators serve `tests/statistics`.

pub mod certificate;
pub mod comparing;
mod coverage;
pub mod data;
pub mod error;
pub mod judge;
mod lab;
mod null;
mod power;
pub mod study;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocean_engine::EngineError;
use ocean_loader::CallContext;

use crate::encode::places::{open_library, set_threads};
use crate::encode::sources::{NamedRegressor, open_regressor};
use crate::keep::atomic;
use crate::plan::RegressorPlan;
use crate::problem::{Problem, Problems};
use crate::run::RunError;
use crate::tell::progress::{Format, Progress};
use crate::write::outputs::cpu_features;
use certificate::{Certificate, Certified, Check, Machine};
use error::SelfcheckError;
pub use lab::{Effort, SEED};
use lab::{Lab, Tested};

/// Certified unless others are named.
const BUNDLED: [&str; 3] = ["ridge", "lasso", "elastic-net"];

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many data sets.
    pub effort: Effort,
    /// Ids or paths; empty: the bundled ones.
    pub regressors: Vec<String>,
    /// Where the JSON goes too.
    pub out: Option<PathBuf>,
    /// Threads; `None`: all cores.
    pub threads: Option<usize>,
    /// Only warnings.
    pub is_quiet: bool,
    /// How the certificate is printed.
    pub format: Format,
}

/// Simulates, judges, writes the JSON where it was asked for. Returns the certificate and its text
/// in the format asked for.
///
/// # Errors
/// A regressor that cannot be opened is refused; one that fails, a file that cannot be written and
/// Ctrl-C end the work.
pub fn selfcheck(
    options: &Options,
    interrupted: &Arc<AtomicBool>,
) -> Result<(Certificate, String), RunError> {
    // With JSON on stdout there is no room for progress there, and none on stderr was asked for.
    let is_json = options.format == Format::Json;
    let progress = Progress::new(Format::Human, options.is_quiet || is_json);
    set_threads(options.threads);
    let regressors = open(options, &progress, interrupted)?;
    let mut checks = Vec::new();
    for regressor in &regressors {
        checks.extend(certify(regressor, options.effort, &progress, interrupted)?);
    }
    let certified = regressors.iter().map(|regressor| Certified {
        name: regressor.name.clone(),
        origin: regressor.origin.clone(),
        hash: regressor.hash.clone(),
    });
    let machine = Machine {
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        cpu_features: cpu_features(),
    };
    let certificate = Certificate::of(options.effort, machine, certified.collect(), checks);
    let json = certificate.to_json().map_err(SelfcheckError::Json)?;
    if let Some(out) = &options.out {
        atomic::write(out, json.as_bytes())?;
    }
    let text = if is_json {
        json
    } else {
        text::render(&certificate)
    };
    Ok((certificate, text))
}

/// Whether a file is a certificate of some build: a newer one may replace it.
#[must_use]
pub fn is_certificate(path: &Path) -> bool {
    let read = |path| serde_json::from_slice::<serde_json::Value>(&std::fs::read(path).ok()?).ok();
    let keys = ["schema_version", "regressors", "n_judged", "passes"];
    read(path).is_some_and(|file| keys.iter().all(|key| file.get(key).is_some()))
}

/// Loads every regressor as a run would.
fn open(
    options: &Options,
    progress: &Progress,
    interrupted: &Arc<AtomicBool>,
) -> Result<Vec<NamedRegressor>, RunError> {
    let context = CallContext::of(progress, Arc::clone(interrupted));
    let library = open_library(&context, false).map_err(RunError::Program)?;
    let here = std::env::current_dir().map_err(SelfcheckError::NoFolder)?;
    let bundled = || BUNDLED.iter().map(ToString::to_string).collect();
    let named = if options.regressors.is_empty() {
        bundled()
    } else {
        options.regressors.clone()
    };
    let mut problems = Problems::default();
    let mut regressors: Vec<NamedRegressor> = Vec::new();
    for value in &named {
        let plan = RegressorPlan::with_defaults(value);
        let Some(mut regressor) =
            problems.keep(open_regressor(&plan, &here, SEED, &library, &context))
        else {
            continue;
        };
        // A path is no name for a table.
        regressor
            .name
            .clone_from(&regressor.regressor.plugin().descriptor.id);
        if regressors.iter().any(|other| other.name == regressor.name) {
            problems.push(Problem::new(
                format!("--regressor {value}"),
                format!("`{}` is named twice", regressor.name),
            ));
        }
        regressors.push(regressor);
    }
    Ok(problems.finish(regressors)?)
}

/// Every part for one regressor.
fn certify(
    regressor: &NamedRegressor,
    effort: Effort,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<Vec<Check>, RunError> {
    let tested = Tested {
        family: regressor.regressor.plugin().family,
        regressor,
    };
    let count = |lab: &Lab| {
        null::n_data_sets(lab, &tested)
            + coverage::n_data_sets(lab, &tested)
            + comparing::n_data_sets(lab, &tested)
            + power::n_data_sets(lab, &tested)
    };
    let counting = progress.stage_of("", 0, "");
    let total = count(&Lab {
        effort,
        stage: &counting,
        interrupted,
    });
    let stage = progress.stage_of(&regressor.name, total, "data sets");
    let lab = Lab {
        effort,
        stage: &stage,
        interrupted,
    };
    let failed = |error: EngineError| {
        if interrupted.load(Ordering::Relaxed) {
            RunError::Interrupted
        } else {
            SelfcheckError::Engine(error).into()
        }
    };
    let parts = [null::check, coverage::check, comparing::check, power::check];
    let mut checks = Vec::new();
    for part in parts {
        checks.extend(part(&lab, &tested).map_err(failed)?);
    }
    stage.finish();
    Ok(checks)
}
