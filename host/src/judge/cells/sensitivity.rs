//! What the study would have found: the critical r2 of each cell, which a planted effect must
//! exceed.

use ocean_engine::inference::sensitivity::{critical_maximum, critical_pooled, null_moments};
use ocean_engine::inference::sequential::LEAST_DRAWS;

use super::intervals::widest_level;
use super::nulls::Nulls;
use super::{Common, PieceResult};

/// What planted effects are compared with.
pub struct Questions {
    /// The critical r2 of every target of each piece: what a planted effect must exceed to be
    /// found. `None` for controls and where the permutations are too few.
    pub critical: Vec<Option<Vec<f64>>>,
    /// 1 − confidence of the widest interval that will be asked for.
    pub level: f64,
}

impl Questions {
    /// From the permutations of the whole family.
    pub fn of(common: &Common, pieces: &[PieceResult]) -> Self {
        let nulls = Nulls::of(common, pieces);
        Self {
            critical: critical_r2(common, &nulls, pieces),
            level: widest_level(common, &nulls, pieces),
        }
    }
}

fn critical_r2(common: &Common, nulls: &Nulls, pieces: &[PieceResult]) -> Vec<Option<Vec<f64>>> {
    if common.n_permutations == 0 {
        return vec![None; pieces.len()];
    }
    let critical = match common.is_adaptive {
        true => critical_without_joint_null(common, nulls, pieces),
        false => critical_of_max_t(common, nulls),
    };
    let of_piece = |at: usize| -> Option<Vec<f64>> {
        let cells = (0..nulls.n_family).filter(|&cell| nulls.origin[cell].0 == at);
        let critical: Option<Vec<f64>> = cells.map(|cell| critical[cell]).collect();
        critical.filter(|critical| !critical.is_empty())
    };
    (0..pieces.len()).map(of_piece).collect()
}

/// The r2 that each cell of the family must exceed, by the null distribution of the maximum.
fn critical_of_max_t(common: &Common, nulls: &Nulls) -> Vec<Option<f64>> {
    let n_samples = &nulls.n_samples[..nulls.n_family];
    let family = nulls.statistics.columns(0, nulls.n_family);
    let critical = critical_maximum(family, n_samples, common.level);
    let of_cell = |cell: usize| {
        let null = &nulls.statistics.column(cell);
        let (centre, spread) = null_moments(&null.as_slice()[1..], n_samples[cell]);
        Some(centre + spread * critical?)
    };
    (0..nulls.n_family).map(of_cell).collect()
}

/// The same where cells have stopped at different permutations: Holm's first step, level α/J for a
/// single cell, by the z of all targets of the cell's encoder and regressor together, from the
/// permutations that every cell has. `None` where even those are too few for that level.
fn critical_without_joint_null(
    common: &Common,
    nulls: &Nulls,
    pieces: &[PieceResult],
) -> Vec<Option<f64>> {
    let common_draws = |cell: usize| {
        let null = nulls.draws(cell);
        (&null[..null.len().min(LEAST_DRAWS)], nulls.n_samples[cell])
    };
    let recipe = |cell: usize| pieces[nulls.origin[cell].0].id.recipe();
    let family = 0..nulls.n_family;
    let of_cell = |cell: usize| {
        let alike = family
            .clone()
            .filter(|&other| recipe(other) == recipe(cell));
        let pooled: Vec<(&[f64], usize)> = alike.map(common_draws).collect();
        let critical = critical_pooled(&pooled, common.level / nulls.n_family as f64)?;
        let (null, n) = common_draws(cell);
        let (centre, spread) = null_moments(null, n);
        Some(centre + spread * critical)
    };
    family.clone().map(of_cell).collect()
}
