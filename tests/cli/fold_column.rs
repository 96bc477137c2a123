//! Folds that a column has, from the table to the report: which rows are left, what stands where,
//! and what is refused in which words.

use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::outputs::{assert_same, cell, number, results, table};

const ROWS: usize = 60;
const SITES: [&str; 4] = ["10", "9", "2", "100"];

/// The sound study with `site`, which three rows lack, and `author`, two rows of one site each;
/// warm words raise the mood but at site 100.
fn study() -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,mood,site,author\n".to_owned();
    for (row, line) in texts(ROWS).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let site = match row {
            5 | 30 | 41 => "NA",
            _ => SITES[row / 2 % 4],
        };
        let mood: f64 = mood.parse().unwrap();
        let mood = if site == "100" {
            0.3 - mood
        } else {
            mood + f64::from(site == "9")
        };
        // The last two rows have nobody else.
        let author = if row < 58 { row / 2 } else { row };
        writeln!(table, "{start},{mood:.6},{site},u{author}").unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "folds = \"site\"\npermutations = 99",
    );
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.file("run").join(name)).unwrap()
}

#[test]
fn every_value_is_a_fold_and_stands_by_itself_in_the_outputs() {
    let folder = study();
    let preview = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    for said in [
        "4, the values of `site`: 2 (13 rows), 9 (16 rows), 10 (15 rows), 100 (13 rows); permutations stay inside each; tuned on the remaining folds",
        "3 rows with no value of `site`",
        "folds = \"site\"",
    ] {
        assert!(preview.contains(said), "{said}: {preview}");
    }
    let set = ["--quiet", "--set", "evaluation.sensitivity=10"];
    folder.eval(&set).ending_with(0);
    let rows = results(&folder.file("run"));
    let row = cell(&rows, "lexical", "mood");
    assert_eq!((row["n"].as_str(), row["folds"].as_str()), ("57", "4"));

    let sites = table(&folder.file("run/subgroups.csv"));
    let values: Vec<&str> = sites.iter().map(|row| row["value"].as_str()).collect();
    assert_eq!(values, ["2", "9", "10", "100"], "as numbers");
    assert_eq!(sites[0]["n"], "13");
    // r2 of all rows is the mean of the sites', weighted by n and B.
    let weight = |row| number(row, "n") * number(row, "rmse_baseline").powi(2);
    let total: f64 = sites.iter().map(weight).sum();
    let mean = sites
        .iter()
        .map(|row| weight(row) * number(row, "r2"))
        .sum::<f64>()
        / total;
    assert!((mean - number(row, "r2")).abs() < 1e-12, "{mean}");
    assert!(
        number(&sites[1], "bias") < -0.1,
        "site 9 is higher than the others know"
    );

    // Rows of a site are in its fold, and the folds are told by their number.
    let data = table(&folder.file("texts.csv"));
    let folds = table(&folder.file("run/folds.csv"));
    assert_eq!(folds.len(), 57);
    for fold in &folds {
        let site = &data.iter().find(|row| row["id"] == fold["id"]).unwrap()["site"];
        let place = values.iter().position(|value| value == site).unwrap();
        assert_eq!(fold["fold"], (place + 1).to_string());
    }
    let report = text(&folder, "report.md");
    assert!(
        report.contains("## By site") && report.contains("too low"),
        "{report}"
    );
    assert!(
        report.contains("4 outer, the remaining ones inner, the values of"),
        "{report}"
    );
    assert!(text(&folder, "report.html").contains("Who is predicted how well"));
    let methods = text(&folder, "methods.txt");
    for said in [
        "leave-one-out cross-validation over the 4 values of site",
        "target values within each value of site",
        "3 rows dropped: no value of `site`",
    ] {
        assert!(methods.contains(said), "{said}: {methods}");
    }
    assert!(text(&folder, "results.json").contains("\"code\": \"folds-differ\""));
}

#[test]
fn the_order_of_the_file_changes_no_byte_and_groups_move_inside_their_site() {
    let folder = study();
    let set = ["--quiet", "--set", "data.group=\"author\""];
    folder.eval(&set).ending_with(0);
    let all = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let mut lines: Vec<&str> = all.lines().collect();
    lines[1..].reverse();
    let turned = study();
    turned.write("texts.csv", lines.join("\n") + "\n");
    turned.eval(&set).ending_with(0);
    assert_same(&folder.file("run"), &turned.file("run"));
}

