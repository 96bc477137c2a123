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
use crate::run_folder::{DATA, RunFolder};

/// Writes `results.json` and every report into the run's folder, which must exist.
///
/// # Errors
/// [`ReportError`] naming the file; files written before it stay, each of them whole.
pub fn write_all(folder: &mut RunFolder, results: &StudyResults) -> Result<(), ReportError> {
    let text = json::to_text(results)?;
    folder.claim(&DATA.map(str::to_owned))?;
    atomic::write(&folder.path().join("results.json"), text.as_bytes())?;
    render_all(folder, results)
}

/// Renders every report of a run directory again, from its `results.json` alone, and returns what it read.
///
/// # Errors
/// [`ReportError`] naming the file; [`ReportError::Changed`] when it is not what the run wrote.
pub fn render_again(dir: &Path) -> Result<StudyResults, ReportError> {
    let mut folder = RunFolder::of(dir);
    check_written(&folder, &["results.json"])?;
    let results = json::read(&dir.join("results.json"))?;
    render_all(&mut folder, &results)?;
    Ok(results)
}

/// Refuses files of a run that are not what it wrote.
///
/// # Errors
/// [`ReportError::Changed`], with what differs.
pub fn check_written(folder: &RunFolder, names: &[&'static str]) -> Result<(), ReportError> {
    let changed = folder.changed(names);
    if changed.is_empty() {
        return Ok(());
    }
    let mut what: Vec<String> = changed.iter().map(ToString::to_string).collect();
    let path = folder.path();
    // The same numbers stand in results.csv: where the two part is where to look.
    if let Ok(results) = json::read(&path.join("results.json")) {
        what.extend(csv::first_difference(
            &path.join("results.csv"),
            &results.cells,
        ));
    }
    Err(ReportError::Changed {
        path: path.to_owned(),
        what: what.join("; "),
        is_at_work: folder.is_at_work(),
    })
}

fn render_all(folder: &mut RunFolder, results: &StudyResults) -> Result<(), ReportError> {
    let mut texts = vec![
        ("report.md", markdown::render(results)),
        ("report.html", html::render(results)),
        ("methods.txt", methods::render(results)),
    ];
    if let Some(table) = methods::apa::table(results) {
        texts.push(("table.html", table.html()));
        texts.push(("table.tex", table.latex()));
    }
    let pictures = plot::all(results);
    let file = |picture: &plot::Picture, suffix: &str| format!("plots/{}.{suffix}", picture.name);
    let drawn: Vec<String> = pictures
        .iter()
        .flat_map(|picture| ["svg", "png"].map(|suffix| file(picture, suffix)))
        .collect();
    let names = texts.iter().map(|(name, _)| (*name).to_owned());
    let tables = ["results.csv", "comparisons.csv"].map(str::to_owned);
    let all: Vec<String> = names.chain(tables).chain(drawn.clone()).collect();
    folder.claim(&all)?;

    let dir = folder.path().to_owned();
    csv::write_results(&dir.join("results.csv"), &results.cells)?;
    csv::write_comparisons(&dir.join("comparisons.csv"), &results.comparisons)?;
    atomic::create_folder(&dir.join("plots"))?;
    pictures.par_iter().try_for_each(|picture| {
        let svg = picture.file();
        atomic::write(&dir.join(file(picture, "svg")), svg.as_bytes())?;
        let png = png::render(&svg).map_err(|problem| ReportError::Picture {
            name: picture.name.clone(),
            problem,
        })?;
        atomic::write(&dir.join(file(picture, "png")), &png)?;
        Ok::<(), ReportError>(())
    })?;
    for (name, text) in texts {
        atomic::write(&dir.join(name), text.as_bytes())?;
    }
    folder.remove_others("plots", &drawn)?;
    Ok(())
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
