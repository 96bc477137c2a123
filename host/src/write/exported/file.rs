//! The file of an exported model: one JSON object, with a checksum over the rest of it.
//!
//! A file may come from anybody. It is data: it names plugins by id, version and hash, never a
//! library to load, and what is read here is bounded by its size.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::checks;
use super::model::Model;
use crate::keep::atomic::{self, WriteError};

/// The format that this version writes; it reads all from 1 on.
pub const FORMAT: u32 = 2;

/// Bytes of the largest file that is read: a model of more is not one.
const MOST_BYTES: u64 = 1 << 30;

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No such file, no permission, …
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else, or of another version.
    #[error("{} is no model that this ocean-host can read: {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Not what was written.
    #[error("{} is damaged: its checksum does not match; copy it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Model {
    /// Writes the model with its checksum.
    ///
    /// # Errors
    /// [`WriteError`] naming the file.
    pub fn write(&mut self, path: &Path) -> Result<(), WriteError> {
        let failed = |error: serde_json::Error| WriteError {
            path: path.to_path_buf(),
            source: error.into(),
        };
        self.checksum = String::new();
        self.checksum = checksum(&serde_json::to_vec(self).map_err(failed)?);
        let mut bytes = serde_json::to_vec(self).map_err(failed)?;
        bytes.push(b'\n');
        atomic::write(path, &bytes)
    }

    /// Reads a model and believes it step by step: its size, its format, that it is whole, that its
    /// parts fit each other.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let foreign = |what: String| ModelError::Foreign {
            path: path.to_path_buf(),
            what,
        };
        let bytes = read_bounded(path)?;
        let head: Head = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        match head.ocean_model {
            Some(1..=FORMAT) => {}
            Some(format) => {
                return Err(foreign(format!(
                    "its format is {format}, at most {FORMAT} is expected; use an ocean-host of its version"
                )));
            }
            None => return Err(foreign("it has no `ocean_model`".into())),
        }
        if !is_as_written(&bytes) {
            return Err(ModelError::Damaged {
                path: path.to_path_buf(),
            });
        }
        let model: Self = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        checks::check(&model).map_err(foreign)?;
        Ok(model)
    }
}

/// What every format begins with.
#[derive(Deserialize)]
struct Head {
    ocean_model: Option<u32>,
}

/// The bytes of a regular file of at most [`MOST_BYTES`].
fn read_bounded(path: &Path) -> Result<Vec<u8>, ModelError> {
    let failed = |source: std::io::Error| ModelError::Read {
        path: path.to_path_buf(),
        source,
    };
    let foreign = |what: &str| ModelError::Foreign {
        path: path.to_path_buf(),
        what: what.to_owned(),
    };
    // Asked of the path: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(foreign("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match bytes.len() as u64 > MOST_BYTES {
        true => Err(foreign("it has more than 1 GB")),
        false => Ok(bytes),
    }
}

/// The checksum, which is the last field, is that of the file with an empty one.
fn is_as_written(bytes: &[u8]) -> bool {
    const FIELD: &[u8] = b"\"checksum\":\"";
    let bytes = bytes.trim_ascii_end();
    let Some(rest) = bytes.strip_suffix(b"\"}") else {
        return false;
    };
    let Some(at) = rest.len().checked_sub(blake3::OUT_LEN * 2) else {
        return false;
    };
    let (before, written) = rest.split_at(at);
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(b"\"}");
    before.ends_with(FIELD) && hasher.finalize().to_hex().as_bytes() == written
}

fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
