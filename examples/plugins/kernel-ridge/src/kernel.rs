//! The kernel: distances once a design, similarities once a gamma.

use nalgebra::DMatrix;
use ocean_plugin::prelude::*;

/// ‖a_i − b_k‖² of every row of `a` and every row of `b`, n_a × n_b.
///
/// Differences are squared, not ‖a‖² + ‖b‖² − 2aᵀb: that is faster, and leaves 1e-16‖a‖² between
/// equal rows.
///
/// # Errors
/// CANCELLED.
pub fn squared_distances(a: Mat<'_>, b: Mat<'_>, call: &Call<'_>) -> Result<DMatrix<f64>> {
    let (n_a, n_b) = (a.rows(), b.rows());
    let mut distances = vec![0.0; n_a * n_b];
    for (a, b) in a.columns().zip(b.columns()) {
        call.check_cancelled()?;
        for (to_one, b) in distances.chunks_exact_mut(n_a.max(1)).zip(b.iter()) {
            for (distance, a) in to_one.iter_mut().zip(a.iter()) {
                *distance += (a - b) * (a - b);
            }
        }
    }
    Ok(DMatrix::from_vec(n_a, n_b, distances))
}

/// Squared distances of rows of `p` columns become similarities, 1 for equal rows.
pub fn similarities(distances: &mut DMatrix<f64>, gamma: f64, p: usize) {
    let scale = -gamma / p as f64;
    distances.apply(|value| *value = (*value * scale).exp());
}

/// Refuses what is no number.
///
/// # Errors
/// NUMERIC.
pub fn finite(values: &[f64]) -> Result<()> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(Error::numeric("a result is not finite")),
    }
}
