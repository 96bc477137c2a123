//! The report: tables, pictures and sentences, all rendered from [`model::StudyResults`] alone.
//!
//! Names and bytes go out, nothing is written: [`files`] is everything that stands beside
//! `results.json`, [`json`] reads that file's text and writes it, [`terminal`] is the same report
//! for a screen. Where the files go, and whether that place may be written to, is the caller's.
//! What is said is decided in `wording` and `table`, once for all formats; the other modules only
//! know how their format writes it.

pub mod close_up;
pub mod comparing;
pub mod csv;
pub mod error;
pub mod escape;
pub mod events;
pub mod html;
pub mod json;
pub mod markdown;
pub mod methods;
pub mod model;
pub mod numbers;
pub mod ordered;
pub mod plot;
pub mod png;
pub mod run;
pub mod subgroups;
pub mod svg;
pub mod table;
pub mod terminal;
pub mod tested;
pub mod verdict;
pub mod what_now;
pub mod wording;
pub mod words;

use rayon::prelude::*;

use crate::error::ReportError;
use crate::model::StudyResults;

/// A file of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name in the results folder, with a slash where it lies in a folder of that.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Everything that is rendered from the results: tables, pages, and each picture as SVG and PNG.
///
/// # Errors
/// [`ReportError`] for a number that is not finite, and for a picture that cannot be drawn.
pub fn files(results: &StudyResults) -> Result<Vec<File>, ReportError> {
    let file = |name: &str, text: String| File {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    };
    let mut files = vec![
        file("report.md", markdown::render(results)),
        file("report.html", html::render(results)),
        file("methods.txt", methods::render(results)),
    ];
    if let Some(table) = methods::apa::table(results) {
        files.push(file("table.html", table.html()));
        files.push(file("table.tex", table.latex()));
    }
    files.push(file("results.csv", csv::results(&results.cells)?));
    let comparisons = csv::comparisons(&results.comparisons)?;
    files.push(file("comparisons.csv", comparisons));
    if let Some(test) = &results.test {
        files.push(file("test.csv", csv::tests(&test.cells)?));
    }
    if !results.subgroups.is_empty() {
        files.push(file("subgroups.csv", csv::subgroups(&results.subgroups)?));
    }
    let pictures = plot::all(results);
    let drawn: Result<Vec<_>, ReportError> = pictures.par_iter().map(drawn).collect();
    files.extend(drawn?.into_iter().flatten());
    Ok(files)
}

/// One picture in both formats.
///
/// # Errors
/// [`ReportError::Picture`].
pub fn drawn(picture: &plot::Picture) -> Result<[File; 2], ReportError> {
    let svg = picture.file();
    let png = png::render(&svg).map_err(|problem| ReportError::Picture {
        name: picture.name.clone(),
        problem,
    })?;
    let file = |suffix: &str, bytes| File {
        name: format!("plots/{}.{suffix}", picture.name),
        bytes,
    };
    Ok([file("svg", svg.into_bytes()), file("png", png)])
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
