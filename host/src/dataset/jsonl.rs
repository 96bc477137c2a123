//! .jsonl: one JSON object a line. Columns are the keys in order of first appearance; a key that a line lacks is null.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::table::{Cell, Cells, Column, Places, Table, Texts, as_text};
use crate::problem::{Problem, Problems, Refusal};

/// Reads the bytes of a file.
pub fn read(file: String, bytes: &[u8]) -> Result<Table, Refusal> {
    let mut problems = Problems::default();
    let mut columns = Columns::default();
    let mut numbers = Vec::new();
    for (i, line) in as_text(&file, bytes)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(object) => {
                columns.push(object);
                numbers.push(i + 1);
            }
            Err(error) => {
                let message = format!("is not a JSON object: {}", without_line(&error));
                problems.push(Problem::new(format!("{file}:{}", i + 1), message));
            }
        }
    }
    if numbers.is_empty() && problems.is_empty() {
        problems.push(Problem::new(&file, "has no rows"));
    }
    let places = Arc::new(Places {
        file: file.clone(),
        are_lines: true,
        numbers,
    });
    problems.finish(Table {
        file,
        hash: blake3::hash(bytes).to_hex().to_string(),
        columns: columns.finish(&places),
        n_rows: places.numbers.len(),
    })
}

/// serde_json ends its messages with "at line 1 column 7"; the line is ours to tell.
fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", ", column ")
}

#[derive(Default)]
struct Columns {
    names: Vec<String>,
    cells: Vec<Texts>,
    index: HashMap<String, usize>,
    n_rows: usize,
}

impl Columns {
    fn push(&mut self, object: Map<String, Value>) {
        for (key, value) in object {
            let column = self.column(key);
            match value {
                Value::Null => column.push(Cell::Null),
                Value::String(text) => column.push(Cell::Text(&text)),
                Value::Bool(_) | Value::Number(_) => column.push(Cell::Text(&value.to_string())),
                Value::Array(_) | Value::Object(_) => column.push(Cell::Nested),
            }
        }
        self.n_rows += 1;
        for column in &mut self.cells {
            fill(column, self.n_rows);
        }
    }

    fn column(&mut self, key: String) -> &mut Texts {
        let index = match self.index.get(&key) {
            Some(index) => *index,
            None => {
                let mut column = Texts::default();
                fill(&mut column, self.n_rows);
                self.cells.push(column);
                self.names.push(key.clone());
                self.index.insert(key, self.cells.len() - 1);
                self.cells.len() - 1
            }
        };
        &mut self.cells[index]
    }

    fn finish(self, places: &Arc<Places>) -> Vec<Column> {
        self.names
            .into_iter()
            .zip(self.cells)
            .map(|(name, texts)| Column {
                name,
                cells: Cells::Texts(texts),
                places: places.clone(),
            })
            .collect()
    }
}

fn fill(column: &mut Texts, n_rows: usize) {
    while column.n_cells() < n_rows {
        column.push(Cell::Null);
    }
}
