//! A fit is right if it meets the conditions of optimality, whoever made it.

use proptest::prelude::*;

use super::{Walked, designs, options, standardised, target, walk};
use crate::lasso::LassoOptions;
use crate::testing::Dense;

/// What "relative" means for a violation: the fits stop at 100 · tol.
const PROMISED: f64 = 1e-7;

/// The largest violation of the conditions, as a share of αρ, from X and y themselves.
fn violation(x: &Dense, y: &[f64], w: &[f64], alpha: f64, options: LassoOptions) -> f64 {
    let (l1, l2) = (alpha * options.l1_ratio, alpha * (1.0 - options.l1_ratio));
    let rest: Vec<f64> = (0..x.n_rows)
        .map(|i| y[i] - (0..x.n_columns).map(|j| x.at(i, j) * w[j]).sum::<f64>())
        .collect();
    (0..x.n_columns).fold(0.0_f64, |worst, j| {
        let column = x.view().column(j);
        let slope = column.iter().zip(&rest).map(|(x, r)| x * r).sum::<f64>() / x.n_rows as f64;
        let g = slope - l2 * w[j];
        let off = if w[j] != 0.0 {
            (g - l1 * w[j].signum()).abs()
        } else if options.positive {
            g - l1
        } else {
            g.abs() - l1
        };
        worst.max(off / l1)
    })
}

fn check(name: &str, x: &Dense, y: &[f64], walked: &Walked, options: LassoOptions) {
    for (k, (w, fit)) in walked.coef.iter().zip(&walked.fits).enumerate() {
        let off = violation(x, y, w, walked.alphas[k], options);
        assert!(
            off <= PROMISED,
            "{name}, {options:?}, step {k}: {off:e}, {fit:?}"
        );
        assert!(
            fit.is_converged && fit.gap <= options.tol,
            "{name}, {options:?}, step {k}: {fit:?}"
        );
        assert_eq!(
            fit.n_nonzero as usize,
            w.iter().filter(|w| **w != 0.0).count()
        );
        assert!(!options.positive || w.iter().all(|w| *w >= 0.0));
    }
    assert!(
        walked.coef[0].iter().all(|w| *w == 0.0),
        "{name}: the strongest penalty gives the empty model, exactly"
    );
    // αρ is α_max·ρ up to its last bit; the gap is the square of that.
    assert!(walked.fits[0].gap < 1e-30);
}

#[test]
fn every_penalty_of_every_design_meets_the_conditions() {
    for (name, x) in designs() {
        let y = target(&x, 30);
        for l1_ratio in [1.0, 0.9, 0.5, 0.1, 1e-3] {
            for positive in [false, true] {
                let options = LassoOptions {
                    positive,
                    ..options(l1_ratio)
                };
                check(name, &x, &y, &walk(&x, &y, 50, options), options);
            }
        }
    }
}

#[test]
fn a_wide_correlated_design_meets_them_down_to_a_thousandth() {
    // Near-saturated fits: as many features as rows, nearly dependent.
    let x = standardised(&Dense::falling(31, 80, 200));
    let y = Dense::noise(32, 80, 1).values;
    let mean = y.iter().sum::<f64>() / 80.0;
    let y: Vec<f64> = y.iter().map(|y| y - mean).collect();
    let walked = walk(&x, &y, 50, options(1.0));
    assert!(
        walked.fits[49].n_nonzero > 60,
        "it should nearly interpolate"
    );
    check("wide", &x, &y, &walked, options(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn random_designs_meet_the_conditions(
        seed in 0u64..1 << 30, n in 3usize..40, p in 1usize..50, shared in 0.0f64..0.999, twins in any::<bool>(), zero in any::<bool>(),
        l1_ratio in 0.01f64..=1.0, positive in any::<bool>(), n_alphas in 1usize..20,
    ) {
        let (own, common) = (Dense::noise(seed, n, p), Dense::noise(seed + 1, n, 1));
        let x = standardised(&Dense::from_fn(n, p, |i, j| {
            let from = if twins { j / 2 } else { j };
            if zero && j == p / 2 { 1.0 } else { shared * common.at(i, 0) + (1.0 - shared) * own.at(i, from) }
        }));
        let y = target(&x, seed + 2);
        let options = LassoOptions { positive, ..options(l1_ratio) };
        check("random", &x, &y, &walk(&x, &y, n_alphas, options), options);
    }
}
