//! `ocean-linear`'s ridge behind the engine's traits: the arithmetic of the bundled plugin without
//! the way through the ABI.

use nalgebra::DMatrix;
use ocean_engine::regressor::{
    Errors, FitInfo, Path, Prepared, Regressor, RegressorError, TrainingSet,
};
use ocean_linear::{Columns, LinearError, RidgeDesign, RidgePath};

/// What the bundled plugin `ridge` computes.
#[derive(Debug)]
pub struct PluginRidge;

/// A path, and its number of penalties.
struct PluginPath(RidgePath, usize);

/// The plugin's design behind the engine's trait.
struct PluginDesign(RidgeDesign);

impl Regressor for PluginRidge {
    fn n_alphas(&self) -> usize {
        30
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        let (x, x_new) = training.rows()?;
        let design = RidgeDesign::prepare(columns(x)?, columns(x_new)?).map_err(refused)?;
        Ok(Box::new(PluginDesign(design)))
    }
}

impl Prepared for PluginDesign {
    fn grid(
        &self,
        _variant: usize,
        _y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let grid = self.0.grid(alphas.nrows()).map_err(refused)?;
        for (mut row, alpha) in alphas.row_iter_mut().zip(grid) {
            row.fill(alpha);
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
        let path = self
            .0
            .begin(columns(y)?, columns(alphas)?)
            .map_err(refused)?;
        Ok(Box::new(PluginPath(path, alphas.nrows())))
    }
}

impl Path for PluginPath {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        info.fill(FitInfo::default());
        self.0.advance(columns, steps, y_hat).map_err(refused)
    }

    fn errors(
        &mut self,
        y_new: &DMatrix<f64>,
        ends: &[usize],
    ) -> Result<Option<Errors>, RegressorError> {
        let mut found = Errors::unknown(self.1 * ends.len(), y_new.ncols());
        let (sse, bound) = (found.sse.as_mut_slice(), found.bound.as_mut_slice());
        let is_quicker = self.0.errors(columns(y_new)?, ends, sse, bound);
        Ok(is_quicker.map_err(refused)?.then_some(found))
    }
}

pub(crate) fn columns(matrix: &DMatrix<f64>) -> Result<Columns<'_>, RegressorError> {
    Columns::new(matrix.as_slice(), matrix.nrows(), matrix.ncols()).map_err(refused)
}

pub(crate) fn refused(error: LinearError) -> RegressorError {
    RegressorError {
        status: 3,
        message: error.to_string(),
    }
}
