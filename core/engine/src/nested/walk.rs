//! Along the penalties of the inner designs, then the final fits: the same whether designs are rows
//! or moments.

use nalgebra::DMatrix;

use super::errors::{InnerErrors, Walks};
use super::paths::Paths;
use super::{Fit, NestedCv, OutOfFold, PreparedDesigns};
use crate::error::EngineError;
use crate::regressor::{FitInfo, Path};

/// One block of targets on the designs of a repeat, numbered from the first inner one to the last
/// outer one.
///
/// A *slot* is a place among the columns of the last [`Block::advance`].
pub(super) trait Block<'p> {
    /// What the targets need at one design, and the memory for what they get there.
    type Open;
    /// Rows and columns of y.
    fn shape(&self) -> (usize, usize);
    /// The outer splits that a design validates, with the rows held out for each.
    fn serves(&self, at: usize) -> Vec<(usize, usize)>;
    /// Brings the targets to a design.
    fn open(&self, at: usize) -> Self::Open;
    /// Begins the paths of all targets; with them their penalties, n_alphas × targets.
    fn begin(&self, open: &Self::Open, variant: usize) -> Result<Begun<'p>, EngineError>;
    /// Takes `columns` to their own `steps`.
    fn advance(
        &self,
        open: &mut Self::Open,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
    ) -> Result<(), EngineError>;
    /// Σ (y − ŷ)² over the rows held out for the `served`-th split of an inner design, target units
    /// squared.
    fn sse(&self, open: &Self::Open, served: usize, column: usize, slot: usize) -> f64;
    /// What the regressor said of a slot.
    fn info(open: &Self::Open, slot: usize) -> FitInfo;
    /// The sd that y was divided by, or 1; and whether the training y is constant.
    fn scale(open: &Self::Open, column: usize) -> (f64, bool);
    /// Writes the predictions of one column of an outer design to the rows that it holds out.
    fn put(&self, open: &Self::Open, out: &mut OutOfFold, column: usize, slot: usize);
}

/// A path with its penalties.
pub(super) type Begun<'p> = (Box<dyn Path + 'p>, DMatrix<f64>);

