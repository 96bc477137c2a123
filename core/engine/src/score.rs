//! Scores of out-of-fold predictions, each under its own name.
//!
//! Four definitions of R² are in use and differ most where it matters, near zero. For an
//! intercept-only model, normal y, n = 500, K = 5, their expected values are: `r2` 0 exactly,
//! `r2_test_mean` −0.0045, `r2_fold_mean` −0.0129, `r2_oosse` −0.0005. They are never mixed.
//! Checked against hand-worked rows below and scikit-learn (`tests/golden/scores.json`).
//!
//! Notation: y the target, ŷ the out-of-fold prediction, ȳᵢ the mean of the training targets of the
//! split that held row i out.

use crate::error::EngineError;

/// Out-of-fold results of one target in one repeat: slices of equal length, one value a row.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// Target, in its units.
    pub y: &'a [f64],
    /// Out-of-fold prediction.
    pub y_hat: &'a [f64],
    /// Mean of the training targets of the split that held the row out; with covariates what these
    /// predict there, ŷ⁰. Every score that is about ȳᵢ is then about ŷ⁰: `r2` is r2_partial,
    /// `pearson_r` a partial correlation.
    pub y_bar: &'a [f64],
    /// Fold that held the row out.
    pub fold_of: &'a [usize],
    /// Every fit was empty: no coefficient in any split.
    pub is_empty: bool,
}

/// All scores of one target in one repeat, or their means over repeats.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// See [`r2`].
    pub r2: f64,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳ)², ȳ the mean of all rows: scikit-learn's `r2_score` on pooled
    /// predictions.
    pub r2_test_mean: f64,
    /// Mean over folds of scikit-learn's `r2_score`; `None` when y is constant in every fold.
    pub r2_fold_mean: Option<f64>,
    /// Folds left out of `r2_fold_mean` because y is constant there.
    pub n_constant_folds: usize,
    /// 1 − MSE/MST with MST = s²·(n+1)/n, s² with ddof 1 (Hawinkel, Waegeman & Maere 2024).
    pub r2_oosse: f64,
    /// Σ(y−ȳᵢ)(ŷ−ȳᵢ)/√(Σ(y−ȳᵢ)²Σ(ŷ−ȳᵢ)²); `None` when every prediction is the training mean.
    pub pearson_r: Option<f64>,
    /// Σ(y−ȳᵢ)(ŷ−ȳᵢ)/Σ(ŷ−ȳᵢ)²: 1 is calibrated, below 1 the predictions are too extreme; `None`
    /// when every prediction is the training mean.
    pub calibration_slope: Option<f64>,
    /// √(mean (y−ŷ)²), target units.
    pub rmse: f64,
    /// mean |y−ŷ|, target units.
    pub mae: f64,
    /// √(mean (y−ȳᵢ)²), target units: what guessing the training mean costs.
    pub rmse_baseline: f64,
}

/// Out-of-sample R² of one target, against the training mean.
///
/// `1 − Σ (y − ŷ)² / Σ (y − ȳ)²`, pooled over all folds, where `ȳ` is the mean of the training
/// targets of the fold that held the row out. 1 is perfect, 0 equals guessing that mean, below 0 is
/// worse; never clipped. Unlike scikit-learn's `r2_score`, which centres on the test mean; that one
/// is [`Scores::r2_test_mean`].
///
/// `y`, `y_hat`, `y_bar`: `n_samples` values each, dataset order, target units. Unchanged by
/// rescaling all three.
///
/// # Errors
/// [`EngineError::ConstantTarget`] when every `y` equals its `ȳ` (nothing to explain, division by
/// zero); [`EngineError::TooFarOff`] when r2 would be below [`LEAST_R2`], so that whatever is made
/// of r2 is a number.
///
/// Reference: Campbell & Thompson (2008). Checked: three-row hand example below;
/// `tests/golden/scores.json`.
pub fn r2(y: &[f64], y_hat: &[f64], y_bar: &[f64]) -> Result<f64, EngineError> {
    let (mut residual, mut total) = (sum_of_squares(y, y_hat), sum_of_squares(y, y_bar));
    if !SQUARES.contains(&total) {
        let unit = unit_of(y, y_bar);
        let in_units = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
        let (y, y_hat, y_bar) = (in_units(y), in_units(y_hat), in_units(y_bar));
        (residual, total) = (sum_of_squares(&y, &y_hat), sum_of_squares(&y, &y_bar));
    }
    let r2 = 1.0 - residual / total;
    if total <= 0.0 {
        Err(EngineError::ConstantTarget)
    } else if r2 >= LEAST_R2 {
        Ok(r2)
    } else {
        Err(too_far_off(y, y_hat, y_bar))
    }
}

