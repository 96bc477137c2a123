//! The work of one piece as a list of items, each a pure function of its own number, so that machines can share it.
//!
//! The order is fixed: the blocks of permutations of the first repeat, those of the next, the jackknife blocks, the redraws of the folds. The first block of a
//! repeat is no item: it holds the observed targets, whose predictions the report needs, so whoever has anything to do with the repeat computes it.
//! Its observed r2 shows whether two machines compute the same.

use std::ops::Range;
use std::time::Instant;

use ocean_engine::best::{BestOf, Contender, build_designs};
use ocean_engine::evaluate::{Blocks, run_block};
use ocean_engine::replicate::{with_folds, without_block};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Bench, StudyError, row_major};
use crate::platform;
use crate::progress::Stage;

/// One thing to compute, which depends on no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A block of permutations.
    Block {
        /// Redraw of the study's folds.
        repeat: usize,
        /// The first permutation index of the block.
        first: usize,
    },
    /// The study without one block of rows.
    Jackknife {
        /// Which.
        block: usize,
    },
    /// The study with other folds.
    Redraw {
        /// Which.
        redraw: usize,
    },
}

impl Item {
    /// The name of its numbers in the journal. `piece`: encoder, row set and regressor.
    #[must_use]
    pub fn record(self, piece: &str) -> String {
        match self {
            Item::Block { repeat, first } => format!("null/{piece}/{repeat}/{first}"),
            Item::Jackknife { block } => format!("jackknife/{piece}/{block}"),
            Item::Redraw { redraw } => format!("redraw/{piece}/{redraw}"),
        }
    }
}

/// How many items of each kind a piece has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// Redraws of the study's folds that are averaged.
    pub repeats: usize,
    /// Permutations of each repeat.
    pub permutations: usize,
    /// Permutation indexes of a block.
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
#[derive(Debug, Default)]
pub struct Part {
    /// Name and numbers of each item; no numbers where what is left of the rows cannot be evaluated.
    pub records: Vec<(String, Vec<f64>)>,
    /// The repeats that were touched, each with the observed r2 of every target of the row set.
    pub observed: Vec<(usize, Vec<f64>)>,
}

/// Seconds that one thread takes, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The designs of a repeat, and the block of its observed targets.
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
            Item::Block { .. } => self.block_us,
            Item::Jackknife { .. } => self.jackknife_us,
            Item::Redraw { .. } => self.redraw_us,
        };
        cost.max(1)
    }
}

