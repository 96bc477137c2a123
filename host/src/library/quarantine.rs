//! Libraries that took their probing child down are not tried again until their bytes change: a hang would cost half a minute each time.
//!
//! One small file a library, named after its hash, in the user's cache folder. Removing it lifts the quarantine.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Fault;
use crate::atomic;

/// Where quarantined libraries are remembered.
#[derive(Debug, Clone)]
pub struct Quarantine {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Record {
    library: PathBuf,
    fault: Fault,
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
        let file = self.folder.join(hash);
        let record: Record = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
        Some(Fault::Quarantined {
            before: record.fault.to_string(),
            file,
        })
    }

    /// Puts it there, if `fault` is of the kind. A folder that cannot be written is no reason to fail.
    pub(super) fn take(&self, hash: &str, library: &Path, fault: &Fault) {
        let is_of_the_kind = matches!(
            fault,
            Fault::Crashed { .. } | Fault::Exited { .. } | Fault::Hung { .. }
        );
        let record = Record {
            library: library.to_path_buf(),
            fault: fault.clone(),
        };
        if is_of_the_kind
            && atomic::create_folder(&self.folder).is_ok()
            && let Ok(text) = serde_json::to_vec_pretty(&record)
        {
            let _ = atomic::write(&self.folder.join(hash), &text);
        }
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
        quarantine.take("abc", library, &Fault::NoEntry);
        assert_eq!(quarantine.find("abc"), None);
        quarantine.take("abc", library, &crash);
        assert_eq!(quarantine.find("def"), None);
        let words = quarantine.find("abc").unwrap().to_string();
        let file = folder.path().join("new/abc");
        assert_eq!(
            words,
            format!(
                "it was not tried again, as its bytes are those of the last time: it crashed while it was loaded, with signal 11; nothing of it was run in ocean-host itself (to try again, remove {})",
                file.display()
            )
        );
        std::fs::write(&file, "not json").unwrap();
        assert_eq!(quarantine.find("abc"), None);
    }
}
