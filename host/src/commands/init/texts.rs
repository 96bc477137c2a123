//! The column that names the rows, and the columns of texts.

use super::guess::{Judge, Role};
use super::inspect::{MOST_LEVELS, Shape};
use super::write::quoted;
use crate::problem::listed_up_to;

impl Judge<'_> {
    /// The column that names the rows.
    pub(super) fn id(&mut self, wish: Option<&str>) -> Option<usize> {
        if wish.is_some() {
            return self.with(Role::Id).first().copied();
        }
        let ranked = self
            .free()
            .into_iter()
            .filter_map(|at| Some((self.rank_as_id(at)?, at)));
        let ((_, why), at) = ranked.min_by_key(|((rank, _), at)| (*rank, *at))?;
        self.give(at, Role::Id, why, "");
        Some(at)
    }

    /// How well a column would name the rows, 0 best, and why.
    fn rank_as_id(&self, at: usize) -> Option<(usize, &'static str)> {
        const NAME: &str = "its name, and no value occurs twice";
        let (facts, name) = (&self.facts[at], &self.names[at]);
        let is_name = !facts.is_numeric() || facts.is_whole;
        let n_named = self.n_named[facts.name.as_str()];
        let is_other = name.says_paperwork() || name.says_date() || facts.is_mostly(Shape::Date);
        if !facts.is_unique(self.table.n_rows)
            || !is_name
            || n_named > 1
            || is_other && !name.says_id()
        {
            return None;
        }
        let is_long = facts.mean_words > 2.0 || facts.mean_characters > 64.0;
        let is_code = facts.is_mostly(Shape::Code) && !is_long;
        let is_key =
            facts.is_whole_numbers() && facts.same_length.is_some_and(|length| length >= 6);
        if name.is_exactly_id() {
            Some((0, NAME))
        } else if name.says_id() && !is_long {
            Some((1, NAME))
        } else if name.says_row() && !is_long {
            Some((2, NAME))
        } else if facts.numbers_rows(self.table.n_rows) {
            Some((3, "it numbers the rows"))
        } else if name.says_index() && facts.is_whole_numbers() {
            Some((4, "row names of R or pandas, and no value occurs twice"))
        } else if is_code && !name.says_text() {
            Some((5, "short codes, and no value occurs twice"))
        } else if is_key && !name.says_year() {
            Some((6, "whole numbers of one length, and no value occurs twice"))
        } else {
            None
        }
    }

    /// Columns that plugins.toml cannot name.
    pub(super) fn nameless(&mut self) {
        for at in self.free() {
            match self.n_named[self.facts[at].name.as_str()] {
                1 if self.facts[at].name.is_empty() => {
                    self.reject(at, "it has no name: give it one in the header")
                }
                1 => {}
                n => self.reject(at, format!("{n} columns have this name: rename them")),
            }
        }
    }

    /// The columns of texts that are used, and all that could be used together.
    pub(super) fn texts(&mut self, wish: &[String]) -> (Vec<usize>, Vec<usize>) {
        let mut others: Vec<(f64, usize)> = self
            .free()
            .into_iter()
            .filter_map(|at| Some((self.weight_as_text(at)?, at)))
            .collect();
        let mut chosen: Vec<usize> = wish.iter().filter_map(|name| self.at(name)).collect();
        if chosen.is_empty() {
            let best = others
                .iter()
                .copied()
                .reduce(|best, other| if other.0 > best.0 { other } else { best });
            let only = best.map(|(_, at)| at).or_else(|| self.only_words());
            if let Some(at) = only {
                let why = format!(
                    "{:.0} characters and {:.0} words on average",
                    self.facts[at].mean_characters, self.facts[at].mean_words
                );
                let why = match self.names[at].says_text() {
                    true => format!("its name, and {why}"),
                    false => format!("texts, {why}"),
                };
                self.give(at, Role::Text, why, "");
                chosen.push(at);
            }
        }
        others.retain(|(_, at)| !chosen.contains(at));
        let others: Vec<usize> = others.into_iter().map(|(_, at)| at).collect();
        let all: Vec<usize> = chosen.iter().chain(&others).copied().collect();
        let mut all: Vec<usize> = all
            .into_iter()
            .filter(|&at| !self.names[at].says_beside_text() || chosen.contains(&at))
            .collect();
        all.sort_unstable();
        let list = listed_up_to(3, all.iter().map(|&at| quoted(&self.facts[at].name)));
        for &at in &others {
            match all.contains(&at) {
                true => self.reject(at, format!("texts, too; text = [{list}] takes several, encoded one by one")),
                false => self.reject(at, "texts, too; its name says that it is another form of the text, or belongs to it"),
            }
        }
        (chosen, all)
    }

    /// How much a column looks like texts of people; `None` if it does not.
    fn weight_as_text(&self, at: usize) -> Option<f64> {
        let (facts, name) = (&self.facts[at], &self.names[at]);
        let is_other = [
            Shape::Date,
            Shape::Vector,
            Shape::DecimalComma,
            Shape::Percent,
        ]
        .iter()
        .any(|&shape| facts.is_mostly(shape));
        let is_word = 2 * facts.n_numbers < facts.n_present && !is_other;
        let is_varied = facts.n_distinct > MOST_LEVELS
            || 2 * facts.n_distinct > facts.n_present && facts.n_distinct > 1;
        let is_long = facts.mean_words >= 3.0
            && (5 * facts.n_distinct >= facts.n_present || facts.mean_words >= 8.0);
        let is_named = name.says_text()
            && !facts.is_mostly(Shape::Code)
            && !name.says_id()
            && !name.says_person();
        if !is_word || !is_varied || !is_long && !is_named {
            return None;
        }
        let by_name = match (name.says_beside_text(), is_named) {
            (true, _) => 0.1,
            (false, true) => 3.0,
            (false, false) => 1.0,
        };
        Some(facts.mean_characters * by_name)
    }

    /// Words without a digit, nearly all different: a list of words with their norms.
    fn only_words(&self) -> Option<usize> {
        let is_list = |at: &usize| {
            let (facts, name) = (&self.facts[*at], &self.names[*at]);
            let is_other = name
                .has("name vorname nachname surname email mail city country ort land")
                || name.says_group()
                || name.says_row()
                || name.says_id()
                || name.says_person()
                || name.says_paperwork();
            !is_other
                && facts.is_mostly(Shape::Words)
                && 5 * facts.n_distinct >= 4 * facts.n_present
                && facts.n_distinct > 1
        };
        self.free().into_iter().find(is_list)
    }
}
