//! How a study is cut into shards: all items of all pieces in one line, each as long as it costs,
//! cut into equal lengths.
//!
//! The cut follows from plan.json alone, in whole numbers, so every machine makes the same. A shard
//! is a contiguous stretch, so it touches few pieces and builds few designs. Whatever the number of
//! shards, the items are the same: shards of different cuts fit together.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::task::Shard;
use ocean_engine::piece::{Cost, Item, Items};

/// One encoder × regressor × row set, as the plan knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its name in the journal.
    pub name: String,
    /// The encoder as reports name it.
    pub encoder: String,
    /// The regressor as reports name it.
    pub regressor: String,
    /// Which targets: those observed on the same rows.
    pub row_set: usize,
    /// How many those are.
    pub n_targets: usize,
    /// What it consists of.
    pub items: Items,
    /// What that costs.
    pub cost: Cost,
}

impl Piece {
    /// Its length in the line.
    fn weight(&self) -> u128 {
        let run = |run: Range<usize>| {
            run.len() as u128 * u128::from(self.cost.of(self.items.get(run.start)))
        };
        self.items.runs().into_iter().map(run).sum()
    }

    /// The items that begin in `stretch`, which is counted from the beginning of this piece.
    fn within(&self, stretch: &Range<u128>) -> Range<usize> {
        let number = |at: u128| {
            let mut start = 0;
            for run in self.items.runs() {
                let each = u128::from(self.cost.of(self.items.get(run.start)));
                let end = start + each * run.len() as u128;
                if at < end {
                    return run.start + (at.saturating_sub(start)).div_ceil(each) as usize;
                }
                start = end;
            }
            self.items.len()
        };
        number(stretch.start)..number(stretch.end)
    }

    /// Seconds for some of its items, the designs they need included. Blocks are shared out among
    /// the threads; of a setup and of a replicate, which have few columns, as good as nothing is
    /// counted upon.
    pub(super) fn seconds(&self, range: &Range<usize>, threads: u32) -> f64 {
        let (mut shared, mut alone, mut setups) = (0, 0, 0);
        for run in self.items.runs() {
            let n = run
                .end
                .min(range.end)
                .saturating_sub(run.start.max(range.start)) as u64;
            let item = self.items.get(run.start);
            if matches!(item, Item::Block { .. }) {
                shared += n * self.cost.of(item);
                setups += u64::from(n > 0);
            } else {
                alone += n * self.cost.of(item);
            }
        }
        // Whoever computes replicates alone builds the designs of the first repeat, for the canary.
        let setups = setups.max(u64::from(alone > 0));
        let us = shared as f64 / f64::from(threads) + (alone + setups * self.cost.setup_us) as f64;
        us * 1e-6
    }

    /// Why it cannot be a piece of a study, if it cannot: a plan may have been edited.
    pub(super) fn fault(&self) -> Option<&'static str> {
        /// More items than any study has.
        const MOST: usize = 1 << 40;
        let Items {
            repeats,
            permutations,
            per_block,
            jackknife,
            redraws,
        } = self.items;
        let counts = [repeats, permutations, jackknife, redraws];
        let costs = [
            self.cost.setup_us,
            self.cost.block_us,
            self.cost.jackknife_us,
            self.cost.redraw_us,
        ];
        if per_block == 0 {
            Some("blocks of no permutation")
        } else if repeats > 1 << 20 || counts.iter().any(|&n| n >= MOST / (repeats + 1)) {
            Some("more items than a study can have")
        } else if costs.iter().any(|&us| us >= 1 << 50) {
            Some("items that take years")
        } else {
            None
        }
    }

    /// The name in messages: "minilm × ridge", with the row set where there are several.
    #[must_use]
    pub fn title(&self, n_row_sets: usize) -> String {
        let rows = match n_row_sets {
            0 | 1 => String::new(),
            _ => format!(", row set {}", self.row_set + 1),
        };
        format!("{} × {}{rows}", self.encoder, self.regressor)
    }
}

/// Some items of one piece, by the place of the piece.
pub type Share = Vec<(usize, Range<usize>)>;

