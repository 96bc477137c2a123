//! The inner errors of a block, which step they choose, and when a path has walked far enough.

use std::ops::Range;

use nalgebra::DMatrix;

use super::out_of_fold::Reader;
use super::ranking::OpenChoices;
use super::tuning::Selection;
use crate::design::Split;
use crate::regressor::Errors;

/// A penalty is as good as the best when its inner error is within this share of it; the strongest
/// such penalty is chosen.
const EQUALLY_GOOD: f64 = 1e-12;

/// Pooled inner squared errors of every (column, split, variant, step), and which step they choose.
#[derive(Debug, Clone)]
pub(super) struct InnerErrors {
    sse: Vec<f64>,
    /// What each error may be off by; empty where they are exact.
    bounds: Vec<f64>,
    /// Σ sse_f²/n_f over the inner folds f, for the standard error, sse in the column's `units`;
    /// empty when only the smallest error counts.
    squares: Vec<f64>,
    /// What the squared error of each column is multiplied by before it is squared once more: 1, or
    /// a power of two where the result would be no number.
    units: Vec<f64>,
    /// Steps walked of each (split, column, variant).
    walked: Vec<usize>,
    n_splits: usize,
    n_variants: usize,
    n_alphas: usize,
}

impl InnerErrors {
    /// Nothing added yet, every path counted as walked to its end. `y`: the targets, one a column.
    pub(super) fn zeros(
        n_splits: usize,
        y: &DMatrix<f64>,
        n_variants: usize,
        n_alphas: usize,
        selection: Selection,
    ) -> Self {
        let n_paths = n_splits * y.ncols() * n_variants;
        let n_squares = match selection {
            Selection::Min => 0,
            Selection::OneSe => n_paths * n_alphas,
        };
        Self {
            sse: vec![0.0; n_paths * n_alphas],
            bounds: Vec::new(),
            squares: vec![0.0; n_squares],
            units: y.column_iter().map(|y| unit_of_squares(y.amax())).collect(),
            walked: vec![n_alphas; n_paths],
            n_splits,
            n_variants,
            n_alphas,
        }
    }

    fn path(&self, split: usize, column: usize, variant: usize) -> usize {
        (column * self.n_splits + split) * self.n_variants + variant
    }

    /// The pooled inner squared error of a step, `None` where the path was not walked so far.
    pub(super) fn walked(&self, split: usize, column: usize, at: (usize, usize)) -> Option<f64> {
        let is_walked = at.1 < self.walked[self.path(split, column, at.0)];
        is_walked.then(|| self.of(split, column, at))
    }

    /// Settings tuned with the penalty.
    pub(super) fn n_variants(&self) -> usize {
        self.n_variants
    }

    /// Steps of the grid.
    pub(super) fn n_alphas(&self) -> usize {
        self.n_alphas
    }

    /// Forgets all other columns, and what only choosing needs.
    pub(super) fn keep_columns(&mut self, columns: Range<usize>) {
        let per_column = self.n_splits * self.n_variants;
        let paths = columns.start * per_column..columns.end * per_column;
        self.sse = self.sse[paths.start * self.n_alphas..paths.end * self.n_alphas].to_vec();
        self.walked = self.walked[paths].to_vec();
        self.units = self.units[columns].to_vec();
        self.bounds = Vec::new();
        self.squares = Vec::new();
    }

    /// Settings, steps; of every path the steps walked, then the errors.
    pub(super) fn put_numbers(&self, numbers: &mut Vec<f64>) {
        numbers.extend([self.n_variants as f64, self.n_alphas as f64]);
        numbers.extend(self.walked.iter().map(|&walked| walked as f64));
        numbers.extend(&self.sse);
    }

    /// What [`put_numbers`](Self::put_numbers) wrote of columns that were kept: nothing is chosen
    /// from it any more.
    pub(super) fn from_reader(
        reader: &mut Reader,
        n_splits: usize,
        n_columns: usize,
    ) -> Option<Self> {
        let [n_variants, n_alphas] = reader.counts()?;
        let n_paths = n_splits.checked_mul(n_variants)?.checked_mul(n_columns)?;
        let walked = reader.take(n_paths)?.iter().map(|&walked| walked as usize);
        let walked: Vec<usize> = walked.map(|walked| walked.min(n_alphas)).collect();
        Some(Self {
            walked,
            sse: reader.take(n_paths.checked_mul(n_alphas)?)?.to_vec(),
            bounds: Vec::new(),
            squares: Vec::new(),
            units: vec![1.0; n_columns],
            n_splits,
            n_variants,
            n_alphas,
        })
    }

