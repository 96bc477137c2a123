//! From computed pieces to the rows of `results.csv`: scores, p-values over the family, intervals
//! and verdicts.
//!
//! Every formula is the engine's; these files say which numbers go where. Each part of a row has a
//! type of its own (score, fits, null, significance, interval), and a row is put together from
//! whole parts only. Cells are in the order encoder, regressor, target; the family first, controls
//! behind it with p-values of their own.

mod fits;
mod intervals;
mod nulls;
mod row;
mod score;
mod sensitivity;
mod significance;
#[cfg(test)]
mod tests;
mod two_values;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::response::Response;
use ocean_engine::inference::sensitivity::Sensitivity;
use ocean_engine::piece::Piece;
use ocean_engine::targets::{RowSet, Targets};
use ocean_report::model::{CellResult, Correction};

use crate::run::{Durations, PieceId};
use fits::{FitSummary, Fits};
use intervals::{adjusted_level, gains_over_length, replicates};
pub(crate) use intervals::{both, fitted_difference, minus};
pub use nulls::draws;
use nulls::{NullSummary, Nulls};
use row::Parts;
use score::Score;
pub use sensitivity::Questions;
use significance::significance;

/// What all cells of a study share.
pub struct Common<'a> {
    /// Y.
    pub targets: &'a Targets,
    /// Names of the columns of Y.
    pub target_names: &'a [String],
    /// Targets by observed rows.
    pub row_sets: &'a [RowSet],
    /// Outer folds.
    pub folds: &'a Folds,
    /// Who stays together.
    pub groups: &'a Groups,
    /// The rows are grouped, so errors cluster.
    pub is_grouped: bool,
    /// Family-wise level.
    pub level: f64,
    /// δ.
    pub smallest_effect: Option<f64>,
    /// The most permutations m of a cell of the family.
    pub n_permutations: usize,
    /// The family's permutations stop where a cell has settled: p and its adjustment are those of
    /// sequential stopping.
    pub is_adaptive: bool,
    /// Mean error variance of the targets that are means of raters, v̄ = mean σ²ₑ/cᵢ over their
    /// rows; `None` for other targets.
    pub rating_error: &'a [Option<f64>],
    /// The ratings behind each such target, a vector a rater over all rows.
    pub ratings: &'a [Option<Vec<Vec<f64>>>],
}

impl Common<'_> {
    /// How p is adjusted for the number of cells: a joint null distribution needs the same
    /// permutations in every cell.
    #[must_use]
    pub fn correction(&self) -> Correction {
        if self.is_adaptive {
            Correction::Holm
        } else {
            Correction::MaxT
        }
    }
}

/// What came out of one piece.
pub struct PieceResult {
    /// Which.
    pub id: PieceId,
    /// Columns of its embedding, of several the widest.
    pub n_features: usize,
    /// What was chosen from inside each training part, in the order of
    /// [`ocean_engine::nested::Fit::candidate`]; empty where there was no choice.
    pub candidates: Vec<String>,
    /// The l1_ratio of each variant of the regressor, strongest first; empty when it has none.
    pub l1_ratios: Vec<f64>,
    /// The numbers.
    pub piece: Piece,
    /// How long they took.
    pub durations: Durations,
    /// What it would have found.
    pub sensitivity: Detectable,
    /// How each of its targets answers to planted effects; empty where none were planted.
    pub responses: Vec<Response>,
}

/// What a recipe would have found.
#[derive(Debug, Clone, PartialEq)]
pub enum Detectable {
    /// Not asked for.
    Unasked,
    /// Permutations were too few to say what is critical.
    NoCriticalValue,
    /// The planted effects.
    Planted(Sensitivity),
    /// The recipe failed on them, for this reason.
    Failed(String),
}

/// The cells of a study with the matrices behind them.
pub struct Cells {
    /// Rows of results.csv.
    pub results: Vec<CellResult>,
    /// r2 by permutation, (m + 1) × cells, row 0 observed, ties settled; NaN below the fewer
    /// permutations of a control or of a cell that has settled.
    pub statistics: DMatrix<f64>,
    /// Step-down maxT p of each control's cells among themselves, for the doctor; `None` for the
    /// family.
    pub control_p: Vec<Option<f64>>,
    /// Jackknife replicates of each cell.
    pub replicates: Vec<Vec<f64>>,
    /// Which piece and which of its columns each cell is.
    pub origin: Vec<(usize, usize)>,
}

impl Cells {
    /// The cell of the family with the highest r2 of a target, the first of equal ones; the best of
    /// all, which is a choice among them, apart.
    #[must_use]
    pub fn best_of(&self, target: &str) -> Option<usize> {
        let cells = self.results.iter().enumerate();
        let of_target =
            cells.filter(|(_, cell)| cell.target == target && !cell.is_control && !cell.is_best);
        let best = of_target.reduce(|a, b| if b.1.r2 > a.1.r2 { b } else { a });
        best.map(|(at, _)| at)
    }
}

/// Puts the cells together.
///
/// # Errors
/// [`EngineError::ConstantTarget`], which an evaluated target cannot cause.
pub fn assemble(common: &Common, pieces: &[PieceResult]) -> Result<Cells, EngineError> {
    let nulls = Nulls::of(common, pieces);
    let significance = significance(common, &nulls, pieces);
    let fits: Vec<Fits> = nulls
        .origin
        .iter()
        .map(|&(at, column)| Fits::of(&pieces[at].piece, column))
        .collect();
    let scores = nulls.origin.iter().zip(&fits);
    let scores = scores
        .map(|(&(at, column), fits)| Score::of(common, &pieces[at], column, fits))
        .collect::<Result<Vec<Score>, EngineError>>()?;
    let gains = gains_over_length(common, &nulls, pieces, &scores);
    let adjusted_level = adjusted_level(common, &significance, nulls.n_family);
    let mut results = Vec::with_capacity(scores.len());
    for (cell, (score, gain)) in scores.into_iter().zip(gains).enumerate() {
        let (at, column) = nulls.origin[cell];
        let (result, null) = (&pieces[at], NullSummary::of(nulls.draws(cell)));
        let fits = FitSummary::of(&fits[cell], result);
        let jackknife = intervals::Cell {
            result,
            column,
            score: &score,
            null_sd: null.sd.unwrap_or(0.0),
            all_empty: fits.all_empty,
        };
        let interval = jackknife.interval(adjusted_level);
        let share_of_ceiling = jackknife.share_of_ceiling(common, interval.as_ref());
        let parts = Parts {
            common,
            result,
            target: common.row_sets[result.id.row_set].targets[column],
            score,
            fits,
            null,
            significance: &significance[cell],
            interval,
            share_of_ceiling,
            gain,
        };
        results.push(parts.into_row());
    }
    let origin = nulls.origin.iter();
    Ok(Cells {
        results,
        control_p: significance.iter().map(|one| one.control_p).collect(),
        replicates: origin
            .map(|&(at, column)| replicates(&pieces[at].piece, column))
            .collect(),
        statistics: nulls.statistics,
        origin: nulls.origin,
    })
}
