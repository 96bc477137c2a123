//! Do a few rows decide r2?

use crate::score::{HeldOut, influence, mean, r2};

/// How much of the variance of r2 comes from the rows that count most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concentrated {
    /// The largest 1 % of the rows by |ψ|, rounded up.
    pub n_rows: usize,
    /// Their share of Σψ².
    pub share: f64,
    /// r2 of the same predictions on the other rows.
    pub r2_without: f64,
}

/// The share of the 1 % most influential rows in Σψ², ψ of [`influence`]. `None` where nothing
/// varies.
#[must_use]
pub fn concentrated(held_out: &HeldOut) -> Option<Concentrated> {
    let psi = influence(held_out);
    let total: f64 = psi.iter().map(|psi| psi * psi).sum();
    let mut order: Vec<usize> = (0..psi.len()).collect();
    order.sort_by(|&a, &b| psi[b].abs().total_cmp(&psi[a].abs()).then(a.cmp(&b)));
    let n_rows = psi.len().div_ceil(100);
    let (largest, others) = order.split_at(n_rows);
    let pick = |values: &[f64]| -> Vec<f64> { others.iter().map(|&row| values[row]).collect() };
    let r2_without = r2(
        &pick(held_out.y),
        &pick(held_out.y_hat),
        &pick(held_out.y_bar),
    );
    let share = largest.iter().map(|&row| psi[row] * psi[row]).sum::<f64>() / total;
    Some(Concentrated {
        n_rows,
        share: Some(share).filter(|share| share.is_finite())?,
        r2_without: r2_without.ok()?,
    })
}

/// The fold that decides r2, and the r2 of the same predictions on the other rows: it saves more
/// squared error than all others that save any, and without it less than half of r2 is left. `None`
/// where r2 is not above 0, or no fold decides.
///
/// Folds that are predicted alike leave r2 what it is, however large one of them is.
#[must_use]
pub fn deciding_fold(held_out: &HeldOut) -> Option<(usize, f64)> {
    let n_folds = held_out.fold_of.iter().max().map_or(0, |&last| last + 1);
    // Of each fold Σ(y − ŷ)² and Σ(y − ȳ)².
    let mut sums = vec![(0.0, 0.0); n_folds];
    let rows = held_out.y.iter().zip(held_out.y_hat).zip(held_out.y_bar);
    for (((y, y_hat), y_bar), &fold) in rows.zip(held_out.fold_of) {
        sums[fold].0 += (y - y_hat).powi(2);
        sums[fold].1 += (y - y_bar).powi(2);
    }
    let saved = |&(left, all): &(f64, f64)| all - left;
    let gains = sums.iter().map(saved).filter(|gain| *gain > 0.0);
    let all_gains: f64 = gains.sum();
    let (fold, most) = sums
        .iter()
        .enumerate()
        .max_by(|a, b| saved(a.1).total_cmp(&saved(b.1)))?;
    let (left, all) = sums
        .iter()
        .fold((0.0, 0.0), |(left, all), of| (left + of.0, all + of.1));
    let r2 = 1.0 - left / all;
    let without = 1.0 - (left - most.0) / (all - most.1);
    let decides = r2 > 0.0 && saved(most) > all_gains / 2.0 && without < r2 / 2.0;
    decides.then_some((fold, without))
}

/// What a model explains among some of the rows, beside their own mean: 1 − Σ(e − ē)²/Σ(y − ȳ)², e
/// = y − ŷ, both means over these rows.
///
/// Unlike r2 over the same rows it gives nothing for knowing that they differ from the others.
/// `None` where their y does not vary.
#[must_use]
pub fn r2_among(held_out: &HeldOut, rows: &[usize]) -> Option<f64> {
    let pick =
        |value: &dyn Fn(usize) -> f64| -> Vec<f64> { rows.iter().map(|&row| value(row)).collect() };
    let squares = |values: &[f64]| -> f64 {
        let mean = mean(values);
        values.iter().map(|value| (value - mean).powi(2)).sum()
    };
    let total = squares(&pick(&|row| held_out.y[row]));
    let error = squares(&pick(&|row| held_out.y[row] - held_out.y_hat[row]));
    (total > 0.0).then(|| 1.0 - error / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_one_row_by_hand() {
        // ȳ = 0. Errors 1, 1, 3 of y = 2, 2, 6: a = 1, 1, 9, b = 4, 4, 36, A/B = 11/44. Bψ = a −
        // b/4 = 0, 0, 0 for all: make the last err by 0 instead: a = 1, 1, 0; A/B = 2/44; Bψ = 1 −
        // 4/22 = 18/22 twice and −36/22. Squares 324, 324, 1296: the last has two thirds.
        let held_out = HeldOut {
            y: &[2.0, 2.0, 6.0],
            y_hat: &[1.0, 1.0, 6.0],
            y_bar: &[0.0; 3],
            fold_of: &[0, 1, 2],
            is_empty: false,
        };
        let found = concentrated(&held_out).unwrap();
        assert_eq!(found.n_rows, 1);
        assert!((found.share - 2.0 / 3.0).abs() < 1e-12, "{found:?}");
        // Without it 1 − 2/8.
        assert!((found.r2_without - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_fold_that_decides_by_hand() {
        // ȳ = 0, two rows a fold. Folds 0 and 1: y = 2 and ŷ = 0, nothing explained; fold 2: all.
        // r2 = 1 − 16/24; without fold 2: 0.
        let y = [2.0; 6];
        let with = |y_hat: &[f64]| {
            deciding_fold(&HeldOut {
                y: &y,
                y_hat,
                y_bar: &[0.0; 6],
                fold_of: &[0, 0, 1, 1, 2, 2],
                is_empty: false,
            })
        };
        assert_eq!(with(&[0.0, 0.0, 0.0, 0.0, 2.0, 2.0]), Some((2, 0.0)));
        assert_eq!(with(&[1.0; 6]), None);
        // Folds 0 and 2 save 8 each, fold 1 loses 10.5: r2 = 5.5/24, and without one of the two it is
        // below 0; yet neither decides.
        assert_eq!(with(&[2.0, 2.0, -1.5, -0.5, 2.0, 2.0]), None);
        assert_eq!(with(&[0.0, 0.0, 0.0, 0.0, 4.0, 4.0]), None, "r2 is below 0");
    }

    #[test]
    fn what_is_explained_among_some_rows_by_hand() {
        // Rows 1 to 3: y = 1, 2, 3 with squares 2. Of ŷ = 5, 6, 7 nothing but the level is wrong; ŷ
        // = 2, 2, 2 knows only the level.
        let with = |y_hat: &[f64]| {
            let held_out = HeldOut {
                y: &[0.0, 1.0, 2.0, 3.0],
                y_hat,
                y_bar: &[0.0; 4],
                fold_of: &[0, 1, 2, 3],
                is_empty: false,
            };
            r2_among(&held_out, &[1, 2, 3]).unwrap()
        };
        assert!((with(&[0.0, 5.0, 6.0, 7.0]) - 1.0).abs() < 1e-15);
        assert_eq!(with(&[0.0, 2.0, 2.0, 2.0]), 0.0);
    }
}
