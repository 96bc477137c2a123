//! Choosing without all the errors: where a regressor gives squared errors with bounds
//! ([`Path::errors`]), only the penalties between which the bounds cannot decide are fitted.
//!
//! What is chosen is what [`NestedCv::walk_designs`] chooses: a penalty whose error, less its bound,
//! is beyond the least error with its bound cannot be the best. Of a hundred choices some five are
//! left open, mostly between two neighbours.
//!
//! [`Path::errors`]: crate::regressor::Path::errors

use std::collections::{BTreeMap, BTreeSet};

use super::NestedCv;
use super::block::Block;
use super::errors::InnerErrors;
use super::rows::RowsBlock;
use super::tuning::{Grid, Selection};
use crate::error::EngineError;

/// The (variant, step) that are left to choose from, of a (split, column).
pub(super) type OpenChoices = BTreeMap<(usize, usize), BTreeSet<(usize, usize)>>;

impl NestedCv<'_> {
    /// Inner errors from which the right penalty is chosen, most of them approximate; `None` where
    /// the regressor does not bound errors, or more than the least error counts.
    pub(super) fn rank(&self, block: &RowsBlock) -> Result<Option<InnerErrors>, EngineError> {
        let tuning = self.tuning;
        let only_least_counts = tuning.grid == Grid::Design
            && tuning.patience.is_none()
            && tuning.selection == Selection::Min;
        if !only_least_counts {
            return Ok(None);
        }
        let mut errors = self.no_errors(block);
        for at in 0..self.n_inner() {
            let open = block.open(at);
            for variant in 0..self.n_variants {
                let alphas = self.grid(&open, variant)?;
                let mut path = self.begin(&open, variant, &alphas)?;
                let found = block.errors(&open, path.as_mut());
                match found.map_err(|source| self.failed(at, "fitting", source))? {
                    Some(found) => errors.add_bounded(self.splits[at], variant, &found),
                    None => return Ok(None),
                }
            }
        }
        let choices = errors.open_choices();
        self.settle(block, &choices, &mut errors)?;
        Ok(Some(errors))
    }

    /// Fits what is left to choose from.
    fn settle(
        &self,
        block: &RowsBlock,
        choices: &OpenChoices,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let columns: BTreeSet<usize> = choices.keys().map(|(_, column)| *column).collect();
        if columns.is_empty() {
            return Ok(());
        }
        // The targets concerned, numbered from 0 in a block of their own.
        let columns: Vec<usize> = columns.into_iter().collect();
        let y = block.y.select_columns(&columns);
        let some = RowsBlock {
            designs: block.designs.clone(),
            y: &y,
            scales_y: block.scales_y,
        };
        for at in 0..self.n_inner() {
            let mut open = some.open(at);
            let serves = &self.splits[at].serves;
            let is_open = |split: usize, slot: u32, at: (usize, usize)| {
                let choice = choices.get(&(split, columns[slot as usize]));
                choice.is_some_and(|left| left.contains(&at))
            };
            for variant in 0..self.n_variants {
                let alphas = self.grid(&open, variant)?;
                let mut path = self.begin(&open, variant, &alphas)?;
                // The steps of each target, to be taken together: a call has its price.
                let of_slot = |slot: u32| -> Vec<u32> {
                    let is_asked = |&step: &usize| {
                        let mut splits = serves.iter().map(|(split, _)| *split);
                        splits.any(|split| is_open(split, slot, (variant, step)))
                    };
                    let steps = (0..self.n_alphas).filter(is_asked);
                    steps.map(|step| step as u32).collect()
                };
                let left: Vec<Vec<u32>> = (0..columns.len() as u32).map(of_slot).collect();
                let n_rounds = left.iter().map(Vec::len).max().unwrap_or(0);
                for round in 0..n_rounds {
                    let now = (0..).zip(&left);
                    let now = now.filter_map(|(slot, steps)| Some((slot, *steps.get(round)?)));
                    let (asked, steps): (Vec<u32>, Vec<u32>) = now.unzip();
                    self.advance(&mut open, path.as_mut(), &asked, &steps)?;
                    let sse = some.score(&open, &asked);
                    for ((split, rows), sse) in serves.iter().zip(sse.row_iter()) {
                        for ((&slot, &step), &sse) in asked.iter().zip(&steps).zip(sse.iter()) {
                            let (column, step) = (columns[slot as usize], step as usize);
                            if is_open(*split, slot, (variant, step)) {
                                errors.add((*split, column, variant, step), sse, rows.len());
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
