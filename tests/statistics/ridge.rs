//! The ridge regressors that the tests drive the engine with.

use nalgebra::DMatrix;
use ocean_engine::regressor::{Path, Prepared, Regressor, RegressorError};

/// Another regressor on penalties given by hand, as `alphas = […]` does.
pub struct WithAlphas<R> {
    inner: R,
    /// Strongest first.
    alphas: Vec<f64>,
}

impl<R> WithAlphas<R> {
    pub fn new(inner: R, mut alphas: Vec<f64>) -> Self {
        alphas.sort_by(|a, b| b.total_cmp(a));
        Self { inner, alphas }
    }
}

struct PreparedWithAlphas<'a> {
    inner: Box<dyn Prepared + 'a>,
    alphas: &'a [f64],
}

impl<R: Regressor> Regressor for WithAlphas<R> {
    fn n_alphas(&self) -> usize {
        self.alphas.len()
    }

    fn prepare<'a>(
        &'a self,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        Ok(Box::new(PreparedWithAlphas {
            inner: self.inner.prepare(x, x_new)?,
            alphas: &self.alphas,
        }))
    }
}

impl Prepared for PreparedWithAlphas<'_> {
    fn grid(
        &self,
        _variant: usize,
        _y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        for (mut row, &alpha) in alphas.row_iter_mut().zip(self.alphas) {
            row.fill(alpha);
        }
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        self.inner.begin(variant, y, alphas)
    }
}
