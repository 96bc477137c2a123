//! A plugin's manifest, `FILE.json` beside its library: what `plugin info` found there, so that
//! `plugin list` can tell without running the library.
//!
//! It is believed only while it names the hash of the library's bytes, and only for listing: before
//! a library is loaded, it is always probed.

use std::path::{Path, PathBuf};

use ocean_loader::{Probed, hash_of};

use crate::keep::atomic::{self, WriteError};

/// The manifest of a library.
pub fn path_of(library: &Path) -> PathBuf {
    let mut path = library.as_os_str().to_owned();
    path.push(".json");
    path.into()
}

/// Writes it.
///
/// # Errors
/// [`WriteError`] naming the file; also when there is one of that name which is no manifest, and so
/// not ours to replace.
pub fn write(library: &Path, probed: &Probed) -> Result<PathBuf, WriteError> {
    let path = path_of(library);
    if let Ok(there) = std::fs::read(&path)
        && serde_json::from_slice::<Probed>(&there).is_err()
    {
        let what = "it is there already and is no manifest of a plugin; move it away";
        let source = std::io::Error::other(what);
        return Err(WriteError { path, source });
    }
    let mut text = serde_json::to_vec_pretty(probed).unwrap_or_default();
    text.push(b'\n');
    atomic::write(&path, &text)?;
    Ok(path)
}

/// What it says; `None` when there is none, and a sentence when it is of other bytes.
pub fn read(library: &Path) -> Option<Result<Probed, String>> {
    let path = path_of(library);
    let text = std::fs::read(&path).ok()?;
    let stale = || {
        format!(
            "{} is not of this library's bytes; make it again with `plugin info {} --manifest`",
            path.display(),
            library.display()
        )
    };
    let probed: Option<Probed> = serde_json::from_slice(&text).ok();
    let is_of_it = |probed: &Probed| hash_of(library).is_ok_and(|hash| hash == probed.hash);
    Some(probed.filter(is_of_it).ok_or_else(stale))
}
