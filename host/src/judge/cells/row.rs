//! One row of `results.csv`, put together from its parts in one expression.

use ocean_engine::inference::sensitivity::Sensitivity;
use ocean_engine::inference::verdict::{Evidence, Verdict};
use ocean_report::model::CellResult;

use super::fits::FitSummary;
use super::intervals::{Bounds, Gain, Interval};
use super::nulls::NullSummary;
use super::score::Score;
use super::significance::Significance;
use super::{Common, Detectable, PieceResult};

/// A critical value needs 1/level permutations; without a joint null distribution, for a single
/// cell's share of the level.
const TOO_FEW_FOR_SENSITIVITY: &str = "no mde80: too few permutations for the level";

/// Everything about one cell.
pub(super) struct Parts<'a> {
    pub common: &'a Common<'a>,
    pub result: &'a PieceResult,
    /// Column of Y.
    pub target: usize,
    pub score: Score,
    pub fits: FitSummary,
    pub null: NullSummary,
    pub significance: &'a Significance,
    pub interval: Option<Interval>,
    pub share_of_ceiling: Option<Bounds>,
    pub gain: Option<Gain>,
}

impl Parts<'_> {
    pub fn into_row(self) -> CellResult {
        let verdict = self.verdict();
        let Self {
            common,
            result,
            target,
            score,
            fits,
            null,
            significance,
            interval,
            share_of_ceiling,
            gain,
        } = self;
        let n_train = result.piece.n_train;
        let (n_features, scores) = (result.n_features, score.scores);
        let beside = score.beside_covariates;
        let adjusted_p = significance.adjusted.as_ref();
        let plain = interval.as_ref().map(|interval| interval.plain);
        let adjusted = interval.as_ref().and_then(|interval| interval.adjusted);
        let gain_interval = gain.as_ref().and_then(|gain| gain.interval);
        let detectable = detectable(result);
        let two_values = score.two_values.as_ref();
        let of_auc = two_values.and_then(|scores| scores.interval);
        CellResult {
            encoder: result.id.encoder.clone(),
            regressor: result.id.regressor.clone(),
            target: common.target_names[target].clone(),
            n: score.n,
            n_train,
            n_features,
            n_groups: score.n_groups,
            folds: common.folds.n_folds() as u32,
            repeats: common.folds.repeats() as u32,
            r2: scores.r2,
            se: interval.as_ref().map(|interval| interval.jackknife.se),
            ci_low: plain.map(|bounds| bounds.low),
            ci_high: plain.map(|bounds| bounds.high),
            ci_low_fcr: adjusted.map(|bounds| bounds.low),
            ci_high_fcr: adjusted.map(|bounds| bounds.high),
            se_naive: score.se_naive,
            r2_fold_sd: score.r2_fold_sd,
            r2_test_mean: scores.r2_test_mean,
            r2_fold_mean: scores.r2_fold_mean,
            r2_oosse: scores.r2_oosse,
            pearson_r: scores.pearson_r,
            calibration_slope: scores.calibration_slope,
            rmse: scores.rmse,
            mae: scores.mae,
            rmse_baseline: scores.rmse_baseline,
            p: significance.p,
            p_floor: significance.floor,
            permutations: significance.permutations,
            ties: significance.ties,
            p_fwer: adjusted_p.map(|p| p.p_fwer),
            correction: adjusted_p.map(|p| p.correction),
            q_bh: adjusted_p.map(|p| p.q_bh),
            p_holm: adjusted_p.map(|p| p.p_holm),
            null_mean: null.mean,
            null_sd: null.sd,
            mde80: detectable.and_then(|found| found.mde80),
            mde80_r2: detectable.and_then(|found| found.mde80_r2),
            ceiling: score.ceiling,
            r2_over_ceiling: score.r2_over_ceiling,
            gain_over_length: gain.as_ref().map(|gain| gain.r2),
            alpha_median: fits.alpha_median,
            l1_ratio_median: fits.l1_ratio_median,
            nonzero_median: fits.nonzero_median,
            sparsity: fits
                .nonzero_median
                .map(|nonzero| 1.0 - nonzero / n_features as f64),
            empty_fits: fits.empty,
            grid_edge_fits: fits.at_grid_edge,
            unconverged_fits: fits.unconverged,
            feature_sample_ratio: n_features as f64 / n_train,
            verdict,
            r2_partial: beside.map(|scores| scores.r2_partial),
            r2_covariates: beside.map(|scores| scores.r2_covariates),
            r2_total: beside.map(|scores| scores.r2_total),
            r2_increment: beside.map(|scores| scores.r2_increment),
            prmse_rsmtool: score.prmse_rsmtool,
            r2_over_ceiling_low: share_of_ceiling.map(|bounds| bounds.low),
            r2_over_ceiling_high: share_of_ceiling.map(|bounds| bounds.high),
            gain_over_length_low: gain_interval.map(|bounds| bounds.low),
            gain_over_length_high: gain_interval.map(|bounds| bounds.high),
            r2_ranks: score.r2_ranks,
            spearman_r: score.spearman_r,
            auc: two_values.and_then(|scores| scores.auc),
            auc_low: of_auc.map(|(low, _)| low),
            auc_high: of_auc.map(|(_, high)| high),
            balanced_accuracy: two_values.map(|scores| scores.balanced_accuracy),
            base_rate: two_values.map(|scores| scores.base_rate),
            notes: notes(score.notes, result),
            is_best: result.id.is_best(),
            is_control: result.id.is_control(),
            p_interval: significance.interval,
            null_interval: null.interval,
            r2_by_fold: score.r2_by_fold,
            null_histogram: null.histogram,
            ci_low_jackknife: interval.as_ref().map(|interval| interval.jackknife.low),
            ci_high_jackknife: interval.as_ref().map(|interval| interval.jackknife.high),
            ci_method: interval.as_ref().map(|interval| interval.method),
        }
    }

    /// Controls get none.
    fn verdict(&self) -> Option<Verdict> {
        let interval = self.interval.as_ref();
        let adjusted = interval.and_then(|interval| interval.adjusted);
        let adjusted_p = self.significance.adjusted.as_ref();
        let evidence = Evidence {
            all_empty: self.fits.all_empty,
            p_fwer: adjusted_p.map_or(1.0, |p| p.p_fwer),
            level: self.common.level,
            adjusted_interval: adjusted.map(|bounds| (bounds.low, bounds.high)),
            ci_high: interval.map(|interval| interval.plain.high),
            smallest_effect: self.common.smallest_effect,
            mde80_r2: detectable(self.result).and_then(|found| found.mde80_r2),
        };
        (!self.result.id.is_control()).then(|| Verdict::of(&evidence))
    }
}

fn detectable(result: &PieceResult) -> Option<Sensitivity> {
    match &result.sensitivity {
        Detectable::Planted(found) => Some(*found),
        Detectable::Unasked | Detectable::NoCriticalValue | Detectable::Failed(_) => None,
    }
}

fn notes(mut notes: Vec<String>, result: &PieceResult) -> String {
    match &result.sensitivity {
        Detectable::NoCriticalValue => notes.push(TOO_FEW_FOR_SENSITIVITY.to_owned()),
        Detectable::Failed(reason) => notes.push(format!("no mde80: {reason}")),
        Detectable::Unasked | Detectable::Planted(_) => {}
    }
    notes.join("; ")
}
