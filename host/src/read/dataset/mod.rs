//! [`Dataset`]: the rows of a study, read once and never changed. Ids, texts, groups and targets,
//! in the order of their ids, so that nothing that is drawn or summed depends on the order of a
//! file.
//!
//! Tables are read and joined here, targets found and made into numbers, and everything refused
//! that would make an evaluation meaningless. Rows are never dropped or repaired: a missing target
//! value is NaN, and which rows a target has is for the engine to see.

mod built_in;
mod by_group;
mod bytes;
mod content;
mod counting;
mod covariate;
mod covariates;
mod delimited;
mod delimiter;
mod doubt;
pub mod embeddings;
pub(crate) mod encoding;
mod features;
mod fold_column;
mod foreign;
pub mod form;
mod ids;
mod join;
mod jsonl;
mod labelled;
mod labels;
mod length;
mod lists;
mod missing;
mod moments;
mod named_columns;
mod new_rows;
pub mod npy;
mod npz;
mod numbering;
mod parquet;
mod parts;
mod qualtrics;
mod quiet;
mod quotes;
mod raters;
mod read;
mod repeated;
mod separators;
mod spss;
mod stata;
pub mod table;
pub(crate) mod targets;
mod two_words;
mod value_labels;
mod variables;
pub(crate) mod workbook;

use crate::plan::{Blank, DataPlan, RaterPlan};
use crate::problem::{Problem, Problems, Refusal, listed_up_to};
use content::hash_of_rows;
use form::{Alike, Lost, with_lost_first};
use ids::Ids;
use missing::is_missing;
use table::{Cell, Column, Table, Wanted};

pub use built_in::{LENGTH as LENGTH_COVARIATE, LOG_SIZE};
pub use by_group::Analysed;
pub use counting::{Misnumbered, in_number_order};
pub use covariate::Covariate;
pub use covariates::{Covariates, as_read, listed};
pub use doubt::Doubt;
pub use features::{Features, in_words as features_in_words};
pub use fold_column::FoldColumn;
pub(crate) use foreign::refused as refused_as_foreign;
pub use labelled::{LEAST_ROWS as LEAST_LABELLED, Labelled};
pub use length::length;
pub use new_rows::{Asked, NewRows};
pub use parts::Parts;
pub use raters::RaterPanel;
pub(crate) use read::{is_table, is_text};

/// Targets, ratings, covariates and vectors up to this size are accepted: squares of larger
/// numbers, and sums of such squares, are no numbers.
pub const LARGEST_VALUE: f64 = 1e100;

/// The rows of a study.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// One a row, none empty, none twice; ascending as bytes.
    pub ids: Vec<String>,
    /// Where each row stands in the main file, from 0.
    pub file_rows: Vec<usize>,
    /// The text columns, in the order of the plan, one text a row; empty when the plan names none.
    pub texts: Vec<Vec<String>>,
    /// At least one, unless the plan asks for none.
    pub targets: Vec<Target>,
    /// One a row.
    pub groups: Option<Vec<String>>,
    /// The folds, if a column has them. Rows without a value of it are not here.
    pub folds: Option<FoldColumn>,
    /// Columns by whose values a report tells who is predicted how well.
    pub labels: Vec<Labelled>,
    /// Z, if covariates are to be taken out. Rows that lack one are not here.
    pub covariates: Option<Covariates>,
    /// Columns that are features themselves.
    pub features: Features,
    /// Columns without a role whose values several rows share, as labels do: the name, and one
    /// value a row.
    pub shared_labels: Vec<(String, Vec<String>)>,
    /// Rows of the main file.
    pub n_read: usize,
    /// What a reader should know, one sentence each: unmatched ids, raters that are not used.
    pub notes: Vec<String>,
    /// How files were read where that was found rather than said, one sentence each.
    pub readings: Vec<String>,
    /// What may have been meant otherwise than it was read.
    pub doubts: Vec<Doubt>,
    /// Joined files whose ids seem to count from another number than those of the main file.
    pub misnumbered: Vec<(String, Misnumbered)>,
    /// Ids that differ in form alone.
    pub spelling: Spelling,
    /// Reasons in words for which whole rows are in no analysis, with their number. Rows without a
    /// covariate are not here, the others are all the same.
    pub dropped: Vec<(String, usize)>,
    /// What rows are for, where some are kept to be tested on.
    pub parts: Option<Box<Parts>>,
    /// Every file read: its name and the blake3 hash of its bytes.
    pub hashes: Vec<(String, String)>,
    /// The same files with the hash of their rows in the order of the ids.
    pub contents: Vec<(String, String)>,
}

