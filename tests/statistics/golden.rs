//! Numbers of other programs: `tests/golden`, made by `make_golden.py`.

use nalgebra::DMatrix;
use ocean_engine::inference::multiplicity::{benjamini_hochberg, holm, step_down_max_t};
use ocean_engine::permutation::first_return;
use ocean_engine::regressor::Regressor;
use ocean_engine::score::{HeldOut, Scores};
use serde_json::Value;

use crate::fixture::{golden, indexes, list, matrix, numbers, whole_numbers};
use crate::ridge::{both, both_with};
use ocean_host::commands::selfcheck::study::Study;

/// Both sides are closed forms on the same doubles; sums of some tens of terms differ in the last
/// digits only.
const SAME_FORMULA: f64 = 1e-13;
/// Ridge predictions of two solvers on designs whose condition number (penalty included) is below
/// 1e5.
const SAME_FIT: f64 = 1e-9;

fn assert_close(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (got - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{what}: got {got}, expected {expected}"
    );
}

#[test]
fn scores_agree_with_scikit_learn_and_the_page() {
    let file = golden("scores.json");
    for (name, case) in file["cases"].as_object().unwrap() {
        let [y, y_hat, y_bar] = ["y", "y_hat", "y_bar"].map(|key| numbers(&case[key]));
        let fold_of = whole_numbers(&case["folds"]);
        let held_out = HeldOut {
            y: &y,
            y_hat: &y_hat,
            y_bar: &y_bar,
            fold_of: &fold_of,
            is_empty: name == "empty_model",
        };
        let scores = Scores::of(&held_out).unwrap();
        let pairs = [
            ("r2", Some(scores.r2)),
            ("r2_test_mean", Some(scores.r2_test_mean)),
            ("r2_fold_mean", scores.r2_fold_mean),
            ("r2_oosse", Some(scores.r2_oosse)),
            ("pearson_r", scores.pearson_r),
            ("calibration_slope", scores.calibration_slope),
            ("rmse", Some(scores.rmse)),
            ("mae", Some(scores.mae)),
            ("rmse_baseline", Some(scores.rmse_baseline)),
        ];
        for (key, got) in pairs {
            let what = format!("{name}.{key}");
            match (got, case[key].as_f64()) {
                (Some(got), Some(expected)) => assert_close(got, expected, SAME_FORMULA, &what),
                (got, expected) => assert_eq!(got, expected, "{what}"),
            }
        }
        assert_eq!(
            scores.n_constant_folds as u64,
            case["folds_left_out"].as_u64().unwrap(),
            "{name}"
        );
    }
    assert_eq!(file["cases"].as_object().unwrap().len(), 4);
}

#[test]
fn benjamini_hochberg_and_holm_agree_with_r_and_statsmodels() {
    for case in list(&golden("multiplicity.json")["adjusted"]) {
        let p = numbers(&case["p"]);
        for (got, expected) in [
            (benjamini_hochberg(&p), &case["q_bh"]),
            (holm(&p), &case["p_holm"]),
        ] {
            for (got, expected) in got.iter().zip(numbers(expected)) {
                assert_close(*got, expected, SAME_FORMULA, &format!("{p:?}"));
            }
        }
    }
}

#[test]
fn step_down_max_t_agrees_with_multtest_and_the_page() {
    let file = golden("multiplicity.json");
    for (name, case) in file["max_t"].as_object().unwrap() {
        let statistics = matrix(&case["statistics"]);
        let n_samples = vec![case["n_samples"].as_u64().unwrap() as usize; statistics.ncols()];
        let got = step_down_max_t(statistics.as_view(), &n_samples);
        for (got, expected) in got.iter().zip(numbers(&case["p_fwer"])) {
            // Counts divided by m + 1: one count off would be 1/252 at least.
            assert_close(*got, expected, 1e-12, name);
        }
    }
    assert_eq!(file["max_t"].as_object().unwrap().len(), 3);
}

#[test]
fn nested_ridge_on_the_relative_grid_agrees_with_the_numpy_twin() {
    for (name, case) in golden("ridge.json")["cases"].as_object().unwrap() {
        for (ridge, regressor) in both() {
            check_ridge(
                &format!("{name}, {ridge}"),
                case,
                &case["relative"],
                regressor.as_ref(),
            );
        }
    }
}

