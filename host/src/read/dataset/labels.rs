//! Columns without a role that may tell whose a row is: an author, a document, a class.

use std::collections::BTreeSet;

use super::Target;
use super::missing::is_missing;
use super::table::{Cell, Column, Table, Texts};
use crate::plan::{DataPlan, RaterPlan};

/// Fewer different values are categories rather than groups.
const LEAST_GROUPS: usize = 20;
/// Longer values are texts.
const MOST_CHARACTERS: usize = 64;
/// Words of a column's name that make numbers labels.
const LABEL_WORDS: [&str; 16] = [
    "id",
    "author",
    "user",
    "person",
    "participant",
    "subject",
    "speaker",
    "document",
    "doc",
    "source",
    "session",
    "school",
    "worker",
    "writer",
    "respondent",
    "group",
];

/// The columns that could be groups: no role in the plan, a value in every row, at least twenty
/// different ones and on average two rows of each, short, and words unless the name says that its
/// numbers are labels.
pub(super) fn shared(
    table: &Table,
    data: &DataPlan,
    raters: &[RaterPlan],
    targets: &[Target],
) -> Vec<(String, Vec<String>)> {
    let has_role = |name: &str| {
        data.id.as_deref() == Some(name)
            || data.group.as_deref() == Some(name)
            || data.fold_column.as_deref() == Some(name)
            || data.split.as_deref() == Some(name)
            || data
                .text
                .iter()
                .chain(&data.covariates)
                .any(|other| other == name)
            || targets.iter().any(|target| target.name == name)
            || raters
                .iter()
                .any(|rater| rater.columns.iter().any(|other| other == name))
    };
    let free = table
        .columns
        .iter()
        .filter(|column| !has_role(&column.name));
    free.filter_map(|column| Some((column.name.clone(), labels(column, table.n_rows)?)))
        .collect()
}

/// May such cells be shared by rows as labels are? Short, and words unless the name says that its
/// numbers are labels.
pub(super) fn could_be(name: &str, cells: &Texts) -> bool {
    let mut texts = (0..cells.n_cells()).map(|row| cells.text(row));
    let is_short = texts
        .clone()
        .all(|text| text.chars().count() <= MOST_CHARACTERS);
    is_short && (is_named(name) || !texts.all(|text| text.trim().parse::<f64>().is_ok()))
}

fn is_named(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| LABEL_WORDS.contains(&word))
}

fn labels(column: &Column, n_rows: usize) -> Option<Vec<String>> {
    let label = |row: usize| match column.cell(row) {
        Cell::Text(text) if text.chars().count() <= MOST_CHARACTERS && !is_missing(text) => {
            Some(text.to_owned())
        }
        Cell::Number(number) if !number.is_nan() => Some(number.to_string()),
        _ => None,
    };
    let is_number = |row: usize| match column.cell(row) {
        Cell::Text(text) => column.numeral(text).parse::<f64>().is_ok(),
        _ => true,
    };
    // First, for most columns end here: a table of numbers has many, of as many different values.
    if !is_named(&column.name) && (0..n_rows).all(is_number) {
        return None;
    }
    let labels: Vec<String> = (0..n_rows).map(label).collect::<Option<_>>()?;
    let different: BTreeSet<&String> = labels.iter().collect();
    let is_shared = different.len() >= LEAST_GROUPS && 2 * different.len() <= n_rows;
    is_shared.then_some(labels)
}
