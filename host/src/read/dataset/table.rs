//! [`Table`]: a file of rows and named columns, whatever its format, in which every cell still
//! knows its line.
//!
//! Values stay as written; what is a number, a text or an id is decided by whoever asks for the
//! column. Reading is in one piece: a study's tables fit in memory, and half a table is of no use.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::value_labels::ValueLabels;
use crate::problem::{Problem, listed_up_to, suggestion};

/// A table read whole.
#[derive(Debug, Clone)]
pub struct Table {
    /// For messages.
    pub file: String,
    /// blake3 of the file's bytes.
    pub hash: String,
    /// In file order; names may repeat until one is asked for.
    pub columns: Vec<Column>,
    /// At least 1.
    pub n_rows: usize,
    /// How it was read where that was found rather than said: one sentence each.
    pub notes: Vec<String>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// As in the header, with the prefix of a join.
    pub name: String,
    /// One a row.
    pub cells: Cells,
    /// Where the rows stand.
    pub places: Arc<Places>,
    /// Its numbers are written `3,5`.
    pub has_decimal_commas: bool,
    /// What its values stand for, where the file says it.
    pub labels: Option<Arc<ValueLabels>>,
}

/// Where the rows of a column stand in their file.
#[derive(Debug, Clone)]
pub struct Places {
    /// For messages.
    pub file: String,
    /// What the numbers count.
    pub unit: PlaceUnit,
    /// From 1; 0 for a row that a joined table does not have.
    pub numbers: Vec<usize>,
}

/// What is counted where rows stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceUnit {
    /// Lines of a text file.
    Lines,
    /// Rows of a binary one.
    Rows,
    /// Cells of a workbook: what stands before the number of the row, `Data!C`.
    Cells(String),
}

/// The cells of a column.
#[derive(Debug, Clone)]
pub enum Cells {
    /// As written.
    Texts(Texts),
    /// Floats of a binary format; NaN for null.
    Numbers(Vec<f64>),
    /// Lists of numbers, as vectors stand in one column.
    Lists(Lists),
    /// Lists, objects, and what nobody asked for and was not read.
    Unread,
}

/// Many short texts in one allocation: a table of vectors has millions.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
    kinds: Vec<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Null,
    Nested,
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Absent: null, or a key that a JSON line lacks. An empty CSV field is an empty text.
    Null,
    /// As written.
    Text(&'a str),
    /// A float of a binary format.
    Number(f64),
    /// A list, an object or what was not read.
    Nested,
}

/// Which columns a reader needs. Those of a text file are all read; of a binary one the others may
/// stay [`Cells::Unread`].
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// All that can be read.
    Readable,
    /// Those of these names, or the file is refused.
    Named(&'a dyn Fn(&str) -> bool),
    /// Vectors: the column of ids and columns of lists of numbers, or all where there are no lists.
    Vectors(&'a str),
}

impl Table {
    /// Leaves only these rows; every row keeps its line.
    pub fn keep(&mut self, rows: &[usize]) {
        let picked: Vec<Option<usize>> = rows.iter().copied().map(Some).collect();
        for column in &mut self.columns {
            let places = Places {
                file: column.places.file.clone(),
                unit: column.places.unit.clone(),
                numbers: rows.iter().map(|&row| column.places.numbers[row]).collect(),
            };
            *column = column.picked(&picked, Arc::new(places), column.name.clone());
        }
        self.n_rows = rows.len();
    }

    /// The column of a name.
    ///
    /// # Errors
    /// No column, or more than one, has the name.
    pub fn column(&self, role: &str, name: &str) -> Result<&Column, Problem> {
        let mut found = self.columns.iter().filter(|column| column.name == name);
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(_)) => Err(Problem::new(
                &self.file,
                format!("{role} `{name}` is the name of more than one column"),
            )),
            (None, _) => {
                let names = self.columns.iter().map(|column| column.name.as_str());
                let known = suggestion(name, names);
                Err(Problem::new(
                    &self.file,
                    format!("{role} `{name}` is not a column{known}"),
                ))
            }
        }
    }
}

/// How much memory the cells of a table take.
pub(super) struct Size {
    pub n_rows: usize,
    pub n_columns: usize,
    pub bytes: usize,
}

/// Cells of a text column without their texts: where each ends, and what it is.
pub(super) fn cell_bytes(n_rows: usize, n_columns: usize) -> usize {
    let of_cell = size_of::<usize>() + size_of::<Kind>();
    n_rows.saturating_mul(n_columns).saturating_mul(of_cell)
}

/// Most bytes that the cells of a file may take: more than any sound file needs, and little enough
/// that a small one cannot fill the memory.
pub(super) fn most_bytes(file_bytes: usize) -> usize {
    const ANY_FILE: usize = 512 << 20;
    ANY_FILE.saturating_add(file_bytes.saturating_mul(8))
}

