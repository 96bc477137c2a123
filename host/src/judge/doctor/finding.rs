//! How findings are written down.

use ocean_report::model::{CellResult, Finding, Severity};

use crate::problem::listed_up_to;

/// Names shown before "and 17 more".
pub const MOST_LISTED: usize = 5;

/// The first few of some names.
pub fn listed(names: impl IntoIterator<Item = String>) -> String {
    listed_up_to(MOST_LISTED, names)
}

/// A cell in a finding.
pub fn name(cell: &CellResult) -> String {
    format!("{} · {} · {}", cell.encoder, cell.regressor, cell.target)
}

/// Writes down a finding; the three sentences are seen, meaning, try.
pub fn finding(
    severity: Severity,
    code: &str,
    about: Vec<String>,
    [seen, meaning, remedy]: [String; 3],
) -> Finding {
    Finding {
        severity,
        code: code.to_owned(),
        about,
        seen,
        meaning,
        remedy,
    }
}
