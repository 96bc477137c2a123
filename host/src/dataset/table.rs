//! [`Table`]: a file of rows and named columns, whatever its format, in which every cell still knows its line.
//!
//! Values stay as written; what is a number, a text or an id is decided by whoever asks for the column. Reading is in one piece: a
//! study's tables fit in memory, and half a table is of no use.

use std::path::Path;
use std::sync::Arc;

use super::{delimited, jsonl, parquet};
use crate::problem::{Problem, Refusal, listed_up_to, shown_path, suggestion};

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
}

/// Where the rows of a column stand in their file.
#[derive(Debug, Clone)]
pub struct Places {
    /// For messages.
    pub file: String,
    /// Lines of a text file, or else rows.
    pub are_lines: bool,
    /// From 1; 0 for a row that a joined table does not have.
    pub numbers: Vec<usize>,
}

/// The cells of a column.
#[derive(Debug, Clone)]
pub enum Cells {
    /// As written.
    Texts(Texts),
    /// Floats of a binary format; NaN for null.
    Numbers(Vec<f64>),
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
    /// A list or an object.
    Nested,
}

impl Table {
    /// Reads a .csv, .tsv, .jsonl or .parquet file.
    ///
    /// # Errors
    /// A [`Refusal`] when the file cannot be read, is not what its name says, is damaged or holds no rows.
    pub fn read(path: &Path) -> Result<Table, Refusal> {
        let file = shown_path(path);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let bytes = || read_bytes(path, &file);
        match extension.to_str() {
            Some("csv") => delimited::read(file.clone(), &bytes()?, b','),
            Some("tsv") => delimited::read(file.clone(), &bytes()?, b'\t'),
            Some("jsonl") => jsonl::read(file.clone(), &bytes()?),
            Some("parquet") => parquet::read(file.clone(), bytes()?),
            _ => {
                let message = "is none of .csv, .tsv, .jsonl, .parquet";
                Err(Problem::new(file, message).into())
            }
        }
    }

    /// Leaves only these rows; every row keeps its line.
    pub fn keep(&mut self, rows: &[usize]) {
        let picked: Vec<Option<usize>> = rows.iter().copied().map(Some).collect();
        for column in &mut self.columns {
            let places = Places {
                file: column.places.file.clone(),
                are_lines: column.places.are_lines,
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

/// The bytes of a file.
pub fn read_bytes(path: &Path, shown: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::new(shown, format!("cannot be read: {error}")))
}

/// The text of a file, without a byte order mark.
pub fn as_text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let line = 1 + count_lines(&bytes[..at]);
            let message = format!("is not UTF-8 text: byte {at} is {:#04x}", bytes[at]);
            Err(Problem::new(format!("{file}:{line}"), message)
                .with_try("save it as UTF-8; spreadsheets offer \"CSV UTF-8\""))
        }
    }
}

/// Line ends: `\n`, `\r\n`, or `\r` alone.
pub fn count_lines(bytes: &[u8]) -> usize {
    let is_end = |i: usize| match bytes[i] {
        b'\n' => true,
        b'\r' => bytes.get(i + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(|i| is_end(*i)).count()
}

impl Places {
    /// `loans.csv:97`, or `loans.parquet row 97`.
    pub fn of(&self, row: usize) -> String {
        match (self.numbers[row], self.are_lines) {
            (0, _) => self.file.clone(),
            (line, true) => format!("{}:{line}", self.file),
            (number, false) => format!("{} row {number}", self.file),
        }
    }

    /// `line 97`, `lines 97, 402 and 3 more`: the rows that this file has, the first five.
    pub fn listed(&self, rows: &[usize]) -> String {
        let unit = match (self.are_lines, rows.len()) {
            (true, 1) => "line",
            (true, _) => "lines",
            (false, 1) => "row",
            (false, _) => "rows",
        };
        let numbers = rows.iter().map(|row| self.numbers[*row].to_string());
        format!("{unit} {}", listed_up_to(5, numbers))
    }
}

impl Column {
    /// One cell.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match &self.cells {
            Cells::Texts(texts) => texts.cell(row),
            Cells::Numbers(numbers) if numbers[row].is_nan() => Cell::Null,
            Cells::Numbers(numbers) => Cell::Number(numbers[row]),
        }
    }

    /// The column with its rows in another order; `None` leaves a row null.
    pub fn picked(&self, rows: &[Option<usize>], places: Arc<Places>, name: String) -> Column {
        let cells = match &self.cells {
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
        }
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

    /// How many cells.
    pub fn n_cells(&self) -> usize {
        self.ends.len()
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
