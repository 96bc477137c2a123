//! Views of the host's matrices: borrowed, bounds-checked, of any strides.

use crate::error::{Error, Result};
use ocean_plugin_abi as abi;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::slice;

/// A matrix to read. Column-major and contiguous, unless the plugin's `INFO` says `is_strided`.
#[derive(Debug, Clone, Copy)]
pub struct Mat<'a> {
    raw: abi::Mat,
    _borrow: PhantomData<&'a [f64]>,
}

/// A matrix to fill. It holds initialised numbers from the start.
#[derive(Debug)]
pub struct MatMut<'a> {
    raw: abi::MatMut,
    _borrow: PhantomData<&'a mut [f64]>,
}

// SAFETY: a shared view of plain numbers, like `&[f64]`.
unsafe impl Send for Mat<'_> {}
// SAFETY: as above.
unsafe impl Sync for Mat<'_> {}
// SAFETY: a unique view of plain numbers, like `&mut [f64]`.
unsafe impl Send for MatMut<'_> {}
// SAFETY: as above; a shared reference to it only reads.
unsafe impl Sync for MatMut<'_> {}

impl<'a> Mat<'a> {
    /// A view of `rows × cols` values, column by column.
    ///
    /// # Errors
    /// SHAPE, when `data` has another length.
    pub fn from_slice(data: &'a [f64], rows: usize, cols: usize) -> Result<Mat<'a>> {
        check_length(data.len(), rows, cols)?;
        // SAFETY: `rows × cols` values, borrowed for 'a.
        unsafe { Mat::from_raw(abi::Mat::column_major(data.as_ptr(), rows, cols)) }
    }

    /// The host's matrix.
    ///
    /// # Errors
    /// SHAPE, when it is null, misaligned or larger than memory.
    ///
    /// # Safety
    /// Unless refused, the elements its sizes and strides reach are valid and unchanged for `'a`.
    pub unsafe fn from_raw(raw: abi::Mat) -> Result<Mat<'a>> {
        check_extent(
            raw.data,
            [raw.rows, raw.cols],
            [raw.row_stride, raw.col_stride],
        )?;
        Ok(Mat {
            raw,
            _borrow: PhantomData,
        })
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.raw.rows
    }

    /// Columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.raw.cols
    }

    /// Elements from one row to the next.
    #[must_use]
    pub fn row_stride(&self) -> isize {
        self.raw.row_stride
    }

    /// Elements from one column to the next.
    #[must_use]
    pub fn col_stride(&self) -> isize {
        self.raw.col_stride
    }

    /// Element (0, 0), for kernels that take pointer and strides.
    #[must_use]
    pub fn as_ptr(&self) -> *const f64 {
        self.raw.data
    }

    /// The element in row `i`, column `j`.
    ///
    /// # Panics
    /// Outside the matrix, as indexing a slice does.
    #[must_use]
    #[inline]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        assert_inside(i, j, self.raw.rows, self.raw.cols);
        let offset = i as isize * self.raw.row_stride + j as isize * self.raw.col_stride;
        // SAFETY: (i, j) is inside, and `check_extent` covered every element inside.
        unsafe { *self.raw.data.offset(offset) }
    }

    /// Whether the values lie column by column without gaps.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        is_contiguous(
            [self.raw.rows, self.raw.cols],
            [self.raw.row_stride, self.raw.col_stride],
        )
    }

    /// All values, column by column; `None` when they do not lie so.
    #[must_use]
    pub fn as_slice(&self) -> Option<&'a [f64]> {
        let len = self.raw.rows * self.raw.cols;
        if len == 0 {
            return Some(&[]);
        }
        // SAFETY: contiguous, so the `len` elements from the first on are the matrix.
        self.is_contiguous()
            .then(|| unsafe { slice::from_raw_parts(self.raw.data, len) })
    }

    /// Column `j`: borrowed where its values are adjacent, else copied.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn column(&self, j: usize) -> Cow<'a, [f64]> {
        assert!(j < self.raw.cols, "column {j} of {}", self.raw.cols);
        if self.raw.rows == 0 {
            return Cow::Borrowed(&[]);
        }
        if self.raw.row_stride != 1 && self.raw.rows > 1 {
            return (0..self.raw.rows).map(|i| self.at(i, j)).collect();
        }
        // SAFETY: `rows` adjacent elements of a column inside the matrix.
        Cow::Borrowed(unsafe {
            let first = self.raw.data.offset(j as isize * self.raw.col_stride);
            slice::from_raw_parts(first, self.raw.rows)
        })
    }

    /// The columns, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Cow<'a, [f64]>> + use<'a> {
        let view = *self;
        (0..view.raw.cols).map(move |j| view.column(j))
    }

    /// A copy, column by column.
    #[must_use]
    pub fn to_vec(&self) -> Vec<f64> {
        match self.as_slice() {
            Some(values) => values.to_vec(),
            None => self.columns().flat_map(Cow::into_owned).collect(),
        }
    }
}

impl<'a> MatMut<'a> {
    /// A view of `rows × cols` values, column by column.
    ///
    /// # Errors
    /// SHAPE, when `data` has another length.
    pub fn from_slice(data: &'a mut [f64], rows: usize, cols: usize) -> Result<MatMut<'a>> {
        check_length(data.len(), rows, cols)?;
        // SAFETY: `rows × cols` values, borrowed alone for 'a.
        unsafe { MatMut::from_raw(abi::MatMut::column_major(data.as_mut_ptr(), rows, cols)) }
    }

    /// The host's matrix.
    ///
    /// # Errors
    /// SHAPE, when it is null, misaligned or larger than memory.
    ///
    /// # Safety
    /// Unless refused, the elements its sizes and strides reach are initialised, valid for `'a`,
    /// each reached once, and reached by nobody else.
    pub unsafe fn from_raw(raw: abi::MatMut) -> Result<MatMut<'a>> {
        check_extent(
            raw.data.cast_const(),
            [raw.rows, raw.cols],
            [raw.row_stride, raw.col_stride],
        )?;
        Ok(MatMut {
            raw,
            _borrow: PhantomData,
        })
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.raw.rows
    }

