//! Vectors made elsewhere: a .npy file with a file of ids, or a table with an id column. Joined by id, never by order.
//!
//! Every row of the dataset must have its vector: all encoders share one set of rows, so that their scores compare row by row.
//! Whether the vectors belong to the texts is the doctor's question, not asked here.

use std::path::Path;
use std::sync::Arc;

use nalgebra::DMatrix;

use super::join::{Ids, first};
use super::npy;
use super::table::{Cell, Column, Places, Table, as_text, read_bytes};
use crate::problem::{Problem, Problems, Refusal, quoted, shown_path};

/// Vectors in the order of a dataset.
#[derive(Debug, Clone)]
pub struct Precomputed {
    /// n_rows × dim, all finite, row i for id i of the dataset.
    pub x: DMatrix<f64>,
    /// Every file read: its name and the blake3 hash of its bytes.
    pub hashes: Vec<(String, String)>,
    /// Vectors whose id the dataset does not have; they are left out.
    pub n_extra: usize,
}

/// Reads vectors and puts them in the order of `dataset_ids`.
///
/// `ids`: one id a line, for a .npy file; `id_column`: the id column of a table, all of whose other columns are dimensions, in file order.
///
/// # Errors
/// A [`Refusal`]: a file that cannot be read or is not what it should be, ids that are empty, repeated or of another number than the vectors,
/// a dataset row without a vector, a value that is missing, infinite or no number.
pub fn read_precomputed(
    embeddings: &Path,
    ids: Option<&Path>,
    id_column: &str,
    dataset_ids: &[String],
) -> Result<Precomputed, Refusal> {
    let vectors = match ids {
        Some(ids) => Vectors::from_npy(embeddings, ids)?,
        None => Vectors::from_table(embeddings, id_column)?,
    };
    let rows = vectors.rows(dataset_ids)?;
    vectors.refuse_not_finite(&rows)?;
    let x = &vectors.x;
    Ok(Precomputed {
        x: DMatrix::from_fn(rows.len(), x.ncols(), |row, column| x[(rows[row], column)]),
        n_extra: vectors.ids.names.len() - rows.len(),
        hashes: vectors.hashes,
    })
}

/// Vectors in the order of their file.
struct Vectors {
    file: String,
    ids: Ids,
    x: DMatrix<f64>,
    /// Columns by name, where they have one.
    names: Option<Vec<String>>,
    hashes: Vec<(String, String)>,
}

impl Vectors {
    fn from_npy(embeddings: &Path, ids: &Path) -> Result<Vectors, Refusal> {
        let file = shown_path(embeddings);
        let bytes = read_bytes(embeddings, &file)?;
        let x = npy::read(&bytes).map_err(|message| Problem::new(&file, message))?;
        let ids_file = shown_path(ids);
        let id_bytes = read_bytes(ids, &ids_file)?;
        let names: Vec<String> = as_text(&ids_file, &id_bytes)?
            .lines()
            .map(str::to_owned)
            .collect();
        if names.len() != x.nrows() {
            let message = format!("has {} ids, and {file} has {} rows", names.len(), x.nrows());
            return Err(Problem::new(&ids_file, message)
                .with_try("one id a line, in the order of the rows, without a header")
                .into());
        }
        let places = Places {
            file: ids_file,
            are_lines: true,
            numbers: (1..=names.len()).collect(),
        };
        Ok(Vectors {
            ids: Ids::new(names, &places)?,
            hashes: vec![hash(embeddings, &bytes), hash(ids, &id_bytes)],
            names: None,
            x,
            file,
        })
    }

    fn from_table(embeddings: &Path, id_column: &str) -> Result<Vectors, Refusal> {
        let table = Table::read(embeddings)?;
        let ids = Ids::of(&table, id_column)?;
        let columns: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| column.name != id_column)
            .collect();
        if columns.is_empty() {
            let message = format!("has no column besides `{id_column}`");
            return Err(Problem::new(&table.file, message).into());
        }
        let mut problems = Problems::default();
        let mut x = DMatrix::zeros(table.n_rows, columns.len());
        for (j, column) in columns.iter().enumerate() {
            match fill(x.column_mut(j).as_mut_slice(), column) {
                Ok(()) => {}
                Err(problem) => problems.push(problem),
            }
        }
        let name = embeddings.file_name().unwrap_or_default();
        problems.finish(Vectors {
            hashes: vec![(name.to_string_lossy().into_owned(), table.hash.clone())],
            names: Some(columns.iter().map(|column| column.name.clone()).collect()),
            file: table.file.clone(),
            ids,
            x,
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
        let message = format!(
            "has no vector for {} of the dataset's {} ids ({}); its own are {}",
            missing.len(),
            dataset_ids.len(),
            first(&missing),
            first(&names)
        );
        Err(Problem::new(&self.file, message)
            .with_try("vectors for every row, or a data file of the rows that have one"))
    }

    /// The first value that is not finite among the rows that are used, and how many more there are.
    fn refuse_not_finite(&self, rows: &[usize]) -> Result<(), Problem> {
        let mut found = None;
        let mut count = 0;
        for row in rows {
            for column in 0..self.x.ncols() {
                if !self.x[(*row, column)].is_finite() {
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
        let more = match count {
            1 => String::new(),
            count => format!(
                "; {count} of {} values are not finite",
                rows.len() * self.x.ncols()
            ),
        };
        let value = self.x[(row, column)];
        let message = format!(
            "row {} (id `{}`), {name} is {value}{more}",
            row + 1,
            self.ids.names[row]
        );
        Err(Problem::new(&self.file, message))
    }
}

fn hash(path: &Path, bytes: &[u8]) -> (String, String) {
    let name = path.file_name().unwrap_or_default();
    (
        name.to_string_lossy().into_owned(),
        blake3::hash(bytes).to_hex().to_string(),
    )
}

/// One dimension from a column of a table.
fn fill(values: &mut [f64], column: &Column) -> Result<(), Problem> {
    for (row, value) in values.iter_mut().enumerate() {
        *value = match column.cell(row) {
            Cell::Number(number) => number,
            Cell::Text("") => f64::NAN,
            Cell::Text(text) => text
                .trim()
                .parse()
                .map_err(|_| wrong(column, row, &quoted(text)))?,
            Cell::Null => f64::NAN,
            Cell::Nested => return Err(wrong(column, row, "a list or an object")),
        };
    }
    Ok(())
}

fn wrong(column: &Column, row: usize, what: &str) -> Problem {
    let places: &Arc<Places> = &column.places;
    Problem::new(
        places.of(row),
        format!("`{}` = {what} is not a number", column.name),
    )
    .with_try("a table of the id column and one numeric column a dimension, nothing else")
}
