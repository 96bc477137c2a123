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

    /// Whether it takes training sets as [`TrainingSet::Moments`], too, and these are the faster way
    /// for `n_samples` rows of `n_features` columns.
    fn takes_moments(&self, _n_samples: usize, _n_features: usize) -> bool {
        false
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
    /// # Errors
    /// Whatever the regressor reports, for instance a decomposition that did not converge.
    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError>;
}

/// What a regressor gets to see of a training set: its rows, or their second moments, which are
/// all that a linear model needs.
#[derive(Debug, Clone, Copy)]
pub enum TrainingSet<'a> {
    /// Its rows, and those to predict.
    Rows {
        /// n_train × n_features, columns centred and scaled by their sd over the training rows.
        x: &'a DMatrix<f64>,
        /// n_new × n_features, held-out rows in the same scaling.
        x_new: &'a DMatrix<f64>,
    },
    /// The moments of such rows. Only a regressor that [takes](Regressor::takes_moments) them is
    /// given any.
    Moments {
        /// XᵀX/n, n_features × n_features, symmetric.
        gram: &'a DMatrix<f64>,
        /// n, the training rows.
        n_samples: usize,
    },
}

/// The sizes of what goes to and fro about one training set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Training rows.
    pub n_samples: usize,
    /// Columns of X.
    pub n_features: usize,
    /// Numbers a target that [`Prepared`] takes: y, or from moments Xᵀy/n.
    pub n_y: usize,
    /// Numbers a target that a [`Path`] gives: predictions, or from moments coefficients.
    pub n_out: usize,
}

impl<'a> TrainingSet<'a> {
    /// X and X_new.
    ///
    /// # Errors
    /// UNSUPPORTED for moments: what a regressor answers that takes none.
    pub fn rows(self) -> Result<(&'a DMatrix<f64>, &'a DMatrix<f64>), RegressorError> {
        match self {
            Self::Rows { x, x_new } => Ok((x, x_new)),
            Self::Moments { .. } => Err(RegressorError {
                status: 5,
                message: "it takes rows and no moments".into(),
            }),
        }
    }

    /// How large everything is.
    #[must_use]
    pub fn sizes(self) -> Sizes {
        let (n_samples, n_features, n_y, n_out) = match self {
            Self::Rows { x, x_new } => (x.nrows(), x.ncols(), x.nrows(), x_new.nrows()),
            Self::Moments { gram, n_samples } => {
                (n_samples, gram.ncols(), gram.ncols(), gram.ncols())
            }
        };
        Sizes {
            n_samples,
            n_features,
            n_y,
            n_out,
        }
    }
}

/// One factorised design, shared by all threads.
///
/// `y` is what it needs of a block of targets: from rows y itself, n_train × n_targets, each column
/// centred, none constant, of variance 1 if [`Regressor::scales_y`]; from moments Xᵀy/n of such
/// targets, n_features × n_targets.
pub trait Prepared: Sync + Send {
    /// Fills `alphas` (n_alphas × n_targets): row 0 the strongest penalty, strictly decreasing,
    /// each row of the same meaning in every design.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError>;

    /// Begins a path for a block of targets. Copies what it keeps of `y`, `y_sq` and `alphas`
    /// (n_alphas × n_targets). `y_sq`: yᵀy/n of each target; empty from rows, which have it in y.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError>;
}

/// A walk along the penalties of one block of targets.
pub trait Path: Send {
    /// Predictions (from moments: coefficients) for `columns[c]` at row `steps[c]` of its own
    /// alphas.
    ///
    /// Steps of a column only grow, and may jump. `out`: [`Sizes::n_out`] × columns.len(),
    /// column-major: predictions centred like y, or coefficients of scaled features. `info`:
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

    /// The squared errors of the whole path over ranges of the new rows, each with a bound: enough
    /// to tell which penalties cannot be the best, for whoever makes them cheaper than predictions.
    /// `None`: ask [`Path::advance`].
    ///
    /// `y_new`: the targets of the new rows, n_new × n_targets, centred and scaled like y; `ends`:
    /// where each range ends, the next one beginning there.
    ///
    /// # Errors
    /// Whatever the regressor reports.
    fn errors(
        &mut self,
        _y_new: &DMatrix<f64>,
        _ends: &[usize],
    ) -> Result<Option<Errors>, RegressorError> {
        Ok(None)
    }
}

/// Squared errors of a path, (n_alphas · ranges) × n_targets: of penalty k over range r in row
/// k · ranges + r.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    /// Σ (y_new − ŷ)².
    pub sse: DMatrix<f64>,
    /// What each may at most be off by, against predictions of [`Path::advance`].
    pub bound: DMatrix<f64>,
}

impl Errors {
    /// Room for errors that nobody has filled in.
    #[must_use]
    pub fn unknown(n_rows: usize, n_targets: usize) -> Self {
        let unknown = DMatrix::from_element(n_rows, n_targets, f64::NAN);
        Self {
            sse: unknown.clone(),
            bound: unknown,
        }
    }
}
