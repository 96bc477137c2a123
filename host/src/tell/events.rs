//! What `--format json` writes to stdout: one object a line, for programs that embed the tool.
//! `docs/events.md` describes each; a test holds the two together. The lines of a result are the
//! report's.
//!
//! Additions are free, as new events and as new fields; a name that is here stays. A program should
//! skip what it does not know.

use std::path::Path;

use serde::Serialize;

use ocean_report::events;
use ocean_report::model::StudyResults;

/// The layout of the stream; another number means that names have changed.
pub const EVENTS_VERSION: u32 = 1;

/// One line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    /// The first line.
    Started {
        /// [`EVENTS_VERSION`].
        events_version: u32,
        /// Version of the program.
        version: &'a str,
        /// The command: `eval`, `encode`, `run` or `merge`.
        command: &'a str,
        /// The configuration as it was named; of `run` and `merge` the plan.
        config: &'a Path,
    },
    /// A stage of the work begins.
    StageStarted {
        /// Its name, for people.
        stage: &'a str,
        /// Its steps; 0: not known.
        total: u64,
    },
    /// A stage goes on; some seconds apart.
    StageProgress {
        /// Its name.
        stage: &'a str,
        /// Steps done.
        done: u64,
        /// Steps of all; 0: not known.
        total: u64,
        /// Seconds since it began.
        elapsed_s: f64,
        /// Seconds left at this speed; null before anything is done.
        eta_s: Option<f64>,
    },
    /// A stage is complete.
    StageFinished {
        /// Its name.
        stage: &'a str,
        /// Steps done.
        done: u64,
        /// Steps of all.
        total: u64,
        /// Seconds it took.
        elapsed_s: f64,
    },
    /// A stage was left before its end: Ctrl-C or an error.
    StageInterrupted {
        /// Its name.
        stage: &'a str,
        /// Steps done.
        done: u64,
        /// Steps of all.
        total: u64,
        /// Seconds it took.
        elapsed_s: f64,
    },
    /// To be read even when everything else goes well.
    Warning {
        /// One line.
        message: &'a str,
    },
    /// Good to know.
    Note {
        /// One line.
        message: &'a str,
    },
    /// With `--dry-run`: nothing was run.
    Planned {
        /// The plan with every default filled in.
        plan: &'a str,
    },
    /// The last line of a run that left its results.
    Finished {
        /// The folder with the results; null when nothing was written.
        out: Option<&'a Path>,
        /// Cells with a result.
        cells: usize,
        /// Cells without; more than 0: the exit code is 1.
        failed: usize,
    },
    /// The last line of one that did not.
    Error {
        /// What is said to people on stderr.
        message: &'a str,
        /// The program's exit code.
        exit_code: u8,
    },
}

impl Event<'_> {
    /// The line, with its end.
    pub fn line(&self) -> String {
        events::line(self)
    }
}

/// The results of a study, line by line, and the last line.
pub fn of_results(results: &StudyResults, out: &Path) -> String {
    let finished = Event::Finished {
        out: Some(out),
        cells: results.cells.len(),
        failed: results.failed.len(),
    };
    events::of_results(results) + &finished.line()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use ocean_report::events::ResultEvent;
    use ocean_report::model::{CellResult, FailedCell, Finding, Severity};

    /// Each event of the page with its fields, in order.
    fn documented() -> BTreeMap<String, Vec<String>> {
        let page = include_str!("../../../docs/events.md");
        let first = |line: &str| line.split('`').nth(1).map(str::to_owned);
        let events = page.split("\n## ").skip(1).map(|part| {
            let fields = part.lines().filter(|line| line.starts_with("- "));
            (first(part).unwrap(), fields.filter_map(first).collect())
        });
        events.collect()
    }

    #[test]
    fn every_event_is_documented_with_exactly_its_fields() {
        let (path, stage) = (Path::new("p"), "s");
        let finding = Finding {
            severity: Severity::Note,
            code: "c".into(),
            about: Vec::new(),
            seen: "s".into(),
            meaning: "m".into(),
            remedy: "r".into(),
        };
        let cell = CellResult::default();
        let (done, total, elapsed_s) = (1, 2, 0.5);
        let failed = FailedCell {
            encoder: "e".into(),
            regressor: "r".into(),
            target: "t".into(),
            reason: "why".into(),
        };
        let all = [
            Event::Started {
                events_version: EVENTS_VERSION,
                version: "v",
                command: "eval",
                config: path,
            },
            Event::StageStarted { stage, total },
            Event::StageProgress {
                stage,
                done,
                total,
                elapsed_s,
                eta_s: None,
            },
            Event::StageFinished {
                stage,
                done,
                total,
                elapsed_s,
            },
            Event::StageInterrupted {
                stage,
                done,
                total,
                elapsed_s,
            },
            Event::Warning { message: "m" },
            Event::Note { message: "m" },
            Event::Planned { plan: "p" },
            Event::Finished {
                out: Some(path),
                cells: 1,
                failed: 0,
            },
            Event::Error {
                message: "m",
                exit_code: 2,
            },
        ];
        let of_results = [
            ResultEvent::Finding(&finding),
            ResultEvent::of(&cell),
            ResultEvent::Failed(&failed),
        ];
        let lines = all.iter().map(Event::line);
        let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines.chain(of_results.iter().map(events::line)) {
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            let mut fields: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            fields.retain(|field| field != "event");
            fields.sort();
            written.insert(value["event"].as_str().unwrap().to_owned(), fields);
        }
        let mut documented = documented();
        documented.values_mut().for_each(|fields| fields.sort());
        assert_eq!(written, documented);
    }
}