#[test]
fn free_exchange_is_another_null_and_is_said() {
    let (inside, free) = (study(), study());
    inside.eval(&["--quiet"]).ending_with(0);
    let set = ["--quiet", "--set", "evaluation.exchange=\"free\""];
    free.eval(&set).ending_with(0);
    let of = |folder: &Folder| {
        let rows = results(&folder.file("run"));
        let row = cell(&rows, "lexical", "mood");
        (row["r2"].clone(), number(row, "null_mean"))
    };
    assert_eq!(of(&inside).0, of(&free).0);
    assert!((of(&inside).1 - of(&free).1).abs() > 1e-6);
    let methods = text(&free, "methods.txt");
    assert!(methods.contains("over all values of site"), "{methods}");
    let json = text(&free, "results.json");
    assert!(json.contains("exchanged between the values of `site`, too"));
}

#[test]
fn what_cannot_be_folds_is_refused() {
    let refused = |more: &[&str], said: &str| {
        let folder = study();
        let message = folder.eval(more).ending_with(2).stderr;
        assert!(message.contains(said), "{said}: {message}");
    };
    let set = |key: &'static str| ["--set", key];
    refused(
        &set("evaluation.repeats=2"),
        "repeats draws the folds anew, and those of a column are given\n  try: leave it out, or a number of folds",
    );
    refused(
        &set("evaluation.folds=\"sites\""),
        "texts.csv: folds `sites` is not a column; did you mean `site`?",
    );
    refused(
        &set("evaluation.folds=\"author\""),
        "folds: 2 of the 31 values of `author` have a single row (`u58`, `u59`), and a fold needs two",
    );
    refused(
        &set("evaluation.folds=\"mood\""),
        "[evaluation] folds is a target",
    );
    refused(
        &["--set", "data.group=\"site\""],
        "folds is the group column, too",
    );
    refused(
        &[
            "--set",
            "evaluation.folds=5",
            "--set",
            "evaluation.exchange=\"free\"",
        ],
        "moves values between the folds of a column, and `folds` names none",
    );

    let crossing = study();
    crossing.replace("texts.csv", ",u0\n", ",u1\n");
    let message = crossing
        .eval(&set("data.group=\"author\""))
        .ending_with(2)
        .stderr;
    assert!(
        message.contains("group `u1` has rows in more than one fold: id `t0` in `10` and id `t2` in `9`; so it is with 1 of 30 groups"),
        "{message}"
    );

    let thin = study();
    let kept: Vec<String> = std::fs::read_to_string(thin.file("texts.csv"))
        .unwrap()
        .lines()
        .map(|line| match line.split_once(",100,") {
            Some((start, end)) if !start.starts_with("t6,") => {
                let (start, _) = start.rsplit_once(',').unwrap();
                format!("{start},,100,{end}")
            }
            _ => line.to_owned(),
        })
        .collect();
    thin.write("texts.csv", kept.join("\n") + "\n");
    let message = thin.eval(&[]).ending_with(2).stderr;
    assert!(
        message
            .contains("target `mood`: has 1 value where `site` is `100`, and each fold needs two"),
        "{message}"
    );

    // Equal texts at two sites.
    let equal = study();
    let all = std::fs::read_to_string(equal.file("texts.csv")).unwrap();
    let mut lines: Vec<String> = all.lines().map(str::to_owned).collect();
    let same = lines[1].split(',').nth(1).unwrap().to_owned();
    let other = lines[3].split(',').nth(1).unwrap().to_owned();
    lines[3] = lines[3].replace(&other, &same);
    equal.write("texts.csv", lines.join("\n") + "\n");
    let message = equal.eval(&[]).ending_with(2).stderr;
    assert!(
        message.contains("ids `t0` and `t2` are one group by equal texts, and are in different folds, `10` and `9`; so it is with 1 set"),
        "{message}"
    );
    equal
        .eval(&["--quiet", "--set", "evaluation.duplicates=\"keep\""])
        .ending_with(0);
}
