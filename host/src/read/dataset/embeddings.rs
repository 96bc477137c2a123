//! Vectors made elsewhere: a .npy or .npz file with its ids, or a table with an id column and one
//! column a dimension, or a list a row. Joined by id, never by order.
//!
//! Every row of the dataset must have its vector: all encoders share one set of rows, so that their
//! scores compare row by row. Whether the vectors belong to the texts is the doctor's question, not
//! asked here.

use std::path::Path;
use std::sync::Arc;

use nalgebra::DMatrix;

use super::LARGEST_VALUE;
use super::counting::misnumbered;
use super::encoding::decode;
use super::form::Lost;
use super::ids::{Ids, name_of};
use super::join::first;
use super::lists;
use super::missing::is_missing;
use super::named_columns::in_order;
use super::numbering::{Numbering, range, titled};
use super::table::{Cell, Column, PlaceUnit, Places, Table, Wanted, read_bytes};
use super::{npy, npz};
use crate::plan::FormatPlan;
use crate::problem::{Problem, Problems, Refusal, listed_up_to, quoted, shown_path};

/// Vectors in the order of a dataset.
#[derive(Debug, Clone)]
pub struct Precomputed {
    /// n_rows × dim, all finite, row i for id i of the dataset.
    pub x: DMatrix<f64>,
    /// Names of its columns; `None` for a .npy file, which has none.
    pub columns: Option<Vec<String>>,
    /// Every file read: its name and the blake3 hash of its bytes.
    pub hashes: Vec<(String, String)>,
    /// Vectors whose id the dataset does not have; they are left out.
    pub n_extra: usize,
    /// What else was left out, one sentence each.
    pub notes: Vec<String>,
}

/// Reads vectors and puts them in the order of `dataset_ids`.
///
/// `ids`: one id a line, for a .npy file; `id_column`: the id column of a table, all of whose other
/// columns are dimensions, in file order.
///
/// # Errors
/// A [`Refusal`]: a file that cannot be read or is not what it should be, ids that are empty,
/// repeated or of another number than the vectors, a dataset row without a vector, a value that is
/// missing, infinite, no number or too large to be squared, a column that numbers the rows. Such a
/// column with the name of an index is left out.
pub fn read_precomputed(
    embeddings: &Path,
    ids: Option<&Path>,
    id_column: &str,
    dataset_ids: &[String],
) -> Result<Precomputed, Refusal> {
    let is_numpy = ["npy", "npz"]
        .iter()
        .any(|one| has_extension(embeddings, one));
    let vectors = match ids.is_some() || is_numpy {
        true => Vectors::from_numpy(embeddings, ids)?,
        false => Vectors::from_table(embeddings, id_column, None)?,
    };
    vectors.of_rows(dataset_ids)
}

/// The same from a table with exactly the columns of these names besides the ids, in any order;
/// they are returned in this one.
///
/// # Errors
/// As [`read_precomputed`]; other columns, with both lists.
pub fn read_columns(
    embeddings: &Path,
    id_column: &str,
    names: &[String],
    dataset_ids: &[String],
) -> Result<Precomputed, Refusal> {
    Vectors::from_table(embeddings, id_column, Some(names))?.of_rows(dataset_ids)
}

