//! Four copies of a data set, one a fold: every row is predicted from rows like its own, and r2 of
//! least squares out of fold is R² of least squares, or beside covariates the partial one. What other
//! programs do with linear models (Freedman & Lane's test, the jackknife) then applies to the whole
//! loop, from designs to p and standard error.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;
use ocean_engine::inference::interval::{jackknife_interval, jackknife_se};
use ocean_engine::permutation::Exchange;
use ocean_engine::regressor::Regressor;
use serde_json::Value;

use crate::fixture::{golden, list, matrix, numbers, whole_numbers};
use crate::ridge::both_with;
use ocean_host::commands::selfcheck::study::Study;

/// Inner folds are made of outer ones, which takes four.
const COPIES: usize = 4;
/// Next to none: R² is that of least squares but for (α/λ)², λ the least eigenvalue of X̃ᵀX̃, above 1
/// here.
const NO_PENALTY: f64 = 1e-8;
/// Two solvers of well-conditioned least squares; F has 13 digits.
const SAME_FIT: f64 = 1e-11;
/// Quantiles of Student's t by two programs.
const SAME_QUANTILE: f64 = 1e-7;

/// The ridge of the bundled plugin. The textbook one works with products of rows, of whose eigenvalues
/// most are zero; rounding there, divided by next to no penalty, would pass for a difference.
fn least_squares() -> Box<dyn Regressor> {
    let [_, (_, plugin)] = both_with(&[NO_PENALTY]);
    plugin
}

/// The copies of a case, fold by fold; `group`: who moves, or is left out, together. Groups are
/// numbered as their first rows stand.
fn copies(case: &Value, group: &Value) -> Study {
    let again = |rows: DMatrix<f64>| {
        let n = rows.nrows();
        DMatrix::from_fn(n * COPIES, rows.ncols(), |row, column| {
            rows[(row % n, column)]
        })
    };
    let y = numbers(&case["y"]);
    let fold_of = (0..y.len() * COPIES).map(|row| row / y.len()).collect();
    let y = again(DMatrix::from_column_slice(y.len(), 1, &y));
    let mut study = Study::with_folds(again(matrix(&case["x"])), y, vec![fold_of]).unwrap();
    study.z = (!case["z"].is_null()).then(|| again(matrix(&case["z"])));
    study.groups = Groups::from_labels(whole_numbers(group).repeat(COPIES));
    study
}

#[test]
fn permuted_residuals_have_the_f_of_vegan_and_permuco() {
    const M: usize = 1999;
    let file = golden("freedman_lane.json");
    let cases = file["cases"].as_object().unwrap();
    for (name, case) in cases {
        let study = copies(case, &case["group"]);
        let n = study.y.nrows() / COPIES;
        // R² = qF/(qF + r), F with q and r degrees of freedom.
        let (q, r) = (
            study.x.ncols() as f64,
            case["df_residual"].as_f64().unwrap(),
        );
        let of_f = |f: f64| q * f / (q * f + r);
        let expected: Vec<f64> = numbers(&case["f"]).into_iter().map(of_f).collect();
        let arrangements = list(&case["arrangements"]).iter().map(whole_numbers);
        let expected_of: BTreeMap<Vec<usize>, f64> =
            arrangements.zip(expected.iter().copied()).collect();
        assert_eq!(expected_of.len(), expected.len());

        let scheme = study.scheme(Exchange::Blocks).unwrap();
        let outcome = study.run(least_squares().as_ref(), M).unwrap();
        let mut at_least = 0;
        for b in 0..=M {
            let arrangement = &scheme.permutation(b as u64)[..n];
            let (got, expected_r2) = (outcome.statistics[(b, 0)], expected_of[arrangement]);
            assert!(
                (got - expected_r2).abs() < SAME_FIT,
                "{name}, {arrangement:?}: got {got}, expected {expected_r2}"
            );
            at_least += usize::from(expected_r2 > expected[0] - SAME_FIT);
        }
        let p = outcome.p()[0];
        // The observed one, b = 0, is among them.
        assert!((p - at_least as f64 / (M + 1) as f64).abs() < 1e-12, "{p}");
        // That of all arrangements, each drawn with the same chance: four standard errors.
        let exact = case["p"].as_f64().unwrap();
        let se = (exact * (1.0 - exact) / M as f64).sqrt();
        assert!((p - exact).abs() < 4.0 * se, "{name}: {p}, {exact}");
    }
    assert_eq!(cases.len(), 2);
}

#[test]
fn the_jackknife_without_blocks_of_rows_agrees_with_survey() {
    let file = golden("jackknife.json");
    let cases = file["cases"].as_object().unwrap();
    for (name, case) in cases {
        let study = copies(case, &case["block"]);
        let block = whole_numbers(&case["block"]);
        let replicates = numbers(&case["replicates"]);
        let (r2, se) = (case["r2"].as_f64().unwrap(), case["se"].as_f64().unwrap());
        let regressor = least_squares();
        let found = study.jackknife(regressor.as_ref()).unwrap();
        assert_eq!(found.nrows(), replicates.len(), "{name}");
        for (row, &of_row) in block.iter().enumerate() {
            let got = found[(study.groups.of_row()[row], 0)];
            let expected = replicates[of_row - 1];
            assert!(
                (got - expected).abs() < SAME_FIT,
                "{name}, without block {of_row}: got {got}, expected {expected}"
            );
        }
        let got = jackknife_se(found.as_slice());
        assert!((got - se).abs() < SAME_FIT, "{name}: {got}, {se}");
        let observed = study.run(regressor.as_ref(), 0).unwrap().r2(0);
        assert!((observed - r2).abs() < SAME_FIT, "{name}: {observed}, {r2}");
        for (key, level) in [("ci95", 0.05), ("ci999", 0.001)] {
            let interval = jackknife_interval(observed, got, found.nrows(), level);
            let expected = numbers(&case[key]);
            for (got, expected) in [interval.low, interval.high].iter().zip(&expected) {
                assert!(
                    (got - expected).abs() < SAME_QUANTILE,
                    "{name}, {key}: {got}, {expected}"
                );
            }
            assert_eq!(expected.len(), 2);
        }
    }
    assert_eq!(cases.len(), 2);
}
