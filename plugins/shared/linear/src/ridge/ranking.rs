//! The squared errors of a whole walk in single precision, each with a bound of its own error:
//! enough to say which penalties cannot be the best, at a third of the price.
//!
//! Choosing a penalty needs errors, and most penalties are far from the best. So predictions are
//! made from a coarser basis (terms for 3e-6 of a prediction in place of 1e-13) and with twice the
//! lanes, and never leave the cache. With H the new rows, s = Uᵀy and C·B the basis of the
//! shrinkage f, the prediction at penalty k is off by at most
//!
//! ```text
//! δ_k = Σ_d h_d |s_d| (|f_dk − Σ_t B_dt C_tk| + c Σ_t |B_dt||C_tk|),    h_d = ‖H_·d‖
//! ```
//!
//! in the norm over all new rows: what the basis leaves out, and rounding. c = u(4√n + 4√T + 6) for
//! u = 2⁻²⁴, sums over n directions and T terms and six roundings of a factor: Higham & Mary (2019),
//! A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 41, A2815, with
//! λ = 4. Measured errors are at most a hundredth of this bound. A squared error ‖e‖² is then off by
//! at most 2‖e‖δ + δ².

use std::ops::Range;

use faer::{Mat, MatMut, MatRef};

use super::basis::{Basis, products_with};
use crate::Columns;
use crate::kernel::vectorised;
use crate::product::multiply;

/// Error allowed in the basis, of the norm of each penalty's prediction for scores of equal size.
const TOLERANCE: f64 = 3e-6;
/// Half a unit in the last place of a number in single precision.
const ROUNDING: f64 = 1.0 / 16_777_216.0;
/// Predictions of one chunk of targets, with the products they come from: this much stays in a
/// second-level cache.
const CHUNK_BYTES: usize = 512 << 10;
/// What adding up squares in double precision may be off by.
const SUM_ERROR: f64 = 1e-13;
/// What predictions in double precision, made in another order, may put between errors, of the
/// error and of Σy².
const ORDER_ERROR: f64 = 1e-12;

/// What all blocks of one design and list of penalties share.
pub(super) struct Ranker {
    /// H / `unit`.
    new_rows: Mat<f32>,
    /// A power of two near the largest |H|.
    unit: f64,
    basis: Basis,
    /// The factors of the basis, run after run.
    factors: Vec<Vec<f32>>,
    /// n_terms × n_alphas.
    recombination: Vec<f32>,
    /// rank × n_alphas: the factor of |s_d| in δ_k.
    doubt: Mat<f64>,
}

/// A block of targets, ready to be ranked.
pub(super) struct Targets<'a> {
    /// Uᵀy: rank × n_targets.
    pub scores: &'a [f64],
    /// The targets of the new rows, n_new × n_targets.
    pub y_new: Columns<'a>,
    /// Ends of the ranges of new rows whose errors are asked for; each begins where the one before
    /// ends.
    pub ends: &'a [usize],
}

/// Memory of one chunk of targets.
#[derive(Default)]
struct Workspace {
    /// Scores, in units of each target: rank × targets.
    scores: Vec<f32>,
    /// Scores times the factors of one run.
    weighted: Vec<f32>,
    /// (n_new · targets) × n_terms: H·diag(b)·s for every column b of the basis.
    products: Vec<f32>,
    /// (n_new · targets) × n_alphas, in `unit` times the units of the targets.
    predictions: Vec<f32>,
}

impl Ranker {
    /// `None` for a design that predicts nothing, or no penalty.
    pub fn of(lambda: &[f64], alphas: &[f64], new_rows: MatRef<'_, f64>) -> Option<Self> {
        let largest = new_rows.norm_max();
        if lambda.is_empty() || alphas.is_empty() || !largest.is_normal() {
            return None;
        }
        let unit = power_of_two(largest);
        let weights: Vec<f64> = new_rows
            .col_iter()
            .map(|column| column.norm_l2().max(f64::EPSILON * largest))
            .collect();
        let basis = Basis::weighted(lambda, alphas, &weights, TOLERANCE)?;
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        Some(Self {
            new_rows: Mat::from_fn(new_rows.nrows(), new_rows.ncols(), |i, j| {
                (new_rows[(i, j)] / unit) as f32
            }),
            unit,
            factors: basis.runs.iter().map(|run| single(&run.factors)).collect(),
            recombination: single(&basis.recombination),
            doubt: doubt(&basis, lambda, alphas, &weights),
            basis,
        })
    }

