//! `ocean-host plugin check`: does a plugin keep the promises of the ABI? Named checks, each in a child process with a time limit.
//!
//! `suite` lists the checks. What they ask of every plugin is in `load`, `parameters`, `calls` and `memory`, of one kind in `regressors`, `models`, `paths` and
//! `encoders`, with `subject` as the plugin under test. `child` runs one of them in a process of its own, `result` says what came
//! of it.

mod calls;
mod child;
mod encoders;
mod load;
mod memory;
mod models;
mod parameters;
mod paths;
mod regressors;
mod result;
mod subject;
mod suite;

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::library::{Fault, Kind, LibraryError, Probed, Prober, SearchPath, probe};
use crate::plan::check_given;
use crate::problem::{Problem, Refusal, suggestion};

pub use child::{Request, child_main};
pub use result::{CheckResult, Outcome, Summary};
pub use suite::listed;

/// One check may take so long.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// An id, or the path of a library.
    pub plugin: String,
    /// These checks alone; empty: all that apply.
    pub only: Vec<String>,
    /// What random data follow from.
    pub seed: u64,
    /// Parameters for `create`.
    pub params: Vec<(String, Value)>,
    /// In this process, for a debugger.
    pub is_in_process: bool,
}

/// Runs the checks of every plugin of a library, and hands each result to `tell` as it comes.
///
/// # Errors
/// A [`Refusal`]: there is no such plugin, no such check, or a parameter does not fit the schema.
pub fn check(
    options: &Options,
    search: &SearchPath,
    prober: &Prober,
    mut tell: impl FnMut(&CheckResult),
) -> Result<Summary, Refusal> {
    for name in &options.only {
        if suite::find(name).is_none() {
            let known = suggestion(name, suite::SUITE.iter().map(|check| check.name));
            let message = format!("there is no check `{name}`{known}");
            return Err(Problem::new("--only", message)
                .with_try("ocean-host plugin check --list")
                .into());
        }
    }
    let found = search
        .find(&options.plugin, Path::new("."))
        .map_err(|error| Problem::new(&options.plugin, error.to_string()))?;
    let begun = std::time::Instant::now();
    let probed = probe(prober, &found.path);
    let elapsed = begun.elapsed();
    let mut summary = Summary::default();
    let probed = match probed {
        Ok(probed) => probed,
        Err(error) => {
            // A library that does not load is the result of one check, and the end of the others.
            let check = match error.fault() {
                Some(Fault::Layout(_)) => suite::find("layout"),
                _ => suite::find("loads"),
            };
            let check = check.unwrap_or(&suite::SUITE[0]);
            let result = CheckResult::of(&options.plugin, check, unloaded(&error));
            tell(&result);
            summary.count(&result);
            return Ok(summary);
        }
    };
    let is_wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let is_asked = |id: &str| found.id.as_ref().is_none_or(|asked| asked == id);
    let plugins = probed.plugins.iter();
    let plugins: Vec<_> = plugins.filter(|p| is_asked(&p.descriptor.id)).collect();
    for plugin in &plugins {
        let descriptor = &plugin.descriptor;
        let title = format!("{} `{}`", descriptor.kind, descriptor.id);
        check_given(&options.params, &descriptor.schema, &title)?;
    }
    for plugin in plugins {
        let mut is_usable = true;
        for check in suite::SUITE.iter().filter(|check| is_wanted(check.name)) {
            let outcome = if !check.applies_to(plugin.descriptor.kind) {
                continue;
            } else if !is_usable {
                Outcome::Skipped("ordinary data fail already".into())
            } else if let Some(outcome) = of_probing(check.name, &probed, elapsed) {
                outcome
            } else {
                let request = child::Request {
                    file: &found.path,
                    id: &plugin.descriptor.id,
                    check: check.name,
                    seed: options.seed,
                    params: &Value::Object(options.params.iter().cloned().collect::<Map<_, _>>()),
                };
                if options.is_in_process {
                    child::here(&request)
                } else {
                    child::apart(&request, prober.program(), TIME_LIMIT)
                }
            };
            let result = CheckResult::of(&plugin.descriptor.id, check, outcome);
            tell(&result);
            summary.count(&result);
            // Everything else asks for ordinary work, too: one failure should not be told thirty times.
            is_usable &= !suite::is_basic(check) || result.is_sound();
        }
    }
    Ok(summary)
}

fn unloaded(error: &LibraryError) -> Outcome {
    match error.fault() {
        Some(fault @ (Fault::Crashed { .. } | Fault::Exited { .. })) => {
            Outcome::Crashed(fault.to_string())
        }
        Some(fault @ Fault::Hung { .. }) => Outcome::TimedOut(fault.to_string()),
        Some(fault) => Outcome::Failed(fault.to_string()),
        None => Outcome::Failed(error.to_string()),
    }
}

/// What probing has answered already.
fn of_probing(check: &str, probed: &Probed, elapsed: Duration) -> Option<Outcome> {
    let warned_of = |word: &str| {
        let warning = probed
            .warnings
            .iter()
            .find(|warning| warning.contains(word));
        warning.map_or(Outcome::Success, |warning| Outcome::Failed(warning.clone()))
    };
    match check {
        "loads" => Some(Outcome::Success),
        "quick-to-load" => Some(load::quick(elapsed)),
        "silent-when-loaded" => Some(warned_of("standard output")),
        "keeps-fp-mode-when-loaded" => Some(warned_of("floating-point mode")),
        "layout" => Some(load::layout(probed.layout)),
        _ => None,
    }
}

/// Whether a kind of plugin is checked.
fn is_of(kind: Option<Kind>, plugin: Kind) -> bool {
    kind.is_none_or(|kind| kind == plugin)
}
