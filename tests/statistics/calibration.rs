//! Under a true null the p-values are uniform; and procedures that only look right fail the same
//! check.
//!
//! Every data set is noise with numbers of its own: X, y, folds and permutations. With continuous y
//! no two statistics are equal.

use nalgebra::DMatrix;
use ocean_engine::seed::Seed;
use ocean_tests::ridge::PluginRidge;

use crate::twin::r2;
use crate::uniformity::{Uniformity, n_data_sets, simulate};
use ocean_host::commands::selfcheck::data::{by_group, groups_of, noise};
use ocean_host::commands::selfcheck::study::Study;

const PERMUTATIONS: usize = 199;

fn p_of_pure_noise(n_features: usize, name: &str) -> Uniformity {
    let p = simulate(name, n_data_sets(400), |stream, index| {
        let (x, y) = (noise(100, n_features, stream), noise(100, 1, stream));
        Study::new(x, y, 5, index)
            .unwrap()
            .run(&PluginRidge, PERMUTATIONS)
            .unwrap()
            .p()[0]
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print(&format!(
        "pure noise, n = 100, p = {n_features}, m = {PERMUTATIONS}"
    ));
    uniformity
}

#[test]
fn p_is_uniform_on_pure_noise_with_more_features_than_rows() {
    assert!(p_of_pure_noise(384, "noise, p = 384").holds());
}

#[test]
fn p_is_uniform_on_pure_noise_with_fewer_features_than_rows() {
    assert!(p_of_pure_noise(20, "noise, p = 20").holds());
}

#[test]
fn p_is_uniform_with_missing_values_and_with_groups_moved_as_blocks() {
    let p = simulate("noise, missing", n_data_sets(400), |stream, index| {
        let (x, y) = (noise(60, 10, stream), noise(60, 1, stream));
        let y = y.map(|y| if stream.uniform() < 0.25 { f64::NAN } else { y });
        Study::new(x, y, 4, index)
            .unwrap()
            .run(&PluginRidge, PERMUTATIONS)
            .unwrap()
            .p()[0]
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print("a quarter of y missing");
    assert!(uniformity.holds());

    let p = simulate("noise, groups", n_data_sets(400), |stream, index| {
        // X and y both go by author: rows are far from exchangeable, authors are exchangeable.
        let (x, y) = (
            by_group(&groups_of(60, 3), 10, 0.5, stream),
            by_group(&groups_of(60, 3), 1, 0.5, stream),
        );
        authors_study(x, y, 3, index)
            .run(&PluginRidge, PERMUTATIONS)
            .unwrap()
            .p()[0]
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print("authors of three texts, moved as blocks");
    assert!(uniformity.holds());
}

/// Texts of authors in folds of whole authors.
fn authors_study(x: DMatrix<f64>, y: DMatrix<f64>, n_each: usize, seed: u64) -> Study {
    let groups = groups_of(x.nrows(), n_each);
    Study::grouped(x, y, groups, 4, seed).unwrap()
}

/// r2 of one target, without permutations.
fn observed_r2(x: &DMatrix<f64>, y: &[f64], fold_of: Vec<usize>) -> f64 {
    let y = DMatrix::from_column_slice(y.len(), 1, y);
    Study::with_folds(x.clone(), y, vec![fold_of])
        .unwrap()
        .run(&PluginRidge, 0)
        .unwrap()
        .r2(0)
}

/// Six authors of ten texts each, X the same for all texts of an author, whole authors in folds, y
/// noise: rows of y may be exchanged freely. When the folds move along with y, authors fall on both
/// sides of a split in the permuted studies and never in the observed one.
///
/// (Where folds have nothing to do with X, moving them along with y is the same test as moving y
/// alone: no simulation could tell the two apart.)
fn p_with_few_authors(do_folds_move: bool) -> Uniformity {
    const M: usize = 19;
    let p = simulate("few authors", n_data_sets(200), |stream, index| {
        let (x, y) = (
            by_group(&groups_of(60, 10), 10, 0.0, stream),
            noise(60, 1, stream),
        );
        let fold_of = authors_study(x.clone(), y.clone(), 10, index)
            .folds
            .of_row(0)
            .to_vec();
        let observed = observed_r2(&x, y.as_slice(), fold_of.clone());
        let at_least = (1..=M).filter(|&b| {
            let mut order: Vec<usize> = (0..60).collect();
            Seed(index)
                .stream("permutation", b as u64)
                .shuffle(&mut order);
            let moved: Vec<f64> = order.iter().map(|&row| y[row]).collect();
            let folds = if do_folds_move {
                order.iter().map(|&row| fold_of[row]).collect()
            } else {
                fold_of.clone()
            };
            observed_r2(&x, &moved, folds) >= observed
        });
        (1 + at_least.count()) as f64 / (1 + M) as f64
    });
    let uniformity = Uniformity::of(&p, M);
    uniformity.print(if do_folds_move {
        "six authors, folds moved along with y"
    } else {
        "six authors, y moved"
    });
    uniformity
}

#[test]
fn a_permutation_that_moves_the_folds_along_with_y_is_found_out() {
    assert!(p_with_few_authors(false).holds());
    assert!(!p_with_few_authors(true).holds());
}

#[test]
fn shuffling_y_against_finished_predictions_is_found_out() {
    // The usual shortcut: predict once, shuffle y against the predictions. Predictions of a
    // cross-validation lean against the rows they leave out (their mean is missing from the
    // training mean), which shuffled y do not show.
    let p = simulate("finished predictions", n_data_sets(400), |stream, index| {
        let (x, y) = (noise(60, 10, stream), noise(60, 1, stream));
        let study = Study::new(x, y, 4, index).unwrap();
        let outcome = study.run(&PluginRidge, 0).unwrap();
        let answer = &outcome.answers[0][0];
        let at_least = (1..=PERMUTATIONS).filter(|&b| {
            let mut moved: Vec<f64> = study.y.as_slice().to_vec();
            Seed(index)
                .stream("permutation", b as u64)
                .shuffle(&mut moved);
            r2(&moved, &answer.y_hat, &answer.y_bar) >= outcome.r2(0)
        });
        (1 + at_least.count()) as f64 / (1 + PERMUTATIONS) as f64
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print("y shuffled against finished predictions");
    assert!(!uniformity.holds());
}

#[test]
fn noise_with_many_more_features_than_rows_predicts_nothing_on_average() {
    let r2 = simulate("mean r2", n_data_sets(200), |stream, index| {
        let (x, y) = (noise(50, 200, stream), noise(50, 1, stream));
        Study::new(x, y, 5, index)
            .unwrap()
            .run(&PluginRidge, 0)
            .unwrap()
            .r2(0)
    });
    let mean = r2.iter().sum::<f64>() / r2.len() as f64;
    println!("pure noise, n = 50, p = 200: mean r2 {mean:.4}");
    assert!(mean < 0.0);
}

#[test]
fn a_planted_effect_is_found_every_time() {
    // A third of the variance, n = 100: far above what the test could miss.
    let p = simulate("planted", 50, |stream, index| {
        let (x, e) = (noise(100, 20, stream), noise(100, 1, stream));
        let y = DMatrix::from_fn(100, 1, |row, _| x[(row, 0)] + 1.4 * e[(row, 0)]);
        Study::new(x, y, 5, index)
            .unwrap()
            .run(&PluginRidge, 99)
            .unwrap()
            .p()[0]
    });
    let n_found = p.iter().filter(|&&p| p <= 0.05).count();
    println!("planted R² = .34: found in {n_found} of 50");
    assert!(n_found >= 48);
}
