//! Is a test that is said to reject 5 % of the time right 5 % of the time? Data without a signal,
//! in the shapes that break permutation tests.
//!
//! Rows are exchangeable, or groups are; the noise has no variance, or five values; groups grow and
//! their values with them; values are missing, differently in every target; sixty cells are tested
//! at once; permutations stop early. One more is tested as it must not be, and has to be found out.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::Groups;
use ocean_engine::inference::multiplicity::{holm, step_down_max_t};
use ocean_engine::inference::sequential::Stopping;
use ocean_engine::seed::Stream;

use super::certificate::{Bound, Check, Role};
use super::data::{
    by_group, correlated_targets, groups_of, groups_of_sizes, groups_of_skewed_sizes, heavy_tailed,
    means_by_size, noise, ratings, value_by_size, with_missing,
};
use super::judge::{Rate, uniformity};
use super::lab::{Lab, Size, Tested};
use super::study::{Entrant, Study};

/// Levels at which rejections are counted.
const LEVELS: [(f64, &str); 3] = [(0.01, "1 %"), (0.05, "5 %"), (0.1, "10 %")];
/// Permutations of a data set: p ≤ .01 can be reached, and a test of level .01 is exact.
const PERMUTATIONS: usize = 99;
/// Permutations where Holm has to adjust for twenty targets: 20/(m + 1) has to be below the level.
const PERMUTATIONS_FOR_HOLM: usize = 399;
/// What an approximate procedure may exceed its level by: .065 at .05, the largest rate that the
/// simulations behind docs/statistics.md have shown.
const APPROXIMATE: f64 = 1.3;

/// What is done with the p-values of one kind.
struct Reading {
    /// Added to the scenario's title; "" where there is one p a data set.
    title: &'static str,
    role: Role,
    /// The rate may be this many times the level.
    allowance: f64,
}

const EXACT: Reading = Reading {
    title: "",
    role: Role::Check,
    allowance: 1.0,
};

const ROUGH: Reading = Reading {
    title: "",
    role: Role::Check,
    allowance: APPROXIMATE,
};

type P = fn(&mut Stream, u64, Entrant) -> Result<Vec<f64>, EngineError>;

struct Scenario {
    /// At most 24 letters: the name of its random numbers.
    name: &'static str,
    title: &'static str,
    readings: &'static [Reading],
    /// One p a reading.
    p: P,
    /// y and the statistic are continuous: p is uniform.
    is_uniform: bool,
    size: Size,
}

const SCENARIOS: [Scenario; 11] = [
    Scenario {
        name: "null noise",
        title: "normal noise, n 100, p 20",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y) = (noise(100, 20, stream), noise(100, 1, stream));
            one_p(Study::new(x, y, 5, seed)?, entrant)
        },
        is_uniform: true,
        size: Size::of(400, 300, 1000, 600),
    },
    Scenario {
        name: "null wide",
        title: "normal noise, n 50, p 200",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y) = (noise(50, 200, stream), noise(50, 1, stream));
            one_p(Study::new(x, y, 5, seed)?, entrant)
        },
        is_uniform: true,
        size: Size::of(200, 0, 500, 200),
    },
    Scenario {
        name: "null heavy",
        title: "heavy tails (t with 2 df), n 60, p 10",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y) = (heavy_tailed(60, 10, stream), heavy_tailed(60, 1, stream));
            one_p(Study::new(x, y, 5, seed)?, entrant)
        },
        is_uniform: true,
        size: Size::of(400, 300, 1000, 600),
    },
    Scenario {
        name: "null ratings",
        title: "ratings from 1 to 5, n 60, p 10",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y) = (noise(60, 10, stream), ratings(60, 1, stream));
            one_p(Study::new(x, y, 5, seed)?, entrant)
        },
        is_uniform: false,
        size: Size::of(400, 300, 1000, 600),
    },
    Scenario {
        name: "null groups",
        title: "20 groups of 5, ICC .8, moved as blocks",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y, groups) = clustered(stream);
            one_p(Study::grouped(x, y, groups, 5, seed)?, entrant)
        },
        is_uniform: true,
        size: Size::of(400, 300, 1000, 600),
    },
    Scenario {
        name: "null ungrouped",
        title: "the same, groups not declared: must exceed",
        readings: &[Reading {
            role: Role::Demonstration,
            ..EXACT
        }],
        p: |stream, seed, entrant| {
            let (x, y, _) = clustered(stream);
            one_p(Study::new(x, y, 5, seed)?, entrant)
        },
        is_uniform: false,
        size: Size::of(100, 100, 200, 200),
    },
    Scenario {
        name: "null sizes",
        title: "60 groups of 1 to 12, value by size, as rows",
        readings: &[ROUGH],
        p: |stream, seed, entrant| {
            let groups = groups_of_sizes(&[1, 2, 3, 12], 15);
            let x = by_group(&groups, 5, 0.5, stream);
            let y = value_by_size(&groups, stream);
            of_groups(&x, &y, &groups, seed, entrant)
        },
        is_uniform: false,
        size: Size::of(400, 0, 1000, 600),
    },
    Scenario {
        name: "null precision",
        title: "60 groups of 1 to 60, all variances 1/size, as rows",
        readings: &[ROUGH],
        p: |stream, seed, entrant| {
            let groups = groups_of_skewed_sizes(60, stream);
            let x = noise(groups.n_rows(), 5, stream);
            let y = means_by_size(&groups, stream);
            of_groups(&x, &y, &groups, seed, entrant)
        },
        is_uniform: false,
        size: Size::of(0, 0, 1000, 300),
    },
    Scenario {
        name: "null missing",
        title: "20 targets, 20 % missing, n 50, p 8",
        readings: &[
            Reading {
                title: ": one target's p",
                ..EXACT
            },
            Reading {
                title: ": family, maxT",
                ..ROUGH
            },
            Reading {
                title: ": family, Holm",
                ..EXACT
            },
        ],
        p: |stream, seed, entrant| {
            let (x, y) = (noise(50, 8, stream), correlated_targets(50, 20, stream));
            let y = with_missing(&y, 0.2, stream);
            let n_samples: Vec<usize> = y
                .column_iter()
                .map(|y| y.iter().filter(|y| !y.is_nan()).count())
                .collect();
            let study = Study::new(x, y, 5, seed)?;
            let outcome = study.run(entrant, PERMUTATIONS_FOR_HOLM)?;
            let p = outcome.p();
            Ok(vec![
                p[seed as usize % 20],
                least(&step_down_max_t(outcome.statistics.as_view(), &n_samples)),
                least(&holm(&p)),
            ])
        },
        is_uniform: false,
        size: Size::of(60, 0, 200, 80),
    },
    Scenario {
        name: "null family",
        title: "60 cells, 3 encoders × 20 targets, n 50: family, maxT",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (traits, y) = (noise(50, 5, stream), correlated_targets(50, 20, stream));
            let mut statistics = DMatrix::zeros(PERMUTATIONS + 1, 60);
            for encoder in 0..3 {
                let x = &traits + noise(50, 5, stream);
                let outcome = Study::new(x, y.clone(), 5, seed)?.run(entrant, PERMUTATIONS)?;
                statistics
                    .columns_mut(20 * encoder, 20)
                    .copy_from(&outcome.statistics);
            }
            Ok(vec![least(&step_down_max_t(
                statistics.as_view(),
                &[50; 60],
            ))])
        },
        is_uniform: false,
        size: Size::of(100, 0, 200, 80),
    },
    Scenario {
        name: "null adaptive",
        title: "normal noise, n 60, p 10, at most 999 permutations",
        readings: &[EXACT],
        p: |stream, seed, entrant| {
            let (x, y) = (noise(60, 10, stream), noise(60, 1, stream));
            let statistics = Study::new(x, y, 5, seed)?.run_adaptive(entrant, 999)?;
            Ok(vec![
                Stopping::with_cap(999)
                    .p(statistics[0], &statistics.as_slice()[1..])
                    .p,
            ])
        },
        is_uniform: false,
        size: Size::of(300, 0, 1000, 400),
    },
];

