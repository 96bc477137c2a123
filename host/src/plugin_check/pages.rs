//! Numbers in memory that tells: behind them lies a page that kills whoever touches it, and they may be read-only.

use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

use super::result::Outcome;

/// Numbers whose end is the end of a page; the next page cannot be touched.
pub struct Guarded {
    at: NonNull<u8>,
    mapped: usize,
    offset: usize,
    len: usize,
}

impl Guarded {
    /// A copy of `values`.
    pub fn of(values: &[f64]) -> Result<Self, Outcome> {
        let page = rustix::param::page_size();
        let bytes = size_of_val(values);
        let body = bytes.next_multiple_of(page).max(page);
        let failed = |error: rustix::io::Errno| Outcome::Skipped(format!("no memory: {error}"));
        // SAFETY: new pages at an address of the system's choice.
        let at = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                body + page,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }
        .map_err(failed)?;
        let at = NonNull::new(at.cast::<u8>()).ok_or(Outcome::Skipped("no memory".into()))?;
        let guarded = Self {
            at,
            mapped: body + page,
            offset: body - bytes,
            len: values.len(),
        };
        // SAFETY: `body` writable bytes begin at `at`; the values fit behind the offset, which is a multiple of 8.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), guarded.ptr(), values.len());
            mprotect(at.as_ptr().add(body).cast(), page, MprotectFlags::empty())
        }
        .map_err(failed)?;
        Ok(guarded)
    }

    /// A copy that cannot be written to, and nothing kills whoever reads behind it.
    pub fn read_only(values: &[f64]) -> Result<Self, Outcome> {
        let guarded = Self::of(values)?;
        // SAFETY: the pages are this object's own.
        unsafe {
            mprotect(
                guarded.at.as_ptr().cast(),
                guarded.mapped,
                MprotectFlags::READ,
            )
        }
        .map_err(|error| Outcome::Skipped(format!("no memory: {error}")))?;
        Ok(guarded)
    }

    /// Where they begin.
    pub fn ptr(&self) -> *mut f64 {
        // SAFETY: the offset lies inside the mapping.
        unsafe { self.at.as_ptr().add(self.offset).cast() }
    }

    /// What they are now.
    pub fn values(&self) -> Vec<f64> {
        // SAFETY: `len` numbers are there.
        unsafe { std::slice::from_raw_parts(self.ptr(), self.len) }.to_vec()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped in `of` with this length.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.mapped) };
    }
}