    /// Adds the squared error of one inner fold of `n_rows` rows. An error that is no number is the
    /// worst of all, so that it is never chosen.
    pub(super) fn add(&mut self, at: (usize, usize, usize, usize), sse: f64, n_rows: usize) {
        let (split, column, variant, step) = at;
        let sse = if sse.is_nan() { f64::INFINITY } else { sse };
        let at = self.path(split, column, variant) * self.n_alphas + step;
        self.sse[at] += sse;
        if let Some(squares) = self.squares.get_mut(at) {
            let sse = sse * self.units[column];
            *squares += sse * sse / n_rows as f64;
        }
    }

    /// Adds the approximate errors of the paths of all columns at one design, with their bounds.
    pub(super) fn add_bounded(&mut self, design: &Split, variant: usize, found: &Errors) {
        self.bounds.resize(self.sse.len(), 0.0);
        let n_ranges = design.serves.len();
        for column in 0..found.sse.ncols() {
            for (range, (split, _)) in design.serves.iter().enumerate() {
                let first = self.path(*split, column, variant) * self.n_alphas;
                for step in 0..self.n_alphas {
                    let at = (step * n_ranges + range, column);
                    self.sse[first + step] += found.sse[at];
                    self.bounds[first + step] += found.bound[at];
                }
            }
        }
    }

    /// The (variant, step) between which the bounds cannot decide, of every (split, column) with
    /// more than one. Nothing else can be chosen there from now on, and their errors are 0, to be
    /// added anew.
    pub(super) fn open_choices(&mut self) -> OpenChoices {
        let per_choice = self.n_variants * self.n_alphas;
        let mut open = OpenChoices::new();
        let choices = self.sse.chunks_exact_mut(per_choice);
        for (at, (sse, bounds)) in choices
            .zip(self.bounds.chunks_exact(per_choice))
            .enumerate()
        {
            let pairs = sse.iter().zip(bounds);
            let most = pairs.fold(f64::INFINITY, |most, (sse, bound)| most.min(sse + bound));
            // Twice the share within which two are equally good; what is no number stays in.
            let most = most * (1.0 + 2.0 * EQUALLY_GOOD);
            let is_out = |at: &usize| sse[*at] - bounds[*at] > most;
            let (_, candidates): (Vec<usize>, Vec<usize>) = (0..per_choice).partition(is_out);
            if candidates.len() < 2 {
                continue;
            }
            sse.fill(f64::INFINITY);
            candidates.iter().for_each(|&at| sse[at] = 0.0);
            let of_choice = candidates.iter();
            let of_choice = of_choice.map(|at| (at / self.n_alphas, at % self.n_alphas));
            open.insert(
                (at % self.n_splits, at / self.n_splits),
                of_choice.collect(),
            );
        }
        open
    }

    /// The pooled inner squared error of a (variant, step).
    pub(super) fn of(&self, split: usize, column: usize, (variant, step): (usize, usize)) -> f64 {
        self.sse[self.path(split, column, variant) * self.n_alphas + step]
    }

    /// The chosen (variant, step): the strongest whose error is good enough. Strength: grid index
    /// first, then the earlier variant.
    ///
    /// Good enough is within 1e-12 of the smallest error, or with [`Selection::OneSe`] within one
    /// standard error of it. `folds`: rows and number of the inner folds of this split.
    pub(super) fn choose(
        &self,
        split: usize,
        column: usize,
        folds: (usize, usize),
    ) -> (usize, usize) {
        let candidates = |variant: usize| {
            let path = self.path(split, column, variant);
            let start = path * self.n_alphas;
            start..start + self.walked[path]
        };
        let least = (0..self.n_variants)
            .flat_map(candidates)
            .min_by(|&a, &b| self.sse[a].total_cmp(&self.sse[b]));
        let Some(least) = least else { return (0, 0) };
        let good_enough =
            self.sse[least] * (1.0 + EQUALLY_GOOD) + self.standard_error(least, column, folds);
        for step in 0..self.n_alphas {
            for variant in 0..self.n_variants {
                let candidate = candidates(variant).nth(step);
                if candidate.is_some_and(|at| self.sse[at] <= good_enough) {
                    return (variant, step);
                }
            }
        }
        (0, 0)
    }

    /// Standard error of a pooled squared error, as a sum over `n_rows` rows like the error itself:
    /// with e_f the mean squared error of inner fold f and e their mean weighted by rows, n·√(Σ
    /// n_f(e_f − e)²/n / (F − 1)) for F folds, as in glmnet's `cv.glmnet` (`cvsd`); 0 for
    /// [`Selection::Min`].
    fn standard_error(&self, at: usize, column: usize, (n_rows, n_folds): (usize, usize)) -> f64 {
        let Some(squares) = self.squares.get(at).filter(|_| n_folds > 1) else {
            return 0.0;
        };
        let (n, unit) = (n_rows as f64, self.units[column]);
        let mean = self.sse[at] * unit / n;
        let variance = (squares / n - mean * mean).max(0.0) / (n_folds - 1) as f64;
        n * variance.sqrt() / unit
    }
}

