//! Covariates from the table to the report: which rows are left, what the four R² are, and what is
//! refused.

use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::outputs::{cell, number, results};

const ROWS: usize = 80;

/// The sound study with `age`, which mood goes with, `site`, a category of three levels, and
/// `batch`, the same in every row. Three rows lack an age, and one of them and another a site.
fn study(covariates: &str) -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,mood,age,site,batch\n".to_owned();
    for (row, line) in texts(ROWS).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let age = 20 + row * 37 % 50;
        let mood: f64 = mood.parse::<f64>().unwrap() + age as f64 / 20.0;
        let age = if [3, 40, 79].contains(&row) {
            "NA".to_owned()
        } else {
            age.to_string()
        };
        let site = if [40, 50].contains(&row) {
            ""
        } else {
            ["north", "south", "east"][row % 3]
        };
        writeln!(table, "{start},{mood},{age},{site},7").unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        &format!("targets = [\"mood\"]\ncovariates = {covariates}"),
    );
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.file("run").join(name)).unwrap()
}

#[test]
fn covariates_are_taken_out_and_rows_that_lack_one_are_dropped_and_counted() {
    let folder = study("[\"age\", \"site\"]");
    folder
        .eval(&["--quiet", "--set", "evaluation.sensitivity=10"])
        .ending_with(0);
    let rows = results(&folder.file("run"));
    let row = cell(&rows, "lexical", "mood");
    // Rows 3, 40, 50 and 79 lack an age or a site.
    assert_eq!(row["n"], "76");
    let [r2, partial, covariates, total, increment] = [
        "r2",
        "r2_partial",
        "r2_covariates",
        "r2_total",
        "r2_increment",
    ]
    .map(|name| number(row, name));
    assert_eq!(r2, partial);
    assert!(covariates > 0.3, "mood goes with age: {covariates}");
    // (1 − total) = (1 − partial)(1 − covariates), to rounding.
    assert!(((1.0 - total) - (1.0 - partial) * (1.0 - covariates)).abs() < 1e-12);
    assert!((increment - (total - covariates)).abs() < 1e-15);
    assert!(number(row, "se") > 0.0 && !row["verdict"].is_empty());
    let json = text(&folder, "results.json");
    assert!(json.contains("\"covariates\": [\n    \"age\",\n    \"site\"\n  ]"));
    assert!(
        json.contains("\"n_rows\": 80") && json.contains("\"no value of a covariate\",\n        4")
    );
    let methods = text(&folder, "methods.txt");
    for said in [
        "The data had 80 rows",
        "4 rows dropped: no value of a covariate",
        "Covariates (age as numbers and site as dummies of 3 categories, and the intercept) were taken out of features and targets by least squares in every training set",
        "the partial out-of-sample R²",
        "(Freedman & Lane, 1983; approximate)",
        "A nonstochastic interpretation of reported significance levels",
    ] {
        assert!(methods.contains(said), "{methods}");
    }
    let report = text(&folder, "report.md");
    assert!(report.contains("| r2 covariates | r2 total |"), "{report}");
    assert!(!text(&folder, "folds.csv").contains("\nt40,"));
}

#[test]
fn r2_ranks_is_the_r2_of_a_target_of_ranks_with_covariates_as_they_are() {
    let folder = study("[\"age\", \"site\"]");
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let is_kept = |row: &usize| ![3, 40, 50, 79].contains(row);
    // The text, mood, age, site and batch.
    let mood = |line: &str| line.rsplit(',').nth(3).unwrap().parse::<f64>().unwrap();
    let lines: Vec<&str> = table.lines().skip(1).collect();
    let kept = (0..ROWS).filter(is_kept).map(|row| mood(lines[row]));
    let mut ranks = ocean_engine::doctor::ranks(&kept.collect::<Vec<f64>>()).into_iter();
    let mut ranked = "id,text,mood,age,site,batch,place\n".to_owned();
    for (row, line) in lines.iter().enumerate() {
        let rank = if is_kept(&row) {
            ranks.next().unwrap()
        } else {
            0.0
        };
        writeln!(ranked, "{line},{rank}").unwrap();
    }
    folder.write("texts.csv", ranked);
    folder.replace("plugins.toml", "[\"mood\"]", "[\"mood\", \"place\"]");
    let settings = ["--quiet", "--set", "evaluation.repeats=2"];
    folder.eval(&settings).ending_with(0);
    let rows = results(&folder.file("run"));
    let (of_mood, of_place) = (
        cell(&rows, "lexical", "mood"),
        cell(&rows, "lexical", "place"),
    );
    let [ranks, place] = [number(of_mood, "r2_ranks"), number(of_place, "r2")];
    assert!((ranks - place).abs() < 1e-10, "{ranks}, {place}");
    assert!((ranks - number(of_mood, "r2")).abs() > 1e-4, "{ranks}");
    assert_eq!(cell(&rows, "length", "mood")["r2_ranks"], "");
}

