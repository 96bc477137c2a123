//! Penalties with a meaning that carries over from design to design: their effective degrees of
//! freedom.

use crate::LinearError;

/// Degrees of freedom of the strongest penalty.
const FEWEST: f64 = 0.1;
/// Share of the rank that the weakest penalty leaves.
const MOST: f64 = 0.99;

/// Σ λ/(λ+α).
pub(super) fn degrees_of_freedom(lambda: &[f64], alpha: f64) -> f64 {
    lambda.iter().map(|&l| l / (l + alpha)).sum()
}

/// `n_alphas` penalties whose degrees of freedom are log-spaced from 0.1 to 0.99·rank, strongest
/// first.
///
/// A design of rank 0 predicts 0 whatever the penalty; it gets n_alphas, …, 2, 1.
pub(super) fn grid(lambda: &[f64], n_alphas: usize) -> Result<Vec<f64>, LinearError> {
    if lambda.is_empty() {
        return Ok((1..=n_alphas).rev().map(|k| k as f64).collect());
    }
    let most = MOST * lambda.len() as f64;
    let step = (most / FEWEST).ln() / (n_alphas.max(2) - 1) as f64;
    let alphas: Vec<f64> = (0..n_alphas)
        .map(|k| solve(lambda, FEWEST * (step * k as f64).exp()))
        .collect();
    if alphas.windows(2).all(|pair| pair[0] > pair[1]) {
        Ok(alphas)
    } else {
        Err(LinearError::Numeric(
            "the penalties of the grid lie too close together to be told apart",
        ))
    }
}

/// The α with `target` degrees of freedom, 0 < target < rank.
///
/// Newton's method on u = ln α, kept inside a bracket. Were all eigenvalues equal to c, α would be
/// c·(rank − target)/target; so the smallest and the largest eigenvalue bracket it.
fn solve(lambda: &[f64], target: f64) -> f64 {
    let odds = (lambda.len() as f64 - target) / target;
    let mut low = (lambda[lambda.len() - 1] * odds).ln();
    let mut high = (lambda[0] * odds).ln();
    let mut u = 0.5 * (low + high);
    // 200 halvings exhaust any bracket; Newton ends after a handful.
    for _ in 0..200 {
        let alpha = u.exp();
        let (df, slope) = lambda.iter().fold((0.0, 0.0), |(df, slope), &l| {
            let kept = l / (l + alpha);
            (df + kept, slope - kept * (1.0 - kept))
        });
        if df > target {
            low = u;
        } else {
            high = u;
        }
        let newton = u - (df - target) / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - u).abs() <= f64::EPSILON * u.abs().max(1.0) {
            return next.exp();
        }
        u = next;
    }
    u.exp()
}
