//! .xlsx, .xls and .ods: one sheet as a table, its first row the header. Values are those that the
//! sheet shows as results; formulas are not calculated.
//!
//! The `calamine` crate reads the formats. Cells are taken one by one, for a single cell far below
//! and far to the right would make a full grid of gigabytes; an archive is unpacked once beforehand,
//! to nowhere, so that its size is known.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, ExcelDateTime, Ods, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsx};
use zip::ZipArchive;

use super::ids::name_of;
use super::quiet::caught;
use super::separators::{self, Notation};
use super::table::{Cell, Cells, Column, PlaceUnit, Places, Table, Texts, cell_bytes, most_bytes};
use crate::problem::{Problem, Refusal, listed_up_to, suggestion};

/// Reads a sheet of the bytes of a file. `typed`: its name; without one the only sheet that holds
/// something is meant.
pub fn read(file: String, bytes: Vec<u8>, typed: Option<&str>) -> Result<Table, Refusal> {
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty").into());
    }
    let hash = blake3::hash(&bytes).to_hex().to_string();
    let read = caught(|| {
        let mut book = Book::open(&file, &bytes)?;
        let sheet = book.choose(&file, typed)?;
        let grid = book
            .grid(&sheet, most_bytes(bytes.len()))
            .map_err(|why| damaged(&file, &why))?;
        Ok((sheet, grid, book.names.len()))
    });
    let (sheet, grid, n_sheets) =
        read.unwrap_or_else(|| Err(damaged(&file, "the reader gave up on it")))?;
    let mut notes = Vec::new();
    if n_sheets > 1 && typed.is_none() {
        notes.push(format!(
            "{}: sheet `{sheet}`, the only one that holds something",
            name_of(&file)
        ));
    }
    notes.extend(grid.note(&file, &sheet));
    Ok(grid.table(file, hash, &sheet, notes)?)
}

/// Is this the name of a workbook?
pub fn is_workbook(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| {
        ENDINGS
            .iter()
            .any(|known| found.eq_ignore_ascii_case(known))
    })
}

/// What the names of workbooks end in.
const ENDINGS: [&str; 4] = ["xlsx", "xlsm", "xls", "ods"];

/// The sheets of a workbook that hold something, those that are shown first.
pub fn sheets(file: &str, bytes: &[u8]) -> Result<Vec<String>, Problem> {
    let read = caught(|| Ok(Book::open(file, bytes)?.filled()));
    read.unwrap_or_else(|| Err(damaged(file, "the reader gave up on it")))
}

fn damaged(file: &str, why: &str) -> Problem {
    let message = format!("is not a readable workbook: {why}");
    Problem::new(file, message).with_try("open it and save it again, as .xlsx or as CSV UTF-8")
}

/// A workbook that was opened.
struct Book<'a> {
    source: Source<'a>,
    names: Vec<Sheet>,
}

