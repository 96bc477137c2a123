//! What the walks on one design share: its factors, and what was made of them last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faer::Mat;

use super::basis::Basis;
use super::ranking::Ranker;

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
    walked: Mutex<Option<Made<Basis>>>,
    /// The same for penalties that were ranked last.
    ranked: Mutex<Option<Made<Ranker>>>,
}

/// A list of penalties, in units of the design, and what was made for it, if it pays.
struct Made<T> {
    alphas: Vec<f64>,
    made: Option<Arc<T>>,
}

/// What was made for `alphas` last, or `make` of it now.
fn last<T>(
    made: &Mutex<Option<Made<T>>>,
    alphas: &[f64],
    make: impl FnOnce() -> Option<T>,
) -> Option<Arc<T>> {
    let mut last = locked(made);
    match &*last {
        Some(last) if last.alphas == alphas => last.made.clone(),
        _ => {
            let made = make().map(Arc::new);
            *last = Some(Made {
                alphas: alphas.to_vec(),
                made: made.clone(),
            });
            made
        }
    }
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
            ranked: Mutex::default(),
        }
    }

    /// The basis for `alphas` (in units); `None` when direct products are as good.
    pub fn basis(&self, alphas: &[f64]) -> Option<Arc<Basis>> {
        last(&self.walked, alphas, || Basis::of(&self.lambda, alphas))
    }

    /// What ranks `alphas` (in units); `None` when there is nothing to rank.
    pub fn ranker(&self, alphas: &[f64]) -> Option<Arc<Ranker>> {
        let of = || Ranker::of(&self.lambda, alphas, self.new_rows.as_ref());
        last(&self.ranked, alphas, of)
    }
}

/// A poisoned lock holds what was last stored whole: it is as good as ever.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
