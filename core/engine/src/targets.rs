//! Targets: the columns of Y, with missing values, and the row sets they fall into.
//!
//! Targets with the same observed rows share designs, so they are evaluated together ([`RowSet`]).

use nalgebra::DMatrix;

use crate::covariates::Partial;
use crate::error::EngineError;

/// Y, n_samples × n_targets, in dataset order; NaN is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    y: DMatrix<f64>,
    /// With covariates: Z, and what it leaves of Y.
    partial: Option<(DMatrix<f64>, DMatrix<f64>)>,
}

/// Targets observed on the same rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    /// Observed rows, in dataset order.
    pub rows: Vec<usize>,
    /// Columns of Y that have just these rows.
    pub targets: Vec<usize>,
}

impl RowSet {
    /// What stands in the rows of the set; `all`: one value a row of the dataset.
    #[must_use]
    pub fn pick<T: Copy>(&self, all: &[T]) -> Vec<T> {
        self.rows.iter().map(|&row| all[row]).collect()
    }
}

impl Targets {
    /// Takes Y, n_samples × n_targets, NaN for missing values.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] for an infinite value; [`EngineError::ConstantTarget`] for a
    /// column with fewer than two distinct values.
    pub fn new(y: DMatrix<f64>) -> Result<Self, EngineError> {
        for (column, values) in y.column_iter().enumerate() {
            if let Some(row) = values.iter().position(|value| value.is_infinite()) {
                return Err(EngineError::NotFinite {
                    what: "the target",
                    row,
                    column,
                });
            }
            let mut observed = values.iter().filter(|value| !value.is_nan());
            let first = observed.next();
            if observed.all(|value| Some(value) == first) {
                return Err(EngineError::ConstantTarget);
            }
        }
        Ok(Self { y, partial: None })
    }

    /// Y beside covariates `z` (n_samples × covariates, no missing values): what is exchanged are
    /// then the residuals e = y − ZΓ̂, the least squares of all rows of a target, once (Freedman &
    /// Lane 1983).
    ///
    /// Checked: `tests/golden/covariates.json` (statsmodels); the F of arrangement by arrangement,
    /// `freedman_lane.json` (vegan, permuco).
    ///
    /// # Errors
    /// [`EngineError::Shape`] when rows differ; [`EngineError::Explained`] for a target that Z
    /// explains completely.
    pub fn with_covariates(mut self, z: DMatrix<f64>) -> Result<Self, EngineError> {
        if z.nrows() != self.n_samples() {
            return Err(EngineError::Shape {
                what: "rows of the covariates",
                got: z.nrows().to_string(),
                expected: self.n_samples().to_string(),
            });
        }
        let mut residuals = self.y.clone();
        for RowSet { rows, targets } in self.row_sets() {
            let partial = Partial::of(&z, &rows, &[]);
            for target in targets {
                let mut e: Vec<f64> = rows.iter().map(|&row| self.y[(row, target)]).collect();
                if !partial.take_out(&mut e, &mut []) {
                    return Err(EngineError::Explained { target });
                }
                for (&row, e) in rows.iter().zip(e) {
                    residuals[(row, target)] = e;
                }
            }
        }
        self.partial = Some((z, residuals));
        Ok(self)
    }

    /// What a permutation moves: Y, or with covariates its residuals.
    #[must_use]
    pub fn exchanged(&self) -> &DMatrix<f64> {
        self.partial.as_ref().map_or(&self.y, |(_, e)| e)
    }

    /// Z, if there are covariates.
    #[must_use]
    pub fn covariates(&self) -> Option<&DMatrix<f64>> {
        self.partial.as_ref().map(|(z, _)| z)
    }

    /// Y as given.
    #[must_use]
    pub fn y(&self) -> &DMatrix<f64> {
        &self.y
    }

    /// Rows of Y.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.y.nrows()
    }

    /// Columns of Y.
    #[must_use]
    pub fn n_targets(&self) -> usize {
        self.y.ncols()
    }

    /// Whether target `target` is observed in each row.
    #[must_use]
    pub fn observed(&self, target: usize) -> Vec<bool> {
        self.y.column(target).iter().map(|y| !y.is_nan()).collect()
    }

    /// Targets grouped by their observed rows, in order of their first target.
    #[must_use]
    pub fn row_sets(&self) -> Vec<RowSet> {
        let mut sets: Vec<RowSet> = Vec::new();
        for target in 0..self.n_targets() {
            let observed = self.observed(target);
            let rows: Vec<usize> = (0..observed.len()).filter(|&row| observed[row]).collect();
            match sets.iter_mut().find(|set| set.rows == rows) {
                Some(set) => set.targets.push(target),
                None => sets.push(RowSet {
                    rows,
                    targets: vec![target],
                }),
            }
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_with_the_same_observed_rows_share_a_row_set() {
        let nan = f64::NAN;
        let y = DMatrix::from_column_slice(3, 3, &[1., 2., 3., 1., nan, 3., 5., 6., 8.]);
        let sets = Targets::new(y).unwrap().row_sets();
        assert_eq!(sets.len(), 2);
        assert_eq!(
            (&sets[0].rows[..], &sets[0].targets[..]),
            (&[0, 1, 2][..], &[0, 2][..])
        );
        assert_eq!(
            (&sets[1].rows[..], &sets[1].targets[..]),
            (&[0, 2][..], &[1][..])
        );
    }

    #[test]
    fn a_constant_target_is_refused_even_with_missing_values() {
        let y = DMatrix::from_column_slice(3, 1, &[2., f64::NAN, 2.]);
        assert_eq!(Targets::new(y), Err(EngineError::ConstantTarget));
    }
}
