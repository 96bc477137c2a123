//! What an author of a regressor implements: [`Regressor`], and as many of the others as are worth
//! the while.

use crate::call::Call;
use crate::error::Result;
use crate::info::Info;
use crate::matrix::{Mat, MatMut};
use crate::params::Parameters;
pub use ocean_plugin_abi::FitInfo;

/// Vectors and one target in, predictions out: `ocean.regressor/1`, the easy way to exist.
///
/// X arrives with columns centred and scaled on the training rows, y centred; fit no intercept and
/// do not rescale. A shared reference may be used by several threads at once.
pub trait Regressor: Sized + Send + Sync + 'static {
    /// Who it is: [`info!`](macro@crate::info).
    const INFO: Info;
    /// What it can be told: [`params!`](macro@crate::params) or [`NoParams`](crate::NoParams).
    type Params: Parameters;
    /// A fitted model. Owns what it needs.
    type Model: Send + Sync + 'static;

    /// Makes the regressor.
    ///
    /// # Errors
    /// PARAM, for combinations of parameters the schema cannot refuse.
    fn new(params: Self::Params, call: &Call<'_>) -> Result<Self>;

    /// Fits `y` (n values) to `x` (n × p). `alpha`: the penalty, finite and not negative; NaN for
    /// regressors without one.
    ///
    /// # Errors
    /// NUMERIC, when no finite model exists.
    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, call: &Call<'_>) -> Result<Self::Model>;

    /// Predicts the rows of `x_new` (n_new × p) into `y_hat` (n_new values), in units of y, without
    /// its mean.
    ///
    /// # Errors
    /// SHAPE, when `x_new` has another width than the model.
    fn predict(
        &self,
        model: &Self::Model,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        call: &Call<'_>,
    ) -> Result<()>;
}

/// Coefficients of a fitted model: `ocean.regressor.linear/1`.
pub trait LinearRegressor: Regressor {
    /// The coefficients, one a column of the fitted X, on its scale.
    ///
    /// # Errors
    /// Whatever keeps it from telling.
    fn coef<'m>(&self, model: &'m Self::Model, call: &Call<'_>) -> Result<&'m [f64]>;
}

/// One design, many targets at once, nothing kept between calls: `ocean.regressor.batch/1`.
pub trait BatchRegressor: Regressor {
    /// What all targets of one design share. Borrows X and X_new.
    type Prepared<'x>: Send + Sync;

    /// Takes a design: `x` (n × p) and `x_new` (n_new × p).
    ///
    /// # Errors
    /// NUMERIC, when a decomposition fails.
    fn prepare<'x>(
        &self,
        x: Mat<'x>,
        x_new: Mat<'x>,
        call: &Call<'_>,
    ) -> Result<Self::Prepared<'x>>;

    /// Fits every column of `y` (n × t) with every row of its own column of `alphas` (g × t).
    ///
    /// `y_hat`: (g·n_new) × t, penalty k of a column from row k·n_new on. `info`: g × t values
    /// column by column, or empty when the host does not ask.
    ///
    /// # Errors
    /// NUMERIC, when a prediction is not finite.
    fn fit_predict(
        &self,
        prepared: &Self::Prepared<'_>,
        y: Mat<'_>,
        alphas: Mat<'_>,
        y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()>;
}

/// A walk along the penalties, what the engine drives: `ocean.regressor.path/1`.
pub trait PathRegressor: Regressor {
    /// What all targets of one design share, for instance a decomposition. Borrows X and X_new, not
    /// the regressor: it serves every regressor that differs in tunable parameters only.
    type Prepared<'x>: Send + Sync;
    /// A walk of one block of columns. May borrow the regressor and the design; owns the rest.
    type Path<'p>: Send;

    /// Takes a design: `x` (n × p) and `x_new` (n_new × p).
    ///
    /// # Errors
    /// NUMERIC, when a decomposition fails.
    fn prepare<'x>(
        &self,
        x: Mat<'x>,
        x_new: Mat<'x>,
        call: &Call<'_>,
    ) -> Result<Self::Prepared<'x>>;

    /// Fills `alphas` (g × t) for the columns of `y` (n × t): row 0 the strongest penalty, strictly
    /// decreasing, each row of the same meaning in every design. `min_ratio`: weakest over
    /// strongest penalty, where the method has such a ratio.
    ///
    /// # Errors
    /// NUMERIC, when there is no such grid.
    fn grid(
        &self,
        prepared: &Self::Prepared<'_>,
        y: Mat<'_>,
        min_ratio: f64,
        alphas: MatMut<'_>,
        call: &Call<'_>,
    ) -> Result<()>;

    /// Begins a walk for the columns of `y` (n × t) along their `alphas` (g × t); copies what it
    /// keeps of both.
    ///
    /// # Errors
    /// SHAPE, when the sizes do not fit the design.
    fn begin<'p>(
        &'p self,
        prepared: &'p Self::Prepared<'_>,
        y: Mat<'_>,
        alphas: Mat<'_>,
        call: &Call<'_>,
    ) -> Result<Self::Path<'p>>;

    /// Predicts column `columns[c]` at row `steps[c]` of its alphas, for every c, into column c of
    /// `y_hat` (n_new × columns.len()) and `info[c]`.
    ///
    /// Steps of a column only grow, and may jump; a column not named costs nothing and may come
    /// back. What a column gets depends on its own y, alphas and steps only; the same calls give
    /// the same bits. No convergence is no error: [`FitInfo`] says so, and the best iterate's
    /// prediction counts.
    ///
    /// # Errors
    /// NUMERIC, when a prediction is not finite.
    fn advance(
        path: &mut Self::Path<'_>,
        columns: &[u32],
        steps: &[u32],
        y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()>;
}

