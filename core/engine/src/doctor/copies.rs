//! Is one column another on a different scale?

use super::raters::correlation;
use super::{concentration, spearman};

/// From here on two columns are one; what is missing to 1 is the rounding of a file.
const SAME: f64 = 0.999;
/// The order of the rows agrees as well: one outlier that both have makes an r of 1, and not this.
const SAME_ORDER: f64 = 0.9;
/// Fewer rows with a value of both say nothing …
const LEAST_ROWS: usize = 10;
/// … nor do so few that differ from the commonest value: two rare features may well share their
/// rows.
const LEAST_DIFFERENT: f64 = 8.0;

/// The correlation of two columns (NaN: missing) that are the same up to scale and direction, or up
/// to a transformation that keeps the order: Pearson's r, or Spearman's where that is larger.
/// `None` for any others.
#[must_use]
pub fn copied(a: &[f64], b: &[f64]) -> Option<f64> {
    let (rho, n) = spearman(a, b)?;
    if n < LEAST_ROWS || rho.abs() < SAME_ORDER {
        return None;
    }
    let r = correlation(a, b).unwrap_or(0.0);
    let largest = if r.abs() >= rho.abs() { r } else { rho };
    let varies = |values: &[f64]| {
        let (share, _) = concentration(values);
        let n = values.iter().filter(|value| !value.is_nan()).count();
        (1.0 - share) * n as f64 >= LEAST_DIFFERENT
    };
    (largest.abs() >= SAME && varies(a) && varies(b)).then_some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn other_scales_and_rounding_are_copies_and_likeness_is_not() {
        let mut stream = Seed(6).stream("copies", 0);
        let score: Vec<f64> = (0..80).map(|_| stream.normal()).collect();
        let made = |change: &mut dyn FnMut(f64) -> f64| -> Vec<f64> {
            score.iter().map(|&value| change(value)).collect()
        };
        // T scores, without decimals; turned round; another form of the same order; with missing
        // values.
        assert!(copied(&score, &made(&mut |v| (50.0 + 10.0 * v).round())) > Some(0.999));
        assert!(copied(&score, &made(&mut |v| 6.0 - v)) < Some(-0.999));
        assert!(copied(&score, &made(&mut f64::exp)).is_some());
        let mut missing = score.clone();
        missing[..30].fill(f64::NAN);
        assert!(copied(&missing, &score).is_some());
        // A parallel form that agrees at .99.
        let noisy = made(&mut |v| v + 0.14 * stream.normal());
        assert!(correlation(&score, &noisy) > Some(0.98));
        assert_eq!(copied(&score, &noisy), None);
        // One outlier that both have.
        let mut other = made(&mut |_| stream.normal());
        let mut outlier = score.clone();
        (other[3], outlier[3]) = (-999.0, -999.0);
        assert!(correlation(&outlier, &other) > Some(0.999));
        assert_eq!(copied(&outlier, &other), None);
        // Two features that only three rows have.
        let rare = made(&mut |v| f64::from(u8::from(v > 2.0)));
        assert_eq!(copied(&rare, &rare), None);
    }
}
