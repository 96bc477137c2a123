//! Which standard error of a difference in r2 keeps the size of a test, and finds what is there.
//!
//! Two encoders see the same traits behind y, each with noise of its own: as much, or one more than
//! the other.

use nalgebra::DMatrix;
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::comparison::null_sd;
use ocean_engine::inference::interval::jackknife_se;
use ocean_engine::nested::Tuning;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Asked, Nothing, Piece, PieceError, PieceRun, Unwatched, Work};
use ocean_engine::score::{influence, mean, mean_and_sd, se_of_influence};
use ocean_engine::seed::{Seed, Stream};
use ocean_engine::targets::Targets;
use rayon::prelude::*;

use crate::designs::{Model, SEED};
use crate::{DRAWS, LEVEL, PERMUTATIONS, regressor, share};

const TRAITS: usize = 20;

struct Pairing {
    name: &'static str,
    model: Model,
    n: usize,
    p: usize,
    /// Share of y that the traits explain.
    effect: f64,
    /// sd of each encoder's own noise, in those of the traits.
    own: [f64; 2],
}

const fn pairing(
    name: &'static str,
    model: Model,
    (n, p): (usize, usize),
    effect: f64,
    own: [f64; 2],
) -> Pairing {
    Pairing {
        name,
        model,
        n,
        p,
        effect,
        own,
    }
}

const PAIRINGS: [Pairing; 11] = [
    pairing("100x10 equal", Model::Ridge, (100, 10), 0.4, [0.7, 0.7]),
    pairing("100x10 unequal", Model::Ridge, (100, 10), 0.4, [0.3, 1.2]),
    pairing(
        "200x200 equal, much",
        Model::Ridge,
        (200, 200),
        0.6,
        [0.7, 0.7],
    ),
    pairing(
        "200x200 equal, little",
        Model::Ridge,
        (200, 200),
        0.2,
        [0.7, 0.7],
    ),
    pairing(
        "200x200 equal, nothing",
        Model::Ridge,
        (200, 200),
        0.0,
        [0.7, 0.7],
    ),
    pairing("200x200 unequal", Model::Ridge, (200, 200), 0.5, [0.3, 1.2]),
    pairing("80x384 equal", Model::Ridge, (80, 384), 0.6, [0.7, 0.7]),
    pairing("80x384 unequal", Model::Ridge, (80, 384), 0.6, [0.3, 1.5]),
    pairing("1000x50 equal", Model::Ridge, (1000, 50), 0.4, [0.7, 0.7]),
    pairing("1000x50 unequal", Model::Ridge, (1000, 50), 0.4, [0.5, 0.7]),
    pairing(
        "100x50 equal, lasso",
        Model::Lasso,
        (100, 50),
        0.6,
        [0.7, 0.7],
    ),
];

const NAMES: [&str; 6] = [
    "jackknife, at least the null's",
    "naive inflated + null",
    "naive inflated, at least the null's",
    "mean inflation + null",
    "naive + null",
    "naive",
];

struct Outcome {
    delta: f64,
    /// By construction.
    se: Vec<f64>,
}

pub fn run(data_sets: usize) {
    println!("| pairing | Δ | its sd | oracle | {} |", NAMES.join(" | "));
    println!("|---|{}", "--:|".repeat(3 + NAMES.len()));
    for pairing in &PAIRINGS {
        let outcomes: Vec<Outcome> = (0..data_sets)
            .into_par_iter()
            .with_max_len(1)
            .map(|index| pairing.simulate(index as u64))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{}: {error}", pairing.name));
        let deltas: Vec<f64> = outcomes.iter().map(|one| one.delta).collect();
        let (centre, sd) = mean_and_sd(&deltas, 1);
        let oracle = share(deltas.iter().map(|delta| delta.abs() > 1.96 * sd));
        let cell = |at: usize| {
            // Student's t of the jackknife's 19 degrees of freedom, else the normal distribution.
            let point = if at == 0 { 2.093 } else { 1.96 };
            let found = outcomes
                .iter()
                .map(|one| one.delta.abs() > point * one.se[at]);
            let se: Vec<f64> = outcomes.iter().map(|one| one.se[at]).collect();
            format!("{:.3} · {:.2}", share(found), mean(&se) / sd)
        };
        let cells: Vec<String> = (0..NAMES.len()).map(cell).collect();
        println!(
            "| {} | {centre:.3} | {sd:.3} | {oracle:.3} | {} |",
            pairing.name,
            cells.join(" | ")
        );
    }
}

