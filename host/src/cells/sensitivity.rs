//! What the study would have found: mde80 of each recipe, at the critical value of the family.

use ocean_engine::inference::sensitivity::{
    critical_maximum, critical_pooled, null_moments, sensitivity,
};
use ocean_engine::inference::sequential::LEAST_DRAWS;

use super::{Cells, Common, Computed, add_note, draws};

/// Without a joint null distribution a critical value needs permutations for a single cell's share of the level.
const TOO_FEW_FOR_SENSITIVITY: &str =
    "no mde80: too few permutations for the level of a single cell";

impl Cells {
    /// mde80 of each encoder × regressor × row set, at the critical value of the family.
    pub(super) fn add_sensitivity(
        &mut self,
        common: &Common,
        computed: &[Computed],
        n_family: usize,
    ) {
        let critical_r2 = if common.is_adaptive {
            self.critical_without_joint_null(common, n_family)
        } else {
            self.critical_of_max_t(common, n_family)
        };
        for (at, computed) in computed.iter().enumerate() {
            if computed.is_control || computed.piece.planted.is_empty() {
                continue;
            }
            let of_piece: Vec<usize> = (0..n_family)
                .filter(|&cell| self.origin[cell].0 == at)
                .collect();
            let critical: Option<Vec<f64>> =
                of_piece.iter().map(|&cell| critical_r2[cell]).collect();
            let Some(critical) = critical else {
                for cell in of_piece.into_iter().filter(|_| common.is_adaptive) {
                    add_note(&mut self.results[cell].notes, TOO_FEW_FOR_SENSITIVITY);
                }
                continue;
            };
            let found = sensitivity(&computed.piece.planted, &critical);
            for cell in of_piece {
                self.results[cell].mde80 = found.mde80;
                self.results[cell].mde80_r2 = found.mde80_r2;
            }
        }
    }

    /// The r2 that each cell of the family must exceed, by the null distribution of the maximum.
    fn critical_of_max_t(&self, common: &Common, n_family: usize) -> Vec<Option<f64>> {
        let n_samples: Vec<usize> = self.results.iter().map(|cell| cell.n).collect();
        let family = self.statistics.columns(0, n_family).into_owned();
        let critical = critical_maximum(&family, &n_samples[..n_family], common.level);
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
