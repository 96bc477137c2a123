//! `results.json`: written, read back, and refused when it would not read back as what was meant.
//!
//! JSON has no NaN; the library would write null, which here means "not computed". So every document is read back before it is handed out and must
//! equal what went in. That one comparison covers every number in it, also those added later. The layout is described for others in
//! `docs/results.schema.json`.

use std::path::Path;

use super::csv::{self, Field};
use super::error::ReportError;
use super::model::{SCHEMA_VERSION, StudyResults};

/// The document as text: indented, fields in the order of the types, numbers as the shortest decimal that reads back to the same f64.
///
/// # Errors
/// [`ReportError::NotFinite`] or [`ReportError::Invalid`] when it would not read back as `results`.
pub fn to_text(results: &StudyResults) -> Result<String, ReportError> {
    let invalid = |problem: String| ReportError::Invalid {
        path: "results.json".into(),
        problem,
    };
    let mut text = serde_json::to_string_pretty(results).map_err(|e| invalid(e.to_string()))?;
    text.push('\n');
    match serde_json::from_str::<StudyResults>(&text) {
        Ok(back) if back == *results => Ok(text),
        outcome => Err(first_not_finite(results).unwrap_or_else(|| {
            invalid(match outcome {
                Ok(_) => "a number outside the cells is not finite".to_owned(),
                Err(error) => error.to_string(),
            })
        })),
    }
}

/// The first number of a cell that is NaN or infinite, by name.
fn first_not_finite(results: &StudyResults) -> Option<ReportError> {
    results.cells.iter().find_map(|cell| {
        csv::COLUMNS
            .iter()
            .find_map(|(column, fill)| match fill(cell) {
                Field::Number(Some(value)) if !value.is_finite() => Some(ReportError::NotFinite {
                    what: format!("{column} of {}", csv::name_of(cell)),
                    value,
                }),
                _ => None,
            })
    })
}

/// Reads `results.json`. Fields this version does not know are ignored.
///
/// # Errors
/// [`ReportError::Read`], [`ReportError::SchemaVersion`] when another layout is found, [`ReportError::Invalid`] with line and column for anything else.
pub fn read(path: &Path) -> Result<StudyResults, ReportError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReportError::Read {
        path: path.to_owned(),
        source,
    })?;
    from_text(&text, path)
}

/// As [`read`], from text; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub fn from_text(text: &str, path: &Path) -> Result<StudyResults, ReportError> {
    let invalid = |error: serde_json::Error| ReportError::Invalid {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    // The version is looked at first: another layout would fail on some field, and that message would mislead.
    let version: Version = serde_json::from_str(text).map_err(invalid)?;
    if version.schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ReportError::SchemaVersion {
            path: path.to_owned(),
            found: version.schema_version,
            expected: SCHEMA_VERSION,
        });
    }
    serde_json::from_str(text).map_err(invalid)
}

#[derive(serde::Deserialize)]
struct Version {
    schema_version: u64,
}
