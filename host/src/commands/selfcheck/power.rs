//! What is there is found: power of the permuted r2, beside two other tests on the same data, each
//! with its rejections where there is nothing to find.
//!
//! *Pearson's r, t test* of pooled out-of-fold predictions is what most papers print; its rows are
//! not independent, since they share training sets. *Permuted r2_fold_mean* is scikit-learn's
//! `permutation_test_score` with `scoring="r2"`: valid, and noisier than the pooled r2.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::best::Recipe;
use ocean_engine::design::FoldDesigns;
use ocean_engine::evaluate::PermutedTargets;
use ocean_engine::inference::multiplicity::{permutation_p, settle_ties};
use ocean_engine::nested::{NestedCv, OutOfFold};
use ocean_engine::permutation::Exchange;
use ocean_engine::score::{HeldOut, Scores};
use ocean_engine::seed::Stream;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::certificate::{Bound, Check, Role};
use super::data::noise;
use super::judge::Rate;
use super::lab::{Lab, Size, Tested};
use super::study::{Entrant, Study};

const ROWS: usize = 100;
const FEATURES: usize = 20;
const LEVEL: f64 = 0.05;
const PERMUTATIONS: usize = 99;
/// Planted shares of variance, all in three of the columns.
const PLANTED: [(f64, &str); 4] = [(0.0, "0"), (0.1, ".1"), (0.2, ".2"), (0.4, ".4")];
/// A build that finds an effect of .4 less often than this is broken: a sound one hardly ever
/// misses it.
const LEAST_POWER: f64 = 0.9;
const SIZE: Size = Size::of(150, 100, 600, 300);

const TESTS: [&str; 3] = [
    "permuted r2: the program's",
    "permuted r2_fold_mean: scikit-learn's",
    "Pearson's r of pooled predictions, t test",
];

/// p of the three tests for every planted share.
fn p_values(
    stream: &mut Stream,
    seed: u64,
    entrant: Entrant,
) -> Result<[Vec<f64>; 3], EngineError> {
    let (x, noise) = (
        noise(ROWS, FEATURES, stream),
        noise(ROWS, PLANTED.len(), stream),
    );
    let y = DMatrix::from_fn(ROWS, PLANTED.len(), |row, at| {
        let share = PLANTED[at].0;
        let signal = (x[(row, 0)] + x[(row, 1)] + x[(row, 2)]) / 3f64.sqrt();
        share.sqrt() * signal + (1.0 - share).sqrt() * noise[(row, at)]
    });
    let study = Study::new(x, y, 5, seed)?;
    let (targets, scheme) = (study.targets()?, study.scheme(Exchange::Blocks)?);
    let row_set = &targets.row_sets()[0];
    let entrants = [(entrant.regressor, entrant.tuning)];
    let designs = FoldDesigns::build_for(&study.layout(), &row_set.rows, 0, &entrants)?;
    let nested = NestedCv::prepare(&designs, entrant.regressor, entrant.tuning)?;
    let permuted = PermutedTargets {
        targets: &targets,
        row_set,
        scheme: &scheme,
        observed_slot: 0,
    };
    let y = permuted.columns(0..PERMUTATIONS + 1);
    let out = Recipe::run(&nested, &y)?;
    let (mut pooled, mut by_fold) = (of_permutations(), of_permutations());
    let mut parametric = Vec::with_capacity(PLANTED.len());
    for column in 0..y.ncols() {
        let (b, at) = (column / PLANTED.len(), column % PLANTED.len());
        let scores = scores(&y, &out, column, study.folds.of_row(0))?;
        pooled[(b, at)] = scores.r2;
        by_fold[(b, at)] = scores.r2_fold_mean.unwrap_or(f64::NEG_INFINITY);
        if b == 0 {
            parametric.push(pearson_p(
                y.column(column).as_slice(),
                out.y_hat.column(column).as_slice(),
            ));
        }
    }
    let p = |mut statistics: DMatrix<f64>| {
        settle_ties(&mut statistics);
        permutation_p(statistics.as_view())
            .iter()
            .map(|cell| cell.p)
            .collect()
    };
    Ok([p(pooled), p(by_fold), parametric])
}

fn of_permutations() -> DMatrix<f64> {
    DMatrix::zeros(PERMUTATIONS + 1, PLANTED.len())
}

fn scores(
    y: &DMatrix<f64>,
    out: &OutOfFold,
    column: usize,
    fold_of: &[usize],
) -> Result<Scores, EngineError> {
    Scores::of(&HeldOut {
        y: y.column(column).as_slice(),
        y_hat: out.y_hat.column(column).as_slice(),
        y_bar: out.y_bar.column(column).as_slice(),
        fold_of,
        is_empty: out.fits.iter().all(|fits| fits[column].is_empty),
    })
}

/// One-sided p of "r > 0" by Student's t with n − 2 degrees of freedom, as if rows were
/// independent; 1 where predictions do not vary.
fn pearson_p(y: &[f64], y_hat: &[f64]) -> f64 {
    let n = y.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (mean_y, mean_hat) = (mean(y), mean(y_hat));
    let (mut together, mut of_y, mut of_hat) = (0.0, 0.0, 0.0);
    for (y, y_hat) in y.iter().zip(y_hat) {
        together += (y - mean_y) * (y_hat - mean_hat);
        of_y += (y - mean_y).powi(2);
        of_hat += (y_hat - mean_hat).powi(2);
    }
    let r = together / (of_y * of_hat).sqrt();
    let t = r * ((n - 2.0) / (1.0 - r * r)).sqrt();
    match StudentsT::new(0.0, 1.0, n - 2.0) {
        Ok(student) if t.is_finite() => student.cdf(-t),
        _ => 1.0,
    }
}

/// Simulations of this part, for the progress bar.
pub fn n_data_sets(lab: &Lab, tested: &Tested) -> u64 {
    lab.n(&SIZE, tested)
}

/// Rejections at 5 % of one regressor, by test and planted share. Judged are the program's own; the
/// others are measured.
///
/// # Errors
/// Whatever the engine or the regressor reports.
pub fn check(lab: &Lab, tested: &Tested) -> Result<Vec<Check>, EngineError> {
    let all = lab.simulate("power", lab.n(&SIZE, tested), |stream, index| {
        p_values(stream, index, tested.entrant())
    })?;
    let mut checks = Vec::new();
    for (test, title) in TESTS.iter().enumerate() {
        for (at, (share, label)) in PLANTED.iter().enumerate() {
            let rate = Rate::of(&all, |p| p[test][at] <= LEVEL + 1e-12);
            let bound = match (test, *share) {
                (0, 0.0) => Bound::AtMost(LEVEL),
                (0, 0.4) => Bound::AtLeast(LEAST_POWER),
                _ => Bound::None,
            };
            let role = match bound {
                Bound::None => Role::Measured,
                _ => Role::Check,
            };
            let check = Check::new("power", title, tested, &format!("R² {label}"), role);
            checks.push(check.of_rate(rate, bound));
        }
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parametric_p_is_that_of_scipy() {
        // scipy.stats.pearsonr([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], alternative="greater"): r = .8, p
        // = .05204401933091391.
        let p = pearson_p(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.0]);
        assert!((p - 0.052_044_019_330_913_91).abs() < 1e-9, "{p}");
        assert_eq!(pearson_p(&[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]), 1.0);
    }
}
