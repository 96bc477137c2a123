//! The plugin against sentence-transformers on a tiny model, and what it refuses. The network's own tests are in `ocean-transformer`.

use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use serde_json::{Value, json};

use crate::{MpNet, MpNetParams};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/golden/models");

fn params(model: &str, more: Value) -> String {
    let mut params = json!({"model": format!("{MODELS}/{model}")});
    for (key, value) in more.as_object().unwrap() {
        params[key] = value.clone();
    }
    params.to_string()
}

fn open(params: &str, host: &Host) -> Result<MpNet> {
    MpNet::new(MpNetParams::from_json(params)?, &host.call())
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    let golden: Value =
        serde_json::from_slice(&std::fs::read(format!("{MODELS}/golden.json")).unwrap()).unwrap();
    let texts: Vec<&str> = golden["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t.as_str().unwrap())
        .collect();
    let variants = golden["variants"].as_array().unwrap();
    let expected = variants.iter().find(|v| v["name"] == "mpnet").unwrap();
    let host = Host::new().with(0, 2);
    let (dim, out) = host
        .encode::<MpNet>(&params("mpnet", json!({})), &texts)
        .unwrap();
    assert_eq!((dim, out.len()), (48, 48 * texts.len()));
    for (i, value) in out.iter().enumerate() {
        let expected = expected["vectors"][i / dim][i % dim].as_f64().unwrap();
        // Two orders of summation in f32: see ocean-transformer's golden test.
        assert!(
            (f64::from(*value) - expected).abs() < 1e-6,
            "text {}, number {}",
            i / dim,
            i % dim
        );
    }
    let progress = host.progress_reports();
    assert!(
        progress.is_sorted() && progress.last() == Some(&1.0),
        "{progress:?}"
    );
}

#[test]
fn the_shape_is_the_models() {
    let host = Host::new();
    let shape = open(&params("mpnet", json!({})), &host)
        .unwrap()
        .shape(&host.call())
        .unwrap();
    assert_eq!(
        (shape.dim, shape.max_tokens, shape.is_normalised),
        (48, Some(200), true)
    );
    assert_eq!(shape.pooling, Pooling::Mean);
}

#[test]
fn tokens_are_counted_before_and_after_cutting() {
    let host = Host::new();
    let encoder = open(&params("mpnet", json!({"max_seq_length": 5})), &host).unwrap();
    let mut info = [TextInfo {
        n_tokens: 0,
        n_used: 0,
    }; 3];
    encoder
        .text_info(
            &["", "my car", "my car my car my car"],
            &mut info,
            &host.call(),
        )
        .unwrap();
    assert_eq!(
        info.map(|i| (i.n_tokens, i.n_used)),
        [(2, 2), (4, 4), (8, 5)]
    );
}

#[test]
fn a_model_of_another_family_is_sent_to_its_plugin() {
    let error = open(&params("minilm", json!({})), &Host::new())
        .err()
        .unwrap();
    assert_eq!(error.status(), 1);
    let message = error.message().replace(MODELS, "…");
    assert_eq!(
        message,
        "…/minilm/config.json: found model_type \"bert\"; expected \"mpnet\"; use the encoder `minilm` or `bge` for this model"
    );
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |more: Value| {
        open(&params("mpnet", more), &Host::new())
            .err()
            .unwrap()
            .message()
            .to_owned()
    };
    assert!(
        refused(json!({"max_seq_length": 2})).starts_with("max_seq_length = 2 is outside [3, ∞)")
    );
    assert!(
        refused(json!({"max_seq_length": 5000}))
            .starts_with("max_seq_length = 5000 is outside [3, ")
    );
    assert_eq!(
        refused(json!({"precision": "bf16"})),
        "precision = \"bf16\" is none of f32"
    );
    let missing = open(r#"{"model": "/no/such/folder"}"#, &Host::new())
        .err()
        .unwrap();
    assert!(
        missing
            .message()
            .starts_with("/no/such/folder is missing; "),
        "{missing}"
    );
}

#[test]
fn a_cancelled_call_stops() {
    let host = Host::new();
    host.cancel();
    let error = host
        .encode::<MpNet>(&params("mpnet", json!({})), &["x"])
        .unwrap_err();
    assert_eq!(error.status(), 4);
}
