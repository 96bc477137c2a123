//! Nested cross-validation of a block of targets: choose the penalty inside each training part, predict the held-out fold.
//!
//! This is the hot path. The observed y and every permuted y go through [`NestedCv::run`], by the same code: they are columns of one block. A block has a fixed
//! width and is computed by one thread from start to end, so results do not depend on how many threads there are.
//!
//! What is carried from the inner to the outer designs is the grid *index* of the penalty: a grid means the same in every design (fraction of α_max,
//! degrees of freedom), and nothing of the held-out rows enters it.

mod block;
mod errors;
mod workspace;

use block::CentredBlock;
use errors::{InnerErrors, Walks};
use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::design::{Design, FoldDesigns};
use crate::error::EngineError;
use crate::regressor::{FitInfo, Path, Prepared, Regressor, RegressorError};
use workspace::Workspace;

/// How the penalty is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Stop a path after this many steps that did not lower the inner error by more than 1e-12 of it; `None` walks it all.
    /// Part of the procedure: the same for observed and permuted y.
    pub patience: Option<usize>,
    /// Which of the walked steps is taken.
    pub selection: Selection,
    /// Whose grid the inner designs walk along.
    pub grid: Grid,
}

impl Tuning {
    /// The whole path, the smallest inner error.
    pub const PLAIN: Self = Self {
        patience: None,
        selection: Selection::Min,
        grid: Grid::Design,
    };
}

/// Whose penalties the inner designs of a split try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Their own: what is carried to the outer design is the index. A design then serves two splits with one walk, and nothing of the held-out rows
    /// enters a grid.
    Design,
    /// That of the whole training part, penalty by penalty, as scikit-learn's `LassoCV` and glmnet's `cv.glmnet` do: for comparison with them. Walked whole,
    /// and once for every split that a design serves.
    Split,
}

/// Which penalty inner cross-validation selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The strongest whose inner error is the smallest, up to 1e-12 of it.
    Min,
    /// The strongest whose inner error is within one standard error of the smallest (Breiman et al. 1984; glmnet's `lambda.1se`).
    OneSe,
}

/// The designs of one repeat, factorised by one regressor.
pub struct NestedCv<'a> {
    designs: &'a FoldDesigns,
    inner: Vec<Box<dyn Prepared + 'a>>,
    outer: Vec<Box<dyn Prepared + 'a>>,
    n_variants: usize,
    n_alphas: usize,
    scales_y: bool,
    tuning: Tuning,
}

/// Out-of-fold predictions of a block of targets.
#[derive(Debug, Clone)]
pub struct OutOfFold {
    /// Prediction by the split that held the row out, n_samples of the row set × columns, target units.
    pub y_hat: DMatrix<f64>,
    /// What that split predicts without X, the same shape: the mean of its training targets, or with covariates ŷ⁰ = ZΓ̂.
    pub y_bar: DMatrix<f64>,
    /// The chosen fit of each split (rows) and column, split-major.
    pub fits: Vec<Vec<Fit>>,
}

/// The fit chosen for one split and column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Row of the grid, 0 the strongest penalty.
    pub step: usize,
    /// Setting tuned with the penalty (for elastic net: the l1_ratio), 0 the strongest.
    pub variant: usize,
    /// The penalty itself; NaN when y was constant in the training part. Where y was scaled, that of its ℓ1 part in target units, as glmnet's lambda.
    pub alpha: f64,
    /// What the regressor reported.
    pub info: FitInfo,
    /// No coefficient, or a constant training y.
    pub is_empty: bool,
    /// The chosen row is the first or last of the grid.
    pub at_grid_edge: bool,
    /// Σ (y − ŷ)² over the inner held-out rows at the chosen penalty, target units squared.
    pub inner_sse: f64,
    /// Which of several candidates was chosen ([`crate::best`]); 0 where there is one.
    pub candidate: usize,
}

