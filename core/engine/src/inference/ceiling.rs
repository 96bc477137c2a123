//! The ceiling that rating error puts on r2, and r2 as a share of it (STATISTICS §7).
//!
//! A target that is the mean of raters holds their error, of variance v̄, which no text can
//! predict. Of B, the mean squared error of guessing the training mean, at most B − v̄ can be
//! saved: the ceiling of r2 is 1 − v̄/B. r2 over it, (B − A)/(B − v̄), is the proportional
//! reduction in mean squared error.

use super::reliability::RaterFit;

/// At or below this ceiling r2 would be divided by noise.
pub const LEAST_CEILING: f64 = 0.1;

/// 1 − v̄/B. `error_variance`: v̄, of [`RaterFit::mean_error_variance`]; `baseline`: B, of
/// [`crate::score::baseline`].
#[must_use]
pub fn ceiling(error_variance: f64, baseline: f64) -> f64 {
    1.0 - error_variance / baseline
}

/// r2/ceiling; never clipped. `None` where the ceiling is at most [`LEAST_CEILING`].
#[must_use]
pub fn over_ceiling(r2: f64, ceiling: f64) -> Option<f64> {
    (ceiling > LEAST_CEILING).then(|| r2 / ceiling)
}

/// v̄ without each of `n_blocks` jackknife blocks: the raters fitted anew to the ratings of the
/// other rows. A rater who is left without any takes no part.
///
/// `ratings`: a vector a rater over the rows of the dataset; `rows`: those of the target,
/// `block_of` the block of each. `None` where without some block no chain of shared rows connects
/// the raters, or no degree of freedom is left.
///
/// Checked: against ratings that never held the block, below.
#[must_use]
pub fn error_variance_without_blocks(
    ratings: &[Vec<f64>],
    rows: &[usize],
    block_of: &[usize],
    n_blocks: usize,
) -> Option<Vec<f64>> {
    let without = |block: usize| {
        let of_rater = |rater: &Vec<f64>| -> Vec<f64> {
            let kept = rows.iter().zip(block_of).filter(|&(_, &of)| of != block);
            kept.map(|(&row, _)| rater[row]).collect()
        };
        let is_heard = |own: &Vec<f64>| own.iter().any(|rating| !rating.is_nan());
        let left: Vec<Vec<f64>> = ratings.iter().map(of_rater).filter(is_heard).collect();
        RaterFit::of(&left)?.mean_error_variance
    };
    (0..n_blocks).map(without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_by_hand() {
        // B = 4, v̄ = 1: at most 3 of 4 can be saved, and r2 = .6 saves 2.4 of these 3.
        assert_eq!(ceiling(1.0, 4.0), 0.75);
        assert!((over_ceiling(0.6, 0.75).unwrap() - 2.4 / 3.0).abs() < 1e-15);
        assert_eq!(over_ceiling(0.6, 0.1), None);
    }

    #[test]
    fn without_a_block_the_raters_are_fitted_to_what_never_held_it() {
        let nan = f64::NAN;
        // Row 4 is not the target's. The third rater rated rows of block 1 alone.
        let ratings = [
            vec![1.0, 2.0, 4.0, 3.0, 9.0, 2.5],
            vec![2.0, 2.5, 3.0, 5.0, 0.0, 2.0],
            vec![nan, 3.0, nan, nan, nan, 2.0],
        ];
        let (rows, block_of) = ([0, 1, 2, 3, 5], [0, 1, 0, 0, 1]);
        let found = error_variance_without_blocks(&ratings, &rows, &block_of, 2).unwrap();
        let without_0 = [vec![2.0, 2.5], vec![2.5, 2.0], vec![3.0, 2.0]];
        let without_1 = [vec![1.0, 4.0, 3.0], vec![2.0, 3.0, 5.0]];
        let expected = [&without_0[..], &without_1[..]]
            .map(|left| RaterFit::of(left).unwrap().mean_error_variance.unwrap());
        assert_eq!(found, expected);
        // By hand, two raters: σ²ₑ = variance of the differences −1, 1, −2 over 2 = 7/6, and two
        // ratings a row: v̄ = 7/12.
        assert!((found[1] - 7.0 / 12.0).abs() < 1e-15);
    }

    #[test]
    fn raters_that_only_a_block_connects_have_no_variance_without_it() {
        let nan = f64::NAN;
        let ratings = [vec![1.0, 2.0, 1.0, nan], vec![1.0, 3.0, nan, 2.0]];
        assert_eq!(
            error_variance_without_blocks(&ratings, &[0, 1, 2, 3], &[0, 0, 1, 1], 2),
            None
        );
    }
}
