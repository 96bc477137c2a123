//! Every check of `ocean-host plugin check` has a plugin that breaks its promise and no other.

use std::path::PathBuf;
use std::process::Command;

use ocean_tests::fixtures::{c_plugin, c_plugin_with, wrong_layout_plugin};
use ocean_tests::workspace;

use crate::conformance::{check, failing, listed};

/// A plugin with one fault, the check that it fails, and how.
struct Case {
    name: String,
    plugin: fn(&str) -> PathBuf,
    check: &'static str,
    outcome: &'static str,
}

fn ridge(fault: &str) -> PathBuf {
    c_plugin_with("sound_ridge", &[&format!("-DFAULT_{fault}")])
}

fn lasso(fault: &str) -> PathBuf {
    c_plugin_with("sound_ridge", &["-DLASSO", &format!("-DFAULT_{fault}")])
}

fn without_penalty(fault: &str) -> PathBuf {
    c_plugin_with("sound_ridge", &["-DNO_ALPHA", &format!("-DFAULT_{fault}")])
}

fn encoder(fault: &str) -> PathBuf {
    c_plugin_with("sound_encoder", &[&format!("-DFAULT_{fault}")])
}

fn wrong_layout(_: &str) -> PathBuf {
    wrong_layout_plugin().to_path_buf()
}

const RIDGE: [(&str, &str, &str); 43] = [
    ("SLOW", "quick-to-load", "warning"),
    ("DESCRIBE", "describes-itself-the-same", "failed"),
    ("GARBAGE", "refuses-garbage", "failed"),
    ("RANGE", "keeps-its-ranges", "failed"),
    ("PARAMETER", "random-parameters", "failed"),
    ("SILENT", "says-why-once", "failed"),
    ("TWICE", "says-why-once", "failed"),
    ("DESTROY", "any-order-of-destroy", "crashed"),
    ("LEAK", "leaves-no-memory", "failed"),
    ("THREAD", "leaves-no-threads", "failed"),
    ("MODE", "keeps-fp-mode", "failed"),
    ("DIRECTORY", "leaves-its-process-alone", "failed"),
    ("STDOUT", "silent-when-called", "failed"),
    ("REMEMBER", "remembers-nothing", "failed"),
    ("TWO", "two-rows", "failed"),
    ("ONE", "one-feature", "failed"),
    ("WIDE", "wide", "failed"),
    ("CONSTANT", "constant-columns", "failed"),
    ("DUPLICATE", "duplicate-columns", "failed"),
    ("SCALE", "extreme-scales", "failed"),
    ("BUFFER", "stays-in-its-buffers", "crashed"),
    ("BUFFER_BEFORE", "stays-in-its-buffers", "crashed"),
    ("INPUT", "reads-its-inputs-only", "crashed"),
    ("REPEAT", "repeats-itself", "failed"),
    ("ROW", "row-by-row", "failed"),
    ("STATIC", "many-callers", "failed"),
    ("STOP", "stops-when-asked", "failed"),
    ("PROGRESS", "progress-rises", "failed"),
    ("PROGRESS_RANGE", "progress-rises", "failed"),
    ("RANDOM", "random-shapes", "failed"),
    ("RANDOM_CRASH", "random-shapes", "crashed"),
    ("SAVE", "saves-and-loads", "failed"),
    ("LOAD", "refuses-damaged-models", "failed"),
    ("ORDER", "order-of-rows", "failed"),
    ("UNITS", "units-of-y", "failed"),
    ("PATH", "path-is-fits", "failed"),
    ("BATCH", "batch-is-fits", "failed"),
    ("JUMP", "path-may-jump", "failed"),
    ("GRID", "grid-falls", "failed"),
    ("COEF", "coefficients-predict", "failed"),
    ("ERRORS", "errors-are-predictions", "failed"),
    ("MOMENTS", "moments-are-rows", "failed"),
    ("RIDGE", "ridge-is-closed-form", "failed"),
];

const LASSO: [(&str, &str, &str); 2] = [
    ("KKT", "sparse-is-optimal", "failed"),
    ("EMPTY", "empty-at-alpha-max", "failed"),
];

const ENCODER: [(&str, &str, &str); 13] = [
    ("ORDER", "order-of-texts", "failed"),
    ("BATCH", "size-of-batch", "failed"),
    ("REPEAT", "encodes-the-same-again", "failed"),
    ("ODD", "odd-texts", "failed"),
    ("NORM", "vectors-as-declared", "failed"),
    ("TOKENS", "counts-tokens", "failed"),
    ("BUFFER", "stays-in-its-buffers", "crashed"),
    ("BUFFER_BEFORE", "stays-in-its-buffers", "crashed"),
    ("INPUT", "reads-its-inputs-only", "crashed"),
    ("STATIC", "many-callers", "failed"),
    ("STOP", "stops-when-asked", "failed"),
    ("PROGRESS", "progress-rises", "failed"),
    ("PROGRESS_RANGE", "progress-rises", "failed"),
];

