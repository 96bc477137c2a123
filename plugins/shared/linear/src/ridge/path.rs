//! One block of targets on its way along the penalties.
//!
//! Two ways of use decide the shape. Tuning asks for every target at step 0, 1, 2, …: the first of
//! these calls predicts all steps at once from a [`Basis`] and the others copy. The final fits ask
//! once, with a step of each target's own: its projection is shrunk by its own penalty and one
//! product predicts them all.

use std::cell::Cell;
use std::sync::Arc;

use faer::{MatMut, MatRef};

use super::basis::{Basis, products_with};
use super::ranking::Targets;
use super::shared::Shared;
use crate::error::expect_count;
use crate::product::multiply;
use crate::{Columns, LinearError};

/// Predictions of one walk are kept only up to this size (64 targets × 30 penalties × 8,000 new
/// rows); larger walks take a product a step.
const LARGEST_WALK: usize = 128 << 20;
/// Blocks of fewer targets take a product a step: the basis costs as much as walking a few hundred
/// targets saves, and pays when permutations walk block after block on one design. (The jackknife
/// makes hundreds of designs and walks each once, for the observed targets.)
const FEWEST_TARGETS: usize = 32;
/// Products of one chunk of targets with the basis: this much stays in a second-level cache of 1 MB
/// until it is recombined (measured: 5 % faster than half or twice).
const CHUNK_BYTES: usize = 768 << 10;

/// Memory of one walk. Made new for every block, clearing it and its page faults would cost 4 % of
/// the time.
#[derive(Default)]
struct Workspace {
    /// Predictions of all steps, n_new × n_targets each.
    predictions: Vec<f64>,
    /// Products of one chunk with the basis.
    products: Vec<f64>,
    /// Scores of one chunk times the basis of one run.
    weighted: Vec<f64>,
}

thread_local! {
    /// What the last walk of this thread left behind.
    static SPARE: Cell<Workspace> = Cell::default();
}

/// A block of targets on one design; see [`super::RidgeDesign::begin`]. Belongs to one thread at a
/// time.
pub struct RidgePath {
    design: Arc<Shared>,
    /// Uᵀy: rank × n_targets.
    scores: Vec<f64>,
    n_targets: usize,
    /// In units of the design; n_alphas values when all targets share them, else n_alphas ×
    /// n_targets.
    alphas: Vec<f64>,
    n_alphas: usize,
    has_shared_alphas: bool,
    /// Could a sum overflow? Then every prediction is looked at.
    is_extreme: bool,
    /// Shrunk scores of one call.
    shrunk: Vec<f64>,
    /// Predictions of all steps, once the walk has begun.
    walk: Option<Workspace>,
}

impl RidgePath {
    pub(super) fn begin(
        design: Arc<Shared>,
        y: Columns<'_>,
        alphas: Columns<'_>,
    ) -> Result<Self, LinearError> {
        expect_count("rows of y", y.n_rows(), design.u.nrows())?;
        expect_count(
            "columns of the penalties",
            alphas.n_columns(),
            y.n_columns(),
        )?;
        if let Some(&alpha) = alphas.values().iter().find(|a| a.is_nan() || **a < 0.0) {
            return Err(LinearError::Penalty(alpha));
        }
        let (rank, n_targets) = (design.lambda.len(), y.n_columns());
        let mut scores = vec![0.0; rank * n_targets];
        let out = MatMut::from_column_major_slice_mut(&mut scores, rank, n_targets);
        multiply(out, design.u.transpose(), y.as_mat());
        let largest = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if scores.iter().any(|s| !s.is_finite()) {
            return Err(LinearError::Numeric(
                "y is not finite, or too large to be projected",
            ));
        }
        let has_shared_alphas = (1..n_targets).all(|j| alphas.column(j) == alphas.column(0));
        let kept = if has_shared_alphas {
            alphas.n_rows().min(alphas.values().len())
        } else {
            alphas.values().len()
        };
        let unit = design.unit;
        Ok(Self {
            // 2^20: room for the sums over directions and terms.
            is_extreme: !(design.largest_new * largest(&scores) * 1048576.0).is_finite(),
            scores,
            n_targets,
            alphas: alphas.values()[..kept]
                .iter()
                .map(|a| a / unit / unit)
                .collect(),
            n_alphas: alphas.n_rows(),
            has_shared_alphas,
            shrunk: Vec::new(),
            walk: None,
            design,
        })
    }

