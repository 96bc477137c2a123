//! `best = true` on the quickstart.

use std::collections::BTreeMap;

use crate::cli::folder::Folder;
use crate::cli::host::run;
use crate::cli::outputs::{Row, assert_same, number, results, table};

/// 150 texts of the quickstart with the best of its two encoders, and little else.
fn with_best() -> Folder {
    let folder = Folder::small_quickstart();
    folder.replace(
        "plugins.toml",
        "permutations = 999 ",
        "best = true\ncontrols = false\nsensitivity = 0\npermutations = { adaptive = 399 } ",
    );
    folder
}

#[test]
fn the_best_predicts_each_fold_with_one_of_the_recipes_and_is_no_part_of_comparisons() {
    let folder = with_best();
    for threads in ["1", "2"] {
        let arguments = ["eval", "plugins.toml", "--quiet", "--threads", threads];
        run(
            folder.path(),
            &[&arguments[..], &["--out", threads]].concat(),
        )
        .ending_with(0);
    }
    assert_same(&folder.file("1"), &folder.file("2"));
    let rows = results(&folder.file("1"));
    assert_eq!(rows.len(), 9);
    let best: Vec<&Row> = rows
        .iter()
        .filter(|row| row["encoder"] == "(best)")
        .collect();
    assert_eq!(best.len(), 3);
    for row in best {
        assert!(number(row, "p") > 0.0 && number(row, "se") > 0.0, "{row:?}");
        assert_eq!(row["alpha_median"], "");
    }
    let comparisons = table(&folder.file("1").join("comparisons.csv"));
    assert!(
        comparisons
            .iter()
            .all(|row| row["encoder_a"] != "(best)" && row["encoder_b"] != "(best)")
    );

    // By target and fold: which of the two agrees with the best in every row.
    let mut predicted: BTreeMap<(String, String, String), BTreeMap<String, String>> =
        BTreeMap::new();
    for row in table(&folder.file("1").join("predictions.csv")) {
        let place = (
            row["target"].clone(),
            row["fold"].clone(),
            row["encoder"].clone(),
        );
        predicted
            .entry(place)
            .or_default()
            .insert(row["id"].clone(), row["y_hat"].clone());
    }
    let mut used = Vec::new();
    for ((target, fold, _), best) in predicted
        .iter()
        .filter(|((.., encoder), _)| encoder == "(best)")
    {
        let is_same = |encoder: &&str| {
            predicted[&(target.clone(), fold.clone(), (*encoder).to_owned())] == *best
        };
        let chosen: Vec<&str> = ["lexical", "precomputed"]
            .into_iter()
            .filter(is_same)
            .collect();
        assert_eq!(chosen.len(), 1, "{target}, fold {fold}");
        used.extend(chosen);
    }
    assert_eq!(used.len(), 15);
    assert!(used.contains(&"lexical") && used.contains(&"precomputed"));
}
