//! Second moments by fold: all that a linear model needs of a training set, without the training
//! set.
//!
//! XᵀX of a training set is the sum over its folds of what each adds: with fold f centred at its
//! own mean m_f,
//!
//! ```text
//! Σ_{i ∈ train} (xᵢ − x̄)(xᵢ − x̄)ᵀ = Σ_f [C_f + n_f d_f d_fᵀ],    C_f = X_fᵀX_f,    d_f = m_f − x̄
//! ```
//!
//! so that all K(K−1)/2 + K training sets cost one product XᵀX over the rows, where scaled copies
//! of their rows cost one each, and memory. Xᵀy of a block of targets adds up likewise. Centring
//! each fold first keeps the digits that XᵀX − n·x̄x̄ᵀ would lose.

use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::{Accum, MatMut, MatRef, Par};
use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::design::Split;
use crate::regressor::TrainingSet;
use crate::scale::{Range, is_constant};

/// The most that moments may take, in bytes; a study that would need more takes scaled rows.
const MOST_BYTES: usize = 1 << 30;
/// Columns whose largest number is further from 1 than this are not squared.
const FURTHEST: f64 = 1e100;

/// The rows of one fold and their moments.
#[derive(Debug)]
pub(crate) struct FoldMoments {
    /// Rows of the row set.
    pub rows: Vec<usize>,
    /// n_f × n_features, minus `mean`.
    pub x: DMatrix<f64>,
    /// m_f.
    pub mean: Vec<f64>,
    /// C_f.
    pub gram: DMatrix<f64>,
    /// What each column spans here, as it came.
    range: Vec<Range>,
}

/// A training set: all but one or two folds.
#[derive(Debug)]
pub(crate) struct MomentDesign {
    /// Whose moments these are.
    pub split: Split,
    /// Folds it is trained on.
    pub folds: Vec<usize>,
    /// The fold that it holds out for each split that it serves.
    pub held_out: Vec<usize>,
    /// x̄.
    pub mean: Vec<f64>,
    /// sd of each column in the training rows (ddof 0); 0 where it is constant, up to rounding.
    pub sd: Vec<f64>,
    /// XᵀX/n of the training rows, columns centred and scaled; 0 in rows and columns without
    /// spread.
    pub gram: DMatrix<f64>,
    /// Columns without spread.
    pub n_constant: usize,
}

/// The moments of every fold and training set of one repeat; inner folds are the remaining outer
/// ones.
#[derive(Debug)]
pub struct Moments {
    pub(crate) folds: Vec<FoldMoments>,
    /// Pairs of folds left out.
    pub(crate) inner: Vec<MomentDesign>,
    /// Single ones left out.
    pub(crate) outer: Vec<MomentDesign>,
}

impl Moments {
    /// Whether the moments of `n_folds` folds and all their training sets fit in memory.
    pub(crate) fn is_affordable(n_folds: usize, n_features: usize) -> bool {
        let n_matrices = n_folds * n_folds.saturating_sub(1) / 2 + 2 * n_folds;
        n_matrices * 8 * n_features * n_features <= MOST_BYTES
    }

    /// Of the rows `rows` of `x` (dataset numbers), whose folds are `fold_of`, and of their splits,
    /// inner and outer ones; `weights`: those of a
    /// [`Layout`](crate::design::Layout). `None` when numbers are too large or too small to be squared.
    pub(crate) fn build(
        (x, weights): (&DMatrix<f64>, Option<&[f64]>),
        rows: &[usize],
        fold_of: &[usize],
        (inner, outer): (&[Split], &[Split]),
    ) -> Option<Self> {
        let can_be_squared =
            |largest: f64| largest == 0.0 || (FURTHEST.recip()..=FURTHEST).contains(&largest);
        if !x.column_iter().all(|column| can_be_squared(column.amax())) {
            return None;
        }
        let folds: Vec<FoldMoments> = outer
            .par_iter()
            .map(|split| FoldMoments::of(x, rows, &split.held_out))
            .collect();
        let designs = |splits: &[Split]| {
            let splits = splits.par_iter();
            splits
                .map(|split| MomentDesign::of(&folds, fold_of, split, weights))
                .collect()
        };
        Some(Self {
            inner: designs(inner),
            outer: designs(outer),
            folds,
        })
    }

    /// The training sets, inner ones first.
    pub(crate) fn designs(&self) -> Vec<&MomentDesign> {
        self.inner.iter().chain(&self.outer).collect()
    }
}

