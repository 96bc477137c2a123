//! Tables joined by their ids, or by a column of the main one: people's scores beside their texts.
//! Row order is never trusted, and what finds no partner is counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::form::{Alike, Lost};
use super::ids::{Ids, name_of};
use super::missing::is_missing;
use super::table::{Cell, Column, Places, Table};
use crate::plan::JoinPlan;
use crate::problem::{Problem, Refusal, listed_up_to, quoted};

/// What a reader should know of a join.
#[derive(Debug, Default)]
pub struct Joined {
    /// One sentence when ids have no partner on the other side.
    pub note: Option<String>,
    /// Ids without a partner that differ from one in form.
    pub lost: Option<Lost>,
    /// Ids of the other table that differ from each other in form alone.
    pub alike: Option<Alike>,
}

/// What the rows of a table are joined by: their ids, or the values of a column, which repeat.
pub struct Keys {
    /// One a row; `None` where the column has no value.
    of_rows: Vec<Option<String>>,
    /// Each once.
    different: Ids,
    /// "ids", or "values of `user_id`".
    what: String,
}

impl Keys {
    /// The ids.
    pub fn of_ids(ids: &Ids) -> Keys {
        Keys {
            of_rows: ids.names.iter().cloned().map(Some).collect(),
            different: Ids::known(&ids.names),
            what: "ids".to_owned(),
        }
    }

    /// The values of a column.
    ///
    /// # Errors
    /// There is no such column, or it has no value at all.
    pub fn of_column(table: &Table, name: &str) -> Result<Keys, Problem> {
        let column = table.column("[[data.join]] on:", name)?;
        let key = |row| match column.cell(row) {
            Cell::Text(text) if !is_missing(text) => Some(text.to_owned()),
            Cell::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let of_rows: Vec<Option<String>> = (0..table.n_rows).map(key).collect();
        let different: BTreeSet<&String> = of_rows.iter().flatten().collect();
        if different.is_empty() {
            let message = format!("`{name}` has no value in any row");
            return Err(Problem::new(&column.places.file, message));
        }
        let different: Vec<String> = different.into_iter().cloned().collect();
        Ok(Keys {
            of_rows,
            different: Ids::known(&different),
            what: format!("values of `{name}`"),
        })
    }
}

/// Adds the columns of `other` but its ids to `table`, row by key.
///
/// # Errors
/// No key at all is found on both sides.
pub fn join(
    table: &mut Table,
    keys: &Keys,
    other: &Table,
    other_ids: &Ids,
    plan: &JoinPlan,
) -> Result<Joined, Refusal> {
    let rows = keys.of_rows.iter();
    let rows: Vec<Option<usize>> = rows.map(|key| other_ids.row(key.as_ref()?)).collect();
    let lost = Lost::of(&table.file, &keys.different, &other.file, other_ids);
    let note = unmatched(table, keys, other, other_ids, lost.as_ref())?;
    for column in other.columns.iter().filter(|column| column.name != plan.id) {
        let name = format!("{}{}", plan.prefix, column.name);
        let numbers = rows.iter();
        let places = Places {
            file: other.file.clone(),
            unit: column.places.unit.clone(),
            numbers: numbers
                .map(|row| row.map_or(0, |row| column.places.numbers[row]))
                .collect(),
        };
        table
            .columns
            .push(column.picked(&rows, Arc::new(places), name));
    }
    Ok(Joined {
        note,
        lost,
        alike: Alike::of(other_ids.names.iter().map(String::as_str)),
    })
}

fn unmatched(
    table: &Table,
    keys: &Keys,
    other: &Table,
    other_ids: &Ids,
    lost: Option<&Lost>,
) -> Result<Option<String>, Problem> {
    let (ids, what) = (&keys.different, &keys.what);
    let missing = without_partner(ids, other_ids);
    let extra = without_partner(other_ids, ids);
    if missing.len() == ids.names.len() {
        let message = format!(
            "none of its ids ({}) is among {} of {} ({})",
            first(&extra),
            if what == "ids" { "those" } else { what },
            table.file,
            first(&missing)
        );
        return Err(match lost {
            Some(lost) => Problem::new(&other.file, format!("{message}; {}", lost.seen()))
                .with_try(lost.remedy()),
            None => Problem::new(&other.file, message).with_try(match keyed(table, other_ids) {
                Some(column) => format!("on = {} under [[data.join]]", quoted(column)),
                None => "id = the name of its id column, under [[data.join]]".to_owned(),
            }),
        });
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!(
            "it lacks {} of the {} {what} of {} ({})",
            missing.len(),
            ids.names.len(),
            name_of(&table.file),
            first(&missing)
        ));
    }
    if !extra.is_empty() {
        parts.push(format!(
            "{} of its {} ids are not there ({})",
            extra.len(),
            other_ids.names.len(),
            first(&extra)
        ));
    }
    Ok((!parts.is_empty()).then(|| format!("{}: {}", name_of(&other.file), parts.join("; "))))
}

/// The column whose values are ids of another table, if one has mostly such.
fn keyed<'a>(table: &'a Table, other_ids: &Ids) -> Option<&'a str> {
    let is_keyed = |column: &&Column| {
        let is_known = |row: &usize| match column.cell(*row) {
            Cell::Text(text) => other_ids.row(text).is_some(),
            Cell::Number(number) => other_ids.row(&number.to_string()).is_some(),
            _ => false,
        };
        2 * (0..table.n_rows).filter(is_known).count() > table.n_rows
    };
    table
        .columns
        .iter()
        .find(is_keyed)
        .map(|column| column.name.as_str())
}

fn without_partner<'a>(ids: &'a Ids, others: &Ids) -> Vec<&'a str> {
    let names = ids.names.iter().map(String::as_str);
    names.filter(|id| others.row(id).is_none()).collect()
}

/// The first three of some ids.
pub fn first(ids: &[&str]) -> String {
    listed_up_to(3, ids.iter().map(|id| format!("`{id}`")))
}
