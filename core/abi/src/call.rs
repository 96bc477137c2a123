//! What the host lends a plugin for one call.

use crate::values::Str;
use core::ffi::c_void;

table! {
    /// The host's callbacks for one call: borrowed, and callable from any thread until that call returns.
    Call = "ocean_call";
    values {
        /// `sizeof(ocean_call)` of the host.
        struct_size: usize,
        /// The host's own; first argument of every callback.
        ctx: *mut c_void,
    }
    functions {
        /// Says why, in one UTF-8 message; exactly once, before a status other than 0.
        fn fail(ctx: *mut c_void, message: *const u8, len: usize);
        /// A line for the log; `level` is one of [`log_level`](crate::log_level).
        fn log(ctx: *mut c_void, level: i32, message: *const u8, len: usize);
        /// How much of this call is done, from 0 to 1, never decreasing.
        fn progress(ctx: *mut c_void, fraction: f64);
        /// Not 0: please stop soon and return CANCELLED.
        fn cancelled(ctx: *mut c_void) -> i32, else 0;
        /// Takes the next bytes of what `save` writes; not 0: they could not be kept, give up with INTERNAL.
        fn write(ctx: *mut c_void, bytes: *const c_void, len: usize) -> i32;
        /// A further table of the host's by id; null: this host has none.
        fn host_interface(ctx: *mut c_void, id: Str) -> *const c_void;
    }
    values {
        /// The one source of randomness: the same seed, the same result.
        seed: u64,
        /// The most threads the plugin may start for this call, itself included; at least 1.
        max_threads: u32,
        /// 0.
        reserved: u32,
    }
}
