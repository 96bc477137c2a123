//! The ids of a table, none of which may stand for two rows.

use std::collections::HashMap;

use super::table::{Cell, Column, PlaceUnit, Places, Table};
use crate::problem::{Problem, Problems, Refusal, quoted};

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

    /// The numbers of the rows of a table without ids, from 1.
    pub fn numbered(n_rows: usize) -> Ids {
        let names: Vec<String> = (1..=n_rows).map(|row| row.to_string()).collect();
        Ids::known(&names)
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

/// Ids that a program has turned into floating-point numbers: of more than 15 digits the last ones
/// are lost.
fn refuse_rounded(column: &Column) -> Result<(), Problem> {
    // A spreadsheet keeps 15 digits of what is typed.
    let exact = match column.places.unit {
        PlaceUnit::Cells(_) => 1e15,
        _ => (1_u64 << 53) as f64,
    };
    let n_rows = column.places.numbers.len();
    let is_rounded =
        |row: &usize| matches!(column.cell(*row), Cell::Number(id) if id.abs() >= exact);
    let Some(row) = (0..n_rows).find(is_rounded) else {
        return Ok(());
    };
    let message = format!(
        "the ids in `{}` are floating-point numbers, which hold no more than 15 digits, and this one has more",
        column.name
    );
    Err(Problem::new(column.places.of(row), message).with_try("ids as text or as whole numbers"))
}

/// A file by its name alone: notes stand in reports, which hold no path of the machine.
pub(super) fn name_of(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}
