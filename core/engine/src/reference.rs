//! The slow, obvious ridge: what a textbook says, one normal equation per penalty.
//!
//! It is the twin that checks the fast ridge plugin, the regressor of the doctor's alignment check
//! and of the examples; a study uses the plugin.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError, TrainingSet};

/// Ridge regression, ‖y − Xw‖² + α‖w‖², on the grid of effective degrees of freedom.
///
/// The penalties are those whose effective degrees of freedom Σ s²/(s²+α) are log-spaced from 0.1
/// to 0.99·rank of the design, strongest first (rank: eigenvalues of the Gram matrix above 1e-10 of
/// the largest).
#[derive(Debug, Clone, Copy)]
pub struct ReferenceRidge {
    /// Penalties in the grid.
    pub n_alphas: usize,
}

impl Default for ReferenceRidge {
    fn default() -> Self {
        Self { n_alphas: 30 }
    }
}

struct Eigenridge<'a> {
    x: &'a DMatrix<f64>,
    /// x_new · xᵀ, n_new × n_train.
    cross: DMatrix<f64>,
    /// Eigenvectors of x·xᵀ, n_train × n_train.
    vectors: DMatrix<f64>,
    values: DVector<f64>,
}

struct EigenridgePath<'p> {
    ridge: &'p Eigenridge<'p>,
    projected: DMatrix<f64>,
    alphas: DMatrix<f64>,
}

impl Regressor for ReferenceRidge {
    fn n_alphas(&self) -> usize {
        self.n_alphas
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let (x, x_new) = training.rows()?;
        let eigen = SymmetricEigen::new(x * x.transpose());
        Ok(Box::new(Eigenridge {
            x,
            cross: x_new * x.transpose(),
            vectors: eigen.eigenvectors,
            values: eigen.eigenvalues.map(|value| value.max(0.0)),
        }))
    }
}

impl Prepared for Eigenridge<'_> {
    fn grid(
        &self,
        _variant: usize,
        _y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let largest = self.values.max();
        let kept: Vec<f64> = self
            .values
            .iter()
            .copied()
            .filter(|&value| value > 1e-10 * largest)
            .collect();
        if kept.is_empty() {
            return Err(RegressorError {
                status: 3,
                message: format!(
                    "every column of the design is constant ({} × {})",
                    self.x.nrows(),
                    self.x.ncols()
                ),
            });
        }
        let last = (alphas.nrows() - 1).max(1) as f64;
        let (first_df, last_df) = (0.1f64, 0.99 * kept.len() as f64);
        for step in 0..alphas.nrows() {
            let df = first_df * (last_df / first_df).powf(step as f64 / last);
            alphas.row_mut(step).fill(alpha_of_df(&kept, df));
        }
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        _variant: usize,
        y: &DMatrix<f64>,
        _: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        Ok(Box::new(EigenridgePath {
            ridge: self,
            projected: self.vectors.transpose() * y,
            alphas: alphas.clone(),
        }))
    }
}

/// Solves Σ s²/(s²+α) = df for α, by bisection on log α.
fn alpha_of_df(values: &[f64], df: f64) -> f64 {
    let df_of = |alpha: f64| {
        values
            .iter()
            .map(|value| value / (value + alpha))
            .sum::<f64>()
    };
    let total: f64 = values.iter().sum();
    // df(α) ≤ Σs²/α bounds α from above; at the smallest eigenvalue's 1e-16th, df is the rank.
    let smallest = values
        .iter()
        .fold(f64::INFINITY, |least, &value| least.min(value));
    let (mut low, mut high) = ((smallest * 1e-16).ln(), (total / df).ln());
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if df_of(middle.exp()) > df {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).exp()
}

impl Path for EigenridgePath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let n_new = self.ridge.cross.nrows();
        for (slot, (&column, &step)) in columns.iter().zip(steps).enumerate() {
            let alpha = self.alphas[(step as usize, column as usize)];
            let shrunk = self
                .projected
                .column(column as usize)
                .zip_map(&self.ridge.values, |projected, value| {
                    projected / (value + alpha)
                });
            let dual = &self.ridge.vectors * shrunk;
            let predicted = &self.ridge.cross * dual;
            y_hat[slot * n_new..(slot + 1) * n_new].copy_from_slice(predicted.as_slice());
            info[slot] = FitInfo {
                gap: f64::NAN,
                n_nonzero: Some(self.ridge.x.ncols() as u32),
                is_unconverged: false,
            };
        }
        Ok(())
    }
}