impl NestedCv<'_> {
    fn n_inner(&self) -> usize {
        match &self.prepared {
            PreparedDesigns::Moments(moments, _) => moments.n_inner,
            PreparedDesigns::Rows(_) => self.designs.inner.len(),
        }
    }

    /// The inner errors along every path.
    pub(super) fn walk<'p>(
        &self,
        block: &impl Block<'p>,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        match self.tuning.patience {
            None => self.walk_designs(block, errors),
            Some(patience) => self.walk_in_step(block, patience, errors),
        }
    }

    /// The whole path of one design after the other: nothing is dropped, so each design's working
    /// memory is used once and forgotten.
    fn walk_designs<'p>(
        &self,
        block: &impl Block<'p>,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..block.shape().1 as u32).collect();
        let mut steps = vec![0; all.len()];
        for at in 0..self.n_inner() {
            let mut open = block.open(at);
            let serves = block.serves(at);
            for variant in 0..self.n_variants {
                let (mut path, _) = block.begin(&open, variant)?;
                for step in 0..self.n_alphas {
                    steps.fill(step as u32);
                    block.advance(&mut open, path.as_mut(), &all, &steps)?;
                    add_errors(block, &open, &serves, &all, (variant, step), errors);
                }
            }
        }
        Ok(())
    }

    /// All inner designs in step, each (split, column) leaving when its error has stopped falling.
    fn walk_in_step<'p>(
        &self,
        block: &impl Block<'p>,
        patience: usize,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let n_columns = block.shape().1;
        let designs = 0..self.n_inner();
        let mut open: Vec<_> = designs.clone().map(|at| block.open(at)).collect();
        let serves: Vec<Vec<(usize, usize)>> = designs.clone().map(|at| block.serves(at)).collect();
        let splits: Vec<Vec<usize>> = serves
            .iter()
            .map(|serves| serves.iter().map(|(split, _)| *split).collect())
            .collect();
        let mut steps = Vec::with_capacity(n_columns);
        for variant in 0..self.n_variants {
            let mut paths = Vec::with_capacity(designs.len());
            for open in &open {
                paths.push(block.begin(open, variant)?.0);
            }
            let mut walks = Walks::new(self.designs.n_splits(), n_columns, patience);
            for step in 0..self.n_alphas {
                for at in designs.clone() {
                    let active = walks.active_in_any(&splits[at]);
                    if active.is_empty() {
                        continue;
                    }
                    steps.clear();
                    steps.resize(active.len(), step as u32);
                    block.advance(&mut open[at], paths[at].as_mut(), &active, &steps)?;
                    let at_step = (variant, step);
                    add_errors(block, &open[at], &serves[at], &active, at_step, errors);
                }
                if !walks.close_step(errors, variant, step) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The final fits: one per split and column, at the chosen row of its own grid.
    pub(super) fn predict<'p, B: Block<'p>>(
        &self,
        block: &B,
        errors: InnerErrors,
    ) -> Result<OutOfFold, EngineError> {
        let (n_rows, n_columns) = block.shape();
        let mut out = OutOfFold {
            y_hat: DMatrix::zeros(n_rows, n_columns),
            y_bar: DMatrix::zeros(n_rows, n_columns),
            fits: Vec::with_capacity(self.designs.n_splits()),
            paths: None,
        };
        let mut penalties = DMatrix::zeros(self.designs.n_splits() * self.n_alphas, n_columns);
        for split in 0..self.designs.n_splits() {
            let mut open = block.open(self.n_inner() + split);
            let folds = self.inner_folds(block, split);
            let chosen: Vec<(usize, usize)> = (0..n_columns)
                .map(|column| errors.choose(split, column, folds))
                .collect();
            let mut fits = vec![None; n_columns];
            for variant in 0..self.n_variants {
                let columns: Vec<u32> = (0..n_columns as u32)
                    .filter(|&column| chosen[column as usize].0 == variant)
                    .collect();
                if columns.is_empty() {
                    continue;
                }
                let (mut path, alphas) = block.begin(&open, variant)?;
                let steps: Vec<u32> = columns
                    .iter()
                    .map(|&column| chosen[column as usize].1 as u32)
                    .collect();
                block.advance(&mut open, path.as_mut(), &columns, &steps)?;
                for (slot, &column) in columns.iter().enumerate() {
                    let column = column as usize;
                    let step = chosen[column].1;
                    block.put(&open, &mut out, column, slot);
                    let (scale, is_constant) = B::scale(&open, column);
                    let mut of_split =
                        penalties.view_mut((split * self.n_alphas, column), (self.n_alphas, 1));
                    of_split.copy_from(&(alphas.column(column) * scale));
                    let fit = self.fit(
                        variant,
                        step,
                        alphas[(step, column)] * scale,
                        B::info(&open, slot),
                        is_constant,
                        errors.of(split, column, (variant, step)),
                    );
                    fits[column] = Some(fit);
                }
            }
            out.fits.push(fits.into_iter().flatten().collect());
        }
        out.paths = Some(Paths { errors, penalties });
        Ok(out)
    }

    /// Rows and number of the inner folds of a split.
    fn inner_folds<'p>(&self, block: &impl Block<'p>, split: usize) -> (usize, usize) {
        let served = (0..self.n_inner()).flat_map(|at| block.serves(at));
        let sizes = served
            .filter(|(served, _)| *served == split)
            .map(|(_, n_rows)| n_rows);
        sizes.fold((0, 0), |(rows, folds), size| (rows + size, folds + 1))
    }

    fn fit(
        &self,
        variant: usize,
        step: usize,
        alpha: f64,
        info: FitInfo,
        is_constant: bool,
        inner_sse: f64,
    ) -> Fit {
        Fit {
            step,
            variant,
            alpha: if is_constant { f64::NAN } else { alpha },
            info,
            is_empty: is_constant || info.n_nonzero == Some(0),
            at_grid_edge: !is_constant
                && self.n_alphas > 1
                && (step == 0 || step + 1 == self.n_alphas),
            inner_sse,
            candidate: 0,
        }
    }
}

/// The errors of the slots of the last call, in both splits that a design may serve.
fn add_errors<'p, B: Block<'p>>(
    block: &B,
    open: &B::Open,
    serves: &[(usize, usize)],
    columns: &[u32],
    (variant, step): (usize, usize),
    errors: &mut InnerErrors,
) {
    for (served, &(split, n_rows)) in serves.iter().enumerate() {
        for (slot, &column) in columns.iter().enumerate() {
            let column = column as usize;
            let sse = block.sse(open, served, column, slot);
            errors.add((split, column, variant, step), sse, n_rows);
        }
    }
}
