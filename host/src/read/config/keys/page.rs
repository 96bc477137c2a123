//! The page of all keys, `docs/configuration.md`, as the table has them.

use std::fmt::Write as _;

use super::{Default, Feeds, Key, Others, SECTIONS, SectionKeys};

const HEAD: &str = "# Every key of plugins.toml

A study is one file in [TOML](https://toml.io), made by hand or by `ocean-host init TABLE`. `ocean-host eval plugins.toml --dry-run`
prints it with every default filled in, and `--set evaluation.folds=10` (or `--set regressor.ridge.n_alphas=40`: a section with
double brackets is named by its `name`) lays a value over it. A key that is not known is refused.

The last column says what becomes another with the key: **results** (numbers), **names** (names in reports, or which files are
written), **permission** (what is let pass that would be refused), **place** (where a plugin runs: a run that was begun goes on
with another value). This page is made from the table that the program reads files by
([host/src/read/config/keys](../host/src/read/config/keys/mod.rs)).
";

/// The page in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        write_section(&mut page, section);
    }
    page
}

fn write_section(page: &mut String, section: &SectionKeys) {
    // Writing to a String does not fail.
    let _ = write!(page, "\n## `{}`\n\n{}\n", section.header, section.meaning);
    if section.others == Others::Parameters {
        let _ = writeln!(
            page,
            "Every other key is a parameter of the plugin: `ocean-host plugin info ID` lists them."
        );
    }
    if section.keys.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "\n| key | value | without it | meaning | feeds |\n|---|---|---|---|---|\n"
    );
    for key in section.keys {
        let _ = writeln!(page, "{}", row(key));
    }
}

fn row(key: &Key) -> String {
    let unit = key.unit.map_or(String::new(), |unit| format!(" ({unit})"));
    let cells = [
        format!("`{}`", key.name),
        format!("{}{unit}, as `{}`", key.form.expected(), key.example),
        match key.default {
            Default::Refused => "refused".to_owned(),
            Default::Value(value) => format!("`{value}`"),
            Default::Words(words) => words.to_owned(),
        },
        key.meaning.to_owned(),
        key.feeds.word().to_owned(),
    ];
    format!("| {} |", cells.join(" | "))
}

impl Feeds {
    fn word(self) -> &'static str {
        match self {
            Feeds::Results => "results",
            Feeds::Names => "names",
            Feeds::Permission => "permission",
            Feeds::Place => "place",
        }
    }
}
