//! The results folder: whether it may be used as one, which of its files are ours, and whether they
//! are still what was written.
//!
//! Nothing of the user's is lost here: a folder that holds anything else than a run is refused; in
//! a run's folder only files are replaced or removed that the run itself wrote. Which these are
//! says `files` in provenance.json, with the hash of each that cannot be made again from the
//! others, and until that is written `work/files.json`. Runs of versions before this one have no
//! such list: there the names that the program gives are its own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::keep::atomic::{self, WriteError, cause};
use crate::keep::file_names::{input_at, is_absent};
use crate::problem::{Problem, Refusal, listed, shown_path};

/// What everything else is made from: it is believed only with the bytes that were written.
pub const DATA: [&str; 6] = [
    "results.json",
    "predictions.csv",
    "folds.csv",
    "null.npy",
    "null.csv",
    "jackknife.npy",
];

/// What is rendered from results.json, besides pictures.
const RENDERED: [&str; 10] = [
    "results.csv",
    "comparisons.csv",
    "test.csv",
    "test_predictions.csv",
    "subgroups.csv",
    "report.md",
    "report.html",
    "methods.txt",
    "table.html",
    "table.tex",
];

/// Names of the files in `work`.
pub(crate) const WORK: [&str; 3] = ["journal", "plan.json", "files.json"];

const PROVENANCE: &str = "provenance.json";

/// What file managers, mounts and version control leave in a folder that is empty to its owner.
const NOBODYS: [&str; 5] = [
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    ".gitkeep",
    "lost+found",
];

/// What the program makes in `cluster`, a name that a user may have taken, too.
const CLUSTER: [&str; 7] = [
    "plan.json",
    "results",
    "partial",
    "encoded",
    "cache",
    "cache.lock",
    "slurm",
];

/// Files are in the way that no run wrote.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.problem())]
pub struct InTheWay {
    /// The run directory.
    pub folder: PathBuf,
    /// Names in it.
    pub files: Vec<String>,
}

impl InTheWay {
    /// For whoever asked for results there.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let names = listed(self.files.iter().map(|name| format!("`{name}`")));
        let (are, them) = match self.files.len() {
            1 => ("is", "it"),
            _ => ("are", "them"),
        };
        let message = format!(
            "{names} {are} there already and no run of ocean-host wrote {them}; nothing is replaced"
        );
        Problem::new(shown_path(&self.folder), message).with_try(format!(
            "move {them} away and give the same command again; or another --out"
        ))
    }
}

/// A results folder and what of it is ours.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    /// Names with slashes, and the hash where there is one.
    listed: BTreeMap<String, Option<String>>,
    /// Written by a version without lists.
    is_unlisted: bool,
}

impl RunFolder {
    /// Looks at a folder that results are to be written to.
    ///
    /// # Errors
    /// A [`Refusal`] naming what lies in it, when it is neither absent, nor empty, nor a run's; or
    /// what cannot be read.
    pub fn usable(path: &Path) -> Result<Self, Refusal> {
        let unreadable = |error: ClaimError| Problem::new(shown_path(path), error.to_string());
        let folder = Self::of(path).map_err(unreadable)?;
        if is_run(path).map_err(unreadable)? {
            return Ok(folder);
        }
        let others = match others(path) {
            Ok(others) => others,
            Err(error) => {
                let problem = Problem::new(shown_path(path), format!("cannot be read: {error}"));
                return Err(problem.with_try("another --out").into());
            }
        };
        if others.is_empty() {
            return Ok(folder);
        }
        let names = listed(others.iter().map(|name| format!("`{name}`")));
        let message = format!(
            "is to be the results folder, but holds something else than a run of ocean-host: {names}; nothing was written"
        );
        let inside = shown_path(&path.join("results"));
        Err(Problem::new(shown_path(path), message)
            .with_try(format!(
                "--out with a new or an empty folder, such as {inside}"
            ))
            .into())
    }

