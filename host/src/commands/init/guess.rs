//! What each column is for, and why one thinks so: from its values and its name.
//!
//! Roles are given out in an order in which each leaves the rest to the next: what the user said,
//! the id, the texts, series of columns, numbers that are no scores, the group, what is about
//! people, and at last scores and their raters. Every column ends with one role and one reason.

use std::collections::HashMap;

use super::cells::shown;
use super::inspect::{Facts, LEAST_GROUPS, numbers};
use super::name::Name;
use super::scores::{Doubt, doubt, nearly};
use super::{long, panel, scores, series};
use crate::problem::{Refusal, listed_up_to};
use crate::read::dataset::table::Table;
use crate::read::dataset::targets::matches;
use ocean_engine::doctor::codes::missing_codes;

/// Smaller codes of missing values are scores as often.
const LEAST_CODE: f64 = 77.0;
/// Why a column has the role that the user gave it.
const SAID: &str = "as you said";

/// What the user said instead.
pub struct Wishes<'a> {
    pub id: Option<&'a str>,
    pub text: &'a [String],
    pub targets: &'a [String],
    pub group: Option<&'a str>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Id,
    Text,
    Target,
    /// One rater's scores of a trait.
    Rating,
    Group,
    Unused,
}

/// A column with its role and the reason. Columns that share the first sentence can be told in one
/// line.
#[derive(Debug, Clone)]
pub struct Judged {
    pub name: String,
    pub role: Role,
    pub why: String,
    /// What is so of this column alone.
    pub detail: String,
}

/// The roles of a table's columns.
#[derive(Debug, Clone)]
pub struct Guess {
    /// In file order.
    pub columns: Vec<Judged>,
    /// `None`: no column names the rows.
    pub id: Option<String>,
    pub texts: Vec<String>,
    /// All columns of texts that could be used together, in file order.
    pub all_texts: Vec<String>,
    /// Names, or the user's globs; traits of several raters first.
    pub targets: Vec<String>,
    /// Traits that several raters scored, with their columns.
    pub raters: Vec<(String, Vec<String>)>,
    pub group: Option<String>,
    /// Further columns that could be groups.
    pub other_groups: Vec<String>,
    /// Each target has one value a group.
    pub is_by_group: bool,
    /// Columns that are features rather than scores: counted words, vectors.
    pub features: Vec<String>,
    /// Columns about whoever wrote the text.
    pub covariates: Vec<String>,
    /// Columns of the same two words, and the words: classes that numbers would make targets.
    pub of_two_words: Option<(String, String)>,
    /// What a reader should know besides, one sentence each.
    pub remarks: Vec<String>,
}

impl Guess {
    /// The roles of the columns of `table`.
    ///
    /// # Errors
    /// A [`Refusal`]: a wish for a column that is not there, an export with lines that are no rows.
    pub fn of(table: &Table, facts: &[Facts], wishes: &Wishes) -> Result<Self, Refusal> {
        let texts = wishes.text.iter().map(String::as_str);
        for name in wishes.id.into_iter().chain(wishes.group).chain(texts) {
            table.column("the", name)?;
        }
        let mut judge = Judge::new(table, facts);
        judge.wishes(wishes);
        judge.wished_targets(wishes.targets, false);
        let id = judge.id(wishes.id);
        judge.nameless();
        let (texts, all_texts) = judge.texts(wishes.text);
        judge.wished_targets(wishes.targets, true);
        let features = judge.series();
        judge.no_scores(texts.first().copied());
        let candidates = judge.scores();
        let group = judge.group(wishes.group, &candidates);
        judge.varying(group, &candidates, wishes.targets.is_empty());
        let covariates = judge.people(wishes.targets.is_empty());
        let raters = judge.scores_and_raters(wishes.targets.is_empty());
        let other_groups = judge.rest();
        let is_by_group = group.is_some_and(|group| judge.is_by_group(group));
        let names = |columns: &[usize]| -> Vec<String> {
            columns.iter().map(|&at| facts[at].name.clone()).collect()
        };
        let raters: Vec<(String, Vec<String>)> = raters
            .iter()
            .map(|(name, columns)| (name.clone(), names(columns)))
            .collect();
        let mut targets: Vec<String> = raters.iter().map(|(name, _)| name.clone()).collect();
        match wishes.targets.is_empty() {
            true => targets.extend(
                judge
                    .with(Role::Target)
                    .iter()
                    .map(|&at| facts[at].name.clone()),
            ),
            false => targets = wishes.targets.to_vec(),
        }
        let mut remarks = judge.remarks;
        remarks.extend(codes(table, facts, &targets));
        remarks.extend(long::remark(table, facts, group));
        remarks.extend(first_line_is_a_row(facts));
        Ok(Self {
            id: id.map(|at| facts[at].name.clone()),
            texts: names(&texts),
            all_texts: names(&all_texts),
            targets,
            raters,
            group: group.map(|at| facts[at].name.clone()),
            other_groups: names(&other_groups),
            is_by_group,
            features: names(&features),
            covariates: names(&covariates),
            of_two_words: of_two_words(facts),
            remarks,
            columns: judge
                .judged
                .into_iter()
                .zip(facts)
                .map(|(judged, facts)| {
                    judged.unwrap_or_else(|| Judged::unused(facts, "no reason was found to use it"))
                })
                .collect(),
        })
    }
}

