//! One encoder against another: the formulas of numpy, the size when they are of equal worth, and
//! the power when they are not.

use ocean_engine::inference::comparison::{corrected_t, difference, fold_differences, null_sd};
use ocean_tests::ridge::PluginRidge;

use crate::fixture::{golden, list, numbers, whole_numbers};
use crate::uniformity::{Rejections, n_data_sets, simulate};
use ocean_host::commands::selfcheck::comparing::{Compared, compare};
use ocean_host::commands::selfcheck::data::two_views;

const LEVEL: f64 = 0.05;
const ROWS: usize = 80;

#[test]
fn differences_are_those_of_numpy() {
    let file = golden("comparison.json");
    let close = |got: f64, expected: &serde_json::Value, what: &str| {
        let expected = expected.as_f64().unwrap();
        // The inputs are kept to fifteen decimals; the tails of Student's t agree to ten digits.
        assert!(
            (got - expected).abs() < 1e-10 * expected.abs().max(0.1),
            "{what}: {got}, {expected}"
        );
    };
    for case in list(&file["cases"]) {
        let column = |name: &str| numbers(&case[name]);
        let (y, y_bar, a, b) = (
            column("y"),
            column("y_bar"),
            column("y_hat_a"),
            column("y_hat_b"),
        );
        let fold_of = whole_numbers(&case["fold_of"]);
        let by_fold = fold_differences(&y, (&a, &b), &y_bar, &fold_of);
        for (got, expected) in by_fold.iter().zip(list(&case["by_fold"])) {
            close(*got, expected, "by fold");
        }
        let n_test: Vec<usize> = (0..by_fold.len())
            .map(|fold| fold_of.iter().filter(|&&of| of == fold).count())
            .collect();
        let corrected = corrected_t(&by_fold, &n_test).unwrap();
        close(corrected.t, &case["t"], "t");
        close(corrected.p, &case["p_corrected"], "p of t");
        let floor = null_sd(&column("permuted"));
        let delta = case["delta"].as_f64().unwrap();
        let found = difference(delta, &column("replicates"), floor, 0.05).unwrap();
        close(found.interval.se, &case["se"], "se");
        close(found.interval.low, &case["low"], "low");
        close(found.interval.high, &case["high"], "high");
        close(found.p, &case["p"], "p");
    }
}

#[test]
fn two_encoders_of_equal_worth_are_seldom_told_apart() {
    let compared = simulate("equal worth", n_data_sets(400), |stream, index| {
        let (x, y) = two_views(ROWS, [0.7, 0.7], stream);
        compare(x, &y, index, (&PluginRidge).into()).unwrap()
    });
    let rejections = |pick: fn(&Compared) -> f64, what: &str| {
        let p: Vec<f64> = compared.iter().map(pick).collect();
        let rejections = Rejections::of(&p, LEVEL);
        rejections.print(what);
        rejections
    };
    assert!(!rejections(|c| c.headline, "equal worth, Δ ± t·SE").are_too_many_at(LEVEL));
    // Approximate, and said so: up to .09.
    assert!(!rejections(|c| c.corrected, "equal worth, Nadeau–Bengio").are_too_many_at(0.09));
    // The check has teeth: the paired t of row losses takes the fitted models for the methods.
    let rows = rejections(|c| c.of_rows, "equal worth, paired t over rows");
    assert!(rows.are_too_many_at(LEVEL));
}

#[test]
fn an_encoder_that_sees_nothing_is_told_from_one_that_sees_much() {
    let compared = simulate("unequal worth", 40, |stream, index| {
        let (x, y) = two_views(ROWS, [0.1, 10.0], stream);
        compare(x, &y, index, (&PluginRidge).into()).unwrap()
    });
    let n_found = compared.iter().filter(|c| c.headline <= LEVEL).count();
    println!("R² of about .4 against 0, n = {ROWS}: told apart in {n_found} of 40");
    assert!(n_found >= 30);
}
