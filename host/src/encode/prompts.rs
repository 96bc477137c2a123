//! Models that were taught with words before every text, and whose folders do not say so.

use serde_json::{Map, Value};

/// A note on an encoder whose model is an E5 by its name (Wang et al. 2022, *arXiv:2212.03533*) and
/// that has no prompt.
///
/// `schema`: its plugin's; `params`: checked, the model as the user typed it.
pub fn forgotten(name: &str, schema: &Value, params: &Map<String, Value>) -> Option<String> {
    let takes_prompt = !schema["prompt"].is_null() && !params.contains_key("prompt");
    let model = params.get("model").and_then(Value::as_str)?;
    let last = model
        .trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()?;
    let mut words = last.split(['-', '_', '.']);
    let is_e5 = words.any(|word| word.eq_ignore_ascii_case("e5"));
    (takes_prompt && is_e5).then(|| {
        format!(
            "`{name}` is an E5 model by its name: these were taught with `query: ` or `passage: ` before every text, and no prompt is set. \
             Texts that are compared with each other take prompt = \"query: \"; prompt = \"\" keeps it as it is."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_e5_model_without_a_prompt_is_told() {
        let schema =
            json!({"model": {"type": "string"}, "prompt": {"type": "string", "default": null}});
        let said = |params: Value| forgotten("m", &schema, params.as_object().unwrap());
        for model in [
            "intfloat/multilingual-e5-base",
            "models/e5-large-v2/",
            "E5_small",
        ] {
            let note = said(json!({"model": model})).unwrap();
            assert!(note.contains("prompt = \"query: \""), "{note}");
            assert_eq!(said(json!({"model": model, "prompt": ""})), None);
        }
        assert_eq!(said(json!({"model": "e5/all-MiniLM-L6-v2"})), None);
        assert_eq!(
            said(json!({"model": "sentence-transformers/re5tart"})),
            None
        );
        // A plugin that takes none.
        let params = json!({"model": "e5-base"});
        assert_eq!(
            forgotten("m", &json!({}), params.as_object().unwrap()),
            None
        );
    }
}
