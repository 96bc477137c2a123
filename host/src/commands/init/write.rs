//! The guesses as a commented plugins.toml.

use std::fmt::Write;
use std::path::Path;

use super::guess::Guess;
use crate::plan::FormatPlan;

/// Characters that a study has of its file's name: it names a folder.
const MOST_NAME: usize = 40;

/// A string of TOML in one line, also where it stands in a comment.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Beyond control characters: line separators, and marks that turn the direction of reading.
            _ if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", quoted.join(", "))
}

/// The tables of the file, as it names them.
pub struct Tables<'a> {
    /// The table that was looked at, or that of texts of a folder.
    pub main: String,
    /// Then, the one that was looked at.
    pub joined: Option<String>,
    /// How the one that was looked at is written.
    pub format: &'a FormatPlan,
}

/// The file.
pub fn plugins_toml(guess: &Guess, tables: &Tables<'_>) -> String {
    let data = tables.main.as_str();
    let format = match tables.joined {
        None => as_written(tables.format),
        Some(_) => String::new(),
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "[study]\nname = {}            # names the results folder: runs/NAME\nseed = 42\n\n[data]\npath = {}\n{}{}",
        quoted(&study_name(data)),
        quoted(data),
        format,
        id(guess)
    );
    match guess.texts.as_slice() {
        [] => text.push_str("# text = \"…\"                # no column of texts was found: vectors alone are evaluated\n"),
        [one] => {
            let _ = writeln!(text, "text = {}", quoted(one));
        }
        several => {
            let _ = writeln!(text, "text = {}", list(several));
            text.push_str("# pool = \"mean\"              # their vectors are averaged; or \"concat\": side by side\n");
        }
    }
    if guess.all_texts.len() > guess.texts.len() {
        let all = list(&guess.all_texts);
        let _ = writeln!(
            text,
            "# text = {all}   # encoded one by one; pool = \"mean\" averages the vectors, \"concat\" puts them side by side"
        );
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
                quoted(group)
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
    if let Some(joined) = &tables.joined {
        let _ = write!(
            text,
            "\n[[data.join]]\npath = {}\n{}",
            quoted(joined),
            as_written(tables.format)
        );
    }
    if !guess.raters.is_empty() {
        text.push_str("\n[raters]                     # the mean of the raters is the target, and says how far anything can be predicted\n");
        for (name, columns) in &guess.raters {
            let _ = writeln!(text, "{} = {}", key(name), list(columns));
        }
    }
    text.push_str("\n[evaluation]\n");
    if guess.is_by_group {
        text.push_str("unit = \"group\"              # each target has one value a group: groups are what was sampled\n");
    }
    text.push_str(
        "# folds = 5                  # each row is predicted by a model that never saw it\n# permutations = 999         # p cannot be below 1/1000\n# smallest_effect = 0.02     # the smallest r2 of interest to you: lets a verdict say \"practically null\"\n",
    );
    text.push_str(&encoders(guess));
    text.push_str("\n[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n\n# [[regressor]]              # sparse models; also lasso\n# name = \"elastic-net\"\n# plugin = \"elastic-net\"\n");
    text
}

const LEXICAL: &str = "
[[encoder]]                  # hashed word and character n-grams: what every language model must beat
name = \"lexical\"
plugin = \"lexical\"

# [[encoder]]                # a language model; also mpnet, bge
# name = \"minilm\"
# plugin = \"minilm\"
# model = \"sentence-transformers/all-MiniLM-L6-v2\"   # or a folder
# download = true

# [[encoder]]                # vectors you made elsewhere
# name = \"mine\"
# embeddings = \"vectors.npy\" # n × dim; or .csv / .parquet with the id column
# ids = \"vectors_ids.txt\"    # one id a line: row order is never trusted
";

const VECTORS: &str = "
[[encoder]]                  # vectors you made elsewhere
name = \"mine\"
embeddings = \"vectors.npy\"   # n × dim; or .csv / .parquet with the id column
ids = \"vectors_ids.txt\"      # one id a line: row order is never trusted
";

/// What the table offers to predict from: texts, or columns that are features.
fn encoders(guess: &Guess) -> String {
    let values = values(&guess.features);
    match (guess.texts.is_empty(), guess.features.is_empty()) {
        (false, true) => LEXICAL.to_owned(),
        (false, false) => {
            let (name, columns) = ("columns of the table, beside the texts", &values);
            format!(
                "{LEXICAL}\n# [[encoder]]                # {name}\n# name = \"columns\"\n# values = {columns}\n"
            )
        }
        (true, false) => format!(
            "\n[[encoder]]                  # columns of the table: numbers as they are, categories as dummies\nname = \"columns\"\nvalues = {values}\n"
        ),
        (true, true) => VECTORS.to_owned(),
    }
}

/// The names of features: those that differ in a number at their end alone as one pattern.
fn values(features: &[String]) -> String {
    let stem = |name: &String| {
        name.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    };
    let mut patterns: Vec<String> = Vec::new();
    for name in features {
        let (stem, is_plain) = (stem(name), !name.contains(['[', ']', '*', '?', '{', '}']));
        let is_numbered = stem.len() < name.len() && is_plain && !stem.is_empty();
        let pattern = match is_numbered {
            true => format!("{stem}[0-9]*"),
            false => name.clone(),
        };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    list(&patterns)
}

/// The column of ids. Without one no vectors can be joined.
fn id(guess: &Guess) -> String {
    match &guess.id {
        Some(id) => format!("id = {}\n", quoted(id)),
        None => "# id = \"id\"                # no column names the rows: their number in the file does, which nothing can be joined by\n".to_owned(),
    }
}

/// What must be said of how the file is written.
fn as_written(format: &FormatPlan) -> String {
    let encoding = format.encoding.iter().map(|encoding| {
        format!(
            "encoding = {}      # what its bytes look like\n",
            quoted(encoding)
        )
    });
    let sheet = format
        .sheet
        .iter()
        .map(|sheet| format!("sheet = {}\n", quoted(sheet)));
    let delimiter = format.delimiter.iter();
    let delimiter = delimiter.map(|one| format!("delimiter = {}\n", quoted(&one.to_string())));
    delimiter.chain(encoding).chain(sheet).collect()
}

/// The name of the file, as far as it can name a folder anywhere.
fn study_name(data: &str) -> String {
    let stem = Path::new(data)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name: String = stem
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .take(MOST_NAME)
        .collect();
    match name.is_empty() {
        true => "study".to_owned(),
        false => name,
    }
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
