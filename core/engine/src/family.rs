//! The families of linear models that this engine knows: what they minimise, the penalty that
//! empties them, and their grids of penalties (STATISTICS §1.5).
//!
//! A regressor states its family by a word, which is read once ([`Family::named`]); everything that
//! depends on it asks the enum. Row 0 of a grid is the strongest penalty, and each row means the
//! same in every design: a fraction of α_max, or a number of degrees of freedom. The model itself
//! is the regressor's; nothing is fitted here.

use nalgebra::DMatrix;

use crate::scale::mean_and_sd_of_varying;
use crate::score::mean;

/// Effective degrees of freedom where the grid of a ridge begins; with fewer it predicts next to
/// nothing.
const LEAST_DOF: f64 = 0.1;
/// Where that grid ends, as a share of the rank.
const MOST_RANK: f64 = 0.99;
/// Eigenvalues up to this share of the largest one do not count for the rank.
const NEGLIGIBLE: f64 = 1e-10;

/// What a regressor minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Squared error and an ℓ2 penalty.
    Ridge,
    /// Squared error and an ℓ1 penalty.
    Lasso,
    /// Squared error and both.
    ElasticNet,
    /// Anything else, of which nothing is known.
    Other,
}

impl Family {
    /// Of the word in a regressor's description: `ridge`, `lasso`, `elastic-net`, or any other.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word {
            "ridge" => Self::Ridge,
            "lasso" => Self::Lasso,
            "elastic-net" => Self::ElasticNet,
            _ => Self::Other,
        }
    }

    /// Its penalties make coefficients zero.
    #[must_use]
    pub fn is_sparse(self) -> bool {
        matches!(self, Self::Lasso | Self::ElasticNet)
    }

    /// The pinned objective, X scaled and y centred in each training part.
    #[must_use]
    pub fn objective(self) -> Option<&'static str> {
        match self {
            Self::Ridge => Some("‖y − Xw‖² + α‖w‖²"),
            Self::Lasso => Some("‖y − Xw‖²/(2n) + α‖w‖₁"),
            Self::ElasticNet => Some("‖y − Xw‖²/(2n) + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖²"),
            Self::Other => None,
        }
    }

    /// The penalty that leaves nothing, or next to nothing, to fit in these rows of one target; X
    /// and y as they are, `l1_ratio` for sparse families alone.
    ///
    /// A lasso or elastic net: [`alpha_max`] of the standardised columns (ddof 0) and the centred
    /// y. A ridge: a penalty beyond which less than 0.1 degrees of freedom are left, by
    /// Σ s²/(s²+α) ≤ Σ s²/α = n·p/α of standardised columns.
    #[must_use]
    pub fn limit(self, x: &DMatrix<f64>, y: &[f64], l1_ratio: f64) -> Option<f64> {
        match self {
            Self::Ridge => Some(x.nrows() as f64 * x.ncols() as f64 / LEAST_DOF),
            Self::Lasso | Self::ElasticNet => {
                Some(alpha_max(standardised_products(x, y), y.len(), l1_ratio))
            }
            Self::Other => None,
        }
    }
}

/// max_j |x_jᵀy| / (n·l1_ratio), from the products x_jᵀy of the columns of X with y: the penalty
/// from which on every coefficient of a lasso (l1_ratio 1) or elastic net is 0.
#[must_use]
pub fn alpha_max(products: impl IntoIterator<Item = f64>, n_samples: usize, l1_ratio: f64) -> f64 {
    let sizes = products.into_iter().map(f64::abs);
    sizes.fold(0.0, f64::max) / (n_samples as f64 * l1_ratio)
}

/// The products of X's columns, standardised, with the centred y; 0 of a column that is constant.
fn standardised_products<'a>(x: &'a DMatrix<f64>, y: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    let centre = mean(y);
    x.column_iter().map(move |column| {
        let Some((mean, sd)) = mean_and_sd_of_varying(column.as_slice()) else {
            return 0.0;
        };
        let products = column.iter().zip(y);
        let sum: f64 = products.map(|(x, y)| (x - mean) * (y - centre)).sum();
        sum / sd
    })
}