/// Below this r2 is refused: its square, and sums of such squares, must still be numbers.
pub const LEAST_R2: f64 = -1e100;

/// Sums of squares that can be multiplied with each other. Targets whose sum lies outside are taken
/// in another unit.
const SQUARES: std::ops::Range<f64> = 1e-100..1e100;

/// The power of two by which y has to be multiplied for its distances from `y_bar` to be about 1,
/// so that their squares are numbers whatever the unit of y. A power of two changes no digit.
fn unit_of(y: &[f64], y_bar: &[f64]) -> f64 {
    let spread = largest_distance(y, y_bar);
    if spread > 0.0 && spread.is_finite() {
        2.0f64.powi(-(spread.log2().floor() as i32).clamp(-1000, 1000))
    } else {
        1.0
    }
}

fn largest_distance(a: &[f64], b: &[f64]) -> f64 {
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    distances.fold(0.0, f64::max)
}

fn too_far_off(y: &[f64], y_hat: &[f64], y_bar: &[f64]) -> EngineError {
    let distance = |(y_hat, y_bar): &(&f64, &f64)| (*y_hat - *y_bar).abs();
    let furthest = y_hat
        .iter()
        .zip(y_bar)
        .max_by(|a, b| distance(a).total_cmp(&distance(b)));
    EngineError::TooFarOff {
        prediction: furthest.map_or(f64::NAN, |(y_hat, _)| *y_hat),
        spread: largest_distance(y, y_bar),
    }
}

/// B of one target in one repeat: the mean squared error of predicting ȳᵢ, what a perfect
/// prediction would save.
#[must_use]
pub fn baseline(y: &[f64], y_bar: &[f64]) -> f64 {
    sum_of_squares(y, y_bar) / y.len() as f64
}

impl Scores {
    /// Every score of one target in one repeat.
    ///
    /// # Errors
    /// As [`r2`].
    pub fn of(held_out: &HeldOut) -> Result<Self, EngineError> {
        let HeldOut {
            y, y_hat, y_bar, ..
        } = *held_out;
        if SQUARES.contains(&sum_of_squares(y, y_bar)) {
            return Self::of_squares(held_out);
        }
        let unit = unit_of(y, y_bar);
        let in_units = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
        let scores = Self::of_squares(&HeldOut {
            y: &in_units(y),
            y_hat: &in_units(y_hat),
            y_bar: &in_units(y_bar),
            ..*held_out
        })?;
        Ok(Self {
            rmse: scores.rmse / unit,
            mae: scores.mae / unit,
            rmse_baseline: scores.rmse_baseline / unit,
            ..scores
        })
    }

    /// Of a target whose squares are numbers.
    fn of_squares(held_out: &HeldOut) -> Result<Self, EngineError> {
        let HeldOut {
            y,
            y_hat,
            y_bar,
            fold_of,
            is_empty,
        } = *held_out;
        let n = y.len() as f64;
        let residual = sum_of_squares(y, y_hat);
        let about_mean = vec![mean(y); y.len()];
        let s_squared = sum_of_squares(y, &about_mean) / (n - 1.0);
        let moved = sum_of_squares(y_hat, y_bar);
        let together: f64 = (0..y.len())
            .map(|row| (y[row] - y_bar[row]) * (y_hat[row] - y_bar[row]))
            .sum();
        let has_model = !is_empty && moved > 0.0;
        let by_fold = fold_r2(y, y_hat, fold_of);
        let n_folds = fold_of.iter().max().map_or(0, |&last| last + 1);
        Ok(Self {
            r2: r2(y, y_hat, y_bar)?,
            r2_test_mean: r2(y, y_hat, &about_mean)?,
            r2_fold_mean: (!by_fold.is_empty()).then(|| mean(&by_fold)),
            n_constant_folds: n_folds - by_fold.len(),
            r2_oosse: 1.0 - (residual / n) / (s_squared * (n + 1.0) / n),
            pearson_r: has_model.then(|| together / (sum_of_squares(y, y_bar) * moved).sqrt()),
            calibration_slope: has_model.then(|| together / moved),
            rmse: (residual / n).sqrt(),
            mae: y
                .iter()
                .zip(y_hat)
                .map(|(y, y_hat)| (y - y_hat).abs())
                .sum::<f64>()
                / n,
            rmse_baseline: baseline(y, y_bar).sqrt(),
        })
    }

