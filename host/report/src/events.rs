//! The results as lines of JSON, one object a line: what `--format json` says of a finished run.
//!
//! `docs/events.md` describes each; a test of the host, which has the other events, holds the two
//! together.

use serde::Serialize;

use crate::escape;
use crate::model::{CellResult, FailedCell, Finding, StudyResults};
use crate::verdict::words;

/// One line of a result.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ResultEvent<'a> {
    /// What the doctor found, worst first: the fields of `findings` in results.json.
    Finding(&'a Finding),
    /// A result, the family first, then the controls.
    Cell {
        /// Label of the encoder.
        encoder: &'a str,
        /// Label of the regressor.
        regressor: &'a str,
        /// Label of the target.
        target: &'a str,
        /// Outside the family.
        is_control: bool,
        /// Rows.
        n: usize,
        /// Out-of-sample R².
        r2: f64,
        /// Lower end of its interval.
        ci_low: Option<f64>,
        /// Upper end of its interval.
        ci_high: Option<f64>,
        /// Permutation p.
        p: Option<f64>,
        /// p adjusted for the family.
        p_fwer: Option<f64>,
        /// The verdict; empty for controls.
        verdict: &'static str,
    },
    /// A cell that was planned and has no result: the fields of `failed` in results.json.
    Failed(&'a FailedCell),
}

impl<'a> ResultEvent<'a> {
    /// A cell in a line.
    #[must_use]
    pub fn of(cell: &'a CellResult) -> Self {
        Self::Cell {
            encoder: &cell.encoder,
            regressor: &cell.regressor,
            target: &cell.target,
            is_control: cell.is_control,
            n: cell.n,
            r2: cell.r2,
            ci_low: cell.ci_low,
            ci_high: cell.ci_high,
            p: cell.p,
            p_fwer: cell.p_fwer,
            verdict: words(cell.verdict),
        }
    }
}

/// The findings, the cells, the cells without a result: each with its end of line.
#[must_use]
pub fn of_results(results: &StudyResults) -> String {
    let findings = results.findings.iter().map(ResultEvent::Finding);
    let cells = results.cells.iter().map(ResultEvent::of);
    let failed = results.failed.iter().map(ResultEvent::Failed);
    let all = findings.chain(cells).chain(failed);
    all.map(|event| line(&event)).collect()
}

/// An event as a line with its end, that cannot steer a terminal.
pub fn line(event: &impl Serialize) -> String {
    // Every field is a string, a number or a path; of these only a path that is not UTF-8 cannot be
    // written.
    let refused = |error: serde_json::Error| {
        serde_json::json!({"event": "warning", "message": error.to_string()}).to_string()
    };
    escape::json(&serde_json::to_string(event).unwrap_or_else(refused)) + "\n"
}
