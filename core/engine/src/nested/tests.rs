//! Rules of nested cross-validation that no outside program is needed for.

use super::*;
use crate::design::{InnerFolds, Layout};
use crate::folds::{Folds, Groups};
use crate::reference::ReferenceRidge;
use crate::regressor::{Errors, FitInfo, Path, Prepared, RegressorError, TrainingSet};
use crate::seed::Seed;

fn designs(n: usize, n_features: usize) -> (FoldDesigns, DMatrix<f64>) {
    let (designs, _, y) = built_by(n, n_features, FoldDesigns::build);
    (designs, y)
}

type Build = fn(&Layout, &[usize], usize) -> Result<FoldDesigns, EngineError>;

/// Designs, X and Y of a small study.
fn built_by(
    n: usize,
    n_features: usize,
    build: Build,
) -> (FoldDesigns, DMatrix<f64>, DMatrix<f64>) {
    let mut noise = Seed(4).stream("data", 0);
    let x = DMatrix::from_fn(n, n_features, |_, _| noise.normal());
    let mut y = DMatrix::from_fn(n, 3, |row, _| x[(row, 0)] + noise.normal());
    y.column_mut(2).iter_mut().for_each(|y| *y = noise.normal());
    let groups = Groups::singletons(n);
    let folds = Folds::split(&groups, 5, 1, Seed(4)).unwrap();
    let layout = Layout {
        x: &x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed: Seed(4),
        weights: None,
        covariates: None,
    };
    let rows: Vec<usize> = (0..n).collect();
    let designs = build(&layout, &rows, 0).unwrap();
    (designs, x, y)
}

fn run(designs: &FoldDesigns, y: &DMatrix<f64>, patience: Option<usize>) -> OutOfFold {
    let ridge = ReferenceRidge { n_alphas: 12 };
    NestedCv::prepare(
        designs,
        &ridge,
        Tuning {
            patience,
            ..Tuning::PLAIN
        },
    )
    .unwrap()
    .run(y)
    .unwrap()
}

#[test]
fn a_column_does_not_depend_on_its_neighbours_in_the_block() {
    let (designs, y) = designs(60, 8);
    let together = run(&designs, &y, None);
    for column in 0..3 {
        let alone = run(&designs, &y.columns(column, 1).into_owned(), None);
        assert_eq!(together.fits[0][column].step, alone.fits[0][0].step);
        let difference = together.y_hat.column(column) - alone.y_hat.column(0);
        assert!(difference.amax() < 1e-12, "{}", difference.amax());
    }
}

#[test]
fn walking_in_step_with_endless_patience_is_the_whole_walk() {
    let (designs, y) = designs(60, 8);
    let (whole, in_step) = (run(&designs, &y, None), run(&designs, &y, Some(99)));
    assert_eq!(whole.y_hat, in_step.y_hat);
}

#[test]
fn a_split_never_chooses_a_step_behind_its_own_stop() {
    let (designs, y) = designs(60, 8);
    // The third target is noise: its error only rises, so with patience 1 the walk ends at once and
    // the strongest penalty stays.
    let impatient = run(&designs, &y, Some(1));
    let whole = run(&designs, &y, None);
    for split in 0..5 {
        for column in 0..3 {
            assert!(impatient.fits[split][column].step <= whole.fits[split][column].step);
        }
    }
}

#[test]
fn a_training_set_with_constant_y_gets_the_empty_model() {
    let (designs, mut y) = designs(60, 8);
    // Only the rows of fold 0 differ, so the training set of split 0 is constant.
    for (row, &fold) in designs.fold_of.iter().enumerate() {
        y[(row, 1)] = if fold == 0 { row as f64 } else { 7.3 };
    }
    let out = run(&designs, &y, None);
    assert!(out.fits[0][1].is_empty && out.fits[0][1].alpha.is_nan());
    assert!(!out.fits[1][1].is_empty);
    for (row, &fold) in designs.fold_of.iter().enumerate() {
        if fold == 0 {
            assert_eq!((out.y_hat[(row, 1)], out.y_bar[(row, 1)]), (7.3, 7.3));
        }
    }
}

#[test]
fn adding_a_constant_and_scaling_y_changes_no_choice() {
    let (designs, y) = designs(60, 8);
    let moved = y.map(|y| 1e6 + 250.0 * y);
    let (plain, moved) = (run(&designs, &y, None), run(&designs, &moved, None));
    for split in 0..5 {
        for column in 0..3 {
            assert_eq!(
                plain.fits[split][column].step,
                moved.fits[split][column].step
            );
        }
    }
    // 1e6 costs about ten of the sixteen digits of y.
    let back = moved.y_hat.map(|y_hat| (y_hat - 1e6) / 250.0);
    assert!((back - plain.y_hat).amax() < 1e-8);
}

