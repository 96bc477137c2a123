//! Codes of missing values that passed for numbers: 99, −999, 8888.

/// Values that look like such codes, and how often each occurs, most frequent first.
///
/// A code is two to six equal digits 7, 8 or 9, either sign, that lies beyond all other values by more than their whole range. NaN is ignored.
#[must_use]
pub fn missing_codes(values: &[f64]) -> Vec<(f64, usize)> {
    let (codes, others): (Vec<f64>, Vec<f64>) = values
        .iter()
        .filter(|value| !value.is_nan())
        .partition(|value| is_repeated_digit(**value));
    let low = others.iter().copied().fold(f64::INFINITY, f64::min);
    let high = others.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let beyond = |code: &f64| (low - code).max(code - high) > high - low;
    let mut far: Vec<f64> = codes.into_iter().filter(beyond).collect();
    far.sort_by(f64::total_cmp);
    let runs = far.chunk_by(|a, b| a == b);
    let mut found: Vec<(f64, usize)> = runs.map(|run| (run[0], run.len())).collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

fn is_repeated_digit(value: f64) -> bool {
    let ones = [11.0, 111.0, 1111.0, 11_111.0, 111_111.0];
    let is_times = |digit: f64| ones.iter().any(|one| value.abs() == digit * one);
    [7.0, 8.0, 9.0].into_iter().any(is_times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_far_from_the_scale_are_found_and_scores_are_not() {
        let nan = f64::NAN;
        assert_eq!(
            missing_codes(&[1.0, 5.0, -999.0, 3.0, 99.0, -999.0, nan]),
            [(-999.0, 2), (99.0, 1)]
        );
        // A score out of 100 may well be 99, and a weight 88.
        assert_eq!(missing_codes(&[60.0, 99.0, 88.0, 12.0]), []);
        assert_eq!(missing_codes(&[nan]), []);
    }
}
