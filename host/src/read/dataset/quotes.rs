//! Quotes in .csv and .tsv: a quote that only opens, which would swallow the rows below it, is
//! found before anything is split.
//!
//! A quote opens a field only at its start, `""` is a quote inside, and the one that closes stands
//! before a delimiter or the end of the line. Where the next stray quote happens to close a field
//! properly, what lies between gives it away: lines that read like rows of their own.

use memchr::{memchr, memchr2};

use super::missing::is_missing;
use super::table::{Texts, count_lines};
use crate::problem::Problem;

const REMEDY: &str = "a field with a quote in it stands in quotes, and the quote is written twice (\"\"); where no field is quoted, remove the stray quote";

/// Where each quoted field with line breaks begins and ends: the places of its two quotes.
///
/// # Errors
/// The line of the first quote that is never closed, or whose closing quote nothing follows that
/// ends a field.
pub(super) fn check(
    file: &str,
    bytes: &[u8],
    delimiter: u8,
) -> Result<Vec<(usize, usize)>, Problem> {
    let line_of = |at: usize| 1 + count_lines(&bytes[..at]);
    let refuse = |at: usize, message: String| {
        Problem::new(format!("{file}:{}", line_of(at)), message).with_try(REMEDY)
    };
    let ends_field = |byte: u8| byte == delimiter || byte == b'\n' || byte == b'\r';
    let next_quote = |from: usize| memchr(b'"', bytes.get(from..)?).map(|at| from + at);
    let (mut spans, mut from) = (Vec::new(), 0);
    while let Some(start) = next_quote(from) {
        from = start + 1;
        if start > 0 && !ends_field(bytes[start - 1]) {
            continue; // in the middle of a field it is a quote like any other letter
        }
        let mut end = next_quote(from);
        while let Some(at) = end.filter(|at| bytes.get(at + 1) == Some(&b'"')) {
            end = next_quote(at + 2);
        }
        let Some(end) = end else {
            let message = "a quoted field begins here and is never closed".to_owned();
            return Err(refuse(start, message));
        };
        if bytes.get(end + 1).is_some_and(|next| !ends_field(*next)) {
            let message = format!(
                "a quoted field begins here, and the quote that closes it at line {} is followed by neither a delimiter nor the end of the line",
                line_of(end)
            );
            return Err(refuse(start, message));
        }
        if memchr2(b'\n', b'\r', &bytes[start..end]).is_some() {
            spans.push((start, end));
        }
        from = end + 1;
    }
    Ok(spans)
}

/// What the cells of a column have in common, as far as a line can be recognised by it.
enum Pattern {
    /// Numbers, all but the missing ones.
    Number {
        may_miss: bool,
    },
    /// Codes of a few shapes, like `t17` and `t18-b`.
    Code(Vec<String>),
    Free,
}

/// More shapes are no pattern.
const MOST_SHAPES: usize = 4;
/// Longer cells are texts.
const LONGEST_CODE: usize = 64;

/// Letters as `a`, digits as `0`, repeats once; `None` for what is no code.
fn shape(cell: &str) -> Option<String> {
    if cell.is_empty() || cell.len() > LONGEST_CODE || cell.contains(char::is_whitespace) {
        return None;
    }
    let mut shape = String::new();
    for c in cell.chars() {
        let class = match c {
            c if c.is_numeric() => '0',
            c if c.is_alphabetic() => 'a',
            c => c,
        };
        if !shape.ends_with(class) {
            shape.push(class);
        }
    }
    // Words have that shape, too.
    (shape != "a").then_some(shape)
}

impl Pattern {
    fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Pattern {
        let (mut may_miss, mut are_numbers, mut n) = (false, true, 0);
        let mut shapes: Option<Vec<String>> = Some(Vec::new());
        for cell in cells {
            n += 1;
            match is_missing(cell) {
                true => may_miss = true,
                false => are_numbers &= cell.trim().parse::<f64>().is_ok(),
            }
            shapes = shapes.and_then(|mut shapes| {
                let shape = shape(cell)?;
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
                (shapes.len() <= MOST_SHAPES).then_some(shapes)
            });
            if !are_numbers && shapes.is_none() {
                return Pattern::Free;
            }
        }
        match shapes {
            _ if n == 0 => Pattern::Free,
            _ if are_numbers => Pattern::Number { may_miss },
            Some(shapes) => Pattern::Code(shapes),
            None => Pattern::Free,
        }
    }

