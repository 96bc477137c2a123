//! (being built)

pub mod atomic;
pub mod cache;
pub mod config;
pub mod controls;
pub mod encode;
pub mod library;
pub mod plan;
pub mod problem;
pub mod progress;
pub mod report;
