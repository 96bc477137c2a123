//! A folder of texts, one a file, beside a table of scores that names the files: `init` writes the
//! texts into a table of their own, to which the scores are joined.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Refusal, listed_up_to, shown_path};
use crate::read::dataset::encoding::{decode, likely};
use crate::read::dataset::table::{Cell, Cells, Column, Table, Texts as TableTexts};

/// Fewer files are notes beside a table.
const LEAST_FILES: usize = 5;
/// The table that is written.
const FILE: &str = "texts.csv";
/// Its column of texts.
const TEXT: &str = "text";

/// Texts of a folder by the names of their files.
pub struct Folder {
    path: PathBuf,
    files: Vec<PathBuf>,
}

/// A table of texts to be written.
pub struct Texts {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub content: Vec<u8>,
    /// The column of the scores' table that names the files.
    pub id: String,
    /// The column of texts.
    pub text: String,
    /// How it came about.
    pub remark: String,
    /// The text of each row, where it has one.
    by_row: TableTexts,
}

impl Folder {
    /// The folder of texts that belongs to a table: where the table is, or beside it.
    pub fn beside(data: &Path) -> Option<Folder> {
        let parent = match data.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folders = entries(parent).into_iter().filter(|path| path.is_dir());
        let mut folders: Vec<PathBuf> = folders.collect();
        folders.push(parent.to_path_buf());
        let of = |path: PathBuf| Folder {
            files: texts_in(&path),
            path,
        };
        folders
            .into_iter()
            .map(of)
            .find(|folder| folder.files.len() >= LEAST_FILES)
    }

    /// The texts of the rows of a table whose files a column names, if it names most of them.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn texts(&self, table: &Table, data: &Path) -> Result<Option<Texts>, Refusal> {
        let stem = |name: &str| -> String {
            let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
            let name = name.strip_suffix(".txt").unwrap_or(name);
            name.trim().to_lowercase()
        };
        let by_stem: HashMap<String, &PathBuf> = self
            .files
            .iter()
            .map(|path| {
                (
                    stem(&path.file_name().unwrap_or_default().to_string_lossy()),
                    path,
                )
            })
            .collect();
        let file_of = |column: &Column, row: usize| match column.cell(row) {
            Cell::Text(text) => by_stem.get(&stem(text)).copied(),
            Cell::Number(number) => by_stem.get(&number.to_string()).copied(),
            _ => None,
        };
        let n_named = |column: &&Column| {
            (0..table.n_rows)
                .filter(|row| file_of(column, *row).is_some())
                .count()
        };
        let Some(column) = table
            .columns
            .iter()
            .find(|column| 2 * n_named(column) > table.n_rows)
        else {
            return Ok(None);
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: csv::Error| Problem::new(FILE, error.to_string());
        writer
            .write_record([column.name.as_str(), TEXT])
            .map_err(failed)?;
        let (mut lacking, mut by_row) = (Vec::new(), TableTexts::default());
        for row in 0..table.n_rows {
            let id = super::cells::cell(column.cell(row));
            match file_of(column, row) {
                Some(file) => {
                    let text = read(file)?;
                    writer
                        .write_record([id.as_ref(), text.as_str()])
                        .map_err(failed)?;
                    by_row.push(Cell::Text(&text));
                }
                None => {
                    by_row.push(Cell::Null);
                    lacking.push(format!("`{id}`"));
                }
            }
        }
        let n = table.n_rows - lacking.len();
        let without = match lacking.len() {
            0 => String::new(),
            count => format!("; {count} rows name none ({})", listed_up_to(3, lacking)),
        };
        Ok(Some(Texts {
            path: data.with_file_name(FILE),
            content: writer
                .into_inner()
                .map_err(|error| Problem::new(FILE, error.to_string()))?,
            id: column.name.clone(),
            text: TEXT.to_owned(),
            by_row,
            remark: format!(
                "`{}` names files of {}: their {n} texts are copied into {FILE}, to which this table is joined{without}",
                column.name,
                shown_path(&self.path)
            ),
        }))
    }
}

impl Texts {
    /// A table with the texts in a column of their own; rows without a text are empty there.
    ///
    /// # Errors
    /// The table has a column of that name.
    pub fn beside(&self, table: &Table) -> Result<Table, Problem> {
        if table.columns.iter().any(|column| column.name == self.text) {
            let message = format!(
                "has a column `{}`, as the table of the folder's texts would have",
                self.text
            );
            return Err(Problem::new(&table.file, message).with_try("another name for it"));
        }
        let mut column = table.column("the", &self.id)?.clone();
        column.name = self.text.clone();
        column.cells = Cells::Texts(self.by_row.clone());
        let mut table = table.clone();
        table.columns.insert(0, column);
        Ok(table)
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The .txt files of a folder.
pub fn texts_in(folder: &Path) -> Vec<PathBuf> {
    let is_txt = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
            && path.is_file()
    };
    entries(folder).into_iter().filter(is_txt).collect()
}

/// A text as it is; one that is not UTF-8 in its likely encoding, for a copy in UTF-8 is written.
fn read(file: &Path) -> Result<String, Problem> {
    let shown = shown_path(file);
    let bytes = std::fs::read(file)
        .map_err(|error| Problem::new(&shown, format!("cannot be read: {error}")))?;
    if bytes.is_empty() {
        return Ok(String::new());
    }
    let encoding = likely(&bytes).map(|(encoding, _)| encoding);
    Ok(decode(&shown, &bytes, encoding.as_deref())?
        .text
        .into_owned())
}
