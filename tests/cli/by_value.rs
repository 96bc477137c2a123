//! `[report] by`: who is predicted how well.

use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::outputs::{Row, number, results, table};

const ROWS: usize = 60;

/// The sound study with `gender` (f, m, two rows with x, one without), whose m are higher than their
/// words say, and `age`, different in most rows.
fn study() -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,mood,gender,age\n".to_owned();
    for (row, line) in texts(ROWS).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let gender = match row {
            3 | 4 => "x",
            5 => "NA",
            row => ["f", "m"][row % 2],
        };
        let mood = mood.parse::<f64>().unwrap() + if gender == "m" { 0.6 } else { 0.0 };
        writeln!(table, "{start},{mood:.6},{gender},{}", 20 + row % 40).unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "[[encoder]]",
        "[report]\nby = \"gender\"\n\n[[encoder]]",
    );
    folder
}

#[test]
fn every_value_with_enough_rows_has_its_numbers_from_the_predictions() {
    let folder = study();
    let preview = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        preview.contains(
            "`gender`: f (29 rows), m (28 rows); 1 with fewer than 20 rows are not shown"
        ),
        "{preview}"
    );
    folder
        .eval(&["--quiet", "--set", "evaluation.sensitivity=10"])
        .ending_with(0);
    let subgroups = table(&folder.file("run/subgroups.csv"));
    let values: Vec<&str> = subgroups.iter().map(|row| row["value"].as_str()).collect();
    assert_eq!(values, ["f", "m"]);
    let predictions = table(&folder.file("run/predictions.csv"));
    let data = table(&folder.file("texts.csv"));
    let gender =
        |row: &Row| data.iter().find(|one| one["id"] == row["id"]).unwrap()["gender"].clone();
    let lexical: Vec<&Row> = predictions
        .iter()
        .filter(|row| row["encoder"] == "lexical")
        .collect();
    let y: Vec<f64> = lexical.iter().map(|row| number(row, "y")).collect();
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let sd = (y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (y.len() - 1) as f64).sqrt();
    for subgroup in &subgroups {
        let own: Vec<&&Row> = lexical
            .iter()
            .filter(|row| gender(row) == subgroup["value"])
            .collect();
        assert_eq!(subgroup["n"], own.len().to_string());
        let squares = |other: &str| -> f64 {
            own.iter()
                .map(|row| (number(row, "y") - number(row, other)).powi(2))
                .sum()
        };
        let r2 = 1.0 - squares("y_hat") / squares("y_baseline");
        assert!((number(subgroup, "r2") - r2).abs() < 1e-12);
        let errors = own
            .iter()
            .map(|row| number(row, "y_hat") - number(row, "y"));
        let bias = errors.sum::<f64>() / own.len() as f64 / sd;
        assert!((number(subgroup, "bias") - bias).abs() < 1e-12);
        assert!(number(subgroup, "ci_low") < r2 && r2 < number(subgroup, "ci_high"));
    }
    assert!(number(&subgroups[0], "bias") > 0.1 && number(&subgroups[1], "bias") < -0.1);
    let report = std::fs::read_to_string(folder.file("run/report.md")).unwrap();
    assert!(
        report.contains("## By gender") && report.contains("too high"),
        "{report}"
    );
    assert!(
        !report.contains("was predicted by models of the others"),
        "{report}"
    );
    let said = results(&folder.file("run"));
    assert_eq!(
        said[0]["n"], "60",
        "whoever has no gender is in the study all the same"
    );
}

#[test]
fn a_column_of_many_values_is_refused_and_so_is_one_that_is_not_there() {
    let folder = study();
    let refused = |by: &str, said: &str| {
        let set = format!("report.by=\"{by}\"");
        let message = folder.eval(&["--set", &set]).ending_with(2).stderr;
        assert!(message.contains(said), "{said}: {message}");
    };
    refused(
        "age",
        "[report] by: column `age` has 40 different values, none of which has 20 rows",
    );
    refused("sex", "texts.csv: [report] by `sex` is not a column");
}