impl FoldMoments {
    fn of(x: &DMatrix<f64>, rows_of_set: &[usize], rows: &[usize]) -> Self {
        let p = x.ncols();
        let mut part = DMatrix::zeros(rows.len(), p);
        let (mut mean, mut range) = (Vec::with_capacity(p), Vec::with_capacity(p));
        for (mut to, from) in part.column_iter_mut().zip(x.column_iter()) {
            for (slot, &row) in to.iter_mut().zip(rows) {
                *slot = from[rows_of_set[row]];
            }
            let of_column = mean_of(to.as_slice());
            range.push(Range::of(to.as_slice()));
            to.add_scalar_mut(-of_column);
            mean.push(of_column);
        }
        Self {
            gram: gram(&part),
            x: part,
            rows: rows.to_vec(),
            mean,
            range,
        }
    }
}

/// The mean, made from the distances to the first value: a column of one value has exactly that
/// mean.
fn mean_of(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(0.0);
    let sum: f64 = values.iter().map(|value| value - first).sum();
    first + sum / values.len().max(1) as f64
}

/// XᵀX, computed once for both halves.
fn gram(x: &DMatrix<f64>) -> DMatrix<f64> {
    let p = x.ncols();
    let mut gram = DMatrix::zeros(p, p);
    let view = MatRef::from_column_major_slice(x.as_slice(), x.nrows(), p);
    triangular_matmul(
        MatMut::from_column_major_slice_mut(gram.as_mut_slice(), p, p),
        BlockStructure::TriangularLower,
        Accum::Replace,
        view.transpose(),
        BlockStructure::Rectangular,
        view,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    gram.fill_upper_triangle_with_lower_triangle();
    gram
}

impl MomentDesign {
    /// What a regressor gets to see.
    pub(crate) fn training_set(&self) -> TrainingSet<'_> {
        TrainingSet::Moments {
            gram: &self.gram,
            n_samples: self.split.train.len(),
        }
    }

    fn of(all: &[FoldMoments], fold_of: &[usize], split: &Split, weights: Option<&[f64]>) -> Self {
        let served = split.serves.iter();
        let held_out: Vec<usize> = served
            .map(|(_, rows)| fold_of[split.held_out[rows.start]])
            .collect();
        let folds = (0..all.len()).filter(|fold| !held_out.contains(fold));
        let folds: Vec<usize> = folds.collect();
        let n = split.train.len() as f64;
        let p = all[0].mean.len();
        let parts: Vec<&FoldMoments> = folds.iter().map(|&fold| &all[fold]).collect();
        let weighted = |k: usize| parts.iter().map(move |f| f.rows.len() as f64 * f.mean[k]);
        let mean: Vec<f64> = (0..p).map(|k| weighted(k).sum::<f64>() / n).collect();
        let shifts: Vec<Vec<f64>> = parts
            .iter()
            .map(|fold| fold.mean.iter().zip(&mean).map(|(m, x)| m - x).collect())
            .collect();
        let sd: Vec<f64> = (0..p)
            .map(|k| {
                let folds = parts.iter().zip(&shifts);
                let squares =
                    folds.map(|(f, d)| f.gram[(k, k)] + f.rows.len() as f64 * d[k] * d[k]);
                let sd = (squares.sum::<f64>() / n).sqrt();
                let train = range_of(parts.iter().copied(), k);
                match is_constant(sd, train, range_of(all, k)) {
                    true => 0.0,
                    false => sd / weights.map_or(1.0, |weights| weights[k]),
                }
            })
            .collect();
        let gram = scaled_gram(&parts, &shifts, &sd, n);
        Self {
            n_constant: sd.iter().filter(|&&sd| sd == 0.0).count(),
            split: split.clone(),
            folds,
            held_out,
            mean,
            sd,
            gram,
        }
    }
}

/// What a column spans in some folds.
fn range_of<'a>(folds: impl IntoIterator<Item = &'a FoldMoments>, column: usize) -> Range {
    let ranges = folds.into_iter().map(|fold| fold.range[column]);
    ranges.fold(Range::NONE, Range::and)
}