#[test]
fn length_is_a_covariate_of_every_text_and_then_no_control() {
    let folder = study("[\"length\"]");
    folder.eval(&["--quiet"]).ending_with(0);
    let rows = results(&folder.file("run"));
    assert_eq!(cell(&rows, "lexical", "mood")["n"], "80");
    assert!(rows.iter().all(|row| row["encoder"] != "length"));
    assert!(rows.iter().any(|row| row["encoder"] == "random"));
}

#[test]
fn the_size_of_groups_is_a_covariate() {
    let folder = study("[\"log_size\"]");
    // Groups of one to four rows, and no value in common: blocks.
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let mut grouped = String::new();
    let (mut group, mut left) = (0, 1);
    for (row, line) in table.lines().enumerate() {
        if row == 0 {
            writeln!(grouped, "{line},author").unwrap();
            continue;
        }
        writeln!(grouped, "{line},a{group}").unwrap();
        left -= 1;
        if left == 0 {
            group += 1;
            left = 1 + group % 4;
        }
    }
    folder.write("texts.csv", grouped);
    folder
        .eval(&["--quiet", "--set", "data.group=\"author\""])
        .ending_with(0);
    let rows = results(&folder.file("run"));
    number(cell(&rows, "lexical", "mood"), "r2_covariates");
}

fn refused(covariates: &str) -> String {
    let folder = study(covariates);
    let ran = folder.eval(&["--quiet"]).ending_with(2);
    assert!(!folder.file("run").exists());
    ran.stderr
}

#[test]
fn covariates_that_cannot_be_taken_out() {
    assert_eq!(
        refused("[\"batch\"]"),
        "error: texts.csv: covariate `batch` is constant: there is nothing to take out\n"
    );
    assert_eq!(
        refused("[\"agee\"]"),
        "error: texts.csv: covariate `agee` is not a column; did you mean `age`?\n"
    );
    assert_eq!(
        refused("[\"log_size\"]"),
        "error: [data] covariates: `log_size` is that of the groups, and there are none\n  try: group = \"author\" under [data]\n"
    );
    assert_eq!(
        refused("[\"mood\"]"),
        "error: plugins.toml:9: [data] covariates names `mood`, which is a target\n"
    );
    let strict = study("[\"age\"]");
    let ran = strict
        .eval(&["--quiet", "--set", "data.missing=\"error\""])
        .ending_with(2);
    assert_eq!(
        ran.stderr,
        "error: texts.csv: has no `age` at lines 5, 42, 81\n  try: missing = \"drop\" under [data]\n"
    );
    // Nine levels make eight dummies; with the intercept nine columns, and 80 rows allow eight.
    let many = study("[\"level\"]");
    let table = std::fs::read_to_string(many.file("texts.csv")).unwrap();
    let lines = table.lines().enumerate().map(|(row, line)| match row {
        0 => format!("{line},level\n"),
        row => format!("{line},l{}\n", row % 9),
    });
    many.write("texts.csv", lines.collect::<String>());
    assert_eq!(
        many.eval(&["--quiet"]).ending_with(2).stderr,
        "error: target `mood`: 80 rows allow 8 columns of covariates, the intercept included, and there are 9: level = l1, level = l2, level = l3, \
         level = l4, level = l5, level = l6 and 2 more\n  try: fewer covariates, or categories with fewer levels\n"
    );
}

#[test]
fn a_target_that_the_covariates_explain_is_refused() {
    let folder = study("[\"age\"]");
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let lines = table.lines().enumerate().map(|(row, line)| {
        let age: Option<f64> = line.split(',').nth(3).unwrap().parse().ok();
        match (row, age) {
            (0, _) => format!("{line},twice\n"),
            (_, age) => format!("{line},{}\n", 2.0 * age.unwrap_or(0.0) + 1.0),
        }
    });
    folder.write("texts.csv", lines.collect::<String>());
    let ran = folder
        .eval(&["--quiet", "--set", "data.targets=[\"twice\"]"])
        .ending_with(2);
    assert_eq!(
        ran.stderr,
        "error: target `twice`: the covariates (age) explain it completely: nothing is left to predict\n"
    );
}
