//! Some of the rows by themselves: how well those of one site, or of one gender, are predicted.
//!
//! From out-of-fold predictions that are there. Descriptive: what is said of many subgroups is not
//! adjusted, and nothing is tested.

use crate::inference::given::LogRatio;
use crate::inference::interval::Interval;
use crate::score::{HeldOut, baseline, mean, mean_and_sd, r2, sum_of_squares};

/// 1 − confidence of the interval.
const LEVEL: f64 = 0.05;

/// What the predictions of some rows are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgroup {
    /// Rows.
    pub n: usize,
    /// Mean y.
    pub mean: f64,
    /// 1 − Σ(y−ŷ)²/Σ(y−ȳᵢ)² over these rows, ȳᵢ what is predicted of row i without X, as for all
    /// rows: the common baseline, not the mean of the subgroup. `None` where y equals ȳ.
    pub r2: Option<f64>,
    /// Of r2, 95 %.
    pub interval: Option<Interval>,
    /// Correlation of ŷ − ȳ and y − ȳ; `None` without a model.
    pub pearson_r: Option<f64>,
    /// Mean of ŷ − y in standard deviations (ddof 1) of y over *all* rows: the standardised mean
    /// difference. Above 0 these rows are predicted too high.
    pub bias: f64,
    /// √B, the root mean squared error of ȳ.
    pub rmse_baseline: f64,
}

impl Subgroup {
    /// Of the rows at `rows` (places in `held_out`, at least one). `group_of`: the group of every
    /// row; `inflation`: how many times its naive standard error the r2 of all rows spreads, by
    /// which the interval's is taken larger, too, since rows also train; `None`: no interval.
    #[must_use]
    pub fn of(
        held_out: &HeldOut,
        rows: &[usize],
        group_of: &[usize],
        inflation: Option<f64>,
    ) -> Self {
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        let number =
            |values: &[usize]| -> Vec<usize> { rows.iter().map(|&row| values[row]).collect() };
        let (y, y_hat, y_bar) = (pick(held_out.y), pick(held_out.y_hat), pick(held_out.y_bar));
        let own = HeldOut {
            y: &y,
            y_hat: &y_hat,
            y_bar: &y_bar,
            fold_of: &vec![0; rows.len()],
            is_empty: held_out.is_empty,
        };
        let log_ratio = LogRatio::of(&own, &number(group_of)).filter(|_| !held_out.is_empty);
        let errors: Vec<f64> = y_hat.iter().zip(&y).map(|(y_hat, y)| y_hat - y).collect();
        let moves = y_hat.iter().zip(&y_bar).zip(&y);
        let together: f64 = moves
            .map(|((y_hat, y_bar), y)| (y_hat - y_bar) * (y - y_bar))
            .sum();
        let both = sum_of_squares(&y_hat, &y_bar) * sum_of_squares(&y, &y_bar);
        Self {
            n: rows.len(),
            mean: mean(&y),
            r2: r2(&y, &y_hat, &y_bar).ok(),
            interval: log_ratio
                .zip(inflation)
                .map(|(found, inflation)| found.interval(inflation, LEVEL)),
            pearson_r: (both > 0.0 && !held_out.is_empty).then(|| together / both.sqrt()),
            bias: mean(&errors) / mean_and_sd(held_out.y, 1).1,
            rmse_baseline: baseline(&y, &y_bar).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_of_three_by_hand() {
        // y = 1, 2, 6 about ȳ = 3: sd √7. Rows 0 and 1: errors ŷ − y = 1, 0; r2 = 1 − 1/(4 + 1).
        let held_out = HeldOut {
            y: &[1.0, 2.0, 6.0],
            y_hat: &[2.0, 2.0, 3.0],
            y_bar: &[3.0; 3],
            fold_of: &[0, 1, 2],
            is_empty: false,
        };
        let found = Subgroup::of(&held_out, &[0, 1], &[0, 1, 2], Some(1.0));
        assert_eq!((found.n, found.mean, found.interval), (2, 1.5, None));
        assert!((found.r2.unwrap() - 0.8).abs() < 1e-12);
        assert!((found.bias - 0.5 / 7f64.sqrt()).abs() < 1e-12);
        assert!((found.rmse_baseline - 2.5f64.sqrt()).abs() < 1e-12);
        // Deviations −1, −1 of ŷ and −2, −1 of y: 3/√(2·5).
        assert!((found.pearson_r.unwrap() - 3.0 / 10f64.sqrt()).abs() < 1e-12);
        let flat = HeldOut {
            y: &[3.0; 3],
            ..held_out
        };
        assert_eq!(Subgroup::of(&flat, &[0, 1], &[0, 1, 2], None).r2, None);
    }
}
