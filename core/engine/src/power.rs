//! Before the data: how often would a study of n rows find an effect of known size?
//!
//! Rows are drawn from vectors of texts like the planned ones. On each such sample the whole recipe
//! is run on permuted targets, which say what r2 chance reaches, and on targets with a planted share
//! of variance ([`Planted`]): y* = ρu + √(1−ρ²)e, e normal. A target is *found* when its r2 is
//! beyond the ⌊α(N+1)⌋-th largest of the N permuted r2 of all samples of this size, and *predictive*
//! when, besides, the interval of the true R² ([`Response`]) lies above 0: what a report would say.
//!
//! Checked: at share 0 the level is kept, against the loop of a study on the same data
//! (tests/statistics/power.rs).

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::best::{Contender, Recipe};
use crate::design::{FoldDesigns, InnerFolds, Layout};
use crate::error::EngineError;
use crate::evaluate::{PermutedTargets, observed_of_columns, r2_of_columns};
use crate::folds::{Folds, Groups};
use crate::inference::planted::Planted;
use crate::inference::response::{Observed, Response, Strength};
use crate::nested::{NestedCv, Tuning};
use crate::permutation::{Exchange, PermutationScheme};
use crate::regressor::Regressor;
use crate::score::mean;
use crate::seed::Seed;
use crate::targets::Targets;

/// 1 − confidence of the interval that `predictive` asks for.
const LEVEL: f64 = 0.05;
/// Columns computed together.
const COLUMNS: usize = 64;

/// How a sample is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Design<'a> {
    /// ρ², rising.
    pub shares: &'a [f64],
    /// Targets planted a share and sample.
    pub n_draws: usize,
    /// Permuted targets a sample.
    pub n_permutations: usize,
    /// Outer folds.
    pub n_folds: usize,
    /// How inner folds are made.
    pub inner: InnerFolds,
    /// Of the columns, as a [`Layout`] has them.
    pub weights: Option<&'a [f64]>,
}

/// One sample of rows: what chance reaches there, and what effects do.
#[derive(Debug, Clone)]
pub struct Sample {
    n: usize,
    /// r2 of permuted targets.
    null: Vec<f64>,
    /// Of each share its draws.
    planted: Vec<Vec<Observed>>,
}

/// What happens to effects of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// ρ².
    pub share: f64,
    /// Share of data sets in which it is found.
    pub found: f64,
    /// Share in which the report says `predictive`.
    pub predictive: f64,
    /// Mean r2 that is seen.
    pub r2: f64,
    /// Data sets behind these.
    pub n_data_sets: usize,
}

/// Rows of sample `index` of `n`, of vectors of `n_given` texts: different ones while there are
/// enough, else each drawn again.
#[must_use]
pub fn draw_rows(n_given: usize, n: usize, index: u64, seed: Seed) -> Vec<usize> {
    let mut stream = seed.stream("power rows", index);
    if n > n_given {
        return (0..n)
            .map(|_| ((stream.uniform() * n_given as f64) as usize).min(n_given - 1))
            .collect();
    }
    let mut rows: Vec<usize> = (0..n_given).collect();
    stream.shuffle(&mut rows);
    rows.truncate(n);
    rows
}

/// Runs one recipe on the rows `x` (n × features) of one sample.
///
/// # Errors
/// As [`NestedCv::run`]; [`EngineError::NoComponents`].
pub fn sample(
    x: &DMatrix<f64>,
    (regressor, tuning): (&dyn Regressor, Tuning),
    design: Design,
    seed: Seed,
) -> Result<Sample, EngineError> {
    let n = x.nrows();
    let groups = Groups::singletons(n);
    let folds = Folds::split(&groups, design.n_folds, 1, seed)?;
    let layout = Layout {
        x,
        folds: &folds,
        groups: &groups,
        inner: design.inner,
        seed,
        weights: design.weights,
        covariates: None,
    };
    let mut noise = seed.stream("power", 0);
    let targets = Targets::new(DMatrix::from_fn(n, 1, |_, _| noise.normal()))?;
    let scheme = PermutationScheme::new(&groups, Exchange::Blocks, &targets, seed)?;
    let row_sets = targets.row_sets();
    let permuted = PermutedTargets {
        targets: &targets,
        row_set: &row_sets[0],
        scheme: &scheme,
        observed_slot: 0,
    };
    let regressors = [(regressor, tuning)];
    let contender = Contender {
        layout,
        regressors: &regressors,
    };
    let rows: Vec<usize> = (0..n).collect();
    let designs = FoldDesigns::build_for(&contender.layout, &rows, 0, &regressors)?;
    let nested = NestedCv::prepare(&designs, regressor, tuning)?;
    let recipe: &dyn Recipe = &nested;
    let null = permuted.columns(1..design.n_permutations + 1);
    let planted = Planted::draw((x, design.weights), &permuted, design.n_draws, seed)?;
    let of_share = |&share: &f64| {
        let columns = planted.columns(share, design.n_draws);
        observed_of_columns(recipe, &columns, COLUMNS, groups.of_row())
    };
    Ok(Sample {
        n,
        null: r2_of_columns(recipe, &null, COLUMNS)?,
        planted: design
            .shares
            .iter()
            .map(of_share)
            .collect::<Result<_, _>>()?,
    })
}

