//! `[report] words` and `texts`.

use crate::cli::folder::{Folder, ROWS};
use crate::cli::outputs::{Row, bytes, number, table};

fn study(asked: &str) -> Folder {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "[[encoder]]",
        &format!("[report]\n{asked}\n\n[[encoder]]"),
    );
    folder
}

/// r of the square root of a word's share with mood, counted in the texts themselves.
fn correlation(texts: &[Row], word: &str) -> f64 {
    let use_of = |row: &Row| {
        let words: Vec<&str> = row["text"].split_whitespace().collect();
        let count = words.iter().filter(|other| **other == word).count();
        (count as f64 / words.len() as f64).sqrt()
    };
    let pairs: Vec<(f64, f64)> = texts
        .iter()
        .map(|row| (use_of(row), number(row, "mood")))
        .collect();
    let n = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let about = |u: &dyn Fn(&(f64, f64)) -> f64| mean(u);
    let together = about(&|pair| (pair.0 - x) * (pair.1 - y));
    let spread = about(&|pair| (pair.0 - x).powi(2)) * about(&|pair| (pair.1 - y).powi(2));
    together / spread.sqrt()
}

#[test]
fn words_that_go_with_a_target_are_found_and_rare_ones_never_appear() {
    let folder = study("words = true");
    folder
        .eval(&["--quiet", "--set", "evaluation.permutations=99"])
        .ending_with(0);
    let words = table(&folder.file("run/words.csv"));
    let texts = table(&folder.file("texts.csv"));
    let sunny = words.iter().find(|row| row["term"] == "sunny").unwrap();
    assert!((number(sunny, "r") - correlation(&texts, "sunny")).abs() < 1e-12);
    let used = texts
        .iter()
        .filter(|row| row["text"].contains("sunny"))
        .count();
    assert_eq!(sunny["n_rows"], used.to_string());
    assert!(number(sunny, "r_prediction") > 0.0);
    // Cold words lower the mood.
    let first = words
        .iter()
        .find(|row| number(row, "p_fwer") <= 0.05)
        .unwrap();
    assert!(
        number(first, "ci_low") * number(first, "ci_high") > 0.0,
        "{first:?}"
    );
    // Each text ends in a number of its own.
    for row in &words {
        assert!(
            number(row, "n_rows") >= 5.0 && !row["term"].contains("17"),
            "{row:?}"
        );
    }
    let report = std::fs::read_to_string(folder.file("run/report.md")).unwrap();
    assert!(
        report.contains("## Words: mood") && !report.contains("## Texts:"),
        "{report}"
    );
    assert!(folder.file("run/plots/words-01-mood.svg").exists());
    let methods = std::fs::read_to_string(folder.file("run/methods.txt")).unwrap();
    assert!(methods.contains("pairs of adjacent words"), "{methods}");
    // Nobody's text is anywhere.
    for (name, bytes) in bytes(&folder.file("run")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&texts[0]["text"]), "{name:?}");
    }
}

#[test]
fn texts_are_shown_where_they_are_asked_for() {
    let folder = study("texts = true");
    folder.eval(&["--quiet"]).ending_with(0);
    let mut predictions = table(&folder.file("run/predictions.csv"));
    predictions.retain(|row| row["encoder"] == "lexical");
    predictions.sort_by(|a, b| number(b, "y_hat").total_cmp(&number(a, "y_hat")));
    assert_eq!(predictions.len(), ROWS);
    let results = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let shown = &results["texts"][0];
    let texts = table(&folder.file("texts.csv"));
    for (at, row) in predictions.iter().take(5).enumerate() {
        assert_eq!(shown["highest"][at]["id"], row["id"].as_str());
        let text = texts.iter().find(|text| text["id"] == row["id"]).unwrap();
        assert_eq!(shown["highest"][at]["text"], text["text"].as_str());
    }
    assert_eq!(
        shown["lowest"][0]["id"],
        predictions[ROWS - 1]["id"].as_str()
    );
    assert!(!folder.file("run/words.csv").exists());
}

#[test]
fn words_without_texts_are_refused() {
    let folder = study("words = true");
    folder.replace("plugins.toml", "text = \"text\"\n", "");
    folder.with_vectors((1, 1), &[0.0], "t0\n");
    let refused = folder.eval(&[]).ending_with(2).stderr;
    assert!(
        refused.contains("words needs texts, and [data] names no column of them"),
        "{refused}"
    );
}
