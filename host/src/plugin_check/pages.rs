//! Values in memory that tells: before and behind them lie pages that kill whoever touches them,
//! and they may be read-only.

use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

use super::result::Outcome;

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
    /// The whole mapping.
    at: NonNull<u8>,
    mapped: usize,
    len: usize,
}

impl<T: Copy> Guarded<T> {
    /// A copy of `values`.
    pub fn of(values: &[T], edge: Edge) -> Result<Self, Outcome> {
        let page = rustix::param::page_size();
        let bytes = size_of_val(values);
        let body = bytes.next_multiple_of(page).max(page);
        let mapped = page + body + page;
        // SAFETY: new pages at an address of the system's choice.
        let at = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                mapped,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }
        .map_err(no_memory)?;
        let at = NonNull::new(at.cast::<u8>()).ok_or(Outcome::Skipped("no memory".into()))?;
        let offset = match edge {
            Edge::Before => page,
            Edge::Behind => page + body - bytes,
        };
        // SAFETY: the offset lies inside the mapping. It is a multiple of the values' size, and so
        // of their alignment.
        let first = unsafe { at.add(offset) }.cast::<T>();
        let guarded = Self {
            first,
            at,
            mapped,
            len: values.len(),
        };
        // SAFETY: the values fit between the two pages, which are closed here.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), first.as_ptr(), values.len());
            mprotect(at.as_ptr().cast(), page, MprotectFlags::empty()).map_err(no_memory)?;
            let behind = at.add(page + body).as_ptr().cast();
            mprotect(behind, page, MprotectFlags::empty()).map_err(no_memory)?;
        }
        Ok(guarded)
    }

    /// A copy that cannot be written to, and nothing kills whoever reads beyond it.
    pub fn read_only(values: &[T]) -> Result<Self, Outcome> {
        let guarded = Self::of(values, Edge::Behind)?;
        // SAFETY: the pages are this object's own.
        unsafe {
            mprotect(
                guarded.at.as_ptr().cast(),
                guarded.mapped,
                MprotectFlags::READ,
            )
        }
        .map_err(no_memory)?;
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

fn no_memory(error: rustix::io::Errno) -> Outcome {
    Outcome::Skipped(format!("no memory: {error}"))
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: mapped in `of` with this length.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.mapped) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_touch_the_page_of_their_edge_and_are_read_back() {
        let page = rustix::param::page_size();
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
        let many = vec![7u8; 3 * rustix::param::page_size() + 1];
        assert_eq!(Guarded::of(&many, Edge::Behind).unwrap().values(), many);
    }
}
