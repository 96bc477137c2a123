//! Grids, scales, options and refusals.

use super::{designs, options, standardised, target, walk};
use crate::lasso::{LassoDesign, LassoFit, LassoMoments, LassoOptions, fit};
use crate::testing::{Dense, relative_difference};
use crate::{Columns, LinearError};

#[test]
fn penalties_from_alpha_max_on_give_the_empty_model() {
    for (name, x) in designs() {
        let y = target(&x, 40);
        for l1_ratio in [1.0, 0.5, 0.07] {
            let largest = (0..x.n_columns)
                .map(|j| {
                    x.view()
                        .column(j)
                        .iter()
                        .zip(&y)
                        .map(|(x, y)| x * y)
                        .sum::<f64>()
                        .abs()
                })
                .fold(0.0, f64::max);
            let alpha_max = largest / (x.n_rows as f64 * l1_ratio);
            let walked = walk(&x, &y, 10, options(l1_ratio));
            assert!((walked.alphas[0] / alpha_max - 1.0).abs() < 1e-13, "{name}");
            assert!(
                (walked.alphas[9] / alpha_max / 1e-3 - 1.0).abs() < 1e-12,
                "{name}"
            );
            for times in [1.0, 1.001, 5.0, 1e200, f64::INFINITY] {
                let (w, fit) =
                    fit(x.view(), &y, walked.alphas[0] * times, options(l1_ratio)).unwrap();
                // αρ is α_max·ρ up to its last bit; the gap is the square of that.
                assert!(w.iter().all(|w| *w == 0.0) && fit.gap < 1e-30, "{name}");
            }
            let below = fit(x.view(), &y, alpha_max * 0.999, options(l1_ratio)).unwrap();
            assert!(below.1.n_nonzero > 0, "{name}");
        }
    }
}

#[test]
fn with_positive_coefficients_the_grid_begins_at_the_largest_positive_correlation() {
    // c = (−2, 1)·½: without the constraint α_max = 1, with it ½; and none at all when every
    // correlation is negative.
    let x = Dense::from_fn(4, 2, |i, j| {
        [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]][j][i]
    });
    let y: Vec<f64> = (0..4).map(|i| -x.at(i, 0) + 0.5 * x.at(i, 1)).collect();
    let positive = LassoOptions {
        positive: true,
        ..options(1.0)
    };
    assert_eq!(walk(&x, &y, 3, options(1.0)).alphas[0], 1.0);
    let walked = walk(&x, &y, 3, positive);
    assert_eq!(walked.alphas[0], 0.5);
    assert!(walked.coef[1][1] > 0.0 && walked.coef[2][0] == 0.0);
    let y: Vec<f64> = (0..4).map(|i| -x.at(i, 0)).collect();
    let none = walk(&x, &y, 3, positive);
    assert_eq!(none.alphas, [3.0, 2.0, 1.0]);
    assert!(none.coef.iter().flatten().all(|w| *w == 0.0));
}

