//! Lives in an order that no study has, for `plugin check`: objects that end before or after those
//! they came from, and the end of nothing.

use nalgebra::DMatrix;
use ocean_plugin_abi::{self as abi, Call, Status, Str, handle, status};

use super::call::{self, CallContext, Terms, mat};
use super::{Plugin, PluginError};

/// Destroys NULL in every way that the plugin has: nothing happens, says the ABI.
pub fn nothing_destroyed(plugin: &Plugin, context: &CallContext) {
    let interfaces = &plugin.interfaces;
    // SAFETY: NULL is allowed in every destroy.
    call::guarded(plugin, context, || unsafe {
        if let Some(table) = interfaces.regressor {
            table.destroy(std::ptr::null_mut());
            table.destroy_model(std::ptr::null_mut());
        }
        if let Some(table) = interfaces.batch {
            table.destroy(std::ptr::null_mut());
        }
        if let Some(table) = interfaces.path {
            table.destroy(std::ptr::null_mut());
            table.destroy_path(std::ptr::null_mut());
        }
        if let Some(table) = interfaces.moments {
            table.destroy(std::ptr::null_mut());
            table.destroy_path(std::ptr::null_mut());
        }
        if let Some(table) = interfaces.encoder {
            table.destroy(std::ptr::null_mut());
        }
    });
}

/// One model, predicted before and after the regressor beside its own and that one's first model
/// are gone; models end after their regressors, and a design after its maker. Gives the two
/// predictions.
pub fn in_odd_order(
    plugin: &Plugin,
    context: &CallContext,
    params: &str,
    (x, y, alpha): (&DMatrix<f64>, &[f64], f64),
) -> Result<[Vec<f64>; 2], PluginError> {
    let Some(table) = plugin.interfaces.regressor else {
        let message = "it is not a regressor";
        return Err(PluginError::new(plugin, status::UNSUPPORTED, message));
    };
    let lives = Lives {
        plugin,
        context,
        table,
        params,
    };
    let view = mat(x);
    let alpha = plugin.descriptor.alpha().map_or(f64::NAN, |_| alpha);
    let fit = |regressor| {
        lives.make("fit", |call, out| {
            // SAFETY: X and y live for the call and have the same number of rows; the regressor is
            // alive.
            unsafe { table.fit(regressor, &raw const view, y.as_ptr(), alpha, call, out) }
        })
    };
    let predict = |regressor, model| {
        let mut y_hat = vec![f64::NAN; x.nrows()];
        let buffer = y_hat.as_mut_ptr();
        lives.call("predict", |call| {
            // SAFETY: both objects are alive; one number a row.
            unsafe { table.predict(regressor, model, &raw const view, buffer, call) }
        })?;
        Ok(y_hat)
    };
    let (one, other) = (lives.create()?, lives.create()?);
    let (first, second, of_other) = (fit(one)?, fit(one)?, fit(other)?);
    let before = predict(other, of_other)?;
    // SAFETY: here and below, made above and destroyed once.
    lives.end(|| unsafe {
        table.destroy_model(first);
        table.destroy(one);
    });
    let after = predict(other, of_other)?;
    lives.end(|| unsafe {
        table.destroy(other);
        table.destroy_model(second);
        table.destroy_model(of_other);
    });
    if let Some(path) = plugin.interfaces.path {
        lives.walk(path, &view, y.as_ptr(), alpha)?;
    }
    Ok([before, after])
}

struct Lives<'a> {
    plugin: &'a Plugin,
    context: &'a CallContext,
    table: &'static abi::RegressorV1,
    params: &'a str,
}

impl Lives<'_> {
    fn call(
        &self,
        what: &str,
        function: impl FnOnce(*const Call) -> Status,
    ) -> Result<(), PluginError> {
        call::call(self.plugin, self.context, Terms::single(0), what, function)
    }

    fn make<T>(
        &self,
        what: &str,
        function: impl FnOnce(*const Call, *mut *mut T) -> Status,
    ) -> Result<*mut T, PluginError> {
        let mut out = std::ptr::null_mut();
        self.call(what, |call| function(call, &raw mut out))?;
        if out.is_null() {
            let message = format!("{what} returned OK and no object");
            return Err(PluginError::new(self.plugin, status::INTERNAL, message));
        }
        Ok(out)
    }

    fn end(&self, destroy: impl FnOnce()) {
        call::guarded(self.plugin, self.context, destroy);
    }

    fn create(&self) -> Result<*mut handle::Regressor, PluginError> {
        self.make("create", |call, out| {
            // SAFETY: the text lives for the call.
            unsafe { self.table.create(Str::new(self.params), call, out) }
        })
    }

    /// A walk whose design ends after the regressors that made it and began it.
    fn walk(
        &self,
        table: &abi::PathV1,
        x: &abi::Mat,
        y: *const f64,
        alpha: f64,
    ) -> Result<(), PluginError> {
        let (maker, walker) = (self.create()?, self.create()?);
        let prepared = self.make("prepare", |call, out| {
            // SAFETY: the caller's X lives until this function returns.
            unsafe { table.prepare(maker, x, x, call, out) }
        })?;
        // SAFETY: here and below, made above and destroyed once.
        self.end(|| unsafe { self.table.destroy(maker) });
        let y = abi::Mat::column_major(y, x.rows, 1);
        let alphas = abi::Mat::column_major(&raw const alpha, 1, 1);
        let path = self.make("begin", |call, out| {
            // SAFETY: one column of as many rows as X has, and one penalty for it.
            unsafe { table.begin(walker, prepared, &raw const y, &raw const alphas, call, out) }
        })?;
        let mut y_hat = vec![f64::NAN; x.rows];
        let out = abi::MatMut::column_major(y_hat.as_mut_ptr(), x.rows, 1);
        let mut info = super::regressor::UNKNOWN;
        self.call("advance", |call| {
            // SAFETY: column 0 at step 0, with room for its predictions.
            unsafe { table.advance(path, &0, &0, 1, out, &raw mut info, call) }
        })?;
        self.end(|| unsafe {
            table.destroy_path(path);
            self.table.destroy(walker);
            table.destroy(prepared);
        });
        Ok(())
    }
}
