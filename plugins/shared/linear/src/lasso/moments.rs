//! The same models from second moments alone: for designs that are too long to be kept, and folds
//! whose moments add up.

use std::sync::Arc;

use super::LassoOptions;
use super::gram::Gram;
use super::grid;
use super::path::{LassoPath, Shared};
use super::projection::Projection;
use crate::units::unit_of;
use crate::{Columns, LinearError};

/// G = XᵀX/n of a training set, for lasso and elastic net of any l1_ratio. Borrows it; shared by
/// threads.
pub struct LassoMoments<'g> {
    gram: Gram<'g>,
}

impl<'g> LassoMoments<'g> {
    /// Takes `gram` (n_features × n_features), symmetric: only its columns are read.
    ///
    /// # Errors
    /// [`LinearError::Empty`] without features, [`LinearError::Shape`] when it is not square,
    /// [`LinearError::Numeric`] when a value is not finite.
    pub fn prepare(gram: Columns<'g>) -> Result<Self, LinearError> {
        crate::error::expect_count("columns of XᵀX/n", gram.n_columns(), gram.n_rows())?;
        if gram.values().is_empty() {
            return Err(LinearError::Empty);
        }
        if unit_of(gram.values(), "XᵀX/n holds a value that is not finite")? != 1.0 {
            return Err(LinearError::Numeric(
                "XᵀX/n is too large or too small: scale the columns of X",
            ));
        }
        Ok(Self {
            gram: Gram::Whole(gram.values().into(), gram.n_rows()),
        })
    }

    /// As [`super::LassoDesign::grid`], for targets given as `xty` = Xᵀy/n (n_features ×
    /// n_targets).
    ///
    /// # Errors
    /// As there.
    pub fn grid(
        &self,
        xty: Columns<'_>,
        min_ratio: f64,
        options: LassoOptions,
        alphas: &mut [f64],
    ) -> Result<(), LinearError> {
        // The grid needs no yᵀy/n.
        let projection = self.given(xty, &vec![1.0; xty.n_columns()])?;
        grid::fill(&projection, min_ratio, 1.0, options, alphas)
    }

    /// As [`super::LassoDesign::begin`], for targets given as `xty` = Xᵀy/n (n_features ×
    /// n_targets) and `y_sq` = yᵀy/n. The path gives coefficients.
    ///
    /// # Errors
    /// As there; and [`LinearError::Numeric`] when a yᵀy/n is negative.
    pub fn begin(
        &self,
        xty: Columns<'_>,
        y_sq: &[f64],
        alphas: Columns<'_>,
        options: LassoOptions,
    ) -> Result<LassoPath<'_>, LinearError> {
        let shared = Shared {
            gram: &self.gram,
            unit: 1.0,
            x_new: None,
        };
        LassoPath::begin(shared, self.given(xty, y_sq)?, alphas, options)
    }

    fn given(&self, xty: Columns<'_>, y_sq: &[f64]) -> Result<Arc<Projection>, LinearError> {
        crate::error::expect_count("rows of Xᵀy/n", xty.n_rows(), self.gram.n_features())?;
        Ok(Arc::new(Projection::given(xty, y_sq)?))
    }
}
