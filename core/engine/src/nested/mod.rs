//! Nested cross-validation of a block of targets: choose the penalty inside each training part,
//! predict the held-out fold.
//!
//! This is the hot path. The observed y and every permuted y go through [`NestedCv::run`], by the
//! same code: they are columns of one block. A block has a fixed width and is computed by one
//! thread from start to end, so results do not depend on how many threads there are.
//!
//! What is carried from the inner to the outer designs is the grid *index* of the penalty: a grid
//! means the same in every design (fraction of α_max, degrees of freedom), and nothing of the
//! held-out rows enters it.

mod block;
mod errors;
mod kernel;
mod out_of_fold;
mod paths;
mod ranking;
mod rows;
mod split_grid;
mod sums;
#[cfg(test)]
mod tests;
mod tuning;
mod walk;
mod workspace;

use block::Block;
use errors::InnerErrors;
use nalgebra::DMatrix;
pub use out_of_fold::{Fit, OutOfFold};
pub use paths::Paths;
use rayon::prelude::*;
use rows::RowsBlock;
use sums::SumsBlock;
pub use tuning::{Grid, Selection, Tuning};

use crate::design::{FoldDesigns, Split, takes_moments};
use crate::error::EngineError;
use crate::moments::Moments;
use crate::regressor::{Prepared, Regressor, TrainingSet};

/// The designs of one repeat, factorised by one regressor: the inner ones, then the outer ones.
pub struct NestedCv<'a> {
    designs: &'a FoldDesigns,
    /// What the regressor takes, if not rows.
    moments: Option<&'a Moments>,
    splits: Vec<&'a Split>,
    prepared: Vec<Box<dyn Prepared + 'a>>,
    n_variants: usize,
    n_alphas: usize,
    scales_y: bool,
    tuning: Tuning,
}

impl<'a> NestedCv<'a> {
    /// Factorises every design, in parallel.
    ///
    /// # Errors
    /// [`EngineError::Regressor`] naming the design that failed.
    pub fn prepare(
        designs: &'a FoldDesigns,
        regressor: &'a dyn Regressor,
        tuning: Tuning,
    ) -> Result<Self, EngineError> {
        let (n_samples, n_features) = (designs.n_samples(), designs.n_features());
        let moments = designs.moments.as_ref();
        let moments = moments.filter(|_| takes_moments(regressor, tuning, (n_samples, n_features)));
        let (splits, training): (Vec<&Split>, Vec<TrainingSet>) = match moments {
            Some(moments) => {
                let designs = moments.designs().into_iter();
                designs.map(|of| (&of.split, of.training_set())).unzip()
            }
            None => {
                let designs = designs.of_rows().into_iter();
                designs.map(|of| (&of.split, of.training_set())).unzip()
            }
        };
        let prepare = |(split, training): (&&Split, TrainingSet<'a>)| {
            let prepared = regressor.prepare(training);
            prepared.map_err(|source| split.failed("preparing", n_features, source))
        };
        let prepared = splits.par_iter().zip(training).map(prepare);
        Ok(Self {
            prepared: prepared.collect::<Result<_, _>>()?,
            splits,
            moments,
            designs,
            n_variants: regressor.n_variants().max(1),
            n_alphas: regressor.n_alphas().max(1),
            scales_y: regressor.scales_y(),
            tuning,
        })
    }

    /// The designs behind it.
    #[must_use]
    pub fn designs(&self) -> &'a FoldDesigns {
        self.designs
    }

    /// Nested cross-validation of every column of `y` (n_samples of the row set × columns, target
    /// units, no missing values).
    ///
    /// # Errors
    /// [`EngineError::Regressor`] naming the design that failed, [`EngineError::Shape`] when `y`
    /// has other rows than the row set.
    pub fn run(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        self.with_errors(y, true)
    }

    /// What [`run`](Self::run) predicts, cheaper where the regressor bounds errors: without the
    /// paths that the choice rested on, and with approximate inner errors of the fits.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn predict(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        let out_of_fold = self.with_errors(y, false)?;
        Ok(OutOfFold {
            paths: None,
            ..out_of_fold
        })
    }

    fn with_errors(&self, y: &DMatrix<f64>, all: bool) -> Result<OutOfFold, EngineError> {
        if y.nrows() != self.designs.n_samples() {
            return Err(EngineError::Shape {
                what: "rows of y",
                got: y.nrows().to_string(),
                expected: self.designs.n_samples().to_string(),
            });
        }
        match self.moments {
            None => {
                let block = RowsBlock {
                    designs: self.designs.of_rows(),
                    y,
                    scales_y: self.scales_y,
                };
                let ranked = match all {
                    true => None,
                    false => self.rank(&block)?,
                };
                match ranked {
                    Some(errors) => self.fit_chosen(&block, errors),
                    None => self.run_block(&block),
                }
            }
            Some(moments) => self.run_block(&SumsBlock::new(moments, y, self.scales_y)),
        }
    }

    fn run_block(&self, block: &impl Block) -> Result<OutOfFold, EngineError> {
        let mut errors = self.no_errors(block);
        match (self.tuning.grid, self.tuning.patience) {
            (Grid::Split, _) => self.walk_splits(block, &mut errors)?,
            (Grid::Design, None) => self.walk_designs(block, &mut errors)?,
            (Grid::Design, Some(patience)) => self.walk_in_step(block, patience, &mut errors)?,
        }
        self.fit_chosen(block, errors)
    }

    /// Inner errors of a block to which nothing was added yet.
    fn no_errors(&self, block: &impl Block) -> InnerErrors {
        InnerErrors::zeros(
            self.designs.n_splits(),
            block.y(),
            self.n_variants,
            self.n_alphas,
            self.tuning.selection,
        )
    }

    fn n_inner(&self) -> usize {
        self.splits.len() - self.designs.n_splits()
    }
}
