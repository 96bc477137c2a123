//! Which columns are targets, and what their numbers are.

use std::collections::HashSet;

use globset::GlobBuilder;

pub(crate) use super::missing::MISSING;
use super::missing::is_missing;
use super::numbering::{Numbering, titled};
use super::raters::RaterPanel;
use super::separators;
use super::table::{Cell, Column, PlaceUnit, Places, Table};
use super::two_words;
use super::{LARGEST_VALUE, Target};
use crate::plan::{DataPlan, Missing, RaterPlan};
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted, suggestion};

/// The targets of a plan in the order of its patterns, and a sentence for every trait of `[raters]`
/// that none of them names.
pub fn select(
    table: &Table,
    data: &DataPlan,
    raters: &[RaterPlan],
    folds: u32,
    ids: &[String],
) -> Result<(Vec<Target>, Vec<String>), Refusal> {
    let mut problems = Problems::default();
    for rater in raters {
        refuse_shared_name(table, rater, &mut problems);
    }
    let (names, numbering) = names(table, data, raters, &mut problems);
    let reader = Reader {
        table,
        data,
        folds,
        ids,
    };
    let targets: Vec<Target> = names
        .iter()
        .filter_map(|name| {
            let target = match raters.iter().find(|rater| rater.target == *name) {
                Some(rater) => reader.rater_target(rater),
                None => reader.column_target(name),
            };
            problems.keep(target)
        })
        .collect();
    problems.finish(())?;
    let mut problems = Problems::default();
    problems.extend(two_words::unused(&targets, &data.positive, &table.file));
    let unused: Vec<String> = raters
        .iter()
        .filter(|rater| !names.contains(&rater.target.as_str()))
        .map(|rater| {
            format!(
                "[raters] {} is not among the targets and is not evaluated",
                rater.target
            )
        })
        .collect();
    problems.finish((targets, numbering.into_iter().chain(unused).collect()))
}

/// Every column whose numbers are a target or a rating.
pub(super) fn columns_of<'a>(table: &'a Table, targets: &'a [Target]) -> Vec<&'a Column> {
    let is_of = |target: &Target, name: &str| match &target.raters {
        Some(panel) => panel.columns.iter().any(|column| column == name),
        None => target.name == name,
    };
    let columns = table.columns.iter();
    columns
        .filter(|column| targets.iter().any(|target| is_of(target, &column.name)))
        .collect()
}

/// Does the plan ask for a column of this name, under any role? What is no pattern is refused
/// elsewhere.
pub(super) fn is_wanted(name: &str, data: &DataPlan, raters: &[RaterPlan]) -> bool {
    let is = |other: &String| other == name;
    let is_target = |pattern: &String| {
        is(pattern) || matches(pattern, &[name]).is_ok_and(|found| !found.is_empty())
    };
    data.id.as_ref().is_some_and(is)
        || data
            .joins
            .iter()
            .filter_map(|join| join.on.as_ref())
            .any(is)
        || data.group.as_ref().is_some_and(is)
        || data.fold_column.as_ref().is_some_and(is)
        || data.split.as_ref().is_some_and(is)
        || data.by.iter().any(is)
        || data.text.iter().chain(&data.covariates).any(is)
        || raters.iter().flat_map(|rater| &rater.columns).any(is)
        || data.targets.iter().chain(&data.values).any(is_target)
}

/// The column is an id, a group, a fold, a part, a covariate or a text.
pub(super) fn has_role(name: &str, data: &DataPlan) -> bool {
    data.id.as_deref() == Some(name)
        || data.group.as_deref() == Some(name)
        || data.fold_column.as_deref() == Some(name)
        || data.split.as_deref() == Some(name)
        || data.covariates.iter().any(|covariate| covariate == name)
        || data.text.iter().any(|text| text == name)
}

fn refuse_shared_name(table: &Table, rater: &RaterPlan, problems: &mut Problems) {
    if table.columns.iter().any(|c| c.name == rater.target) {
        let message = format!("`{}` is a column, and a trait under [raters]", rater.target);
        problems.push(
            Problem::new(&table.file, message)
                .with_try("another name for the trait, or a `prefix` under [[data.join]]"),
        );
    }
}

