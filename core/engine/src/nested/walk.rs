//! Along the penalties of the inner designs, then the final fits: the same whether designs are rows
//! or moments.

use nalgebra::DMatrix;

use super::block::{Block, Open};
use super::errors::{InnerErrors, Walks};
use super::paths::Paths;
use super::{Fit, NestedCv, OutOfFold};
use crate::error::EngineError;
use crate::regressor::{FitInfo, Path, RegressorError};

impl NestedCv<'_> {
    /// The penalties of a block of targets at a design, n_alphas × targets.
    pub(super) fn grid<H>(
        &self,
        open: &Open<H>,
        variant: usize,
    ) -> Result<DMatrix<f64>, EngineError> {
        let mut alphas = DMatrix::zeros(self.n_alphas, open.y.ncols());
        self.prepared[open.at]
            .grid(variant, &open.y, &mut alphas)
            .map_err(|source| self.failed(open.at, "making the penalty grid", source))?;
        Ok(alphas)
    }

    /// Begins the paths of all targets at a design.
    pub(super) fn begin<H>(
        &self,
        open: &Open<H>,
        variant: usize,
        alphas: &DMatrix<f64>,
    ) -> Result<Box<dyn Path + '_>, EngineError> {
        self.prepared[open.at]
            .begin(variant, &open.y, &open.y_sq, alphas)
            .map_err(|source| self.failed(open.at, "beginning the path", source))
    }

    /// Takes `columns` to their own `steps`.
    pub(super) fn advance<H>(
        &self,
        open: &mut Open<H>,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
    ) -> Result<(), EngineError> {
        open.fits
            .advance(path, columns, steps)
            .map_err(|source| self.failed(open.at, "fitting", source))
    }

    pub(super) fn failed(&self, at: usize, doing: &str, source: RegressorError) -> EngineError {
        self.splits[at].failed(doing, self.designs.n_features(), source)
    }

    /// The whole path of one design after the other: nothing is dropped, so each design's working
    /// memory is used once and forgotten.
    pub(super) fn walk_designs(
        &self,
        block: &impl Block,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..block.y().ncols() as u32).collect();
        let mut steps = vec![0; all.len()];
        for at in 0..self.n_inner() {
            let mut open = block.open(at);
            for variant in 0..self.n_variants {
                let alphas = self.grid(&open, variant)?;
                let mut path = self.begin(&open, variant, &alphas)?;
                for step in 0..self.n_alphas {
                    steps.fill(step as u32);
                    self.advance(&mut open, path.as_mut(), &all, &steps)?;
                    self.add_errors(block, &open, &all, (variant, step), errors);
                }
            }
        }
        Ok(())
    }

    /// All inner designs in step, each (split, column) leaving when its error has stopped falling.
    pub(super) fn walk_in_step(
        &self,
        block: &impl Block,
        patience: usize,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let n_columns = block.y().ncols();
        let mut open: Vec<_> = (0..self.n_inner()).map(|at| block.open(at)).collect();
        let mut steps = Vec::with_capacity(n_columns);
        for variant in 0..self.n_variants {
            let mut paths = Vec::with_capacity(open.len());
            for open in &open {
                let alphas = self.grid(open, variant)?;
                paths.push(self.begin(open, variant, &alphas)?);
            }
            let mut walks = Walks::new(self.designs.n_splits(), n_columns, patience);
            for step in 0..self.n_alphas {
                for (open, path) in open.iter_mut().zip(&mut paths) {
                    let active = walks.active_in_any(self.splits[open.at]);
                    if active.is_empty() {
                        continue;
                    }
                    steps.clear();
                    steps.resize(active.len(), step as u32);
                    self.advance(open, path.as_mut(), &active, &steps)?;
                    self.add_errors(block, open, &active, (variant, step), errors);
                }
                if !walks.close_step(errors, variant, step) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The final fits: one per split and column, at the chosen row of its own grid.
    pub(super) fn fit_chosen(
        &self,
        block: &impl Block,
        errors: InnerErrors,
    ) -> Result<OutOfFold, EngineError> {
        let (n_rows, n_columns) = block.y().shape();
        let mut out = OutOfFold {
            y_hat: DMatrix::zeros(n_rows, n_columns),
            y_bar: DMatrix::zeros(n_rows, n_columns),
            fits: Vec::with_capacity(self.designs.n_splits()),
            paths: None,
        };
        let mut penalties = DMatrix::zeros(self.designs.n_splits() * self.n_alphas, n_columns);
        for split in 0..self.designs.n_splits() {
            let mut open = block.open(self.n_inner() + split);
            let folds = self.inner_folds(split);
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
                let alphas = self.grid(&open, variant)?;
                let mut path = self.begin(&open, variant, &alphas)?;
                let steps: Vec<u32> = columns
                    .iter()
                    .map(|&column| chosen[column as usize].1 as u32)
                    .collect();
                self.advance(&mut open, path.as_mut(), &columns, &steps)?;
                block.predict(&open, &columns, &mut out);
                for (slot, &column) in columns.iter().enumerate() {
                    let column = column as usize;
                    let step = chosen[column].1;
                    let scale = open.scale[column];
                    let mut of_split =
                        penalties.view_mut((split * self.n_alphas, column), (self.n_alphas, 1));
                    of_split.copy_from(&(alphas.column(column) * scale));
                    let fit = self.fit(
                        variant,
                        step,
                        alphas[(step, column)] * scale,
                        open.fits.info[slot],
                        open.constant[column],
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
    fn inner_folds(&self, split: usize) -> (usize, usize) {
        let served = self.splits[..self.n_inner()]
            .iter()
            .flat_map(|of| &of.serves);
        let sizes = served
            .filter(|(served, _)| *served == split)
            .map(|(_, rows)| rows.len());
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

    /// The errors of the last fits, in both splits that a design may serve.
    fn add_errors<B: Block>(
        &self,
        block: &B,
        open: &Open<B::HeldOut>,
        columns: &[u32],
        (variant, step): (usize, usize),
        errors: &mut InnerErrors,
    ) {
        let sse = block.score(open, columns);
        let serves = &self.splits[open.at].serves;
        for ((split, rows), sse) in serves.iter().zip(sse.row_iter()) {
            for (&column, &sse) in columns.iter().zip(sse.iter()) {
                errors.add((*split, column as usize, variant, step), sse, rows.len());
            }
        }
    }
}
