//! What hosts may send to a plugin, against the templates: shapes at the edge, huge and tiny
//! numbers, odd texts, cancellation.

use ocean_plugin::testing::Host;
use ocean_plugin_abi::{EncoderShape, EncoderV1, Mat, RegressorV1, Str, handle, id, status};
use ocean_tests::fixtures::library_name;
use ocean_tests::kit::{Made, can_build, made};

use crate::opened::Opened;

/// A template, built and opened, with the folder it needs.
fn each(kind: &str, mut test: impl FnMut(&str, &Opened)) {
    for language in ["rust", "c", "cpp", "python"] {
        if !can_build(language) {
            continue;
        }
        let name = format!("edge-{kind}");
        let made: Made = made(kind, language, &name);
        let (_, build) = made.commands[0].split_once(" && ").unwrap();
        made.ok(build);
        let folder = match language {
            "rust" => made.folder.join("target/release"),
            _ => made.folder.clone(),
        };
        // Another name for every language: a second library of the same path would be the first
        // one.
        let library = folder.join(library_name(&name.replace('-', "_")));
        let own = made.folder.join(format!("{language}.so"));
        std::fs::copy(library, &own).unwrap();
        test(language, &Opened::new(&own));
    }
}

#[test]
fn a_regressor_of_any_shape_and_scale_predicts_finite_numbers() {
    each("regressor", |language, plugin| {
        let fit = |x: &[f64], y: &[f64], x_new: &[f64]| {
            let y_hat = plugin.fit_predict("{}", x, y, 1.0, x_new);
            y_hat.unwrap_or_else(|error| panic!("{language}: {x:?} {y:?}: {error}"))
        };
        // One row, one column; more columns than rows; a constant column; equal columns.
        assert_eq!(fit(&[0.0], &[0.0], &[1.0]), [0.0]);
        assert_eq!(
            fit(&[2.0], &[4.0], &[1.0]),
            [1.0],
            "slope 2, halved by alpha"
        );
        let wide: Vec<f64> = (0..20).map(|i| f64::from(i % 7) - 3.0).collect();
        assert!(
            fit(&wide, &[1.0, -1.0], &wide)
                .iter()
                .all(|v| v.is_finite())
        );
        let flat = [0.0, 0.0, 1.0, -1.0];
        assert_eq!(fit(&flat, &[1.0, -1.0], &[5.0, 1.0]), [0.5]);
        let twice = [1.0, -1.0, 1.0, -1.0];
        assert_eq!(fit(&twice, &[1.0, -1.0], &[1.0, 1.0]), [0.5]);
        // No target and no rows to predict.
        assert_eq!(fit(&[1.0, -1.0], &[0.0, 0.0], &[1.0]), [0.0]);
        assert_eq!(fit(&[1.0, -1.0], &[1.0, -1.0], &[]), [0.0; 0]);
        // Units change nothing: predictions scale with y, and not with X.
        for scale in [1e-300, 1e-150, 1e150, 1e300] {
            let y = [scale, -scale];
            let x = [scale, -scale];
            // Rounding of a few products and quotients.
            let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-12;
            assert!(
                near(fit(&[1.0, -1.0], &y, &[1.0])[0], 0.5 * scale),
                "{language} y {scale}"
            );
            assert!(
                near(fit(&x, &[1.0, -1.0], &[scale])[0], 0.5),
                "{language} X {scale}"
            );
        }
    });
}

