//! Does the 95 % interval of r2 hold the truth? Coverage of θ, the expected R² of the whole recipe
//! on as many training rows as a split has.
//!
//! θ has no formula: tuning is part of the recipe. It is simulated. In every data set the recipe as
//! it ran for the first split (tuned and trained on n(1 − 1/K) rows) also predicts some hundred
//! fresh rows of the same population, whose noise-free values are known; θ is the mean over data
//! sets of the R² it reaches there. Its own Monte-Carlo error stands beside it and is a small part
//! of an interval's width.
//!
//! Planted R² of 0, .02, .1 and .3 are four targets of one data set: they share designs, not noise.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::design::FoldDesigns;
use ocean_engine::folds::Groups;
use ocean_engine::nested::NestedCv;
use ocean_engine::score::mean_and_sd;
use ocean_engine::seed::{Seed, Stream};

use super::certificate::{Bound, Check, Role};
use super::data::{by_group, groups_of, noise};
use super::judge::Rate;
use super::lab::{Lab, SEED, Size, Tested};
use super::study::{Entrant, Study};

/// Planted shares of variance.
const PLANTED: [(f64, &str); 4] = [(0.0, "0"), (0.02, ".02"), (0.1, ".1"), (0.3, ".3")];
/// What the 95 % interval promises.
const LEAST_COVERAGE: f64 = 0.92;
/// For the distribution of r2 without an effect.
const PERMUTATIONS: usize = 99;
/// Planted targets a strength.
const DRAWS: usize = 40;
/// Rows that no training set holds, per data set.
const FRESH_ROWS: usize = 500;
const FOLDS: usize = 5;
/// Rows of a group, where there are groups.
const GROUP_SIZE: usize = 5;

struct Scenario {
    name: &'static str,
    title: &'static str,
    n_rows: usize,
    n_features: usize,
    is_grouped: bool,
    size: Size,
}

const fn scenario(
    name: &'static str,
    title: &'static str,
    shape: (usize, usize),
    is_grouped: bool,
    size: Size,
) -> Scenario {
    Scenario {
        name,
        title,
        n_rows: shape.0,
        n_features: shape.1,
        is_grouped,
        size,
    }
}

const SCENARIOS: [Scenario; 8] = [
    scenario(
        "ci 200",
        "n 200, p 20",
        (200, 20),
        false,
        Size::of(80, 60, 400, 300),
    ),
    scenario(
        "ci 200 wide",
        "n 200, p 300",
        (200, 300),
        false,
        Size::of(0, 0, 150, 150),
    ),
    scenario(
        "ci 500",
        "n 500, p 20",
        (500, 20),
        false,
        Size::of(0, 0, 200, 150),
    ),
    scenario(
        "ci 500 wide",
        "n 500, p 600",
        (500, 600),
        false,
        Size::of(0, 0, 100, 100),
    ),
    scenario(
        "ci 200 g",
        "n 200 in groups of 5, p 20",
        (200, 20),
        true,
        Size::of(80, 0, 400, 300),
    ),
    scenario(
        "ci 200 wide g",
        "n 200 in groups of 5, p 300",
        (200, 300),
        true,
        Size::of(0, 0, 150, 150),
    ),
    scenario(
        "ci 500 g",
        "n 500 in groups of 5, p 20",
        (500, 20),
        true,
        Size::of(0, 0, 200, 150),
    ),
    scenario(
        "ci 500 wide g",
        "n 500 in groups of 5, p 600",
        (500, 600),
        true,
        Size::of(0, 0, 100, 100),
    ),
];

/// X and the three directions that carry the signal.
struct Rows {
    x: DMatrix<f64>,
    /// Variance 1.
    signal: Vec<f64>,
}

impl Scenario {
    fn groups(&self, n_rows: usize) -> Groups {
        if self.is_grouped {
            groups_of(n_rows, GROUP_SIZE)
        } else {
            Groups::singletons(n_rows)
        }
    }

    /// Independent columns of which three matter; or, with more features than rows, twenty factors
    /// behind all columns of which three matter, as an embedding has a few directions that carry
    /// most of it.
    fn rows(&self, n_rows: usize, stream: &mut Stream) -> Rows {
        const FACTORS: usize = 20;
        let groups = self.groups(n_rows);
        let own = if self.is_grouped { 0.5 } else { 0.0 };
        let factors = by_group(&groups, FACTORS, own, stream) / (1.0 + own * own).sqrt();
        let signal = factors
            .row_iter()
            .map(|row| (row[0] + row[1] + row[2]) / 3f64.sqrt())
            .collect();
        let x = if self.n_features == FACTORS {
            factors
        } else {
            // The population is one, whatever the data set.
            let mut fixed = Seed(SEED).stream("loadings", self.n_features as u64);
            let loadings = noise(FACTORS, self.n_features, &mut fixed);
            factors * loadings + noise(n_rows, self.n_features, stream) * 2.0
        };
        Rows { x, signal }
    }

