//! The elastic net, the lasso among them, as a regressor of the SDK.

use std::marker::PhantomData;

use ocean_linear::{LassoDesign, LassoFit, LassoMoments, LassoOptions, LassoPath, lasso};
use ocean_plugin::prelude::*;

use crate::convert::{columns, predict, refusal, values};

/// What one plugin is.
pub trait Kind: 'static {
    /// Its names; the family pins the objective and the grid.
    const INFO: Info;
    /// What its users can set.
    type Params: Parameters;
    /// The settings of the arithmetic.
    ///
    /// # Errors
    /// PARAM, for a setting that belongs to another regressor.
    fn options(params: Self::Params) -> Result<LassoOptions>;
}

/// The regressor: its settings, the penalty comes with each call.
pub struct Sparse<K> {
    options: LassoOptions,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Regressor for Sparse<K> {
    const INFO: Info = K::INFO;
    type Params = K::Params;
    /// The coefficients.
    type Model = Vec<f64>;

    fn new(params: K::Params, _: &Call<'_>) -> Result<Self> {
        Ok(Self {
            options: K::options(params)?,
            kind: PhantomData,
        })
    }

    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, call: &Call<'_>) -> Result<Vec<f64>> {
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
        Ok(coef)
    }

    fn predict(
        &self,
        coef: &Vec<f64>,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        _: &Call<'_>,
    ) -> Result<()> {
        predict(coef, x_new, y_hat)
    }
}

impl<K: Kind> LinearRegressor for Sparse<K> {
    fn coef<'m>(&self, coef: &'m Vec<f64>, _: &Call<'_>) -> Result<&'m [f64]> {
        Ok(coef)
    }
}

impl<K: Kind> PathRegressor for Sparse<K> {
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
        let alphas = values(&mut alphas)?;
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
        y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        _: &Call<'_>,
    ) -> Result<()> {
        walk(path, columns, steps, y_hat, info)
    }
}

impl<K: Kind> MomentsRegressor for Sparse<K> {
    type PreparedMoments<'x> = LassoMoments<'x>;
    type MomentsPath<'p> = LassoPath<'p>;

    fn prepare_moments<'x>(&self, gram: Mat<'x>, _: u64, _: &Call<'_>) -> Result<LassoMoments<'x>> {
        LassoMoments::prepare(columns(gram)?).map_err(refusal)
    }

    fn moments_grid(
        &self,
        design: &LassoMoments<'_>,
        xty: Mat<'_>,
        min_ratio: f64,
        mut alphas: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let alphas = values(&mut alphas)?;
        design
            .grid(columns(xty)?, min_ratio, self.options, alphas)
            .map_err(refusal)
    }

    fn begin_moments<'p>(
        &'p self,
        design: &'p LassoMoments<'_>,
        xty: Mat<'_>,
        y_sq: &[f64],
        alphas: Mat<'_>,
        _: &Call<'_>,
    ) -> Result<LassoPath<'p>> {
        design
            .begin(columns(xty)?, y_sq, columns(alphas)?, self.options)
            .map_err(refusal)
    }

    fn advance_moments(
        path: &mut LassoPath<'_>,
        columns: &[u32],
        steps: &[u32],
        coef: MatMut<'_>,
        info: &mut [FitInfo],
        _: &Call<'_>,
    ) -> Result<()> {
        walk(path, columns, steps, coef, info)
    }
}

/// Predictions or coefficients, whichever the path gives.
fn walk(
    path: &mut LassoPath<'_>,
    columns: &[u32],
    steps: &[u32],
    mut out: MatMut<'_>,
    info: &mut [FitInfo],
) -> Result<()> {
    let out = values(&mut out)?;
    let mut fits = vec![LassoFit::EMPTY; columns.len()];
    path.advance(columns, steps, out, &mut fits)
        .map_err(refusal)?;
    for (info, fit) in info.iter_mut().zip(fits) {
        *info = FitInfo::iterated(fit.gap, fit.n_nonzero, fit.is_converged);
    }
    Ok(())
}
