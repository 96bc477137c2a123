//! Brute force: every permutation, every term, every maximum by the formula.

use nalgebra::DMatrix;

use super::*;
use crate::permutation::{Exchange, PermutationScheme};
use crate::seed::Seed;
use crate::targets::{RowSet, Targets};

const N: usize = 60;

/// Sixty rows, two targets that lack different rows, a covariate that both go with, nine terms.
struct Study {
    targets: Targets,
    row_sets: Vec<RowSet>,
    groups: Groups,
    scheme: PermutationScheme,
    usage: Usage,
}

fn study(has_covariate: bool, seed: u64) -> Study {
    let mut stream = Seed(seed).stream("words", 0);
    let z = DMatrix::from_fn(N, 1, |_, _| stream.normal());
    let mut y = DMatrix::from_fn(N, 3, |row, _| z[row] + stream.normal());
    y[(3, 1)] = f64::NAN;
    y[(40, 1)] = f64::NAN;
    let uses: Vec<Vec<(usize, f64)>> = (0..9)
        .map(|term| {
            let rows = (0..N).filter(|row| (row * (term + 3)) % 7 < 2);
            rows.map(|row| (row, 0.02 + 0.1 * stream.uniform()))
                .collect()
        })
        .collect();
    let mut targets = Targets::new(y).unwrap();
    if has_covariate {
        targets = targets.with_covariates(z).unwrap();
    }
    let groups = Groups::singletons(N);
    Study {
        scheme: PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(seed)).unwrap(),
        row_sets: targets.row_sets(),
        usage: Usage::new(N, &uses),
        groups,
        targets,
    }
}

impl Study {
    fn sets(&self) -> Vec<TermSet<'_>> {
        let of = |row_set| TermSet {
            permuted: PermutedTargets {
                targets: &self.targets,
                row_set,
                scheme: &self.scheme,
                observed_slot: 0,
            },
            usage: self.usage.among(&row_set.rows, &self.groups),
        };
        self.row_sets.iter().map(of).collect()
    }

    /// Residuals of a column on the intercept and Z, by the normal equations.
    fn residual(&self, rows: &[usize], values: &[f64]) -> Vec<f64> {
        let z = self.targets.covariates();
        let width = 1 + z.map_or(0, DMatrix::ncols);
        let design = DMatrix::from_fn(rows.len(), width, |at, column| match column {
            0 => 1.0,
            _ => z.unwrap()[(rows[at], column - 1)],
        });
        let values = DMatrix::from_column_slice(rows.len(), 1, values);
        let inverse = (design.transpose() * &design).try_inverse().unwrap();
        let fitted = &design * inverse * design.transpose() * &values;
        (values - fitted).iter().copied().collect()
    }

    /// r of term `at` with each target under permutation b, by row set, target, term.
    fn correlations(&self, b: usize) -> Vec<f64> {
        let mut all = Vec::new();
        for set in &self.sets() {
            let rows = &set.permuted.row_set.rows;
            let y = set.permuted.columns(b..b + 1);
            for t in 0..y.ncols() {
                let y = self.residual(rows, y.column(t).as_slice());
                for term in 0..set.usage.n_terms() {
                    let x = self.residual(rows, &set.usage.dense(term));
                    let dot =
                        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
                    all.push(dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt());
                }
            }
        }
        all
    }
}

