//! [`Config`]: what the user typed in plugins.toml and after `--set`, each value checked on its own
//! and carrying its line.
//!
//! Defaults, settings that contradict each other and features that do not exist are the business of
//! [`crate::plan`]; whether a plugin knows a parameter is asked when its descriptor has been read.
//! All errors of a file are collected and shown together.

mod choices;
mod data;
mod evaluation;
pub mod keys;
mod plugins;
mod section;
pub mod tree;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

pub use choices::{
    Blank, Choice, Compat, Duplicates, Exchange, Isolation, Missing, MissingExchange, Pool,
    Selection, Unit, Weight,
};
pub(crate) use data::delimiter;
pub use data::{
    DataConfig, FormatConfig, JoinConfig, RaterConfig, ReportConfig, StudyConfig, TestConfig,
};
pub use evaluation::{EvaluationConfig, InnerFolds, OuterFolds, Permutations};
pub use plugins::{EncoderConfig, Parameters, Patience, PlaceConfig, RegressorConfig};
pub use section::Sourced;

use crate::problem::{Problem, Problems, Refusal, shown_path, suggestion, typed_path};
use crate::read::dataset::encoding::decode;
use crate::read::dataset::refused_as_foreign;
use keys::SectionKeys;
use section::Section;
use tree::{Node, Table, Value};

/// What the file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `eval`: every section.
    Evaluation,
    /// `power`: every section but `[raters]`; scores are not needed, and not looked at.
    Power,
    /// `encode`: `[study]`, `[data]` and `[[encoder]]`; other sections are not looked at.
    Encoding,
}

/// A plugins.toml as typed.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file as the user named it.
    pub file: PathBuf,
    /// What it was read for.
    pub scope: Scope,
    /// `[study]`
    pub study: StudyConfig,
    /// `[data]` and `[[data.join]]`
    pub data: DataConfig,
    /// `[test]`
    pub test: Option<TestConfig>,
    /// `[raters]`
    pub raters: Vec<RaterConfig>,
    /// `[evaluation]`
    pub evaluation: EvaluationConfig,
    /// `[report]`
    pub report: Option<ReportConfig>,
    /// `[[encoder]]`, in file order; at least one.
    pub encoders: Vec<EncoderConfig>,
    /// `[[regressor]]`, in file order; at least one, none for [`Scope::Encoding`].
    pub regressors: Vec<RegressorConfig>,
}

impl Config {
    /// Reads a file and lays `--set` arguments over it.
    ///
    /// # Errors
    /// A [`Refusal`] with every problem of the file: it cannot be read, is not UTF-8 or not TOML,
    /// has unknown, missing or wrong keys.
    pub fn read(file: &Path, sets: &[String], scope: Scope) -> Result<Config, Refusal> {
        let shown = shown_path(file);
        refuse_table(file)?;
        let bytes = std::fs::read(file)
            .map_err(|error| Problem::new(&shown, format!("cannot be read: {error}")))?;
        // PowerShell and Notepad may write UTF-16, with its mark.
        let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let text = match is_utf16 {
            true => decode(&shown, &bytes, None)?.text,
            false => std::str::from_utf8(&bytes)
                .map(Cow::from)
                .map_err(|error| {
                    let at = error.valid_up_to();
                    Problem::new(&shown, format!("is not UTF-8 text at byte {at}"))
                })?,
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Config::parse(file, text, sets, scope)
    }

    /// The same on the text of a file.
    ///
    /// # Errors
    /// As [`Config::read`], but for the reading.
    pub fn parse(
        file: &Path,
        text: &str,
        sets: &[String],
        scope: Scope,
    ) -> Result<Config, Refusal> {
        let mut problems = Problems::default();
        let document = tree::parse(&shown_path(file), text, &mut problems);
        let mut document = problems.finish(document)?; // half a document would earn misleading messages
        let mut problems = Problems::default();
        tree::set(&mut document, sets, &mut problems);
        let reader = Reader {
            document: &document,
            file: shown_path(file),
            problems: RefCell::new(problems),
        };
        let config = reader.config(file, scope);
        let config = reader.problems.into_inner().finish(config)?;
        config.ok_or_else(|| Problem::new(shown_path(file), "could not be understood").into())
    }
}

/// A table where its plugins.toml was meant: the command that makes one.
fn refuse_table(file: &Path) -> Result<(), Problem> {
    if let Some(problem) = refused_as_foreign(file) {
        return Err(problem);
    }
    if !crate::read::dataset::is_table(file) || !file.exists() {
        return Ok(());
    }
    let study = file.with_file_name("plugins.toml");
    let init = format!("ocean-host init {}", typed_path(file));
    let remedy = match study.exists() {
        true => format!(
            "the plugins.toml beside it, {}; or, for another: {init} --out other.toml",
            typed_path(&study)
        ),
        false => init,
    };
    let message = "is a table; a study is described in a plugins.toml, which names it";
    Err(Problem::new(shown_path(file), message).with_try(remedy))
}

struct Reader<'a> {
    document: &'a Table,
    file: String,
    problems: RefCell<Problems>,
}

