//! Models: found in a folder or in the Hugging Face cache, or fetched from a server on loopback
//! that breaks off, sends other bytes, or knows nothing.

use std::path::{Path, PathBuf};

use ocean_tests::hub::{COMMIT, Faults, Hub};
use ocean_tests::workspace::root;

use crate::cli::host::{Ran, ocean_host};

const ID: &str = "tests/tiny-minilm";

/// A folder with three texts and a study that encodes them.
struct Study {
    folder: tempfile::TempDir,
}

impl Study {
    fn new(model: &str, keys: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let toml = format!(
            "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntext = \"text\"\n[[encoder]]\nname = \"tiny\"\nplugin = \"minilm\"\n\
             model = \"{model}\"\n{keys}"
        );
        std::fs::write(folder.path().join("plugins.toml"), toml).unwrap();
        std::fs::write(
            folder.path().join("d.csv"),
            "id,text\na,one text\nb,another\nc,a third one\n",
        )
        .unwrap();
        Self { folder }
    }

    /// `ocean-host encode --out vectors`, with a Hugging Face cache in this folder.
    fn encode(&self, variables: &[(&str, &str)]) -> Ran {
        let mut command = ocean_host(
            self.folder.path(),
            &["encode", "plugins.toml", "--out", "vectors"],
        );
        for name in [
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HF_TOKEN",
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "SENTENCE_TRANSFORMERS_HOME",
        ] {
            command.env_remove(name);
        }
        command
            .env("HF_HOME", self.folder.path().join("hf"))
            .envs(variables.iter().copied());
        Ran::of(&command.output().unwrap())
    }

    fn vectors(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("vectors/tiny.npy")).unwrap()
    }

    fn snapshot(&self) -> PathBuf {
        self.folder
            .path()
            .join("hf/hub/models--tests--tiny-minilm/snapshots")
            .join(COMMIT)
    }
}

fn tiny() -> PathBuf {
    root().join("tests/golden/models/minilm")
}

/// The vectors of the same texts by the same model from its folder.
fn expected() -> Vec<u8> {
    let study = Study::new(tiny().to_str().unwrap(), "");
    study.encode(&[]).ending_with(0);
    study.vectors()
}

#[test]
fn a_model_is_downloaded_once_and_gives_the_vectors_of_its_folder() {
    let hub = Hub::serve(ID, &tiny(), Faults::default());
    let study = Study::new(ID, "download = true\n");
    study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
    assert_eq!(study.vectors(), expected());
    let n_requests = hub.requests().len();
    // Now it is in the cache: no request, and none is needed without the network either.
    study
        .encode(&[("HF_ENDPOINT", &hub.url), ("HF_HUB_OFFLINE", "1")])
        .ending_with(0);
    assert_eq!(hub.requests().len(), n_requests);
}

#[test]
fn a_broken_connection_is_resumed_where_it_broke() {
    let hub = Hub::serve(
        ID,
        &tiny(),
        Faults {
            cut: Some((2, 1000)),
            ..Faults::default()
        },
    );
    let study = Study::new(ID, "download = true\n");
    study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
    assert_eq!(study.vectors(), expected());
    let requests = hub.requests();
    for resumed in [
        "/store/model.safetensors 1000-",
        "/store/model.safetensors 2000-",
    ] {
        assert!(
            requests.iter().any(|request| request == resumed),
            "{requests:?}"
        );
    }
}

#[test]
fn what_a_broken_download_left_is_gone_on_with_by_the_next_command() {
    // As many as one command attempts.
    let hub = Hub::serve(
        ID,
        &tiny(),
        Faults {
            cut: Some((5, 1000)),
            ..Faults::default()
        },
    );
    let study = Study::new(ID, "download = true\n");
    let failed = study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(2);
    assert!(
        failed
            .stderr
            .contains("the download broke off at model.safetensors"),
        "{}",
        failed.stderr
    );
    assert!(
        failed
            .stderr
            .contains("the same command again; it goes on from there")
    );
    study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
    assert_eq!(study.vectors(), expected());
    assert!(
        hub.requests()
            .iter()
            .any(|request| request == "/store/model.safetensors 5000-")
    );
}

#[test]
fn other_bytes_than_promised_are_refused_and_removed() {
    let hub = Hub::serve(
        ID,
        &tiny(),
        Faults {
            is_corrupt: true,
            ..Faults::default()
        },
    );
    let study = Study::new(ID, "download = true\n");
    let failed = study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(2);
    assert!(
        failed
            .stderr
            .contains("model.safetensors does not have the hash that the server promised"),
        "{}",
        failed.stderr
    );
    assert!(!study.snapshot().join("model.safetensors").exists());
    let sound = Hub::serve(ID, &tiny(), Faults::default());
    study.encode(&[("HF_ENDPOINT", &sound.url)]).ending_with(0);
    assert_eq!(study.vectors(), expected());
}