    /// Predictions of `columns[c]` at row `steps[c]` of its penalties: `y_hat` is n_new ×
    /// columns.len(), column-major, in units of y.
    ///
    /// Any order of calls is allowed; walking all columns from step 0 on is the fast one. What a
    /// column returns depends on its own y and penalties only, up to 1e-12 of its length: the same
    /// calls give the same bits, another order of calls may change the last ones.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree or an index is too large,
    /// [`LinearError::Numeric`] when a prediction overflows.
    pub fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        y_hat: &mut [f64],
    ) -> Result<(), LinearError> {
        self.check(columns, steps, y_hat)?;
        if self.walk.is_none() && self.begins_walk(columns, steps) {
            self.walk = self
                .design
                .basis(&self.alphas)
                .map(|basis| self.walk(&basis));
        }
        match &self.walk {
            Some(walk) => self.copy(&walk.predictions, columns, steps, y_hat),
            None => self.predict(columns, steps, y_hat),
        }
        if self.is_extreme && !y_hat.iter().all(|v| v.is_finite()) {
            return Err(LinearError::Numeric("a prediction is not finite"));
        }
        Ok(())
    }

    /// Σ (y − ŷ)² of every target at every penalty, over ranges of the new rows: `sse`, and beside
    /// each in `bound` what it may be off by, both (n_alphas · ranges) × n_targets, the error of
    /// penalty k in range r in row k · ranges + r. False, and nothing filled in, where targets have
    /// penalties of their own or numbers are extreme.
    ///
    /// `y_new`: the targets of the new rows, n_new × n_targets, less their training mean; `ends`:
    /// where each range ends, the next one beginning there. How it is made and bounded: `ranking`.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree.
    pub fn errors(
        &self,
        y_new: Columns<'_>,
        ends: &[usize],
        sse: &mut [f64],
        bound: &mut [f64],
    ) -> Result<bool, LinearError> {
        let n_new = self.design.new_rows.nrows();
        expect_count("rows of y_new", y_new.n_rows(), n_new)?;
        expect_count("columns of y_new", y_new.n_columns(), self.n_targets)?;
        let n_rows = self.n_alphas * ends.len();
        expect_count("values of sse", sse.len(), n_rows * self.n_targets)?;
        expect_count("values of bound", bound.len(), n_rows * self.n_targets)?;
        if ends.is_empty() || !ends.is_sorted() || ends.last().is_some_and(|&end| end > n_new) {
            return Err(LinearError::Shape {
                what: "ends of ranges",
                got: ends.last().copied().unwrap_or(0),
                expected: n_new,
            });
        }
        if !self.has_shared_alphas || self.is_extreme {
            return Ok(false);
        }
        let targets = Targets {
            scores: &self.scores,
            y_new,
            ends,
        };
        if self.n_targets < FEWEST_TARGETS {
            let predictions = self.predictions();
            targets.square(0..self.n_targets, None, &predictions, sse);
            targets.bound_sums(sse, bound);
            return Ok(true);
        }
        let Some(ranker) = self.design.ranker(&self.alphas) else {
            return Ok(false);
        };
        ranker.rank(&targets, sse, bound);
        Ok(true)
    }

    /// Predictions of all targets at all shared penalties, by one product: (n_new · n_targets) ×
    /// n_alphas.
    fn predictions(&self) -> Vec<f64> {
        let (lambda, new_rows) = (&self.design.lambda, self.design.new_rows.as_ref());
        let n_products = self.n_targets * self.n_alphas;
        let mut shrunk = Vec::with_capacity(lambda.len() * n_products);
        for alpha in &self.alphas {
            let factors: Vec<f64> = lambda.iter().map(|l| l / (l + alpha)).collect();
            for scores in self.scores.chunks_exact(lambda.len().max(1)) {
                shrunk.extend(factors.iter().zip(scores).map(|(f, s)| f * s));
            }
        }
        let mut predictions = vec![0.0; new_rows.nrows() * n_products];
        multiply(
            MatMut::from_column_major_slice_mut(&mut predictions, new_rows.nrows(), n_products),
            new_rows,
            MatRef::from_column_major_slice(&shrunk, lambda.len(), n_products),
        );
        predictions
    }

    fn check(&self, columns: &[u32], steps: &[u32], y_hat: &[f64]) -> Result<(), LinearError> {
        let n_new = self.design.new_rows.nrows();
        expect_count("steps", steps.len(), columns.len())?;
        expect_count("values of y_hat", y_hat.len(), n_new * columns.len())?;
        let outside = |index: &&u32, end: usize| **index as usize >= end;
        if let Some(&column) = columns.iter().find(|c| outside(c, self.n_targets)) {
            return Err(LinearError::Shape {
                what: "column",
                got: column as usize,
                expected: self.n_targets,
            });
        }
        if let Some(&step) = steps.iter().find(|s| outside(s, self.n_alphas)) {
            return Err(LinearError::Shape {
                what: "step",
                got: step as usize,
                expected: self.n_alphas,
            });
        }
        Ok(())
    }

    /// Every target at step 0, in order: the others will be asked for.
    fn begins_walk(&self, columns: &[u32], steps: &[u32]) -> bool {
        let bytes =
            self.design.new_rows.nrows() * self.n_targets * self.n_alphas * size_of::<f64>();
        self.has_shared_alphas
            && self.n_targets >= FEWEST_TARGETS
            && (1..=LARGEST_WALK).contains(&bytes)
            && columns.len() == self.n_targets
            && columns.iter().enumerate().all(|(i, &c)| c as usize == i)
            && steps.iter().all(|&s| s == 0)
    }

    /// One product: each target's scores shrunk by its own penalty.
    fn predict(&mut self, columns: &[u32], steps: &[u32], y_hat: &mut [f64]) {
        let lambda = &self.design.lambda;
        let rank = lambda.len();
        self.shrunk.clear();
        for (&column, &step) in columns.iter().zip(steps) {
            let (column, step) = (column as usize, step as usize);
            let first = if self.has_shared_alphas {
                0
            } else {
                column * self.n_alphas
            };
            let alpha = self.alphas[first + step];
            let scores = &self.scores[column * rank..][..rank];
            self.shrunk
                .extend(lambda.iter().zip(scores).map(|(l, s)| l / (l + alpha) * s));
        }
        let n_new = self.design.new_rows.nrows();
        let shrunk = MatRef::from_column_major_slice(&self.shrunk, rank, columns.len());
        let out = MatMut::from_column_major_slice_mut(y_hat, n_new, columns.len());
        multiply(out, self.design.new_rows.as_ref(), shrunk);
    }

    fn copy(&self, walk: &[f64], columns: &[u32], steps: &[u32], y_hat: &mut [f64]) {
        let n_new = self.design.new_rows.nrows();
        if n_new == 0 {
            return;
        }
        for ((&column, &step), out) in columns.iter().zip(steps).zip(y_hat.chunks_exact_mut(n_new))
        {
            let first = (step as usize * self.n_targets + column as usize) * n_new;
            out.copy_from_slice(&walk[first..][..n_new]);
        }
    }

    /// Predictions of all targets at all steps: products with the basis, chunk by chunk, each
    /// recombined while it is in the cache.
    fn walk(&self, basis: &Basis) -> Workspace {
        let (n_new, n_targets) = (self.design.new_rows.nrows(), self.n_targets);
        let per_target = n_new * basis.n_terms;
        let chunk = (CHUNK_BYTES / size_of::<f64>() / per_target.max(1)).clamp(1, n_targets);
        let mut space = SPARE.take();
        // What they hold from before is overwritten.
        space
            .predictions
            .resize(n_new * n_targets * self.n_alphas, 0.0);
        space.products.resize(per_target * chunk, 0.0);
        let recombination =
            MatRef::from_column_major_slice(&basis.recombination, basis.n_terms, self.n_alphas);
        for first in (0..n_targets).step_by(chunk) {
            let n_here = chunk.min(n_targets - first);
            let products = &mut space.products[..per_target * n_here];
            let rank = self.design.lambda.len();
            products_with(
                basis.runs.iter().map(|run| (run, run.factors.as_slice())),
                self.design.new_rows.as_ref(),
                &self.scores[first * rank..(first + n_here) * rank],
                products,
                &mut space.weighted,
            );
            let all = MatMut::from_column_major_slice_mut(
                &mut space.predictions,
                n_new * n_targets,
                self.n_alphas,
            );
            multiply(
                all.subrows_mut(n_new * first, n_new * n_here),
                MatRef::from_column_major_slice(products, n_new * n_here, basis.n_terms),
                recombination,
            );
        }
        space
    }
}

impl Drop for RidgePath {
    fn drop(&mut self) {
        if let Some(space) = self.walk.take() {
            // Fails only while the thread ends, when nobody needs it.
            let _ = SPARE.try_with(|spare| spare.set(space));
        }
    }
}
