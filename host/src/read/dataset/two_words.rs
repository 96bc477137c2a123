//! Targets of two values one of which the user calls positive: `positive = "yes"` under `[data]`.

use std::collections::BTreeSet;

use ocean_engine::ordering::two_values;
use ocean_report::model::TwoValues;

use super::Target;
use super::labelled::label;
use super::table::{Cell, Column};
use crate::problem::{Problem, Refusal, quoted};

impl Target {
    /// The two values of a target that has no others: its words, or its numbers as they are written.
    pub(crate) fn two_values(&self) -> Option<TwoValues> {
        let (low, high) = two_values(&self.values)?;
        let n_high = self.values.iter().filter(|value| **value == high).count();
        let [low, high] = match &self.words {
            Some(words) => words.clone(),
            None => [low, high].map(|value| value.to_string()),
        };
        Some(TwoValues {
            low,
            high,
            base_rate: n_high as f64 / self.n() as f64,
        })
    }
}

/// A target as numbers, with what is 0 and what is 1 of it.
type Read = (Vec<f64>, [String; 2]);

/// 1 where a column of two values has the positive one, 0 where it has the other, NaN where it has
/// none; `None` for a column that has more values, or numbers of which none is called positive.
///
/// # Errors
/// Two words of which none is positive, or both are.
pub(super) fn read(
    column: &Column,
    name: &str,
    positive: &[String],
) -> Result<Option<Read>, Refusal> {
    let Some((labels, different)) = two_labels(column) else {
        return Ok(None);
    };
    let [first, second] = &different;
    let is_positive = |label: &String| positive.iter().any(|word| word.trim() == label);
    let refused = |message: String, remedy: String| -> Result<Option<Read>, Refusal> {
        Err(Problem::new(&column.places.file, message)
            .with_try(remedy)
            .into())
    };
    let words = match (is_positive(first), is_positive(second)) {
        (true, false) => [second, first],
        (false, true) => [first, second],
        (true, true) => {
            return refused(
                format!(
                    "target `{name}`: both its values, {} and {}, are positive",
                    quoted(first),
                    quoted(second)
                ),
                "one of them under `positive`".to_owned(),
            );
        }
        (false, false)
            if holds_numbers(column) || different.iter().any(|label| is_number(column, label)) =>
        {
            return Ok(None);
        }
        (false, false) => {
            return refused(
                format!(
                    "target `{name}` has the words {} and {}",
                    quoted(first),
                    quoted(second)
                ),
                format!(
                    "positive = {} under [data], which is then 1, and the other 0",
                    quoted(second)
                ),
            );
        }
    };
    let value = |label: &Option<String>| match label {
        Some(label) => f64::from(u8::from(label == words[1])),
        None => f64::NAN,
    };
    Ok(Some((
        labels.iter().map(value).collect(),
        words.map(Clone::clone),
    )))
}

/// A problem for each positive value that no target has.
pub(super) fn unused(targets: &[Target], positive: &[String], file: &str) -> Vec<Problem> {
    let is_used = |word: &&String| {
        let mut of_targets = targets.iter().filter_map(|target| target.words.as_ref());
        of_targets.any(|words| words[1] == word.trim())
    };
    let unused = positive.iter().filter(|word| !is_used(word));
    unused
        .map(|word| {
            let message = format!(
                "positive: no target of two values has {}, letter by letter",
                quoted(word)
            );
            Problem::new(file, message)
        })
        .collect()
}

/// The label of each row, and the two that are different, in the order of their bytes; `None` where
/// there is one, or more than two.
fn two_labels(column: &Column) -> Option<(Vec<Option<String>>, [String; 2])> {
    let n_rows = column.places.numbers.len();
    let mut labels = Vec::with_capacity(n_rows);
    let mut different = BTreeSet::new();
    for row in 0..n_rows {
        let label = label(column, row);
        if let Some(label) = &label
            && !different.contains(label)
        {
            different.insert(label.clone());
        }
        if different.len() > 2 {
            return None;
        }
        labels.push(label);
    }
    let mut different = different.into_iter();
    let both = [different.next()?, different.next()?];
    Some((labels, both))
}

/// Numbers count as they are, whatever a file of SPSS or Stata calls them.
fn holds_numbers(column: &Column) -> bool {
    let mut rows = 0..column.places.numbers.len();
    rows.all(|row| matches!(column.cell(row), Cell::Number(_) | Cell::Null))
}

/// A number, or what was meant as one: digits with separators, of thousands or decimals.
fn is_number(column: &Column, label: &str) -> bool {
    let is_of_numbers = |c: char| c.is_ascii_digit() || " .,'’+-−%".contains(c);
    column.numeral(label).parse::<f64>().is_ok()
        || (label.contains(|c: char| c.is_ascii_digit()) && label.chars().all(is_of_numbers))
}
