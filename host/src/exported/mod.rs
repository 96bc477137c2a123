//! Exported models: what a study found, to be used on other texts. `models/*.ocean`, one a cell, and `ocean-host predict`.
//!
//! An exported model is fitted on all rows with a value. Its penalty is chosen as in every training part, with the study's folds in the place of inner ones. How well
//! the recipe predicts is what the study measured on rows that no model had seen; that evidence is in the file, and a model without evidence says so when it is used.
//!
//! `model` is the file, `export` makes it, `predict` uses it.

mod export;
mod model;
mod predict;
#[cfg(test)]
mod tests;

pub use export::Export;
pub use model::{Evidence, Model, ModelError, Recipe};
pub use predict::{Options, parameter, predict};