/// From all samples of one size: of each share how often it is found. `level`: of a single test,
/// α/J where J tests share α.
///
/// `None` where the permutations are too few for that level.
#[must_use]
pub fn power(samples: &[Sample], shares: &[f64], level: f64) -> Option<Vec<Power>> {
    let n = samples.first()?.n;
    let mut null: Vec<f64> = samples.iter().flat_map(|one| one.null.clone()).collect();
    null.sort_by(|a, b| b.total_cmp(a));
    let rank = (level * (null.len() + 1) as f64 + 1e-9).floor() as usize;
    let critical = *null.get(rank.checked_sub(1)?)?;
    let of_share = |at: usize| -> Vec<Observed> {
        samples
            .iter()
            .flat_map(|one| one.planted[at].clone())
            .collect()
    };
    let draws: Vec<Vec<Observed>> = (0..shares.len()).map(of_share).collect();
    let strengths: Vec<Strength> = shares
        .iter()
        .zip(&draws)
        .map(|(&share, draws)| Strength {
            share,
            r2: draws.iter().map(|draw| draw.r2).collect(),
            naive: draws.iter().map(|draw| draw.naive).collect(),
        })
        .collect();
    let is_predictive = |draw: &&Observed| {
        let response = Response::new(&null, &strengths, **draw, n);
        draw.r2 > critical && response.interval(LEVEL).0 > 0.0
    };
    let of_strength = |(strength, draws): (&Strength, &Vec<Observed>)| Power {
        share: strength.share,
        found: share_of(
            draws.len(),
            strength.r2.iter().filter(|r2| **r2 > critical).count(),
        ),
        predictive: share_of(draws.len(), draws.par_iter().filter(is_predictive).count()),
        r2: mean(&strength.r2),
        n_data_sets: draws.len(),
    };
    Some(strengths.iter().zip(&draws).map(of_strength).collect())
}

fn share_of(all: usize, some: usize) -> f64 {
    some as f64 / all as f64
}

/// The n at which power reaches `wanted`, between the sizes tried: power made monotone in n, then
/// linear in ln n. `None` beyond the largest size; the smallest where it is reached there already.
///
/// `curve`: (n, power), n rising.
#[must_use]
pub fn n_for(curve: &[(usize, f64)], wanted: f64) -> Option<f64> {
    let powers: Vec<f64> = curve.iter().map(|(_, power)| *power).collect();
    let powers = crate::inference::sensitivity::monotone(&powers);
    let above = powers.iter().position(|power| *power >= wanted)?;
    let ln = |at: usize| (curve[at].0 as f64).ln();
    if above == 0 {
        return Some(curve[0].0 as f64);
    }
    let weight = (wanted - powers[above - 1]) / (powers[above] - powers[above - 1]);
    Some((ln(above - 1) + weight * (ln(above) - ln(above - 1))).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_different_while_there_are_enough() {
        let rows = draw_rows(10, 7, 3, Seed(1));
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((rows.len(), sorted.len()), (7, 7));
        assert_ne!(rows, draw_rows(10, 7, 4, Seed(1)));
        let again = draw_rows(10, 30, 3, Seed(1));
        assert!(again.len() == 30 && again.iter().all(|row| *row < 10));
    }

    #[test]
    fn the_n_for_a_power_lies_between_those_tried() {
        let curve = [(100, 0.2), (200, 0.6), (400, 1.0)];
        // Half way in ln n between 200 and 400.
        assert!((n_for(&curve, 0.8).unwrap() - 80_000f64.sqrt()).abs() < 1e-9);
        assert_eq!(n_for(&curve, 0.1), Some(100.0));
        assert_eq!(n_for(&curve[..2], 0.8), None);
        assert_eq!(n_for(&[], 0.8), None);
    }

    #[test]
    fn power_by_hand() {
        // Permuted r2 −.04 … .04: of nine, the level .2 takes the second largest, .03.
        let of = |r2: f64| Observed {
            r2,
            naive: 1e-4,
            sample: 0.01,
        };
        let one = Sample {
            n: 200,
            null: (-4..=4).map(|r2| f64::from(r2) / 100.0).collect(),
            planted: vec![
                vec![of(0.02), of(0.04), of(0.05), of(0.01)],
                vec![of(0.5), of(0.52), of(0.48), of(0.51)],
            ],
        };
        let found = power(std::slice::from_ref(&one), &[0.05, 0.5], 0.2).unwrap();
        assert_eq!(found[0].found, 0.5);
        assert!((found[0].r2 - 0.03).abs() < 1e-15);
        assert_eq!((found[1].found, found[1].predictive), (1.0, 1.0));
        assert!(found[0].predictive <= 0.5 && found[0].n_data_sets == 4);
        // Nine permutations cannot speak of a level below .1.
        assert_eq!(power(&[one], &[0.05, 0.5], 0.05), None);
    }
}
