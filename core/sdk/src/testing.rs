//! A host for unit tests: remembers what a plugin said, and drives its tables as ocean-host does.
//!
//! What it calls are the exported tables, so a test sees what a host would see: parameters are
//! parsed from JSON, panics come back as errors.

use crate::call::Call;
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::export::interface;
use crate::matrix::Mat;
use crate::regressor::{PathRegressor, Regressor};
use ocean_plugin_abi::{
    self as abi, EncoderShape, EncoderV1, FitInfo, PathV1, RegressorV1, Status, Str, handle,
    pooling, status,
};
use std::ffi::c_void;
use std::ptr;
use std::slice;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The host of a unit test.
#[derive(Debug)]
pub struct Host {
    failures: Mutex<Vec<String>>,
    log: Mutex<Vec<(i32, String)>>,
    progress: Mutex<Vec<f64>>,
    written: Mutex<Vec<u8>>,
    is_cancelled: AtomicBool,
    seed: u64,
    max_threads: u32,
}

impl Default for Host {
    fn default() -> Host {
        Host::new()
    }
}

impl Host {
    /// A host with seed 0 and one thread.
    #[must_use]
    pub fn new() -> Host {
        Host {
            failures: Mutex::default(),
            log: Mutex::default(),
            progress: Mutex::default(),
            written: Mutex::default(),
            is_cancelled: AtomicBool::new(false),
            seed: 0,
            max_threads: 1,
        }
    }

    /// The same with another seed and number of threads.
    #[must_use]
    pub fn with(self, seed: u64, max_threads: u32) -> Host {
        Host {
            seed,
            max_threads,
            ..self
        }
    }