    /// What a folder says of its files, whatever else is in it.
    ///
    /// # Errors
    /// It cannot be read what it says: every file in it may be somebody else's.
    pub fn of(path: &Path) -> Result<Self, ClaimError> {
        let provenance = read_object(&path.join(PROVENANCE))?.filter(is_provenance);
        let listed = |object: &Map<String, Value>| {
            let files = object.get("files").and_then(Value::as_object)?;
            let hash = |hash: &Value| hash.as_str().map(str::to_owned);
            let files = files
                .iter()
                .map(|(name, value)| (name.clone(), hash(value)));
            Some(files.collect::<BTreeMap<_, _>>())
        };
        let of_run = provenance.as_ref().and_then(listed);
        let begun = read_object(&path.join("work/files.json"))?;
        let begun = begun.as_ref().and_then(listed);
        let is_unlisted = match &provenance {
            Some(_) => of_run.is_none(),
            // Begun by such a version, and ended by a kill.
            None => begun.is_none() && path.join("work/plan.json").is_file(),
        };
        let mut all = begun.unwrap_or_default();
        all.extend(of_run.unwrap_or_default());
        if provenance.is_some() {
            all.insert(PROVENANCE.to_owned(), None);
        }
        Ok(Self {
            path: path.to_path_buf(),
            listed: all,
            is_unlisted,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses, before any work, a folder in which the run would replace a file that is not its
    /// own, or one that the study reads.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn check(&self, inputs: &[PathBuf]) -> Result<(), Refusal> {
        let names = || DATA.into_iter().chain(RENDERED).chain([PROVENANCE]);
        for name in names() {
            if let Some(input) = input_at(&self.path.join(name), inputs) {
                let message = format!(
                    "is read by the study and would be replaced by its results, which go to {}",
                    shown_path(&self.path)
                );
                let problem = Problem::new(shown_path(input), message);
                return Err(problem.with_try("another --out").into());
            }
        }
        let names: Vec<String> = names().map(str::to_owned).collect();
        self.refuse_foreign(&names).map_err(|error| match error {
            ClaimError::InTheWay(error) => error.problem().into(),
            other => Problem::new(shown_path(&self.path), other.to_string()).into(),
        })
    }

    /// Refuses names that are taken by files of somebody else.
    fn refuse_foreign(&self, names: &[String]) -> Result<(), ClaimError> {
        let mut files = Vec::new();
        let unlisted = names.iter().filter(|name| !self.listed.contains_key(*name));
        for name in unlisted.filter(|_| !self.is_unlisted) {
            let path = self.path.join(name);
            match path.symlink_metadata() {
                Ok(_) => files.push(name.clone()),
                Err(error) if is_absent(&error) => {}
                // There may be one: a disk or a network drive does not answer.
                Err(source) => return Err(ClaimError::Look { path, source }),
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        let folder = self.path.clone();
        Err(InTheWay { folder, files }.into())
    }

    /// From now on these names are ours: noted down before the first of them is written, so that a
    /// run that is killed finds its own files again.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn claim(&mut self, names: &[String]) -> Result<(), ClaimError> {
        self.refuse_foreign(names)?;
        for name in names {
            self.listed.entry(name.clone()).or_insert(None);
        }
        if self.is_at_work() {
            let note = self.path.join("work/files.json");
            let files: Map<String, Value> = self.files(|_| None);
            let text = serde_json::to_vec_pretty(&serde_json::json!({ "files": files }));
            atomic::write(&note, &text.unwrap_or_default())?;
        } else if self.path.join(PROVENANCE).is_file() && !self.is_unlisted {
            self.add_to_provenance(names)?;
        }
        Ok(())
    }

    /// A finished run gets more files, of a version that draws more.
    fn add_to_provenance(&self, names: &[String]) -> Result<(), ClaimError> {
        let path = self.path.join(PROVENANCE);
        let Some(mut provenance) = read_object(&path)? else {
            return Ok(());
        };
        let Some(files) = provenance.get_mut("files").and_then(Value::as_object_mut) else {
            return Ok(());
        };
        let before = files.len();
        for name in names {
            files.entry(name.clone()).or_insert(Value::Null);
        }
        if files.len() == before {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(&Value::Object(provenance)).unwrap_or_default();
        Ok(atomic::write(&path, &text)?)
    }

    fn files(&self, hash: impl Fn(&str) -> Option<String>) -> Map<String, Value> {
        let names = self.listed.keys().filter(|name| *name != PROVENANCE);
        names
            .map(|name| (name.clone(), hash(name).map_or(Value::Null, Value::String)))
            .collect()
    }

    /// Claims a folder of files whose names are not known beforehand: those of an earlier run are
    /// removed, and everything that will be there is ours.
    ///
    /// # Errors
    /// [`ClaimError`] when somebody else's file with this ending is there.
    pub fn claim_folder(&mut self, folder: &str, ending: &str) -> Result<(), ClaimError> {
        let found = self.names_in(folder, ending)?;
        self.refuse_foreign(&found)?;
        self.remove(&found)
    }

    /// Lists what was written into such a folder, and nothing that was claimed and not written.
    ///
    /// # Errors
    /// [`ClaimError`] when the folder cannot be read.
    pub fn list_folder(&mut self, folder: &str, ending: &str) -> Result<(), ClaimError> {
        let prefix = format!("{folder}/");
        let is_other = |name: &str| !name.starts_with(&prefix) || !name.ends_with(ending);
        self.listed.retain(|name, _| is_other(name));
        for name in self.names_in(folder, ending)? {
            self.listed.entry(name).or_insert(None);
        }
        Ok(())
    }

    fn names_in(&self, folder: &str, ending: &str) -> Result<Vec<String>, ClaimError> {
        let path = self.path.join(folder);
        let unreadable = |source| ClaimError::Look {
            path: path.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&path) {
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            entries => entries.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(unreadable)?.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(ending) && !atomic::is_temporary(name) {
                names.push(format!("{folder}/{name}"));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes the pictures of an earlier run that this one did not draw again.
    ///
    /// # Errors
    /// [`ClaimError`] when one cannot be removed.
    pub fn remove_others(&mut self, folder: &str, kept: &[String]) -> Result<(), ClaimError> {
        let prefix = format!("{folder}/");
        let names = self.listed.keys().filter(|name| name.starts_with(&prefix));
        let others: Vec<String> = names.filter(|name| !kept.contains(name)).cloned().collect();
        self.remove(&others)
    }

    /// Removes files of ours.
    fn remove(&mut self, names: &[String]) -> Result<(), ClaimError> {
        for name in names {
            remove_file(&self.path.join(name))?;
            self.listed.remove(name);
        }
        Ok(())
    }

    /// Removes the results of a run that is finished here, so that it no longer counts as that.
    /// provenance.json stays until the next one is written: it says which of the other files are
    /// ours.
    ///
    /// # Errors
    /// [`ClaimError`] when they cannot be removed.
    pub fn remove_results(&self) -> Result<(), ClaimError> {
        let name = "results.json";
        if self.is_unlisted || self.listed.contains_key(name) {
            remove_file(&self.path.join(name))?;
        }
        Ok(())
    }

    /// For provenance.json: every file, with the hash of those that the others are made from.
    ///
    /// # Errors
    /// A file that was just written cannot be read.
    pub fn manifest(&self) -> Result<Value, WriteError> {
        let mut hashes = BTreeMap::new();
        for name in DATA {
            let path = self.path.join(name);
            let hash = hash_of(&path).map_err(|source| WriteError { path, source })?;
            hashes.insert(name, hash);
        }
        Ok(Value::Object(self.files(|name| hashes.get(name).cloned())))
    }

    /// The files among `names` that have other bytes than were written, with both hashes. Empty for
    /// a run of a version that kept none.
    #[must_use]
    pub fn changed(&self, names: &[&'static str]) -> Vec<Changed> {
        let changed = |name: &&'static str| {
            let written = self.listed.get(*name)?.clone()?;
            let found = hash_of(&self.path.join(name)).unwrap_or_else(|error| error.to_string());
            (found != written).then_some(Changed {
                name,
                written,
                found,
            })
        };
        names.iter().filter_map(changed).collect()
    }

    /// Is a run unfinished here?
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.path.join("work/journal").is_file()
    }
}

/// A file that was altered after the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub name: &'static str,
    /// blake3 of what was written.
    pub written: String,
    /// blake3 of what is there.
    pub found: String,
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        write!(
            f,
            "{} is not what the run wrote (blake3 {}…, written was {}…)",
            self.name,
            short(&self.found),
            short(&self.written)
        )
    }
}

/// Why files cannot be ours.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody else's.
    #[error(transparent)]
    InTheWay(#[from] InTheWay),
    /// The note of it cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Whether a file is there, and whose, cannot be told.
    #[error("cannot read {}: {}", path.display(), cause(source))]
    Look {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of ours cannot be removed.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Removes a file; one that is not there is no error.
pub(crate) fn remove_file(path: &Path) -> Result<(), ClaimError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ClaimError::Remove {
            path: path.to_path_buf(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Removes from `folder` the files that `is_ours` by name, and the folder itself if nothing else is
/// in it.
pub(crate) fn remove_ours(folder: &Path, is_ours: impl Fn(&str) -> bool) -> Result<(), ClaimError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            let path = folder.to_path_buf();
            return Err(ClaimError::Remove { path, source });
        }
        Ok(entries) => entries,
    };
    for entry in entries {
        let entry = entry.map_err(|source| ClaimError::Look {
            path: folder.to_path_buf(),
            source,
        })?;
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(&is_ours);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            remove_file(&entry.path())?;
        }
    }
    // Not empty: somebody else's, and left to them.
    let _ = std::fs::remove_dir(folder);
    Ok(())
}

/// A run is there: finished, begun, or planned.
fn is_run(path: &Path) -> Result<bool, ClaimError> {
    let has = |name: &str, fits: fn(&Map<String, Value>) -> bool| -> Result<bool, ClaimError> {
        let object = read_object(&path.join(name))?;
        Ok(object.is_some_and(|object| fits(&object)))
    };
    let has_results = |results: &Map<String, Value>| {
        let keys = ["schema_version", "version", "cells"];
        keys.iter().all(|key| results.contains_key(*key))
    };
    let is_plan =
        |plan: &Map<String, Value>| plan.contains_key("fingerprint") && plan.contains_key("schema");
    let is_begun = || path.join("work/plan.json").is_file() && path.join("work/journal").is_file();
    Ok(has(PROVENANCE, is_provenance)?
        || has("results.json", has_results)?
        || is_begun()
        || has("cluster/plan.json", is_plan)?)
}

fn is_provenance(object: &Map<String, Value>) -> bool {
    object.contains_key("ocean_host") && object.contains_key("fingerprint")
}

/// What is in a folder that no run of ours begins with.
fn others(path: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(path) {
        // A file of that name is told of when the folder cannot be made.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut others = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = match name.as_str() {
            "work" => holds_only(&entry.path(), &WORK),
            "cluster" => holds_only(&entry.path(), &CLUSTER),
            name => NOBODYS.contains(&name) || atomic::is_temporary(name),
        };
        if !is_ours {
            others.push(name);
        }
    }
    others.sort();
    Ok(others)
}

/// A folder with nothing in it but these names.
fn holds_only(folder: &Path, names: &[&str]) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().all(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        names.contains(&&*name) || atomic::is_temporary(&name)
    })
}

/// The JSON object in a file; `None` where there is no such file, or something else in it.
pub(crate) fn read_object(path: &Path) -> Result<Option<Map<String, Value>>, ClaimError> {
    let is_nothing =
        |error: &io::Error| is_absent(error) || error.kind() == io::ErrorKind::IsADirectory;
    let bytes = match std::fs::read(path) {
        Err(error) if is_nothing(&error) => return Ok(None),
        read => read.map_err(|source| ClaimError::Look {
            path: path.to_path_buf(),
            source,
        })?,
    };
    Ok(match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    })
}

