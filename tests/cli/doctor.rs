//! The doctor on whole runs: data with a fault, and the same without.

use std::fmt::Write;

use crate::folder::{Folder, texts};

/// The codes of the findings of a run.
fn found(folder: &Folder, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--quiet", "--fresh"];
    arguments.extend(more);
    folder.eval(&arguments).ending_with(0);
    let text = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let findings = results["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn penalties_beyond_everything_are_no_longer_silent() {
    let folder = Folder::sound();
    let has = |codes: &[String]| codes.iter().any(|code| code == "grid-too-strong");
    assert!(!has(&found(&folder, &[])));
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nalphas = [1e300]",
    );
    assert!(has(&found(&folder, &[])));
}

/// Forty texts by twenty authors, whose mood is their own; or moods dealt to the authors at random.
fn by_authors(is_own: bool) -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,author,mood\n".to_owned();
    for (row, line) in texts(40).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let author = row / 2;
        let mood: f64 = mood.parse().unwrap();
        let own = (author * 7 % 20) as f64 + 0.1 * mood;
        let shown = if is_own { own } else { (row * 13 % 40) as f64 };
        writeln!(table, "{start},writer {author},{shown}").unwrap();
    }
    folder.write("texts.csv", table);
    folder
}

#[test]
fn a_column_whose_rows_share_their_scores_is_named_unless_it_is_declared() {
    let has = |codes: Vec<String>| codes.iter().any(|code| code == "undeclared-groups");
    assert!(has(found(&by_authors(true), &[])));
    assert!(!has(found(&by_authors(false), &[])));
    assert!(!has(found(
        &by_authors(true),
        &["--set", "data.group=\"author\""]
    )));
}

#[test]
fn codes_of_missing_values_are_found_in_the_file() {
    let folder = Folder::sound();
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let last = table.trim_end().rfind(',').unwrap();
    folder.write("texts.csv", format!("{},-999\n", &table[..last]));
    assert!(found(&folder, &[]).contains(&"missing-code".to_owned()));
    assert!(!found(&Folder::sound(), &[]).contains(&"missing-code".to_owned()));
}
