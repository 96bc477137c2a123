//! The files of a folder as bytes: put back before each trial, compared after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Files with their bytes, and folders, by their path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Tree {
    /// What lies in a folder.
    pub fn of(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.gather(folder, folder);
        tree
    }

    /// Some files.
    pub fn of_files<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let entry = |(name, bytes): (&str, &[u8])| (PathBuf::from(name), Some(bytes.to_vec()));
        Self(files.map(entry).collect())
    }

    fn gather(&mut self, root: &Path, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                self.0.insert(name, None);
                self.gather(root, &path);
            } else {
                self.0.insert(name, Some(std::fs::read(&path).unwrap()));
            }
        }
    }

    /// Makes the folder hold this and nothing else.
    pub fn restore(&self, folder: &Path) {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).unwrap();
        for (name, bytes) in &self.0 {
            match bytes {
                None => std::fs::create_dir_all(folder.join(name)).unwrap(),
                Some(bytes) => std::fs::write(folder.join(name), bytes).unwrap(),
            }
        }
    }

    /// A file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(Path::new(name))?.as_deref()
    }

    /// Results: without the cache, unless it is one, and with what holds clock values reduced to
    /// the rest.
    pub fn results(&self, with_cache: bool) -> BTreeMap<String, String> {
        let is_cache = |path: &Path| path.iter().any(|part| part == "cache");
        let is_result = |path: &Path| with_cache || !is_cache(path);
        let kept = self.0.iter().filter(|(path, _)| is_result(path));
        // No entry of a cache needs the file that locks it.
        let kept = kept.filter(|(path, _)| !path.ends_with("lock"));
        kept.map(|(path, bytes)| {
            let name = path.to_string_lossy().into_owned();
            let bytes = bytes.as_deref().map(|bytes| settled(&name, bytes));
            (name, bytes.unwrap_or_default())
        })
        .collect()
    }

    /// The first file under a final name that is neither what it was nor what it shall be.
    pub fn half(&self, before: &Self, after: &Self) -> Option<String> {
        let (now, before, after) = (
            self.results(true),
            before.results(true),
            after.results(true),
        );
        let is_final = |name: &str| {
            // What grows or belongs to unfinished work is nobody's result; temporary names say so.
            let is_at_work = name.contains("work/")
                || name.contains("/partial/")
                || name.ends_with(".ocean-host-unfinished.json");
            let is_temporary = name.ends_with(".part") && name.contains(".tmp-");
            !is_at_work && !is_temporary && !name.contains("cache/")
        };
        let is_whole = |name: &str, text: &String| {
            [&before, &after].iter().any(|tree| tree.get(name) == Some(text))
                // Its list of files grows as they are written; that it is whole is all there is to ask.
                || (name.ends_with("provenance.json") && text.starts_with('{'))
                || (name.ends_with("_summary.json") && text.starts_with('{'))
        };
        let mut files = now.iter().filter(|(name, _)| is_final(name));
        let half = files.find(|(name, text)| !text.is_empty() && !is_whole(name, text));
        half.map(|(name, _)| name.clone())
    }
}

/// What of a file's bytes follows from the study alone: a text that is the same for the same bytes,
/// and begins with `{` for a whole JSON file with clock values in it.
fn settled(name: &str, bytes: &[u8]) -> String {
    let whole = || blake3::hash(bytes).to_hex().to_string();
    let without = |keys: &[&str]| match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(mut object)) => {
            object.retain(|key, _| !keys.contains(&key.as_str()));
            Value::Object(object).to_string()
        }
        _ => format!("half a file: {}", whole()),
    };
    if name.ends_with("provenance.json") {
        return without(&["stages", "evaluation"]);
    }
    if name.ends_with("_summary.json") {
        return without(&["seconds", "texts_per_s"]);
    }
    if name.ends_with("cluster/plan.json") {
        // Costs are measured.
        return without(&["pieces", "shards", "memory", "start_s", "merge_s", "encode"]);
    }
    if name.ends_with(".ocean-shard") {
        let body = bytes.len().saturating_sub(blake3::OUT_LEN);
        let is_whole = blake3::hash(&bytes[..body]).as_bytes().as_slice() == &bytes[body..];
        return format!("a shard, whole: {is_whole}");
    }
    whole()
}
