//! Some items of a piece, for a machine that computes a share of it, and what they cost there.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    BlockNumbers, Cost, Item, Items, Keep, Part, PieceError, PieceRun, Watch, block_numbers, go_on,
};
use crate::best::{BestOf, build_designs};
use crate::blocks::Blocks;
use crate::evaluate::run_block;
use crate::replicate::{with_folds, without_block};

impl PieceRun<'_> {
    /// What the piece consists of. Looks at no vectors.
    #[must_use]
    pub fn items(&self) -> Items {
        Items {
            repeats: self.repeats(),
            permutations: self.work.n_permutations,
            per_block: self.full_block(),
            jackknife: self.jackknife_blocks().map_or(0, |(_, n_blocks)| n_blocks),
            redraws: self.work.fold_redraws,
        }
    }

    /// Slots of a block that is not cut short by the last permutation.
    fn full_block(&self) -> usize {
        Blocks::new(usize::MAX - 1, self.n_targets()).range(0).len()
    }

    /// Some items (of [`items`](Self::items)), kept or computed and then kept.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn part<K: Keep>(
        &self,
        range: &Range<usize>,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<Part, PieceError<K::Error>> {
        self.forget()?;
        let items = self.items();
        let mut part = Part::default();
        // A share without blocks has a first block, too, before anything shows the observed y.
        if !range.is_empty() && !matches!(items.get(range.start), Item::Block { .. }) {
            self.some_blocks(0, &[], &mut part, keep, watch)?;
        }
        let (jackknife, redrawn) = (self.jackknife_blocks(), self.redrawn()?);
        for run in items.runs() {
            let own = run.start.max(range.start)..run.end.min(range.end);
            if own.is_empty() {
                continue;
            }
            if let Item::Block { repeat, .. } = items.get(own.start) {
                let own: Vec<Item> = own.map(|at| items.get(at)).collect();
                self.some_blocks(repeat, &own, &mut part, keep, watch)?;
                continue;
            }
            for item in own.map(|at| items.get(at)) {
                let numbers = match (item, &jackknife, &redrawn) {
                    (Item::Jackknife { block }, Some((block_of, _)), _) => {
                        self.replicate(block_of, block, keep, watch)
                    }
                    (Item::Redraw { redraw }, _, Some(redrawn)) => {
                        self.redraw(redrawn, redraw, keep, watch)
                    }
                    _ => continue,
                };
                part.items.push((item, numbers_or_none(numbers)?));
                watch.done(1);
            }
        }
        Ok(part)
    }

    /// Blocks of one repeat, after the first one.
    fn some_blocks<K: Keep>(
        &self,
        repeat: usize,
        items: &[Item],
        part: &mut Part,
        keep: &K,
        watch: &impl Watch,
    ) -> Result<(), PieceError<K::Error>> {
        go_on(watch)?;
        let designs = build_designs(self.contenders, &self.permuted.row_set.rows, repeat)?;
        let recipe = BestOf::prepare(&designs, self.contenders)?;
        let (blocks, per_block) = (self.blocks(), self.full_block());
        let first = run_block(&recipe, &self.permuted, blocks, 0)?;
        let slot_zero = first.r2.row(0).iter().copied().collect();
        part.slot_zero.push((repeat, slot_zero));
        let computed = items
            .par_iter()
            .filter_map(|&item| match item {
                Item::Block { first, .. } => Some((item, first / per_block)),
                _ => None,
            })
            .map(|(item, block)| {
                let at = (blocks, block);
                let (mut numbers, observed): BlockNumbers =
                    block_numbers(repeat, &recipe, &self.permuted, at, keep, watch)?;
                watch.done(1);
                let Some(observed) = observed else {
                    return Ok((item, numbers));
                };
                numbers.extend(observed.to_numbers());
                Ok((Item::Observed { repeat }, numbers))
            })
            .collect::<Result<Vec<_>, PieceError<K::Error>>>()?;
        part.items.extend(computed);
        Ok(())
    }

    /// What the items cost on this machine: each kind is run once, `lap` tells the millionths of a
    /// second since its last call. On the calling thread's pool, which should have one thread.
    ///
    /// # Errors
    /// [`PieceError::Engine`].
    pub fn measure<E>(&self, mut lap: impl FnMut() -> u64) -> Result<Cost, PieceError<E>> {
        let items = self.items();
        let (targets, row_set) = (self.permuted.targets, self.permuted.row_set);
        lap();
        let designs = build_designs(self.contenders, &row_set.rows, 0)?;
        let recipe = BestOf::prepare(&designs, self.contenders)?;
        run_block(&recipe, &self.permuted, self.blocks(), 0)?;
        let setup_us = lap();
        let block_us = match items.blocks() {
            0 => 0,
            n => {
                run_block(&recipe, &self.permuted, self.blocks(), n.div_ceil(2))?;
                lap()
            }
        };
        drop(recipe);
        drop(designs);
        let jackknife_us = match self.jackknife_blocks() {
            None => 0,
            Some((block_of, _)) => {
                let replicate = without_block(self.contenders, targets, row_set, &block_of, 0);
                numbers_or_none::<E>(replicate.map(|one| one.r2).map_err(PieceError::from))?;
                lap()
            }
        };
        let redraw_us = match self.redrawn()? {
            None => 0,
            Some(redrawn) => {
                let redraw = with_folds(self.contenders, targets, row_set, &redrawn, 0);
                numbers_or_none::<E>(redraw.map_err(PieceError::from))?;
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

/// The numbers; none where what is left of the rows cannot be evaluated, which another machine
/// would find as well.
fn numbers_or_none<E>(numbers: Result<Vec<f64>, PieceError<E>>) -> Result<Vec<f64>, PieceError<E>> {
    match numbers {
        Err(error) if error.is_of_rows() => Ok(Vec::new()),
        other => other,
    }
}
