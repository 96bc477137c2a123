//! `ocean-host power`: how many rows a study needs, from texts like the planned ones and before
//! there are scores.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocean_engine::design::InnerFolds;
use ocean_engine::power::{self, Design, Power, Sample, draw_rows, n_for};
use ocean_engine::seed::Seed;
use ocean_report::numbers::{count, score};
use ocean_report::plot::{self, PowerCurve};
use rayon::prelude::*;

use super::encode::open;
use crate::encode::cache::Cache;
use crate::encode::places::set_threads;
use crate::encode::sources::{Embedded, NamedRegressor};
use crate::keep::atomic;
use crate::keep::file_names::{distinct_of, may_write};
use crate::keep::unfinished::Unfinished;
use crate::plan::{self, OuterFolds, Plan};
use crate::problem::{Problem, Problems, Refusal};
use crate::read::config::{Config, Scope};
use crate::read::dataset::Dataset;
use crate::run::{Options, RunError, inputs};
use crate::tell::progress::{Progress, Stage};

/// Targets planted a share and sample of rows.
const DRAWS: usize = 20;
/// Permuted targets a sample, at least.
const PERMUTATIONS: usize = 99;
/// Permuted r2 beyond the critical one, of all samples together: so sure it is.
const BEYOND: f64 = 20.0;
/// Shares beside those asked for: an interval needs effects around its own.
const LADDER: [f64; 7] = [0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7];
/// Power that numbers of rows are given for.
const WANTED: [f64; 2] = [0.8, 0.9];

/// What the command line asks.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Numbers of rows.
    pub sizes: Vec<usize>,
    /// Planted shares of variance.
    pub shares: Vec<f64>,
    /// Tests that share the level.
    pub n_tests: Option<u32>,
    /// Data sets behind each number.
    pub n_data_sets: usize,
    /// Files that are there are replaced.
    pub is_forced: bool,
}

/// One encoder with one regressor at every size.
struct Recipe {
    name: String,
    /// Of each size the power for each share asked for.
    powers: Vec<Vec<Power>>,
}

/// How often a study of the plan would find effects; returns what to print.
///
/// # Errors
/// [`RunError`]; a [`Refusal`] before anything is computed.
pub fn power(
    options: &Options,
    asked: Asked,
    interrupted: &Arc<AtomicBool>,
) -> Result<String, RunError> {
    set_threads(options.threads);
    let progress = Progress::new(options.format, options.is_quiet);
    let config = Config::read(&options.config, &options.sets, Scope::Power)?;
    let mut plan = Plan::resolve(&config, options.out.as_deref())?;
    // What chance reaches is known from permutations.
    plan.evaluation.controls = false;
    let asked = checked(asked, &plan)?;
    if options.out.is_some() {
        refuse_taken(&plan, &inputs(&options.config, &plan), asked.is_forced)?;
        atomic::create_folder(&plan.out)?;
    }
    let dataset = Dataset::read(&plan.data, &[], 0)?;
    let (sources, _library) = open(&plan, &dataset, (&progress, interrupted))?;
    let cache = Cache::resolve(options.cache.as_deref());
    let reported = || {
        sources
            .encoders
            .iter()
            .filter(|encoder| encoder.is_reported)
    };
    let n_recipes = reported().count() * sources.regressors.len();
    let n_tests = asked.n_tests.map_or(n_recipes, |n| n as usize);
    let work = Work {
        plan: &plan,
        asked: &asked,
        n_tests,
        shares: with_ladder(&asked.shares),
        interrupted,
    };
    let (mut recipes, mut n_given) = (Vec::new(), 0);
    for encoder in reported() {
        let embedded = encoder.embed(&dataset, &cache, &progress, interrupted)?;
        n_given = embedded.x.nrows();
        for regressor in &sources.regressors {
            let name = format!("{} · {}", encoder.name, regressor.name);
            let n_samples = (work.n_samples() * asked.sizes.len()) as u64;
            let stage = progress.stage(&format!("power of {name}"), n_samples);
            let of_size = |&n: &usize| work.at(&embedded, regressor, n, &stage);
            let powers = asked.sizes.iter().map(of_size).collect::<Result<_, _>>()?;
            stage.finish();
            recipes.push(Recipe { name, powers });
        }
    }
    if options.out.is_some() {
        write(&plan, &asked, &recipes)?;
    }
    Ok(said(&plan, &asked, n_tests, n_given, &recipes))
}

