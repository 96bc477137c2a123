//! `--format json`: what other programs read.

use serde_json::Value;

use crate::cli::folder::Folder;
use crate::cli::host::{Ran, run};

/// Every line of standard output, which must hold nothing but events.
fn events(ran: &Ran) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    ran.stdout.lines().map(line).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

fn of<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events
        .iter()
        .filter(|event| event["event"] == name)
        .collect()
}

#[test]
fn a_run_tells_its_stages_and_every_number_of_its_table() {
    let folder = Folder::sound();
    let ran = folder.eval(&["--format", "json"]).ending_with(0);
    let events = events(&ran);
    assert_eq!(names(&events)[0], "started");
    assert_eq!(events[0]["events_version"], 1);
    assert_eq!(*names(&events).last().unwrap(), "finished");
    assert!(!of(&events, "stage-started").is_empty());
    assert_eq!(
        of(&events, "stage-started").len(),
        of(&events, "stage-finished").len()
    );
    let text = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: Value = serde_json::from_str(&text).unwrap();
    let cells = of(&events, "cell");
    assert_eq!(cells.len(), results["cells"].as_array().unwrap().len());
    for (cell, kept) in cells.iter().zip(results["cells"].as_array().unwrap()) {
        for field in [
            "encoder",
            "regressor",
            "target",
            "is_control",
            "n",
            "r2",
            "ci_low",
            "ci_high",
            "p",
            "p_fwer",
            "verdict",
        ] {
            assert_eq!(cell[field], kept[field], "{field}");
        }
    }
    assert_eq!(
        of(&events, "finding").len(),
        results["findings"].as_array().unwrap().len()
    );
    assert_eq!(events.last().unwrap()["cells"], cells.len());
}

#[test]
fn a_plan_and_a_refusal_are_events_too() {
    let folder = Folder::sound();
    let ran = folder
        .eval(&["--dry-run", "--format", "json"])
        .ending_with(0);
    assert_eq!(names(&events(&ran)), ["started", "planned"]);
    let ran = folder
        .eval(&["--set", "evaluation.folds=1", "--format", "json"])
        .ending_with(2);
    let events = events(&ran);
    assert_eq!(names(&events), ["started", "error"]);
    assert_eq!(events[1]["exit_code"], 2);
    let message = events[1]["message"].as_str().unwrap();
    assert!(ran.stderr.contains(message), "{message}: {}", ran.stderr);
}

#[test]
fn encoding_tells_its_stages_and_where_the_vectors_are() {
    let folder = Folder::sound();
    let ran = run(
        folder.path(),
        &[
            "encode",
            "plugins.toml",
            "--out",
            "vectors",
            "--format",
            "json",
        ],
    )
    .ending_with(0);
    let events = events(&ran);
    assert_eq!(names(&events)[0], "started");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["out"]),
        (&"finished".into(), &"vectors".into())
    );
}
