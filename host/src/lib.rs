//! The host: everything round the engine. Reads a study, loads plugins, keeps what is finished,
//! writes reports.
//!
//! Read [`run`] first: it is the straight line from plugins.toml to the report. The statistics are
//! `ocean-engine`'s, the contract with plugins is `ocean-plugin-abi`'s; only this crate touches
//! files, clocks, environment and terminal. Plugins are found, loaded and called by `ocean-loader`,
//! which has all `unsafe`.
//!
//! The crate is one folder a stage, in the order of the data: [`read`], [`plan`], [`encode`],
//! [`run`], [`judge`], [`mod@write`]. A stage uses those before it. [`keep`] and [`tell`] lie under
//! all of them, and [`commands`] stand above.

#![deny(unsafe_code)]

pub mod cli;
pub mod commands;
pub mod encode;
pub mod judge;
pub mod keep;
pub mod plan;
mod platform;
pub mod problem;
pub mod read;
pub mod run;
pub mod tell;
pub mod write;
