//! What is in a column.

use std::collections::HashSet;

use crate::dataset::table::{Cell, Column};
use crate::dataset::targets::MISSING;

/// A column in numbers.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Cells that hold something.
    pub n_present: usize,
    /// Different ones among them.
    pub n_distinct: usize,
    /// All of them are numbers.
    pub is_numeric: bool,
    /// All of them are whole numbers.
    pub is_whole: bool,
    /// The smallest and largest number.
    pub range: (f64, f64),
    /// Mean characters of a cell.
    pub mean_characters: f64,
}

impl Facts {
    /// Of one column.
    pub fn of(column: &Column) -> Self {
        let n_rows = column.places.numbers.len();
        let mut distinct: HashSet<String> = HashSet::new();
        let mut facts = Self {
            name: column.name.clone(),
            n_present: 0,
            n_distinct: 0,
            is_numeric: true,
            is_whole: true,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            mean_characters: 0.0,
        };
        for row in 0..n_rows {
            let text = match column.cell(row) {
                Cell::Null => continue,
                Cell::Number(number) => number.to_string(),
                Cell::Text(text) if MISSING.contains(&text.trim()) => continue,
                Cell::Text(text) => text.to_owned(),
                Cell::Nested => {
                    facts.is_numeric = false;
                    continue;
                }
            };
            facts.n_present += 1;
            facts.mean_characters += text.chars().count() as f64;
            match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    facts.is_whole &= number.fract() == 0.0;
                    facts.range = (facts.range.0.min(number), facts.range.1.max(number));
                }
                _ => facts.is_numeric = false,
            }
            distinct.insert(text);
        }
        facts.n_distinct = distinct.len();
        facts.mean_characters /= facts.n_present.max(1) as f64;
        facts
    }

    /// Every row has a value of its own.
    pub fn is_unique(&self, n_rows: usize) -> bool {
        self.n_present == n_rows && self.n_distinct == n_rows
    }
}
