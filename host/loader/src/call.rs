//! One call into a plugin: the callbacks it gets, the floating-point mode round it, and its failure
//! as an error.
//!
//! Nothing here knows what is called. The callbacks may come from any thread of the plugin until
//! the call returns, so everything behind them is shared and locked; they never panic, because a
//! panic must not cross into C.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use ocean_plugin_abi::{self as abi, Call, Status, Str, log_level, status};

use super::Plugin;
use super::fp::FpMode;
use super::probe::fp_warning;

/// How important a line of a plugin's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogLevel {
    /// Something went wrong; the call may still succeed.
    Error,
    /// Worth a user's attention.
    Warn,
    /// Worth knowing.
    Info,
    /// For the author of the plugin.
    Debug,
}

type Log = dyn Fn(LogLevel, &str) + Send + Sync;

/// What a plugin did in a call, as it did it: `plugin check` judges it, a study takes what it can
/// use.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// It told of progress, whatever the number.
    Progress(f64),
    /// A function returned.
    Returned {
        /// "fit", "encode".
        what: String,
        /// The ABI's status number.
        status: Status,
        /// How often it had called `fail`.
        n_fails: usize,
    },
}

type Watch = dyn Fn(Seen) + Send + Sync;

/// Where a program tells its user something.
pub trait Notices {
    /// Something to act upon.
    fn warn(&self, text: &str);
    /// Something to know.
    fn note(&self, text: &str);
}

/// What all calls of a run share: where log lines go, and whether to stop.
#[derive(Clone)]
pub struct CallContext {
    log: Arc<Log>,
    cancelled: Arc<AtomicBool>,
    watch: Option<Arc<Watch>>,
}

impl CallContext {
    /// `log` receives lines without control characters; `cancelled` is what Ctrl-C sets.
    pub fn new(
        log: impl Fn(LogLevel, &str) + Send + Sync + 'static,
        cancelled: Arc<AtomicBool>,
    ) -> Self {
        Self {
            log: Arc::new(log),
            cancelled,
            watch: None,
        }
    }

    /// The same, and `watch` sees what each call does.
    #[must_use]
    pub fn watched(self, watch: impl Fn(Seen) + Send + Sync + 'static) -> Self {
        Self {
            watch: Some(Arc::new(watch)),
            ..self
        }
    }

    fn see(&self, seen: impl FnOnce() -> Seen) {
        if let Some(watch) = &self.watch {
            watch(seen());
        }
    }

    /// Says warnings and errors through `notices`, and the rest not at all.
    pub fn of(
        notices: &(impl Notices + Clone + Send + Sync + 'static),
        cancelled: Arc<AtomicBool>,
    ) -> Self {
        let notices = notices.clone();
        Self::new(
            move |level, text| match level {
                LogLevel::Error | LogLevel::Warn => notices.warn(text),
                LogLevel::Info => notices.note(text),
                LogLevel::Debug => {}
            },
            cancelled,
        )
    }

    /// Says nothing and is never cancelled.
    pub fn silent() -> Self {
        Self::new(|_, _| {}, Arc::default())
    }

    /// One line.
    pub fn log(&self, level: LogLevel, text: &str) {
        (self.log)(level, text);
    }

    /// The run is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// A plugin's function did not return OK, or returned what cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{plugin}: {message}")]
pub struct PluginError {
    /// `` regressor `lasso` ``.
    pub plugin: String,
    /// The ABI's status number.
    pub status: Status,
    /// The plugin's own words, with the function and the status unless it refuses a parameter; or
    /// the host's.
    pub message: String,
}

impl PluginError {
    pub(crate) fn new(plugin: &Plugin, status: Status, message: impl Into<String>) -> Self {
        Self {
            plugin: plugin.title(),
            status,
            message: message.into(),
        }
    }

    /// The run was stopped, nothing is wrong.
    pub fn is_cancelled(&self) -> bool {
        self.status == status::CANCELLED
    }
}

/// What one kind of call gets beside the context.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub seed: u64,
    pub max_threads: u32,
    /// Receives the share of this call that is done, from 0 to 1.
    pub progress: Option<&'a (dyn Fn(f64) + Sync)>,
    /// Receives what the plugin writes; without one, writing fails.
    pub sink: Option<&'a Mutex<Vec<u8>>>,
}

/// A model whose bytes are more than this is taken for a loop.
const MOST_WRITTEN: usize = 1 << 30;

impl Terms<'_> {
    /// One thread and no progress: what regressors get, the engine has its own threads.
    pub const fn single(seed: u64) -> Self {
        Terms {
            seed,
            max_threads: 1,
            progress: None,
            sink: None,
        }
    }
}

/// Behind `ctx`: everything the callbacks touch.
struct Behind<'a> {
    plugin: &'a Plugin,
    context: &'a CallContext,
    progress: Option<&'a (dyn Fn(f64) + Sync)>,
    sink: Option<&'a Mutex<Vec<u8>>>,
    message: Mutex<Option<String>>,
    n_fails: AtomicUsize,
}

