//! Writing a file so that it is there whole or not at all.
//!
//! Owns the order of operations that survives a kill or a power cut: a temporary name in the same
//! folder, the bytes, fsync, rename, fsync of the folder. Every file of a run directory and of the
//! cache goes through here, so "what is finished is kept" needs no second thought elsewhere. The
//! errors name the path and the cause in one line. A temporary file is locked by whoever writes it,
//! so that one which a killed process left behind is told from one that somebody is writing: the
//! next process that writes into the folder removes it.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use crate::platform;

/// A file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), cause(source))]
pub struct WriteError {
    /// The file or folder that was to be written, under its final name.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

const PREFIX: &str = ".tmp-";
const SUFFIX: &str = ".part";
/// Letters and digits between the two.
const RANDOM: usize = 6;

/// Whether a file name is one that [`write()`] gives to unfinished files; after a kill they may be
/// removed.
pub fn is_temporary(file_name: &str) -> bool {
    let random = file_name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The cause in a user's words, with what to try; the system's own words for the rest.
pub(crate) fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::BrokenPipe => "whoever was reading it has gone".into(),
        io::ErrorKind::StorageFull => {
            "the disk is full; free some space and run the same command again".into()
        }
        io::ErrorKind::QuotaExceeded => {
            "your disk quota is used up; free some space and run the same command again".into()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; choose another folder".into()
        }
        io::ErrorKind::PermissionDenied => "no permission; choose a folder you may write to".into(),
        io::ErrorKind::NotFound => "its folder does not exist".into(),
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder".into(),
        io::ErrorKind::IsADirectory => "there is a folder of that name".into(),
        _ => error.to_string(),
    }
}

/// Writes `bytes` to `path`, replacing what was there; a reader sees the old file or the new one,
/// never a part.
///
/// # Errors
/// [`WriteError`] naming `path`; the old file, if any, is untouched and no temporary file stays
/// behind.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_with(path, |file| file.write_all(bytes))
}

/// Like [`write()`], for content that is produced piece by piece: `fill` receives a buffered
/// writer.
///
/// # Errors
/// [`WriteError`] naming `path`, also when `fill` fails; the old file, if any, is untouched and no
/// temporary file stays behind.
pub fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    replace(path, fill).map_err(|source| WriteError {
        path: path.to_path_buf(),
        source,
    })
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Through a link to what it stands for: a rename would put a file in the place of the link,
    // /dev/stdout for one.
    let resolved = match path.is_symlink() {
        true => path.canonicalize().ok(),
        false => None,
    };
    let path = resolved.as_deref().unwrap_or(path);
    // A device or a pipe is written to, not replaced.
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let mut writer = BufWriter::new(File::options().write(true).open(path)?);
        fill(&mut writer)?;
        return writer.flush();
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A rename over a folder fails with words that differ from system to system; said here, before
    // anything is written.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    remove_abandoned_once(folder);
    // The temporary file removes itself on every way out but the last.
    let temporary = temporary_in(folder)?;
    let mut writer = BufWriter::new(temporary);
    fill(&mut writer)?;
    let temporary = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    // Makes the rename itself durable.
    platform::sync_folder(folder)
}

/// A new temporary file, locked where the file system has locks.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    // tempfile makes private files; a result should have the permissions of any other file.
    if let Some(ordinary) = platform::ordinary_permissions() {
        builder.permissions(ordinary);
    }
    loop {
        let temporary = builder.tempfile_in(folder)?;
        let is_taken = matches!(
            temporary.as_file().try_lock(),
            Err(TryLockError::WouldBlock)
        );
        // Between its creation and the lock, who tidies up may have thought it abandoned.
        let is_gone = || {
            let there = fs::symlink_metadata(temporary.path());
            there.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        if !is_taken && !is_gone() {
            return Ok(temporary);
        }
    }
}

/// Removes what killed processes left half written in a folder, the first time that this process
/// writes there. What somebody is writing is locked, and stays; so does everything where there are
/// no locks.
fn remove_abandoned_once(folder: &Path) {
    static SEEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.insert(folder.to_path_buf()) {
        return;
    }
    each_temporary(folder, |path| {
        let file = File::open(path);
        if let Ok(file) = file
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(path);
        }
    });
}

/// Creates a folder with its parents; no error when it exists.
///
/// # Errors
/// [`WriteError`] naming `path`.
pub fn create_folder(path: &Path) -> Result<(), WriteError> {
    // mkdir says "exists" when a file is in the way, or when what is there cannot be looked at.
    let look = || match fs::metadata(path) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(source) => Err(source),
    };
    let made = match fs::create_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => look(),
        made => made,
    };
    made.map_err(|source| WriteError {
        path: path.to_path_buf(),
        source,
    })
}

/// Removes unfinished files that a killed run left in `folder`. What cannot be removed stays: it is
/// in nobody's way.
///
/// Only for a folder that no other run is writing to.
pub fn remove_temporaries(folder: &Path) {
    each_temporary(folder, |path| {
        let _ = fs::remove_file(path);
    });
}

fn each_temporary(folder: &Path, tidy: impl Fn(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_temporary) {
            tidy(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        write(&path, b"old").unwrap();
        let error = write_with(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot write {}: the disk is full; free some space and run the same command again",
                path.display()
            )
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_and_a_folder_in_the_way_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/file.csv");
        assert_eq!(
            write(&path, b"").unwrap_err().to_string(),
            format!("cannot write {}: its folder does not exist", path.display())
        );
        assert_eq!(
            write(folder.path(), b"").unwrap_err().to_string(),
            format!(
                "cannot write {}: there is a folder of that name",
                folder.path().display()
            )
        );
        let file = folder.path().join("file");
        write(&file, b"").unwrap();
        assert_eq!(
            create_folder(&file).unwrap_err().to_string(),
            format!(
                "cannot write {}: a part of the path is a file, not a folder",
                file.display()
            )
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_full_device_is_called_a_full_disk() {
        // /dev/full answers every write with ENOSPC; the bytes go through the same buffered writer.
        let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("null.npy");
        let error = write_with(&path, |_| (&full).write_all(&[0; 8])).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let device = folder.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &device).unwrap();
        if Path::new("/dev/full").exists() {
            let error = write(&device, b"no room").unwrap_err();
            assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
            assert!(device.is_symlink());
        }
        write(Path::new("/dev/null"), b"nobody's").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_somebody_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path(".tmp-killed.part"), "half").unwrap();
        fs::write(path(".tmp-film.part"), "a user's").unwrap();
        let writing = temporary_in(folder.path()).unwrap();
        write(&path("results.json"), b"{}").unwrap();
        assert!(!path(".tmp-killed.part").exists());
        assert!(path(".tmp-film.part").exists());
        assert!(writing.path().exists());
    }

    #[test]
    fn a_users_file_is_no_temporary_one() {
        assert!(is_temporary(".tmp-aB3xY9.part"));
        for name in [
            ".tmp-.part",
            ".tmp-film.part",
            ".tmp-chapter-one.part",
            "x.part",
        ] {
            assert!(!is_temporary(name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_get_the_usual_permissions_not_private_ones() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        write(&ours, b"").unwrap();
        File::create(&usual).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
