//! `ocean.regressor.path/1` and `ocean.regressor.moments/1` of a plugin as the engine drives them,
//! and how a design is prepared.

use nalgebra::DMatrix;
use ocean_engine::regressor::{Errors, FitInfo, Path, Prepared, RegressorError, TrainingSet};
use ocean_plugin_abi::{self as abi, Call, Status, handle, status};

use super::checks::{
    PathShape, UNKNOWN, check_errors, check_grid, check_rows, check_targets, fit_info,
};
use super::{PluginRegressor, engine_error};
use crate::call::mat;

/// Prepares one design with `prepare` of a path, moments or batch table, through a regressor object
/// of its own.
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

/// The table of functions that walks: one a kind of training set. They differ in what they take.
#[derive(Clone, Copy)]
enum Table {
    Rows(&'static abi::PathV1),
    Moments(&'static abi::MomentsV1),
}

/// Calls a function that both tables have with the same arguments.
macro_rules! of_either {
    ($table:expr, $function:ident($($argument:expr),*)) => {
        match $table {
            Table::Rows(table) => table.$function($($argument),*),
            Table::Moments(table) => table.$function($($argument),*),
        }
    };
}

/// A design in the hands of a plugin with a path.
pub(super) struct PathPrepared<'a> {
    regressor: &'a PluginRegressor,
    table: Table,
    raw: *mut handle::Prepared,
    // Its matrices stay valid until `destroy`: they are borrowed for as long as this lives.
    training: TrainingSet<'a>,
}

// SAFETY: `prepared` objects are shared by all threads, says the ABI; calls are serialised where
// the plugin asks for it.
unsafe impl Send for PathPrepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for PathPrepared<'_> {}

impl<'a> PathPrepared<'a> {
    /// `None`: the plugin has no path for such training sets.
    pub(super) fn new(
        regressor: &'a PluginRegressor,
        training: TrainingSet<'a>,
    ) -> Result<Option<Self>, RegressorError> {
        let interfaces = &regressor.plugin.interfaces;
        let (table, raw) = match training {
            TrainingSet::Rows { x, x_new } => {
                let Some(table) = interfaces.path else {
                    return Ok(None);
                };
                let (x, x_new) = (mat(x), mat(x_new));
                let raw = prepare(regressor, |maker, call, out| {
                    // SAFETY: the views' data are borrowed for 'a; the views themselves live for
                    // the call.
                    unsafe { table.prepare(maker, &raw const x, &raw const x_new, call, out) }
                })?;
                (Table::Rows(table), raw)
            }
            TrainingSet::Moments { gram, n_samples } => {
                let Some(table) = interfaces.moments else {
                    return Ok(None);
                };
                let gram = mat(gram);
                let raw = prepare(regressor, |maker, call, out| {
                    // SAFETY: as above.
                    unsafe { table.prepare(maker, &raw const gram, n_samples as u64, call, out) }
                })?;
                (Table::Moments(table), raw)
            }
        };
        Ok(Some(Self {
            regressor,
            table,
            raw,
            training,
        }))
    }
}

impl Drop for PathPrepared<'_> {
    fn drop(&mut self) {
        // SAFETY: made by this table, destroyed once; its paths borrow this object, so they are
        // gone.
        self.regressor
            .guarded(|| unsafe { of_either!(self.table, destroy(self.raw)) });
    }
}