    /// `None`: the cell cannot be one of this column; else whether it says anything that it can.
    fn fits(&self, cell: &str) -> Option<bool> {
        match self {
            Pattern::Free => Some(false),
            Pattern::Number { may_miss } if is_missing(cell) => may_miss.then_some(false),
            Pattern::Number { .. } => cell.trim().parse::<f64>().is_ok().then_some(true),
            Pattern::Code(shapes) => shape(cell)
                .is_some_and(|shape| shapes.contains(&shape))
                .then_some(true),
        }
    }
}

/// What the rows without line breaks in any field are like.
fn patterns(columns: &[Texts]) -> Vec<Pattern> {
    let n_rows = columns.first().map_or(0, Texts::n_cells);
    let has_breaks = |row: &usize| {
        columns
            .iter()
            .any(|column| column.text(*row).contains(['\n', '\r']))
    };
    let rows: Vec<usize> = (0..n_rows).filter(|row| !has_breaks(row)).collect();
    let pattern = |column: &Texts| Pattern::of(rows.iter().map(|&row| column.text(row)));
    columns.iter().map(pattern).collect()
}

/// Refuses the first of `spans` whose lines read like rows of their own. `sample`: the cells of
/// some rows by column, asked for only where lines have as many fields as a row.
pub(super) fn refuse_swallowed_rows(
    file: &str,
    bytes: &[u8],
    delimiter: u8,
    spans: &[(usize, usize)],
    n_columns: usize,
    sample: impl Fn() -> Result<Vec<Texts>, Problem>,
) -> Result<(), Problem> {
    if n_columns < 2 {
        return Ok(());
    }
    let mut known: Option<Vec<Pattern>> = None;
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    for &(open, close) in spans {
        let start = bytes[..open]
            .iter()
            .rposition(is_end)
            .map_or(0, |at| at + 1);
        let end = bytes[close..].iter().position(is_end);
        let end = end.map_or(bytes.len(), |at| close + at);
        let lines = &bytes[start..end];
        if !are_long_as_rows(lines, delimiter, n_columns) {
            continue;
        }
        let patterns = match &mut known {
            Some(patterns) => patterns,
            none => none.insert(patterns(&sample()?)),
        };
        if !are_rows(lines, delimiter, patterns) {
            continue;
        }
        let line = |at: usize| 1 + count_lines(&bytes[..at]);
        let message = format!(
            "a quoted field begins here and ends at line {}, and its lines read like rows of their own",
            line(close)
        );
        return Err(Problem::new(format!("{file}:{}", line(open)), message).with_try(REMEDY));
    }
    Ok(())
}

/// Nine tenths, all of fewer than ten.
fn are_enough(n: usize, of: usize) -> bool {
    10 * n >= 9 * of
}

/// Enough of the lines have as many fields as a row.
fn are_long_as_rows(bytes: &[u8], delimiter: u8, n_columns: usize) -> bool {
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    let (mut n_lines, mut n_rows) = (0, 0);
    for line in lines.filter(|line| !line.is_empty()) {
        n_lines += 1;
        n_rows += usize::from(memchr::memchr_iter(delimiter, line).count() + 1 == n_columns);
    }
    n_lines > 1 && are_enough(n_rows, n_lines)
}

/// Enough of the lines have the fields of a row, and the lines below
/// the first say so by more than their number.
fn are_rows(bytes: &[u8], delimiter: u8, patterns: &[Pattern]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
    let (mut n_lines, mut n_rows, mut n_telling) = (0, 0, 0);
    for (i, line) in lines.enumerate() {
        n_lines += 1;
        let fields: Vec<&str> = line.split(char::from(delimiter)).collect();
        if fields.len() != patterns.len() {
            continue;
        }
        let fits: Option<Vec<bool>> = patterns
            .iter()
            .zip(&fields)
            .map(|(pattern, field)| pattern.fits(field.trim_matches('"')))
            .collect();
        if let Some(telling) = fits {
            n_rows += 1;
            n_telling += usize::from(i > 0 && telling.contains(&true));
        }
    }
    n_lines > 1 && are_enough(n_rows, n_lines) && are_enough(n_telling, n_lines - 1)
}