/// Each is its sound neighbour in the folder but for what its name says. One failure of ordinary
/// work is told once.
const WHOLE_FILES: [(&str, &str, &str); 9] = [
    ("crash_on_load", "loads", "crashed"),
    ("exit_on_load", "loads", "crashed"),
    ("no_entry", "loads", "failed"),
    ("missing_function", "loads", "failed"),
    ("prints_on_load", "silent-when-loaded", "failed"),
    #[cfg(target_arch = "x86_64")]
    ("fast_math", "keeps-fp-mode-when-loaded", "failed"),
    #[cfg(not(target_arch = "x86_64"))]
    ("prints_on_load", "silent-when-loaded", "failed"),
    ("crash_in_fit", "fits-ordinary-data", "crashed"),
    ("exit_in_fit", "fits-ordinary-data", "crashed"),
    ("crash_in_encode", "encodes-ordinary-texts", "crashed"),
];

fn cases() -> impl Iterator<Item = Case> {
    type Row = (&'static str, &'static str, &'static str);
    let of = |rows: &'static [Row], plugin: fn(&str) -> PathBuf| {
        rows.iter().map(move |&(name, check, outcome)| Case {
            name: name.to_owned(),
            plugin,
            check,
            outcome,
        })
    };
    of(&RIDGE, ridge)
        .chain(of(&LASSO, lasso))
        .chain(of(&ENCODER, encoder))
        .chain(of(&WHOLE_FILES, c_plugin))
        .chain(of(&[("BATCH", "batch-is-fits", "failed")], without_penalty))
        .chain(of(&[("wrong-layout", "layout", "failed")], wrong_layout))
}

/// How the plugin of a case fails otherwise than it should.
fn wrong(case: &Case) -> Option<String> {
    let plugin = (case.plugin)(&case.name);
    let (results, code) = check(plugin.to_str().unwrap(), &[]);
    let mut found = failing(&results);
    // A warning fails nothing, so it is looked for by name; a busy machine may be slow with any
    // library.
    let is_warned = |(check, outcome): &&(String, String)| {
        check == case.check && outcome == case.outcome && outcome == "warning"
    };
    found.extend(
        results
            .iter()
            .find(is_warned)
            .map(|_| (case.check, "warning")),
    );
    let expected_code = i32::from(case.outcome != "warning");
    let is_right = found == [(case.check, case.outcome)] && code == expected_code;
    (!is_right).then(|| format!("{}: {found:?}, exit code {code}", plugin.display()))
}

/// Two at a time: a check waits for processes, and its clock is not the processor's.
#[test]
fn every_fault_fails_its_own_check_and_no_other() {
    let cases: Vec<Case> = cases().collect();
    let (first, second) = cases.split_at(cases.len() / 2);
    let of = |cases: &[Case]| cases.iter().filter_map(wrong).collect::<Vec<String>>();
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(|| of(second));
        [of(first), other.join().unwrap()].concat()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_change_of_a_process_is_named() {
    let mut faults = vec![
        ("DIRECTORY", "the working directory changed"),
        ("ENVIRONMENT", "the environment changed"),
        ("LOCALE", "the locale changed"),
        ("LIMIT", "the limit of open files changed"),
    ];
    if cfg!(target_os = "linux") {
        faults.extend([
            ("UMASK", "the umask changed"),
            ("MASK", "the mask of signals changed"),
            ("HANDLER", "the signals that are ignored changed"),
        ]);
    }
    for (fault, seen) in faults {
        let plugin = ridge(fault);
        let only = ["--only", "leaves-its-process-alone", "--json"];
        let output = Command::new(&workspace::built().host)
            .args(["plugin", "check", plugin.to_str().unwrap()])
            .args(only)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(seen), "{fault}: {said}");
        assert_eq!(output.status.code(), Some(1), "{fault}");
    }
}

/// Two processes make the answer, so there is none in one.
#[test]
fn what_takes_processes_of_its_own_is_skipped_in_process() {
    let plugin = ridge("REMEMBER");
    let more = ["--in-process", "--only", "remembers-nothing"];
    let (results, code) = check(plugin.to_str().unwrap(), &more);
    assert_eq!(
        (results[0].1.as_str(), results.len(), code),
        ("skipped", 1, 0)
    );
}

#[test]
fn every_check_has_a_fault() {
    let without = listed().into_iter().map(|(name, _)| name);
    let without: Vec<String> = without
        .filter(|name| !cases().any(|case| case.check == name))
        .collect();
    assert!(without.is_empty(), "no plugin breaks {without:?}");
}

#[test]
fn one_failure_of_ordinary_work_is_told_once() {
    let panics = ocean_tests::fixtures::rust_plugin("panics");
    let (results, _) = check(panics.to_str().unwrap(), &[]);
    assert_eq!(failing(&results), [("fits-ordinary-data", "failed")]);
}
