//! One design, factorised once and shared by all threads and all targets.

use std::sync::Arc;

use faer::Mat;

use super::factors::Factors;
use super::grid::{degrees_of_freedom, grid};
use super::path::RidgePath;
use super::shared::{Shared, locked};
use crate::error::expect_count;
use crate::product::multiply;
use crate::{Columns, LinearError};

/// A factorised training set and the new rows it predicts. Cheap to clone; shared by threads.
#[derive(Clone)]
pub struct RidgeDesign {
    shared: Arc<Shared>,
}

impl RidgeDesign {
    /// Factorises the training rows `x` (n_train × n_features) and keeps what predicts the rows of
    /// `x_new` (n_new × n_features).
    ///
    /// `x` is taken as it is: centring and scaling are the caller's, and `x_new` is in the same
    /// scaling. The cost is one eigendecomposition of the smaller of XXᵀ and XᵀX. Directions whose
    /// eigenvalue is at most 1e-10 of the largest are left out, as in a pseudo-inverse.
    ///
    /// # Errors
    /// [`LinearError::Empty`] without rows or columns, [`LinearError::Shape`] when the features
    /// differ in number, [`LinearError::Numeric`] when a value is not finite or the decomposition
    /// does not converge.
    pub fn prepare(x: Columns<'_>, x_new: Columns<'_>) -> Result<Self, LinearError> {
        expect_count("features of the new rows", x_new.n_columns(), x.n_columns())?;
        let factors = Factors::of(x)?;
        let new_rows = factors.new_rows(x_new);
        let Factors {
            unit, lambda, u, ..
        } = factors;
        Ok(Self {
            shared: Arc::new(Shared::new(unit, lambda, u, new_rows)),
        })
    }

    /// The same for `n_samples` training rows of which only the moments are known: `gram` = XᵀX/n,
    /// n_features × n_features.
    ///
    /// Targets are then given as Xᵀy (n_features × n_targets, not divided by n), and predictions
    /// are coefficients: with H = V S⁻¹ and the scores Uᵀy = S⁻¹Vᵀ·Xᵀy, w = H · diag(λ/(λ+α)) ·
    /// Uᵀy.
    ///
    /// # Errors
    /// As [`Self::prepare`]; [`LinearError::Shape`] when `gram` is not square.
    pub fn prepare_moments(gram: Columns<'_>, n_samples: f64) -> Result<Self, LinearError> {
        let (lambda, v) = Factors::of_gram(gram, n_samples)?;
        Ok(Self {
            shared: Arc::new(Shared::new(1.0, lambda, v.clone(), v)),
        })
    }

    /// Rows that targets have.
    pub fn n_train(&self) -> usize {
        self.shared.u.nrows()
    }

    /// Rows that are predicted.
    pub fn n_new(&self) -> usize {
        self.shared.new_rows.nrows()
    }

    /// Directions in which the training rows vary.
    pub fn rank(&self) -> usize {
        self.shared.lambda.len()
    }

    /// Effective degrees of freedom Σ s²/(s²+α), between 0 and [`Self::rank`].
    pub fn degrees_of_freedom(&self, alpha: f64) -> f64 {
        degrees_of_freedom(
            &self.shared.lambda,
            alpha / self.shared.unit / self.shared.unit,
        )
    }

    /// Penalties whose degrees of freedom are log-spaced from 0.1 (the first, strongest) to
    /// 0.99·rank: strictly decreasing, the same for every target.
    ///
    /// A design that does not vary predicts 0 whatever the penalty; it gets `n_alphas`, …, 2, 1.
    ///
    /// # Errors
    /// [`LinearError::Numeric`] when so many penalties cannot be told apart, or lie outside the
    /// range of f64.
    pub fn grid(&self, n_alphas: usize) -> Result<Vec<f64>, LinearError> {
        let mut known = locked(&self.shared.grid);
        if known.len() == n_alphas {
            return Ok(known.clone());
        }
        let unit = self.shared.unit;
        let alphas: Vec<f64> = grid(&self.shared.lambda, n_alphas)?
            .iter()
            .map(|a| a * unit * unit)
            .collect();
        if alphas.iter().all(|a| a.is_normal()) {
            known.clone_from(&alphas);
            Ok(alphas)
        } else {
            Err(LinearError::Numeric(
                "the penalties of the grid lie outside the range of f64: scale the columns of X",
            ))
        }
    }

    /// Multiplications that a whole walk along `alphas` takes for one new row of one target.
    pub fn walk_cost(&self, alphas: &[f64]) -> usize {
        let unit = self.shared.unit;
        let alphas: Vec<f64> = alphas.iter().map(|a| a / unit / unit).collect();
        self.shared
            .basis(&alphas)
            .map_or(alphas.len() * self.rank(), |basis| basis.cost())
    }

    /// Begins a walk for the targets `y` (n_train × n_targets, each column centred) along `alphas`
    /// (n_alphas × n_targets). Keeps neither.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree, [`LinearError::Penalty`] for a negative one or
    /// NaN, [`LinearError::Numeric`] when y is not finite.
    pub fn begin(&self, y: Columns<'_>, alphas: Columns<'_>) -> Result<RidgePath, LinearError> {
        RidgePath::begin(Arc::clone(&self.shared), y, alphas)
    }
}

/// Coefficients (n_features values) of one ridge fit: argmin ‖y − Xw‖² + α‖w‖², of least norm when
/// α = 0.
///
/// `x`: n_samples × n_features, `y`: n_samples values, both centred by the caller.
///
/// # Errors
/// As [`RidgeDesign::prepare`] and [`RidgeDesign::begin`].
pub fn fit(x: Columns<'_>, y: &[f64], alpha: f64) -> Result<Vec<f64>, LinearError> {
    expect_count("values of y", y.len(), x.n_rows())?;
    if alpha.is_nan() || alpha < 0.0 {
        return Err(LinearError::Penalty(alpha));
    }
    let Factors { unit, lambda, u, v } = Factors::of(x)?;
    let alpha = alpha / unit / unit;
    let mut scores = Mat::<f64>::zeros(lambda.len(), 1);
    multiply(
        scores.as_mut(),
        u.transpose(),
        faer::MatRef::from_column_major_slice(y, y.len(), 1),
    );
    for (score, l) in scores.col_as_slice_mut(0).iter_mut().zip(&lambda) {
        *score *= l / (l + alpha) / l.sqrt();
    }
    let mut coef = vec![0.0; x.n_columns()];
    let out = faer::MatMut::from_column_major_slice_mut(&mut coef, x.n_columns(), 1);
    multiply(out, v.as_ref(), scores.as_ref());
    coef.iter_mut().for_each(|w| *w /= unit);
    if coef.iter().all(|w| w.is_finite()) {
        Ok(coef)
    } else {
        Err(LinearError::Numeric("a coefficient is not finite"))
    }
}