    /// From now on every call is asked to stop.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Every `fail` so far.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        copy(&self.failures)
    }

    /// Every log line so far, with its level.
    #[must_use]
    pub fn log_lines(&self) -> Vec<(i32, String)> {
        copy(&self.log)
    }

    /// Every progress report so far.
    #[must_use]
    pub fn progress_reports(&self) -> Vec<f64> {
        copy(&self.progress)
    }

    /// All bytes written so far.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        copy(&self.written)
    }

    /// The table for one call, to drive a plugin by hand.
    #[must_use]
    pub fn raw_call(&self) -> abi::Call {
        abi::Call {
            struct_size: size_of::<abi::Call>(),
            ctx: ptr::from_ref(self).cast_mut().cast(),
            fail: Some(fail),
            log: Some(log),
            progress: Some(progress),
            cancelled: Some(cancelled),
            write: Some(write),
            host_interface: Some(host_interface),
            seed: self.seed,
            max_threads: self.max_threads,
            reserved: 0,
        }
    }

    /// A [`Call`] for an author's own functions, as in `Ridge::new(params, &host.call())`.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "cannot: the table is whole")]
    pub fn call(&self) -> Call<'_> {
        let raw = self.raw_call();
        // SAFETY: the table is copied, and its context lives as long as `self`.
        match unsafe { Call::borrow(&raw) } {
            Some(call) => call,
            None => unreachable!("a whole table"),
        }
    }

    /// Creates a regressor from `params_json`, fits the n values of `y` on `x` (n × p, column by
    /// column), and predicts `x_new` (n_new × p).
    ///
    /// # Errors
    /// What the plugin reported, with its status.
    pub fn fit_predict<R: Regressor>(
        &self,
        params_json: &str,
        x: &[f64],
        y: &[f64],
        alpha: f64,
        x_new: &[f64],
    ) -> Result<Vec<f64>> {
        let table = regressor_table::<R>();
        let call = self.raw_call();
        let (x, x_new) = design(x, y.len(), x_new)?;
        let mut y_hat = vec![0.0; x_new.rows];
        let mut model: *mut handle::Model = ptr::null_mut();
        self.with_regressor::<R, _>(params_json, |regressor| {
            // SAFETY: the table is the plugin's own, every buffer has the size the header asks for,
            // every handle is given back once.
            unsafe {
                self.outcome(table.fit(regressor, &x, y.as_ptr(), alpha, &call, &mut model))?;
                let predicted = self.outcome(table.predict(
                    regressor,
                    model,
                    &x_new,
                    y_hat.as_mut_ptr(),
                    &call,
                ));
                table.destroy_model(model);
                predicted
            }
        })?;
        Ok(y_hat)
    }

    /// Walks a path: for every step in turn, the predictions of all columns of `y` (n × t) for
    /// `x_new`, along their own column of `alphas` (g × t). Empty `alphas`: asks the plugin for a
    /// grid of `n_alphas` penalties first.
    ///
    /// # Errors
    /// What the plugin reported, with its status.
    pub fn walk<R: PathRegressor>(
        &self,
        params_json: &str,
        [x, y, x_new]: [Mat<'_>; 3],
        alphas: &[f64],
        n_alphas: usize,
        steps: &[u32],
    ) -> Result<Walked> {
        // SAFETY: the interface of a `PathRegressor` is this table.
        let table = unsafe { &*interface::path::<R>().table.cast::<PathV1>() };
        let call = self.raw_call();
        let [x, y, x_new] = [x, y, x_new].map(raw);
        let mut walked = Walked::new(alphas, n_alphas, y.cols, x_new.rows);
        self.with_regressor::<R, _>(params_json, |regressor| {
            let mut prepared: *mut handle::Prepared = ptr::null_mut();
            // SAFETY: as in `fit_predict`; x and x_new outlive the design.
            unsafe {
                self.outcome(table.prepare(regressor, &x, &x_new, &call, &mut prepared))?;
                let outcome =
                    self.walk_prepared(table, regressor, prepared, &y, &mut walked, steps);
                table.destroy(prepared);
                outcome
            }
        })?;
        Ok(walked)
    }

    /// Encodes texts, and gives dim beside the n × dim numbers.
    ///
    /// # Errors
    /// What the plugin reported, with its status.
    pub fn encode<E: Encoder>(
        &self,
        params_json: &str,
        texts: &[&str],
    ) -> Result<(usize, Vec<f32>)> {
        // SAFETY: the interface of an `Encoder` is this table.
        let table = unsafe { &*interface::encoder::<E>().table.cast::<EncoderV1>() };
        let call = self.raw_call();
        let texts: Vec<Str> = texts.iter().map(|text| Str::new(text)).collect();
        let mut encoder: *mut handle::Encoder = ptr::null_mut();
        let mut shape = EncoderShape {
            struct_size: size_of::<EncoderShape>(),
            dim: 0,
            max_tokens: 0,
            pooling: pooling::OTHER,
            normalised: 0,
            cache_key: Str::EMPTY,
        };
        // SAFETY: as in `fit_predict`.
        unsafe {
            self.outcome(table.create(Str::new(params_json), &call, &mut encoder))?;
            let mut vectors = Vec::new();
            let outcome = self
                .outcome(table.shape(encoder, &mut shape, &call))
                .and_then(|()| {
                    vectors.resize(texts.len() * shape.dim as usize, 0.0);
                    let out = vectors.as_mut_ptr();
                    self.outcome(table.encode(encoder, texts.as_ptr(), texts.len(), out, &call))
                });
            table.destroy(encoder);
            outcome.map(|()| (shape.dim as usize, vectors))
        }
    }

    fn with_regressor<R: Regressor, T>(
        &self,
        params_json: &str,
        body: impl FnOnce(*const handle::Regressor) -> Result<T>,
    ) -> Result<T> {
        let table = regressor_table::<R>();
        let call = self.raw_call();
        let mut regressor: *mut handle::Regressor = ptr::null_mut();
        // SAFETY: the table is the plugin's own, and the handle is given back once.
        unsafe {
            self.outcome(table.create(Str::new(params_json), &call, &mut regressor))?;
            let outcome = body(regressor);
            table.destroy(regressor);
            outcome
        }
    }

    /// # Safety
    /// The handles are the table's own.
    unsafe fn walk_prepared(
        &self,
        table: &PathV1,
        regressor: *const handle::Regressor,
        prepared: *const handle::Prepared,
        y: &abi::Mat,
        walked: &mut Walked,
        steps: &[u32],
    ) -> Result<()> {
        let call = self.raw_call();
        let (n_alphas, n_columns) = (walked.n_alphas, y.cols);
        let mut path: *mut handle::Path = ptr::null_mut();
        // SAFETY: the caller's promise; every buffer has the size the header asks for.
        unsafe {
            if walked.needs_grid {
                let alphas =
                    abi::MatMut::column_major(walked.alphas.as_mut_ptr(), n_alphas, n_columns);
                self.outcome(table.grid(regressor, prepared, y, 1e-3, alphas, &call))?;
            }
            let alphas = abi::Mat::column_major(walked.alphas.as_ptr(), n_alphas, n_columns);
            self.outcome(table.begin(regressor, prepared, y, &alphas, &call, &mut path))?;
            let columns: Vec<u32> = (0..n_columns as u32).collect();
            let outcome = steps.iter().try_for_each(|&step| {
                let (steps, y_hat, info) = walked.next(step);
                let y_hat = abi::MatMut::column_major(
                    y_hat.as_mut_ptr(),
                    y_hat.len() / n_columns.max(1),
                    n_columns,
                );
                self.outcome(table.advance(
                    path,
                    columns.as_ptr(),
                    steps.as_ptr(),
                    n_columns,
                    y_hat,
                    info.as_mut_ptr(),
                    &call,
                ))
            });
            table.destroy_path(path);
            outcome
        }
    }

    /// A status as a result, with the message the plugin gave.
    ///
    /// # Errors
    /// Every status but OK; INTERNAL with a complaint where the plugin did not call `fail` exactly
    /// once.
    pub fn outcome(&self, found: Status) -> Result<()> {
        let mut messages = std::mem::take(&mut *lock(&self.failures));
        match (found, messages.len()) {
            (status::OK, 0) => Ok(()),
            (status::OK, _) => Err(Error::internal("`fail` was called before OK")),
            (_, 1) => Err(Error::from_parts(found, messages.remove(0))),
            (_, n) => Err(Error::internal(format!(
                "`fail` was called {n} times before {}",
                status::name(found)
            ))),
        }
    }
}

