//! `ocean-host init`: looks at a table, guesses what its columns are, says why, and writes a plugins.toml that runs.
//!
//! `inspect` says what is in each column, `guess` what it is for, `write` puts it into words. The file is tried before it is called ready: what `eval` would
//! refuse is said here.

mod guess;
mod inspect;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use crate::atomic;
use crate::config::{Config, Scope};
use crate::dataset::Dataset;
use crate::dataset::table::Table;
use crate::plan::Plan;
use crate::problem::{Problem, Refusal};
use crate::run::RunError;
use guess::{Guess, Wishes};
use inspect::Facts;

/// Formats that a study reads.
const EXTENSIONS: [&str; 4] = ["csv", "tsv", "jsonl", "parquet"];

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The table, or a folder with one.
    pub data: PathBuf,
    /// The id column, instead of a guess.
    pub id: Option<String>,
    /// The text column, instead of a guess.
    pub text: Option<String>,
    /// The targets, names or globs, instead of a guess.
    pub targets: Vec<String>,
    /// The group column, instead of a guess.
    pub group: Option<String>,
    /// The file to write; `None`: plugins.toml beside the table.
    pub out: Option<PathBuf>,
    /// Replace it if it is there.
    pub is_forced: bool,
}

/// Writes the file and returns what to print: the guesses with their reasons, and the next command.
///
/// # Errors
/// A [`Refusal`]: no table, or more than one in the folder; a column that does not exist; nothing that could be an id or a target; a file that is there already.
pub fn init(options: &Options) -> Result<String, RunError> {
    let data = find_table(&options.data)?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None => data.with_file_name("plugins.toml"),
    };
    if out.exists() && !options.is_forced {
        let problem = Problem::new(out.display(), "is there already")
            .with_try("--force to replace it, or another --out");
        return Err(Refusal::from(problem).into());
    }
    let table = Table::read(&data)?;
    let facts: Vec<Facts> = table.columns.iter().map(Facts::of).collect();
    let wishes = Wishes {
        id: options.id.as_deref(),
        text: options.text.as_deref(),
        targets: &options.targets,
        group: options.group.as_deref(),
    };
    let guess = Guess::of(&table, &facts, &wishes)?;
    let text = write::plugins_toml(&guess, &relative(&data, &out));
    atomic::write(&out, text.as_bytes())?;
    let trouble = try_out(&out).err();
    Ok(write::explanation(&guess, &table, &out, trouble.as_ref()))
}

/// The table that is meant.
fn find_table(data: &Path) -> Result<PathBuf, Refusal> {
    if !data.is_dir() {
        return Ok(data.to_path_buf());
    }
    let is_table = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
    };
    let entries = std::fs::read_dir(data)
        .map_err(|error| Problem::new(data.display(), format!("cannot be read: {error}")))?;
    let mut tables: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_table)
        .collect();
    tables.sort();
    match tables.as_slice() {
        [table] => Ok(table.clone()),
        [] => {
            let message = "holds no .csv, .tsv, .jsonl or .parquet file";
            Err(Problem::new(data.display(), message)
                .with_try("ocean-host init FILE")
                .into())
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .collect();
            let message = format!("holds several tables: {}", names.join(", "));
            Err(Problem::new(data.display(), message)
                .with_try("ocean-host init FILE; others are joined by id under [[data.join]]")
                .into())
        }
    }
}

/// The table as plugins.toml names it.
fn relative(data: &Path, out: &Path) -> String {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let (data, folder) = (absolute(data), folder(&absolute(out)));
    match data.strip_prefix(&folder) {
        Ok(inside) => inside.display().to_string(),
        Err(_) => data.display().to_string(),
    }
}

/// What `eval` would refuse, short of loading plugins.
fn try_out(out: &Path) -> Result<(), Refusal> {
    let config = Config::read(out, &[], Scope::Evaluation)?;
    let plan = Plan::resolve(&config, None)?;
    Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds).map(|_| ())
}
