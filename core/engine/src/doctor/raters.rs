//! Raters who do not fit together: one who agrees with nobody among raters who agree, and any two
//! of them.

use crate::score::mean_and_sd;

/// A rater whose correlation with the others is below this …
const STRANGER: f64 = 0.1;
/// … while theirs with each other is above this was probably joined to other rows.
const ALIKE: f64 = 0.3;

/// A rater who looks joined to the wrong rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stranger {
    /// Which rater.
    pub rater: usize,
    /// Mean correlation of this rater with each other.
    pub r: f64,
    /// Mean correlation of the others with each other.
    pub r_of_others: f64,
}

/// The strangers among three or more raters. `ratings`: a vector a rater, NaN for none; a
/// correlation is over the rows that both rated.
#[must_use]
pub fn strangers(ratings: &[Vec<f64>]) -> Vec<Stranger> {
    let all: Vec<usize> = (0..ratings.len()).collect();
    let mean_r = |pairs: Vec<(usize, usize)>| -> Option<f64> {
        let r: Vec<f64> = pairs
            .into_iter()
            .filter_map(|(a, b)| correlation(&ratings[a], &ratings[b]))
            .collect();
        (!r.is_empty()).then(|| r.iter().sum::<f64>() / r.len() as f64)
    };
    let look = |&rater: &usize| -> Option<Stranger> {
        let others: Vec<usize> = all
            .iter()
            .copied()
            .filter(|&other| other != rater)
            .collect();
        let own = others.iter().map(|&other| (rater, other)).collect();
        let theirs = others.iter().flat_map(|&a| {
            let later = others.iter().filter(move |&&b| b > a);
            later.map(move |&b| (a, b))
        });
        let (r, r_of_others) = (mean_r(own)?, mean_r(theirs.collect())?);
        (r < STRANGER && r_of_others > ALIKE).then_some(Stranger {
            rater,
            r,
            r_of_others,
        })
    };
    all.iter().filter_map(look).collect()
}

/// Two raters, on the rows that both rated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Which.
    pub raters: (usize, usize),
    /// Rows that both rated.
    pub n: usize,
    /// Of these, rows that got the same rating of both.
    pub n_equal: usize,
    /// Their correlation.
    pub r: f64,
    /// The standard deviation (ddof 1) of each.
    pub sd: (f64, f64),
}

impl Pair {
    /// How many times as far the ratings of one spread as those of the other, at least 1.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let (a, b) = self.sd;
        a.max(b) / a.min(b)
    }
}

/// Every two raters who both vary on the rows that both rated. `ratings`: a vector a rater, NaN for
/// none.
#[must_use]
pub fn pairs(ratings: &[Vec<f64>]) -> Vec<Pair> {
    let all = (0..ratings.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let pair = |(a, b): (usize, usize)| {
        let r = correlation(&ratings[a], &ratings[b])?;
        let shared = ratings[a].iter().zip(&ratings[b]);
        let (ones, others): (Vec<f64>, Vec<f64>) =
            shared.filter(|(a, b)| !a.is_nan() && !b.is_nan()).unzip();
        Some(Pair {
            raters: (a, b),
            n: ones.len(),
            n_equal: ones.iter().zip(&others).filter(|(a, b)| a == b).count(),
            r,
            sd: (mean_and_sd(&ones, 1).1, mean_and_sd(&others, 1).1),
        })
    };
    all.filter_map(pair).collect()
}

/// Pearson's r over the pairs that are there; `None` where one of the two does not vary.
#[must_use]
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = a
        .iter()
        .copied()
        .zip(b.iter().copied())
        .filter(|(a, b)| !a.is_nan() && !b.is_nan())
        .collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = (
        pairs.iter().map(|(a, _)| a).sum::<f64>() / n,
        pairs.iter().map(|(_, b)| b).sum::<f64>() / n,
    );
    let [mut aa, mut bb, mut ab] = [0.0; 3];
    for (a, b) in pairs {
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
        ab += (a - mean_a) * (b - mean_b);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    /// (1, 2, 3) and (10, 8, 6): r = −1, sd 1 and 2; the fourth row has one rating only.
    #[test]
    fn two_raters_are_compared_on_the_rows_of_both() {
        let nan = f64::NAN;
        let found = pairs(&[
            vec![1.0, 2.0, 3.0, 9.0],
            vec![10.0, 8.0, 6.0, nan],
            vec![4.0; 4],
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].r + 1.0).abs() < 1e-12 && found[0].ratio() == 2.0);
        assert_eq!(
            (found[0].raters, found[0].n, found[0].n_equal),
            ((0, 1), 3, 0)
        );
    }

    #[test]
    fn a_rater_joined_to_other_rows_is_found_and_raters_who_agree_are_not() {
        let mut stream = Seed(4).stream("ratings", 0);
        let truth: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
        let mut rater =
            || -> Vec<f64> { truth.iter().map(|t| t + 0.5 * stream.normal()).collect() };
        let mut ratings = vec![rater(), rater(), rater(), rater()];
        assert_eq!(strangers(&ratings), []);
        ratings[2].rotate_left(1);
        let found = strangers(&ratings);
        assert!(found.len() == 1 && found[0].rater == 2, "{found:?}");
        // r of two with the same truth: 1/1.25.
        assert!((found[0].r_of_others - 0.8).abs() < 0.1 && found[0].r.abs() < 0.1);
        // Of two raters nobody can say who is the stranger.
        assert_eq!(strangers(&ratings[1..3]), []);
    }
}
