//! A plugin as the engine's regressor.
//!
//! One kind of object whatever the plugin offers: `ocean.regressor.path/1`, and from second moments
//! `ocean.regressor.moments/1`, are called as they are; everything else goes through
//! [`super::fallback`]. A regressor holds one handle per *variant*, a combination of the listed
//! values of tunable parameters (for elastic net: the l1_ratios).

mod checks;
mod path;
mod study;

use std::sync::Arc;

use nalgebra::DMatrix;
use ocean_engine::regressor::{Prepared, Regressor, RegressorError, TrainingSet};
use ocean_plugin_abi::{self as abi, Call, Status, Str, handle, status};
use serde_json::{Map, Value};

use super::call::{self, CallContext, Terms};
use super::fallback::{FallbackPrepared, Method};
use super::grid::Grid;
use super::profile::Profile;
use super::{Plugin, PluginError};

pub(crate) use checks::{PathShape, UNKNOWN, check_rows, check_targets, fit_info};
use path::PathPrepared;
pub(crate) use path::prepare;
pub use study::{RegressorOptions, StudyRegressor};

/// A plugin with its parameters, ready to be driven by the engine.
pub struct PluginRegressor {
    plugin: Arc<Plugin>,
    context: CallContext,
    options: RegressorOptions,
    table: &'static abi::RegressorV1,
    variants: Vec<Handle>,
    grid: Grid,
    profile: Profile,
}

impl PluginRegressor {
    /// Creates the plugin's objects, one a variant.
    ///
    /// # Errors
    /// The plugin is no regressor, refuses the parameters, or has no penalty although `alphas` are
    /// given; or `alphas` are not numbers ≥ 0, all different.
    pub fn new(
        plugin: Arc<Plugin>,
        options: RegressorOptions,
        context: CallContext,
    ) -> Result<Self, PluginError> {
        let table = plugin.interfaces.regressor.ok_or_else(|| {
            PluginError::new(&plugin, status::UNSUPPORTED, "it is not a regressor")
        })?;
        let grid = Grid::of(&plugin);
        let options = RegressorOptions {
            alphas: options
                .alphas
                .map(|alphas| strongest_first(&plugin, alphas))
                .transpose()?,
            ..options
        };
        let profile = Profile::of(&plugin, &options);
        let has_penalty = plugin.interfaces.path.is_some() || plugin.descriptor.alpha().is_some();
        if options.alphas.is_some() && !has_penalty {
            return Err(PluginError::new(
                &plugin,
                status::PARAM,
                "it has no penalty to tune; remove `alphas`",
            ));
        }
        let mut regressor = Self {
            plugin,
            context,
            options,
            table,
            variants: Vec::new(),
            grid,
            profile,
        };
        regressor.variants = regressor
            .options
            .variants
            .iter()
            .map(|params| regressor.create(params))
            .collect::<Result<_, _>>()?;
        if regressor.variants.is_empty() {
            return Err(PluginError::new(
                &regressor.plugin,
                status::PARAM,
                "no variant of its parameters is left to try",
            ));
        }
        Ok(regressor)
    }

    /// The weakest penalty of a relative grid of a design, as a share of the strongest.
    pub(super) fn min_ratio(&self, n_samples: usize, n_features: usize) -> f64 {
        let glmnet = if n_samples < n_features { 0.01 } else { 1e-4 };
        self.options.alpha_min_ratio.unwrap_or(glmnet)
    }

    pub(super) fn context(&self) -> &CallContext {
        &self.context
    }

    pub(super) fn options(&self) -> &RegressorOptions {
        &self.options
    }

    /// The share of ℓ1 of a variant: its parameter, else the schema's default, else 1 (a lasso has
    /// no such parameter).
    pub(super) fn l1_ratio(&self, variant: usize) -> f64 {
        let given = self.options.variants[variant]
            .get("l1_ratio")
            .and_then(Value::as_f64);
        given
            .or_else(|| self.plugin.descriptor.schema["l1_ratio"]["default"].as_f64())
            .unwrap_or(1.0)
    }

    pub(super) fn host_grid(&self) -> Grid {
        self.grid
    }

    pub(super) fn variant(&self, variant: usize) -> *const handle::Regressor {
        self.variants[variant].0
    }

    /// The alpha that one fit gets: NaN, as the ABI asks, when the plugin has none.
    pub(super) fn fit_alpha(&self, alpha: f64) -> f64 {
        if self.plugin.descriptor.alpha().is_some() {
            alpha
        } else {
            f64::NAN
        }
    }

