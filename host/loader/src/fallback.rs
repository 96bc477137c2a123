//! The engine's path for plugins that have none: from `ocean.regressor.batch/1`, or from `fit` and
//! `predict` alone (ABI_TABLES, Fallback).
//!
//! A step is a fit from scratch, so there is nothing to walk: batch gets all columns of a step in
//! one call, each with its own penalty; fit and predict are called once per column. Grids are the
//! engine's ([`family`]). On a relative grid step 0 of a lasso or elastic net **is** the empty
//! model, by definition, not by what a solver's arithmetic leaves of it.

use std::sync::OnceLock;

use nalgebra::DMatrix;
use ocean_engine::family;
use ocean_engine::regressor::{FitInfo, Path, Prepared, RegressorError};
use ocean_plugin_abi::{self as abi, handle, status};

use super::call::mat;
use super::grid::Grid;
use super::regressor::{
    PathShape, PluginRegressor, StudyRegressor, UNKNOWN, check_rows, check_targets, fit_info,
    prepare,
};

/// What the plugin offers in place of a path.
pub(super) enum Method {
    /// All columns of a step at once, on a prepared design.
    Batch(&'static abi::BatchV1, *mut handle::Prepared),
    /// One column at a time.
    Single,
}

impl Method {
    /// Prepares a design of a plugin with batch.
    pub fn batch(
        regressor: &PluginRegressor,
        table: &'static abi::BatchV1,
        x: &DMatrix<f64>,
        x_new: &DMatrix<f64>,
    ) -> Result<Self, RegressorError> {
        let (x, x_new) = (mat(x), mat(x_new));
        let raw = prepare(regressor, |maker, call, out| {
            // SAFETY: the matrices are borrowed by the `FallbackPrepared` that this goes into; the
            // views live for the call.
            unsafe { table.prepare(maker, &raw const x, &raw const x_new, call, out) }
        })?;
        Ok(Method::Batch(table, raw))
    }
}

/// A design with the host's grids.
pub(super) struct FallbackPrepared<'a> {
    regressor: &'a PluginRegressor,
    method: Method,
    x: &'a DMatrix<f64>,
    x_new: &'a DMatrix<f64>,
    /// The penalties of the ridge grid, which depend on the design alone.
    ridge_alphas: OnceLock<Vec<f64>>,
}

// SAFETY: `prepared` objects are shared by all threads, says the ABI; calls are serialised where
// the plugin asks for it.
unsafe impl Send for FallbackPrepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for FallbackPrepared<'_> {}

impl<'a> FallbackPrepared<'a> {
    pub fn new(
        regressor: &'a PluginRegressor,
        method: Method,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Self {
        Self {
            regressor,
            method,
            x,
            x_new,
            ridge_alphas: OnceLock::new(),
        }
    }

    /// Fractions of α_max, from 1 down.
    fn fill_sparse(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        let l1_ratio = self.regressor.l1_ratio(variant);
        if !(l1_ratio > 0.0 && l1_ratio <= 1.0) {
            return Err(self.regressor.error(
                status::PARAM,
                format!("l1_ratio = {l1_ratio} is outside (0, 1]; for 0 use a ridge"),
            ));
        }
        let fractions = family::log_spaced(
            1.0,
            self.regressor.min_ratio(self.x.nrows(), self.x.ncols()),
            alphas.nrows(),
        );
        for (j, mut column) in alphas.column_iter_mut().enumerate() {
            let products = self.x.tr_mul(&y.columns(j, 1));
            let most = family::alpha_max(products.iter().copied(), self.x.nrows(), l1_ratio);
            // A y that no column of X moves with has α_max = 0: every step is the empty model, and
            // the rows must still fall.
            let most = if most > 0.0 {
                most
            } else {
                f64::MIN_POSITIVE.sqrt()
            };
            for (value, fraction) in column.iter_mut().zip(&fractions) {
                *value = most * fraction;
            }
        }
        Ok(())
    }
}

impl Drop for FallbackPrepared<'_> {
    fn drop(&mut self) {
        if let Method::Batch(table, raw) = self.method {
            // SAFETY: made by this table, destroyed once.
            self.regressor.guarded(|| unsafe { table.destroy(raw) });
        }
    }
}

