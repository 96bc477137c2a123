//! Values in memory that tells: before and behind them lie pages that kill whoever touches them, and they may be read-only.

use std::ptr::NonNull;

use super::result::Outcome;
use crate::platform::{self, Pages};

/// Where the values touch a page that kills: memory comes in pages, so they can touch one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Whoever reads or writes before the first value is killed.
    Before,
    /// Whoever reads or writes behind the last value is killed.
    Behind,
}

/// Values between two pages that cannot be touched.
pub struct Guarded<T> {
    /// The first value's.
    first: NonNull<T>,
    len: usize,
    /// They lie there.
    pages: Pages,
}

impl<T: Copy> Guarded<T> {
    /// A copy of `values`.
    pub fn of(values: &[T], edge: Edge) -> Result<Self, Outcome> {
        let page = platform::page_size();
        let bytes = size_of_val(values);
        let n = bytes.div_ceil(page).max(1);
        let pages = Pages::new(1 + n + 1).map_err(no_memory)?;
        let offset = match edge {
            Edge::Before => page,
            Edge::Behind => page + n * page - bytes,
        };
        // SAFETY: the offset lies inside the pages. It is a multiple of the values' size, and so of their alignment.
        let first = unsafe { pages.first().add(offset) }.cast::<T>();
        // SAFETY: the values fit between the two pages that are closed below.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), first.as_ptr(), values.len()) };
        pages.close(0).map_err(no_memory)?;
        pages.close(pages.len() - 1).map_err(no_memory)?;
        Ok(Self {
            first,
            len: values.len(),
            pages,
        })
    }

    /// A copy that cannot be written to, and nothing kills whoever reads beyond it.
    pub fn read_only(values: &[T]) -> Result<Self, Outcome> {
        let guarded = Self::of(values, Edge::Behind)?;
        guarded.pages.make_read_only().map_err(no_memory)?;
        Ok(guarded)
    }

    /// Where they begin.
    pub fn ptr(&self) -> *mut T {
        self.first.as_ptr()
    }

    /// What they are now.
    pub fn values(&self) -> Vec<T> {
        // SAFETY: `len` values are there.
        unsafe { std::slice::from_raw_parts(self.ptr(), self.len) }.to_vec()
    }
}

fn no_memory(error: std::io::Error) -> Outcome {
    Outcome::Skipped(format!("no memory: {error}"))
}
