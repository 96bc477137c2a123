//! Plugins in Rust, written against the SDK alone and opened as libraries.

use crate::opened::Opened;
use ocean_plugin::testing::Host;
use ocean_plugin_abi::{
    BUILD_ID, EncoderInfoV1, EncoderShape, EncoderV1, PathV1, Str, TextInfo, flag, handle, id,
    kind, status,
};
use ocean_tests::fixtures;
use std::ptr;

#[test]
fn the_toy_regressor_predicts_the_hand_worked_numbers() {
    // One column (−1, 0, 1), y = (−2, 0, 2), alpha 2: coef = 4 / (2 + 2) = 1.
    let plugin = Opened::new(&fixtures::rust_plugin("toy_regressor"));
    let y_hat = plugin.fit_predict("{}", &[-1.0, 0.0, 1.0], &[-2.0, 0.0, 2.0], 2.0, &[0.5, 3.0]);
    assert_eq!(y_hat, Ok(vec![0.5, 3.0]));
}

#[test]
fn what_the_toy_regressor_says_of_itself_comes_from_its_info_and_its_cargo_toml() {
    let plugin = Opened::new(&fixtures::rust_plugin("toy_regressor"));
    // SAFETY: descriptors live as long as the library.
    let descriptor = unsafe { &*plugin.entry.descriptor(0) };
    let text = |text: Str| unsafe { text.as_str().unwrap() };
    assert_eq!(text(descriptor.id), "toy-regressor");
    assert_eq!(text(descriptor.version), "0.1.0");
    assert_eq!(text(descriptor.license), "MIT OR Apache-2.0");
    assert_eq!(text(plugin.entry.build_info), BUILD_ID);
    assert_eq!(
        (descriptor.kind, descriptor.flags),
        (kind::REGRESSOR, flag::THREAD_SAFE)
    );
    assert_eq!(
        text(descriptor.params_schema_json),
        r#"{"alpha":{"type":"number","default":1.0,"min":0.01,"max":100,"scale":"log","tunable":"alpha","help":"Shrinks every coefficient."}}"#
    );
    // SAFETY: an index past the end is allowed.
    unsafe {
        assert_eq!(plugin.entry.count(), 1);
        assert!(plugin.entry.descriptor(1).is_null());
        assert_eq!(plugin.entry.descriptor(0), ptr::from_ref(descriptor));
    }
    assert!(
        plugin.table::<PathV1>(id::PATH).is_none(),
        "it has fit and predict alone"
    );
}

#[test]
fn the_toy_encoder_counts_words_and_its_shape_and_token_counts_agree() {
    let plugin = Opened::new(&fixtures::rust_plugin("toy_encoder"));
    let table: &EncoderV1 = plugin.table(id::ENCODER).unwrap();
    let info_table: &EncoderInfoV1 = plugin.table(id::ENCODER_INFO).unwrap();
    let host = Host::new();
    let call = host.raw_call();
    let texts = ["one two two", "", "two two one three"].map(Str::new);
    let mut encoder: *mut handle::Encoder = ptr::null_mut();
    let mut shape = EncoderShape {
        struct_size: size_of::<EncoderShape>(),
        dim: 0,
        max_tokens: 0,
        pooling: 9,
        normalised: 9,
        cache_key: Str::EMPTY,
    };
    let mut vectors = vec![f32::NAN; 3 * 512];
    let mut info = [TextInfo {
        n_tokens: 0,
        n_used: 0,
    }; 3];
    // SAFETY: sizes as the header asks; the encoder is given back once.
    unsafe {
        let params = Str::new(r#"{"dim": 512, "max_words": 3}"#);
        host.outcome(table.create(params, &call, &mut encoder))
            .unwrap();
        host.outcome(table.shape(encoder, &mut shape, &call))
            .unwrap();
        let out = vectors.as_mut_ptr();
        host.outcome(table.encode(encoder, texts.as_ptr(), 3, out, &call))
            .unwrap();
        let out = info.as_mut_ptr();
        host.outcome(info_table.text_info(encoder, texts.as_ptr(), 3, out, &call))
            .unwrap();
        assert!(
            shape
                .cache_key
                .as_str()
                .unwrap()
                .starts_with("toy-encoder 1")
        );
        table.destroy(encoder);
    }
    assert_eq!(
        (shape.dim, shape.max_tokens, shape.pooling, shape.normalised),
        (512, 3, 0, 0)
    );
    let (first, rest) = vectors.split_at(512);
    let (empty, third) = rest.split_at(512);
    // Counts 1 and 2, length √5; the fourth word of the third text is cut, so that it is the first
    // with its words in another order.
    let counts: Vec<f32> = first.iter().copied().filter(|&v| v > 0.0).collect();
    let root = 5f32.sqrt();
    assert!(counts == [1.0 / root, 2.0 / root] || counts == [2.0 / root, 1.0 / root]);
    assert_eq!(first, third);
    assert!(empty.iter().all(|&v| v == 0.0));
    assert_eq!(
        info.map(|one| (one.n_tokens, one.n_used)),
        [(3, 3), (0, 0), (4, 3)]
    );
}

#[test]
fn a_panic_in_fit_is_status_6_with_place_and_message() {
    let plugin = Opened::new(&fixtures::rust_plugin("panics"));
    let failed = plugin
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0])
        .unwrap_err();
    assert_eq!(failed.status(), status::PANIC);
    let message = failed.message();
    assert!(message.starts_with("panicked at "), "{message}");
    assert!(message.contains("lib.rs:"), "{message}");
    assert!(
        message.ends_with("index out of bounds: the len is 2 but the index is 2"),
        "{message}"
    );
}

#[test]
fn a_panic_in_destroy_ends_nothing() {
    let plugin = Opened::new(&fixtures::rust_plugin("panics"));
    let params = r#"{"place": "destroy"}"#;
    let y_hat = plugin.fit_predict(params, &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0]);
    assert_eq!(y_hat, Ok(vec![0.0]));
}

#[test]
fn a_plugin_that_predicts_nan_says_ok_so_the_host_must_look() {
    let plugin = Opened::new(&fixtures::rust_plugin("returns_nan"));
    let y_hat = plugin
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0, 2.0])
        .unwrap();
    assert!(y_hat.iter().all(|v| v.is_nan()));
}
