//! Memory that host and worker share, one piece a connection: the numbers of a call lie there, and
//! only their count goes through the socket.
//!
//! Calls alternate, so that at any time one side writes and the other waits. It grows when a call
//! needs more and never shrinks: the file is sealed against that, since a mapping beyond the end of
//! its file kills whoever touches it.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Numbers of the first piece.
const FIRST: usize = 1 << 15;

/// A file without a name, mapped.
pub struct Arena {
    file: OwnedFd,
    at: NonNull<f64>,
    /// Numbers that are mapped.
    len: usize,
}

// SAFETY: the mapping belongs to this object alone on this side, and is reached through `&mut`.
unsafe impl Send for Arena {}

impl Arena {
    /// A new one, for the host.
    pub fn new() -> io::Result<Self> {
        let file = memfd_create(
            c"ocean-host call",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        ftruncate(&file, (FIRST * size_of::<f64>()) as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::SEAL)?;
        Self::of(file)
    }

    /// The same one, for the worker.
    pub fn of(file: OwnedFd) -> io::Result<Self> {
        let at = map(&file, FIRST)?;
        Ok(Self {
            file,
            at,
            len: FIRST,
        })
    }

    /// The file, to be sent to the other side.
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Puts the parts there, one behind the other.
    pub fn put(&mut self, parts: &[&[f64]]) -> io::Result<()> {
        let n: usize = parts.iter().map(|part| part.len()).sum();
        if n > self.len {
            let grown = n.next_power_of_two();
            ftruncate(&self.file, (grown * size_of::<f64>()) as u64)?;
            self.map_again(grown)?;
        }
        let mut to = self.at.as_ptr();
        for part in parts {
            // SAFETY: `len` numbers are mapped and n of them are needed; the other side waits, so
            // nobody else writes.
            unsafe {
                std::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
                to = to.add(part.len());
            }
        }
        Ok(())
    }

    /// Takes `n` numbers from the beginning: a copy, which the other side cannot change any more
    /// while it is looked at.
    pub fn take(&mut self, n: usize) -> io::Result<Vec<f64>> {
        if n > self.len {
            let stat = rustix::fs::fstat(&self.file)?;
            // Beyond the end of the file a mapping kills who reads it.
            let is_there = u64::try_from(stat.st_size)
                .is_ok_and(|bytes| n as u64 <= bytes / size_of::<f64>() as u64);
            if !is_there {
                return Err(io::Error::other("a frame that is none"));
            }
            self.map_again(n.next_power_of_two())?;
        }
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(n).map_err(io::Error::other)?;
        // SAFETY: `len` numbers are mapped, n of them are copied into n reserved; the other side
        // waits for our answer.
        unsafe {
            std::ptr::copy_nonoverlapping(self.at.as_ptr(), numbers.as_mut_ptr(), n);
            numbers.set_len(n);
        }
        Ok(numbers)
    }

    fn map_again(&mut self, len: usize) -> io::Result<()> {
        let at = map(&self.file, len)?;
        self.unmap();
        (self.at, self.len) = (at, len);
        Ok(())
    }

    fn unmap(&mut self) {
        // SAFETY: mapped by `map` with this length, and no reference into it is left.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.len * size_of::<f64>()) };
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.unmap();
    }
}

fn map(file: &OwnedFd, len: usize) -> io::Result<NonNull<f64>> {
    let bytes = len
        .checked_mul(size_of::<f64>())
        .ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: a new mapping at an address of the system's choice.
    let at = unsafe {
        mmap(
            std::ptr::null_mut(),
            bytes,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            file,
            0,
        )
    }?;
    NonNull::new(at.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_puts_the_other_takes_however_much_it_is() {
        let mut ours = Arena::new().unwrap();
        let mut theirs = Arena::of(ours.file().try_clone().unwrap()).unwrap();
        for n in [1, FIRST, 5 * FIRST, 3] {
            let numbers: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let (left, right) = numbers.split_at(n / 2);
            ours.put(&[left, right]).unwrap();
            assert_eq!(theirs.take(n).unwrap(), numbers);
            theirs.put(&[&numbers, &numbers]).unwrap();
            assert_eq!(ours.take(2 * n).unwrap()[n..], numbers);
        }
        assert!(ours.take(1 << 40).is_err());
    }

    #[test]
    fn nobody_can_take_the_memory_away_from_under_the_other_side() {
        let mut ours = Arena::new().unwrap();
        let theirs = ours.file().try_clone().unwrap();
        ours.put(&[&[1.0, 2.0]]).unwrap();
        for size in [0, 4096] {
            assert_eq!(ftruncate(&theirs, size), Err(rustix::io::Errno::PERM));
        }
        assert!(fcntl_add_seals(&theirs, SealFlags::GROW).is_err());
        assert_eq!(ours.take(2).unwrap(), [1.0, 2.0]);
    }
}
