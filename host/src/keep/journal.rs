//! The journal of a run: every finished piece of work, so that an interruption loses nothing and a
//! resumed run ends in the same bytes.
//!
//! One file beside the results, `work/journal`, that only grows: records of (name, numbers,
//! checksum), appended as pieces finish, in whatever order the threads finish them. A kill can cut
//! the last record short; opening drops what does not check. The pieces are pure functions of the
//! plan, so a resumed run that takes some from here and computes the others gives what an
//! uninterrupted run gives. `work/plan.json` says which plan they belong to; another plan is
//! refused with its differences. Both files are removed when the report is written, and the folder
//! with them if nothing else is in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::keep::atomic::{self, WriteError};
use crate::keep::differences::differences;
use crate::keep::run_folder::{ClaimError, DATA, WORK, read_object, remove_ours};
use crate::platform;

/// Bytes of the checksum behind each record.
const CHECKSUM: usize = 16;

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk is full, the folder is read-only, …
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file of an earlier run cannot be removed.
    #[error(transparent)]
    Remove(#[from] ClaimError),
    /// Somebody else is at it.
    #[error("{} is in use by another ocean-host run; wait for it, or choose another --out", path.display())]
    InUse {
        /// The run directory.
        path: PathBuf,
    },
    /// A file of that name is somebody else's.
    #[error(
        "{} is there and is no journal of ocean-host\n  try: move it away, or another --out",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds a run of something else.
    #[error(
        "{} holds a run of another plan:\n{differences}\n  try: --fresh to start over there, or another --out",
        path.display()
    )]
    OtherPlan {
        /// The run directory.
        path: PathBuf,
        /// One difference a line.
        differences: String,
    },
}

/// Finished pieces of one run, by name.
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    /// What earlier runs left and nobody has asked for yet.
    found: Mutex<BTreeMap<String, Vec<f64>>>,
}

impl Journal {
    /// Opens the journal of the run directory `out`, or begins one. `fingerprint` is everything the
    /// numbers depend on.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(
        out: &Path,
        fingerprint: &serde_json::Value,
        is_fresh: bool,
    ) -> Result<Self, JournalError> {
        let work = out.join("work");
        let holds_results = out.join("results.json").exists();
        // Asked before anything is made: a refusal leaves a finished run as it was.
        if holds_results && !is_begun(out) && !is_fresh {
            check_plan(out, &work, fingerprint)?;
        }
        let path = work.join("journal");
        let in_use = || JournalError::InUse {
            path: out.to_path_buf(),
        };
        let mut file = create(&work, &path)?;
        lock(&file).map_err(|InUse| in_use())?;
        // Whoever held it may have finished and removed it, and somebody else have begun a new one:
        // only the file of that name is the lock.
        let is_held = platform::is_at(&file, &path).map_err(|source| error_at(&path, source))?;
        if !is_held {
            return Err(in_use());
        }
        if is_foreign(&mut file, &work).map_err(|source| error_at(&path, source))? {
            return Err(JournalError::Foreign { path });
        }
        // The folder is ours now: what a kill left half written is nobody else's.
        for folder in [out, &out.join("plots"), &out.join("models"), &work] {
            atomic::remove_temporaries(folder);
        }
        let found = if is_fresh {
            file.set_len(0).map_err(|source| error_at(&path, source))?;
            BTreeMap::new()
        } else {
            let found = read_records(&mut file).map_err(|source| error_at(&path, source))?;
            // Work in which nothing was finished belongs to nobody.
            if !found.is_empty() || holds_results {
                check_plan(out, &work, fingerprint)?;
            }
            found
        };
        let plan = serde_json::to_vec_pretty(fingerprint).unwrap_or_default();
        atomic::write(&work.join("plan.json"), &plan)?;
        Ok(Self {
            path,
            file: Mutex::new(file),
            found: Mutex::new(found),
        })
    }

    /// What an earlier run left under `name`. Handed out once: a large study should be in memory
    /// once.
    pub fn take(&self, name: &str) -> Option<Vec<f64>> {
        self.found().remove(name)
    }

    /// Takes over pieces that were computed elsewhere. They are not written down: they are kept
    /// where they came from.
    pub fn adopt(&self, records: BTreeMap<String, Vec<f64>>) {
        self.found().extend(records);
    }

    /// Pieces that earlier runs left.
    pub fn n_found(&self) -> usize {
        self.found().len()
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<String, Vec<f64>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the work of a finished run, while it is still ours: another run finds nothing half
    /// removed.
    ///
    /// # Errors
    /// [`ClaimError`] when a file cannot be removed.
    pub fn remove(self) -> Result<(), ClaimError> {
        let work = self.path.parent().map(Path::to_path_buf);
        if let Some(work) = &work {
            remove_files(work)?;
        }
        drop(self);
        // A network file system keeps a name for what was open, and with it the folder.
        if let Some(work) = work {
            let _ = std::fs::remove_dir(work);
        }
        Ok(())
    }

    /// Keeps one finished piece. From any thread.
    ///
    /// # Errors
    /// [`WriteError`], for instance on a full disk; what was kept before stays readable.
    pub fn put(&self, name: &str, numbers: &[f64]) -> Result<(), WriteError> {
        let record = record(name, numbers);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&record).map_err(|source| WriteError {
            path: self.path.clone(),
            source,
        })
    }
}