impl Reader<'_> {
    fn config(&self, file: &Path, scope: Scope) -> Option<Config> {
        self.refuse_unknown_sections();
        let study = self.required(&keys::STUDY).and_then(StudyConfig::read);
        let data = self.required(&keys::DATA).and_then(DataConfig::read);
        let encoders = self.array(&keys::ENCODER, EncoderConfig::read);
        let report = match scope {
            Scope::Evaluation => self.section(&keys::REPORT).map(ReportConfig::read),
            Scope::Power | Scope::Encoding => None,
        };
        let (test, raters) = match scope {
            Scope::Evaluation => (
                self.section(&keys::TEST).map(TestConfig::read),
                self.section(&keys::RATERS).map(RaterConfig::read),
            ),
            Scope::Power | Scope::Encoding => (None, None),
        };
        let (evaluation, regressors) = match scope {
            Scope::Evaluation | Scope::Power => (
                self.section(&keys::EVALUATION).map(EvaluationConfig::read),
                self.array(&keys::REGRESSOR, RegressorConfig::read),
            ),
            Scope::Encoding => (None, Vec::new()),
        };
        Some(Config {
            file: file.to_path_buf(),
            scope,
            study: study?,
            data: data?,
            test,
            raters: raters.unwrap_or_default(),
            evaluation: evaluation.unwrap_or_default(),
            report,
            encoders,
            regressors,
        })
    }

    fn refuse_unknown_sections(&self) {
        let sections = keys::SECTIONS.iter().map(|section| section.name);
        let outer = sections.filter(|name| !name.contains('.'));
        for entry in &self.document.entries {
            if !outer.clone().any(|name| name == entry.key) {
                let known = suggestion(&entry.key, outer.clone());
                self.refuse(
                    &entry.node.origin,
                    format!("no section is called `{}`{known}", entry.key),
                );
            }
        }
    }

    fn refuse(&self, place: impl std::fmt::Display, message: String) {
        self.problems
            .borrow_mut()
            .push(Problem::new(place, message));
    }

    fn required(&self, keys: &'static SectionKeys) -> Option<Section<'_>> {
        if self.document.get(keys.name).is_none() {
            self.refuse(&self.file, format!("has no section {}", keys.header));
        }
        self.section(keys)
    }

    fn section(&self, keys: &'static SectionKeys) -> Option<Section<'_>> {
        let node = self.document.get(keys.name)?;
        Section::open(keys.header, node, keys, &self.problems)
    }

    /// Every table of `[[name]]`; at least one is required.
    fn array<T>(
        &self,
        keys: &'static SectionKeys,
        read: impl Fn(Section<'_>) -> Option<T>,
    ) -> Vec<T> {
        let SectionKeys { name, header, .. } = keys;
        match self.document.get(name) {
            Some(Node {
                value: Value::List(items),
                ..
            }) if !items.is_empty() => items
                .iter()
                .enumerate()
                .filter_map(|(i, item)| {
                    Section::open(label_of(header, i, &item.value), item, keys, &self.problems)
                })
                .filter_map(read)
                .collect(),
            Some(node) => {
                self.refuse(
                    &node.origin,
                    format!("{header} has double brackets and comes once for each {name}"),
                );
                Vec::new()
            }
            None => {
                self.refuse(&self.file, format!("has no {header}"));
                Vec::new()
            }
        }
    }
}

/// `[[encoder]] minilm`, or `[[encoder]] 2` while it has no name.
fn label_of(header: &str, index: usize, value: &Value) -> String {
    let name = match value {
        Value::Table(table) => table.get("name").map(|node| &node.value),
        _ => None,
    };
    match name {
        Some(Value::Text(name)) => format!("{header} {name}"),
        _ => format!("{header} {}", index + 1),
    }
}

#[cfg(test)]
mod tests;
