//! Vectors in one column, a list a row: `[0.1, 0.2]` in text, lists of Parquet.

use nalgebra::DMatrix;

use super::missing::is_missing;
use super::table::{Cell, Cells, Column};
use crate::problem::{Problem, quoted};

/// The columns that hold lists of numbers.
pub(super) fn columns<'a>(columns: &[(usize, &'a Column)]) -> Vec<&'a Column> {
    let is_list = |column: &Column| match &column.cells {
        Cells::Lists(_) => true,
        Cells::Texts(_) => first(column).is_some_and(|text| inside(text).is_some()),
        Cells::Numbers(_) | Cells::Unread => false,
    };
    let all = columns.iter().map(|(_, column)| *column);
    all.filter(|column| is_list(column)).collect()
}

/// The vectors of a column of lists, and the rows that have one.
///
/// # Errors
/// A list of another length than the first one, of none, or of something else than numbers: its row.
pub(super) fn vectors(column: &Column) -> Result<(DMatrix<f64>, Vec<usize>), Problem> {
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    let mut width = None;
    for row in 0..column.places.numbers.len() {
        let refuse = |what: String| {
            let message = format!("`{}` {what}", column.name);
            Problem::new(column.places.of(row), message)
        };
        let n_before = values.len();
        match &column.cells {
            Cells::Lists(lists) => values.extend_from_slice(lists.row(row)),
            _ => match column.cell(row) {
                Cell::Text(text) if !is_missing(text) => {
                    values.extend(parsed(text).map_err(refuse)?);
                }
                _ => {}
            },
        }
        let length = values.len() - n_before;
        let expected = *width.get_or_insert(length);
        match length {
            0 => continue,
            length if expected == 0 => width = Some(length),
            length if length != expected => {
                return Err(refuse(format!(
                    "has {length} numbers, and {expected} in the rows before"
                )));
            }
            _ => {}
        }
        rows.push(row);
    }
    match width {
        Some(width) if !rows.is_empty() => {
            Ok((DMatrix::from_row_slice(rows.len(), width, &values), rows))
        }
        _ => {
            let message = format!("`{}` has a list of numbers in no row", column.name);
            Err(Problem::new(&column.places.file, message))
        }
    }
}

/// The first cell with something in it.
fn first(column: &Column) -> Option<&str> {
    (0..column.places.numbers.len()).find_map(|row| match column.cell(row) {
        Cell::Text(text) if !is_missing(text) => Some(text),
        _ => None,
    })
}

/// What stands between the brackets of a list that begins with a number.
fn inside(text: &str) -> Option<&str> {
    let text = text.trim();
    let between = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let inside = between('[', ']').or_else(|| between('(', ')'))?;
    let first = inside.split(is_between).find(|part| !part.is_empty())?;
    first.parse::<f64>().is_ok().then_some(inside)
}

/// JSON has commas, NumPy blanks between the numbers of a list.
fn is_between(c: char) -> bool {
    c == ',' || c.is_whitespace()
}

fn parsed(text: &str) -> Result<Vec<f64>, String> {
    let shown = || quoted(&text.chars().take(40).collect::<String>());
    let Some(inside) = inside(text) else {
        return Err(format!("= {} is no list of numbers", shown()));
    };
    if inside.contains("...") {
        return Err(
            "is cut off (`...`), as NumPy prints long arrays; x.tolist() writes them whole"
                .to_owned(),
        );
    }
    let parts = inside.split(is_between).filter(|part| !part.is_empty());
    parts
        .map(|part| match part {
            "null" | "None" => Ok(f64::NAN),
            part => part
                .parse()
                .map_err(|_| format!("has {} in a list of numbers", quoted(part))),
        })
        .collect()
}
