//! The tournament of intervals: which construction covers the true R² of a recipe, and is narrow.
//!
//!     cargo bench -p ocean-tests --bench tournament [-- POPULATION [DATA SETS]]
//!
//! Every population is simulated so often (400 data sets unless said otherwise); each data set is
//! evaluated by the engine's own loop, 199 permutations and planted effects included, and every
//! construction gives its 95 % interval. θ is the mean r2 over data sets, the oracle's half-width
//! 1.96 times their sd. Printed is the table of docs/intervals.md: of every construction the share
//! covered, the mean half-width over the oracle's, and the share with a lower limit above 0 among
//! the data sets with p ≤ .05. `pairs` in place of a population compares standard errors of
//! differences. On stderr: seconds, and how often the program's interval ends below θ. 400 data sets
//! take some three hours on two cores.

mod constructions;
mod designs;
mod pairs;

use std::io::Write;
use std::time::Instant;

use constructions::{Evidence, NAMES};
use designs::{Model, POPULATIONS, Population, SEED, Truth};
use ocean_engine::best::Contender;
use ocean_engine::design::{InnerFolds, Layout};
use ocean_engine::folds::Folds;
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::nested::Tuning;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::piece::{Asked, Nothing, PieceError, PieceRun, Unwatched, Work};
use ocean_engine::regressor::Regressor;
use ocean_engine::replicate::without_block;
use ocean_engine::score::{mean, mean_and_sd};
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;
use ocean_linear::LassoOptions;
use ocean_tests::lasso::PluginLasso;
use ocean_tests::ridge::PluginRidge;
use rayon::prelude::*;

const DATA_SETS: u64 = 400;
const PERMUTATIONS: usize = 199;
/// Planted targets a strength.
const DRAWS: usize = 40;
/// Refits without two fifths of the rows or groups.
const REFITS: u64 = 20;
/// 1 − confidence.
const LEVEL: f64 = 0.05;

/// One target of one data set.
struct Outcome {
    r2: f64,
    p: f64,
    /// By construction; `None` where it was left out of this data set.
    intervals: Vec<Option<(f64, f64)>>,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|one| one != "--bench");
    let name = arguments.next();
    let data_sets = arguments.next().and_then(|count| count.parse().ok());
    let data_sets: u64 = data_sets.unwrap_or(DATA_SETS);
    if name.as_deref() == Some("pairs") {
        return pairs::run(data_sets as usize);
    }
    println!("| design | θ | oracle | p ≤ .05 | {} |", NAMES.join(" | "));
    println!("|---|{}", "--:|".repeat(3 + NAMES.len()));
    let mut light_tailed: Vec<Vec<[f64; 3]>> = Vec::new();
    let is_asked = |one: &&Population| name.as_ref().is_none_or(|name| name == one.name);
    for population in POPULATIONS.iter().filter(is_asked) {
        let (truth, began) = (Truth::of(*population), Instant::now());
        let outcomes: Vec<Vec<Outcome>> = (0..data_sets as usize)
            .into_par_iter()
            .with_max_len(1)
            .map(|index| simulate(population, &truth, index as u64))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{}: {error}", population.name));
        for (at, target) in population.targets.iter().enumerate() {
            let of_target: Vec<&Outcome> = outcomes.iter().map(|all| &all[at]).collect();
            let (head, mut numbers) = summary(&of_target);
            let below = upper_below_theta(&of_target);
            eprintln!("{}, {target}: {below:.3} below θ", population.name);
            let cells: Vec<String> = numbers.iter().map(cell).collect();
            println!(
                "| {}, {target} | {head} | {} |",
                population.name,
                cells.join(" | ")
            );
            if target.share == 0.0 {
                // Without an effect r2 hardly varies, and nothing is as narrow.
                numbers.iter_mut().for_each(|one| one[1..].fill(f64::NAN));
            }
            if target.is_light_tailed() {
                light_tailed.push(numbers);
            }
        }
        eprintln!(
            "{}: {:.0} s",
            population.name,
            began.elapsed().as_secs_f64()
        );
        let _ = std::io::stdout().flush();
    }
    let mean_of = |construction: usize| {
        let of = |at: usize| -> f64 {
            let all = light_tailed.iter().map(|numbers| numbers[construction][at]);
            mean(
                &all.filter(|number| number.is_finite())
                    .collect::<Vec<f64>>(),
            )
        };
        cell(&[of(0), of(1), of(2)])
    };
    let means: Vec<String> = (0..NAMES.len()).map(mean_of).collect();
    println!("| mean of the light-tailed | | | | {} |", means.join(" | "));
}

/// Covered, width, L > 0 of p ≤ .05.
fn cell([covered, width, shown]: &[f64; 3]) -> String {
    match shown.is_nan() {
        true => format!("{covered:.3} · {width:.2}"),
        false => format!("{covered:.3} · {width:.2} · {shown:.2}"),
    }
}

