//! The strongest penalty that leaves anything to fit.

use nalgebra::DMatrix;

use crate::scale::mean_and_sd_of_varying;
use crate::score::mean;

/// Degrees of freedom below which a ridge predicts next to nothing; where the grid from the data begins.
const LEAST_DOF: f64 = 0.1;

/// α_max of a lasso or elastic net: max_j |x_jᵀ(y−ȳ)|/(n·l1_ratio), columns of X standardised (ddof 0). From there on every coefficient is 0.
///
/// `x`, `y`: the rows of one target.
#[must_use]
pub fn sparse(x: &DMatrix<f64>, y: &[f64], l1_ratio: f64) -> f64 {
    let n = y.len() as f64;
    let centre = mean(y);
    let largest = x.column_iter().map(|column| {
        let Some((mean, sd)) = mean_and_sd_of_varying(column.as_slice()) else {
            return 0.0;
        };
        let products = column.iter().zip(y);
        let sum: f64 = products.map(|(x, y)| (x - mean) * (y - centre)).sum();
        (sum / sd).abs()
    });
    largest.fold(0.0, f64::max) / (n * l1_ratio)
}

/// A ridge penalty beyond which less than 0.1 degrees of freedom are left: Σ s²/(s²+α) ≤ Σ s²/α = n·p/α, columns of X standardised.
#[must_use]
pub fn ridge(n_samples: usize, n_features: usize) -> f64 {
    n_samples as f64 * n_features as f64 / LEAST_DOF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_max_by_hand() {
        // x = −1, 1, −1, 1 is standardised; y − ȳ = −2, 1, 0, 1: xᵀy = 4, α_max = 4/(4·.5). A constant column says nothing.
        let x = DMatrix::from_row_slice(4, 2, &[-1.0, 7.0, 1.0, 7.0, -1.0, 7.0, 1.0, 7.0]);
        assert!((sparse(&x, &[1.0, 4.0, 3.0, 4.0], 0.5) - 2.0).abs() < 1e-12);
        // Two standardised columns, one the other: s² = 8 and 0. At α = 80: 8/88 < .1.
        assert_eq!(ridge(4, 2), 80.0);
    }
}
