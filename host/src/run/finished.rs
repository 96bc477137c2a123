//! The finished run: built once, and from then on only read, by the doctor, the tables, the
//! pictures, the models and provenance.

use ocean_engine::nested::OutOfFold;
use ocean_engine::score::HeldOut;
use ocean_report::model::{CellResult, ComparisonResult, FailedCell};

use crate::encode::sources::{Embedded, Sources};
use crate::judge::cells::{Cells, PieceResult};
use crate::plan::Plan;
use crate::read::arrangement::Arrangement;
use crate::read::dataset::{Analysed, Dataset};

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
