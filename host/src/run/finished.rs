//! The finished run: built once, and from then on only read, by the doctor, the tables, the
//! pictures, the models and provenance.

use ocean_engine::nested::OutOfFold;
use ocean_engine::score::HeldOut;
use ocean_report::model::{CellResult, ComparisonResult, FailedCell};

use crate::encode::sources::{Embedded, Sources};
use crate::judge::cells::{Cells, PieceResult};
use crate::judge::test_sample::Tested;
use crate::judge::words::Words;
use crate::plan::Plan;
use crate::read::arrangement::Arrangement;
use crate::read::dataset::{Analysed, Dataset};
use crate::read::test_rows::TestRows;

/// Everything that was asked for, read and found.
pub struct FinishedRun<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// Rows as read.
    pub read: &'a Dataset,
    /// Rows of the analysis.
    pub analysed: &'a Analysed<'a>,
    /// Folds and permutations.
    pub arrangement: &'a Arrangement,
    /// Encoders and regressors.
    pub sources: &'a Sources,
    /// Vectors, one matrix an encoder.
    pub embedded: &'a [Embedded],
    /// What came out of each piece.
    pub pieces: Vec<PieceResult>,
    /// Rows of results.csv, with the matrices behind them.
    pub cells: Cells,
    /// Pairs of recipes.
    pub comparisons: Vec<ComparisonResult>,
    /// The rows that were tested on, and what came of it.
    pub test: Option<(&'a TestRows<'a>, Tested)>,
    /// Which words go with the targets, where that was asked for.
    pub words: Option<Words>,
    /// Cells that were planned and have no result.
    pub failed: Vec<FailedCell>,
}

/// One cell's target and folds, first repeat.
pub(crate) struct CellRows {
    pub y: Vec<f64>,
    pub fold_of: Vec<usize>,
}

impl CellRows {
    /// The rows with what was predicted for them: target `column` of a piece.
    pub(crate) fn held_out<'a>(&'a self, observed: &'a OutOfFold, column: usize) -> HeldOut<'a> {
        observed.held_out(column, &self.y, &self.fold_of)
    }
}

impl FinishedRun<'_> {
    /// The piece of a cell, and which of its targets the cell is.
    pub(crate) fn piece_of(&self, cell: usize) -> (&PieceResult, usize) {
        let (at, column) = self.cells.origin[cell];
        (&self.pieces[at], column)
    }

    /// The rows of a cell.
    pub(crate) fn rows_of(&self, cell: usize) -> CellRows {
        let (result, column) = self.piece_of(cell);
        let row_set = &self.arrangement.row_sets[result.id.row_set];
        let y = self.arrangement.targets.y();
        CellRows {
            y: row_set.pick(y.column(row_set.targets[column]).as_slice()),
            fold_of: row_set.pick(self.arrangement.folds.of_row(0)),
        }
    }

    /// The cells of the family.
    pub(crate) fn family(&self) -> impl Iterator<Item = usize> + '_ {
        let results = &self.cells.results;
        (0..results.len()).filter(|&cell| !results[cell].is_control)
    }

    /// Some split of the cell has a model.
    pub(crate) fn has_model(cell: &CellResult) -> bool {
        cell.empty_fits < cell.folds * cell.repeats
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Evaluated, R2, Tenth};
    use nalgebra::DMatrix;

    use super::*;
    use crate::judge::cells::assemble;

    /// Lets `act` have the finished run of the encoder `near` and the control `length`.
    fn with_run(act: impl FnOnce(&FinishedRun)) {
        let six = Evaluated::new(&[], &["near"], vec![Tenth::new()]);
        let analysis = six.study.arrange(&six.sources).unwrap();
        let (pieces, failed) = six.with(|evaluator| evaluator.compute(&six.embedded).unwrap());
        let cells = six.with(|evaluator| assemble(&evaluator.common(), &pieces).unwrap());
        act(&FinishedRun {
            plan: &six.study.plan,
            read: &six.study.dataset,
            analysed: &analysis.analysed,
            arrangement: &analysis.arrangement,
            sources: &six.sources,
            embedded: &six.embedded,
            pieces,
            cells,
            comparisons: Vec::new(),
            test: None,
            words: None,
            failed,
        });
    }

    #[test]
    fn a_cell_leads_to_its_piece_and_to_its_rows() {
        with_run(|run| {
            assert_eq!(run.cells.results.len(), 2);
            for cell in 0..2 {
                let (piece, column) = run.piece_of(cell);
                assert_eq!(piece.id.encoder, run.cells.results[cell].encoder);
                assert_eq!(column, 0);
                let rows = run.rows_of(cell);
                assert_eq!(rows.y, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
                assert_eq!(rows.fold_of, run.arrangement.folds.of_row(0));
                let held_out = rows.held_out(&piece.piece.observed[0], column);
                // ȳ + (y − ȳ)/10.
                for ((y, y_hat), y_bar) in rows.y.iter().zip(held_out.y_hat).zip(held_out.y_bar) {
                    assert!((y_bar + (y - y_bar) / 10.0 - y_hat).abs() < 1e-12);
                }
            }
            assert!((run.cells.results[0].r2 - R2).abs() < 1e-12);
        });
    }

    #[test]
    fn controls_are_outside_the_family_and_a_cell_of_empty_fits_has_no_model() {
        with_run(|run| {
            assert_eq!(run.family().collect::<Vec<_>>(), [0]);
            let mut cell = run.cells.results[0].clone();
            assert_eq!((cell.folds, cell.repeats), (3, 1));
            cell.empty_fits = 2;
            assert!(FinishedRun::has_model(&cell));
            cell.empty_fits = 3;
            assert!(!FinishedRun::has_model(&cell));
        });
    }

    #[test]
    fn what_is_held_out_of_several_targets_is_the_column_asked_for() {
        let rows = CellRows {
            y: vec![1.0, 2.0],
            fold_of: vec![0, 1],
        };
        let observed = OutOfFold {
            y_hat: DMatrix::from_column_slice(2, 2, &[1.0, 2.0, 3.0, 4.0]),
            y_bar: DMatrix::from_column_slice(2, 2, &[5.0, 6.0, 7.0, 8.0]),
            fits: Vec::new(),
            paths: None,
        };
        let second = rows.held_out(&observed, 1);
        assert_eq!(
            (second.y_hat, second.y_bar),
            (&[3.0, 4.0][..], &[7.0, 8.0][..])
        );
    }
}