    /// One data set: for each planted share the interval, and the R² of one split's model on fresh
    /// rows.
    fn one(
        &self,
        stream: &mut Stream,
        seed: u64,
        entrant: Entrant,
    ) -> Result<Vec<One>, EngineError> {
        let rows = self.rows(self.n_rows, stream);
        let fresh = self.rows(FRESH_ROWS, stream);
        let groups = self.groups(self.n_rows);
        let own = if self.is_grouped { 1.0 } else { 0.0 };
        let noise = by_group(&groups, PLANTED.len(), own, stream) / (1.0 + own * own).sqrt();
        let y = DMatrix::from_fn(self.n_rows, PLANTED.len(), |row, at| {
            let share = PLANTED[at].0;
            share.sqrt() * rows.signal[row] + (1.0 - share).sqrt() * noise[(row, at)]
        });
        let study = Study::grouped(rows.x, y, groups, FOLDS, seed)?;
        let outcome = study.run_planted(entrant, PERMUTATIONS, DRAWS)?;
        let reached = reached_on(&study, &fresh, entrant)?;
        Ok((0..PLANTED.len())
            .map(|at| One {
                interval: outcome.responses[at].interval(0.05),
                is_empty: outcome.answers[0][at].is_empty,
                reached: reached[at],
            })
            .collect())
    }
}

/// What one data set says of one planted share.
struct One {
    interval: (f64, f64),
    /// No split has a model: the program prints no interval.
    is_empty: bool,
    /// R² of the first split's model in the population.
    reached: f64,
}

/// The population R² of the models of the first split: 1 − E(y − ŷ)²/E(y − ȳ)² over fresh rows,
/// each expectation over their noise taken exactly.
fn reached_on(study: &Study, fresh: &Rows, entrant: Entrant) -> Result<Vec<f64>, EngineError> {
    let rows: Vec<usize> = (0..study.x.nrows()).collect();
    let designs = FoldDesigns::build(&study.layout(), &rows, 0)?;
    let designs = first_split_on(designs, study, &fresh.x);
    let nested = NestedCv::prepare(&designs, entrant.regressor, entrant.tuning)?;
    // Fresh rows have no y, and nothing asks for it: they are predicted, never scored.
    let n_fresh = fresh.x.nrows();
    let y = study.y.clone().insert_rows(study.y.nrows(), n_fresh, 0.0);
    let out = nested.run(&y)?;
    let of_fresh = |matrix: &DMatrix<f64>, at: usize| -> Vec<f64> {
        matrix
            .column(at)
            .rows(study.x.nrows(), n_fresh)
            .iter()
            .copied()
            .collect()
    };
    Ok((0..PLANTED.len())
        .map(|at| {
            let share = PLANTED[at].0;
            let squared = |predicted: Vec<f64>| {
                let squares = predicted.iter().zip(&fresh.signal);
                let sum: f64 = squares
                    .map(|(y_hat, signal)| (share.sqrt() * signal - y_hat).powi(2))
                    .sum();
                sum / n_fresh as f64 + (1.0 - share)
            };
            1.0 - squared(of_fresh(&out.y_hat, at)) / squared(of_fresh(&out.y_bar, at))
        })
        .collect())
}

/// The designs of the first split alone, which also predicts fresh rows: they are numbered after
/// the study's own, scaled as its training rows are.
fn first_split_on(mut designs: FoldDesigns, study: &Study, fresh: &DMatrix<f64>) -> FoldDesigns {
    let n_rows = designs.rows.len();
    designs.inner.retain_mut(|design| {
        design.split.serves.retain(|(split, _)| *split == 0);
        !design.split.serves.is_empty()
    });
    designs.outer.truncate(1);
    let design = &mut designs.outer[0];
    let n_held_out = design.split.held_out.len();
    let mut x_new = std::mem::take(&mut design.x_new).insert_rows(n_held_out, fresh.nrows(), 0.0);
    for column in 0..fresh.ncols() {
        let train = design.split.train.iter().map(|&row| study.x[(row, column)]);
        let (mean, sd) = mean_and_sd(&train.collect::<Vec<f64>>(), 0);
        for row in 0..fresh.nrows() {
            x_new[(n_held_out + row, column)] = (fresh[(row, column)] - mean) / sd;
        }
    }
    design.x_new = x_new;
    let fresh_rows = n_rows..n_rows + fresh.nrows();
    design.split.held_out.extend(fresh_rows.clone());
    design.split.serves = vec![(0, 0..design.split.held_out.len())];
    designs.rows.extend(fresh_rows);
    designs
        .fold_of
        .extend(std::iter::repeat_n(0, fresh.nrows()));
    designs
}

/// Simulations of this part, for the progress bar.
pub fn n_data_sets(lab: &Lab, tested: &Tested) -> u64 {
    SCENARIOS.iter().map(|s| lab.n(&s.size, tested)).sum()
}

/// Coverage of one regressor's intervals in every scenario.
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
        let all = lab.simulate(scenario.name, n, |stream, index| {
            scenario.one(stream, index, tested.entrant())
        })?;
        for (at, (_, label)) in PLANTED.iter().enumerate() {
            let of_share: Vec<&One> = all.iter().map(|data_set| &data_set[at]).collect();
            checks.push(cover(scenario, label, &of_share, tested));
        }
    }
    Ok(checks)
}

fn cover(scenario: &Scenario, label: &str, all: &[&One], tested: &Tested) -> Check {
    let reached: Vec<f64> = all.iter().map(|one| one.reached).collect();
    let (theta, sd) = mean_and_sd(&reached, 1);
    let shown: Vec<&&One> = all.iter().filter(|one| !one.is_empty).collect();
    let covered = Rate::of(&shown, |one| {
        one.interval.0 <= theta && theta <= one.interval.1
    });
    Check::new(
        "coverage",
        scenario.title,
        tested,
        &format!("r2 {label}"),
        Role::Check,
    )
    .of_rate(covered, Bound::AtLeast(LEAST_COVERAGE))
    .with_theta(theta, sd / (all.len() as f64).sqrt())
}
