//! `ocean-host selfcheck`: the certificate of the bundled regressors, and of one that cheats.
//!
//! A few data sets of each kind here: enough to see that everything is asked and said.

use std::path::Path;

use ocean_tests::fixtures::{c_plugin, rust_plugin};
use serde_json::Value;

use crate::cli::host::{Ran, run};

fn selfcheck(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[&["selfcheck", "--quiet"], arguments].concat())
}

fn rows(certificate: &Value) -> &[Value] {
    certificate["checks"].as_array().unwrap()
}

#[test]
fn a_sound_build_gets_its_certificate_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["--data-sets", "8", "--out", "certificate.json"];
    let shown = selfcheck(folder.path(), &[&few[..], &["--threads", "2"]].concat()).ending_with(0);
    assert!(shown.stderr.is_empty(), "{}", shown.stderr);
    let written = std::fs::read_to_string(folder.path().join("certificate.json")).unwrap();
    let printed = selfcheck(
        folder.path(),
        &["--data-sets", "8", "--format", "json", "--threads", "1"],
    );
    assert_eq!(printed.ending_with(0).stdout, written);

    for part in ["Nothing to find", "95 % interval", "Comparison", "Planted"] {
        assert!(shown.stdout.contains(part), "{part}:\n{}", shown.stdout);
    }
    let too_wide = shown.stdout.lines().find(|line| line.chars().count() > 80);
    assert_eq!(too_wide, None);
    assert!(shown.stdout.contains("PASSED: all"), "{}", shown.stdout);

    let certificate: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(certificate["schema_version"], 1);
    assert_eq!(certificate["mode"], "quick");
    assert_eq!(certificate["passes"], true);
    let judged = rows(&certificate)
        .iter()
        .filter(|row| !row["passes"].is_null());
    assert_eq!(certificate["n_judged"], judged.count());
    for regressor in ["ridge", "lasso", "elastic-net"] {
        let has = |part: &str| {
            rows(&certificate)
                .iter()
                .any(|row| row["regressor"] == regressor && row["part"] == part)
        };
        assert!(
            has("null") && has("coverage") && has("power"),
            "{regressor}"
        );
    }
    // What is done wrongly on purpose is seen to go wrong, else the checks would see nothing.
    let wrong: Vec<&Value> = rows(&certificate)
        .iter()
        .filter(|row| row["role"] == "demonstration")
        .collect();
    assert_eq!(wrong.len(), 3);
    assert!(
        wrong
            .iter()
            .all(|row| row["passes"] == true && row["rate"].as_f64().unwrap() > 0.5)
    );
}

#[test]
fn a_regressor_that_remembers_what_it_saw_fails_with_exit_code_1() {
    let plugin = c_plugin("remembers");
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--regressor",
        plugin.to_str().unwrap(),
        "--data-sets",
        "5",
        "--threads",
        "1",
        "--out",
        "certificate.json",
    ];
    let ran = selfcheck(folder.path(), &arguments).ending_with(1);
    assert!(ran.stdout.contains("FAILED: "), "{}", ran.stdout);
    let written = std::fs::read_to_string(folder.path().join("certificate.json")).unwrap();
    let certificate: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(certificate["regressors"][0]["name"], "one-feature");
    let noise: Vec<&Value> = rows(&certificate)
        .iter()
        .filter(|row| row["scenario"] == "normal noise, n 100, p 20")
        .collect();
    assert!(noise.len() >= 3);
    // p holds whatever is remembered, for the observed y stands at a secret place; what is predicted
    // is wrong all the same, and the other parts say so.
    assert!(noise.iter().all(|row| row["passes"] == true), "{noise:?}");
    let fails = |row: &&Value| row["passes"] == false && row["part"] != "null";
    assert!(rows(&certificate).iter().any(|row| fails(&row)));
}

#[test]
fn what_cannot_be_certified_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = selfcheck(folder.path(), &["--regressor", "lasoo"]).ending_with(2);
    assert!(
        unknown.stderr.contains("--regressor lasoo: "),
        "{}",
        unknown.stderr
    );
    let twice = selfcheck(
        folder.path(),
        &["--regressor", "ridge", "--regressor", "ridge"],
    );
    assert!(
        twice
            .ending_with(2)
            .stderr
            .contains("`ridge` is named twice")
    );
    let broken = rust_plugin("returns_nan");
    let arguments = ["--regressor", broken.to_str().unwrap(), "--data-sets", "1"];
    let ran = selfcheck(folder.path(), &arguments).ending_with(1);
    assert!(ran.stderr.contains("NaN or infinite"), "{}", ran.stderr);
}