impl Judged {
    fn unused(facts: &Facts, why: impl Into<String>) -> Self {
        Self {
            name: facts.name.clone(),
            role: Role::Unused,
            why: why.into(),
            detail: String::new(),
        }
    }
}

/// The columns while roles are given out.
pub struct Judge<'a> {
    pub(super) table: &'a Table,
    pub(super) facts: &'a [Facts],
    pub(super) names: Vec<Name>,
    judged: Vec<Option<Judged>>,
    remarks: Vec<String>,
    /// How often each name stands in the header.
    pub(super) n_named: HashMap<&'a str, usize>,
}

impl<'a> Judge<'a> {
    fn new(table: &'a Table, facts: &'a [Facts]) -> Self {
        let mut n_named = HashMap::new();
        for facts in facts {
            *n_named.entry(facts.name.as_str()).or_default() += 1;
        }
        Self {
            table,
            facts,
            names: facts.iter().map(|facts| Name::of(&facts.name)).collect(),
            judged: vec![None; facts.len()],
            remarks: Vec::new(),
            n_named,
        }
    }

    pub(super) fn give(
        &mut self,
        at: usize,
        role: Role,
        why: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.judged[at] = Some(Judged {
            name: self.facts[at].name.clone(),
            role,
            why: why.into(),
            detail: detail.into(),
        });
    }

    pub(super) fn reject(&mut self, at: usize, why: impl Into<String>) {
        self.give(at, Role::Unused, why, "");
    }

    /// Columns without a role, in file order.
    pub(super) fn free(&self) -> Vec<usize> {
        (0..self.judged.len())
            .filter(|&at| self.judged[at].is_none())
            .collect()
    }

    pub(super) fn with(&self, role: Role) -> Vec<usize> {
        let has = |at: &usize| {
            self.judged[*at]
                .as_ref()
                .is_some_and(|judged| judged.role == role)
        };
        (0..self.judged.len()).filter(has).collect()
    }

    pub(super) fn at(&self, name: &str) -> Option<usize> {
        self.facts.iter().position(|facts| facts.name == name)
    }

    fn wishes(&mut self, wishes: &Wishes) {
        let texts = wishes.text.iter().map(|name| (Role::Text, name.as_str()));
        let others = [(Role::Id, wishes.id), (Role::Group, wishes.group)];
        let others = others
            .into_iter()
            .filter_map(|(role, name)| Some((role, name?)));
        let wished: Vec<_> = others
            .chain(texts)
            .filter_map(|(role, name)| Some((role, self.at(name)?)))
            .collect();
        for (role, at) in wished {
            self.give(at, role, SAID, "");
        }
    }

