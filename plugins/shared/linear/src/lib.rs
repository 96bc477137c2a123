//! Linear models for many targets on one design: the numerical part of the bundled regressors,
//! without any ABI code.
//!
//! A permutation test fits the same X to thousands of y. Everything here is shaped by that: a
//! design is factorised once ([`RidgeDesign`]), a block of targets is projected once
//! ([`RidgePath`]), and what is left per penalty is a matrix product. For lasso and elastic net
//! ([`LassoDesign`], [`LassoPath`]) the second moments are what is shared. Callers centre and scale
//! X and centre y (STATISTICS §1.3); there is no intercept here. Nothing in this crate starts a
//! thread.

mod columns;
mod error;
mod kernel;
pub mod lasso;
mod product;
pub mod ridge;
#[cfg(test)]
mod testing;
mod units;

pub use columns::Columns;
pub use error::LinearError;
pub use lasso::{LassoDesign, LassoFit, LassoMoments, LassoOptions, LassoPath};
pub use ridge::{RidgeDesign, RidgePath};