/// What shard i of n has to compute: of each piece it touches, a range of items.
#[must_use]
pub fn share(pieces: &[Piece], shard: Shard) -> Share {
    let total: u128 = pieces.iter().map(Piece::weight).sum();
    let cut = |at: u32| total * u128::from(at) / u128::from(shard.count);
    let stretch = cut(shard.index - 1)..cut(shard.index);
    let (mut share, mut start) = (Share::new(), 0);
    for (at, piece) in pieces.iter().enumerate() {
        let own = stretch.start.saturating_sub(start)..stretch.end.saturating_sub(start);
        let range = piece.within(&own);
        if !range.is_empty() {
            share.push((at, range));
        }
        start += piece.weight();
    }
    share
}

/// Which items of which piece are there.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Of each piece, ranges that do not touch.
    covered: BTreeMap<String, Vec<Range<usize>>>,
}

impl Coverage {
    /// Adds a range of a piece.
    pub fn add(&mut self, piece: &str, range: Range<usize>) {
        let ranges = self.covered.entry(piece.to_owned()).or_default();
        ranges.push(range);
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges.drain(..) {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        *ranges = joined;
    }

    /// What of a range of a piece is not there.
    #[must_use]
    pub fn missing(&self, piece: &str, range: &Range<usize>) -> Vec<Range<usize>> {
        let (mut missing, mut at) = (Vec::new(), range.start);
        for covered in self.covered.get(piece).into_iter().flatten() {
            if covered.start > at {
                missing.push(at..covered.start.min(range.end));
            }
            at = at.max(covered.end);
            if at >= range.end {
                return missing;
            }
        }
        missing.push(at..range.end);
        missing.retain(|range| !range.is_empty());
        missing
    }

    /// A share of which nothing is missing.
    #[must_use]
    pub fn holds(&self, pieces: &[Piece], share: &Share) -> bool {
        let is_there =
            |(at, range): &(usize, Range<usize>)| self.missing(&pieces[*at].name, range).is_empty();
        share.iter().all(is_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(name: &str, permutations: usize, block_us: u64) -> Piece {
        Piece {
            name: name.to_owned(),
            encoder: name.to_owned(),
            regressor: "ridge".to_owned(),
            row_set: 0,
            n_targets: 1,
            items: Items {
                repeats: 2,
                permutations,
                per_block: 64,
                jackknife: 20,
                redraws: 0,
            },
            cost: Cost {
                setup_us: 1000,
                block_us,
                jackknife_us: 777,
                redraw_us: 0,
            },
        }
    }

    fn pieces() -> Vec<Piece> {
        vec![
            piece("a", 999, 100),
            piece("b", 0, 100),
            piece("c", 4999, 13),
        ]
    }

    #[test]
    fn the_shards_of_any_number_are_all_items_once() {
        let pieces = pieces();
        for count in [1, 2, 3, 7, 50, 1000] {
            let mut coverage = Coverage::default();
            let mut n_items = 0;
            for index in 1..=count {
                for (at, range) in share(&pieces, Shard { index, count }) {
                    n_items += range.len();
                    coverage.add(&pieces[at].name, range);
                }
            }
            let all: usize = pieces.iter().map(|piece| piece.items.len()).sum();
            assert_eq!(n_items, all, "{count} shards");
            for piece in &pieces {
                let missing = coverage.missing(&piece.name, &(0..piece.items.len()));
                assert!(missing.is_empty(), "{count} shards: {missing:?}");
            }
        }
    }

    #[test]
    fn shards_are_equally_long_to_the_longest_item() {
        let pieces = pieces();
        let total: u128 = pieces.iter().map(Piece::weight).sum();
        for index in 1..=7 {
            let share = share(&pieces, Shard { index, count: 7 });
            let length: u64 = share
                .iter()
                .flat_map(|(at, range)| {
                    let piece = &pieces[*at];
                    range
                        .clone()
                        .map(|item| piece.cost.of(piece.items.get(item)))
                })
                .sum();
            // An item belongs to the shard in whose stretch it begins, so each end is off by less
            // than one item.
            assert!((i128::from(length) - (total / 7) as i128).abs() <= 778);
        }
    }

    #[test]
    fn what_is_missing_is_what_no_range_covers() {
        let mut coverage = Coverage::default();
        for range in [10..20, 0..3, 15..30] {
            coverage.add("a", range);
        }
        let missing = |piece: &str, range: Range<usize>| {
            let missing = coverage.missing(piece, &range).into_iter();
            missing
                .map(|range| (range.start, range.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(missing("a", 0..40), [(3, 10), (30, 40)]);
        assert_eq!(missing("a", 12..28), []);
        assert_eq!(missing("a", 2..11), [(3, 10)]);
        assert_eq!(missing("b", 2..11), [(2, 11)]);
    }
}
