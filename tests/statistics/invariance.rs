//! What must change nothing.

use nalgebra::DMatrix;
use ocean_engine::seed::Seed;
use ocean_linear::LassoOptions;
use ocean_tests::lasso::PluginLasso;
use ocean_tests::ridge::PluginRidge;
use proptest::prelude::*;

use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::{Outcome, Study};

fn study(n: usize, p: usize, seed: u64) -> Study {
    let mut stream = Seed(seed).stream("invariance", 0);
    let x = noise(n, p, &mut stream);
    let y = DMatrix::from_fn(n, 2, |row, target| 0.6 * x[(row, target)] + stream.normal());
    Study::new(x, y, 4, seed).unwrap()
}

fn steps(outcome: &Outcome) -> Vec<Vec<usize>> {
    outcome
        .answers
        .iter()
        .flatten()
        .map(|answer| answer.steps.clone())
        .collect()
}

/// Rounding of y → a + c·y with |a| up to 1000 sd: sums of squares keep ten digits.
const AFTER_RESCALING: f64 = 1e-9;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shifting_and_scaling_y_changes_no_selection_no_r2_and_no_p(seed in 0u64..1000, shift in -1000.0..1000.0f64, log_scale in -6.0..6.0f64, flip: bool) {
        let mut study = study(40, 9, seed);
        let before = study.run(&PluginRidge, 19).unwrap();
        let scale = log_scale.exp() * if flip { -1.0 } else { 1.0 };
        study.y = study.y.map(|y| scale * (shift + y));
        let after = study.run(&PluginRidge, 19).unwrap();
        prop_assert_eq!(steps(&before), steps(&after));
        prop_assert!((&before.statistics - &after.statistics).abs().max() < AFTER_RESCALING);
        prop_assert_eq!(before.p(), after.p());
    }

    /// The elastic net's penalty has two parts, of which only one grows with y by itself.
    #[test]
    fn nor_does_it_with_an_elastic_net(seed in 0u64..1000, log_scale in -6.0..6.0f64) {
        let mut study = study(40, 9, seed);
        let variants = [0.9, 0.3].map(|l1_ratio| LassoOptions { l1_ratio, ..LassoOptions::default() });
        let net = PluginLasso::new(variants.to_vec());
        let before = study.run(&net, 9).unwrap();
        study.y *= log_scale.exp();
        let after = study.run(&net, 9).unwrap();
        prop_assert_eq!(steps(&before), steps(&after));
        prop_assert!((&before.statistics - &after.statistics).abs().max() < AFTER_RESCALING);
    }

    #[test]
    fn the_order_of_rows_does_not_matter_when_folds_are_carried_along(seed in 0u64..1000) {
        let study = study(40, 9, seed);
        let mut order: Vec<usize> = (0..40).collect();
        Seed(seed).stream("order", 0).shuffle(&mut order);
        let fold_of: Vec<usize> = order.iter().map(|&row| study.folds.of_row(0)[row]).collect();
        let reordered = Study::with_folds(study.x.select_rows(&order), study.y.select_rows(&order), vec![fold_of]).unwrap();
        let (before, after) = (study.run(&PluginRidge, 0).unwrap(), reordered.run(&PluginRidge, 0).unwrap());
        prop_assert_eq!(steps(&before), steps(&after));
        for target in 0..2 {
            let (before, after) = (&before.answers[0][target].y_hat, &after.answers[0][target].y_hat);
            for (at, &row) in order.iter().enumerate() {
                // Sums run in another order; values are of size 1.
                prop_assert!((before[row] - after[at]).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn shifting_and_scaling_a_column_of_x_moves_no_prediction(seed in 0u64..1000, shift in -100.0..100.0f64, scale in 0.01..100.0f64) {
        let mut study = study(40, 9, seed);
        let before = study.run(&PluginRidge, 0).unwrap();
        study.x.column_mut(4).iter_mut().for_each(|x| *x = scale * *x + shift);
        let after = study.run(&PluginRidge, 0).unwrap();
        prop_assert_eq!(steps(&before), steps(&after));
        for (before, after) in before.answers[0][0].y_hat.iter().zip(&after.answers[0][0].y_hat) {
            // A shift of up to 10,000 sd costs four of the sixteen digits.
            prop_assert!((before - after).abs() < 1e-9);
        }
    }
}

#[test]
fn one_thread_and_two_give_the_same_bits() {
    let study = study(60, 20, 3);
    let on_threads = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        pool.install(|| study.run(&PluginRidge, 150).unwrap())
    };
    let (one, two) = (on_threads(1), on_threads(2));
    assert_eq!(bits(&one.statistics), bits(&two.statistics));
    assert_eq!(one.answers, two.answers);
}

#[test]
fn more_permutations_leave_the_first_ones_as_they_were() {
    // A column's arithmetic depends neither on its block's neighbours nor on the number of
    // permutations: resuming and sharding rest on it.
    let study = study(60, 20, 4);
    let (few, many) = (
        study.run(&PluginRidge, 37).unwrap(),
        study.run(&PluginRidge, 150).unwrap(),
    );
    assert_eq!(
        bits(&few.statistics),
        bits(&many.statistics.rows(0, 38).into_owned())
    );
}

fn bits(matrix: &DMatrix<f64>) -> Vec<u64> {
    matrix.iter().map(|value| value.to_bits()).collect()
}
