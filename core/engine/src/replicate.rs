//! The whole recipe once more: without a block of rows, for the intervals, or with the folds drawn
//! anew.
//!
//! Designs, tuning and all are made again, for the observed y alone. One replicate is the same
//! computation as the study's own, so nothing is approximated.

use nalgebra::DMatrix;

use crate::best::{BestOf, Contender, build_designs};
use crate::design::Layout;
use crate::error::EngineError;
use crate::evaluate::over_columns;
use crate::folds::Folds;
use crate::nested::OutOfFold;
use crate::score::{baseline, r2};
use crate::targets::{RowSet, Targets};

/// Columns of a block of a replicate, which has one column a target: all threads find work.
const REPLICATE_COLUMNS: usize = 8;

/// What a replicate gives, one value a target of the row set, means over repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicate {
    /// r2.
    pub r2: Vec<f64>,
    /// B, the mean squared error of what is predicted without X ([`baseline`]).
    pub baseline: Vec<f64>,
}

/// The study without jackknife block `block`: the whole recipe on the other rows, folds and repeats
/// kept. A block that is a whole fold leaves one fold fewer.
///
/// `block_of`: the block of each row of the row set
/// ([`crate::inference::interval::jackknife_blocks`]).
///
/// # Errors
/// As [`build_designs`] and [`crate::best::Recipe::run`].
///
/// Checked: against a study made from scratch without these rows, `tests/statistics/replicate.rs`.
pub fn without_block(
    contenders: &[Contender],
    targets: &Targets,
    row_set: &RowSet,
    block_of: &[usize],
    block: usize,
) -> Result<Replicate, EngineError> {
    let kept = row_set.rows.iter().zip(block_of);
    let rows: Vec<usize> = kept
        .filter(|&(_, &of)| of != block)
        .map(|(&row, _)| row)
        .collect();
    let repeats = contenders
        .first()
        .map_or(0, |contender| contender.layout.folds.repeats());
    // A block may be a whole fold: that is left out with it.
    let folds = contenders
        .first()
        .map(|contender| contender.layout.folds.holding(&rows));
    let contenders = folds
        .as_ref()
        .map_or(Vec::new(), |folds| on_folds(contenders, folds));
    let n_targets = row_set.targets.len();
    let mut mean = Replicate {
        r2: vec![0.0; n_targets],
        baseline: vec![0.0; n_targets],
    };
    for repeat in 0..repeats {
        let scores = scores(&contenders, targets, &rows, &row_set.targets, repeat)?;
        for (target, (r2, baseline)) in scores.into_iter().enumerate() {
            mean.r2[target] += r2 / repeats as f64;
            mean.baseline[target] += baseline / repeats as f64;
        }
    }
    Ok(mean)
}

/// r2 of each target of the row set in repeat `redraw` of other folds of the same rows; what makes
/// it differ from the study's is the draw of the folds alone.
///
/// # Errors
/// As [`without_block`].
pub fn with_folds(
    contenders: &[Contender],
    targets: &Targets,
    row_set: &RowSet,
    folds: &Folds,
    redraw: usize,
) -> Result<Vec<f64>, EngineError> {
    let redrawn = on_folds(contenders, folds);
    let scores = scores(&redrawn, targets, &row_set.rows, &row_set.targets, redraw)?;
    Ok(scores.into_iter().map(|(r2, _)| r2).collect())
}

/// The same contenders with other folds.
fn on_folds<'a>(contenders: &[Contender<'a>], folds: &'a Folds) -> Vec<Contender<'a>> {
    let on_folds = |contender: &Contender<'a>| Contender {
        layout: Layout {
            folds,
            ..contender.layout
        },
        ..*contender
    };
    contenders.iter().map(on_folds).collect()
}

/// r2 and B of some targets on some rows in one repeat.
fn scores(
    contenders: &[Contender],
    targets: &Targets,
    rows: &[usize],
    of: &[usize],
    repeat: usize,
) -> Result<Vec<(f64, f64)>, EngineError> {
    let y = DMatrix::from_fn(rows.len(), of.len(), |row, t| {
        targets.y()[(rows[row], of[t])]
    });
    let designs = build_designs(contenders, rows, repeat)?;
    let recipe = BestOf::prepare(&designs, contenders)?;
    let both = |y: &DMatrix<f64>, out: &OutOfFold| -> Result<Vec<(f64, f64)>, EngineError> {
        (0..y.ncols())
            .map(|column| {
                let (y, y_hat, y_bar) = (
                    y.column(column),
                    out.y_hat.column(column),
                    out.y_bar.column(column),
                );
                let (y, y_bar) = (y.as_slice(), y_bar.as_slice());
                Ok((r2(y, y_hat.as_slice(), y_bar)?, baseline(y, y_bar)))
            })
            .collect()
    };
    Ok(over_columns(&recipe, &y, REPLICATE_COLUMNS, both)?.concat())
}