/// Removes the work of a run that nobody is at.
///
/// # Errors
/// [`JournalError::InUse`] when somebody is; else a file cannot be removed.
pub fn remove(out: &Path) -> Result<(), JournalError> {
    let path = out.join("work/journal");
    let held = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(error_at(&path, source).into()),
    };
    if let Some(file) = &held {
        lock(file).map_err(|InUse| JournalError::InUse {
            path: out.to_path_buf(),
        })?;
    }
    Ok(remove_files(&out.join("work"))?)
}

/// Removes the files that runs make in `work`, and the folder if nothing else is in it. The journal
/// goes last: as long as it has its name, its lock keeps others out.
fn remove_files(work: &Path) -> Result<(), ClaimError> {
    let is_beside =
        |name: &str| (WORK.contains(&name) && name != "journal") || atomic::is_temporary(name);
    remove_ours(work, is_beside)?;
    remove_ours(work, |name| name == "journal")
}

/// Is work begun in the run directory?
fn is_begun(out: &Path) -> bool {
    out.join("work/journal").is_file()
}

/// Opens the file, new or old. The folder may be removed by a run that has just ended, between its
/// creation and that of the file.
fn create(work: &Path, path: &Path) -> Result<File, WriteError> {
    let mut tries = 0;
    loop {
        atomic::create_folder(work)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        match options.open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && tries < 3 => tries += 1,
            opened => return opened.map_err(|source| error_at(path, source)),
        }
    }
}

/// A file with something in it that no run began: it does not open with a record, and no plan lies
/// beside it.
fn is_foreign(file: &mut File, work: &Path) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 || work.join("plan.json").is_file() {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(parse_record(&bytes).is_none())
}

/// Another process holds the lock.
struct InUse;

/// Locks `file` for this process. Waits a moment for a holder: a process that somebody is just
/// starting shares its parent's locks until it runs its own program.
fn lock(file: &File) -> Result<(), InUse> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            // A file system without locks: better to run than to refuse.
            Err(TryLockError::Error(_)) => return Ok(()),
            Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => return Err(InUse),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn error_at(path: &Path, source: std::io::Error) -> WriteError {
    WriteError {
        path: path.to_path_buf(),
        source,
    }
}

/// name length, name, count, numbers (little-endian), checksum over all of it. Files of shards hold
/// the same.
pub(crate) fn record(name: &str, numbers: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + name.len() + 8 * numbers.len() + CHECKSUM);
    bytes.extend((name.len() as u64).to_le_bytes());
    bytes.extend(name.as_bytes());
    bytes.extend((numbers.len() as u64).to_le_bytes());
    numbers
        .iter()
        .for_each(|number| bytes.extend(number.to_le_bytes()));
    let checksum = blake3::hash(&bytes);
    bytes.extend(&checksum.as_bytes()[..CHECKSUM]);
    bytes
}

/// Reads what checks, and cuts the file behind it: a record that a kill left half written must not
/// hide those appended later.
fn read_records(file: &mut File) -> std::io::Result<BTreeMap<String, Vec<f64>>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let (mut found, mut at) = (BTreeMap::new(), 0);
    while let Some((name, numbers, length)) = parse_record(&bytes[at..]) {
        found.insert(name, numbers);
        at += length;
    }
    file.set_len(at as u64)?;
    file.seek(SeekFrom::Start(at as u64))?;
    Ok(found)
}

/// The first record of `bytes` and its length; `None` when it is cut short or does not check.
pub(crate) fn parse_record(bytes: &[u8]) -> Option<(String, Vec<f64>, usize)> {
    let count = |bytes: &[u8]| -> Option<usize> {
        let count = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
        usize::try_from(count).ok()
    };
    let name_end = count(bytes)?.checked_add(8)?;
    let name = bytes.get(8..name_end)?;
    let numbers_start = name_end + 8;
    let numbers_end = count(&bytes[name_end..])?
        .checked_mul(8)?
        .checked_add(numbers_start)?;
    let numbers = bytes.get(numbers_start..numbers_end)?;
    let checksum = bytes.get(numbers_end..numbers_end.checked_add(CHECKSUM)?)?;
    if checksum != &blake3::hash(&bytes[..numbers_end]).as_bytes()[..CHECKSUM] {
        return None;
    }
    let numbers = numbers
        .chunks_exact(8)
        .filter_map(|eight| eight.try_into().ok().map(f64::from_le_bytes));
    let name = String::from_utf8(name.to_vec()).ok()?;
    Some((name, numbers.collect(), numbers_end + CHECKSUM))
}

