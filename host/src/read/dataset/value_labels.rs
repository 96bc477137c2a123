//! What the values of a column stand for, where a file of SPSS or Stata says it: 1 is `female`.
//!
//! The cells stay the values. Who asks for numbers, a target or a rating, gets them; who asks for
//! words, a group, a fold or a category, gets the labels.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ids::name_of;
use super::table::{Cell, Column};
use crate::problem::{listed_up_to, quoted};

/// The labels of a column's values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValueLabels {
    /// By the bits of the number.
    of_numbers: BTreeMap<u64, String>,
    of_texts: BTreeMap<String, String>,
    /// How the file says that the values are to be understood.
    pub level: Level,
}

/// SPSS's level of measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// The file does not say.
    #[default]
    Unknown,
    /// Names.
    Nominal,
    /// They have an order or a size: a rating scale, whatever its labels.
    Ordered,
}

impl ValueLabels {
    /// Says what a number stands for.
    pub fn label_number(&mut self, number: f64, label: String) {
        self.of_numbers.insert(bits(number), label);
    }

    /// Says what a text stands for.
    pub fn label_text(&mut self, text: String, label: String) {
        self.of_texts.insert(text, label);
    }

    /// No value has a label.
    pub fn is_empty(&self) -> bool {
        self.of_numbers.is_empty() && self.of_texts.is_empty()
    }

    fn of(&self, cell: Cell<'_>) -> Option<&str> {
        let label = match cell {
            Cell::Number(number) => self.of_numbers.get(&bits(number)),
            Cell::Text(text) => self.of_texts.get(text.trim_end()),
            Cell::Null | Cell::Nested => None,
        };
        label.map(String::as_str)
    }
}

/// 0 and −0 are one value.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

impl Column {
    /// What a cell says in words: the label of its value if it has one, else the value; `None` for
    /// a cell without any.
    pub fn word(&self, row: usize) -> Option<Cow<'_, str>> {
        let cell = self.cell(row);
        let label = self.labels.as_ref().and_then(|labels| labels.of(cell));
        match (label, cell) {
            (Some(label), _) => Some(label.into()),
            (None, Cell::Text(text)) => Some(text.into()),
            (None, Cell::Number(number)) => Some(number.to_string().into()),
            (None, Cell::Null | Cell::Nested) => None,
        }
    }

    /// Are its numbers only names? Every one has a label, and the file does not say that they have
    /// an order.
    pub fn is_labelled_category(&self) -> bool {
        let Some(labels) = self
            .labels
            .as_ref()
            .filter(|labels| labels.level != Level::Ordered)
        else {
            return false;
        };
        let mut cells = (0..self.places.numbers.len()).map(|row| self.cell(row));
        let is_named = |cell: Cell<'_>| cell == Cell::Null || labels.of(cell).is_some();
        !labels.of_numbers.is_empty() && cells.all(is_named)
    }

    /// Are its numbers names by what the file says of them?
    pub fn is_nominal(&self) -> bool {
        let level = self.labels.as_ref().map(|labels| labels.level);
        level == Some(Level::Nominal) && self.is_labelled_category()
    }

    /// "1 = `low`, 2 = `high`", of a column of numbers that have labels.
    pub fn listed_labels(&self) -> Option<String> {
        let labels = self
            .labels
            .as_ref()
            .filter(|labels| !labels.of_numbers.is_empty())?;
        let mut sorted: Vec<(f64, &String)> = labels
            .of_numbers
            .iter()
            .map(|(bits, label)| (f64::from_bits(*bits), label))
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let named = sorted
            .iter()
            .map(|(number, label)| format!("{number} = {}", quoted(label)));
        Some(listed_up_to(7, named))
    }
}

/// What is said of columns whose numbers are predicted although they stand for words.
pub(super) fn read_as_numbers<'a>(columns: impl Iterator<Item = &'a Column>) -> Vec<String> {
    let said = columns.filter_map(|column| {
        let labels = column.listed_labels()?;
        let file = name_of(&column.places.file);
        let name = &column.name;
        Some(format!(
            "{file}: the values of `{name}` have labels and are read as numbers: {labels}"
        ))
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::table::{Cells, PlaceUnit, Places};
    use super::*;

    fn column(numbers: &[f64], labels: &[(f64, &str)]) -> Column {
        let mut all = ValueLabels::default();
        for (number, label) in labels {
            all.label_number(*number, (*label).to_owned());
        }
        Column {
            name: "sex".to_owned(),
            cells: Cells::Numbers(numbers.to_vec()),
            places: Arc::new(Places {
                file: "a/study.sav".to_owned(),
                unit: PlaceUnit::Rows,
                numbers: (1..=numbers.len()).collect(),
            }),
            has_decimal_commas: false,
            labels: Some(Arc::new(all)),
        }
    }

    #[test]
    fn a_cell_in_words_is_its_label_and_else_its_value() {
        let column = column(
            &[1.0, 2.0, f64::NAN, -0.0],
            &[(1.0, "female"), (0.0, "none")],
        );
        let words: Vec<_> = (0..4).map(|row| column.word(row)).collect();
        let words: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
        assert_eq!(words, [Some("female"), Some("2"), None, Some("none")]);
        assert!(!column.is_labelled_category());
        assert_eq!(
            read_as_numbers([&column].into_iter()),
            [
                "study.sav: the values of `sex` have labels and are read as numbers: 0 = \"none\", 1 = \"female\""
            ]
        );
    }

    #[test]
    fn numbers_are_names_where_each_has_one_and_no_order_is_said() {
        let mut named = column(&[1.0, f64::NAN, 2.0], &[(1.0, "a"), (2.0, "b"), (3.0, "c")]);
        assert!(named.is_labelled_category());
        let ordered = ValueLabels {
            level: Level::Ordered,
            ..named.labels.as_deref().unwrap().clone()
        };
        named.labels = Some(Arc::new(ordered));
        assert!(!named.is_labelled_category());
    }
}
