//! A rater who agrees with nobody, among raters who agree.

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

/// The strangers among three or more raters. `ratings`: a vector a rater, NaN for none; a correlation is over the rows that both rated.
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

/// Pearson's r over the pairs that are there; `None` where one of the two does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
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
