//! Is one recipe better than another? The difference in r2 of two encoders, or of two regressors,
//! on the same rows and folds.
//!
//! What is compared are *recipes at this number of training rows*, tuning included; not the fitted
//! models, and not what either would reach with more data. What the two have in common cancels in
//! the influence of each row on the difference, and in the difference without each jackknife block.
//! Permuting y does not test that two recipes are equal: under
//! a permutation neither finds anything, and equal is all they can be. It says how far apart two
//! recipes fall by chance, which is a floor of the standard error.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::interval::{Interval, jackknife_interval, jackknife_se};
use crate::score::{mean, mean_and_sd};

/// Differences and standard errors of r2 below this are rounding: two encoders with the same
/// columns in another order do not differ.
const ROUNDING: f64 = 1e-12;

/// What the fitted models say of a difference, on one set of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedDifference {
    /// Targets that were averaged over.
    pub n_targets: usize,
    /// Naive standard error of their mean difference ([`crate::score::se_of_influence`]).
    pub naive: f64,
    /// λ: how many times its naive standard error r2 spreads, since rows also train; the largest of
    /// both recipes and all targets ([`super::response::Response::inflation`]).
    pub inflation: f64,
    /// Groups, or rows.
    pub n_groups: usize,
}

/// A difference in r2 with its interval and test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Standard error and interval.
    pub interval: Interval,
    /// Two-sided p of "equal r2".
    pub p: f64,
}

/// The test of Nadeau and Bengio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrectedT {
    /// t with K − 1 degrees of freedom.
    pub t: f64,
    /// Two-sided p.
    pub p: f64,
}

/// Standard deviation (ddof 0) of a difference in r2 over permutations of y: how far apart two
/// recipes fall where there is nothing to find.
///
/// `differences`: T_A,b − T_B,b, b ≥ 1, the same permutations for both; 0 without any.
#[must_use]
pub fn null_sd(differences: &[f64]) -> f64 {
    if differences.is_empty() {
        return 0.0;
    }
    mean_and_sd(differences, 0).1
}

/// The difference of two recipes, on one target or averaged over several: Δ ± t_{G−1}·SE_Δ and its
/// p, G the groups, or rows.
///
/// SE_Δ² = (Σ_s w_s·max(1, λ_s)·naive_s)² + sd_b(T_A,b − T_B,b)², s the row sets and w_s the share
/// of the targets in each: errors of different row sets count as perfectly correlated. The naive
/// standard error of the difference takes the models as given; planted effects say how many times
/// too small that is for r2, and the permutations how far two recipes fall apart where there is
/// nothing to find.
///
/// `null_sd`: of [`null_sd`]; `level`: 1 − confidence. `None` without row sets, and when SE_Δ is 0
/// though Δ is not (all within 1e-12).
///
/// Checked: hand example below; size and power by simulation, docs/intervals.md.
#[must_use]
pub fn inflated_difference(
    delta: f64,
    row_sets: &[FittedDifference],
    null_sd: f64,
    level: f64,
) -> Option<Difference> {
    let n_targets: usize = row_sets.iter().map(|own| own.n_targets).sum();
    let of_row_set = |own: &FittedDifference| {
        own.n_targets as f64 / n_targets as f64 * own.inflation.max(1.0) * own.naive
    };
    let se: f64 = row_sets.iter().map(of_row_set).sum();
    let n_groups = row_sets.iter().map(|own| own.n_groups).min()?;
    of_standard_error(delta, se.hypot(null_sd), n_groups, level)
}

