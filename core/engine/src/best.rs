//! The best of several recipes, chosen where choosing is allowed: by inner error, inside each
//! training part.
//!
//! "Our best model reached …" is biased upwards: the best of several r2 is partly the luckiest.
//! Here the choice is part of the recipe. For every split and every target the candidate (encoder ×
//! regressor) with the smallest inner error predicts the held-out fold, so the r2 of the whole is
//! that of somebody who tries them all and must decide before seeing the fold. Permutations and
//! jackknife replicates choose anew, by the same code.

use crate::design::{FoldDesigns, Layout};
use crate::error::EngineError;
use crate::nested::{NestedCv, OutOfFold, Tuning};
use crate::regressor::Regressor;
use nalgebra::DMatrix;

/// What turns targets into out-of-fold predictions.
pub trait Recipe: Sync {
    /// Predictions of every column of `y` (n_samples of the row set × columns).
    ///
    /// # Errors
    /// As [`NestedCv::run`].
    fn run(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError>;

    /// The same predictions without what they were chosen by, as [`NestedCv::predict`].
    ///
    /// # Errors
    /// As [`NestedCv::run`].
    fn predict(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        self.run(y)
    }
}

impl Recipe for NestedCv<'_> {
    fn predict(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        NestedCv::predict(self, y)
    }

    fn run(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        NestedCv::run(self, y)
    }
}

/// One encoder with the regressors that compete on it.
#[derive(Clone, Copy)]
pub struct Contender<'a> {
    /// The embedding, with the folds and groups that all contenders share.
    pub layout: Layout<'a>,
    /// Each regressor and how its penalty is chosen.
    pub regressors: &'a [(&'a dyn Regressor, Tuning)],
}

/// The designs of every contender, in their order.
///
/// # Errors
/// As [`FoldDesigns::build`].
pub fn build_designs(
    contenders: &[Contender],
    rows: &[usize],
    repeat: usize,
) -> Result<Vec<FoldDesigns>, EngineError> {
    contenders
        .iter()
        .map(|contender| {
            FoldDesigns::build_for(&contender.layout, rows, repeat, contender.regressors)
        })
        .collect()
}

/// All candidates of one repeat, factorised. With a single one it is that one.
pub struct BestOf<'a> {
    candidates: Vec<NestedCv<'a>>,
}

impl<'a> BestOf<'a> {
    /// `designs`: of [`build_designs`], for the same contenders. Candidates are numbered contender
    /// by contender, regressor by regressor.
    ///
    /// # Errors
    /// As [`NestedCv::prepare`].
    pub fn prepare(
        designs: &'a [FoldDesigns],
        contenders: &[Contender<'a>],
    ) -> Result<Self, EngineError> {
        let mut candidates = Vec::new();
        for (designs, contender) in designs.iter().zip(contenders) {
            for &(regressor, tuning) in contender.regressors {
                candidates.push(NestedCv::prepare(designs, regressor, tuning)?);
            }
        }
        Ok(Self { candidates })
    }
}

impl Recipe for BestOf<'_> {
    fn predict(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        match self.candidates.as_slice() {
            [candidate] => candidate.predict(y),
            // Candidates are compared by their inner errors.
            _ => self.run(y),
        }
    }

    fn run(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        let mut all = Vec::with_capacity(self.candidates.len());
        for candidate in &self.candidates {
            all.push(candidate.run(y)?);
        }
        match self.candidates.first() {
            Some(first) if all.len() > 1 => Ok(choose(&all, &first.designs().fold_of)),
            _ => all.pop().ok_or(EngineError::Shape {
                what: "recipes to choose from",
                got: "none".to_owned(),
                expected: "at least one".to_owned(),
            }),
        }
    }
}

/// For every split and column the predictions of the candidate whose inner error is the smallest;
/// of equal ones the first.
///
/// `all`: every candidate's predictions of the same columns; `fold_of`: the split that holds each
/// row out.
#[must_use]
pub fn choose(all: &[OutOfFold], fold_of: &[usize]) -> OutOfFold {
    let mut best = OutOfFold {
        y_hat: all[0].y_hat.clone(),
        y_bar: all[0].y_bar.clone(),
        fits: all[0].fits.clone(),
        paths: None,
    };
    for (split, fits) in best.fits.iter_mut().enumerate() {
        for (column, fit) in fits.iter_mut().enumerate() {
            for (candidate, out_of_fold) in all.iter().enumerate().skip(1) {
                let other = out_of_fold.fits[split][column];
                if other.inner_sse < fit.inner_sse {
                    *fit = other;
                    fit.candidate = candidate;
                }
            }
        }
    }
    for (row, &split) in fold_of.iter().enumerate() {
        for column in 0..best.y_hat.ncols() {
            let chosen = &all[best.fits[split][column].candidate];
            best.y_hat[(row, column)] = chosen.y_hat[(row, column)];
            best.y_bar[(row, column)] = chosen.y_bar[(row, column)];
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nested::Fit;
    use crate::regressor::FitInfo;

    /// Four rows in two folds, two targets: predictions all `value`, inner errors split by split.
    fn candidate(value: f64, inner_sse: [[f64; 2]; 2]) -> OutOfFold {
        let fit = |inner_sse: f64| Fit {
            step: 0,
            variant: 0,
            alpha: value,
            info: FitInfo::default(),
            is_empty: false,
            at_grid_edge: false,
            inner_sse,
            candidate: 0,
        };
        OutOfFold {
            y_hat: DMatrix::from_element(4, 2, value),
            y_bar: DMatrix::zeros(4, 2),
            fits: inner_sse
                .map(|of_split| of_split.map(fit).to_vec())
                .to_vec(),
            paths: None,
        }
    }

    #[test]
    fn each_split_and_target_takes_the_candidate_with_the_least_inner_error_and_of_equals_the_first()
     {
        let all = [
            candidate(1.0, [[5.0, 2.0], [3.0, 7.0]]),
            candidate(2.0, [[4.0, 2.0], [3.5, 1.0]]),
            candidate(3.0, [[6.0, 9.0], [2.0, 1.0]]),
        ];
        let best = choose(&all, &[0, 1, 0, 1]);
        assert_eq!(best.y_hat.column(0).as_slice(), [2.0, 3.0, 2.0, 3.0]);
        assert_eq!(best.y_hat.column(1).as_slice(), [1.0, 2.0, 1.0, 2.0]);
        let chosen = |split: usize| [0, 1].map(|column| best.fits[split][column].candidate);
        assert_eq!([chosen(0), chosen(1)], [[1, 0], [2, 1]]);
        assert_eq!(best.fits[1][0].alpha, 3.0);
    }
}
