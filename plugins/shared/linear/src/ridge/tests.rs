//! Ridge against the slow obvious way, its optimality condition, its limits, and its own direct
//! formula.

use super::{RidgeDesign, fit};
use crate::testing::{Dense, norm, relative_difference, shared};
use crate::{Columns, LinearError};

/// Solves (XᵀX + αI) w = Xᵀy by Gaussian elimination with pivoting and multiplies by the new rows:
/// no decomposition, one y, one α.
fn slow_prediction(x: &Dense, y: &[f64], alpha: f64, x_new: &Dense) -> Vec<f64> {
    let p = x.n_columns;
    let mut system: Vec<Vec<f64>> = (0..p)
        .map(|a| {
            let row = (0..p).map(|b| {
                let penalty = if a == b { alpha } else { 0.0 };
                penalty + (0..x.n_rows).map(|i| x.at(i, a) * x.at(i, b)).sum::<f64>()
            });
            row.chain([(0..x.n_rows).map(|i| x.at(i, a) * y[i]).sum()])
                .collect()
        })
        .collect();
    for k in 0..p {
        let pivot = (k..p)
            .max_by(|&a, &b| system[a][k].abs().total_cmp(&system[b][k].abs()))
            .unwrap();
        system.swap(k, pivot);
        for a in k + 1..p {
            let factor = system[a][k] / system[k][k];
            let (above, below) = system.split_at_mut(a);
            below[0]
                .iter_mut()
                .zip(&above[k])
                .skip(k)
                .for_each(|(v, pivot)| *v -= factor * pivot);
        }
    }
    let mut w = vec![0.0; p];
    for k in (0..p).rev() {
        w[k] = (system[k][p] - (k + 1..p).map(|b| system[k][b] * w[b]).sum::<f64>()) / system[k][k];
    }
    (0..x_new.n_rows)
        .map(|i| (0..p).map(|j| x_new.at(i, j) * w[j]).sum())
        .collect()
}

/// Predictions of every target at every step, `[step][target]`, walked as the engine does.
fn walked(design: &RidgeDesign, y: &Dense, alphas: &[f64]) -> Vec<Vec<Vec<f64>>> {
    let columns: Vec<u32> = (0..y.n_columns as u32).collect();
    let mut path = design
        .begin(y.view(), shared(alphas, y.n_columns).view())
        .unwrap();
    (0..alphas.len() as u32)
        .map(|step| {
            let mut y_hat = vec![f64::NAN; design.n_new() * y.n_columns];
            path.advance(&columns, &vec![step; columns.len()], &mut y_hat)
                .unwrap();
            y_hat
                .chunks(design.n_new().max(1))
                .map(<[f64]>::to_vec)
                .collect()
        })
        .collect()
}

/// The prediction of one target at one penalty, asked for alone: never by way of the basis.
fn alone(design: &RidgeDesign, y: &[f64], alpha: f64) -> Vec<f64> {
    let y = Columns::new(y, y.len(), 1).unwrap();
    // The second of two penalties, so that the call is not the beginning of a walk.
    let alphas = [alpha + 1.0, alpha];
    let mut path = design
        .begin(y, Columns::new(&alphas, 2, 1).unwrap())
        .unwrap();
    let mut y_hat = vec![f64::NAN; design.n_new()];
    path.advance(&[0], &[1], &mut y_hat).unwrap();
    y_hat
}

