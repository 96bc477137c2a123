//! `ocean-host plugin check`: does a plugin keep the promises of the ABI? Named checks, each in a
//! child process with a time limit.
//!
//! From the floor: `result` says what may come of a check, `subject`
//! the plugin under test. What is asked of every plugin is in `probing`, `objects`, `parameters`,
//! `calls`, `memory` and `surroundings`, of one kind in `regressors`, `models`, `paths` and `encoders`. `suite`
//! lists it all, `child` runs one check in a process of its own, and [`check`] runs them in turn.

mod calls;
mod child;
mod encoders;
mod memory;
mod models;
mod objects;
mod parameters;
mod paths;
mod probing;
mod regressors;
mod result;
mod subject;
mod suite;
mod surroundings;

use std::path::Path;
use std::time::{Duration, Instant};

use ocean_loader::{ProbedPlugin, Prober, SearchPath, probe};
use serde_json::{Map, Value};

use crate::plan::check_given;
use crate::problem::{Problem, Refusal, suggestion};

pub use child::{Request, child_main};
pub use result::{CheckResult, Outcome, Summary};
pub use suite::listed;

use probing::{Probing, unloaded};
use suite::{Check, Question};

pub use suite::Past;

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
    are_known(&options.only)?;
    let found = search
        .find(&options.plugin, Path::new("."))
        .map_err(|error| Problem::new(&options.plugin, error.to_string()))?;
    let begun = Instant::now();
    let probed = probe(prober, &found.path);
    let elapsed = begun.elapsed();
    let mut report = Report {
        summary: Summary::default(),
        tell: &mut tell,
    };
    let probing = match probed {
        Ok(probed) => Probing { probed, elapsed },
        Err(error) => {
            // A library that does not load is the result of one check, and the end of the others.
            let (name, outcome) = unloaded(&error);
            let check = suite::find(name).unwrap_or(&suite::SUITE[0]);
            report.add(&check.result(&options.plugin, outcome));
            return Ok(report.summary);
        }
    };
    let is_asked = |id: &str| found.id.as_ref().is_none_or(|asked| asked == id);
    let plugins = probing.probed.plugins.iter();
    let plugins: Vec<_> = plugins.filter(|p| is_asked(&p.descriptor.id)).collect();
    for plugin in &plugins {
        let descriptor = &plugin.descriptor;
        let title = format!("{} `{}`", descriptor.kind, descriptor.id);
        check_given(&options.params, &descriptor.schema, &title)?;
    }
    let params = options.params.iter().cloned().collect::<Map<_, _>>();
    let bench = Bench {
        options,
        file: &found.path,
        probing: &probing,
        params: Value::Object(params),
        program: prober.program(),
    };
    for plugin in plugins {
        bench.check(plugin, &mut report);
    }
    Ok(report.summary)
}

/// Refuses the name of a check that does not exist.
fn are_known(names: &[String]) -> Result<(), Refusal> {
    let Some(name) = names.iter().find(|name| suite::find(name).is_none()) else {
        return Ok(());
    };
    let known = suggestion(name, suite::SUITE.iter().map(|check| check.name));
    let message = format!("there is no check `{name}`{known}");
    Err(Problem::new("--only", message)
        .with_try("ocean-host plugin check --list")
        .into())
}

/// Counts results and passes them on as they come.
struct Report<'a> {
    summary: Summary,
    tell: &'a mut dyn FnMut(&CheckResult),
}

impl Report<'_> {
    fn add(&mut self, result: &CheckResult) {
        (self.tell)(result);
        self.summary.count(result);
    }
}

/// What the plugins of one library are checked with.
struct Bench<'a> {
    options: &'a Options,
    file: &'a Path,
    probing: &'a Probing,
    params: Value,
    program: &'a Path,
}

impl Bench<'_> {
    /// Runs the checks of a plugin in turn.
    fn check(&self, plugin: &ProbedPlugin, report: &mut Report) {
        let only = &self.options.only;
        let is_wanted = |check: &Check| only.is_empty() || only.iter().any(|n| n == check.name);
        let id = &plugin.descriptor.id;
        let mut is_usable = true;
        for check in suite::SUITE.iter().filter(|check| is_wanted(check)) {
            if !check.applies_to(plugin.descriptor.kind) {
                continue;
            }
            let outcome = match check.question {
                _ if !is_usable => Outcome::Skipped("ordinary data fail already".into()),
                Question::Probing(ask) => ask(self.probing),
                Question::Listened(_) if probing::is_silent(self.probing) != Outcome::Success => {
                    Outcome::Skipped("it writes when it is loaded already".into())
                }
                _ => self.ask(id, check),
            };
            let result = check.result(id, outcome);
            report.add(&result);
            // Everything else asks for ordinary work, too: one failure should not be told thirty
            // times.
            is_usable &= !check.is_basic || result.is_sound();
        }
    }

    fn ask(&self, id: &str, check: &Check) -> Outcome {
        let request = child::Request {
            file: self.file,
            id,
            check: check.name,
            seed: self.options.seed,
            params: &self.params,
            past: Past::None,
        };
        if self.options.is_in_process {
            child::here(&request)
        } else {
            child::apart(check, &request, self.program, TIME_LIMIT)
        }
    }
}
