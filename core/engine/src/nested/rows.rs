//! A block of targets on designs of scaled rows.

use nalgebra::DMatrix;

use super::OutOfFold;
use super::block::{Block, Centre, Open};
use crate::design::Design;
use crate::regressor::{Errors, Path, RegressorError};

/// The block and its designs.
pub(super) struct RowsBlock<'a> {
    pub(super) designs: Vec<&'a Design>,
    pub(super) y: &'a DMatrix<f64>,
    pub(super) scales_y: bool,
}

/// The targets on the rows that a design holds out, n_held_out × columns.
pub(super) struct HeldOut {
    /// Minus the training mean, and with covariates minus what Z predicts; in the scale of the
    /// training y.
    y: DMatrix<f64>,
    /// With covariates: what Z adds to the mean.
    explained: Option<DMatrix<f64>>,
}

impl RowsBlock<'_> {
    /// Brings one target to a design: training y centred, held-out y minus the training mean; with
    /// covariates both minus what Z predicts.
    fn bring(&self, open: &mut Open<HeldOut>, column: usize) {
        let design = self.designs[open.at];
        let values = self.y.column(column);
        let Centre {
            offset,
            mean,
            mut is_constant,
        } = Centre::of(values.as_slice(), &design.split.train);
        let mut train = open.y.column_mut(column);
        for (slot, &row) in train.iter_mut().zip(&design.split.train) {
            *slot = values[row] - offset - mean;
        }
        if is_constant {
            ramp(train.as_mut_slice());
        }
        let mut held_out = open.held_out.y.column_mut(column);
        for (slot, &row) in held_out.iter_mut().zip(&design.split.held_out) {
            *slot = values[row] - offset - mean;
        }
        if let (Some(partial), Some(explained), false) =
            (&design.partial, &mut open.held_out.explained, is_constant)
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
        if self.scales_y && !is_constant {
            scale = (train.norm_squared() / design.split.train.len() as f64).sqrt();
            train /= scale;
            held_out /= scale;
        }
        open.scale.push(scale);
        open.mean.push(offset + mean);
        open.constant.push(is_constant);
    }

    /// Σ (y − ŷ)² of whole paths, target units squared, a range for each split that the inner design
    /// serves; `None` where the regressor does not bound errors.
    pub(super) fn errors(
        &self,
        open: &Open<HeldOut>,
        path: &mut dyn Path,
    ) -> Result<Option<Errors>, RegressorError> {
        let serves = &self.designs[open.at].split.serves;
        let ends: Vec<usize> = serves.iter().map(|(_, rows)| rows.end).collect();
        let y = &open.held_out.y;
        let Some(mut found) = path.errors(y, &ends)? else {
            return Ok(None);
        };
        for (column, (&scale, &is_constant)) in open.scale.iter().zip(&open.constant).enumerate() {
            let mut sse = found.sse.column_mut(column);
            sse *= scale * scale;
            let mut bound = found.bound.column_mut(column);
            bound *= scale * scale;
            if !is_constant {
                continue;
            }
            bound.fill(0.0);
            let y = y.column(column);
            for (at, slot) in sse.iter_mut().enumerate() {
                let rows = serves[at % serves.len()].1.clone();
                *slot = squared_distance(&y.as_slice()[rows], None);
            }
        }
        Ok(Some(found))
    }
}

impl Block for RowsBlock<'_> {
    type HeldOut = HeldOut;

    fn y(&self) -> &DMatrix<f64> {
        self.y
    }

    fn open(&self, at: usize) -> Open<HeldOut> {
        let (design, n_columns) = (self.designs[at], self.y.ncols());
        let zeros = || DMatrix::zeros(design.split.held_out.len(), n_columns);
        let held_out = HeldOut {
            y: zeros(),
            explained: design.partial.as_ref().map(|_| zeros()),
        };
        let mut open = Open::new(at, design.training_set().sizes(), n_columns, held_out);
        (0..n_columns).for_each(|column| self.bring(&mut open, column));
        open
    }

    fn score(&self, open: &Open<HeldOut>, columns: &[u32]) -> DMatrix<f64> {
        let serves = &self.designs[open.at].split.serves;
        let y = &open.held_out.y;
        DMatrix::from_fn(serves.len(), columns.len(), |served, slot| {
            let (rows, column) = (serves[served].1.clone(), columns[slot] as usize);
            let y = &y.as_slice()[column * y.nrows()..][rows.clone()];
            if open.constant[column] {
                return squared_distance(y, None);
            }
            let scale = open.scale[column];
            scale * scale * squared_distance(y, Some(&open.fits.of(slot)[rows]))
        })
    }

    fn predict(&self, open: &Open<HeldOut>, columns: &[u32], out: &mut OutOfFold) {
        let held_out = &self.designs[open.at].split.held_out;
        for (slot, &column) in columns.iter().enumerate() {
            let column = column as usize;
            for (at, (&row, &centred)) in held_out.iter().zip(open.fits.of(slot)).enumerate() {
                let explained = open.held_out.explained.as_ref();
                let mean = open.mean[column] + explained.map_or(0.0, |z| z[(at, column)]);
                out.y_hat[(row, column)] = if open.constant[column] {
                    mean
                } else {
                    mean + open.scale[column] * centred
                };
                out.y_bar[(row, column)] = mean;
            }
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
