//! A sample of its own to test on, from a column or a table, to the report and an exported model;
//! and what is refused.

use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::run;
use crate::cli::outputs::{Row, assert_same, cell, number, results, table};

const ROWS: usize = 60;

fn is_test(row: usize) -> bool {
    row % 3 == 1
}

/// The sound study with `part`, every third row to be tested on, two of which have no mood, and one
/// row of neither part.
fn split() -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,mood,part,author\n".to_owned();
    for (row, line) in texts(ROWS).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let mood = if row == 4 || row == 7 { "NA" } else { mood };
        let part = match row {
            59 => "",
            row if is_test(row) => "Test",
            _ => "train",
        };
        writeln!(table, "{start},{mood},{part},u{row}").unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"mood\"]\nsplit = \"part\"",
    );
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    folder
}

/// The same rows in two tables.
fn apart() -> Folder {
    let folder = split();
    let all = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let of = |part: &str| -> String {
        let lines = all.lines().filter(|line| {
            let said = line.rsplit(',').nth(1).unwrap();
            said == "part" || said == part
        });
        lines.map(|line| format!("{line}\n")).collect()
    };
    folder.write("later.csv", of("Test"));
    folder.write("texts.csv", of("train"));
    folder.replace(
        "plugins.toml",
        "\nsplit = \"part\"",
        "\n[test]\npath = \"later.csv\"",
    );
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.file("run").join(name)).unwrap()
}

/// Σ of the squares of a difference of two columns.
fn squares(rows: &[&Row], a: &str, b: &str) -> f64 {
    rows.iter()
        .map(|row| (number(row, a) - number(row, b)).powi(2))
        .sum()
}

#[test]
fn the_model_of_the_training_rows_is_scored_once_on_the_others() {
    let folder = split();
    let preview = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        preview.contains(
            "20 rows by `part`, beside 39 to learn from; one model a cell, 99,999 permutations"
        ),
        "{preview}"
    );
    folder.eval(&["--quiet"]).ending_with(0);
    let run_folder = folder.file("run");
    let trained = results(&run_folder);
    assert_eq!(cell(&trained, "lexical", "mood")["n"], "39");
    let tested = table(&run_folder.join("test.csv"));
    let row = cell(&tested, "lexical", "mood");
    assert_eq!((row["n_train"].as_str(), row["n"].as_str()), ("39", "18"));
    assert_eq!(row["r2"], cell(&trained, "lexical", "mood")["r2"]);
    let p = number(row, "p");
    assert!(
        p < 0.01 && (p * 1e5).fract() < 1e-6,
        "of 100,000 arrangements: {p}"
    );
    assert_eq!(cell(&tested, "length", "mood")["verdict"], "control");

    // By hand, from what was predicted.
    let predictions = table(&run_folder.join("test_predictions.csv"));
    let own: Vec<&Row> = predictions
        .iter()
        .filter(|row| row["encoder"] == "lexical")
        .collect();
    assert_eq!(own.len(), 20);
    let valued: Vec<&Row> = own.into_iter().filter(|row| !row["y"].is_empty()).collect();
    let (left, all) = (
        squares(&valued, "y", "y_hat"),
        squares(&valued, "y", "y_baseline"),
    );
    assert!((1.0 - left / all - number(row, "r2_test")).abs() < 1e-12);
    let data = table(&folder.file("texts.csv"));
    let train: Vec<f64> = data
        .iter()
        .filter(|row| row["part"] == "train")
        .map(|row| number(row, "mood"))
        .collect();
    let mean = train.iter().sum::<f64>() / train.len() as f64;
    assert!((number(valued[0], "y_baseline") - mean).abs() < 1e-12);

    for (name, said) in [
        ("report.md", "## On the test sample"),
        (
            "report.md",
            "On the test sample (20 rows) 1 of 1 model carries a signal.",
        ),
        ("report.html", "On the test sample"),
        (
            "methods.txt",
            "scored once on a test sample (20 rows of `part` of texts.csv)",
        ),
        (
            "methods.txt",
            "permuted the target 99,999 times among the test rows",
        ),
        ("results.json", "neither train nor test in `part`"),
    ] {
        let text = text(&folder, name);
        assert!(text.contains(said), "{said}: {text}");
    }

    // The exported model says the same of these rows.
    let model = "run/models/lexical__ridge__mood.ocean";
    let lines: Vec<String> = std::fs::read_to_string(folder.file("texts.csv"))
        .unwrap()
        .lines()
        .filter(|line| line.contains(",part,") || line.contains(",Test,"))
        .map(str::to_owned)
        .collect();
    folder.write("rows.csv", lines.join("\n") + "\n");
    let ran = run(
        folder.path(),
        &["predict", model, "rows.csv", "--score", "mood", "--quiet"],
    );
    let said = ran.ending_with(0).stdout;
    let r2 = format!("{:.3}", number(row, "r2_test")).replace("0.", ".");
    assert!(said.contains(&format!("r2_test   {r2}")), "{said} {r2}");
    assert!(
        said.contains("score     mood: 18 rows") && said.contains("99,999 permutations"),
        "{said}"
    );
}

