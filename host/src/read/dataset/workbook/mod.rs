//! .xlsx, .xls and .ods: one sheet as a table, its first row the header. Values are those that the
//! sheet shows as results; formulas are not calculated.
//!
//! The `calamine` crate reads the formats. Cells are taken one by one, for a single cell far below
//! and far to the right would make a full grid of gigabytes; an archive is unpacked once beforehand,
//! to nowhere, so that its size is known.

mod grid;

use std::io::{Cursor, Read};
use std::path::Path;

use calamine::{Data, Ods, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsx};
use zip::ZipArchive;

use super::ids::name_of;
use super::quiet::caught;
use super::table::{Table, most_bytes};
use crate::problem::{Problem, Refusal, listed_up_to, suggestion};
use grid::Grid;

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