/// Ids that differ in form alone: lost in joins, or beside each other in one file.
#[derive(Debug, Clone, Default)]
pub struct Spelling {
    /// Of each join that lost some.
    pub lost: Vec<Lost>,
    /// The name of a file, and its ids that look alike.
    pub alike: Vec<(String, Alike)>,
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
    /// What is 0 and what is 1 of it, where it has words.
    pub words: Option<[String; 2]>,
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
    /// A [`Refusal`] naming file, line and column: a file that cannot be read or is damaged, an id
    /// that is empty or repeated, a column that does not exist, a target that is not numeric,
    /// constant, without values or with fewer than 2 × `folds`, a row without text or group, a
    /// covariate with words among its numbers.
    pub fn read(data: &DataPlan, raters: &[RaterPlan], folds: u32) -> Result<Dataset, Refusal> {
        let mut problems = Problems::default();
        let is_wanted = |name: &str| targets::is_wanted(name, data, raters);
        let mut table = Table::read_columns(&data.path, Wanted::Named(&is_wanted), &data.format)?;
        let mut readings = table.notes.clone();
        let mut ids = match &data.id {
            Some(id) => Ids::of(&table, id)?,
            None => Ids::numbered(table.n_rows),
        };
        if data.id.is_none() {
            readings.push(numbered(&table.file));
        }
        let n_read = table.n_rows;
        let mut hashes = vec![(name_of(&data.path), table.hash.clone())];
        let mut contents = vec![(name_of(&data.path), hash_of_rows(&table, &ids))];
        let (mut notes, mut misnumbered) = (Vec::new(), Vec::new());
        let mut spelling = Spelling::default();
        spelling.add_alike(&table, Alike::of(ids.names.iter().map(String::as_str)));
        for plan in &data.joins {
            let is_wanted =
                |name: &str| name == plan.id || is_wanted(&format!("{}{name}", plan.prefix));
            let other = Table::read_columns(&plan.path, Wanted::Named(&is_wanted), &plan.format);
            let joined = other.and_then(|other| {
                readings.extend(other.notes.iter().cloned());
                let other_ids = Ids::of(&other, &plan.id)?;
                let name = name_of(&plan.path);
                hashes.push((name.clone(), other.hash.clone()));
                contents.push((name.clone(), hash_of_rows(&other, &other_ids)));
                if plan.on.is_none() {
                    let found = counting::misnumbered(&ids.names, &other_ids.names);
                    misnumbered.extend(found.map(|found| (name, found)));
                }
                let keys = match &plan.on {
                    Some(on) => join::Keys::of_column(&table, on)?,
                    None => join::Keys::of_ids(&ids),
                };
                let joined = join::join(&mut table, &keys, &other, &other_ids, plan)?;
                spelling.add_alike(&other, joined.alike);
                spelling.lost.extend(joined.lost);
                Ok(joined.note)
            });
            notes.extend(problems.keep(joined).flatten());
        }
        problems.finish(())?; // without its columns, more messages would mislead
        let reasoned = |refusal| with_lost_first(&spelling.lost, refusal);
        let (mut rows, n_of_neither) = parts::rows_of(&table, data).map_err(reasoned)?;
        let (n_of_parts, has_text) = (rows.len(), texts_of_rows(&table, data));
        rows.retain(|&row| has_text[row]);
        let n_textless = n_of_parts - rows.len();
        let mut file_rows = covariates::complete_rows(&table, data).map_err(reasoned)?;
        file_rows.retain(|row| rows.binary_search(row).is_ok());
        let n_lacking = rows.len() - file_rows.len();
        let (file_rows, n_without_fold) =
            fold_column::with_value(&table, data, file_rows).map_err(reasoned)?;
        let values = features::names(&table, data).map_err(reasoned)?;
        let (mut file_rows, n_without_value) =
            features::complete_rows(&table, data, &values, file_rows).map_err(reasoned)?;
        file_rows.sort_unstable_by(|a, b| ids.names[*a].cmp(&ids.names[*b]));
        if !file_rows.iter().copied().eq(0..n_read) {
            table.keep(&file_rows);
            refuse_no_rows(&table, n_textless == n_read).map_err(reasoned)?;
            let kept = file_rows.iter().map(|&row| ids.names[row].clone());
            ids = Ids::known(&kept.collect::<Vec<String>>());
        }
        let mut problems = Problems::default();
        let texts: Vec<Vec<String>> = data
            .text
            .iter()
            .filter_map(|name| problems.keep(texts_of(&table, name, data)))
            .collect();
        let groups: Option<Vec<String>> = data
            .group
            .as_ref()
            .and_then(|name| problems.keep(groups_of(&table, name)));
        let labels = problems
            .keep(Labelled::all(&table, data))
            .unwrap_or_default();
        let fold_column = problems.keep(FoldColumn::of(&table, data)).flatten();
        if let (Some(folds), Some(groups)) = (&fold_column, &groups) {
            problems.extend(folds.refuse_crossing(groups, &ids.names).err());
        }
        let folds = fold_column
            .as_ref()
            .map_or(folds, |of| of.values.len() as u32);
        let selection = targets::select(&table, data, raters, folds, &ids.names);
        let (targets, unused) = problems.keep(selection).unwrap_or_default();
        notes.extend(unused);
        let covariates = Covariates::of(&table, data, &joined(&texts), groups.as_deref());
        let covariates = problems.keep(covariates).flatten();
        problems.extend(features::refuse_targets(&table, &values, &targets));
        let features = problems
            .keep(Features::of(&table, &values))
            .unwrap_or_default();
        readings.extend(features.reading(&table.file));
        let mut dropped = rows_without_target(&targets, ids.names.len());
        let named = |name: &Option<String>| name.clone().unwrap_or_default();
        for (reason, count) in [
            ("no text".to_owned(), n_textless),
            ("no value of a covariate".to_owned(), n_lacking),
            (
                "no value of a column among `values`".to_owned(),
                n_without_value,
            ),
            (
                format!("neither train nor test in `{}`", named(&data.split)),
                n_of_neither,
            ),
            (
                format!("no value of `{}`", named(&data.fold_column)),
                n_without_fold,
            ),
        ] {
            if count > 0 {
                dropped.push((reason, count));
            }
        }
        let named = data.text.iter().zip(&texts);
        let mut doubts: Vec<Doubt> = named
            .filter_map(|(name, texts)| doubt::words_for_nothing(name, texts, &ids.names))
            .collect();
        let covariate = |name: &String| table.columns.iter().find(|column| column.name == *name);
        let of_numbers = targets::columns_of(&table, &targets)
            .into_iter()
            .chain(data.covariates.iter().filter_map(covariate));
        doubts.extend(of_numbers.filter_map(separators::thousands));
        let predicted = targets::columns_of(&table, &targets);
        readings.extend(value_labels::read_as_numbers(predicted.into_iter()));
        problems.finish(()).map_err(reasoned)?;
        Ok(Dataset {
            doubts,
            shared_labels: labels::shared(&table, data, raters, &targets),
            dropped,
            covariates,
            parts: None,
            n_read,
            ids: ids.names,
            file_rows,
            texts,
            targets,
            groups,
            folds: fold_column,
            labels,
            features,
            notes,
            readings,
            misnumbered,
            spelling,
            hashes,
            contents,
        })
    }

