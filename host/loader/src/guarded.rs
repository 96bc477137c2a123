//! Values in memory that tells: before and behind them lie pages that kill whoever touches them,
//! and they may be read-only.

use std::io;
use std::ptr::NonNull;

use ocean_plugin_abi::{Mat, Str, status};

use super::platform::{Pages, page_size};
use super::{PluginEncoder, PluginError, PluginRegressor};

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
    is_read_only: bool,
    /// They lie there.
    pages: Pages,
}

impl<T: Copy> Guarded<T> {
    /// A copy of `values`.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn of(values: &[T], edge: Edge) -> io::Result<Self> {
        let page = page_size();
        let bytes = size_of_val(values);
        let n = bytes.div_ceil(page).max(1);
        let pages = Pages::new(1 + n + 1)?;
        let offset = match edge {
            Edge::Before => page,
            Edge::Behind => page + n * page - bytes,
        };
        // SAFETY: the offset lies inside the pages. It is a multiple of the values' size, and so of
        // their alignment.
        let first = unsafe { pages.first().add(offset) }.cast::<T>();
        // SAFETY: the values fit between the two pages that are closed below.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), first.as_ptr(), values.len()) };
        pages.close(0)?;
        pages.close(pages.len() - 1)?;
        Ok(Self {
            first,
            len: values.len(),
            is_read_only: false,
            pages,
        })
    }

    /// A copy that cannot be written to, and nothing kills whoever reads beyond it.
    ///
    /// # Errors
    /// As [`Guarded::of`].
    pub fn read_only(values: &[T]) -> io::Result<Self> {
        let mut guarded = Self::of(values, Edge::Behind)?;
        guarded.pages.make_read_only()?;
        guarded.is_read_only = true;
        Ok(guarded)
    }

    /// Where they begin.
    fn ptr(&self) -> *mut T {
        self.first.as_ptr()
    }

    /// What they are now.
    pub fn values(&self) -> Vec<T> {
        // SAFETY: `len` values are there.
        unsafe { std::slice::from_raw_parts(self.ptr(), self.len) }.to_vec()
    }
}

impl PluginRegressor {
    /// One fit, and its predictions of the same rows into `y_hat`, all on memory that tells. `x` is
    /// X column by column, with as many rows as `y` has numbers.
    ///
    /// # Errors
    /// SHAPE where y or ŷ has not one number a row, or ŷ cannot be written to; else whatever the
    /// plugin reports.
    pub fn fit_predict_guarded(
        &self,
        x: &Guarded<f64>,
        y: &Guarded<f64>,
        alpha: f64,
        y_hat: &mut Guarded<f64>,
    ) -> Result<(), PluginError> {
        let rows = y.len;
        if rows == 0 || !x.len.is_multiple_of(rows) || y_hat.len != rows || y_hat.is_read_only {
            return Err(self.of_shape("y and ŷ need one number for each row of X"));
        }
        let view = Mat::column_major(x.ptr().cast_const(), rows, x.len / rows);
        // SAFETY: the pages hold the numbers of X, y and ŷ, as was just checked, and live for the
        // call.
        unsafe { self.fit_predict_views(&view, y.ptr(), alpha, &view, y_hat.ptr()) }
    }
}

impl PluginEncoder {
    /// Encodes texts, each on pages of its own: no zero follows it.
    ///
    /// # Errors
    /// SHAPE where `out` has not room for as many vectors, or cannot be written to; PARAM for bytes
    /// that are no text; else whatever the plugin reports.
    pub fn encode_guarded(
        &self,
        texts: &[Guarded<u8>],
        out: &mut Guarded<f32>,
    ) -> Result<(), PluginError> {
        if out.len != texts.len() * self.dim() || out.is_read_only {
            return Err(self.error(status::SHAPE, "there has to be room for the vectors"));
        }
        if texts
            .iter()
            .any(|text| std::str::from_utf8(&text.values()).is_err())
        {
            return Err(self.error(status::PARAM, "a text is not UTF-8"));
        }
        let views: Vec<Str> = texts
            .iter()
            .map(|text| Str {
                ptr: text.ptr(),
                len: text.len,
            })
            .collect();
        // SAFETY: the pages hold UTF-8 and room for the vectors, as was just checked, and live for
        // the call.
        unsafe { self.encode_views(&views, out.ptr(), &|_| {}) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_touch_the_page_of_their_edge_and_are_read_back() {
        let page = page_size();
        let values = [1.0, f64::MIN, 3.0];
        let before = Guarded::of(&values, Edge::Before).unwrap();
        let behind = Guarded::of(&values, Edge::Behind).unwrap();
        assert_eq!(before.ptr().addr() % page, 0);
        assert_eq!((behind.ptr().addr() + size_of_val(&values)) % page, 0);
        let read_only = Guarded::read_only(&values).unwrap();
        for guarded in [before, behind, read_only] {
            assert_eq!(guarded.values(), values);
        }
    }

    #[test]
    fn no_values_and_more_than_a_page_have_their_place_too() {
        assert!(
            Guarded::<u8>::of(&[], Edge::Behind)
                .unwrap()
                .values()
                .is_empty()
        );
        let many = vec![7u8; 3 * page_size() + 1];
        assert_eq!(Guarded::of(&many, Edge::Behind).unwrap().values(), many);
    }
}
