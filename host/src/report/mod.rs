//! The report: tables, pictures and sentences, all rendered from [`model::StudyResults`] alone.
//!
//! `eval` fills the results and calls [`write_all`]; `ocean-host report DIR` calls [`render_again`], which reads `results.json` and nothing else.
//! What is said is decided in `wording` and `table`, once for all formats; the other modules only know how their format writes it.

pub mod csv;
pub mod error;
pub mod json;
pub mod model;
pub mod numbers;
pub mod table;
pub mod terminal;
pub mod wording;

use std::path::Path;

use self::error::ReportError;
use self::model::StudyResults;
use crate::atomic;

/// Writes `results.json` and every report into `dir`, which must exist.
///
/// # Errors
/// [`ReportError`] naming the file; files written before it stay, each of them whole.
pub fn write_all(dir: &Path, results: &StudyResults) -> Result<(), ReportError> {
    let text = json::to_text(results)?;
    atomic::write(&dir.join("results.json"), text.as_bytes())?;
    render_all(dir, results)
}

/// Renders every report of a run directory again, from its `results.json` alone, and returns what it read.
///
/// # Errors
/// [`ReportError`] naming the file.
pub fn render_again(dir: &Path) -> Result<StudyResults, ReportError> {
    let results = json::read(&dir.join("results.json"))?;
    render_all(dir, &results)?;
    Ok(results)
}

fn render_all(dir: &Path, results: &StudyResults) -> Result<(), ReportError> {
    csv::write_results(&dir.join("results.csv"), &results.cells)?;
    Ok(())
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