    /// A refusal that begins with the ids that joins lost by their form.
    pub fn reasoned(&self, refusal: Refusal) -> Refusal {
        with_lost_first(&self.spelling.lost, refusal)
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.ids.len()
    }

    /// The plan names at least one text column.
    pub fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// The rows in the order in which they stand in the main file.
    pub fn in_file_order(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.n_rows()).collect();
        rows.sort_by_key(|&row| self.file_rows.get(row));
        rows
    }

    /// Nothing but white space in any text column, of which there is one.
    pub fn is_blank(&self, row: usize) -> bool {
        let is_blank = |column: &Vec<String>| column[row].trim().is_empty();
        self.has_texts() && self.texts.iter().all(is_blank)
    }

    /// [`Dataset::joined_texts`], each blank one told apart by its id: nobody wrote the same there.
    pub fn told_apart(&self) -> Vec<String> {
        let mut texts = self.joined_texts();
        for (row, text) in texts.iter_mut().enumerate() {
            if self.is_blank(row) {
                *text = format!("\0blank\0{}", self.ids[row]);
            }
        }
        texts
    }

    /// The texts of each row as one, a line each; none when the plan names no text column.
    pub fn joined_texts(&self) -> Vec<String> {
        joined(&self.texts)
    }
}

impl Spelling {
    fn add_alike(&mut self, table: &Table, alike: Option<Alike>) {
        let name = ids::name_of(&table.file).to_owned();
        self.alike.extend(alike.map(|alike| (name, alike)));
    }
}