    /// The targets that the user named. What can only be text is `after_texts`, for it may be the
    /// text all the same: `eval` says what is wrong with such a target.
    fn wished_targets(&mut self, patterns: &[String], after_texts: bool) {
        let free = self.free();
        let names: Vec<&str> = free
            .iter()
            .map(|&at| self.facts[at].name.as_str())
            .collect();
        let named = patterns
            .iter()
            .flat_map(|pattern| matches(pattern, &names).unwrap_or_default());
        let wished: Vec<usize> = named.filter_map(|name| self.at(name)).collect();
        for at in wished {
            if self.facts[at].n_numbers > 0 || after_texts {
                let doubt = doubt(&self.facts[at], &self.names[at], self.table.n_rows);
                let detail = doubt.map(Doubt::detail).unwrap_or_default();
                self.give(at, Role::Target, SAID, detail);
            }
        }
    }

    /// Columns of one kind; returns those that are features.
    fn series(&mut self) -> Vec<usize> {
        let mut features = series::word_categories(self.facts, &self.free());
        for &at in &features {
            self.reject(
                at,
                "words counted in the text by LIWC: features, which an encoder takes as `values`",
            );
        }
        let found = series::find(self.facts, &self.free());
        let others = self.free().iter().any(|at| {
            let is_in_series = found.iter().any(|(_, columns)| columns.contains(at));
            !is_in_series
                && self.facts[*at].is_numeric()
                && self.doubt(*at).is_none()
                && !self.names[*at].says_person()
        });
        let has_target = others || !self.with(Role::Target).is_empty();
        for (kind, columns) in found {
            for at in columns {
                match kind {
                    series::Kind::Vectors => {
                        features.push(at);
                        self.reject(at, "numbers that look like vectors, which an encoder takes as `values`");
                    }
                    series::Kind::Items if has_target => self.reject(at, "many columns of whole numbers, as of a questionnaire's items: a scale's mean is the score; --target takes them all the same"),
                    series::Kind::Items => self.give(at, Role::Target, "many columns of whole numbers, as of a questionnaire's items; their mean would be the scale's score", ""),
                }
            }
        }
        features
    }

    pub(super) fn doubt(&self, at: usize) -> Option<Doubt> {
        let nominal = self.table.columns[at]
            .is_nominal()
            .then_some(Doubt::Nominal);
        doubt(&self.facts[at], &self.names[at], self.table.n_rows).or(nominal)
    }

    /// Columns of numbers, or nearly so, that are no scores.
    fn no_scores(&mut self, text: Option<usize>) {
        let lengths = text.map(|at| scores::lengths(&self.table.columns[at]));
        for at in self.free() {
            let facts = &self.facts[at];
            if facts.n_present == 0 {
                self.reject(at, "it is empty");
            } else if facts.is_numeric() {
                let Some(doubt) = self
                    .doubt(at)
                    .or_else(|| self.counts_text(at, lengths.as_ref()))
                else {
                    continue;
                };
                // Who may be a group is asked later.
                if !(doubt == Doubt::Id && self.could_be_group(at)) {
                    self.reject(at, doubt.why());
                }
            } else if let Some((why, detail)) = nearly(facts, self.table) {
                self.give(at, Role::Unused, why, detail);
            }
        }
    }

    fn counts_text(&self, at: usize, lengths: Option<&[Vec<f64>; 2]>) -> Option<Doubt> {
        let values = numbers(&self.table.columns[at]);
        let counts =
            |lengths: &Vec<f64>| panel::correlation(&values, lengths).is_some_and(|r| r > 0.98);
        lengths?.iter().any(counts).then_some(Doubt::CountsText)
    }

    /// Free columns that could be scores.
    pub(super) fn scores(&self) -> Vec<usize> {
        let mut scores = self.with(Role::Target);
        scores.extend(self.free().into_iter().filter(|&at| {
            self.facts[at].is_numeric() && !self.names[at].says_person() && self.doubt(at).is_none()
        }));
        scores
    }

