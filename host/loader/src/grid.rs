//! Penalty grids for plugins that have none of their own (STATISTICS §1.5).
//!
//! Row 0 is the strongest penalty, and each row means the same in every design: a fraction of α_max, or a number of degrees of freedom. A plugin whose
//! family is none of ours gets the range its schema states, or one point.

use nalgebra::{DMatrix, DMatrixView};
use ocean_plugin_abi as abi;
use serde_json::Value;

use super::{Descriptor, Plugin};

/// Where the ridge grid begins, in effective degrees of freedom.
const LEAST_DOF: f64 = 0.1;
/// Where it ends, as a share of the rank.
const MOST_RANK: f64 = 0.99;
/// Eigenvalues up to this share of the largest one do not count for the rank.
const NEGLIGIBLE: f64 = 1e-10;

/// What a regressor's penalty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Penalty {
    /// There is none.
    None,
    /// It has one value unless the study gives more.
    Fixed,
    /// A grid of the plugin's or of another family than ours.
    Other,
    /// A grid of degrees of freedom.
    Ridge,
    /// A grid from the penalty that empties the model down to a share of it, and paths that may end early.
    Sparse,
}

/// How the host makes a grid for one plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Grid {
    /// Log-spaced degrees of freedom of the design.
    Ridge,
    /// Log-spaced fractions of α_max, which depends on the target and on the l1_ratio; the first is the empty model.
    Sparse,
    /// From `max` down to `min`, in equal factors or equal steps.
    Range {
        /// The weakest penalty.
        min: f64,
        /// The strongest.
        max: f64,
        /// Equal factors.
        is_log: bool,
    },
    /// Nothing to tune. NaN when there is not even a default: the plugin has no penalty.
    Point(f64),
}

impl Grid {
    /// By family, else by the schema of the penalty.
    pub fn of(descriptor: &Descriptor) -> Self {
        let Some((_, alpha)) = descriptor.alpha() else {
            return Grid::Point(f64::NAN);
        };
        match descriptor.family.as_str() {
            "ridge" => Grid::Ridge,
            "lasso" | "elastic-net" => Grid::Sparse,
            _ => Self::of_schema(alpha),
        }
    }