fn joined(texts: &[Vec<String>]) -> Vec<String> {
    let of_row = |row: usize| {
        let parts: Vec<&str> = texts.iter().map(|column| column[row].as_str()).collect();
        parts.join("\n")
    };
    (0..texts.first().map_or(0, Vec::len)).map(of_row).collect()
}

fn refuse_no_rows(table: &Table, is_textless: bool) -> Result<(), Refusal> {
    let message = match is_textless {
        _ if table.n_rows > 0 => return Ok(()),
        true => "no row has a text",
        false => "no row has a text, a value of every covariate, and a fold",
    };
    Err(Problem::new(&table.file, message).into())
}

/// Has a row a text in any text column? All rows have where blank ones are kept, or no text is
/// read. A column that is not there is refused when its texts are read.
fn texts_of_rows(table: &Table, data: &DataPlan) -> Vec<bool> {
    if data.blank == Blank::Keep || data.text.is_empty() {
        return vec![true; table.n_rows];
    }
    let columns = data
        .text
        .iter()
        .filter_map(|name| table.column("text", name).ok());
    let columns: Vec<&Column> = columns.collect();
    if columns.len() < data.text.len() {
        return vec![true; table.n_rows];
    }
    let is_text = |cell| match cell {
        Cell::Text(text) => !is_missing(text),
        Cell::Number(_) | Cell::Nested => true,
        Cell::Null => false,
    };
    let has_text = |row| columns.iter().any(|column| is_text(column.cell(row)));
    (0..table.n_rows).map(has_text).collect()
}

fn name_of(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn rows_without_target(targets: &[Target], n_rows: usize) -> Vec<(String, usize)> {
    let is_bare = |row: &usize| targets.iter().all(|target| target.values[*row].is_nan());
    let count = (0..n_rows).filter(is_bare).count();
    match targets.is_empty() || count == 0 {
        true => Vec::new(),
        false => vec![("no value of any target".to_owned(), count)],
    }
}

/// What is said of rows that have no ids.
fn numbered(file: &str) -> String {
    format!(
        "{}: without `id` under [data] rows are named by their number in the file",
        ids::name_of(file)
    )
}

/// Texts as they are. A cell without a text is an empty one where the row has another text.
fn texts_of(table: &Table, name: &str, data: &DataPlan) -> Result<Vec<String>, Refusal> {
    let column = table.column("text", name)?;
    if data.blank == Blank::Drop && data.text.len() > 1 {
        return new_rows::texts_of(column, name);
    }
    required(table, "text", name, |text| Some(text.to_owned())).map_err(|problem| {
        problem
            .with_try("an empty text where a row has none")
            .into()
    })
}

fn groups_of(table: &Table, name: &str) -> Result<Vec<String>, Refusal> {
    let named = |group: &str| (!is_missing(group)).then(|| group.to_owned());
    required(table, "group", name, named).map_err(|problem| {
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
    let mut words = std::collections::BTreeSet::new();
    for row in 0..table.n_rows {
        let word = column.word(row);
        let value = word.as_deref().and_then(&convert);
        if let (None, Some(word)) = (&value, &word) {
            words.insert(word.trim().to_owned());
        }
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
    words.remove("");
    let written = match words.is_empty() {
        true => String::new(),
        false => {
            let words = listed_up_to(5, words.iter().map(|word| format!("`{word}`")));
            format!(" ({words} is read as none; the name of a {role} is spelled otherwise)")
        }
    };
    Err(Problem::new(
        &table.file,
        format!("has no {role} (`{name}`) at {lines}{written}"),
    ))
}

#[cfg(test)]
mod tests;
