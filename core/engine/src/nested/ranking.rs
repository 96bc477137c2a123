//! Choosing without all the errors: where a regressor gives squared errors with bounds
//! ([`Path::errors`]), only the penalties between which the bounds cannot decide are fitted.
//!
//! What is chosen is what [`NestedCv::walk_designs`] chooses: a penalty whose error, less its bound,
//! is beyond the least error with its bound cannot be the best. Of a hundred choices some five are
//! left open, mostly between two neighbours.

use std::collections::{BTreeMap, BTreeSet};

use super::NestedCv;
use super::block::{Block, Open};
use super::errors::InnerErrors;
use super::rows::{HeldOut, RowsBlock};
use super::tuning::{Grid, Selection};
use crate::error::EngineError;
use crate::regressor::Path;

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
        // What is begun once serves the penalties that are left, too.
        let mut begun = Vec::with_capacity(self.n_inner());
        for at in 0..self.n_inner() {
            let open = block.open(at);
            let mut paths = Vec::with_capacity(self.n_variants);
            for variant in 0..self.n_variants {
                let alphas = self.grid(&open, variant)?;
                let mut path = self.begin(&open, variant, &alphas)?;
                let found = block.errors(&open, path.as_mut());
                match found.map_err(|source| self.failed(at, "fitting", source))? {
                    Some(found) => errors.add_bounded(self.splits[at], variant, &found),
                    None => return Ok(None),
                }
                paths.push(path);
            }
            begun.push((open, paths));
        }
        let choices = errors.open_choices();
        for (open, paths) in &mut begun {
            for (variant, path) in paths.iter_mut().enumerate() {
                self.settle(block, open, (variant, path.as_mut()), &choices, &mut errors)?;
            }
        }
        Ok(Some(errors))
    }

    /// Fits what is left to choose from at one design.
    fn settle(
        &self,
        block: &RowsBlock,
        open: &mut Open<HeldOut>,
        (variant, path): (usize, &mut dyn Path),
        choices: &OpenChoices,
        errors: &mut InnerErrors,
    ) -> Result<(), EngineError> {
        let serves = &self.splits[open.at].serves;
        // Steps of each target, to be taken together: a call has its price.
        let mut left: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for ((split, column), candidates) in choices {
            if serves.iter().any(|(served, _)| served == split) {
                let steps = candidates.iter().filter(|(of, _)| *of == variant);
                let steps = steps.map(|(_, step)| *step as u32);
                left.entry(*column as u32).or_default().extend(steps);
            }
        }
        let n_rounds = left.values().map(BTreeSet::len).max().unwrap_or(0);
        for round in 0..n_rounds {
            let now = left.iter();
            let now = now.filter_map(|(column, steps)| Some((*column, *steps.iter().nth(round)?)));
            let (columns, steps): (Vec<u32>, Vec<u32>) = now.unzip();
            self.advance(open, path, &columns, &steps)?;
            let sse = block.score(open, &columns);
            for ((split, rows), sse) in serves.iter().zip(sse.row_iter()) {
                for ((&column, &step), &sse) in columns.iter().zip(&steps).zip(sse.iter()) {
                    let (column, step) = (column as usize, step as usize);
                    let choice = choices.get(&(*split, column));
                    if choice.is_some_and(|left| left.contains(&(variant, step))) {
                        errors.add((*split, column, variant, step), sse, rows.len());
                    }
                }
            }
        }
        Ok(())
    }
}