impl<'a> NestedCv<'a> {
    /// Factorises every design, in parallel.
    ///
    /// # Errors
    /// [`EngineError::Regressor`] naming the design that failed.
    pub fn prepare(
        designs: &'a FoldDesigns,
        regressor: &'a dyn Regressor,
        tuning: Tuning,
    ) -> Result<Self, EngineError> {
        let prepare = |design: &'a Design| {
            regressor
                .prepare(&design.x, &design.x_new)
                .map_err(|source| failed("preparing", design, source))
        };
        Ok(Self {
            inner: designs
                .inner
                .par_iter()
                .map(prepare)
                .collect::<Result<_, _>>()?,
            outer: designs
                .outer
                .par_iter()
                .map(prepare)
                .collect::<Result<_, _>>()?,
            designs,
            n_variants: regressor.n_variants().max(1),
            n_alphas: regressor.n_alphas().max(1),
            scales_y: regressor.scales_y(),
            tuning,
        })
    }

    /// The designs behind it.
    #[must_use]
    pub fn designs(&self) -> &'a FoldDesigns {
        self.designs
    }

    /// Nested cross-validation of every column of `y` (n_samples of the row set × columns, target units, no missing values).
    ///
    /// # Errors
    /// [`EngineError::Regressor`] naming the design that failed, [`EngineError::Shape`] when `y` has other rows than the row set.
    pub fn run(&self, y: &DMatrix<f64>) -> Result<OutOfFold, EngineError> {
        if y.nrows() != self.designs.n_samples() {
            return Err(EngineError::Shape {
                what: "rows of y",
                got: y.nrows().to_string(),
                expected: self.designs.n_samples().to_string(),
            });
        }
        let mut errors = InnerErrors::zeros(
            self.designs.n_splits(),
            y.ncols(),
            self.n_variants,
            self.n_alphas,
            self.tuning.selection,
        );
        match (self.tuning.grid, self.tuning.patience) {
            (Grid::Split, _) => self.walk_splits(y, &mut errors)?,
            (Grid::Design, None) => self.walk_designs(y, &mut errors)?,
            (Grid::Design, Some(patience)) => self.walk_in_step(y, patience, &mut errors)?,
        }
        self.predict(y, &errors)
    }

    /// The whole path of one design after the other: nothing is dropped, so each design's working memory is used once and forgotten.
    fn walk_designs(&self, y: &DMatrix<f64>, errors: &mut InnerErrors) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..y.ncols() as u32).collect();
        for (design, prepared) in self.designs.inner.iter().zip(&self.inner) {
            let part = CentredBlock::new(y, design, self.scales_y);
            let mut workspace = Workspace::new(design, y.ncols());
            for variant in 0..self.n_variants {
                let (mut path, _) = self.begin(design, prepared.as_ref(), variant, &part)?;
                for step in 0..self.n_alphas {
                    workspace.advance(path.as_mut(), &all, step, design)?;
                    for (split, range) in &design.serves {
                        for &column in &all {
                            let column = column as usize;
                            let sse = part.sse(range.clone(), column, workspace.y_hat(column));
                            errors.add((*split, column, variant, step), sse, range.len());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The whole paths of each split's inner designs along that split's own grid.
    fn walk_splits(&self, y: &DMatrix<f64>, errors: &mut InnerErrors) -> Result<(), EngineError> {
        let all: Vec<u32> = (0..y.ncols() as u32).collect();
        // Each split's grid of each variant, with the scale of y that it is for.
        let mut grids = Vec::with_capacity(self.designs.n_splits());
        for (design, prepared) in self.designs.outer.iter().zip(&self.outer) {
            let part = CentredBlock::new(y, design, self.scales_y);
            let of_variants = (0..self.n_variants)
                .map(|variant| self.grid(design, prepared.as_ref(), variant, &part))
                .collect::<Result<Vec<_>, _>>()?;
            grids.push((part.scale, of_variants));
        }
        for (design, prepared) in self.designs.inner.iter().zip(&self.inner) {
            let part = CentredBlock::new(y, design, self.scales_y);
            let mut workspace = Workspace::new(design, y.ncols());
            for (split, range) in &design.serves {
                let (scale, of_variants) = &grids[*split];
                for (variant, alphas) in of_variants.iter().enumerate() {
                    // The same penalty in units of y.
                    let mut alphas = alphas.clone();
                    for (column, mut alphas) in alphas.column_iter_mut().enumerate() {
                        alphas *= scale[column] / part.scale[column];
                    }
                    let mut path = prepared
                        .begin(variant, &part.y, &alphas)
                        .map_err(|source| failed("beginning the path", design, source))?;
                    for step in 0..self.n_alphas {
                        workspace.advance(path.as_mut(), &all, step, design)?;
                        for column in 0..y.ncols() {
                            let sse = part.sse(range.clone(), column, workspace.y_hat(column));
                            errors.add((*split, column, variant, step), sse, range.len());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// All inner designs in step, each (split, column) leaving when its error has stopped falling.
    fn walk_in_step(
        &self,
        y: &DMatrix<f64>,
        patience: usize,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let inner = &self.designs.inner;
        let parts: Vec<CentredBlock> = inner
            .iter()
            .map(|design| CentredBlock::new(y, design, self.scales_y))
            .collect();
        let mut workspaces: Vec<Workspace> = inner
            .iter()
            .map(|design| Workspace::new(design, y.ncols()))
            .collect();
        for variant in 0..self.n_variants {
            let mut paths = Vec::with_capacity(inner.len());
            for ((design, prepared), part) in inner.iter().zip(&self.inner).zip(&parts) {
                paths.push(self.begin(design, prepared.as_ref(), variant, part)?.0);
            }
            let mut walks = Walks::new(self.designs.n_splits(), y.ncols(), patience);
            for step in 0..self.n_alphas {
                for (at, design) in inner.iter().enumerate() {
                    let splits: Vec<usize> =
                        design.serves.iter().map(|(split, _)| *split).collect();
                    let active = walks.active_in_any(&splits);
                    if active.is_empty() {
                        continue;
                    }
                    workspaces[at].advance(paths[at].as_mut(), &active, step, design)?;
                    for (split, range) in &design.serves {
                        for (slot, &column) in active.iter().enumerate() {
                            let column = column as usize;
                            let y_hat = workspaces[at].y_hat(slot);
                            let sse = parts[at].sse(range.clone(), column, y_hat);
                            errors.add((*split, column, variant, step), sse, range.len());
                        }
                    }
                }
                if !walks.close_step(errors, variant, step) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The final fits: one per split and column, at the chosen row of its own grid.
    fn predict(&self, y: &DMatrix<f64>, errors: &InnerErrors) -> Result<OutOfFold, EngineError> {
        let n_columns = y.ncols();
        let mut out = OutOfFold {
            y_hat: DMatrix::zeros(y.nrows(), n_columns),
            y_bar: DMatrix::zeros(y.nrows(), n_columns),
            fits: Vec::with_capacity(self.designs.n_splits()),
        };
        for (split, (design, prepared)) in self.designs.outer.iter().zip(&self.outer).enumerate() {
            let part = CentredBlock::new(y, design, self.scales_y);
            let folds = self.inner_folds(split);
            let chosen: Vec<(usize, usize)> = (0..n_columns)
                .map(|column| errors.choose(split, column, folds))
                .collect();
            let mut fits = vec![None; n_columns];
            let mut workspace = Workspace::new(design, n_columns);
            for variant in 0..self.n_variants {
                let columns: Vec<u32> = (0..n_columns as u32)
                    .filter(|&column| chosen[column as usize].0 == variant)
                    .collect();
                if columns.is_empty() {
                    continue;
                }
                let (mut path, alphas) = self.begin(design, prepared.as_ref(), variant, &part)?;
                let steps: Vec<u32> = columns
                    .iter()
                    .map(|&column| chosen[column as usize].1 as u32)
                    .collect();
                workspace.advance_to(path.as_mut(), &columns, &steps, design)?;
                for (slot, &column) in columns.iter().enumerate() {
                    let column = column as usize;
                    let step = chosen[column].1;
                    part.put(&mut out, design, column, workspace.y_hat(slot));
                    let fit = self.fit(
                        variant,
                        step,
                        alphas[(step, column)] * part.scale[column],
                        workspace.info[slot],
                        part.constant[column],
                        errors.of(split, column, (variant, step)),
                    );
                    fits[column] = Some(fit);
                }
            }
            out.fits.push(fits.into_iter().flatten().collect());
        }
        Ok(out)
    }

    /// Rows and number of the inner folds of a split.
    fn inner_folds(&self, split: usize) -> (usize, usize) {
        let served = self.designs.inner.iter().flat_map(|design| &design.serves);
        let sizes = served
            .filter(|(served, _)| *served == split)
            .map(|(_, range)| range.len());
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

    /// The penalties of one design for a block of targets, n_alphas × columns.
    fn grid(
        &self,
        design: &Design,
        prepared: &(dyn Prepared + 'a),
        variant: usize,
        part: &CentredBlock,
    ) -> Result<DMatrix<f64>, EngineError> {
        let mut alphas = DMatrix::zeros(self.n_alphas, part.y.ncols());
        prepared
            .grid(variant, &part.y, &mut alphas)
            .map_err(|source| failed("making the penalty grid", design, source))?;
        Ok(alphas)
    }

    fn begin<'p>(
        &self,
        design: &Design,
        prepared: &'p (dyn Prepared + 'a),
        variant: usize,
        part: &CentredBlock,
    ) -> Result<(Box<dyn Path + 'p>, DMatrix<f64>), EngineError> {
        let alphas = self.grid(design, prepared, variant, part)?;
        let path = prepared
            .begin(variant, &part.y, &alphas)
            .map_err(|source| failed("beginning the path", design, source))?;
        Ok((path, alphas))
    }
}

fn failed(doing: &str, design: &Design, source: RegressorError) -> EngineError {
    let splits: Vec<String> = design
        .serves
        .iter()
        .map(|(split, _)| (split + 1).to_string())
        .collect();
    EngineError::Regressor {
        stage: format!("{doing} (design of split {})", splits.join(" and ")),
        n_train: design.train.len(),
        n_features: design.x.ncols(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{InnerFolds, Layout};
    use crate::folds::{Folds, Groups};
    use crate::reference::ReferenceRidge;
    use crate::seed::Seed;

    fn designs(n: usize, n_features: usize) -> (FoldDesigns, DMatrix<f64>) {
        let mut noise = Seed(4).stream("data", 0);
        let x = DMatrix::from_fn(n, n_features, |_, _| noise.normal());
        let mut y = DMatrix::from_fn(n, 3, |row, _| x[(row, 0)] + noise.normal());
        y.column_mut(2).iter_mut().for_each(|y| *y = noise.normal());
        let groups = Groups::singletons(n);
        let folds = Folds::split(&groups, 5, 1, Seed(4)).unwrap();
        let layout = Layout {
            x: &x,
            folds: &folds,
            groups: &groups,
            inner: InnerFolds::Outer,
            seed: Seed(4),
            covariates: None,
        };
        let rows: Vec<usize> = (0..n).collect();
        (FoldDesigns::build(&layout, &rows, 0).unwrap(), y)
    }

    fn run(designs: &FoldDesigns, y: &DMatrix<f64>, patience: Option<usize>) -> OutOfFold {
        let ridge = ReferenceRidge { n_alphas: 12 };
        NestedCv::prepare(
            designs,
            &ridge,
            Tuning {
                patience,
                ..Tuning::PLAIN
            },
        )
        .unwrap()
        .run(y)
        .unwrap()
    }

    #[test]
    fn a_column_does_not_depend_on_its_neighbours_in_the_block() {
        let (designs, y) = designs(60, 8);
        let together = run(&designs, &y, None);
        for column in 0..3 {
            let alone = run(&designs, &y.columns(column, 1).into_owned(), None);
            assert_eq!(together.fits[0][column].step, alone.fits[0][0].step);
            let difference = together.y_hat.column(column) - alone.y_hat.column(0);
            assert!(difference.amax() < 1e-12, "{}", difference.amax());
        }
    }

    #[test]
    fn walking_in_step_with_endless_patience_is_the_whole_walk() {
        let (designs, y) = designs(60, 8);
        let (whole, in_step) = (run(&designs, &y, None), run(&designs, &y, Some(99)));
        assert_eq!(whole.y_hat, in_step.y_hat);
    }

    #[test]
    fn a_split_never_chooses_a_step_behind_its_own_stop() {
        let (designs, y) = designs(60, 8);
        // The third target is noise: its error only rises, so with patience 1 the walk ends at once and the strongest penalty stays.
        let impatient = run(&designs, &y, Some(1));
        let whole = run(&designs, &y, None);
        for split in 0..5 {
            for column in 0..3 {
                assert!(impatient.fits[split][column].step <= whole.fits[split][column].step);
            }
        }
    }

    #[test]
    fn a_training_set_with_constant_y_gets_the_empty_model() {
        let (designs, mut y) = designs(60, 8);
        // Only the rows of fold 0 differ, so the training set of split 0 is constant.
        for (row, &fold) in designs.fold_of.iter().enumerate() {
            y[(row, 1)] = if fold == 0 { row as f64 } else { 7.3 };
        }
        let out = run(&designs, &y, None);
        assert!(out.fits[0][1].is_empty && out.fits[0][1].alpha.is_nan());
        assert!(!out.fits[1][1].is_empty);
        for (row, &fold) in designs.fold_of.iter().enumerate() {
            if fold == 0 {
                assert_eq!((out.y_hat[(row, 1)], out.y_bar[(row, 1)]), (7.3, 7.3));
            }
        }
    }

    #[test]
    fn adding_a_constant_and_scaling_y_changes_no_choice() {
        let (designs, y) = designs(60, 8);
        let moved = y.map(|y| 1e6 + 250.0 * y);
        let (plain, moved) = (run(&designs, &y, None), run(&designs, &moved, None));
        for split in 0..5 {
            for column in 0..3 {
                assert_eq!(
                    plain.fits[split][column].step,
                    moved.fits[split][column].step
                );
            }
        }
        // 1e6 costs about ten of the sixteen digits of y.
        let back = moved.y_hat.map(|y_hat| (y_hat - 1e6) / 250.0);
        assert!((back - plain.y_hat).amax() < 1e-8);
    }
}
