//! Kernel ridge regression as a plugin: ridge on the similarities of texts instead of their
//! columns.
//!
//! K_ik = exp(−γ ‖x_i − x_k‖² / p), and the prediction of a row x is Σ c_i k(x, x_i) with (K + αI)
//! c = y. It finds what is not linear in an embedding. It is scikit-learn's
//! `KernelRidge(kernel="rbf", alpha=α, gamma=γ/p)`.
//!
//! `fit` solves one such system, by Cholesky: the easy way to exist. A permutation test asks for
//! thousands, on the same rows: [`walk`] takes K apart once, and each further target and penalty
//! costs a product. `plugin check` holds the two against each other.

mod kernel;
mod state;
mod walk;

use nalgebra::{Cholesky, DMatrix, DVector};
use ocean_plugin::prelude::*;

ocean_plugin::params! {
    /// What the plugin can be told in plugins.toml.
    pub struct Params {
        /// How fast similarity ends, in units of 1 / n_features: exp(−gamma ‖x − x′‖² / p). 1 is
        /// scikit-learn's default. A list is tuned inside every training set.
        pub gamma: f64 = default_to(1.0).min(1e-6).max(1e6).log_scale().tunable(),
        /// The penalty α of ‖y − Kc‖² + α cᵀKc (no 1/n), chosen by inner cross-validation unless
        /// `alphas` says otherwise.
        pub alpha: f64 = default_to(1.0).min(1e-9).log_scale().penalty(),
    }
}

/// What the plugin was told. Several threads may use it at once.
pub struct KernelRidge {
    gamma: f64,
}

/// A fitted model: the rows it learned from, and how much each counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    gamma: f64,
    /// The training rows, n × p.
    x: DMatrix<f64>,
    /// One number a training row.
    dual_coef: DVector<f64>,
}

impl Regressor for KernelRidge {
    const INFO: Info = ocean_plugin::info! {
        id: "kernel-ridge",
        name: "Kernel ridge regression (RBF)",
        family: "kernel-ridge",
    };
    type Params = Params;
    type Model = Model;

    fn new(params: Params, _: &Call<'_>) -> Result<Self> {
        Ok(KernelRidge {
            gamma: params.gamma,
        })
    }

    fn fit(&self, x: Mat<'_>, y: &[f64], alpha: f64, call: &Call<'_>) -> Result<Model> {
        let mut system = kernel::squared_distances(x, x, call)?;
        kernel::similarities(&mut system, self.gamma, x.cols());
        (0..y.len()).for_each(|i| system[(i, i)] += alpha);
        let Some(factor) = Cholesky::new(system) else {
            return Err(Error::numeric(format!(
                "K + {alpha}·I has no Cholesky factor; try a larger alpha"
            )));
        };
        let dual_coef = factor.solve(&DVector::from_column_slice(y));
        kernel::finite(dual_coef.as_slice())?;
        Ok(Model {
            gamma: self.gamma,
            x: DMatrix::from_vec(x.rows(), x.cols(), x.to_vec()),
            dual_coef,
        })
    }

    fn predict(
        &self,
        model: &Model,
        x_new: Mat<'_>,
        y_hat: &mut [f64],
        call: &Call<'_>,
    ) -> Result<()> {
        let (n, p) = model.x.shape();
        if x_new.cols() != p {
            let found = x_new.cols();
            return Err(Error::shape(format!(
                "X has {found} columns, the model was fitted on {p}"
            )));
        }
        let x = Mat::from_slice(model.x.as_slice(), n, p)?;
        let mut similar = kernel::squared_distances(x_new, x, call)?;
        kernel::similarities(&mut similar, model.gamma, p);
        y_hat.copy_from_slice((similar * &model.dual_coef).as_slice());
        kernel::finite(y_hat)
    }
}

ocean_plugin::export_plugin!(regressor KernelRidge: path, state);

#[cfg(test)]
mod tests;
