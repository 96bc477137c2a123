//! Whose a row is: columns whose rows belong together, and what is about people.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cells::{cell, shown};
use super::guess::{Judge, Role};
use super::inspect::{LEAST_GROUPS, MOST_LEVELS, number};
use super::scores::Doubt;

/// A group has fewer values than this share of the rows, so that some rows share one.
const MOST_GROUPS: f64 = 0.9;
/// Fewer groups cannot be spread over five folds.
const LEAST_NAMED_GROUPS: usize = 5;
/// Groups as rows: two for each of five folds.
const LEAST_GROUP_ROWS: usize = 10;

impl Judge<'_> {
    /// Each row has a value, and some rows share one.
    pub(super) fn could_be_group(&self, at: usize) -> bool {
        let facts = &self.facts[at];
        let repeats = (facts.n_different as f64) <= MOST_GROUPS * self.table.n_rows as f64;
        let is_label = !facts.is_numeric() || facts.is_whole;
        facts.n_filled == self.table.n_rows
            && repeats
            && is_label
            && facts.n_different >= LEAST_NAMED_GROUPS
    }

    /// The column whose rows belong together: by its name, or because every score is one value
    /// within each of its values.
    pub(super) fn group(&mut self, wish: Option<&str>, scores: &[usize]) -> Option<usize> {
        if wish.is_some() {
            return self.with(Role::Group).first().copied();
        }
        let free: Vec<usize> = self
            .free()
            .into_iter()
            .filter(|&at| self.could_be_group(at))
            .collect();
        let is_named = |at: &usize| match self.facts[*at].is_numeric() {
            true => self.doubt(*at) == Some(Doubt::Id),
            false => self.names[*at].says_group() || self.names[*at].says_id(),
        };
        let is_shown = |at: &usize| {
            !self.facts[*at].is_numeric()
                && self.facts[*at].n_different >= LEAST_GROUPS
                && self.has_one_value(*at, scores)
        };
        let at = free
            .iter()
            .find(|at| is_named(at) && !self.names[**at].says_person())
            .or_else(|| free.iter().find(|at| is_shown(at)));
        let at = *at?;
        let n = self.facts[at].n_different;
        let why = match is_named(&at) {
            true => format!("its name, and {n} values for {} rows", self.table.n_rows),
            false => format!("every score is one value within each of its {n} values"),
        };
        self.give(at, Role::Group, why, "");
        Some(at)
    }

    /// Each of the columns of numbers has one value in all rows of a group.
    fn has_one_value(&self, group: usize, scores: &[usize]) -> bool {
        let labels = &self.table.columns[group];
        // The first two rows that differ end it: most columns have them near the top.
        let is_constant = |&at: &usize| {
            let mut of_group: HashMap<Cow<'_, str>, u64> = HashMap::new();
            let column = &self.table.columns[at];
            (0..self.table.n_rows).all(|row| {
                let value = number(column, row).to_bits();
                *of_group.entry(cell(labels.cell(row))).or_insert(value) == value
            })
        };
        !scores.is_empty() && scores.iter().all(is_constant)
    }

    /// Where most scores are one value a group, those that vary within groups are of another study:
    /// likes of a message beside traits of its author.
    pub(super) fn varying(&mut self, group: Option<usize>, scores: &[usize], is_guess: bool) {
        let Some(group) = group.filter(|_| is_guess) else {
            return;
        };
        let (constant, varying): (Vec<usize>, Vec<usize>) = scores
            .iter()
            .partition(|&&at| self.has_one_value(group, &[at]));
        let is_sampled =
            self.could_be_group(group) && self.facts[group].n_different >= LEAST_GROUP_ROWS;
        if !is_sampled || constant.len() < 2 || constant.len() <= varying.len() {
            return;
        }
        let (n, name) = (constant.len(), shown(&self.facts[group].name));
        for at in varying {
            self.reject(
                at,
                format!("it varies within `{name}`, while {n} scores are one value in each: --target takes it, as another study"),
            );
        }
    }

    pub(super) fn is_by_group(&self, group: usize) -> bool {
        let scores = [self.with(Role::Target), self.with(Role::Rating)].concat();
        self.could_be_group(group)
            && self.facts[group].n_different >= LEAST_GROUP_ROWS
            && self.has_one_value(group, &scores)
    }

    /// Columns about whoever wrote the text: covariates rather than scores, unless nothing else is
    /// there.
    pub(super) fn people(&mut self, is_guess: bool) -> Vec<usize> {
        let is_category =
            |at: &usize| self.facts[*at].is_numeric() || self.facts[*at].n_distinct <= MOST_LEVELS;
        let people: Vec<usize> = self
            .free()
            .into_iter()
            .filter(|at| self.names[*at].says_person() && is_category(at))
            .collect();
        if is_guess && self.scores().is_empty() {
            return Vec::new();
        }
        for &at in &people {
            self.reject(at, "its name: about the person, a covariate rather than a score; --target takes it all the same");
        }
        people
            .into_iter()
            .filter(|&at| self.facts[at].n_distinct > 1)
            .collect()
    }
}
