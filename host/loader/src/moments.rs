//! `ocean.regressor.moments/1` of a plugin as the engine drives it.

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, MomentsRegressor, Path, PreparedMoments, RegressorError};
use ocean_plugin_abi::{self as abi, handle, status};

use super::call::mat;
use super::regressor::{
    PathShape, PluginRegressor, StudyRegressor, UNKNOWN, check_grid, check_rows, check_targets,
    fit_info, prepare,
};

impl MomentsRegressor for PluginRegressor {
    fn prepare_moments<'a>(
        &'a self,
        gram: &'a DMatrix<f64>,
        n_samples: usize,
    ) -> Result<Box<dyn PreparedMoments + 'a>, RegressorError> {
        let table = self.plugin().interfaces.moments.ok_or_else(|| {
            self.error(status::UNSUPPORTED, "it has no `ocean.regressor.moments/1`")
        })?;
        let view = mat(gram);
        let raw = prepare(self, |maker, call, out| {
            // SAFETY: the view's data are borrowed for 'a; the view itself lives for the call.
            unsafe { table.prepare(maker, &raw const view, n_samples as u64, call, out) }
        })?;
        Ok(Box::new(MomentsPrepared {
            regressor: self,
            table,
            raw,
            n_samples,
            n_features: gram.ncols(),
            _gram: std::marker::PhantomData,
        }))
    }
}

/// A design in the hands of a plugin.
struct MomentsPrepared<'a> {
    regressor: &'a PluginRegressor,
    table: &'static abi::MomentsV1,
    raw: *mut handle::Prepared,
    n_samples: usize,
    n_features: usize,
    // The moments stay valid until `destroy`: they are borrowed for as long as this lives.
    _gram: std::marker::PhantomData<&'a DMatrix<f64>>,
}

// SAFETY: `prepared` objects are shared by all threads, says the ABI; calls are serialised where
// the plugin asks for it.
unsafe impl Send for MomentsPrepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for MomentsPrepared<'_> {}

impl Drop for MomentsPrepared<'_> {
    fn drop(&mut self) {
        // SAFETY: made by this table, destroyed once; its paths borrow this object, so they are
        // gone.
        self.regressor
            .guarded(|| unsafe { self.table.destroy(self.raw) });
    }
}

impl PreparedMoments for MomentsPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        xty: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        check_targets(self.regressor, self.n_features, xty, alphas)?;
        check_rows(self.regressor, alphas)?;
        if self.regressor.fill_given(alphas) {
            return Ok(());
        }
        let (handle, xty) = (self.regressor.variant(variant), mat(xty));
        let out = abi::MatMut::column_major(alphas.as_mut_ptr(), alphas.nrows(), alphas.ncols());
        let min_ratio = self.regressor.min_ratio(self.n_samples, self.n_features);
        self.regressor.call("grid", |call| {
            // SAFETY: the objects are alive, the views match the sizes they state.
            unsafe {
                self.table
                    .grid(handle, self.raw, &raw const xty, min_ratio, out, call)
            }
        })?;
        check_grid(self.regressor, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        xty: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        check_targets(self.regressor, self.n_features, xty, alphas)?;
        let handle = self.regressor.variant(variant);
        let (xty_view, alphas_view) = (mat(xty), mat(alphas));
        let mut raw = std::ptr::null_mut();
        if y_sq.len() != xty.ncols() {
            return Err(self
                .regressor
                .error(status::SHAPE, "as many yᵀy/n as targets are expected"));
        }
        self.regressor.call("begin", |call| {
            // SAFETY: as in `grid`; the plugin copies what it keeps of the targets and alphas.
            unsafe {
                self.table.begin(
                    handle,
                    self.raw,
                    &raw const xty_view,
                    y_sq.as_ptr(),
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
        Ok(Box::new(MomentsPath {
            prepared: self,
            raw,
            shape: PathShape {
                n_new: self.n_features,
                n_targets: xty.ncols(),
                n_alphas: alphas.nrows(),
            },
            infos: Vec::new(),
        }))
    }
}

/// A walk of the plugin's. One thread's, as the engine's trait is.
struct MomentsPath<'p> {
    prepared: &'p MomentsPrepared<'p>,
    raw: *mut handle::Path,
    shape: PathShape,
    /// Kept between calls, so that stepping allocates nothing.
    infos: Vec<abi::FitInfo>,
}

// SAFETY: a path's functions are `[any]`: any thread, one call at a time, and they are called
// through `&mut`.
unsafe impl Send for MomentsPath<'_> {}

impl Path for MomentsPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        coef: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let MomentsPrepared {
            regressor, table, ..
        } = *self.prepared;
        regressor.check_shapes(&self.shape, columns, steps, coef, info)?;
        self.infos.clear();
        self.infos.resize(columns.len(), UNKNOWN);
        let out = abi::MatMut::column_major(coef.as_mut_ptr(), self.shape.n_new, columns.len());
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
        regressor.check_finite(coef)
    }
}

impl Drop for MomentsPath<'_> {
    fn drop(&mut self) {
        let MomentsPrepared {
            regressor, table, ..
        } = *self.prepared;
        // SAFETY: made by this table, destroyed once.
        regressor.guarded(|| unsafe { table.destroy_path(self.raw) });
    }
}