impl Pairing {
    fn simulate(&self, index: u64) -> Result<Outcome, PieceError<std::convert::Infallible>> {
        let mut stream = Seed(SEED).stream(self.name, index);
        let (x, y) = self.draw(&mut stream);
        let seed = Seed(index);
        let groups = Groups::singletons(self.n);
        let folds = Folds::split(&groups, 5, 1, seed)?;
        let targets = Targets::new(y.clone())?;
        let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed)?;
        let row_set = targets.row_sets().remove(0);
        let regressor = regressor(self.model);
        let regressors = [(regressor.as_ref(), Tuning::PLAIN)];
        let work = Work {
            n_permutations: PERMUTATIONS,
            jackknife: true,
            sensitivity_draws: DRAWS,
            ..Work::default()
        };
        let mut both = Vec::new();
        for x in &x {
            let layout = Layout {
                x,
                folds: &folds,
                groups: &groups,
                inner: InnerFolds::Outer,
                seed,
                weights: None,
                covariates: None,
            };
            let contenders = [Contender {
                layout,
                regressors: &regressors,
            }];
            let run = PieceRun::new(&contenders, (&targets, &row_set, &scheme), work);
            let piece = run.run(&Nothing, &Unwatched)?;
            let asked = Asked {
                critical: &[],
                level: LEVEL,
            };
            let answers = run.planted(&piece, asked, &Nothing, &Unwatched)?;
            let inflation = answers.map_or(f64::NAN, |answers| answers.responses[0].inflation());
            both.push((piece, inflation));
        }
        let [(a, of_a), (b, of_b)] = &both[..] else {
            unreachable!("two encoders")
        };
        let minus =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let psi = |piece: &Piece| influence(&piece.observed[0].held_out(0, y.as_slice(), &[]));
        let naive = se_of_influence(&minus(&psi(a), &psi(b)), None);
        let statistics = minus(a.statistics.as_slice(), b.statistics.as_slice());
        let null = null_sd(&statistics[1..]);
        let jackknife = match (&a.jackknife, &b.jackknife) {
            (Some(a), Some(b)) => jackknife_se(&minus(a.r2.as_slice(), b.r2.as_slice())),
            _ => f64::NAN,
        };
        let larger = of_a.max(*of_b).max(1.0);
        Ok(Outcome {
            delta: statistics[0],
            se: vec![
                jackknife.max(null),
                (larger * naive).hypot(null),
                (larger * naive).max(null),
                ((of_a * of_b).sqrt().max(1.0) * naive).hypot(null),
                naive.hypot(null),
                naive,
            ],
        })
    }

    /// X of both encoders, and y.
    fn draw(&self, stream: &mut Stream) -> ([DMatrix<f64>; 2], DMatrix<f64>) {
        // One population, whatever the data set, and the same for both encoders.
        let mut fixed = Seed(SEED).stream(self.name, u64::MAX);
        let loadings = DMatrix::from_fn(TRAITS, self.p, |_, _| fixed.normal());
        let mut noise =
            |rows: usize, columns: usize| DMatrix::from_fn(rows, columns, |_, _| stream.normal());
        let traits = noise(self.n, TRAITS);
        let x = self.own.map(|own| {
            let seen = &traits + noise(self.n, TRAITS) * own;
            let spread = DMatrix::from_fn(self.n, TRAITS, |row, k| {
                seen[(row, k)] / ((k + 1) as f64).sqrt()
            });
            spread * &loadings + noise(self.n, self.p) * 0.3
        });
        let own = noise(self.n, 1);
        let y = DMatrix::from_fn(self.n, 1, |row, _| {
            let signal = (traits[(row, 0)] + traits[(row, 1)] + traits[(row, 2)]) / 3f64.sqrt();
            self.effect.sqrt() * signal + (1.0 - self.effect).sqrt() * own[row]
        });
        (x, y)
    }
}