/// `n` values from `first` to `last` in equal factors; both positive.
#[must_use]
pub fn log_spaced(first: f64, last: f64, n: usize) -> Vec<f64> {
    let (from, to) = (first.ln(), last.ln());
    (0..n)
        .map(|k| match k {
            0 => first,
            _ if k + 1 == n => last, // not by exp(ln(last)): the ends are exact
            _ => (from + (to - from) * k as f64 / (n - 1) as f64).exp(),
        })
        .collect()
}

/// `n` values from `first` to `last` in equal steps.
#[must_use]
pub fn evenly_spaced(first: f64, last: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| match k {
            0 => first,
            _ if k + 1 == n => last,
            _ => first + (last - first) * k as f64 / (n - 1) as f64,
        })
        .collect()
}

/// The eigenvalues of XᵀX that count for the rank, from the smaller of the two Gram matrices.
#[must_use]
pub fn eigenvalues(x: &DMatrix<f64>) -> Vec<f64> {
    let gram = if x.nrows() < x.ncols() {
        x * x.transpose()
    } else {
        x.tr_mul(x)
    };
    let all = gram.symmetric_eigenvalues();
    let largest = all.iter().copied().fold(0.0, f64::max);
    all.iter()
        .copied()
        .filter(|value| *value > NEGLIGIBLE * largest)
        .collect()
}

/// The `n` penalties of a ridge whose degrees of freedom Σ s²/(s²+α) are log-spaced from 0.1 to
/// 0.99 × rank; `eigenvalues` are the s².
///
/// A design of rank 0 predicts nothing at any penalty; it gets n, n−1, …, 1.
#[must_use]
pub fn ridge_grid(eigenvalues: &[f64], n: usize) -> Vec<f64> {
    if eigenvalues.is_empty() {
        return (1..=n).rev().map(|k| k as f64).collect();
    }
    let most = MOST_RANK * eigenvalues.len() as f64;
    log_spaced(LEAST_DOF, most, n)
        .into_iter()
        .map(|dof| alpha_for(eigenvalues, dof))
        .collect()
}

