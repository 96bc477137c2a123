//! The report's files in the results folder: written, rendered again, and refused when somebody
//! altered them.
//!
//! What they hold is `ocean-report`'s; here is where they go, and whether that place is ours.

use std::path::{Path, PathBuf};

use ocean_report::error::ReadError;
use ocean_report::model::StudyResults;
use ocean_report::{self, csv, json};
use rayon::prelude::*;

use crate::keep::atomic::{self, WriteError};
use crate::keep::run_folder::{ClaimError, DATA, RunFolder};

/// A report could not be written, or results could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file of somebody else is where a report goes.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// It could not be rendered.
    #[error(transparent)]
    Render(#[from] ocean_report::error::ReportError),
    /// `results.json` could not be read.
    #[error("cannot read {}: {source}\n  try: name a run directory, the --out of `ocean-host eval`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `results.json` is none, or that of another version.
    #[error("{}: {source}", path.display())]
    Results {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// results.json was altered after the run: a hand, a bad disk, half a copy.
    #[error("{}: {what}; its numbers are not believed\n  try: {}", path.display(), remedy(*is_at_work))]
    Changed {
        /// The run directory.
        path: PathBuf,
        /// Which files, and how they differ.
        what: String,
        /// A run is unfinished there: it may have been killed while it wrote them.
        is_at_work: bool,
    },
}

fn remedy(is_at_work: bool) -> &'static str {
    if is_at_work {
        "the same `ocean-host eval` again, which finishes the run that was begun there"
    } else {
        "put back what the run wrote, from a copy; or `ocean-host eval` with --fresh, which computes the run anew"
    }
}

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

/// Renders every report of a run directory again, from its `results.json` alone, and returns what
/// it read.
///
/// # Errors
/// [`ReportError`] naming the file; [`ReportError::Changed`] when it is not what the run wrote.
pub fn render_again(dir: &Path) -> Result<StudyResults, ReportError> {
    let mut folder = RunFolder::of(dir)?;
    check_written(&folder, &["results.json"])?;
    let results = read(&dir.join("results.json"))?;
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
    what.extend(difference(folder.path()));
    Err(ReportError::Changed {
        path: folder.path().to_owned(),
        what: what.join("; "),
        is_at_work: folder.is_at_work(),
    })
}

/// The same numbers stand in results.csv: where the two part is where to look.
fn difference(dir: &Path) -> Option<String> {
    let results = read(&dir.join("results.json")).ok()?;
    let table = std::fs::read(dir.join("results.csv")).ok()?;
    csv::first_difference(&table, &results.cells)
}

fn read(path: &Path) -> Result<StudyResults, ReportError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReportError::Read {
        path: path.to_owned(),
        source,
    })?;
    json::from_text(&text).map_err(|source| ReportError::Results {
        path: path.to_owned(),
        source,
    })
}

fn render_all(folder: &mut RunFolder, results: &StudyResults) -> Result<(), ReportError> {
    let files = ocean_report::files(results)?;
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    folder.claim(&names)?;
    let dir = folder.path().to_owned();
    atomic::create_folder(&dir.join("plots"))?;
    files
        .par_iter()
        .try_for_each(|file| atomic::write(&dir.join(&file.name), &file.bytes))?;
    folder.remove_others("plots", &names)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A study of which nothing is left.
    const EMPTY: &str = r#"{"schema_version": 1, "version": "0.1.0", "study": "s", "seed": 1,
        "level": 0.05, "smallest_effect": null, "folds": 5, "repeats": 1, "permutations": 9,
        "exchange": "blocks", "data": {"file": "t.csv", "n_rows": 6, "n_groups": null,
        "dropped": [], "mean_characters": null}, "encoders": [], "regressors": [], "targets": [],
        "omnibus_p": null, "cells": [], "findings": []}"#;

    #[test]
    fn what_is_written_is_read_again_and_rendered_to_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let results = json::from_text(EMPTY).unwrap();
        let mut run = RunFolder::of(folder.path()).unwrap();
        write_all(&mut run, &results).unwrap();
        for name in DATA
            .iter()
            .filter(|name| !folder.path().join(name).exists())
        {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        // By its list the run knows its own files again.
        let files = run.manifest().unwrap();
        let provenance = serde_json::json!({ "ocean_host": "", "fingerprint": "", "files": files });
        let path = folder.path().join("provenance.json");
        std::fs::write(path, provenance.to_string()).unwrap();
        let page = folder.path().join("report.html");
        let picture = folder.path().join("plots/forest.png");
        let before = [&page, &picture].map(|path| std::fs::read(path).unwrap());
        std::fs::remove_file(&page).unwrap();
        assert_eq!(render_again(folder.path()).unwrap(), results);
        assert_eq!(
            [&page, &picture].map(|path| std::fs::read(path).unwrap()),
            before
        );
    }

    #[test]
    fn a_folder_without_results_and_a_broken_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let missing = render_again(folder.path()).unwrap_err().to_string();
        let expected = format!("cannot read {}: ", path.display());
        assert!(missing.starts_with(&expected), "{missing}");
        std::fs::write(&path, "{\"schema_version\": 2}").unwrap();
        let newer = render_again(folder.path()).unwrap_err().to_string();
        let expected = format!(
            "{}: schema_version is 2, this ocean-host reads 1\n",
            path.display()
        );
        assert!(newer.starts_with(&expected), "{newer}");
    }
}