/// Sizes and shares rising, each once, and such that a study can be of that size.
fn checked(mut asked: Asked, plan: &Plan) -> Result<Asked, Refusal> {
    asked.sizes.sort_unstable();
    asked.sizes.dedup();
    asked.shares.sort_by(f64::total_cmp);
    asked.shares.dedup();
    let mut problems = Problems::default();
    if let OuterFolds::Column { name, .. } = &plan.evaluation.folds {
        let message = format!("`{name}` makes folds of rows that are not drawn yet");
        problems.push(Problem::new("folds", message).with_try("--set evaluation.folds=5"));
    }
    let least = 4 * n_folds(plan);
    if let Some(n) = asked.sizes.iter().find(|n| **n < least) {
        let folds = n_folds(plan);
        problems.push(
            Problem::new("--n", format!("{n} rows are too few for {folds} folds"))
                .with_try(format!("{least} or more")),
        );
    }
    if let Some(share) = asked.shares.iter().find(|r2| !(0.001..=0.9).contains(*r2)) {
        problems.push(
            Problem::new("--r2", format!("{share} is no effect that can be planted"))
                .with_try("shares of variance between .001 and .9, as in --r2 .02,.05,.1"),
        );
    }
    problems.finish(asked)
}

/// The shares asked for among others, up to some three times as large.
fn with_ladder(asked: &[f64]) -> Vec<f64> {
    let largest = asked.last().copied().unwrap_or(0.0);
    let is_near = |step: &f64| asked.iter().any(|share| (share / step).ln().abs() < 0.2);
    let end = (3.0 * largest).max(LADDER[3]);
    let steps = LADDER.iter().filter(|step| **step <= end && !is_near(step));
    let mut shares: Vec<f64> = steps.chain(asked).copied().collect();
    shares.sort_by(f64::total_cmp);
    shares
}

/// What all simulations share.
struct Work<'a> {
    plan: &'a Plan,
    asked: &'a Asked,
    n_tests: usize,
    shares: Vec<f64>,
    interrupted: &'a AtomicBool,
}

impl Work<'_> {
    fn n_samples(&self) -> usize {
        self.asked.n_data_sets.div_ceil(DRAWS)
    }

    fn level(&self) -> f64 {
        self.plan.evaluation.level / self.n_tests as f64
    }

    /// Power at `n` rows, of each share asked for.
    fn at(
        &self,
        embedded: &Embedded,
        regressor: &NamedRegressor,
        n: usize,
        stage: &Stage,
    ) -> Result<Vec<Power>, RunError> {
        let Embedded { x, weights, .. } = embedded;
        let n_samples = self.n_samples();
        let needed = (BEYOND / self.level() / n_samples as f64).ceil() as usize;
        let design = Design {
            shares: &self.shares,
            n_draws: DRAWS,
            n_permutations: needed.max(PERMUTATIONS),
            n_folds: n_folds(self.plan),
            inner: match self.plan.evaluation.inner_folds {
                plan::InnerFolds::Outer => InnerFolds::Outer,
                plan::InnerFolds::Independent(n_inner) => InnerFolds::Independent(n_inner as usize),
            },
            weights: weights.as_deref(),
        };
        let of_sample = |index: u64| {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(RunError::Interrupted);
            }
            let seed = Seed(self.plan.study.seed).derive("power", index * 1_000_000_007 + n as u64);
            let rows = draw_rows(x.nrows(), n, index, seed);
            let recipe = (regressor.regressor.as_ref() as _, regressor.tuning);
            let sample = power::sample(&x.select_rows(&rows), recipe, design, seed);
            stage.add(1);
            sample.map_err(RunError::Engine)
        };
        let samples = (0..n_samples as u64).into_par_iter().map(of_sample);
        let samples: Vec<Sample> = samples.collect::<Result<_, _>>()?;
        let powers = power::power(&samples, &self.shares, self.level()).unwrap_or_default();
        let is_asked = |power: &Power| self.asked.shares.contains(&power.share);
        Ok(powers.into_iter().filter(is_asked).collect())
    }
}

