//! The statistics of ocean-host: does an embedding predict a target out of sample, and how sure is
//! that?
//!
//! Read the modules in this order to follow one evaluation: [`targets`] (Y and its row sets) →
//! [`folds`] (who is held out when) → [`covariates`] (what is taken out first) → [`design`] and
//! [`moments`] (scaled training sets) → [`regressor`] (what is asked of a model) and [`family`]
//! (what is known of some) → [`nested`] and [`best`] (choose the penalty, or the recipe, and
//! predict) → [`score`] (R² and its relatives) and
//! [`ordering`] (AUC, ranks) → [`permutation`], [`waves`], [`blocks`] and
//! [`evaluate`] (the null distribution, block by block) → [`replicate`] (without some rows, with
//! other folds) → [`piece`] (THE loop: all of this for one encoder × regressor × row set) →
//! [`inference`] (p-values, intervals, verdict) and [`diagnostics`] (a closer look at one recipe).
//!
//! Pure and embeddable: no files, no clock, no environment, no printing. Random numbers come from
//! named substreams of one seed ([`seed`]), so the same inputs give the same bits, whatever the
//! number of threads. Every number is defined where it is computed.

pub mod best;
pub mod blocks;
pub mod covariates;
pub mod design;
pub mod diagnostics;
pub mod doctor;
pub mod error;
pub mod evaluate;
pub mod family;
pub mod folds;
pub mod inference;
pub mod moments;
pub mod nested;
pub mod ordering;
pub mod permutation;
pub mod piece;
pub mod power;
pub mod reference;
pub mod regressor;
pub mod replicate;
pub mod scale;
pub mod score;
pub mod seed;
pub mod subgroup;
pub mod targets;
pub mod test_sample;
pub mod waves;
pub mod words;

pub use error::EngineError;
