//! What a model in the Hugging Face cache needs to be whole.
//!
//! Programs fetch a model file by file, and only the files that they use: a snapshot may lack
//! settings that change every vector, and still run.

use std::path::{Path, PathBuf};

/// Which file a snapshot needs and does not have.
///
/// Programs fetch file by file, so a snapshot may lack settings that change every vector: without
/// modules.json a model is read as a bare network, in which pooling and length are others. A file
/// that the model never had is known to be absent by a mark in `.no_exist`.
pub fn lacks(folder: &Path) -> Option<String> {
    let is_missing = |name: &String| !folder.join(name).is_file();
    if let Some(dangling) = dangling(folder) {
        return Some(dangling);
    }
    let is_known = is_known_absent(folder, MODULES) || is_fetched_whole(folder);
    if is_missing(&MODULES.to_owned()) && !is_known {
        return Some(MODULES.to_owned());
    }
    let Modules { network, others } = Modules::read(folder);
    let in_network = |name: &str| match network.as_str() {
        "" => name.to_owned(),
        network => format!("{network}/{name}"),
    };
    let mut needed = vec![in_network("config.json")];
    needed.extend(others.iter().map(|module| format!("{module}/config.json")));
    if let Some(missing) = needed.into_iter().find(is_missing) {
        return Some(missing);
    }
    let has = |name: &&str| !is_missing(&in_network(name));
    // A model in another format is whole; its encoder says what to do about it.
    let weights = match shards(&folder.join(in_network("model.safetensors.index.json"))) {
        Some(shards) => shards
            .iter()
            .map(|shard| in_network(shard))
            .find(is_missing),
        None => (!["model.safetensors", "pytorch_model.bin"].iter().any(&has))
            .then(|| in_network("model.safetensors")),
    };
    let tokens = || (!TOKENIZERS.iter().any(&has)).then(|| in_network(TOKENIZERS[0]));
    weights.or_else(tokens).or_else(|| {
        // Settings that not every model has: missed only where a download was broken off.
        let settings = SETTINGS.iter().map(|name| in_network(name));
        let mut settings = settings.chain([SENTENCE_TRANSFORMERS.to_owned()]);
        is_broken_off(folder)
            .then(|| settings.find(|name| is_missing(name) && !is_known_absent(folder, name)))
            .flatten()
    })
}

const MODULES: &str = "modules.json";
const SENTENCE_TRANSFORMERS: &str = "config_sentence_transformers.json";
const SETTINGS: [&str; 2] = ["sentence_bert_config.json", "tokenizer_config.json"];

/// One of them says how texts become tokens.
const TOKENIZERS: [&str; 6] = [
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
];

/// Where modules.json puts the network, and the modules that have settings.
struct Modules {
    network: String,
    others: Vec<String>,
}

impl Modules {
    /// What is no usable modules.json is the encoder's to refuse.
    fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join(MODULES)).ok();
        let json: Option<serde_json::Value> =
            bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let entries = json.as_ref().and_then(|json| json.as_array());
        let mut modules = Self {
            network: String::new(),
            others: Vec::new(),
        };
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            let path = text("path").trim_matches('/').to_owned();
            match text("type").rsplit('.').next() {
                Some("Transformer") => modules.network = path,
                Some("Pooling" | "Dense") => modules.others.push(path),
                _ => {}
            }
        }
        modules
    }
}

/// The files that an index of weights names.
fn shards(index: &Path) -> Option<Vec<String>> {
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(index).ok()?).ok()?;
    let shards = index["weight_map"].as_object()?.values();
    Some(
        shards
            .filter_map(|shard| Some(shard.as_str()?.to_owned()))
            .collect(),
    )
}

/// A link of the snapshot, or of a folder in it, to a file that is not there.
fn dangling(folder: &Path) -> Option<String> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let top = entries(folder);
    let below = top
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|path| entries(path));
    let mut all = top.iter().cloned().chain(below);
    let found = all.find(|path| !path.exists() && is_wanted(path))?;
    let name = found.strip_prefix(folder).unwrap_or(&found);
    Some(name.display().to_string())
}

/// Not weights in another format, or what is written for people.
fn is_wanted(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("json" | "txt" | "safetensors" | "model"))
}

/// The folder of a model and the name of the snapshot's commit.
fn model_and_commit(snapshot: &Path) -> Option<(&Path, &std::ffi::OsStr)> {
    Some((snapshot.parent()?.parent()?, snapshot.file_name()?))
}

/// The mark that all programs set for a file that the server does not have.
fn absence(snapshot: &Path, name: &str) -> Option<PathBuf> {
    let (model, commit) = model_and_commit(snapshot)?;
    Some(model.join(".no_exist").join(commit).join(name))
}

fn is_known_absent(snapshot: &Path, name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let mut marks = [name, last]
        .into_iter()
        .filter_map(|name| absence(snapshot, name));
    marks.any(|mark| mark.exists())
}

