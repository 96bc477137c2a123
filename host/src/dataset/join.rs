//! Ids, and tables joined by them. Row order is never trusted, unmatched ids are counted, and no id may stand for two rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::form::{Alike, Lost};
use super::table::{Cell, Column, Places, Table};
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted};

/// The ids of a table: text, none empty, none twice.
#[derive(Debug)]
pub struct Ids {
    /// One a row.
    pub names: Vec<String>,
    rows: HashMap<String, usize>,
}

impl Ids {
    /// The ids in a column of a table.
    ///
    /// # Errors
    /// There is no such column, or an id is empty or repeated: the lines are named.
    pub fn of(table: &Table, column: &str) -> Result<Ids, Refusal> {
        let column = table.column("id", column)?;
        refuse_rounded(column)?;
        let names = (0..table.n_rows).map(|row| match column.cell(row) {
            Cell::Text(text) => text.to_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Null | Cell::Nested => String::new(),
        });
        Ids::new(names.collect(), &column.places)
    }

    /// Ids that stand at the given places.
    ///
    /// # Errors
    /// An id is empty or repeated: the lines are named.
    pub fn new(names: Vec<String>, places: &Places) -> Result<Ids, Refusal> {
        let mut problems = Problems::default();
        let empty: Vec<usize> = (0..names.len())
            .filter(|row| names[*row].trim().is_empty())
            .collect();
        if !empty.is_empty() {
            let lines = places.listed(&empty);
            problems.push(Problem::new(&places.file, format!("has no id at {lines}")));
        }
        let mut rows = HashMap::with_capacity(names.len());
        let mut repeated = Vec::new();
        for (row, name) in names.iter().enumerate() {
            match rows.get(name) {
                Some(first) => repeated.push((*first, row)),
                None => {
                    rows.insert(name.clone(), row);
                }
            }
        }
        repeated.retain(|(_, row)| !names[*row].trim().is_empty());
        if let Some((first, second)) = repeated.first() {
            let lines = places.listed(&[*first, *second]);
            let more = match repeated.len() {
                1 => String::new(),
                count => format!("; {count} rows in all repeat an earlier id"),
            };
            let message = format!("id {} stands at {lines}{more}", quoted(&names[*first]));
            problems.push(Problem::new(&places.file, message));
        }
        problems.finish(Ids { names, rows })
    }

    /// Ids that are known to be none empty, none twice.
    pub fn known(names: &[String]) -> Ids {
        let rows = names.iter().enumerate();
        Ids {
            rows: rows.map(|(row, name)| (name.clone(), row)).collect(),
            names: names.to_vec(),
        }
    }

    /// The row of an id.
    pub fn row(&self, id: &str) -> Option<usize> {
        self.rows.get(id).copied()
    }
}

/// Ids that a program has turned into floating-point numbers: of more than 15 digits the last ones are lost.
fn refuse_rounded(column: &Column) -> Result<(), Problem> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    let n_rows = column.places.numbers.len();
    let is_rounded =
        |row: &usize| matches!(column.cell(*row), Cell::Number(id) if id.abs() >= EXACT);
    let Some(row) = (0..n_rows).find(is_rounded) else {
        return Ok(());
    };
    let message = format!(
        "the ids in `{}` are floating-point numbers, which hold no more than 15 digits, and this one has more",
        column.name
    );
    Err(Problem::new(column.places.of(row), message).with_try("ids as text or as whole numbers"))
}

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
    let numbers = &other.columns[0].places.numbers; // not empty: the id column is among them
    let places = Arc::new(Places {
        file: other.file.clone(),
        are_lines: other.columns[0].places.are_lines,
        numbers: rows
            .iter()
            .map(|row| row.map_or(0, |row| numbers[row]))
            .collect(),
    });
    let lost = Lost::of(&table.file, ids, &other.file, other_ids);
    let note = unmatched(table, ids, other, other_ids, lost.as_ref())?;
    for column in other.columns.iter().filter(|c| c.name != id_column) {
        let name = format!("{prefix}{}", column.name);
        table
            .columns
            .push(column.picked(&rows, places.clone(), name));
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

/// A file by its name alone: notes stand in reports, which hold no path of the machine.
pub(super) fn name_of(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

fn without_partner<'a>(ids: &'a Ids, others: &Ids) -> Vec<&'a str> {
    let names = ids.names.iter().map(String::as_str);
    names.filter(|id| others.row(id).is_none()).collect()
}

/// The first three of some ids.
pub fn first(ids: &[&str]) -> String {
    listed_up_to(3, ids.iter().map(|id| format!("`{id}`")))
}
