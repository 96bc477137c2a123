//! Targets with a known effect: a signal of the embedding planted into permuted targets.
//!
//! y* = ρu + √(1−ρ²)e. The whole recipe is run on them as more columns of Y. How often they are
//! found says what the study would have found ([`super::sensitivity`]); how their r2 spread says
//! which true R² an observed r2 may come from ([`super::response`]).

use faer::{MatRef, Side};
use nalgebra::DMatrix;

use crate::covariates::Partial;
use crate::error::EngineError;
use crate::evaluate::PermutedTargets;
use crate::scale::mean_and_sd_of_varying;
use crate::seed::Seed;

/// Planted shares of variance, ρ².
pub const PLANTED: [f64; 14] = [
    0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99,
];

/// Draws use permutations from this index on, which no study counts up to.
const FIRST_INDEX: u64 = 1 << 62;
/// Share of a component in the variance of a signal: its eigenvalue to this power.
const SHARE_POWER: f64 = 1.5;

/// What is planted into what: u and e of every draw, columns of mean 0 and sd 1.
///
/// Draw s: target s mod targets; e = that target under a permutation of its own, by the study's
/// exchange: groups stay together where they do in the test. u = Σ_k ±λ_k^¾ v_k, λ_k, v_k the
/// eigenvalues and eigenvectors of X̃X̃ᵀ, X̃ the standardised embedding on the rows of the row set,
/// and the signs drawn: a component has the share λ_k^1.5 of the signal, between λ_k, which all
/// columns alike would give it, and λ_k², which the leading directions would. That all draws have
/// the same shares matters: with weights drawn from a normal distribution some signals are easier
/// than others, and their r2 spread by up to 1.6 times what those of one signal do.
///
/// With covariates X̃ and e are what these leave of the embedding and of the target, so that a
/// planted share is a share of the variance they leave.
#[derive(Debug, Clone)]
pub struct Planted {
    u: DMatrix<f64>,
    e: DMatrix<f64>,
}