fn one_p(study: Study, entrant: Entrant) -> Result<Vec<f64>, EngineError> {
    Ok(study.run(entrant, PERMUTATIONS)?.p())
}

fn least(p: &[f64]) -> f64 {
    p.iter().copied().fold(1.0, f64::min)
}

/// X and y both go by group and know nothing of each other.
fn clustered(stream: &mut Stream) -> (DMatrix<f64>, DMatrix<f64>, Groups) {
    let groups = groups_of(100, 5);
    let x = by_group(&groups, 10, 0.5, stream);
    let y = by_group(&groups, 1, 0.5, stream);
    (x, y, groups)
}

/// Groups as rows, as the program takes them with `unit = "group"`.
fn of_groups(
    x: &DMatrix<f64>,
    y: &DMatrix<f64>,
    groups: &Groups,
    seed: u64,
    entrant: Entrant,
) -> Result<Vec<f64>, EngineError> {
    let (study, scheme) = Study::of_groups(x, y, groups, 5, seed)?;
    Ok(study.run_in(entrant, PERMUTATIONS, &scheme)?.p())
}

/// Simulations of this part, for the progress bar.
pub fn n_data_sets(lab: &Lab, tested: &Tested) -> u64 {
    SCENARIOS.iter().map(|s| lab.n(&s.size, tested)).sum()
}

/// Rejection rates of one regressor in every scenario.
///
/// # Errors
/// Whatever the engine or the regressor reports.
pub fn check(lab: &Lab, tested: &Tested) -> Result<Vec<Check>, EngineError> {
    let mut checks = Vec::new();
    for scenario in &SCENARIOS {
        let n = lab.n(&scenario.size, tested);
        if n == 0 {
            continue;
        }
        let p = lab.simulate(scenario.name, n, |stream, index| {
            (scenario.p)(stream, index, tested.entrant())
        })?;
        for (at, reading) in scenario.readings.iter().enumerate() {
            let p: Vec<f64> = p.iter().map(|p| p[at]).collect();
            checks.extend(read(scenario, reading, &p, tested));
        }
    }
    Ok(checks)
}

fn read(scenario: &Scenario, reading: &Reading, p: &[f64], tested: &Tested) -> Vec<Check> {
    let title = format!("{}{}", scenario.title, reading.title);
    let of_level = |(level, label): (f64, &str)| {
        let check = Check::new("null", &title, tested, label, reading.role);
        let bound = match reading.role {
            Role::Demonstration => Bound::MustExceed(level),
            _ => Bound::AtMost(level * reading.allowance),
        };
        check.of_rate(Rate::of_rejections(p, level), bound)
    };
    let levels = LEVELS.into_iter();
    // A demonstration stands at the level that everybody uses.
    let mut checks: Vec<Check> = match reading.role {
        Role::Demonstration => levels.skip(1).take(1).map(of_level).collect(),
        _ => levels.map(of_level).collect(),
    };
    if scenario.is_uniform && tested.is_ridge() {
        let (d, p) = uniformity(p, PERMUTATIONS);
        let check = Check::new("null", &title, tested, "uniform", Role::Check);
        checks.push(check.of_uniformity(d, p));
    }
    checks
}
