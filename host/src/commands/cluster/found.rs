//! The files that shards have left: where they lie, and what to say of those that are of no use.

use std::path::{Path, PathBuf};

use super::Place;
use super::error::ClusterError;
use super::file::{self, FileError, Header};
use super::frozen::{Frozen, difference};
use crate::problem::{Problem, shown_path};

/// The files of all shards.
pub(super) fn files(place: &Place) -> Result<Vec<PathBuf>, ClusterError> {
    let folder = place.results();
    file::all(&folder).map_err(|source| ClusterError::Folder { folder, source })
}

/// What to say of a file that belongs to another study.
pub(super) fn foreign(frozen: &Frozen, path: &Path, header: &Header) -> Option<Problem> {
    let differences = difference(&frozen.fingerprint, &header.fingerprint)?;
    let message = format!("belongs to another study (planned → there):\n{differences}");
    Some(Problem::new(shown_path(path), message).with_try("delete it"))
}

/// What to say of a file that cannot be used.
pub(super) fn useless(path: &Path, error: &FileError) -> String {
    format!("{} {error}; it is not used", shown_path(path))
}
