//! The values that cross by copy: a string, matrix views.

use core::ptr;
use core::slice;
use core::str::Utf8Error;

record! {
    /// UTF-8 text, pointer and length, not null-terminated. Borrowed: for the call, or for the life of what the text belongs to.
    Str = "ocean_str" {
        /// First byte; may be null when `len` is 0.
        ptr: *const u8,
        /// Bytes.
        len: usize,
    }
}

record! {
    /// A matrix to read: element (i, j) is `data[i·row_stride + j·col_stride]`. Borrowed for the call unless a function says longer.
    Mat = "ocean_mat" {
        /// Element (0, 0); may be null when the matrix is empty.
        data: *const f64,
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Elements from one row to the next: 1 when column-major and contiguous.
        row_stride: isize,
        /// Elements from one column to the next: `rows` when column-major and contiguous.
        col_stride: isize,
    }
}

record! {
    /// A matrix to fill. It and its memory are the host's, and hold initialised numbers when the call begins.
    MatMut = "ocean_mat_mut" {
        /// Element (0, 0); may be null when the matrix is empty.
        data: *mut f64,
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Elements from one row to the next.
        row_stride: isize,
        /// Elements from one column to the next.
        col_stride: isize,
    }
}

// SAFETY: a view of bytes; whoever dereferences it answers for their life.
unsafe impl Send for Str {}
// SAFETY: as above; the bytes are never written through it.
unsafe impl Sync for Str {}

impl Str {
    /// The empty text.
    pub const EMPTY: Str = Str {
        ptr: ptr::null(),
        len: 0,
    };

    /// A view of `text`, for as long as `text` lives.
    #[must_use]
    pub const fn new(text: &str) -> Str {
        Str {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }

    /// The bytes.
    ///
    /// # Safety
    /// `ptr` is valid for `len` bytes, unchanged for `'a`.
    #[must_use]
    pub unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        if self.ptr.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { slice::from_raw_parts(self.ptr, self.len) }
    }

    /// The text.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    ///
    /// # Safety
    /// `ptr` is valid for `len` bytes, unchanged for `'a`.
    pub unsafe fn as_str<'a>(self) -> Result<&'a str, Utf8Error> {
        // SAFETY: the caller's promise.
        core::str::from_utf8(unsafe { self.as_bytes() })
    }
}

impl Mat {
    /// A column-major, contiguous view of `rows × cols` values.
    #[must_use]
    pub const fn column_major(data: *const f64, rows: usize, cols: usize) -> Mat {
        Mat {
            data,
            rows,
            cols,
            row_stride: 1,
            col_stride: rows as isize,
        }
    }
}

impl MatMut {
    /// A column-major, contiguous view of `rows × cols` values.
    #[must_use]
    pub const fn column_major(data: *mut f64, rows: usize, cols: usize) -> MatMut {
        MatMut {
            data,
            rows,
            cols,
            row_stride: 1,
            col_stride: rows as isize,
        }
    }
}

/// What a table's method answers when its function is null.
pub(crate) trait Absent {
    /// UNSUPPORTED, 0 or null.
    const ABSENT: Self;
}

impl Absent for i32 {
    const ABSENT: i32 = crate::status::UNSUPPORTED;
}

impl Absent for u32 {
    const ABSENT: u32 = 0;
}

impl<T> Absent for *const T {
    const ABSENT: *const T = ptr::null();
}
