//! What can go wrong when a report is rendered, or when results are read from their text.

use std::io;

use crate::model::SCHEMA_VERSION;

/// What to tell a user to whom such a number was about to be shown.
pub(crate) const NOT_FINITE_REMEDY: &str = "only finite numbers are reported. This is a fault of ocean-host, not of your data: please report it with the command you ran";

/// A report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A number that is not finite reached the report. Nothing is rendered then: an empty field
    /// means "not computed", and must not hide this.
    #[error("{what} is {value}; {NOT_FINITE_REMEDY}")]
    NotFinite {
        /// Whose number: column and cell.
        what: String,
        /// The number: NaN or an infinity.
        value: f64,
    },
    /// What a table was written to failed.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// `results.json` would not read back as what was to be written.
    #[error("results.json: {0}")]
    Unreadable(ReadError),
    /// A picture could not be drawn as PNG.
    #[error("plots/{name}.png: {problem}")]
    Picture {
        /// Its name.
        name: String,
        /// Why.
        problem: String,
    },
}

/// For whoever writes a table among other files.
impl From<ReportError> for io::Error {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Write(error) => error,
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// A text is not that of a `results.json` which this version reads. Whose text it is, the caller
/// knows and says before.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not valid: what is wrong, with line and column.
    #[error(
        "{0}\n  try: run `ocean-host eval` again; results.json is written by it and is not meant to be edited"
    )]
    Invalid(String),
    /// It was written by a version with another layout.
    #[error(
        "schema_version is {found}, this ocean-host reads {SCHEMA_VERSION}\n  try: render the report with the ocean-host that wrote it, or run `eval` again"
    )]
    SchemaVersion {
        /// What the file says.
        found: u64,
    },
}