#[test]
fn one_fit_is_what_the_walk_finds_at_that_penalty() {
    for (name, x) in designs() {
        let y = target(&x, 41);
        for l1_ratio in [1.0, 0.4] {
            let walked = walk(&x, &y, 8, options(l1_ratio));
            for (alpha, coef) in walked.alphas.iter().zip(&walked.coef) {
                let (w, fit) = fit(x.view(), &y, *alpha, options(l1_ratio)).unwrap();
                assert!(fit.is_converged);
                let fitted = |w: &[f64]| -> Vec<f64> {
                    (0..x.n_rows)
                        .map(|i| (0..x.n_columns).map(|j| x.at(i, j) * w[j]).sum())
                        .collect()
                };
                // Two ways to the same optimum, each within a violation of 1e-8.
                assert!(
                    relative_difference(&fitted(&w), &fitted(coef)) < 1e-6,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn scaling_y_scales_penalties_and_coefficients_of_a_lasso() {
    // Not of an elastic net: α grows with y, and α(1 − ρ)‖w‖² with it more than the other two
    // terms.
    let x = standardised(&Dense::falling(42, 40, 60));
    let y = target(&x, 43);
    let plain = walk(&x, &y, 20, options(1.0));
    // A power of two changes no bit; others round y once, and the condition of the support
    // multiplies that.
    for (factor, tolerance) in [
        (2.0_f64.powi(-40), 0.0),
        (2.0_f64.powi(700), 0.0),
        (1e-300, 1e-9),
        (1e250, 1e-9),
        (-3.0, 1e-9),
    ] {
        let scaled_y: Vec<f64> = y.iter().map(|y| y * factor).collect();
        let scaled = walk(&x, &scaled_y, 20, options(1.0));
        for k in 0..20 {
            let ratio = scaled.alphas[k] / factor.abs() / plain.alphas[k];
            assert!((ratio - 1.0).abs() <= 1e-13);
            let back: Vec<f64> = scaled.coef[k].iter().map(|w| w / factor).collect();
            let difference = relative_difference(&back, &plain.coef[k]);
            assert!(difference <= tolerance, "{factor:e}: {difference:e}");
        }
    }
}

#[test]
fn scaling_x_scales_coefficients_the_other_way() {
    let x = standardised(&Dense::falling(44, 40, 60));
    let y = target(&x, 45);
    let plain = walk(&x, &y, 20, options(1.0));
    for factor in [1e120, 1e-120, 1e-7, 2.0_f64.powi(900)] {
        let scaled = walk(&x.times(factor), &y, 20, options(1.0));
        for k in 0..20 {
            // An identity as the new rows, so these are coefficients: w / factor.
            let back: Vec<f64> = scaled.coef[k].iter().map(|w| w * factor).collect();
            assert!(
                relative_difference(&back, &plain.coef[k]) < 1e-9,
                "{factor:e}"
            );
        }
    }
}

#[test]
fn rows_and_columns_may_stand_in_any_order() {
    let x = standardised(&Dense::falling(46, 40, 30));
    let y = target(&x, 47);
    let plain = walk(&x, &y, 15, options(0.6));
    let moved = Dense::from_fn(40, 30, |i, j| x.at((i * 7 + 3) % 40, (j * 11 + 5) % 30));
    let moved_y: Vec<f64> = (0..40).map(|i| y[(i * 7 + 3) % 40]).collect();
    let walked = walk(&moved, &moved_y, 15, options(0.6));
    for k in 0..15 {
        for j in 0..30 {
            // 30 features of condition 1e4 at most: rounding of the moments times that.
            assert!((walked.coef[k][j] - plain.coef[k][(j * 11 + 5) % 30]).abs() < 1e-9);
        }
    }
}

#[test]
fn an_l1_ratio_of_almost_one_is_almost_the_lasso() {
    let x = standardised(&Dense::falling(48, 40, 30));
    let y = target(&x, 49);
    let (lasso, net) = (
        walk(&x, &y, 15, options(1.0)),
        walk(&x, &y, 15, options(1.0 - 1e-9)),
    );
    for k in 0..15 {
        assert!(relative_difference(&net.coef[k], &lasso.coef[k]) < 1e-6);
    }
}

#[test]
fn too_few_passes_are_said_and_the_gap_tells_how_far_off() {
    let x = standardised(&Dense::falling(53, 40, 60));
    let y = target(&x, 54);
    let hurried = LassoOptions {
        max_iter: 1,
        ..options(1.0)
    };
    let alpha = walk(&x, &y, 20, options(1.0)).alphas[15];
    let (_, hurried) = fit(x.view(), &y, alpha, hurried).unwrap();
    assert!(!hurried.is_converged && hurried.gap > 1e-6);
    let (_, patient) = fit(x.view(), &y, alpha, options(1.0)).unwrap();
    assert!(patient.is_converged && patient.gap < 1e-9);
}

#[test]
fn moments_are_enough() {
    let x = standardised(&Dense::falling(55, 50, 20));
    let y = target(&x, 56);
    let n = 50.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
    let gram = Dense::from_fn(20, 20, |i, j| {
        product(x.view().column(i), x.view().column(j))
    });
    let xty: Vec<f64> = (0..20).map(|j| product(x.view().column(j), &y)).collect();
    let moments = LassoMoments::prepare(gram.view()).unwrap();
    let xty = Columns::new(&xty, 20, 1).unwrap();
    for l1_ratio in [1.0, 0.2] {
        let walked = walk(&x, &y, 10, options(l1_ratio));
        let mut alphas = vec![0.0; 10];
        moments
            .grid(xty, 1e-3, options(l1_ratio), &mut alphas)
            .unwrap();
        assert!(relative_difference(&alphas, &walked.alphas) < 1e-14);
        let column = Columns::new(&alphas, 10, 1).unwrap();
        let mut path = moments
            .begin(xty, &[product(&y, &y)], column, options(l1_ratio))
            .unwrap();
        for k in 0..10 {
            let (mut w, mut fit) = (vec![0.0; 20], [LassoFit::EMPTY]);
            path.advance(&[0], &[k as u32], &mut w, &mut fit).unwrap();
            // The same problem, its moments summed in another order; the condition of G is below
            // 1e4.
            assert!(relative_difference(&w, &walked.coef[k]) < 1e-9);
        }
    }
}

#[test]
fn designs_without_variation_or_rows_to_predict_are_fine() {
    let x = Dense::from_fn(5, 3, |_, _| 0.0);
    let walked = walk(&x, &[1.0, -1.0, 0.5, -0.5, 0.0], 4, options(1.0));
    assert_eq!(walked.alphas, [4.0, 3.0, 2.0, 1.0]);
    assert!(walked.coef.iter().flatten().all(|w| *w == 0.0));
    let none = Dense::from_fn(0, 3, |_, _| 0.0);
    let design = LassoDesign::prepare(x.view(), none.view()).unwrap();
    let y = Dense::noise(57, 5, 2);
    let mut path = design.begin(y.view(), y.view(), options(1.0));
    assert!(matches!(path, Err(LinearError::NoPenalty(_))));
    let alphas = Dense::from_fn(1, 2, |_, _| 1.0);
    path = design.begin(y.view(), alphas.view(), options(1.0));
    path.unwrap()
        .advance(&[1, 0], &[0, 0], &mut [], &mut [LassoFit::EMPTY; 2])
        .unwrap();
    // y = 0: nothing to explain.
    let x = Dense::noise(58, 5, 3);
    let (w, fit) = fit(x.view(), &[0.0; 5], 0.1, options(1.0)).unwrap();
    assert!(w.iter().all(|w| *w == 0.0) && fit == LassoFit::EMPTY);
}

#[test]
fn impossible_requests_are_refused() {
    let (x, y) = (Dense::noise(59, 6, 3), Dense::noise(60, 6, 2));
    let design = LassoDesign::prepare(x.view(), x.view()).unwrap();
    let alphas = Dense::from_fn(2, 2, |k, _| 1.0 / (k + 1) as f64);
    let refused = |options| {
        design
            .begin(y.view(), alphas.view(), options)
            .err()
            .map(|e| e.to_string())
    };
    assert_eq!(
        refused(options(0.0)).unwrap(),
        "l1_ratio = 0: it has to be above 0 and at most 1; for 0 use ridge"
    );
    assert!(refused(options(f64::NAN)).is_some() && refused(options(1.5)).is_some());
    assert!(
        refused(LassoOptions {
            tol: 0.0,
            ..options(1.0)
        })
        .is_some()
    );
    for alpha in [0.0, -1.0, f64::NAN] {
        assert!(matches!(
            fit(x.view(), &y.values[..6], alpha, options(1.0)),
            Err(LinearError::NoPenalty(_))
        ));
    }
    let mut path = design.begin(y.view(), alphas.view(), options(1.0)).unwrap();
    let mut out = [0.0; 6];
    let mut advance = |column, step, n: usize| {
        path.advance(&[column], &[step], &mut out[..n], &mut [LassoFit::EMPTY])
            .is_err()
    };
    assert!(advance(2, 0, 6) && advance(0, 2, 6) && advance(0, 0, 5));
    assert!(
        !advance(0, 1, 6) && advance(0, 0, 6),
        "steps of a column do not fall"
    );
    let bad = Dense::from_fn(6, 3, |i, j| if i + j == 4 { f64::NAN } else { 1.0 });
    assert!(matches!(
        LassoDesign::prepare(bad.view(), x.view()),
        Err(LinearError::Numeric(_))
    ));
    assert!(matches!(
        LassoDesign::prepare(x.view(), bad.view()),
        Err(LinearError::Numeric(_))
    ));
    let bad_y = Dense::from_fn(6, 2, |i, _| if i == 3 { f64::INFINITY } else { 0.0 });
    assert!(matches!(
        design.begin(bad_y.view(), alphas.view(), options(1.0)),
        Err(LinearError::Numeric(_))
    ));
    assert!(matches!(
        design.grid(y.view(), 2.0, options(1.0), &mut [0.0; 4]),
        Err(LinearError::Setting { .. })
    ));
    let tiny = y.times(1e-300);
    let huge_x = x.times(1e-200);
    let design = LassoDesign::prepare(huge_x.view(), x.view()).unwrap();
    assert!(matches!(
        design.grid(tiny.view(), 1e-3, options(1.0), &mut [0.0; 4]),
        Err(LinearError::Numeric(_))
    ));
    assert!(LassoMoments::prepare(x.view()).is_err());
}
