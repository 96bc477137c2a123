//! Ids, and tables joined by them. Row order is never trusted, unmatched ids are counted, and no id may stand for two rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::table::{Cell, Places, Table};
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

    /// The row of an id.
    pub fn row(&self, id: &str) -> Option<usize> {
        self.rows.get(id).copied()
    }
}

/// Adds the columns of `other` to `table`, row by id. Returns one sentence when ids have no partner on the other side.
///
/// # Errors
/// An id column is missing or faulty, or no id at all is found on both sides.
pub fn join(
    table: &mut Table,
    ids: &Ids,
    other: &Table,
    id_column: &str,
    prefix: &str,
) -> Result<Option<String>, Refusal> {
    let other_ids = Ids::of(other, id_column)?;
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
    let note = unmatched(table, ids, other, &other_ids)?;
    for column in other.columns.iter().filter(|c| c.name != id_column) {
        let name = format!("{prefix}{}", column.name);
        table
            .columns
            .push(column.picked(&rows, places.clone(), name));
    }
    Ok(note)
}

fn unmatched(
    table: &Table,
    ids: &Ids,
    other: &Table,
    other_ids: &Ids,
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
        return Err(Problem::new(&other.file, message)
            .with_try("id = the name of its id column, under [[data.join]]"));
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
fn name_of(file: &str) -> &str {
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
