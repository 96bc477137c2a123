//! The loader: from `plugin = "ridge"` in plugins.toml to functions that can be called.
//!
//! The way in is always the same: find the file ([`SearchPath`]), look at its bytes, load it in a
//! child process ([`probe()`]), load it here, check its tables ([`Interfaces`]) and, for Rust
//! plugins, their layout. Every bad file ends as one clear line ([`LibraryError`]). A library stays
//! loaded until the process ends, under the hash of its file, so that two paths to the same bytes
//! are one library ([`Library`]).
//!
//! What is called afterwards goes through [`call`]: [`PluginRegressor`] is the engine's regressor,
//! [`PluginEncoder`] turns texts into vectors; [`IsolatedRegressor`] and [`IsolatedEncoder`] are
//! the same in a process of their own. That process, and the child that probes, are the program
//! itself: it calls [`worker_main`] for `worker FILE ID MEMORY [--sandbox [FOLDER]...]` and [`probe_main`] for
//! `probe FILE`.
//!
//! All `unsafe` of the host is in this crate. It knows no study, no report and no terminal: what a
//! plugin says goes to whoever made the [`CallContext`].

pub mod call;
mod children;
mod descriptor;
mod encoder;
mod error;
mod fallback;
mod fitted;
mod fp;
mod grid;
mod guarded;
mod inspect;
mod interfaces;
mod library;
mod linked;
mod lives;
mod open;
mod platform;
mod plugin;
mod probe;
mod profile;
mod quarantine;
mod regressor;
mod search;
mod surroundings;
#[cfg(test)]
mod tests;
mod text_encoder;
mod worker;

pub use call::{CallContext, LogLevel, Notices, PluginError, Seen};
pub use descriptor::{Descriptor, Kind, is_id};
pub use encoder::{PluginEncoder, StudyEncoder};
pub use error::{Fault, LibraryError};
pub use fitted::{Fitted, can_be_kept};
pub use grid::Penalty;
pub use guarded::{Edge, Guarded};
pub use inspect::{Again, create_raw, describe_again};
pub use interfaces::Interfaces;
pub use library::open_here;
pub use library::{Isolation, Library, is_ours};
pub use lives::{in_odd_order, nothing_destroyed};
pub use platform::is_at;
pub use plugin::{Layout, Limits, Plugin};
pub use probe::{Probed, ProbedPlugin, Prober, ask_child, probe, probe_main, stay_harmless};
pub use profile::Profile;
pub use quarantine::Quarantine;
pub use regressor::{PluginRegressor, RegressorOptions, StudyRegressor};
pub use search::{Found, SearchPath, file_name, inspect as hash_of};
pub use surroundings::Surroundings;
pub use text_encoder::{EncoderShape, Pooling, TextEncoder, TokenCount};
pub use worker::{IsolatedEncoder, IsolatedRegressor, Launcher, worker_main};
