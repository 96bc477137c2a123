//! Whether machines that share a study compute the same: r2 that each of them computed as well.

use ocean_engine::score::r2;

use super::RunError;
use super::evaluator::Evaluator;
use crate::judge::cells::PieceResult;

/// Largest difference of an r2 between two machines, relative to 1 or r2, whichever is larger.
/// Other instructions (a fused multiplication, wider vectors) round differently, about 1e-15 each,
/// and errors of sums over a thousand rows stay far below this; another data set, model or plugin
/// does not.
pub(crate) const SAME_R2: f64 = 1e-10;

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
        different.truncate(12);
        Err(RunError::UnlikeMachines { different })
    }

    fn difference(
        &self,
        result: &PieceResult,
        canary: &Canary,
    ) -> Result<Option<String>, RunError> {
        let row_set = &self.arrangement.row_sets[result.id.row_set];
        for (column, (&target, &theirs)) in row_set.targets.iter().zip(&canary.r2).enumerate() {
            let Some(ours) = self.ours(result, canary, column)? else {
                continue;
            };
            // NaN is never near anything.
            let is_near = (ours - theirs).abs() <= SAME_R2 * ours.abs().max(1.0);
            if !is_near {
                return Ok(Some(format!(
                    "  {}: {} × {}, target `{}`: {theirs}, here {ours}",
                    canary.by,
                    result.id.encoder,
                    result.id.regressor,
                    self.arrangement.target_names[target]
                )));
            }
        }
        Ok(None)
    }

    fn ours(
        &self,
        result: &PieceResult,
        canary: &Canary,
        column: usize,
    ) -> Result<Option<f64>, RunError> {
        if canary.slot == Slot::Zero {
            let of_repeat = result.piece.slot_zero.get(canary.repeat);
            return Ok(of_repeat.and_then(|r2| r2.get(column)).copied());
        }
        let Some(observed) = result.piece.observed.get(canary.repeat) else {
            return Ok(None);
        };
        let row_set = &self.arrangement.row_sets[result.id.row_set];
        let y = self.arrangement.targets.y().column(row_set.targets[column]);
        let y: Vec<f64> = row_set.rows.iter().map(|&row| y[row]).collect();
        let (y_hat, y_bar) = (observed.y_hat.column(column), observed.y_bar.column(column));
        Ok(Some(r2(&y, y_hat.as_slice(), y_bar.as_slice())?))
    }
}
