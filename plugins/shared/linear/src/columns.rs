//! The one matrix type at the border of this crate: a borrowed, column-major, contiguous block of
//! numbers.

use faer::MatRef;

use crate::LinearError;

/// A matrix that belongs to the caller: `n_rows` × `n_columns`, column by column, without gaps.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    values: &'a [f64],
    n_rows: usize,
    n_columns: usize,
}

impl<'a> Columns<'a> {
    /// Looks at `values` as `n_rows` × `n_columns`.
    ///
    /// # Errors
    /// [`LinearError::Shape`] unless there are exactly `n_rows · n_columns` values.
    pub fn new(values: &'a [f64], n_rows: usize, n_columns: usize) -> Result<Self, LinearError> {
        if n_rows.checked_mul(n_columns) != Some(values.len()) {
            return Err(LinearError::Shape {
                what: "values of a matrix",
                got: values.len(),
                expected: n_rows.saturating_mul(n_columns),
            });
        }
        Ok(Self {
            values,
            n_rows,
            n_columns,
        })
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// All values, column by column.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// Column `j`.
    ///
    /// # Panics
    /// When `j` is not below [`Self::n_columns`].
    pub fn column(&self, j: usize) -> &'a [f64] {
        &self.values[j * self.n_rows..(j + 1) * self.n_rows]
    }

    pub(crate) fn as_mat(&self) -> MatRef<'a, f64> {
        MatRef::from_column_major_slice(self.values, self.n_rows, self.n_columns)
    }
}