impl Planted {
    /// `x`: the whole embedding; `weights`: of its columns, as a
    /// [`Layout`](crate::design::Layout) has them.
    ///
    /// # Errors
    /// [`EngineError::NoComponents`].
    pub fn draw(
        (x, weights): (&DMatrix<f64>, Option<&[f64]>),
        permuted: &PermutedTargets,
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self, EngineError> {
        let rows = &permuted.row_set.rows;
        let n_targets = permuted.row_set.targets.len();
        let mut scaled = scaled(x, permuted);
        for (mut column, weight) in scaled.column_iter_mut().zip(weights.into_iter().flatten()) {
            column *= *weight;
        }
        let mut u = signals(scaled, n_draws, seed)?;
        let mut e = DMatrix::zeros(rows.len(), n_draws);
        // The targets of a row set lack the same rows.
        let observed = permuted.targets.observed(permuted.row_set.targets[0]);
        let moves = permuted.scheme.of_target(&observed);
        for (draw, mut column) in e.column_iter_mut().enumerate() {
            let target = permuted.row_set.targets[draw % n_targets];
            let exchanged = permuted.targets.exchanged().column(target);
            let b = FIRST_INDEX + draw as u64;
            let from = moves.sources(b, rows);
            column
                .iter_mut()
                .zip(&from)
                .for_each(|(slot, &row)| *slot = exchanged[row]);
        }
        standardise(&mut u);
        standardise(&mut e);
        Ok(Self { u, e })
    }

    /// y* with ρ² = `share` of the first `n_draws` draws: n_samples of the row set × draws.
    #[must_use]
    pub fn columns(&self, share: f64, n_draws: usize) -> DMatrix<f64> {
        self.u.columns(0, n_draws) * share.sqrt()
            + self.e.columns(0, n_draws) * (1.0 - share).sqrt()
    }
}

/// X̃, n_samples of the row set × n_features.
fn scaled(x: &DMatrix<f64>, permuted: &PermutedTargets) -> DMatrix<f64> {
    let mut x = x.select_rows(&permuted.row_set.rows);
    if let Some(z) = permuted.targets.covariates() {
        let z = z.select_rows(&permuted.row_set.rows);
        let all: Vec<usize> = (0..z.nrows()).collect();
        let partial = Partial::of(&z, &all, &[]);
        for mut column in x.column_iter_mut() {
            let mut values: Vec<f64> = column.iter().copied().collect();
            partial.take_out(&mut values, &mut []);
            column.copy_from_slice(&values);
        }
    }
    standardise(&mut x);
    x
}

/// u of every draw, in whatever unit, n_samples × draws.
fn signals(x: DMatrix<f64>, n_draws: usize, seed: Seed) -> Result<DMatrix<f64>, EngineError> {
    let is_wide = x.ncols() > x.nrows();
    let gram = match is_wide {
        true => &x * x.transpose(),
        false => x.tr_mul(&x),
    };
    let size = gram.nrows();
    let eigen = MatRef::from_column_major_slice(gram.as_slice(), size, size)
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| EngineError::NoComponents)?;
    // In rows of X̃X̃ᵀ a component is its eigenvector; in columns of X̃ the eigenvector of X̃ᵀX̃
    // makes √λ times it.
    let power = match is_wide {
        true => SHARE_POWER / 2.0,
        false => (SHARE_POWER - 1.0) / 2.0,
    };
    let weight: Vec<f64> = (0..size)
        .map(|k| eigen.S()[k].max(0.0).powf(power))
        .collect();
    let vectors = DMatrix::from_fn(size, size, |row, k| eigen.U()[(row, k)]);
    let mut weights = DMatrix::zeros(size, n_draws);
    for (draw, mut column) in weights.column_iter_mut().enumerate() {
        let mut stream = seed.stream("sensitivity", draw as u64);
        for (slot, weight) in column.iter_mut().zip(&weight) {
            let sign = if stream.uniform() < 0.5 { -1.0 } else { 1.0 };
            *slot = sign * weight;
        }
    }
    let combined = vectors * weights;
    Ok(match is_wide {
        true => combined,
        false => x * combined,
    })
}

/// Every column to mean 0 and sd 1 (ddof 0); what is constant becomes 0.
fn standardise(columns: &mut DMatrix<f64>) {
    for mut column in columns.column_iter_mut() {
        match mean_and_sd_of_varying(column.as_slice()) {
            Some((centre, sd)) => column.apply(|value| *value = (*value - centre) / sd),
            None => column.fill(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows × columns of independent normal numbers, a constant column last.
    fn embedding(n_rows: usize, n_columns: usize) -> DMatrix<f64> {
        let mut stream = Seed(3).stream("planted", 0);
        DMatrix::from_fn(n_rows, n_columns, |_, column| match column + 1 {
            last if last == n_columns => 7.0,
            _ => stream.normal() / (1.0 + column as f64),
        })
    }

    #[test]
    fn columns_are_standardised() {
        let mut x = DMatrix::from_column_slice(2, 2, &[1.0, 3.0, 5.0, 5.0]);
        standardise(&mut x);
        assert_eq!(x.as_slice(), [-1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn every_signal_has_the_same_shares_of_the_components() {
        // Of the same rows in both directions: wide (rows' Gram matrix) and tall (columns').
        for (n_rows, n_columns) in [(12, 30), (30, 12)] {
            let mut x = embedding(n_rows, n_columns);
            standardise(&mut x);
            let svd = x.clone().svd(true, false);
            let (vectors, values) = (svd.u.unwrap(), svd.singular_values);
            let mut u = signals(x, 5, Seed(9)).unwrap();
            standardise(&mut u);
            let expected: Vec<f64> = values.iter().map(|value| value.powi(3)).collect();
            let total: f64 = expected.iter().sum();
            for column in u.column_iter() {
                for (k, expected) in expected.iter().enumerate() {
                    let share = vectors.column(k).dot(&column).powi(2) / n_rows as f64;
                    assert!((share - expected / total).abs() < 1e-9, "{k}: {share}");
                }
            }
        }
    }
}
