//! Columns by whose values a report tells who is predicted how well.

use std::collections::BTreeSet;

use super::missing::is_missing;
use super::table::{Column, Table};
use crate::plan::DataPlan;
use crate::problem::{Problem, Problems, Refusal};

/// Values with fewer rows are not shown.
pub const LEAST_ROWS: usize = 20;

/// A column of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Its name.
    pub name: String,
    /// Its different values: as numbers if all are such, else as bytes.
    pub values: Vec<String>,
    /// Of each row the place of its value among them; `None` where it has none.
    pub of_row: Vec<Option<usize>>,
}

impl Labelled {
    /// The columns that the plan names.
    ///
    /// # Errors
    /// A column that is not there, or no value of which has as many rows as are shown.
    pub(super) fn all(table: &Table, data: &DataPlan) -> Result<Vec<Self>, Refusal> {
        let mut problems = Problems::default();
        let read = |name: &String| Self::of(table, name);
        let all = data.by.iter().filter_map(|name| problems.keep(read(name)));
        let all = all.collect();
        problems.finish(all)
    }

    fn of(table: &Table, name: &str) -> Result<Self, Refusal> {
        let column = table.column("[report] by", name)?;
        let found = Self::read(column, name, table.n_rows);
        if found.sizes().iter().any(|size| *size >= LEAST_ROWS) {
            return Ok(found);
        }
        let message = format!(
            "[report] by: column `{name}` has {} different values, none of which has {LEAST_ROWS} rows",
            found.values.len()
        );
        Err(Problem::new(&column.places.file, message)
            .with_try("a column of few categories, such as bands of age in place of ages")
            .into())
    }

    /// What stands in a column.
    pub(super) fn read(column: &Column, name: &str, n_rows: usize) -> Self {
        let labels: Vec<Option<String>> = (0..n_rows).map(|row| label(column, row)).collect();
        let values = in_order(labels.iter().flatten());
        let place = |label: &String| values.iter().position(|value| value == label);
        Self {
            name: name.to_owned(),
            of_row: labels.iter().map(|label| place(label.as_ref()?)).collect(),
            values,
        }
    }

    /// Rows of each value.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.values.len()];
        self.of_row
            .iter()
            .flatten()
            .for_each(|&value| sizes[value] += 1);
        sizes
    }

    /// Where groups are the rows: the value of each, which all its rows have that have one.
    ///
    /// # Errors
    /// A group with more than one.
    pub(super) fn by_group(
        &self,
        members: &[Vec<usize>],
        labels: &[String],
    ) -> Result<Self, Problem> {
        let of_group = |rows: &Vec<usize>| {
            let own: BTreeSet<usize> = rows.iter().filter_map(|&row| self.of_row[row]).collect();
            match own.len() {
                0 | 1 => Ok(own.first().copied()),
                _ => {
                    let message = format!(
                        "has more than one value in group `{}`, and groups are the rows",
                        labels[rows[0]]
                    );
                    Err(Problem::new(
                        format!("[report] by: `{}`", self.name),
                        message,
                    ))
                }
            }
        };
        Ok(Self {
            of_row: members.iter().map(of_group).collect::<Result<_, _>>()?,
            ..self.clone()
        })
    }
}

/// The label in a row, in words.
pub(super) fn label(column: &Column, row: usize) -> Option<String> {
    let word = column.word(row).filter(|word| !is_missing(word));
    word.map(|word| word.trim().to_owned())
}

/// Different labels: by size if all are numbers, else as bytes.
fn in_order<'a>(labels: impl Iterator<Item = &'a String>) -> Vec<String> {
    let different: BTreeSet<&String> = labels.collect();
    let mut values: Vec<String> = different.into_iter().cloned().collect();
    let number = |value: &String| value.parse::<f64>().ok();
    if values.iter().all(|value| number(value).is_some()) {
        values.sort_by(|a, b| {
            number(a)
                .partial_cmp(&number(b))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_numbers_go_by_size_and_others_as_bytes() {
        let of = |labels: &[&str]| {
            let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
            in_order(labels.iter())
        };
        assert_eq!(of(&["10", "9", "1", "9"]), ["1", "9", "10"]);
        assert_eq!(of(&["10", "9", "x"]), ["10", "9", "x"]);
    }

    #[test]
    fn a_group_has_the_value_of_its_rows_and_no_two() {
        let column = Labelled {
            name: "gender".to_owned(),
            values: ["f", "m"].map(str::to_owned).to_vec(),
            of_row: vec![Some(0), None, Some(1), None],
        };
        assert_eq!(column.sizes(), [1, 1]);
        let labels = ["a", "a", "b", "c"].map(str::to_owned);
        let found = column
            .by_group(&[vec![0, 1], vec![2], vec![3]], &labels)
            .unwrap();
        assert_eq!(found.of_row, [Some(0), Some(1), None]);
        let refused = column
            .by_group(&[vec![0, 1, 2], vec![3]], &labels)
            .unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("more than one value in group `a`")
        );
    }
}
