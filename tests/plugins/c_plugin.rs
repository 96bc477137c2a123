//! Plugins in C, written against the header alone: today's, and the one frozen with its header.

use crate::opened::Opened;
use ocean_plugin_abi::{ABI_MAJOR, MAGIC, RegressorV1, id, status};
use ocean_tests::fixtures;
use std::path::Path;

/// Two columns of four rows; the second is y halved, the first is unrelated: x₁ᵀy = 0, x₂ᵀy = 10,
/// x₂ᵀx₂ = 5, slope 2.
const X: [f64; 8] = [1.0, -1.0, -1.0, 1.0, -1.5, -0.5, 0.5, 1.5];
const Y: [f64; 4] = [-3.0, -1.0, 1.0, 3.0];
/// Two new rows: (9, 1) and (9, −2).
const X_NEW: [f64; 4] = [9.0, 9.0, 1.0, -2.0];

fn predicts_from_the_better_column(library: &Path) {
    let plugin = Opened::new(library);
    assert_eq!(
        (plugin.entry.magic, plugin.entry.abi_major),
        (MAGIC, ABI_MAJOR)
    );
    assert_eq!(plugin.plugin_id(), "one-feature");
    let y_hat = plugin.fit_predict("{}", &X, &Y, f64::NAN, &X_NEW);
    assert_eq!(y_hat, Ok(vec![2.0, -4.0]));
}

#[test]
fn a_regressor_in_fifty_lines_of_c_predicts() {
    predicts_from_the_better_column(&fixtures::c_plugin("one_feature"));
}

#[test]
fn a_plugin_written_against_the_frozen_header_predicts() {
    predicts_from_the_better_column(&fixtures::frozen_plugin());
}

#[test]
fn a_c_plugin_answers_an_interface_it_does_not_know_with_null_and_has_no_door() {
    let plugin = Opened::new(&fixtures::c_plugin("one_feature"));
    assert!(plugin.table::<RegressorV1>("ocean.regressor/2").is_none());
    assert!(plugin.table::<RegressorV1>("").is_none());
    assert!(
        plugin
            .table::<RegressorV1>(id::REGRESSOR)
            .unwrap()
            .missing()
            .is_none()
    );
    assert!(plugin.door().is_none());
}

#[test]
fn a_c_plugin_refuses_garbage_parameters_with_one_message() {
    let plugin = Opened::new(&fixtures::c_plugin("one_feature"));
    for garbage in ["", "{", "{\"a\":1}", "[]"] {
        let refused = plugin
            .fit_predict(garbage, &X, &Y, 1.0, &X_NEW)
            .unwrap_err();
        assert_eq!(refused.status(), status::PARAM, "{garbage}");
        assert_eq!(refused.message(), "one-feature takes no parameters");
    }
}