/// The names that the patterns match, in their order and then that of the candidates. Without
/// patterns: every trait. With a sentence for every column that only numbers the rows: no glob
/// means it.
fn names<'a>(
    table: &'a Table,
    data: &DataPlan,
    raters: &'a [RaterPlan],
    problems: &mut Problems,
) -> (Vec<&'a str>, Vec<String>) {
    let traits = raters.iter().map(|rater| rater.target.as_str());
    let columns = table.columns.iter().map(|column| column.name.as_str());
    let candidates: Vec<&str> = traits
        .clone()
        .chain(columns.filter(|name| !has_role(name, data)))
        .collect();
    if data.targets.is_empty() {
        return (traits.collect(), Vec::new());
    }
    let mut left_out = Vec::new();
    let mut found: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for pattern in &data.targets {
        match matches(pattern, &candidates) {
            Ok(names) if names.is_empty() => {
                let known = suggestion(pattern, candidates.iter().copied());
                let message = format!("target {} matches no column{known}", quoted(pattern));
                problems.push(Problem::new(&table.file, message));
            }
            Ok(names) => {
                for name in names.into_iter().filter(|name| seen.insert(*name)) {
                    match numbering(table, name).filter(|_| name != pattern) {
                        None => found.push(name),
                        Some(note) => left_out.push(note),
                    }
                }
            }
            Err(error) => {
                let message = format!("target {} is not a pattern: {error}", quoted(pattern));
                problems.push(Problem::new(&table.file, message));
            }
        }
    }
    (found, left_out)
}

/// What is said of a column that pandas or R wrote to number the rows.
fn numbering(table: &Table, name: &str) -> Option<String> {
    let at = table
        .columns
        .iter()
        .position(|column| column.name == name)?;
    Numbering::is_index(&table.columns[at]).then(|| {
        let title = titled(name, at);
        format!("{title} of the data file numbers the rows and is no target")
    })
}

/// A name that is there is itself, even `score[1]`; anything else is a glob.
pub(crate) fn matches<'a>(pattern: &str, candidates: &[&'a str]) -> Result<Vec<&'a str>, String> {
    if let Some(name) = candidates.iter().find(|name| **name == pattern) {
        return Ok(vec![name]);
    }
    let glob = GlobBuilder::new(pattern)
        .build()
        .map_err(|error| error.kind().to_string())?
        .compile_matcher();
    let names = candidates.iter().filter(|name| glob.is_match(name));
    Ok(names.copied().collect())
}

struct Reader<'a> {
    table: &'a Table,
    data: &'a DataPlan,
    folds: u32,
    ids: &'a [String],
}

impl Reader<'_> {
    fn column_target(&self, name: &str) -> Result<Target, Refusal> {
        let column = self.table.column("target", name)?;
        let (values, words) = match two_words::read(column, name, &self.data.positive)? {
            Some((values, words)) => (values, Some(words)),
            None => (numbers(column, &format!("target `{name}`"))?, None),
        };
        let target = Target {
            name: name.to_owned(),
            values,
            raters: None,
            words,
        };
        self.checked(target, &column.places)
    }

    fn rater_target(&self, plan: &RaterPlan) -> Result<Target, Refusal> {
        let mut problems = Problems::default();
        let role = format!("[raters] {}:", plan.target);
        let ratings: Vec<Vec<f64>> = plan
            .columns
            .iter()
            .filter_map(|name| {
                let column = self.table.column(&role, name);
                let column = problems.keep(column.map_err(Refusal::from))?;
                problems.keep(numbers(column, &format!("rating `{name}`")))
            })
            .collect();
        problems.finish(())?;
        for (name, values) in plan.columns.iter().zip(&ratings) {
            if let Some(row) = values.iter().position(|value| value.abs() > LARGEST_VALUE) {
                let message = format!(
                    "rating `{name}` = {:e} (id `{}`) is too large; values up to {LARGEST_VALUE:e} are accepted",
                    values[row], self.ids[row]
                );
                return Err(Problem::new(&self.table.file, message).into());
            }
        }
        let (values, panel) = RaterPanel::fit(&plan.columns, ratings).map_err(|message| {
            Problem::new(
                &self.table.file,
                format!("[raters] {}: {message}", plan.target),
            )
        })?;
        let target = Target {
            name: plan.target.clone(),
            values,
            raters: Some(panel),
            words: None,
        };
        self.checked(target, &self.table.columns[0].places)
    }

    /// Refuses a target that cannot be evaluated. `places`: where its values stand.
    fn checked(&self, target: Target, places: &Places) -> Result<Target, Refusal> {
        let refuse = |message: String| Problem::new(&places.file, message);
        let name = &target.name;
        let n = target.n();
        let mut present = target.values.iter().filter(|value| !value.is_nan());
        let Some(first) = present.next() else {
            return Err(refuse(format!(
                "target `{name}` has no value in any of {} rows",
                target.values.len()
            ))
            .into());
        };
        if present.all(|value| value == first) {
            return Err(refuse(format!(
                "target `{name}` is constant: each of its {n} values is {first}"
            ))
            .into());
        }
        let needed = 2 * self.folds as usize;
        if n < needed {
            return Err(refuse(format!(
                "target `{name}` has {n} values, and {} folds need at least {needed}",
                self.folds
            ))
            .into());
        }
        if self.data.missing == Missing::Error && n < target.values.len() {
            return Err(self.missing(&target, places).into());
        }
        Ok(target)
    }

    fn missing(&self, target: &Target, places: &Places) -> Problem {
        let rows: Vec<usize> = (0..target.values.len())
            .filter(|row| target.values[*row].is_nan())
            .collect();
        // A row that a joined table does not have stands nowhere.
        let standing: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|row| places.numbers[*row] > 0)
            .collect();
        let lines = match standing.as_slice() {
            [] => String::new(),
            rows => format!(" at {}", places.listed(rows)),
        };
        let ids = listed_up_to(3, rows.iter().map(|row| format!("`{}`", self.ids[*row])));
        Problem::new(
            &places.file,
            format!("has no `{}`{lines} (ids {ids})", target.name),
        )
        .with_try("missing = \"drop\" under [data]")
    }
}

