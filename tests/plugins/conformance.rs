//! `ocean-host plugin check`: every sound plugin passes, and every fault fails its own check and no
//! other.

use std::path::Path;
use std::process::Command;

use ocean_tests::{fixtures, workspace};
use serde_json::Value;

/// The results of `plugin check` by check: `success`, `failed`, `crashed`, `timed_out`, `skipped`,
/// `warning`; and the exit code.
pub fn check(plugin: &str, more: &[&str]) -> (Vec<(String, String)>, i32) {
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
pub fn failing(results: &[(String, String)]) -> Vec<(&str, &str)> {
    let is_bad = |outcome: &str| ["failed", "crashed", "timed_out"].contains(&outcome);
    results
        .iter()
        .filter(|(_, outcome)| is_bad(outcome))
        .map(|(check, outcome)| (check.as_str(), outcome.as_str()))
        .collect()
}

pub fn passes(plugin: &str, more: &[&str]) {
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
        ("sound_ridge", &["-DNO_ALPHA"]),
        ("sound_encoder", &[]),
    ] {
        passes(fixtures::c_plugin_with(name, flags).to_str().unwrap(), &[]);
    }
    for name in ["toy_regressor", "toy_encoder"] {
        passes(fixtures::rust_plugin(name).to_str().unwrap(), &[]);
    }
}

#[test]
fn a_wrong_request_is_refused_and_one_check_can_be_asked_alone() {
    let (results, code) = check("ridge", &["--only", "wide", "--in-process"]);
    assert_eq!((results.len(), code), (1, 0));
    assert_eq!(check("ridge", &["--only", "wiide"]).1, 2);
    assert_eq!(check("no-such-plugin", &[]).1, 2);
}

/// What `random-shapes` saw of a plugin that does not like seventeen rows.
fn seventeen_rows(fault: &str, seed: &str) -> Value {
    let plugin = fixtures::c_plugin_with("sound_ridge", &[fault]);
    let output = Command::new(&workspace::built().host)
        .args(["plugin", "check", "--json", "--only", "random-shapes"])
        .args(["--seed", seed])
        .arg(&plugin)
        .output()
        .unwrap();
    let mut result: Value = serde_json::from_slice(&output.stdout).unwrap();
    result["outcome"].take()
}

#[test]
fn the_same_seed_tries_the_same_and_another_seed_something_else() {
    let seen = |seed: &str| {
        let outcome = seventeen_rows("-DFAULT_RANDOM", seed);
        outcome["failed"].as_str().unwrap().to_owned()
    };
    let first = seen("1");
    assert!(first.starts_with("17 × "), "{first}");
    assert_eq!(first, seen("1"));
    assert_ne!(first, seen("2"));
}

#[test]
fn of_a_crash_it_is_said_what_was_tried() {
    let outcome = seventeen_rows("-DFAULT_RANDOM_CRASH", "1");
    let seen = outcome["crashed"].as_str().unwrap();
    assert!(seen.contains("signal 6"), "{seen}");
    assert!(seen.contains("trying 17 × "), "{seen}");
}

/// What `plugin check` says on stderr of parameters that do not fit.
fn refusal(plugin: &str, params: &[&str]) -> String {
    let output = Command::new(&workspace::built().host)
        .args(["plugin", "check", plugin])
        .args(params.iter().flat_map(|param| ["--param", param]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{params:?}");
    assert!(output.stdout.is_empty(), "nothing was checked: {params:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn parameters_are_compared_with_the_schema_before_anything_is_checked() {
    for (plugin, param, expected) in [
        (
            "elastic-net",
            "l1_ratoi=0.5",
            "regressor `elastic-net` has no parameter `l1_ratoi`; did you mean `l1_ratio`?",
        ),
        (
            "elastic-net",
            "l1_ratio=1.5",
            "l1_ratio = 1.5 is outside [0, 1]",
        ),
        (
            "elastic-net",
            "l1_ratio=half",
            "l1_ratio = \"half\" is not a number",
        ),
        (
            "elastic-net",
            "l1_ratio=[0.1, 0.5]",
            "l1_ratio = [0.1,0.5] is not a number",
        ),
        (
            "ridge",
            "alpha=2",
            "alpha is the penalty, which the checks choose themselves",
        ),
        (
            "ridge",
            "gamma=2",
            "regressor `ridge` has no parameter `gamma`",
        ),
        (
            "minilm",
            "model=/no/such/folder",
            "there is no folder `/no/such/folder`",
        ),
    ] {
        let said = refusal(plugin, &[param]);
        assert!(said.contains(expected), "{param}: {said}");
        assert!(!said.contains("not a number or a list"), "{said}");
    }
    // All at once, and one that fits is no problem.
    let said = refusal("elastic-net", &["l1_ratio=0.9", "max_iterr=1", "l1ratio=2"]);
    assert_eq!(said.matches("--param").count(), 2, "{said}");
    let (_, code) = check(
        "elastic-net",
        &["--param", "l1_ratio=0.9", "--only", "wide"],
    );
    assert_eq!(code, 0);
}

/// Names and promises as `plugin check --list` has them.
pub fn listed() -> Vec<(String, String)> {
    let output = Command::new(&workspace::built().host)
        .args(["plugin", "check", "--list"])
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let lines = listed.lines().map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(name, promise)| (name.to_owned(), promise.trim_start().to_owned()))
        .collect()
}

#[test]
fn the_page_lists_the_checks_that_there_are() {
    let page = std::fs::read_to_string(workspace::root().join("docs/plugins/check.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| {
        let (name, rest) = row.split_once("` | ").unwrap();
        (name.to_owned(), rest.trim_end_matches(" |").to_owned())
    });
    assert_eq!(rows.collect::<Vec<_>>(), listed());
}

/// Names in backticks.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_rule_of_the_specification_has_a_check_or_a_reason() {
    let read = |page: &str| std::fs::read_to_string(workspace::root().join(page)).unwrap();
    let specification = read("docs/plugins/specification.md");
    let (_, rules) = specification.split_once("## 1. Rules").unwrap();
    let (rules, _) = rules.split_once("## 2.").unwrap();
    let rules = rules.lines().filter_map(|line| line.strip_prefix("**"));
    let rules: Vec<&str> = rules
        .filter_map(|line| line.split_once(".**").map(|(rule, _)| rule))
        .collect();
    assert!(rules.len() >= 10, "{rules:?}");

    let page = read("docs/plugins/check.md");
    let (_, table) = page.split_once("| rule | held by | not checked |").unwrap();
    let rows = table.lines().skip(2).filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.iter().map(|row| row[1]).collect::<Vec<_>>(), rules);
    let known: Vec<String> = listed().into_iter().map(|(name, _)| name).collect();
    for row in &rows {
        let unknown: Vec<&str> = named(row[2])
            .filter(|name| !known.iter().any(|k| k == name))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", row[1]);
        assert!(
            named(row[2]).count() > 0 || !row[3].is_empty(),
            "{}",
            row[1]
        );
    }
}
