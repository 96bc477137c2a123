//! The guesses as a commented plugins.toml, and as words.

use std::fmt::Write;
use std::path::Path;

use super::guess::Guess;
use crate::dataset::table::Table;
use crate::problem::{Refusal, typed_path};

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", quoted.join(", "))
}

/// The file. `data`: the table as the file names it.
pub fn plugins_toml(guess: &Guess, data: &str) -> String {
    let mut text = String::new();
    let name = Path::new(data)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let name: String = name
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .collect();
    let _ = write!(
        text,
        "[study]\nname = {}            # names the results folder: runs/NAME\nseed = 42\n\n[data]\npath = {}\nid = {}\n",
        quoted(if name.is_empty() { "study" } else { &name }),
        quoted(data),
        quoted(&guess.id.name)
    );
    match &guess.text {
        Some(column) => {
            let _ = writeln!(text, "text = {}", quoted(&column.name));
        }
        None => text.push_str("# text = \"…\"                # no column of texts was found: vectors alone are evaluated\n"),
    }
    let _ = writeln!(text, "targets = {}", list(&guess.targets));
    if !guess.covariates.is_empty() {
        let _ = writeln!(
            text,
            "# covariates = {}     # taken out of vectors and targets in every training set: r2 is then what the texts add",
            list(&guess.covariates)
        );
    }
    match (&guess.group, guess.other_groups.first()) {
        (Some(group), _) => {
            let _ = writeln!(
                text,
                "group = {}             # its rows stay in one fold and are permuted together; decide before you look",
                quoted(&group.name)
            );
        }
        (None, Some(other)) => {
            let _ = writeln!(
                text,
                "# group = {}           # if its rows belong together (one author, one document): without it r2 may be too good",
                quoted(other)
            );
        }
        (None, None) => text.push_str("# group = \"author\"          # a column whose rows belong together; without it r2 may be too good\n"),
    }
    if !guess.raters.is_empty() {
        text.push_str("\n[raters]                     # the mean of the raters is the target, and says how far anything can be predicted\n");
        for (name, columns) in &guess.raters {
            let _ = writeln!(text, "{} = {}", key(name), list(columns));
        }
    }
    text.push_str(
        "\n[evaluation]\n# folds = 5                  # each row is predicted by a model that never saw it\n# permutations = 999         # p cannot be below 1/1000\n# smallest_effect = 0.02     # the smallest r2 of interest to you: lets a verdict say \"practically null\"\n",
    );
    if guess.text.is_some() {
        text.push_str(
            "\n[[encoder]]                  # hashed word and character n-grams: what every language model must beat\nname = \"lexical\"\nplugin = \"lexical\"\n\n# [[encoder]]                # a language model; also mpnet, bge\n# name = \"minilm\"\n# plugin = \"minilm\"\n# model = \"sentence-transformers/all-MiniLM-L6-v2\"   # or a folder\n# download = true\n",
        );
        text.push_str("\n# [[encoder]]                # vectors you made elsewhere\n");
        text.push_str("# name = \"mine\"\n# embeddings = \"vectors.npy\" # n × dim; or .csv / .parquet with the id column\n# ids = \"vectors_ids.txt\"    # one id a line: row order is never trusted\n");
    } else {
        text.push_str("\n[[encoder]]                  # vectors you made elsewhere\nname = \"mine\"\nembeddings = \"vectors.npy\"   # n × dim; or .csv / .parquet with the id column\nids = \"vectors_ids.txt\"      # one id a line: row order is never trusted\n");
    }
    text.push_str("\n[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n\n# [[regressor]]              # sparse models; also lasso\n# name = \"elastic-net\"\n# plugin = \"elastic-net\"\n");
    text
}

/// A key of TOML, quoted where it must be.
fn key(name: &str) -> String {
    let is_bare = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_bare && !name.is_empty() {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// What was guessed, why, and what to type next.
pub fn explanation(guess: &Guess, table: &Table, out: &Path, trouble: Option<&Refusal>) -> String {
    let mut text = format!(
        "{}: {} rows, {} columns\n\n",
        table.file,
        table.n_rows,
        table.columns.len()
    );
    let mut line = |role: &str, what: &str, why: &str| {
        let _ = writeln!(text, "  {role:<8} {what}  ({why})");
    };
    line("id", &guess.id.name, &guess.id.why);
    match &guess.text {
        Some(column) => line("text", &column.name, &column.why),
        None => line(
            "text",
            "none",
            "no column with texts of more than 20 characters; name vectors instead",
        ),
    }
    line("targets", &guess.targets.join(", "), &guess.why_targets);
    for (name, columns) in &guess.raters {
        line(
            "raters",
            &format!("{name} = {}", columns.join(", ")),
            "the same trait, once a rater",
        );
    }
    match &guess.group {
        Some(group) => line("group", &group.name, &group.why),
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
                guess.other_groups.join(", ")
            ),
        ),
    }
    for column in &guess.left_out {
        line("not used", &column.name, &column.why);
    }
    let _ = write!(
        text,
        "\nWritten: {}. Read it, above all targets and group, then",
        out.display()
    );
    match trouble {
        None => {
            let _ = write!(text, "\n\n  ocean-host eval {}\n", typed_path(out));
        }
        Some(refusal) => {
            let _ = write!(text, " mend what eval would refuse:\n\n{refusal}\n");
        }
    }
    text
}