#[test]
fn two_tables_are_the_same_study_as_one_with_a_column_and_the_training_rows_alone() {
    let (one, two) = (split(), apart());
    one.eval(&["--quiet"]).ending_with(0);
    two.eval(&["--quiet"]).ending_with(0);
    for name in [
        "results.csv",
        "test.csv",
        "test_predictions.csv",
        "folds.csv",
        "null.npy",
    ] {
        let bytes = |folder: &Folder| std::fs::read(folder.file("run").join(name)).unwrap();
        assert!(bytes(&one) == bytes(&two), "{name}");
    }
    // Test rows have no part in what is said of the training rows.
    two.replace("plugins.toml", "\n[test]\npath = \"later.csv\"", "");
    let arguments = ["eval", "plugins.toml", "--quiet", "--out", "alone"];
    run(two.path(), &arguments).ending_with(0);
    for name in ["results.csv", "predictions.csv", "null.npy"] {
        let of = |folder: &str| std::fs::read(two.file(folder).join(name)).unwrap();
        assert!(of("run") == of("alone"), "{name}");
    }
}

#[test]
fn the_order_of_the_file_changes_no_byte_of_a_test() {
    let (folder, turned) = (split(), split());
    let all = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let mut lines: Vec<&str> = all.lines().collect();
    lines[1..].reverse();
    turned.write("texts.csv", lines.join("\n") + "\n");
    let set = [
        "--quiet",
        "--set",
        "data.group=\"author\"",
        "--set",
        "test.permutations=999",
    ];
    folder.eval(&set).ending_with(0);
    turned.eval(&set).ending_with(0);
    std::fs::remove_dir_all(folder.file("run/models")).unwrap();
    std::fs::remove_dir_all(turned.file("run/models")).unwrap();
    assert_same(&folder.file("run"), &turned.file("run"));
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let refused = |folder: &Folder, more: &[&str], said: &str| {
        let message = folder.eval(more).ending_with(2).stderr;
        assert!(message.contains(said), "{said}: {message}");
    };
    let both = apart();
    refused(
        &both,
        &["--set", "data.split=\"part\""],
        "[test] path stands beside `split` of [data]",
    );
    refused(
        &both,
        &["--set", "data.covariates=[\"author\"]"],
        "covariates stands beside a test sample",
    );
    refused(
        &split(),
        &["--set", "data.split=\"author\""],
        "split: `author` is \"u0\", \"u1\", \"u10\", \"u11\", \"u12\" and 55 more at lines 2, 3, 4, 5, 6 and 55 more, which is neither `train` nor `test`",
    );

    let shared = apart();
    let later = std::fs::read_to_string(shared.file("later.csv")).unwrap();
    let main = std::fs::read_to_string(shared.file("texts.csv")).unwrap();
    let first = main.lines().nth(1).unwrap();
    shared.write("later.csv", format!("{later}{first}\n"));
    refused(
        &shared,
        &[],
        "later.csv: 1 of its 21 ids are among the training rows, too: `t0`",
    );
    shared.write(
        "later.csv",
        format!("{later}{}\n", first.replace("t0,", "t0again,")),
    );
    refused(
        &shared,
        &[],
        "later.csv: 1 of its 21 texts are those of training rows, too: id `t0again` has that of `t0`",
    );
    let lines: Vec<&str> = later.lines().take(5).collect();
    shared.write("later.csv", lines.join("\n") + "\n");
    refused(
        &shared,
        &[],
        "later.csv: target `mood` has 2 values among the test rows, and 5 are the least",
    );
}
