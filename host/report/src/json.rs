//! `results.json`: written, read back, and refused when it would not read back as what was meant.
//!
//! JSON has no NaN; the library would write null, which here means "not computed". So every
//! document is read back before it is handed out and must equal what went in. That one comparison
//! covers every number in it, also those added later. The layout is described for others in
//! `docs/results.schema.json`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::csv::{self, Field};
use crate::error::{ReadError, ReportError};
use crate::model::{CellResult, FailedCell, SCHEMA_VERSION, StudyResults};

/// The same without numbers that are none, so that one cell whose arithmetic left the range of
/// numbers does not cost the others their report: what may be missing is missing then, with a note,
/// and a cell without what every cell has is among those that failed.
#[must_use]
pub fn settled(mut results: StudyResults) -> StudyResults {
    let cells = std::mem::take(&mut results.cells);
    for cell in cells {
        match as_read_back(&cell) {
            Some(same) if same == cell => results.cells.push(cell),
            Some(mut settled) => {
                let names = not_finite(&cell).map(|(name, _)| name);
                let names = names.collect::<Vec<_>>().join(", ");
                let note = match names.as_str() {
                    "" => "some numbers for the pictures are out of range".to_owned(),
                    names => format!("{names} not computed: out of the range of numbers"),
                };
                let notes = [std::mem::take(&mut settled.notes), note];
                let notes: Vec<String> = notes.into_iter().filter(|n| !n.is_empty()).collect();
                settled.notes = notes.join("; ");
                results.cells.push(settled);
            }
            None => {
                let what = not_finite(&cell).next();
                let what = what.map_or("a number".to_owned(), |(name, value)| {
                    format!("{name} is {value}: it")
                });
                results.failed.push(FailedCell {
                    reason: format!("{what} is out of the range of numbers"),
                    encoder: cell.encoder,
                    regressor: cell.regressor,
                    target: cell.target,
                });
            }
        }
    }
    let comparisons = results.comparisons.into_iter();
    results.comparisons = comparisons.filter_map(|one| as_read_back(&one)).collect();
    if let Some(test) = &mut results.test {
        let cells = std::mem::take(&mut test.cells).into_iter();
        test.cells = cells.filter_map(|one| as_read_back(&one)).collect();
    }
    let subgroups = results.subgroups.into_iter();
    results.subgroups = subgroups.filter_map(|one| as_read_back(&one)).collect();
    let close_ups = results.close_ups.into_iter();
    results.close_ups = close_ups.filter_map(|one| as_read_back(&one)).collect();
    results
}

/// What a reader of its JSON would have: what is no number is missing. `None` where it may not be.
fn as_read_back<T: Serialize + DeserializeOwned>(value: &T) -> Option<T> {
    serde_json::from_value(serde_json::to_value(value).ok()?).ok()
}

/// The columns of a cell that are no numbers.
fn not_finite(cell: &CellResult) -> impl Iterator<Item = (&'static str, f64)> + '_ {
    csv::COLUMNS
        .iter()
        .filter_map(|(column, fill)| match fill(cell) {
            Field::Number(Some(value)) if !value.is_finite() => Some((*column, value)),
            _ => None,
        })
}

/// The document as text: indented, fields in the order of the types, numbers as the shortest
/// decimal that reads back to the same f64.
///
/// # Errors
/// [`ReportError::NotFinite`] or [`ReportError::Unreadable`] when it would not read back as
/// `results`.
pub fn to_text(results: &StudyResults) -> Result<String, ReportError> {
    let invalid = |problem| ReportError::Unreadable(ReadError::Invalid(problem));
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
        let (column, value) = not_finite(cell).next()?;
        Some(ReportError::NotFinite {
            what: format!("{column} of {}", csv::name_of(cell)),
            value,
        })
    })
}

/// Reads the text of a `results.json`. Fields this version does not know are ignored.
///
/// # Errors
/// [`ReadError::SchemaVersion`] when another layout is found, [`ReadError::Invalid`] with line and
/// column for anything else.
pub fn from_text(text: &str) -> Result<StudyResults, ReadError> {
    let invalid = |error: serde_json::Error| ReadError::Invalid(error.to_string());
    // The version is looked at first: another layout would fail on some field, and that message
    // would mislead.
    let version: Version = serde_json::from_str(text).map_err(invalid)?;
    if version.schema_version != u64::from(SCHEMA_VERSION) {
        return Err(ReadError::SchemaVersion {
            found: version.schema_version,
        });
    }
    serde_json::from_str(text).map_err(invalid)
}

#[derive(serde::Deserialize)]
struct Version {
    schema_version: u64,
}