/// blake3 of a file's bytes.
///
/// # Errors
/// It cannot be read.
pub fn hash_of(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn only_new_empty_and_own_folders_are_used() {
        let provenance = json!({"ocean_host": "0.1.0", "fingerprint": {}}).to_string();
        let results = json!({"schema_version": 1, "version": "0.1.0", "cells": []}).to_string();
        let planned = json!({"schema": 1, "fingerprint": {}}).to_string();
        for files in [
            &[][..],
            &[(".DS_Store", ""), (".tmp-aB3xY9.part", "")],
            // Runs: finished, begun, planned; begun and planned by a command that was killed at
            // once.
            &[("provenance.json", provenance.as_str()), ("thesis.tex", "")],
            &[("results.json", results.as_str())],
            &[
                ("work/plan.json", "{}"),
                ("work/journal", ""),
                ("thesis.tex", ""),
            ],
            &[("work/journal", "")],
            &[("cluster/plan.json", planned.as_str()), ("thesis.tex", "")],
            &[("cluster/cache/embeddings/0/entry.json", "")],
        ] {
            let folder = folder(files);
            assert!(RunFolder::usable(folder.path()).is_ok(), "{files:?}");
        }
        for files in [
            &[("thesis.tex", "")][..],
            &[(".hidden", "")],
            &[("work/thesis.tex", "")],
            &[("cluster/thesis.tex", "")],
            &[("plots/plot.svg", "")],
            &[("provenance.json", "{\"of\": \"a painting\"}")],
            &[("results.json", "[1, 2]")],
            &[("work/plan.json", "{}"), ("work/thesis.tex", "")],
        ] {
            let folder = folder(files);
            let refused = RunFolder::usable(folder.path()).unwrap_err().to_string();
            let first = files[0].0.split('/').next().unwrap();
            assert!(refused.contains(&format!("`{first}`")), "{refused}");
        }
        assert!(RunFolder::usable(Path::new("/no/such/folder")).is_ok());
    }

    #[test]
    fn a_name_is_claimed_before_it_is_written_and_only_once_by_somebody_else() {
        let folder = folder(&[("work/journal", "")]);
        let names = ["a.csv", "b.csv"].map(str::to_owned);
        RunFolder::of(folder.path()).unwrap().claim(&names).unwrap();
        // Killed after the first file: they are still ours, and another is not.
        std::fs::write(folder.path().join("a.csv"), "half").unwrap();
        std::fs::write(folder.path().join("c.csv"), "mine").unwrap();
        let mut again = RunFolder::of(folder.path()).unwrap();
        again.claim(&names).unwrap();
        let error = again.claim(&["c.csv".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`c.csv` is there already"), "{error}");
    }

    #[test]
    fn models_of_an_earlier_run_go_and_those_of_the_user_stay() {
        let folder = folder(&[
            ("work/journal", ""),
            ("models/old.ocean", ""),
            ("models/notes.txt", ""),
        ]);
        let mut run = RunFolder::of(folder.path()).unwrap();
        assert!(run.claim_folder("models", ".ocean").is_err());
        run.list_folder("models", ".ocean").unwrap();
        run.claim_folder("models", ".ocean").unwrap();
        let left = std::fs::read_dir(folder.path().join("models")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.txt"]);
    }
}
