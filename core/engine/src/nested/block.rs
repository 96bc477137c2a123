//! A block of targets as one design sees it.

use nalgebra::DMatrix;

use super::OutOfFold;
use crate::design::Design;

/// The middle of the training values of one target.
pub(super) struct Centre {
    /// The first of them. Relative to it a constant y is exactly 0, whatever its size, and a large
    /// offset costs no digits.
    pub(super) offset: f64,
    /// Their mean, minus the offset.
    pub(super) mean: f64,
    /// They are all equal.
    pub(super) is_constant: bool,
}

impl Centre {
    /// Of the rows `train` of `values`.
    pub(super) fn of(values: &[f64], train: &[usize]) -> Self {
        let offset = values[train[0]];
        let sum: f64 = train.iter().map(|&row| values[row] - offset).sum();
        Self {
            offset,
            mean: sum / train.len() as f64,
            is_constant: train.iter().all(|&row| values[row] == offset),
        }
    }
}

/// One block of targets as one design sees it: training y centred, held-out y minus the training
/// mean. With covariates: both minus what Z predicts.
pub(super) struct CentredBlock {
    /// n_train × columns, each column centred, none constant.
    pub(super) y: DMatrix<f64>,
    /// n_held_out × columns.
    y_new: DMatrix<f64>,
    /// Training mean of each column.
    mean: Vec<f64>,
    /// With covariates: what Z adds to the mean on held-out rows, n_held_out × columns.
    explained: Option<DMatrix<f64>>,
    /// What y and y_new are divided by: the sd of the training y (ddof 0), or 1.
    pub(super) scale: Vec<f64>,
    /// Columns whose training y is constant: they get the empty model and never reach the
    /// regressor.
    pub(super) constant: Vec<bool>,
}

impl CentredBlock {
    /// Copies the rows of one design out of `y`; `scales_y`: every training column gets variance 1.
    pub(super) fn new(y: &DMatrix<f64>, design: &Design, scales_y: bool) -> Self {
        let mut part = Self {
            y: DMatrix::zeros(design.train.len(), y.ncols()),
            y_new: DMatrix::zeros(design.held_out.len(), y.ncols()),
            mean: Vec::with_capacity(y.ncols()),
            explained: design
                .partial
                .as_ref()
                .map(|_| DMatrix::zeros(design.held_out.len(), y.ncols())),
            scale: Vec::with_capacity(y.ncols()),
            constant: Vec::with_capacity(y.ncols()),
        };
        for (column, values) in y.column_iter().enumerate() {
            let Centre {
                offset,
                mean,
                mut is_constant,
            } = Centre::of(values.as_slice(), &design.train);
            let n_train = design.train.len() as f64;
            let mut train = part.y.column_mut(column);
            for (slot, &row) in train.iter_mut().zip(&design.train) {
                *slot = values[row] - offset - mean;
            }
            if is_constant {
                ramp(train.as_mut_slice());
            }
            let mut held_out = part.y_new.column_mut(column);
            for (slot, &row) in held_out.iter_mut().zip(&design.held_out) {
                *slot = values[row] - offset - mean;
            }
            if let (Some(partial), Some(explained), false) =
                (&design.partial, &mut part.explained, is_constant)
            {
                let mut explained = explained.column_mut(column);
                explained.copy_from(&held_out);
                if !partial.take_out(train.as_mut_slice(), held_out.as_mut_slice()) {
                    is_constant = true;
                    ramp(train.as_mut_slice());
                }
                explained -= &held_out;
            }
            let mut scale = 1.0;
            if scales_y && !is_constant {
                scale = (train.norm_squared() / n_train).sqrt();
                train /= scale;
                held_out /= scale;
            }
            part.scale.push(scale);
            part.mean.push(offset + mean);
            part.constant.push(is_constant);
        }
        part
    }

    /// Σ (y − ŷ)² over held-out rows; ŷ is 0 (the training mean) when the training y is constant.
    pub(super) fn sse(&self, rows: std::ops::Range<usize>, column: usize, y_hat: &[f64]) -> f64 {
        let held_out = self.y_new.nrows();
        let y = &self.y_new.as_slice()[column * held_out..(column + 1) * held_out];
        if self.constant[column] {
            return squared_distance(&y[rows], None);
        }
        let scale = self.scale[column];
        scale * scale * squared_distance(&y[rows.clone()], Some(&y_hat[rows]))
    }

    /// Writes the predictions of one column to the rows that were held out.
    pub(super) fn put(&self, out: &mut OutOfFold, design: &Design, column: usize, y_hat: &[f64]) {
        for (at, (&row, &centred)) in design.held_out.iter().zip(y_hat).enumerate() {
            let mean = self.mean[column] + self.explained.as_ref().map_or(0.0, |z| z[(at, column)]);
            out.y_hat[(row, column)] = if self.constant[column] {
                mean
            } else {
                mean + self.scale[column] * centred
            };
            out.y_bar[(row, column)] = mean;
        }
    }
}

/// Stands for a constant column, so that the block keeps its width; what comes of it is not used.
fn ramp(train: &mut [f64]) {
    let middle = (train.len() as f64 - 1.0) / 2.0;
    for (at, slot) in train.iter_mut().enumerate() {
        *slot = at as f64 - middle;
    }
}

/// Σ (y − ŷ)² in eight fixed lanes: the order of additions never changes, and the compiler can use
/// wide registers.
fn squared_distance(y: &[f64], y_hat: Option<&[f64]>) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    match y_hat {
        None => y
            .iter()
            .enumerate()
            .for_each(|(at, y)| lanes[at % LANES] += y * y),
        Some(y_hat) => {
            let (chunks, chunks_hat) = (y.chunks_exact(LANES), y_hat.chunks_exact(LANES));
            let rest = chunks.remainder().iter().zip(chunks_hat.remainder());
            for (lane, (y, y_hat)) in rest.enumerate() {
                lanes[lane] += (y - y_hat) * (y - y_hat);
            }
            for (y, y_hat) in chunks.zip(chunks_hat) {
                for lane in 0..LANES {
                    let residual = y[lane] - y_hat[lane];
                    lanes[lane] += residual * residual;
                }
            }
        }
    }
    lanes.iter().sum()
}