#[test]
fn a_regressor_of_the_wrong_width_is_refused_and_a_cancelled_one_stops() {
    each("regressor", |language, plugin| {
        let table: &RegressorV1 = plugin.table(id::REGRESSOR).unwrap();
        let host = Host::new();
        let call = host.raw_call();
        let (x, y) = ([1.0, -1.0], [1.0, -1.0]);
        let (train, wide) = (
            Mat::column_major(x.as_ptr(), 2, 1),
            Mat::column_major(x.as_ptr(), 1, 2),
        );
        let mut regressor: *mut handle::Regressor = std::ptr::null_mut();
        let mut model: *mut handle::Model = std::ptr::null_mut();
        let mut y_hat = [0.0];
        // SAFETY: sizes as the header asks, but for the width, which the plugin must look at; every
        // handle is given back once.
        unsafe {
            host.outcome(table.create(Str::new("{}"), &call, &mut regressor))
                .unwrap();
            host.outcome(table.fit(regressor, &train, y.as_ptr(), 1.0, &call, &mut model))
                .unwrap();
            let refused =
                host.outcome(table.predict(regressor, model, &wide, y_hat.as_mut_ptr(), &call));
            assert_eq!(refused.unwrap_err().status(), status::SHAPE, "{language}");
            host.cancel();
            let mut none: *mut handle::Model = std::ptr::null_mut();
            let stopped =
                host.outcome(table.fit(regressor, &train, y.as_ptr(), 1.0, &call, &mut none));
            assert_eq!(
                stopped.unwrap_err().status(),
                status::CANCELLED,
                "{language}"
            );
            assert!(none.is_null(), "{language}: a failed call makes no handle");
            // In any order, and NULL is nothing.
            table.destroy(regressor);
            table.destroy_model(model);
            table.destroy(std::ptr::null_mut());
            table.destroy_model(std::ptr::null_mut());
        }
    });
}

/// The vectors of texts, encoded in one call.
fn encode(plugin: &Opened, texts: &[&str]) -> Vec<Vec<f32>> {
    let table: &EncoderV1 = plugin.table(id::ENCODER).unwrap();
    let host = Host::new();
    let call = host.raw_call();
    let strs: Vec<Str> = texts.iter().map(|text| Str::new(text)).collect();
    let mut shape = EncoderShape {
        struct_size: size_of::<EncoderShape>(),
        dim: 0,
        max_tokens: 0,
        pooling: 0,
        normalised: 0,
        cache_key: Str::EMPTY,
    };
    let mut encoder: *mut handle::Encoder = std::ptr::null_mut();
    let mut out = vec![f32::NAN; 16 * texts.len() + 1];
    // SAFETY: sizes as the header asks, and one number more to see that it stays.
    unsafe {
        host.outcome(table.create(Str::new("{\"dim\": 16}"), &call, &mut encoder))
            .unwrap();
        host.outcome(table.shape(encoder, &mut shape, &call))
            .unwrap();
        assert_eq!(shape.dim, 16);
        assert!(!shape.cache_key.as_str().unwrap().is_empty());
        host.outcome(table.encode(encoder, strs.as_ptr(), strs.len(), out.as_mut_ptr(), &call))
            .unwrap();
        table.destroy(encoder);
    }
    assert!(
        out.pop().unwrap().is_nan(),
        "nothing is written past the end"
    );
    let reports = host.progress_reports();
    assert!(reports.is_sorted(), "{reports:?}");
    out.chunks(16).map(<[f32]>::to_vec).collect()
}

#[test]
fn an_encoder_takes_any_text_and_neighbours_change_nothing() {
    each("encoder", |language, plugin| {
        let long = "wörter ".repeat(100_000 / 8);
        let texts = [
            "one two two",
            "",
            " \t\n",
            "日本語 🙂",
            long.as_str(),
            "one two two",
        ];
        let together = encode(plugin, &texts);
        for (text, vector) in texts.iter().zip(&together) {
            assert_eq!(&encode(plugin, &[text])[0], vector, "{language}: alone");
            assert!(vector.iter().all(|v| v.is_finite()), "{language}");
            let length: f32 = vector.iter().map(|v| v * v).sum();
            // 0 without words, else 1 up to the rounding of 16 squares in single precision.
            let expected = if text.trim().is_empty() { 0.0 } else { 1.0 };
            assert!((length - expected).abs() < 1e-5, "{language}: {length}");
        }
        assert_eq!(together[0], together[5], "{language}");
        assert!(
            encode(plugin, &[]).is_empty(),
            "{language}: no text is no vector"
        );
    });
}
