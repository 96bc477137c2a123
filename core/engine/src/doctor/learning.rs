//! A free learning curve: the designs that choose the penalty are trained on (K−2)/K of the rows,
//! and have errors of their own.

use crate::nested::OutOfFold;

/// r2 of one column at (K−2)/K of the rows: 1 − Σ inner squared errors at the chosen penalty / Σ of
/// those of the training mean, over all splits.
///
/// Where the inner folds are the other outer folds, without covariates. The penalty was chosen by
/// the same errors, so this r2 is a little too large, and what more rows would add is rather more
/// than the difference to r2.
///
/// `y`: the rows of the row set; `fold_of`: their folds. `None` where y does not vary.
#[must_use]
pub fn r2_at_fewer_rows(
    observed: &OutOfFold,
    column: usize,
    y: &[f64],
    fold_of: &[usize],
) -> Option<f64> {
    let n_folds = observed.fits.len();
    let (mut sums, mut sizes) = (vec![0.0; n_folds], vec![0.0; n_folds]);
    for (y, &fold) in y.iter().zip(fold_of) {
        sums[fold] += y;
        sizes[fold] += 1.0;
    }
    let all = (sums.iter().sum::<f64>(), sizes.iter().sum::<f64>());
    let mut baseline = 0.0;
    for (y, &fold) in y.iter().zip(fold_of) {
        for split in (0..n_folds).filter(|&split| split != fold) {
            let sum = all.0 - sums[fold] - sums[split];
            baseline += (y - sum / (all.1 - sizes[fold] - sizes[split])).powi(2);
        }
    }
    let error: f64 = observed
        .fits
        .iter()
        .map(|fits| fits[column].inner_sse)
        .sum();
    (baseline > 0.0).then(|| 1.0 - error / baseline)
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::design::{FoldDesigns, InnerFolds, Layout};
    use crate::folds::{Folds, Groups};
    use crate::nested::{NestedCv, Tuning};
    use crate::reference::ReferenceRidge;
    use crate::score::r2;
    use crate::seed::Seed;

    /// One penalty, so that nothing is chosen: the inner errors are those of plain ridge fits on
    /// three of five folds.
    #[test]
    fn fewer_rows_are_those_that_neither_fold_of_a_pair_holds() {
        let mut noise = Seed(2).stream("data", 0);
        let x = DMatrix::from_fn(40, 2, |_, _| noise.normal());
        let y: Vec<f64> = (0..40).map(|row| x[(row, 0)] + noise.normal()).collect();
        let fold_of: Vec<usize> = (0..40).map(|row| row * 3 / 4 % 5).collect();
        let folds = Folds::from_assignment(vec![fold_of.clone()], 5).unwrap();
        let layout = Layout {
            x: &x,
            folds: &folds,
            groups: &Groups::singletons(40),
            inner: InnerFolds::Outer,
            seed: Seed(0),
            weights: None,
            covariates: None,
        };
        let rows: Vec<usize> = (0..40).collect();
        let ridge = ReferenceRidge { n_alphas: 1 };
        let designs = FoldDesigns::build(&layout, &rows, 0).unwrap();
        let column = DMatrix::from_column_slice(40, 1, &y);
        let observed = NestedCv::prepare(&designs, &ridge, Tuning::PLAIN)
            .unwrap()
            .run(&column)
            .unwrap();
        let found = r2_at_fewer_rows(&observed, 0, &y, &fold_of).unwrap();

        // The slow way: without fold i a study of four folds, whose outer fits are on three; its r2
        // has the same errors.
        let (mut real, mut predicted, mut guessed) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..5 {
            let left: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|&row| fold_of[row] != i)
                .collect();
            let own = left
                .iter()
                .map(|&row| fold_of[row] - usize::from(fold_of[row] > i));
            let folds = Folds::from_assignment(vec![own.collect()], 4).unwrap();
            let x = x.select_rows(&left);
            let layout = Layout {
                x: &x,
                folds: &folds,
                groups: &Groups::singletons(left.len()),
                ..layout
            };
            let all: Vec<usize> = (0..left.len()).collect();
            let designs = FoldDesigns::build(&layout, &all, 0).unwrap();
            let out = NestedCv::prepare(&designs, &ridge, Tuning::PLAIN)
                .unwrap()
                .run(&column.select_rows(&left))
                .unwrap();
            real.extend(left.iter().map(|&row| y[row]));
            predicted.extend(out.y_hat.iter().copied());
            guessed.extend(out.y_bar.iter().copied());
        }
        let expected = r2(&real, &predicted, &guessed).unwrap();
        // The same fits, summed in another order.
        assert!((found - expected).abs() < 1e-10, "{found} {expected}");
    }
}
