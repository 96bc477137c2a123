//! The founding mistakes: refused or explained, and the finding is absent where the mistake is.

use std::path::PathBuf;

use serde_json::Value;

use crate::host::{Ran, run};
use crate::quickstart::examples;

fn eval(name: &str) -> (Ran, PathBuf) {
    let config = format!("examples/founding-mistakes/{name}.toml");
    let ran = run(examples(), &["eval", &config, "--quiet"]);
    (ran, examples().join("runs").join(name))
}

/// Names of the doctor's findings.
fn findings(folder: &std::path::Path) -> Vec<(String, Value)> {
    let results: Value =
        serde_json::from_slice(&std::fs::read(folder.join("results.json")).unwrap()).unwrap();
    let findings = results["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            (
                finding["code"].as_str().unwrap().to_owned(),
                finding.clone(),
            )
        })
        .collect()
}

#[test]
fn vectors_named_by_row_order_are_refused_and_named_by_id_they_are_not() {
    let ran = eval("misaligned").0.ending_with(2);
    for said in [
        "precomputed",
        "these vectors do not belong to these texts",
        "allow_misaligned = true",
    ] {
        assert!(
            ran.stderr.contains(said),
            "{said:?} is not in:\n{}",
            ran.stderr
        );
    }
    let (ran, folder) = eval("aligned");
    ran.ending_with(0);
    assert!(
        findings(&folder)
            .iter()
            .all(|(code, _)| !code.contains("align")),
        "{:?}",
        findings(&folder)
    );
}

#[test]
fn misaligned_vectors_may_be_forced_and_then_find_nothing() {
    let config = "examples/founding-mistakes/misaligned.toml";
    let out = [
        "--out",
        "runs/forced",
        "--set",
        "encoder.precomputed.allow_misaligned=true",
    ];
    run(
        examples(),
        &[&["eval", config, "--quiet"], &out[..]].concat(),
    )
    .ending_with(0);
    let rows = crate::outputs::results(&examples().join("runs/forced"));
    let openness = crate::outputs::cell(&rows, "precomputed", "openness");
    assert!(crate::outputs::number(openness, "r2") < 0.02);
}

#[test]
fn a_grid_chosen_by_habit_is_explained_and_one_from_the_data_needs_no_word() {
    let (ran, absolute) = eval("absolute_grid");
    ran.ending_with(0);
    let at_edge = findings(&absolute)
        .into_iter()
        .find(|(code, _)| code == "grid-edge")
        .unwrap()
        .1;
    assert!(
        at_edge["about"].to_string().contains("neuroticism"),
        "{at_edge}"
    );
    assert!(
        at_edge["try"].as_str().unwrap().contains("alphas"),
        "{at_edge}"
    );

    let (ran, relative) = eval("relative_grid");
    ran.ending_with(0);
    assert!(
        findings(&relative)
            .iter()
            .all(|(code, _)| code != "grid-edge"),
        "{:?}",
        findings(&relative)
    );
}
