//! What a library says of itself before anything is created.

use crate::values::Str;
use core::ffi::c_void;

record! {
    /// One plugin of a library. All texts live as long as the library is loaded, which is until the process ends.
    Descriptor = "ocean_descriptor" {
        /// `sizeof(ocean_descriptor)` of the plugin.
        struct_size: usize,
        /// What `plugins.toml` calls it: lower case, digits, `-`.
        id: Str,
        /// What a report calls it.
        name: Str,
        /// Its own version.
        version: Str,
        /// Who made it.
        vendor: Str,
        /// SPDX expression.
        license: Str,
        /// Where to read more.
        url: Str,
        /// One sentence.
        description: Str,
        /// `ridge`, `lasso`, `elastic-net` pin the objective and earn the host's grid; anything else is a word for the report.
        family: Str,
        /// The parameters, a JSON object as the header describes; `{}` when there are none.
        params_schema_json: Str,
        /// One of [`kind`](crate::kind).
        kind: u32,
        /// Bits of [`flag`](crate::flag).
        flags: u32,
    }
}

table! {
    /// What [`ENTRY_SYMBOL`](crate::ENTRY_SYMBOL) returns.
    Entry = "ocean_entry";
    values {
        /// [`MAGIC`](crate::MAGIC).
        magic: u32,
        /// [`ABI_MAJOR`](crate::ABI_MAJOR).
        abi_major: u16,
        /// [`ABI_MINOR`](crate::ABI_MINOR) of the header the plugin was written against.
        abi_minor: u16,
        /// `sizeof(ocean_entry)` of the plugin.
        struct_size: usize,
        /// Compiler and version, free text; [`BUILD_ID`](crate::BUILD_ID) in plugins made with the SDK.
        build_info: Str,
    }
    functions {
        /// How many plugins the library holds.
        fn count() -> u32;
        /// Plugin `index`, or null past the last one; the same pointer every time.
        fn descriptor(index: u32) -> *const Descriptor;
        /// Plugin `index`'s table for an interface id, or null where it has none; the same pointer every time.
        fn interface_(index: u32, id: Str) -> *const c_void;
    }
}

// SAFETY: constant texts and numbers.
unsafe impl Send for Descriptor {}
// SAFETY: as above; nothing in a descriptor changes after it was published.
unsafe impl Sync for Descriptor {}

/// The type of the function behind [`ENTRY_SYMBOL`](crate::ENTRY_SYMBOL).
pub type EntryFn = unsafe extern "C" fn() -> *const Entry;
