//! What the walks on one design share: its factors, and what was made of them last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faer::Mat;

use super::basis::Basis;

/// What a path needs of its design.
pub struct Shared {
    /// A power of two: penalties are kept in units of its square.
    pub unit: f64,
    /// Eigenvalues in units of `unit²`, largest first.
    pub lambda: Vec<f64>,
    /// n_train × rank.
    pub u: Mat<f64>,
    /// n_new × rank.
    pub new_rows: Mat<f64>,
    /// The largest magnitude in it.
    pub largest_new: f64,
    /// The grid asked for last: every block of a study asks for the same.
    pub grid: Mutex<Vec<f64>>,
    /// The penalties walked last and their basis, if it is worth while: every block walks the same.
    walked: Mutex<Option<Walked>>,
}

/// A list of penalties, in units of the design, and its basis; none when direct products are as
/// good.
struct Walked {
    alphas: Vec<f64>,
    basis: Option<Arc<Basis>>,
}

impl Shared {
    /// Of a factorised design, for which nobody has asked anything yet.
    pub fn new(unit: f64, lambda: Vec<f64>, u: Mat<f64>, new_rows: Mat<f64>) -> Self {
        Self {
            unit,
            lambda,
            u,
            largest_new: new_rows.norm_max(),
            new_rows,
            grid: Mutex::default(),
            walked: Mutex::default(),
        }
    }

    /// The basis for `alphas` (in units); `None` when direct products are as good.
    pub fn basis(&self, alphas: &[f64]) -> Option<Arc<Basis>> {
        let mut last = locked(&self.walked);
        match &*last {
            Some(walked) if walked.alphas == alphas => walked.basis.clone(),
            _ => {
                let basis = Basis::of(&self.lambda, alphas).map(Arc::new);
                *last = Some(Walked {
                    alphas: alphas.to_vec(),
                    basis: basis.clone(),
                });
                basis
            }
        }
    }
}

/// A poisoned lock holds what was last stored whole: it is as good as ever.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
