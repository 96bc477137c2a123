//! Intervals of r2, of its share of the ceiling and of its gain over text length, and the verdicts that rest on them.

use std::collections::BTreeMap;

use ocean_engine::inference::ceiling::{ceiling, error_variance_without_blocks, over_ceiling};
use ocean_engine::inference::comparison::{difference, null_sd};
use ocean_engine::inference::interval::{jackknife_interval, r2_se};
use ocean_engine::inference::verdict::{Evidence, Verdict, false_coverage_level};

use super::fits::Fits;
use super::{Cells, Common, Computed, draws};
use crate::doctor::LENGTH;
use crate::report::model::CellResult;

/// 1 − confidence of the intervals that are reported.
const LEVEL: f64 = 0.05;

impl Cells {
    /// 95 % intervals, and the verdicts with the interval adjusted for the false-coverage rate.
    pub(super) fn add_intervals(
        &mut self,
        common: &Common,
        computed: &[Computed],
        n_family: usize,
    ) {
        let level = common.level;
        let rejected = |cell: &CellResult| cell.p_fwer.is_some_and(|p| p <= level);
        let n_rejected = self.results[..n_family]
            .iter()
            .filter(|cell| rejected(cell))
            .count();
        let adjusted_level = false_coverage_level(level, n_rejected, n_family);
        for (at, cell) in self.results.iter_mut().enumerate() {
            let (piece, column) = self.origin[at];
            let all_empty = Fits::of(&computed[piece].piece, column).all_empty();
            let replicates = &self.replicates[at];
            if !replicates.is_empty() && !all_empty {
                let se = r2_se(replicates, cell.null_sd.unwrap_or(0.0));
                let plain = jackknife_interval(cell.r2, se, replicates.len(), LEVEL);
                let adjusted = jackknife_interval(cell.r2, se, replicates.len(), adjusted_level);
                (cell.se, cell.ci_low, cell.ci_high) =
                    (Some(se), Some(plain.low), Some(plain.high));
                // Of a control nothing is selected.
                if !cell.is_control {
                    (cell.ci_low_fcr, cell.ci_high_fcr) = (Some(adjusted.low), Some(adjusted.high));
                }
            }
            let evidence = Evidence {
                all_empty,
                p_fwer: cell.p_fwer.unwrap_or(1.0),
                level,
                adjusted_interval: cell.ci_low_fcr.zip(cell.ci_high_fcr),
                ci_high: cell.ci_high,
                smallest_effect: common.smallest_effect,
                mde80_r2: cell.mde80_r2,
            };
            if !cell.is_control {
                cell.verdict = Some(Verdict::of(&evidence));
            }
        }
    }

    /// The interval of r2/ceiling: both recomputed without each block. Like r2's own it is at least as wide as that of a null of the same recipe.
    pub(super) fn add_shares_of_ceiling(&mut self, common: &Common, computed: &[Computed]) {
        for (cell, &(at, column)) in self.results.iter_mut().zip(&self.origin) {
            let piece = &computed[at].piece;
            let row_set = &common.row_sets[computed[at].row_set];
            let target = row_set.targets[column];
            let (Some(jackknife), Some(ratings), Some(share), Some(whole)) = (
                &piece.jackknife,
                &common.ratings[target],
                cell.r2_over_ceiling,
                cell.ceiling,
            ) else {
                continue;
            };
            let n_blocks = jackknife.r2.nrows();
            let errors = error_variance_without_blocks(
                ratings,
                &row_set.rows,
                &jackknife.block_of,
                n_blocks,
            );
            let replicates: Option<Vec<f64>> = errors.and_then(|errors| {
                let of_block = |(block, error): (usize, &f64)| {
                    let (r2, baseline) = (
                        jackknife.r2[(block, column)],
                        jackknife.baseline[(block, column)],
                    );
                    over_ceiling(r2, ceiling(*error, baseline))
                };
                errors.iter().enumerate().map(of_block).collect()
            });
            let Some(replicates) = replicates.filter(|_| !Fits::of(piece, column).all_empty())
            else {
                continue;
            };
            let se = r2_se(&replicates, cell.null_sd.unwrap_or(0.0) / whole);
            let interval = jackknife_interval(share, se, n_blocks, LEVEL);
            (cell.r2_over_ceiling_low, cell.r2_over_ceiling_high) =
                (Some(interval.low), Some(interval.high));
        }
    }

    /// r2 minus that of the control `length`, same regressor and target, with the interval of a difference of recipes.
    pub(super) fn add_gain_over_length(&mut self) {
        let key = |cell: &CellResult| (cell.regressor.clone(), cell.target.clone());
        let length: BTreeMap<(String, String), usize> = (0..)
            .zip(&self.results)
            .filter(|(_, cell)| cell.is_control && cell.encoder == LENGTH)
            .map(|(place, cell)| (key(cell), place))
            .collect();
        for at in 0..self.results.len() {
            let of_length = length.get(&key(&self.results[at]));
            let Some(&length) = of_length.filter(|_| !self.results[at].is_control) else {
                continue;
            };
            let gain = self.results[at].r2 - self.results[length].r2;
            let null = minus(draws(&self.statistics, at), draws(&self.statistics, length));
            let replicates = self.both_replicates(at, length);
            let found = replicates
                .and_then(|replicates| difference(gain, &replicates, null_sd(&null), LEVEL));
            let cell = &mut self.results[at];
            cell.gain_over_length = Some(gain);
            if let Some(found) = found {
                (cell.gain_over_length_low, cell.gain_over_length_high) =
                    (Some(found.interval.low), Some(found.interval.high));
            }
        }
    }

    /// r2 of one cell minus r2 of another without each jackknife block; `None` where one of the two has none.
    pub(crate) fn both_replicates(&self, a: usize, b: usize) -> Option<Vec<f64>> {
        let (a, b) = (&self.replicates[a], &self.replicates[b]);
        (!a.is_empty() && a.len() == b.len()).then(|| minus(a, b))
    }
}

/// Pairwise differences, as far as both go.
pub(crate) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
