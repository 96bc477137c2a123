//! What is said while a run goes on: progress, events, standard output.

pub mod events;
pub mod progress;
pub mod stdout;