    /// Each score's mean over repeats; a score missing in some repeats is averaged over the others.
    #[must_use]
    pub fn mean_of(repeats: &[Self]) -> Self {
        let all = |score: fn(&Self) -> f64| mean(&repeats.iter().map(score).collect::<Vec<_>>());
        let present = |score: fn(&Self) -> Option<f64>| {
            let values: Vec<f64> = repeats.iter().filter_map(score).collect();
            (!values.is_empty()).then(|| mean(&values))
        };
        Self {
            r2: all(|s| s.r2),
            r2_test_mean: all(|s| s.r2_test_mean),
            r2_fold_mean: present(|s| s.r2_fold_mean),
            n_constant_folds: repeats.iter().map(|s| s.n_constant_folds).sum(),
            r2_oosse: all(|s| s.r2_oosse),
            pearson_r: present(|s| s.pearson_r),
            calibration_slope: present(|s| s.calibration_slope),
            rmse: all(|s| s.rmse),
            mae: all(|s| s.mae),
            rmse_baseline: all(|s| s.rmse_baseline),
        }
    }
}

/// What covariates and X explain, each against the mean of the training targets; means over repeats
/// if there are several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CovariateScores {
    /// 1 − Σ(y−ŷ)²/Σ(y−ŷ⁰)²: what X adds, as a share of what the covariates leave. The test
    /// statistic.
    pub r2_partial: f64,
    /// 1 − Σ(y−ŷ⁰)²/Σ(y−ȳᵢ)²: the covariates alone.
    pub r2_covariates: f64,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳᵢ)²: both.
    pub r2_total: f64,
    /// r2_total − r2_covariates: what X adds, as a share of everything.
    pub r2_increment: f64,
}

impl CovariateScores {
    /// Of one target in one repeat; `y_bar` of `held_out` is ŷ⁰. ȳᵢ is the mean of y over the rows
    /// of all other folds.
    ///
    /// # Errors
    /// [`EngineError::ConstantTarget`] when y does not vary.
    ///
    /// Checked: by hand below.
    pub fn of(held_out: &HeldOut) -> Result<Self, EngineError> {
        let HeldOut {
            y, y_hat, y_bar, ..
        } = *held_out;
        let means = training_means(y, held_out.fold_of);
        let (r2_covariates, r2_total) = (r2(y, y_bar, &means)?, r2(y, y_hat, &means)?);
        Ok(Self {
            r2_partial: r2(y, y_hat, y_bar)?,
            r2_covariates,
            r2_total,
            r2_increment: r2_total - r2_covariates,
        })
    }

    /// Each score's mean over repeats.
    #[must_use]
    pub fn mean_of(repeats: &[Self]) -> Self {
        let all = |score: fn(&Self) -> f64| mean(&repeats.iter().map(score).collect::<Vec<_>>());
        Self {
            r2_partial: all(|s| s.r2_partial),
            r2_covariates: all(|s| s.r2_covariates),
            r2_total: all(|s| s.r2_total),
            r2_increment: all(|s| s.r2_increment),
        }
    }
}

