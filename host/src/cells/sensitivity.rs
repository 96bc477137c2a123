//! What the study would have found: mde80 of each recipe, at the critical value of the family.

use ocean_engine::EngineError;
use ocean_engine::inference::sensitivity::{critical_maximum, critical_pooled, null_moments};
use ocean_engine::inference::sequential::LEAST_DRAWS;

use super::{Cells, Common, Computed, Found, add_note, draws, gather};

/// A critical value needs 1/level permutations; without a joint null distribution, for a single cell's share of the level.
const TOO_FEW_FOR_SENSITIVITY: &str = "no mde80: too few permutations for the level";

/// The critical r2 of every target of each computed piece: what a planted effect must exceed to be found. `None` for controls and where the permutations are
/// too few.
///
/// # Errors
/// As [`super::assemble`].
pub fn critical_r2(
    common: &Common,
    computed: &[Computed],
) -> Result<Vec<Option<Vec<f64>>>, EngineError> {
    if common.n_permutations == 0 {
        return Ok(vec![None; computed.len()]);
    }
    let cells = gather(common, computed)?;
    let n_family = cells.n_family();
    let critical = if common.is_adaptive {
        cells.critical_without_joint_null(common, n_family)
    } else {
        cells.critical_of_max_t(common, n_family)
    };
    let of_piece = |at: usize| -> Option<Vec<f64>> {
        let cells = (0..n_family).filter(|&cell| cells.origin[cell].0 == at);
        let critical: Option<Vec<f64>> = cells.map(|cell| critical[cell]).collect();
        critical.filter(|critical| !critical.is_empty())
    };
    Ok((0..computed.len()).map(of_piece).collect())
}

impl Cells {
    /// mde80 of each encoder × regressor × row set.
    pub(super) fn add_sensitivity(&mut self, computed: &[Computed], n_family: usize) {
        for cell in 0..n_family {
            let result = &mut self.results[cell];
            match computed[self.origin[cell].0].sensitivity {
                Found::Unasked => {}
                Found::NoCriticalValue => add_note(&mut result.notes, TOO_FEW_FOR_SENSITIVITY),
                Found::Planted(found) => {
                    (result.mde80, result.mde80_r2) = (found.mde80, found.mde80_r2);
                }
            }
        }
    }

    /// The r2 that each cell of the family must exceed, by the null distribution of the maximum.
    fn critical_of_max_t(&self, common: &Common, n_family: usize) -> Vec<Option<f64>> {
        let n_samples: Vec<usize> = self.results.iter().map(|cell| cell.n).collect();
        let family = self.statistics.columns(0, n_family);
        let critical = critical_maximum(family, &n_samples[..n_family], common.level);
        (0..n_family)
            .map(|cell| {
                let (centre, spread) = null_moments(
                    &self.statistics.column(cell).as_slice()[1..],
                    n_samples[cell],
                );
                Some(centre + spread * critical?)
            })
            .collect()
    }

    /// The same where cells have stopped at different permutations: Holm's first step, level α/J for a single cell, by the z of all targets of the cell's
    /// encoder and regressor together, from the permutations that every cell has. `None` where even those are too few for that level.
    fn critical_without_joint_null(&self, common: &Common, n_family: usize) -> Vec<Option<f64>> {
        let common_draws = |cell: usize| {
            let null = draws(&self.statistics, cell);
            (&null[..null.len().min(LEAST_DRAWS)], self.results[cell].n)
        };
        let recipe = |cell: usize| (&self.results[cell].encoder, &self.results[cell].regressor);
        (0..n_family)
            .map(|cell| {
                let nulls: Vec<(&[f64], usize)> = (0..n_family)
                    .filter(|&other| recipe(other) == recipe(cell))
                    .map(common_draws)
                    .collect();
                let critical = critical_pooled(&nulls, common.level / n_family as f64)?;
                let (null, n) = common_draws(cell);
                let (centre, spread) = null_moments(null, n);
                Some(centre + spread * critical)
            })
            .collect()
    }
}
