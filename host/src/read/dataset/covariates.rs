//! Covariates as numbers: which rows have them all, and the columns of Z (STATISTICS §3a).
//!
//! A column of numbers is one column of Z; a column of words is a category, a dummy for each level
//! but the first in alphabetical order; words among numbers are refused. `length` (of the texts)
//! and `log_size` (of the groups) are built in. The intercept is always there and not a column.

use std::collections::BTreeSet;
use std::fmt;

use nalgebra::DMatrix;
use ocean_engine::folds::Groups;

use super::built_in::{LENGTH, LOG_SIZE, Named, of_length, of_sizes};
use super::covariate::{Covariate, ROLE, is_numbers, levels_of};
use super::missing::is_missing;
use super::separators;
use super::table::{Cell, Column, Table};
use super::targets::number;
use crate::plan::{DataPlan, Missing};
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted};

/// How a covariate was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// A column of numbers.
    Numbers,
    /// So many levels.
    Categories(usize),
    /// Made by the host.
    BuiltIn,
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadAs::Numbers => f.write_str(" as numbers"),
            ReadAs::Categories(n) => write!(f, " as dummies of {n} categories"),
            ReadAs::BuiltIn => Ok(()),
        }
    }
}

/// Z of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariates {
    /// Each covariate of the plan, and how it was read.
    pub read_as: Vec<(String, ReadAs)>,
    /// What each column is: "age", "site = north".
    pub names: Vec<String>,
    /// n_samples × columns, all finite, dataset order.
    pub z: DMatrix<f64>,
    /// What makes the columns, in their order: enough to make them for other rows.
    pub kinds: Vec<Covariate>,
}

/// Rows that have a value of every covariate, in order.
///
/// # Errors
/// A covariate that is no column, or whose name is both a column and built in; with
/// `missing = "error"` the first rows without a value.
pub fn complete_rows(table: &Table, data: &DataPlan) -> Result<Vec<usize>, Refusal> {
    let mut problems = Problems::default();
    let mut is_complete = vec![true; table.n_rows];
    for name in &data.covariates {
        let Some(column) = problems.keep(column(table, name)).flatten() else {
            continue;
        };
        let missing: Vec<usize> = (0..table.n_rows)
            .filter(|&row| has_none(column, row))
            .collect();
        if data.missing == Missing::Error && !missing.is_empty() {
            let message = format!("has no `{name}` at {}", column.places.listed(&missing));
            problems.push(
                Problem::new(&column.places.file, message)
                    .with_try("missing = \"drop\" under [data]"),
            );
        }
        missing.iter().for_each(|&row| is_complete[row] = false);
    }
    problems.finish((0..table.n_rows).filter(|&row| is_complete[row]).collect())
}

/// The column of a covariate; `None` for one that is built in.
fn column<'a>(table: &'a Table, name: &str) -> Result<Option<&'a Column>, Refusal> {
    let is_built_in = name == LENGTH || name == LOG_SIZE;
    let is_column = table.columns.iter().any(|column| column.name == name);
    match (is_built_in, is_column) {
        (false, _) => Ok(Some(table.column("covariate", name)?)),
        (true, false) => Ok(None),
        (true, true) => Err(Problem::new(
            &table.file,
            format!("covariate `{name}` is built in, and there is a column of that name"),
        )
        .with_try("another name for the column")
        .into()),
    }
}

pub(super) fn has_none(column: &Column, row: usize) -> bool {
    match column.cell(row) {
        Cell::Null => true,
        Cell::Text(text) => is_missing(text),
        Cell::Number(_) | Cell::Nested => false,
    }
}

impl Covariates {
    /// Z of a table in which no covariate is missing. `texts`: one a row, none without texts;
    /// `groups`: the label of each row.
    ///
    /// # Errors
    /// A covariate that is constant, no value, or built in on what the study does not have.
    pub fn of(
        table: &Table,
        data: &DataPlan,
        texts: &[String],
        groups: Option<&[String]>,
    ) -> Result<Option<Covariates>, Refusal> {
        let mut problems = Problems::default();
        let (mut names, mut columns, mut read_as) = (Vec::new(), Vec::new(), Vec::new());
        for name in &data.covariates {
            let built_in = |named| (ReadAs::BuiltIn, named);
            let found = match column(table, name) {
                Ok(Some(column)) => of_column(name, column),
                Ok(None) if name == LENGTH => of_length(texts).map(built_in),
                Ok(None) => of_sizes(groups).map(built_in),
                Err(refusal) => Err(refusal),
            };
            let Some((how, named)) = problems.keep(found) else {
                continue;
            };
            read_as.push((name.clone(), how));
            for (name, values) in named {
                if values.iter().all(|value| *value == values[0]) {
                    let message =
                        format!("covariate `{name}` is constant: there is nothing to take out");
                    problems.push(Problem::new(&table.file, message));
                }
                names.push(name);
                columns.push(values);
            }
        }
        let z = DMatrix::from_iterator(table.n_rows, columns.len(), columns.into_iter().flatten());
        // What is wrong with one was said above.
        let kinds = data.covariates.iter();
        let kinds = kinds.filter_map(|name| Covariate::of(table, name).ok());
        let kinds = kinds.collect();
        problems.finish((!names.is_empty()).then_some(Covariates {
            read_as,
            names,
            z,
            kinds,
        }))
    }

