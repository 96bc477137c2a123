//! `ocean-host plugin check`: every sound plugin passes, and every fault fails its own check and no other.

use std::path::Path;
use std::process::Command;

use ocean_tests::{fixtures, workspace};
use serde_json::Value;

/// The results of `plugin check` by check: `success`, `failed`, `crashed`, `timed_out`, `skipped`, `warning`; and the exit code.
fn check(plugin: &str, more: &[&str]) -> (Vec<(String, String)>, i32) {
    let output = Command::new(&workspace::built().host)
        .args(["plugin", "check", plugin, "--json"])
        .args(more)
        .env_remove("OCEAN_PLUGIN_PATH")
        .output()
        .unwrap();
    let results = String::from_utf8(output.stdout).unwrap();
    let results = results.lines().map(|line| {
        let result: Value = serde_json::from_str(line).unwrap();
        let outcome = match &result["outcome"] {
            Value::String(word) => word.clone(),
            Value::Object(one) => one.keys().next().unwrap().clone(),
            other => panic!("{other}"),
        };
        (result["check"].as_str().unwrap().to_owned(), outcome)
    });
    (results.collect(), output.status.code().unwrap())
}

/// The checks that did not pass.
fn failing(results: &[(String, String)]) -> Vec<(&str, &str)> {
    let is_bad = |outcome: &str| ["failed", "crashed", "timed_out"].contains(&outcome);
    results
        .iter()
        .filter(|(_, outcome)| is_bad(outcome))
        .map(|(check, outcome)| (check.as_str(), outcome.as_str()))
        .collect()
}

fn passes(plugin: &str, more: &[&str]) {
    let (results, code) = check(plugin, more);
    assert_eq!(failing(&results), [], "{plugin}");
    assert_eq!(code, 0, "{plugin}");
    let kept = results.iter().filter(|(_, outcome)| outcome == "success");
    assert!(kept.count() >= 14, "{plugin}: {results:?}");
}

#[test]
fn every_bundled_plugin_passes() {
    for plugin in ["ridge", "lasso", "elastic-net", "lexical"] {
        passes(plugin, &[]);
    }
    // Encoders of models say what they need.
    let (results, code) = check("minilm", &[]);
    let skipped =
        |(check, outcome): &(String, String)| check == "odd-texts" && outcome == "skipped";
    assert!(code == 0 && results.iter().any(skipped), "{results:?}");
}

#[test]
fn the_real_minilm_passes() {
    let model = std::env::var("OCEAN_TEST_MINILM")
        .ok()
        .filter(|model| Path::new(model).is_dir());
    if ocean_tests::skip::needs("minilm", model.is_some()) {
        passes("minilm", &["--param", &format!("model={}", model.unwrap())]);
    }
}

#[test]
fn sound_plugins_of_others_pass() {
    for (name, flags) in [
        ("one_feature", &[][..]),
        ("keeps_state", &[]),
        ("sound_ridge", &[]),
        ("sound_ridge", &["-DLASSO"]),
        ("sound_encoder", &[]),
    ] {
        passes(fixtures::c_plugin_with(name, flags).to_str().unwrap(), &[]);
    }
    for name in ["toy_regressor", "toy_encoder"] {
        passes(fixtures::rust_plugin(name).to_str().unwrap(), &[]);
    }
}