/// Calls a function of `plugin`: `function` receives the `ocean_call` and returns the plugin's
/// status. `what` names it in errors ("fit", "encode").
///
/// Serialised when the plugin is not THREAD_SAFE. The floating-point mode is saved and put back; a
/// plugin that changes it is named once.
pub(super) fn call(
    plugin: &Plugin,
    context: &CallContext,
    terms: Terms<'_>,
    what: &str,
    function: impl FnOnce(*const Call) -> Status,
) -> Result<(), PluginError> {
    let behind = Behind {
        plugin,
        context,
        progress: terms.progress,
        sink: terms.sink,
        message: Mutex::new(None),
        n_fails: AtomicUsize::new(0),
    };
    let call = Call {
        struct_size: size_of::<Call>(),
        ctx: (&raw const behind).cast_mut().cast(),
        fail: Some(fail),
        log: Some(log),
        progress: Some(progress),
        cancelled: Some(cancelled),
        write: Some(write),
        host_interface: Some(host_interface),
        seed: terms.seed,
        max_threads: terms.max_threads.max(1),
        reserved: 0,
    };
    let result = guarded(plugin, context, || function(&raw const call));
    context.see(|| Seen::Returned {
        what: what.to_owned(),
        status: result,
        n_fails: behind.n_fails.load(Ordering::Relaxed),
    });
    match result {
        status::OK => Ok(()),
        status => {
            let message = behind
                .message
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner);
            let message = message.unwrap_or_else(|| "it did not say why".into());
            // A refused parameter is the user's to mend, all else the author's: to him the function
            // and the status say more than the words.
            let message = match status {
                status::PARAM => message,
                _ => format!("{message} ({what}: {})", status::name(status)),
            };
            Err(PluginError::new(plugin, status, message))
        }
    }
}

/// Calls a function of `plugin` that takes no `ocean_call`, such as `destroy`.
pub(super) fn guarded<T>(
    plugin: &Plugin,
    context: &CallContext,
    function: impl FnOnce() -> T,
) -> T {
    // The gate protects the plugin's data, not ours: a panic elsewhere while it was held changes
    // nothing.
    let _gate = plugin
        .gate
        .as_ref()
        .map(|gate| gate.lock().unwrap_or_else(PoisonError::into_inner));
    let mode = FpMode::save();
    let result = function();
    if let Some(change) = mode.restore()
        && !plugin.is_fp_reported.swap(true, Ordering::Relaxed)
    {
        context.log(
            LogLevel::Warn,
            &format!("{}: {}", plugin.title(), fp_warning(change)),
        );
    }
    result
}

/// # Safety
/// `ctx` is the `Behind` of a call that has not returned.
unsafe fn behind<'a>(ctx: *mut c_void) -> &'a Behind<'a> {
    // SAFETY: the caller's promise; the contents are only shared, and locked where they change.
    unsafe { &*ctx.cast::<Behind<'a>>() }
}

/// One readable line of at most 2,000 characters, whatever the bytes are.
///
/// # Safety
/// `text` is valid for `len` bytes.
unsafe fn line(text: *const u8, len: usize) -> String {
    // SAFETY: the caller's promise; more than 64 kB are never looked at.
    let bytes = unsafe {
        Str {
            ptr: text,
            len: len.min(1 << 16),
        }
        .as_bytes()
    };
    let text = String::from_utf8_lossy(bytes);
    let line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(2000)
        .collect();
    line
}

unsafe extern "C" fn fail(ctx: *mut c_void, message: *const u8, len: usize) {
    // SAFETY: the ABI's promise on ctx and message.
    let (behind, message) = unsafe { (behind(ctx), line(message, len)) };
    behind.n_fails.fetch_add(1, Ordering::Relaxed);
    // The first message counts: what follows is usually a consequence.
    behind
        .message
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert(message);
}

unsafe extern "C" fn log(ctx: *mut c_void, level: i32, message: *const u8, len: usize) {
    // SAFETY: the ABI's promise on ctx and message.
    let (behind, message) = unsafe { (behind(ctx), line(message, len)) };
    let level = match level {
        log_level::ERROR => LogLevel::Error,
        log_level::WARN => LogLevel::Warn,
        log_level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    behind
        .context
        .log(level, &format!("{}: {message}", behind.plugin.title()));
}

unsafe extern "C" fn progress(ctx: *mut c_void, fraction: f64) {
    // SAFETY: the ABI's promise on ctx.
    let behind = unsafe { behind(ctx) };
    behind.context.see(|| Seen::Progress(fraction));
    if let Some(progress) = behind.progress
        && (0.0..=1.0).contains(&fraction)
    {
        progress(fraction);
    }
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> i32 {
    // SAFETY: the ABI's promise on ctx.
    i32::from(unsafe { behind(ctx) }.context.is_cancelled())
}

unsafe extern "C" fn write(ctx: *mut c_void, bytes: *const c_void, len: usize) -> i32 {
    // SAFETY: the ABI's promise on ctx.
    let Some(sink) = unsafe { behind(ctx) }.sink else {
        return 1;
    };
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    if len > MOST_WRITTEN - sink.len().min(MOST_WRITTEN) || sink.try_reserve(len).is_err() {
        return 1;
    }
    if len > 0 {
        // SAFETY: the ABI's promise: `len` readable bytes.
        sink.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes.cast(), len) });
    }
    0
}

unsafe extern "C" fn host_interface(_: *mut c_void, _: Str) -> *const c_void {
    std::ptr::null()
}

/// A column-major view of a matrix, which nalgebra stores in just that way.
pub(super) fn mat(x: &nalgebra::DMatrix<f64>) -> abi::Mat {
    abi::Mat::column_major(x.as_ptr(), x.nrows(), x.ncols())
}
