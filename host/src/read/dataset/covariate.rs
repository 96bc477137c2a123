//! One covariate by itself: what a model must know of it to make its columns of Z for rows that the
//! study did not have.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::built_in::{LENGTH, LOG_SIZE, Named, of_length, of_sizes};
use super::table::{Column, Table};
use super::targets::{number, numbers};
use crate::problem::{Problem, Refusal, listed_up_to, quoted};

/// What is said of such a column.
pub(super) const ROLE: &str = "covariate";

/// One covariate as it was read: what it takes to make its columns of Z for other rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covariate {
    /// A column of numbers.
    Number {
        /// Its name.
        column: String,
    },
    /// A column of categories, a dummy for each but the first.
    Category {
        /// Its name.
        column: String,
        /// All that were seen, in alphabetical order.
        levels: Vec<String>,
    },
    /// [`LENGTH`], of the texts.
    Length,
    /// [`LOG_SIZE`], of the groups.
    LogSize,
}

impl Covariate {
    /// As a study takes it: built in, a column of numbers, or categories.
    pub(super) fn of(table: &Table, name: &str) -> Result<Self, Refusal> {
        if !table.columns.iter().any(|column| column.name == name) {
            match name {
                LENGTH => return Ok(Covariate::Length),
                LOG_SIZE => return Ok(Covariate::LogSize),
                _ => {}
            }
        }
        let values = table.column(ROLE, name)?;
        let column = name.to_owned();
        if is_numbers(values) {
            return Ok(Covariate::Number { column });
        }
        let levels: BTreeSet<String> = levels_of(ROLE, name, values)?.into_iter().collect();
        Ok(Covariate::Category {
            column,
            levels: levels.into_iter().collect(),
        })
    }

    /// Columns of Z that it makes.
    pub fn n_columns(&self) -> usize {
        match self {
            Covariate::Category { levels, .. } => levels.len().saturating_sub(1),
            Covariate::Length => 2,
            Covariate::Number { .. } | Covariate::LogSize => 1,
        }
    }

    /// The column of the table that it is read from; `None` for one that is built in.
    pub fn column(&self) -> Option<&str> {
        match self {
            Covariate::Number { column } | Covariate::Category { column, .. } => Some(column),
            Covariate::Length | Covariate::LogSize => None,
        }
    }

    /// Its columns of Z for the rows of another table, in which it is nowhere missing.
    ///
    /// # Errors
    /// A value that is no number, or a category that was not seen; what is built in, without texts
    /// or groups.
    pub fn columns(
        &self,
        role: &str,
        table: &Table,
        texts: &[String],
        groups: Option<&[String]>,
    ) -> Result<Vec<Vec<f64>>, Refusal> {
        let of_named = |named: Named| named.into_iter().map(|(_, values)| values).collect();
        Ok(match self {
            Covariate::Number { column } => {
                let values = table.column(role, column)?;
                vec![numbers(values, &format!("{role} `{column}`"))?]
            }
            Covariate::Category { column, levels } => {
                let values = table.column(role, column)?;
                let levels_of = levels_of(role, column, values)?;
                refuse_unseen(role, values, column, levels, &levels_of)?;
                let dummy = |level: &String| {
                    let dummy = levels_of.iter().map(|own| f64::from(own == level));
                    dummy.collect()
                };
                levels.iter().skip(1).map(dummy).collect()
            }
            Covariate::Length => of_named(of_length(texts)?),
            Covariate::LogSize => of_named(of_sizes(groups)?),
        })
    }
}

/// A model knows nothing of a category that it has not seen.
fn refuse_unseen(
    role: &str,
    column: &Column,
    name: &str,
    levels: &[String],
    levels_of: &[String],
) -> Result<(), Problem> {
    let is_unseen = |row: &usize| !levels.contains(&levels_of[*row]);
    let rows: Vec<usize> = (0..levels_of.len()).filter(is_unseen).collect();
    let Some(&first) = rows.first() else {
        return Ok(());
    };
    let others = match rows.len() {
        1 => String::new(),
        n => format!("; {n} rows have such a category"),
    };
    let message = format!(
        "{role} `{name}` = {} is none of the categories that the model has seen: {}{others}",
        quoted(&levels_of[first]),
        listed_up_to(10, levels.iter().map(|level| quoted(level)))
    );
    Err(Problem::new(column.places.of(first), message)
        .with_try("the spelling of the study, or a table without these rows"))
}

/// Are the values to be calculated with? Not where a file says what each of them stands for.
pub(super) fn is_numbers(column: &Column) -> bool {
    let mut rows = 0..column.places.numbers.len();
    rows.all(|row| number(column, row).is_ok()) && !column.is_labelled_category()
}

/// The category of each row.
pub(super) fn levels_of(role: &str, name: &str, column: &Column) -> Result<Vec<String>, Problem> {
    let level = |row: usize| match column.word(row) {
        Some(word) => Ok(word.trim().to_owned()),
        None => {
            let message = format!("{role} `{name}` is neither a number nor a category");
            Err(Problem::new(column.places.of(row), message))
        }
    };
    (0..column.places.numbers.len()).map(level).collect()
}
