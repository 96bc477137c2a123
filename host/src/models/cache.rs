//! The Hugging Face caches of this machine, in the layout that all its programs share:
//! `CACHE/models--ORGANISATION--NAME/{refs/REVISION, snapshots/COMMIT/…, blobs/…}`.

use std::path::{Path, PathBuf};

use super::name::ModelName;

/// The caches, first the one that downloads go to.
#[derive(Debug, Clone)]
pub struct Caches(Vec<PathBuf>);

/// A model as it lies in a cache.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its files.
    pub folder: PathBuf,
    /// A file without which it is no model.
    pub lacks: Option<String>,
}

impl Caches {
    /// `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME/hub`, `XDG_CACHE_HOME/huggingface/hub`, `~/.cache/huggingface/hub`, those that are set; then
    /// `SENTENCE_TRANSFORMERS_HOME`.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name).map(PathBuf::from))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
        let home = || set("HOME").or_else(|| set("USERPROFILE"));
        let hub = set("HF_HUB_CACHE")
            .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(set("HF_HOME")?.join("hub")))
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("huggingface/hub")))
            .or_else(|| Some(home()?.join(".cache/huggingface/hub")));
        Self(
            hub.into_iter()
                .chain(set("SENTENCE_TRANSFORMERS_HOME"))
                .collect(),
        )
    }

    /// Where downloads go; `None` on a machine without a home.
    pub fn first(&self) -> Option<&Path> {
        self.0.first().map(PathBuf::as_path)
    }

    /// For messages.
    pub fn listed(&self) -> String {
        let shown: Vec<String> = self
            .0
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        match shown.is_empty() {
            true => {
                "any Hugging Face cache (there is none: neither HOME nor HF_HOME is set)".to_owned()
            }
            false => format!("the Hugging Face cache {}", shown.join(" or ")),
        }
    }

    /// The first snapshot that is whole, else the first that is not.
    pub fn find(&self, name: &ModelName) -> Option<Snapshot> {
        let mut found: Vec<Snapshot> = self
            .0
            .iter()
            .filter_map(|cache| snapshot(cache, name))
            .map(|folder| Snapshot {
                lacks: lacks(&folder),
                folder,
            })
            .collect();
        found.sort_by_key(|snapshot| snapshot.lacks.is_some());
        found.into_iter().next()
    }
}

/// The folder of a revision, which is a ref or a commit.
fn snapshot(cache: &Path, name: &ModelName) -> Option<PathBuf> {
    let model = cache.join(format!("models--{}", name.id.replace('/', "--")));
    let commit = std::fs::read_to_string(model.join("refs").join(&name.revision))
        .map_or_else(|_| name.revision.clone(), |commit| commit.trim().to_owned());
    let is_plain = !commit.is_empty() && !commit.contains(['/', '\\', '.']);
    let folder = model.join("snapshots").join(commit);
    (is_plain && folder.is_dir()).then_some(folder)
}

/// Which of the files every model needs is missing: its settings, or a file of weights.
fn lacks(folder: &Path) -> Option<String> {
    let is_missing = |name: &str| !folder.join(name).is_file();
    if is_missing("config.json") {
        return Some("config.json".to_owned());
    }
    let index = std::fs::read(folder.join("model.safetensors.index.json")).ok();
    let index: Option<serde_json::Value> =
        index.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let shards = index
        .as_ref()
        .and_then(|index| index["weight_map"].as_object());
    match shards {
        Some(shards) => shards
            .values()
            .filter_map(|shard| shard.as_str())
            .find(|shard| is_missing(shard))
            .map(str::to_owned),
        // A model in another format is whole; its encoder says what to do about it.
        None if is_missing("model.safetensors") && is_missing("pytorch_model.bin") => {
            Some("model.safetensors".to_owned())
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_first_variable_that_is_set_is_the_cache() {
        let cache = |set: &[(&str, &str)]| {
            let caches = Caches::from_variables(|name| {
                let (_, value) = set.iter().find(|(known, _)| *known == name)?;
                Some(PathBuf::from(value))
            });
            caches
                .0
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(cache(&[("HOME", "/h")]), ["/h/.cache/huggingface/hub"]);
        assert_eq!(
            cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]),
            ["/x/huggingface/hub"]
        );
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "/f")]), ["/f/hub"]);
        assert_eq!(
            cache(&[
                ("HF_HOME", "/f"),
                ("HF_HUB_CACHE", "/c"),
                ("SENTENCE_TRANSFORMERS_HOME", "/s")
            ]),
            ["/c", "/s"]
        );
        assert!(cache(&[]).is_empty());
    }

    #[test]
    fn a_model_is_found_by_branch_and_by_commit_and_must_be_whole() {
        let home = tempfile::tempdir().unwrap();
        let caches = Caches(vec![home.path().to_path_buf()]);
        let name = |revision: &str| ModelName {
            id: "a/b".into(),
            revision: revision.into(),
        };
        let model = home.path().join("models--a--b");
        let folder = model.join("snapshots/abc123");
        assert_eq!(caches.find(&name("main")), None);
        write(&model.join("refs/main"), "abc123\n");
        write(&folder.join("config.json"), "{}");
        let found = |revision: &str| caches.find(&name(revision)).unwrap();
        assert_eq!(found("main").lacks.as_deref(), Some("model.safetensors"));
        write(
            &folder.join("model.safetensors.index.json"),
            r#"{"weight_map": {"x": "one.safetensors", "y": "two.safetensors"}}"#,
        );
        write(&folder.join("one.safetensors"), "");
        assert_eq!(found("main").lacks.as_deref(), Some("two.safetensors"));
        write(&folder.join("two.safetensors"), "");
        let whole = Snapshot {
            folder,
            lacks: None,
        };
        assert_eq!(found("main"), whole);
        assert_eq!(found("abc123"), whole);
        assert_eq!(caches.find(&name("v2")), None);
        // A ref that leads elsewhere is no ref.
        write(&model.join("refs/v3"), "../../..");
        assert_eq!(caches.find(&name("v3")), None);
    }
}
