//! Tables joined by their ids. Row order is never trusted, and unmatched ids are counted.

use std::sync::Arc;

use super::form::{Alike, Lost};
use super::ids::{Ids, name_of};
use super::table::{Places, Table};
use crate::problem::{Problem, Refusal, listed_up_to};

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

/// Adds the columns of `other` but its `id_column` to `table`, row by id.
///
/// # Errors
/// No id at all is found on both sides.
pub fn join(
    table: &mut Table,
    ids: &Ids,
    other: &Table,
    other_ids: &Ids,
    id_column: &str,
    prefix: &str,
) -> Result<Joined, Refusal> {
    let rows: Vec<Option<usize>> = ids.names.iter().map(|id| other_ids.row(id)).collect();
    let lost = Lost::of(&table.file, ids, &other.file, other_ids);
    let note = unmatched(table, ids, other, other_ids, lost.as_ref())?;
    for column in other.columns.iter().filter(|c| c.name != id_column) {
        let name = format!("{prefix}{}", column.name);
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
    ids: &Ids,
    other: &Table,
    other_ids: &Ids,
    lost: Option<&Lost>,
) -> Result<Option<String>, Problem> {
    let missing = without_partner(ids, other_ids);
    let extra = without_partner(other_ids, ids);
    if missing.len() == ids.names.len() {
        let message = format!(
            "none of its ids ({}) is among those of {} ({})",
            first(&extra),
            table.file,
            first(&missing)
        );
        return Err(match lost {
            Some(lost) => Problem::new(&other.file, format!("{message}; {}", lost.seen()))
                .with_try(lost.remedy()),
            None => Problem::new(&other.file, message)
                .with_try("id = the name of its id column, under [[data.join]]"),
        });
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!(
            "it lacks {} of the {} ids of {} ({})",
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

fn without_partner<'a>(ids: &'a Ids, others: &Ids) -> Vec<&'a str> {
    let names = ids.names.iter().map(String::as_str);
    names.filter(|id| others.row(id).is_none()).collect()
}

/// The first three of some ids.
pub fn first(ids: &[&str]) -> String {
    listed_up_to(3, ids.iter().map(|id| format!("`{id}`")))
}
