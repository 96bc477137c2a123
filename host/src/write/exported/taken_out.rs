//! Covariates in an exported model (STATISTICS §3a): X̃ = X − ZB̂ and ŷ⁰ = ZΓ̂, kept as slopes on
//! the columns of Z around their means.
//!
//! The means of X and y stay where they are in a model without covariates, so that
//! ŷ = intercept + (z − z̄)Γ̂ + scale · f((x − (z − z̄)B̂ − mean)/sd).

use nalgebra::{DMatrix, DVector};
use ocean_engine::covariates::Partial;
use ocean_engine::scale::mean_and_sd_of_varying;
use ocean_engine::score::mean_and_sd;
use serde::{Deserialize, Serialize};

use crate::read::dataset::Covariate;

/// What covariates explain, by least squares on all rows of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakenOut {
    /// The covariates, with the categories that were seen; they make the columns of Z.
    pub covariates: Vec<Covariate>,
    /// z̄: the mean of each column of Z.
    pub mean: Vec<f64>,
    /// Γ̂: a slope of the score on each column of Z; 0 for one that says nothing new beside those
    /// before it.
    pub y: Vec<f64>,
    /// B̂: for each column of Z a slope of every column of the vectors.
    pub x: Vec<Vec<f64>>,
}

/// Z on the rows of a model, continued to points that tell its slopes.
pub(super) struct Fit {
    partial: Partial,
    n_rows: usize,
    /// z̄.
    mean: Vec<f64>,
    /// How far along its column of Z each point lies from z̄; the first point is z̄ itself.
    steps: Vec<f64>,
}

impl Fit {
    /// `z`: the rows of the model × columns.
    pub(super) fn of(z: &DMatrix<f64>) -> Self {
        let (n_rows, n_columns) = z.shape();
        let mean: Vec<f64> = z.column_iter().map(|column| column.mean()).collect();
        let furthest = z.column_iter().zip(&mean).map(|(column, mean)| {
            let distances = column.iter().map(|value| (value - mean).abs());
            distances.fold(0.0, f64::max)
        });
        let steps: Vec<f64> = furthest.map(|d| if d > 0.0 { d } else { 1.0 }).collect();
        let mut extended = z.clone().resize_vertically(n_rows + 1 + n_columns, 0.0);
        for point in 0..=n_columns {
            for (column, mean) in mean.iter().enumerate() {
                let step = if column + 1 == point {
                    steps[column]
                } else {
                    0.0
                };
                extended[(n_rows + point, column)] = mean + step;
            }
        }
        let rows: Vec<usize> = (0..extended.nrows()).collect();
        let (train, points) = rows.split_at(n_rows);
        Self {
            partial: Partial::of(&extended, train, points),
            n_rows,
            mean,
            steps,
        }
    }

    /// Takes Z out of a column of X or of y. Returns its slopes.
    pub(super) fn take_out(&self, values: &mut [f64]) -> Vec<f64> {
        debug_assert_eq!(values.len(), self.n_rows);
        let (mean, _) = mean_and_sd(values, 0);
        let mut points = vec![mean; self.steps.len() + 1];
        self.partial.take_out(values, &mut points);
        let of_step = |(point, step): (&f64, &f64)| (points[0] - point) / step;
        points[1..].iter().zip(&self.steps).map(of_step).collect()
    }

    /// Takes Z out of every column of `x`: slopes for each column of Z, and the sd (ddof 0) of what
    /// is left of each column, 0 where nothing is.
    pub(super) fn take_out_of_all(&self, x: &DMatrix<f64>) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut slopes = vec![Vec::with_capacity(x.ncols()); self.steps.len()];
        let mut sds = Vec::with_capacity(x.ncols());
        for column in x.column_iter() {
            let mut values: Vec<f64> = column.iter().copied().collect();
            for (of_z, slope) in slopes.iter_mut().zip(self.take_out(&mut values)) {
                of_z.push(slope);
            }
            sds.push(mean_and_sd_of_varying(&values).map_or(0.0, |(_, sd)| sd));
        }
        (slopes, sds)
    }

    /// For the file.
    pub(super) fn kept(&self, covariates: &[Covariate], x: Vec<Vec<f64>>, y: Vec<f64>) -> TakenOut {
        TakenOut {
            covariates: covariates.to_vec(),
            mean: self.mean.clone(),
            y,
            x,
        }
    }
}

impl TakenOut {
    /// Takes (z − z̄)B̂ out of `x`, and returns (z − z̄)Γ̂. `z`: the same rows × columns of Z.
    pub(super) fn apply(&self, mut z: DMatrix<f64>, x: &mut DMatrix<f64>) -> DVector<f64> {
        let mut explained = DVector::zeros(x.nrows());
        for (at, mut column) in z.column_iter_mut().enumerate() {
            column.add_scalar_mut(-self.mean[at]);
            explained.axpy(self.y[at], &column, 1.0);
            for (mut of_x, slope) in x.column_iter_mut().zip(&self.x[at]) {
                of_x.axpy(-slope, &column, 1.0);
            }
        }
        explained
    }
}
