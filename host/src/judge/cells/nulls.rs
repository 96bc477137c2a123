//! The null distributions of all cells: which piece and column each cell is, and its permuted r2.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::inference::multiplicity::settle_ties;
use ocean_engine::score::mean_and_sd;

use super::{Common, PieceResult};
use crate::run::Role;

/// Bins of the null histogram.
const N_BINS: usize = 30;

/// Cells in the order encoder, regressor, target: the family first, controls behind it.
pub(super) struct Nulls {
    /// Which piece and which of its columns each cell is.
    pub origin: Vec<(usize, usize)>,
    /// r2 by permutation, (m + 1) × cells, row 0 observed, ties settled; NaN below a cell's last.
    pub statistics: DMatrix<f64>,
    /// Rows of each cell.
    pub n_samples: Vec<usize>,
    /// Cells that are no controls.
    pub n_family: usize,
}

impl Nulls {
    pub fn of(common: &Common, pieces: &[PieceResult]) -> Self {
        let origin = order(common, pieces);
        let n_rows = pieces.iter().map(|one| one.piece.statistics.nrows());
        let n_rows = n_rows.max().unwrap_or(1);
        let mut statistics = DMatrix::from_element(n_rows, origin.len(), f64::NAN);
        for (cell, &(at, column)) in origin.iter().enumerate() {
            let r2 = pieces[at].piece.statistics.column(column);
            statistics.view_mut((0, cell), (r2.len(), 1)).copy_from(&r2);
        }
        settle_ties(&mut statistics);
        let n_samples =
            |&(at, _): &(usize, usize)| common.row_sets[pieces[at].id.row_set].rows.len();
        let is_family = |(at, _): &&(usize, usize)| !pieces[*at].id.is_control();
        Self {
            n_samples: origin.iter().map(n_samples).collect(),
            n_family: origin.iter().filter(is_family).count(),
            origin,
            statistics,
        }
    }

    /// The observed r2 of a cell.
    pub fn observed(&self, cell: usize) -> f64 {
        self.statistics[(0, cell)]
    }

    /// The permuted r2 of a cell.
    pub fn draws(&self, cell: usize) -> &[f64] {
        draws(&self.statistics, cell)
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
fn order(common: &Common, pieces: &[PieceResult]) -> Vec<(usize, usize)> {
    let mut first_of: BTreeMap<(Role, &str, &str), usize> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        first_of.entry(piece.id.recipe()).or_insert(at);
    }
    let mut cells: Vec<(bool, usize, usize, usize, usize)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let first = first_of[&piece.id.recipe()];
        let targets = &common.row_sets[piece.id.row_set].targets;
        for (column, &target) in targets.iter().enumerate() {
            cells.push((piece.id.is_control(), first, target, at, column));
        }
    }
    cells.sort_unstable();
    let places = cells.into_iter().map(|(.., at, column)| (at, column));
    places.collect()
}

/// The null distribution of a cell in a few numbers; without permutations there are none.
#[derive(Default)]
pub(super) struct NullSummary {
    pub mean: Option<f64>,
    /// ddof 0.
    pub sd: Option<f64>,
    /// 2.5 and 97.5 % quantiles.
    pub interval: Option<(f64, f64)>,
    /// Lowest edge, width of a bin, counts.
    pub histogram: Option<(f64, f64, Vec<u32>)>,
}

impl NullSummary {
    pub fn of(null: &[f64]) -> Self {
        if null.is_empty() {
            return Self::default();
        }
        let (mean, sd) = mean_and_sd(null, 0);
        Self {
            mean: Some(mean),
            sd: Some(sd),
            interval: quantiles(null),
            histogram: histogram(null),
        }
    }
}

/// 2.5 and 97.5 % quantiles, interpolated between order statistics (R's type 7).
fn quantiles(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        let position = share * last as f64;
        let below = position.floor() as usize;
        let above = (below + 1).min(last);
        sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
    };
    Some((at(0.025), at(0.975)))
}

fn histogram(values: &[f64]) -> Option<(f64, f64, Vec<u32>)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / N_BINS as f64;
    if width <= 0.0 {
        return Some((low, 0.0, vec![values.len() as u32]));
    }
    let mut counts = vec![0; N_BINS];
    for value in values {
        counts[(((value - low) / width) as usize).min(N_BINS - 1)] += 1;
    }
    Some((low, width, counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_in_a_few_numbers_by_hand() {
        let null = NullSummary::of(&[0.3, 0.1, 0.2, 0.4, 0.0]);
        assert!((null.mean.unwrap() - 0.2).abs() < 1e-15);
        assert!((null.sd.unwrap() - 0.02f64.sqrt()).abs() < 1e-15);
        let (low, high) = null.interval.unwrap();
        assert!((low - 0.01).abs() < 1e-15 && (high - 0.39).abs() < 1e-15);
        let (edge, width, counts) = null.histogram.unwrap();
        assert!(edge == 0.0 && (width - 0.4 / 30.0).abs() < 1e-15);
        assert_eq!(counts.iter().sum::<u32>(), 5);
        assert_eq!((counts[0], counts[29]), (1, 1));
        let equal = NullSummary::of(&[0.5, 0.5]);
        assert_eq!(equal.histogram, Some((0.5, 0.0, vec![2])));
        assert!(NullSummary::of(&[]).mean.is_none());
    }
}
