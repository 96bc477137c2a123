//! What a target gets depends on nothing but itself, to the last bit.

use super::{options, standardised, target};
use crate::lasso::gram::Gram;
use crate::lasso::{LassoDesign, LassoFit};
use crate::testing::Dense;

struct Case {
    x: Dense,
    x_new: Dense,
    y: Dense,
}

fn case() -> Case {
    let x = standardised(&Dense::falling(50, 60, 90));
    let values = (0..11).flat_map(|t| target(&x, 60 + t)).collect();
    Case {
        x_new: Dense::falling(51, 23, 90),
        y: Dense {
            values,
            n_rows: 60,
            n_columns: 11,
        },
        x,
    }
}

/// Predictions of each target at each of the given steps, asked for in one call a step for all
/// targets of `y`.
fn predictions(
    design: &LassoDesign<'_>,
    y: &Dense,
    steps: &[u32],
    l1_ratio: f64,
) -> Vec<Vec<Vec<f64>>> {
    let n_alphas = 20;
    let mut alphas = vec![0.0; n_alphas * y.n_columns];
    design
        .grid(y.view(), 1e-3, options(l1_ratio), &mut alphas)
        .unwrap();
    let alphas = crate::Columns::new(&alphas, n_alphas, y.n_columns).unwrap();
    let mut path = design.begin(y.view(), alphas, options(l1_ratio)).unwrap();
    let columns: Vec<u32> = (0..y.n_columns as u32).collect();
    let mut all = vec![Vec::new(); y.n_columns];
    for step in steps {
        let mut y_hat = vec![f64::NAN; design.n_new() * y.n_columns];
        let mut fits = vec![LassoFit::EMPTY; y.n_columns];
        path.advance(&columns, &vec![*step; columns.len()], &mut y_hat, &mut fits)
            .unwrap();
        for (all, y_hat) in all.iter_mut().zip(y_hat.chunks(design.n_new())) {
            all.push(y_hat.to_vec());
        }
    }
    all
}

#[test]
fn a_target_gets_the_same_bits_in_any_company() {
    let Case { x, x_new, y } = case();
    let design = LassoDesign::prepare(x.view(), x_new.view()).unwrap();
    let steps: Vec<u32> = (0..20).collect();
    for l1_ratio in [1.0, 0.3] {
        let together = predictions(&design, &y, &steps, l1_ratio);
        for width in [1, 2, 3, 7] {
            for first in (0..11 - width).step_by(width) {
                let part = Dense::from_fn(60, width, |i, j| y.at(i, first + j));
                assert_eq!(
                    predictions(&design, &part, &steps, l1_ratio),
                    together[first..first + width]
                );
            }
        }
    }
}

#[test]
fn steps_may_jump_and_columns_may_pause() {
    let Case { x, x_new, y } = case();
    let design = LassoDesign::prepare(x.view(), x_new.view()).unwrap();
    let all = predictions(&design, &y, &(0..20).collect::<Vec<_>>(), 1.0);
    let some = predictions(&design, &y, &[4, 4, 11, 19], 1.0);
    for (all, some) in all.iter().zip(&some) {
        assert_eq!(some, &[4, 4, 11, 19].map(|k: usize| all[k].clone()));
    }
    let mut alphas = vec![0.0; 20 * 11];
    design
        .grid(y.view(), 1e-3, options(1.0), &mut alphas)
        .unwrap();
    let alphas = crate::Columns::new(&alphas, 20, 11).unwrap();
    let mut path = design.begin(y.view(), alphas, options(1.0)).unwrap();
    let (mut y_hat, mut fits) = (vec![0.0; 2 * 23], [LassoFit::EMPTY; 2]);
    for (columns, steps) in [([3, 8], [2, 0]), ([8, 1], [9, 5]), ([3, 8], [15, 10])] {
        path.advance(&columns, &steps, &mut y_hat, &mut fits)
            .unwrap();
        for c in 0..2 {
            assert_eq!(
                y_hat[c * 23..][..23],
                all[columns[c] as usize][steps[c] as usize]
            );
        }
    }
}

#[test]
fn threads_share_a_design_and_change_no_bit() {
    let Case { x, x_new, y } = case();
    let design = LassoDesign::prepare(x.view(), x_new.view()).unwrap();
    let steps: Vec<u32> = (0..20).collect();
    let alone = predictions(&design, &y, &steps, 0.7);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| predictions(&design, &y, &steps, 0.7)))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn columns_of_g_made_on_demand_serve_as_well() {
    let Case { x, x_new, y } = case();
    let new = |on_demand| {
        let mut design = LassoDesign::prepare(x.view(), x_new.view()).unwrap();
        if on_demand {
            design.gram = Gram::on_demand(x.values.as_slice().into(), 60, 90);
        }
        design
    };
    let steps: Vec<u32> = (0..20).collect();
    for l1_ratio in [1.0, 0.3] {
        let whole = predictions(&new(false), &y, &steps, l1_ratio);
        let on_demand = predictions(&new(true), &y, &steps, l1_ratio);
        for (whole, on_demand) in whole.iter().flatten().zip(on_demand.iter().flatten()) {
            // The same sums over 60 rows in another order, times the condition of a support.
            let same = whole
                .iter()
                .zip(on_demand)
                .all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(same);
        }
    }
}

#[test]
fn a_very_wide_design_is_made_on_demand_by_itself() {
    let x = standardised(&Dense::noise(52, 12, 2049));
    let design = LassoDesign::prepare(x.view(), x.view()).unwrap();
    assert!(matches!(design.gram, Gram::OnDemand { .. }));
    let y = Dense {
        values: target(&x, 53),
        n_rows: 12,
        n_columns: 1,
    };
    let y_hat = predictions(&design, &y, &[0, 19], 1.0);
    // From nothing to nearly all of y.
    let rest: f64 = y_hat[0][1]
        .iter()
        .zip(&y.values)
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    let all: f64 = y.values.iter().map(|y| y * y).sum();
    assert!(y_hat[0][0].iter().all(|v| *v == 0.0) && rest < 0.01 * all);
}
