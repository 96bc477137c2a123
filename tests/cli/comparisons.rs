//! comparisons.csv of the quickstart, made again from the files beside it.

use std::path::Path;

use crate::cli::outputs::{Row, cell, number, results, table};
use crate::cli::quickstart::quickstart;

const TARGETS: [&str; 3] = ["openness", "extraversion", "neuroticism"];

/// The columns of a .npy file of float64 in C order, by their names in null.csv: encoder and
/// target.
fn columns(folder: &Path, name: &str) -> impl Fn(&str, &str) -> Vec<f64> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let numbers: Vec<f64> = bytes[start..]
        .chunks_exact(8)
        .map(|eight| f64::from_le_bytes(eight.try_into().unwrap()))
        .collect();
    let index = table(&folder.join("null.csv"));
    move |encoder, target| {
        let is_it = |row: &Row| row["encoder"] == encoder && row["target"] == target;
        let at = index.iter().position(is_it).unwrap();
        numbers
            .chunks_exact(index.len())
            .map(|row| row[at])
            .collect()
    }
}

fn minus(of: impl Fn(&str, &str) -> Vec<f64>, target: &str) -> Vec<f64> {
    let (a, b) = (of("lexical", target), of("precomputed", target));
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn sum_of_squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// The standard error of the difference of both encoders' squared errors, over the mean squared
/// error of guessing, from predictions.csv.
fn naive_difference(folder: &Path, target: &str) -> f64 {
    let predictions = table(&folder.join("predictions.csv"));
    let of = |encoder: &str| -> Vec<[f64; 2]> {
        let is_it = |row: &&Row| row["encoder"] == encoder && row["target"] == target;
        let own = predictions.iter().filter(is_it);
        own.map(|row| {
            let squared = |name| (number(row, "y") - number(row, name)).powi(2);
            [squared("y_hat"), squared("y_baseline")]
        })
        .collect()
    };
    let n = of("lexical").len() as f64;
    let influence = |encoder: &str| -> Vec<f64> {
        let squares = of(encoder);
        let total = |at: usize| squares.iter().map(|both| both[at]).sum::<f64>() / n;
        let (left, guessed) = (total(0), total(1));
        let of_row = |both: &[f64; 2]| (both[0] - left / guessed * both[1]) / guessed;
        squares.iter().map(of_row).collect()
    };
    let differences: Vec<f64> = influence("lexical")
        .iter()
        .zip(influence("precomputed"))
        .map(|(a, b)| a - b)
        .collect();
    (sum_of_squares(&differences) / (n - 1.0) / n).sqrt()
}

#[test]
fn every_difference_follows_from_the_r2_the_replicates_and_the_permutations_of_its_two_cells() {
    let folder = &quickstart().1;
    let (rows, differences) = (results(folder), table(&folder.join("comparisons.csv")));
    assert_eq!(differences.len(), 4);
    for (row, target) in differences[1..].iter().zip(TARGETS) {
        assert_eq!(row["target"], target);
        let r2 = |encoder| number(cell(&rows, encoder, target), "r2");
        assert_eq!(number(row, "delta_r2"), r2("lexical") - r2("precomputed"));
        let replicates = minus(columns(folder, "jackknife.npy"), target);
        let permuted = minus(columns(folder, "null.npy"), target);
        assert_eq!((replicates.len(), permuted.len()), (20, 999));
        let jackknife = (19.0 / 20.0 * sum_of_squares(&replicates)).sqrt();
        let null = (sum_of_squares(&permuted) / 999.0).sqrt();
        // Sums of a thousand numbers in the same order.
        assert!((number(row, "se_jackknife") - jackknife.max(null)).abs() < 1e-12);
        let naive = naive_difference(folder, target);
        assert!((number(row, "se_naive") - naive).abs() < 1e-12, "{row:?}");
        assert!(number(row, "inflation") >= 1.0);
        let se = (number(row, "inflation") * naive).hypot(null);
        assert!((number(row, "se") - se).abs() < 1e-12, "{row:?}");
        assert_eq!(row["ci_method"], "planted");
        let p_holm = number(row, "p_holm");
        assert!(p_holm >= number(row, "p") && p_holm <= 1.0, "{row:?}");
    }
    let mean = &differences[0];
    assert_eq!(
        (mean["target"].as_str(), mean["n_targets"].as_str()),
        ("", "3")
    );
    let of_targets: f64 = differences[1..]
        .iter()
        .map(|row| number(row, "delta_r2"))
        .sum();
    assert!((number(mean, "delta_r2") - of_targets / 3.0).abs() < 1e-12);
    assert_eq!(mean["p"], mean["p_holm"], "one pair, nothing to adjust for");
}
