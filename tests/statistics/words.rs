//! Words: r against numpy, size where there is nothing to find, and how often the interval holds r.

use nalgebra::DMatrix;
use ocean_engine::evaluate::PermutedTargets;
use ocean_engine::folds::Groups;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::targets::Targets;
use ocean_engine::words::{Found, TermSet, Usage, test};
use ocean_host::commands::selfcheck::data::{by_group, groups_of};
use ocean_host::commands::selfcheck::judge::Rate;

use crate::fixture::{golden, matrix, numbers};
use crate::uniformity::{n_data_sets, simulate};

fn found(usage: &Usage, targets: &Targets, groups: &Groups, m: usize, seed: u64) -> Vec<Found> {
    let scheme = PermutationScheme::new(groups, Exchange::Blocks, targets, Seed(seed)).unwrap();
    let row_sets = targets.row_sets();
    let sets = row_sets.iter().map(|row_set| TermSet {
        permuted: PermutedTargets {
            targets,
            row_set,
            scheme: &scheme,
            observed_slot: 0,
        },
        usage: usage.among(&row_set.rows, groups),
    });
    test(&sets.collect::<Vec<_>>(), groups, m)
}

/// The rows of each term with its share there.
fn uses(share: &DMatrix<f64>) -> Vec<Vec<(usize, f64)>> {
    let of_term = |column: usize| {
        let rows = (0..share.nrows()).map(|row| (row, share[(row, column)]));
        rows.filter(|(_, share)| *share > 0.0).collect()
    };
    (0..share.ncols()).map(of_term).collect()
}

#[test]
fn correlations_agree_with_numpy() {
    let file = golden("words.json");
    for case in ["plain", "covariate"].map(|name| &file[name]) {
        let share = matrix(&case["share"]);
        let mut targets = Targets::new(matrix(&case["y"])).unwrap();
        let age = numbers(&case["age"]);
        if !age.is_empty() {
            let z = DMatrix::from_column_slice(age.len(), 1, &age);
            targets = targets.with_covariates(z).unwrap();
        }
        let usage = Usage::new(share.nrows(), &uses(&share));
        let groups = Groups::singletons(share.nrows());
        let found = found(&usage, &targets, &groups, 0, 1);
        let expected = numbers(&case["r"]);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            // Sums of 40 products in another order.
            assert!((found.r - expected).abs() < 1e-12, "{found:?} {expected}");
        }
    }
}

/// Words of which some are used by few rows, some by most, skewed as words are.
fn random_usage(n: usize, n_terms: usize, groups: &Groups, stream: &mut Stream) -> Usage {
    let own = by_group(groups, n_terms, 1.0, stream);
    let share = DMatrix::from_fn(n, n_terms, |row, term| {
        let rare = 1.6 - 2.4 * term as f64 / n_terms as f64;
        if own[(row, term)] / 2f64.sqrt() > rare {
            0.002 * (0.8 * stream.normal()).exp()
        } else {
            0.0
        }
    });
    Usage::new(n, &uses(&share))
}

#[test]
fn no_word_is_significant_in_more_than_the_level_where_there_is_nothing() {
    for size in [1, 3] {
        let smallest = simulate("words null", n_data_sets(300), |stream, index| {
            let groups = groups_of(90, size);
            let usage = random_usage(90, 40, &groups, stream);
            let y = by_group(&groups, 2, 0.5, stream);
            let y = y.map(|value| value.exp());
            let targets = Targets::new(y).unwrap();
            let found = found(&usage, &targets, &groups, 99, index);
            found.iter().map(|one| one.p_fwer).fold(1.0, f64::min)
        });
        let rate = Rate::of(&smallest, |p| *p <= 0.05);
        println!("words, groups of {size}: {:.3} of {}", rate.share(), rate.n);
        assert!(rate.p_of_so_many(0.05) > 1e-4, "{size}: {}", rate.share());
        // Not by saying nothing: the test is as large as it may be.
        assert!(rate.p_of_so_few(0.05) > 1e-4, "{size}: {}", rate.share());
    }
}

/// One word whose √share goes with y: the mean r of all data sets is what the interval must hold.
#[test]
fn the_interval_of_a_word_holds_its_correlation() {
    for size in [1, 3] {
        let found = simulate("words interval", n_data_sets(300), |stream, index| {
            let groups = groups_of(150, size);
            // The second is used by a third of the rows; the first is sometimes too rare to be looked at.
            let usage = random_usage(150, 2, &groups, stream);
            let noise = by_group(&groups, 1, 0.5, stream);
            let x = usage.dense(1);
            let y = DMatrix::from_fn(150, 1, |row, _| 20.0 * x[row] + noise[(row, 0)]);
            let targets = Targets::new(y).unwrap();
            let found = found(&usage, &targets, &groups, 0, index);
            found.into_iter().find(|one| one.term == 1).unwrap()
        });
        let n = found.len() as f64;
        let mean = found.iter().map(|one| one.r).sum::<f64>() / n;
        let covers = |one: &&Found| one.interval.0 <= mean && mean <= one.interval.1;
        let share = found.iter().filter(covers).count() as f64 / n;
        println!("words, groups of {size}: r {mean:.3}, covered {share:.3}");
        // Of .93, 300 data sets leave less than .89 once in a hundred.
        assert!(share >= 0.89, "{size}: {share}");
    }
}