impl Bench<'_> {
    /// The items of one regressor, or of the best of all, on this encoder and row set. Knows no vectors yet.
    #[must_use]
    pub fn items(&self) -> Items {
        Items {
            repeats: self.layout.folds.repeats(),
            permutations: self.work.n_permutations,
            per_block: self.full_block(),
            jackknife: self.jackknife_blocks().map_or(0, |(_, n_blocks)| n_blocks),
            redraws: self.work.fold_redraws,
        }
    }

    fn blocks(&self) -> Blocks {
        Blocks::new(self.work.n_permutations, self.n_targets())
    }

    /// Permutation indexes of a block that is not cut short by the last permutation.
    fn full_block(&self) -> usize {
        Blocks::new(usize::MAX - 1, self.n_targets()).range(0).len()
    }

    /// Some items (of [`items`](Self::items)), from the journal or computed and kept.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn part(
        &self,
        regressor_name: &str,
        contenders: &[Contender],
        range: &Range<usize>,
        stage: &Stage,
    ) -> Result<Part, StudyError> {
        let (piece, items) = (format!("{}/{regressor_name}", self.name), self.items());
        let mut part = Part::default();
        for run in items.runs() {
            let own = run.start.max(range.start)..run.end.min(range.end);
            if own.is_empty() {
                continue;
            }
            let numbers = own.clone().map(|at| items.get(at));
            match items.get(own.start) {
                Item::Block { repeat, .. } => {
                    let own: Vec<Item> = numbers.collect();
                    self.some_blocks(&piece, contenders, repeat, &own, stage, &mut part)?;
                }
                Item::Jackknife { .. } => {
                    let (block_of, _) = self.jackknife_blocks().unwrap_or_default();
                    for item in numbers {
                        let Item::Jackknife { block } = item else {
                            continue;
                        };
                        let numbers = self.replicate(&piece, contenders, &block_of, block);
                        part.records.push((item.record(&piece), value(numbers)?));
                        stage.add(1);
                    }
                }
                Item::Redraw { .. } => {
                    let redrawn = self.redrawn()?;
                    for item in numbers {
                        let Item::Redraw { redraw } = item else {
                            continue;
                        };
                        let numbers = self.redraw(&piece, contenders, &redrawn, redraw);
                        part.records.push((item.record(&piece), value(numbers)?));
                        stage.add(1);
                    }
                }
            }
        }
        if part.observed.is_empty() && !part.records.is_empty() {
            self.some_blocks(&piece, contenders, 0, &[], stage, &mut part)?;
        }
        Ok(part)
    }

    /// Blocks of one repeat, after the one that holds the observed targets.
    fn some_blocks(
        &self,
        piece: &str,
        contenders: &[Contender],
        repeat: usize,
        items: &[Item],
        stage: &Stage,
        part: &mut Part,
    ) -> Result<(), StudyError> {
        self.go_on()?;
        let designs = build_designs(contenders, &self.permuted.row_set.rows, repeat)?;
        let nested = BestOf::prepare(&designs, contenders)?;
        let (blocks, n_targets, per_block) = (self.blocks(), self.n_targets(), self.full_block());
        let run = |block| run_block(&nested, &self.permuted, blocks, block);
        let observed = run(0)?.r2.row(0).iter().copied().collect();
        part.observed.push((repeat, observed));
        let computed: Vec<(String, Vec<f64>)> = items
            .par_iter()
            .filter_map(|&item| match item {
                Item::Block { first, .. } => Some((item, first / per_block)),
                _ => None,
            })
            .map(|(item, block)| {
                let (name, len) = (item.record(piece), blocks.range(block).len() * n_targets);
                let numbers = self.keep(&name, len, || Ok(row_major(run(block)?.r2)))?;
                stage.add(1);
                Ok((name, numbers))
            })
            .collect::<Result<_, StudyError>>()?;
        part.records.extend(computed);
        Ok(())
    }

    /// What the items cost on this machine: each kind is run once. On the calling thread's pool, which should have one thread.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn measure(&self, contenders: &[Contender]) -> Result<Cost, StudyError> {
        let items = self.items();
        let (targets, row_set) = (self.permuted.targets, self.permuted.row_set);
        let mut clock = Clock::start();
        let mut lap = || clock.lap_us();
        let designs = build_designs(contenders, &row_set.rows, 0)?;
        let nested = BestOf::prepare(&designs, contenders)?;
        run_block(&nested, &self.permuted, self.blocks(), 0)?;
        let setup_us = lap();
        // One in the middle: without observed targets.
        let block_us = match items.blocks() {
            0 => 0,
            n => {
                run_block(&nested, &self.permuted, self.blocks(), n.div_ceil(2))?;
                lap()
            }
        };
        drop(nested);
        drop(designs);
        let jackknife_us = match self.jackknife_blocks() {
            None => 0,
            Some((block_of, _)) => {
                let replicate = without_block(contenders, targets, row_set, &block_of, 0);
                value(replicate.map(|r| r.r2).map_err(StudyError::from))?;
                lap()
            }
        };
        let redraw_us = match items.redraws {
            0 => 0,
            _ => {
                let redrawn = with_folds(contenders, targets, row_set, &self.redrawn()?, 0);
                value(redrawn.map_err(StudyError::from))?;
                lap()
            }
        };
        Ok(Cost {
            setup_us,
            block_us,
            jackknife_us,
            redraw_us,
        })
    }
}

/// Tells what a thread has worked: machines on which studies are planned are busy with other things.
struct Clock {
    wall: Instant,
    worked: f64,
}

impl Clock {
    /// A plugin in a process of its own works elsewhere: below this share of the time that went by, that time is what counts.
    const LEAST_SHARE: f64 = 0.05;

    fn start() -> Self {
        Self {
            wall: Instant::now(),
            worked: platform::thread_cpu_s(),
        }
    }

    /// Millionths of a second since the last call.
    fn lap_us(&mut self) -> u64 {
        let last = std::mem::replace(self, Self::start());
        let wall = self.wall.duration_since(last.wall).as_secs_f64();
        let worked = self.worked - last.worked;
        let seconds = match worked < Self::LEAST_SHARE * wall {
            true => wall,
            false => worked,
        };
        (seconds * 1e6) as u64
    }
}

/// The numbers; none where what is left of the rows cannot be evaluated, which another machine would find as well.
fn value(numbers: Result<Vec<f64>, StudyError>) -> Result<Vec<f64>, StudyError> {
    match numbers {
        Err(error) if error.is_of_rows() => Ok(Vec::new()),
        other => other,
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
    fn every_item_has_one_number_and_one_name() {
        // Indexes 0–99 make four blocks; the first of each repeat is no item.
        assert_eq!(ITEMS.blocks(), 3);
        assert_eq!(ITEMS.len(), 2 * 3 + 20 + 3);
        let names: std::collections::BTreeSet<String> = (0..ITEMS.len())
            .map(|at| ITEMS.get(at).record("a/0/ridge"))
            .collect();
        assert_eq!(names.len(), ITEMS.len());
        assert!(names.contains("null/a/0/ridge/1/96"));
        assert!(names.contains("jackknife/a/0/ridge/19"));
        assert!(!names.contains("null/a/0/ridge/0/0"));
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