#[test]
fn the_final_model_takes_the_penalty_that_is_best_over_the_folds() {
    let (n, p) = (60, 8);
    let (designs, x, y) = built_by(n, p, FoldDesigns::build_final);
    let found = run(&designs, &y, None);
    assert_eq!((found.fits.len(), found.y_hat.shape()), (1, y.shape()));
    let ridge = ReferenceRidge { n_alphas: 12 };
    let all: Vec<usize> = (0..n).collect();
    for column in 0..3 {
        // By hand: each fold in turn is predicted from the others, at every step of their grid;
        // then all rows are fitted at the best step.
        let mut sse = vec![0.0; ridge.n_alphas];
        for fold in 0..5 {
            let is_in = |row: &usize| designs.fold_of[*row] == fold;
            let (new, train): (Vec<usize>, Vec<usize>) = all.iter().partition(|row| is_in(row));
            for (step, y_hat) in predicted(&ridge, &x, &y, column, &train, &new)
                .iter()
                .enumerate()
            {
                let errors = new.iter().zip(y_hat);
                sse[step] += errors
                    .map(|(row, y_hat)| (y[(*row, column)] - y_hat).powi(2))
                    .sum::<f64>();
            }
        }
        let best = (0..sse.len())
            .min_by(|a, b| sse[*a].total_cmp(&sse[*b]))
            .unwrap();
        assert_eq!(found.fits[0][column].step, best, "{sse:?}");
        let expected = &predicted(&ridge, &x, &y, column, &all, &all)[best];
        for (row, expected) in expected.iter().enumerate() {
            assert!((found.y_hat[(row, column)] - expected).abs() < 1e-12);
        }
    }
}

/// Predictions of the rows `new` by models of the rows `train`, for each step of their grid.
fn predicted(
    ridge: &ReferenceRidge,
    x: &DMatrix<f64>,
    y: &DMatrix<f64>,
    column: usize,
    train: &[usize],
    new: &[usize],
) -> Vec<Vec<f64>> {
    let (mut x_train, mut x_new) = (x.select_rows(train), x.select_rows(new));
    for feature in 0..x.ncols() {
        let mean = x_train.column(feature).mean();
        let sd = x_train.column(feature).variance().sqrt();
        for part in [&mut x_train, &mut x_new] {
            part.column_mut(feature)
                .iter_mut()
                .for_each(|value| *value = (*value - mean) / sd);
        }
    }
    let y_train = y.column(column).select_rows(train);
    let mean = y_train.mean();
    let centred = DMatrix::from_column_slice(train.len(), 1, y_train.add_scalar(-mean).as_slice());
    let (x, x_new) = (&x_train, &x_new);
    let prepared = ridge.prepare(TrainingSet::Rows { x, x_new }).unwrap();
    let mut alphas = DMatrix::zeros(ridge.n_alphas, 1);
    prepared.grid(0, &centred, &mut alphas).unwrap();
    let step = |step: u32| {
        let mut path = prepared.begin(0, &centred, &[], &alphas).unwrap();
        let mut y_hat = vec![0.0; new.len()];
        path.advance(&[0], &[step], &mut y_hat, &mut [FitInfo::default()])
            .unwrap();
        y_hat.into_iter().map(|value| value + mean).collect()
    };
    (0..ridge.n_alphas as u32).map(step).collect()
}

#[test]
fn the_paths_hold_what_was_chosen_and_nothing_behind_a_stop() {
    let (designs, y) = designs(60, 8);
    for patience in [None, Some(1)] {
        let found = run(&designs, &y, patience).columns(0..2);
        let paths = found.paths.as_ref().unwrap();
        assert_eq!(paths.shape(), (1, 12));
        for (split, fits) in found.fits.iter().enumerate() {
            for (column, fit) in fits.iter().enumerate() {
                let chosen = paths.inner_sse(split, column, 0, fit.step);
                assert_eq!(chosen, Some(fit.inner_sse));
                assert_eq!(paths.penalty(split, column, fit.step), fit.alpha);
                let errors = (0..12).filter_map(|step| paths.inner_sse(split, column, 0, step));
                assert!(errors.min_by(f64::total_cmp) == Some(fit.inner_sse));
            }
        }
    }
    // With patience 1 the third target, noise, stops where its error first rises.
    let paths = run(&designs, &y, Some(1)).paths.unwrap();
    assert_eq!(paths.inner_sse(0, 2, 0, 11), None);
}

#[test]
fn predictions_come_back_from_their_numbers_bit_for_bit_and_nothing_else_does() {
    let (designs, y) = designs(60, 8);
    let mut found = run(&designs, &y, Some(1)).columns(1..3);
    found.fits[0][1].alpha = f64::NAN;
    found.fits[1][0].info.n_nonzero = Some(7);
    for with_paths in [true, false] {
        if !with_paths {
            found.paths = None;
        }
        let numbers = found.to_numbers();
        let again = OutOfFold::from_numbers(&numbers).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&again.to_numbers()), bits(&numbers));
        assert_eq!(again.y_hat, found.y_hat);
        assert_eq!(again.fits[1][0].info.n_nonzero, Some(7));
        assert_eq!(again.fits[0][0].alpha, found.fits[0][0].alpha);
        assert_eq!(again.paths.is_some(), with_paths);
        // Cut short, or with a count that is none: nothing, and no panic.
        for len in [0, 2, 3, numbers.len() / 2, numbers.len() - 1] {
            assert!(OutOfFold::from_numbers(&numbers[..len]).is_none(), "{len}");
        }
        for (at, wrong) in [(0, 1e300), (1, -1.0), (2, f64::NAN), (0, 1e14)] {
            let mut numbers = numbers.clone();
            numbers[at] = wrong;
            assert!(OutOfFold::from_numbers(&numbers).is_none());
        }
    }
}

