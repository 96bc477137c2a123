//! Intervals of r2, of its share of the ceiling and of its gain over text length.

use std::collections::BTreeMap;

use ocean_engine::inference::ceiling::{ceiling, error_variance_without_blocks, over_ceiling};
use ocean_engine::inference::comparison::{difference, null_sd};
pub(super) use ocean_engine::inference::interval::Interval as Bounds;
use ocean_engine::inference::interval::{jackknife_interval, r2_se};
use ocean_engine::inference::verdict::false_coverage_level;
use ocean_engine::piece::Piece;

use super::nulls::Nulls;
use super::score::Score;
use super::significance::Significance;
use super::{Common, PieceResult};
use crate::plan::labels::LENGTH;

/// 1 − confidence of the intervals that are reported.
const LEVEL: f64 = 0.05;

/// The interval of a cell's r2.
pub(super) struct Interval {
    pub se: f64,
    /// 95 %.
    pub plain: Bounds,
    /// Adjusted for the false-coverage rate; of a control nothing is selected.
    pub adjusted: Option<Bounds>,
}

/// r2 minus that of the control `length`, same regressor and target.
pub(super) struct Gain {
    pub r2: f64,
    /// 95 %.
    pub interval: Option<Bounds>,
}

/// Of one cell what the jackknife says.
pub(super) struct Cell<'a> {
    pub result: &'a PieceResult,
    pub column: usize,
    pub score: &'a Score,
    pub null_sd: f64,
    /// No split has a model.
    pub all_empty: bool,
}

/// The level of the adjusted intervals: of R significant cells among J.
pub(super) fn adjusted_level(common: &Common, cells: &[Significance], n_family: usize) -> f64 {
    let is_rejected = |cell: &&Significance| {
        let adjusted = cell.adjusted.as_ref();
        adjusted.is_some_and(|adjusted| adjusted.p_fwer <= common.level)
    };
    let n_rejected = cells.iter().filter(is_rejected).count();
    false_coverage_level(common.level, n_rejected, n_family)
}

impl Cell<'_> {
    /// The interval of r2; `None` without a jackknife or a model.
    pub fn interval(&self, adjusted_level: f64) -> Option<Interval> {
        let replicates = replicates(&self.result.piece, self.column);
        if replicates.is_empty() || self.all_empty {
            return None;
        }
        let (r2, n_blocks) = (self.score.scores.r2, replicates.len());
        let se = r2_se(&replicates, self.null_sd);
        let adjusted = jackknife_interval(r2, se, n_blocks, adjusted_level);
        Some(Interval {
            se,
            plain: jackknife_interval(r2, se, n_blocks, LEVEL),
            adjusted: (!self.result.id.is_control()).then_some(adjusted),
        })
    }

    /// The interval of r2/ceiling: both recomputed without each block. Like r2's own it is at least
    /// as wide as that of a null of the same recipe.
    pub fn share_of_ceiling(&self, common: &Common) -> Option<Bounds> {
        let jackknife = self.result.piece.jackknife.as_ref()?;
        let row_set = &common.row_sets[self.result.id.row_set];
        let ratings = common.ratings[row_set.targets[self.column]].as_ref()?;
        let (share, whole) = (self.score.r2_over_ceiling?, self.score.ceiling?);
        let (rows, block_of) = (&row_set.rows, &jackknife.block_of);
        let n_blocks = jackknife.r2.nrows();
        let errors = error_variance_without_blocks(ratings, rows, block_of, n_blocks)?;
        let of_block = |(block, error): (usize, &f64)| {
            let at = (block, self.column);
            over_ceiling(jackknife.r2[at], ceiling(*error, jackknife.baseline[at]))
        };
        let replicates: Vec<f64> = errors
            .iter()
            .enumerate()
            .map(of_block)
            .collect::<Option<_>>()?;
        if self.all_empty {
            return None;
        }
        let se = r2_se(&replicates, self.null_sd / whole);
        Some(jackknife_interval(share, se, n_blocks, LEVEL))
    }
}

/// r2 of a target of a piece without each block; empty where there is no jackknife.
pub(super) fn replicates(piece: &Piece, column: usize) -> Vec<f64> {
    let jackknife = piece.jackknife.as_ref();
    jackknife.map_or(Vec::new(), |all| {
        all.r2.column(column).iter().copied().collect()
    })
}

/// Of each cell of the family its gain over text length, with the interval of a difference of
/// recipes; `None` where there is no such control.
pub(super) fn gains_over_length(
    common: &Common,
    nulls: &Nulls,
    pieces: &[PieceResult],
    scores: &[Score],
) -> Vec<Option<Gain>> {
    let key = |cell: usize| {
        let (at, column) = nulls.origin[cell];
        let id = &pieces[at].id;
        let target = common.row_sets[id.row_set].targets[column];
        (id.regressor.as_str(), target)
    };
    let is_length = |cell: &usize| {
        let id = &pieces[nulls.origin[*cell].0].id;
        id.is_control() && id.encoder == LENGTH
    };
    let controls = nulls.n_family..nulls.origin.len();
    let length: BTreeMap<(&str, usize), usize> = controls
        .filter(is_length)
        .map(|cell| (key(cell), cell))
        .collect();
    let of_cell = |cell: usize| {
        let &length = length.get(&key(cell)).filter(|_| cell < nulls.n_family)?;
        let r2 = scores[cell].scores.r2 - scores[length].scores.r2;
        let null = minus(nulls.draws(cell), nulls.draws(length));
        let of = |cell: usize| {
            let (at, column) = nulls.origin[cell];
            replicates(&pieces[at].piece, column)
        };
        let found = both(&of(cell), &of(length))
            .and_then(|replicates| difference(r2, &replicates, null_sd(&null), LEVEL));
        Some(Gain {
            r2,
            interval: found.map(|found| found.interval),
        })
    };
    (0..nulls.origin.len()).map(of_cell).collect()
}

/// r2 of one cell minus r2 of another without each jackknife block; `None` where one of the two has
/// none.
pub(crate) fn both(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    (!a.is_empty() && a.len() == b.len()).then(|| minus(a, b))
}

/// Pairwise differences, as far as both go.
pub(crate) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
