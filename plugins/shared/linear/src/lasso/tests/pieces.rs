//! The parts on their own: kernels, factor, gap.

use crate::kernel::{add_columns, cross_products, dot, largest};
use crate::lasso::factor::Factor;
use crate::lasso::gap::{Fitted, relative_gap};
use crate::lasso::options;
use crate::lasso::options::Penalty;
use crate::testing::Dense;

#[test]
fn kernels_give_what_plain_loops_give() {
    for n in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
        let (a, b) = (Dense::noise(70, n, 7), Dense::noise(71, n, 5));
        let mut out = vec![f64::NAN; 35];
        cross_products(n, &a.values, &b.values, &mut out);
        for i in 0..7 {
            for j in 0..5 {
                let (a, b) = (a.view().column(i), b.view().column(j));
                let plain: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                // At most 200 products below 1.
                assert!((out[j * 7 + i] - plain).abs() < 1e-13);
                assert_eq!(
                    out[j * 7 + i],
                    dot(a, b),
                    "one product alone is the same bits"
                );
            }
        }
        let weights = [0.3, -1.7, 2.5];
        let mut sum = b.view().column(0).to_vec();
        add_columns(&mut sum, [6, 0, 3].into_iter().zip(weights), |j| {
            a.view().column(j as usize)
        });
        for (i, sum) in sum.iter().enumerate() {
            let mut plain = b.at(i, 0);
            [6, 0, 3]
                .iter()
                .zip(weights)
                .for_each(|(&j, w)| plain = a.at(i, j).mul_add(w, plain));
            assert_eq!(*sum, plain);
        }
        let values = b.view().column(1);
        assert_eq!(
            largest(values, false),
            values.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
        );
        assert_eq!(
            largest(values, true),
            values.iter().fold(0.0, |m: f64, v| m.max(*v))
        );
    }
}

/// XᵀX + `l2`·I of random numbers.
fn moments(seed: u64, n: usize, p: usize, l2: f64) -> Vec<Vec<f64>> {
    let x = Dense::noise(seed, n, p);
    let element = |j: usize, k: usize| {
        dot(x.view().column(j), x.view().column(k)) + if j == k { l2 } else { 0.0 }
    };
    (0..p)
        .map(|j| (0..p).map(|k| element(j, k)).collect())
        .collect()
}

fn take(factor: &mut Factor, features: &[u32], h: &[Vec<f64>]) -> usize {
    let row = |j: u32| h[j as usize].as_slice();
    factor.extend(features, row, |j| j as usize, &mut Vec::new())
}

#[test]
fn a_factor_survives_joining_and_leaving_in_any_order() {
    let h = moments(72, 40, 25, 0.5);
    let mut factor = Factor::default();
    let mut state = 1_u32;
    for _ in 0..400 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let j = (state >> 16) % 25;
        match factor.order.iter().position(|&k| k == j) {
            Some(at) => factor.remove(at),
            None => assert_eq!(take(&mut factor, &[j], &h), 1),
        }
        let truth: Vec<f64> = (0..factor.order.len()).map(|i| (i as f64).cos()).collect();
        let mut b: Vec<f64> = factor
            .order
            .iter()
            .map(|&j| {
                factor
                    .order
                    .iter()
                    .zip(&truth)
                    .map(|(&k, t)| h[j as usize][k as usize] * t)
                    .sum()
            })
            .collect();
        factor.solve(&mut b);
        // The condition of H is below 1e3 (½ is added to it); hundreds of rotations.
        assert!(b.iter().zip(&truth).all(|(b, t)| (b - t).abs() < 1e-10));
    }
}

