//! p-values of all cells: raw, and adjusted over the family.

use std::ops::Range;

use ocean_engine::inference::multiplicity::{
    PermutationP, benjamini_hochberg, holm, permutation_p, step_down_max_t,
};
use ocean_engine::inference::sequential::Stopping;

use super::{Cells, Common, draws};

impl Cells {
    /// Permutation p of every cell; maxT (in the adaptive mode Holm), BH and Holm over the family. Each control's cells have a maxT among themselves, which
    /// the doctor sees.
    pub(super) fn add_p(&mut self, common: &Common, n_family: usize) {
        let family = 0..n_family;
        let max_t = if common.is_adaptive {
            self.add_sequential_p(family.clone(), common.n_permutations);
            None
        } else {
            Some(self.add_raw_p(family.clone()))
        };
        let p: Vec<f64> = family.filter_map(|cell| self.results[cell].p).collect();
        let (q_bh, p_holm) = (benjamini_hochberg(&p), holm(&p));
        for (cell, result) in self.results[..n_family].iter_mut().enumerate() {
            result.p_fwer = Some(max_t.as_ref().map_or(p_holm[cell], |max_t| max_t[cell]));
            result.correction = Some(common.correction());
            result.q_bh = Some(q_bh[cell]);
            result.p_holm = Some(p_holm[cell]);
        }
        let mut first = n_family;
        while let Some(control) = self.results.get(first) {
            // The cells of one control stand together.
            let others = self.results[first..].iter();
            let n_cells = others
                .take_while(|cell| cell.encoder == control.encoder)
                .count();
            let cells = first..first + n_cells;
            for (cell, adjusted) in cells.clone().zip(self.add_raw_p(cells)) {
                self.control_p[cell] = Some(adjusted);
            }
            first += n_cells;
        }
    }

    /// Fills in p, floor, ties and Monte-Carlo interval of cells whose permutations stopped on their own, and the permutations that p rests on.
    fn add_sequential_p(&mut self, cells: Range<usize>, cap: usize) {
        let stopping = Stopping::with_cap(cap);
        for cell in cells {
            let sequential = stopping.p(self.statistics[(0, cell)], draws(&self.statistics, cell));
            let result = &mut self.results[cell];
            result.p = Some(sequential.p);
            result.p_floor = Some(1.0 / (cap + 1) as f64);
            result.permutations = sequential.n_draws as u32;
            result.ties = sequential.n_ties as u32;
            result.p_interval = Some(sequential.interval);
        }
    }

    /// Fills in p, floor, ties and Monte-Carlo interval of cells with the same number of permutations; returns their step-down maxT p.
    fn add_raw_p(&mut self, cells: Range<usize>) -> Vec<f64> {
        let Some(first) = self.results.get(cells.start) else {
            return Vec::new();
        };
        let n_rows = first.permutations as usize + 1;
        let statistics = self
            .statistics
            .view((0, cells.start), (n_rows, cells.len()));
        let results = &mut self.results[cells];
        let n_samples: Vec<usize> = results.iter().map(|cell| cell.n).collect();
        let raw: Vec<PermutationP> = permutation_p(statistics);
        for (result, raw) in results.iter_mut().zip(&raw) {
            result.p = Some(raw.p);
            result.p_floor = Some(raw.floor);
            result.ties = raw.n_ties as u32;
            result.p_interval = Some(raw.interval);
        }
        step_down_max_t(statistics, &n_samples)
    }
}
