//! What can go wrong when a report is written or read.

use std::path::PathBuf;

use super::csv::NOT_FINITE_REMEDY;
use crate::atomic::WriteError;
use crate::run_folder::ClaimError;

/// A report could not be written, or results could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// `results.json` could not be read.
    #[error("cannot read {}: {source}\n  try: name a run directory, the --out of `ocean-host eval`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A number that is not finite reached the report. Nothing is written then: an empty field means "not computed", and must not hide this.
    #[error("{what} is {value}; {NOT_FINITE_REMEDY}")]
    NotFinite {
        /// Whose number: column and cell.
        what: String,
        /// The number: NaN or an infinity.
        value: f64,
    },
    /// `results.json` is not valid, or would not read back as what was to be written.
    #[error("{}: {problem}\n  try: run `ocean-host eval` again; results.json is written by it and is not meant to be edited", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        problem: String,
    },
    /// A file of somebody else is where a report goes.
    #[error(transparent)]
    Claim(#[from] ClaimError),
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
    /// A picture could not be drawn as PNG.
    #[error("plots/{name}.png: {problem}")]
    Picture {
        /// Its name.
        name: String,
        /// Why.
        problem: String,
    },
    /// Written by a version with another layout.
    #[error("{}: schema_version is {found}, this ocean-host reads {expected}\n  try: render the report with the ocean-host that wrote it, or run `eval` again", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: u64,
        /// What this program writes and reads.
        expected: u32,
    },
}

fn remedy(is_at_work: bool) -> &'static str {
    if is_at_work {
        "the same `ocean-host eval` again, which finishes the run that was begun there"
    } else {
        "put back what the run wrote, from a copy; or `ocean-host eval` with --fresh, which computes the run anew"
    }
}