/// Vectors in the order of their file.
struct Vectors {
    file: String,
    ids: Ids,
    x: DMatrix<f64>,
    /// Columns by name, where they have one.
    names: Option<Vec<String>>,
    hashes: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Vectors {
    /// The vectors of a dataset's rows.
    fn of_rows(self, dataset_ids: &[String]) -> Result<Precomputed, Refusal> {
        let rows = self.rows(dataset_ids)?;
        self.refuse_unusable(&rows)?;
        let x = &self.x;
        Ok(Precomputed {
            x: DMatrix::from_fn(rows.len(), x.ncols(), |row, column| x[(rows[row], column)]),
            columns: self.names,
            n_extra: self.ids.names.len() - rows.len(),
            hashes: self.hashes,
            notes: self.notes,
        })
    }

    /// `ids`: a file of ids, which an .npz may bring along.
    fn from_numpy(embeddings: &Path, ids: Option<&Path>) -> Result<Vectors, Refusal> {
        let file = shown_path(embeddings);
        let bytes = read_bytes(embeddings, &file)?;
        let (x, own_ids) = match has_extension(embeddings, "npz") {
            true => npz::read(&bytes),
            false => npy::read(&bytes).map(|x| (x, None)),
        }
        .map_err(|message| Problem::new(&file, message))?;
        let mut hashes = vec![hash(embeddings, &bytes)];
        let (ids_file, names) = match (ids, own_ids) {
            (Some(ids), _) => {
                let (names, hash) = read_ids(ids)?;
                hashes.push(hash);
                (shown_path(ids), names)
            }
            (None, Some(names)) => (file.clone(), names),
            (None, None) => {
                let message = "has no array of ids, and row order is never trusted";
                return Err(Problem::new(&file, message)
                    .with_try("ids = \"ids.txt\", a text file with one id per row, or np.savez(path, x=x, ids=ids)")
                    .into());
            }
        };
        if names.len() != x.nrows() {
            let message = format!("has {} ids, and {file} has {} rows", names.len(), x.nrows());
            return Err(Problem::new(&ids_file, message)
                .with_try("one id a line, in the order of the rows, without a header")
                .into());
        }
        let places = Places {
            file: ids_file,
            unit: PlaceUnit::Lines,
            numbers: (1..=names.len()).collect(),
        };
        let ids_of_rows = Ids::new(names, &places)?;
        refuse_numbering(&file, &x, &ids_of_rows)?;
        Ok(Vectors {
            ids: ids_of_rows,
            hashes,
            names: None,
            notes: Vec::new(),
            x,
            file,
        })
    }

    /// Vectors in one column, a list a row. What stands beside them is not read.
    fn from_list(
        table: &Table,
        ids: &Ids,
        column: &Column,
        others: &[(usize, &Column)],
    ) -> Result<Vectors, Refusal> {
        let (x, rows) = lists::vectors(column)?;
        let names: Vec<String> = rows.iter().map(|&row| ids.names[row].clone()).collect();
        let ids = Ids::known(&names);
        refuse_numbering(&table.file, &x, &ids)?;
        let beside = others.iter().filter(|(_, other)| other.name != column.name);
        let beside = listed_up_to(5, beside.map(|(_, other)| format!("`{}`", other.name)));
        let mut notes = table.notes.clone();
        if !beside.is_empty() {
            notes.push(format!(
                "{}: the vectors are the lists in `{}`; {beside} beside them {} not used",
                name_of(&table.file),
                column.name,
                if others.len() == 2 { "is" } else { "are" }
            ));
        }
        Ok(Vectors {
            ids,
            hashes: vec![(name_of(&table.file).to_owned(), table.hash.clone())],
            names: None,
            notes,
            x,
            file: table.file.clone(),
        })
    }

    fn from_table(
        embeddings: &Path,
        id_column: &str,
        names: Option<&[String]>,
    ) -> Result<Vectors, Refusal> {
        let table = Table::read_columns(
            embeddings,
            Wanted::Vectors(id_column),
            &FormatPlan::default(),
        )?;
        let ids = Ids::of(&table, id_column)?;
        let columns: Vec<(usize, &Column)> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.name != id_column)
            .collect();
        if columns.is_empty() {
            let message = format!("has no column besides `{id_column}`");
            return Err(Problem::new(&table.file, message).into());
        }
        if names.is_none() {
            match lists::columns(&columns).as_slice() {
                [] => {}
                [one] => return Vectors::from_list(&table, &ids, one, &columns),
                several => return Err(several_lists(&table.file, several).into()),
            }
        }
        let columns = match names {
            Some(names) => of_the_model(&table.file, columns, names)?,
            None => columns,
        };
        let is_new = names.is_none();
        let mut problems = Problems::default();
        let mut wrong = Vec::new();
        let (mut names, mut notes) = (Vec::new(), table.notes.clone());
        let mut x = DMatrix::zeros(table.n_rows, columns.len());
        for (at, column) in columns {
            let dimension = &mut x.column_mut(names.len());
            let values = dimension.as_mut_slice();
            if let Err(problem) = fill(values, column, at) {
                wrong.push(problem);
                continue;
            }
            let title = titled(&column.name, at);
            match Numbering::of(Some(&column.name), values, &ids.names).filter(|_| is_new) {
                None => names.push(column.name.clone()),
                Some(Numbering::Index) => notes.push(left_out(&table.file, &title, values)),
                Some(other) => problems.push(no_dimension(&table.file, &title, other)),
            }
        }
        problems.extend(first_wrong(wrong));
        problems.finish(())?;
        if names.is_empty() {
            let message = format!("has no column of numbers besides `{id_column}` but an index");
            return Err(Problem::new(&table.file, message).into());
        }
        let name = embeddings.file_name().unwrap_or_default();
        Ok(Vectors {
            hashes: vec![(name.to_string_lossy().into_owned(), table.hash.clone())],
            x: x.resize_horizontally(names.len(), 0.0),
            names: Some(names),
            file: table.file.clone(),
            notes,
            ids,
        })
    }

