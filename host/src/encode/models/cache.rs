//! The Hugging Face caches of this machine, in the layout that all its programs share:
//! `CACHE/models--ORGANISATION--NAME/{refs/REVISION, snapshots/COMMIT/…, blobs/…}`.

use std::path::{Path, PathBuf};

use super::name::ModelName;
use super::whole::lacks;

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
    /// `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME/hub`, `XDG_CACHE_HOME/huggingface/hub`,
    /// `~/.cache/huggingface/hub`, the first that is set; then `SENTENCE_TRANSFORMERS_HOME`. As
    /// huggingface_hub does, `~` and `$NAME` in its own variables stand for what they stand for in
    /// a shell: a settings file of a scheduler or of an editor has no shell to say so.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name).map(PathBuf::from))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
        let home = || set("HOME").or_else(|| set("USERPROFILE"));
        let expanded = |name: &str| {
            let text = set(name)?;
            let home = home().and_then(|home| Some(home.to_str()?.to_owned()));
            let value = |name: &str| Some(variable(name)?.to_str()?.to_owned());
            Some(match text.to_str() {
                Some(text) => PathBuf::from(expand(text, home, value)),
                None => text,
            })
        };
        let hub = expanded("HF_HUB_CACHE")
            .or_else(|| expanded("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(expanded("HF_HOME")?.join("hub")))
            .or_else(|| Some(expanded("XDG_CACHE_HOME")?.join("huggingface/hub")))
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

/// `~` at the beginning, alone or before a slash, and `$NAME` or `${NAME}` anywhere; a variable
/// that is not set stays as it was written.
fn expand(text: &str, home: Option<String>, variable: impl Fn(&str) -> Option<String>) -> String {
    let text = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        _ => text.to_owned(),
    };
    let mut expanded = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        expanded.push_str(before);
        let after = &dollar[1..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, length) = match after
            .strip_prefix('{')
            .and_then(|name| name.split_once('}'))
        {
            Some((name, _)) => (name, name.len() + 3),
            None => {
                let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
                (&after[..end], end + 1)
            }
        };
        match variable(name).filter(|_| !name.is_empty()) {
            Some(value) => expanded.push_str(&value),
            None => expanded.push_str(&dollar[..length]),
        }
        rest = &dollar[length..];
    }
    expanded + rest
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
        let home = [("HOME", "/h"), ("SCRATCH", "/big")];
        for (name, value, expected) in [
            ("HF_HOME", "~/hf", "/h/hf/hub"),
            ("HF_HOME", "$SCRATCH/hf", "/big/hf/hub"),
            ("HF_HUB_CACHE", "~", "/h"),
            ("HF_HUB_CACHE", "${SCRATCH}/c/$NONE/a$", "/big/c/$NONE/a$"),
            ("HF_HUB_CACHE", "/a/~/${b", "/a/~/${b"),
            ("XDG_CACHE_HOME", "~/x", "/h/x/huggingface/hub"),
        ] {
            let set = [&home[..], &[(name, value)]].concat();
            assert_eq!(cache(&set), [expected], "{name}={value}");
        }
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
        let found = |revision: &str| caches.find(&name(revision)).unwrap();
        let lacks = || found("main").lacks.unwrap_or_default();
        write(&folder.join("config.json"), "{}");
        // Nobody knows yet whether the model has a modules.json; then a program asked, and the
        // server said no.
        assert_eq!(lacks(), "modules.json");
        write(&model.join(".no_exist/abc123/modules.json"), "");
        assert_eq!(lacks(), "model.safetensors");
        write(
            &folder.join("model.safetensors.index.json"),
            r#"{"weight_map": {"x": "one.safetensors", "y": "two.safetensors"}}"#,
        );
        write(&folder.join("one.safetensors"), "");
        assert_eq!(lacks(), "two.safetensors");
        write(&folder.join("two.safetensors"), "");
        assert_eq!(lacks(), "tokenizer.json");
        write(&folder.join("vocab.txt"), "");
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
