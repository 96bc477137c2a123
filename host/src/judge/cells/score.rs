//! What a cell's predictions say alone: its scores, over repeats, folds and raters.

use ocean_engine::EngineError;
use ocean_engine::diagnostics::r2_by_fold;
use ocean_engine::folds::Groups;
use ocean_engine::inference::ceiling::{ceiling, over_ceiling};
use ocean_engine::inference::interval::{LEAST_GROUPS, LEAST_ROWS};
use ocean_engine::inference::reliability::prmse_one_way;
use ocean_engine::nested::OutOfFold;
use ocean_engine::ordering::spearman_r;
use ocean_engine::piece::Piece;
use ocean_engine::score::{CovariateScores, HeldOut, Scores, mean, mean_and_sd, se_naive};
use ocean_engine::targets::RowSet;

use super::fits::Fits;
use super::two_values::{OfRepeats, TwoValueScore};
use super::{Common, PieceResult};

/// The scores of one cell.
pub(super) struct Score {
    pub n: usize,
    pub n_groups: Option<usize>,
    /// Means over repeats.
    pub scores: Scores,
    pub beside_covariates: Option<CovariateScores>,
    pub se_naive: Option<f64>,
    /// Over redraws of the folds.
    pub r2_fold_sd: Option<f64>,
    /// Of the ranks of the target.
    pub r2_ranks: Option<f64>,
    /// Mean over the repeats that have one.
    pub spearman_r: Option<f64>,
    /// Of a target of two values.
    pub two_values: Option<TwoValueScore>,
    /// Of the first repeat.
    pub r2_by_fold: Vec<Option<f64>>,
    pub prmse_rsmtool: Option<f64>,
    pub ceiling: Option<f64>,
    pub r2_over_ceiling: Option<f64>,
    /// Remarks on how it came about.
    pub notes: Vec<String>,
}

impl Score {
    /// Of target `column` of a piece.
    pub fn of(
        common: &Common,
        result: &PieceResult,
        column: usize,
        fits: &Fits,
    ) -> Result<Self, EngineError> {
        let row_set = &common.row_sets[result.id.row_set];
        let (rows, target) = (&row_set.rows, row_set.targets[column]);
        let piece = &result.piece;
        let y = row_set.pick(common.targets.y().column(target).as_slice());
        let group_of = row_set.pick(common.groups.of_row());
        let clusters = common.is_grouped.then_some(group_of.as_slice());
        let mut by_repeat = Vec::with_capacity(piece.observed.len());
        let mut beside_covariates = Vec::new();
        let (mut naive, mut by_fold) = (0.0, Vec::new());
        let (mut rank_r, mut two_values) = (Vec::new(), OfRepeats::of(&y, &group_of));
        for (repeat, observed) in piece.observed.iter().enumerate() {
            let fold_of = row_set.pick(common.folds.of_row(repeat));
            let held_out = HeldOut {
                is_empty: fits.all_empty(),
                ..observed.held_out(column, &y, &fold_of)
            };
            by_repeat.push(Scores::of(&held_out)?);
            rank_r.extend(spearman_r(&held_out));
            if let Some(two_values) = &mut two_values {
                two_values.add(&held_out, common.targets.covariates().is_some());
            }
            if repeat == 0 {
                by_fold = r2_by_fold(&held_out);
            }
            if common.targets.covariates().is_some() {
                beside_covariates.push(CovariateScores::of(&held_out)?);
            }
            naive += se_naive(&held_out, clusters) / piece.observed.len() as f64;
        }
        let scores = Scores::mean_of(&by_repeat);
        // B, the mean squared error of guessing the training mean: what a perfect prediction of the
        // true scores could not save is the rating error.
        let baselines: Vec<f64> = by_repeat
            .iter()
            .map(|scores| scores.rmse_baseline.powi(2))
            .collect();
        let ceiling = common.rating_error[target].map(|error| ceiling(error, mean(&baselines)));
        let n_groups = clusters.map(|of_row| Groups::from_labels(of_row.iter()).n_groups());
        let redraws = piece.redraws.as_ref();
        let ranks = piece.ranks.as_ref().and_then(|ranks| ranks.as_ref().ok());
        let ratings = common.ratings[target].as_ref();
        Ok(Self {
            n: rows.len(),
            n_groups,
            notes: notes(result, &scores, rows.len(), n_groups, fits),
            beside_covariates: (!beside_covariates.is_empty())
                .then(|| CovariateScores::mean_of(&beside_covariates)),
            se_naive: Some(naive).filter(|se| se.is_finite() && !fits.all_empty()),
            r2_fold_sd: redraws.map(|r2| mean_and_sd(r2.column(column).as_slice(), 1).1),
            r2_ranks: ranks.map(|r2| r2[column]),
            spearman_r: (!rank_r.is_empty()).then(|| mean(&rank_r)),
            two_values: two_values.map(|of| {
                let response = result.responses.get(column);
                of.score(response.filter(|_| !fits.all_empty()))
            }),
            r2_by_fold: by_fold,
            prmse_rsmtool: ratings.and_then(|ratings| mean_prmse(ratings, row_set, piece, column)),
            r2_over_ceiling: ceiling.and_then(|ceiling| over_ceiling(scores.r2, ceiling)),
            ceiling,
            scores,
        })
    }
}

fn notes(
    result: &PieceResult,
    scores: &Scores,
    n: usize,
    n_groups: Option<usize>,
    fits: &Fits,
) -> Vec<String> {
    let mut notes = Vec::new();
    if scores.n_constant_folds > 0 {
        notes.push(format!(
            "{} folds with constant target left out of r2_fold_mean",
            scores.n_constant_folds
        ));
    }
    if result.piece.n_constant > 0 {
        notes.push(format!(
            "{} columns constant in a training part",
            result.piece.n_constant
        ));
    }
    let has_enough = n >= LEAST_ROWS && n_groups.is_none_or(|n_groups| n_groups >= LEAST_GROUPS);
    if result.piece.jackknife.is_none() && !result.id.is_control() && has_enough {
        notes.push(
            "no interval: without one of its blocks a fold would be empty or the target constant"
                .to_owned(),
        );
    }
    if let Some(Err(error)) = &result.piece.ranks {
        notes.push(format!("no r2_ranks: {error}"));
    }
    if result.id.is_best() {
        notes.push(fits.chosen(&result.candidates));
    }
    notes
}

/// PRMSE of rsmtool, mean over repeats.
fn mean_prmse(ratings: &[Vec<f64>], row_set: &RowSet, piece: &Piece, column: usize) -> Option<f64> {
    let ratings: Vec<Vec<f64>> = ratings.iter().map(|rater| row_set.pick(rater)).collect();
    let of_repeat =
        |observed: &OutOfFold| prmse_one_way(&ratings, observed.y_hat.column(column).as_slice());
    let by_repeat: Option<Vec<f64>> = piece.observed.iter().map(of_repeat).collect();
    by_repeat.map(|all| all.iter().sum::<f64>() / all.len() as f64)
}
