//! Nested cross-validation of a block of targets: choose the penalty inside each training part, predict the held-out fold.
//!
//! This is the hot path. The observed y and every permuted y go through [`NestedCv::run`], by the same code: they are columns of one block. A block has a fixed
//! width and is computed by one thread from start to end, so results do not depend on how many threads there are.
//!
//! What is carried from the inner to the outer designs is the grid *index* of the penalty: a grid means the same in every design (fraction of α_max,
//! degrees of freedom), and nothing of the held-out rows enters it.

mod block;
mod errors;
mod kernel;
mod paths;
mod rows;
mod split_grid;
mod sums;
#[cfg(test)]
mod tests;
mod walk;
mod workspace;

use errors::InnerErrors;
use nalgebra::DMatrix;
pub use paths::Paths;
use rayon::prelude::*;
use rows::RowsBlock;
use sums::SumsBlock;

use crate::design::{FoldDesigns, takes_moments};
use crate::error::EngineError;
use crate::moments::Moments;
use crate::regressor::{FitInfo, Prepared, PreparedMoments, Regressor, RegressorError};

/// How the penalty is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Stop a path after this many steps that did not lower the inner error by more than 1e-12 of it; `None` walks it all.
    /// Part of the procedure: the same for observed and permuted y.
    pub patience: Option<usize>,
    /// Which of the walked steps is taken.
    pub selection: Selection,
    /// Whose grid the inner designs walk along.
    pub grid: Grid,
}

impl Tuning {
    /// The whole path, the smallest inner error.
    pub const PLAIN: Self = Self {
        patience: None,
        selection: Selection::Min,
        grid: Grid::Design,
    };
}

/// Whose penalties the inner designs of a split try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Their own: what is carried to the outer design is the index. A design then serves two splits with one walk, and nothing of the held-out rows
    /// enters a grid.
    Design,
    /// That of the whole training part, penalty by penalty, as scikit-learn's `LassoCV` and glmnet's `cv.glmnet` do: for comparison with them. Walked whole,
    /// and once for every split that a design serves.
    Split,
}

/// Which penalty inner cross-validation selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The strongest whose inner error is the smallest, up to 1e-12 of it.
    Min,
    /// The strongest whose inner error is within one standard error of the smallest (Breiman et al. 1984; glmnet's `lambda.1se`).
    OneSe,
}

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

/// Out-of-fold predictions of a block of targets.
#[derive(Debug, Clone)]
pub struct OutOfFold {
    /// Prediction by the split that held the row out, n_samples of the row set × columns, target units.
    pub y_hat: DMatrix<f64>,
    /// What that split predicts without X, the same shape: the mean of its training targets, or with covariates ŷ⁰ = ZΓ̂.
    pub y_bar: DMatrix<f64>,
    /// The chosen fit of each split (rows) and column, split-major.
    pub fits: Vec<Vec<Fit>>,
    /// What the choice rested on; `None` where candidates of different recipes competed.
    pub paths: Option<Paths>,
}

/// The fit chosen for one split and column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Row of the grid, 0 the strongest penalty.
    pub step: usize,
    /// Setting tuned with the penalty (for elastic net: the l1_ratio), 0 the strongest.
    pub variant: usize,
    /// The penalty itself; NaN when y was constant in the training part. Where y was scaled, that of its ℓ1 part in target units, as glmnet's lambda.
    pub alpha: f64,
    /// What the regressor reported.
    pub info: FitInfo,
    /// No coefficient, or a constant training y.
    pub is_empty: bool,
    /// The chosen row is the first or last of the grid.
    pub at_grid_edge: bool,
    /// Σ (y − ŷ)² over the inner held-out rows at the chosen penalty, target units squared.
    pub inner_sse: f64,
    /// Which of several candidates was chosen ([`crate::best`]); 0 where there is one.
    pub candidate: usize,
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

    /// Nested cross-validation of every column of `y` (n_samples of the row set × columns, target units, no missing values).
    ///
    /// # Errors
    /// [`EngineError::Regressor`] naming the design that failed, [`EngineError::Shape`] when `y` has other rows than the row set.
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
