//! The working memory of one design, and the call that fills it.

use crate::regressor::{FitInfo, Path, RegressorError};

/// Memory for what a path gives, allocated once.
pub(super) struct Workspace {
    n_values: usize,
    values: Vec<f64>,
    pub(super) info: Vec<FitInfo>,
}

impl Workspace {
    /// For `n_columns` columns of `n_values` values: predictions or coefficients.
    pub(super) fn new(n_values: usize, n_columns: usize) -> Self {
        Self {
            n_values,
            values: vec![0.0; n_values * n_columns],
            info: vec![FitInfo::default(); n_columns],
        }
    }

    /// Takes `columns` to their own `steps`.
    pub(super) fn advance(
        &mut self,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
    ) -> Result<(), RegressorError> {
        let values = &mut self.values[..self.n_values * columns.len()];
        path.advance(columns, steps, values, &mut self.info[..columns.len()])
    }

    /// What the column in slot `slot` of the last call got.
    pub(super) fn of(&self, slot: usize) -> &[f64] {
        &self.values[slot * self.n_values..(slot + 1) * self.n_values]
    }
}
