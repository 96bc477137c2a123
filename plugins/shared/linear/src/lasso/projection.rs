//! A block of targets in second moments.

use crate::kernel::{cross_products, dot, largest};
use crate::units::{in_units, unit_of};
use crate::{Columns, LinearError};

/// c = Xᵀy/n and yᵀy/n of a block of targets, each in a unit of its own.
pub(super) struct Projection {
    /// n_features × n_targets.
    xty: Vec<f64>,
    /// yᵀy/n.
    pub y_sq: Vec<f64>,
    /// y = unit · (what the moments are of).
    pub unit: Vec<f64>,
    n_features: usize,
}

impl Projection {
    /// Of the targets `y`, on the rows `x`, which are in units already.
    pub fn of(x: &[f64], n_features: usize, y: Columns<'_>) -> Result<Self, LinearError> {
        let (n, t) = (y.n_rows(), y.n_columns());
        let unit: Vec<f64> = (0..t)
            .map(|j| unit_of(y.column(j), "y holds a value that is not finite"))
            .collect::<Result<_, _>>()?;
        let scaled: Option<Vec<f64>> = unit.iter().any(|&unit| unit != 1.0).then(|| {
            let columns = unit.iter().enumerate();
            columns
                .flat_map(|(j, &unit)| in_units(y.column(j), unit).into_owned())
                .collect()
        });
        let y = scaled.as_deref().unwrap_or(y.values());
        let mut xty = vec![0.0; n_features * t];
        cross_products(n, x, y, &mut xty);
        xty.iter_mut().for_each(|c| *c /= n as f64);
        let y_sq = y.chunks_exact(n).map(|y| dot(y, y) / n as f64).collect();
        Ok(Self {
            xty,
            y_sq,
            unit,
            n_features,
        })
    }

    /// From moments as they are: `xty` n_features × n_targets.
    pub fn given(xty: Columns<'_>, y_sq: &[f64]) -> Result<Self, LinearError> {
        crate::error::expect_count("values of yᵀy/n", y_sq.len(), xty.n_columns())?;
        let mut unit = Vec::with_capacity(y_sq.len());
        for y_sq in y_sq {
            if y_sq.is_nan() || *y_sq < 0.0 {
                return Err(LinearError::Numeric("yᵀy/n is not a sum of squares"));
            }
            unit.push(unit_of(&[y_sq.sqrt()], "yᵀy/n is not finite")?);
        }
        let mut values = xty.values().to_vec();
        if xty.n_rows() > 0 {
            for (column, unit) in values.chunks_exact_mut(xty.n_rows()).zip(&unit) {
                unit_of(column, "Xᵀy/n holds a value that is not finite")?;
                column.iter_mut().for_each(|c| *c /= unit);
            }
        }
        Ok(Self {
            xty: values,
            y_sq: y_sq.iter().zip(&unit).map(|(s, u)| s / u / u).collect(),
            unit,
            n_features: xty.n_rows(),
        })
    }

    pub fn n_targets(&self) -> usize {
        self.unit.len()
    }

    /// c of target `t`.
    pub fn xty(&self, t: usize) -> &[f64] {
        &self.xty[t * self.n_features..][..self.n_features]
    }

    /// The smallest αρ at which the model of target `t` is empty.
    pub fn strongest(&self, t: usize, positive: bool) -> f64 {
        largest(self.xty(t), positive)
    }
}
