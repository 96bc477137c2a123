//! The inner errors along the penalties, as the choice saw them: what a picture of the path shows.

use nalgebra::DMatrix;

use super::errors::InnerErrors;

/// The paths of a block of targets.
#[derive(Debug, Clone)]
pub struct Paths {
    pub(super) errors: InnerErrors,
    /// Penalties of each split's outer design for the chosen variant, (splits · n_alphas) × columns, on the scale of [`super::Fit::alpha`].
    pub(super) penalties: DMatrix<f64>,
}

impl Paths {
    /// Settings tuned with the penalty, and steps of the grid.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.errors.n_variants(), self.errors.n_alphas())
    }

    /// Σ (y − ŷ)² over the inner held-out rows of a split, target units squared; `None` where patience had ended the path before.
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

    /// The first `n_columns` targets.
    pub(crate) fn first_columns(mut self, n_columns: usize) -> Self {
        self.errors.truncate(n_columns);
        self.penalties = self.penalties.columns(0, n_columns).into_owned();
        self
    }
}
