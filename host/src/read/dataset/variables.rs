//! What files of SPSS and Stata have in common: variables that become columns, row by row, with the
//! labels of their values, in as much memory as a file of that size may take.

use std::sync::Arc;

use encoding_rs::Encoding;

use super::bytes::text;
use super::moments::Moment;
use super::table::{Cell, Cells, Column, PlaceUnit, Places, Table, Texts, Wanted, cell_bytes};
use super::value_labels::ValueLabels;
use crate::problem::{Problem, Refusal, quoted};

/// A column while its rows come in.
#[derive(Debug)]
pub(super) struct Variable {
    pub name: String,
    pub labels: ValueLabels,
    /// Its numbers are seconds.
    pub moment: Option<Moment>,
    /// Nobody needs it: what cannot be read of it is no reason to refuse the file.
    is_spare: bool,
    cells: Cells,
}

/// All columns of a file while its rows come in.
#[derive(Debug)]
pub(super) struct Variables {
    pub all: Vec<Variable>,
    encoding: &'static Encoding,
    n_rows: usize,
    bytes: usize,
    most: usize,
}

/// Why a row cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Of the whole file.
    Damaged(String),
    /// A text is not in the encoding of the file: the name of its column, the row, from 1, and what
    /// it looks like.
    Undecodable(String, usize, String),
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Fault::Damaged(message)
    }
}

impl Variable {
    pub fn new(name: String, is_text: bool, moment: Option<Moment>) -> Self {
        let is_text = is_text || moment.is_some();
        Self {
            name,
            labels: ValueLabels::default(),
            moment,
            is_spare: false,
            cells: match is_text {
                true => Cells::Texts(Texts::default()),
                false => Cells::Numbers(Vec::new()),
            },
        }
    }
}

impl Variables {
    /// `most`: bytes that the cells may take.
    pub fn new(
        mut all: Vec<Variable>,
        wanted: Wanted<'_>,
        encoding: &'static Encoding,
        most: usize,
    ) -> Self {
        if let Wanted::Named(is_wanted) = wanted {
            for variable in &mut all {
                variable.is_spare = !is_wanted(&variable.name);
            }
        }
        Self {
            all,
            encoding,
            n_rows: 0,
            bytes: 0,
            most,
        }
    }

    /// Begins a row: a cell of every variable follows.
    pub fn begin_row(&mut self) -> Result<(), Fault> {
        self.n_rows += 1;
        self.bytes = self.bytes.saturating_add(cell_bytes(1, self.all.len()));
        match self.bytes > self.most {
            true => Err("its cells would take more memory than a file of its size may".to_owned())?,
            false => Ok(()),
        }
    }

    /// The cell of variable `at`; `None` where it is missing.
    pub fn push_number(&mut self, at: usize, number: Option<f64>) {
        let variable = &mut self.all[at];
        let number = number.filter(|number| !number.is_nan());
        match (&mut variable.cells, variable.moment, number) {
            (Cells::Numbers(numbers), ..) => numbers.push(number.unwrap_or(f64::NAN)),
            (Cells::Texts(texts), Some(moment), Some(seconds)) => {
                texts.push(Cell::Text(&moment.written(seconds)));
            }
            (Cells::Texts(texts), ..) => texts.push(Cell::Null),
            (Cells::Lists(_) | Cells::Unread, ..) => {}
        }
    }

    /// The cell of variable `at`; `None` where it is missing.
    pub fn push_text(&mut self, at: usize, field: Option<&[u8]>) -> Result<(), Fault> {
        let variable = &mut self.all[at];
        let Cells::Texts(texts) = &mut variable.cells else {
            return Ok(());
        };
        let Some(field) = field else {
            texts.push(Cell::Null);
            return Ok(());
        };
        match text(field, self.encoding) {
            Some(text) => {
                self.bytes = self.bytes.saturating_add(text.len());
                texts.push(Cell::Text(&text));
            }
            None if variable.is_spare => variable.cells = Cells::Unread,
            None => {
                let (shown, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(field);
                let name = variable.name.clone();
                return Err(Fault::Undecodable(
                    name,
                    self.n_rows,
                    quoted(shown.trim_end()),
                ));
            }
        }
        Ok(())
    }

    /// The table of all rows.
    pub fn table(self, file: String, hash: String, notes: Vec<String>) -> Result<Table, Refusal> {
        if self.n_rows == 0 || self.all.is_empty() {
            return Err(Problem::new(file, "has no rows").into());
        }
        let places = Arc::new(Places {
            file: file.clone(),
            unit: PlaceUnit::Rows,
            numbers: (1..=self.n_rows).collect(),
        });
        let column = |variable: Variable| Column {
            name: variable.name,
            labels: (!variable.labels.is_empty()).then(|| Arc::new(variable.labels)),
            cells: variable.cells,
            places: places.clone(),
            has_decimal_commas: false,
        };
        Ok(Table {
            file,
            hash,
            columns: self.all.into_iter().map(column).collect(),
            n_rows: self.n_rows,
            notes,
        })
    }
}

impl Fault {
    /// In words. `program`: whose file it is.
    pub fn problem(self, file: &str, program: &str, encoding: &'static Encoding) -> Problem {
        match self {
            Fault::Damaged(why) => {
                let message = format!("is not a readable file of {program}: {why}");
                Problem::new(file, message).with_try(format!(
                    "open it in {program} and save it again, or copy it again"
                ))
            }
            Fault::Undecodable(column, row, shown) => {
                let name = encoding.name();
                let message = format!(
                    "column `{column}` is not sound {name} text; as windows-1252 it reads {shown}"
                );
                Problem::new(format!("{file} row {row}"), message)
                    .with_try("encoding = \"windows-1252\" beside the file's `path`, or another if that does not read well")
            }
        }
    }
}
