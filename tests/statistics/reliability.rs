//! Raters: intraclass correlations, severities, error variances and the one-way PRMSE of other
//! programs.

use nalgebra::DMatrix;
use ocean_engine::inference::reliability::{Agreement, RaterFit, prmse_one_way};
use serde_json::Value;

use crate::fixture::{golden, matrix, numbers};

/// Sums of some hundred terms near 1, in another order.
const SAME_FORMULA: f64 = 1e-11;
/// Restricted maximum likelihood found by an optimiser, which is content a little beside it.
const SAME_OPTIMUM: f64 = 1e-7;

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
fn intraclass_correlations_agree_with_psych_and_variance_components_of_lme4() {
    let file = golden("agreement.json");
    let mut n_by_lme4 = 0;
    for (name, case) in file["cases"].as_object().unwrap() {
        let agreement = Agreement::of(&ratings_of(case)).unwrap();
        assert_eq!(
            agreement.n_complete as u64,
            case["n_complete"].as_u64().unwrap()
        );
        for (key, got) in [
            ("icc_2_1", agreement.icc_2_1),
            ("icc_2_k", agreement.icc_2_k),
            ("icc_3_1", agreement.icc_3_1),
            ("icc_3_k", agreement.icc_3_k),
        ] {
            assert_same(got, &case["psych"][key], name);
            if let Some(expected) = case["lme4"][key].as_f64() {
                assert!((got - expected).abs() < SAME_OPTIMUM, "{name}: {key}");
                n_by_lme4 += 1;
            }
        }
    }
    assert_eq!(n_by_lme4, 3 * 4);
}

#[test]
fn severities_and_error_variances_agree_with_lm_and_merror() {
    let file = golden("agreement.json");
    let cases = file["cases"].as_object().unwrap();
    let (mut n_unrated, mut n_by_rater) = (0, 0);
    for (name, case) in cases {
        let ratings = ratings_of(case);
        let fit = RaterFit::of(&ratings).unwrap();
        let effects = numbers(&case["effects"]);
        assert_eq!(fit.effects.len(), effects.len());
        for (got, expected) in fit.effects.iter().zip(&effects) {
            assert!((got - expected).abs() < SAME_FORMULA, "{name}: {got}");
        }
        let values = numbers(&case["values"]);
        assert_eq!(fit.values.len(), values.len());
        for (got, expected) in fit.values.iter().zip(&values) {
            let is_unrated = got.is_nan() && expected.is_nan();
            assert!(
                is_unrated || (got - expected).abs() < SAME_FORMULA,
                "{name}: got {got}, expected {expected}"
            );
            n_unrated += usize::from(is_unrated);
        }
        let residual_variance = fit.residual_variance.unwrap();
        assert_same(residual_variance, &case["residual_variance"], name);
        let by_merror = &case["rater_variances"];
        let by_merror = (!by_merror.is_null()).then(|| numbers(by_merror));
        if let Some(expected) = by_merror {
            let found = fit.rater_variances.unwrap();
            assert_eq!(found.len(), expected.len());
            for (got, expected) in found.iter().zip(&expected) {
                assert!((got - expected).abs() < SAME_FORMULA, "{name}: {got}");
            }
            n_by_rater += 1;
        }
    }
    assert_eq!((cases.len(), n_unrated, n_by_rater), (5, 3, 2));
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
