//! From texts to vectors: encoders, models, servers and controls, and the cache of what was encoded before.

pub mod cache;
pub mod controls;
pub mod embedding;
pub mod endpoint;
pub mod models;
pub mod places;
mod prompts;
pub mod recipe;
pub mod sources;
