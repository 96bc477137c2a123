//! (being built)

pub mod atomic;
pub mod config;
pub mod controls;
pub mod plan;
pub mod problem;
pub mod progress;
pub mod report;
