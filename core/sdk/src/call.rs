//! What the host lends a plugin for one call: log, progress, cancellation, seed, threads.

use crate::error::{Error, Result};
use ocean_plugin_abi as abi;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// The host, for the duration of one call. May be shared with the threads of that call.
#[derive(Debug)]
pub struct Call<'host> {
    raw: abi::Call,
    _borrow: PhantomData<&'host abi::Call>,
}

// SAFETY: the ABI lets every callback be called from any thread until the call returns, and `'host`
// ends no later.
unsafe impl Sync for Call<'_> {}
// SAFETY: as above.
unsafe impl Send for Call<'_> {}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Level {
    /// Something went wrong; the call may still succeed.
    Error = abi::log_level::ERROR,
    /// Worth a user's attention.
    Warn = abi::log_level::WARN,
    /// Worth knowing.
    Info = abi::log_level::INFO,
    /// For the author.
    Debug = abi::log_level::DEBUG,
}

impl<'host> Call<'host> {
    /// Borrows the host's table.
    ///
    /// # Safety
    /// `call` is null or valid for `'host`, and its callbacks may be called for as long.
    pub(crate) unsafe fn borrow(call: *const abi::Call) -> Option<Call<'host>> {
        // SAFETY: the caller's promise.
        let raw = unsafe { call.as_ref() }?;
        let is_whole = raw.struct_size >= size_of::<abi::Call>();
        is_whole.then_some(Call {
            raw: *raw,
            _borrow: PhantomData,
        })
    }

    /// Writes one line to the host's log. Standard output and standard error belong to the host.
    pub fn log(&self, level: Level, message: &str) {
        // SAFETY: the message is valid for the call.
        unsafe {
            self.raw
                .log(self.raw.ctx, level as i32, message.as_ptr(), message.len());
        }
    }

    /// Says how much of this call is done, from 0 to 1, never less than before.
    pub fn progress(&self, fraction: f64) {
        // SAFETY: a plain number.
        unsafe { self.raw.progress(self.raw.ctx, fraction) }
    }

    /// Whether the host asked to stop. Cheap: ask about ten times a second or more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: no arguments but the host's own.
        unsafe { self.raw.cancelled(self.raw.ctx) != 0 }
    }

    /// `call.check_cancelled()?` in a loop: stops when the host asked to.
    ///
    /// # Errors
    /// CANCELLED, when it did.
    pub fn check_cancelled(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::cancelled());
        }
        Ok(())
    }

    /// The one source of randomness: the same seed must give the same result.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.raw.seed
    }

    /// The most threads to use for this call, the calling one included; at least 1. Join them
    /// before returning.
    #[must_use]
    pub fn max_threads(&self) -> usize {
        self.raw.max_threads.max(1) as usize
    }

    /// A further table of the host's, by interface id.
    #[must_use]
    pub fn host_interface(&self, id: &str) -> Option<NonNull<c_void>> {
        // SAFETY: the id is valid for the call.
        let table = unsafe { self.raw.host_interface(self.raw.ctx, abi::Str::new(id)) };
        NonNull::new(table.cast_mut())
    }

    /// Gives the next bytes of a saved model to the host.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        // SAFETY: the bytes are valid for the call.
        let refused = unsafe {
            self.raw
                .write(self.raw.ctx, bytes.as_ptr().cast(), bytes.len())
        };
        if refused != 0 {
            return Err(Error::internal("the host could not keep the model's bytes"));
        }
        Ok(())
    }

    /// The one `fail` before a status that is not OK. Only the guard calls it, so that it cannot
    /// happen twice.
    pub(crate) fn fail(&self, message: &str) {
        // SAFETY: the message is valid for the call.
        unsafe {
            self.raw.fail(self.raw.ctx, message.as_ptr(), message.len());
        }
    }
}
