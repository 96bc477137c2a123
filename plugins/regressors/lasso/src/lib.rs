//! The lasso as a plugin: argmin ‖y − Xw‖²/2n + α‖w‖₁.
//!
//! The arithmetic is `ocean-linear`'s, the way to it `ocean-linear-regressor`'s. A walk along the
//! penalties (`path`) is what a permutation test drives; `fit` and `predict` make one model, whose
//! coefficients `linear` shows.

use ocean_linear::LassoOptions;
use ocean_linear_regressor::sparse::{Kind, Sparse};
use ocean_plugin::prelude::*;

#[cfg(test)]
mod tests;

ocean_plugin::params! {
    /// What the lasso can be told. The host brings the penalty with each call.
    pub struct LassoParams {
        /// Penalty α of ‖y − Xw‖²/2n + α‖w‖₁; chosen by inner cross-validation unless `alphas` says
        /// otherwise.
        pub alpha: f64 = default_to(1.0).min(0.0).log_scale().penalty(),
        /// A fit ends when its duality gap is at most this share of ½yᵀy/n and no condition of
        /// optimality is off by more than 100 times this share of α.
        pub tol: f64 = default_to(1e-9).min(1e-12).max(1e-2).log_scale(),
        /// Passes over the working set at one penalty; a fit that needs more is returned and
        /// counted as unconverged.
        pub max_iter: u32 = default_to(10_000_u32).min(1),
        /// No coefficient below 0.
        pub positive: bool = default_to(false),
    }
}

/// What makes it the lasso.
pub struct IsLasso;

impl Kind for IsLasso {
    const INFO: Info = ocean_plugin::info! {
        id: "lasso",
        name: "Lasso",
        description: "Lasso: few features kept, the others exactly 0; thousands of targets on one design",
        family: "lasso",
    };
    type Params = LassoParams;

    fn options(params: LassoParams) -> Result<LassoOptions> {
        Ok(LassoOptions {
            l1_ratio: 1.0,
            tol: params.tol,
            max_iter: params.max_iter,
            positive: params.positive,
        })
    }
}

/// The regressor.
pub type Lasso = Sparse<IsLasso>;

ocean_plugin::export_plugin!(regressor Lasso: path, moments, linear);
