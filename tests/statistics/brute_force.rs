//! The engine's shared designs, blocks and first-return maps against the slow obvious loop
//! ([`crate::twin`]), observed and permuted.

use nalgebra::DMatrix;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::permutation::Exchange;
use ocean_engine::seed::Seed;

use crate::ridge::{both, both_with};
use crate::twin::{self, TwinAnswer};
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;

/// Two solvers of the same systems, condition number below 1e6 with the penalty: ten digits.
const SAME_FIT: f64 = 1e-9;
const PERMUTATIONS: usize = 6;

/// n × p noise, targets that depend on the first columns, and a share of missing values that grows
/// with the target's number.
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
    let mut study = Study::new(x, y, n_folds, 11).unwrap();
    study.folds = Folds::split(&study.groups, n_folds, repeats, study.seed).unwrap();
    study
}

fn check(study: &Study, alphas: Option<&[f64]>, exchange: Exchange) {
    let slow = Slow::of(study, alphas, exchange);
    for (ridge, regressor) in alphas.map_or_else(both, both_with) {
        let outcome = study
            .run_with(regressor.as_ref(), PERMUTATIONS, exchange)
            .unwrap();
        for (repeat, answers) in slow.observed.iter().enumerate() {
            for (target, slow) in answers.iter().enumerate() {
                let fast = &outcome.answers[repeat][target];
                assert_eq!(
                    fast.steps, slow.steps,
                    "{ridge}, target {target}, repeat {repeat}"
                );
                assert_same(&fast.y_hat, &slow.y_hat);
                assert_same(&fast.y_bar, &slow.y_bar);
            }
        }
        let apart = (&outcome.statistics - &slow.statistics).abs().max();
        assert!(
            apart < SAME_FIT,
            "{ridge}: {} and {}",
            outcome.statistics,
            slow.statistics
        );
    }
}

/// The same study by the loop.
struct Slow {
    /// By repeat and target.
    observed: Vec<Vec<TwinAnswer>>,
    /// (m + 1) × targets, mean over repeats.
    statistics: DMatrix<f64>,
}

impl Slow {
    fn of(study: &Study, alphas: Option<&[f64]>, exchange: Exchange) -> Self {
        let scheme = study.scheme(exchange).unwrap();
        let repeats = study.folds.repeats();
        let nested = |target: usize, b: usize, repeat: usize| {
            let y: Vec<f64> = study.y.column(target).iter().copied().collect();
            let moved = twin::permuted_target(&y, &scheme.permutation(b as u64));
            twin::nested_ridge(&study.x, &moved, study.folds.of_row(repeat), alphas)
        };
        let n_targets = study.y.ncols();
        Self {
            observed: (0..repeats)
                .map(|repeat| {
                    (0..n_targets)
                        .map(|target| nested(target, 0, repeat))
                        .collect()
                })
                .collect(),
            statistics: DMatrix::from_fn(PERMUTATIONS + 1, n_targets, |b, target| {
                (0..repeats)
                    .map(|repeat| nested(target, b, repeat).r2)
                    .sum::<f64>()
                    / repeats as f64
            }),
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
