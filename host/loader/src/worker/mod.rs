//! Plugins in a process of their own, so that one which crashes, exits, hangs or eats all memory
//! costs its cells and not the run.
//!
//! The child is the host's own binary, started as `ocean-host worker FILE ID`; in it lives the same
//! [`PluginRegressor`](super::PluginRegressor) or [`PluginEncoder`](super::PluginEncoder) that
//! would otherwise live here, so a study gives the same bytes either way. What crosses is what the
//! engine asks of a regressor (a design once, then targets, penalties and predictions), as frames
//! over sockets: a thread of the engine takes a connection, asks, and puts it back. In this
//! folder, from the outside in: [`regressor`] and [`encoder`] are what the rest of the program
//! sees, [`process`] starts the child and says how it died, [`protocol`] and [`wire`] are what is
//! said and how (numbers lie in shared memory), [`serve`] is the child.
//!
//! It isolates from mistakes, and in a [`sandbox`] (Linux) from malice: without it a worker runs with
//! all rights of its user.

#[cfg(target_os = "linux")]
mod arena;
pub(crate) mod control;
mod encoder;
mod process;
mod protocol;
mod regressor;
mod sandbox;
mod serve;
pub(crate) mod wire;
mod witness;

pub use encoder::IsolatedEncoder;
pub use process::Launcher;
pub use regressor::IsolatedRegressor;
pub use serve::worker_main;