/// The errors of a whole path without its predictions, for whoever makes them cheaper:
/// `ocean.regressor.errors/1`.
///
/// The host chooses penalties by these errors where their bounds decide, and asks
/// [`PathRegressor::advance`] for the others.
pub trait ErrorsRegressor: PathRegressor {
    /// Fills `sse` (g·r × t) with Σ (y_new − ŷ)² of every column over r ranges of the new rows, of
    /// penalty k over range i in row k·r + i, and `bound` (the same shape) with what it may be off by.
    ///
    /// `y_new` (n_new × t): the targets of the new rows, centred and scaled as `y` was; `ends`: where
    /// each range ends, the next one beginning there.
    ///
    /// # Errors
    /// UNSUPPORTED, where predictions are no slower.
    fn errors(
        path: &mut Self::Path<'_>,
        y_new: Mat<'_>,
        ends: &[u64],
        sse: MatMut<'_>,
        bound: MatMut<'_>,
        call: &Call<'_>,
    ) -> Result<()>;
}

/// The same walk from second moments, for linear models: `ocean.regressor.moments/1`.
///
/// The host adds up moments over folds and scores from them, so that nothing of n rows is done once
/// a training set. All that [`PathRegressor`] promises holds here, too, and the models are the
/// same.
pub trait MomentsRegressor: PathRegressor {
    /// What all targets of one design share. Borrows the moments.
    type PreparedMoments<'x>: Send + Sync;
    /// A walk of one block of columns. May borrow the regressor and the design; owns the rest.
    type MomentsPath<'p>: Send;

    /// Takes a design: `gram` = XᵀX/n (p × p, symmetric) of the `n_samples` scaled training rows.
    ///
    /// # Errors
    /// NUMERIC, when a decomposition fails.
    fn prepare_moments<'x>(
        &self,
        gram: Mat<'x>,
        n_samples: u64,
        call: &Call<'_>,
    ) -> Result<Self::PreparedMoments<'x>>;

    /// As [`PathRegressor::grid`], for targets given as `xty` = Xᵀy/n (p × t).
    ///
    /// # Errors
    /// NUMERIC, when there is no such grid.
    fn moments_grid(
        &self,
        prepared: &Self::PreparedMoments<'_>,
        xty: Mat<'_>,
        min_ratio: f64,
        alphas: MatMut<'_>,
        call: &Call<'_>,
    ) -> Result<()>;

    /// As [`PathRegressor::begin`], for targets given as `xty` = Xᵀy/n (p × t) and `y_sq` = yᵀy/n
    /// (t values).
    ///
    /// # Errors
    /// SHAPE, when the sizes do not fit the design.
    fn begin_moments<'p>(
        &'p self,
        prepared: &'p Self::PreparedMoments<'_>,
        xty: Mat<'_>,
        y_sq: &[f64],
        alphas: Mat<'_>,
        call: &Call<'_>,
    ) -> Result<Self::MomentsPath<'p>>;

    /// As [`PathRegressor::advance`], with the coefficients of the scaled columns in `coef` (p ×
    /// columns.len()).
    ///
    /// # Errors
    /// NUMERIC, when a coefficient is not finite.
    fn advance_moments(
        path: &mut Self::MomentsPath<'_>,
        columns: &[u32],
        steps: &[u32],
        coef: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()>;
}

/// A fitted model as bytes: `ocean.state/1`.
pub trait SaveRegressor: Regressor {
    /// The model as bytes that say themselves what they are and in which version.
    ///
    /// # Errors
    /// UNSUPPORTED, for models that cannot be saved.
    fn save(&self, model: &Self::Model, call: &Call<'_>) -> Result<Vec<u8>>;

    /// The model back. It predicts the same bits.
    ///
    /// # Errors
    /// PARAM, for unknown or damaged bytes: they may hold anything.
    fn load(&self, bytes: &[u8], call: &Call<'_>) -> Result<Self::Model>;
}
