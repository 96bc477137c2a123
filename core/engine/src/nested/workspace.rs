//! The working memory of one design, and the calls that fill it.

use super::failed;
use crate::design::Design;
use crate::error::EngineError;
use crate::regressor::{FitInfo, Path};

/// Memory for the predictions of one design, allocated once.
pub(super) struct Workspace {
    n_held_out: usize,
    y_hat: Vec<f64>,
    pub(super) info: Vec<FitInfo>,
    steps: Vec<u32>,
}

impl Workspace {
    /// For `n_columns` columns.
    pub(super) fn new(design: &Design, n_columns: usize) -> Self {
        let n_held_out = design.held_out.len();
        Self {
            n_held_out,
            y_hat: vec![0.0; n_held_out * n_columns],
            info: vec![FitInfo::default(); n_columns],
            steps: Vec::with_capacity(n_columns),
        }
    }

    /// Predicts `columns` at row `step` of their grids.
    pub(super) fn advance(
        &mut self,
        path: &mut dyn Path,
        columns: &[u32],
        step: usize,
        design: &Design,
    ) -> Result<(), EngineError> {
        self.steps.clear();
        self.steps.resize(columns.len(), step as u32);
        let steps = std::mem::take(&mut self.steps);
        let advanced = self.advance_to(path, columns, &steps, design);
        self.steps = steps;
        advanced
    }

    /// Predicts `columns` at their own `steps`.
    pub(super) fn advance_to(
        &mut self,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
        design: &Design,
    ) -> Result<(), EngineError> {
        let y_hat = &mut self.y_hat[..self.n_held_out * columns.len()];
        let info = &mut self.info[..columns.len()];
        path.advance(columns, steps, y_hat, info)
            .map_err(|source| failed("fitting", design, source))
    }

    /// Predictions of the column in slot `slot` of the last call.
    pub(super) fn y_hat(&self, slot: usize) -> &[f64] {
        &self.y_hat[slot * self.n_held_out..(slot + 1) * self.n_held_out]
    }
}