enum Source<'a> {
    Xlsx(Xlsx<Cursor<&'a [u8]>>),
    Xls(Xls<Cursor<&'a [u8]>>),
    Ods(Ods<Cursor<&'a [u8]>>),
}

impl<'a> Book<'a> {
    fn open(file: &str, bytes: &'a [u8]) -> Result<Book<'a>, Problem> {
        let is_zip = bytes.starts_with(b"PK");
        let ends_in = |end: &str| file.to_ascii_lowercase().ends_with(end);
        if !is_zip && !ends_in(".xls") && bytes.starts_with(b"\xd0\xcf\x11\xe0") {
            let message = "is protected by a password, or an .xls file under another name";
            return Err(
                Problem::new(file, message).with_try("save it without a password, as .xlsx")
            );
        }
        if is_zip {
            refuse_large(bytes).map_err(|why| damaged(file, &why))?;
        }
        let source = Cursor::new(bytes);
        let opened = match (is_zip, ends_in(".ods")) {
            (true, true) => Ods::new(source)
                .map(Source::Ods)
                .map_err(|error| error.to_string()),
            (true, false) => Xlsx::new(source)
                .map(Source::Xlsx)
                .map_err(|error| error.to_string()),
            (false, _) => Xls::new(source)
                .map(Source::Xls)
                .map_err(|error| error.to_string()),
        };
        let source = opened.map_err(|why| damaged(file, &why))?;
        let names = match &source {
            Source::Xlsx(book) => book.sheets_metadata(),
            Source::Xls(book) => book.sheets_metadata(),
            Source::Ods(book) => book.sheets_metadata(),
        };
        let names = names
            .iter()
            .filter(|sheet| sheet.typ == SheetType::WorkSheet);
        Ok(Book {
            names: names.cloned().collect(),
            source,
        })
    }

    fn choose(&mut self, file: &str, typed: Option<&str>) -> Result<String, Problem> {
        if let Some(typed) = typed {
            let names = || self.names.iter().map(|sheet| sheet.name.as_str());
            return match names().any(|name| name == typed) {
                true => Ok(typed.to_owned()),
                false => {
                    let known = suggestion(typed, names().collect::<Vec<_>>());
                    Err(Problem::new(
                        file,
                        format!("no sheet is called `{typed}`{known}"),
                    ))
                }
            };
        }
        match self.filled().as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Problem::new(file, "has no sheet with anything in it")),
            several => {
                let all = listed_up_to(10, several.iter().map(|name| format!("`{name}`")));
                let message = format!("has several sheets: {all}");
                let remedy = format!("sheet = \"{}\" beside the file's `path`", several[0]);
                Err(Problem::new(file, message).with_try(remedy))
            }
        }
    }

    /// Sheets with a cell in them; hidden ones only where no other has one.
    fn filled(&mut self) -> Vec<String> {
        let all: Vec<Sheet> = self.names.clone();
        let (shown, hidden): (Vec<Sheet>, Vec<Sheet>) = all
            .into_iter()
            .partition(|sheet| sheet.visible == SheetVisible::Visible);
        let mut filled = |sheets: Vec<Sheet>| -> Vec<String> {
            let names = sheets.into_iter().map(|sheet| sheet.name);
            names.filter(|name| self.has_cells(name)).collect()
        };
        let shown = filled(shown);
        match shown.is_empty() {
            true => filled(hidden),
            false => shown,
        }
    }

    fn has_cells(&mut self, name: &str) -> bool {
        match &mut self.source {
            Source::Xlsx(book) => {
                let Ok(mut cells) = book.worksheet_cells_reader(name) else {
                    return false;
                };
                while let Ok(Some(cell)) = cells.next_cell() {
                    if !matches!(Data::from(cell.get_value().clone()), Data::Empty) {
                        return true;
                    }
                }
                false
            }
            Source::Xls(book) => book
                .worksheet_range(name)
                .is_ok_and(|range| !range.is_empty()),
            Source::Ods(book) => book
                .worksheet_range(name)
                .is_ok_and(|range| !range.is_empty()),
        }
    }

    fn grid(&mut self, name: &str, most: usize) -> Result<Grid, String> {
        let mut grid = Grid::new(most);
        let range = match &mut self.source {
            Source::Xlsx(book) => {
                let mut cells = book
                    .worksheet_cells_reader(name)
                    .map_err(|error| error.to_string())?;
                while let Some(cell) = cells
                    .next_cell_with_formula_metadata()
                    .map_err(|error| error.to_string())?
                {
                    grid.push(cell.pos, &cell.value.into(), cell.formula.is_some())?;
                }
                return Ok(grid);
            }
            Source::Xls(book) => book
                .worksheet_range(name)
                .map_err(|error| error.to_string())?,
            Source::Ods(book) => book
                .worksheet_range(name)
                .map_err(|error| error.to_string())?,
        };
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let of = |at: usize| u32::try_from(at).map_err(|error| error.to_string());
            grid.push((top + of(row)?, left + of(column)?), value, false)?;
        }
        Ok(grid)
    }
}

/// Refuses an archive that unfolds to more than a file of its size may.
fn refuse_large(bytes: &[u8]) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut left = most_bytes(bytes.len()) as u64;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| error.to_string())?;
        let read = std::io::copy(&mut file.take(left.saturating_add(1)), &mut std::io::sink());
        let read = read.map_err(|error| error.to_string())?;
        left = left
            .checked_sub(read)
            .ok_or("it unfolds to more than a file of its size may")?;
    }
    Ok(())
}

/// A sheet as columns, while its cells come in.
struct Grid {
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
    fn new(most: usize) -> Grid {
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
    fn push(
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

    fn note(&self, file: &str, sheet: &str) -> Option<String> {
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

    fn table(
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
