//! The observed and the permuted statistic of one encoder × regressor, by one code path.
//!
//! Permutations are worked through in blocks of a fixed number of consecutive slots. A block
//! depends on nothing but its own slots, so blocks can be computed in any order, on any thread, on
//! any machine, now or after an interruption.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::best::Recipe;
use crate::blocks::Blocks;
use crate::error::EngineError;
use crate::inference::response::Observed;
use crate::nested::OutOfFold;
use crate::permutation::PermutationScheme;
use crate::score::{r2, se_naive};
use crate::targets::{RowSet, Targets};

/// One block's results.
#[derive(Debug, Clone)]
pub struct BlockResult {
    /// r2 in each slot of the block (rows), of each target of the row set (columns).
    pub r2: DMatrix<f64>,
    /// Out-of-fold predictions of the observed targets, from the block that holds their slot.
    pub observed: Option<OutOfFold>,
}

/// Y of one row set, under any permutation.
///
/// What is computed in slot s is the permutation with index s, but for one exchange: the observed y
/// (index 0) is computed in `observed_slot`, and the permutation with that index in slot 0. A
/// regressor that remembers what it has seen treats slots differently; as the observed y may stand
/// in any of them, the rank of its statistic stays uniform under the null.
#[derive(Debug, Clone, Copy)]
pub struct PermutedTargets<'a> {
    /// All targets.
    pub targets: &'a Targets,
    /// The rows and targets evaluated together.
    pub row_set: &'a RowSet,
    /// π_b.
    pub scheme: &'a PermutationScheme,
    /// Where the observed y is computed: 0, or [`PermutationScheme::observed_slot`].
    pub observed_slot: usize,
}

impl PermutedTargets<'_> {
    /// The index of the permutation that is computed in a slot.
    #[must_use]
    pub fn index(&self, slot: usize) -> usize {
        match slot {
            0 => self.observed_slot,
            slot if slot == self.observed_slot => 0,
            slot => slot,
        }
    }

    /// The targets of the row set in some slots: n_samples of the row set × (slots · targets),
    /// slot-major. With covariates these are residuals, but for the observed y, the targets
    /// themselves.
    #[must_use]
    pub fn columns(&self, slots: Range<usize>) -> DMatrix<f64> {
        let RowSet { rows, targets } = self.row_set;
        let moves = self.scheme.of_target(&self.targets.observed(targets[0]));
        let mut columns = DMatrix::zeros(rows.len(), slots.len() * targets.len());
        for (at, slot) in slots.enumerate() {
            let b = self.index(slot);
            let from = moves.sources(b as u64, rows);
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
/// A block is padded to the common width by repeating its last column, so that a column's
/// arithmetic does not depend on the number of permutations.
///
/// # Errors
/// As [`Recipe::run`]; [`EngineError::ConstantTarget`].
pub fn run_block(
    recipe: &dyn Recipe,
    permuted: &PermutedTargets,
    blocks: Blocks,
    block: usize,
) -> Result<BlockResult, EngineError> {
    let slots = blocks.range(block);
    let n_targets = permuted.row_set.targets.len();
    let mut y = permuted.columns(slots.clone());
    pad(&mut y, blocks.width());
    let is_observed = slots.contains(&permuted.observed_slot);
    let out_of_fold = match is_observed {
        true => recipe.run(&y)?,
        false => recipe.predict(&y)?,
    };
    let r2 = column_r2(&y, &out_of_fold)?;
    let observed = is_observed.then(|| {
        let at = (permuted.observed_slot - slots.start) * n_targets;
        out_of_fold.columns(at..at + n_targets)
    });
    Ok(BlockResult {
        r2: DMatrix::from_row_slice(slots.len(), n_targets, &r2[..slots.len() * n_targets]),
        observed,
    })
}

/// r2 of arbitrary targets of the same rows (`y`: n_samples of the row set × columns), in parallel,
/// in blocks of equal width, at most `width`.
///
/// The width of a block depends on the number of columns only, so results do not depend on the
/// number of threads. Narrow blocks share the work of few columns among threads, wide ones make the
/// most of matrix products.
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

/// r2 of arbitrary targets, as [`r2_of_columns`], and beside each its naive variance, the square of
/// [`se_naive`]; `group_of`: the group of each row.
///
/// # Errors
/// As [`run_block`].
pub fn r2_and_naive_variance(
    recipe: &dyn Recipe,
    y: &DMatrix<f64>,
    width: usize,
    group_of: &[usize],
) -> Result<Vec<(f64, f64)>, EngineError> {
    let of_block = |y: &DMatrix<f64>, out_of_fold: &OutOfFold| {
        let naive = |column: usize| {
            let y = y.column(column);
            let held_out = out_of_fold.held_out(column, y.as_slice(), &[]);
            se_naive(&held_out, Some(group_of)).powi(2)
        };
        let r2 = column_r2(y, out_of_fold)?;
        Ok(r2.into_iter().zip((0..).map(naive)).collect::<Vec<_>>())
    };
    Ok(over_columns(recipe, y, width, of_block)?.concat())
}

/// Of arbitrary targets, as [`r2_of_columns`], what an interval starts from.
///
/// # Errors
/// As [`run_block`].
pub fn observed_of_columns(
    recipe: &dyn Recipe,
    y: &DMatrix<f64>,
    width: usize,
    group_of: &[usize],
) -> Result<Vec<Observed>, EngineError> {
    let of_block = |y: &DMatrix<f64>, out_of_fold: &OutOfFold| {
        let of_column = |(column, r2): (usize, f64)| {
            let y = y.column(column);
            let held_out = out_of_fold.held_out(column, y.as_slice(), &[]);
            Observed::of(r2, &[held_out], group_of)
        };
        let r2 = column_r2(y, out_of_fold)?;
        Ok(r2
            .into_iter()
            .enumerate()
            .map(of_column)
            .collect::<Vec<_>>())
    };
    Ok(over_columns(recipe, y, width, of_block)?.concat())
}

/// `score` of every block of columns, in their order; it is given as many columns as the block has
/// without its padding.
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
            let out_of_fold = recipe.predict(&padded)?;
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
    let of_column = |column: usize| {
        let y = y.column(column);
        let held_out = out_of_fold.held_out(column, y.as_slice(), &[]);
        r2(held_out.y, held_out.y_hat, held_out.y_bar)
    };
    (0..y.ncols()).map(of_column).collect()
}
