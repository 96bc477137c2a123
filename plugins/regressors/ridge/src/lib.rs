//! Ridge regression as a plugin: argmin ‖y − Xw‖² + α‖w‖².
//!
//! The arithmetic is `ocean-linear`'s; here its types meet the plugin interfaces, and its refusals
//! the statuses of the ABI. A walk along the penalties (`path`) is what a permutation test drives;
//! `fit` and `predict` make one model, whose coefficients `linear` shows.

use ocean_linear::{Columns, RidgeDesign, RidgePath, ridge};
use ocean_linear_regressor::convert::{columns, predict, refusal, values};
use ocean_plugin::prelude::*;

#[cfg(test)]
mod tests;

ocean_plugin::params! {
    /// What ridge can be told. The host brings the penalty with each call.
    pub struct RidgeParams {
        /// Penalty α of ‖y − Xw‖² + α‖w‖² (no 1/n); chosen by inner cross-validation unless
        /// `alphas` says otherwise.
        pub alpha: f64 = default_to(1.0).min(0.0).log_scale().penalty(),
    }
}

/// The regressor. It keeps nothing: the penalty comes with each call.
pub struct Ridge;

impl Regressor for Ridge {
    const INFO: Info = ocean_plugin::info! {
        id: "ridge",
        name: "Ridge regression",
        description: "Ridge regression: every coefficient kept, all of them shrunk; thousands of targets at the price of a few",
        family: "ridge",
    };
    type Params = RidgeParams;
    /// The coefficients.
    type Model = Vec<f64>;

    fn new(_: RidgeParams, _: &Call<'_>) -> Result<Self> {
        Ok(Ridge)
    }

    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, _: &Call<'_>) -> Result<Vec<f64>> {
        ridge::fit(columns(x)?, y, alpha).map_err(refusal)
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

impl LinearRegressor for Ridge {
    fn coef<'m>(&self, coef: &'m Vec<f64>, _: &Call<'_>) -> Result<&'m [f64]> {
        Ok(coef)
    }
}

impl PathRegressor for Ridge {
    type Prepared<'x> = RidgeDesign;
    type Path<'p> = RidgePath;

    fn prepare<'x>(&self, x: Mat<'x>, x_new: Mat<'x>, _: &Call<'_>) -> Result<RidgeDesign> {
        RidgeDesign::prepare(columns(x)?, columns(x_new)?).map_err(refusal)
    }

    /// One grid for all columns: degrees of freedom are a property of the design.
    fn grid(
        &self,
        design: &RidgeDesign,
        _: Mat<'_>,
        _: f64,
        mut alphas: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let grid = design.grid(alphas.rows()).map_err(refusal)?;
        (0..alphas.cols()).for_each(|j| alphas.fill_column(j, &grid));
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        design: &'p RidgeDesign,
        y: Mat<'_>,
        alphas: Mat<'_>,
        _: &Call<'_>,
    ) -> Result<RidgePath> {
        design.begin(columns(y)?, columns(alphas)?).map_err(refusal)
    }

    fn advance(
        path: &mut RidgePath,
        columns: &[u32],
        steps: &[u32],
        mut y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        _: &Call<'_>,
    ) -> Result<()> {
        let y_hat = values(&mut y_hat)?;
        info.fill(FitInfo::CLOSED_FORM);
        path.advance(columns, steps, y_hat).map_err(refusal)
    }
}

impl ErrorsRegressor for Ridge {
    fn errors(
        path: &mut RidgePath,
        y_new: Mat<'_>,
        ends: &[u64],
        mut sse: MatMut<'_>,
        mut bound: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let ends: Vec<usize> = ends.iter().map(|&end| end as usize).collect();
        let (sse, bound) = (values(&mut sse)?, values(&mut bound)?);
        match path
            .errors(columns(y_new)?, &ends, sse, bound)
            .map_err(refusal)?
        {
            true => Ok(()),
            false => Err(Error::unsupported(
                "predictions are as fast for so few targets",
            )),
        }
    }
}

impl MomentsRegressor for Ridge {
    type PreparedMoments<'x> = FromMoments;
    type MomentsPath<'p> = RidgePath;

    fn prepare_moments<'x>(
        &self,
        gram: Mat<'x>,
        n_samples: u64,
        _: &Call<'_>,
    ) -> Result<FromMoments> {
        let n_samples = n_samples as f64;
        let design = RidgeDesign::prepare_moments(columns(gram)?, n_samples).map_err(refusal)?;
        Ok(FromMoments { design, n_samples })
    }

    fn moments_grid(
        &self,
        prepared: &FromMoments,
        xty: Mat<'_>,
        min_ratio: f64,
        alphas: MatMut<'_>,
        call: &Call<'_>,
    ) -> Result<()> {
        PathRegressor::grid(self, &prepared.design, xty, min_ratio, alphas, call)
    }

    fn begin_moments<'p>(
        &'p self,
        prepared: &'p FromMoments,
        xty: Mat<'_>,
        _: &[f64],
        alphas: Mat<'_>,
        _: &Call<'_>,
    ) -> Result<RidgePath> {
        let xty = columns(xty)?;
        let sums: Vec<f64> = xty
            .values()
            .iter()
            .map(|c| c * prepared.n_samples)
            .collect();
        let sums = Columns::new(&sums, xty.n_rows(), xty.n_columns()).map_err(refusal)?;
        prepared
            .design
            .begin(sums, columns(alphas)?)
            .map_err(refusal)
    }

    fn advance_moments(
        path: &mut RidgePath,
        columns: &[u32],
        steps: &[u32],
        coef: MatMut<'_>,
        info: &mut [FitInfo],
        call: &Call<'_>,
    ) -> Result<()> {
        <Ridge as PathRegressor>::advance(path, columns, steps, coef, info, call)
    }
}

/// A design of which only the moments are known.
pub struct FromMoments {
    design: RidgeDesign,
    n_samples: f64,
}

ocean_plugin::export_plugin!(regressor Ridge: path, errors, moments, linear);
