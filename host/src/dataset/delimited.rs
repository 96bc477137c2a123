//! .csv and .tsv: one header, quoted fields with line breaks inside, every row as long as the header.
//!
//! The `csv` crate splits; this module keeps the line numbers right and refuses what the crate would let pass: ragged rows and a quote that
//! is never closed, which would swallow the rest of the file.

use std::sync::Arc;

use super::table::{Cell, Cells, Column, Places, Table, Texts, as_text, count_lines};
use crate::problem::{Problem, Problems, Refusal};

/// Reads the bytes of a file.
pub fn read(file: String, bytes: &[u8], delimiter: u8) -> Result<Table, Refusal> {
    let text = as_text(&file, bytes)?;
    if let Some(line) = unclosed_quote(text.as_bytes(), delimiter) {
        let message = "a quoted field begins here and is never closed";
        return Err(Problem::new(format!("{file}:{line}"), message).into());
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut problems = Problems::default();
    let mut record = csv::StringRecord::new();
    let mut next = |record: &mut csv::StringRecord| {
        reader
            .read_record(record)
            .map_err(|error| Problem::new(&file, format!("cannot be split into fields: {error}")))
    };
    if !next(&mut record)? {
        return Err(Problem::new(&file, "is empty").into());
    }
    let names: Vec<String> = record.iter().map(str::to_owned).collect();
    let mut columns = vec![Texts::default(); names.len()];
    let mut lines = Lines::new(text.as_bytes());
    let mut numbers = Vec::new();
    while next(&mut record)? {
        let line = lines.of(&record);
        if record.len() != names.len() {
            let (got, expected) = (fields(record.len()), names.len());
            let message = format!("has {got}, and the header has {expected}");
            problems.push(Problem::new(format!("{file}:{line}"), message));
            continue;
        }
        numbers.push(line);
        for (column, field) in columns.iter_mut().zip(record.iter()) {
            column.push(Cell::Text(field));
        }
    }
    if numbers.is_empty() && problems.is_empty() {
        problems.push(Problem::new(&file, "has a header and no rows"));
    }
    let places = Arc::new(Places {
        file: file.clone(),
        are_lines: true,
        numbers,
    });
    let columns = names
        .into_iter()
        .zip(columns)
        .map(|(name, texts)| Column {
            name,
            cells: Cells::Texts(texts),
            places: places.clone(),
        })
        .collect();
    problems.finish(Table {
        file,
        hash: blake3::hash(bytes).to_hex().to_string(),
        columns,
        n_rows: places.numbers.len(),
    })
}

fn fields(count: usize) -> String {
    match count {
        1 => "1 field".to_owned(),
        count => format!("{count} fields"),
    }
}

/// Lines of records, counted once from the start.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Lines {
            bytes,
            counted: 0,
            line: 1,
        }
    }

    /// The line on which a record begins. The crate's own position is that of the blank lines before it.
    fn of(&mut self, record: &csv::StringRecord) -> usize {
        let position = record.position().map_or(0, csv::Position::byte);
        let mut at = usize::try_from(position).map_or(self.counted, |at| at.max(self.counted));
        while matches!(self.bytes.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        self.line += count_lines(&self.bytes[self.counted..at.min(self.bytes.len())]);
        self.counted = at.min(self.bytes.len());
        self.line
    }
}

/// The line of a quoted field that the end of the file finds open. A quote opens a field only at its start, and `""` is a quote inside.
fn unclosed_quote(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut opened = None;
    let mut is_start = true;
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        match opened {
            Some(_) if byte == b'"' && bytes.get(i + 1) == Some(&b'"') => i += 1,
            Some(_) if byte == b'"' => opened = None,
            Some(_) => {}
            None if byte == b'"' && is_start => opened = Some(i),
            None => {}
        }
        is_start = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r');
        i += 1;
    }
    opened.map(|at| 1 + count_lines(&bytes[..at]))
}
