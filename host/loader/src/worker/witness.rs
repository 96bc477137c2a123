//! The file of a plugin while a study runs: every worker loads what was checked when the study was
//! planned, and its numbers count only while that is so.
//!
//! The file is kept open. A new file of the same name, which is what linkers and installers write,
//! leaves it as it was, and later workers load it from there; then what such a plugin looks for
//! beside itself is not found. A file that is written over changes under the feet of a worker: then
//! its numbers are nobody's.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::Plugin;
use crate::platform::{Stamp, is_at, read_at};

/// Bytes that are read at once.
const AT_ONCE: usize = 1 << 18;
/// A file written so lately may be written again without a later time of change.
const SETTLED: Duration = Duration::from_secs(2);

/// What is told of a file that is another now.
pub(super) const CHANGED: &str = "its file changed while the study ran, so nothing that it computes now is used; try: the same command with --fresh, or the file as it was";

/// One open file, and what it held.
pub(super) struct Witness {
    file: File,
    path: PathBuf,
    hash: String,
    is_program: bool,
    /// The file as it was when its bytes were last compared.
    seen: Mutex<Option<Stamp>>,
}

impl Witness {
    /// Of the file of `plugin`.
    pub(super) fn of(plugin: &Plugin) -> io::Result<Self> {
        Self::at(&plugin.path, &plugin.hash, plugin.is_linked())
    }

    fn at(path: &Path, hash: &str, is_program: bool) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            path: path.to_path_buf(),
            hash: hash.to_owned(),
            is_program,
            seen: Mutex::default(),
        })
    }

    /// The bytes are those that were planned with. Asked after every call, so it looks at the times
    /// of the file first.
    pub(super) fn is_unchanged(&self) -> bool {
        let Ok(metadata) = self.file.metadata() else {
            return false;
        };
        let stamp = Stamp::of(&metadata);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == Some(stamp) {
            return true;
        }
        let is_same = self.hash_now().is_ok_and(|hash| hash == self.hash);
        if is_same && is_settled(&metadata) {
            *seen = Some(stamp);
        }
        is_same
    }

    /// Where a worker finds the file: under its name, or, once another file has that name, where
    /// this process holds it. `None`: nowhere.
    pub(super) fn place(&self) -> Option<PathBuf> {
        if is_at(&self.file, &self.path).unwrap_or(false) {
            return Some(self.path.clone());
        }
        #[cfg(target_os = "linux")]
        if !self.is_program {
            use std::os::fd::AsRawFd;
            let (process, file) = (std::process::id(), self.file.as_raw_fd());
            return Some(format!("/proc/{process}/fd/{file}").into());
        }
        None
    }

    fn hash_now(&self) -> io::Result<String> {
        let (mut hasher, mut at) = (blake3::Hasher::new(), 0);
        let mut buffer = vec![0; AT_ONCE];
        loop {
            match read_at(&self.file, &mut buffer, at)? {
                0 => return Ok(hasher.finalize().to_hex().to_string()),
                n => {
                    hasher.update(&buffer[..n]);
                    at += n as u64;
                }
            }
        }
    }
}

fn is_settled(metadata: &Metadata) -> bool {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    // A file from the future is one of a server whose clock is not ours: nothing follows from its
    // age.
    modified.elapsed().map_or(true, |age| age > SETTLED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(path: &Path) -> Witness {
        std::fs::write(path, "the method that was planned").unwrap();
        let hash = blake3::hash(&std::fs::read(path).unwrap());
        Witness::at(path, &hash.to_hex(), false).unwrap()
    }

    #[test]
    fn a_file_that_is_written_over_is_noticed_however_short_the_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.so");
        let witness = witness(&path);
        assert!(witness.is_unchanged() && witness.is_unchanged());
        assert_eq!(witness.place().as_deref(), Some(path.as_path()));
        // As long, and within the same tick of the clock.
        std::fs::write(&path, "the method that was built..").unwrap();
        assert!(!witness.is_unchanged());
        // What is put back is what was planned with, whatever the time of the file.
        std::fs::write(&path, "the method that was planned").unwrap();
        assert!(witness.is_unchanged());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_another_replaces_is_still_there_for_the_next_worker() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.so");
        let witness = witness(&path);
        let new = folder.path().join("new");
        std::fs::write(&new, "another method").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert!(witness.is_unchanged());
        let place = witness.place().unwrap();
        assert_ne!(place, path);
        assert_eq!(
            std::fs::read_to_string(place).unwrap(),
            "the method that was planned"
        );
    }
}
