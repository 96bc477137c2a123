//! A sheet as columns: its cells one by one, each known by its row and column.

use std::sync::Arc;

use calamine::{Data, ExcelDateTime};

use super::super::ids::name_of;
use super::super::separators::{self, Notation};
use super::super::table::{Cell, Cells, Column, PlaceUnit, Places, Table, Texts, cell_bytes};
use super::damaged;
use crate::problem::Problem;

/// A sheet as columns, while its cells come in.
pub(super) struct Grid {
    header: Option<u32>,
    names: Vec<Option<String>>,
    columns: Vec<Cells>,
    /// The rows below the header that hold something, from 1.
    rows: Vec<usize>,
    last: Option<u32>,
    /// Formulas without a value, the first of them.
    unfilled: (usize, String),
    bytes: usize,
    most: usize,
}

impl Grid {
    pub(super) fn new(most: usize) -> Grid {
        Grid {
            header: None,
            names: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            last: None,
            unfilled: (0, String::new()),
            bytes: 0,
            most,
        }
    }

    /// Takes a cell; rows come in order.
    pub(super) fn push(
        &mut self,
        (row, column): (u32, u32),
        value: &Data,
        is_formula: bool,
    ) -> Result<(), String> {
        let at = column as usize;
        if matches!(value, Data::Empty) || matches!(value, Data::String(text) if text.is_empty()) {
            if is_formula && matches!(value, Data::Empty) {
                self.unfilled.0 += 1;
                if self.unfilled.0 == 1 {
                    self.unfilled.1 = format!("{}{}", letters(at), row + 1);
                }
            }
            return Ok(());
        }
        if self.last.is_some_and(|last| row < last) {
            return Err("its rows are not in order".to_owned());
        }
        self.last = Some(row);
        let header = *self.header.get_or_insert(row);
        while self.columns.len() <= at {
            self.columns.push(Cells::Numbers(Vec::new()));
            self.names.push(None);
        }
        if row == header {
            self.names[at] = Some(text_of(value));
            return Ok(());
        }
        let number = row as usize + 1;
        if self.rows.last() != Some(&number) {
            self.rows.push(number);
        }
        self.fill(at, self.rows.len() - 1)?;
        self.add(at, value)
    }

    /// Empty cells above row `n`.
    fn fill(&mut self, at: usize, n: usize) -> Result<(), String> {
        let has = match &self.columns[at] {
            Cells::Texts(texts) => texts.n_cells(),
            Cells::Numbers(numbers) => numbers.len(),
            Cells::Lists(_) | Cells::Unread => 0,
        };
        let Some(lacks) = n.checked_sub(has) else {
            return Err("a cell comes twice".to_owned());
        };
        self.bytes = self.bytes.saturating_add(cell_bytes(lacks + 1, 1));
        if self.bytes > self.most {
            return Err("its cells would take more memory than a file of its size may".to_owned());
        }
        match &mut self.columns[at] {
            Cells::Texts(texts) => (0..lacks).for_each(|_| texts.push(Cell::Null)),
            Cells::Numbers(numbers) => numbers.resize(n, f64::NAN),
            Cells::Lists(_) | Cells::Unread => {}
        }
        Ok(())
    }

    /// A column of numbers becomes one of texts with its first text.
    fn add(&mut self, at: usize, value: &Data) -> Result<(), String> {
        let number = match value {
            Data::Int(number) => Some(*number as f64),
            Data::Float(number) => Some(*number),
            _ => None,
        };
        let column = &mut self.columns[at];
        if let (Cells::Numbers(numbers), Some(number)) = (&mut *column, number) {
            numbers.push(number);
            return Ok(());
        }
        if let Cells::Numbers(numbers) = &*column {
            let mut texts = Texts::default();
            for &number in numbers {
                texts.push(if number.is_nan() {
                    Cell::Null
                } else {
                    Cell::Number(number)
                });
            }
            *column = Cells::Texts(texts);
        }
        if let Cells::Texts(texts) = column {
            let text = text_of(value);
            self.bytes = self.bytes.saturating_add(text.len());
            texts.push(number.map_or(Cell::Text(&text), Cell::Number));
        }
        Ok(())
    }

    pub(super) fn note(&self, file: &str, sheet: &str) -> Option<String> {
        let (n, first) = &self.unfilled;
        let what = match n {
            0 => return None,
            1 => "1 cell holds a formula".to_owned(),
            n => format!("{n} cells hold formulas"),
        };
        Some(format!(
            "{}: {what} without a value (the first {sheet}!{first}), as a program leaves them that does not calculate; read as empty: open and save it in a spreadsheet",
            name_of(file)
        ))
    }