#[test]
fn every_number_is_that_of_the_slow_obvious_loop() {
    const M: usize = 70;
    for has_covariate in [false, true] {
        let study = study(has_covariate, 3);
        let found = test(&study.sets(), &study.groups, M);
        let observed = study.correlations(0);
        let null: Vec<Vec<f64>> = (1..=M).map(|b| study.correlations(b)).collect();
        assert_eq!((found.len(), observed.len()), (27, 27));
        let reaches = |statistic: f64, at: usize| statistic >= observed[at].abs() - 1e-9;
        let p_of = |count: usize| (1 + count) as f64 / (M + 1) as f64;
        for (at, one) in found.iter().enumerate() {
            assert!((one.r - observed[at]).abs() < 1e-9, "{at}");
            let count = null.iter().filter(|r| reaches(r[at].abs(), at)).count();
            assert_eq!(one.p, p_of(count), "{at}");
            // The largest of those that are not larger when observed; then no smaller than that of
            // any larger one.
            let adjusted = |at: usize| {
                let rivals: Vec<usize> = (0..observed.len())
                    .filter(|&other| observed[other].abs() <= observed[at].abs())
                    .collect();
                let maximum = |r: &Vec<f64>| rivals.iter().fold(0.0f64, |m, &k| m.max(r[k].abs()));
                p_of(null.iter().filter(|r| reaches(maximum(r), at)).count())
            };
            let larger = (0..observed.len()).filter(|&k| observed[k].abs() >= observed[at].abs());
            let expected = larger.map(adjusted).fold(0.0, f64::max);
            assert_eq!(one.p_fwer, expected, "{at}");
            assert!(one.p_fwer >= one.p && one.q_bh >= one.p);
            assert!(one.interval.0 < one.r && one.r < one.interval.1);
        }
    }
}

/// Four rows: use ½, ½, 0, 0 (√¼), y = 3, 1, 1, −1. Deviations of use ±¼ (length ½), of y 2, 0, 0, −2
/// (length √8): r = (½ + ½)/(½·√8) = 1/√2.
#[test]
fn a_correlation_by_hand() {
    let targets = Targets::new(DMatrix::from_column_slice(4, 1, &[3.0, 1.0, 1.0, -1.0])).unwrap();
    let groups = Groups::singletons(4);
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, Seed(1)).unwrap();
    let row_sets = targets.row_sets();
    let sets = [TermSet {
        permuted: PermutedTargets {
            targets: &targets,
            row_set: &row_sets[0],
            scheme: &scheme,
            observed_slot: 0,
        },
        // A second term that all rows use alike.
        usage: Usage::new(
            4,
            &[
                vec![(0, 0.25), (1, 0.25)],
                (0..4).map(|row| (row, 0.1)).collect(),
            ],
        ),
    }];
    let found = test(&sets, &groups, 0);
    assert_eq!(found.len(), 1);
    assert!((found[0].r - 0.5f64.sqrt()).abs() < 1e-15);
    assert_eq!(
        (found[0].n_rows, found[0].p, found[0].p_fwer),
        (2, 1.0, 1.0)
    );
    let same = correlations(&sets[0], &[5.0, 4.0, 4.0, 3.0]).unwrap();
    assert!((same[0] - 0.5f64.sqrt()).abs() < 1e-15);
    assert_eq!(correlations(&sets[0], &[1.0; 4]), None);
}

#[test]
fn a_term_of_few_rows_or_of_few_groups_is_left_out() {
    let rows: Vec<usize> = (0..40).collect();
    let of = |n: usize| (0..n).map(|row| (row, 0.1)).collect::<Vec<_>>();
    let usage = Usage::new(40, &[of(4), of(5), of(9), of(40)]);
    let kept = |groups: &Groups| {
        let among = usage.among(&rows, groups);
        (0..among.n_terms())
            .map(|at| among.term(at))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&Groups::singletons(40)), [1, 2, 3]);
    // Groups of two rows: five rows are of three, nine of five.
    assert_eq!(
        kept(&Groups::from_labels((0..40).map(|row| row / 2))),
        [2, 3]
    );
    assert_eq!(
        (Usage::least(100), Usage::least(101), Usage::least(30)),
        (5, 6, 5)
    );
    // On the last thirty-six rows the third term has five uses, the second one.
    let among = usage.among(&rows[4..], &Groups::singletons(40));
    assert_eq!((among.n_terms(), among.term(0)), (2, 2));
    assert_eq!(
        among.uses(0).map(|(row, _)| row).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
}
