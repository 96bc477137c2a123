//! Intervals of r2, of its share of the ceiling and of its gain over text length.
//!
//! That of r2 inverts planted effects where there are any; the others, and r2 of controls and of
//! the best of several, have the block jackknife's.

use std::collections::BTreeMap;

use ocean_engine::inference::ceiling::{ceiling, error_variance_without_blocks, over_ceiling};
use ocean_engine::inference::comparison::{
    FittedDifference, difference, inflated_difference, null_sd,
};
pub(super) use ocean_engine::inference::interval::Interval as Bounds;
use ocean_engine::inference::interval::{jackknife_interval, jackknife_se, r2_se};
use ocean_engine::inference::verdict::false_coverage_level;
use ocean_engine::piece::Piece;
use ocean_engine::score::{influence, se_of_influence};
use ocean_report::model::IntervalMethod;

use super::nulls::Nulls;
use super::score::Score;
use super::significance::{Significance, significance};
use super::{Common, PieceResult};
use crate::plan::labels::LENGTH;

/// 1 − confidence of the intervals that are reported.
const LEVEL: f64 = 0.05;

/// The interval of a cell's r2.
pub(super) struct Interval {
    /// 95 %.
    pub plain: Bounds,
    /// Adjusted for the false-coverage rate; of a control nothing is selected.
    pub adjusted: Option<Bounds>,
    /// 95 %, by the block jackknife.
    pub jackknife: Bounds,
    pub method: IntervalMethod,
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

/// 1 − confidence of the widest interval that will be asked for.
pub(super) fn widest_level(common: &Common, nulls: &Nulls, pieces: &[PieceResult]) -> f64 {
    let significance = significance(common, nulls, pieces);
    adjusted_level(common, &significance, nulls.n_family).min(LEVEL)
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
        let jackknife = |level: f64| jackknife_interval(r2, se, n_blocks, level);
        let response = self.result.responses.get(self.column);
        let at = |level: f64| match response {
            Some(response) => {
                let (low, high) = response.interval(level);
                Bounds { se, low, high }
            }
            None => jackknife(level),
        };
        Some(Interval {
            plain: at(LEVEL),
            adjusted: (!self.result.id.is_control()).then(|| at(adjusted_level)),
            jackknife: jackknife(LEVEL),
            method: match response {
                Some(_) => IntervalMethod::Planted,
                None => IntervalMethod::Jackknife,
            },
        })
    }

    /// The interval of r2/ceiling. With planted effects each side is r2's own, divided by the
    /// ceiling, and in quadrature what the ceiling adds: t·SE(ln ceiling)·r2/ceiling, SE of the
    /// jackknife, the rating error and B recomputed without each block. Otherwise that of the
    /// jackknife of the share, at least as wide as that of a null of the same recipe.
    pub fn share_of_ceiling(&self, common: &Common, r2: Option<&Interval>) -> Option<Bounds> {
        let jackknife = self.result.piece.jackknife.as_ref()?;
        let row_set = &common.row_sets[self.result.id.row_set];
        let ratings = common.ratings[row_set.targets[self.column]].as_ref()?;
        let (share, whole) = (self.score.r2_over_ceiling?, self.score.ceiling?);
        let (rows, block_of) = (&row_set.rows, &jackknife.block_of);
        let n_blocks = jackknife.r2.nrows();
        let errors = error_variance_without_blocks(ratings, rows, block_of, n_blocks)?;
        let ceilings: Vec<f64> = errors
            .iter()
            .enumerate()
            .map(|(block, error)| ceiling(*error, jackknife.baseline[(block, self.column)]))
            .collect();
        let of_block = |(block, ceiling): (usize, &f64)| {
            over_ceiling(jackknife.r2[(block, self.column)], *ceiling)
        };
        let shares = ceilings.iter().enumerate().map(of_block);
        let shares: Vec<f64> = shares.collect::<Option<_>>()?;
        // Without a model r2 has no interval either.
        let r2 = r2?;
        let se = r2_se(&shares, self.null_sd / whole);
        let of_shares = jackknife_interval(share, se, n_blocks, LEVEL);
        Some(match r2.method {
            IntervalMethod::Jackknife => of_shares,
            IntervalMethod::Planted => {
                let logs: Vec<f64> = ceilings.iter().map(|ceiling| ceiling.ln()).collect();
                let of_ceiling = jackknife_interval(0.0, jackknife_se(&logs), n_blocks, LEVEL);
                let own = share * of_ceiling.high;
                let below = (self.score.scores.r2 - r2.plain.low) / whole;
                let above = (r2.plain.high - self.score.scores.r2) / whole;
                Bounds {
                    se,
                    low: share - below.hypot(own),
                    high: share + above.hypot(own),
                }
            }
        })
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
        let null = null_sd(&minus(nulls.draws(cell), nulls.draws(length)));
        let place = |cell: usize| nulls.origin[cell];
        let of = |cell: usize| replicates(&pieces[place(cell).0].piece, place(cell).1);
        let pair = [(place(cell), place(length))];
        let found = match fitted_difference(common, pieces, &pair) {
            Some(fitted) => inflated_difference(r2, &[fitted], null, LEVEL),
            None => both(&of(cell), &of(length))
                .and_then(|replicates| difference(r2, &replicates, null, LEVEL)),
        };
        Some(Gain {
            r2,
            interval: found.map(|found| found.interval),
        })
    };
    (0..nulls.origin.len()).map(of_cell).collect()
}

/// A target of a piece: where it is, and which column.
type Place = (usize, usize);

/// What the fitted models say of the mean difference of pairs of cells, all on the same rows;
/// `None` where no effects were planted. Controls have none, and are left out of λ: their few
/// columns spread less than an encoder's.
pub(crate) fn fitted_difference(
    common: &Common,
    pieces: &[PieceResult],
    pairs: &[(Place, Place)],
) -> Option<FittedDifference> {
    let cells = pairs.iter().flat_map(|&(a, b)| [a, b]);
    let inflations = cells
        .filter(|&(at, _)| !pieces[at].id.is_control())
        .map(|(at, column)| Some(pieces[at].responses.get(column)?.inflation()));
    let inflations: Vec<f64> = inflations.collect::<Option<_>>()?;
    let row_set = &common.row_sets[pieces[pairs[0].0.0].id.row_set];
    let own = common.groups.among(row_set.rows.iter().copied());
    let mut mean = vec![0.0; row_set.rows.len()];
    let mut add = |(at, column): Place, sign: f64| {
        let target = row_set.targets[column];
        let y = row_set.pick(common.targets.y().column(target).as_slice());
        let observed = &pieces[at].piece.observed;
        for out_of_fold in observed {
            let psi = influence(&out_of_fold.held_out(column, &y, &[]));
            let share = sign / (observed.len() * pairs.len()) as f64;
            mean.iter_mut()
                .zip(psi)
                .for_each(|(sum, psi)| *sum += share * psi);
        }
    };
    for &(a, b) in pairs {
        add(a, 1.0);
        add(b, -1.0);
    }
    Some(FittedDifference {
        n_targets: pairs.len(),
        naive: se_of_influence(&mean, Some(own.of_row())),
        inflation: inflations.into_iter().fold(1.0, f64::max),
        n_groups: own.n_groups(),
    })
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
