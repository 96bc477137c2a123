//! The mean and sd of a column of X, and when a column counts as constant: when all that it varies
//! in its training rows is rounding.
//!
//! Divided by its sd, rounding would become noise as large as any column, and a held-out row with a
//! real value there would be 1e16 sds away: hashed n-grams that cancel leave −5e-18 in place of 0,
//! and r2 was −1e28. Both rules compare a column with itself alone, so that a column in any unit,
//! 1e-200 of another column's too, is judged alike.

use crate::score::mean_and_sd;

/// A smaller share of the column's largest number is rounding in double precision, as sums of some
/// hundred such numbers leave it.
const ROUNDING: f64 = 1e-13;
/// A smaller share of what the column spans in all rows is rounding in single precision, in which
/// vectors are made and kept.
const SINGLE: f64 = f32::EPSILON as f64;

/// The smallest and the largest of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// Of no values: low above high.
    pub const NONE: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    pub fn of(values: &[f64]) -> Self {
        values.iter().fold(Self::NONE, |range, &value| Self {
            low: range.low.min(value),
            high: range.high.max(value),
        })
    }

    /// The range of both.
    pub fn and(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }
}

/// Whether a column with this sd in its training rows counts as constant there: it has one value,
/// or varies by rounding only, measured by its largest number in the training rows and by what it
/// spans in `all` rows, held-out ones included. X of held-out rows decides here and nowhere else, y
/// never.
pub(crate) fn is_constant(sd: f64, train: Range, all: Range) -> bool {
    let largest = train.low.abs().max(train.high.abs());
    // Multiplied first: the span of ±1e308 would overflow.
    let span = SINGLE * all.high - SINGLE * all.low;
    train.low >= train.high || sd.is_nan() || sd <= ROUNDING * largest || sd <= span
}

/// Mean and sd (ddof 0) of a column, or `None` when all its values are equal up to rounding.
#[must_use]
pub fn mean_and_sd_of_varying(values: &[f64]) -> Option<(f64, f64)> {
    mean_and_sd_beside(values, &[])
}

/// The same of training rows; `held_out` are the other rows of the column.
pub(crate) fn mean_and_sd_beside(train: &[f64], held_out: &[f64]) -> Option<(f64, f64)> {
    let range = Range::of(train);
    let (mean, sd) = mean_and_sd(train, 0);
    let is_constant = is_constant(sd, range, range.and(Range::of(held_out)));
    (!is_constant).then_some((mean, sd))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One column in units from 1e-250 to 1e250, the same answer in all.
    fn varies(train: &[f64], held_out: &[f64]) -> bool {
        let in_units = |unit: f64| {
            let scaled = |values: &[f64]| values.iter().map(|v| v * unit).collect::<Vec<_>>();
            mean_and_sd_beside(&scaled(train), &scaled(held_out)).is_some()
        };
        let answers = [1e-250, 1e-100, 1e-3, 1.0, -7.0, 1e200, 1e250].map(in_units);
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        answers[0]
    }

    #[test]
    fn rounding_is_no_spread_in_any_unit() {
        // Equal values whose mean is not exact.
        assert!(!varies(&[0.1, 0.1, 0.1], &[0.1]));
        // .1 + .2 and .3 differ in the last bit.
        assert!(!varies(&[0.1 + 0.2, 0.3, 0.3, 0.3], &[0.3]));
        // A residue of cancelling terms beside a real value in a held-out row, in double and in
        // single precision.
        assert!(!varies(&[0.0, 0.0, -5e-18, 0.0], &[0.05]));
        assert!(!varies(&[0.0, 1e-9, 0.0, 0.0], &[0.0, 0.05]));
    }

    #[test]
    fn small_spread_that_is_no_rounding_stays() {
        // Tiny numbers that say something, beside nothing larger in their own column.
        assert!(varies(&[1e-18, 2e-18, 4e-18], &[3e-18]));
        // A large mean: years in milliseconds, a difference of one.
        assert!(varies(&[1.7e12, 1.7e12 + 1.0, 1.7e12], &[1.7e12]));
        // One row of a thousand, and one held-out row a million times as large.
        let mut rare = vec![0.0; 1000];
        rare[7] = 1e-3;
        assert!(varies(&rare, &[1.0]));
        assert!(mean_and_sd_of_varying(&[1.7e308, -1.7e308]).is_some());
    }
}