/// Outer folds; 0 where they are those of a column, which is refused.
fn n_folds(plan: &Plan) -> usize {
    match plan.evaluation.folds {
        OuterFolds::Drawn(folds) => folds as usize,
        OuterFolds::Column { .. } => 0,
    }
}

/// Of one share the power at every size.
fn curve(asked: &Asked, recipe: &Recipe, at: usize, of: fn(&Power) -> f64) -> Vec<(usize, f64)> {
    let sizes = asked.sizes.iter().zip(&recipe.powers);
    sizes.map(|(n, powers)| (*n, of(&powers[at]))).collect()
}

fn said(plan: &Plan, asked: &Asked, n_tests: usize, n_given: usize, recipes: &[Recipe]) -> String {
    let level = plan.evaluation.level / n_tests as f64;
    let mut text = String::new();
    // Writing to a String cannot fail.
    for recipe in recipes {
        let _ = writeln!(text, "{}", recipe.name);
        let _ = writeln!(text, "  true R²      rows   found   predictive   r2 seen");
        for (at, share) in asked.shares.iter().enumerate() {
            for (n, powers) in asked.sizes.iter().zip(&recipe.powers) {
                let power = powers[at];
                let _ = writeln!(
                    text,
                    "  {:>7} {:>9} {:>7} {:>12} {:>9}",
                    score(*share),
                    count(*n),
                    score(power.found),
                    score(power.predictive),
                    score(power.r2)
                );
            }
            let found = curve(asked, recipe, at, |power| power.found);
            let predictive = curve(asked, recipe, at, |power| power.predictive);
            let rows =
                |curve: &[(usize, f64)]| WANTED.map(|wanted| rows_for(curve, wanted)).join(" and ");
            let _ = writeln!(
                text,
                "          rows for power .80 and .90: {} to find it, {} to call it predictive",
                rows(&found),
                rows(&predictive)
            );
        }
        text.push('\n');
    }
    let n_data_sets = recipes
        .first()
        .map_or(0, |recipe| recipe.powers[0][0].n_data_sets);
    let _ = writeln!(
        text,
        "Each number is the share of {} simulated data sets; it may be off by {}.",
        count(n_data_sets),
        score(2.0 * (0.25 / n_data_sets as f64).sqrt())
    );
    let _ = writeln!(
        text,
        "Found: p at most {} ({} shared by {}, Bonferroni), {} folds, rows that are independent of each other.",
        score(level),
        score(plan.evaluation.level),
        tests(n_tests),
        n_folds(plan)
    );
    let largest = asked.sizes.last().copied().unwrap_or(0);
    if largest > n_given {
        let _ = writeln!(
            text,
            "The file has {} texts: for more rows some are drawn several times, and power there is a little too high.",
            count(n_given)
        );
    }
    let _ = write!(
        text,
        "\n{}",
        preregistration(plan, asked, (n_tests, n_given), recipes)
    );
    text
}

fn rows_for(curve: &[(usize, f64)], wanted: f64) -> String {
    let (first, last) = (
        curve.first().map_or(0, |c| c.0),
        curve.last().map_or(0, |c| c.0),
    );
    match n_for(curve, wanted) {
        Some(n) if n <= first as f64 => format!("{} or fewer", count(first)),
        // Three digits are more than the simulation knows.
        Some(n) => {
            let unit = 10f64.powf(n.log10().floor() - 1.0);
            count(((n / unit).ceil() * unit) as usize)
        }
        None => format!("more than {}", count(last)),
    }
}

