//! The elastic net as a plugin: argmin ‖y − Xw‖²/2n + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖².
//!
//! The arithmetic is `ocean-linear`'s, the way to it `ocean-linear-regressor`'s. A walk along the
//! penalties (`path`) is what a permutation test drives, one for each ρ on the same prepared
//! design; `fit` and `predict` make one model, whose coefficients `linear` shows.

use ocean_linear::LassoOptions;
use ocean_linear_regressor::sparse::{Kind, Sparse};
use ocean_plugin::prelude::*;

#[cfg(test)]
mod tests;

ocean_plugin::params! {
    /// What the elastic net can be told. The host brings the penalty with each call.
    pub struct ElasticNetParams {
        /// Penalty α of ‖y − Xw‖²/2n + α·ρ‖w‖₁ + ½α(1 − ρ)‖w‖²; chosen by inner cross-validation
        /// unless `alphas` says otherwise.
        pub alpha: f64 = default_to(1.0).min(0.0).log_scale().penalty(),
        /// ρ, the share of ℓ1 in the penalty, above 0: 1 is the lasso; for 0 use `ridge`. A list is
        /// tuned together with the penalty.
        pub l1_ratio: f64 = default_to(0.5).min(0.0).max(1.0).tunable(),
        /// A fit ends when its duality gap is at most this share of ½yᵀy/n and no condition of
        /// optimality is off by more than 100 times this share of αρ.
        pub tol: f64 = default_to(1e-9).min(1e-12).max(1e-2).log_scale(),
        /// Passes over the working set at one penalty; a fit that needs more is returned and
        /// counted as unconverged.
        pub max_iter: u32 = default_to(10_000_u32).min(1),
        /// No coefficient below 0.
        pub positive: bool = default_to(false),
    }
}

/// What makes it the elastic net.
pub struct IsElasticNet;

impl Kind for IsElasticNet {
    const INFO: Info = ocean_plugin::info! {
        id: "elastic-net",
        name: "Elastic net",
        description: "Elastic net: between lasso and ridge, correlated features kept together; thousands of targets on one design",
        family: "elastic-net",
    };
    type Params = ElasticNetParams;

    fn options(params: ElasticNetParams) -> Result<LassoOptions> {
        if params.l1_ratio <= 0.0 {
            return Err(Error::param(
                "l1_ratio = 0 is ridge regression, on another scale: use the regressor `ridge`",
            ));
        }
        Ok(LassoOptions {
            l1_ratio: params.l1_ratio,
            tol: params.tol,
            max_iter: params.max_iter,
            positive: params.positive,
        })
    }
}

/// The regressor.
pub type ElasticNet = Sparse<IsElasticNet>;

ocean_plugin::export_plugin!(regressor ElasticNet: path, moments, linear);