/// 1 for targets whose fourth power is a number, else the power of two that brings their squares
/// near 1.
fn unit_of_squares(largest: f64) -> f64 {
    if largest == 0.0 || !largest.is_finite() || (1e-50..1e50).contains(&largest) {
        return 1.0;
    }
    2.0f64.powi(-2 * largest.log2().floor() as i32)
}

/// Which (split, column) still walk, with their best error so far.
pub(super) struct Walks {
    best: Vec<f64>,
    steps_without_gain: Vec<usize>,
    n_columns: usize,
    patience: usize,
}

impl Walks {
    /// Everybody walks.
    pub(super) fn new(n_splits: usize, n_columns: usize, patience: usize) -> Self {
        Self {
            best: vec![f64::INFINITY; n_splits * n_columns],
            steps_without_gain: vec![0; n_splits * n_columns],
            n_columns,
            patience,
        }
    }

    fn is_active(&self, split: usize, column: usize) -> bool {
        self.steps_without_gain[split * self.n_columns + column] < self.patience
    }

    /// The columns that a design is still needed for.
    pub(super) fn active_in_any(&self, design: &Split) -> Vec<u32> {
        let is_active = |column| {
            let mut splits = design.serves.iter().map(|(split, _)| *split);
            splits.any(|split| self.is_active(split, column))
        };
        (0..self.n_columns)
            .filter(|&column| is_active(column))
            .map(|column| column as u32)
            .collect()
    }

    /// Takes the errors of this step; false when nobody walks on. A split's candidates end where it
    /// stopped, even if a shared path went on for another.
    pub(super) fn close_step(
        &mut self,
        errors: &mut InnerErrors,
        variant: usize,
        step: usize,
    ) -> bool {
        let mut anybody = false;
        for at in 0..self.best.len() {
            let (split, column) = (at / self.n_columns, at % self.n_columns);
            if !self.is_active(split, column) {
                continue;
            }
            let path = errors.path(split, column, variant);
            let sse = errors.sse[path * errors.n_alphas + step];
            if sse < self.best[at] * (1.0 - EQUALLY_GOOD) {
                self.steps_without_gain[at] = 0;
            } else {
                self.steps_without_gain[at] += 1;
            }
            self.best[at] = self.best[at].min(sse);
            errors.walked[path] = step + 1;
            anybody |= self.is_active(split, column);
        }
        anybody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two inner folds of 4 rows; three steps with fold errors (8, 4), (4, 4), (4, 3.2): the least,
    /// 7.2, at the last.
    fn errors(selection: Selection) -> InnerErrors {
        errors_in(selection, 1.0)
    }

    /// The same of a target that is `unit` times as large.
    fn errors_in(selection: Selection, unit: f64) -> InnerErrors {
        let mut errors = InnerErrors::zeros(1, &DMatrix::from_element(1, 1, unit), 1, 3, selection);
        for (step, folds) in [[8.0, 4.0], [4.0, 4.0], [4.0, 3.2]].iter().enumerate() {
            folds
                .iter()
                .for_each(|&sse| errors.add((0, 0, 0, step), sse * unit * unit, 4));
        }
        errors
    }

    #[test]
    fn one_standard_error_by_hand() {
        // Of the least: mean errors 1 and .8, mean .9, variance of the mean .01 / (2 − 1), so ±.1 a
        // row, .8 in all: 8.0 is just good enough.
        let errors = errors(Selection::OneSe);
        assert!((errors.standard_error(2, 0, (8, 2)) - 0.8).abs() < 1e-12);
        assert_eq!(errors.choose(0, 0, (8, 2)), (0, 1));
        // In units whose fourth power is no number the choice is the same.
        for unit in [1e-120, 1e-60, 1e60, 1e100] {
            assert_eq!(
                errors_in(Selection::OneSe, unit).choose(0, 0, (8, 2)),
                (0, 1)
            );
        }
    }

    #[test]
    fn an_error_that_is_no_number_is_never_chosen() {
        let mut errors = errors(Selection::Min);
        for nan in [f64::NAN, -f64::NAN, f64::INFINITY] {
            errors.add((0, 0, 0, 2), nan, 4);
            assert_eq!(errors.choose(0, 0, (8, 2)), (0, 1));
        }
    }

    #[test]
    fn without_a_standard_error_the_least_is_chosen() {
        assert_eq!(errors(Selection::Min).choose(0, 0, (8, 2)), (0, 2));
    }
}