/// For each row the mean of y over all rows of other folds.
#[must_use]
pub fn training_means(y: &[f64], fold_of: &[usize]) -> Vec<f64> {
    let others = |fold: usize| -> Vec<f64> {
        let pairs = y.iter().zip(fold_of).filter(|&(_, &f)| f != fold);
        pairs.map(|(&y, _)| y).collect()
    };
    let n_folds = fold_of.iter().max().map_or(0, |&last| last + 1);
    let means: Vec<f64> = (0..n_folds).map(|fold| mean(&others(fold))).collect();
    fold_of.iter().map(|&fold| means[fold]).collect()
}

/// scikit-learn's `r2_score` of each fold in which y varies.
fn fold_r2(y: &[f64], y_hat: &[f64], fold_of: &[usize]) -> Vec<f64> {
    let n_folds = fold_of.iter().max().map_or(0, |&last| last + 1);
    (0..n_folds)
        .filter_map(|fold| {
            let pick = |values: &[f64]| -> Vec<f64> {
                values
                    .iter()
                    .zip(fold_of)
                    .filter(|&(_, &f)| f == fold)
                    .map(|(&v, _)| v)
                    .collect()
            };
            let (y, y_hat) = (pick(y), pick(y_hat));
            let about_mean = vec![mean(&y); y.len()];
            let varies = y.iter().any(|value| *value != y[0]);
            varies.then(|| r2(&y, &y_hat, &about_mean).ok()).flatten()
        })
        .collect()
}

/// `se_naive`: the standard error of r2 that treats the fitted models as given, from the influence
/// values ψᵢ = (aᵢ − (A/B)bᵢ)/B.
///
/// a = (y−ŷ)², b = (y−ȳᵢ)², A and B their means; sd(ψ; ddof 1)/√n, or clustered
/// √(G/(G−1)·Σ_g(Σψ)²/n²). It ignores that every row also trains the models of the other folds: its
/// 95 % interval covers 65–89 %. For comparison with other software, never for a verdict.
#[must_use]
pub fn se_naive(held_out: &HeldOut, group_of: Option<&[usize]>) -> f64 {
    se_of_influence(&influence(held_out), group_of)
}

/// The standard error of a statistic from its influence values, which sum to 0: sd(ψ; ddof 1)/√n,
/// or clustered √(G/(G−1)·Σ_g(Σψ)²/n²).
#[must_use]
pub fn se_of_influence(psi: &[f64], group_of: Option<&[usize]>) -> f64 {
    let n = psi.len() as f64;
    match group_of {
        None => {
            let centre = mean(psi);
            let variance = psi.iter().map(|psi| (psi - centre).powi(2)).sum::<f64>() / (n - 1.0);
            (variance / n).sqrt()
        }
        Some(group_of) => {
            let mut sums = std::collections::BTreeMap::new();
            for (psi, group) in psi.iter().zip(group_of) {
                *sums.entry(group).or_insert(0.0) += psi;
            }
            let n_groups = sums.len() as f64;
            let total: f64 = sums.values().map(|sum| sum * sum).sum();
            (n_groups / (n_groups - 1.0) * total).sqrt() / n
        }
    }
}

/// ψᵢ = (aᵢ − (A/B)·bᵢ)/B: how much each row pulls r2 down.
#[must_use]
pub fn influence(held_out: &HeldOut) -> Vec<f64> {
    let HeldOut {
        y, y_hat, y_bar, ..
    } = *held_out;
    let a: Vec<f64> = y
        .iter()
        .zip(y_hat)
        .map(|(y, other)| (y - other).powi(2))
        .collect();
    let b: Vec<f64> = y
        .iter()
        .zip(y_bar)
        .map(|(y, other)| (y - other).powi(2))
        .collect();
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    a.iter()
        .zip(&b)
        .map(|(a, b)| (a - mean_a / mean_b * b) / mean_b)
        .collect()
}

