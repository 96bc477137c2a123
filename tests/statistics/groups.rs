//! Groups of unequal size: every scheme against a loop, and p-values where there is nothing to find
//! although the value of a group depends on its size.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::targets::Targets;
use ocean_tests::ridge::PluginRidge;

use crate::fixture::{golden, list, whole_numbers};
use crate::uniformity::{Rejections, Uniformity, n_data_sets, simulate};
use ocean_host::commands::selfcheck::data::{
    by_group, groups_of_sizes, groups_of_skewed_sizes, means_by_size, noise, value_by_size,
};
use ocean_host::commands::selfcheck::study::Study;

const PERMUTATIONS: usize = 99;
const LEVEL: f64 = 0.05;

/// Vectors that go by group, and one value a group that grows with its size and varies more in
/// larger groups, but has nothing to do with X.
fn null_study(groups: Groups, n_features: usize, stream: &mut Stream, seed: u64) -> Study {
    let x = by_group(&groups, n_features, 0.5, stream);
    let y = value_by_size(&groups, stream);
    Study::grouped(x, y, groups, 4, seed).unwrap()
}

/// p of the study with the values of all groups exchanged freely, whatever their sizes: what is not
/// offered.
fn p_of_free_exchange(study: &Study) -> f64 {
    const MOVED: usize = 39;
    let values = study.groups.values(study.y.as_slice()).unwrap();
    // Every column is a target of its own, the observed one first.
    let columns = (0..=MOVED as u64).flat_map(|b| {
        let mut moved = values.clone();
        if b > 0 {
            Seed(study.seed.0).stream("free", b).shuffle(&mut moved);
        }
        let of_row = study.groups.of_row().iter();
        of_row.map(|&group| moved[group]).collect::<Vec<f64>>()
    });
    let all = Study {
        x: study.x.clone(),
        y: DMatrix::from_iterator(study.y.nrows(), MOVED + 1, columns),
        folds: study.folds.clone(),
        groups: study.groups.clone(),
        seed: study.seed,
        z: None,
    };
    let outcome = all.run(&PluginRidge, 0).unwrap();
    let at_least = (1..=MOVED).filter(|&b| outcome.r2(b) >= outcome.r2(0));
    (1 + at_least.count()) as f64 / (MOVED + 1) as f64
}

const SIZES: [usize; 4] = [1, 2, 3, 12];

fn p_values(name: &str, p: impl Fn(Study) -> f64 + Sync) -> Vec<f64> {
    simulate(name, n_data_sets(400), |stream, index| {
        p(null_study(groups_of_sizes(&SIZES, 6), 5, stream, index))
    })
}

#[test]
fn every_arrangement_that_permute_allows_is_drawn_equally_often_and_no_other() {
    const DRAWS: u64 = 5_000;
    let file = golden("permute.json");
    let designs = file["designs"].as_object().unwrap();
    for (name, design) in designs {
        let groups = Groups::from_labels(whole_numbers(&design["group"]));
        let n = groups.n_rows();
        let exchange = match design["exchange"].as_str() {
            Some("within") => Exchange::Within,
            _ => Exchange::Blocks,
        };
        let y = DMatrix::from_fn(n, 1, |row, _| row as f64);
        let targets = Targets::new(y).unwrap();
        let scheme = PermutationScheme::new(&groups, exchange, &targets, Seed(3)).unwrap();
        let allowed: BTreeSet<Vec<usize>> = list(&design["arrangements"])
            .iter()
            .map(whole_numbers)
            .collect();
        let mut drawn: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
        for b in 1..=DRAWS {
            *drawn.entry(scheme.permutation(b)).or_default() += 1;
        }
        assert_drawn_alike(&drawn, &allowed, name);
        let n_allowed = allowed.len() as f64;
        assert!(
            (scheme.ln_arrangements(&targets, 0) - n_allowed.ln()).abs() < 1e-9,
            "{name}"
        );
    }
    assert_eq!(designs.len(), 4);
}

