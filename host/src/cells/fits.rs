//! The fits behind one cell: how many were empty, and what was chosen in them.

use ocean_engine::nested::Fit;

use crate::study::Piece;

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

    pub(super) fn count(&self, is_so: impl Fn(&Fit) -> bool) -> u32 {
        self.0.iter().filter(|fit| is_so(fit)).count() as u32
    }

    /// Median over the fits that have the value; `None` when none has.
    pub(super) fn median(&self, value: impl Fn(&Fit) -> Option<f64>) -> Option<f64> {
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
