//! The observed and the permuted statistic of one encoder × regressor, by one code path.
//!
//! Permutations are worked through in blocks of a fixed number of consecutive indexes; index 0 is the observed y. A block depends on nothing but its own
//! indexes, so blocks can be computed in any order, on any thread, on any machine, now or after an interruption.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::best::Recipe;
use crate::error::EngineError;
use crate::nested::OutOfFold;
use crate::permutation::PermutationScheme;
use crate::score::r2;
use crate::targets::{RowSet, Targets};
use crate::waves::Waves;

/// Columns a block aims at: wide enough that matrix products run at full speed, narrow enough that a block stays in the second-level cache.
pub const BLOCK_COLUMNS: usize = 64;

/// How permutation indexes are cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    start: usize,
    end: usize,
    per_block: usize,
    /// Columns of every block, padding included.
    width: usize,
}

impl Blocks {
    /// Blocks for `n_permutations` (besides the observed y) of `n_targets` targets at once.
    #[must_use]
    pub fn new(n_permutations: usize, n_targets: usize) -> Self {
        Self::of(0..n_permutations + 1, n_targets, n_targets)
    }

    /// Blocks for some indexes of `n_left` of the `n_targets` targets of a row set, as wide as those for all of them: a column's arithmetic may depend on the
    /// width of its block, and must not depend on which targets are still there.
    #[must_use]
    pub fn of(indexes: Range<usize>, n_targets: usize, n_left: usize) -> Self {
        let n_targets = n_targets.max(1);
        let width = n_targets * (BLOCK_COLUMNS / n_targets).max(1);
        Self {
            start: indexes.start,
            end: indexes.end,
            per_block: (width / n_left.max(1)).max(1),
            width,
        }
    }

    /// Number of blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start).div_ceil(self.per_block)
    }

    /// No index, no block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Permutation indexes of one block.
    #[must_use]
    pub fn range(&self, block: usize) -> Range<usize> {
        let start = self.start + block * self.per_block;
        start..(start + self.per_block).min(self.end)
    }
}

/// One block's results.
#[derive(Debug, Clone)]
pub struct BlockResult {
    /// r2 of each permutation index of the block (rows) and target of the row set (columns).
    pub r2: DMatrix<f64>,
    /// Out-of-fold predictions of the observed targets, in the block of index 0 only.
    pub observed: Option<OutOfFold>,
}

/// Y of one row set, under any permutation.
#[derive(Debug, Clone, Copy)]
pub struct PermutedTargets<'a> {
    /// All targets.
    pub targets: &'a Targets,
    /// The rows and targets evaluated together.
    pub row_set: &'a RowSet,
    /// π_b.
    pub scheme: &'a PermutationScheme,
}

impl PermutedTargets<'_> {
    /// The targets of the row set under permutations `range` (with covariates: the residuals, but for index 0, the targets themselves): n_samples of the row set × (indexes · targets), index-major.
    #[must_use]
    pub fn columns(&self, range: Range<usize>) -> DMatrix<f64> {
        let RowSet { rows, targets } = self.row_set;
        let observed = self.targets.observed(targets[0]);
        let mut columns = DMatrix::zeros(rows.len(), range.len() * targets.len());
        for (at, b) in range.enumerate() {
            let from = self.scheme.sources(b as u64, &observed, rows);
            for (t, &target) in targets.iter().enumerate() {
                let y = if b == 0 {
                    self.targets.y().column(target)
                } else {
                    self.targets.exchanged().column(target)
                };
                let mut column = columns.column_mut(at * targets.len() + t);
                column
                    .iter_mut()
                    .zip(&from)
                    .for_each(|(slot, &row)| *slot = y[row]);
            }
        }
        columns
    }
}

/// One block of permutations, from permuting to r2.
///
/// A block is padded to the common width by repeating its last column, so that a column's arithmetic does not depend on the number of permutations.
///
/// # Errors
/// As [`Recipe::run`]; [`EngineError::ConstantTarget`].
pub fn run_block(
    recipe: &dyn Recipe,
    permuted: &PermutedTargets,
    blocks: Blocks,
    block: usize,
) -> Result<BlockResult, EngineError> {
    let range = blocks.range(block);
    let n_targets = permuted.row_set.targets.len();
    let (n_indexes, holds_observed) = (range.len(), range.start == 0);
    let mut y = permuted.columns(range);
    pad(&mut y, blocks.width);
    let out_of_fold = recipe.run(&y)?;
    let r2 = column_r2(&y, &out_of_fold)?;
    Ok(BlockResult {
        r2: DMatrix::from_row_slice(n_indexes, n_targets, &r2[..n_indexes * n_targets]),
        observed: holds_observed.then(|| out_of_fold.first_columns(n_targets)),
    })
}

/// r2 of arbitrary targets of the same rows (`y`: n_samples of the row set × columns), in parallel, in blocks of equal width, at most `width`.
///
/// The width of a block depends on the number of columns only, so results do not depend on the number of threads. Narrow blocks share the work of few
/// columns among threads, wide ones make the most of matrix products.
///
/// # Errors
/// As [`run_block`].
pub fn r2_of_columns(
    recipe: &dyn Recipe,
    y: &DMatrix<f64>,
    width: usize,
) -> Result<Vec<f64>, EngineError> {
    Ok(over_columns(recipe, y, width, column_r2)?.concat())
}