/// Every arrangement that is allowed came up, no other did, and none more often than chance lets
/// it: χ² of n − 1 degrees of freedom, mean n − 1, variance 2(n − 1), within five of its standard
/// deviations.
fn assert_drawn_alike(
    drawn: &BTreeMap<Vec<usize>, u64>,
    allowed: &BTreeSet<Vec<usize>>,
    name: &str,
) {
    assert!(drawn.keys().eq(allowed.iter()), "{name}");
    let n_allowed = allowed.len() as f64;
    let expected = drawn.values().sum::<u64>() as f64 / n_allowed;
    let chi_squared: f64 = drawn
        .values()
        .map(|&count| (count as f64 - expected).powi(2) / expected)
        .sum();
    let freedom = n_allowed - 1.0;
    assert!(
        (chi_squared - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(),
        "{name}: {chi_squared}"
    );
}

/// Every way to hand on the values of a target by whole blocks, by trying all: rows with a value are
/// matched with rows with a value, a block's from one block, in order, of equal size, with the same
/// rows missing.
fn all_arrangements(groups: &Groups, observed: &[bool]) -> BTreeSet<Vec<usize>> {
    fn extend(
        rows: &[usize],
        from: &mut Vec<usize>,
        fits: &dyn Fn(&[usize]) -> bool,
        found: &mut BTreeSet<Vec<usize>>,
    ) {
        if from.len() == rows.len() {
            found.insert(from.clone());
            return;
        }
        for &row in rows {
            if !from.contains(&row) {
                from.push(row);
                if fits(from) {
                    extend(rows, from, fits, found);
                }
                from.pop();
            }
        }
    }
    let members = groups.members();
    let block = |row: usize| &members[groups.of_row()[row]];
    let place = |row: usize| block(row).iter().position(|&other| other == row);
    let pattern = |row: usize| -> Vec<bool> { block(row).iter().map(|&r| observed[r]).collect() };
    let rows: Vec<usize> = (0..observed.len()).filter(|&row| observed[row]).collect();
    let fits = |from: &[usize]| {
        let pairs = || rows.iter().copied().zip(from.iter().copied());
        pairs().all(|(row, from)| place(row) == place(from) && pattern(row) == pattern(from))
            && pairs().all(|(row, from)| {
                let with_it = pairs().filter(|(other, _)| block(*other) == block(row));
                with_it
                    .into_iter()
                    .all(|(_, other)| block(other) == block(from))
            })
    };
    let mut found = BTreeSet::new();
    extend(&rows, &mut Vec::new(), &fits, &mut found);
    found
}

/// Blocks of two rows (0–4) and of one (5–7); what each of two targets lacks.
fn blocks_with_missing_rows() -> (Groups, [Vec<bool>; 2]) {
    let groups = Groups::from_labels([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7]);
    let lacking = |rows: &[usize]| (0..13).map(|row| !rows.contains(&row)).collect();
    // The first lacks row 1 of blocks 3 and 4; the second row 0 of blocks 0 and 3, all of block 1,
    // and block 6.
    (groups, [lacking(&[7, 9]), lacking(&[0, 2, 3, 6, 11])])
}

#[test]
fn each_arrangement_of_a_target_within_size_and_its_own_pattern_is_equally_likely() {
    const DRAWS: u64 = 14_400;
    let (groups, patterns) = blocks_with_missing_rows();
    let y = DMatrix::from_fn(13, 2, |row, target| match patterns[target][row] {
        true => (row + 20 * target) as f64,
        false => f64::NAN,
    });
    let targets = Targets::new(y).unwrap();
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(4)).unwrap();
    // 3!·2!·3! and 2!·2!·2!.
    for ((target, observed), n_expected) in patterns.iter().enumerate().zip([72, 8]) {
        let allowed = all_arrangements(&groups, observed);
        assert_eq!(allowed.len(), n_expected);
        let rows: Vec<usize> = (0..13).filter(|&row| observed[row]).collect();
        let moves = scheme.of_target(observed);
        let mut drawn: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
        for b in 1..=DRAWS {
            *drawn.entry(moves.sources(b, &rows)).or_default() += 1;
        }
        assert_drawn_alike(&drawn, &allowed, &format!("target {target}"));
        let n_allowed = allowed.len() as f64;
        assert!((scheme.ln_arrangements(&targets, target) - n_allowed.ln()).abs() < 1e-9);
    }
}

/// Groups of one, two and three rows in turn, and three targets, each without a fifth of its values:
/// the first in whole groups, the others row by row.
fn groups_with_missing_rows(stream: &mut Stream, seed: u64) -> Study {
    let groups = groups_of_sizes(&[1, 2, 3], 15);
    let x = by_group(&groups, 4, 0.5, stream);
    let mut y = by_group(&groups, 3, 0.5, stream);
    let is_missing: Vec<bool> = (0..45).map(|_| stream.uniform() < 0.2).collect();
    for (row, &group) in groups.of_row().iter().enumerate() {
        for target in 0..3 {
            let lacks = match target {
                0 => is_missing[group],
                _ => stream.uniform() < 0.2,
            };
            if lacks {
                y[(row, target)] = f64::NAN;
            }
        }
    }
    Study::grouped(x, y, groups, 4, seed).unwrap()
}