    fn of_schema(alpha: &Value) -> Self {
        let is_log = alpha["scale"] == "log";
        match (alpha["min"].as_f64(), alpha["max"].as_f64()) {
            (Some(min), Some(max)) if max > min && (min > 0.0 || !is_log) => {
                Grid::Range { min, max, is_log }
            }
            _ => Grid::Point(alpha["default"].as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The kind of penalty of a plugin, for what a study may say about it.
    pub fn penalty(plugin: &Plugin) -> Penalty {
        let has_path = plugin.offers(abi::id::PATH);
        match Self::of(&plugin.descriptor) {
            Grid::Ridge => Penalty::Ridge,
            Grid::Sparse => Penalty::Sparse,
            Grid::Range { .. } => Penalty::Other,
            Grid::Point(_) if has_path => Penalty::Other,
            Grid::Point(_) if plugin.descriptor.alpha().is_some() => Penalty::Fixed,
            Grid::Point(_) => Penalty::None,
        }
    }

    /// Rows when the study does not say.
    pub fn n_alphas(self) -> usize {
        match self {
            Grid::Ridge | Grid::Range { .. } => 30,
            Grid::Sparse => 50,
            Grid::Point(_) => 1,
        }
    }
}

/// `n` values from `first` to `last` in equal factors; both positive.
pub(super) fn log_spaced(first: f64, last: f64, n: usize) -> Vec<f64> {
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
pub(super) fn evenly_spaced(first: f64, last: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| match k {
            0 => first,
            _ if k + 1 == n => last,
            _ => first + (last - first) * k as f64 / (n - 1) as f64,
        })
        .collect()
}

/// The largest absolute inner product of a column of X with y, over n: the penalty from which on a lasso is empty. Elastic nets divide it by the l1_ratio.
pub(super) fn alpha_max(x: &DMatrix<f64>, y: DMatrixView<'_, f64>, l1_ratio: f64) -> f64 {
    x.tr_mul(&y).amax() / (x.nrows() as f64 * l1_ratio)
}

/// The eigenvalues of XᵀX that count for the rank, from the smaller of the two Gram matrices.
pub(super) fn eigenvalues(x: &DMatrix<f64>) -> Vec<f64> {
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

/// The `n` ridge penalties whose degrees of freedom Σ s²/(s²+α) are log-spaced from 0.1 to 0.99 × rank; `eigenvalues` are the s².
///
/// A design of rank 0 predicts nothing at any penalty; it gets n, n−1, …, 1.
pub(super) fn ridge(eigenvalues: &[f64], n: usize) -> Vec<f64> {
    if eigenvalues.is_empty() {
        return (1..=n).rev().map(|k| k as f64).collect();
    }
    let most = MOST_RANK * eigenvalues.len() as f64;
    log_spaced(LEAST_DOF, most, n)
        .into_iter()
        .map(|dof| alpha_for(eigenvalues, dof))
        .collect()
}

/// Solves Σ s²/(s²+α) = dof for α, by bisection in log α between two bounds that hold by Σ s²/(s²+α) ≤ Σ s²/α and Σ α/(s²+α) ≤ α·Σ 1/s².
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
    use serde_json::json;

    fn descriptor(family: &str, schema: Value) -> Descriptor {
        Descriptor {
            id: "x".into(),
            name: String::new(),
            version: String::new(),
            vendor: String::new(),
            license: String::new(),
            url: String::new(),
            description: String::new(),
            family: family.into(),
            schema,
            kind: super::super::Kind::Regressor,
            flags: 0,
        }
    }

    #[test]
    fn the_family_decides_then_the_schema_then_there_is_one_point() {
        let alpha = |more: Value| {
            let mut schema = json!({"a": {"type": "number", "tunable": "alpha"}});
            schema["a"]
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            schema
        };
        assert_eq!(
            Grid::of(&descriptor("ridge", alpha(json!({})))),
            Grid::Ridge
        );
        assert_eq!(
            Grid::of(&descriptor("elastic-net", alpha(json!({})))),
            Grid::Sparse
        );
        let range = alpha(json!({"min": 0.5, "max": 8, "scale": "log"}));
        assert_eq!(
            Grid::of(&descriptor("svm", range)),
            Grid::Range {
                min: 0.5,
                max: 8.0,
                is_log: true
            }
        );
        // 0 has no place on a logarithmic scale.
        let from_zero = alpha(json!({"min": 0, "max": 8, "scale": "log", "default": 2}));
        assert_eq!(Grid::of(&descriptor("svm", from_zero)), Grid::Point(2.0));
        assert!(
            matches!(Grid::of(&descriptor("ridge", json!({}))), Grid::Point(nothing) if nothing.is_nan())
        );
    }

    #[test]
    fn ridge_penalties_by_hand() {
        // One eigenvalue s² = 9: dof = 9/(9+α), so α = 9(1−dof)/dof; dof 0.1 → 81, dof 0.99 → 1/11, and in the middle √(0.1·0.99).
        let alphas = ridge(&[9.0], 3);
        let middle = (0.1f64 * 0.99).sqrt();
        for (alpha, expected) in
            alphas
                .iter()
                .zip([81.0, 9.0 * (1.0 - middle) / middle, 9.0 / 99.0])
        {
            assert!(
                (alpha / expected - 1.0).abs() < 1e-12,
                "{alpha} is not {expected}"
            ); // bisection ends at neighbouring numbers
        }
    }

    #[test]
    fn ridge_penalties_have_their_degrees_of_freedom_on_a_real_shape() {
        // A design with p > n and a spectrum over ten decades, the hardest that the rank rule lets through.
        let x = DMatrix::from_fn(6, 9, |i, j| {
            10f64.powi(-(i as i32)) * ((i * 7 + j * 13) % 11) as f64
        });
        let s2 = eigenvalues(&x);
        let alphas = ridge(&s2, 30);
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
        assert_eq!(ridge(&s2, 3), [3.0, 2.0, 1.0]);
    }

    #[test]
    fn alpha_max_by_hand() {
        // Columns (1, −1, 0) and (2, 0, −2), y = (3, 0, −3): |xᵀy| = 3 and 12; 12/(3·0.5) = 8.
        let x = DMatrix::from_column_slice(3, 2, &[1.0, -1.0, 0.0, 2.0, 0.0, -2.0]);
        let y = DMatrix::from_column_slice(3, 1, &[3.0, 0.0, -3.0]);
        assert_eq!(alpha_max(&x, y.as_view(), 0.5), 8.0);
    }

    #[test]
    fn spaced_values_end_exactly_where_they_should() {
        assert_eq!(log_spaced(1.0, 1e-3, 50)[49], 1e-3);
        assert_eq!(log_spaced(4.0, 1.0, 3), [4.0, 2.0, 1.0]);
        assert_eq!(log_spaced(4.0, 1.0, 1), [4.0]);
        assert_eq!(evenly_spaced(3.0, 1.0, 3), [3.0, 2.0, 1.0]);
    }
}