/// θ, the oracle's half-width and the share with p ≤ .05; of every construction what it covers, its
/// width against the oracle's, and the share with L > 0 among p ≤ .05.
fn summary(outcomes: &[&Outcome]) -> (String, Vec<[f64; 3]>) {
    let r2: Vec<f64> = outcomes.iter().map(|one| one.r2).collect();
    let (theta, sd) = mean_and_sd(&r2, 1);
    let oracle = 1.96 * sd;
    let significant = share(outcomes.iter().map(|one| one.p <= LEVEL));
    let of_construction = |at: usize| {
        let given = || {
            outcomes
                .iter()
                .filter_map(move |one| Some((*one, one.intervals[at]?)))
        };
        let covered = share(given().map(|(_, (low, high))| low <= theta && theta <= high));
        let widths: Vec<f64> = given().map(|(_, (low, high))| (high - low) / 2.0).collect();
        let shown = given().filter(|(one, _)| one.p <= LEVEL);
        let shown = share(shown.map(|(_, (low, _))| low > 0.0));
        [covered, mean(&widths) / oracle, shown]
    };
    let numbers = (0..NAMES.len()).map(of_construction).collect();
    (
        format!("{theta:.3} | {oracle:.3} | {significant:.2}"),
        numbers,
    )
}

/// The share of data sets in which the program's interval ends below θ: what a wrong `practically
/// null` takes.
fn upper_below_theta(outcomes: &[&Outcome]) -> f64 {
    let r2: Vec<f64> = outcomes.iter().map(|one| one.r2).collect();
    let theta = mean(&r2);
    let given = outcomes.iter().filter_map(|one| one.intervals[0]);
    share(given.map(|(_, high)| high < theta))
}

fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (mut all, mut yes) = (0.0, 0.0);
    for one in of {
        all += 1.0;
        yes += f64::from(u8::from(one));
    }
    yes / all
}

fn regressor(model: Model) -> Box<dyn Regressor> {
    let of = |l1_ratios: &[f64]| {
        let options = l1_ratios.iter().map(|&l1_ratio| LassoOptions {
            l1_ratio,
            ..LassoOptions::default()
        });
        Box::new(PluginLasso::new(options.collect()))
    };
    match model {
        Model::Ridge => Box::new(PluginRidge),
        Model::Lasso => of(&[1.0]),
        Model::ElasticNet => of(&[0.9, 0.5, 0.1]),
    }
}

/// The program's own: paths of the lasso and the elastic net end after five steps without a gain.
fn tuning(model: Model) -> Tuning {
    Tuning {
        patience: (model != Model::Ridge).then_some(5),
        ..Tuning::PLAIN
    }
}

/// Every target of one data set.
fn simulate(
    population: &Population,
    truth: &Truth,
    index: u64,
) -> Result<Vec<Outcome>, PieceError<std::convert::Infallible>> {
    let data = truth.draw(&mut Seed(SEED).stream(population.name, index));
    let regressor = regressor(population.model);
    let seed = Seed(index);
    let folds = Folds::split(&data.groups, 5, population.repeats, seed)?;
    let layout = Layout {
        x: &data.x,
        folds: &folds,
        groups: &data.groups,
        inner: InnerFolds::Outer,
        seed,
        weights: None,
        covariates: None,
    };
    let regressors = [(regressor.as_ref(), tuning(population.model))];
    let contenders = [Contender {
        layout,
        regressors: &regressors,
    }];
    let targets = Targets::new(data.y.clone())?;
    let scheme = PermutationScheme::new(&data.groups, Exchange::Blocks, &targets, seed)?;
    let row_set = targets.row_sets().remove(0);
    let has_jackknife = index < population.jackknives;
    let work = Work {
        n_permutations: PERMUTATIONS,
        jackknife: has_jackknife,
        sensitivity_draws: DRAWS,
        ..Work::default()
    };
    let run = PieceRun::new(&contenders, (&targets, &row_set, &scheme), work);
    let mut piece = run.run(&Nothing, &Unwatched)?;
    settle_ties(&mut piece.statistics);
    let p = permutation_p(piece.statistics.as_view());
    let asked = Asked {
        critical: &[],
        level: LEVEL,
    };
    let Some(answers) = run.planted(&piece, asked, &Nothing, &Unwatched)? else {
        return Ok(Vec::new());
    };
    let refits = match has_jackknife {
        true => refits(&data, &contenders, (&targets, &row_set), seed),
        false => Vec::new(),
    };
    let of_target = |(at, &observed): (usize, _)| {
        let statistics: Vec<f64> = piece.statistics.column(at).iter().copied().collect();
        let jackknife = piece.jackknife.as_ref();
        let evidence = Evidence {
            observed,
            null: &statistics[1..],
            planted: &answers.strengths,
            jackknife: jackknife.map(|all| all.r2.column(at).iter().copied().collect()),
            refits: refits.iter().map(|r2| r2[at]).collect(),
            n_samples: population.n,
            level: LEVEL,
        };
        Outcome {
            r2: statistics[0],
            p: p[at].p,
            intervals: evidence.intervals(),
        }
    };
    Ok(answers.observed.iter().enumerate().map(of_target).collect())
}

/// r2 of every target without two fifths of the rows or groups, so often.
fn refits(
    data: &designs::DataSet,
    contenders: &[Contender],
    (targets, row_set): (&Targets, &ocean_engine::targets::RowSet),
    seed: Seed,
) -> Vec<Vec<f64>> {
    let refit = |refit: u64| {
        let mut groups: Vec<usize> = (0..data.groups.n_groups()).collect();
        seed.stream("without two fifths", refit)
            .shuffle(&mut groups);
        let out = &groups[..groups.len() * 2 / 5];
        let of_row = data.groups.of_row().iter();
        let block_of: Vec<usize> = of_row
            .map(|group| usize::from(out.contains(group)))
            .collect();
        let found = without_block(contenders, targets, row_set, &block_of, 1);
        found.ok().map(|found| found.r2)
    };
    (0..REFITS).filter_map(refit).collect()
}
