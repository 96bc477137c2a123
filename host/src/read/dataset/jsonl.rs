//! .jsonl: one JSON object a line. Columns are the keys in order of first appearance; a key that a
//! line lacks is null.
//!
//! Numbers stay the digits that they are in the file: an id of twenty digits is no floating-point
//! number.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::encoding::decode;
use super::repeated::Repeated;
use super::table::{
    Cell, Cells, Column, PlaceUnit, Places, Size, Table, Texts, cell_bytes, count_lines, most_bytes,
};
use crate::problem::{Problem, Problems, Refusal};

/// Reads the bytes of a file.
///
/// `keeps_lists`: a list is the text that it is in the file, for who wants vectors.
pub fn read(
    file: String,
    bytes: &[u8],
    encoding: Option<&str>,
    keeps_lists: bool,
) -> Result<Table, Refusal> {
    let decoded = decode(&file, bytes, encoding)?;
    let text = decoded.text.as_ref();
    let mut wrong = Repeated::default();
    let n_lines = text.lines().count();
    let mut columns = Columns::new(n_lines, most_bytes(bytes.len()));
    columns.keeps_lists = keeps_lists;
    let mut numbers = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if columns.is_full() {
            columns.size(n_lines).check(&file, bytes.len())?;
        }
        match columns.push(line) {
            Ok(()) => numbers.push(i + 1),
            Err(Wrong { key, message }) => wrong.push(i + 1, &key, || message),
        }
    }
    let mut problems = Problems::default();
    match one_value_on_many_lines(&file, text) {
        Some(problem) if !wrong.is_empty() => problems.push(problem),
        _ => problems.extend(wrong.problems(&file, "one JSON object a line, each key once")),
    }
    if numbers.is_empty() && problems.is_empty() {
        problems.push(Problem::new(&file, "has no rows"));
    }
    problems.finish(())?;
    let n_rows = numbers.len();
    let all_rows = if columns.is_full() { n_lines } else { n_rows };
    columns.size(all_rows).check(&file, bytes.len())?;
    let places = Arc::new(Places {
        file: file.clone(),
        unit: PlaceUnit::Lines,
        numbers,
    });
    Ok(Table {
        file,
        hash: blake3::hash(bytes).to_hex().to_string(),
        columns: columns.finish(&places),
        n_rows,
        notes: decoded.note.into_iter().collect(),
    })
}

/// The reason why no line is an object, where the file is sound JSON of another layout.
fn one_value_on_many_lines(file: &str, text: &str) -> Option<Problem> {
    let start = text.find(|c: char| !c.is_whitespace())?;
    let line = 1 + count_lines(&text.as_bytes()[..start]);
    let first = text[start..].lines().next()?.trim_end();
    let is_one = || serde_json::from_str::<IgnoredAny>(text).is_ok();
    let message = if first.starts_with('[') && is_one() {
        "is one JSON array, and one object a line is expected"
    } else if first.starts_with('{') && serde_json::from_str::<IgnoredAny>(first).is_err() {
        serde_json::Deserializer::from_str(&text[start..])
            .into_iter::<IgnoredAny>()
            .next()?
            .ok()?;
        "an object that begins here is spread over several lines, and one object a line is expected"
    } else {
        return None;
    };
    Some(Problem::new(format!("{file}:{line}"), message).with_try(
        "jq -c on it (`jq -c '.[]'` for an array), or in pandas df.to_json(path, orient=\"records\", lines=True)",
    ))
}

/// What is wrong with a line, and what makes two of them the same.
struct Wrong {
    key: String,
    message: String,
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Wrong {
        // serde_json ends its messages with "at line 1 column 7"; the line is ours to tell.
        let message = error.to_string();
        let key = message.split(" at line 1 column ").next();
        Wrong {
            key: key.unwrap_or_default().to_owned(),
            message: format!(
                "is not a JSON object: {}",
                message.replace(" at line 1 column ", ", column ")
            ),
        }
    }
}

/// The keys of an object, in order.
struct Keys<'a>(Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Keys<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;
        impl<'de> Visitor<'de> for OfMap {
            type Value = Keys<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys<'de>, A::Error> {
                let mut keys = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    keys.push(key);
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(OfMap)
    }
}