#[test]
fn every_fault_fails_its_own_check_and_no_other() {
    let ridge = [
        ("DESCRIBE", "describes-itself-the-same", "failed"),
        ("GARBAGE", "refuses-garbage", "failed"),
        ("RANGE", "keeps-its-ranges", "failed"),
        ("LEAK", "leaves-no-memory", "failed"),
        ("THREAD", "leaves-no-threads", "failed"),
        ("MODE", "keeps-fp-mode", "failed"),
        ("TWO", "two-rows", "failed"),
        ("ONE", "one-feature", "failed"),
        ("WIDE", "wide", "failed"),
        ("CONSTANT", "constant-columns", "failed"),
        ("DUPLICATE", "duplicate-columns", "failed"),
        ("SCALE", "extreme-scales", "failed"),
        ("BUFFER", "stays-in-its-buffers", "crashed"),
        ("INPUT", "reads-its-inputs-only", "crashed"),
        ("REPEAT", "repeats-itself", "failed"),
        ("STATIC", "many-callers", "failed"),
        ("STOP", "stops-when-asked", "failed"),
        ("RANDOM", "random-shapes", "failed"),
        ("SAVE", "saves-and-loads", "failed"),
        ("LOAD", "refuses-damaged-models", "failed"),
        ("ORDER", "order-of-rows", "failed"),
        ("UNITS", "units-of-y", "failed"),
        ("BATCH", "batch-is-fits", "failed"),
        ("COEF", "coefficients-predict", "failed"),
        ("RIDGE", "ridge-is-closed-form", "failed"),
    ];
    let lasso = [
        ("KKT", "sparse-is-optimal", "failed"),
        ("EMPTY", "empty-at-alpha-max", "failed"),
    ];
    let encoder = [
        ("ORDER", "order-of-texts", "failed"),
        ("BATCH", "size-of-batch", "failed"),
        ("REPEAT", "encodes-the-same-again", "failed"),
        ("ODD", "odd-texts", "failed"),
        ("NORM", "vectors-as-declared", "failed"),
        ("PROGRESS", "progress-rises", "failed"),
        ("TOKENS", "counts-tokens", "failed"),
    ];
    let faults = ridge
        .iter()
        .map(|fault| ("sound_ridge", None, fault))
        .chain(
            lasso
                .iter()
                .map(|fault| ("sound_ridge", Some("-DLASSO"), fault)),
        )
        .chain(encoder.iter().map(|fault| ("sound_encoder", None, fault)));
    let mut wrong = Vec::new();
    for (source, family, (fault, expected, outcome)) in faults {
        let define = format!("-DFAULT_{fault}");
        let flags: Vec<&str> = family.into_iter().chain([define.as_str()]).collect();
        let plugin = fixtures::c_plugin_with(source, &flags);
        let (results, code) = check(plugin.to_str().unwrap(), &[]);
        let found = failing(&results);
        if found != [(*expected, *outcome)] || code != 1 {
            wrong.push(format!("{source} {flags:?}: {found:?}, exit code {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_goes_wrong_at_loading_is_a_result() {
    for (name, expected) in [
        ("crash_on_load", ("loads", "crashed")),
        ("exit_on_load", ("loads", "crashed")),
        ("no_entry", ("loads", "failed")),
        ("missing_function", ("loads", "failed")),
        ("prints_on_load", ("silent-when-loaded", "failed")),
        #[cfg(target_arch = "x86_64")]
        ("fast_math", ("keeps-fp-mode-when-loaded", "failed")),
    ] {
        let (results, code) = check(fixtures::c_plugin(name).to_str().unwrap(), &[]);
        assert_eq!((failing(&results), code), (vec![expected], 1), "{name}");
    }
    let plugin = fixtures::wrong_layout_plugin();
    let (results, _) = check(plugin.to_str().unwrap(), &[]);
    assert_eq!(failing(&results), [("loads", "failed")]);
    // One failure of ordinary work is told once.
    let (results, _) = check(fixtures::rust_plugin("panics").to_str().unwrap(), &[]);
    assert_eq!(failing(&results), [("fits-ordinary-data", "failed")]);
    let (results, _) = check(fixtures::c_plugin("crash_in_fit").to_str().unwrap(), &[]);
    assert_eq!(failing(&results), [("fits-ordinary-data", "crashed")]);
}

#[test]
fn a_wrong_request_is_refused_and_one_check_can_be_asked_alone() {
    let (results, code) = check("ridge", &["--only", "wide", "--in-process"]);
    assert_eq!((results.len(), code), (1, 0));
    assert_eq!(check("ridge", &["--only", "wiide"]).1, 2);
    assert_eq!(check("no-such-plugin", &[]).1, 2);
}

#[test]
fn the_page_lists_the_checks_that_there_are() {
    let output = Command::new(&workspace::built().host)
        .args(["plugin", "check", "--list"])
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let page = std::fs::read_to_string(workspace::root().join("docs/plugins/check.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<(&str, &str)> = rows
        .map(|row| {
            let (name, rest) = row.split_once("` | ").unwrap();
            (name, rest.trim_end_matches(" |"))
        })
        .collect();
    let expected: Vec<(&str, &str)> = listed
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, promise)| (name, promise.trim_start()))
        .collect();
    assert_eq!(rows, expected);
}
