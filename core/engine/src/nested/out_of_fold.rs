//! Out-of-fold predictions of some targets, with the fits they come from.

use std::ops::Range;

use nalgebra::DMatrix;

use super::paths::Paths;
use crate::regressor::FitInfo;
use crate::score::HeldOut;

/// Out-of-fold predictions of a block of targets.
#[derive(Debug, Clone)]
pub struct OutOfFold {
    /// Prediction by the split that held the row out, n_samples of the row set × columns, target
    /// units.
    pub y_hat: DMatrix<f64>,
    /// What that split predicts without X, the same shape: the mean of its training targets, or
    /// with covariates ŷ⁰ = ZΓ̂.
    pub y_bar: DMatrix<f64>,
    /// The chosen fit of each split (rows) and column, split-major.
    pub fits: Vec<Vec<Fit>>,
    /// What the choice rested on; `None` where candidates of different recipes competed.
    pub paths: Option<Paths>,
}

/// The fit chosen for one split and column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Row of the grid, 0 the strongest penalty.
    pub step: usize,
    /// Setting tuned with the penalty (for elastic net: the l1_ratio), 0 the strongest.
    pub variant: usize,
    /// The penalty itself; NaN when y was constant in the training part. Where y was scaled, that
    /// of its ℓ1 part in target units, as glmnet's lambda.
    pub alpha: f64,
    /// What the regressor reported.
    pub info: FitInfo,
    /// No coefficient, or a constant training y.
    pub is_empty: bool,
    /// The chosen row is the first or last of the grid.
    pub at_grid_edge: bool,
    /// Σ (y − ŷ)² over the inner held-out rows at the chosen penalty, target units squared.
    pub inner_sse: f64,
    /// Which of several candidates was chosen ([`crate::best`]); 0 where there is one.
    pub candidate: usize,
}

/// Numbers of a [`Fit`] in [`OutOfFold::to_numbers`].
const FIT_NUMBERS: usize = 9;

impl OutOfFold {
    /// What was predicted of one target; `y`: the target, `fold_of`: the folds, a value a row.
    #[must_use]
    pub fn held_out<'a>(
        &'a self,
        column: usize,
        y: &'a [f64],
        fold_of: &'a [usize],
    ) -> HeldOut<'a> {
        let rows = self.y_hat.nrows();
        let of = |all: &'a DMatrix<f64>| &all.as_slice()[column * rows..(column + 1) * rows];
        HeldOut {
            y,
            y_hat: of(&self.y_hat),
            y_bar: of(&self.y_bar),
            fold_of,
            is_empty: false,
        }
    }

    /// Some of the targets.
    #[must_use]
    pub fn columns(self, columns: Range<usize>) -> Self {
        let of = |all: &DMatrix<f64>| all.columns_range(columns.clone()).into_owned();
        Self {
            y_hat: of(&self.y_hat),
            y_bar: of(&self.y_bar),
            fits: self
                .fits
                .iter()
                .map(|fits| fits[columns.clone()].to_vec())
                .collect(),
            paths: self.paths.map(|paths| paths.columns(columns)),
        }
    }

    /// Everything as one row of numbers, from which [`from_numbers`](Self::from_numbers) makes the
    /// same again, bit for bit: rows, targets, splits; y_hat, y_bar; the fits, split by split; the
    /// paths, if there are any.
    #[must_use]
    pub fn to_numbers(&self) -> Vec<f64> {
        let (n_rows, n_targets) = self.y_hat.shape();
        let mut numbers = vec![n_rows as f64, n_targets as f64, self.fits.len() as f64];
        numbers.extend(self.y_hat.iter().chain(self.y_bar.iter()));
        for fit in self.fits.iter().flatten() {
            numbers.extend([
                fit.step as f64,
                fit.variant as f64,
                fit.alpha,
                fit.info.gap,
                fit.info.n_nonzero.map_or(-1.0, f64::from),
                f64::from(u8::from(fit.info.is_unconverged)),
                f64::from(u8::from(fit.is_empty) | u8::from(fit.at_grid_edge) << 1),
                fit.inner_sse,
                fit.candidate as f64,
            ]);
        }
        if let Some(paths) = &self.paths {
            paths.put_numbers(&mut numbers);
        }
        numbers
    }

    /// What [`to_numbers`](Self::to_numbers) wrote; `None` for anything else.
    #[must_use]
    pub fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let mut reader = Reader(numbers);
        let [n_rows, n_targets, n_splits] = reader.counts()?;
        let n_cells = n_rows.checked_mul(n_targets)?;
        let y_hat = DMatrix::from_column_slice(n_rows, n_targets, reader.take(n_cells)?);
        let y_bar = DMatrix::from_column_slice(n_rows, n_targets, reader.take(n_cells)?);
        // Nothing is reserved for a count that the numbers do not bear out.
        let n_fits = n_splits.checked_mul(n_targets)?;
        let fits = reader.take(n_fits.checked_mul(FIT_NUMBERS)?)?;
        let fits: Vec<Fit> = fits
            .chunks_exact(FIT_NUMBERS)
            .map(fit_of)
            .collect::<Option<_>>()?;
        let fits = match n_targets {
            0 => vec![Vec::new(); n_splits.min(numbers.len())],
            _ => fits.chunks(n_targets).map(<[Fit]>::to_vec).collect(),
        };
        let paths = match reader.0 {
            [] => None,
            _ => Some(Paths::from_reader(&mut reader, n_splits, n_targets)?),
        };
        reader.0.is_empty().then_some(Self {
            y_hat,
            y_bar,
            fits,
            paths,
        })
    }
}

fn fit_of(numbers: &[f64]) -> Option<Fit> {
    let &[
        step,
        variant,
        alpha,
        gap,
        n_nonzero,
        unconverged,
        flags,
        inner_sse,
        candidate,
    ] = numbers
    else {
        return None;
    };
    let flags = count(flags)?;
    Some(Fit {
        step: count(step)?,
        variant: count(variant)?,
        alpha,
        info: FitInfo {
            gap,
            n_nonzero: match n_nonzero {
                -1.0 => None,
                n => Some(u32::try_from(count(n)?).ok()?),
            },
            is_unconverged: count(unconverged)? == 1,
        },
        is_empty: flags & 1 == 1,
        at_grid_edge: flags & 2 == 2,
        inner_sse,
        candidate: count(candidate)?,
    })
}

/// A whole number that a count can be.
fn count(number: f64) -> Option<usize> {
    let is_count = number.fract() == 0.0 && (0.0..1e15).contains(&number);
    is_count.then_some(number as usize)
}

/// What is left to read.
pub(super) struct Reader<'a>(&'a [f64]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [f64]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn counts<const N: usize>(&mut self) -> Option<[usize; N]> {
        let mut counts = [0; N];
        for (slot, number) in counts.iter_mut().zip(self.take(N)?) {
            *slot = count(*number)?;
        }
        Some(counts)
    }
}
