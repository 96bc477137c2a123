//! The engine's shared designs, blocks and first-return maps against the slow obvious loop ([`crate::twin`]), observed and permuted.

use nalgebra::DMatrix;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::permutation::Exchange;
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::seed::Seed;

use crate::ridge::WithAlphas;
use crate::study::{Study, noise};
use crate::twin;

/// Two solvers of the same systems, condition number below 1e6 with the penalty: ten digits.
const SAME_FIT: f64 = 1e-9;
const PERMUTATIONS: usize = 6;

/// n × p noise, targets that depend on the first columns, and a share of missing values that grows with the target's number.
fn study(
    n: usize,
    p: usize,
    n_targets: usize,
    missing: f64,
    n_folds: usize,
    repeats: usize,
) -> Study {
    let mut stream = Seed(n as u64 * 1000 + p as u64).stream("brute force", 0);
    let x = noise(n, p, &mut stream);
    let y = DMatrix::from_fn(n, n_targets, |row, target| {
        5.0 + 0.7 * x[(row, target)] - 0.5 * x[(row, 2)] + stream.normal()
    });
    let y = DMatrix::from_fn(n, n_targets, |row, target| {
        if stream.uniform() < missing * target as f64 {
            f64::NAN
        } else {
            y[(row, target)]
        }
    });
    let mut study = Study::new(x, y, n_folds, 11);
    study.folds = Folds::split(&study.groups, n_folds, repeats, study.seed).unwrap();
    study
}

fn check(study: &Study, alphas: Option<&[f64]>, exchange: Exchange) {
    let outcome = match alphas {
        None => study.run_with(&ReferenceRidge::default(), PERMUTATIONS, exchange),
        Some(alphas) => study.run_with(
            &WithAlphas::new(ReferenceRidge::default(), alphas.to_vec()),
            PERMUTATIONS,
            exchange,
        ),
    };
    let scheme = study.scheme(exchange);
    let repeats = study.folds.repeats();
    for target in 0..study.y.ncols() {
        let y = study.y.column(target).iter().copied().collect::<Vec<f64>>();
        for (repeat, answers) in outcome.answers.iter().enumerate() {
            let slow = twin::nested_ridge(&study.x, &y, study.folds.of_row(repeat), alphas);
            assert_eq!(
                answers[target].steps, slow.steps,
                "target {target}, repeat {repeat}"
            );
            assert_same(&answers[target].y_hat, &slow.y_hat);
            assert_same(&answers[target].y_bar, &slow.y_bar);
        }
        for b in 0..=PERMUTATIONS {
            let moved = twin::permuted_target(&y, &scheme.permutation(b as u64));
            let r2 = (0..repeats)
                .map(|repeat| {
                    twin::nested_ridge(&study.x, &moved, study.folds.of_row(repeat), alphas).r2
                })
                .sum::<f64>()
                / repeats as f64;
            let got = outcome.statistics[(b, target)];
            assert!(
                (got - r2).abs() < SAME_FIT,
                "target {target}, permutation {b}: engine {got}, loop {r2}"
            );
        }
    }
}

/// Equal within [`SAME_FIT`], and missing in the same places.
fn assert_same(fast: &[f64], slow: &[f64]) {
    for (fast, slow) in fast.iter().zip(slow) {
        assert!(
            (fast.is_nan() && slow.is_nan()) || (fast - slow).abs() < SAME_FIT,
            "engine {fast}, loop {slow}"
        );
    }
}

#[test]
fn the_loop_agrees_with_fewer_features_than_rows() {
    check(&study(45, 6, 1, 0.0, 5, 1), None, Exchange::Blocks);
}

#[test]
fn the_loop_agrees_with_more_features_than_rows() {
    check(&study(30, 70, 1, 0.0, 5, 1), None, Exchange::Blocks);
}

#[test]
fn the_loop_agrees_over_repeats_and_uneven_folds() {
    check(&study(31, 8, 1, 0.0, 4, 3), None, Exchange::Blocks);
}

#[test]
fn the_loop_agrees_with_missing_values_that_differ_between_targets() {
    check(&study(50, 10, 4, 0.12, 5, 1), None, Exchange::Blocks);
}

#[test]
fn the_loop_agrees_on_an_absolute_grid() {
    check(
        &study(40, 12, 2, 0.1, 5, 1),
        Some(&[1000.0, 100.0, 10.0, 1.0, 0.1]),
        Exchange::Blocks,
    );
}

#[test]
fn the_loop_agrees_with_groups_moved_as_blocks_and_within() {
    let mut study = study(48, 7, 2, 0.0, 4, 1);
    study.groups = Groups::from_labels((0..48).map(|row| row % 16));
    study.folds = Folds::split(&study.groups, 4, 1, study.seed).unwrap();
    check(&study, None, Exchange::Blocks);
    check(&study, None, Exchange::Within);
}

#[test]
fn the_loop_agrees_with_a_column_that_is_constant_in_some_training_sets() {
    let mut study = study(40, 5, 1, 0.0, 4, 1);
    let fold_of = study.folds.of_row(0).to_vec();
    // Varies in fold 0 only: constant wherever fold 0 is held out.
    for (row, &fold) in fold_of.iter().enumerate() {
        study.x[(row, 3)] = if fold == 0 { row as f64 } else { 7.0 };
    }
    check(&study, None, Exchange::Blocks);
}
