//! `ocean-host init`: looks at a table, guesses what its columns are, says why, and writes a
//! plugins.toml that runs.
//!
//! `inspect` says what is in each column and `name` what it is called like; `guess` says what it is
//! for, with `texts`, `groups`, `series`, `scores` and `panel`; `explain` puts that into words and
//! `write` into a file. The file is tried before it is called ready: what `eval` would refuse is
//! said here.

mod cells;
#[cfg(test)]
mod corpora;
mod explain;
mod folder;
#[cfg(test)]
mod grids;
mod groups;
mod guess;
mod inspect;
#[cfg(test)]
mod layouts;
mod long;
mod name;
mod panel;
mod questions;
mod scores;
mod series;
#[cfg(test)]
mod tests;
mod texts;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::keep::atomic;
use crate::keep::file_names::may_write;
use crate::plan::{FormatPlan, refuse_idle_flags};
use crate::problem::{Problem, Refusal, listed_up_to, shown_path, typed_path};
use crate::read::dataset::table::Table;
use crate::read::dataset::{encoding, is_table, is_text, workbook};
use crate::run::{self, RunError};
use folder::{Folder, texts_in};
use guess::{Guess, Wishes};
use inspect::Facts;

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The table, or a folder with one.
    pub data: PathBuf,
    /// The id column, instead of a guess.
    pub id: Option<String>,
    /// The text columns, instead of a guess.
    pub text: Vec<String>,
    /// The targets, names or globs, instead of a guess.
    pub targets: Vec<String>,
    /// The group column, instead of a guess.
    pub group: Option<String>,
    /// How the table is written, instead of a guess.
    pub format: FormatPlan,
    /// The file to write; `None`: plugins.toml beside the table.
    pub out: Option<PathBuf>,
    /// Replace it if it is there.
    pub is_forced: bool,
    /// Somebody sits at the terminal.
    pub may_ask: bool,
}

/// What `init` says.
#[derive(Debug)]
pub struct Said {
    /// The guesses with their reasons, and the next command.
    pub text: String,
    /// Why nothing was written all the same.
    pub refusal: Option<Refusal>,
}

/// Writes the file and says what was guessed and why. `eval` then tries the file as with --dry-run,
/// and what it would refuse is said, too.
///
/// # Errors
/// A [`Refusal`]: no table, or more than one in the folder; a column that does not exist; a file
/// that is there already.
pub fn init(options: &Options) -> Result<Said, RunError> {
    init_and_try(options, &dry_run)
}

fn init_and_try(
    options: &Options,
    tried: &dyn Fn(&Path) -> Result<(), RunError>,
) -> Result<Said, RunError> {
    let data = find_table(&options.data)?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None => data.with_file_name("plugins.toml"),
    };
    may_write(&out, std::slice::from_ref(&data), options.is_forced)?;
    refuse_idle_flags(&data, &options.format)?;
    let (format, remark) = format(&data, &options.format)?;
    let mut table = Table::read(&data, &format)?;
    let folder = Folder::beside(&data).filter(|_| options.text.is_empty());
    let texts = folder
        .map(|folder| folder.texts(&table, &data))
        .transpose()?
        .flatten();
    if let Some(texts) = &texts {
        may_write(&texts.path, std::slice::from_ref(&data), options.is_forced)?;
        table = texts.beside(&table).map_err(Refusal::from)?;
    }
    let facts: Vec<Facts> = table.columns.par_iter().map(Facts::of).collect();
    let id = texts.as_ref().map(|texts| texts.id.as_str());
    let guessed = |options: &Options| {
        let wishes = Wishes {
            id: id.or(options.id.as_deref()),
            text: &options.text,
            targets: &options.targets,
            group: options.group.as_deref(),
        };
        Guess::of(&table, &facts, &wishes)
    };
    let mut guess = guessed(options)?;
    if options.may_ask {
        let (mut input, mut output) = (std::io::stdin().lock(), std::io::stderr());
        let answered = questions::ask(&guess, options, &mut input, &mut output)
            .map_err(|error| Refusal::from(Problem::new("the terminal", error.to_string())))?;
        guess = guessed(&answered)?;
    }
    guess
        .remarks
        .splice(0..0, remark.into_iter().chain(table.notes.iter().cloned()));
    if let Some(texts) = &texts {
        guess.remarks.push(texts.remark.clone());
        let named = guess.columns.iter_mut();
        named
            .filter(|column| column.name == texts.id)
            .for_each(|column| column.why = "it names the files of the texts".to_owned());
    }
    let mut text = explain::columns(&guess, &table);
    if let Some(problem) = lacking(&guess, &table) {
        return Ok(Said {
            text,
            refusal: Some(problem.into()),
        });
    }
    let tables = write::Tables {
        main: relative(texts.as_ref().map_or(&data, |texts| &texts.path), &out),
        joined: texts.as_ref().map(|_| relative(&data, &out)),
        format: &format,
    };
    if let Some(texts) = &texts {
        atomic::write(&texts.path, &texts.content)?;
    }
    atomic::write(&out, write::plugins_toml(&guess, &tables).as_bytes())?;
    text.push_str(&next(&guess, &out, tried));
    Ok(Said {
        text,
        refusal: None,
    })
}