#[test]
fn what_another_target_lacks_leaves_a_target_s_numbers_to_the_bit() {
    let mut stream = Seed(8).stream("others", 0);
    let mut study = groups_with_missing_rows(&mut stream, 8);
    let complete = by_group(&study.groups, 1, 0.5, &mut stream);
    study.y = study.y.insert_column(0, 0.0);
    study.y.set_column(0, &complete.column(0));
    let together = study.run(&PluginRidge, PERMUTATIONS).unwrap();
    for target in 0..4 {
        let alone = Study {
            y: study.y.columns(target, 1).into_owned(),
            x: study.x.clone(),
            folds: study.folds.clone(),
            groups: study.groups.clone(),
            seed: study.seed,
            z: None,
        };
        let alone = alone.run(&PluginRidge, PERMUTATIONS).unwrap();
        assert_eq!(
            alone.statistics.column(0),
            together.statistics.column(target),
            "target {target}"
        );
    }
}

#[test]
fn p_is_uniform_where_groups_lack_values() {
    let p = simulate("groups, missing", n_data_sets(400), |stream, index| {
        let study = groups_with_missing_rows(stream, index);
        study.run(&PluginRidge, PERMUTATIONS).unwrap().p()
    });
    for target in 0..3 {
        let p: Vec<f64> = p.iter().map(|p| p[target]).collect();
        let uniformity = Uniformity::of(&p, PERMUTATIONS);
        uniformity.print(&format!("groups with missing values, target {target}"));
        assert!(uniformity.holds());
    }
}

#[test]
fn blocks_are_exact_where_the_value_depends_on_size() {
    let p = p_values("sizes, blocks", |study| {
        study.run(&PluginRidge, PERMUTATIONS).unwrap().p()[0]
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print("groups of four sizes, moved as blocks");
    assert!(uniformity.holds());
}

/// p of the groups as rows, as `unit = "group"` takes them.
fn p_of_groups(x: &DMatrix<f64>, y: &DMatrix<f64>, groups: &Groups, seed: u64) -> f64 {
    let (study, scheme) = Study::of_groups(x, y, groups, 4, seed).unwrap();
    let outcome = study.run_in(&PluginRidge, PERMUTATIONS, &scheme).unwrap();
    outcome.p()[0]
}

#[test]
fn groups_as_rows_keep_the_level_about_and_free_exchange_by_row_does_not() {
    let rows = p_values("sizes, rows", |study| {
        p_of_groups(&study.x, &study.y, &study.groups, study.seed.0)
    });
    let rows = Rejections::of(&rows, LEVEL);
    rows.print("groups of four sizes, groups as rows");
    let means = simulate("sizes, means", n_data_sets(400), |stream, index| {
        let groups = groups_of_skewed_sizes(60, stream);
        let x = noise(groups.n_rows(), 5, stream);
        let y = means_by_size(&groups, stream);
        p_of_groups(&x, &y, &groups, index)
    });
    let means = Rejections::of(&means, LEVEL);
    means.print("groups of 1 to 60 rows, all variances 1/size");
    let free = Rejections::of(
        &p_values("sizes, free", |study| p_of_free_exchange(&study)),
        LEVEL,
    );
    free.print("groups of four sizes, values exchanged freely, scored by row");
    assert!(!rows.are_too_many_at(0.06));
    assert!(!means.are_too_many_at(0.06));
    // The check has teeth: far more than the level, a rate that STATISTICS §3 found at .115.
    assert!(free.are_too_many_at(LEVEL));
}

#[test]
fn p_within_strata_is_uniform_and_targets_stay_together() {
    let p = simulate("strata", n_data_sets(400), |stream, index| {
        let (x, y) = (noise(60, 6, stream), noise(60, 3, stream));
        // A third of the rows lacks the first target, another third the second.
        let y = DMatrix::from_fn(60, 3, |row, target| {
            if row % 3 == target && target < 2 {
                f64::NAN
            } else {
                y[(row, target)]
            }
        });
        let study = Study::new(x, y, 4, index).unwrap();
        let targets = study.targets().unwrap();
        let scheme = study
            .scheme(Exchange::Blocks)
            .unwrap()
            .within_strata(&targets)
            .unwrap();
        for b in 1..4 {
            let source = scheme.permutation(b);
            assert!((0..60).all(|row| source[row] % 3 == row % 3));
        }
        study
            .run_in(&PluginRidge, PERMUTATIONS, &scheme)
            .unwrap()
            .p()[0]
    });
    let uniformity = Uniformity::of(&p, PERMUTATIONS);
    uniformity.print("strata of equal missing values");
    assert!(uniformity.holds());
}