impl Prepared for PathPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let sizes = self.training.sizes();
        check_targets(self.regressor, sizes.n_y, y, alphas)?;
        check_rows(self.regressor, alphas)?;
        if self.regressor.fill_given(alphas) {
            return Ok(());
        }
        let (handle, y) = (self.regressor.variant(variant), mat(y));
        let out = abi::MatMut::column_major(alphas.as_mut_ptr(), alphas.nrows(), alphas.ncols());
        let min_ratio = self.regressor.min_ratio(sizes.n_samples, sizes.n_features);
        self.regressor.call("grid", |call| {
            // SAFETY: the objects are alive, the views match the sizes they state.
            unsafe {
                of_either!(
                    self.table,
                    grid(handle, self.raw, &raw const y, min_ratio, out, call)
                )
            }
        })?;
        check_grid(self.regressor, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        let (regressor, sizes) = (self.regressor, self.training.sizes());
        check_targets(regressor, sizes.n_y, y, alphas)?;
        if matches!(self.table, Table::Moments(_)) && y_sq.len() != y.ncols() {
            return Err(regressor.error(status::SHAPE, "as many yᵀy/n as targets are expected"));
        }
        let (handle, prepared) = (regressor.variant(variant), self.raw);
        let (y_view, alphas_view) = (mat(y), mat(alphas));
        let (y_view, alphas_view) = (&raw const y_view, &raw const alphas_view);
        let mut raw = std::ptr::null_mut();
        let out = &raw mut raw;
        regressor.call("begin", |call| {
            // SAFETY: as in `grid`; the plugin copies what it keeps of the targets and alphas.
            unsafe {
                match self.table {
                    Table::Rows(table) => {
                        table.begin(handle, prepared, y_view, alphas_view, call, out)
                    }
                    Table::Moments(table) => {
                        let y_sq = y_sq.as_ptr();
                        table.begin(handle, prepared, y_view, y_sq, alphas_view, call, out)
                    }
                }
            }
        })?;
        if raw.is_null() {
            return Err(regressor.error(status::INTERNAL, "begin returned OK and no object"));
        }
        Ok(Box::new(PluginPath {
            prepared: self,
            raw,
            shape: PathShape {
                n_out: sizes.n_out,
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
        out: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let PathPrepared {
            regressor, table, ..
        } = *self.prepared;
        regressor.check_shapes(&self.shape, columns, steps, out, info)?;
        self.infos.clear();
        self.infos.resize(columns.len(), UNKNOWN);
        let view = abi::MatMut::column_major(out.as_mut_ptr(), self.shape.n_out, columns.len());
        let (raw_columns, raw_steps) = (columns.as_ptr(), steps.as_ptr());
        let infos = self.infos.as_mut_ptr();
        regressor.call("advance", |call| {
            // SAFETY: the path is alive and this thread's; all sizes were checked above.
            unsafe {
                of_either!(
                    table,
                    advance(
                        self.raw,
                        raw_columns,
                        raw_steps,
                        columns.len(),
                        view,
                        infos,
                        call
                    )
                )
            }
        })?;
        for (info, raw) in info.iter_mut().zip(&self.infos) {
            *info = fit_info(raw);
        }
        regressor.check_finite(out)
    }

    fn errors(
        &mut self,
        y_new: &DMatrix<f64>,
        ends: &[usize],
    ) -> Result<Option<Errors>, RegressorError> {
        let PathPrepared {
            regressor, table, ..
        } = *self.prepared;
        let offered = regressor.plugin.interfaces.errors;
        let (Table::Rows(_), Some(errors)) = (table, offered) else {
            return Ok(None);
        };
        regressor.check_ranges(&self.shape, y_new, ends)?;
        let mut found = Errors::unknown(self.shape.n_alphas * ends.len(), y_new.ncols());
        let ends: Vec<u64> = ends.iter().map(|&end| end as u64).collect();
        let y_new = mat(y_new);
        let view = |matrix: &mut DMatrix<f64>| {
            abi::MatMut::column_major(matrix.as_mut_ptr(), matrix.nrows(), matrix.ncols())
        };
        let (sse, bound) = (view(&mut found.sse), view(&mut found.bound));
        let asked = regressor.call("errors", |call| {
            let (y_new, ends_at) = (&raw const y_new, ends.as_ptr());
            // SAFETY: the path is alive and this thread's; all sizes were checked above.
            unsafe { errors.errors(self.raw, y_new, ends_at, ends.len(), sse, bound, call) }
        });
        match asked {
            Err(error) if error.status == status::UNSUPPORTED => Ok(None),
            Err(error) => Err(error),
            Ok(()) => check_errors(regressor, found).map(Some),
        }
    }
}

impl Drop for PluginPath<'_> {
    fn drop(&mut self) {
        let PathPrepared {
            regressor, table, ..
        } = *self.prepared;
        // SAFETY: made by this table, destroyed once.
        regressor.guarded(|| unsafe { of_either!(table, destroy_path(self.raw)) });
    }
}
