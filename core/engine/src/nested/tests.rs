//! Rules of nested cross-validation that no outside program is needed for.

use super::*;
use crate::design::{InnerFolds, Layout};
use crate::folds::{Folds, Groups};
use crate::reference::ReferenceRidge;
use crate::seed::Seed;

fn designs(n: usize, n_features: usize) -> (FoldDesigns, DMatrix<f64>) {
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
        covariates: None,
    };
    let rows: Vec<usize> = (0..n).collect();
    (FoldDesigns::build(&layout, &rows, 0).unwrap(), y)
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
    // The third target is noise: its error only rises, so with patience 1 the walk ends at once and the strongest penalty stays.
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