/// The difference of two recipes on one target, where no effects were planted: Δ ± t_{G−1}·SE_Δ and
/// its p.
///
/// SE_Δ² = max((G−1)/G·Σ(Δ₍₋g₎ − mean)², sd_b(T_A,b − T_B,b)²), t = Δ/SE_Δ on G − 1 degrees of
/// freedom. Conservative, since the jackknife is on average (Efron & Stein 1981) and the larger of
/// two is taken: simulated size .01 to .03 at level .05.
///
/// `delta`: r2 of A minus r2 of B; `replicates`: the same without each of the G blocks, the same
/// blocks for both; `null_sd`: of [`null_sd`]; `level`: 1 − confidence. `None` with fewer than two
/// blocks, and when SE_Δ is 0 though Δ is not (all within 1e-12).
///
/// Checked: hand example below; size and power by simulation in `tests/statistics/comparison.rs`.
#[must_use]
pub fn difference(delta: f64, replicates: &[f64], null_sd: f64, level: f64) -> Option<Difference> {
    let se = jackknife_se(replicates).max(null_sd);
    of_standard_error(delta, se, replicates.len(), level)
}

/// The difference of two recipes averaged over targets, where no effects were planted.
///
/// Targets observed on the same rows share jackknife blocks: their differences are averaged block
/// by block. Blocks of different row sets do not pair up; between row sets the standard errors are
/// averaged, which is what perfectly correlated errors would give and so never too small: SE =
/// max(Σ w_s·SE_s, sd_b of the mean difference), w_s the share of the targets in row set s.
///
/// `delta`: mean over targets of r2 of A minus r2 of B; `row_sets`: for each the number of its
/// targets and the mean of their differences without each block; `null_sd`: of the mean difference
/// over permutations, which all targets share. `None` as in [`difference`], for any row set.
#[must_use]
pub fn mean_difference(
    delta: f64,
    row_sets: &[(usize, Vec<f64>)],
    null_sd: f64,
    level: f64,
) -> Option<Difference> {
    let n_targets: usize = row_sets.iter().map(|(n_targets, _)| n_targets).sum();
    let se: f64 = row_sets
        .iter()
        .map(|(n_own, replicates)| *n_own as f64 / n_targets as f64 * jackknife_se(replicates))
        .sum();
    let n_blocks = row_sets.iter().map(|(_, replicates)| replicates.len());
    of_standard_error(delta, se.max(null_sd), n_blocks.min()?, level)
}

fn of_standard_error(delta: f64, se: f64, n_blocks: usize, level: f64) -> Option<Difference> {
    if n_blocks < 2 || (se <= ROUNDING && delta.abs() > ROUNDING) {
        return None;
    }
    let p = if delta.abs() <= ROUNDING {
        1.0
    } else {
        two_sided_p(delta / se, n_blocks as f64 - 1.0)?
    };
    Some(Difference {
        interval: jackknife_interval(delta, se, n_blocks, level),
        p,
    })
}

/// 2·P(t_ν ≥ |t|); never 0, as no p is. `None` for a t that is no number.
fn two_sided_p(t: f64, degrees: f64) -> Option<f64> {
    if t.is_nan() {
        return None;
    }
    let student = StudentsT::new(0.0, 1.0, degrees).ok()?;
    Some((2.0 * student.cdf(-t.abs())).clamp(f64::MIN_POSITIVE, 1.0))
}

/// What A saves of the squared error in each fold, against B, in units of the baseline: d_k =
/// mean_k((y − ŷ_B)² − (y − ŷ_A)²)/mean((y − ȳ)²).
///
/// The mean over k of d_k, weighted by rows, is r2 of A minus r2 of B. All slices in the order of
/// the rows of one target, one repeat.
#[must_use]
pub fn fold_differences(
    y: &[f64],
    y_hat: (&[f64], &[f64]),
    y_bar: &[f64],
    fold_of: &[usize],
) -> Vec<f64> {
    let n_folds = fold_of.iter().max().map_or(0, |&last| last + 1);
    let (mut sums, mut sizes) = (vec![0.0; n_folds], vec![0.0; n_folds]);
    let mut baseline = 0.0;
    for (row, &fold) in fold_of.iter().enumerate() {
        sums[fold] += (y[row] - y_hat.1[row]).powi(2) - (y[row] - y_hat.0[row]).powi(2);
        sizes[fold] += 1.0;
        baseline += (y[row] - y_bar[row]).powi(2) / y.len() as f64;
    }
    sums.iter()
        .zip(sizes)
        .map(|(sum, size)| sum / size / baseline)
        .collect()
}