    /// The row of each id of the dataset.
    fn rows(&self, dataset_ids: &[String]) -> Result<Vec<usize>, Problem> {
        let mut rows = Vec::with_capacity(dataset_ids.len());
        let mut missing = Vec::new();
        for id in dataset_ids {
            match self.ids.row(id) {
                Some(row) => rows.push(row),
                None => missing.push(id.as_str()),
            }
        }
        if missing.is_empty() {
            return Ok(rows);
        }
        let names: Vec<&str> = self.ids.names.iter().map(String::as_str).collect();
        let numbered = misnumbered(dataset_ids, &self.ids.names);
        let message = format!(
            "has no vector for {} of the dataset's {} ids ({}); its own are {}",
            missing.len(),
            dataset_ids.len(),
            first(&missing),
            first(&names)
        );
        if let Some(numbered) = numbered {
            let remedy = numbered.remedy("the file of vectors");
            return Err(Problem::new(&self.file, message).with_try(remedy));
        }
        let dataset_ids = Ids::known(dataset_ids);
        Err(
            match Lost::of("the data", &dataset_ids, &self.file, &self.ids) {
                Some(lost) => Problem::new(&self.file, format!("{message}; {}", lost.seen()))
                    .with_try(lost.remedy()),
                None => Problem::new(&self.file, message)
                    .with_try("vectors for every row, or a data file of the rows that have one"),
            },
        )
    }

    /// The first value among the rows that are used that cannot be calculated with, and how many
    /// more there are.
    fn refuse_unusable(&self, rows: &[usize]) -> Result<(), Problem> {
        self.refuse_values(rows, |value| !value.is_finite(), "not finite")?;
        // Squares of larger ones, and sums of such squares, are no numbers.
        let is_too_large = |value: f64| value.abs() > LARGEST_VALUE;
        let what = format!("beyond ±{LARGEST_VALUE:e}, the most that is accepted");
        self.refuse_values(rows, is_too_large, &what)
            .map_err(|problem| {
                problem.with_try(
                    "look at how the vectors were made: an infinite value may have been replaced by the largest number, as np.nan_to_num does",
                )
            })
    }

    /// `what` values are for which `is_refused` holds, in words.
    fn refuse_values(
        &self,
        rows: &[usize],
        is_refused: impl Fn(f64) -> bool,
        what: &str,
    ) -> Result<(), Problem> {
        let mut found = None;
        let mut count = 0;
        for row in rows {
            for column in 0..self.x.ncols() {
                if is_refused(self.x[(*row, column)]) {
                    found = found.or(Some((*row, column)));
                    count += 1;
                }
            }
        }
        let Some((row, column)) = found else {
            return Ok(());
        };
        let name = match &self.names {
            Some(names) => format!("column `{}`", names[column]),
            None => format!("column {}", column + 1),
        };
        let total = rows.len() * self.x.ncols();
        let value = self.x[(row, column)];
        let value = match value.is_finite() {
            true => format!("{value:e}"),
            false => value.to_string(),
        };
        let more = match (count, value.as_str()) {
            (1, "NaN" | "inf" | "-inf") => String::new(),
            (1, _) => format!("; it is {what}"),
            (count, _) => format!("; {count} of {total} values are {what}"),
        };
        let message = format!(
            "row {} (id `{}`), {name} is {value}{more}",
            row + 1,
            self.ids.names[row]
        );
        Err(Problem::new(&self.file, message))
    }
}

