//! Whether machines that share a study compute the same: r2 that each of them computed as well.

use ocean_engine::score::r2;

use super::RunError;
use super::evaluator::Evaluator;
use super::pieces::PieceId;
use crate::judge::cells::PieceResult;

/// Largest difference of an r2 between two machines, relative to 1 or r2, whichever is larger.
/// Other instructions (a fused multiplication, wider vectors) round differently, about 1e-15 each,
/// and errors of sums over a thousand rows stay far below this; another data set, model or plugin
/// does not.
pub(crate) const SAME_R2: f64 = 1e-10;

/// Differences that are shown.
const MOST_SHOWN: usize = 12;

/// r2 of one repeat of a piece as another machine computed it.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    /// The name of the piece.
    pub piece: String,
    pub repeat: usize,
    pub slot: Slot,
    /// Every target of the row set.
    pub r2: Vec<f64>,
    /// The file that says so, and the machine.
    pub by: String,
}

/// Which r2 of a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// That of slot 0.
    Zero,
    /// The observed one: in files of shards from before it had a secret place.
    Observed,
}

impl Evaluator<'_> {
    /// Refuses what was computed on a machine whose r2 is not ours.
    pub(super) fn compare_canaries(
        &self,
        results: &[PieceResult],
        canaries: &[Canary],
    ) -> Result<(), RunError> {
        let mut different = Vec::new();
        for result in results {
            let name = result.id.to_string();
            for canary in canaries.iter().filter(|canary| canary.piece == name) {
                different.extend(self.difference(result, canary)?);
            }
        }
        if different.is_empty() {
            return Ok(());
        }
        if different.len() > MOST_SHOWN {
            let more = format!("  and {} more", different.len() - MOST_SHOWN);
            different.truncate(MOST_SHOWN);
            different.push(more);
        }
        Err(RunError::UnlikeMachines { different })
    }

    fn difference(
        &self,
        result: &PieceResult,
        canary: &Canary,
    ) -> Result<Option<String>, RunError> {
        let PieceId {
            encoder, regressor, ..
        } = &result.id;
        let ours = self.ours(result, canary)?;
        Ok(first_difference(&ours, &canary.r2).map(|at| {
            let target = self.arrangement.row_sets[result.id.row_set].targets.get(at);
            let target = target.map_or("", |&target| &self.arrangement.target_names[target]);
            format!(
                "  {}: {encoder} × {regressor}, target `{target}`: {}, here {}",
                canary.by,
                shown(&canary.r2, at),
                shown(&ours, at)
            )
        }))
    }

    /// The same numbers as this machine has them; none of a repeat that the study does not have.
    fn ours(&self, result: &PieceResult, canary: &Canary) -> Result<Vec<f64>, RunError> {
        let (piece, repeat) = (&result.piece, canary.repeat);
        if canary.slot == Slot::Zero {
            return Ok(piece.slot_zero.get(repeat).cloned().unwrap_or_default());
        }
        let Some(observed) = piece.observed.get(repeat) else {
            return Ok(Vec::new());
        };
        let row_set = &self.arrangement.row_sets[result.id.row_set];
        let of_column = |(column, &target): (usize, &usize)| {
            let y = row_set.pick(self.arrangement.targets.y().column(target).as_slice());
            let (y_hat, y_bar) = (observed.y_hat.column(column), observed.y_bar.column(column));
            Ok(r2(&y, y_hat.as_slice(), y_bar.as_slice())?)
        };
        row_set.targets.iter().enumerate().map(of_column).collect()
    }
}

/// Where two machines differ by more than rounding, or one has a number and the other none.
fn first_difference(ours: &[f64], theirs: &[f64]) -> Option<usize> {
    // NaN is never near anything.
    let is_near =
        |(ours, theirs): (&f64, &f64)| (ours - theirs).abs() <= SAME_R2 * ours.abs().max(1.0);
    let both = ours.iter().zip(theirs);
    both.clone()
        .position(|pair| !is_near(pair))
        .or_else(|| (ours.len() != theirs.len()).then_some(both.len()))
}

fn shown(r2: &[f64], at: usize) -> String {
    r2.get(at).map_or("none".to_owned(), f64::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_difference_and_anything_else_is() {
        let near = |theirs: &[f64]| first_difference(&[0.25, -1e6], theirs);
        assert_eq!(near(&[0.25, -1e6]), None);
        // Relative to 1, or to r2 where that is larger.
        assert_eq!(near(&[0.25 + 9e-11, -1e6 - 9e-5]), None);
        assert_eq!(near(&[0.25 + 2e-10, -1e6]), Some(0));
        assert_eq!(near(&[0.25, -1e6 - 2e-4]), Some(1));
        assert_eq!(near(&[0.25, f64::NAN]), Some(1));
        // A number that one of them does not have.
        assert_eq!(near(&[0.25]), Some(1));
        assert_eq!(near(&[0.25, -1e6, 0.0]), Some(2));
        assert_eq!(near(&[]), Some(0));
    }
}
