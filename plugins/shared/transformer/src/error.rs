//! What can be wrong with a model folder, a setting or a run.

use std::path::{Path, PathBuf};

/// One failure: where, what was found, what was expected, what to try.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the folder is not there.
    #[error("{} is missing; {advice}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it is for, and what to try.
        advice: String,
    },
    /// The operating system did not let us read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is cut, garbled, or does not fit the others.
    #[error("{}: found {found}; expected {expected}; {}", path.display(), advice.as_deref().unwrap_or("the file is damaged or belongs to another model: fetch the model again"))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
        /// What to try, where it is not simply another copy.
        advice: Option<String>,
    },
    /// A sound model that this library cannot run.
    #[error("{}: {what} is not supported; {advice}", path.display())]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// What it asks for.
        what: String,
        /// What is, or what to try.
        advice: String,
    },
    /// A setting of the user's does not fit the model.
    #[error("{0}")]
    Setting(String),
    /// The tokenizer failed on a text.
    #[error("{}: the tokenizer failed on text {index}: {message}", path.display())]
    Tokenizer {
        /// The file it came from.
        path: PathBuf,
        /// Which text, from 0.
        index: usize,
        /// Its own words.
        message: String,
    },
    /// The model made something else than numbers.
    #[error("the vector of text {index} is not finite: the weights in {} hold NaN, infinite or absurd numbers; fetch the model again", path.display())]
    NotFinite {
        /// Which text, from 0.
        index: usize,
        /// The model's folder.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// What every function here may return.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn damaged(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        found: found.into(),
        expected: expected.into(),
        advice: None,
    }
}

pub(crate) fn unsupported(
    path: &Path,
    what: impl Into<String>,
    advice: impl Into<String>,
) -> Error {
    Error::Unsupported {
        path: path.to_owned(),
        what: what.into(),
        advice: advice.into(),
    }
}

pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}
