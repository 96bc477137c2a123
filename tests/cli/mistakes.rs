//! The founding mistakes: refused or explained, and the finding is absent where the mistake is.

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::folder::Folder;
use crate::cli::host::{Ran, run};
use crate::cli::quickstart::{example, examples};

fn eval(name: &str) -> (Ran, PathBuf) {
    let config = format!("examples/founding-mistakes/{name}.toml");
    let ran = example(&["eval", &config]);
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
    let rows = crate::cli::outputs::results(&examples().join("runs/forced"));
    let openness = crate::cli::outputs::cell(&rows, "precomputed", "openness");
    assert!(crate::cli::outputs::number(openness, "r2") < 0.02);
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

/// Vectors as pandas writes them with its index, texts as R writes missing ones, a score as German
/// spreadsheets write thousands.
#[test]
fn what_other_programs_leave_in_a_table_is_told_before_the_run_and_in_its_findings() {
    let folder = Folder::sound();
    let mut vectors = ",id,v1,v2\n".to_owned();
    let (mut table, mut row) = (String::new(), 0);
    for line in crate::cli::folder::texts(40).lines() {
        let Some((start, mood)) = line.rsplit_once(',').filter(|_| !table.is_empty()) else {
            table.push_str("id,text,followers\n");
            continue;
        };
        let (id, text) = start.split_once(',').unwrap();
        let text = if row % 10 == 3 { "NA" } else { text };
        let followers = if row % 4 == 1 {
            format!("{}.{:03}", 1 + row % 3, 100 + row)
        } else {
            (500 + row * 37 % 450).to_string()
        };
        table.push_str(&format!("{id},{text},{followers}\n"));
        vectors.push_str(&format!("{row},{id},{mood},{}\n", row * 7 % 5));
        row += 1;
    }
    folder.write("texts.csv", table);
    folder.write("vectors.csv", vectors);
    folder.replace(
        "plugins.toml",
        "name = \"lexical\"\nplugin = \"lexical\"",
        "name = \"vectors\"\nembeddings = \"vectors.csv\"\nallow_misaligned = true",
    );
    // By default such rows are left out and counted.
    folder.replace(
        "plugins.toml",
        "text = \"text\"",
        "text = \"text\"\nblank = \"keep\"",
    );
    folder.replace("plugins.toml", "mood", "followers");
    folder.replace(
        "plugins.toml",
        "sensitivity = 0",
        "sensitivity = 0\ncontrols = false",
    );
    let said = [
        "vectors.csv: column 1 (without a name) numbers the rows (0 to 39) and was left out of the vectors",
        "4 of 40 texts in `text` are nothing but `NA` (ids `t13`, `t23`, `t3` and 1 more).",
        "`followers` has 10 numbers with a point and three digits behind it, such as 2.101,",
    ];
    let dry = folder.eval(&["--dry-run"]).ending_with(0);
    for said in said {
        assert!(dry.stdout.contains(said), "{}", dry.stdout);
    }
    folder.eval(&["--quiet"]).ending_with(0);
    let found = findings(&folder.file("run"));
    for (code, said) in ["plan", "missing-texts", "thousands"].iter().zip(said) {
        let is_it = |(name, finding): &(String, Value)| {
            name == code
                && finding["seen"]
                    .as_str()
                    .is_some_and(|seen| seen.contains(said))
        };
        assert!(found.iter().any(is_it), "{code}: {found:?}");
    }
    let rows = crate::cli::outputs::results(&folder.file("run"));
    assert_eq!(
        crate::cli::outputs::cell(&rows, "vectors", "followers")["n_features"],
        "2"
    );
}