/// Refuses a run directory that holds a run of another plan.
///
/// # Errors
/// [`JournalError::OtherPlan`].
pub(crate) fn check_folder(
    out: &Path,
    fingerprint: &serde_json::Value,
) -> Result<(), JournalError> {
    let work = out.join("work");
    if out.join("results.json").exists() || is_begun(out) {
        check_plan(out, &work, fingerprint)?;
    }
    Ok(())
}

/// A run directory belongs to one plan: that of unfinished work in it, or of the finished run's
/// provenance.
fn check_plan(
    out: &Path,
    work: &Path,
    fingerprint: &serde_json::Value,
) -> Result<(), JournalError> {
    let differences = match plan_before(out, work)? {
        Some(before) => differences(&before, fingerprint),
        None => vec!["results.json is there, but nothing readable says of which plan".to_owned()],
    };
    if differences.is_empty() {
        return Ok(());
    }
    Err(JournalError::OtherPlan {
        path: out.to_path_buf(),
        differences: shown(&differences),
    })
}

/// At most twelve differences, a line each.
pub(crate) fn shown(differences: &[String]) -> String {
    let shown = differences.len().min(12);
    let mut lines: Vec<String> = differences[..shown]
        .iter()
        .map(|line| format!("  {line}"))
        .collect();
    if shown < differences.len() {
        lines.push(format!("  … and {} more", differences.len() - shown));
    }
    lines.join("\n")
}

/// The plan that a run directory belongs to; `None` where nothing there says it.
///
/// # Errors
/// [`ClaimError::Look`]: what says it cannot be read now.
fn plan_before(out: &Path, work: &Path) -> Result<Option<serde_json::Value>, ClaimError> {
    if let Some(plan) = read_object(&work.join("plan.json"))? {
        return Ok(Some(serde_json::Value::Object(plan)));
    }
    let provenance = read_object(&out.join("provenance.json"))?;
    Ok(provenance.and_then(|all| all.get("fingerprint").cloned()))
}

