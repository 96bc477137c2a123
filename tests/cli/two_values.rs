//! Targets of two values: words are read, AUC and its relatives stand where a reader looks.

use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::outputs::{Row, number, results, table};

const ROWS: usize = 60;

/// The sound study with `glad` (yes where mood is high) and `level`, mood in four steps.
fn study() -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,mood,glad,level\n".to_owned();
    for line in texts(ROWS).lines().skip(1) {
        let mood: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
        let glad = if mood > 0.9 { "yes" } else { "no" };
        writeln!(
            table,
            "{line},{glad},{}",
            (mood * 1.5).round().clamp(-1.0, 2.0)
        )
        .unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"glad\", \"level\"]",
    );
    folder
}

/// Pairs of one fold, each counted by itself.
fn auc_of_pairs(predictions: &[&Row]) -> f64 {
    let (mut n, mut won) = (0.0, 0.0);
    for high in predictions.iter().filter(|row| number(row, "y") == 1.0) {
        for low in predictions.iter().filter(|row| number(row, "y") == 0.0) {
            if high["fold"] == low["fold"] {
                n += 1.0;
                let difference = number(high, "y_hat") - number(low, "y_hat");
                won += if difference == 0.0 {
                    0.5
                } else {
                    f64::from(u8::from(difference > 0.0))
                };
            }
        }
    }
    won / n
}

#[test]
fn words_need_the_positive_one_and_then_have_an_auc() {
    let folder = study();
    let refused = folder.eval(&[]).ending_with(2).stderr;
    assert!(
        refused.contains("target `glad` has the words \"no\" and \"yes\"")
            && refused.contains("positive = \"yes\" under [data]"),
        "{refused}"
    );
    let set = [
        "--set",
        "data.positive=\"yes\"",
        "--set",
        "evaluation.sensitivity=10",
    ];
    let preview = folder.eval(&[&set[..], &["--dry-run"]].concat());
    let preview = preview.ending_with(0).stdout;
    assert!(
        preview.contains("glad (n 60; no and yes, of which ") && preview.contains(" % are yes)"),
        "{preview}"
    );
    folder
        .eval(&[&set[..], &["--quiet"]].concat())
        .ending_with(0);
    let rows = results(&folder.file("run"));
    let [glad, level] = ["glad", "level"].map(|target| {
        let mut rows = rows.iter();
        rows.find(|row| row["target"] == target && row["encoder"] == "lexical")
            .unwrap()
    });
    let predictions = table(&folder.file("run/predictions.csv"));
    let of_glad: Vec<&Row> = predictions
        .iter()
        .filter(|row| row["target"] == "glad" && row["encoder"] == "lexical")
        .collect();
    let auc = number(glad, "auc");
    assert!((auc - auc_of_pairs(&of_glad)).abs() < 1e-12);
    assert!(auc > 0.6 && number(glad, "auc_low") < auc && auc < number(glad, "auc_high"));
    let base_rate = of_glad.iter().map(|row| number(row, "y")).sum::<f64>() / ROWS as f64;
    assert!((number(glad, "base_rate") - base_rate).abs() < 1e-12);
    assert!(number(glad, "balanced_accuracy") > 0.5);
    // Steps have Spearman's r and nothing that only two values have.
    assert!(number(level, "spearman_r") > 0.2);
    for column in [
        "auc",
        "auc_low",
        "auc_high",
        "balanced_accuracy",
        "base_rate",
    ] {
        assert_eq!(level[column], "", "{column}");
    }
    let report = std::fs::read_to_string(folder.file("run/report.md")).unwrap();
    for said in [
        "## Scores of two values",
        "## Ordered scores of few steps",
        "| AUC |",
    ] {
        assert!(report.contains(said), "{said}: {report}");
    }
    let methods = std::fs::read_to_string(folder.file("run/methods.txt")).unwrap();
    assert!(
        methods.contains("glad (yes: ") && methods.contains("AUC = ."),
        "{methods}"
    );
}

#[test]
fn scores_of_one_and_two_are_what_zero_and_one_are() {
    let folder = study();
    let run = |words: [&str; 2], more: &[&str]| {
        let path = folder.file("texts.csv");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace(",yes,", &format!(",{},", words[1]));
        folder.write(
            "coded.csv",
            text.replace(",no,", &format!(",{},", words[0])),
        );
        let set = [
            "--quiet",
            "--fresh",
            "--set",
            "data.path=\"coded.csv\"",
            "--set",
            "data.targets=\"glad\"",
        ];
        folder.eval(&[&set[..], more].concat()).ending_with(0);
        results(&folder.file("run")).remove(0)
    };
    let words = run(["no", "yes"], &["--set", "data.positive=\"yes\""]);
    let numbers = run(["0", "1"], &[]);
    assert_eq!(words, numbers);
    let coded = run(["1", "2"], &[]);
    for column in ["r2", "auc", "balanced_accuracy", "base_rate", "p"] {
        let difference = number(&coded, column) - number(&numbers, column);
        assert!(difference.abs() < 1e-9, "{column}");
    }
    // The other value is the positive one: the same r2, and as many pairs.
    let turned = run(["0", "1"], &["--set", "data.positive=\"0\""]);
    assert!((number(&turned, "auc") - number(&numbers, "auc")).abs() < 1e-9);
    assert!((number(&turned, "base_rate") + number(&numbers, "base_rate") - 1.0).abs() < 1e-12);
}