/// A text, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The values of an object as they stand in its text, which is sound JSON: what lies between a
/// colon and the comma or brace after it.
fn values(object: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (i, byte) in object.bytes().enumerate() {
        if is_quoted {
            is_quoted = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => is_quoted = true,
            b':' if depth == 1 => start = i + 1,
            b',' if depth == 1 => values.push(object[start..i].trim()),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && start > 0 {
                    values.push(object[start..i].trim());
                }
            }
            _ => {}
        }
    }
    values
}

struct Columns {
    /// Lines of the file, and the memory that cells may take.
    n_lines: usize,
    most: usize,
    keeps_lists: bool,
    names: Vec<String>,
    cells: Vec<Texts>,
    index: HashMap<String, usize>,
    n_rows: usize,
}

impl Columns {
    fn new(n_lines: usize, most: usize) -> Columns {
        Columns {
            n_lines,
            most,
            keeps_lists: false,
            names: Vec::new(),
            cells: Vec::new(),
            index: HashMap::new(),
            n_rows: 0,
        }
    }

    /// With a cell on every line, the columns would take more than they may: a key of its own on
    /// each line squares the file.
    fn is_full(&self) -> bool {
        cell_bytes(self.n_lines, self.names.len()) > self.most
    }

    fn push(&mut self, line: &str) -> Result<(), Wrong> {
        let Keys(keys) = serde_json::from_str(line)?;
        // Texts first: a row is taken whole or not at all.
        let mut cells = Vec::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values(line)) {
            let text = match value.as_bytes().first() {
                Some(b'"') => Some(serde_json::from_str::<Key>(value)?.0),
                _ => None,
            };
            cells.push((key, value, text));
        }
        let row = self.n_rows;
        let keeps_lists = self.keeps_lists;
        for (key, value, text) in cells {
            if self.is_full() {
                break; // refused when the next line is read, or at the end
            }
            let column = self.column(&key);
            if column.n_cells() > row {
                self.n_rows += 1;
                return Err(Wrong {
                    key: format!("twice {key}"),
                    message: format!("the key `{key}` stands twice in this object"),
                });
            }
            while column.n_cells() < row {
                column.push(Cell::Null);
            }
            column.push(match (value, &text) {
                (_, Some(text)) => Cell::Text(text),
                ("null", _) => Cell::Null,
                _ if value.starts_with('[') && keeps_lists => Cell::Text(value),
                _ if value.starts_with(['{', '[']) => Cell::Nested,
                _ => Cell::Text(value),
            });
        }
        self.n_rows += 1;
        Ok(())
    }

    fn column(&mut self, key: &str) -> &mut Texts {
        let index = match self.index.get(key) {
            Some(index) => *index,
            None => {
                self.cells.push(Texts::default());
                self.names.push(key.to_owned());
                self.index.insert(key.to_owned(), self.cells.len() - 1);
                self.cells.len() - 1
            }
        };
        &mut self.cells[index]
    }

    /// Memory once every column has so many rows.
    fn size(&self, n_rows: usize) -> Size {
        let held: usize = self.cells.iter().map(Texts::text_bytes).sum();
        let n_columns = self.names.len();
        Size {
            n_rows,
            n_columns,
            bytes: held.saturating_add(cell_bytes(n_rows, n_columns)),
        }
    }

    fn finish(self, places: &Arc<Places>) -> Vec<Column> {
        let filled = |mut texts: Texts| {
            while texts.n_cells() < places.numbers.len() {
                texts.push(Cell::Null);
            }
            Cells::Texts(texts)
        };
        self.names
            .into_iter()
            .zip(self.cells)
            .map(|(name, texts)| Column {
                name,
                cells: filled(texts),
                places: places.clone(),
                has_decimal_commas: false,
                labels: None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_its_own_on_every_line_is_stopped_before_it_fills_the_memory() {
        let mut columns = Columns::new(1000, 100_000);
        let mut n_read = 0;
        while !columns.is_full() {
            assert!(columns.push(&format!("{{\"k{n_read}\": 1}}")).is_ok());
            n_read += 1;
        }
        // Nine bytes a cell, a thousand lines: eleven columns fit.
        assert_eq!((n_read, columns.names.len()), (12, 12));
        assert!(columns.size(1000).bytes > 100_000);
    }
}