impl Prepared for FallbackPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        check_targets(self.regressor, self.x.nrows(), y, alphas)?;
        check_rows(self.regressor, alphas)?;
        if self.regressor.fill_given(alphas) {
            return Ok(());
        }
        let n = alphas.nrows();
        let same_for_all = match self.regressor.host_grid() {
            Grid::Sparse => return self.fill_sparse(variant, y, alphas),
            Grid::Ridge => self
                .ridge_alphas
                .get_or_init(|| family::ridge_grid(&family::eigenvalues(self.x), n))
                .clone(),
            Grid::Range {
                min,
                max,
                is_log: true,
            } => family::log_spaced(max, min, n),
            Grid::Range {
                min,
                max,
                is_log: false,
            } => family::evenly_spaced(max, min, n),
            Grid::Point(alpha) => vec![alpha; n],
        };
        for mut column in alphas.column_iter_mut() {
            column
                .iter_mut()
                .zip(&same_for_all)
                .for_each(|(value, alpha)| *value = *alpha);
        }
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        _: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        check_targets(self.regressor, self.x.nrows(), y, alphas)?;
        Ok(Box::new(FallbackPath {
            prepared: self,
            variant,
            y: y.clone(),
            alphas: alphas.clone(),
        }))
    }
}

/// A walk that starts anew at every step.
struct FallbackPath<'p> {
    prepared: &'p FallbackPrepared<'p>,
    variant: usize,
    y: DMatrix<f64>,
    alphas: DMatrix<f64>,
}

impl FallbackPath<'_> {
    fn is_empty_by_definition(&self, step: u32) -> bool {
        let regressor = self.prepared.regressor;
        step == 0 && regressor.host_grid() == Grid::Sparse && regressor.options().alphas.is_none()
    }

    /// One call for all `places` of columns and steps.
    fn advance_batch(
        &self,
        table: &abi::BatchV1,
        raw: *const handle::Prepared,
        jobs: &[Job],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let regressor = self.prepared.regressor;
        let n_new = self.prepared.x_new.nrows();
        let y = DMatrix::from_fn(self.y.nrows(), jobs.len(), |i, c| {
            self.y[(i, jobs[c].column)]
        });
        let alphas = DMatrix::from_fn(1, jobs.len(), |_, c| {
            regressor.fit_alpha(self.alphas[(jobs[c].step, jobs[c].column)])
        });
        let mut predicted = DMatrix::<f64>::zeros(n_new, jobs.len());
        let mut infos = vec![UNKNOWN; jobs.len()];
        let (y_view, alphas_view) = (mat(&y), mat(&alphas));
        let out = abi::MatMut::column_major(predicted.as_mut_ptr(), n_new, jobs.len());
        regressor.call("fit_predict", |call| {
            let handle = regressor.variant(self.variant);
            // SAFETY: the objects are alive and all views match the sizes they state: one row of
            // penalties, so n_new rows of predictions.
            unsafe {
                table.fit_predict(
                    handle,
                    raw,
                    &raw const y_view,
                    &raw const alphas_view,
                    out,
                    infos.as_mut_ptr(),
                    call,
                )
            }
        })?;
        for (c, job) in jobs.iter().enumerate() {
            y_hat[job.place * n_new..][..n_new].copy_from_slice(predicted.column(c).as_slice());
            info[job.place] = fit_info(&infos[c]);
        }
        Ok(())
    }

    /// One fit and one prediction.
    fn advance_single(&self, job: &Job, y_hat: &mut [f64]) -> Result<FitInfo, RegressorError> {
        let FallbackPrepared {
            regressor,
            x,
            x_new,
            ..
        } = *self.prepared;
        let (table, handle) = (regressor.table(), regressor.variant(self.variant));
        let (x_view, x_new_view) = (mat(x), mat(x_new));
        let y = self.y.column(job.column);
        let alpha = regressor.fit_alpha(self.alphas[(job.step, job.column)]);
        let mut model = Model {
            regressor,
            raw: std::ptr::null_mut(),
        };
        regressor.call("fit", |call| {
            // SAFETY: y has as many values as x has rows (checked by `begin`); views and objects
            // live for the call.
            unsafe {
                table.fit(
                    handle,
                    &raw const x_view,
                    y.as_slice().as_ptr(),
                    alpha,
                    call,
                    &raw mut model.raw,
                )
            }
        })?;
        if model.raw.is_null() {
            return Err(regressor.error(status::INTERNAL, "fit returned OK and no model"));
        }
        regressor.call("predict", |call| {
            // SAFETY: the model was just made; y_hat has as many values as x_new has rows.
            unsafe {
                table.predict(
                    handle,
                    model.raw,
                    &raw const x_new_view,
                    y_hat.as_mut_ptr(),
                    call,
                )
            }
        })?;
        Ok(FitInfo {
            gap: f64::NAN,
            n_nonzero: self.n_nonzero(&model)?,
            is_unconverged: false,
        })
    }

    /// Coefficients that are not zero, where the plugin shows them.
    fn n_nonzero(&self, model: &Model<'_>) -> Result<Option<u32>, RegressorError> {
        let regressor = self.prepared.regressor;
        let Some(table) = regressor.plugin().interfaces.linear else {
            return Ok(None);
        };
        let mut coef = vec![0.0; self.prepared.x.ncols()];
        regressor.call("coef", |call| {
            // SAFETY: one value a feature; the model is alive.
            unsafe {
                table.coef(
                    regressor.variant(self.variant),
                    model.raw,
                    coef.as_mut_ptr(),
                    call,
                )
            }
        })?;
        Ok(Some(
            coef.iter().filter(|value| **value != 0.0).count() as u32
        ))
    }
}

