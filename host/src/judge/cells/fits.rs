//! The fits behind one cell: how many were empty, and what was chosen in them.

use ocean_engine::nested::Fit;
use ocean_engine::piece::Piece;

use super::PieceResult;

/// The chosen fits of one cell, all splits and repeats.
pub(super) struct Fits(Vec<Fit>);

impl Fits {
    pub(super) fn of(piece: &Piece, column: usize) -> Self {
        let splits = piece.observed.iter().flat_map(|observed| &observed.fits);
        Self(splits.map(|fits| fits[column]).collect())
    }

    pub(super) fn all_empty(&self) -> bool {
        self.0.iter().all(|fit| fit.is_empty)
    }

    /// "chosen in 5 splits: minilm × ridge 4, lexical × ridge 1".
    pub(super) fn chosen(&self, candidates: &[String]) -> String {
        let times = |at: usize| self.0.iter().filter(|fit| fit.candidate == at).count();
        let mut counts: Vec<(usize, &String)> = (0..).map(times).zip(candidates).collect();
        counts.retain(|(count, _)| *count > 0);
        counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let counts: Vec<String> = counts
            .iter()
            .map(|(count, name)| format!("{name} {count}"))
            .collect();
        format!("chosen in {} splits: {}", self.0.len(), counts.join(", "))
    }

    fn count(&self, is_so: impl Fn(&Fit) -> bool) -> u32 {
        self.0.iter().filter(|fit| is_so(fit)).count() as u32
    }

    /// Median over the fits that have the value; `None` when none has.
    fn median(&self, value: impl Fn(&Fit) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.0.iter().filter_map(value).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            n if n % 2 == 1 => Some(values[middle]),
            // Halved first: the sum of two penalties may be no number.
            _ => Some(0.5 * values[middle - 1] + 0.5 * values[middle]),
        }
    }
}

/// The chosen fits in a few numbers.
pub(super) struct FitSummary {
    pub alpha_median: Option<f64>,
    pub l1_ratio_median: Option<f64>,
    pub nonzero_median: Option<f64>,
    pub empty: u32,
    pub at_grid_edge: u32,
    pub unconverged: u32,
    /// No split has a model.
    pub all_empty: bool,
}

impl FitSummary {
    pub fn of(fits: &Fits, result: &PieceResult) -> Self {
        // Penalties and coefficients of different recipes have no common median.
        let is_one = !result.id.is_best();
        let finite = |alpha: f64| alpha.is_finite().then_some(alpha);
        Self {
            alpha_median: fits.median(|fit| finite(fit.alpha)).filter(|_| is_one),
            l1_ratio_median: fits.median(|fit| result.l1_ratios.get(fit.variant).copied()),
            nonzero_median: fits
                .median(|fit| fit.info.n_nonzero.map(f64::from))
                .filter(|_| is_one),
            empty: fits.count(|fit| fit.is_empty),
            at_grid_edge: fits.count(|fit| fit.at_grid_edge),
            unconverged: fits.count(|fit| fit.info.is_unconverged),
            all_empty: fits.all_empty(),
        }
    }
}