/// Designs with something awkward about each.
fn designs() -> Vec<(&'static str, Dense)> {
    let tall = Dense::noise(1, 30, 6);
    let low_rank = Dense::from_fn(12, 9, |i, j| {
        Dense::noise(2, 12, 3).values[(j % 3) * 12 + i] * (1.0 + j as f64)
    });
    vec![
        ("more samples than features", tall.clone()),
        ("more features than samples", Dense::noise(3, 8, 20)),
        ("as many of each", Dense::noise(4, 10, 10)),
        ("rank 3 of 9", low_rank),
        (
            "a column of zeros",
            Dense::from_fn(30, 6, |i, j| if j == 2 { 0.0 } else { tall.at(i, j) }),
        ),
        (
            "a column twice",
            Dense::from_fn(30, 6, |i, j| tall.at(i, if j == 5 { 0 } else { j })),
        ),
        ("one row", Dense::noise(5, 1, 4)),
        ("one feature", Dense::noise(6, 7, 1)),
        ("one number", Dense::noise(7, 1, 1)),
    ]
}

#[test]
fn predictions_equal_the_normal_equations_one_target_and_penalty_at_a_time() {
    for (name, x) in designs() {
        let x_new = Dense::noise(20, 5, x.n_columns);
        let y = Dense::noise(21, x.n_rows, 4);
        let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
        let alphas = [1e3, 10.0, 1.0, 0.1, 1e-3];
        for (predictions, alpha) in walked(&design, &y, &alphas).iter().zip(alphas) {
            for (j, y_hat) in predictions.iter().enumerate() {
                let slow = slow_prediction(&x, y.view().column(j), alpha, &x_new);
                // The normal equations lose the condition of XᵀX + αI, at most 1e2/1e-3 here: 1e5 ·
                // 1e-16, times a safety factor.
                let difference = relative_difference(y_hat, &slow);
                assert!(difference < 1e-9, "{name}, alpha {alpha}: {difference:e}");
            }
        }
    }
}

#[test]
fn coefficients_satisfy_the_optimality_condition() {
    for (name, x) in designs() {
        let y = Dense::noise(22, x.n_rows, 1).values;
        for alpha in [1e-3, 1.0, 1e3] {
            let w = fit(x.view(), &y, alpha).unwrap();
            let rest: Vec<f64> = (0..x.n_rows)
                .map(|i| y[i] - (0..x.n_columns).map(|j| x.at(i, j) * w[j]).sum::<f64>())
                .collect();
            for (j, w) in w.iter().enumerate() {
                // ∂/∂wⱼ: Xⱼᵀ(y − Xw) = α wⱼ. Both sides are below 30 here.
                let slope: f64 = (0..x.n_rows).map(|i| x.at(i, j) * rest[i]).sum();
                assert!(
                    (slope - alpha * w).abs() < 1e-11,
                    "{name}, alpha {alpha}, feature {j}"
                );
            }
        }
    }
}

#[test]
fn coefficients_and_path_agree() {
    for (name, x) in designs() {
        let x_new = Dense::noise(23, 6, x.n_columns);
        let y = Dense::noise(24, x.n_rows, 1).values;
        let w = fit(x.view(), &y, 0.5).unwrap();
        let by_coef: Vec<f64> = (0..6)
            .map(|i| (0..x.n_columns).map(|j| x_new.at(i, j) * w[j]).sum())
            .collect();
        let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
        // Two orders of the same few hundred operations.
        assert!(
            relative_difference(&alone(&design, &y, 0.5), &by_coef) < 1e-12,
            "{name}"
        );
    }
}

#[test]
fn without_a_penalty_ridge_is_least_squares() {
    // By hand: x = (1, 2, 3), y = (2, 2, 5): w = (2 + 4 + 15) / 14 = 1.5.
    let x = Dense::from_fn(3, 1, |i, _| i as f64 + 1.0);
    let w = fit(x.view(), &[2.0, 2.0, 5.0], 0.0).unwrap();
    assert!((w[0] - 1.5).abs() < 1e-15);
    // With α = 7: 21 / (14 + 7) = 1.
    let w = fit(x.view(), &[2.0, 2.0, 5.0], 7.0).unwrap();
    assert!((w[0] - 1.0).abs() < 1e-15);
    // A feature twice shares the coefficient: the solution of least norm.
    let twice = Dense::from_fn(3, 2, |i, _| i as f64 + 1.0);
    let w = fit(twice.view(), &[2.0, 2.0, 5.0], 0.0).unwrap();
    assert!((w[0] - 0.75).abs() < 1e-15 && (w[1] - 0.75).abs() < 1e-15);
}