#[test]
fn a_model_that_is_nowhere_is_one_error_with_the_ways_to_get_it() {
    let absent = Study::new(ID, "").encode(&[]).ending_with(2);
    for part in [
        "\"tests/tiny-minilm\" is not on this machine",
        "download = true in this [[encoder]]",
        "`hf download tests/tiny-minilm`",
        "the path of a folder",
    ] {
        assert!(absent.stderr.contains(part), "{part}\n{}", absent.stderr);
    }
    let path = Study::new("models/a/b", "download = true\n")
        .encode(&[])
        .ending_with(2);
    assert!(
        path.stderr
            .contains("\"models/a/b\" is no folder beside plugins.toml"),
        "{}",
        path.stderr
    );
    let offline = Study::new(ID, "download = true\n")
        .encode(&[("HF_HUB_OFFLINE", "1")])
        .ending_with(2);
    assert!(
        offline.stderr.contains("HF_HUB_OFFLINE is set"),
        "{}",
        offline.stderr
    );
    let hub = Hub::serve("tests/another", &tiny(), Faults::default());
    let unknown = Study::new(ID, "download = true\n")
        .encode(&[("HF_ENDPOINT", &hub.url)])
        .ending_with(2);
    assert!(
        unknown
            .stderr
            .contains("the server knows no model `tests/tiny-minilm` at revision `main`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn an_interrupted_download_is_named_when_it_may_not_go_on() {
    let hub = Hub::serve(ID, &tiny(), Faults::default());
    let study = Study::new(ID, "download = true\n");
    study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
    let toml = study.folder.path().join("plugins.toml");
    let with = std::fs::read_to_string(&toml).unwrap();
    let without = with.replace("download = true\n", "");
    for file in ["model.safetensors", "modules.json"] {
        std::fs::remove_file(study.snapshot().join(file)).unwrap();
        std::fs::write(&toml, &without).unwrap();
        let refused = study.encode(&[]).ending_with(2);
        let lacks = format!("lacks {file}, as after an interrupted download");
        assert!(refused.stderr.contains(&lacks), "{}", refused.stderr);
        // Without modules.json the network would run, and give other vectors.
        std::fs::write(&toml, &with).unwrap();
        study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
        assert_eq!(study.vectors(), expected());
    }
}

/// Older folders keep the network in 0_Transformer; a model that was never one of
/// sentence-transformers has no modules.json at all.
#[test]
fn other_layouts_are_fetched_and_found_again() {
    let old = tempfile::tempdir().unwrap();
    copy(&tiny(), &old.path().join("0_Transformer"));
    for name in ["1_Pooling", "modules.json"] {
        std::fs::rename(
            old.path().join("0_Transformer").join(name),
            old.path().join(name),
        )
        .unwrap();
    }
    let modules = std::fs::read_to_string(old.path().join("modules.json")).unwrap();
    std::fs::write(
        old.path().join("modules.json"),
        modules.replacen("\"path\": \"\"", "\"path\": \"0_Transformer\"", 1),
    )
    .unwrap();
    let bare = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(tiny().join(file), bare.path().join(file)).unwrap();
    }
    for layout in [old.path(), bare.path()] {
        let hub = Hub::serve(ID, layout, Faults::default());
        let study = Study::new(ID, "download = true\n");
        study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(0);
        if layout == old.path() {
            assert_eq!(study.vectors(), expected());
        }
        study.encode(&[("HF_HUB_OFFLINE", "1")]).ending_with(0);
    }
}

#[test]
fn the_token_is_sent_to_the_named_server_and_to_no_other() {
    let faults = Faults {
        is_elsewhere: true,
        ..Faults::default()
    };
    let hub = Hub::serve(ID, &tiny(), faults);
    let study = Study::new(ID, "download = true\n");
    study
        .encode(&[("HF_ENDPOINT", &hub.url), ("HF_TOKEN", "hf_secret")])
        .ending_with(0);
    let requests = hub.requests();
    assert!(
        requests
            .iter()
            .any(|request| request.starts_with("/store/"))
    );
    let with_token = hub.with_token();
    let port: u16 = hub.url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(!with_token.is_empty());
    for (seen_at, path) in with_token {
        assert!(seen_at == port && !path.starts_with("/store/"), "{path}");
    }
}

#[test]
fn what_a_server_says_names_no_file_outside_the_cache() {
    for faults in [
        Faults {
            etag: Some("../../../../../../evil"),
            ..Faults::default()
        },
        Faults {
            etag: Some("/tmp/ocean-host-evil"),
            ..Faults::default()
        },
        Faults {
            commit: Some("../../../../evil"),
            ..Faults::default()
        },
    ] {
        let hub = Hub::serve(ID, &tiny(), faults);
        let study = Study::new(ID, "download = true\n");
        let refused = study.encode(&[("HF_ENDPOINT", &hub.url)]).ending_with(2);
        assert!(
            refused
                .stderr
                .contains("the server's answer is not followed"),
            "{}",
            refused.stderr
        );
        let mut names: Vec<_> = std::fs::read_dir(study.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "cache")
            .collect();
        names.sort();
        assert!(
            names == ["d.csv", "hf", "plugins.toml"] || names == ["d.csv", "plugins.toml"],
            "{names:?}"
        );
        assert!(!Path::new("/tmp/ocean-host-evil").exists());
    }
}

/// A folder beside plugins.toml comes before a name in a cache.
#[test]
fn a_folder_is_relative_to_plugins_toml() {
    let study = Study::new("models/tiny", "");
    copy(&tiny(), &study.folder.path().join("models/tiny"));
    study.encode(&[]).ending_with(0);
    assert_eq!(study.vectors(), expected());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
