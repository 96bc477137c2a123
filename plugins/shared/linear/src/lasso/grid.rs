//! Penalties as shares of the one from which on the model is empty.

use super::LassoOptions;
use super::projection::Projection;
use crate::LinearError;

/// Fills `alphas` (n_alphas × n_targets): see [`grid`].
pub(super) fn fill(
    projection: &Projection,
    min_ratio: f64,
    unit: f64,
    options: LassoOptions,
    alphas: &mut [f64],
) -> Result<(), LinearError> {
    let options = options.check()?;
    if !(min_ratio > 0.0 && min_ratio < 1.0) {
        return Err(LinearError::Setting {
            name: "the ratio of the weakest to the strongest penalty",
            got: min_ratio,
            expected: "between 0 and 1",
        });
    }
    let n_targets = projection.n_targets();
    if alphas.is_empty() || n_targets == 0 {
        return Ok(());
    }
    let n_alphas = alphas.len() / n_targets;
    crate::error::expect_count("penalties", alphas.len(), n_alphas * n_targets)?;
    for (t, alphas) in alphas.chunks_exact_mut(n_alphas.max(1)).enumerate() {
        alphas.copy_from_slice(&grid(projection, t, n_alphas, min_ratio, unit, &options)?);
    }
    Ok(())
}

/// `n_alphas` penalties for target `t`, log-spaced from α_max to `min_ratio`·α_max, where α_max =
/// maxⱼ|xⱼᵀy|/(nρ), with positive coefficients maxⱼ xⱼᵀy/(nρ).
///
/// The model is empty at the first of them: nothing exceeds α_max·ρ. When no feature has a
/// (positive) correlation with y, every model is empty; the target gets n_alphas, …, 2, 1. `unit`
/// is that of X.
fn grid(
    projection: &Projection,
    t: usize,
    n_alphas: usize,
    min_ratio: f64,
    unit: f64,
    options: &LassoOptions,
) -> Result<Vec<f64>, LinearError> {
    let strongest = projection.strongest(t, options.positive) / options.l1_ratio;
    if strongest == 0.0 {
        return Ok((1..=n_alphas).rev().map(|k| k as f64).collect());
    }
    let first = strongest * projection.unit[t] * unit;
    let last = n_alphas.max(2) - 1;
    let alphas: Vec<f64> = (0..n_alphas)
        .map(|k| first * (min_ratio.ln() * k as f64 / last as f64).exp())
        .collect();
    if !alphas.iter().all(|a| a.is_normal()) {
        return Err(LinearError::Numeric(
            "the penalties of the grid lie outside the range of f64: scale the columns of X, or y",
        ));
    }
    if alphas.windows(2).all(|pair| pair[0] > pair[1]) {
        Ok(alphas)
    } else {
        Err(LinearError::Numeric(
            "the penalties of the grid lie too close together to be told apart",
        ))
    }
}