/// Arithmetic mean; NaN of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and standard deviation, √(Σ(v − mean)²/(n − ddof)); NaN where n ≤ ddof.
///
/// Values are scaled by the largest first, so that 1e±300 neither overflows nor vanishes.
#[must_use]
pub fn mean_and_sd(values: &[f64], ddof: usize) -> (f64, f64) {
    let largest = values
        .iter()
        .fold(0.0f64, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let n = values.len() as f64;
    let centre = values.iter().map(|value| value / scale).sum::<f64>() / n;
    let sum: f64 = values
        .iter()
        .map(|value| (value / scale - centre).powi(2))
        .sum();
    (centre * scale, (sum / (n - ddof as f64)).sqrt() * scale)
}

pub(crate) fn sum_of_squares(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// y = 1, 2, 6; ŷ = 2, 2, 4; ȳᵢ = 4, 3.5, 1.5 (the other two rows' mean).
    const Y: [f64; 3] = [1.0, 2.0, 6.0];
    const Y_HAT: [f64; 3] = [2.0, 2.0, 4.0];
    const Y_BAR: [f64; 3] = [4.0, 3.5, 1.5];

    fn by_hand() -> Scores {
        Scores::of(&HeldOut {
            y: &Y,
            y_hat: &Y_HAT,
            y_bar: &Y_BAR,
            fold_of: &[0, 1, 2],
            is_empty: false,
        })
        .unwrap()
    }

    #[test]
    fn mean_and_sd_by_hand_and_at_the_ends_of_the_number_line() {
        // 1, 3, 5: mean 3, squares 4 + 0 + 4; over 3 and over 2.
        let values = [1.0, 3.0, 5.0];
        for (ddof, variance) in [(0, 8.0 / 3.0), (1, 4.0f64)] {
            for scale in [1.0, 1e-300, 1e300] {
                let (mean, sd) = mean_and_sd(&values.map(|value| value * scale), ddof);
                // A few roundings.
                assert!((mean / scale - 3.0).abs() < 1e-14);
                assert!((sd / scale - variance.sqrt()).abs() < 1e-14);
            }
        }
        assert_eq!(mean_and_sd(&[0.0, 0.0], 0), (0.0, 0.0));
        assert!(mean_and_sd(&[2.0], 1).1.is_nan() && mean_and_sd(&[], 0).0.is_nan());
    }

    #[test]
    fn r2_is_one_minus_residual_over_training_mean_squares() {
        // Residuals 1, 0, 4: 5. Baseline 9 + 2.25 + 20.25 = 31.5.
        assert!((by_hand().r2 - (1.0 - 5.0 / 31.5)).abs() < 1e-15);
    }

    #[test]
    fn the_other_definitions_keep_their_own_denominators() {
        let scores = by_hand();
        // Mean 3: squares 4 + 1 + 9 = 14; s² = 7, MST = 7·4/3.
        assert!((scores.r2_test_mean - (1.0 - 5.0 / 14.0)).abs() < 1e-15);
        assert!((scores.r2_oosse - (1.0 - (5.0 / 3.0) / (28.0 / 3.0))).abs() < 1e-15);
        // Folds of one row have no variance: all left out, and counted.
        assert_eq!((scores.r2_fold_mean, scores.n_constant_folds), (None, 3));
        // Moved: (−2, −1.5, 2.5); wanted: (−3, −1.5, 4.5): 6 + 2.25 + 11.25 = 19.5; moved² = 4 +
        // 2.25 + 6.25 = 12.5.
        assert!((scores.calibration_slope.unwrap() - 19.5 / 12.5).abs() < 1e-15);
        assert!((scores.pearson_r.unwrap() - 19.5 / (31.5f64 * 12.5).sqrt()).abs() < 1e-15);
        assert!((scores.mae - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_empty_model_scores_exactly_zero_and_has_no_correlation() {
        let held_out = HeldOut {
            y: &Y,
            y_hat: &Y_BAR,
            y_bar: &Y_BAR,
            fold_of: &[0, 0, 0],
            is_empty: true,
        };
        let scores = Scores::of(&held_out).unwrap();
        assert_eq!(
            (scores.r2, scores.pearson_r, scores.calibration_slope),
            (0.0, None, None)
        );
    }

    #[test]
    fn influence_sums_to_zero_and_gives_the_naive_error() {
        let held_out = HeldOut {
            y: &Y,
            y_hat: &Y_HAT,
            y_bar: &Y_BAR,
            fold_of: &[0, 1, 2],
            is_empty: false,
        };
        let psi = influence(&held_out);
        assert!(psi.iter().sum::<f64>().abs() < 1e-15);
        // A = 5/3, B = 10.5, A/B = 10/63: ψ = (1 − 90/63, −22.5/63, 4 − 202.5/63)/10.5 = (−27,
        // −22.5, 49.5)/661.5.
        let expected = [-27.0 / 661.5, -22.5 / 661.5, 49.5 / 661.5];
        assert!(
            psi.iter()
                .zip(expected)
                .all(|(psi, expected)| (psi - expected).abs() < 1e-15)
        );
        let variance = expected.iter().map(|psi| psi * psi).sum::<f64>() / 2.0;
        assert!((se_naive(&held_out, None) - (variance / 3.0).sqrt()).abs() < 1e-15);
        // Each row its own group: 3/2·Σψ²/9 is the same number.
        assert!((se_naive(&held_out, Some(&[0, 1, 2])) - (variance / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn scores_do_not_depend_on_the_unit_of_the_target_at_either_end_of_the_number_line() {
        let expected = by_hand();
        // Powers of two, so that not even the last digit may differ.
        for unit in [2.0f64.powi(-460), 2.0f64.powi(-330), 2.0f64.powi(330)] {
            let [y, y_hat, y_bar] = [Y, Y_HAT, Y_BAR].map(|values| values.map(|v| v * unit));
            let scores = Scores::of(&HeldOut {
                y: &y,
                y_hat: &y_hat,
                y_bar: &y_bar,
                fold_of: &[0, 1, 2],
                is_empty: false,
            })
            .unwrap();
            let in_units = Scores {
                rmse: scores.rmse / unit,
                mae: scores.mae / unit,
                rmse_baseline: scores.rmse_baseline / unit,
                ..scores
            };
            assert_eq!(in_units, expected, "{unit:e}");
            assert_eq!(r2(&y, &y_hat, &y_bar), Ok(expected.r2));
        }
    }

    #[test]
    fn predictions_too_far_off_are_an_error_that_names_the_furthest() {
        for far in [1e60, -1e150, 1e200, f64::MAX, f64::INFINITY] {
            let found = r2(&Y, &[2.0, far, 4.0], &Y_BAR);
            let expected = EngineError::TooFarOff {
                prediction: far,
                spread: 4.5,
            };
            assert_eq!(found, Err(expected));
        }
        // What is merely bad keeps its score.
        assert!(r2(&Y, &[2.0, 1e40, 4.0], &Y_BAR).is_ok_and(|r2| r2 < -1e77));
    }

    #[test]
    fn a_constant_target_has_no_score() {
        assert_eq!(
            r2(&[1.0; 3], &[1.0; 3], &[1.0; 3]),
            Err(EngineError::ConstantTarget)
        );
    }

    /// Folds {1, 3}, {0, 4}: the means of the others are 2 for the first two rows and 2 for the
    /// last two. Σ(y−ȳ)² = 1 + 1 + 4 + 4 = 10; ŷ⁰ is off by 1, 0, 1, 1, Σ = 3; ŷ by 0, 0, 1, 0, Σ =
    /// 1. So partial 1 − 1/3, covariates .7, total .9, increment .2.
    #[test]
    fn covariates_and_features_share_the_squares_by_hand() {
        let held_out = HeldOut {
            y: &[1.0, 3.0, 0.0, 4.0],
            y_hat: &[1.0, 3.0, 1.0, 4.0],
            y_bar: &[2.0, 3.0, 1.0, 3.0],
            fold_of: &[0, 0, 1, 1],
            is_empty: false,
        };
        let scores = CovariateScores::of(&held_out).unwrap();
        let expected = [2.0 / 3.0, 0.7, 0.9, 0.2];
        let got = [
            scores.r2_partial,
            scores.r2_covariates,
            scores.r2_total,
            scores.r2_increment,
        ];
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-15, "{got} {expected}");
        }
        assert_eq!(
            CovariateScores::mean_of(&[scores, scores]).r2_total,
            scores.r2_total
        );
    }
}
