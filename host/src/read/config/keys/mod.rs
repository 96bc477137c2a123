//! The table of all keys of plugins.toml: the one list from which files are parsed, unknown keys
//! get their suggestion, the page `docs/configuration.md` is written and provenance knows what
//! moves a run.
//!
//! A key that stands here and is read by nobody is refused where it is typed; a key that is read
//! and does not stand here refuses every study. So none can be accepted and dropped: the tests type
//! every key of the table and ask that the plan, and then the results, are others.

mod data;
mod evaluation;
mod page;
mod plugins;
#[cfg(test)]
mod tests;

pub use data::{DATA, JOIN, RATERS, STUDY, TEST};
pub use evaluation::{EVALUATION, REPORT};
pub use page::page;
pub use plugins::{ENCODER, REGRESSOR};

use super::choices::Choice;
use super::section::{as_number, as_texts, as_whole};
use super::tree::Value;

/// Every section, in the order of the page.
pub static SECTIONS: [&SectionKeys; 9] = [
    &STUDY,
    &DATA,
    &JOIN,
    &TEST,
    &RATERS,
    &EVALUATION,
    &REPORT,
    &ENCODER,
    &REGRESSOR,
];

/// The keys of one section.
#[derive(Debug)]
pub struct SectionKeys {
    /// `data`; of a section inside another one `data.join`.
    pub name: &'static str,
    /// As it is written in a file: `[data]`, `[[encoder]]`.
    pub header: &'static str,
    /// What it is about, one or two sentences.
    pub meaning: &'static str,
    /// The keys of the host, in the order in which they are read.
    pub keys: &'static [Key],
    /// What any other key is.
    pub others: Others,
}

/// What a key is that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// A slip of the pen.
    Refused,
    /// A parameter of the section's plugin, which refuses those it does not have.
    Parameters,
    /// The name of a target.
    Targets,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is typed.
    pub name: &'static str,
    /// What may stand there.
    pub form: Form,
    /// Of a number that has one.
    pub unit: Option<&'static str>,
    /// What holds without it.
    pub default: Default,
    /// A value that is not the default, as it is typed.
    pub example: &'static str,
    /// Where it goes.
    pub feeds: Feeds,
    /// What it says, one sentence or two.
    pub meaning: &'static str,
}

/// What holds when a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// The study is refused.
    Refused,
    /// This value, as it would be typed.
    Value(&'static str),
    /// What no value says.
    Words(&'static str),
}

/// What becomes another when the value of a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeds {
    /// The numbers: what is computed, of which rows, and how it is judged.
    Results,
    /// Names in reports, or which files are written; no number.
    Names,
    /// What is let pass that would be refused; no number of a study that runs either way.
    Permission,
    /// Where a plugin runs and what it may use there; no number, and a run goes on with another
    /// value.
    Place,
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text that is not empty.
    Text,
    /// A text, possibly empty.
    AnyText,
    /// One text, or a list of texts none of which is repeated or empty.
    Texts,
    /// A text that becomes part of file names.
    FileName,
    /// true or false.
    Flag,
    /// A whole number from the first to the second, if there is one.
    Whole(i64, Option<i64>),
    /// A number above 0 and below 1.
    Share,
    /// One word out of a few.
    Word(fn() -> Vec<&'static str>),
    /// What its reader says, described in words that complete the sentence "… is not".
    Own(&'static str),
}

impl SectionKeys {
    /// The key of a name.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of the host's keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }

    /// The names of the keys that feed one thing.
    pub fn feeding(&self, feeds: Feeds) -> impl Iterator<Item = &'static str> + use<> {
        let keys = self.keys.iter();
        keys.filter(move |key| key.feeds == feeds)
            .map(|key| key.name)
    }
}

impl Form {
    /// Whether a value has this form; what has an [`Own`](Form::Own) one is its reader's to say.
    pub fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Form::Text, Value::Text(text)) => !text.is_empty(),
            (Form::AnyText, Value::Text(_)) | (Form::Flag, Value::Flag(_)) | (Form::Own(_), _) => {
                true
            }
            (Form::Texts, value) => as_texts(value).is_some_and(|texts| are_different(&texts)),
            (Form::FileName, Value::Text(name)) => is_file_name(name),
            (Form::Whole(least, most), value) => {
                as_whole(value, &(*least..=most.unwrap_or(i64::MAX))).is_some()
            }
            (Form::Share, value) => {
                as_number(value).is_some_and(|share| 0.0 < share && share < 1.0)
            }
            (Form::Word(words), Value::Text(word)) => words().contains(&word.as_str()),
            _ => false,
        }
    }

    /// Completes the sentence "… is not": `a whole number from 2 to 1000`.
    pub fn expected(&self) -> String {
        match self {
            Form::Text | Form::AnyText => "a text".to_owned(),
            Form::Texts => "a text or a list of different texts".to_owned(),
            Form::FileName => "a text that can be part of a file name".to_owned(),
            Form::Flag => "true or false".to_owned(),
            Form::Whole(least, Some(most)) => format!("a whole number from {least} to {most}"),
            Form::Whole(least, None) => format!("a whole number, {least} or more"),
            Form::Share => "a number between 0 and 1".to_owned(),
            Form::Word(words) => alternatives(&words()),
            Form::Own(words) => (*words).to_owned(),
        }
    }
}

/// The spellings of a setting, for [`Form::Word`].
pub(super) fn words_of<T: Choice>() -> Vec<&'static str> {
    T::ALL.iter().map(|(word, _)| *word).collect()
}

/// `"drop" or "error"`.
fn alternatives(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.join(""),
    }
}

fn is_file_name(name: &str) -> bool {
    let is_forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    !name.trim().is_empty()
        && !name.starts_with('.')
        && name.len() <= 200
        && !name.contains(is_forbidden)
}

fn are_different(texts: &[String]) -> bool {
    texts
        .iter()
        .enumerate()
        .all(|(i, text)| !texts[..i].contains(text))
}