/// The finished run's fingerprint equals `fingerprint`, so there is nothing left to compute.
pub fn is_finished(out: &Path, fingerprint: &serde_json::Value) -> bool {
    let is_there = |name: &str| out.join(name).exists();
    !is_begun(out)
        && DATA.iter().all(|name| is_there(name))
        && plan_before(out, &out.join("work"))
            .is_ok_and(|before| before.as_ref() == Some(fingerprint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_put_is_found_again_bit_for_bit() {
        let out = tempfile::tempdir().unwrap();
        let plan = json!({"seed": 1});
        let numbers = [0.1 + 0.2, -0.0, f64::MIN_POSITIVE, 1e300];
        Journal::open(out.path(), &plan, false)
            .unwrap()
            .put("null/0", &numbers)
            .unwrap();
        let journal = Journal::open(out.path(), &plan, false).unwrap();
        assert_eq!(journal.take("null/1"), None);
        let found = journal.take("null/0").unwrap();
        assert!(
            found
                .iter()
                .zip(numbers)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
        assert_eq!(journal.take("null/0"), None, "handed out once");
    }

    #[test]
    fn a_record_cut_anywhere_is_dropped_and_later_ones_are_kept() {
        let plan = json!({});
        let whole = [record("a", &[1.0, 2.0]), record("b", &[3.0])].concat();
        for cut in 0..whole.len() {
            let out = tempfile::tempdir().unwrap();
            drop(Journal::open(out.path(), &plan, false).unwrap());
            std::fs::write(out.path().join("work/journal"), &whole[..cut]).unwrap();
            let journal = Journal::open(out.path(), &plan, false).unwrap();
            journal.put("c", &[4.0]).unwrap();
            drop(journal);
            let journal = Journal::open(out.path(), &plan, false).unwrap();
            let has_a = cut >= record("a", &[1.0, 2.0]).len();
            assert_eq!(journal.take("a").is_some(), has_a, "cut at {cut}");
            assert_eq!(journal.take("c"), Some(vec![4.0]), "cut at {cut}");
        }
    }

    #[test]
    fn another_plan_is_refused_with_its_differences() {
        let out = tempfile::tempdir().unwrap();
        let before = json!({"evaluation": {"folds": 5}, "seed": 1});
        let journal = Journal::open(out.path(), &before, false).unwrap();
        journal.put("null/0", &[0.5]).unwrap();
        drop(journal);
        let now = json!({"evaluation": {"folds": 10}, "seed": 1});
        let Err(refused) = Journal::open(out.path(), &now, false) else {
            panic!("another plan was accepted");
        };
        assert!(refused.to_string().contains("  evaluation.folds: 5 → 10"));
        assert!(Journal::open(out.path(), &now, true).is_ok());
    }

    #[test]
    fn files_that_a_kill_left_half_written_are_removed() {
        let out = tempfile::tempdir().unwrap();
        std::fs::create_dir(out.path().join("plots")).unwrap();
        let left = [".tmp-a1b2c3.part", "plots/.tmp-d4e5f6.part"].map(|name| out.path().join(name));
        let kept = out.path().join("results.csv");
        for file in left.iter().chain([&kept]) {
            std::fs::write(file, "half").unwrap();
        }
        drop(Journal::open(out.path(), &json!({}), false).unwrap());
        assert!(left.iter().all(|file| !file.exists()) && kept.exists());
    }

    #[test]
    fn work_in_which_nothing_was_finished_belongs_to_nobody() {
        let out = tempfile::tempdir().unwrap();
        drop(Journal::open(out.path(), &json!({"seed": 1}), false).unwrap());
        assert!(Journal::open(out.path(), &json!({"seed": 2}), false).is_ok());
    }

    #[test]
    fn results_of_an_unknown_plan_are_not_overwritten() {
        let out = tempfile::tempdir().unwrap();
        std::fs::write(out.path().join("results.json"), "{}").unwrap();
        let refused = Journal::open(out.path(), &json!({"seed": 1}), false);
        assert!(matches!(refused, Err(JournalError::OtherPlan { .. })));
    }

    #[test]
    fn a_refusal_leaves_a_finished_run_as_it_was() {
        let out = tempfile::tempdir().unwrap();
        let plan = json!({"seed": 1});
        for name in DATA {
            std::fs::write(out.path().join(name), "{}").unwrap();
        }
        let provenance = json!({"fingerprint": plan}).to_string();
        std::fs::write(out.path().join("provenance.json"), provenance).unwrap();
        let refused = Journal::open(out.path(), &json!({"seed": 2}), false);
        assert!(matches!(refused, Err(JournalError::OtherPlan { .. })));
        assert!(is_finished(out.path(), &plan));
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_of_a_journal_that_was_removed_is_no_lock() {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join("work/journal");
        let first = Journal::open(out.path(), &json!({}), false).unwrap();
        let waiting = std::thread::scope(|scope| {
            let second = scope.spawn(|| Journal::open(out.path(), &json!({}), false).map(drop));
            std::thread::sleep(Duration::from_millis(200));
            // The first one ends, and a third begins before the second has the lock.
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, "").unwrap();
            drop(first);
            second.join().unwrap()
        });
        assert!(matches!(waiting, Err(JournalError::InUse { .. })));
        assert!(Journal::open(out.path(), &json!({}), false).is_ok());
    }

    #[test]
    fn only_files_of_runs_are_removed_or_written_to() {
        let out = tempfile::tempdir().unwrap();
        let journal = Journal::open(out.path(), &json!({}), false).unwrap();
        let thesis = out.path().join("work/thesis.tex");
        std::fs::write(&thesis, "years").unwrap();
        journal.remove().unwrap();
        assert!(thesis.exists() && !out.path().join("work/journal").exists());
        std::fs::remove_file(&thesis).unwrap();
        Journal::open(out.path(), &json!({}), false)
            .unwrap()
            .remove()
            .unwrap();
        assert!(!out.path().join("work").exists());
        // Not under somebody's hands.
        let journal = Journal::open(out.path(), &json!({}), false).unwrap();
        assert!(matches!(
            remove(out.path()),
            Err(JournalError::InUse { .. })
        ));
        drop(journal);
        remove(out.path()).unwrap();
        // A diary.
        std::fs::create_dir(out.path().join("work")).unwrap();
        let diary = out.path().join("work/journal");
        std::fs::write(&diary, "Dear journal, today I began my thesis.").unwrap();
        for is_fresh in [false, true] {
            let refused = Journal::open(out.path(), &json!({}), is_fresh);
            assert!(matches!(refused, Err(JournalError::Foreign { .. })));
        }
        assert!(std::fs::read_to_string(&diary).unwrap().starts_with("Dear"));
    }

    #[test]
    fn two_runs_cannot_share_a_folder() {
        let out = tempfile::tempdir().unwrap();
        let first = Journal::open(out.path(), &json!({}), false).unwrap();
        let second = Journal::open(out.path(), &json!({}), false);
        assert!(matches!(second, Err(JournalError::InUse { .. })));
        drop(first);
        assert!(Journal::open(out.path(), &json!({}), false).is_ok());
    }
}