/// The columns that a model was made with, in its order; an index that a program has put beside
/// them does not count.
fn of_the_model<'a>(
    file: &str,
    mut columns: Vec<(usize, &'a Column)>,
    names: &[String],
) -> Result<Vec<(usize, &'a Column)>, Problem> {
    columns.retain(|(_, column)| names.contains(&column.name) || !Numbering::is_index(column));
    in_order(file, columns, names)
}

fn several_lists(file: &str, columns: &[&Column]) -> Problem {
    let names = columns.iter().map(|column| format!("`{}`", column.name));
    let message = format!(
        "has several columns of lists, {}, and one is expected",
        listed_up_to(5, names)
    );
    Problem::new(file, message).with_try("a file of the ids and the vectors of one model")
}

/// Ids in a text file, one a line, or in a .npy file.
fn read_ids(path: &Path) -> Result<(Vec<String>, (String, String)), Problem> {
    let file = shown_path(path);
    let bytes = read_bytes(path, &file)?;
    let names = match has_extension(path, "npy") {
        true => npy::ids(&bytes).map_err(|message| Problem::new(&file, message))?,
        false => decode(&file, &bytes, None)?
            .text
            .lines()
            .map(str::to_owned)
            .collect(),
    };
    Ok((names, hash(path, &bytes)))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Columns without names that number the rows.
fn refuse_numbering(file: &str, x: &DMatrix<f64>, ids: &Ids) -> Result<(), Problem> {
    for (j, column) in x.column_iter().enumerate() {
        if let Some(numbering) = Numbering::of(None, column.as_slice(), &ids.names) {
            return Err(no_dimension(file, &format!("column {}", j + 1), numbering));
        }
    }
    Ok(())
}

fn hash(path: &Path, bytes: &[u8]) -> (String, String) {
    let name = path.file_name().unwrap_or_default();
    (
        name.to_string_lossy().into_owned(),
        blake3::hash(bytes).to_hex().to_string(),
    )
}

/// One dimension from a column of a table.
fn fill(values: &mut [f64], column: &Column, at: usize) -> Result<(), Problem> {
    for (row, value) in values.iter_mut().enumerate() {
        *value = match column.cell(row) {
            Cell::Number(number) => number,
            Cell::Text(text) if is_missing(text) => f64::NAN,
            Cell::Text(text) => column
                .numeral(text)
                .parse()
                .map_err(|_| wrong(column, at, row, &quoted(text)))?,
            Cell::Null => f64::NAN,
            Cell::Nested => return Err(wrong(column, at, row, "a list or an object")),
        };
    }
    Ok(())
}

fn wrong(column: &Column, at: usize, row: usize, what: &str) -> Problem {
    let places: &Arc<Places> = &column.places;
    let name = match column.name.as_str() {
        "" => titled("", at),
        name => format!("`{name}`"),
    };
    Problem::new(places.of(row), format!("{name} = {what} is not a number"))
        .with_try("a table of the id column and one numeric column a dimension, nothing else")
}

/// Of columns that are wrong in the same way the first, and how many there are.
fn first_wrong(problems: Vec<Problem>) -> Option<Problem> {
    let n_columns = problems.len();
    let mut first = problems.into_iter().next()?;
    if n_columns > 1 {
        first.message = format!("{}; {n_columns} columns have such cells", first.message);
    }
    Some(first)
}

/// What is said of an index that pandas or R wrote.
fn left_out(file: &str, title: &str, values: &[f64]) -> String {
    let (low, high) = range(values);
    format!(
        "{}: {title} numbers the rows ({low} to {high}) and was left out of the vectors",
        name_of(file)
    )
}

fn no_dimension(file: &str, title: &str, numbering: Numbering) -> Problem {
    let what = match numbering {
        Numbering::Id => "holds the id of each row again",
        Numbering::Index | Numbering::Running => "counts the rows of the file",
    };
    Problem::new(
        file,
        format!("{title} {what} and is no dimension of a vector"),
    )
    .with_try("the file without this column")
}