/// What a walk returned.
#[derive(Debug, Clone)]
pub struct Walked {
    /// The penalties, g × t.
    pub alphas: Vec<f64>,
    /// For every step walked: the predictions, n_new × t.
    pub y_hat: Vec<Vec<f64>>,
    /// For every step walked: what each column said of its fit.
    pub info: Vec<Vec<FitInfo>>,
    n_alphas: usize,
    n_columns: usize,
    n_new: usize,
    needs_grid: bool,
    steps: Vec<u32>,
}

impl Walked {
    fn new(alphas: &[f64], n_alphas: usize, n_columns: usize, n_new: usize) -> Walked {
        let needs_grid = alphas.is_empty();
        let n_given = alphas.len() / n_columns.max(1);
        let n_alphas = if needs_grid { n_alphas } else { n_given };
        let mut alphas = alphas.to_vec();
        alphas.resize(n_alphas * n_columns, 0.0);
        Walked {
            alphas,
            y_hat: Vec::new(),
            info: Vec::new(),
            n_alphas,
            n_columns,
            n_new,
            needs_grid,
            steps: vec![0; n_columns],
        }
    }

    /// Room for one more step.
    fn next(&mut self, step: u32) -> (&[u32], &mut [f64], &mut [FitInfo]) {
        self.steps.fill(step);
        self.y_hat.push(vec![0.0; self.n_new * self.n_columns]);
        self.info.push(vec![FitInfo::CLOSED_FORM; self.n_columns]);
        let y_hat = self.y_hat.last_mut().map_or(&mut [][..], Vec::as_mut_slice);
        let info = self.info.last_mut().map_or(&mut [][..], Vec::as_mut_slice);
        (&self.steps, y_hat, info)
    }
}

fn regressor_table<R: Regressor>() -> &'static RegressorV1 {
    // SAFETY: the interface of a `Regressor` is this table.
    unsafe { &*interface::regressor::<R>().table.cast::<RegressorV1>() }
}

/// `x` as n × p and `x_new` as n_new × p.
fn design(x: &[f64], n_samples: usize, x_new: &[f64]) -> Result<(abi::Mat, abi::Mat)> {
    let n_features = x.len() / n_samples.max(1);
    let n_new = x_new.len() / n_features.max(1);
    let x = Mat::from_slice(x, n_samples, n_features)?;
    let x_new = Mat::from_slice(x_new, n_new, n_features)?;
    Ok((raw(x), raw(x_new)))
}

fn raw(mat: Mat<'_>) -> abi::Mat {
    abi::Mat {
        data: mat.as_ptr(),
        rows: mat.rows(),
        cols: mat.cols(),
        row_stride: mat.row_stride(),
        col_stride: mat.col_stride(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn copy<T: Clone>(mutex: &Mutex<T>) -> T {
    lock(mutex).clone()
}

/// # Safety
/// `ctx` is a `Host`, and the text is valid.
unsafe fn heard<'a>(ctx: *mut c_void, text: *const u8, len: usize) -> (&'a Host, String) {
    // SAFETY: the caller's promise.
    let (host, bytes) = unsafe {
        let bytes: &[u8] = if len == 0 {
            &[]
        } else {
            slice::from_raw_parts(text, len)
        };
        (&*ctx.cast::<Host>(), bytes)
    };
    (host, String::from_utf8_lossy(bytes).into_owned())
}

unsafe extern "C" fn fail(ctx: *mut c_void, message: *const u8, len: usize) {
    // SAFETY: here and below, the plugin passes what it was given.
    let (host, message) = unsafe { heard(ctx, message, len) };
    lock(&host.failures).push(message);
}

unsafe extern "C" fn log(ctx: *mut c_void, level: i32, message: *const u8, len: usize) {
    let (host, message) = unsafe { heard(ctx, message, len) };
    lock(&host.log).push((level, message));
}

unsafe extern "C" fn progress(ctx: *mut c_void, fraction: f64) {
    let host = unsafe { &*ctx.cast::<Host>() };
    lock(&host.progress).push(fraction);
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> i32 {
    let host = unsafe { &*ctx.cast::<Host>() };
    i32::from(host.is_cancelled.load(Ordering::Relaxed))
}

unsafe extern "C" fn write(ctx: *mut c_void, bytes: *const c_void, len: usize) -> i32 {
    let host = unsafe { &*ctx.cast::<Host>() };
    if len > 0 {
        lock(&host.written).extend_from_slice(unsafe { slice::from_raw_parts(bytes.cast(), len) });
    }
    0
}

unsafe extern "C" fn host_interface(_: *mut c_void, _: Str) -> *const c_void {
    ptr::null()
}
