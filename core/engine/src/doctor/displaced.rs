//! Rows whose vectors belong to other texts, in files most of whose rows are right.
//!
//! A vector that belongs to its text fits it better than most other texts; one that does not fits
//! it as well as any. So each row has a *misfit*, the share of other texts that its vector fits
//! better: near 0 where aligned, uniform between 0 and 1 where displaced. What is looked for is a
//! run of rows with a higher misfit than chance would gather in one place.

use nalgebra::DMatrix;

use super::{cosines, ranks};
use crate::seed::Seed;

/// Runs are made of tenths of the rows.
const N_TENTHS: usize = 10;
/// The others must be aligned, so a run has at most so many tenths.
const MOST_TENTHS: usize = 8;
/// Shuffles of the rows that say what chance gathers.
const N_SHUFFLES: u64 = 199;
/// A run is named when at most this share of them has one as bad …
const MOST_P: f64 = 0.01;
/// … when its mean misfit is near one half, which is chance …
const LEAST_MISFIT: f64 = 0.35;
/// … and those of the other rows are so much lower.
const LEAST_DIFFERENCE: f64 = 0.2;

/// Misfit of each row by shared words: how many texts k have a profile of similarities with all
/// texts, in `words`, that agrees better with the profile of vector i in `x` than text i's own has.
/// Both n × features, row by row; profiles are rows of cosines with the means of rows and columns
/// taken out.
#[must_use]
pub fn misfit_by_words(words: &DMatrix<f64>, x: &DMatrix<f64>) -> Vec<f64> {
    // fit[(i, k)]: vector i with text k.
    let fit = profiles(x) * profiles(words).transpose();
    (0..fit.nrows())
        .map(|row| share_beyond(row, fit.ncols(), |k| fit[(row, k)]))
        .collect()
}

/// Misfit of each row by length, or any other number of a text: how many texts have a value whose
/// rank is nearer to the rank of the predicted value.
#[must_use]
pub fn misfit_by_value(y: &[f64], y_hat: &[f64]) -> Vec<f64> {
    let (y, y_hat) = (ranks(y), ranks(y_hat));
    (0..y.len())
        .map(|row| share_beyond(row, y.len(), |k| -(y[k] - y_hat[row]).abs()))
        .collect()
}

/// Share of the others whose value passes that of `own`; an equal one counts half.
fn share_beyond(own: usize, n: usize, value: impl Fn(usize) -> f64) -> f64 {
    let limit = value(own);
    let others = (0..n).filter(|&other| other != own);
    let points = others.map(|other| match value(other) {
        value if value > limit => 1.0,
        value if value == limit => 0.5,
        _ => 0.0,
    });
    points.sum::<f64>() / (n - 1) as f64
}

/// Cosines of all pairs of rows, means of rows and columns taken out, nothing on the diagonal, rows
/// of length 1.
fn profiles(x: &DMatrix<f64>) -> DMatrix<f64> {
    let mut cosines = cosines(x);
    let n = cosines.nrows() as f64;
    cosines.fill_diagonal(0.0);
    let means: Vec<f64> = cosines.column_iter().map(|c| c.sum() / (n - 1.0)).collect();
    let grand = means.iter().sum::<f64>() / n;
    for (mut column, of_column) in cosines.column_iter_mut().zip(&means) {
        for (value, of_row) in column.iter_mut().zip(&means) {
            *value -= of_column + of_row - grand;
        }
    }
    cosines.fill_diagonal(0.0);
    for mut row in cosines.row_iter_mut() {
        let norm = row.norm();
        if norm > 0.0 {
            row /= norm;
        }
    }
    cosines
}

