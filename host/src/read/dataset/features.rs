//! Columns of the tables that are features themselves, `values` of an `[[encoder]]`: age, LIWC's
//! categories, a site. Numbers as they are, categories as dummies.

use std::collections::BTreeSet;

use nalgebra::DMatrix;

use super::Target;
use super::covariate::{Covariate, is_numbers, levels_of};
use super::covariates::{has_none, refuse_words_among_numbers};
use super::ids::name_of;
use super::table::{Column, Table};
use super::targets::{columns_of, has_role, matches, numbers};
use crate::plan::{DataPlan, Missing};
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted, suggestion};

/// The columns of all encoders, by name and once each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    columns: Vec<(String, Feature)>,
}

/// One column, one value a row, none missing.
#[derive(Debug, Clone, PartialEq)]
enum Feature {
    Numbers(Vec<f64>),
    Categories(Vec<String>),
}

/// What is said of such a column.
pub(super) const ROLE: &str = "value";

/// The columns that the plan's encoders name.
///
/// # Errors
/// A name or pattern that is no column, or one that has another role.
pub(super) fn names(table: &Table, data: &DataPlan) -> Result<Vec<String>, Refusal> {
    let mut problems = Problems::default();
    let all: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut found: Vec<String> = Vec::new();
    for pattern in &data.values {
        let named = match matches(pattern, &all) {
            Ok(named) => named,
            Err(error) => {
                let message = format!("values {} is not a pattern: {error}", quoted(pattern));
                problems.push(Problem::new(&table.file, message));
                continue;
            }
        };
        if named.is_empty() {
            let known = suggestion(pattern, all.iter().copied());
            let message = format!("values {} matches no column{known}", quoted(pattern));
            problems.push(Problem::new(&table.file, message));
        }
        for name in named {
            match has_role(name, data) {
                true if name == pattern => {
                    let message = format!(
                        "`{name}` is among the values of an encoder and has another role under [data]"
                    );
                    problems.push(Problem::new(&table.file, message));
                }
                false if !found.iter().any(|other| other == name) => found.push(name.to_owned()),
                _ => {}
            }
        }
    }
    problems.finish(found)
}

/// Of some rows those with a value in every such column, and how many lack one.
///
/// # Errors
/// With `missing = "error"` the rows without.
pub(super) fn complete_rows(
    table: &Table,
    data: &DataPlan,
    names: &[String],
    mut rows: Vec<usize>,
) -> Result<(Vec<usize>, usize), Refusal> {
    let before = rows.len();
    for name in names {
        let column = table.column(ROLE, name)?;
        let (missing, complete): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(|&row| has_none(column, row));
        if data.missing == Missing::Error && !missing.is_empty() {
            let message = format!("has no `{name}` at {}", column.places.listed(&missing));
            return Err(Problem::new(&column.places.file, message)
                .with_try("missing = \"drop\" under [data]")
                .into());
        }
        rows = complete;
    }
    let n_lacking = before - rows.len();
    Ok((rows, n_lacking))
}

/// A column that is predicted and predicts itself.
pub(super) fn refuse_targets(table: &Table, names: &[String], targets: &[Target]) -> Vec<Problem> {
    let predicted = columns_of(table, targets);
    let both = predicted
        .iter()
        .filter(|column| names.contains(&column.name));
    let refuse = |column: &&Column| {
        let message = format!(
            "`{}` is a target and among the values of an encoder",
            column.name
        );
        Problem::new(&table.file, message).with_try("one of the two")
    };
    both.map(refuse).collect()
}

impl Features {
    /// The columns of these names in a table in which none of them is missing.
    ///
    /// # Errors
    /// A list, or words among numbers.
    pub(super) fn of(table: &Table, names: &[String]) -> Result<Self, Refusal> {
        let mut problems = Problems::default();
        let mut columns = Vec::new();
        for name in names {
            let column = table.column(ROLE, name).map_err(Refusal::from);
            let read = column.and_then(|column| Feature::of(name, column));
            columns.extend(problems.keep(read).map(|feature| (name.clone(), feature)));
        }
        problems.finish(Self { columns })
    }

    /// What is said of its categories: the dummies, and what they are against.
    pub(super) fn reading(&self, file: &str) -> Option<String> {
        let kinds = self
            .columns
            .iter()
            .map(|(name, feature)| feature.kind(name));
        let kinds: Vec<Covariate> = kinds.filter(is_category).collect();
        (!kinds.is_empty()).then(|| format!("{}: {}", name_of(file), in_words(&kinds)))
    }

    /// Those of two tables in the order of their rows: `of_row` tells of each row whether it is of
    /// the second one, and its place there.
    pub(super) fn together(&self, other: &Self, of_row: &[(bool, usize)]) -> Self {
        let both = self.columns.iter().filter_map(|(name, own)| {
            let (_, theirs) = other.columns.iter().find(|(other, _)| other == name)?;
            Some((name.clone(), own.together(theirs, of_row)))
        });
        Self {
            columns: both.collect(),
        }
    }

