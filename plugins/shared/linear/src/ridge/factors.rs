//! The decomposition X = U S Vᵀ of one design, by way of the smaller of its two Gram matrices.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par, Spec};

use crate::error::expect_count;
use crate::product::{multiply, scale_columns};
use crate::{Columns, LinearError};

/// Directions whose eigenvalue is at most this share of the largest count as absent: below it, the
/// Gram matrix holds rounding only.
const RANK_TOLERANCE: f64 = 1e-10;

/// X/unit = U S Vᵀ, reduced to its rank.
pub(super) struct Factors {
    /// A power of two near the largest |x|: squares of x neither overflow nor vanish, and not one
    /// bit of x is lost.
    pub unit: f64,
    /// s², largest first.
    pub lambda: Vec<f64>,
    /// n_samples × rank.
    pub u: Mat<f64>,
    /// n_features × rank.
    pub v: Mat<f64>,
}

impl Factors {
    /// Decomposes XXᵀ when there are more features than samples, else XᵀX.
    pub fn of(x: Columns<'_>) -> Result<Self, LinearError> {
        if x.n_rows() == 0 || x.n_columns() == 0 {
            return Err(LinearError::Empty);
        }
        let unit = unit_of(x.values())?;
        let x = in_units(x, unit);
        let is_wide = x.ncols() > x.nrows();
        let gram = if is_wide {
            gram(x.transpose())
        } else {
            gram(x.as_ref())
        };
        let (lambda, vectors) = leading_eigenpairs(&gram)?;
        // The other side's vectors follow: V = XᵀU S⁻¹, or U = XV S⁻¹.
        let other = project(
            if is_wide { x.transpose() } else { x.as_ref() },
            &vectors,
            &lambda,
        );
        let (u, v) = if is_wide {
            (vectors, other)
        } else {
            (other, vectors)
        };
        Ok(Self { unit, lambda, u, v })
    }

    /// λ and V S⁻¹ of `n_samples` rows of which XᵀX/n is known.
    pub fn of_gram(gram: Columns<'_>, n_samples: f64) -> Result<(Vec<f64>, Mat<f64>), LinearError> {
        expect_count("columns of XᵀX/n", gram.n_columns(), gram.n_rows())?;
        if gram.values().is_empty() {
            return Err(LinearError::Empty);
        }
        if gram.values().iter().any(|v| !v.is_finite()) {
            return Err(LinearError::Numeric(
                "XᵀX/n holds a value that is not finite",
            ));
        }
        let p = gram.n_rows();
        let gram = Mat::from_fn(p, p, |i, j| gram.column(j)[i] * n_samples);
        let (lambda, mut v) = leading_eigenpairs(&gram)?;
        scale_columns(&mut v, |j| 1.0 / lambda[j].sqrt());
        Ok((lambda, v))
    }

    /// H = X_new V S⁻¹, n_new × rank: what predicts new rows from Uᵀy.
    pub fn new_rows(&self, x_new: Columns<'_>) -> Mat<f64> {
        project(in_units(x_new, self.unit).as_ref(), &self.v, &self.lambda)
    }
}

/// The power of two at or below the largest magnitude; 1 for a matrix of zeros.
fn unit_of(values: &[f64]) -> Result<f64, LinearError> {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if values.iter().any(|v| !v.is_finite()) {
        return Err(LinearError::Numeric(
            "the design matrix holds a value that is not finite",
        ));
    }
    if largest == 0.0 {
        return Ok(1.0);
    }
    Ok(2.0_f64.powi(largest.log2().floor().clamp(-1000.0, 1000.0) as i32))
}

fn in_units(x: Columns<'_>, unit: f64) -> Mat<f64> {
    let x = x.as_mat();
    Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] / unit)
}

/// AᵀA.
fn gram(a: MatRef<'_, f64>) -> Mat<f64> {
    let mut gram = Mat::zeros(a.ncols(), a.ncols());
    multiply(gram.as_mut(), a.transpose(), a);
    gram
}

/// X · vectors · S⁻¹.
fn project(x: MatRef<'_, f64>, vectors: &Mat<f64>, lambda: &[f64]) -> Mat<f64> {
    let mut out = Mat::zeros(x.nrows(), vectors.ncols());
    multiply(out.as_mut(), x, vectors.as_ref());
    scale_columns(&mut out, |j| 1.0 / lambda[j].sqrt());
    out
}

/// Eigenvalues above the rank tolerance, largest first, with their vectors as columns.
fn leading_eigenpairs(gram: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), LinearError> {
    let n = gram.nrows();
    let mut values = Diag::<f64>::zeros(n);
    let mut vectors = Mat::<f64>::zeros(n, n);
    let scratch =
        self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(
        gram.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .map_err(|_| LinearError::Numeric("the eigendecomposition of the design did not converge"))?;
    let values: Vec<f64> = (0..n).map(|i| values.column_vector()[n - 1 - i]).collect();
    if !values.iter().all(|v| v.is_finite()) {
        return Err(LinearError::Numeric(
            "the eigendecomposition of the design is not finite",
        ));
    }
    let rank = values
        .iter()
        .take_while(|&&l| l > 0.0 && l > RANK_TOLERANCE * values[0])
        .count();
    let leading = Mat::from_fn(n, rank, |i, j| vectors[(i, n - 1 - j)]);
    Ok((values[..rank].to_vec(), leading))
}
