//! Two encoders of equal worth: how often does the comparison tell them apart? And two of which one
//! sees nothing: how often then?
//!
//! Both see the same four traits behind y, each with noise of its own. Beside the headline stands
//! the usual paired t of row losses, which takes the fitted models for the methods: a demonstration
//! of what the headline avoids.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::inference::comparison::{corrected_t, difference, fold_differences, null_sd};
use ocean_engine::seed::Stream;

use super::certificate::{Bound, Check, Role};
use super::data::two_views;
use super::judge::Rate;
use super::lab::{Lab, Size, Tested};
use super::study::{Entrant, Study};

const ROWS: usize = 80;
const LEVEL: f64 = 0.05;
/// For the floor of the standard error.
const PERMUTATIONS: usize = 39;
/// Where one encoder sees much (R² about .4) and the other nothing.
const LEAST_POWER: f64 = 0.8;

const EQUAL: Size = Size::of(150, 0, 600, 300);
const UNEQUAL: Size = Size::of(0, 0, 100, 100);

/// p-values of "A and B predict equally well".
pub struct Compared {
    /// Δ ± t·SE of the block jackknife: the program's.
    pub headline: f64,
    /// The corrected t of Nadeau and Bengio, which the program shows beside it.
    pub corrected: f64,
    /// The paired t of the rows' squared errors.
    pub of_rows: f64,
}

/// Compares two encodings of the same rows on one target.
///
/// # Errors
/// Whatever the engine or the regressor reports.
pub fn compare(
    x: [DMatrix<f64>; 2],
    y: &DMatrix<f64>,
    seed: u64,
    entrant: Entrant,
) -> Result<Compared, EngineError> {
    let [a, b] = x.map(|x| Study::new(x, y.clone(), 5, seed));
    let (a, b) = (a?, b?);
    let (of_a, of_b) = (a.run(entrant, PERMUTATIONS)?, b.run(entrant, PERMUTATIONS)?);
    let replicates = a.jackknife(entrant)? - b.jackknife(entrant)?;
    let permuted = &of_a.statistics - &of_b.statistics;
    let floor = null_sd(&permuted.as_slice()[1..]);
    let delta = of_a.r2(0) - of_b.r2(0);
    let (answer_a, answer_b) = (&of_a.answers[0][0], &of_b.answers[0][0]);
    let y_hat = (answer_a.y_hat.as_slice(), answer_b.y_hat.as_slice());
    let by = |folds: &[usize]| fold_differences(y.as_slice(), y_hat, &answer_a.y_bar, folds);
    let every_row: Vec<usize> = (0..y.nrows()).collect();
    let fold_of = a.folds.of_row(0);
    let n_test: Vec<usize> = (0..a.folds.n_folds())
        .map(|fold| fold_of.iter().filter(|&&of| of == fold).count())
        .collect();
    // No p (two empty models, say) tells nothing apart.
    let p = |found: Option<ocean_engine::inference::comparison::Difference>| {
        found.map_or(1.0, |found| found.p)
    };
    Ok(Compared {
        headline: p(difference(delta, replicates.as_slice(), floor, LEVEL)),
        corrected: corrected_t(&by(fold_of), &n_test).map_or(1.0, |found| found.p),
        of_rows: p(paired_t(&by(&every_row))),
    })
}

/// The paired t-test: the jackknife of a mean, which is its usual standard error.
fn paired_t(losses: &[f64]) -> Option<ocean_engine::inference::comparison::Difference> {
    let (n, total) = (losses.len() as f64, losses.iter().sum::<f64>());
    let without: Vec<f64> = losses.iter().map(|d| (total - d) / (n - 1.0)).collect();
    difference(total / n, &without, 0.0, LEVEL)
}

/// Simulations of this part, for the progress bar.
pub fn n_data_sets(lab: &Lab, tested: &Tested) -> u64 {
    lab.n(&EQUAL, tested) + lab.n(&UNEQUAL, tested)
}

/// Size and power of the comparison with one regressor.
///
/// # Errors
/// Whatever the engine or the regressor reports.
pub fn check(lab: &Lab, tested: &Tested) -> Result<Vec<Check>, EngineError> {
    let mut checks = Vec::new();
    let simulate = |name: &str, size: &Size, own: [f64; 2]| {
        lab.simulate(name, lab.n(size, tested), |stream: &mut Stream, index| {
            let (x, y) = two_views(ROWS, own, stream);
            compare(x, &y, index, tested.entrant())
        })
    };
    let check = |title: &str, role| Check::new("comparison", title, tested, "5 %", role);
    let equal = simulate("equal worth", &EQUAL, [0.7, 0.7])?;
    if !equal.is_empty() {
        let apart = Rate::of(&equal, |c| c.headline <= LEVEL);
        checks.push(
            check("two encoders of equal worth, n 80: Δr2 ± t·SE", Role::Check)
                .of_rate(apart, Bound::AtMost(LEVEL)),
        );
        let apart = Rate::of(&equal, |c| c.of_rows <= LEVEL);
        checks.push(
            check("the same, paired t of row losses: not used", Role::Measured)
                .of_rate(apart, Bound::None),
        );
    }
    let unequal = simulate("unequal worth", &UNEQUAL, [0.1, 10.0])?;
    if !unequal.is_empty() {
        let apart = Rate::of(&unequal, |c| c.headline <= LEVEL);
        checks.push(
            check("r2 of about .4 against 0: Δr2 ± t·SE (power)", Role::Check)
                .of_rate(apart, Bound::AtLeast(LEAST_POWER)),
        );
    }
    Ok(checks)
}