    /// Fills `sse` and `bound`, (n_alphas · ranges) × n_targets: the error of penalty k in range r
    /// in row k · ranges + r.
    pub fn rank(&self, targets: &Targets, sse: &mut [f64], bound: &mut [f64]) {
        let (n_new, n_targets) = (self.new_rows.nrows(), targets.y_new.n_columns());
        let (n_alphas, n_ranges) = (self.doubt.ncols(), targets.ends.len());
        let per_target = n_new * (self.basis.n_terms + n_alphas) * size_of::<f32>();
        let chunk = (CHUNK_BYTES / per_target.max(1)).clamp(1, n_targets);
        let mut space = Workspace::default();
        for first in (0..n_targets).step_by(chunk) {
            let chunk = first..n_targets.min(first + chunk);
            let n_errors = n_alphas * n_ranges;
            let sse = &mut sse[chunk.start * n_errors..chunk.end * n_errors];
            let units = self.predict(targets, chunk.clone(), &mut space);
            targets.square(chunk, Some(&units), &space.predictions, sse);
        }
        let deviations = self.deviations(targets.scores, n_targets);
        let of_ranges = sse
            .chunks_exact(n_ranges)
            .zip(bound.chunks_exact_mut(n_ranges));
        for ((sse, bound), &deviation) in
            of_ranges.zip(deviations.col_iter().flat_map(|of_target| of_target.iter()))
        {
            for (sse, bound) in sse.iter().zip(bound) {
                *bound = (2.0 * sse.sqrt() + deviation) * deviation + SUM_ERROR * sse;
            }
        }
    }

    /// Predictions of some targets at all penalties; the units in which they are.
    fn predict(&self, targets: &Targets, chunk: Range<usize>, space: &mut Workspace) -> Vec<f64> {
        let (n_new, rank) = (self.new_rows.nrows(), self.new_rows.ncols());
        let (n_terms, n_alphas) = (self.basis.n_terms, self.doubt.ncols());
        let scores = &targets.scores[chunk.start * rank..chunk.end * rank];
        space.scores.clear();
        let mut units = Vec::with_capacity(chunk.len());
        for scores in scores.chunks_exact(rank) {
            let unit = power_of_two(scores.iter().fold(0.0, |m: f64, s| m.max(s.abs())));
            space
                .scores
                .extend(scores.iter().map(|s| (s / unit) as f32));
            units.push(unit * self.unit);
        }
        // What they hold from before is overwritten.
        space.products.resize(n_new * n_terms * chunk.len(), 0.0);
        space
            .predictions
            .resize(n_new * n_alphas * chunk.len(), 0.0);
        let factors = self.factors.iter().map(Vec::as_slice);
        products_with(
            self.basis.runs.iter().zip(factors),
            self.new_rows.as_ref(),
            &space.scores,
            &mut space.products,
            &mut space.weighted,
        );
        let n_rows = n_new * chunk.len();
        multiply(
            MatMut::from_column_major_slice_mut(&mut space.predictions, n_rows, n_alphas),
            MatRef::from_column_major_slice(&space.products, n_rows, n_terms),
            MatRef::from_column_major_slice(&self.recombination, n_terms, n_alphas),
        );
        units
    }

    /// δ, n_alphas × n_targets.
    fn deviations(&self, scores: &[f64], n_targets: usize) -> Mat<f64> {
        let rank = self.doubt.nrows();
        let sizes: Vec<f64> = scores.iter().map(|s| s.abs()).collect();
        let mut deviations = Mat::zeros(self.doubt.ncols(), n_targets);
        let sizes = MatRef::from_column_major_slice(&sizes, rank, n_targets);
        multiply(deviations.as_mut(), self.doubt.transpose(), sizes);
        deviations
    }
}

