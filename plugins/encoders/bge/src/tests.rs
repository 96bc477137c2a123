//! The plugin against sentence-transformers on a tiny model, and what it refuses. What holds for
//! all text encoders is tested in `ocean-text-encoder`.

use ocean_plugin::testing::Host;
use ocean_text_encoder::testing::{check_vectors, open, params, refusal};
use serde_json::json;

use super::IsBge;

#[test]
fn vectors_are_those_of_sentence_transformers() {
    check_vectors::<IsBge>("bge", "bge");
}

#[test]
fn a_model_of_another_family_is_sent_to_its_plugin() {
    assert_eq!(
        refusal::<IsBge>("mpnet"),
        "…/mpnet/config.json: found model_type \"mpnet\"; expected \"bert\"; use the encoder `mpnet` for this model"
    );
}

#[test]
fn a_precision_that_is_not_built_is_refused() {
    let asked = params("bge", &json!({"precision": "bf16"}));
    let error = open::<IsBge>(&asked, &Host::new()).err().unwrap();
    assert_eq!(error.message(), "precision = \"bf16\" is none of f32");
}
