//! r2 of the ranks of the targets, which no rare large value decides.

use nalgebra::DMatrix;

use super::{Item, Keep, PieceError, PieceRun, Watch, kept};
use crate::best::{BestOf, build_designs};
use crate::doctor::ranks;
use crate::error::EngineError;
use crate::evaluate::r2_of_columns;
use crate::score::mean_and_sd;

/// r2 of the ranks of each target, or what the regressor cannot do with them.
pub type Ranks = Result<Vec<f64>, EngineError>;

/// Columns of a block, as of a replicate, which has one column a target, too.
const RANKED_COLUMNS: usize = 8;

impl PieceRun<'_> {
    /// r2 of the whole recipe on the ranks of each target, same folds, mean over repeats; covariates
    /// as they are. What the regressor cannot do with ranks costs this r2 and not the piece.
    ///
    /// It shows a regressor what is next to the observed y, and comes after all permutations.
    /// `recipes`: those of the repeats from `first` to the last; earlier ones are prepared again.
    pub(super) fn ranks<K: Keep>(
        &self,
        first: usize,
        recipes: &[BestOf],
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Option<Ranks>, PieceError<K::Error>> {
        if !self.work.ranks {
            return Ok(None);
        }
        let (y, repeats) = (self.ranked(), self.repeats());
        let mut mean = vec![0.0; y.ncols()];
        for repeat in 0..repeats {
            let ready = repeat.checked_sub(first).and_then(|at| recipes.get(at));
            let numbers = kept(keep, watch, Item::Ranks { repeat }, y.ncols(), || {
                self.ranks_in(repeat, ready, &y)
            });
            match numbers {
                Ok(r2) => {
                    let both = mean.iter_mut().zip(r2);
                    both.for_each(|(mean, r2)| *mean += r2 / repeats as f64);
                }
                // A regressor that is stopped fails, too.
                Err(PieceError::Engine(error)) if !watch.is_stopped() => {
                    watch.done((repeats - repeat) as u64);
                    return Ok(Some(Err(error)));
                }
                Err(error) => return Err(error),
            }
            watch.done(1);
        }
        Ok(Some(Ok(mean)))
    }

    /// r2 of one repeat.
    fn ranks_in(
        &self,
        repeat: usize,
        ready: Option<&BestOf>,
        y: &DMatrix<f64>,
    ) -> Result<Vec<f64>, EngineError> {
        if let Some(recipe) = ready {
            return r2_of_columns(recipe, y, RANKED_COLUMNS);
        }
        let designs = build_designs(self.contenders, &self.permuted.row_set.rows, repeat)?;
        let recipe = BestOf::prepare(&designs, self.contenders)?;
        r2_of_columns(&recipe, y, RANKED_COLUMNS)
    }

    /// The ranks of each target of the row set among its rows, n_samples × targets.
    fn ranked(&self) -> DMatrix<f64> {
        let (targets, row_set) = (self.permuted.targets, self.permuted.row_set);
        let columns = row_set.targets.iter().flat_map(|&target| {
            let y = targets.y().column(target);
            scaled_ranks(&row_set.pick(y.as_slice()))
        });
        DMatrix::from_iterator(row_set.rows.len(), row_set.targets.len(), columns)
    }
}

/// Ranks (equal values share the mean of theirs) with the mean 0 and the standard deviation of the
/// values: a regressor may have parameters in the units of y.
fn scaled_ranks(y: &[f64]) -> Vec<f64> {
    let ranks = ranks(y);
    let (centre, of_ranks) = mean_and_sd(&ranks, 0);
    let scale = mean_and_sd(y, 0).1 / of_ranks;
    let scale = if scale > 0.0 && scale.is_finite() {
        scale
    } else {
        1.0
    };
    ranks.iter().map(|rank| (rank - centre) * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_the_scale_of_the_values() {
        // Ranks 1, 2.5, 2.5, 4 are −1.5, 0, 0, 1.5 around their mean, with squares of mean 1.125;
        // deviations of the values are −4, −1, −1, 6 with squares of mean 13.5: √12 times as wide.
        let expected = [-1.5, 0.0, 0.0, 1.5].map(|rank| rank * 12f64.sqrt());
        let found = scaled_ranks(&[1.0, 4.0, 4.0, 11.0]);
        let both = found.iter().zip(expected);
        assert!(both.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
        // Two values are their own ranks.
        let two = scaled_ranks(&[0.0, 1.0, 0.0, 0.0]);
        let both = two.iter().zip([-0.25, 0.75, -0.25, -0.25]);
        assert!(both.into_iter().all(|(a, b)| (a - b).abs() < 1e-15));
    }
}