/// h_d(|f_dk − Σ_t B_dt C_tk| + c Σ_t |B_dt||C_tk|).
fn doubt(basis: &Basis, lambda: &[f64], alphas: &[f64], weights: &[f64]) -> Mat<f64> {
    let mut doubt = Mat::zeros(lambda.len(), alphas.len());
    let mut first_term = 0;
    for run in &basis.runs {
        let (n, terms) = (run.n_directions, run.n_terms);
        let sums = (n as f64).sqrt() + (basis.n_terms as f64).sqrt();
        let rounding = ROUNDING * (4.0 * sums + 6.0);
        for (k, alpha) in alphas.iter().enumerate() {
            let coefs = &basis.recombination[k * basis.n_terms + first_term..][..terms];
            for at in 0..n {
                let factors = run.factors[at..].iter().step_by(n);
                let (sum, size) = factors.zip(coefs).fold((0.0, 0.0), |(sum, size), (b, c)| {
                    (sum + b * c, size + (b * c).abs())
                });
                let d = run.first + at;
                let missed = (lambda[d] / (lambda[d] + alpha) - sum).abs();
                doubt[(d, k)] = weights[d] * (missed + rounding * size);
            }
        }
        first_term += terms;
    }
    doubt
}

impl Targets<'_> {
    /// Fills `sse` with Σ (y − unit·ŷ)² of some targets at all penalties, whose `predictions` are
    /// (n_new · targets) × n_alphas; `units`: one a target, all 1 where there are none.
    pub fn square<T: Copy + Into<f64>>(
        &self,
        chunk: Range<usize>,
        units: Option<&[f64]>,
        predictions: &[T],
        sse: &mut [f64],
    ) {
        let n_new = self.y_new.n_rows();
        let (n_rows, first) = (n_new * chunk.len(), chunk.start);
        vectorised(
            #[inline(always)]
            || {
                let mut slots = sse.iter_mut();
                for target in chunk {
                    let y = self.y_new.column(target);
                    let unit = units.map_or(1.0, |units| units[target - first]);
                    for of_penalty in predictions.chunks_exact(n_rows.max(1)) {
                        let y_hat = &of_penalty[(target - first) * n_new..][..n_new];
                        let mut start = 0;
                        for (&end, slot) in self.ends.iter().zip(&mut slots) {
                            *slot = squared_distance(&y[start..end], &y_hat[start..end], unit);
                            start = end;
                        }
                    }
                }
            },
        );
    }

    /// What errors from predictions in double precision may be off by, against predictions that
    /// were added up in another order.
    pub fn bound_sums(&self, sse: &[f64], bound: &mut [f64]) {
        let n_errors = sse.len() / self.y_new.n_columns().max(1);
        let of_targets = sse
            .chunks(n_errors.max(1))
            .zip(bound.chunks_mut(n_errors.max(1)));
        for (target, (sse, bound)) in of_targets.enumerate() {
            let y_sq: f64 = self.y_new.column(target).iter().map(|y| y * y).sum();
            for (sse, bound) in sse.iter().zip(bound) {
                *bound = ORDER_ERROR * (sse + y_sq);
            }
        }
    }
}

/// Σ (y − unit·ŷ)² in eight fixed lanes.
#[inline(always)]
fn squared_distance<T: Copy + Into<f64>>(y: &[f64], y_hat: &[T], unit: f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let ((chunks, rest), (chunks_hat, rest_hat)) =
        (y.as_chunks::<LANES>(), y_hat.as_chunks::<LANES>());
    for (y, y_hat) in chunks.iter().zip(chunks_hat) {
        for lane in 0..LANES {
            let residual = y[lane] - unit * y_hat[lane].into();
            lanes[lane] += residual * residual;
        }
    }
    for ((y, y_hat), lane) in rest.iter().zip(rest_hat).zip(&mut lanes) {
        let residual = y - unit * (*y_hat).into();
        *lane += residual * residual;
    }
    lanes.iter().sum()
}

/// The power of two at or below a number, 1 for 0.
fn power_of_two(value: f64) -> f64 {
    if value == 0.0 {
        return 1.0;
    }
    2.0_f64.powi(value.log2().floor().clamp(-1000.0, 1000.0) as i32)
}
