//! One fitted model of a plugin, as numbers or bytes that outlive the process: `fit`, then
//! `ocean.regressor.linear/1` or `ocean.state/1`.

use std::sync::{Mutex, PoisonError};

use nalgebra::DMatrix;
use ocean_plugin_abi::{Call, Mat, Status, handle, id, status};
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
    /// One fit, and its predictions of `x_new`.
    ///
    /// # Errors
    /// SHAPE where y has not one number for each row of X, else whatever the plugin reports.
    pub fn fit_predict(
        &self,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
        x_new: &DMatrix<f64>,
    ) -> Result<Vec<f64>, PluginError> {
        self.check_rows_of(x, y)?;
        let mut y_hat = vec![f64::NAN; x_new.nrows()];
        let (x, x_new) = (mat(x), mat(x_new));
        // SAFETY: the views are of matrices that live for the call; y has one number a row of X, ŷ
        // one a row of X_new.
        unsafe { self.fit_predict_views(&x, y.as_ptr(), alpha, &x_new, y_hat.as_mut_ptr()) }?;
        Ok(y_hat)
    }

    /// The same on memory of the caller's.
    ///
    /// # Safety
    /// `x` and `x_new` are views of readable memory; `y` has one number for each row of `x`,
    /// `y_hat` room for one for each row of `x_new`.
    pub(super) unsafe fn fit_predict_views(
        &self,
        x: &Mat,
        y: *const f64,
        alpha: f64,
        x_new: &Mat,
        y_hat: *mut f64,
    ) -> Result<(), PluginError> {
        // SAFETY: the caller's promise.
        unsafe {
            let model = self.fit_views(0, x, y, alpha)?;
            self.predict_views(&model, x_new, y_hat)
        }
    }

    /// One fit.
    ///
    /// # Safety
    /// `x` is a view of readable memory, and `y` has one number for each of its rows.
    unsafe fn fit_views(
        &self,
        variant: usize,
        x: &Mat,
        y: *const f64,
        alpha: f64,
    ) -> Result<Model<'_>, PluginError> {
        let (table, handle, alpha) = (self.table(), self.variant(variant), self.fit_alpha(alpha));
        let mut out = std::ptr::null_mut();
        self.ask("fit", None, |call| {
            // SAFETY: the caller's promise.
            unsafe { table.fit(handle, x, y, alpha, call, &raw mut out) }
        })?;
        self.model(out, "fit")
    }

    /// Predictions of a model of variant 0.
    ///
    /// # Safety
    /// `x_new` is a view of readable memory, and `y_hat` has room for one number for each of its
    /// rows.
    unsafe fn predict_views(
        &self,
        model: &Model<'_>,
        x_new: &Mat,
        y_hat: *mut f64,
    ) -> Result<(), PluginError> {
        let (table, handle) = (self.table(), self.variant(0));
        self.ask("predict", None, |call| {
            // SAFETY: the model is alive; the rest is the caller's promise.
            unsafe { table.predict(handle, model.raw, x_new, y_hat, call) }
        })
    }

    /// One fit as bytes, whatever else the plugin offers.
    ///
    /// # Errors
    /// UNSUPPORTED for a plugin that does not offer `ocean.state/1`; else as
    /// [`PluginRegressor::fit_predict`].
    pub fn saved(&self, x: &DMatrix<f64>, y: &[f64], alpha: f64) -> Result<Fitted, PluginError> {
        let model = self.fit_once(0, x, y, alpha)?;
        self.save(0, &model)
    }

    fn fit_once(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Model<'_>, PluginError> {
        self.check_rows_of(x, y)?;
        // SAFETY: X and y live for the call and have the same number of rows.
        unsafe { self.fit_views(variant, &mat(x), y.as_ptr(), alpha) }
    }

    fn check_rows_of(&self, x: &DMatrix<f64>, y: &[f64]) -> Result<(), PluginError> {
        match x.nrows() == y.len() {
            true => Ok(()),
            false => Err(self.of_shape("y needs one number for each row of X")),
        }
    }

    /// The caller asked for what does not fit together.
    pub(super) fn of_shape(&self, message: &str) -> PluginError {
        PluginError::new(self.plugin(), status::SHAPE, message)
    }

    fn save(&self, variant: usize, model: &Model<'_>) -> Result<Fitted, PluginError> {
        let Some(state) = self.plugin().interfaces.state else {
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
        let handle = self.variant(variant);
        let sink = Mutex::new(Vec::new());
        self.ask("save", Some(&sink), |call| {
            // SAFETY: the model is alive.
            unsafe { state.save(handle, model.raw, call) }
        })?;
        let bytes = sink.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Fitted::State(bytes))
    }

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
        let model = self.fit_once(variant, x, y, alpha)?;
        let handle = self.variant(variant);
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
        self.save(variant, &model)
    }

    pub(super) fn predict_here(
        &self,
        bytes: &[u8],
        x_new: &DMatrix<f64>,
    ) -> Result<Vec<f64>, PluginError> {
        let handle = self.variant(0);
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
        let mut y_hat = vec![f64::NAN; x_new.nrows()];
        // SAFETY: X_new lives for the call, and the buffer has one number a row.
        unsafe { self.predict_views(&model, &mat(x_new), y_hat.as_mut_ptr()) }?;
        Ok(y_hat)
    }
}
