//! What the engine asks of a regressor: a path of models on one design, for many targets at once.
//!
//! Whoever embeds the engine implements these three traits; the host does so for plugins
//! (`ocean.regressor.path/1`). The split follows what can be shared: a design (`Prepared`) is
//! factorised once and serves every permuted target, a `Path` belongs to one block of targets.
//! Folds, scaling, tuning and scores never reach a regressor.

use nalgebra::DMatrix;

/// A regressor refused or failed: the plugin ABI's status number and one line saying why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message} (status {status})")]
pub struct RegressorError {
    /// The status of the plugin ABI: 1 PARAM, 2 SHAPE, 3 NUMERIC, 4 CANCELLED, 5 UNSUPPORTED, 6
    /// PANIC, 7 INTERNAL, 8 OOM.
    pub status: i32,
    /// What happened, in one line.
    pub message: String,
}

/// What one fit reports of itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FitInfo {
    /// Relative duality gap; NaN where the method has none (closed forms).
    pub gap: f64,
    /// Coefficients that are not zero; `None` when the regressor does not know.
    pub n_nonzero: Option<u32>,
    /// The iteration ended before its tolerance: the best iterate was returned.
    pub is_unconverged: bool,
}

/// A family of linear or other models with one penalty that is walked from strongest to weakest.
pub trait Regressor: Sync {
    /// How many settings are tuned together with the penalty (for elastic net: the l1_ratios),
    /// strongest first. At least 1.
    fn n_variants(&self) -> usize {
        1
    }

    /// Rows of the penalty grid when the study does not say.
    fn n_alphas(&self) -> usize;

    /// Whether y has to come with variance 1 in every training set. A penalty with an ℓ1 and an ℓ2
    /// part, both in proportion to one α that follows from y, is another mixture for y in other
    /// units: without scaling, the elastic net of y in cents is nearer to the lasso than that of y
    /// in euros. Friedman, Hastie & Tibshirani (2010) scale likewise. Predictions and errors are in
    /// target units either way.
    fn scales_y(&self) -> bool {
        false
    }

    /// The same models from second moments, if it offers them and they are the faster way for
    /// `n_samples` rows of `n_features` columns.
    fn moments(&self, _n_samples: usize, _n_features: usize) -> Option<&dyn MomentsRegressor> {
        None
    }

    /// Starts anew: nothing of earlier calls is remembered from here on. The loop asks for it
    /// before each piece ([`crate::piece`]); whoever keeps no state between calls has nothing to
    /// do.
    ///
    /// # Errors
    /// Whatever the regressor reports, for instance a worker that cannot be started again.
    fn forget(&self) -> Result<(), RegressorError> {
        Ok(())
    }

    /// Factorises one design, once for all targets.
    ///
    /// `x`: n_train × n_features, columns centred and scaled by their sd over the training rows.
    /// `x_new`: n_new × n_features, held-out rows in the same scaling.
    ///
    /// # Errors
    /// Whatever the regressor reports, for instance a decomposition that did not converge.
    fn prepare<'a>(
        &'a self,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError>;
}

/// One factorised design, shared by all threads.
pub trait Prepared: Sync + Send {
    /// Fills `alphas` (n_alphas × n_targets): row 0 the strongest penalty, strictly decreasing,
    /// each row of the same meaning in every design. `y`: n_train × n_targets, each column centred,
    /// none constant; of variance 1 if [`Regressor::scales_y`].
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError>;

    /// Begins a path for a block of targets. Copies what it keeps of `y` (n_train × n_targets) and
    /// `alphas` (n_alphas × n_targets).
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError>;
}

/// A linear regressor that needs no more of a training set than its second moments. Everything it
/// promises as a [`Regressor`] holds here, too.
pub trait MomentsRegressor: Sync {
    /// Takes one design, once for all targets. `gram`: XᵀX/n, n_features × n_features, symmetric,
    /// of the `n_samples` scaled training rows.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn prepare_moments<'a>(
        &'a self,
        gram: &'a DMatrix<f64>,
        n_samples: usize,
    ) -> Result<Box<dyn PreparedMoments + 'a>, RegressorError>;
}

/// One design in second moments, shared by all threads.
pub trait PreparedMoments: Sync + Send {
    /// As [`Prepared::grid`]. `xty`: Xᵀy/n, n_features × n_targets.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn grid(
        &self,
        variant: usize,
        xty: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError>;

    /// As [`Prepared::begin`]. `y_sq`: yᵀy/n of each target. The path gives coefficients.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn begin<'p>(
        &'p self,
        variant: usize,
        xty: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError>;
}

/// A walk along the penalties of one block of targets.
pub trait Path: Send {
    /// Predictions (from moments: coefficients) for `columns[c]` at row `steps[c]` of its own
    /// alphas.
    ///
    /// Steps of a column only grow, and may jump. `out`: n_new × columns.len(), column-major,
    /// centred like `y`; from moments n_features × columns.len(), of scaled features. `info`:
    /// columns.len() values. What a column returns depends on its own y, alphas and steps only.
    ///
    /// # Errors
    /// Whatever the regressor reports, NUMERIC for results that are not finite.
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        out: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError>;
}
