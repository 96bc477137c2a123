//! [`Dataset`]: the rows of a study, read once and never changed. Ids, texts, groups and targets, in the order of the main file.
//!
//! Tables are read and joined here, targets found and made into numbers, and everything refused that would make an evaluation meaningless.
//! Rows are never dropped or repaired: a missing target value is NaN, and which rows a target has is for the engine to see.

mod by_group;
mod covariates;
mod delimited;
pub mod embeddings;
mod join;
mod jsonl;
mod labels;
pub mod npy;
mod parquet;
mod raters;
pub mod table;
pub(crate) mod targets;

use crate::plan::{DataPlan, RaterPlan};
use crate::problem::{Problem, Problems, Refusal};
use join::Ids;
use table::{Cell, Table};

pub use by_group::{Analysed, one_value_a_group};
pub use covariates::{Covariates, LENGTH as LENGTH_COVARIATE, LOG_SIZE, listed};
pub use raters::RaterPanel;

/// The rows of a study.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// One a row, none empty, none twice.
    pub ids: Vec<String>,
    /// The text columns, in the order of the plan, one text a row; empty when the plan names none.
    pub texts: Vec<Vec<String>>,
    /// At least one, unless the plan asks for none.
    pub targets: Vec<Target>,
    /// One a row.
    pub groups: Option<Vec<String>>,
    /// Z, if covariates are to be taken out. Rows that lack one are not here.
    pub covariates: Option<Covariates>,
    /// Columns without a role whose values several rows share, as labels do: the name, and one value a row.
    pub shared_labels: Vec<(String, Vec<String>)>,
    /// Rows of the main file.
    pub n_read: usize,
    /// What a reader should know, one sentence each: unmatched ids, raters that are not used.
    pub notes: Vec<String>,
    /// Reasons in words for which whole rows are in no analysis, with their number. Rows without a covariate are not here, the others are all the same.
    pub dropped: Vec<(String, usize)>,
    /// Every file read: its name and the blake3 hash of its bytes.
    pub hashes: Vec<(String, String)>,
}

/// What is to be predicted.
#[derive(Debug, Clone)]
pub struct Target {
    /// A column or a trait of `[raters]`.
    pub name: String,
    /// One a row; NaN is missing, all others are finite.
    pub values: Vec<f64>,
    /// The ratings it is made of.
    pub raters: Option<RaterPanel>,
}

impl Target {
    /// Rows that have a value.
    pub fn n(&self) -> usize {
        self.values.iter().filter(|value| !value.is_nan()).count()
    }
}

impl Dataset {
    /// Reads and joins the tables of a plan. `folds`: every target needs two rows for each.
    ///
    /// # Errors
    /// A [`Refusal`] naming file, line and column: a file that cannot be read or is damaged, an id that is empty or repeated, a column that does
    /// not exist, a target that is not numeric, constant, without values or with fewer than 2 × `folds`, a row without text or group.
    pub fn read(data: &DataPlan, raters: &[RaterPlan], folds: u32) -> Result<Dataset, Refusal> {
        let mut problems = Problems::default();
        let mut table = Table::read(&data.path)?;
        let mut ids = Ids::of(&table, &data.id)?;
        let n_read = table.n_rows;
        let mut hashes = vec![hash_of(&data.path, &table)];
        let mut notes = Vec::new();
        for plan in &data.joins {
            let joined = Table::read(&plan.path).and_then(|other| {
                hashes.push(hash_of(&plan.path, &other));
                join::join(&mut table, &ids, &other, &plan.id, &plan.prefix)
            });
            notes.extend(problems.keep(joined).flatten());
        }
        problems.finish(())?; // without its columns, more messages would mislead
        let complete = covariates::complete_rows(&table, data)?;
        if complete.len() < n_read {
            table.keep(&complete);
            refuse_no_rows(&table)?;
            ids = Ids::of(&table, &data.id)?;
        }
        let mut problems = Problems::default();
        let texts: Vec<Vec<String>> = data
            .text
            .iter()
            .filter_map(|name| problems.keep(texts_of(&table, name)))
            .collect();
        let groups: Option<Vec<String>> = data
            .group
            .as_ref()
            .and_then(|name| problems.keep(groups_of(&table, name)));
        let selection = targets::select(&table, data, raters, folds, &ids.names);
        let (targets, unused) = problems.keep(selection).unwrap_or_default();
        notes.extend(unused);
        let covariates = Covariates::of(&table, data, &joined(&texts), groups.as_deref());
        let covariates = problems.keep(covariates).flatten();
        let mut dropped = rows_without_target(&targets, ids.names.len());
        if complete.len() < n_read {
            dropped.push((
                "no value of a covariate".to_owned(),
                n_read - complete.len(),
            ));
        }
        problems.finish(Dataset {
            shared_labels: labels::shared(&table, data, raters, &targets),
            dropped,
            covariates,
            n_read,
            ids: ids.names,
            texts,
            targets,
            groups,
            notes,
            hashes,
        })
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.ids.len()
    }

