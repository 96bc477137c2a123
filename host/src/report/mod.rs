//! The report: tables, pictures and sentences, all rendered from [`model::StudyResults`] alone.
//!
//! `eval` fills the results and calls [`write_all`]; `ocean-host report DIR` calls [`render_again`], which reads `results.json` and nothing else.
//! What is said is decided in `wording` and `table`, once for all formats; the other modules only know how their format writes it.

pub mod close_up;
pub mod comparing;
pub mod csv;
pub mod error;
pub mod escape;
pub mod html;
pub mod json;
pub mod markdown;
pub mod methods;
pub mod model;
pub mod numbers;
pub mod plot;
pub mod png;
pub mod run;
pub mod svg;
pub mod table;
pub mod terminal;
pub mod wording;

use std::path::Path;

use rayon::prelude::*;

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
    csv::write_comparisons(&dir.join("comparisons.csv"), &results.comparisons)?;
    let plots = dir.join("plots");
    atomic::create_folder(&plots)?;
    plot::all(results).par_iter().try_for_each(|picture| {
        let svg = picture.file();
        let path = |suffix: &str| plots.join(format!("{}.{suffix}", picture.name));
        atomic::write(&path("svg"), svg.as_bytes())?;
        let png = png::render(&svg).map_err(|problem| ReportError::Picture {
            name: picture.name.clone(),
            problem,
        })?;
        atomic::write(&path("png"), &png)?;
        Ok::<(), ReportError>(())
    })?;
    let mut texts = vec![
        ("report.md", markdown::render(results)),
        ("report.html", html::render(results)),
        ("methods.txt", methods::render(results)),
    ];
    if let Some(table) = methods::apa::table(results) {
        texts.push(("table.html", table.html()));
        texts.push(("table.tex", table.latex()));
    }
    for (name, text) in texts {
        atomic::write(&dir.join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
