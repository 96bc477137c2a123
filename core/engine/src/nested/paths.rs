//! The inner errors along the penalties, as the choice saw them: what a picture of the path shows.

use std::ops::Range;

use nalgebra::DMatrix;

use super::errors::InnerErrors;
use super::out_of_fold::Reader;

/// The paths of a block of targets.
#[derive(Debug, Clone)]
pub struct Paths {
    pub(super) errors: InnerErrors,
    /// Penalties of each split's outer design for the chosen variant, (splits · n_alphas) ×
    /// columns, on the scale of [`super::Fit::alpha`].
    pub(super) penalties: DMatrix<f64>,
}

impl Paths {
    /// Settings tuned with the penalty, and steps of the grid.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.errors.n_variants(), self.errors.n_alphas())
    }

    /// Σ (y − ŷ)² over the inner held-out rows of a split, target units squared; `None` where
    /// patience had ended the path before.
    #[must_use]
    pub fn inner_sse(
        &self,
        split: usize,
        column: usize,
        variant: usize,
        step: usize,
    ) -> Option<f64> {
        self.errors.walked(split, column, (variant, step))
    }

    /// The penalty of a step in the outer design of a split, for the variant chosen there.
    #[must_use]
    pub fn penalty(&self, split: usize, column: usize, step: usize) -> f64 {
        self.penalties[(split * self.errors.n_alphas() + step, column)]
    }

    /// Some of the targets.
    pub(super) fn columns(mut self, columns: Range<usize>) -> Self {
        self.penalties = self.penalties.columns_range(columns.clone()).into_owned();
        self.errors.keep_columns(columns);
        self
    }

    /// Settings and steps; the steps walked and the errors of every path; the penalties.
    pub(super) fn put_numbers(&self, numbers: &mut Vec<f64>) {
        self.errors.put_numbers(numbers);
        numbers.extend(self.penalties.iter());
    }

    /// What [`put_numbers`](Self::put_numbers) wrote.
    pub(super) fn from_reader(
        reader: &mut Reader,
        n_splits: usize,
        n_columns: usize,
    ) -> Option<Self> {
        let errors = InnerErrors::from_reader(reader, n_splits, n_columns)?;
        let n_rows = n_splits.checked_mul(errors.n_alphas())?;
        let penalties = reader.take(n_rows.checked_mul(n_columns)?)?;
        Some(Self {
            errors,
            penalties: DMatrix::from_column_slice(n_rows, n_columns, penalties),
        })
    }
}