    /// The plan names at least one text column.
    pub fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// The texts of each row as one, a line each; none when the plan names no text column.
    pub fn joined_texts(&self) -> Vec<String> {
        joined(&self.texts)
    }
}

fn joined(texts: &[Vec<String>]) -> Vec<String> {
    let of_row = |row: usize| {
        let parts: Vec<&str> = texts.iter().map(|column| column[row].as_str()).collect();
        parts.join("\n")
    };
    (0..texts.first().map_or(0, Vec::len)).map(of_row).collect()
}

fn refuse_no_rows(table: &Table) -> Result<(), Refusal> {
    if table.n_rows > 0 {
        return Ok(());
    }
    Err(Problem::new(&table.file, "no row has a value of every covariate").into())
}

fn hash_of(path: &std::path::Path, table: &Table) -> (String, String) {
    let name = path.file_name().unwrap_or_default();
    (name.to_string_lossy().into_owned(), table.hash.clone())
}

fn rows_without_target(targets: &[Target], n_rows: usize) -> Vec<(String, usize)> {
    let is_bare = |row: &usize| targets.iter().all(|target| target.values[*row].is_nan());
    let count = (0..n_rows).filter(is_bare).count();
    match targets.is_empty() || count == 0 {
        true => Vec::new(),
        false => vec![("no value of any target".to_owned(), count)],
    }
}

/// Texts as they are, the empty one included; a cell without a text is not an empty text.
fn texts_of(table: &Table, name: &str) -> Result<Vec<String>, Refusal> {
    required(table, "text", name, |text| Some(text.to_owned())).map_err(|problem| {
        problem
            .with_try("an empty text where a row has none")
            .into()
    })
}

fn groups_of(table: &Table, name: &str) -> Result<Vec<String>, Refusal> {
    let not_blank = |group: &str| (!group.trim().is_empty()).then(|| group.to_owned());
    required(table, "group", name, not_blank).map_err(|problem| {
        problem
            .with_try("a group of its own for each such row, or no `group`")
            .into()
    })
}

/// A column in which every row must have a value.
fn required(
    table: &Table,
    role: &str,
    name: &str,
    convert: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Problem> {
    let column = table.column(role, name)?;
    let mut values = Vec::with_capacity(table.n_rows);
    let mut missing = Vec::new();
    for row in 0..table.n_rows {
        let value = match column.cell(row) {
            Cell::Text(text) => convert(text),
            Cell::Number(number) => convert(&number.to_string()),
            Cell::Null | Cell::Nested => None,
        };
        match value {
            Some(value) => values.push(value),
            None => missing.push(row),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    // Lines of the main file: a joined one may lack the rows altogether.
    let lines = table.columns[0].places.listed(&missing);
    Err(Problem::new(
        &table.file,
        format!("has no {role} (`{name}`) at {lines}"),
    ))
}

#[cfg(test)]
mod tests;
