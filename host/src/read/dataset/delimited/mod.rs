//! .csv and .tsv: one header, quoted fields with line breaks inside, every row as long as the
//! header.
//!
//! The `csv` crate splits, in several pieces at once (`pieces`); this module keeps the line numbers
//! right and refuses what the crate would let pass: ragged rows, and quotes that swallow rows
//! (`quotes`). Of a large file only the columns that are asked for are kept.

mod pieces;

use std::sync::Arc;

use super::delimiter;
use super::encoding::decode;
use super::labels;
use super::quotes;
use super::repeated::Repeated;
use super::separators::{self, Notation};
use super::table::{Cells, Column, PlaceUnit, Places, Table, Texts, Wanted, cell_bytes};
use crate::plan::FormatPlan;
use crate::problem::{Problem, Problems, Refusal, quoted};
use pieces::{Ragged, Split, Splitter};

/// Rows by which is judged what a column is like.
const SAMPLE: usize = 10_000;
/// Memory for columns that nobody asked for, which may tell whose a row is. Smaller files are kept
/// whole.
const SPARE_BYTES: usize = 128 << 20;

/// Reads the bytes of a file.
///
/// `usual`: the delimiter that its name says.
pub fn read(
    file: String,
    bytes: &[u8],
    usual: u8,
    format: &FormatPlan,
    wanted: Wanted<'_>,
) -> Result<Table, Refusal> {
    let (hash, read) = std::thread::scope(|scope| {
        let hash = scope.spawn(|| blake3::hash(bytes));
        let read = columns(&file, bytes, usual, format, wanted);
        (hash.join(), read)
    });
    let (columns, n_rows, mut notes) = read?;
    // Hashing does not panic.
    let hash = hash
        .unwrap_or_else(|_| blake3::hash(bytes))
        .to_hex()
        .to_string();
    notes.extend(separators::with_commas(&file, &columns));
    Ok(Table {
        file,
        hash,
        columns,
        n_rows,
        notes,
    })
}

/// Columns, rows, and what is said of how they were read.
fn columns(
    file: &str,
    bytes: &[u8],
    usual: u8,
    format: &FormatPlan,
    wanted: Wanted<'_>,
) -> Result<(Vec<Column>, usize, Vec<String>), Refusal> {
    let decoded = decode(file, bytes, format.encoding.as_deref())?;
    let text = decoded.text.as_ref();
    let typed = format.delimiter.and_then(|typed| u8::try_from(typed).ok());
    let found = delimiter::find(text, usual, typed);
    let delimiter = found.delimiter;
    let spans = quotes::check(file, text.as_bytes(), delimiter)?;
    let (names, from) = header(file, text, found)?;
    let all = vec![true; names.len()];
    let sample = Splitter {
        delimiter,
        is_kept: &all,
    };
    let sample = || {
        let sample = sample.piece(&text[from..], SAMPLE);
        sample.map_err(|error| unsplittable(file, &error))
    };
    let is_kept = match wanted {
        Wanted::Named(is_wanted) if text.len() > SPARE_BYTES => {
            let is_wanted = names.iter().map(|name| is_wanted(name)).collect();
            with_spare(&names, is_wanted, &sample()?, text.len() - from)
        }
        _ => all.clone(),
    };
    let splitter = Splitter {
        delimiter,
        is_kept: &is_kept,
    };
    let split = splitter
        .all(text, from, &spans)
        .map_err(|error| unsplittable(file, &error))?;
    let mut problems = Problems::default();
    problems.extend(of_ragged(file, &names, &split.ragged, split.lines.len()));
    if split.lines.is_empty() && problems.is_empty() {
        problems.push(Problem::new(file, "has a header and no rows"));
    }
    problems.finish(())?;
    let sample = || sample().map(|sample| sample.columns);
    quotes::refuse_swallowed_rows(
        file,
        text.as_bytes(),
        delimiter,
        &spans,
        names.len(),
        sample,
    )?;
    let mut notes: Vec<String> = decoded.note.into_iter().collect();
    if delimiter != usual && typed.is_none() {
        notes.push(delimiter::note(file, found));
    }
    let places = Arc::new(Places {
        file: file.to_owned(),
        unit: PlaceUnit::Lines,
        numbers: split.lines,
    });
    let columns = names.into_iter().zip(split.columns).zip(is_kept);
    let columns = columns.map(|((name, texts), is_kept)| Column {
        name,
        has_decimal_commas: delimiter != b',' && has_decimal_commas(&texts),
        labels: None,
        cells: match is_kept {
            true => Cells::Texts(texts),
            false => Cells::Unread,
        },
        places: places.clone(),
    });
    Ok((columns.collect(), places.numbers.len(), notes))
}

fn unsplittable(file: &str, error: &csv::Error) -> Problem {
    Problem::new(file, format!("cannot be split into fields: {error}"))
}

/// The names in the header, and where the rows begin.
fn header(
    file: &str,
    text: &str,
    found: delimiter::Found,
) -> Result<(Vec<String>, usize), Problem> {
    let text = &text[found.n_skipped..];
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(found.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let is_there = reader
        .read_record(&mut record)
        .map_err(|error| unsplittable(file, &error))?;
    let names: Vec<String> = record.iter().map(str::to_owned).collect();
    let end = usize::try_from(reader.position().byte())
        .ok()
        .filter(|_| is_there);
    let Some(end) = end else {
        return Err(Problem::new(file, "is empty"));
    };
    // The crate takes `\r\n` in two.
    let is_split = text.as_bytes()[..end].ends_with(b"\r") && text[end..].starts_with('\n');
    Ok((names, found.n_skipped + end + usize::from(is_split)))
}

/// The columns that are wanted and, while they fit, those that may tell whose a row is: short words
/// rather than numbers, or called like a label.
fn with_spare(
    names: &[String],
    mut is_kept: Vec<bool>,
    sample: &Split,
    n_bytes: usize,
) -> Vec<bool> {
    let n_sampled = sample.lines.len().max(1);
    let of_row = |texts: &Texts| texts.text_bytes() as f64 / n_sampled as f64;
    let row: f64 = sample.columns.iter().map(of_row).sum::<f64>() + names.len() as f64;
    let n_rows = n_bytes as f64 / row.max(1.0);
    let mut left = SPARE_BYTES as f64;
    for (at, name) in names.iter().enumerate() {
        let texts = &sample.columns[at];
        let bytes = n_rows * (of_row(texts) + cell_bytes(1, 1) as f64);
        if !is_kept[at] && bytes <= left && labels::could_be(name, texts) {
            is_kept[at] = true;
            left -= bytes;
        }
    }
    is_kept
}

/// Do the numbers of a column have decimal commas, and none a point?
fn has_decimal_commas(texts: &Texts) -> bool {
    let cells = (0..texts.n_cells()).map(|row| texts.text(row));
    separators::notation(cells) == Some(Notation::Comma)
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
