//! The plugin against sentence-transformers on tiny models of all families, and what it refuses.
//! What holds for all text encoders is tested in `ocean-text-encoder`.

use ocean_plugin::testing::Host;
use ocean_text_encoder::testing::{check_vectors, open, params};
use serde_json::json;

use super::IsSentenceTransformer;

#[test]
fn vectors_are_those_of_sentence_transformers() {
    check_vectors::<IsSentenceTransformer>("minilm", "as published");
    check_vectors::<IsSentenceTransformer>("mpnet", "mpnet");
    check_vectors::<IsSentenceTransformer>("roberta", "roberta");
    check_vectors::<IsSentenceTransformer>("xlm-roberta", "xlm-roberta");
}

#[test]
fn a_model_must_be_given() {
    let error = open::<IsSentenceTransformer>("{}", &Host::new()).err();
    assert!(error.unwrap().message().starts_with("`model` is missing"));
}

#[test]
fn a_precision_that_is_not_built_is_refused() {
    let asked = params("roberta", &json!({"precision": "bf16"}));
    let error = open::<IsSentenceTransformer>(&asked, &Host::new()).err();
    assert_eq!(
        error.unwrap().message(),
        "precision = \"bf16\" is none of f32"
    );
}
