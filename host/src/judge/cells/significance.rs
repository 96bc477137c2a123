//! p-values of all cells: raw, and adjusted over the family.

use std::ops::Range;

use ocean_engine::inference::multiplicity::{
    PermutationP, benjamini_hochberg, holm, permutation_p, step_down_max_t,
};
use ocean_engine::inference::sequential::Stopping;
use ocean_report::model::Correction;

use super::nulls::Nulls;
use super::{Common, PieceResult};

/// What permutations say of one cell.
pub(super) struct Significance {
    pub p: Option<f64>,
    /// The smallest p that was possible.
    pub floor: Option<f64>,
    /// Permutations that p rests on.
    pub permutations: u32,
    pub ties: u32,
    /// 95 % Monte-Carlo interval of p.
    pub interval: Option<(f64, f64)>,
    /// Of cells of the family only.
    pub adjusted: Option<Adjusted>,
    /// Step-down maxT p of a control's cell among its own, for the doctor.
    pub control_p: Option<f64>,
}

/// p adjusted over the family.
pub(super) struct Adjusted {
    pub p_fwer: f64,
    pub correction: Correction,
    pub q_bh: f64,
    pub p_holm: f64,
}

impl Significance {
    fn of(raw: &PermutationP, n_permutations: usize) -> Self {
        Self {
            p: Some(raw.p),
            floor: Some(raw.floor),
            permutations: n_permutations as u32,
            ties: raw.n_ties as u32,
            interval: Some(raw.interval),
            adjusted: None,
            control_p: None,
        }
    }

    /// Without permutations.
    fn none() -> Self {
        Self {
            p: None,
            floor: None,
            permutations: 0,
            ties: 0,
            interval: None,
            adjusted: None,
            control_p: None,
        }
    }
}

/// Permutation p of every cell; maxT (in the adaptive mode Holm), BH and Holm over the family. Each
/// control's cells have a maxT among themselves.
pub(super) fn significance(
    common: &Common,
    nulls: &Nulls,
    pieces: &[PieceResult],
) -> Vec<Significance> {
    if common.n_permutations == 0 {
        let none = nulls.origin.iter().map(|_| Significance::none());
        return none.collect();
    }
    let family = 0..nulls.n_family;
    let (mut cells, max_t) = match common.is_adaptive {
        true => (sequential(nulls, family, common.n_permutations), None),
        false => {
            let (cells, max_t) = raw(nulls, family);
            (cells, Some(max_t))
        }
    };
    let p: Vec<f64> = cells.iter().filter_map(|cell| cell.p).collect();
    let (q_bh, p_holm) = (benjamini_hochberg(&p), holm(&p));
    for (at, cell) in cells.iter_mut().enumerate() {
        cell.adjusted = Some(Adjusted {
            p_fwer: max_t.as_ref().map_or(p_holm[at], |max_t| max_t[at]),
            correction: common.correction(),
            q_bh: q_bh[at],
            p_holm: p_holm[at],
        });
    }
    // The cells of one control stand together.
    let controls = &nulls.origin[nulls.n_family..];
    let encoder = |origin: &(usize, usize)| pieces[origin.0].id.encoder.as_str();
    for of_control in controls.chunk_by(|a, b| encoder(a) == encoder(b)) {
        let first = cells.len();
        let (own, max_t) = raw(nulls, first..first + of_control.len());
        cells.extend(own.into_iter().zip(max_t).map(|(cell, p)| Significance {
            control_p: Some(p),
            ..cell
        }));
    }
    cells
}

/// Of cells whose permutations stopped on their own.
fn sequential(nulls: &Nulls, cells: Range<usize>, cap: usize) -> Vec<Significance> {
    let stopping = Stopping::with_cap(cap);
    let of_cell = |cell| {
        let found = stopping.p(nulls.observed(cell), nulls.draws(cell));
        Significance {
            p: Some(found.p),
            floor: Some(1.0 / (cap + 1) as f64),
            permutations: found.n_draws as u32,
            ties: found.n_ties as u32,
            interval: Some(found.interval),
            adjusted: None,
            control_p: None,
        }
    };
    cells.map(of_cell).collect()
}

/// Of cells with the same number of permutations, and their step-down maxT p.
fn raw(nulls: &Nulls, cells: Range<usize>) -> (Vec<Significance>, Vec<f64>) {
    if cells.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let n_permutations = nulls.draws(cells.start).len();
    let shape = (n_permutations + 1, cells.len());
    let statistics = nulls.statistics.view((0, cells.start), shape);
    let max_t = step_down_max_t(statistics, &nulls.n_samples[cells]);
    let all = permutation_p(statistics);
    let all = all.iter().map(|raw| Significance::of(raw, n_permutations));
    (all.collect(), max_t)
}
