//! A block of targets on designs of second moments.
//!
//! Xᵀy of a training set is the sum of what its folds add, and so is the squared error of a fold
//! that it holds out: with w the coefficients of the columns as they came, e = ȳ_f − ȳ and b = (m_f
//! − x̄)ᵀw,
//!
//! ```text
//! Σ_{i ∈ f} (yᵢ − ŷᵢ)² = S_yy − 2wᵀS_xy + wᵀC_f w + n_f (e − b)²
//! ```
//!
//! where S_yy, S_xy and C_f are centred at the fold's own means. No row is looked at but for Xᵀy,
//! once a block, and for the predictions in the end.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use nalgebra::DMatrix;

use super::block::Centre;
use super::kernel::{quadratic_form, squared_error};
use super::walk::{Begun, Block};
use super::workspace::Workspace;
use super::{NestedCv, OutOfFold};
use crate::error::EngineError;
use crate::moments::{FoldMoments, MomentDesign, Moments};
use crate::regressor::{FitInfo, Path, PreparedMoments};

/// Models of more than this share of the features are multiplied together, as a matrix of
/// [`TOGETHER`] columns.
const DENSE: f64 = 0.25;
/// Other models are scored row by row, unless the rows are this many times as many as their
/// features: then from C_f.
const ROWS_A_FEATURE: usize = 4;
/// Always so many, empty ones among them: what a model gets must not depend on which others there
/// are.
const TOGETHER: usize = 16;

/// The block and its designs.
pub(super) struct SumsBlock<'p, 'a> {
    moments: &'p Moments,
    prepared: &'p [Box<dyn PreparedMoments + 'a>],
    y: &'p DMatrix<f64>,
    /// One a fold.
    sums: Vec<FoldSums>,
    n_alphas: usize,
    scales_y: bool,
}

/// The targets on the rows of one fold. Means are relative to the first row of the row set, which
/// keeps the digits that a large offset would cost.
struct FoldSums {
    mean: Vec<f64>,
    /// y minus `mean`, n_f × targets.
    y: DMatrix<f64>,
    /// S_yy of each target.
    y_sq: Vec<f64>,
    /// S_xy, n_features × targets.
    xty: DMatrix<f64>,
}

/// The block at one design.
pub(super) struct Open {
    at: usize,
    /// Xᵀy/n of scaled columns, n_features × targets.
    xty: DMatrix<f64>,
    /// yᵀy/n.
    y_sq: Vec<f64>,
    /// Training means, relative as those of the folds.
    mean: Vec<f64>,
    /// What y was divided by.
    scale: Vec<f64>,
    centre: Vec<Centre>,
    coefficients: Workspace,
    /// Of an inner design: the squared error of each fold that it holds out (rows) and slot.
    sse: DMatrix<f64>,
    /// Of an outer design: predictions of the fold that it holds out, centred, target units.
    y_hat: DMatrix<f64>,
}

impl<'p, 'a> SumsBlock<'p, 'a> {
    pub(super) fn new(
        nested: &'p NestedCv<'a>,
        moments: &'p Moments,
        prepared: &'p [Box<dyn PreparedMoments + 'a>],
        y: &'p DMatrix<f64>,
    ) -> Self {
        Self {
            sums: moments.folds.iter().map(|f| FoldSums::of(f, y)).collect(),
            moments,
            prepared,
            y,
            n_alphas: nested.n_alphas,
            scales_y: nested.scales_y,
        }
    }

    fn design(&self, open: &Open) -> &'p MomentDesign {
        &self.moments.designs[open.at]
    }

    fn is_inner(&self, open: &Open) -> bool {
        open.at < self.moments.n_inner
    }

    /// What the model of one column makes of the folds that its design holds out, from the columns
    /// that it has.
    fn take_sparse(&self, open: &mut Open, (column, slot): (usize, usize), model: &Model) {
        let design = self.design(open);
        for (served, &(_, fold)) in design.serves.iter().enumerate() {
            let (x, y) = (&self.moments.folds[fold], &self.sums[fold]);
            let shift = model.shift(x, design);
            if !self.is_inner(open) {
                let mut y_hat = open.y_hat.column_mut(slot);
                y_hat.fill(shift);
                for (k, w) in model.terms() {
                    y_hat.axpy(w, &x.x.column(k), 1.0);
                }
                continue;
            }
            let off = y.mean[column] - open.mean[column] - shift;
            open.sse[(served, slot)] = if x.rows.len() > ROWS_A_FEATURE * model.features.len() {
                let Model { features, weights } = model;
                let p = design.mean.len();
                let square = quadratic_form(x.gram.as_slice(), p, features, weights);
                y.squared_error(column, model, square, off)
            } else {
                let y = y.y.column(column);
                squared_error(y.as_slice(), -off, x.x.as_slice(), model.terms())
            };
        }
    }

    /// The same for up to [`TOGETHER`] models, by matrix products.
    fn take_dense(&self, open: &mut Open, models: &[((usize, usize), Model)]) {
        let design = self.design(open);
        let mut weights = DMatrix::zeros(design.mean.len(), TOGETHER);
        for (j, (_, model)) in models.iter().enumerate() {
            model.terms().for_each(|(k, w)| weights[(k, j)] = w);
        }
        for (served, &(_, fold)) in design.serves.iter().enumerate() {
            let (x, y) = (&self.moments.folds[fold], &self.sums[fold]);
            let is_inner = self.is_inner(open);
            let products = product(view(if is_inner { &x.gram } else { &x.x }), view(&weights));
            for (((column, slot), model), product) in models.iter().zip(products.column_iter()) {
                let shift = model.shift(x, design);
                if is_inner {
                    let square = model.terms().map(|(k, w)| w * product[k]).sum();
                    let off = y.mean[*column] - open.mean[*column] - shift;
                    open.sse[(served, *slot)] = y.squared_error(*column, model, square, off);
                } else {
                    open.y_hat.set_column(*slot, &product.add_scalar(shift));
                }
            }
        }
    }
}

