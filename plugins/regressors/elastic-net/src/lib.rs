//! The elastic net as a plugin: argmin ‖y − Xw‖²/2n + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖².
//!
//! The arithmetic is `ocean-linear`'s; here its types meet the plugin interfaces, and its refusals the statuses of the ABI. A walk along the
//! penalties (`path`) is what a permutation test drives, one for each ρ on the same prepared design; `fit` and `predict` make one model, whose
//! coefficients `linear` shows.

use ocean_linear::{Columns, LassoDesign, LassoFit, LassoOptions, LassoPath, LinearError, lasso};
use ocean_plugin::prelude::*;

#[cfg(test)]
mod tests;

ocean_plugin::params! {
    /// What the elastic net can be told. The host brings the penalty with each call.
    pub struct ElasticNetParams {
        /// Penalty α of ‖y − Xw‖²/2n + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖²; chosen by inner cross-validation unless `alphas` says otherwise.
        pub alpha: f64 = default_to(1.0).min(0.0).log_scale().penalty(),
        /// ρ, the share of ℓ1 in the penalty, above 0: 1 is the lasso; for 0 use `ridge`. A list is tuned together with the penalty.
        pub l1_ratio: f64 = default_to(0.5).min(0.0).max(1.0).tunable(),
        /// A fit ends when its duality gap is at most this share of ½yᵀy/n and no condition of optimality is off by more than 100 times this share of αρ.
        pub tol: f64 = default_to(1e-9).min(1e-12).max(1e-2).log_scale(),
        /// Passes over the working set at one penalty; a fit that needs more is returned and counted as unconverged.
        pub max_iter: u32 = default_to(10_000_u32).min(1),
        /// No coefficient below 0.
        pub positive: bool = default_to(false),
    }
}

/// The regressor: its settings, the penalty comes with each call.
pub struct ElasticNet {
    options: LassoOptions,
}

/// A fitted model.
pub struct Model {
    coef: Vec<f64>,
}

impl Regressor for ElasticNet {
    const INFO: Info = ocean_plugin::info! {
        id: "elastic-net",
        name: "Elastic net",
        family: "elastic-net",
    };
    type Params = ElasticNetParams;
    type Model = Model;

    fn new(params: ElasticNetParams, _: &Call<'_>) -> Result<Self> {
        if params.l1_ratio <= 0.0 {
            return Err(Error::param(
                "l1_ratio = 0 is ridge regression, on another scale: use the regressor `ridge`",
            ));
        }
        let options = LassoOptions {
            l1_ratio: params.l1_ratio,
            tol: params.tol,
            max_iter: params.max_iter,
            positive: params.positive,
        };
        Ok(ElasticNet { options })
    }

    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, call: &Call<'_>) -> Result<Model> {
        let (coef, fit) = lasso::fit(columns(x)?, y, alpha, self.options).map_err(refusal)?;
        if !fit.is_converged {
            call.log(
                Level::Warn,
                &format!(
                    "alpha = {alpha}: not converged after max_iter = {} passes, relative duality gap {:.1e}; a larger max_iter or tol may help",
                    self.options.max_iter, fit.gap
                ),
            );
        }
        Ok(Model { coef })
    }

    fn predict(
        &self,
        model: &Model,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        _: &Call<'_>,
    ) -> Result<()> {
        if x_new.cols() != model.coef.len() {
            return Err(Error::shape(format!(
                "the model has {} coefficients, X {} columns",
                model.coef.len(),
                x_new.cols()
            )));
        }
        y_hat.fill(0.0);
        for (w, column) in model.coef.iter().zip(x_new.columns()) {
            if *w != 0.0 {
                y_hat
                    .iter_mut()
                    .zip(column.iter())
                    .for_each(|(y_hat, x)| *y_hat += w * x);
            }
        }
        Ok(())
    }
}

impl LinearRegressor for ElasticNet {
    fn coef<'m>(&self, model: &'m Model, _: &Call<'_>) -> Result<&'m [f64]> {
        Ok(&model.coef)
    }
}

impl PathRegressor for ElasticNet {
    const PREFERRED_COLUMNS: u32 = 64;
    type Prepared<'x> = LassoDesign<'x>;
    type Path<'p> = LassoPath<'p>;

    fn prepare<'x>(&self, x: Mat<'x>, x_new: Mat<'x>, _: &Call<'_>) -> Result<LassoDesign<'x>> {
        LassoDesign::prepare(columns(x)?, columns(x_new)?).map_err(refusal)
    }

    fn grid(
        &self,
        design: &LassoDesign<'_>,
        y: Mat<'_>,
        min_ratio: f64,
        mut alphas: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let alphas = alphas.as_mut_slice().ok_or_else(not_contiguous)?;
        design
            .grid(columns(y)?, min_ratio, self.options, alphas)
            .map_err(refusal)
    }

    fn begin<'p>(
        &'p self,
        design: &'p LassoDesign<'_>,
        y: Mat<'_>,
        alphas: Mat<'_>,
        _: &Call<'_>,
    ) -> Result<LassoPath<'p>> {
        design
            .begin(columns(y)?, columns(alphas)?, self.options)
            .map_err(refusal)
    }

    fn advance(
        path: &mut LassoPath<'_>,
        columns: &[u32],
        steps: &[u32],
        mut y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        _: &Call<'_>,
    ) -> Result<()> {
        let y_hat = y_hat.as_mut_slice().ok_or_else(not_contiguous)?;
        let mut fits = vec![LassoFit::EMPTY; columns.len()];
        path.advance(columns, steps, y_hat, &mut fits)
            .map_err(refusal)?;
        for (info, fit) in info.iter_mut().zip(fits) {
            *info = FitInfo::iterated(fit.gap, fit.n_nonzero, fit.is_converged);
        }
        Ok(())
    }
}

ocean_plugin::export_plugin!(regressor ElasticNet: path, linear);

fn columns(matrix: Mat<'_>) -> Result<Columns<'_>> {
    let values = matrix.as_slice().ok_or_else(not_contiguous)?;
    Columns::new(values, matrix.rows(), matrix.cols()).map_err(refusal)
}

fn not_contiguous() -> Error {
    Error::shape("the elastic net takes matrices that lie column by column, without gaps")
}

fn refusal(error: LinearError) -> Error {
    let message = error.to_string();
    match error {
        LinearError::Shape { .. } | LinearError::Empty => Error::shape(message),
        LinearError::Penalty(_) | LinearError::NoPenalty(_) | LinearError::Setting { .. } => {
            Error::param(message)
        }
        LinearError::Numeric(_) => Error::numeric(message),
    }
}
