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
use nalgebra::{DMatrix, DVector};

use super::OutOfFold;
use super::block::{Block, Centre, Open};
use super::kernel::{quadratic_form, squared_error};
use crate::moments::{FoldMoments, MomentDesign, Moments};

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
pub(super) struct SumsBlock<'a> {
    moments: &'a Moments,
    designs: Vec<&'a MomentDesign>,
    y: &'a DMatrix<f64>,
    /// One a fold.
    sums: Vec<FoldSums>,
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

/// Training means, relative as those of the folds.
type RelativeMeans = Vec<f64>;

impl<'a> SumsBlock<'a> {
    pub(super) fn new(moments: &'a Moments, y: &'a DMatrix<f64>, scales_y: bool) -> Self {
        Self {
            designs: moments.designs(),
            sums: moments.folds.iter().map(|f| FoldSums::of(f, y)).collect(),
            moments,
            y,
            scales_y,
        }
    }

    /// Brings one target to a design: the sums over the folds that it is trained on.
    fn bring(&self, open: &mut Open<RelativeMeans>, column: usize) {
        let design = self.designs[open.at];
        let n = design.split.train.len() as f64;
        let folds = || {
            let folds = design.folds.iter();
            folds.map(|&fold| (&self.moments.folds[fold], &self.sums[fold]))
        };
        let centre = Centre::of(self.y.column(column).as_slice(), &design.split.train);
        let weighted = folds().map(|(x, y)| x.rows.len() as f64 * y.mean[column]);
        let mean = weighted.sum::<f64>() / n;
        let (mut scale, mut y_sq) = (1.0, 1.0);
        let mut xty = open.y.column_mut(column);
        // In place of a constant y stays Xᵀy = 0.
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
            if self.scales_y {
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
        open.y_sq.push(y_sq);
        open.mean.push(centre.offset + centre.mean);
        open.scale.push(scale);
        open.constant.push(centre.is_constant);
        open.held_out.push(mean);
    }

    /// The models of the last fits: those of few features, and the others.
    fn models(&self, open: &Open<RelativeMeans>, columns: &[u32]) -> (Vec<Model>, Vec<Model>) {
        let sd = &self.designs[open.at].sd;
        let model = |(slot, &column): (usize, &u32)| {
            let column = column as usize;
            let coef: &[f64] = match open.constant[column] {
                true => &[],
                false => open.fits.of(slot),
            };
            Model::of((column, slot), coef, sd, open.scale[column])
        };
        let is_sparse = |model: &Model| model.features.len() as f64 <= DENSE * sd.len() as f64;
        columns.iter().enumerate().map(model).partition(is_sparse)
    }
}

/// Coefficients of the columns as they came, in target units.
struct Model {
    column: usize,
    slot: usize,
    features: Vec<u32>,
    weights: Vec<f64>,
}

impl Model {
    /// `coef`: of scaled columns and scaled y.
    fn of((column, slot): (usize, usize), coef: &[f64], sd: &[f64], scale: f64) -> Self {
        let mut model = Self {
            column,
            slot,
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

/// A matrix times the weights of up to [`TOGETHER`] models.
fn times(matrix: &DMatrix<f64>, models: &[Model]) -> DMatrix<f64> {
    let mut weights = DMatrix::zeros(matrix.ncols(), TOGETHER);
    for (j, model) in models.iter().enumerate() {
        model.terms().for_each(|(k, w)| weights[(k, j)] = w);
    }
    product(view(matrix), view(&weights))
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
    fn squared_error(&self, model: &Model, square: f64, off: f64) -> f64 {
        let xty = self.xty.column(model.column);
        let cross: f64 = model.terms().map(|(k, w)| w * xty[k]).sum();
        let sse =
            self.y_sq[model.column] - 2.0 * cross + square + self.y.nrows() as f64 * off * off;
        // Rounding could put a perfect prediction below 0. What overflowed is no perfect
        // prediction.
        if sse.is_nan() {
            f64::INFINITY
        } else {
            sse.max(0.0)
        }
    }
}

impl Block for SumsBlock<'_> {
    type HeldOut = RelativeMeans;

    fn y(&self) -> &DMatrix<f64> {
        self.y
    }

    fn open(&self, at: usize) -> Open<RelativeMeans> {
        let sizes = self.designs[at].training_set().sizes();
        let mut open = Open::new(at, sizes, self.y.ncols(), Vec::new());
        (0..self.y.ncols()).for_each(|column| self.bring(&mut open, column));
        open
    }

    fn score(&self, open: &Open<RelativeMeans>, columns: &[u32]) -> DMatrix<f64> {
        let design = self.designs[open.at];
        let (sparse, dense) = self.models(open, columns);
        let mut sse = DMatrix::zeros(design.held_out.len(), columns.len());
        for (mut sse, &fold) in sse.row_iter_mut().zip(&design.held_out) {
            let (x, y) = (&self.moments.folds[fold], &self.sums[fold]);
            let off = |model: &Model| {
                let training_mean = open.held_out[model.column];
                y.mean[model.column] - training_mean - model.shift(x, design)
            };
            for model in &sparse {
                let Model {
                    features, weights, ..
                } = model;
                sse[model.slot] = if x.rows.len() > ROWS_A_FEATURE * features.len() {
                    let gram = x.gram.as_slice();
                    let square = quadratic_form(gram, design.mean.len(), features, weights);
                    y.squared_error(model, square, off(model))
                } else {
                    let y = y.y.column(model.column);
                    squared_error(y.as_slice(), -off(model), x.x.as_slice(), model.terms())
                };
            }
            for models in dense.chunks(TOGETHER) {
                let products = times(&x.gram, models);
                for (model, product) in models.iter().zip(products.column_iter()) {
                    let square = model.terms().map(|(k, w)| w * product[k]).sum();
                    sse[model.slot] = y.squared_error(model, square, off(model));
                }
            }
        }
        sse
    }

    fn predict(&self, open: &Open<RelativeMeans>, columns: &[u32], out: &mut OutOfFold) {
        let design = self.designs[open.at];
        let (sparse, dense) = self.models(open, columns);
        for &fold in &design.held_out {
            let x = &self.moments.folds[fold];
            let mut put = |model: &Model, y_hat: &[f64]| {
                let mean = open.mean[model.column];
                for (&row, centred) in x.rows.iter().zip(y_hat) {
                    out.y_hat[(row, model.column)] = mean + centred;
                    out.y_bar[(row, model.column)] = mean;
                }
            };
            for model in &sparse {
                let mut y_hat = DVector::from_element(x.rows.len(), model.shift(x, design));
                for (k, w) in model.terms() {
                    y_hat.axpy(w, &x.x.column(k), 1.0);
                }
                put(model, y_hat.as_slice());
            }
            for models in dense.chunks(TOGETHER) {
                let products = times(&x.x, models);
                for (model, product) in models.iter().zip(products.column_iter()) {
                    let y_hat = product.add_scalar(model.shift(x, design));
                    put(model, y_hat.as_slice());
                }
            }
        }
    }
}