/// How the file must be said to be written, and why: what is not UTF-8 is not read without a word,
/// and of several sheets none is chosen.
fn format(data: &Path, typed: &FormatPlan) -> Result<(FormatPlan, Option<String>), Refusal> {
    let mut format = typed.clone();
    let is_sought = is_text(data) && typed.encoding.is_none()
        || workbook::is_workbook(data) && typed.sheet.is_none();
    if !is_sought {
        return Ok((format, None));
    }
    let bytes = std::fs::read(data).unwrap_or_default();
    if is_text(data)
        && let Some((encoding, seen)) = encoding::likely(&bytes)
    {
        let remark = format!(
            "the file is not UTF-8, and looks like {encoding}, in which a line reads \"{}\": if that reads well, so does the rest",
            cells::shown(&seen)
        );
        format.encoding = Some(encoding);
        return Ok((format, Some(remark)));
    }
    if !workbook::is_workbook(data) {
        return Ok((format, None));
    }
    let sheets = workbook::sheets(&shown_path(data), &bytes)?;
    if sheets.len() < 2 {
        return Ok((format, None));
    }
    // The largest: codebooks and notes are smaller than answers.
    let size = |name: &String| {
        let format = FormatPlan {
            sheet: Some(name.clone()),
            ..FormatPlan::default()
        };
        Table::read(data, &format).map_or(0, |table| table.n_rows * table.columns.len())
    };
    let largest = sheets.iter().rev().max_by_key(|name| size(name)).cloned();
    let others = sheets.iter().filter(|name| Some(*name) != largest.as_ref());
    let others = listed_up_to(10, others.map(|name| format!("`{}`", cells::shown(name))));
    let remark = largest.as_ref().map(|largest| {
        format!(
            "of several sheets `{}` is the largest; --sheet takes another: {others}",
            cells::shown(largest)
        )
    });
    format.sheet = largest;
    Ok((format, remark))
}

/// What no study can do without, and the table does not have.
fn lacking(guess: &Guess, table: &Table) -> Option<Problem> {
    if guess.id.is_none() && guess.texts.is_empty() && guess.features.is_empty() {
        let message = "has no column that names its rows, by which vectors could be joined: none that looks like an id and has a value in every row and none twice";
        return Some(Problem::new(&table.file, message).with_try("--id COLUMN, if a column names them all the same; or --text COLUMN, if there are texts"));
    }
    if guess.targets.is_empty() {
        let message =
            "has no column that could be a target: none of numbers that looks like a score";
        let advice = "--target NAME, or another table; scores in files of their own are joined under [[data.join]]";
        return Some(match &guess.of_two_words {
            None => Problem::new(&table.file, message).with_try(advice),
            Some((columns, words)) => Problem::new(
                &table.file,
                format!("{message}; {columns} have two values, {words}"),
            )
            .with_try(format!(
                "1 and 0 for {words}, then --target with their names; or {advice}"
            )),
        });
    }
    None
}

/// What to do with the file that was written.
fn next(guess: &Guess, out: &Path, tried: &dyn Fn(&Path) -> Result<(), RunError>) -> String {
    let written = format!(
        "\nWritten: {}. Read it, above all targets and group, then",
        out.display()
    );
    let command = format!("\n\n  ocean-host eval {}\n", typed_path(out));
    if guess.texts.is_empty() && guess.features.is_empty() {
        return format!("{written} name the file of your vectors under [[encoder]], and{command}");
    }
    match tried(out) {
        Ok(()) => format!("{written}{command}"),
        Err(error) => format!("{written} mend what eval would refuse:\n\n{error}\n"),
    }
}

/// The table that is meant.
fn find_table(data: &Path) -> Result<PathBuf, Refusal> {
    if !data.is_dir() {
        return Ok(data.to_path_buf());
    }
    let entries = std::fs::read_dir(data)
        .map_err(|error| Problem::new(data.display(), format!("cannot be read: {error}")))?;
    let mut tables: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_table(path))
        .collect();
    tables.sort();
    match tables.as_slice() {
        [table] => Ok(table.clone()),
        [] => {
            if texts_in(data).len() > 1 {
                let message = "holds texts and no table of their scores";
                return Err(Problem::new(data.display(), message)
                    .with_try("a table with a column of the files' names beside the folder, and ocean-host init TABLE")
                    .into());
            }
            let message =
                "holds no .csv, .tsv, .jsonl, .parquet, .xlsx, .xls, .ods, .sav or .dta file";
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

/// What `eval --dry-run` says of the file.
fn dry_run(out: &Path) -> Result<(), RunError> {
    let options = run::Options {
        config: out.to_path_buf(),
        is_dry: true,
        is_quiet: true,
        ..run::Options::default()
    };
    run::eval(&options, &Arc::new(AtomicBool::new(false))).map(|_| ())
}
