//! (being built)

pub mod atomic;
pub mod controls;
pub mod progress;
pub mod report;
