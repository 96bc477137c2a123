//! The ridge regressors that the tests drive the engine with: the engine's textbook one, the
//! plugin's arithmetic without the plugin, and either on given penalties.

use nalgebra::DMatrix;
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::regressor::{Path, Prepared, Regressor, RegressorError, TrainingSet};
use ocean_tests::ridge::PluginRidge;

/// Both: what holds for one must hold for the other.
pub fn both() -> [(&'static str, Box<dyn Regressor>); 2] {
    [
        ("reference", Box::new(ReferenceRidge::default())),
        ("plugin", Box::new(PluginRidge)),
    ]
}

/// Both, on penalties given by hand.
pub fn both_with(alphas: &[f64]) -> [(&'static str, Box<dyn Regressor>); 2] {
    both().map(|(name, inner)| {
        let regressor: Box<dyn Regressor> = Box::new(WithAlphas::new(inner, alphas.to_vec()));
        (name, regressor)
    })
}

/// Another regressor on penalties given by hand, as `alphas = […]` does.
struct WithAlphas {
    inner: Box<dyn Regressor>,
    /// Strongest first.
    alphas: Vec<f64>,
}

impl WithAlphas {
    fn new(inner: Box<dyn Regressor>, mut alphas: Vec<f64>) -> Self {
        alphas.sort_by(|a, b| b.total_cmp(a));
        Self { inner, alphas }
    }
}

struct PreparedWithAlphas<'a> {
    inner: Box<dyn Prepared + 'a>,
    alphas: &'a [f64],
}

impl Regressor for WithAlphas {
    fn n_alphas(&self) -> usize {
        self.alphas.len()
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        Ok(Box::new(PreparedWithAlphas {
            inner: self.inner.prepare(training)?,
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
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        self.inner.begin(variant, y, y_sq, alphas)
    }
}
