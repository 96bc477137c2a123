//! One fitted model of a plugin, as numbers or bytes that outlive the process: `fit`, then `ocean.regressor.linear/1` or `ocean.state/1`.

use std::sync::{Mutex, PoisonError};

use nalgebra::DMatrix;
use ocean_plugin_abi::{Call, Status, handle, id, status};
use serde::{Deserialize, Serialize};

use super::call::{self, Terms, mat};
use super::{Plugin, PluginError, PluginRegressor, StudyRegressor};

/// What is kept of a fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fitted {
    /// One number a column of the X that was fitted; ŷ = Xw.
    Coefficients(Vec<f64>),
    /// Bytes that only the plugin reads.
    State(Vec<u8>),
}

/// Whether a model of `plugin` can be kept.
pub fn can_be_kept(plugin: &Plugin) -> bool {
    plugin.offers(id::LINEAR) || plugin.offers(id::STATE)
}

/// A model of the plugin, destroyed with this.
struct Model<'a> {
    regressor: &'a PluginRegressor,
    raw: *mut handle::Model,
}

impl Drop for Model<'_> {
    fn drop(&mut self) {
        let table = self.regressor.table();
        // SAFETY: made by this table, destroyed once.
        self.regressor
            .guarded(|| unsafe { table.destroy_model(self.raw) });
    }
}

impl PluginRegressor {
    fn model(&self, raw: *mut handle::Model, what: &str) -> Result<Model<'_>, PluginError> {
        if raw.is_null() {
            let message = format!("{what} returned OK and no object");
            return Err(PluginError::new(self.plugin(), status::INTERNAL, message));
        }
        Ok(Model {
            regressor: self,
            raw,
        })
    }

    fn ask(
        &self,
        what: &str,
        sink: Option<&Mutex<Vec<u8>>>,
        function: impl FnOnce(*const Call) -> Status,
    ) -> Result<(), PluginError> {
        let terms = Terms {
            sink,
            ..Terms::single(self.options().seed)
        };
        call::call(self.plugin(), self.context(), terms, what, function)
    }

    pub(super) fn fit_here(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError> {
        let (table, handle, alpha) = (self.table(), self.variant(variant), self.fit_alpha(alpha));
        debug_assert_eq!(x.nrows(), y.len());
        let view = mat(x);
        let mut out = std::ptr::null_mut();
        self.ask("fit", None, |call| {
            // SAFETY: X and y live for the call and have the same number of rows.
            unsafe {
                table.fit(
                    handle,
                    &raw const view,
                    y.as_ptr(),
                    alpha,
                    call,
                    &raw mut out,
                )
            }
        })?;
        let model = self.model(out, "fit")?;
        let interfaces = &self.plugin().interfaces;
        if let Some(linear) = interfaces.linear {
            let mut coefficients = vec![f64::NAN; x.ncols()];
            let buffer = coefficients.as_mut_ptr();
            self.ask("coef", None, |call| {
                // SAFETY: the model is alive, and the buffer has one number a column.
                unsafe { linear.coef(handle, model.raw, buffer, call) }
            })?;
            return if coefficients.iter().all(|value| value.is_finite()) {
                Ok(Fitted::Coefficients(coefficients))
            } else {
                let message = "its coefficients are not all finite";
                Err(PluginError::new(self.plugin(), status::NUMERIC, message))
            };
        }
        let Some(state) = interfaces.state else {
            let message = format!(
                "its models cannot be kept: it offers neither `{}` nor `{}`",
                id::LINEAR,
                id::STATE
            );
            return Err(PluginError::new(
                self.plugin(),
                status::UNSUPPORTED,
                message,
            ));
        };
        let sink = Mutex::new(Vec::new());
        self.ask("save", Some(&sink), |call| {
            // SAFETY: the model is alive.
            unsafe { state.save(handle, model.raw, call) }
        })?;
        let bytes = sink.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Fitted::State(bytes))
    }

    pub(super) fn predict_here(
        &self,
        bytes: &[u8],
        x_new: &DMatrix<f64>,
    ) -> Result<Vec<f64>, PluginError> {
        let (table, handle) = (self.table(), self.variant(0));
        let Some(state) = self.plugin().interfaces.state else {
            let message = format!("it does not offer `{}` any more", id::STATE);
            return Err(PluginError::new(
                self.plugin(),
                status::UNSUPPORTED,
                message,
            ));
        };
        let mut out = std::ptr::null_mut();
        self.ask("load", None, |call| {
            // SAFETY: the bytes live for the call.
            unsafe { state.load(handle, bytes.as_ptr(), bytes.len(), call, &raw mut out) }
        })?;
        let model = self.model(out, "load")?;
        let view = mat(x_new);
        let mut y_hat = vec![f64::NAN; x_new.nrows()];
        let buffer = y_hat.as_mut_ptr();
        self.ask("predict", None, |call| {
            // SAFETY: the model is alive, X_new lives for the call, and the buffer has one number a row.
            unsafe { table.predict(handle, model.raw, &raw const view, buffer, call) }
        })?;
        Ok(y_hat)
    }
}
