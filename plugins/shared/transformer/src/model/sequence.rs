//! Where a text stands among those laid end to end.

use std::ops::Range;

/// One text among those laid end to end: its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence {
    pub start: usize,
    pub len: usize,
}

impl Sequence {
    /// Its place in a table whose rows are `width` long.
    pub fn rows(self, width: usize) -> Range<usize> {
        self.start * width..(self.start + self.len) * width
    }
}
