//! Where models come from: the host finds them, a plugin receives a folder.
//!
//! What a user types for a parameter of `"format": "model"` is, in this order: a folder, relative
//! to plugins.toml; a name in a Hugging Face cache of this machine; with `download = true`, a name
//! that is fetched into that cache. Nothing else reaches the network.

mod cache;
mod download;
mod name;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use cache::{Caches, Snapshot};
pub(crate) use download::offline_variable;
use name::ModelName;

use crate::tell::progress::Progress;

/// Finds models for the encoders of a study.
pub struct Models<'a> {
    caches: Caches,
    may_fetch: bool,
    progress: &'a Progress,
    interrupted: &'a AtomicBool,
}

/// Why there is no folder of a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Neither a folder nor a name.
    #[error(
        "\"{typed}\" is no folder beside plugins.toml, and no name of a model (ORGANISATION/NAME)"
    )]
    NoName {
        /// What stands in plugins.toml.
        typed: String,
    },
    /// A name that is nowhere here, and may not be fetched.
    #[error(
        "\"{typed}\" is not on this machine: no folder of that name beside plugins.toml, and not in {caches}\n  \
         try: download = true in this [[encoder]]; or `hf download {id}`, here or on another machine; or the path of a folder that holds it"
    )]
    Absent {
        /// What stands in plugins.toml.
        typed: String,
        /// Its full name.
        id: String,
        /// The caches that were looked into.
        caches: String,
    },
    /// An interrupted download of this or another program.
    #[error("\"{typed}\": {} lacks {lacks}, as after an interrupted download\n  try: download = true in this [[encoder]], which fetches the rest; or its path as `model`, where the model is whole without it", folder.display())]
    Incomplete {
        /// What stands in plugins.toml.
        typed: String,
        /// The snapshot.
        folder: PathBuf,
        /// The file that is not there.
        lacks: String,
    },
    /// Not now: `--dry-run` and the tasks of a planned study fetch nothing.
    #[error(
        "\"{typed}\" is to be downloaded, which --dry-run and the tasks of a planned study do not do, and it is not in {caches}\n  try: `ocean-host encode plugins.toml` first, with the same HF_HOME"
    )]
    NotFetched {
        /// What stands in plugins.toml.
        typed: String,
        /// The caches that were looked into.
        caches: String,
    },
    /// The download failed.
    #[error("\"{typed}\": {source}")]
    Download {
        /// What stands in plugins.toml.
        typed: String,
        /// Why.
        source: download::DownloadError,
    },
}

impl<'a> Models<'a> {
    /// The caches that the environment names; `may_fetch`: whether `download = true` is obeyed now.
    pub fn new(progress: &'a Progress, interrupted: &'a AtomicBool, may_fetch: bool) -> Self {
        Self {
            caches: Caches::from_environment(),
            may_fetch,
            progress,
            interrupted,
        }
    }

    /// The absolute folder of a model: `typed` is what stands in plugins.toml, whose folder is
    /// `base`; `download`: whether this encoder asks for it.
    ///
    /// # Errors
    /// [`ModelError`], with the ways to get the model.
    pub fn folder(&self, typed: &str, base: &Path, download: bool) -> Result<PathBuf, ModelError> {
        let folder = base.join(typed);
        if folder.is_dir() {
            return Ok(folder);
        }
        self.named(typed, download)
    }

    /// The folder of a model that has a name, never a path: for names that came in a file of
    /// somebody else's, too.
    ///
    /// # Errors
    /// As [`Models::folder`].
    pub fn named(&self, typed: &str, download: bool) -> Result<PathBuf, ModelError> {
        let typed = typed.to_owned();
        let Some(name) = ModelName::parse(&typed) else {
            return Err(ModelError::NoName { typed });
        };
        let incomplete = match self.caches.find(&name) {
            Some(Snapshot {
                folder,
                lacks: None,
            }) => return Ok(folder),
            Some(Snapshot {
                folder,
                lacks: Some(lacks),
            }) => Some((folder, lacks)),
            None => None,
        };
        if download && !self.may_fetch {
            return Err(ModelError::NotFetched {
                typed,
                caches: self.caches.listed(),
            });
        }
        if download {
            return download::fetch(&name, self.caches.first(), self.progress, self.interrupted)
                .map_err(|source| ModelError::Download { typed, source });
        }
        Err(match incomplete {
            Some((folder, lacks)) => ModelError::Incomplete {
                typed,
                folder,
                lacks,
            },
            None => ModelError::Absent {
                typed,
                id: name.id,
                caches: self.caches.listed(),
            },
        })
    }
}