    pub(super) fn table(
        mut self,
        file: String,
        hash: String,
        sheet: &str,
        mut notes: Vec<String>,
    ) -> Result<Table, Problem> {
        let Some(header) = self.header else {
            return Err(Problem::new(file, format!("sheet `{sheet}` is empty")));
        };
        if self.rows.is_empty() {
            return Err(Problem::new(
                file,
                format!("sheet `{sheet}` has a header and no rows"),
            ));
        }
        let n_rows = self.rows.len();
        self.refuse_title(&file, sheet, header as usize + 1)?;
        for at in 0..self.columns.len() {
            self.fill(at, n_rows).map_err(|why| damaged(&file, &why))?;
        }
        let columns = self.names.into_iter().zip(self.columns).enumerate();
        // A column of which there is neither a name nor a cell is only a gap.
        let columns = columns.filter(|(_, (name, cells))| name.is_some() || has_something(cells));
        let columns: Vec<Column> = columns
            .map(|(at, (name, cells))| Column {
                name: name.unwrap_or_default(),
                has_decimal_commas: has_decimal_commas(&cells),
                labels: None,
                cells,
                places: Arc::new(Places {
                    file: file.clone(),
                    unit: PlaceUnit::Cells(format!("{sheet}!{}", letters(at))),
                    numbers: self.rows.clone(),
                }),
            })
            .collect();
        notes.extend(separators::with_commas(&file, &columns));
        Ok(Table {
            file,
            hash,
            columns,
            n_rows,
            notes,
        })
    }

    /// One cell above columns of several is a title.
    fn refuse_title(&self, file: &str, sheet: &str, row: usize) -> Result<(), Problem> {
        let named: Vec<&String> = self.names.iter().flatten().collect();
        let nameless = self.names.iter().zip(&self.columns);
        let nameless = nameless
            .filter(|(name, cells)| name.is_none() && has_something(cells))
            .count();
        match named.as_slice() {
            [title] if nameless > 0 => {
                let message = format!(
                    "row {row} of sheet `{sheet}` has one cell, `{title}`, above {} columns: it reads like a title above the header",
                    nameless + 1
                );
                Err(Problem::new(file, message)
                    .with_try("the sheet without the rows above its header"))
            }
            _ => Ok(()),
        }
    }
}

fn has_something(cells: &Cells) -> bool {
    match cells {
        Cells::Numbers(numbers) => numbers.iter().any(|number| !number.is_nan()),
        Cells::Texts(texts) => texts.n_cells() > 0,
        Cells::Lists(_) | Cells::Unread => false,
    }
}

/// Text typed as `3,5` where numbers are meant.
fn has_decimal_commas(cells: &Cells) -> bool {
    match cells {
        Cells::Texts(texts) => {
            let cells = (0..texts.n_cells()).map(|row| texts.text(row));
            separators::notation(cells) == Some(Notation::Comma)
        }
        _ => false,
    }
}

/// A value as it would stand in a CSV file; dates as ISO 8601 writes them.
fn text_of(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => date(time),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

fn date(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    let days = time.as_f64();
    if time.is_duration() {
        let seconds = (days * 86_400.0).round() as i64;
        format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    } else if (0.0..1.0).contains(&days) {
        clock
    } else if days.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {clock}")
    }
}

/// `A`, `Z`, `AA`: what a spreadsheet calls a column.
fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + (at % 26) as u8);
        if at < 26 {
            break;
        }
        at = at / 26 - 1;
    }
    letters.into_iter().rev().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_a_spreadsheet() {
        for (at, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(letters(at), name);
        }
    }

    #[test]
    fn one_far_cell_in_every_column_is_stopped_before_it_fills_the_memory() {
        let mut grid = Grid::new(1 << 20);
        let pushed = (0..1000)
            .try_for_each(|column| grid.push((0, column), &Data::String("x".into()), false));
        assert!(pushed.is_ok());
        let mut pushed = Ok(());
        for row in 1..200 {
            pushed = pushed.and_then(|()| grid.push((row, 0), &Data::Float(1.0), false));
        }
        let far =
            (0..1000).try_for_each(|column| grid.push((200, column), &Data::Float(1.0), false));
        assert!(pushed.is_ok() && far.is_err(), "{far:?}");
        assert!(grid.bytes < 2 << 20);
    }
}
