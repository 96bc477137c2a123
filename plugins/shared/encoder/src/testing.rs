//! What the plugins' tests share: the tiny models of `tests/golden/models`, and the vectors that
//! sentence-transformers gave for them.

use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use serde_json::{Value, json};

use crate::{Kind, TextEncoder};

/// The folder of the tiny models.
pub const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/golden/models");

/// The parameters of an encoder: a tiny model, and what else is asked for.
#[must_use]
pub fn params(model: &str, more: &Value) -> String {
    let mut params = json!({"model": format!("{MODELS}/{model}")});
    for (key, value) in more.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    params.to_string()
}

/// The encoder, as a host makes it.
///
/// # Errors
/// Whatever it refuses.
pub fn open<K: Kind>(params: &str, host: &Host) -> Result<TextEncoder<K>> {
    TextEncoder::new(K::Params::from_json(params)?, &host.call())
}

/// What an encoder says against a tiny model of another family, without the folder's place.
///
/// # Panics
/// When it takes the model.
#[must_use]
pub fn refusal<K: Kind>(model: &str) -> String {
    let refused = open::<K>(&params(model, &json!({})), &Host::new()).err();
    let error = refused.expect("a model of another family");
    assert_eq!(error.status(), 1, "the parameter is at fault");
    error.message().replace(MODELS, "…")
}

/// Checks the vectors of a tiny model, encoded through the exported tables on two threads, against
/// those of sentence-transformers kept as `variant`, and that progress ends at 1.
///
/// # Panics
/// When a component differs by 1e-6 or more: two orders of summation in f32 differ by less (see
/// `ocean-transformer`'s golden test).
pub fn check_vectors<K: Kind>(model: &str, variant: &str) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let read = |file: &str| -> Value {
        let bytes = std::fs::read(format!("{MODELS}/{file}")).expect(file);
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let of = |golden: &Value| {
        let mut variants = list(&golden["variants"]).into_iter();
        variants.find(|kept| kept["name"] == variant)
    };
    let mut golden = read("golden.json");
    if of(&golden).is_none() {
        golden = read("families.json");
    }
    let texts = list(&golden["texts"]);
    let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
    let expected = of(&golden);
    let expected: Vec<f64> = expected
        .map(|kept| list(&kept["vectors"]))
        .iter()
        .flatten()
        .flat_map(list)
        .filter_map(|value| value.as_f64())
        .collect();
    let host = Host::new().with(0, 2);
    let (dim, found) = host
        .encode::<TextEncoder<K>>(&params(model, &json!({})), &texts)
        .expect("vectors");
    assert!(texts.len() > 10 && found.len() == dim * texts.len());
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(*found) - expected).abs();
        assert!(difference < 1e-6, "text {}, number {}", i / dim, i % dim);
    }
    let progress = host.progress_reports();
    assert!(
        progress.is_sorted() && progress.last() == Some(&1.0),
        "{progress:?}"
    );
}
