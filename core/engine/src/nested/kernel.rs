//! The loops in which scoring spends its time, compiled for whatever instruction set the machine
//! has.
//!
//! Sums run in eight fixed lanes and products are rounded before they are added, so every machine
//! gives the same bits.

use std::sync::LazyLock;

use pulp::Arch;

/// Numbers added side by side.
const LANES: usize = 8;
/// Rows kept in registers while the columns pass by.
const TILE: usize = 64;

static MACHINE: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Σ (yᵢ − shift − Σ_k w_k x_ik)² over the rows of a column-major matrix, for the columns and
/// weights of `terms`.
pub(super) fn squared_error(
    y: &[f64],
    shift: f64,
    x: &[f64],
    terms: impl Iterator<Item = (usize, f64)> + Clone,
) -> f64 {
    let n = y.len();
    let column = |k: usize| &x[k * n..][..n];
    MACHINE.dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (tiles, rest) = y.as_chunks::<TILE>();
            for (i, tile) in tiles.iter().enumerate() {
                let mut left = tile.map(|y| y - shift);
                for (k, w) in terms.clone() {
                    let column = &column(k)[i * TILE..][..TILE];
                    for j in 0..TILE {
                        left[j] -= w * column[j];
                    }
                }
                for (j, v) in left.into_iter().enumerate() {
                    lanes[j % LANES] += v * v;
                }
            }
            let mut left = [0.0; TILE];
            let left = &mut left[..rest.len()];
            left.iter_mut().zip(rest).for_each(|(l, y)| *l = y - shift);
            for (k, w) in terms.clone() {
                let column = &column(k)[n - rest.len()..];
                left.iter_mut().zip(column).for_each(|(l, x)| *l -= w * x);
            }
            for (j, v) in left.iter().enumerate() {
                lanes[j % LANES] += v * v;
            }
            lanes.iter().sum()
        },
    )
}

/// wᵀCw of a symmetric matrix of `n` columns, for the non-zero entries `features`, `weights` of w.
pub(super) fn quadratic_form(c: &[f64], n: usize, features: &[u32], weights: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (at, (&k, &w)) in features.iter().zip(weights).enumerate() {
        let column = &c[k as usize * n..][..n];
        // Every pair once, twice as much.
        let pairs = features[at + 1..].iter().zip(&weights[at + 1..]);
        let others: f64 = pairs.map(|(&l, v)| v * column[l as usize]).sum();
        sum += w * (w * column[k as usize] + 2.0 * others);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use nalgebra::{DMatrix, DVector};

    #[test]
    fn both_ways_to_score_agree_with_the_formula() {
        let mut noise = Seed(3).stream("kernel", 0);
        for n in [1, 7, 64, 100, 129] {
            let x = DMatrix::from_fn(n, 6, |_, _| noise.normal());
            let y = DVector::from_fn(n, |_, _| noise.normal());
            let (features, weights) = ([1_u32, 2, 5], [0.5, -2.0, 1e-3]);
            let mut w = DVector::zeros(6);
            features
                .iter()
                .zip(weights)
                .for_each(|(&k, v)| w[k as usize] = v);
            let slow = (&y - &x * &w).add_scalar(-0.3).norm_squared();
            let terms = features.iter().map(|&k| k as usize).zip(weights);
            let fast = squared_error(y.as_slice(), 0.3, x.as_slice(), terms);
            // A sum of n terms in another order.
            assert!((fast - slow).abs() < 1e-13 * n as f64 * slow.max(1.0));
            let c = x.transpose() * &x;
            let slow = (w.transpose() * &c * &w)[0];
            let fast = quadratic_form(c.as_slice(), 6, &features, &weights);
            assert!((fast - slow).abs() < 1e-13 * n as f64 * slow.max(1.0));
        }
    }
}
