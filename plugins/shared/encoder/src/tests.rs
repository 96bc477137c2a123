//! What holds for every plugin made of this, on the tiny MiniLM. The network's own tests are in
//! `ocean-transformer`.

use ocean_plugin::prelude::*;
use ocean_plugin::testing::Host;
use serde_json::json;

use crate::testing::{open, params};
use crate::{Family, Kind, LongTexts, Settings};

ocean_plugin::params! {
    /// Enough to open a model.
    pub struct FewParams {
        /// Its folder.
        pub model: String = default_to("none").model(),
        /// Longest text.
        pub max_seq_length: Option<u32> = default_to(None).min(3),
    }
}

struct Few;

impl Kind for Few {
    const INFO: Info = ocean_plugin::info! { id: "few", name: "Few", family: "transformer" };
    type Params = FewParams;

    fn asked(params: FewParams) -> Result<(String, Settings)> {
        let settings = Settings {
            max_seq_length: params.max_seq_length.map(|length| length as usize),
            ..Settings::new(Family::Bert)
        };
        Ok((params.model, settings))
    }
}

#[test]
fn the_shape_is_the_models() {
    let host = Host::new();
    let encoder = open::<Few>(&params("minilm", &json!({})), &host).unwrap();
    let shape = encoder.shape(&host.call()).unwrap();
    assert_eq!(
        (shape.dim, shape.max_tokens, shape.is_normalised),
        (48, Some(64), true)
    );
    assert_eq!(shape.pooling, Pooling::Mean);
    let cls = open::<Few>(&params("bge", &json!({})), &host).unwrap();
    assert_eq!(cls.shape(&host.call()).unwrap().pooling, Pooling::Cls);
}

#[test]
fn tokens_are_counted_before_and_after_cutting() {
    let host = Host::new();
    let encoder = open::<Few>(&params("minilm", &json!({"max_seq_length": 5})), &host).unwrap();
    let nothing = TextInfo {
        n_tokens: 0,
        n_used: 0,
    };
    let mut info = [nothing; 3];
    let texts = ["", "my car", "my car my car my car"];
    encoder.text_info(&texts, &mut info, &host.call()).unwrap();
    assert_eq!(
        info.map(|i| (i.n_tokens, i.n_used)),
        [(2, 2), (4, 4), (8, 5)]
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |params: &str| {
        let error = open::<Few>(params, &Host::new()).err().unwrap();
        error.message().to_owned()
    };
    let length = |length: u32| params("minilm", &json!({"max_seq_length": length}));
    assert!(refused(&length(2)).starts_with("max_seq_length = 2 is outside [3, ∞)"));
    assert!(refused(&length(5000)).starts_with("max_seq_length = 5000 is outside [3, "));
    assert!(refused(r#"{"model": "/no/such/folder"}"#).starts_with("/no/such/folder is missing; "));
}

#[test]
fn a_cancelled_call_stops() {
    let host = Host::new();
    host.cancel();
    let error = host
        .encode::<crate::TextEncoder<Few>>(&params("minilm", &json!({})), &["x"])
        .unwrap_err();
    assert_eq!(error.status(), 4);
}

#[test]
fn a_stride_without_windows_is_refused() {
    assert_eq!(crate::long_texts("truncate", None), Ok(LongTexts::Truncate));
    let windows = LongTexts::Windows { stride: Some(20) };
    assert_eq!(crate::long_texts("windows", Some(20)), Ok(windows));
    let error = crate::long_texts("truncate", Some(20)).unwrap_err();
    assert!(error.message().starts_with("window_stride is for"));
}

/// One parameter, one value, of the plugin's own: the JSON of a user is read by the plugin's
/// schema.
#[test]
fn parameters_are_the_plugins_own() {
    let unknown = json!({"precision": "f32"});
    let error = open::<Few>(&params("minilm", &unknown), &Host::new()).err();
    assert!(error.unwrap().message().contains("`precision`"));
}