/// A sentence for a preregistration, of the first recipe and the middle effect.
fn preregistration(
    plan: &Plan,
    asked: &Asked,
    (n_tests, n_given): (usize, usize),
    recipes: &[Recipe],
) -> String {
    let at = asked.shares.len() / 2;
    let Some(recipe) = recipes.first() else {
        return String::new();
    };
    let found = curve(asked, recipe, at, |power| power.found);
    let (share, n) = (score(asked.shares[at]), rows_for(&found, WANTED[0]));
    format!(
        "For a preregistration: \"If embeddings ({}) explain {share} of the variance of a score, {n} texts give a probability of .80 that the permutation test of out-of-sample R² \
         ({}-fold nested cross-validation, family-wise level {} over {}) finds it; by simulation with ocean-host {} on the vectors of {} texts like the planned ones, seed {}.\"\n",
        recipe.name,
        n_folds(plan),
        score(plan.evaluation.level),
        tests(n_tests),
        env!("CARGO_PKG_VERSION"),
        count(n_given),
        plan.study.seed
    )
}

fn tests(n: usize) -> String {
    match n {
        1 => "1 test".to_owned(),
        n => format!("{} tests", count(n)),
    }
}

/// power.csv and the stems of the pictures, in the order of the recipes that are reported.
fn files(plan: &Plan) -> Vec<PathBuf> {
    let recipes: Vec<String> = plan
        .reported()
        .flat_map(|encoder| {
            let of =
                |regressor: &plan::RegressorPlan| format!("{} · {}", encoder.name, regressor.name);
            plan.regressors.iter().map(of)
        })
        .collect();
    let labels: Vec<&str> = recipes.iter().map(String::as_str).collect();
    let pictures = distinct_of(&labels)
        .into_iter()
        .map(|stem| format!("power-{stem}"));
    std::iter::once("power.csv".to_owned())
        .chain(pictures.flat_map(|stem| [format!("{stem}.svg"), format!("{stem}.png")]))
        .map(|name| plan.out.join(name))
        .collect()
}

fn refuse_taken(plan: &Plan, inputs: &[PathBuf], is_forced: bool) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    for path in files(plan) {
        problems.keep(may_write(&path, inputs, is_forced));
    }
    problems.finish(())
}

fn write(plan: &Plan, asked: &Asked, recipes: &[Recipe]) -> Result<(), RunError> {
    let mut paths = files(plan).into_iter();
    let mut table = String::from("recipe,n,true_r2,found,predictive,r2_seen,n_data_sets\n");
    for recipe in recipes {
        for (n, powers) in asked.sizes.iter().zip(&recipe.powers) {
            for power in powers {
                let name = recipe.name.replace('"', "\"\"");
                let Power {
                    share,
                    found,
                    predictive,
                    r2,
                    n_data_sets,
                } = power;
                let _ = writeln!(
                    table,
                    "\"{name}\",{n},{share},{found},{predictive},{r2},{n_data_sets}"
                );
            }
        }
    }
    let note = Unfinished::note(&plan.out, &files(plan))?;
    if let Some(path) = paths.next() {
        atomic::write(&path, table.as_bytes())?;
    }
    for recipe in recipes {
        let of_share = |(at, share): (usize, &f64)| PowerCurve {
            share: *share,
            points: asked
                .sizes
                .iter()
                .zip(&recipe.powers)
                .map(|(n, powers)| (*n, powers[at].found, powers[at].predictive))
                .collect(),
        };
        let curves: Vec<PowerCurve> = asked.shares.iter().enumerate().map(of_share).collect();
        let pictures = ocean_report::drawn(&plot::power(&recipe.name, &curves));
        for (file, path) in pictures
            .map_err(crate::write::report_files::ReportError::from)?
            .iter()
            .zip(&mut paths)
        {
            atomic::write(&path, &file.bytes)?;
        }
    }
    Ok(note.end()?)
}