/// Σ_f [C_f + n_f d_f d_fᵀ] / (n · sd · sdᵀ), column by column: a mirrored half would cost a cache
/// miss a number. Products of two columns' own factors are the same both ways round, so the matrix
/// is symmetric to the last bit.
fn scaled_gram(parts: &[&FoldMoments], shifts: &[Vec<f64>], sd: &[f64], n: f64) -> DMatrix<f64> {
    let p = sd.len();
    let unit: Vec<f64> = sd
        .iter()
        .map(|&sd| {
            if sd > 0.0 {
                (sd * n.sqrt()).recip()
            } else {
                0.0
            }
        })
        .collect();
    let weighted: Vec<Vec<f64>> = parts
        .iter()
        .zip(shifts)
        .map(|(fold, d)| {
            d.iter()
                .map(|d| d * (fold.rows.len() as f64).sqrt())
                .collect()
        })
        .collect();
    let mut gram = DMatrix::zeros(p, p);
    for (l, mut column) in gram.column_iter_mut().enumerate() {
        let column = column.as_mut_slice();
        for (fold, d) in parts.iter().zip(&weighted) {
            let terms = &fold.gram.as_slice()[l * p..(l + 1) * p];
            for ((sum, c), di) in column.iter_mut().zip(terms).zip(d) {
                *sum += c + di * d[l];
            }
        }
        for (sum, of_row) in column.iter_mut().zip(&unit) {
            *sum *= of_row * unit[l];
        }
    }
    gram
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Design, FoldDesigns, InnerFolds, Layout};
    use crate::folds::{Folds, Groups};
    use crate::seed::Seed;

    #[test]
    fn the_moments_of_every_training_set_are_those_of_its_scaled_rows() {
        let mut noise = Seed(8).stream("data", 0);
        let mut x = DMatrix::from_fn(53, 9, |_, column| 1e3 * column as f64 + noise.normal());
        // Constant everywhere, and constant but for one row, which some training sets lack.
        x.column_mut(3).fill(0.1);
        x.column_mut(5).fill(0.7);
        x[(11, 5)] = 0.9;
        // Constant but for rounding, of the numbers themselves or beside the one row that has more.
        x.column_mut(7)
            .iter_mut()
            .enumerate()
            .for_each(|(row, value)| *value = [0.3, 0.1 + 0.2][row % 2]);
        x.column_mut(8)
            .iter_mut()
            .enumerate()
            .for_each(|(row, value)| *value = [0.0, -5e-18][row % 2]);
        x[(12, 8)] = 0.05;
        let groups = Groups::singletons(53);
        let folds = Folds::split(&groups, 4, 1, Seed(8)).unwrap();
        let weights: Vec<f64> = (1..=9).map(|column| 1.0 / f64::from(column)).collect();
        let layout = Layout {
            x: &x,
            folds: &folds,
            groups: &groups,
            inner: InnerFolds::Outer,
            seed: Seed(8),
            weights: Some(&weights),
            covariates: None,
        };
        let rows: Vec<usize> = (0..53).filter(|row| row % 7 != 0).collect();
        let slow = FoldDesigns::build(&layout, &rows, 0).unwrap();
        let splits = |designs: &[Design]| -> Vec<Split> {
            designs.iter().map(|design| design.split.clone()).collect()
        };
        let (inner, outer) = (splits(&slow.inner), splits(&slow.outer));
        let moments =
            Moments::build((&x, Some(&weights)), &rows, &slow.fold_of, (&inner, &outer)).unwrap();
        assert_eq!(moments.designs().len(), slow.of_rows().len());
        for (fast, slow) in moments.designs().into_iter().zip(slow.of_rows()) {
            assert_eq!(fast.n_constant, slow.n_constant);
            assert!((2..=4).contains(&fast.n_constant));
            for ((_, rows), &fold) in slow.split.serves.iter().zip(&fast.held_out) {
                assert_eq!(moments.folds[fold].rows, slow.split.held_out[rows.clone()]);
            }
            let gram = slow.x.transpose() * &slow.x / slow.split.train.len() as f64;
            // Means of 8,000 sd cost four of the sixteen digits.
            assert!((&fast.gram - gram).amax() < 1e-11);
            assert_eq!(fast.gram, fast.gram.transpose());
        }
    }

    #[test]
    fn what_cannot_be_squared_or_kept_has_no_moments() {
        let moments = |size: f64| {
            let x = DMatrix::from_fn(
                8,
                2,
                |row, column| if column == 0 { 0.0 } else { size * row as f64 },
            );
            Moments::build((&x, None), &[], &[], (&[], &[]))
        };
        assert!(moments(1.0).is_some() && moments(1e200).is_none() && moments(1e-200).is_none());
        assert!(Moments::is_affordable(5, 1024) && !Moments::is_affordable(10, 4096));
    }
}
