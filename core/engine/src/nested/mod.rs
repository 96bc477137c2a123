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
mod rows;
mod split_grid;
mod sums;
#[cfg(test)]
mod tests;
mod tuning;
mod walk;
mod workspace;

use errors::InnerErrors;
use nalgebra::DMatrix;
pub use out_of_fold::{Fit, OutOfFold};
pub use paths::Paths;
use rayon::prelude::*;
use rows::RowsBlock;
use sums::SumsBlock;
pub use tuning::{Grid, Selection, Tuning};

use crate::design::{FoldDesigns, takes_moments};
use crate::error::EngineError;
use crate::moments::Moments;
use crate::regressor::{Prepared, PreparedMoments, Regressor, RegressorError};

/// The designs of one repeat, factorised by one regressor.
pub struct NestedCv<'a> {
    designs: &'a FoldDesigns,
    prepared: PreparedDesigns<'a>,
    n_variants: usize,
    n_alphas: usize,
    scales_y: bool,
    tuning: Tuning,
}

/// The inner designs, then the outer ones.
enum PreparedDesigns<'a> {
    Rows(Vec<Box<dyn Prepared + 'a>>),
    Moments(&'a Moments, Vec<Box<dyn PreparedMoments + 'a>>),
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
        Ok(Self {
            prepared: PreparedDesigns::of(designs, regressor, tuning)?,
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
        if y.nrows() != self.designs.n_samples() {
            return Err(EngineError::Shape {
                what: "rows of y",
                got: y.nrows().to_string(),
                expected: self.designs.n_samples().to_string(),
            });
        }
        let mut errors = InnerErrors::zeros(
            self.designs.n_splits(),
            y,
            self.n_variants,
            self.n_alphas,
            self.tuning.selection,
        );
        match &self.prepared {
            PreparedDesigns::Rows(prepared) => {
                let block = RowsBlock::new(self, prepared, y);
                if self.tuning.grid == Grid::Split {
                    self.walk_splits(prepared, y, &mut errors)?;
                } else {
                    self.walk(&block, &mut errors)?;
                }
                self.predict(&block, errors)
            }
            PreparedDesigns::Moments(moments, prepared) => {
                let block = SumsBlock::new(self, moments, prepared, y);
                self.walk(&block, &mut errors)?;
                self.predict(&block, errors)
            }
        }
    }
}

impl<'a> PreparedDesigns<'a> {
    fn of(
        designs: &'a FoldDesigns,
        regressor: &'a dyn Regressor,
        tuning: Tuning,
    ) -> Result<Self, EngineError> {
        let size = (designs.n_samples(), designs.n_features());
        if let (Some(moments), Some(regressor)) = (
            &designs.moments,
            regressor
                .moments(size.0, size.1)
                .filter(|_| takes_moments(regressor, tuning, size)),
        ) {
            let prepared = moments.designs.par_iter().map(|design| {
                let prepared = regressor.prepare_moments(&design.gram, design.train.len());
                prepared.map_err(|source| design.failed("preparing", source))
            });
            return Ok(Self::Moments(moments, prepared.collect::<Result<_, _>>()?));
        }
        let all: Vec<_> = designs.inner.iter().chain(&designs.outer).collect();
        let prepared = all.into_par_iter().map(|design| {
            let prepared = regressor.prepare(&design.x, &design.x_new);
            prepared.map_err(|source| design.failed("preparing", source))
        });
        Ok(Self::Rows(prepared.collect::<Result<_, _>>()?))
    }
}

/// The error of a regressor at a design: `splits` that it serves, rows and features that it has.
pub(crate) fn failed(
    doing: &str,
    splits: impl Iterator<Item = usize>,
    (n_train, n_features): (usize, usize),
    source: RegressorError,
) -> EngineError {
    let splits: Vec<String> = splits.map(|split| (split + 1).to_string()).collect();
    EngineError::Regressor {
        stage: format!("{doing} (design of split {})", splits.join(" and ")),
        n_train,
        n_features,
        source,
    }
}
