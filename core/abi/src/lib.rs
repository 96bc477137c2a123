//! The contract between ocean-host and its plugins: `#[repr(C)]` tables, mirrored from `include/ocean_plugin.h` field by field.
//!
//! This crate owns layouts, numbers and names, and no behaviour: no model, no statistic, no loading. Rust authors write against the `ocean-plugin`
//! crate, which builds these tables for them; authors in C, C++ or Python use the header. A published struct never changes; the ABI grows by
//! interface ids alone ([`id`]), and ids under `ocean.draft.` may vanish. The rules that go with the tables stand in the header.
//!
//! Everything a plugin or a host may leave out by mistake, function pointers above all, is an `Option` here: a C author who forgets `destroy`
//! costs an error message, not a crash. Each table has a method per function, which answers [`status::UNSUPPORTED`] where the pointer is null,
//! and `missing()`, which names the first such function.
//!
//! With the feature `layout`, [`layout`] describes every table to `abi_stable`, the deep check that finds an `f32` where the table says `f64`.

#![warn(missing_docs)]

#[macro_use]
mod declare;
mod call;
mod constants;
mod encoder;
mod entry;
pub mod handle;
#[cfg(feature = "layout")]
pub mod layout;
mod regressor;
mod shape;
mod values;

pub use call::Call;
pub use constants::{
    ABI_MAJOR, ABI_MINOR, BUILD_ID, ENTRY_SYMBOL, MAGIC, Status, UNKNOWN_NONZERO, fit_flag, flag,
    id, kind, log_level, pooling, status,
};
pub use encoder::{EncoderInfoV1, EncoderShape, EncoderV1, TextInfo};
pub use entry::{Descriptor, Entry, EntryFn};
pub use regressor::{
    BatchV1, ErrorsV1, FitInfo, LinearV1, MomentsV1, PathV1, RegressorV1, StateV1,
};
pub use shape::{FieldShape, StructShape, all_shapes};
pub use values::{Mat, MatMut, Str};

#[cfg(feature = "layout")]
#[doc(hidden)]
pub use abi_stable;