    /// The columns that an encoder names: their matrix, what each of its columns is, and what makes
    /// them for other rows.
    pub fn matrix(
        &self,
        patterns: &[String],
        n_rows: usize,
    ) -> (DMatrix<f64>, Vec<String>, Vec<Covariate>) {
        let all: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut named: Vec<&str> = Vec::new();
        for pattern in patterns {
            let found = matches(pattern, &all).unwrap_or_default();
            let new = found.into_iter().filter(|name| !named.contains(name));
            named.extend(new.collect::<Vec<_>>());
        }
        let of = |name: &&str| self.columns.iter().find(|(other, _)| other == name);
        let (mut values, mut names, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (name, feature) in named.iter().filter_map(of) {
            let kind = feature.kind(name);
            for (title, column) in feature.columns(name, &kind) {
                names.push(title);
                values.extend(column);
            }
            kinds.push(kind);
        }
        (DMatrix::from_vec(n_rows, names.len(), values), names, kinds)
    }
}

impl Feature {
    fn of(name: &str, column: &Column) -> Result<Self, Refusal> {
        if is_numbers(column) {
            return Ok(Feature::Numbers(numbers(
                column,
                &format!("{ROLE} `{name}`"),
            )?));
        }
        refuse_words_among_numbers(ROLE, name, column)?;
        Ok(Feature::Categories(levels_of(ROLE, name, column)?))
    }

    fn together(&self, other: &Self, of_row: &[(bool, usize)]) -> Self {
        fn merged<T: Clone>(own: &[T], other: &[T], of_row: &[(bool, usize)]) -> Vec<T> {
            let one =
                |&(is_other, at): &(bool, usize)| if is_other { &other[at] } else { &own[at] };
            of_row.iter().map(one).cloned().collect()
        }
        match (self, other) {
            (Feature::Numbers(own), Feature::Numbers(other)) => {
                Feature::Numbers(merged(own, other, of_row))
            }
            _ => Feature::Categories(merged(&self.words(), &other.words(), of_row)),
        }
    }

    fn words(&self) -> Vec<String> {
        match self {
            Feature::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Feature::Categories(words) => words.clone(),
        }
    }

    fn kind(&self, name: &str) -> Covariate {
        let column = name.to_owned();
        match self {
            Feature::Numbers(_) => Covariate::Number { column },
            Feature::Categories(words) => {
                let levels: BTreeSet<&String> = words.iter().collect();
                Covariate::Category {
                    column,
                    levels: levels.into_iter().cloned().collect(),
                }
            }
        }
    }

    fn columns(&self, name: &str, kind: &Covariate) -> Vec<(String, Vec<f64>)> {
        match (self, kind) {
            (Feature::Categories(words), Covariate::Category { levels, .. }) => {
                let dummy = |level: &String| {
                    let values = words.iter().map(|word| f64::from(word == level));
                    (format!("{name} = {level}"), values.collect())
                };
                levels.iter().skip(1).map(dummy).collect()
            }
            (Feature::Numbers(numbers), _) => vec![(name.to_owned(), numbers.clone())],
            (Feature::Categories(_), _) => Vec::new(),
        }
    }
}

/// "`age` and 11 other columns as numbers; `site` as dummies of 3 categories, the reference is
/// \"east\"".
pub fn in_words(kinds: &[Covariate]) -> String {
    let numbers: Vec<&str> = kinds
        .iter()
        .filter(|kind| kind.n_columns() == 1 && !is_category(kind))
        .filter_map(Covariate::column)
        .collect();
    let mut said = Vec::new();
    match numbers.as_slice() {
        [] => {}
        [one] => said.push(format!("`{one}` as numbers")),
        several => said.push(format!(
            "{} as numbers",
            listed_up_to(3, several.iter().map(|name| format!("`{name}`")))
        )),
    }
    for kind in kinds {
        if let Covariate::Category { column, levels } = kind {
            let reference = levels.first().map_or(String::new(), |level| quoted(level));
            said.push(format!(
                "`{column}` as dummies of {} categories, of which {reference} is the reference",
                levels.len()
            ));
        }
    }
    said.join("; ")
}

fn is_category(kind: &Covariate) -> bool {
    matches!(kind, Covariate::Category { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        let words = ["south", "east", "south"].map(str::to_owned).to_vec();
        Features {
            columns: vec![
                ("age".to_owned(), Feature::Numbers(vec![20.0, 30.0, 25.0])),
                ("site".to_owned(), Feature::Categories(words)),
            ],
        }
    }

    #[test]
    fn a_category_is_a_dummy_for_each_level_but_the_first_which_is_named() {
        let patterns = ["site", "a*"].map(str::to_owned);
        let (x, names, kinds) = features().matrix(&patterns, 3);
        assert_eq!(names, ["site = south", "age"]);
        assert_eq!(x.as_slice(), [1.0, 0.0, 1.0, 20.0, 30.0, 25.0]);
        assert_eq!(
            in_words(&kinds),
            "`age` as numbers; `site` as dummies of 2 categories, of which \"east\" is the reference"
        );
    }

    #[test]
    fn categories_of_a_test_table_are_levels_too() {
        let test = Features {
            columns: vec![
                ("age".to_owned(), Feature::Numbers(vec![50.0])),
                (
                    "site".to_owned(),
                    Feature::Categories(vec!["north".to_owned()]),
                ),
            ],
        };
        let both = features().together(&test, &[(false, 1), (true, 0)]);
        let (x, names, _) = both.matrix(&["*".to_owned()], 2);
        assert_eq!(names, ["age", "site = north"]);
        assert_eq!(x.as_slice(), [30.0, 50.0, 0.0, 1.0]);
    }
}
