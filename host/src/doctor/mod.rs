//! The doctor: what is empty, impossible or fragile about a study, in sentences.
//!
//! Each finding says what was seen, what it may mean and which setting to try. [`alignment`] runs before the long work, because vectors that do not belong
//! to their texts make everything after it meaningless; [`examine`] runs on the finished cells. The measurements are the engine's.

pub mod alignment;
mod examine;

pub use examine::{Facts, ValueBySize, examine};

use crate::report::model::{Finding, Severity};

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
