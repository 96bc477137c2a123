//! The host: everything round the engine. Reads a study, loads plugins, keeps what is finished, writes reports.
//!
//! Read [`run`] first: it is the straight line from plugins.toml to the report. The statistics are `ocean-engine`'s, the contract with plugins is
//! `ocean-plugin-abi`'s; only this crate touches files, clocks, environment and terminal. Plugins are found, loaded and
//! called by `ocean-loader`, which has all `unsafe`.

#![deny(unsafe_code)]

pub mod arrangement;
pub mod atomic;
pub mod cache;
pub mod cells;
pub mod cli;
pub mod close_up;
pub mod cluster;
pub mod commands;
pub mod comparisons;
pub mod config;
pub mod controls;
pub mod dataset;
pub mod differences;
pub mod doctor;
pub mod encode;
pub mod encode_command;
pub mod events;
pub mod exported;
pub mod file_names;
pub mod init;
pub mod journal;
pub mod models;
pub mod outputs;
pub mod plan;
mod platform;
pub mod plugin_check;
pub mod plugin_cli;
pub mod preview;
pub mod problem;
pub mod progress;
pub mod recipe;
pub mod report_files;
pub mod run;
pub mod run_folder;
pub mod selfcheck;
pub mod sources;
pub mod stdout;

pub use ocean_loader as library;
pub use ocean_report as report;