/// Solves Σ s²/(s²+α) = dof for α, by bisection in log α between two bounds that hold by
/// Σ s²/(s²+α) ≤ Σ s²/α and Σ α/(s²+α) ≤ α·Σ 1/s².
fn alpha_for(eigenvalues: &[f64], dof: f64) -> f64 {
    let rank = eigenvalues.len() as f64;
    let mut low = ((rank - dof) / eigenvalues.iter().map(|s2| 1.0 / s2).sum::<f64>()).ln();
    let mut high = (eigenvalues.iter().sum::<f64>() / dof).ln();
    // 80 halvings of an interval of at most some hundred: down to neighbouring numbers.
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        let alpha = middle.exp();
        let found: f64 = eigenvalues.iter().map(|s2| s2 / (s2 + alpha)).sum();
        if found > dof {
            low = middle
        } else {
            high = middle
        }
    }
    (0.5 * (low + high)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_word_and_nothing_like_it() {
        let of = ["ridge", "lasso", "elastic-net", "Ridge", "elasticnet", ""].map(Family::named);
        let other = Family::Other;
        let expected = [Family::Ridge, Family::Lasso, Family::ElasticNet];
        assert_eq!(
            of,
            [expected[0], expected[1], expected[2], other, other, other]
        );
        assert_eq!(
            of.map(Family::is_sparse),
            [false, true, true, false, false, false]
        );
    }

    #[test]
    fn what_leaves_nothing_by_hand() {
        // x = −1, 1, −1, 1 is standardised; y − ȳ = −2, 1, 0, 1: xᵀy = 4, α_max = 4/(4·.5). A
        // constant column says nothing.
        let x = DMatrix::from_row_slice(4, 2, &[-1.0, 7.0, 1.0, 7.0, -1.0, 7.0, 1.0, 7.0]);
        let y = [1.0, 4.0, 3.0, 4.0];
        let sparse = Family::ElasticNet.limit(&x, &y, 0.5).unwrap();
        assert!((sparse - 2.0).abs() < 1e-12);
        assert_eq!(Family::Lasso.limit(&x, &y, 0.5), Some(sparse));
        // Two standardised columns, one the other: s² = 8 and 0. At α = 80: 8/88 < .1.
        assert_eq!(Family::Ridge.limit(&x, &y, f64::NAN), Some(80.0));
        assert_eq!(Family::Other.limit(&x, &y, 1.0), None);
    }

    #[test]
    fn alpha_max_by_hand() {
        // Columns (1, −1, 0) and (2, 0, −2), y = (3, 0, −3): xᵀy = 3 and 12; 12/(3·0.5) = 8.
        let x = DMatrix::from_column_slice(3, 2, &[1.0, -1.0, 0.0, 2.0, 0.0, -2.0]);
        let y = DMatrix::from_column_slice(3, 1, &[3.0, 0.0, -3.0]);
        let products = x.tr_mul(&y);
        assert_eq!(alpha_max(products.iter().copied(), 3, 0.5), 8.0);
        // The sign of a product does not matter.
        assert_eq!(alpha_max([-12.0, 3.0], 3, 0.5), 8.0);
    }

    #[test]
    fn ridge_penalties_by_hand() {
        // One eigenvalue s² = 9: dof = 9/(9+α), so α = 9(1−dof)/dof; dof 0.1 → 81, dof 0.99 →
        // 1/11, and in the middle √(0.1·0.99).
        let alphas = ridge_grid(&[9.0], 3);
        let middle = (0.1f64 * 0.99).sqrt();
        let expected = [81.0, 9.0 * (1.0 - middle) / middle, 9.0 / 99.0];
        for (alpha, expected) in alphas.iter().zip(expected) {
            // Bisection ends at neighbouring numbers.
            assert!(
                (alpha / expected - 1.0).abs() < 1e-12,
                "{alpha} is not {expected}"
            );
        }
    }

    #[test]
    fn ridge_penalties_have_their_degrees_of_freedom_on_a_real_shape() {
        // A design with p > n and a spectrum over ten decades, the hardest that the rank rule lets
        // through.
        let x = DMatrix::from_fn(6, 9, |i, j| {
            10f64.powi(-(i as i32)) * ((i * 7 + j * 13) % 11) as f64
        });
        let s2 = eigenvalues(&x);
        let alphas = ridge_grid(&s2, 30);
        assert!(
            alphas.windows(2).all(|pair| pair[0] > pair[1]),
            "not strictly decreasing"
        );
        let expected = log_spaced(0.1, 0.99 * s2.len() as f64, 30);
        for (alpha, expected) in alphas.iter().zip(expected) {
            let dof: f64 = s2.iter().map(|s2| s2 / (s2 + alpha)).sum();
            assert!(
                (dof / expected - 1.0).abs() < 1e-10,
                "{dof} is not {expected}"
            );
        }
    }

    #[test]
    fn a_design_without_rank_still_has_a_decreasing_grid() {
        let s2 = eigenvalues(&DMatrix::zeros(5, 3));
        assert_eq!(ridge_grid(&s2, 3), [3.0, 2.0, 1.0]);
    }

    #[test]
    fn spaced_values_end_exactly_where_they_should() {
        assert_eq!(log_spaced(1.0, 1e-3, 50)[49], 1e-3);
        assert_eq!(log_spaced(4.0, 1.0, 3), [4.0, 2.0, 1.0]);
        assert_eq!(log_spaced(4.0, 1.0, 1), [4.0]);
        assert_eq!(evenly_spaced(3.0, 1.0, 3), [3.0, 2.0, 1.0]);
    }
}
