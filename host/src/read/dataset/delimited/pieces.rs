//! A text in pieces that are split into fields side by side: each ends with a row, and only the
//! columns that are needed are kept.

use std::ops::Range;

use rayon::prelude::*;

use super::super::table::{Cell, Texts, count_lines};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

/// Fields of a text, or of a piece of one.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// One a column; without cells where it is not kept.
    pub columns: Vec<Texts>,
    /// Where each row begins, from the first line of the text.
    pub lines: Vec<usize>,
    pub ragged: Vec<Ragged>,
    n_lines: usize,
}

/// A row that is longer or shorter than the header.
#[derive(Debug)]
pub(super) struct Ragged {
    pub line: usize,
    pub n_fields: usize,
    pub ends_empty: bool,
}

/// How a text is split, whatever its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Splitter<'a> {
    pub delimiter: u8,
    /// One a column.
    pub is_kept: &'a [bool],
}

impl Splitter<'_> {
    /// The rows of `text[from..]`. `spans`: its quoted fields with line breaks, in order.
    pub fn all(
        &self,
        text: &str,
        from: usize,
        spans: &[(usize, usize)],
    ) -> Result<Split, csv::Error> {
        let pieces = pieces(text.as_bytes(), from, spans);
        let split = pieces
            .into_par_iter()
            .map(|piece| self.piece(&text[piece], usize::MAX));
        let split: Vec<Split> = split.collect::<Result<_, _>>()?;
        let mut all = Split {
            columns: vec![Texts::default(); self.is_kept.len()],
            n_lines: count_lines(&text.as_bytes()[..from]),
            ..Split::default()
        };
        split.into_iter().for_each(|piece| all.append(piece));
        Ok(all)
    }

    /// The rows of a piece, at most so many.
    pub fn piece(&self, text: &str, most: usize) -> Result<Split, csv::Error> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut split = Split {
            columns: vec![Texts::default(); self.is_kept.len()],
            ..Split::default()
        };
        let mut lines = Lines::new(text.as_bytes());
        let mut record = csv::ByteRecord::new();
        while split.lines.len() < most && reader.read_byte_record(&mut record)? {
            let line = lines.of(&record);
            if record.len() != self.is_kept.len() {
                split.ragged.push(Ragged {
                    line,
                    n_fields: record.len(),
                    ends_empty: record.iter().next_back() == Some(b""),
                });
                continue;
            }
            split.lines.push(line);
            let fields = split
                .columns
                .iter_mut()
                .zip(record.iter())
                .zip(self.is_kept);
            for ((column, field), _) in fields.filter(|(_, is_kept)| **is_kept) {
                // Sound, since the text is, and fields end at ASCII.
                column.push(std::str::from_utf8(field).map_or(Cell::Null, Cell::Text));
            }
        }
        split.n_lines = count_lines(text.as_bytes());
        Ok(split)
    }
}

impl Split {
    /// The rows behind these.
    fn append(&mut self, mut other: Split) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.append(more);
        }
        other.columns.clear();
        self.lines
            .extend(other.lines.iter().map(|line| line + self.n_lines));
        self.ragged
            .extend(other.ragged.into_iter().map(|row| Ragged {
                line: row.line + self.n_lines,
                ..row
            }));
        self.n_lines += other.n_lines;
    }
}

/// Parts of a text of about one size, each of which ends with a line end outside of quoted fields.
fn pieces(bytes: &[u8], from: usize, spans: &[(usize, usize)]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = from;
    while bytes.len() - start > PIECE {
        let Some(end) = row_end(bytes, start + PIECE, spans) else {
            break;
        };
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..bytes.len());
    pieces
}

/// Where the row ends in which `at` is, or a later one; `None` for the last row.
fn row_end(bytes: &[u8], at: usize, spans: &[(usize, usize)]) -> Option<usize> {
    let mut at = at;
    loop {
        let end = at + memchr::memchr(b'\n', bytes.get(at..)?)?;
        // The first quoted field that does not close before the line ends.
        let next = spans.partition_point(|(_, close)| *close < end);
        match spans.get(next) {
            Some((open, close)) if *open < end => at = close + 1,
            _ => return Some(end + 1),
        }
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
    fn of(&mut self, record: &csv::ByteRecord) -> usize {
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

#[cfg(test)]
mod tests {
    use super::super::super::quotes;
    use super::*;

    /// Rows with breaks, delimiters and quotes in fields, blank lines and ragged rows, a few pieces
    /// long.
    fn text() -> String {
        let row = |at: usize| match at % 5 {
            0 => format!("{at},\"one\nand,\"\"two\"\"\r\nlines\",{at}.5\n"),
            1 => format!("{at},plain é,\"{at}\"\r\n"),
            2 => format!("\n{at},\"{}\",\n", "long, ".repeat(40)),
            3 if at % 1000 == 3 => format!("{at},short\n"),
            _ => format!("{at},a \"b\" c,-\n"),
        };
        let rows: String = (0..40_000).map(row).collect();
        assert!(rows.len() > 2 * PIECE);
        format!("id,text,y\n{rows}9,last,1")
    }

    #[test]
    fn the_pieces_are_the_whole_and_columns_that_are_not_kept_are_only_left_out() {
        let text = text();
        let spans = quotes::check("d.csv", text.as_bytes(), b',').unwrap();
        let from = text.find('\n').unwrap() + 1;
        assert!(pieces(text.as_bytes(), from, &spans).len() > 2);
        let whole = Splitter {
            delimiter: b',',
            is_kept: &[true; 3],
        };
        let in_pieces = whole.all(&text, from, &spans).unwrap();
        let in_one = whole.piece(&text[from..], usize::MAX).unwrap();
        let lines: Vec<usize> = in_one.lines.iter().map(|line| line + 1).collect();
        assert_eq!(in_pieces.lines, lines);
        let ragged = |split: &Split| {
            split
                .ragged
                .iter()
                .map(|row| (row.line, row.n_fields))
                .collect::<Vec<_>>()
        };
        let of_one: Vec<_> = ragged(&in_one)
            .into_iter()
            .map(|(line, n)| (line + 1, n))
            .collect();
        assert_eq!(ragged(&in_pieces), of_one);
        assert!(!of_one.is_empty());
        let cells = |split: &Split, at: usize| -> Vec<String> {
            let column = &split.columns[at];
            (0..column.n_cells())
                .map(|row| column.text(row).to_owned())
                .collect()
        };
        let kept = Splitter {
            is_kept: &[true, false, true],
            ..whole
        };
        let kept = kept.all(&text, from, &spans).unwrap();
        for at in 0..3 {
            assert_eq!(cells(&in_pieces, at), cells(&in_one, at));
        }
        assert_eq!(cells(&kept, 2), cells(&in_one, 2));
        assert!(cells(&kept, 1).is_empty());
    }
}