/// Only `hf download`, which takes every file, takes .gitattributes; what it has not fetched by its
/// end is not there.
fn is_fetched_whole(snapshot: &Path) -> bool {
    snapshot.join(".gitattributes").exists() && !is_broken_off(snapshot)
}

/// Something is left of a download that did not end.
fn is_broken_off(snapshot: &Path) -> bool {
    let blobs = model_and_commit(snapshot).map(|(model, _)| model.join("blobs"));
    let files = blobs.and_then(|blobs| std::fs::read_dir(blobs).ok());
    files.into_iter().flatten().flatten().any(|file| {
        let path = file.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("incomplete" | "part"))
    })
}

/// The settings that a model may have or not, which a download marks as absent when the server has
/// none.
#[cfg(feature = "download")]
const OPTIONAL: [&str; 4] = [MODULES, SENTENCE_TRANSFORMERS, SETTINGS[0], SETTINGS[1]];

/// Weights with their settings beside them: at the root, or in the folder of a module
/// (0_Transformer, as older folders have it).
#[cfg(feature = "download")]
pub fn is_model(files: &[String]) -> bool {
    let weights = files.iter().filter(|file| file.ends_with(".safetensors"));
    weights.into_iter().any(|weights| {
        let folder = weights.rsplit_once('/').map_or("", |(folder, _)| folder);
        let config = match folder {
            "" => "config.json".to_owned(),
            folder => format!("{folder}/config.json"),
        };
        files.contains(&config)
    })
}

/// Leaves the mark for settings that the server does not have, so that the snapshot counts as
/// whole. A mark that cannot be written costs a look at the server next time, no more.
#[cfg(feature = "download")]
pub fn mark_absent(snapshot: &Path, files: &[String]) {
    let marks = OPTIONAL
        .iter()
        .filter(|name| {
            !files
                .iter()
                .any(|file| file.rsplit('/').next() == Some(name))
        })
        .filter_map(|name| absence(snapshot, name));
    for mark in marks {
        if let Some(folder) = mark.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = std::fs::write(mark, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[cfg(feature = "download")]
    #[test]
    fn a_model_has_settings_beside_its_weights() {
        let is_model =
            |files: &[&str]| is_model(&files.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert!(is_model(&["config.json", "model.safetensors"]));
        assert!(is_model(&[
            "modules.json",
            "0_Transformer/config.json",
            "0_Transformer/model.safetensors"
        ]));
        assert!(!is_model(&[
            "config.json",
            "0_Transformer/model.safetensors"
        ]));
        assert!(!is_model(&["config.json"]));
    }

    #[test]
    fn a_snapshot_has_what_its_modules_need() {
        let home = tempfile::tempdir().unwrap();
        let model = home.path().join("models--a--b");
        let folder = model.join("snapshots/abc123");
        write(
            &folder.join("modules.json"),
            r#"[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
                {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]"#,
        );
        for missing in [
            "0_Transformer/config.json",
            "1_Pooling/config.json",
            "0_Transformer/model.safetensors",
            "0_Transformer/tokenizer.json",
        ] {
            assert_eq!(lacks(&folder).as_deref(), Some(missing));
            write(&folder.join(missing), "{}");
        }
        assert_eq!(lacks(&folder), None);
        // A download that was broken off may have left out what not every model has.
        write(&model.join("blobs/one.incomplete"), "");
        for missing in [
            "0_Transformer/sentence_bert_config.json",
            "0_Transformer/tokenizer_config.json",
        ] {
            assert_eq!(lacks(&folder).as_deref(), Some(missing));
            write(&folder.join(missing), "{}");
        }
        assert_eq!(lacks(&folder).as_deref(), Some(SENTENCE_TRANSFORMERS));
        write(&absence(&folder, SENTENCE_TRANSFORMERS).unwrap(), "");
        assert_eq!(lacks(&folder), None);
    }

    #[test]
    fn a_whole_repository_without_modules_json_is_a_whole_model() {
        let home = tempfile::tempdir().unwrap();
        let model = home.path().join("models--a--b");
        let folder = model.join("snapshots/abc123");
        for file in ["config.json", "model.safetensors", "vocab.txt"] {
            write(&folder.join(file), "{}");
        }
        assert_eq!(lacks(&folder).as_deref(), Some(MODULES));
        write(&folder.join(".gitattributes"), "");
        assert_eq!(lacks(&folder), None);
        write(&model.join("blobs/one.incomplete"), "");
        assert_eq!(lacks(&folder).as_deref(), Some(MODULES));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_did_not_arrive_is_missed() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("models--a--b/snapshots/abc123");
        for file in ["config.json", "model.safetensors", "vocab.txt"] {
            write(&folder.join(file), "{}");
        }
        write(&absence(&folder, MODULES).unwrap(), "");
        symlink("../../blobs/x", folder.join("model.onnx")).unwrap();
        assert_eq!(lacks(&folder), None);
        symlink("../../blobs/y", folder.join("tokenizer_config.json")).unwrap();
        assert_eq!(lacks(&folder).as_deref(), Some("tokenizer_config.json"));
    }
}
