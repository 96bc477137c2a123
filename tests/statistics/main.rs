//! Evidence for the statistics, by kind of claim.
//!
//! [`golden`]: numbers of other programs (scikit-learn, R, a numpy twin). [`brute_force`]: the slow obvious loop, against the engine's shared designs
//! and blocks. [`invariance`]: what must change nothing.
//! The rest are tools: [`fixture`] reads the golden files, [`study`] runs the engine on data in memory, [`twin`] is the slow loop, [`ridge`] the models.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

mod brute_force;
mod fixture;
mod golden;
mod invariance;
mod ridge;
mod study;
mod twin;
