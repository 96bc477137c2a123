//! A note of the files that a command is about to write into a folder of the user's, so that the
//! same command, after a kill or a full disk in the middle, knows those it has written as its own.
//!
//! For commands that write several files and replace nobody else's. The note lies beside the files
//! as long as some are missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::keep::atomic::{self, WriteError};

/// The name of the note.
const NOTE: &str = ".ocean-host-unfinished.json";

/// A note that is there until all is written.
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Notes down files of one folder, which exists.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn note(folder: &Path, files: &[PathBuf]) -> Result<Self, WriteError> {
        let names: BTreeSet<String> = files.iter().filter_map(|path| name(path)).collect();
        let path = folder.join(NOTE);
        let text = serde_json::to_vec_pretty(&names).unwrap_or_default();
        atomic::write(&path, &text)?;
        Ok(Self(path))
    }

    /// All is written.
    ///
    /// # Errors
    /// [`WriteError`] when the note cannot be removed.
    pub fn end(self) -> Result<(), WriteError> {
        std::fs::remove_file(&self.0).map_err(|source| WriteError {
            path: self.0,
            source,
        })
    }
}

/// Is this a file that a command began to write and did not finish?
pub fn has(path: &Path) -> bool {
    let names = || -> Option<BTreeSet<String>> {
        let note = std::fs::read(path.parent()?.join(NOTE)).ok()?;
        serde_json::from_slice(&note).ok()
    };
    names().is_some_and(|names| name(path).is_some_and(|name| names.contains(&name)))
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_ours_until_all_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let note = Unfinished::note(folder.path(), &[path("a.npy"), path("b.txt")]).unwrap();
        assert!(has(&path("a.npy")) && has(&path("b.txt")));
        assert!(!has(&path("thesis.tex")));
        note.end().unwrap();
        assert!(!has(&path("a.npy")));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