/// `score` of every block of columns, in their order; it is given as many columns as the block has without its padding.
pub(crate) fn over_columns<T: Send>(
    recipe: &dyn Recipe,
    y: &DMatrix<f64>,
    width: usize,
    score: impl Fn(&DMatrix<f64>, &OutOfFold) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    if y.ncols() == 0 {
        return Ok(Vec::new());
    }
    let n_blocks = y.ncols().div_ceil(width.max(1));
    let width = y.ncols().div_ceil(n_blocks);
    let starts: Vec<usize> = (0..y.ncols()).step_by(width).collect();
    starts
        .into_par_iter()
        .map(|start| {
            let own = y.columns(start, width.min(y.ncols() - start)).into_owned();
            let mut padded = own.clone();
            pad(&mut padded, width);
            let out_of_fold = recipe.run(&padded)?;
            score(&own, &out_of_fold)
        })
        .collect()
}

fn pad(y: &mut DMatrix<f64>, width: usize) {
    let n_columns = y.ncols();
    if n_columns < width {
        let last = y.column(n_columns - 1).into_owned();
        let padded = std::mem::take(y).resize_horizontally(width, 0.0);
        *y = padded;
        y.columns_mut(n_columns, width - n_columns)
            .column_iter_mut()
            .for_each(|mut column| column.copy_from(&last));
    }
}

fn column_r2(y: &DMatrix<f64>, out_of_fold: &OutOfFold) -> Result<Vec<f64>, EngineError> {
    (0..y.ncols())
        .map(|column| {
            r2(
                y.column(column).as_slice(),
                out_of_fold.y_hat.column(column).as_slice(),
                out_of_fold.y_bar.column(column).as_slice(),
            )
        })
        .collect()
}

impl OutOfFold {
    /// The first `n_columns` targets.
    #[must_use]
    pub fn first_columns(self, n_columns: usize) -> Self {
        Self {
            y_hat: self.y_hat.columns(0, n_columns).into_owned(),
            y_bar: self.y_bar.columns(0, n_columns).into_owned(),
            fits: self
                .fits
                .iter()
                .map(|fits| fits[..n_columns].to_vec())
                .collect(),
            paths: self.paths.map(|paths| paths.first_columns(n_columns)),
        }
    }
}

/// Observed predictions and the whole null distribution of one repeat: every block, in parallel.
///
/// Returns the out-of-fold predictions of the observed targets and r2, (m + 1) × targets of the row set, row 0 observed.
///
/// # Errors
/// As [`run_block`]; [`EngineError::Cancelled`] once `cancelled` is true.
pub fn permutation_test(
    recipe: &dyn Recipe,
    permuted: &PermutedTargets,
    n_permutations: usize,
    cancelled: &AtomicBool,
) -> Result<(OutOfFold, DMatrix<f64>), EngineError> {
    let waves = Waves::fixed(n_permutations, permuted.row_set.targets.len());
    run_waves(recipe, permuted, waves, cancelled)
}

/// The same with as many permutations as each target needs, at most `cap`: p is [`Stopping::p`](crate::inference::sequential::Stopping::p) of a column.
///
/// Returns the predictions and r2 as [`permutation_test`], NaN below the last permutation of a target that settled before others.
///
/// # Errors
/// As [`permutation_test`].
pub fn adaptive_test(
    recipe: &dyn Recipe,
    permuted: &PermutedTargets,
    cap: usize,
    cancelled: &AtomicBool,
) -> Result<(OutOfFold, DMatrix<f64>), EngineError> {
    let waves = Waves::adaptive(cap, permuted.row_set.targets.len());
    run_waves(recipe, permuted, waves, cancelled)
}

fn run_waves(
    recipe: &dyn Recipe,
    permuted: &PermutedTargets,
    mut waves: Waves,
    cancelled: &AtomicBool,
) -> Result<(OutOfFold, DMatrix<f64>), EngineError> {
    let mut observed = None;
    while let Some(wave) = waves.next_wave() {
        let (blocks, row_set) = (wave.blocks(), wave.row_set(permuted.row_set));
        let permuted = PermutedTargets {
            row_set: &row_set,
            ..*permuted
        };
        let results: Vec<BlockResult> = (0..blocks.len())
            .into_par_iter()
            .map(|block| {
                if cancelled.load(Ordering::Relaxed) {
                    return Err(EngineError::Cancelled);
                }
                run_block(recipe, &permuted, blocks, block)
            })
            .collect::<Result<_, _>>()?;
        let mut statistics = DMatrix::zeros(wave.indexes.len(), wave.targets.len());
        let mut row = 0;
        for result in results {
            statistics
                .rows_mut(row, result.r2.nrows())
                .copy_from(&result.r2);
            row += result.r2.nrows();
            observed = observed.or(result.observed);
        }
        waves.take(&wave, &statistics);
    }
    // The first wave always has a block of index 0, which carries the observed predictions.
    observed
        .map(|observed| (observed, waves.finish()))
        .ok_or(EngineError::Cancelled)
}