    /// Z where groups are the rows: the mean of each.
    pub fn means(&self, groups: &Groups) -> Covariates {
        Covariates {
            read_as: self.read_as.clone(),
            names: self.names.clone(),
            z: groups.means(&self.z),
            kinds: self.kinds.clone(),
        }
    }
}

/// Numbers as they are, or a dummy for each level but the first.
fn of_column(name: &str, column: &Column) -> Result<(ReadAs, Named), Refusal> {
    let n_rows = column.places.numbers.len();
    if is_numbers(column) {
        let numbers = (0..n_rows).filter_map(|row| number(column, row).ok());
        let numbers = numbers.collect();
        return Ok((ReadAs::Numbers, vec![(name.to_owned(), numbers)]));
    }
    refuse_words_among_numbers(ROLE, name, column)?;
    let levels_of = levels_of(ROLE, name, column)?;
    let mut levels = levels_of.clone();
    levels.sort_unstable();
    levels.dedup();
    if let [only] = levels.as_slice() {
        let message = format!("covariate `{name}` is constant: each value is `{only}`");
        return Err(Problem::new(&column.places.file, message).into());
    }
    let dummy = |level: &String| {
        let values = levels_of.iter().map(|own| f64::from(own == level));
        (format!("{name} = {level}"), values.collect())
    };
    let how = ReadAs::Categories(levels.len());
    Ok((how, levels[1..].iter().map(dummy).collect()))
}

/// "30+" among ages: where more rows or more different values are numbers than words, the column is
/// no category.
pub(super) fn refuse_words_among_numbers(
    role: &str,
    name: &str,
    column: &Column,
) -> Result<(), Problem> {
    let n_rows = column.places.numbers.len();
    let numbers = (0..n_rows).filter_map(|row| number(column, row).ok());
    let numbers: Vec<f64> = numbers.collect();
    if let Some(problem) = separators::both_notations(column, &format!("{role} `{name}`"))
        && 2 * numbers.len() > n_rows
    {
        return Err(problem);
    }
    let words = (0..n_rows).filter_map(|row| match column.cell(row) {
        Cell::Text(text) if number(column, row).is_err() => Some((row, text.trim())),
        _ => None,
    });
    let different: BTreeSet<&str> = words.clone().map(|(_, word)| word).collect();
    let different_numbers: BTreeSet<u64> = numbers.iter().map(|value| value.to_bits()).collect();
    let are_numbers = 2 * numbers.len() > n_rows || different_numbers.len() > different.len();
    let Some((row, word)) = words.clone().next().filter(|_| are_numbers) else {
        return Ok(());
    };
    let more = match words.clone().count() {
        1 => format!(", and the other {} values are", n_rows - 1),
        count => format!("; {count} of {n_rows} values are not"),
    };
    let message = format!(
        "{role} `{name}` = {} is not a finite number{more}",
        quoted(word)
    );
    let remedy = separators::advice(words.map(|(_, word)| word)).unwrap_or_else(|| {
        format!("a number there, or nothing for a missing value; if the values are categories, a letter in front of each (`{}1`)", name.chars().next().unwrap_or('c'))
    });
    Err(Problem::new(column.places.of(row), message).with_try(remedy))
}

/// "age as numbers" and "site as dummies of 3 categories", for whoever must know how the table was
/// understood.
pub fn as_read(covariates: &Covariates) -> Vec<String> {
    let shown = covariates.read_as.iter();
    shown.map(|(name, how)| format!("{name}{how}")).collect()
}

/// "age, site = north and 2 more", for messages.
pub fn listed(covariates: &Covariates) -> String {
    listed_up_to(6, covariates.names.iter().cloned())
}
