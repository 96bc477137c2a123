//! `ocean.regressor.path/1` of a plugin as the engine drives it, and how a design is prepared.

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Path, Prepared, RegressorError};
use ocean_plugin_abi::{self as abi, Call, Status, handle, status};

use super::checks::{PathShape, UNKNOWN, check_grid, check_rows, check_targets, fit_info};
use super::{PluginRegressor, engine_error};
use crate::call::mat;

/// Prepares one design with `prepare` of a path or batch table, through a regressor object of its
/// own.
///
/// `prepare` is tagged `[any]`: one call at a time per handle. The engine prepares designs on
/// several threads, and a design made by one object serves every other that differs in tunable
/// parameters only, so each gets an object that lives just for this.
pub(crate) fn prepare(
    regressor: &PluginRegressor,
    function: impl FnOnce(*const handle::Regressor, *const Call, *mut *mut handle::Prepared) -> Status,
) -> Result<*mut handle::Prepared, RegressorError> {
    let maker = regressor
        .create(&regressor.options.variants[0])
        .map_err(engine_error)?;
    let mut out = std::ptr::null_mut();
    let result = regressor.call("prepare", |call| function(maker.0, call, &raw mut out));
    // SAFETY: made above, destroyed once. A design does not need its maker.
    regressor.guarded(|| unsafe { regressor.table.destroy(maker.0) });
    result?;
    if out.is_null() {
        return Err(regressor.error(status::INTERNAL, "prepare returned OK and no object"));
    }
    Ok(out)
}

/// A design in the hands of a plugin with a path.
pub(super) struct PathPrepared<'a> {
    regressor: &'a PluginRegressor,
    table: &'static abi::PathV1,
    raw: *mut handle::Prepared,
    n_samples: usize,
    n_features: usize,
    n_new: usize,
    // X and X_new stay valid until `destroy`: they are borrowed for as long as this lives.
    _design: std::marker::PhantomData<&'a DMatrix<f64>>,
}

// SAFETY: `prepared` objects are shared by all threads, says the ABI; calls are serialised where
// the plugin asks for it.
unsafe impl Send for PathPrepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for PathPrepared<'_> {}

impl<'a> PathPrepared<'a> {
    pub(super) fn new(
        regressor: &'a PluginRegressor,
        table: &'static abi::PathV1,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Result<Self, RegressorError> {
        let (x_view, x_new_view) = (mat(x), mat(x_new));
        let raw = prepare(regressor, |maker, call, out| {
            // SAFETY: the views' data are borrowed for 'a; the views themselves live for the call.
            unsafe { table.prepare(maker, &raw const x_view, &raw const x_new_view, call, out) }
        })?;
        Ok(Self {
            regressor,
            table,
            raw,
            n_samples: x.nrows(),
            n_features: x.ncols(),
            n_new: x_new.nrows(),
            _design: std::marker::PhantomData,
        })
    }
}

impl Drop for PathPrepared<'_> {
    fn drop(&mut self) {
        // SAFETY: made by this table, destroyed once; its paths borrow this object, so they are
        // gone.
        self.regressor
            .guarded(|| unsafe { self.table.destroy(self.raw) });
    }
}

impl Prepared for PathPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        check_targets(self.regressor, self.n_samples, y, alphas)?;
        check_rows(self.regressor, alphas)?;
        if self.regressor.fill_given(alphas) {
            return Ok(());
        }
        let (handle, y) = (self.regressor.variant(variant), mat(y));
        let out = abi::MatMut::column_major(alphas.as_mut_ptr(), alphas.nrows(), alphas.ncols());
        let min_ratio = self.regressor.min_ratio(self.n_samples, self.n_features);
        self.regressor.call("grid", |call| {
            // SAFETY: the objects are alive, the views match the sizes they state.
            unsafe {
                self.table
                    .grid(handle, self.raw, &raw const y, min_ratio, out, call)
            }
        })?;
        check_grid(self.regressor, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        check_targets(self.regressor, self.n_samples, y, alphas)?;
        let handle = self.regressor.variant(variant);
        let (y_view, alphas_view) = (mat(y), mat(alphas));
        let mut raw = std::ptr::null_mut();
        self.regressor.call("begin", |call| {
            // SAFETY: as in `grid`; the plugin copies what it keeps of y and alphas.
            unsafe {
                self.table.begin(
                    handle,
                    self.raw,
                    &raw const y_view,
                    &raw const alphas_view,
                    call,
                    &raw mut raw,
                )
            }
        })?;
        if raw.is_null() {
            return Err(self
                .regressor
                .error(status::INTERNAL, "begin returned OK and no object"));
        }
        Ok(Box::new(PluginPath {
            prepared: self,
            raw,
            shape: PathShape {
                n_new: self.n_new,
                n_targets: y.ncols(),
                n_alphas: alphas.nrows(),
            },
            infos: Vec::new(),
        }))
    }
}

/// A walk of the plugin's.
struct PluginPath<'p> {
    prepared: &'p PathPrepared<'p>,
    raw: *mut handle::Path,
    shape: PathShape,
    /// Kept between calls, so that stepping allocates nothing.
    infos: Vec<abi::FitInfo>,
}

// SAFETY: a path's functions are `[any]`: any thread, one call at a time, and they are called
// through `&mut`.
unsafe impl Send for PluginPath<'_> {}

impl Path for PluginPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let PathPrepared {
            regressor,
            table,
            n_new,
            ..
        } = *self.prepared;
        regressor.check_shapes(&self.shape, columns, steps, y_hat, info)?;
        self.infos.clear();
        self.infos.resize(columns.len(), UNKNOWN);
        let out = abi::MatMut::column_major(y_hat.as_mut_ptr(), n_new, columns.len());
        let infos = self.infos.as_mut_ptr();
        regressor.call("advance", |call| {
            // SAFETY: the path is alive and this thread's; all sizes were checked above.
            unsafe {
                table.advance(
                    self.raw,
                    columns.as_ptr(),
                    steps.as_ptr(),
                    columns.len(),
                    out,
                    infos,
                    call,
                )
            }
        })?;
        for (info, raw) in info.iter_mut().zip(&self.infos) {
            *info = fit_info(raw);
        }
        regressor.check_finite(y_hat)
    }
}

impl Drop for PluginPath<'_> {
    fn drop(&mut self) {
        let PathPrepared {
            regressor, table, ..
        } = *self.prepared;
        // SAFETY: made by this table, destroyed once.
        regressor.guarded(|| unsafe { table.destroy_path(self.raw) });
    }
}