/// Coefficients of the columns as they came, in target units.
struct Model {
    features: Vec<u32>,
    weights: Vec<f64>,
}

impl Model {
    /// `coef`: of scaled columns and scaled y.
    fn of(coef: &[f64], sd: &[f64], scale: f64) -> Self {
        let mut model = Self {
            features: Vec::new(),
            weights: Vec::new(),
        };
        for ((k, &w), &sd) in (0..).zip(coef).zip(sd) {
            if w != 0.0 && sd > 0.0 {
                model.features.push(k);
                model.weights.push(w / sd * scale);
            }
        }
        model
    }

    fn terms(&self) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        let features = self.features.iter().map(|&k| k as usize);
        features.zip(self.weights.iter().copied())
    }

    /// (m_f − x̄)ᵀw.
    fn shift(&self, fold: &FoldMoments, design: &MomentDesign) -> f64 {
        self.terms()
            .map(|(k, w)| w * (fold.mean[k] - design.mean[k]))
            .sum()
    }
}

fn view(matrix: &DMatrix<f64>) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(matrix.as_slice(), matrix.nrows(), matrix.ncols())
}

fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> DMatrix<f64> {
    let mut out = DMatrix::zeros(a.nrows(), b.ncols());
    let target = MatMut::from_column_major_slice_mut(out.as_mut_slice(), a.nrows(), b.ncols());
    matmul(target, Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

impl FoldSums {
    fn of(fold: &FoldMoments, y: &DMatrix<f64>) -> Self {
        let n = fold.rows.len();
        let mut centred = DMatrix::zeros(n, y.ncols());
        let (mut mean, mut y_sq) = (Vec::new(), Vec::new());
        for (mut to, from) in centred.column_iter_mut().zip(y.column_iter()) {
            for (slot, &row) in to.iter_mut().zip(&fold.rows) {
                *slot = from[row] - from[0];
            }
            let of_column = to.sum() / n as f64;
            to.add_scalar_mut(-of_column);
            mean.push(of_column);
            y_sq.push(to.norm_squared());
        }
        Self {
            xty: product(view(&fold.x).transpose(), view(&centred)),
            mean,
            y: centred,
            y_sq,
        }
    }
}

impl FoldSums {
    /// The squared error of one target: `square` is wᵀC_f w, `off` the distance of the mean of y
    /// from that of the predictions.
    fn squared_error(&self, column: usize, model: &Model, square: f64, off: f64) -> f64 {
        let cross: f64 = model.terms().map(|(k, w)| w * self.xty[(k, column)]).sum();
        let sse = self.y_sq[column] - 2.0 * cross + square + self.y.nrows() as f64 * off * off;
        // Rounding could put a perfect prediction below 0. What overflowed is no perfect
        // prediction.
        if sse.is_nan() {
            f64::INFINITY
        } else {
            sse.max(0.0)
        }
    }
}

impl Open {
    fn new(block: &SumsBlock, at: usize) -> Self {
        let design = &block.moments.designs[at];
        let (p, n_columns) = (design.mean.len(), block.y.ncols());
        let held_out = |&(_, fold): &(usize, usize)| block.moments.folds[fold].rows.len();
        let n_new = design.serves.iter().map(held_out).sum();
        let is_inner = at < block.moments.n_inner;
        let mut open = Self {
            at,
            xty: DMatrix::zeros(p, n_columns),
            y_sq: Vec::with_capacity(n_columns),
            mean: Vec::with_capacity(n_columns),
            scale: Vec::with_capacity(n_columns),
            centre: Vec::with_capacity(n_columns),
            coefficients: Workspace::new(p, n_columns),
            sse: DMatrix::zeros(if is_inner { design.serves.len() } else { 0 }, n_columns),
            y_hat: DMatrix::zeros(if is_inner { 0 } else { n_new }, n_columns),
        };
        for column in 0..n_columns {
            open.add_up(block, design, column);
        }
        open
    }

    /// The sums of one target over the folds that it is trained on.
    fn add_up(&mut self, block: &SumsBlock, design: &MomentDesign, column: usize) {
        let n = design.train.len() as f64;
        let folds = || {
            let folds = design.folds.iter();
            folds.map(|&fold| (&block.moments.folds[fold], &block.sums[fold]))
        };
        let centre = Centre::of(block.y.column(column).as_slice(), &design.train);
        let weighted = folds().map(|(x, y)| x.rows.len() as f64 * y.mean[column]);
        let mean = weighted.sum::<f64>() / n;
        let (mut scale, mut y_sq) = (1.0, 1.0);
        let mut xty = self.xty.column_mut(column);
        // A constant y stays at Xᵀy = 0: the block keeps its width, and what comes of it is not
        // used.
        if !centre.is_constant {
            let mut square = 0.0;
            for (x, y) in folds() {
                let off = y.mean[column] - mean;
                let weight = x.rows.len() as f64 * off;
                square += y.y_sq[column] + weight * off;
                let means = x.mean.iter().zip(&design.mean);
                let terms = y.xty.column(column);
                for ((sum, s), (m, x_bar)) in xty.iter_mut().zip(terms.as_slice()).zip(means) {
                    *sum += s + weight * (m - x_bar);
                }
            }
            y_sq = square / n;
            if block.scales_y {
                (scale, y_sq) = (y_sq.sqrt(), 1.0);
            }
            for (sum, &sd) in xty.iter_mut().zip(&design.sd) {
                *sum = if sd > 0.0 {
                    *sum / (n * sd * scale)
                } else {
                    0.0
                };
            }
        }
        self.y_sq.push(y_sq);
        self.mean.push(mean);
        self.scale.push(scale);
        self.centre.push(centre);
    }
}

impl<'p> Block<'p> for SumsBlock<'p, '_> {
    type Open = Open;

    fn shape(&self) -> (usize, usize) {
        self.y.shape()
    }

    fn serves(&self, at: usize) -> Vec<(usize, usize)> {
        let serves = self.moments.designs[at].serves.iter();
        let n_rows = |fold: usize| self.moments.folds[fold].rows.len();
        serves.map(|&(split, fold)| (split, n_rows(fold))).collect()
    }

    fn open(&self, at: usize) -> Open {
        Open::new(self, at)
    }

    fn begin(&self, open: &Open, variant: usize) -> Result<Begun<'p>, EngineError> {
        let (design, prepared) = (self.design(open), self.prepared[open.at].as_ref());
        let mut alphas = DMatrix::zeros(self.n_alphas, self.y.ncols());
        prepared
            .grid(variant, &open.xty, &mut alphas)
            .map_err(|source| design.failed("making the penalty grid", source))?;
        let path = prepared
            .begin(variant, &open.xty, &open.y_sq, &alphas)
            .map_err(|source| design.failed("beginning the path", source))?;
        Ok((path, alphas))
    }

    fn advance(
        &self,
        open: &mut Open,
        path: &mut dyn Path,
        columns: &[u32],
        steps: &[u32],
    ) -> Result<(), EngineError> {
        let design = self.design(open);
        open.coefficients
            .advance(path, columns, steps)
            .map_err(|source| design.failed("fitting", source))?;
        let mut dense = Vec::new();
        for (slot, &column) in columns.iter().enumerate() {
            let column = column as usize;
            let scale = open.scale[column];
            let model = if open.centre[column].is_constant {
                Model::of(&[], &[], scale)
            } else {
                Model::of(open.coefficients.of(slot), &design.sd, scale)
            };
            if model.features.len() as f64 <= DENSE * design.sd.len() as f64 {
                self.take_sparse(open, (column, slot), &model);
                continue;
            }
            dense.push(((column, slot), model));
            if dense.len() == TOGETHER {
                self.take_dense(open, &dense);
                dense.clear();
            }
        }
        if !dense.is_empty() {
            self.take_dense(open, &dense);
        }
        Ok(())
    }

    fn sse(&self, open: &Open, served: usize, _: usize, slot: usize) -> f64 {
        open.sse[(served, slot)]
    }

    fn info(open: &Open, slot: usize) -> FitInfo {
        open.coefficients.info[slot]
    }

    fn scale(open: &Open, column: usize) -> (f64, bool) {
        (open.scale[column], open.centre[column].is_constant)
    }

    fn put(&self, open: &Open, out: &mut OutOfFold, column: usize, slot: usize) {
        let centre = &open.centre[column];
        let mean = centre.offset + centre.mean;
        let y_hat = open.y_hat.column(slot);
        for &(_, fold) in &self.design(open).serves {
            for (&row, centred) in self.moments.folds[fold].rows.iter().zip(y_hat.iter()) {
                out.y_hat[(row, column)] = mean + centred;
                out.y_bar[(row, column)] = mean;
            }
        }
    }
}
