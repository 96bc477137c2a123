//! .csv and .tsv: one header, quoted fields with line breaks inside, every row as long as the
//! header.
//!
//! The `csv` crate splits; this module keeps the line numbers right and refuses what the crate
//! would let pass: ragged rows, and quotes that swallow rows (`quotes`).

use std::sync::Arc;

use super::delimiter;
use super::encoding::decode;
use super::quotes;
use super::repeated::Repeated;
use super::separators::{self, Notation};
use super::table::{Cell, Cells, Column, PlaceUnit, Places, Table, Texts, count_lines};
use crate::plan::FormatPlan;
use crate::problem::{Problem, Problems, Refusal, quoted};

/// Reads the bytes of a file.
///
/// `usual`: the delimiter that its name says.
pub fn read(file: String, bytes: &[u8], usual: u8, format: &FormatPlan) -> Result<Table, Refusal> {
    let decoded = decode(&file, bytes, format.encoding.as_deref())?;
    let text = decoded.text.as_ref();
    let typed = format.delimiter.and_then(|typed| u8::try_from(typed).ok());
    let found = delimiter::find(text, usual, typed);
    let spans = quotes::check(&file, text.as_bytes(), found.delimiter)?;
    let split = split(&file, text, found)?;
    let columns = &split.columns;
    let cell = |column: usize, row: usize| columns[column].text(row);
    let cells = quotes::Cells {
        n_columns: columns.len(),
        n_rows: split.lines.len(),
        cell: &cell,
    };
    quotes::refuse_swallowed_rows(&file, text.as_bytes(), found.delimiter, &spans, &cells)?;
    let mut notes: Vec<String> = decoded.note.into_iter().collect();
    if found.delimiter != usual && typed.is_none() {
        notes.push(delimiter::note(&file, found));
    }
    let places = Arc::new(Places {
        file: file.clone(),
        unit: PlaceUnit::Lines,
        numbers: split.lines,
    });
    let columns = split.names.into_iter().zip(split.columns);
    let columns = columns.map(|(name, texts)| Column {
        name,
        has_decimal_commas: found.delimiter != b',' && has_decimal_commas(&texts),
        cells: Cells::Texts(texts),
        places: places.clone(),
    });
    let columns: Vec<Column> = columns.collect();
    notes.extend(separators::with_commas(&file, &columns));
    Ok(Table {
        file,
        hash: blake3::hash(bytes).to_hex().to_string(),
        columns,
        n_rows: places.numbers.len(),
        notes,
    })
}

/// A text in fields.
struct Split {
    names: Vec<String>,
    /// One a name.
    columns: Vec<Texts>,
    /// Where each row begins.
    lines: Vec<usize>,
}

fn split(file: &str, text: &str, found: delimiter::Found) -> Result<Split, Refusal> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(found.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut next = |record: &mut csv::StringRecord| {
        reader
            .read_record(record)
            .map_err(|error| Problem::new(file, format!("cannot be split into fields: {error}")))
    };
    if found.n_skipped > 0 {
        next(&mut record)?;
    }
    if !next(&mut record)? {
        return Err(Problem::new(file, "is empty").into());
    }
    let names: Vec<String> = record.iter().map(str::to_owned).collect();
    let mut columns = vec![Texts::default(); names.len()];
    let mut lines = Lines::new(text.as_bytes());
    let mut numbers = Vec::new();
    let mut ragged = Vec::new();
    while next(&mut record)? {
        let line = lines.of(&record);
        if record.len() != names.len() {
            ragged.push(Ragged {
                line,
                n_fields: record.len(),
                ends_empty: record.iter().next_back() == Some(""),
            });
            continue;
        }
        numbers.push(line);
        for (column, field) in columns.iter_mut().zip(record.iter()) {
            column.push(Cell::Text(field));
        }
    }
    let mut problems = Problems::default();
    problems.extend(of_ragged(file, &names, &ragged, numbers.len()));
    if numbers.is_empty() && problems.is_empty() {
        problems.push(Problem::new(file, "has a header and no rows"));
    }
    problems.finish(Split {
        names,
        columns,
        lines: numbers,
    })
}

/// Do the numbers of a column have decimal commas, and none a point?
fn has_decimal_commas(texts: &Texts) -> bool {
    let cells = (0..texts.n_cells()).map(|row| texts.text(row));
    separators::notation(cells) == Some(Notation::Comma)
}

/// A row that is longer or shorter than the header.
struct Ragged {
    line: usize,
    n_fields: usize,
    ends_empty: bool,
}

/// What is wrong with a file of which these rows do not fit the header and `n_fitting` do: the
/// reason where there is one, else the rows by their length.
fn of_ragged(file: &str, names: &[String], ragged: &[Ragged], n_fitting: usize) -> Vec<Problem> {
    let Some(first) = ragged.first() else {
        return Vec::new();
    };
    let place = |line: usize| format!("{file}:{line}");
    let all_alike = ragged.iter().all(|row| row.n_fields == first.n_fields);
    let header = names.first().map_or("", String::as_str);
    let is_title = names.len() < first.n_fields && (names.len() == 1 || header.starts_with('#'));
    if all_alike && is_title && n_fitting * 10 <= ragged.len() {
        let message = format!(
            "the header {} has {}, and the lines from line {} on have {}: it reads like a comment or a title above the header",
            quoted(header),
            fields(names.len()),
            first.line,
            first.n_fields
        );
        let problem = Problem::new(place(1), message);
        return vec![problem.with_try("the same file without the lines above the header")];
    }
    let ends_in_delimiter = |row: &Ragged| row.ends_empty && row.n_fields == names.len() + 1;
    if n_fitting == 0 && ragged.iter().all(ends_in_delimiter) {
        let message = format!(
            "every row ends in a delimiter and so has {}, and the header, which does not, has {}",
            fields(first.n_fields),
            names.len()
        );
        let problem = Problem::new(place(first.line), message);
        return vec![
            problem.with_try("the same file without the delimiters at the ends of the rows"),
        ];
    }
    if n_fitting == 0 && all_alike && first.n_fields == names.len() + 1 {
        let message = format!(
            "every row has {}, one more than the header: R writes row names so",
            fields(first.n_fields)
        );
        let problem = Problem::new(place(first.line), message);
        return vec![problem.with_try(
            "a name before those of the header, or in R write.table(…, row.names = FALSE)",
        )];
    }
    let mut repeated = Repeated::default();
    for row in ragged {
        let (got, expected) = (fields(row.n_fields), names.len());
        let message = format!("has {got}, and the header has {expected}");
        repeated.push(row.line, &message, || message.clone());
    }
    let remedy = "quotes around a field that holds the delimiter, a quote or a line break";
    repeated.problems(file, remedy)
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

    /// The line on which a record begins. The crate's own position is that of the blank lines
    /// before it.
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
