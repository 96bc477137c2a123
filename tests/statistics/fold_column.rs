//! Folds that a column has: against scikit-learn's nested `LeaveOneGroupOut`, a list of all
//! arrangements, and null data sets in which X and y know the site.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::score::HeldOut;
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::subgroup::Subgroup;
use ocean_engine::targets::Targets;
use ocean_host::commands::selfcheck::data::noise;
use ocean_host::commands::selfcheck::study::Study;
use ocean_tests::ridge::PluginRidge;

use crate::fixture::{golden, matrix, numbers, whole_numbers};
use crate::ridge::both_with;
use crate::uniformity::{Rejections, Uniformity, n_data_sets, simulate};

/// Ridge predictions of two solvers, as in [`crate::golden`].
const SAME_FIT: f64 = 1e-9;

#[test]
fn leaving_one_site_out_agrees_with_scikit_learn() {
    let file = golden("designs.json");
    let case = &file["leave_one_site_out"];
    let (x, y) = (matrix(&case["x"]), numbers(&case["y"]));
    let site = whole_numbers(&case["site"]);
    let targets = DMatrix::from_column_slice(y.len(), 1, &y);
    let study = Study::with_folds(x, targets, vec![site.clone()]).unwrap();
    for (name, ridge) in both_with(&numbers(&file["penalties"])) {
        let outcome = study.run(&*ridge, 0).unwrap();
        let answer = &outcome.answers[0][0];
        assert_eq!(answer.alphas, numbers(&case["alphas"]), "{name}");
        for (got, expected) in answer.y_hat.iter().zip(numbers(&case["y_hat"])) {
            assert!(
                (got - expected).abs() < SAME_FIT,
                "{name}: {got} {expected}"
            );
        }
        assert!((outcome.r2(0) - case["r2"].as_f64().unwrap()).abs() < SAME_FIT);
        let held_out = HeldOut {
            y: &y,
            y_hat: &answer.y_hat,
            y_bar: &answer.y_bar,
            fold_of: &site,
            is_empty: false,
        };
        let rows: Vec<usize> = (0..y.len()).collect();
        for (value, expected) in numbers(&case["r2_by_site"]).into_iter().enumerate() {
            let own: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|&row| site[row] == value)
                .collect();
            let found = Subgroup::of(&held_out, &own, &rows, None);
            assert!((found.r2.unwrap() - expected).abs() < SAME_FIT, "{name}");
        }
    }
}

/// Sites a (rows 0–3) and b (4–7); pairs 0–1, 2–3 and 4–5 are groups, 6 and 7 are alone.
#[test]
fn values_stay_in_their_part_and_every_arrangement_that_does_is_equally_likely() {
    let groups = Groups::from_labels([0, 0, 1, 1, 2, 2, 3, 4]);
    let y = DMatrix::from_fn(8, 1, |row, _| row as f64);
    let targets = Targets::new(y).unwrap();
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(4)).unwrap();
    let free = scheme.clone();
    let scheme = scheme.within_parts(&[0, 0, 0, 0, 1, 1, 1, 1]);
    let mut seen: BTreeMap<Vec<usize>, i32> = BTreeMap::new();
    for b in 1..=4_000 {
        *seen.entry(scheme.permutation(b)).or_default() += 1;
    }
    let all = [
        vec![0, 1, 2, 3, 4, 5, 6, 7],
        vec![2, 3, 0, 1, 4, 5, 6, 7],
        vec![0, 1, 2, 3, 4, 5, 7, 6],
        vec![2, 3, 0, 1, 4, 5, 7, 6],
    ];
    assert_eq!(seen.len(), all.len());
    // Expected 1,000 each, sd 27.
    assert!(
        all.iter().all(|one| (seen[one] - 1_000).abs() < 110),
        "{seen:?}"
    );
    assert!((scheme.ln_arrangements(&targets, 0).exp() - 4.0).abs() < 1e-9);
    assert!((free.ln_arrangements(&targets, 0).exp() - 12.0).abs() < 1e-9);
}

/// Sites each with a level of its own in every column, and a spread of their own.
fn with_levels(site: &[usize], n_columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    let levels = noise(N_SITES, n_columns, stream);
    let own = noise(site.len(), n_columns, stream);
    DMatrix::from_fn(site.len(), n_columns, |row, column| {
        let spread = 0.5 + site[row] as f64 / N_SITES as f64;
        spread * own[(row, column)] + 2.0 * levels[(site[row], column)]
    })
}

const N_SITES: usize = 10;

/// p of data sets in which X and y know the site, levels and variances, and nothing else.
fn p_of_levels(moves_between_sites: bool) -> Vec<f64> {
    const M: usize = 99;
    // Of 2 to 10 rows.
    let site: Vec<usize> = (0..60)
        .map(|row| (row % 15).min(row % 12) % N_SITES)
        .collect();
    simulate("sites with levels", n_data_sets(400), |stream, index| {
        let (x, y) = (with_levels(&site, 2, stream), with_levels(&site, 1, stream));
        let study = Study {
            folds: Folds::of_groups(&Groups::in_order_of_labels(site.iter())).unwrap(),
            groups: Groups::singletons(site.len()),
            x,
            y,
            seed: Seed(index),
            z: None,
        };
        let scheme = study.scheme(Exchange::Blocks).unwrap();
        let scheme = match moves_between_sites {
            true => scheme,
            false => scheme.within_parts(&site),
        };
        study.run_in(&PluginRidge, M, &scheme).unwrap().p()[0]
    })
}

#[test]
fn p_is_uniform_where_only_sites_differ_and_is_not_where_values_leave_them() {
    let uniformity = Uniformity::of(&p_of_levels(false), 99);
    uniformity.print("sites with levels and variances, values stay inside");
    assert!(uniformity.holds());
    let rejections = Rejections::of(&p_of_levels(true), 0.05);
    rejections.print("the same, values move between sites");
    assert!(rejections.are_too_many_at(0.05));
}
