//! The walk along the penalties: one eigendecomposition K = QΛQᵀ a design and gamma; then ŷ =
//! (K_new Q) (Λ + αI)⁻¹ (Qᵀy), for every target and penalty.

use std::sync::{Arc, Mutex, PoisonError};

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ocean_plugin::prelude::*;

use crate::{KernelRidge, kernel};

/// The strongest penalty of the grid, a row. The trace of K is n, so Σ λ/(λ + α) < 0.1: a tenth of
/// a degree of freedom is left.
const STRONGEST: f64 = 10.0;
/// The weakest over the strongest: down to a hundred-thousandth a row, next to none.
const RATIO: f64 = 1e-6;

/// A design, whatever the gamma. That is tunable, so one design serves regressors of several: each
/// takes the kernel apart once, when it first walks.
pub struct Design {
    p: usize,
    distances: DMatrix<f64>,
    distances_new: DMatrix<f64>,
    spectra: Mutex<Vec<(f64, Arc<Spectrum>)>>,
}

/// The kernel of one gamma, taken apart.
struct Spectrum {
    /// Λ, n values.
    eigenvalues: DVector<f64>,
    /// Qᵀ, n × n.
    to_basis: DMatrix<f64>,
    /// K_new Q, n_new × n.
    basis_new: DMatrix<f64>,
}

/// A block of targets on their way.
pub struct Walk {
    spectrum: Arc<Spectrum>,
    /// Qᵀy, n × t.
    projections: DMatrix<f64>,
    /// g × t.
    alphas: DMatrix<f64>,
}

impl Design {
    /// The threads that come meanwhile wait for the one that computes.
    fn spectrum(&self, gamma: f64, call: &Call<'_>) -> Result<Arc<Spectrum>> {
        let mut spectra = self.spectra.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = spectra.iter().find(|(of, _)| *of == gamma) {
            return Ok(Arc::clone(known));
        }
        call.check_cancelled()?;
        let [mut k, mut k_new] = [&self.distances, &self.distances_new].map(Clone::clone);
        kernel::similarities(&mut k, gamma, self.p);
        kernel::similarities(&mut k_new, gamma, self.p);
        let SymmetricEigen {
            eigenvalues,
            eigenvectors,
        } = SymmetricEigen::new(k);
        let spectrum = Arc::new(Spectrum {
            basis_new: k_new * &eigenvectors,
            to_basis: eigenvectors.transpose(),
            eigenvalues,
        });
        spectra.push((gamma, Arc::clone(&spectrum)));
        Ok(spectrum)
    }
}

impl PathRegressor for KernelRidge {
    type Prepared<'x> = Design;
    type Path<'p> = Walk;

    fn prepare<'x>(&self, x: Mat<'x>, x_new: Mat<'x>, call: &Call<'_>) -> Result<Design> {
        Ok(Design {
            p: x.cols(),
            distances: kernel::squared_distances(x, x, call)?,
            distances_new: kernel::squared_distances(x_new, x, call)?,
            spectra: Mutex::default(),
        })
    }

    /// The same for every target; a row means the same in every design, as it is a penalty a row of
    /// X.
    fn grid(
        &self,
        design: &Design,
        _: Mat<'_>,
        _: f64,
        mut alphas: MatMut<'_>,
        _: &Call<'_>,
    ) -> Result<()> {
        let strongest = STRONGEST * design.distances.nrows() as f64;
        let last = alphas.rows().saturating_sub(1).max(1) as f64;
        let alpha = |row: usize| strongest * RATIO.powf(row as f64 / last);
        let grid: Vec<f64> = (0..alphas.rows()).map(alpha).collect();
        (0..alphas.cols()).for_each(|j| alphas.fill_column(j, &grid));
        Ok(())
    }

    fn begin<'p>(
        &'p self,
        design: &'p Design,
        y: Mat<'_>,
        alphas: Mat<'_>,
        call: &Call<'_>,
    ) -> Result<Walk> {
        let spectrum = design.spectrum(self.gamma, call)?;
        let [y, alphas] = [y, alphas].map(|m| DMatrix::from_vec(m.rows(), m.cols(), m.to_vec()));
        Ok(Walk {
            projections: &spectrum.to_basis * y,
            spectrum,
            alphas,
        })
    }

    fn advance(
        walk: &mut Walk,
        columns: &[u32],
        steps: &[u32],
        mut y_hat: MatMut<'_>,
        info: &mut [FitInfo],
        _: &Call<'_>,
    ) -> Result<()> {
        let spectrum = &walk.spectrum;
        for (at, (&column, &step)) in columns.iter().zip(steps).enumerate() {
            let alpha = walk.alphas[(step as usize, column as usize)];
            let projection = walk.projections.column(column as usize);
            let shrunk = projection.zip_map(&spectrum.eigenvalues, |y, value| y / (value + alpha));
            let found = &spectrum.basis_new * shrunk;
            kernel::finite(found.as_slice())?;
            y_hat.fill_column(at, found.as_slice());
        }
        info.fill(FitInfo::CLOSED_FORM);
        Ok(())
    }
}
