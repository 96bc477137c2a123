//! (being built)

pub mod atomic;
pub mod cache;
pub mod cells;
pub mod cli;
pub mod config;
pub mod controls;
pub mod doctor;
pub mod encode;
pub mod journal;
pub mod library;
pub mod plan;
pub mod plugin_cli;
pub mod problem;
pub mod progress;
pub mod report;
pub mod study;