    /// The scores that are left, and traits that several raters scored.
    fn scores_and_raters(&mut self, is_guess: bool) -> Vec<(String, Vec<usize>)> {
        let scores: Vec<usize> = self
            .free()
            .into_iter()
            .filter(|&at| self.facts[at].is_numeric() && self.doubt(at).is_none())
            .collect();
        if !is_guess {
            for at in scores {
                self.reject(at, "numbers that look like a score; you named others");
            }
            return Vec::new();
        }
        let (panels, remarks) = panel::find(self.table, &scores);
        self.remarks.extend(remarks.into_iter().take(3));
        let mut traits = Vec::new();
        for panel in panels {
            for (name, columns) in panel.traits {
                // A trait cannot be called like a column.
                if self.at(&name).is_some() || traits.iter().any(|(other, _)| *other == name) {
                    continue;
                }
                for &at in &columns {
                    self.give(at, Role::Rating, format!("the same trait, once a rater; ratings of one trait correlate {:.2} on average", panel.agreement), "");
                }
                traits.push((name, columns));
            }
        }
        for at in scores
            .into_iter()
            .filter(|&at| self.judged[at].is_none())
            .collect::<Vec<_>>()
        {
            self.give(
                at,
                Role::Target,
                "numbers that look like a score",
                scores::described(&self.facts[at], &self.table.columns[at]),
            );
        }
        traits
    }

    /// What is left: columns of words, and numbers that only the user can judge. Returns those
    /// whose rows could belong together.
    fn rest(&mut self) -> Vec<usize> {
        let mut groups = Vec::new();
        for at in self.free() {
            let (facts, name) = (&self.facts[at], &self.names[at]);
            let could_be_group =
                self.could_be_group(at) && facts.n_different >= LEAST_GROUPS && !facts.is_numeric();
            if let Some(why) = scores::of_words(facts, name) {
                self.reject(at, why);
            } else if could_be_group {
                let why = format!(
                    "{} values repeat; --group takes it, if its rows belong together",
                    facts.n_different
                );
                groups.push(at);
                self.reject(at, why);
            } else if let Some(doubt) = self.doubt(at) {
                self.reject(at, doubt.why());
            } else if facts.is_unique(self.table.n_rows) {
                self.reject(at, "words or codes, a different one in every row");
            } else {
                let (why, detail) = scores::levels(facts);
                self.give(at, Role::Unused, why, detail);
            }
        }
        groups
    }
}

/// The columns that have the two words of the first such column, and no other value.
fn of_two_words(facts: &[Facts]) -> Option<(String, String)> {
    let words = |facts: &Facts| -> Option<[String; 2]> {
        let mut words: Vec<String> = facts.words.iter().map(|(word, _)| word.clone()).collect();
        words.sort();
        <[String; 2]>::try_from(words)
            .ok()
            .filter(|_| facts.n_distinct == 2)
    };
    let first = facts.iter().find_map(words)?;
    let columns = facts
        .iter()
        .filter(|facts| words(facts).as_ref() == Some(&first));
    let names = columns.map(|facts| format!("`{}`", shown(&facts.name)));
    let names = listed_up_to(8, names);
    Some((
        names,
        format!("`{}` and `{}`", shown(&first[1]), shown(&first[0])),
    ))
}

/// Numbers among the targets that are codes of missing values, it seems.
fn codes(table: &Table, facts: &[Facts], targets: &[String]) -> Option<String> {
    let is_target = |facts: &&Facts| targets.contains(&facts.name);
    let columns = table
        .columns
        .iter()
        .zip(facts)
        .filter(|(_, facts)| is_target(facts));
    let found = columns.filter_map(|(column, facts)| {
        // A 9 may be a score.
        let codes = missing_codes(&numbers(column));
        let codes = codes
            .iter()
            .filter(|(code, _)| *code < 0.0 || *code >= LEAST_CODE);
        let codes: Vec<String> = codes
            .map(|(code, n)| format!("{code} ({n} cells)"))
            .collect();
        (!codes.is_empty()).then(|| format!("`{}` holds {}", shown(&facts.name), codes.join(", ")))
    });
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then(|| {
        format!(
            "{}: far from all other values, as codes of missing ones are; where they are, empty these cells first, or they are predicted like scores",
            listed_up_to(8, found)
        )
    })
}

/// A header with a fraction in it is a row of numbers.
fn first_line_is_a_row(facts: &[Facts]) -> Option<String> {
    let is_value = |facts: &&Facts| {
        facts.n_numbers > 0
            && facts
                .name
                .trim()
                .parse::<f64>()
                .is_ok_and(|number| number.fract() != 0.0)
    };
    let name = &facts.iter().find(is_value)?.name;
    Some(format!(
        "a column is called `{}`, which is a number: if the first line is a row and no header, put one before it",
        shown(name)
    ))
}
