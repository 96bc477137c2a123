//! The bundled plugins as a part of the program, for installations that are one file:
//! `cargo install`, a Python wheel.
//!
//! They are the sources of the shared libraries, compiled once more, and are reached through the
//! same entries and tables. A shared library has one entry symbol, and two of one name cannot be in
//! one program; so here `export_plugin!` makes a function of each module instead. The sources write
//! `ocean_plugin::…`, which is this crate.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "modules that are documented where they lie"
)]

extern crate self as ocean_plugin;

pub use sdk::*;

/// In place of the SDK's: the entry as a function of the module, not as a symbol.
#[macro_export]
#[doc(hidden)]
macro_rules! export_plugin {
    ($($plugins:tt)+) => {
        pub fn entry() -> &'static sdk::abi::Entry {
            sdk::plugin_entry!($($plugins)+)
        }
    };
}

#[path = "../../encoders/bge/src/lib.rs"]
mod bge;
#[path = "../../regressors/elastic-net/src/lib.rs"]
mod elastic_net;
#[path = "../../regressors/lasso/src/lib.rs"]
mod lasso;
#[path = "../../encoders/lexical/src/lib.rs"]
mod lexical;
#[path = "../../encoders/minilm/src/lib.rs"]
mod minilm;
#[path = "../../encoders/mpnet/src/lib.rs"]
mod mpnet;
#[path = "../../regressors/ridge/src/lib.rs"]
mod ridge;
#[path = "../../encoders/sentence-transformer/src/lib.rs"]
mod sentence_transformer;

/// The entry of each plugin, in the order of their ids.
#[must_use]
pub fn entries() -> [&'static sdk::abi::Entry; 8] {
    [
        bge::entry(),
        elastic_net::entry(),
        lasso::entry(),
        lexical::entry(),
        minilm::entry(),
        mpnet::entry(),
        ridge::entry(),
        sentence_transformer::entry(),
    ]
}
