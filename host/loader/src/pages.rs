//! Pages of memory that can be closed one by one.

use std::io;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Bytes of a page of memory.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// Pages of memory of their own, each of which can be closed.
pub(crate) struct Pages {
    at: NonNull<u8>,
    n: usize,
}

impl Pages {
    /// So many, to be read and written.
    pub(crate) fn new(n: usize) -> io::Result<Self> {
        // SAFETY: new pages at an address of the system's choice.
        let at = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                n * page_size(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        let at = NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { at, n })
    }

    /// Where they begin.
    pub(crate) fn first(&self) -> NonNull<u8> {
        self.at
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Whoever touches this page from now on is killed.
    pub(crate) fn close(&self, page: usize) -> io::Result<()> {
        self.protect(page, 1, MprotectFlags::empty())
    }

    /// Whoever writes to any of them from now on is killed.
    pub(crate) fn make_read_only(&self) -> io::Result<()> {
        self.protect(0, self.n, MprotectFlags::READ)
    }

    fn protect(&self, from: usize, n: usize, how: MprotectFlags) -> io::Result<()> {
        assert!(
            from + n <= self.n,
            "pages {from} and {n} more of {}",
            self.n
        );
        // SAFETY: pages of this object, and nothing that Rust knows of lies there.
        unsafe {
            let at = self.at.add(from * page_size());
            mprotect(at.as_ptr().cast(), n * page_size(), how)?;
        }
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.n * page_size()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_what_is_put_there() {
        let pages = Pages::new(2).unwrap();
        let all = page_size() * pages.len();
        // SAFETY: two pages that are this test's own.
        unsafe {
            pages.first().write_bytes(7, all);
            assert_eq!(pages.first().add(all - 1).read(), 7);
        }
        pages.make_read_only().unwrap();
        pages.close(1).unwrap();
        // SAFETY: the first page can still be read.
        assert_eq!(unsafe { pages.first().read() }, 7);
    }
}
