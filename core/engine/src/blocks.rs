//! How the slots of a permutation test are cut into blocks that are computed together.

use std::ops::Range;

/// Columns a block aims at: wide enough that matrix products run at full speed, narrow enough that
/// a block stays in the second-level cache.
pub const BLOCK_COLUMNS: usize = 64;

/// How slots are cut into blocks. In slot s the permutation with index s is computed, but for one
/// exchange: see [`PermutedTargets`](crate::evaluate::PermutedTargets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    start: usize,
    end: usize,
    per_block: usize,
    /// Columns of every block, padding included.
    width: usize,
}

impl Blocks {
    /// Blocks for `n_permutations` (besides the observed y) of `n_targets` targets at once.
    #[must_use]
    pub fn new(n_permutations: usize, n_targets: usize) -> Self {
        Self::of(0..n_permutations + 1, n_targets, n_targets)
    }

    /// Blocks for some slots of `n_left` of the `n_targets` targets of a row set, as wide as those
    /// for all of them: a column's arithmetic may depend on the width of its block, and must not
    /// depend on which targets are still there.
    #[must_use]
    pub fn of(slots: Range<usize>, n_targets: usize, n_left: usize) -> Self {
        let n_targets = n_targets.max(1);
        let width = n_targets * (BLOCK_COLUMNS / n_targets).max(1);
        Self {
            start: slots.start,
            end: slots.end,
            per_block: (width / n_left.max(1)).max(1),
            width,
        }
    }

    /// Columns of every block, padding included.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start).div_ceil(self.per_block)
    }

    /// No slot, no block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Slots of one block.
    #[must_use]
    pub fn range(&self, block: usize) -> Range<usize> {
        let start = self.start + block * self.per_block;
        start..(start + self.per_block).min(self.end)
    }
}
