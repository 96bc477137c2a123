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
    #[error("{}: {what} is not supported; {advice}{}", path.display(), way(folder))]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// What it asks for.
        what: String,
        /// What is, or what to try.
        advice: String,
        /// The model's, once it is known.
        folder: PathBuf,
    },
    /// A file, or a key in one, that is on no list: it may change vectors.
    #[error("{}: {what} is not known; vectors might differ{}", path.display(), way(folder))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The key, or the file itself.
        what: String,
        /// The model's, once it is known.
        folder: PathBuf,
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

impl Error {
    /// With the way to have the vectors of the model in `folder` all the same, where it is refused
    /// for what it is.
    pub(crate) fn of_model(mut self, model: &Path) -> Error {
        if let Error::Unsupported { folder, .. } | Error::Unknown { folder, .. } = &mut self {
            model.clone_into(folder);
        }
        self
    }
}

/// The step that always works: vectors made by sentence-transformers itself. One line, since a
/// plugin's message is one; Python takes it as it is.
fn way(folder: &Path) -> String {
    if folder.as_os_str().is_empty() {
        return String::new();
    }
    format!(
        concat!(
            r#"; try: embeddings = "x.npy" and ids = "x_ids.txt" in place of plugin and model, made with Python (file and columns are yours): "#,
            r#"import numpy, pandas, sentence_transformers; "#,
            r#"table = pandas.read_csv("texts.csv", dtype=str, keep_default_na=False); "#,
            r#"numpy.save("x.npy", sentence_transformers.SentenceTransformer({:?}).encode(list(table["text"]))); "#,
            r#"table["id"].to_csv("x_ids.txt", index=False, header=False)"#
        ),
        folder.display().to_string()
    )
}

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
        folder: PathBuf::new(),
    }
}

pub(crate) fn unknown(path: &Path, what: impl Into<String>) -> Error {
    Error::Unknown {
        path: path.to_owned(),
        what: what.into(),
        folder: PathBuf::new(),
    }
}

pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}