#[test]
fn nested_ridge_on_an_absolute_grid_agrees_with_scikit_learn() {
    for (name, case) in golden("ridge.json")["cases"].as_object().unwrap() {
        for (ridge, regressor) in both_with(&numbers(&case["absolute_alphas"])) {
            check_ridge(
                &format!("{name}, {ridge}"),
                case,
                &case["absolute"],
                regressor.as_ref(),
            );
        }
    }
}

fn check_ridge(name: &str, case: &Value, expected: &Value, regressor: &dyn Regressor) {
    let y = numbers(&case["y"]);
    let partitions: Vec<Vec<usize>> = list(&case["partitions"])
        .iter()
        .map(whole_numbers)
        .collect();
    let study = Study::with_folds(
        matrix(&case["x"]),
        DMatrix::from_column_slice(y.len(), 1, &y),
        partitions,
    )
    .unwrap();
    let outcome = study.run(regressor, 0).unwrap();
    let mut r2 = Vec::new();
    for (answers, expected) in outcome.answers.iter().zip(list(expected)) {
        let answer = &answers[0];
        assert_eq!(
            answer.steps,
            whole_numbers(&expected["steps"]),
            "{name}: chosen rows of the grid"
        );
        let pairs = [
            (&answer.alphas, "alphas"),
            (&answer.y_hat, "y_hat"),
            (&answer.y_bar, "y_bar"),
        ];
        for (got, key) in pairs {
            for (got, expected) in got.iter().zip(numbers(&expected[key])) {
                assert_close(*got, expected, SAME_FIT, &format!("{name}.{key}"));
            }
        }
        r2.push(expected["r2"].as_f64().unwrap());
    }
    let mean_r2 = r2.iter().sum::<f64>() / r2.len() as f64;
    assert_close(outcome.r2(0), mean_r2, SAME_FIT, name);
}

#[test]
fn first_return_maps_agree_with_the_page() {
    let file = golden("missing.json");
    let by_hand = &file["by_hand"];
    let is_observed: Vec<bool> = list(&by_hand["is_observed"])
        .iter()
        .map(|item| item.as_bool().unwrap())
        .collect();
    check_sources(
        &whole_numbers(&by_hand["permutation"]),
        &is_observed,
        &by_hand["source"],
    );
    for target in list(&file["targets"]) {
        let is_observed: Vec<bool> = numbers(&target["y"]).iter().map(|y| !y.is_nan()).collect();
        for (permutation, source) in list(&file["permutations"])
            .iter()
            .zip(list(&target["sources"]))
        {
            check_sources(&whole_numbers(permutation), &is_observed, source);
        }
    }
}

fn check_sources(permutation: &[usize], is_observed: &[bool], expected: &Value) {
    let rows: Vec<usize> = (0..is_observed.len())
        .filter(|&row| is_observed[row])
        .collect();
    let expected: Vec<usize> = indexes(expected).into_iter().flatten().collect();
    assert_eq!(first_return(permutation, is_observed, &rows), expected);
}

#[test]
fn targets_with_missing_values_and_their_permutations_agree_with_the_numpy_twin() {
    let file = golden("missing.json");
    let (x, fold_of) = (matrix(&file["x"]), whole_numbers(&file["folds"]));
    let permutations: Vec<Vec<usize>> = list(&file["permutations"])
        .iter()
        .map(whole_numbers)
        .collect();
    for target in list(&file["targets"]) {
        let y = numbers(&target["y"]);
        check_target(
            &x,
            &y,
            &fold_of,
            &target["observed"]["steps"],
            &target["observed"]["r2"],
        );
        for (at, permutation) in permutations.iter().enumerate() {
            let moved = crate::twin::permuted_target(&y, permutation);
            check_target(
                &x,
                &moved,
                &fold_of,
                &target["permuted_steps"][at],
                &target["permuted_r2"][at],
            );
        }
    }
}

fn check_target(x: &DMatrix<f64>, y: &[f64], fold_of: &[usize], steps: &Value, r2: &Value) {
    let y = DMatrix::from_column_slice(y.len(), 1, y);
    let study = Study::with_folds(x.clone(), y, vec![fold_of.to_vec()]).unwrap();
    for (ridge, regressor) in both() {
        let outcome = study.run(regressor.as_ref(), 0).unwrap();
        assert_eq!(outcome.answers[0][0].steps, whole_numbers(steps), "{ridge}");
        assert_close(outcome.r2(0), r2.as_f64().unwrap(), SAME_FIT, ridge);
    }
}
