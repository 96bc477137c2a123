//! Slow and obvious: coordinate descent on residuals, every coordinate every time; and the best of
//! all supports and signs.

use super::{designs, options, standardised, target, walk};
use crate::testing::{Dense, norm};

/// Cyclic coordinate descent on the residual y − Xw from w = 0, until no coefficient moves by more
/// than 1e-13 of the largest; `None` when that takes forever, as it does when there are about as
/// many correlated features in the model as rows.
fn descend(x: &Dense, y: &[f64], alpha: f64, l1_ratio: f64, positive: bool) -> Option<Vec<f64>> {
    let n = x.n_rows as f64;
    let (mut w, mut rest) = (vec![0.0_f64; x.n_columns], y.to_vec());
    for _ in 0..20_000 {
        let mut largest_move = 0.0_f64;
        for (j, w) in w.iter_mut().enumerate() {
            let column = x.view().column(j);
            let square = column.iter().map(|v| v * v).sum::<f64>() / n;
            if square == 0.0 {
                continue;
            }
            let z = column.iter().zip(&rest).map(|(x, r)| x * r).sum::<f64>() / n + square * *w;
            let mut size = (z.abs() - alpha * l1_ratio).max(0.0);
            if positive && z < 0.0 {
                size = 0.0;
            }
            let new = z.signum() * size / (square + alpha * (1.0 - l1_ratio));
            rest.iter_mut()
                .zip(column)
                .for_each(|(r, x)| *r -= (new - *w) * x);
            largest_move = largest_move.max((new - *w).abs());
            *w = new;
        }
        if largest_move <= 1e-13 * w.iter().fold(0.0, |m: f64, w| m.max(w.abs())) {
            return Some(w);
        }
    }
    None
}

#[test]
fn a_walk_finds_what_descent_from_scratch_finds() {
    let (mut n_compared, mut n_all) = (0, 0);
    for (name, x) in designs() {
        let y = target(&x, 7);
        for (l1_ratio, positive) in [
            (1.0, false),
            (0.5, false),
            (0.1, false),
            (1.0, true),
            (0.5, true),
        ] {
            let options = super::LassoOptions {
                positive,
                ..options(l1_ratio)
            };
            let walked = walk(&x, &y, 12, options);
            for (k, alpha) in walked.alphas.iter().enumerate() {
                n_all += 1;
                let Some(slow) = descend(&x, &y, *alpha, l1_ratio, positive) else {
                    continue;
                };
                n_compared += 1;
                let fitted = |w: &[f64]| -> Vec<f64> {
                    (0..x.n_rows)
                        .map(|i| (0..x.n_columns).map(|j| x.at(i, j) * w[j]).sum())
                        .collect()
                };
                // Predictions are unique where coefficients are not. Stopped at moves of 1e-13,
                // descent is off by that over one minus its rate: 1e-4 at worst here.
                let apart: Vec<f64> = fitted(&walked.coef[k])
                    .iter()
                    .zip(fitted(&slow))
                    .map(|(a, b)| a - b)
                    .collect();
                let difference = norm(&apart) / norm(&y);
                assert!(
                    difference < 1e-8,
                    "{name}, l1_ratio {l1_ratio}, positive {positive}, step {k}: {difference:e}"
                );
            }
        }
    }
    assert!(n_compared * 10 > n_all * 9, "{n_compared} of {n_all}");
}

/// The optimum by trying every support with every sign: on each the conditions are linear
/// equations.
fn best_of_all(x: &Dense, y: &[f64], alpha: f64, l1_ratio: f64) -> Vec<f64> {
    let (n, p) = (x.n_rows as f64, x.n_columns);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
    let (l1, l2) = (alpha * l1_ratio, alpha * (1.0 - l1_ratio));
    let (mut best, mut least) = (vec![], f64::INFINITY);
    for code in 0..3_usize.pow(p as u32) {
        let signs: Vec<f64> = (0..p)
            .map(|j| (code / 3_usize.pow(j as u32) % 3) as f64 - 1.0)
            .collect();
        let support: Vec<usize> = (0..p).filter(|&j| signs[j] != 0.0).collect();
        let k = support.len();
        let mut system = Dense::from_fn(k, k + 1, |a, b| {
            let column = x.view().column(support[a]);
            if b == k {
                product(column, y) - l1 * signs[support[a]]
            } else {
                product(column, x.view().column(support[b])) + if a == b { l2 } else { 0.0 }
            }
        });
        let solution = eliminate(&mut system);
        let mut w = vec![0.0; p];
        support.iter().zip(solution).for_each(|(&j, v)| w[j] = v);
        if w.iter().zip(&signs).any(|(w, s)| w * s < 0.0) {
            continue;
        }
        let rest: Vec<f64> = (0..x.n_rows)
            .map(|i| y[i] - (0..p).map(|j| x.at(i, j) * w[j]).sum::<f64>())
            .collect();
        let penalty = w
            .iter()
            .map(|w| l1 * w.abs() + 0.5 * l2 * w * w)
            .sum::<f64>();
        let objective = 0.5 * product(&rest, &rest) + penalty;
        if objective < least {
            (best, least) = (w, objective);
        }
    }
    best
}

/// Gauss–Jordan without pivoting: the systems are positive definite.
fn eliminate(system: &mut Dense) -> Vec<f64> {
    let k = system.n_rows;
    let at = |i: usize, j: usize| j * k + i;
    for a in 0..k {
        for b in (0..k).filter(|&b| b != a) {
            let factor = system.values[at(b, a)] / system.values[at(a, a)];
            for j in a..=k {
                system.values[at(b, j)] -= factor * system.values[at(a, j)];
            }
        }
    }
    (0..k).map(|a| system.at(a, k) / system.at(a, a)).collect()
}

#[test]
fn no_support_and_no_signs_are_better() {
    for (seed, n, p) in [(10, 12, 5), (11, 6, 5), (12, 30, 4), (13, 5, 3)] {
        let x = standardised(&Dense::noise(seed, n, p));
        let y = target(&x, seed + 20);
        for l1_ratio in [1.0, 0.6, 0.05] {
            let walked = walk(&x, &y, 9, options(l1_ratio));
            for (coef, alpha) in walked.coef.iter().zip(&walked.alphas) {
                let best = best_of_all(&x, &y, *alpha, l1_ratio);
                // Elimination without pivoting among at most five standardised features.
                assert!(
                    coef.iter().zip(&best).all(|(w, b)| (w - b).abs() < 1e-9),
                    "{coef:?} {best:?}"
                );
            }
        }
    }
}

#[test]
fn one_feature_is_soft_thresholding() {
    // By hand: x = (−1, 0, 1), y = (−3, 0, 3): G = 2/3, c = 2. At α = 1/2: w = (2 − ½)/(2/3) =
    // 2.25; half of α on ℓ2: (2 − ¼)/(2/3 + ¼) = 21/11.
    let x = Dense::from_fn(3, 1, |i, _| i as f64 - 1.0);
    let fit =
        |l1_ratio| super::super::fit(x.view(), &[-3.0, 0.0, 3.0], 0.5, options(l1_ratio)).unwrap();
    assert!((fit(1.0).0[0] - 2.25).abs() < 1e-14);
    assert!((fit(0.5).0[0] - 21.0 / 11.0).abs() < 1e-14);
    assert_eq!(fit(1.0).1.n_nonzero, 1);
}