/// The numbers of a column, NaN where it says that a value is missing.
///
/// # Errors
/// The first cell that is neither, with its line, and how many more there are.
pub(super) fn numbers(column: &Column, role: &str) -> Result<Vec<f64>, Refusal> {
    let n_rows = column.places.numbers.len();
    let mut values = Vec::with_capacity(n_rows);
    let mut wrong = Vec::new();
    for row in 0..n_rows {
        match number(column, row) {
            Ok(value) => values.push(value),
            Err(what) => wrong.push((row, what)),
        }
    }
    let first = wrong
        .iter()
        .min_by_key(|(row, _)| column.places.numbers[*row]);
    let Some((row, what)) = first else {
        return Ok(values);
    };
    let more = match wrong.len() {
        1 => String::new(),
        count => format!("; {count} of {n_rows} values are not"),
    };
    if let Some(problem) = separators::both_notations(column, role) {
        return Err(problem.into());
    }
    let message = format!("{role} = {what} is not a finite number{more}");
    let problem = Problem::new(column.places.of(*row), message);
    let texts = wrong.iter().filter_map(|(row, _)| match column.cell(*row) {
        Cell::Text(text) => Some(text.trim()),
        _ => None,
    });
    let remedy = of_a_spreadsheet(column, texts.clone())
        .or_else(|| separators::advice(texts))
        .unwrap_or_else(|| NUMERIC.to_owned());
    Err(problem.with_try(remedy).into())
}

/// What to try about an error or a date among the cells of a workbook.
fn of_a_spreadsheet<'a>(
    column: &Column,
    mut wrong: impl Iterator<Item = &'a str>,
) -> Option<String> {
    if !matches!(column.places.unit, PlaceUnit::Cells(_)) {
        return None;
    }
    let first = wrong.next()?;
    let is_date = first.len() >= 10
        && first.is_char_boundary(10)
        && first[..10].bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if first.starts_with('#') {
        Some("an error of the spreadsheet: mend its formula, or empty the cell where there is no value".to_owned())
    } else if is_date {
        Some("a date: spreadsheets make 3 May of 3.5 where the comma is the decimal one; format the column as numbers and type these cells again".to_owned())
    } else {
        None
    }
}

const NUMERIC: &str = "a numeric column; a missing value is written as nothing, NA, NaN, null, None or a single point";

/// The number in a cell, NaN where it says that there is none; else what it holds instead.
pub(super) fn number(column: &Column, row: usize) -> Result<f64, String> {
    let text = match column.cell(row) {
        Cell::Null => return Ok(f64::NAN),
        Cell::Number(number) if number.is_finite() => return Ok(number),
        Cell::Number(number) => return Err(number.to_string()),
        Cell::Nested => return Err("a list or an object".to_owned()),
        Cell::Text(text) => text.trim(),
    };
    if is_missing(text) {
        return Ok(f64::NAN);
    }
    match column.numeral(text).parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(quoted(text)),
    }
}
