//! Columns that only number the rows: what pandas and R write before a table, and what nobody means
//! as a score or a dimension.

use super::table::{Cell, Column};
use crate::problem::quoted;

/// Rows from which on a column that counts up by one, whatever its name, is no measurement.
const LEAST_RUNNING: usize = 10;

/// Why a column is no dimension of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    /// It has the name of an index, and whole numbers that are all different: pandas and R wrote
    /// it.
    Index,
    /// It counts the rows of the file, under a name of its own.
    Running,
    /// It says the id of each row again.
    Id,
}

impl Numbering {
    /// Of a column with these values. `ids`: one a row.
    pub fn of(name: Option<&str>, values: &[f64], ids: &[String]) -> Option<Numbering> {
        let name = name.map_or(Name::Other, Name::of);
        let is_index = match name {
            Name::Index => are_different_counts(values),
            Name::Perhaps => {
                are_different_counts(values) && span(values) + 1.0 == values.len() as f64
            }
            Name::Other => false,
        };
        if is_index {
            return Some(Numbering::Index);
        }
        if values.len() < LEAST_RUNNING {
            return None;
        }
        let is_id = |(value, id): (&f64, &String)| id.trim().parse() == Ok(*value);
        if values.iter().zip(ids).all(is_id) {
            return Some(Numbering::Id);
        }
        let counts = values.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
        counts.then_some(Numbering::Running)
    }

    /// The column has the name of an index and numbers the rows.
    pub fn is_index(column: &Column) -> bool {
        if Name::of(&column.name) == Name::Other {
            return false;
        }
        let n_rows = column.places.numbers.len();
        let values = (0..n_rows).map(|row| match column.cell(row) {
            Cell::Number(number) => Some(number),
            Cell::Text(text) => text.trim().parse().ok(),
            Cell::Null | Cell::Nested => None,
        });
        let values: Option<Vec<f64>> = values.collect();
        values.is_some_and(|values| {
            Numbering::of(Some(&column.name), &values, &[]) == Some(Numbering::Index)
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Nobody calls a measurement so.
    Index,
    /// R calls a column without a name `X`; so may others.
    Perhaps,
    Other,
}

impl Name {
    fn of(name: &str) -> Name {
        const INDEX: [&str; 14] = [
            "",
            "index",
            "idx",
            "level_0",
            "row",
            "row.names",
            "row_id",
            "row_index",
            "row_names",
            "row_number",
            "rowid",
            "rowname",
            "rownames",
            "rownum",
        ];
        let name = name.trim().to_lowercase();
        let is_numbered = |start: &str, end: &str| {
            name.strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end))
                .is_some_and(|rest| {
                    rest.starts_with(|c: char| c.is_ascii_digit())
                        && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
                })
        };
        let is_index = INDEX.contains(&name.as_str())
            || is_numbered("unnamed: ", "")
            || is_numbered("unnamed_", "")
            || is_numbered("__index_level_", "__")
            || is_numbered("...", "");
        match name.as_str() {
            _ if is_index => Name::Index,
            "x" => Name::Perhaps,
            _ if is_numbered("x.", "") => Name::Perhaps,
            _ => Name::Other,
        }
    }
}

/// Whole numbers from 0 on, none twice.
fn are_different_counts(values: &[f64]) -> bool {
    let is_count = |value: &f64| *value >= 0.0 && value.fract() == 0.0 && value.is_finite();
    if values.is_empty() || !values.iter().all(is_count) {
        return false;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair[0] < pair[1])
}

fn span(values: &[f64]) -> f64 {
    let (low, high) = range(values);
    high - low
}

/// The smallest and the largest.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    values.iter().fold(ends, |(low, high), value| {
        (low.min(*value), high.max(*value))
    })
}

/// A column in a message: its name, or its place where it has none.
pub(super) fn titled(name: &str, at: usize) -> String {
    match name.trim() {
        "" => format!("column {} (without a name)", at + 1),
        _ => format!("column {}", quoted(name).replace('"', "`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, values: &[f64]) -> Option<Numbering> {
        let ids: Vec<String> = (0..values.len()).map(|row| format!("t{row}")).collect();
        Numbering::of(Some(name), values, &ids)
    }

    #[test]
    fn an_index_is_known_by_its_name_and_by_whole_numbers_that_all_differ() {
        let names = [
            "",
            "Unnamed: 0",
            "Unnamed: 0.1",
            "index",
            "__index_level_0__",
            "...1",
            "rownames",
        ];
        for name in names {
            assert_eq!(of(name, &[3.0, 0.0, 7.0]), Some(Numbering::Index), "{name}");
            assert_eq!(
                of(name, &[0.3, 0.1, 7.0]),
                None,
                "{name}: a dimension without a name"
            );
            assert_eq!(
                of(name, &[1.0, 1.0, 2.0]),
                None,
                "{name}: counts, not an index"
            );
        }
        // R's name for a column without one is also that of a coordinate.
        assert_eq!(of("X", &[2.0, 1.0, 3.0]), Some(Numbering::Index));
        assert_eq!(of("X", &[2.0, 10.0, 3.0]), None);
        assert_eq!(of("indexed", &[0.0, 1.0, 2.0]), None);
    }

    #[test]
    fn any_column_that_counts_the_rows_or_repeats_the_ids_is_known_from_ten_rows_on() {
        let counts: Vec<f64> = (5..15).map(f64::from).collect();
        assert_eq!(of("nr", &counts), Some(Numbering::Running));
        assert_eq!(of("nr", &counts[..9]), None);
        let mut ranks = counts.clone();
        ranks.swap(2, 7);
        assert_eq!(of("rank", &ranks), None);
        let ids: Vec<String> = ranks.iter().map(ToString::to_string).collect();
        assert_eq!(
            Numbering::of(Some("sample"), &ranks, &ids),
            Some(Numbering::Id)
        );
    }
}
