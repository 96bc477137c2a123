//! The doctor: what is empty, impossible or fragile about a study, in sentences.
//!
//! Each finding says what was seen, what it may mean and which setting to try. [`alignment`] runs before the long work, because vectors that do not belong
//! to their texts make everything after it meaningless; [`data`] and [`vectors`] need no work at all, so that `--dry-run` says what they see; [`examine()`] runs on the finished cells, subject by subject. The measurements are the engine's.

pub mod advice;
pub mod alignment;
mod control_cells;
pub mod data;
mod examine;
pub mod facts;
mod grouping;
mod models;
mod p_values;
mod rater_columns;
mod rater_pairs;
mod repeated_text;
pub mod script;
mod spelling;
mod target_values;
mod text_rows;
pub mod vectors;
mod yardsticks;

pub use examine::examine;
pub use facts::{Facts, ValueBySize};

use crate::problem::listed_up_to;
use crate::report::model::{CellResult, Finding, Severity};

/// Names shown before "and 17 more".
const MOST_LISTED: usize = 5;

/// The first few of some names.
fn listed(names: impl IntoIterator<Item = String>) -> String {
    listed_up_to(MOST_LISTED, names)
}

/// A cell in a finding.
fn name(cell: &CellResult) -> String {
    format!("{} · {} · {}", cell.encoder, cell.regressor, cell.target)
}

/// Label of the control made of text length alone.
pub const LENGTH: &str = "length";
/// Label of the control of text-hashed noise.
pub const RANDOM: &str = "random";
/// Label of the control of group-hashed noise.
pub const RANDOM_GROUP: &str = "random_group";
/// Label, and plugin id, of the control of hashed n-grams.
pub const LEXICAL: &str = "lexical";

/// Writes down a finding; the three sentences are seen, meaning, try.
pub(crate) fn finding(
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
