//! A block of targets as one design sees it: what its regressor is given, and the way back from
//! there to predictions and errors in target units. Only this differs between designs of scaled
//! rows ([`super::rows`]) and of second moments ([`super::sums`]).

use nalgebra::DMatrix;

use super::OutOfFold;
use super::workspace::Workspace;
use crate::regressor::Sizes;

/// One block of targets on the designs of a repeat, numbered from the first inner one to the last
/// outer one.
///
/// A *slot* is a place among the columns of the last fits.
pub(super) trait Block {
    /// What is needed of the targets to score the rows that a design holds out.
    type HeldOut;
    /// The targets, rows of the row set × columns.
    fn y(&self) -> &DMatrix<f64>;
    /// Brings the targets to a design.
    fn open(&self, at: usize) -> Open<Self::HeldOut>;
    /// Σ (y − ŷ)² of the last fits of `columns`, target units squared: a row for each split that
    /// the inner design serves, a column for each slot.
    fn score(&self, open: &Open<Self::HeldOut>, columns: &[u32]) -> DMatrix<f64>;
    /// Writes what the last fits of `columns` predict to the rows that the outer design holds out.
    fn predict(&self, open: &Open<Self::HeldOut>, columns: &[u32], out: &mut OutOfFold);
}

/// A block of targets at one design, and what its last fits gave.
pub(super) struct Open<H> {
    pub(super) at: usize,
    /// What [`Prepared`](crate::regressor::Prepared) calls y and y_sq.
    pub(super) y: DMatrix<f64>,
    pub(super) y_sq: Vec<f64>,
    /// Training mean of each column, target units.
    pub(super) mean: Vec<f64>,
    /// What y is divided by: the sd of the training y (ddof 0), or 1.
    pub(super) scale: Vec<f64>,
    /// Columns whose training y is constant. They get the empty model: the regressor is given
    /// something in their place, so that the block keeps its width, and what comes of it is not
    /// used.
    pub(super) constant: Vec<bool>,
    pub(super) fits: Workspace,
    pub(super) held_out: H,
}

impl<H> Open<H> {
    /// Of `n_columns` targets, none of which is there yet.
    pub(super) fn new(at: usize, sizes: Sizes, n_columns: usize, held_out: H) -> Self {
        Self {
            at,
            y: DMatrix::zeros(sizes.n_y, n_columns),
            y_sq: Vec::new(),
            mean: Vec::with_capacity(n_columns),
            scale: Vec::with_capacity(n_columns),
            constant: Vec::with_capacity(n_columns),
            fits: Workspace::new(sizes.n_out, n_columns),
            held_out,
        }
    }
}

/// The middle of the training values of one target.
pub(super) struct Centre {
    /// The first of them. Relative to it a constant y is exactly 0, whatever its size, and a large
    /// offset costs no digits.
    pub(super) offset: f64,
    /// Their mean, minus the offset.
    pub(super) mean: f64,
    /// They are all equal.
    pub(super) is_constant: bool,
}

impl Centre {
    /// Of the rows `train` of `values`.
    pub(super) fn of(values: &[f64], train: &[usize]) -> Self {
        let offset = values[train[0]];
        let sum: f64 = train.iter().map(|&row| values[row] - offset).sum();
        Self {
            offset,
            mean: sum / train.len() as f64,
            is_constant: train.iter().all(|&row| values[row] == offset),
        }
    }
}
