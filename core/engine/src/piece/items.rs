//! The work of one piece as a list of items, each a pure function of its own number, so that
//! machines can share it.
//!
//! The order is fixed: the blocks of permutations of the first repeat, those of the next, the
//! jackknife blocks, the redraws of the folds. The first block of a repeat is no item: whoever has
//! anything to do with the repeat computes it, and its r2 in slot 0 shows whether two machines
//! compute the same. The block that holds the observed targets is one of the others, or the first.
//! Planted effects and ranks, which come after all permutations, are not shared: whoever puts the
//! piece together computes them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One thing to compute, which depends on no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// r2 in the slots of a block that does not hold the observed targets: slots × targets, slot by
    /// slot.
    Block {
        /// Redraw of the study's folds.
        repeat: usize,
        /// The first slot of the block.
        first: usize,
    },
    /// r2 in the slots of the block that holds the observed targets, and their predictions
    /// ([`OutOfFold::to_numbers`](crate::nested::OutOfFold::to_numbers)).
    Observed {
        /// Redraw of the study's folds.
        repeat: usize,
    },
    /// r2 and then B of every target without one block of rows.
    Jackknife {
        /// Which.
        block: usize,
    },
    /// r2 of every target with other folds.
    Redraw {
        /// Which.
        redraw: usize,
    },
    /// r2 of the planted targets of one effect, each followed by its naive variance.
    Planted {
        /// Redraw of the study's folds.
        repeat: usize,
        /// Its place in [`PLANTED`](crate::inference::planted::PLANTED).
        effect: usize,
    },
    /// r2 of the ranks of every target.
    Ranks {
        /// Redraw of the study's folds.
        repeat: usize,
    },
}

/// How many items of each kind a piece has. Of a fixed number of permutations: where targets stop
/// early, which blocks are needed follows from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// Redraws of the study's folds that are averaged.
    pub repeats: usize,
    /// Permutations of each repeat.
    pub permutations: usize,
    /// Slots of a block.
    pub per_block: usize,
    /// Blocks of the jackknife.
    pub jackknife: usize,
    /// Redraws of the folds.
    pub redraws: usize,
}

impl Items {
    /// Blocks of each repeat that are items: all but the first.
    #[must_use]
    pub fn blocks(&self) -> usize {
        (self.permutations + 1).div_ceil(self.per_block) - 1
    }

    /// All of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.repeats * self.blocks() + self.jackknife + self.redraws
    }

    /// There is nothing to share.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item of a number below [`len`](Self::len).
    #[must_use]
    pub fn get(&self, at: usize) -> Item {
        let in_blocks = self.repeats * self.blocks();
        match at.checked_sub(in_blocks) {
            None => Item::Block {
                repeat: at / self.blocks(),
                first: (at % self.blocks() + 1) * self.per_block,
            },
            Some(block) if block < self.jackknife => Item::Jackknife { block },
            Some(at) => Item::Redraw {
                redraw: at - self.jackknife,
            },
        }
    }

    /// Runs of items of one kind, and of one repeat: their numbers.
    #[must_use]
    pub fn runs(&self) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        let lengths = std::iter::repeat_n(self.blocks(), self.repeats);
        for length in lengths.chain([self.jackknife, self.redraws]) {
            runs.push(start..start + length);
            start += length;
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    /// A range of items of one run in words: "permutations 64–127 of repeat 2".
    #[must_use]
    pub fn words(&self, run: &Range<usize>) -> String {
        let Some(last) = run.end.checked_sub(1).filter(|last| *last >= run.start) else {
            return "nothing".to_owned();
        };
        let span = |what: &str, first: usize, last: usize| match first == last {
            true => format!("{what} {first}"),
            false => format!("{what}s {first}–{last}"),
        };
        match (self.get(run.start), self.get(last)) {
            (Item::Block { repeat, first }, Item::Block { first: last, .. }) => {
                let last = (last + self.per_block - 1).min(self.permutations);
                let of = match self.repeats {
                    1 => String::new(),
                    _ => format!(" of repeat {}", repeat + 1),
                };
                format!("{}{of}", span("permutation", first, last))
            }
            (Item::Jackknife { block }, Item::Jackknife { block: last }) => {
                span("jackknife block", block + 1, last + 1)
            }
            (Item::Redraw { redraw }, Item::Redraw { redraw: last }) => {
                span("redraw", redraw + 1, last + 1)
            }
            _ => format!("items {}–{}", run.start + 1, last + 1),
        }
    }
}

/// Some items of a piece, computed.
#[derive(Debug, Default, PartialEq)]
pub struct Part {
    /// The numbers of each item; none where what is left of the rows cannot be evaluated.
    pub items: Vec<(Item, Vec<f64>)>,
    /// The repeats that were touched, each with r2 in slot 0 of every target of the row set.
    pub slot_zero: Vec<(usize, Vec<f64>)>,
}

/// Seconds that one thread takes, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The designs of a repeat, and its first block.
    pub setup_us: u64,
    /// A block of permutations.
    pub block_us: u64,
    /// A jackknife block.
    pub jackknife_us: u64,
    /// A redraw of the folds.
    pub redraw_us: u64,
}

impl Cost {
    /// Of one item; never 0, so that every item has its place.
    #[must_use]
    pub fn of(&self, item: Item) -> u64 {
        let cost = match item {
            Item::Block { .. }
            | Item::Observed { .. }
            | Item::Planted { .. }
            | Item::Ranks { .. } => self.block_us,
            Item::Jackknife { .. } => self.jackknife_us,
            Item::Redraw { .. } => self.redraw_us,
        };
        cost.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: Items = Items {
        repeats: 2,
        permutations: 99,
        per_block: 32,
        jackknife: 20,
        redraws: 3,
    };

    #[test]
    fn every_number_is_one_item() {
        // Indexes 0–99 make four blocks; the first of each repeat is no item.
        assert_eq!(ITEMS.blocks(), 3);
        assert_eq!(ITEMS.len(), 2 * 3 + 20 + 3);
        let items: Vec<Item> = (0..ITEMS.len()).map(|at| ITEMS.get(at)).collect();
        assert!((1..items.len()).all(|at| !items[..at].contains(&items[at])));
        let block = |repeat, first| Item::Block { repeat, first };
        assert!(items.contains(&block(1, 96)) && !items.contains(&block(0, 0)));
        assert!(items.contains(&Item::Jackknife { block: 19 }));
    }

    #[test]
    fn runs_cover_all_items_and_are_said_in_words() {
        let runs = ITEMS.runs();
        assert_eq!(runs, [0..3, 3..6, 6..26, 26..29]);
        let words: Vec<String> = runs.iter().map(|run| ITEMS.words(run)).collect();
        assert_eq!(
            words,
            [
                "permutations 32–99 of repeat 1",
                "permutations 32–99 of repeat 2",
                "jackknife blocks 1–20",
                "redraws 1–3"
            ]
        );
        assert_eq!(ITEMS.words(&(7..8)), "jackknife block 2");
    }

    #[test]
    fn a_piece_without_permutations_has_no_blocks() {
        let items = Items {
            permutations: 0,
            jackknife: 0,
            redraws: 0,
            ..ITEMS
        };
        assert!(items.is_empty() && items.runs().is_empty());
    }
}