#[test]
fn a_growing_penalty_shrinks_predictions_to_zero() {
    let (x, x_new, y) = (
        Dense::noise(8, 20, 30),
        Dense::noise(9, 5, 30),
        Dense::noise(10, 20, 1),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let lengths: Vec<f64> = [1.0, 1e4, 1e8, 1e300]
        .iter()
        .map(|&a| norm(&alone(&design, &y.values, a)))
        .collect();
    assert!(lengths.windows(2).all(|pair| pair[1] < pair[0]));
    // λ/(λ+α) ≈ λ/α: at 1e4 times the penalty, 1e-4 of the prediction; terms of order (λ/α)² ≈ 1e-5
    // remain.
    assert!((lengths[2] / lengths[1] * 1e4 - 1.0).abs() < 1e-2);
    assert!(lengths[3] < 1e-290);
}

#[test]
fn a_walk_agrees_with_the_direct_formula() {
    for (n_train, n_new, p) in [(150, 40, 200), (200, 30, 120), (160, 20, 160)] {
        let x = Dense::falling(30, n_train, p);
        let x_new = Dense::falling(31, n_new, p);
        let y = Dense::noise(32, n_train, 35);
        let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
        let alphas = design.grid(30).unwrap();
        assert!(
            design.walk_cost(&alphas) < 30 * design.rank(),
            "the walk must go by way of a basis for this test to mean anything"
        );
        for (predictions, &alpha) in walked(&design, &y, &alphas).iter().zip(&alphas) {
            for (j, y_hat) in predictions.iter().enumerate() {
                let direct = alone(&design, y.view().column(j), alpha);
                let difference = relative_difference(y_hat, &direct);
                assert!(
                    difference < 1e-12,
                    "{n_train} × {p}, alpha {alpha:e}: {difference:e}"
                );
            }
        }
    }
}

#[test]
fn a_walk_agrees_even_for_a_target_in_the_weakest_directions() {
    // y along the last left singular vectors: whatever error the basis makes in the strong
    // directions would show undiluted.
    let (x, x_new) = (Dense::falling(33, 150, 200), Dense::falling(34, 40, 200));
    let to_self = RidgeDesign::prepare(x.view(), x.view()).unwrap();
    let noise = Dense::noise(35, 150, 1).values;
    let weakest = to_self.grid(30).unwrap()[29];
    let y: Vec<f64> = noise
        .iter()
        .zip(alone(&to_self, &noise, weakest))
        .map(|(y, fitted)| y - fitted)
        .collect();
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = design.grid(30).unwrap();
    let block = Dense {
        values: y.repeat(32),
        n_rows: 150,
        n_columns: 32,
    };
    for (predictions, &alpha) in walked(&design, &block, &alphas).iter().zip(&alphas) {
        let direct = alone(&design, &y, alpha);
        assert!(
            relative_difference(&predictions[0], &direct) < 1e-12,
            "alpha {alpha:e}"
        );
    }
}

#[test]
fn penalties_over_many_decades_are_walked_as_exactly() {
    let (x, x_new, y) = (
        Dense::noise(36, 40, 12),
        Dense::noise(37, 9, 12),
        Dense::noise(38, 40, 32),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    for n_alphas in [1, 2, 40] {
        let alphas: Vec<f64> = (0..n_alphas).map(|k| 10.0_f64.powi(20 - k)).collect();
        for (predictions, &alpha) in walked(&design, &y, &alphas).iter().zip(&alphas) {
            let direct = alone(&design, y.view().column(2), alpha);
            assert!(
                relative_difference(&predictions[2], &direct) < 1e-12,
                "alpha {alpha:e}"
            );
        }
    }
}

#[test]
fn each_target_may_have_penalties_and_a_step_of_its_own() {
    let (x, x_new, y) = (
        Dense::noise(40, 15, 25),
        Dense::noise(41, 4, 25),
        Dense::noise(42, 15, 3),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = Dense::from_fn(3, 3, |k, j| 10.0_f64.powi(2 - k as i32) * (j + 1) as f64);
    let mut path = design.begin(y.view(), alphas.view()).unwrap();
    let mut y_hat = vec![f64::NAN; 3 * 4];
    let (columns, steps) = ([2, 0, 1], [0, 2, 1]);
    path.advance(&columns, &steps, &mut y_hat).unwrap();
    for (c, out) in y_hat.chunks(4).enumerate() {
        let (column, step) = (columns[c] as usize, steps[c] as usize);
        let direct = alone(&design, y.view().column(column), alphas.at(step, column));
        // The same products, in blocks of another width.
        assert!(relative_difference(out, &direct) < 1e-14);
    }
}

#[test]
fn a_target_is_predicted_alike_in_any_company() {
    let (x, x_new, y) = (
        Dense::falling(43, 150, 200),
        Dense::falling(44, 33, 200),
        Dense::noise(45, 150, 70),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = design.grid(30).unwrap();
    let together = walked(&design, &y, &alphas);
    for first in [0, 5, 69] {
        let few = Dense {
            values: y.values[first * 150..(first + 1) * 150].to_vec(),
            n_rows: 150,
            n_columns: 1,
        };
        for (apart, together) in walked(&design, &few, &alphas).iter().zip(&together) {
            // Alone it takes a product a step, in the block the basis: 1e-12 is what that may cost.
            assert!(relative_difference(&apart[0], &together[first]) < 1e-12);
        }
    }
}

#[test]
fn the_same_calls_give_the_same_bits() {
    let (x, x_new, y) = (
        Dense::falling(46, 150, 200),
        Dense::falling(47, 21, 200),
        Dense::noise(48, 150, 40),
    );
    let run = || {
        let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
        let alphas = design.grid(30).unwrap();
        (walked(&design, &y, &alphas), walked(&design, &y, &alphas))
    };
    let (first, again) = run();
    assert_eq!(first, again);
    assert_eq!(run().0, first);
}

#[test]
fn a_grid_has_the_degrees_of_freedom_it_promises() {
    for x in [
        Dense::falling(50, 40, 60),
        Dense::falling(51, 90, 20),
        Dense::noise(52, 9, 1),
    ] {
        let design = RidgeDesign::prepare(x.view(), x.view()).unwrap();
        for n_alphas in [2, 7, 30, 100] {
            let alphas = design.grid(n_alphas).unwrap();
            assert!(alphas.windows(2).all(|pair| pair[0] > pair[1]));
            let most = 0.99 * design.rank() as f64;
            for (k, &alpha) in alphas.iter().enumerate() {
                let target = 0.1 * (most / 0.1).powf(k as f64 / (n_alphas - 1) as f64);
                // By direct evaluation: the trace of the hat matrix, from predictions of the
                // training rows for unit targets.
                let trace: f64 = (0..x.n_rows)
                    .map(|i| {
                        let unit: Vec<f64> = (0..x.n_rows).map(|r| f64::from(r == i)).collect();
                        alone(&design, &unit, alpha)[i]
                    })
                    .sum();
                assert!(
                    (trace / target - 1.0).abs() < 1e-10,
                    "{k} of {n_alphas}: {trace} {target}"
                );
                assert!((design.degrees_of_freedom(alpha) / target - 1.0).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn a_grid_of_one_direction_is_known_in_closed_form() {
    // λ = 1 + 4 + 9 = 14 and df = λ/(λ+α), so α = 14·(1 − df)/df: 126 at df 0.1, 14/99 at 0.99.
    let x = Dense::from_fn(3, 1, |i, _| i as f64 + 1.0);
    let alphas = RidgeDesign::prepare(x.view(), x.view())
        .unwrap()
        .grid(2)
        .unwrap();
    assert!(
        (alphas[0] / 126.0 - 1.0).abs() < 1e-14 && (alphas[1] / (14.0 / 99.0) - 1.0).abs() < 1e-13
    );
}

#[test]
fn scaling_x_scales_penalties_and_leaves_predictions() {
    let (x, x_new, y) = (
        Dense::falling(53, 30, 45),
        Dense::falling(54, 8, 45),
        Dense::noise(55, 30, 4),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = design.grid(30).unwrap();
    let predictions = walked(&design, &y, &alphas);
    // A power of two changes no bit; 1e±150 is rounded once per number.
    for (factor, tolerance) in [
        (2.0_f64.powi(500), 0.0),
        (2.0_f64.powi(-500), 0.0),
        (1e150, 1e-11),
        (1e-150, 1e-11),
    ] {
        let (x, x_new) = (x.times(factor), x_new.times(factor));
        let scaled = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
        let grid = scaled.grid(30).unwrap();
        let expected: Vec<f64> = alphas.iter().map(|a| a * factor * factor).collect();
        assert!(
            relative_difference(
                &grid.iter().map(|a| a / factor / factor).collect::<Vec<_>>(),
                &alphas
            ) <= tolerance
        );
        for (got, wanted) in walked(&scaled, &y, &expected)
            .iter()
            .flatten()
            .zip(predictions.iter().flatten())
        {
            assert!(relative_difference(got, wanted) <= tolerance, "{factor:e}");
        }
    }
}

#[test]
fn scaling_y_scales_predictions() {
    let (x, x_new, y) = (
        Dense::falling(56, 30, 45),
        Dense::falling(57, 8, 45),
        Dense::noise(58, 30, 4),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = design.grid(30).unwrap();
    let predictions = walked(&design, &y, &alphas);
    for factor in [1e150, 1e-150, -3.0, 0.0, 1e300] {
        let scaled = walked(&design, &y.times(factor), &alphas);
        for (got, wanted) in scaled.iter().flatten().zip(predictions.iter().flatten()) {
            let wanted: Vec<f64> = wanted.iter().map(|v| v * factor).collect();
            let size = wanted.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            // One rounding per y, then the same sums; compared entry by entry, as a norm would
            // overflow.
            assert!(
                got.iter()
                    .zip(&wanted)
                    .all(|(g, w)| (g - w).abs() <= 1e-12 * size),
                "{factor:e}"
            );
        }
    }
}

#[test]
fn a_design_that_does_not_vary_predicts_nothing() {
    let x = Dense::from_fn(5, 3, |_, _| 0.0);
    let design = RidgeDesign::prepare(x.view(), Dense::noise(60, 2, 3).view()).unwrap();
    assert_eq!(design.rank(), 0);
    assert_eq!(design.grid(3).unwrap(), [3.0, 2.0, 1.0]);
    let predictions = walked(&design, &Dense::noise(61, 5, 2), &[3.0, 2.0, 1.0]);
    assert!(predictions.iter().flatten().flatten().all(|&v| v == 0.0));
    assert_eq!(fit(x.view(), &[1.0; 5], 0.0).unwrap(), [0.0; 3]);
}

#[test]
fn no_new_rows_and_no_targets_are_empty_answers() {
    let x = Dense::noise(62, 6, 3);
    let design = RidgeDesign::prepare(x.view(), Columns::new(&[], 0, 3).unwrap()).unwrap();
    let alphas = design.grid(5).unwrap();
    assert_eq!(walked(&design, &Dense::noise(63, 6, 2), &alphas).len(), 5);
    let none = Columns::new(&[], 6, 0).unwrap();
    let mut path = design
        .begin(none, Columns::new(&[], 5, 0).unwrap())
        .unwrap();
    assert_eq!(path.advance(&[], &[], &mut []), Ok(()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let x = Dense::noise(64, 6, 3);
    let design = RidgeDesign::prepare(x.view(), x.view()).unwrap();
    let (y, alphas) = (Dense::noise(65, 6, 2), shared(&[1.0], 2));
    let refusals = [
        (
            Columns::new(&[0.0; 5], 2, 3).err(),
            "values of a matrix: got 5, expected 6",
        ),
        (
            RidgeDesign::prepare(x.view(), y.view()).err(),
            "features of the new rows: got 2, expected 3",
        ),
        (
            RidgeDesign::prepare(Columns::new(&[], 0, 3).unwrap(), x.view()).err(),
            "the design matrix has no rows or no columns",
        ),
        (
            RidgeDesign::prepare(
                Columns::new(&[f64::NAN], 1, 1).unwrap(),
                Columns::new(&[], 0, 1).unwrap(),
            )
            .err(),
            "the design matrix holds a value that is not finite",
        ),
        (
            design
                .begin(Dense::noise(1, 5, 2).view(), alphas.view())
                .err(),
            "rows of y: got 5, expected 6",
        ),
        (
            design.begin(y.view(), shared(&[1.0], 3).view()).err(),
            "columns of the penalties: got 3, expected 2",
        ),
        (
            design.begin(y.view(), shared(&[-1.0], 2).view()).err(),
            "alpha = -1 is not a penalty (0 or more)",
        ),
        (
            design
                .begin(y.times(f64::INFINITY).view(), alphas.view())
                .err(),
            "y is not finite, or too large to be projected",
        ),
        (
            fit(x.view(), &[1.0; 6], f64::NAN).err(),
            "alpha = NaN is not a penalty (0 or more)",
        ),
        (
            fit(x.view(), &[1.0; 5], 1.0).err(),
            "values of y: got 5, expected 6",
        ),
    ];
    for (refusal, text) in refusals {
        assert_eq!(refusal.map(|e| e.to_string()).as_deref(), Some(text));
    }
    let mut path = design.begin(y.view(), alphas.view()).unwrap();
    let mut advance = |columns: &[u32], steps: &[u32], n: usize| {
        path.advance(columns, steps, &mut vec![0.0; n])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(advance(&[0], &[0, 0], 6), "steps: got 2, expected 1");
    assert_eq!(advance(&[0], &[0], 5), "values of y_hat: got 5, expected 6");
    assert_eq!(advance(&[2], &[0], 6), "column: got 2, expected 2");
    assert_eq!(advance(&[0], &[1], 6), "step: got 1, expected 1");
}

#[test]
fn an_overflowing_prediction_is_an_error() {
    // A new row 1e200 times the size of the training rows, a target of 1e150.
    let (x, x_new) = (
        Dense::from_fn(3, 1, |i, _| i as f64 - 1.0),
        Dense::from_fn(1, 1, |_, _| 1e200),
    );
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let y = [-1e150, 0.0, 1e150];
    let mut path = design
        .begin(
            Columns::new(&y, 3, 1).unwrap(),
            Columns::new(&[1.0, 0.0], 2, 1).unwrap(),
        )
        .unwrap();
    let refused = path.advance(&[0], &[0], &mut [0.0]);
    assert_eq!(
        refused,
        Err(LinearError::Numeric("a prediction is not finite"))
    );
}

/// Σ (y − ŷ)² of the walk over two ranges of the new rows, as `RidgePath::errors` lays it out.
fn walked_errors(
    design: &RidgeDesign,
    y: &Dense,
    y_new: &Dense,
    alphas: &[f64],
    middle: usize,
) -> Vec<f64> {
    let steps = walked(design, y, alphas);
    let n_new = design.n_new();
    (0..y.n_columns)
        .flat_map(|target| steps.iter().map(move |of_step| (target, &of_step[target])))
        .flat_map(|(target, y_hat)| {
            let y = &y_new.values[target * n_new..][..n_new];
            let squares: Vec<f64> = y.iter().zip(y_hat).map(|(y, f)| (y - f).powi(2)).collect();
            [&squares[..middle], &squares[middle..]].map(|range| range.iter().sum::<f64>())
        })
        .collect()
}

#[test]
fn errors_are_those_of_the_walk_to_within_bounds_that_decide() {
    // Wide, tall and square; a spectrum that falls and one that does not; units far from 1.
    for (n_train, n_new, p, unit) in [(60, 20, 80, 1.0), (90, 24, 30, 1e-120), (50, 50, 50, 1e90)] {
        for falls in [true, false] {
            let of = if falls { Dense::falling } else { Dense::noise };
            let (x, x_new) = (of(50, n_train, p), of(51, n_new, p));
            let scaled = |mut y: Dense| {
                y.values.iter_mut().for_each(|v| *v *= unit);
                y
            };
            let y = scaled(Dense::noise(52, n_train, 33));
            let y_new = scaled(Dense::noise(53, n_new, 33));
            let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
            let alphas = design.grid(30).unwrap();
            let path = design.begin(y.view(), shared(&alphas, 33).view()).unwrap();
            let middle = n_new / 3;
            let mut sse = vec![f64::NAN; 33 * 30 * 2];
            let mut bound = sse.clone();
            let ends = [middle, n_new];
            assert!(
                path.errors(y_new.view(), &ends, &mut sse, &mut bound)
                    .unwrap()
            );
            let expected = walked_errors(&design, &y, &y_new, &alphas, middle);
            for ((found, bound), expected) in sse.iter().zip(&bound).zip(&expected) {
                assert!(
                    (found - expected).abs() <= *bound,
                    "{found} {expected} {bound}"
                );
                // A bound that is never reached would decide nothing.
                assert!(*bound <= 0.02 * expected, "{bound} of {expected}");
            }
            // Half of the penalties, the stronger ones, are told apart to five digits.
            for (bounds, errors) in bound.chunks(60).zip(expected.chunks(60)) {
                let mut strong = bounds[..30].iter().zip(errors);
                assert!(strong.all(|(bound, error)| *bound < 1e-5 * error));
            }
        }
    }
}

#[test]
fn errors_of_few_targets_are_exact_and_strange_ranges_are_refused() {
    let (x, x_new) = (Dense::noise(54, 30, 6), Dense::noise(55, 9, 6));
    let design = RidgeDesign::prepare(x.view(), x_new.view()).unwrap();
    let alphas = design.grid(5).unwrap();
    let (y, y_new) = (Dense::noise(56, 30, 3), Dense::noise(57, 9, 3));
    let path = design.begin(y.view(), shared(&alphas, 3).view()).unwrap();
    let mut sse = vec![f64::NAN; 2 * 5 * 3];
    let mut bound = sse.clone();
    assert_eq!(
        path.errors(y_new.view(), &[4, 9], &mut sse, &mut bound),
        Ok(true)
    );
    let expected = walked_errors(&design, &y, &y_new, &alphas, 4);
    for ((found, bound), expected) in sse.iter().zip(&bound).zip(&expected) {
        assert!((found - expected).abs() <= *bound && *bound < 1e-10 * expected);
    }
    for ends in [&[4, 10][..], &[5, 4], &[4]] {
        let asked = path.errors(y_new.view(), ends, &mut sse, &mut bound);
        assert!(matches!(asked, Err(LinearError::Shape { .. })), "{ends:?}");
    }
    // Penalties of a target's own are no walk that all share.
    let mut own = shared(&alphas, 3);
    own.values[0] *= 2.0;
    let path = design.begin(y.view(), own.view()).unwrap();
    assert_eq!(
        path.errors(y_new.view(), &[4, 9], &mut sse, &mut bound),
        Ok(false)
    );
}
