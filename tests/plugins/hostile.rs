//! Libraries that misbehave when opened or asked. Each is opened in a process of its own, by a C
//! program, to see that it does what its name says; the host's words about it are tested with the
//! host.

use crate::opened::Opened;
use ocean_plugin_abi::{RegressorV1, id, status};
use ocean_tests::fixtures;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

fn opened_in_a_child(name: &str) -> (Output, String) {
    let output = Command::new(fixtures::opener())
        .arg(fixtures::c_plugin(name))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn a_decent_plugin_is_opened_in_silence() {
    let (output, said) = opened_in_a_child("one_feature");
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
    assert_eq!(said, "opened\nid one-feature\n");
}

#[test]
fn a_constructor_that_crashes_takes_its_process_along() {
    let (output, said) = opened_in_a_child("crash_on_load");
    const SIGSEGV: i32 = 11;
    assert_eq!(output.status.signal(), Some(SIGSEGV));
    assert_eq!(said, "");
}

#[test]
fn a_constructor_that_exits_looks_like_success_to_whoever_asks_for_the_code_alone() {
    let (output, said) = opened_in_a_child("exit_on_load");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(said, "", "it never came to `opened`");
}

#[test]
fn a_constructor_that_prints_writes_into_the_results() {
    let (output, _) = opened_in_a_child("prints_on_load");
    assert_eq!(output.stdout, b"printed by a constructor\n");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn fast_math_changes_the_floating_point_mode_of_whoever_opens_it() {
    let (_, said) = opened_in_a_child("fast_math");
    assert!(said.contains("floating-point mode changed\n"), "{said}");
}

#[test]
fn a_library_that_is_no_plugin_or_of_another_major_is_told_apart() {
    for (name, expected) in [
        ("no_entry", "opened\nno entry\n"),
        ("wrong_magic", "opened\nwrong magic\n"),
        ("old_abi", "opened\nmajor 0\n"),
    ] {
        assert_eq!(opened_in_a_child(name).1, expected);
    }
}

#[test]
fn a_function_left_null_is_named_and_calling_it_is_unsupported() {
    let plugin = Opened::new(&fixtures::c_plugin("missing_function"));
    let table: &RegressorV1 = plugin.table(id::REGRESSOR).unwrap();
    assert_eq!(table.missing(), Some("predict"));
    use std::ptr::{null, null_mut};
    // SAFETY: the function is not there, so nobody looks at the arguments.
    let status = unsafe { table.predict(null(), null(), null(), null_mut(), null()) };
    assert_eq!(status, status::UNSUPPORTED);
}

#[test]
fn a_regressor_by_name_alone_has_no_regressors_table() {
    let plugin = Opened::new(&fixtures::c_plugin("wrong_kind"));
    assert!(plugin.table::<RegressorV1>(id::REGRESSOR).is_none());
}

#[test]
fn a_failure_without_a_word_is_noticed() {
    let plugin = Opened::new(&fixtures::c_plugin("silent_failure"));
    let failed = plugin
        .fit_predict("{}", &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0])
        .unwrap_err();
    assert_eq!(failed.message(), "`fail` was called 0 times before NUMERIC");
}