#[test]
fn features_that_join_together_make_the_factor_of_features_that_join_alone() {
    let h = moments(75, 60, 37, 0.0);
    let all: Vec<u32> = (0..37).collect();
    let (mut together, mut alone) = (Factor::default(), Factor::default());
    assert_eq!(take(&mut together, &all, &h), 37);
    all.iter()
        .for_each(|&j| assert_eq!(take(&mut alone, &[j], &h), 1));
    let b: Vec<f64> = (0..37).map(|i| f64::from(i).sin()).collect();
    let (mut x_together, mut x_alone) = (b.clone(), b.clone());
    together.solve(&mut x_together);
    alone.solve(&mut x_alone);
    // Sums of at most 37 terms in another order; the condition of H is below 1e3.
    assert!(
        x_together
            .iter()
            .zip(&x_alone)
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
    let back: Vec<f64> = all
        .iter()
        .map(|&j| {
            all.iter()
                .map(|&k| h[j as usize][k as usize] * x_together[k as usize])
                .sum()
        })
        .collect();
    assert!(back.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn a_dependent_feature_is_not_taken() {
    let mut factor = Factor::default();
    let h = [[2.0, 2.0, 1.0], [2.0, 2.0, 1.0], [1.0, 1.0, 2.0]].map(Vec::from);
    assert_eq!(take(&mut factor, &[0, 1, 2], &h), 1);
    assert_eq!(take(&mut factor, &[2], &h), 1);
    assert_eq!(factor.order, [0, 2]);
}

/// Primal minus dual objective, from X and y, as the definition has it.
fn plain_gap(x: &Dense, y: &[f64], w: &[f64], l1: f64, l2: f64) -> f64 {
    let n = x.n_rows as f64;
    let square = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    let rest: Vec<f64> = (0..x.n_rows)
        .map(|i| y[i] - (0..x.n_columns).map(|j| x.at(i, j) * w[j]).sum::<f64>())
        .collect();
    let primal = 0.5 * square(&rest) / n
        + l1 * w.iter().map(|w| w.abs()).sum::<f64>()
        + 0.5 * l2 * square(w);
    let g: Vec<f64> = (0..x.n_columns)
        .map(|j| dot(x.view().column(j), &rest) / n - l2 * w[j])
        .collect();
    let kappa = (l1 / g.iter().fold(0.0, |m: f64, g| m.max(g.abs()))).min(1.0);
    // The dual variable is the residual of y and of the zeros below it: (y − Xw, −√(n·l2)·w), times κ.
    let dual_sq = kappa * kappa * (square(&rest) / n + l2 * square(w));
    let dual = kappa * dot(y, &rest) / n - 0.5 * dual_sq;
    primal - dual
}

#[test]
fn the_gap_is_primal_minus_dual() {
    let x = Dense::noise(73, 30, 6);
    let y = super::target(&x, 74);
    let coef = [0.4, -0.2, 1e-3];
    let support = [0_u32, 3, 5];
    for (l1, l2) in [(0.3, 0.0), (0.05, 0.0), (0.1, 0.2), (2.0, 1.0)] {
        let mut w = vec![0.0; 6];
        support
            .iter()
            .zip(coef)
            .for_each(|(&j, v)| w[j as usize] = v);
        let n = 30.0;
        let xty: Vec<f64> = (0..6).map(|j| dot(x.view().column(j), &y) / n).collect();
        let gradient: Vec<f64> = (0..6)
            .map(|j| {
                let gw: f64 = (0..6)
                    .map(|k| dot(x.view().column(j), x.view().column(k)) / n * w[k])
                    .sum();
                xty[j] - gw - l2 * w[j]
            })
            .collect();
        let y_sq = dot(&y, &y) / n;
        let fit = Fitted {
            xty: &xty,
            gradient: &gradient,
            y_sq,
            support: &support,
            coef: &coef,
        };
        let penalty = Penalty::new(l1, l2, 1.0, &options::LassoOptions::default());
        let expected = plain_gap(&x, &y, &w, l1, l2) / (0.5 * y_sq);
        let got = relative_gap(&fit, &penalty);
        assert!((got - expected).abs() < 1e-13, "{got} {expected}");
        assert!(got > 1e-3);
    }
}
