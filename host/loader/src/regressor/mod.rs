//! A plugin as the engine's regressor.
//!
//! One kind of object whatever the plugin offers: `ocean.regressor.path/1` is called as it is; everything else goes through [`super::fallback`].
//! A regressor holds one handle per *variant*, a combination of the listed values of tunable parameters (for elastic net: the l1_ratios).

use std::sync::Arc;

use nalgebra::DMatrix;
use ocean_engine::regressor::{
    FitInfo, MomentsRegressor, Path, Prepared, Regressor, RegressorError,
};
use ocean_plugin_abi::{self as abi, Call, Status, Str, handle, status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::{self, CallContext, Terms, mat};
use super::fallback::{FallbackPrepared, Method};
use super::grid::Grid;
use super::profile::Profile;
use super::{Fitted, Plugin, PluginError};

/// What a study says about one regressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressorOptions {
    /// An absolute grid; `None`: relative to the data, as the plugin's or the family's grid makes it.
    pub alphas: Option<Vec<f64>>,
    /// Rows of a relative grid; `None`: 30, for lasso and elastic net 50.
    pub n_alphas: Option<usize>,
    /// The weakest penalty of a relative grid of a lasso or elastic net, as a share of the strongest; `None`: as glmnet, 1e-4, or .01 with fewer rows
    /// than features.
    pub alpha_min_ratio: Option<f64>,
    /// An elastic net fits y as it is, as scikit-learn does, even along a grid from the data.
    pub keeps_y: bool,
    /// What the plugin's own randomness follows from, if it has any.
    pub seed: u64,
    /// The parameters, one JSON object per combination of tunable values, the strongest first. At least one.
    pub variants: Vec<Map<String, Value>>,
}

impl Default for RegressorOptions {
    fn default() -> Self {
        Self {
            alphas: None,
            n_alphas: None,
            alpha_min_ratio: Some(1e-3),
            keeps_y: false,
            seed: 0,
            variants: vec![Map::new()],
        }
    }
}

/// A regressor of a study, whether its plugin runs in this process or in a worker.
pub trait StudyRegressor: Regressor + Send {
    /// The plugin behind it.
    fn plugin(&self) -> &Arc<Plugin>;

    /// What is known of it without asking it.
    fn profile(&self) -> &Profile;

    /// One model of `variant`: X (n × p, scaled), y (n, centred), the penalty in units of that y.
    ///
    /// # Errors
    /// UNSUPPORTED for a plugin whose models cannot be kept ([`can_be_kept`](super::can_be_kept)), else whatever it reports.
    fn fit_model(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError>;

    /// What a model that was kept as bytes, by a regressor of one variant, predicts for rows in the scaling of its X; in units of its y, without the mean.
    ///
    /// # Errors
    /// PARAM for bytes that the plugin does not know.
    fn predict_model(&self, state: &[u8], x_new: &DMatrix<f64>) -> Result<Vec<f64>, PluginError>;

    /// For a plugin without a path of its own, what that costs and which interface would help; to be said once. `None` when the plugin has one.
    ///
    /// `n_designs`: prepared training sets; `n_columns`: targets with all their permutations.
    fn cost_note(&self, n_designs: u64, n_columns: u64) -> Option<String> {
        let (plugin, profile) = (self.plugin(), self.profile());
        if plugin.offers(abi::id::PATH) {
            return None;
        }
        let fits = n_designs
            .saturating_mul(n_columns)
            .saturating_mul((profile.n_alphas * profile.n_variants) as u64);
        let (how, missing) = if plugin.offers(abi::id::BATCH) {
            ("in blocks of targets", abi::id::PATH)
        } else {
            ("one by one", abi::id::BATCH)
        };
        Some(format!(
            "{} has no path of its own: up to {fits} fits, {how}; implementing `{missing}` makes it faster",
            plugin.title()
        ))
    }
}

impl StudyRegressor for PluginRegressor {
    fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn fit_model(
        &self,
        variant: usize,
        x: &DMatrix<f64>,
        y: &[f64],
        alpha: f64,
    ) -> Result<Fitted, PluginError> {
        self.fit_here(variant, x, y, alpha)
    }

    fn predict_model(&self, state: &[u8], x_new: &DMatrix<f64>) -> Result<Vec<f64>, PluginError> {
        self.predict_here(state, x_new)
    }
}

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
    /// The plugin is no regressor, refuses the parameters, or has no penalty although `alphas` are given; or `alphas` are not numbers ≥ 0, all different.
    pub fn new(
        plugin: Arc<Plugin>,
        options: RegressorOptions,
        context: CallContext,
    ) -> Result<Self, PluginError> {
        let table = plugin.interfaces.regressor.ok_or_else(|| {
            PluginError::new(&plugin, status::UNSUPPORTED, "it is not a regressor")
        })?;
        let grid = Grid::of(&plugin.descriptor);
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

    /// The share of ℓ1 of a variant: its parameter, else the schema's default, else 1 (a lasso has no such parameter).
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

    /// A design of its batch, whether or not it has a path, which a study would take; `None`: it has no batch.
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

    /// What may be passed on to the plugin, so that a mistake of the engine is an error and not memory out of bounds.
    pub(super) fn check_shapes(
        &self,
        shape: &PathShape,
        columns: &[u32],
        steps: &[u32],
        y_hat: &[f64],
        info: &[FitInfo],
    ) -> Result<(), RegressorError> {
        let n = columns.len();
        let is_sound = steps.len() == n
            && info.len() == n
            && y_hat.len() == n * shape.n_new
            && columns
                .iter()
                .all(|&column| (column as usize) < shape.n_targets)
            && steps.iter().all(|&step| (step as usize) < shape.n_alphas);
        if is_sound {
            Ok(())
        } else {
            Err(self.error(
                status::SHAPE,
                "advance was asked for columns, steps or sizes outside its path",
            ))
        }
    }

    /// Refuses predictions that are not finite, by name.
    pub(super) fn check_finite(&self, y_hat: &[f64]) -> Result<(), RegressorError> {
        let bad = y_hat.iter().filter(|value| !value.is_finite()).count();
        if bad == 0 {
            return Ok(());
        }
        let check = format!(
            "run `ocean-host plugin check {}` to see which check fails",
            self.plugin.path.display()
        );
        Err(self.error(
            status::NUMERIC,
            format!(
                "{bad} of {} predictions are NaN or infinite; {check}",
                y_hat.len()
            ),
        ))
    }
}

impl Drop for PluginRegressor {
    fn drop(&mut self) {
        for variant in &self.variants {
            // SAFETY: made by this plugin, destroyed once; paths and designs borrow the regressor, so they are gone.
            self.guarded(|| unsafe { self.table.destroy(variant.0) });
        }
    }
}

/// A regressor object of the plugin.
struct Handle(*mut handle::Regressor);
// SAFETY: every function of the ABI may be called from any thread; `call::guarded` serialises where the plugin asks for it.
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