/// The reference ridge that gives errors, each wrong by some share of it, up to the bound.
struct Rough {
    ridge: ReferenceRidge,
    share: f64,
    /// Columns that it was asked to predict.
    n_predicted: std::sync::atomic::AtomicUsize,
}

struct RoughPrepared<'a>(&'a Rough, Box<dyn Prepared + 'a>);

struct RoughPath<'a> {
    of: &'a Rough,
    exact: Box<dyn Path + 'a>,
    n_alphas: usize,
}

impl Regressor for Rough {
    fn n_alphas(&self) -> usize {
        self.ridge.n_alphas
    }

    fn prepare<'a>(
        &'a self,
        training: TrainingSet<'a>,
    ) -> Result<Box<dyn Prepared + 'a>, RegressorError> {
        Ok(Box::new(RoughPrepared(self, self.ridge.prepare(training)?)))
    }
}

impl Prepared for RoughPrepared<'_> {
    fn grid(
        &self,
        variant: usize,
        y: &DMatrix<f64>,
        alphas: &mut DMatrix<f64>,
    ) -> Result<(), RegressorError> {
        self.1.grid(variant, y, alphas)
    }

    fn begin<'p>(
        &'p self,
        variant: usize,
        y: &DMatrix<f64>,
        y_sq: &[f64],
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + 'p>, RegressorError> {
        Ok(Box::new(RoughPath {
            of: self.0,
            exact: self.1.begin(variant, y, y_sq, alphas)?,
            n_alphas: alphas.nrows(),
        }))
    }
}

impl Path for RoughPath<'_> {
    fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        out: &mut [f64],
        info: &mut [FitInfo],
    ) -> Result<(), RegressorError> {
        let counted = &self.of.n_predicted;
        counted.fetch_add(columns.len(), std::sync::atomic::Ordering::Relaxed);
        self.exact.advance(columns, steps, out, info)
    }

    fn errors(
        &mut self,
        y_new: &DMatrix<f64>,
        ends: &[usize],
    ) -> Result<Option<Errors>, RegressorError> {
        let (n_new, n_targets) = y_new.shape();
        let mut found = Errors::unknown(self.n_alphas * ends.len(), n_targets);
        let columns: Vec<u32> = (0..n_targets as u32).collect();
        let mut info = vec![FitInfo::default(); n_targets];
        let mut noise = Seed(9).stream("rough", 0);
        for step in 0..self.n_alphas {
            let mut y_hat = DMatrix::zeros(n_new, n_targets);
            let steps = vec![step as u32; n_targets];
            let slots = y_hat.as_mut_slice();
            self.exact.advance(&columns, &steps, slots, &mut info)?;
            for target in 0..n_targets {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                for (range, (start, &end)) in starts.zip(ends).enumerate() {
                    let residuals =
                        (start..end).map(|row| y_new[(row, target)] - y_hat[(row, target)]);
                    let sse: f64 = residuals.map(|e| e * e).sum();
                    let at = (step * ends.len() + range, target);
                    let wrong = self.of.share * (2.0 * noise.uniform() - 1.0);
                    found.sse[at] = sse * (1.0 + wrong);
                    found.bound[at] = sse * self.of.share;
                }
            }
        }
        Ok(Some(found))
    }
}

#[test]
fn rough_errors_choose_what_exact_ones_choose_and_save_fits() {
    let (designs, y) = designs(60, 8);
    let mut fits = Vec::new();
    for share in [0.0, 1e-4, 0.01, 0.3] {
        let rough = Rough {
            ridge: ReferenceRidge { n_alphas: 12 },
            share,
            n_predicted: Default::default(),
        };
        let nested = NestedCv::prepare(&designs, &rough, Tuning::PLAIN).unwrap();
        let exact = nested.run(&y).unwrap();
        let of_exact = rough
            .n_predicted
            .swap(0, std::sync::atomic::Ordering::Relaxed);
        let found = nested.predict(&y).unwrap();
        assert_eq!(found.y_hat, exact.y_hat, "errors off by up to {share}");
        assert_eq!(found.y_bar, exact.y_bar);
        assert!(found.paths.is_none());
        fits.push(rough.n_predicted.load(std::sync::atomic::Ordering::Relaxed));
        assert!(fits.iter().all(|&fits| fits <= of_exact));
    }
    // Exact errors leave the final fits alone; the rougher they are the more is left to fit.
    assert_eq!(fits[0], 3 * 5);
    assert!(fits[1] < fits[3] && fits[0] < fits[3], "{fits:?}");
}
