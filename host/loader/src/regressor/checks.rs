//! What goes to a plugin and what comes back fits together, whoever asked: a mistake of the engine
//! is an error here and not memory out of bounds, and numbers that are none are named.

use nalgebra::DMatrix;
use ocean_engine::regressor::{Errors, FitInfo, Regressor, RegressorError};
use ocean_plugin_abi::{self as abi, status};

use super::PluginRegressor;

/// The sizes of one path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathShape {
    pub n_out: usize,
    pub n_targets: usize,
    pub n_alphas: usize,
}

impl PluginRegressor {
    /// What may be passed on to the plugin, so that a mistake of the engine is an error and not
    /// memory out of bounds.
    pub(crate) fn check_shapes(
        &self,
        shape: &PathShape,
        columns: &[u32],
        steps: &[u32],
        out: &[f64],
        info: &[FitInfo],
    ) -> Result<(), RegressorError> {
        let n = columns.len();
        let is_sound = steps.len() == n
            && info.len() == n
            && out.len() == n * shape.n_out
            && columns
                .iter()
                .all(|&column| (column as usize) < shape.n_targets)
            && steps.iter().all(|&step| (step as usize) < shape.n_alphas);
        if is_sound {
            Ok(())
        } else {
            Err(self.error(
                status::SHAPE,
                "advance was asked for columns, steps or sizes outside its path",
            ))
        }
    }

    /// As [`Self::check_shapes`], for held-out targets and the ranges of their rows.
    pub(crate) fn check_ranges(
        &self,
        shape: &PathShape,
        y_new: &DMatrix<f64>,
        ends: &[usize],
    ) -> Result<(), RegressorError> {
        let fits = y_new.shape() == (shape.n_out, shape.n_targets);
        if fits && ends.is_sorted() && ends.last().is_some_and(|&end| end <= shape.n_out) {
            return Ok(());
        }
        Err(self.error(
            status::SHAPE,
            "errors was asked for rows or targets outside its path",
        ))
    }

    /// Refuses predictions that are not finite, by name.
    pub(crate) fn check_finite(&self, y_hat: &[f64]) -> Result<(), RegressorError> {
        let bad = y_hat.iter().filter(|value| !value.is_finite()).count();
        if bad == 0 {
            return Ok(());
        }
        let check = format!(
            "run `ocean-host plugin check {}` to see which check fails",
            self.plugin.path.display()
        );
        Err(self.error(
            status::NUMERIC,
            format!(
                "{bad} of {} predictions are NaN or infinite; {check}",
                y_hat.len()
            ),
        ))
    }
}

/// What a plugin that fills in nothing has said.
pub(crate) const UNKNOWN: abi::FitInfo = abi::FitInfo {
    gap: f64::NAN,
    n_nonzero: abi::UNKNOWN_NONZERO,
    flags: 0,
};

pub(crate) fn fit_info(raw: &abi::FitInfo) -> FitInfo {
    FitInfo {
        gap: raw.gap,
        n_nonzero: (raw.n_nonzero != abi::UNKNOWN_NONZERO).then_some(raw.n_nonzero),
        is_unconverged: raw.flags & abi::fit_flag::UNCONVERGED != 0,
    }
}

/// Errors and their bounds are numbers from 0 on: what is chosen rests on them.
pub(crate) fn check_errors(
    regressor: &PluginRegressor,
    errors: Errors,
) -> Result<Errors, RegressorError> {
    let mut all = errors.sse.iter().chain(&errors.bound);
    if all.all(|value| *value >= 0.0) {
        return Ok(errors);
    }
    Err(regressor.error(
        status::NUMERIC,
        "its errors or their bounds are negative or NaN",
    ))
}

/// y and its alphas fit the design and each other. `n_y`: numbers a target that the design takes.
pub(crate) fn check_targets(
    regressor: &PluginRegressor,
    n_y: usize,
    y: &DMatrix<f64>,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    if y.nrows() == n_y && alphas.ncols() == y.ncols() && alphas.nrows() > 0 {
        return Ok(());
    }
    let message = format!(
        "y is {:?} and alphas {:?}, but the design has {n_y} rows",
        y.shape(),
        alphas.shape()
    );
    Err(regressor.error(status::SHAPE, message))
}

/// The engine asks for a grid of as many rows as [`Regressor::n_alphas`] told it.
pub(crate) fn check_rows(
    regressor: &PluginRegressor,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    let (found, expected) = (alphas.nrows(), regressor.n_alphas());
    if found == expected {
        return Ok(());
    }
    Err(regressor.error(
        status::SHAPE,
        format!("a grid of {found} rows was asked for, it has {expected}"),
    ))
}

/// A grid of the plugin's must fall strictly and be finite: the engine's order of strength rests on
/// it.
pub(crate) fn check_grid(
    regressor: &PluginRegressor,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    for column in alphas.column_iter() {
        let values = column.as_slice();
        let falls = values.windows(2).all(|pair| pair[0] > pair[1]);
        if !falls
            || values
                .iter()
                .any(|value| !value.is_finite() || *value < 0.0)
        {
            return Err(regressor.error(
                status::NUMERIC,
                "its grid is not a strictly decreasing list of finite penalties",
            ));
        }
    }
    Ok(())
}