impl Size {
    /// Refuses what is larger than a file of `file_bytes` may become.
    pub fn check(&self, file: &str, file_bytes: usize) -> Result<(), Problem> {
        let most = most_bytes(file_bytes);
        if self.bytes <= most {
            return Ok(());
        }
        let gigabytes = |bytes: usize| format!("{:.1} GB", bytes as f64 / 1e9);
        let message = format!(
            "has {} rows, and the {} that are needed would take about {} of memory; a file of its size ({file_bytes} bytes) may take {}",
            self.n_rows,
            match self.n_columns {
                1 => "cells of the column".to_owned(),
                n => format!("cells of the {n} columns"),
            },
            gigabytes(self.bytes),
            gigabytes(most)
        );
        Err(Problem::new(file, message).with_try("a file of the rows and columns of the study"))
    }
}

/// The bytes of a file.
pub fn read_bytes(path: &Path, shown: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::new(shown, format!("cannot be read: {error}")))
}

/// Line ends: `\n`, `\r\n`, or `\r` alone.
pub fn count_lines(bytes: &[u8]) -> usize {
    let is_end = |at: &usize| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
    memchr::memchr2_iter(b'\n', b'\r', bytes)
        .filter(is_end)
        .count()
}

impl Places {
    /// `loans.csv:97`, or `loans.parquet row 97`.
    pub fn of(&self, row: usize) -> String {
        match (self.numbers[row], &self.unit) {
            (0, _) => self.file.clone(),
            (line, PlaceUnit::Lines) => format!("{}:{line}", self.file),
            (number, PlaceUnit::Rows) => format!("{} row {number}", self.file),
            (number, PlaceUnit::Cells(column)) => format!("{} {column}{number}", self.file),
        }
    }

    /// `line 97`, `lines 97, 402 and 3 more`: the rows that this file has, the first five of the
    /// file.
    pub fn listed(&self, rows: &[usize]) -> String {
        let (unit, before) = match &self.unit {
            PlaceUnit::Lines => ("line", ""),
            PlaceUnit::Rows => ("row", ""),
            PlaceUnit::Cells(column) => ("cell", column.as_str()),
        };
        let plural = if rows.len() == 1 { "" } else { "s" };
        let mut numbers: Vec<usize> = rows.iter().map(|row| self.numbers[*row]).collect();
        numbers.sort_unstable();
        let numbers = numbers.iter().map(|number| format!("{before}{number}"));
        format!("{unit}{plural} {}", listed_up_to(5, numbers))
    }
}

impl Column {
    /// One cell.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match &self.cells {
            Cells::Texts(texts) => texts.cell(row),
            Cells::Numbers(numbers) if numbers[row].is_nan() => Cell::Null,
            Cells::Numbers(numbers) => Cell::Number(numbers[row]),
            Cells::Lists(_) | Cells::Unread => Cell::Nested,
        }
    }

    /// The column with its rows in another order; `None` leaves a row null.
    pub fn picked(&self, rows: &[Option<usize>], places: Arc<Places>, name: String) -> Column {
        let cells = match &self.cells {
            Cells::Lists(_) | Cells::Unread => Cells::Unread,
            Cells::Numbers(numbers) => Cells::Numbers(
                rows.iter()
                    .map(|row| row.map_or(f64::NAN, |row| numbers[row]))
                    .collect(),
            ),
            Cells::Texts(texts) => {
                let mut picked = Texts::default();
                for row in rows {
                    picked.push(row.map_or(Cell::Null, |row| texts.cell(row)));
                }
                Cells::Texts(picked)
            }
        };
        Column {
            name,
            cells,
            places,
            has_decimal_commas: self.has_decimal_commas,
            labels: self.labels.clone(),
        }
    }

    /// What a cell says, as Rust writes numbers: with a point where the column has decimal commas.
    pub fn numeral<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.has_decimal_commas && text.contains(',') {
            true => text.trim().replacen(',', ".", 1).into(),
            false => text.trim().into(),
        }
    }
}

/// One list of numbers a row, all in one allocation.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    values: Vec<f64>,
    ends: Vec<usize>,
}

impl Lists {
    /// Adds a row; a row without a list is an empty one.
    pub fn push(&mut self, values: impl IntoIterator<Item = f64>) {
        self.values.extend(values);
        self.ends.push(self.values.len());
    }

    /// Numbers of all rows.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// The list of a row.
    pub fn row(&self, row: usize) -> &[f64] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[start..self.ends[row]]
    }
}

impl Texts {
    /// Adds a cell; a number is written out.
    pub fn push(&mut self, cell: Cell<'_>) {
        let kind = match cell {
            Cell::Null => Kind::Null,
            Cell::Nested => Kind::Nested,
            Cell::Text(text) => {
                self.text.push_str(text);
                Kind::Text
            }
            Cell::Number(number) => {
                self.text.push_str(&number.to_string());
                Kind::Text
            }
        };
        self.ends.push(self.text.len());
        self.kinds.push(kind);
    }

    /// Adds the cells of another column behind these.
    pub fn append(&mut self, other: &Texts) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| before + end));
        self.kinds.extend_from_slice(&other.kinds);
    }

    /// How many cells.
    pub fn n_cells(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all texts.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The text of a cell, empty where there is none.
    pub fn text(&self, row: usize) -> &str {
        match self.cell(row) {
            Cell::Text(text) => text,
            _ => "",
        }
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        match self.kinds[row] {
            Kind::Null => Cell::Null,
            Kind::Nested => Cell::Nested,
            Kind::Text => {
                let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
                Cell::Text(&self.text[start..self.ends[row]])
            }
        }
    }
}