    /// Columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.raw.cols
    }

    /// Elements from one row to the next.
    #[must_use]
    pub fn row_stride(&self) -> isize {
        self.raw.row_stride
    }

    /// Elements from one column to the next.
    #[must_use]
    pub fn col_stride(&self) -> isize {
        self.raw.col_stride
    }

    /// Element (0, 0), for kernels that take pointer and strides.
    #[must_use]
    pub fn as_mut_ptr(&mut self) -> *mut f64 {
        self.raw.data
    }

    /// The same matrix, to read.
    #[must_use]
    pub fn as_mat(&self) -> Mat<'_> {
        Mat {
            raw: abi::Mat {
                data: self.raw.data,
                rows: self.raw.rows,
                cols: self.raw.cols,
                row_stride: self.raw.row_stride,
                col_stride: self.raw.col_stride,
            },
            _borrow: PhantomData,
        }
    }

    /// The same matrix for a shorter time, to hand on.
    #[must_use]
    pub fn reborrow(&mut self) -> MatMut<'_> {
        MatMut {
            raw: self.raw,
            _borrow: PhantomData,
        }
    }

    /// The element in row `i`, column `j`.
    ///
    /// # Panics
    /// Outside the matrix, as indexing a slice does.
    #[inline]
    pub fn at_mut(&mut self, i: usize, j: usize) -> &mut f64 {
        assert_inside(i, j, self.raw.rows, self.raw.cols);
        let offset = i as isize * self.raw.row_stride + j as isize * self.raw.col_stride;
        // SAFETY: (i, j) is inside, `check_extent` covered every element inside, and the view is
        // unique.
        unsafe { &mut *self.raw.data.offset(offset) }
    }

    /// All values, column by column; `None` when they do not lie so.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> Option<&mut [f64]> {
        let len = self.raw.rows * self.raw.cols;
        if len == 0 {
            return Some(&mut []);
        }
        // SAFETY: contiguous, so the `len` elements from the first on are the matrix.
        self.as_mat()
            .is_contiguous()
            .then(|| unsafe { slice::from_raw_parts_mut(self.raw.data, len) })
    }

    /// Column `j`; `None` when its values are not adjacent.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn column_mut(&mut self, j: usize) -> Option<&mut [f64]> {
        assert!(j < self.raw.cols, "column {j} of {}", self.raw.cols);
        if self.raw.rows == 0 {
            return Some(&mut []);
        }
        if self.raw.row_stride != 1 && self.raw.rows > 1 {
            return None;
        }
        // SAFETY: `rows` adjacent elements of a column inside the matrix, and the view is unique.
        Some(unsafe {
            let first = self.raw.data.offset(j as isize * self.raw.col_stride);
            slice::from_raw_parts_mut(first, self.raw.rows)
        })
    }

    /// Copies `values` into column `j`, whatever the strides.
    ///
    /// # Panics
    /// When there is no such column, or `values` has another length.
    pub fn fill_column(&mut self, j: usize, values: &[f64]) {
        assert_eq!(values.len(), self.raw.rows, "values for column {j}");
        if let Some(column) = self.column_mut(j) {
            column.copy_from_slice(values);
            return;
        }
        for (i, &value) in values.iter().enumerate() {
            *self.at_mut(i, j) = value;
        }
    }
}

#[inline]
fn assert_inside(i: usize, j: usize, rows: usize, cols: usize) {
    assert!(
        i < rows && j < cols,
        "element ({i}, {j}) of a {rows} × {cols} matrix"
    );
}

fn check_length(len: usize, rows: usize, cols: usize) -> Result<()> {
    if rows.checked_mul(cols) != Some(len) {
        return Err(Error::shape(format!(
            "{len} values for a {rows} × {cols} matrix"
        )));
    }
    Ok(())
}

fn is_contiguous([rows, cols]: [usize; 2], [row_stride, col_stride]: [isize; 2]) -> bool {
    (rows <= 1 || row_stride == 1) && (cols <= 1 || col_stride == rows as isize)
}

/// Refuses what no matrix in memory can be, so that no offset computed later can overflow.
fn check_extent(data: *const f64, sizes: [usize; 2], strides: [isize; 2]) -> Result<()> {
    if sizes.contains(&0) {
        return check_length(0, sizes[0], sizes[1]);
    }
    if data.is_null() || !data.is_aligned() {
        let [rows, cols] = sizes;
        return Err(Error::shape(format!(
            "the {rows} × {cols} matrix has a null or misaligned pointer"
        )));
    }
    let reach = |size: usize, stride: isize| (size - 1).checked_mul(stride.unsigned_abs());
    let values = sizes[0].checked_mul(sizes[1]);
    let last = reach(sizes[0], strides[0])
        .zip(reach(sizes[1], strides[1]))
        .and_then(|(down, across)| down.checked_add(across));
    let limit = isize::MAX as usize / size_of::<f64>();
    match values.zip(last) {
        Some((values, last)) if values <= limit && last < limit => Ok(()),
        _ => Err(Error::shape(format!(
            "a {} × {} matrix with strides {} and {} is larger than memory",
            sizes[0], sizes[1], strides[0], strides[1]
        ))),
    }
}
