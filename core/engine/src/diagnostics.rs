//! A closer look at one recipe on one target: what pictures of calibration, residuals, folds and
//! penalties show.
//!
//! Nothing here is tested and nothing decides: these are descriptions of the out-of-fold
//! predictions of one repeat. Bins hold equal numbers of rows, so that none rests on a handful.

use crate::nested::OutOfFold;
use crate::score::{HeldOut, mean, mean_and_sd, r2, sum_of_squares};

/// Bins of the calibration and of the residuals, at most.
const MOST_BINS: usize = 10;
/// Rows a bin has at least.
const LEAST_IN_BIN: usize = 10;
/// Cells of the density along each axis.
pub const DENSITY_CELLS: usize = 24;

/// Rows that are neighbours in one quantity, and the mean of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Mean of the quantity that the rows are sorted by.
    pub x: f64,
    /// Mean of the other one.
    pub y: f64,
    /// Standard error of `y`: sd (ddof 1) / √n, rows taken as independent.
    pub se: f64,
    /// Rows.
    pub n: usize,
}

/// Mean of `y` in bins of equally many neighbours in `x`: at most 10 bins of at least 10 rows; rows
/// of equal `x` fall on either side of a limit by their order. Empty with fewer than 20 rows, and
/// where `x` does not vary.
///
/// Checked: by hand below.
#[must_use]
pub fn bins(x: &[f64], y: &[f64]) -> Vec<Bin> {
    let n = x.len();
    let n_bins = (n / LEAST_IN_BIN).min(MOST_BINS);
    if n_bins < 2 || x.iter().all(|value| *value == x[0]) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]).then(a.cmp(&b)));
    let bin = |at: usize| {
        let rows = &order[at * n / n_bins..(at + 1) * n / n_bins];
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        let (centre, sd) = mean_and_sd(&pick(y), 1);
        Bin {
            x: mean(&pick(x)),
            y: centre,
            se: sd / (rows.len() as f64).sqrt(),
            n: rows.len(),
        }
    };
    (0..n_bins).map(bin).collect()
}

/// How many rows lie where in the plane of prediction and target.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Least and largest prediction.
    pub x: (f64, f64),
    /// Least and largest target.
    pub y: (f64, f64),
    /// Rows in each cell, [`DENSITY_CELLS`]² of them: from the least prediction to the largest and,
    /// within, from the least target to the largest.
    pub counts: Vec<u32>,
}

/// The plane cut into equal cells; `None` where either does not vary.
#[must_use]
pub fn density(y_hat: &[f64], y: &[f64]) -> Option<Density> {
    let range = |values: &[f64]| {
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        (high > low).then_some((low, high))
    };
    let (x_range, y_range) = (range(y_hat)?, range(y)?);
    let cell = |value: f64, (low, high): (f64, f64)| {
        let share = (value - low) / (high - low);
        ((share * DENSITY_CELLS as f64) as usize).min(DENSITY_CELLS - 1)
    };
    let mut counts = vec![0; DENSITY_CELLS * DENSITY_CELLS];
    for (&y_hat, &y) in y_hat.iter().zip(y) {
        counts[cell(y_hat, x_range) * DENSITY_CELLS + cell(y, y_range)] += 1;
    }
    Some(Density {
        x: x_range,
        y: y_range,
        counts,
    })
}

/// r2 of each fold by itself, 1 − Σ(y−ŷ)²/Σ(y−ȳ)² over its rows, ȳ the mean of its training rows;
/// `None` for a fold in which y equals ȳ. The r2 of all rows is their mean weighted by the
/// denominators.
#[must_use]
pub fn r2_by_fold(held_out: &HeldOut) -> Vec<Option<f64>> {
    let n_folds = held_out.fold_of.iter().max().map_or(0, |&last| last + 1);
    let of_fold = |fold: usize| {
        let pick = |values: &[f64]| -> Vec<f64> {
            let rows = values.iter().zip(held_out.fold_of);
            rows.filter(|(_, of)| **of == fold)
                .map(|(value, _)| *value)
                .collect()
        };
        r2(
            &pick(held_out.y),
            &pick(held_out.y_hat),
            &pick(held_out.y_bar),
        )
        .ok()
    };
    (0..n_folds).map(of_fold).collect()
}

/// What tuning saw of one target, all splits together.
#[derive(Debug, Clone, PartialEq)]
pub struct PenaltyPath {
    /// Penalty of each step, strongest first: median over the splits, on the scale of the
    /// regressor's objective.
    pub penalties: Vec<f64>,
    /// Inner r2 of each variant (rows) and step: 1 − Σₖ SSEₖ / Σₖ SSₖ, SSEₖ the squared errors of
    /// the inner held-out rows of split k, SSₖ the squares of its training y about their mean.
    /// `None` where some split did not walk so far.
    pub inner_r2: Vec<Vec<Option<f64>>>,
    /// (variant, step) chosen in each split.
    pub chosen: Vec<(usize, usize)>,
}

