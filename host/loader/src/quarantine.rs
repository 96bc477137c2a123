//! Libraries that took their probing child down are not tried again until their bytes change: a
//! hang would cost half a minute each time.
//!
//! One small file a library, named after its hash, in the user's cache folder. What may as well
//! have come from where it was loaded, a shell that gives little memory or a machine that stood
//! still, has to happen twice, and nothing is held against a library for longer than a day.
//! Removing the file lifts the quarantine at once. The program itself is never in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Fault;

/// Where quarantined libraries are remembered.
#[derive(Debug, Clone)]
pub struct Quarantine {
    folder: PathBuf,
}

/// After so long a library is tried again.
const TERM: Duration = Duration::from_secs(24 * 3600);

#[derive(Serialize, Deserialize)]
struct Record {
    library: PathBuf,
    fault: Fault,
    /// How often it happened.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

impl Record {
    /// Whether it says enough not to try again.
    fn is_enough(&self) -> bool {
        self.times > 1 || !may_be_of_the_place(&self.fault)
    }
}

/// Whether memory that is short, or a machine that stands still, may do the same to a sound
/// library.
fn may_be_of_the_place(fault: &Fault) -> bool {
    match fault {
        Fault::Hung { .. } => true,
        Fault::Exited { code, .. } => *code != 0,
        // Who gets no memory aborts.
        Fault::Crashed { signal, .. } => signal.contains("SIGABRT"),
        _ => false,
    }
}

/// Somebody has limited what this process may take (`ulimit`): whatever happens then says nothing
/// of a library.
fn is_limited() -> bool {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limits = [Resource::As, Resource::Data, Resource::Cpu];
        limits
            .into_iter()
            .any(|one| getrlimit(one).current.is_some())
    }
    #[cfg(not(unix))]
    false
}

impl Quarantine {
    /// The one in `folder`, which need not exist.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    /// What a library of this hash did before, if it is in quarantine.
    pub(super) fn find(&self, hash: &str) -> Option<Fault> {
        let record = self.record(hash).filter(Record::is_enough)?;
        Some(Fault::Quarantined {
            before: record.fault.to_string(),
            file: self.folder.join(hash),
        })
    }

    fn record(&self, hash: &str) -> Option<Record> {
        let file = self.folder.join(hash);
        let age = std::fs::metadata(&file).ok()?.modified().ok()?.elapsed();
        if age.is_ok_and(|age| age > TERM) {
            return None;
        }
        serde_json::from_slice(&std::fs::read(&file).ok()?).ok()
    }

    /// Puts it there, if `fault` is of the kind and nothing but the library can have caused it.
    pub(super) fn take(&self, hash: &str, library: &Path, fault: &Fault) {
        if !is_limited() {
            self.remember(hash, library, fault);
        }
    }

    /// A folder that cannot be written is no reason to fail.
    fn remember(&self, hash: &str, library: &Path, fault: &Fault) {
        let is_of_the_kind = matches!(
            fault,
            Fault::Crashed { .. } | Fault::Exited { .. } | Fault::Hung { .. }
        );
        if !is_of_the_kind {
            return;
        }
        let record = Record {
            library: library.to_path_buf(),
            fault: fault.clone(),
            times: self.record(hash).map_or(1, |before| before.times + 1),
        };
        if let Ok(text) = serde_json::to_vec_pretty(&record) {
            let _ = self.write(hash, &text);
        }
    }

    /// Another process reads the old record or the new one, never a part.
    fn write(&self, hash: &str, text: &[u8]) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new();
        // Everybody's who shares the folder, as any other file; the umask still applies.
        #[cfg(unix)]
        file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = file.tempfile_in(&self.folder)?;
        file.write_all(text)?;
        file.persist(self.folder.join(hash))?;
        Ok(())
    }

    /// It was loaded and nothing happened.
    pub(super) fn release(&self, hash: &str) {
        let _ = std::fs::remove_file(self.folder.join(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_remembered_by_hash_and_a_wrong_entry_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::at(&folder.path().join("new"));
        let crash = Fault::Crashed {
            signal: "signal 11".into(),
            said: String::new(),
        };
        let library = Path::new("/x.so");
        quarantine.remember("abc", library, &Fault::NoEntry);
        assert_eq!(quarantine.find("abc"), None);
        quarantine.remember("abc", library, &crash);
        assert_eq!(quarantine.find("def"), None);
        let words = quarantine.find("abc").unwrap().to_string();
        let file = folder.path().join("new/abc");
        assert_eq!(
            words,
            format!(
                "it was not tried again, as its bytes are those of the last time: it crashed while it was loaded, with signal 11; nothing of it was run in ocean-host itself (to try again, remove {}; after a day it is tried by itself)",
                file.display()
            )
        );
        std::fs::write(&file, "not json").unwrap();
        assert_eq!(quarantine.find("abc"), None);
    }

    #[test]
    fn what_the_place_may_have_done_has_to_happen_twice_and_is_forgotten_once_it_goes_well() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::at(folder.path());
        let library = Path::new("/x.so");
        let faults = [
            Fault::Hung { seconds: 30 },
            Fault::Exited {
                code: 127,
                said: String::new(),
            },
            Fault::Crashed {
                signal: "signal 6 (SIGABRT, it aborted)".into(),
                said: String::new(),
            },
        ];
        for fault in &faults {
            quarantine.remember("abc", library, fault);
            assert_eq!(quarantine.find("abc"), None, "{fault}");
            quarantine.remember("abc", library, fault);
            assert!(quarantine.find("abc").is_some(), "{fault}");
            quarantine.release("abc");
            assert_eq!(quarantine.find("abc"), None);
        }
        // Who calls exit(0) while it is loaded means it.
        let exit = Fault::Exited {
            code: 0,
            said: String::new(),
        };
        quarantine.remember("abc", library, &exit);
        assert!(quarantine.find("abc").is_some());
    }

    #[test]
    fn after_a_day_a_library_is_tried_again_and_old_records_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::at(folder.path());
        let file = folder.path().join("abc");
        let before =
            r#"{"library": "/x.so", "fault": {"crashed": {"signal": "signal 11", "said": ""}}}"#;
        std::fs::write(&file, before).unwrap();
        assert!(quarantine.find("abc").is_some());
        let yesterday = std::time::SystemTime::now() - TERM - Duration::from_secs(60);
        let handle = std::fs::File::options().write(true).open(&file).unwrap();
        handle.set_modified(yesterday).unwrap();
        assert_eq!(quarantine.find("abc"), None);
    }
}
