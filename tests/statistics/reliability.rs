//! Raters: intraclass correlations and the one-way PRMSE of other programs.

use nalgebra::DMatrix;
use ocean_engine::inference::reliability::{Agreement, RaterFit, prmse_one_way};
use serde_json::Value;

use crate::fixture::{golden, matrix, numbers};

/// Sums of some hundred terms near 1, in another order.
const SAME_FORMULA: f64 = 1e-11;

fn assert_same(got: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (got - expected).abs() < SAME_FORMULA,
        "{what}: got {got}, expected {expected}"
    );
}

fn ratings_of(case: &Value) -> Vec<Vec<f64>> {
    let ratings: DMatrix<f64> = matrix(&case["ratings"]);
    ratings
        .column_iter()
        .map(|rater| rater.iter().copied().collect())
        .collect()
}

#[test]
fn intraclass_correlations_agree_with_pingouin_and_prmse_with_rsmtool() {
    let file = golden("reliability.json");
    let cases = file["cases"].as_object().unwrap();
    for (name, case) in cases {
        let ratings = ratings_of(case);
        let agreement = Agreement::of(&ratings).unwrap();
        assert_eq!(
            agreement.n_complete as u64,
            case["n_complete"].as_u64().unwrap()
        );
        assert_same(agreement.icc_2_1, &case["icc_2_1"], name);
        assert_same(agreement.icc_2_k, &case["icc_2_k"], name);
        assert_same(agreement.icc_3_1, &case["icc_3_1"], name);
        assert_same(agreement.icc_3_k, &case["icc_3_k"], name);
        let prmse = prmse_one_way(&ratings, &numbers(&case["y_hat"])).unwrap();
        assert_same(prmse, &case["prmse"], name);
    }
    assert_eq!(cases.len(), 3);
}

#[test]
fn the_ceiling_of_complete_ratings_is_icc_3_k() {
    let ratings = ratings_of(&golden("reliability.json")["cases"]["unequal_means"]);
    let fit = RaterFit::of(&ratings).unwrap();
    let (_, sd) = ocean_engine::score::mean_and_sd(&fit.values, 1);
    // 1 − v̄/s² with the variance of the target in the place of B.
    let ceiling = 1.0 - fit.mean_error_variance.unwrap() / (sd * sd);
    let agreement = Agreement::of(&ratings).unwrap();
    assert!((ceiling - agreement.icc_3_k).abs() < SAME_FORMULA);
}

#[test]
fn one_rating_a_row_says_nothing_of_agreement() {
    let nan = f64::NAN;
    let ratings = [vec![1.0, nan, 3.0], vec![nan, 2.0, nan]];
    assert_eq!(Agreement::of(&ratings), None);
    assert_eq!(prmse_one_way(&ratings, &[1.0, 2.0, 3.0]), None);
}