/// The path of one column of `out_of_fold`; `y` and `fold_of` are those of its rows. `None` where
/// it was not kept, or y was constant in a training part.
#[must_use]
pub fn penalty_path(
    out_of_fold: &OutOfFold,
    column: usize,
    y: &[f64],
    fold_of: &[usize],
) -> Option<PenaltyPath> {
    let paths = out_of_fold.paths.as_ref()?;
    let (n_variants, n_steps) = paths.shape();
    let n_splits = out_of_fold.fits.len();
    let of_training = |split: usize| {
        let rows = y.iter().zip(fold_of).filter(|(_, of)| **of != split);
        let training: Vec<f64> = rows.map(|(value, _)| *value).collect();
        sum_of_squares(&training, &vec![mean(&training); training.len()])
    };
    let total: f64 = (0..n_splits).map(of_training).sum();
    let chosen: Vec<_> = out_of_fold.fits.iter().map(|fits| fits[column]).collect();
    if total <= 0.0 || chosen.iter().any(|fit| fit.alpha.is_nan()) {
        return None;
    }
    let inner_r2 = |variant: usize, step: usize| {
        let errors = (0..n_splits).map(|split| paths.inner_sse(split, column, variant, step));
        let sse: Option<Vec<f64>> = errors.collect();
        sse.map(|sse| 1.0 - sse.iter().sum::<f64>() / total)
    };
    let median = |step: usize| {
        let mut of_splits: Vec<f64> = (0..n_splits)
            .map(|split| paths.penalty(split, column, step))
            .collect();
        of_splits.sort_by(f64::total_cmp);
        // Halved first: the sum of two penalties may be no number.
        0.5 * of_splits[(n_splits - 1) / 2] + 0.5 * of_splits[n_splits / 2]
    };
    Some(PenaltyPath {
        penalties: (0..n_steps).map(median).collect(),
        inner_r2: (0..n_variants)
            .map(|variant| (0..n_steps).map(|step| inner_r2(variant, step)).collect())
            .collect(),
        chosen: chosen.iter().map(|fit| (fit.variant, fit.step)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_by_hand() {
        // x = 19, 18, …, 0 and y = 1 for x ≥ 10, where one is 11 instead: two bins of ten.
        let x: Vec<f64> = (0..20).rev().map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x >= 10.0))).collect();
        y[0] = 11.0;
        let found = bins(&x, &y);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].x, found[0].y, found[0].se), (4.5, 0.0, 0.0));
        // 9 × 1 and 11: mean 2, squares 9 + 81 = 90, variance 10, se √(10/10) = 1.
        assert_eq!((found[1].x, found[1].y, found[1].n), (14.5, 2.0, 10));
        assert!((found[1].se - 1.0).abs() < 1e-15);
    }

    #[test]
    fn too_few_rows_and_predictions_that_are_all_the_same_have_no_bins() {
        assert!(bins(&[1.0; 19], &[1.0; 19]).is_empty());
        assert!(bins(&[1.0; 100], &[2.0; 100]).is_empty());
    }

    #[test]
    fn every_row_lies_in_one_cell_of_the_density() {
        let y_hat = [0.0, 1.0, 0.5, 0.5];
        let found = density(&y_hat, &[0.0, 10.0, 5.0, 4.9]).unwrap();
        assert_eq!(found.counts.iter().sum::<u32>(), 4);
        assert_eq!(found.counts[0], 1);
        assert_eq!(found.counts[DENSITY_CELLS * DENSITY_CELLS - 1], 1);
        // .5 is in cell 12 of both; 4.9 is 11.76 cells up.
        assert_eq!(found.counts[12 * DENSITY_CELLS + 12], 1);
        assert_eq!(found.counts[12 * DENSITY_CELLS + 11], 1);
        assert_eq!(density(&[1.0; 3], &[1.0, 2.0, 3.0]), None);
    }

    /// Fold 0: squares 1 and 4 of 9 and 4, so 1 − 5/13; fold 1: no error; fold 2: y is what the
    /// others predict.
    #[test]
    fn r2_by_fold_by_hand_and_its_weighted_mean_is_r2() {
        let held_out = HeldOut {
            y: &[3.0, 2.0, 5.0, 7.0],
            y_hat: &[2.0, 0.0, 5.0, 7.0],
            y_bar: &[0.0, 0.0, 2.0, 7.0],
            fold_of: &[0, 0, 1, 2],
            is_empty: false,
        };
        let by_fold = r2_by_fold(&held_out);
        assert_eq!(by_fold, [Some(1.0 - 5.0 / 13.0), Some(1.0), None]);
        let weighted = (by_fold[0].unwrap() * 13.0 + by_fold[1].unwrap() * 9.0) / 22.0;
        let pooled = r2(held_out.y, held_out.y_hat, held_out.y_bar).unwrap();
        assert!((weighted - pooled).abs() < 1e-15);
    }
}
