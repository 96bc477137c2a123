//! The layout door: what it opens for, and the one line it says when it does not.

use crate::opened::Opened;
use ocean_plugin_abi::{id, layout};
use ocean_tests::{fixtures, skip};

#[test]
fn every_interface_of_a_plugin_of_the_sdk_passes_the_door() {
    let plugin = Opened::new(&fixtures::rust_plugin("toy_regressor"));
    let door = plugin.door().unwrap().unwrap();
    assert!(
        std::ptr::eq((door.entry())(), plugin.entry),
        "one entry, two ways to it"
    );
    for interface_id in [
        id::ENTRY,
        id::REGRESSOR,
        id::PATH,
        id::ENCODER,
        id::ENCODER_INFO,
    ] {
        assert_eq!(
            layout::check(door, interface_id),
            Ok(true),
            "{interface_id}"
        );
    }
    assert_eq!(
        layout::check(door, "ocean.regressor/2"),
        Ok(false),
        "nothing to compare"
    );
}

#[test]
fn an_f32_for_an_f64_loads_through_the_c_entry_computes_nonsense_and_is_one_line_at_the_door() {
    let plugin = Opened::new(fixtures::wrong_layout_plugin());
    // The fixture predicts the alpha it received: not the 0.5 it was given.
    let y_hat = plugin
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 0.5, &[1.0])
        .unwrap();
    assert_ne!(y_hat, [0.5]);
    let door = plugin.door().unwrap().unwrap();
    let refused = layout::check(door, id::REGRESSOR).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "different layout of `ocean.regressor/1` (fit, param_3: expected f64, found f32)"
    );
    assert_eq!(
        layout::check(door, id::ENCODER),
        Ok(true),
        "only that table differs; that its mirror has version 7.0.0 is no difference"
    );
}

#[test]
fn a_plugin_of_the_nightly_compiler_passes_the_door_and_predicts() {
    let library = fixtures::nightly_plugin();
    if !skip::needs("nightly", library.is_some()) {
        return;
    }
    let plugin = Opened::new(&library.unwrap());
    // SAFETY: the text lives as long as the library.
    let build_info = unsafe { plugin.entry.build_info.as_str().unwrap() };
    assert!(build_info.contains("nightly"), "{build_info}");
    let door = plugin.door().unwrap().unwrap();
    for interface_id in [id::ENTRY, id::REGRESSOR] {
        assert_eq!(
            layout::check(door, interface_id),
            Ok(true),
            "{interface_id}"
        );
    }
    let y_hat = plugin.fit_predict("{}", &[-1.0, 0.0, 1.0], &[-2.0, 0.0, 2.0], 2.0, &[0.5]);
    assert_eq!(y_hat, Ok(vec![0.5]));
}
