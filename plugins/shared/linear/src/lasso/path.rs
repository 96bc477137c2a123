//! One block of targets on its way along the penalties.

use std::cell::Cell;
use std::sync::Arc;

use super::LassoOptions;
use super::fit::LassoFit;
use super::gram::Gram;
use super::options::Penalty;
use super::projection::Projection;
use super::walk::{Target, Walk, Workspace};
use crate::error::expect_count;
use crate::kernel::add_columns;
use crate::{Columns, LinearError};

thread_local! {
    /// Working sets of this thread: paths take turns, and what they need is warm in the cache.
    static SPARE: Cell<Workspace> = Cell::default();
}

/// What a path needs of its design.
#[derive(Clone, Copy)]
pub(super) struct Shared<'p> {
    pub gram: &'p Gram<'p>,
    /// X = unit · (what the moments are of).
    pub unit: f64,
    /// New rows in the same unit, n_new × n_features; none when coefficients are asked for instead.
    pub x_new: Option<Columns<'p>>,
}

/// A block of targets on one design; see [`super::LassoDesign::begin`] and
/// [`super::LassoMoments::begin`]. Belongs to one thread at a time.
pub struct LassoPath<'p> {
    shared: Shared<'p>,
    projection: Arc<Projection>,
    options: LassoOptions,
    /// n_alphas × n_targets, as they came.
    alphas: Vec<f64>,
    n_alphas: usize,
    /// g of each target: n_features × n_targets.
    gradients: Vec<f64>,
    walks: Vec<Walk>,
    /// Steps done by each target, and its last fit.
    done: Vec<(u32, Option<LassoFit>)>,
}

impl<'p> LassoPath<'p> {
    pub(super) fn begin(
        shared: Shared<'p>,
        projection: Arc<Projection>,
        alphas: Columns<'_>,
        options: LassoOptions,
    ) -> Result<Self, LinearError> {
        let n_targets = projection.n_targets();
        expect_count("columns of the penalties", alphas.n_columns(), n_targets)?;
        if let Some(&alpha) = alphas.values().iter().find(|a| a.is_nan() || **a <= 0.0) {
            return Err(LinearError::NoPenalty(alpha));
        }
        Ok(Self {
            options: options.check()?,
            alphas: alphas.values().to_vec(),
            n_alphas: alphas.n_rows(),
            gradients: (0..n_targets)
                .flat_map(|t| projection.xty(t))
                .copied()
                .collect(),
            walks: (0..n_targets).map(|_| Walk::default()).collect(),
            done: vec![(0, None); n_targets],
            shared,
            projection,
        })
    }

    /// Takes `columns[c]` to row `steps[c]` of its penalties: fills column c of `out` and
    /// `fits[c]`.
    ///
    /// `out` has n_new × columns.len() predictions in units of y, or n_features × columns.len()
    /// coefficients for a path from moments. The steps of a column never fall; the rows between are
    /// walked. What a column gets depends on its own y and penalties only, to the last bit.
    ///
    /// # Errors
    /// [`LinearError::Shape`] when sizes disagree, an index is too large or a step falls,
    /// [`LinearError::Numeric`] when a result is not finite.
    pub fn advance(
        &mut self,
        columns: &[u32],
        steps: &[u32],
        out: &mut [f64],
        fits: &mut [LassoFit],
    ) -> Result<(), LinearError> {
        let n_out = self.n_out();
        expect_count("steps", steps.len(), columns.len())?;
        expect_count("fits", fits.len(), columns.len())?;
        expect_count("values of the result", out.len(), n_out * columns.len())?;
        let mut space = SPARE.take();
        for (c, (&column, &step)) in columns.iter().zip(steps).enumerate() {
            fits[c] = self.walk_to(column as usize, step, &mut space)?;
            self.put(column as usize, &mut out[c * n_out..][..n_out])?;
        }
        SPARE.set(space);
        Ok(())
    }

    /// Values of a result.
    fn n_out(&self) -> usize {
        let n_features = self.shared.gram.n_features();
        self.shared.x_new.map_or(n_features, |x| x.n_rows())
    }

    fn walk_to(
        &mut self,
        column: usize,
        step: u32,
        space: &mut Workspace,
    ) -> Result<LassoFit, LinearError> {
        let outside = |what, got, expected| LinearError::Shape {
            what,
            got,
            expected,
        };
        if column >= self.walks.len() {
            return Err(outside("column", column, self.walks.len()));
        }
        if step as usize >= self.n_alphas {
            return Err(outside("step", step as usize, self.n_alphas));
        }
        let (done, last) = self.done[column];
        if step + 1 < done {
            return Err(outside(
                "step of a path that is past it",
                step as usize,
                done as usize,
            ));
        }
        let mut fit = last;
        for step in done..=step {
            fit = Some(self.step(column, step as usize, space));
        }
        self.done[column] = (step + 1, fit);
        Ok(fit.unwrap_or(LassoFit::EMPTY))
    }

    fn step(&mut self, column: usize, step: usize, space: &mut Workspace) -> LassoFit {
        let p = self.shared.gram.n_features();
        let (unit, unit_y) = (self.shared.unit, self.projection.unit[column]);
        let (alpha, ratio) = (
            self.alphas[column * self.n_alphas + step],
            self.options.l1_ratio,
        );
        let penalty = Penalty::new(
            alpha / unit / unit_y * ratio,
            alpha / unit / unit * (1.0 - ratio),
            self.projection.strongest(column, false),
            &self.options,
        );
        let target = Target {
            gram: self.shared.gram,
            xty: self.projection.xty(column),
            y_sq: self.projection.y_sq[column],
        };
        let gradient = &mut self.gradients[column * p..][..p];
        self.walks[column].step(target, gradient, &penalty, &self.options, space)
    }

    /// Predictions or coefficients of where the target stands.
    fn put(&self, column: usize, out: &mut [f64]) -> Result<(), LinearError> {
        let walk = &self.walks[column];
        let unit_y = self.projection.unit[column];
        out.fill(0.0);
        let terms = walk.support.iter().copied().zip(walk.coef.iter().copied());
        match self.shared.x_new {
            Some(x_new) => {
                add_columns(out, terms, |j| x_new.column(j as usize));
                if unit_y != 1.0 {
                    out.iter_mut().for_each(|v| *v *= unit_y);
                }
            }
            None => terms.for_each(|(j, w)| out[j as usize] = w * unit_y / self.shared.unit),
        }
        if out.iter().map(|v| v * 0.0).sum::<f64>() == 0.0 {
            Ok(())
        } else {
            Err(LinearError::Numeric("a result is not finite"))
        }
    }
}