/// One column to fit at one step, and where its result goes.
struct Job {
    place: usize,
    column: usize,
    step: usize,
}

/// A fitted model, ended on every way out.
struct Model<'a> {
    regressor: &'a PluginRegressor,
    raw: *mut handle::Model,
}

impl Drop for Model<'_> {
    fn drop(&mut self) {
        // SAFETY: made by this table, or null, which is allowed; destroyed once.
        self.regressor
            .guarded(|| unsafe { self.regressor.table().destroy_model(self.raw) });
    }
}

impl Path for FallbackPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let FallbackPrepared {
            regressor, x_new, ..
        } = *self.prepared;
        let n_new = x_new.nrows();
        let shape = PathShape {
            n_out: n_new,
            n_targets: self.y.ncols(),
            n_alphas: self.alphas.nrows(),
        };
        regressor.check_shapes(&shape, columns, steps, y_hat, info)?;
        let mut jobs = Vec::new();
        for (place, (&column, &step)) in columns.iter().zip(steps).enumerate() {
            if self.is_empty_by_definition(step) {
                y_hat[place * n_new..][..n_new].fill(0.0);
                info[place] = FitInfo {
                    gap: 0.0,
                    n_nonzero: Some(0),
                    is_unconverged: false,
                };
            } else {
                jobs.push(Job {
                    place,
                    column: column as usize,
                    step: step as usize,
                });
            }
        }
        match self.prepared.method {
            Method::Batch(..) if jobs.is_empty() => {}
            Method::Batch(table, raw) => self.advance_batch(table, raw, &jobs, y_hat, info)?,
            Method::Single => {
                for job in &jobs {
                    info[job.place] =
                        self.advance_single(job, &mut y_hat[job.place * n_new..][..n_new])?;
                }
            }
        }
        regressor.check_finite(y_hat)
    }
}
