//! The guesses as words: one line a column, or one for many columns that are alike.

use std::fmt::Write;

use super::cells::shown;
use super::guess::{Guess, Judged, Role};
use crate::read::dataset::table::Table;

/// So many numbered columns of one kind beside each other are told in one line.
const LEAST_RUN: usize = 5;
/// The same of columns with any names.
const LEAST_NAMES: usize = 12;
/// More columns of one kind are told in one line wherever they stand.
const MOST_LINES: usize = 20;

/// A name in a line of its own: one that has none, or only spaces, is quoted.
fn in_line(name: &str) -> String {
    match name.trim().is_empty() {
        true => format!("\"{name}\""),
        false => shown(name),
    }
}

/// What each column was taken for, and why.
pub fn columns(guess: &Guess, table: &Table) -> String {
    let (rows, columns) = (table.n_rows, table.columns.len());
    let mut text = format!("{}: {rows} rows, {columns} columns\n\n", table.file);
    let mut line = |role: &str, what: &str, why: &str| {
        let _ = writeln!(text, "  {role:<8} {what}  ({why})");
    };
    let of = |role: Role| {
        guess
            .columns
            .iter()
            .filter(move |column| column.role == role)
    };
    let told = |role: Role| lines(&of(role).collect::<Vec<_>>());
    match guess.id {
        Some(_) => told(Role::Id)
            .iter()
            .for_each(|(what, why)| line("id", what, why)),
        None => line(
            "id",
            "none",
            "no column that looks like an id has a value in every row and none twice; rows are named by their number in the file",
        ),
    }
    match guess.texts.is_empty() {
        false => told(Role::Text)
            .iter()
            .for_each(|(what, why)| line("text", what, why)),
        true => line(
            "text",
            "none",
            "no column looks like texts; name vectors instead",
        ),
    }
    for (name, columns) in &guess.raters {
        line("targets", &in_line(name), "what its raters agree on");
        let names: Vec<String> = columns.iter().map(|name| shown(name)).collect();
        let why = of(Role::Rating)
            .find(|column| columns.contains(&column.name))
            .map_or("", |column| &column.why);
        line(
            "raters",
            &format!("{} = {}", shown(name), names.join(", ")),
            why,
        );
    }
    told(Role::Target)
        .iter()
        .for_each(|(what, why)| line("targets", what, why));
    if guess.targets.is_empty() {
        line("targets", "none", "no column of numbers looks like a score");
    }
    match guess.group {
        Some(_) => told(Role::Group)
            .iter()
            .for_each(|(what, why)| line("group", what, why)),
        None if guess.other_groups.is_empty() => line(
            "group",
            "none",
            "no column repeats like an author or a document",
        ),
        None => line(
            "group",
            "none",
            &format!(
                "{} repeats; if its rows belong together, say so",
                guess
                    .other_groups
                    .iter()
                    .map(|name| shown(name))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        ),
    }
    if guess.is_by_group {
        line(
            "unit",
            "group",
            "each target has one value a group, so that groups are what was sampled",
        );
    }
    told(Role::Unused)
        .iter()
        .for_each(|(what, why)| line("not used", what, why));
    for remark in &guess.remarks {
        let _ = write!(text, "\nNote: {remark}\n");
    }
    text
}

/// Columns of one role, each with its reason; long runs of one reason as one.
fn lines(columns: &[&Judged]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if told.contains(&column.why.as_str()) {
            continue;
        }
        let same: Vec<&&Judged> = columns[at..]
            .iter()
            .filter(|other| other.why == column.why)
            .collect();
        let run = columns[at..]
            .iter()
            .take_while(|other| other.why == column.why)
            .count();
        let are_numbered = same
            .iter()
            .all(|column| column.name.contains(|c: char| c.is_ascii_digit()));
        let least = if are_numbered { LEAST_RUN } else { LEAST_NAMES };
        if same.len() > MOST_LINES || run == same.len() && run >= least {
            told.push(&column.why);
            found.push((range(&same), column.why.clone()));
            continue;
        }
        let why = match column.detail.is_empty() {
            true => column.why.clone(),
            false => format!("{}: {}", column.why, column.detail),
        };
        found.push((in_line(&column.name), why));
    }
    found
}

/// `v0 … v383 (384 columns)`, or the first three where they have no common name.
fn range(columns: &[&&Judged]) -> String {
    let stem = |name: &str| {
        name.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    };
    let first = &columns[0].name;
    let last = &columns[columns.len() - 1].name;
    let n = columns.len();
    match columns
        .iter()
        .all(|column| stem(&column.name) == stem(first))
    {
        true => format!("{} … {} ({n} columns)", in_line(first), in_line(last)),
        false => {
            let names: Vec<String> = columns
                .iter()
                .take(3)
                .map(|column| in_line(&column.name))
                .collect();
            format!("{} … {} ({n} columns)", names.join(", "), in_line(last))
        }
    }
}
