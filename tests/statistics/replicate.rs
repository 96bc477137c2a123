//! The study once more, without a block of rows or with other folds, against one made from scratch.

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::folds::Folds;
use ocean_engine::inference::ceiling::{ceiling, error_variance_without_blocks, over_ceiling};
use ocean_engine::inference::interval::jackknife_blocks;
use ocean_engine::nested::Tuning;
use ocean_engine::replicate::{with_folds, without_block};
use ocean_engine::seed::Seed;
use ocean_tests::ridge::PluginRidge;

use crate::twin::nested_ridge;
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;

/// Two programs, two solvers: what rounding makes of r2 near 1, as in `brute_force`.
const SAME: f64 = 1e-8;

/// Sixty rows, three columns, a target of which a part can be predicted, and three raters who see
/// it with noise of their own.
fn rated() -> (Study, Vec<Vec<f64>>) {
    let mut stream = Seed(3).stream("rated", 0);
    let x = noise(60, 3, &mut stream);
    let truth: Vec<f64> = (0..60).map(|row| x[(row, 0)] + stream.normal()).collect();
    let mut rater = |severity: f64| -> Vec<f64> {
        let rating = |truth: &f64| truth + severity + 0.7 * stream.normal();
        truth.iter().map(rating).collect()
    };
    let ratings = vec![rater(0.0), rater(0.5), rater(-1.0)];
    let y = DMatrix::from_fn(60, 1, |row, _| {
        ratings.iter().map(|of_rater| of_rater[row]).sum::<f64>() / 3.0
    });
    let fold_of = |shift: usize| (0..60).map(|row| (row * 7 + shift) / 3 % 5).collect();
    (
        Study::with_folds(x, y, vec![fold_of(0), fold_of(1)]).unwrap(),
        ratings,
    )
}

/// σ²ₑ/3 of complete ratings from their analysis of variance: interaction sum of squares over (n −
/// 1)(k − 1).
fn error_variance(ratings: &[Vec<f64>]) -> f64 {
    let (n, k) = (ratings[0].len() as f64, ratings.len() as f64);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let of_rater: Vec<f64> = ratings.iter().map(|own| mean(own)).collect();
    let grand = mean(&of_rater);
    let mut sum = 0.0;
    for row in 0..ratings[0].len() {
        let of_row = mean(&ratings.iter().map(|own| own[row]).collect::<Vec<_>>());
        for (own, rater) in ratings.iter().zip(&of_rater) {
            sum += (own[row] - of_row - rater + grand).powi(2);
        }
    }
    sum / ((n - 1.0) * (k - 1.0)) / k
}

#[test]
fn without_a_block_r2_baseline_and_ceiling_are_those_of_a_study_that_never_held_it() {
    let (study, ratings) = rated();
    let targets = study.targets().unwrap();
    let row_set = &targets.row_sets()[0];
    let (block_of, n_blocks) = jackknife_blocks(
        &row_set.rows,
        study.folds.of_row(0),
        &study.groups,
        study.seed,
    )
    .unwrap();
    let errors =
        error_variance_without_blocks(&ratings, &row_set.rows, &block_of, n_blocks).unwrap();
    let regressors: [(&dyn ocean_engine::regressor::Regressor, Tuning); 1] =
        [(&PluginRidge, Tuning::PLAIN)];
    for block in [0, 7, 19] {
        let contender = Contender {
            layout: study.layout(),
            regressors: &regressors,
        };
        let found = without_block(&[contender], &targets, row_set, &block_of, block).unwrap();

        let left: Vec<usize> = (0..60).filter(|&row| block_of[row] != block).collect();
        assert!(left.len() == 57);
        let (x, y) = (study.x.select_rows(&left), study.y.select_rows(&left));
        let (mut r2, mut baseline) = (0.0, 0.0);
        for repeat in 0..2 {
            let folds = study.folds.of_row(repeat);
            let fold_of: Vec<usize> = left.iter().map(|&row| folds[row]).collect();
            let answer = nested_ridge(&x, y.as_slice(), &fold_of, None);
            r2 += answer.r2 / 2.0;
            let squares = y
                .iter()
                .zip(&answer.y_bar)
                .map(|(y, y_bar)| (y - y_bar).powi(2));
            baseline += squares.sum::<f64>() / left.len() as f64 / 2.0;
        }
        let kept = ratings
            .iter()
            .map(|own| left.iter().map(|&row| own[row]).collect());
        let error = error_variance(&kept.collect::<Vec<Vec<f64>>>());
        assert!((found.r2[0] - r2).abs() < SAME, "{} {r2}", found.r2[0]);
        assert!((found.baseline[0] - baseline).abs() < SAME);
        assert!((errors[block] - error).abs() < SAME);
        let share = over_ceiling(found.r2[0], ceiling(errors[block], found.baseline[0])).unwrap();
        assert!((share - r2 / (1.0 - error / baseline)).abs() < SAME);
    }
}

#[test]
fn with_other_folds_r2_is_that_of_a_study_with_these_folds() {
    let (study, _) = rated();
    let targets = study.targets().unwrap();
    let redrawn = Folds::split(&study.groups, 5, 3, Seed(9)).unwrap();
    let regressors: [(&dyn ocean_engine::regressor::Regressor, Tuning); 1] =
        [(&PluginRidge, Tuning::PLAIN)];
    let mut all = Vec::new();
    for redraw in 0..3 {
        let contender = Contender {
            layout: study.layout(),
            regressors: &regressors,
        };
        let row_set = &targets.row_sets()[0];
        let found = with_folds(&[contender], &targets, row_set, &redrawn, redraw).unwrap();
        let answer = nested_ridge(&study.x, study.y.as_slice(), redrawn.of_row(redraw), None);
        assert!(
            (found[0] - answer.r2).abs() < SAME,
            "{} {}",
            found[0],
            answer.r2
        );
        all.push(found[0]);
    }
    assert!(all[0] != all[1] && all[1] != all[2]);
}
