use super::model::*;
use crate::library::Fitted;

fn model() -> Model {
    Model {
        ocean_model: FORMAT,
        made_by: "0.1.0".into(),
        study: "small".into(),
        target: "mood".into(),
        id: "id".into(),
        text: vec!["text".into()],
        encoder: Recipe::Precomputed {
            name: "vectors".into(),
            hash: "abc".into(),
        },
        regressor: Regression {
            name: "ridge".into(),
            id: "ridge".into(),
            path: "libocean_plugin_ridge.so".into(),
            hash: "def".into(),
            params: serde_json::Map::new(),
            alpha: Some(0.1 + 0.2),
            mean: vec![1e-300, -3.5],
            sd: vec![1.0, 0.0],
            intercept: 4.2,
            scale: 1.0,
            fitted: Fitted::Coefficients(vec![1.0 / 3.0, 0.0]),
        },
        evidence: Evidence {
            n: 40,
            n_train: 32.0,
            r2: 0.25,
            ci: Some((0.1, 0.4)),
            p_fwer: Some(0.001),
            verdict: "predictive".into(),
        },
        checksum: String::new(),
    }
}

#[test]
fn a_model_is_read_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    let mut written = model();
    written.write(&path).unwrap();
    assert_eq!(Model::read(&path).unwrap(), written);
    let mut of_bytes = model();
    of_bytes.regressor.fitted = Fitted::State(vec![0, 255, 7]);
    of_bytes.write(&path).unwrap();
    assert_eq!(Model::read(&path).unwrap(), of_bytes);
}

#[test]
fn a_changed_or_foreign_file_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ocean");
    model().write(&path).unwrap();
    let sound = std::fs::read_to_string(&path).unwrap();
    let error = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Model::read(&path).unwrap_err().to_string();
        error.replace(&path.display().to_string(), "FILE")
    };
    let damaged = "FILE is damaged: its checksum does not match; copy it again";
    assert_eq!(error(&sound.replace("4.2", "4.3")), damaged);
    assert_eq!(
        error(&sound.replace("\"sd\":[1.0,0.0]", "\"sd\":[1.0]")),
        damaged
    );
    assert_eq!(
        error(&sound.replace("\"ocean_model\":1", "\"ocean_model\":2")),
        "FILE is no model that this ocean-host can read: its format is 2, 1 is expected; use an ocean-host of its version"
    );
    assert_eq!(
        error("{}"),
        "FILE is no model that this ocean-host can read: it has no `ocean_model`"
    );
    assert!(
        error(&sound[..200]).starts_with("FILE is no model that this ocean-host can read: EOF")
    );
}