    fn moments(&self, n_samples: usize, n_features: usize) -> Option<&dyn MomentsRegressor> {
        self.profile
            .prefers_moments(n_samples, n_features)
            .then_some(self)
    }

    fn prepare<'a>(
        &'a self,
        x: &'a DMatrix<f64>,
        x_new: &'a DMatrix<f64>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        if let Some(table) = self.plugin.interfaces.path {
            return Ok(Box::new(PathPrepared::new(self, table, x, x_new)?));
        }
        self.prepare_batch(x, x_new).unwrap_or_else(|| {
            let single = FallbackPrepared::new(self, Method::Single, x, x_new);
            Ok(Box::new(single))
        })
    }
}

/// The sizes of one path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathShape {
    pub n_new: usize,
    pub n_targets: usize,
    pub n_alphas: usize,
}

/// Prepares one design with `prepare` of a path or batch table, through a regressor object of its own.
///
/// `prepare` is tagged `[any]`: one call at a time per handle. The engine prepares designs on several threads, and a design made by one object serves
/// every other that differs in tunable parameters only, so each gets an object that lives just for this.
pub(super) fn prepare(
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
struct PathPrepared<'a> {
    regressor: &'a PluginRegressor,
    table: &'static abi::PathV1,
    raw: *mut handle::Prepared,
    n_samples: usize,
    n_features: usize,
    n_new: usize,
    // X and X_new stay valid until `destroy`: they are borrowed for as long as this lives.
    _design: std::marker::PhantomData<&'a DMatrix<f64>>,
}

// SAFETY: `prepared` objects are shared by all threads, says the ABI; calls are serialised where the plugin asks for it.
unsafe impl Send for PathPrepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for PathPrepared<'_> {}

impl<'a> PathPrepared<'a> {
    fn new(
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
        // SAFETY: made by this table, destroyed once; its paths borrow this object, so they are gone.
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

// SAFETY: a path's functions are `[any]`: any thread, one call at a time, and they are called through `&mut`.
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

/// What a plugin that fills in nothing has said.
pub(super) const UNKNOWN: abi::FitInfo = abi::FitInfo {
    gap: f64::NAN,
    n_nonzero: abi::UNKNOWN_NONZERO,
    flags: 0,
};

pub(super) fn fit_info(raw: &abi::FitInfo) -> FitInfo {
    FitInfo {
        gap: raw.gap,
        n_nonzero: (raw.n_nonzero != abi::UNKNOWN_NONZERO).then_some(raw.n_nonzero),
        is_unconverged: raw.flags & abi::fit_flag::UNCONVERGED != 0,
    }
}

/// y and its alphas fit the design and each other.
pub(super) fn check_targets(
    regressor: &PluginRegressor,
    n_samples: usize,
    y: &DMatrix<f64>,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    if y.nrows() == n_samples && alphas.ncols() == y.ncols() && alphas.nrows() > 0 {
        return Ok(());
    }
    let message = format!(
        "y is {:?} and alphas {:?}, but the design has {n_samples} rows",
        y.shape(),
        alphas.shape()
    );
    Err(regressor.error(status::SHAPE, message))
}

/// The engine asks for a grid of as many rows as [`Regressor::n_alphas`] told it.
pub(super) fn check_rows(
    regressor: &PluginRegressor,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    let (found, expected) = (alphas.nrows(), regressor.n_alphas());
    if found == expected {
        return Ok(());
    }
    Err(regressor.error(
        status::SHAPE,
        format!("a grid of {found} rows was asked for, it has {expected}"),
    ))
}

/// A grid of the plugin's must fall strictly and be finite: the engine's order of strength rests on it.
pub(super) fn check_grid(
    regressor: &PluginRegressor,
    alphas: &DMatrix<f64>,
) -> Result<(), RegressorError> {
    for column in alphas.column_iter() {
        let values = column.as_slice();
        let falls = values.windows(2).all(|pair| pair[0] > pair[1]);
        if !falls
            || values
                .iter()
                .any(|value| !value.is_finite() || *value < 0.0)
        {
            return Err(regressor.error(
                status::NUMERIC,
                "its grid is not a strictly decreasing list of finite penalties",
            ));
        }
    }
    Ok(())
}