/// The corrected t of Nadeau & Bengio (2003) over the K folds of one repeat.
///
/// t = d̄/√((1/K + n_test/n_train)·s²), s² the variance (ddof 1) of the K differences, K − 1
/// degrees of freedom. The training sets of two folds share most of their rows, so the folds are
/// not independent; n_test/n_train, here its mean over the folds, is what that adds. An
/// approximation: simulated size .02 to .09 at .05.
///
/// `differences`: of [`fold_differences`]; `n_test`: rows of each fold. `None` with fewer than two
/// folds or when all differences are equal.
///
/// Checked: hand example below; the formula in numpy, `tests/golden/comparison.json`.
#[must_use]
pub fn corrected_t(differences: &[f64], n_test: &[usize]) -> Option<CorrectedT> {
    let k = differences.len() as f64;
    if differences.len() < 2 {
        return None;
    }
    let centre = mean(differences);
    let variance = differences
        .iter()
        .map(|d| (d - centre).powi(2))
        .sum::<f64>()
        / (k - 1.0);
    let n: usize = n_test.iter().sum();
    let ratios: Vec<f64> = n_test
        .iter()
        .map(|&n_test| n_test as f64 / (n - n_test) as f64)
        .collect();
    if variance.sqrt() <= ROUNDING {
        return None;
    }
    let t = centre / ((1.0 / k + mean(&ratios)) * variance).sqrt();
    Some(CorrectedT {
        t,
        p: two_sided_p(t, k - 1.0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_by_hand() {
        // Four blocks, Δ without each: .1 .2 .3 .2. Mean .2, Σ(…)² = .02, SE² = 3/4·.02 = .015. t =
        // .2/.12247 = 1.63299 on 3 degrees of freedom.
        let replicates = [0.1, 0.2, 0.3, 0.2];
        let by_hand = difference(0.2, &replicates, 0.0, 0.05).unwrap();
        assert!((by_hand.interval.se - 0.015f64.sqrt()).abs() < 1e-15);
        // R: 2*pt(-0.2/sqrt(.015), 3); qt(.975, 3) = 3.182446305284263.
        assert!((by_hand.p - P_BY_HAND).abs() < 1e-9, "{by_hand:?}");
        let half = 3.182_446_305_284_263 * 0.015f64.sqrt();
        assert!((by_hand.interval.low - (0.2 - half)).abs() < 1e-7);
        // Permutations that fall further apart than the blocks set the standard error: Δ_b of ±.3,
        // sd .3.
        let floor = null_sd(&[0.3, -0.3, 0.3, -0.3]);
        assert!((floor - 0.3).abs() < 1e-15);
        let floored = difference(0.2, &replicates, floor, 0.05).unwrap();
        assert!((floored.interval.se - 0.3).abs() < 1e-15);
    }
    const P_BY_HAND: f64 = 0.20097622619892197;

    #[test]
    fn an_inflated_difference_by_hand() {
        // Two thirds of the targets: 1.5·.04; a third: .02, whose λ below 1 counts as 1. Sum
        // .04 + .02/3; the null adds .03.
        let own = |n_targets, naive, inflation, n_groups| FittedDifference {
            n_targets,
            naive,
            inflation,
            n_groups,
        };
        let row_sets = [own(2, 0.04, 1.5, 50), own(1, 0.02, 0.8, 20)];
        let found = inflated_difference(0.1, &row_sets, 0.03, 0.05).unwrap();
        let se = (0.04f64 + 0.02 / 3.0).hypot(0.03);
        assert!((found.interval.se - se).abs() < 1e-15);
        // R: qt(.975, 19) = 2.093024054408309.
        assert!((found.interval.low - (0.1 - 2.093_024_054 * se)).abs() < 1e-9);
        assert_eq!(inflated_difference(0.1, &[], 0.03, 0.05), None);
    }

    #[test]
    fn equal_recipes_do_not_differ_and_nothing_is_made_of_nothing() {
        assert_eq!(difference(0.0, &[0.0; 20], 0.0, 0.05).unwrap().p, 1.0);
        assert_eq!(difference(0.1, &[0.1; 20], 0.0, 0.05), None);
        assert_eq!(difference(0.1, &[], 0.1, 0.05), None);
        // What overflowed has no p, and is no reason to stop.
        assert_eq!(difference(f64::NAN, &[0.1, 0.2], 0.1, 0.05), None);
        assert_eq!(corrected_t(&[f64::INFINITY, 0.1, -0.1], &[5, 5, 5]), None);
        assert_eq!(corrected_t(&[0.1, 0.1], &[5, 5]), None);
        assert_eq!(null_sd(&[]), 0.0);
    }

    #[test]
    fn over_row_sets_standard_errors_are_averaged_and_within_one_differences_are() {
        let (one, other) = (vec![0.1, 0.2, 0.3, 0.2], vec![0.0, 0.0, 0.4, 0.0]);
        let se = |replicates: &[f64]| jackknife_se(replicates);
        let expected = 0.75 * se(&one) + 0.25 * se(&other);
        let sets = [(3, one.clone()), (1, other)];
        let found = mean_difference(0.1, &sets, 0.0, 0.05).unwrap();
        assert!((found.interval.se - expected).abs() < 1e-15);
        // One row set alone is the difference of its mean.
        assert_eq!(
            mean_difference(0.1, &[(2, one.clone())], 0.01, 0.05),
            difference(0.1, &one, 0.01, 0.05)
        );
    }

    #[test]
    fn the_corrected_t_by_hand() {
        // d = .1 .3 .2 .2: mean .2, s² = .02/3. Folds of 5 of 20 rows: 1/4 + 1/3. t =
        // .2/√(7/12·.02/3) = 3.20713 on 3 degrees of freedom.
        let found = corrected_t(&[0.1, 0.3, 0.2, 0.2], &[5; 4]).unwrap();
        assert!((found.t - 0.2 / (7.0 / 12.0 * 0.02 / 3.0f64).sqrt()).abs() < 1e-12);
        assert!((found.p - P_CORRECTED).abs() < 1e-9, "{found:?}");
    }
    const P_CORRECTED: f64 = 0.04906348917297512;

    #[test]
    fn what_is_saved_in_the_folds_adds_up_to_the_difference_in_r2() {
        // Two folds of three and one row. A misses by 1, 0, 1, 2; B by 2, 1, 1, 0; the baseline by
        // 2, 2, 1, 1.
        let y = [1.0, 2.0, 3.0, 4.0];
        let off = |by: [f64; 4]| -> Vec<f64> { y.iter().zip(by).map(|(y, by)| y - by).collect() };
        let (a, b, bar) = (
            off([1.0, 0.0, 1.0, 2.0]),
            off([2.0, 1.0, 1.0, 0.0]),
            off([2.0, 2.0, 1.0, 1.0]),
        );
        let d = fold_differences(&y, (&a, &b), &bar, &[0, 0, 0, 1]);
        // Baseline 10/4. Fold 0: (3 + 1 + 0)/3; fold 1: −4.
        assert!((d[0] - 4.0 / 3.0 / 2.5).abs() < 1e-15 && (d[1] + 4.0 / 2.5).abs() < 1e-15);
        let r2 = |y_hat: &[f64]| crate::score::r2(&y, y_hat, &bar).unwrap();
        assert!(((3.0 * d[0] + d[1]) / 4.0 - (r2(&a) - r2(&b))).abs() < 1e-15);
    }
}