    pub(super) fn table(&self) -> &'static abi::RegressorV1 {
        self.table
    }

    /// A design of its batch, whether or not it has a path, which a study would take; `None`: it
    /// has no batch.
    pub fn prepare_batch<'a>(
        &'a self,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Option<Result<Box<dyn Prepared + 'a>, RegressorError>> {
        let table = self.plugin.interfaces.batch?;
        let prepared = Method::batch(self, table, x, x_new).map(|method| {
            Box::new(FallbackPrepared::new(self, method, x, x_new)) as Box<dyn Prepared>
        });
        Some(prepared)
    }

    /// A call with the terms of regressors: the study's seed, one thread.
    pub(super) fn call(
        &self,
        what: &str,
        function: impl FnOnce(*const Call) -> Status,
    ) -> Result<(), RegressorError> {
        call::call(
            &self.plugin,
            &self.context,
            Terms::single(self.options.seed),
            what,
            function,
        )
        .map_err(engine_error)
    }

    /// A `destroy`.
    pub(super) fn guarded(&self, function: impl FnOnce()) {
        call::guarded(&self.plugin, &self.context, function);
    }

    pub(super) fn error(&self, status: Status, message: impl Into<String>) -> RegressorError {
        engine_error(PluginError::new(&self.plugin, status, message))
    }

    fn create(&self, params: &Map<String, Value>) -> Result<Handle, PluginError> {
        let params = json(params);
        let mut out = std::ptr::null_mut();
        call::call(
            &self.plugin,
            &self.context,
            Terms::single(self.options.seed),
            "create",
            |call| {
                // SAFETY: text, call and out live for the call.
                unsafe { self.table.create(Str::new(&params), call, &raw mut out) }
            },
        )?;
        if out.is_null() {
            return Err(PluginError::new(
                &self.plugin,
                status::INTERNAL,
                "create returned OK and no object",
            ));
        }
        Ok(Handle(out))
    }

    /// Fills `alphas` from the study's own list, if there is one.
    pub(super) fn fill_given(&self, alphas: &mut DMatrix<f64>) -> bool {
        let Some(given) = &self.options.alphas else {
            return false;
        };
        for mut column in alphas.column_iter_mut() {
            for (value, given) in column.iter_mut().zip(given) {
                *value = *given;
            }
        }
        true
    }
}

impl Drop for PluginRegressor {
    fn drop(&mut self) {
        for variant in &self.variants {
            // SAFETY: made by this plugin, destroyed once; paths and designs borrow the regressor,
            // so they are gone.
            self.guarded(|| unsafe { self.table.destroy(variant.0) });
        }
    }
}

/// A regressor object of the plugin.
struct Handle(*mut handle::Regressor);
// SAFETY: every function of the ABI may be called from any thread; `call::guarded` serialises where
// the plugin asks for it.
unsafe impl Send for Handle {}
// SAFETY: shared by `[concurrent]` functions only, which take it const.
unsafe impl Sync for Handle {}

/// Parameters as the ABI takes them.
pub(super) fn json(params: &Map<String, Value>) -> String {
    Value::Object(params.clone()).to_string()
}

pub(super) fn engine_error(error: PluginError) -> RegressorError {
    RegressorError {
        status: error.status,
        message: error.to_string(),
    }
}

fn strongest_first(plugin: &Plugin, mut alphas: Vec<f64>) -> Result<Vec<f64>, PluginError> {
    let refuse = |what: String| Err(PluginError::new(plugin, status::PARAM, what));
    if alphas.is_empty() {
        return refuse("alphas = [] leaves no penalty to try".into());
    }
    if let Some(bad) = alphas
        .iter()
        .find(|alpha| !alpha.is_finite() || **alpha < 0.0)
    {
        return refuse(format!(
            "alphas contains {bad}; numbers from 0 up are expected"
        ));
    }
    alphas.sort_by(|a, b| b.total_cmp(a));
    match alphas.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => refuse(format!("alphas contains {} twice", pair[0])),
        None => Ok(alphas),
    }
}

impl Regressor for PluginRegressor {
    fn n_variants(&self) -> usize {
        self.variants.len()
    }

    fn n_alphas(&self) -> usize {
        self.profile.n_alphas
    }

    fn scales_y(&self) -> bool {
        self.profile.scales_y
    }

    fn takes_moments(&self, n_samples: usize, n_features: usize) -> bool {
        self.profile.takes_moments(n_samples, n_features)
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        if let Some(prepared) = PathPrepared::new(self, training)? {
            return Ok(Box::new(prepared));
        }
        let (x, x_new) = training.rows()?;
        self.prepare_batch(x, x_new).unwrap_or_else(|| {
            let single = FallbackPrepared::new(self, Method::Single, x, x_new);
            Ok(Box::new(single))
        })
    }
}
