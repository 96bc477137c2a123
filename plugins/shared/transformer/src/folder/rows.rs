//! A table that stays in its file, row by row where rows are asked for: a vocabulary of 250,000
//! tokens is 770 MB, of which a study sees a few percent.
//!
//! Rows are read, not mapped: a file that shrinks is an error and no crash, and memory holds no more
//! than the row. A read from the system's own cache takes about as long as a thousandth of what the
//! network then does with the row.

use super::tensors::Kind;
use crate::error::{Result, damaged, unreadable};
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

/// The table.
#[derive(Debug)]
pub(crate) struct Rows {
    file: File,
    path: PathBuf,
    kind: Kind,
    start: u64,
    /// Bytes of a row.
    bytes: usize,
}

impl Rows {
    pub(super) fn new(file: File, path: PathBuf, kind: Kind, start: u64, width: usize) -> Rows {
        Rows {
            bytes: width * kind.bytes(),
            file,
            path,
            kind,
            start,
        }
    }

    /// Appends row number `row` to `values`. `buffer` is memory to read into.
    pub fn read(&self, row: usize, values: &mut Vec<f32>, buffer: &mut Vec<u8>) -> Result<()> {
        buffer.resize(self.bytes, 0);
        let from = self.start + row as u64 * self.bytes as u64;
        read_exact_at(&self.file, buffer, from).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => damaged(
                &self.path,
                "an end within the table of words",
                "the file as it was when opened",
            ),
            _ => unreadable(&self.path, error),
        })?;
        self.kind.extend(values, buffer);
        Ok(())
    }
}

/// Threads read at their own places of one file.
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut from: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match read_at(file, buffer, from) {
            Ok(0) => return Err(Error::from(ErrorKind::UnexpectedEof)),
            Ok(n) => {
                buffer = &mut buffer[n..];
                from += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], from: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, from)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], from: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, from)
}
