//! One row of `results.csv`: everything about a cell that needs no other cell.

use ocean_engine::EngineError;
use ocean_engine::diagnostics::r2_by_fold;
use ocean_engine::folds::Groups;
use ocean_engine::inference::ceiling::{ceiling, over_ceiling};
use ocean_engine::inference::interval::{LEAST_GROUPS, LEAST_ROWS};
use ocean_engine::inference::reliability::prmse_one_way;
use ocean_engine::nested::OutOfFold;
use ocean_engine::score::{CovariateScores, HeldOut, Scores, mean, mean_and_sd, se_naive};

use super::fits::Fits;
use super::null::{histogram, quantiles};
use super::{Common, Computed};
use crate::report::model::CellResult;
use crate::study::Piece;

/// The row of target `column` of a piece. `null`: its permuted r2.
pub(super) fn row(
    common: &Common,
    computed: &Computed,
    column: usize,
    null: &[f64],
) -> Result<CellResult, EngineError> {
    let row_set = &common.row_sets[computed.row_set];
    let target = row_set.targets[column];
    let piece = &computed.piece;
    let n = row_set.rows.len();
    let y: Vec<f64> = row_set
        .rows
        .iter()
        .map(|&row| common.targets.y()[(row, target)])
        .collect();
    let fits = Fits::of(piece, column);
    let group_of: Vec<usize> = row_set
        .rows
        .iter()
        .map(|&row| common.groups.of_row()[row])
        .collect();
    let clusters = common.is_grouped.then_some(group_of.as_slice());
    let mut by_repeat = Vec::with_capacity(piece.observed.len());
    let mut beside_covariates = Vec::new();
    let (mut naive, mut by_fold) = (0.0, Vec::new());
    for (repeat, observed) in piece.observed.iter().enumerate() {
        let fold_of: Vec<usize> = row_set
            .rows
            .iter()
            .map(|&row| common.folds.of_row(repeat)[row])
            .collect();
        let (y_hat, y_bar) = (observed.y_hat.column(column), observed.y_bar.column(column));
        let held_out = HeldOut {
            y: &y,
            y_hat: y_hat.as_slice(),
            y_bar: y_bar.as_slice(),
            fold_of: &fold_of,
            is_empty: fits.all_empty(),
        };
        by_repeat.push(Scores::of(&held_out)?);
        if repeat == 0 {
            by_fold = r2_by_fold(&held_out);
        }
        if common.targets.covariates().is_some() {
            beside_covariates.push(CovariateScores::of(&held_out)?);
        }
        naive += se_naive(&held_out, clusters) / piece.observed.len() as f64;
    }
    let scores = Scores::mean_of(&by_repeat);
    let beside_covariates =
        (!beside_covariates.is_empty()).then(|| CovariateScores::mean_of(&beside_covariates));
    // B, the mean squared error of guessing the training mean: what a perfect prediction of the true scores could not save is the rating error.
    let of_repeats: Vec<f64> = by_repeat
        .iter()
        .map(|scores| scores.rmse_baseline.powi(2))
        .collect();
    let ceiling = common.rating_error[target].map(|error| ceiling(error, mean(&of_repeats)));
    let nonzero_median = fits.median(|fit| fit.info.n_nonzero.map(f64::from));
    let n_groups = common
        .is_grouped
        .then(|| Groups::from_labels(group_of.iter()).n_groups());
    let mut notes = Vec::new();
    if scores.n_constant_folds > 0 {
        notes.push(format!(
            "{} folds with constant target left out of r2_fold_mean",
            scores.n_constant_folds
        ));
    }
    if piece.n_constant > 0 {
        notes.push(format!(
            "{} columns constant in a training part",
            piece.n_constant
        ));
    }
    let has_enough = n >= LEAST_ROWS && n_groups.is_none_or(|n_groups| n_groups >= LEAST_GROUPS);
    if piece.jackknife.is_none() && !computed.is_control && has_enough {
        notes.push(
            "no interval: without one of its blocks a fold would be empty or the target constant"
                .to_owned(),
        );
    }
    let is_best = !computed.candidates.is_empty();
    if is_best {
        notes.push(fits.chosen(&computed.candidates));
    }
    // Penalties and coefficients of different recipes have no common median.
    let nonzero_median = nonzero_median.filter(|_| !is_best);
    Ok(CellResult {
        is_best,
        encoder: computed.encoder.clone(),
        regressor: computed.regressor.clone(),
        target: common.target_names[target].clone(),
        n,
        n_train: piece.n_train,
        n_features: computed.n_features,
        n_groups,
        folds: common.folds.n_folds() as u32,
        repeats: common.folds.repeats() as u32,
        r2: scores.r2,
        se_naive: finite(naive).filter(|_| !fits.all_empty()),
        r2_fold_sd: piece
            .redraws
            .as_ref()
            .map(|r2| mean_and_sd(r2.column(column).as_slice(), 1).1),
        r2_test_mean: scores.r2_test_mean,
        r2_fold_mean: scores.r2_fold_mean,
        r2_oosse: scores.r2_oosse,
        prmse_rsmtool: common.ratings[target]
            .as_ref()
            .and_then(|ratings| mean_prmse(ratings, &row_set.rows, piece, column)),
        r2_partial: beside_covariates.map(|s| s.r2_partial),
        r2_covariates: beside_covariates.map(|s| s.r2_covariates),
        r2_total: beside_covariates.map(|s| s.r2_total),
        r2_increment: beside_covariates.map(|s| s.r2_increment),
        pearson_r: scores.pearson_r,
        calibration_slope: scores.calibration_slope,
        rmse: scores.rmse,
        mae: scores.mae,
        rmse_baseline: scores.rmse_baseline,
        permutations: null.len() as u32,
        null_mean: (!null.is_empty()).then(|| mean_and_sd(null, 0).0),
        null_sd: (!null.is_empty()).then(|| mean_and_sd(null, 0).1),
        null_interval: quantiles(null),
        null_histogram: histogram(null),
        r2_by_fold: by_fold,
        alpha_median: fits.median(|fit| finite(fit.alpha)).filter(|_| !is_best),
        l1_ratio_median: fits.median(|fit| computed.l1_ratios.get(fit.variant).copied()),
        nonzero_median,
        sparsity: nonzero_median.map(|nonzero| 1.0 - nonzero / computed.n_features as f64),
        empty_fits: fits.count(|fit| fit.is_empty),
        grid_edge_fits: fits.count(|fit| fit.at_grid_edge),
        unconverged_fits: fits.count(|fit| fit.info.is_unconverged),
        feature_sample_ratio: computed.n_features as f64 / piece.n_train,
        ceiling,
        r2_over_ceiling: ceiling.and_then(|ceiling| over_ceiling(scores.r2, ceiling)),
        notes: notes.join("; "),
        is_control: computed.is_control,
        ..CellResult::default()
    })
}

/// PRMSE of rsmtool, mean over repeats.
fn mean_prmse(ratings: &[Vec<f64>], rows: &[usize], piece: &Piece, column: usize) -> Option<f64> {
    let of_rows = |rater: &Vec<f64>| rows.iter().map(|&row| rater[row]).collect();
    let ratings: Vec<Vec<f64>> = ratings.iter().map(of_rows).collect();
    let of_repeat =
        |observed: &OutOfFold| prmse_one_way(&ratings, observed.y_hat.column(column).as_slice());
    let by_repeat: Option<Vec<f64>> = piece.observed.iter().map(of_repeat).collect();
    by_repeat.map(|all| all.iter().sum::<f64>() / all.len() as f64)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
