//! From computed pieces to the rows of `results.csv`: scores, p-values over the family, intervals and verdicts.
//!
//! Every formula is the engine's; these files say which numbers go where. Cells are in the order encoder, regressor, target; the family first, controls
//! behind it with p-values of their own.

mod fits;
mod intervals;
mod null;
mod p_values;
mod row;
mod sensitivity;

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::inference::multiplicity::settle_ties;
use ocean_engine::inference::sensitivity::Sensitivity;
use ocean_engine::targets::{RowSet, Targets};

use crate::report::model::{CellResult, Correction};
use crate::study::Piece;
pub(crate) use intervals::minus;
use row::row;
pub use sensitivity::critical_r2;

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
    /// The family's permutations stop where a cell has settled: p and its adjustment are those of sequential stopping.
    pub is_adaptive: bool,
    /// Mean error variance of the targets that are means of raters, v̄ = mean σ²ₑ/cᵢ over their rows; `None` for other targets.
    pub rating_error: &'a [Option<f64>],
    /// The ratings behind each such target, a vector a rater over all rows.
    pub ratings: &'a [Option<Vec<Vec<f64>>>],
}

impl Common<'_> {
    /// How p is adjusted for the number of cells: a joint null distribution needs the same permutations in every cell.
    #[must_use]
    pub fn correction(&self) -> Correction {
        if self.is_adaptive {
            Correction::Holm
        } else {
            Correction::MaxT
        }
    }
}

/// One computed encoder × regressor × row set.
pub struct Computed {
    /// Label of the encoder.
    pub encoder: String,
    /// Columns of its embedding.
    pub n_features: usize,
    /// Outside the family.
    pub is_control: bool,
    /// What was chosen from inside each training part, in the order of [`ocean_engine::nested::Fit::candidate`]; empty where there was no choice.
    pub candidates: Vec<String>,
    /// Label of the regressor.
    pub regressor: String,
    /// The l1_ratio of each variant of the regressor, strongest first; empty when it has none.
    pub l1_ratios: Vec<f64>,
    /// Which row set.
    pub row_set: usize,
    /// The numbers.
    pub piece: Piece,
    /// What it would have found.
    pub sensitivity: Found,
}

/// What a recipe would have found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found {
    /// Not asked for.
    Unasked,
    /// Permutations were too few to say what is critical.
    NoCriticalValue,
    /// The planted effects.
    Planted(Sensitivity),
}

/// The cells of a study with the matrices behind them.
pub struct Cells {
    /// Rows of results.csv.
    pub results: Vec<CellResult>,
    /// r2 by permutation, (m + 1) × cells, row 0 observed, ties settled; NaN below the fewer permutations of a control or of a cell that has settled.
    pub statistics: DMatrix<f64>,
    /// Step-down maxT p of each control's cells among themselves, for the doctor; `None` for the family.
    pub control_p: Vec<Option<f64>>,
    /// Jackknife replicates of each cell.
    pub replicates: Vec<Vec<f64>>,
    /// Which computed piece and which of its columns each cell is.
    pub origin: Vec<(usize, usize)>,
}

/// Puts the cells together.
///
/// # Errors
/// [`EngineError::ConstantTarget`], which an evaluated target cannot cause.
pub fn assemble(common: &Common, computed: &[Computed]) -> Result<Cells, EngineError> {
    let mut cells = gather(common, computed)?;
    let n_family = cells.n_family();
    if common.n_permutations > 0 {
        cells.add_p(common, n_family);
        cells.add_sensitivity(computed, n_family);
    }
    cells.add_intervals(common, computed, n_family);
    cells.add_shares_of_ceiling(common, computed);
    cells.add_gain_over_length();
    Ok(cells)
}

/// The cells with what each of them says alone.
fn gather(common: &Common, computed: &[Computed]) -> Result<Cells, EngineError> {
    let origin = order(common, computed);
    let n_rows = computed
        .iter()
        .map(|computed| computed.piece.statistics.nrows());
    let n_rows = n_rows.max().unwrap_or(1);
    let mut statistics = DMatrix::from_element(n_rows, origin.len(), f64::NAN);
    for (cell, &(at, column)) in origin.iter().enumerate() {
        let r2 = computed[at].piece.statistics.column(column);
        statistics.view_mut((0, cell), (r2.len(), 1)).copy_from(&r2);
    }
    settle_ties(&mut statistics);
    let mut results = Vec::with_capacity(origin.len());
    for (cell, &(at, column)) in origin.iter().enumerate() {
        let null = draws(&statistics, cell);
        results.push(row(common, &computed[at], column, null)?);
    }
    let replicates = origin
        .iter()
        .map(|&(at, column)| {
            let jackknife = computed[at].piece.jackknife.as_ref();
            jackknife.map_or(Vec::new(), |all| {
                all.r2.column(column).iter().copied().collect()
            })
        })
        .collect();
    Ok(Cells {
        control_p: vec![None; results.len()],
        results,
        statistics,
        replicates,
        origin,
    })
}

impl Cells {
    /// Cells that are no controls: they stand first.
    fn n_family(&self) -> usize {
        self.results.iter().filter(|cell| !cell.is_control).count()
    }
}

/// The permuted r2 of a cell, without the observed one: NaN stands below the last.
pub fn draws(statistics: &DMatrix<f64>, cell: usize) -> &[f64] {
    let n_rows = statistics.nrows();
    let column = &statistics.as_slice()[cell * n_rows..(cell + 1) * n_rows];
    let end = column.iter().position(|t| t.is_nan()).unwrap_or(n_rows);
    &column[1.min(end)..end]
}

/// Family before controls; else the order of the pieces, targets in the order of Y.
fn order(common: &Common, computed: &[Computed]) -> Vec<(usize, usize)> {
    let mut first_of: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, piece) in computed.iter().enumerate() {
        first_of
            .entry((&piece.encoder, &piece.regressor))
            .or_insert(at);
    }
    let mut cells: Vec<(bool, usize, usize, usize, usize)> = Vec::new();
    for (at, piece) in computed.iter().enumerate() {
        let pair = first_of[&(piece.encoder.as_str(), piece.regressor.as_str())];
        for (column, &target) in common.row_sets[piece.row_set].targets.iter().enumerate() {
            cells.push((piece.is_control, pair, target, at, column));
        }
    }
    cells.sort_unstable();
    cells
        .into_iter()
        .map(|(.., at, column)| (at, column))
        .collect()
}

fn add_note(notes: &mut String, note: &str) {
    if !notes.is_empty() {
        notes.push_str("; ");
    }
    notes.push_str(note);
}
