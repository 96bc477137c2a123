//! Exported models: what a study found, to be used on other texts. `models/*.ocean`, one a cell,
//! and `ocean-host predict`.
//!
//! An exported model is fitted on all rows with a value. Its penalty is chosen as in every training
//! part, with the study's folds in the place of inner ones. How well the recipe predicts is what
//! the study measured on rows that no model had seen; that evidence is in the file, and a model
//! without evidence says so when it is used.
//!
//! A model file may come from anybody, so it names no library to load: `plugins` finds what it asks
//! for among those that the user installed or named.
//!
//! `model` is the file and `checks` what must hold in it, `export` makes it, `predict` and
//! `encoder` use it; `taken_out` is what covariates explain.

mod checks;
mod encoder;
pub mod error;
mod export;
mod file;
mod model;
mod plugins;
mod predict;
mod predictions;
mod scored;
mod taken_out;
#[cfg(test)]
mod tests;

pub use export::Export;
pub use file::ModelError;
pub use model::{EncoderRecipe, Evidence, Model, PluginName, Recipe, Regression};
pub use predict::{Options, parameter, predict};
pub use taken_out::TakenOut;