/// The run of rows, if any, that looks displaced: its first row and the one after its last.
///
/// Looked at are all runs of one to eight consecutive tenths of the rows. The statistic is the
/// largest, over runs, of (sum of misfits − what it would be at the mean of all)/√(L(1 − L/n)), L
/// the rows of the run, against the same under 199 shuffles of the rows: p ≤ .01.
#[must_use]
pub fn displaced_run(misfit: &[f64], seed: Seed) -> Option<(usize, usize)> {
    let n = misfit.len();
    let (worst, (start, end)) = worst_run(misfit);
    let mut shuffled = misfit.to_vec();
    let as_bad = (1..=N_SHUFFLES).filter(|&index| {
        shuffled.copy_from_slice(misfit);
        seed.stream("displaced", index).shuffle(&mut shuffled);
        worst_run(&shuffled).0 >= worst
    });
    let p = (1 + as_bad.count()) as f64 / (1 + N_SHUFFLES) as f64;
    let inside: f64 = misfit[start..end].iter().sum();
    let outside = misfit.iter().sum::<f64>() - inside;
    let (inside, outside) = (
        inside / (end - start) as f64,
        outside / (n - (end - start)) as f64,
    );
    let is_displaced =
        p <= MOST_P && inside >= LEAST_MISFIT && inside - outside >= LEAST_DIFFERENCE;
    is_displaced.then_some((start, end))
}

/// The largest statistic and its run.
fn worst_run(misfit: &[f64]) -> (f64, (usize, usize)) {
    let n = misfit.len();
    let border = |tenth: usize| tenth * n / N_TENTHS;
    let mut sums = vec![0.0];
    for tenth in 0..N_TENTHS {
        let of_tenth: f64 = misfit[border(tenth)..border(tenth + 1)].iter().sum();
        sums.push(sums[tenth] + of_tenth);
    }
    let mean = sums[N_TENTHS] / n as f64;
    let mut worst = (f64::NEG_INFINITY, (0, n));
    for first in 0..N_TENTHS {
        for after in first + 1..=N_TENTHS.min(first + MOST_TENTHS) {
            let (start, end) = (border(first), border(after));
            let length = (end - start) as f64;
            let spread = (length * (1.0 - length / n as f64)).sqrt();
            let statistic = (sums[after] - sums[first] - length * mean) / spread;
            if statistic > worst.0 {
                worst = (statistic, (start, end));
            }
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misfits_by_hand() {
        // Values 1, 2, 4, 8 have ranks 1 to 4. Predictions 1, 9, 3, 2 have ranks 1, 4, 3, 2: nearer
        // than their own (distances 0, 2, 0, 2) are: to row 1 (rank 4) the ranks 4, 3 of two other
        // rows (0, 1), to row 3 (rank 2) ranks 2, 1 and 3 (0, 1, 1).
        let found = misfit_by_value(&[1.0, 2.0, 4.0, 8.0], &[1.0, 9.0, 3.0, 2.0]);
        assert_eq!(found, [0.0, 2.0 / 3.0, 0.0, 1.0]);
    }

    #[test]
    fn vectors_fit_their_own_words_best_and_turned_ones_do_not() {
        let mut stream = Seed(3).stream("words", 0);
        let words = DMatrix::from_fn(40, 30, |_, _| stream.uniform().powi(3));
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / 40.0;
        assert!(mean(misfit_by_words(&words, &words)) < 0.01);
        let turned = DMatrix::from_fn(40, 30, |row, column| words[((row + 1) % 40, column)]);
        // Uniform: one half ± .046, the standard error of 40.
        assert!((mean(misfit_by_words(&words, &turned)) - 0.5).abs() < 0.15);
    }

    #[test]
    fn a_run_stands_out_from_scattered_misfits() {
        let mut stream = Seed(5).stream("misfit", 0);
        let mut misfit: Vec<f64> = (0..100).map(|_| 0.3 * stream.uniform()).collect();
        misfit[50..70].iter_mut().for_each(|value| *value += 0.4);
        assert_eq!(displaced_run(&misfit, Seed(1)), Some((50, 70)));
        stream.shuffle(&mut misfit);
        assert_eq!(displaced_run(&misfit, Seed(1)), None);
    }
}
