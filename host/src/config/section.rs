//! Reads one table of the configuration key by key, and notes what is wrong or unknown with its line.
//!
//! Every error has one shape: `plugins.toml:14: [evaluation] folds = 1 is not a whole number, 2 or more`.

use std::cell::RefCell;
use std::ops::{Bound, RangeBounds};

use super::choices::Choice;
use super::tree::{Node, Origin, Table, Value};
use crate::problem::{Problem, Problems, nearest, suggestion};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced<T> {
    /// The value, checked on its own.
    pub value: T,
    /// The line or argument.
    pub origin: Origin,
    /// Section and key for messages: `[evaluation] folds`.
    pub label: String,
}

impl<T> Sourced<T> {
    /// A problem with this value.
    pub fn problem(&self, message: &str) -> Problem {
        Problem::new(&self.origin, format!("{} {message}", self.label))
    }
}

/// One table, its known keys being asked for one by one.
pub struct Section<'a> {
    label: String,
    origin: Origin,
    table: &'a Table,
    known: Vec<&'static str>,
    problems: &'a RefCell<Problems>,
}

impl<'a> Section<'a> {
    /// Begins to read a table; `label` is how messages call it: `[data]`, `[[encoder]] minilm`. Anything but a table is noted as wrong.
    pub fn open(
        label: impl Into<String>,
        node: &'a Node,
        problems: &'a RefCell<Problems>,
    ) -> Option<Self> {
        let (label, origin) = (label.into(), node.origin.clone());
        let Value::Table(table) = &node.value else {
            let message = format!("{label} is a section, not a value: found {}", node.value);
            problems.borrow_mut().push(Problem::new(origin, message));
            return None;
        };
        Some(Section {
            label,
            origin,
            table,
            known: Vec::new(),
            problems,
        })
    }

    /// How messages call the section.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Where problems are noted.
    pub fn problems(&self) -> &'a RefCell<Problems> {
        self.problems
    }

    /// Where the section begins.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of an optional key, converted; `expected` completes the sentence "… is not".
    pub fn take<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let node = self.node(key)?;
        match convert(&node.value) {
            Some(value) => Some(Sourced {
                value,
                origin: node.origin.clone(),
                label: format!("{} {key}", self.label),
            }),
            None => {
                let hint = match &node.value {
                    Value::Other(_) | Value::Table(_) => String::new(),
                    value => hint(value, expected),
                };
                self.refuse(
                    &node.origin,
                    format!("{key} = {} is not {expected}{hint}", node.value),
                );
                None
            }
        }
    }

    /// The same, and its absence is noted; `example` shows how it is written.
    pub fn required<T>(&mut self, example: &str, value: Option<Sourced<T>>) -> Option<Sourced<T>> {
        let key = example.split(' ').next().unwrap_or(example);
        if value.is_none() && self.table.get(key).is_none() {
            let problem = Problem::new(&self.origin, format!("{} has no `{key}`", self.label));
            self.problems.borrow_mut().push(problem.with_try(example));
        }
        value
    }

    /// A key whose value this section does not convert itself.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.table.get(key)
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<Sourced<String>> {
        self.take(key, "a text", |value| match value {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        })
    }

    /// A text, possibly empty.
    pub fn any_text(&mut self, key: &'static str) -> Option<Sourced<String>> {
        self.take(key, "a text", |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// One text, or a list of texts none of which is repeated or empty.
    pub fn texts(&mut self, key: &'static str) -> Option<Sourced<Vec<String>>> {
        self.take(key, "a text or a list of different texts", |value| {
            as_texts(value).filter(|texts| are_different(texts))
        })
    }

    /// `name`: it becomes part of file names.
    pub fn file_name(&mut self) -> Option<Sourced<String>> {
        let expected = "a text that can be part of a file name";
        self.take("name", expected, |value| match value {
            Value::Text(name) if is_file_name(name) => Some(name.clone()),
            _ => None,
        })
    }

    /// true or false.
    pub fn flag(&mut self, key: &'static str) -> Option<Sourced<bool>> {
        self.take(key, "true or false", |value| match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A whole number in a range.
    pub fn whole(
        &mut self,
        key: &'static str,
        range: impl RangeBounds<i64>,
    ) -> Option<Sourced<i64>> {
        let expected = expected_whole(&range);
        self.take(key, &expected, |value| as_whole(value, &range))
    }

    /// A number in a range, whole or not; `expected` says which range.
    pub fn number(
        &mut self,
        key: &'static str,
        expected: &str,
        is_valid: impl Fn(f64) -> bool,
    ) -> Option<Sourced<f64>> {
        self.take(key, expected, |value| {
            as_number(value).filter(|number| is_valid(*number))
        })
    }

    /// One word out of a few.
    pub fn choice<T: Choice>(&mut self, key: &'static str) -> Option<Sourced<T>> {
        self.take(key, &words::<T>(), |value| match value {
            Value::Text(word) => T::ALL
                .iter()
                .find(|(name, _)| name == word)
                .map(|(_, value)| *value),
            _ => None,
        })
    }

    /// The entries that no key above asked for: parameters of a plugin.
    pub fn rest(&self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.table
            .entries
            .iter()
            .filter(|entry| !self.known.contains(&entry.key.as_str()))
            .map(|entry| (entry.key.as_str(), &entry.node))
    }

    /// Ends the section: every key that was not asked for is unknown.
    pub fn finish(self) {
        let unknown: Vec<_> = self.rest().collect();
        for (key, node) in unknown {
            let known = suggestion(key, self.known.iter().copied());
            self.refuse(&node.origin, format!("has no key `{key}`{known}"));
        }
    }

    /// Notes a problem in this section.
    pub fn refuse(&self, origin: &Origin, message: impl AsRef<str>) {
        let message = format!("{} {}", self.label, message.as_ref());
        self.problems
            .borrow_mut()
            .push(Problem::new(origin, message));
    }
}

fn is_file_name(name: &str) -> bool {
    let is_forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    !name.trim().is_empty()
        && !name.starts_with('.')
        && name.len() <= 200
        && !name.contains(is_forbidden)
}

/// `"drop" or "error"`.
fn words<T: Choice>() -> String {
    let words: Vec<String> = T::ALL
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.join(""),
    }
}

/// `; did you mean "drop"?` when a word is nearly one of the quoted words that are expected.
fn hint(value: &Value, expected: &str) -> String {
    let Value::Text(word) = value else {
        return String::new();
    };
    let known = expected.split('"').skip(1).step_by(2);
    nearest(word, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"))
}

/// `a whole number from 2 to 10`.
fn expected_whole(range: &impl RangeBounds<i64>) -> String {
    let low = match range.start_bound() {
        Bound::Included(low) => *low,
        Bound::Excluded(low) => low + 1,
        Bound::Unbounded => i64::MIN,
    };
    match range.end_bound() {
        Bound::Included(high) => format!("a whole number from {low} to {high}"),
        _ => format!("a whole number, {low} or more"),
    }
}

/// A whole number in a range.
pub fn as_whole(value: &Value, range: &impl RangeBounds<i64>) -> Option<i64> {
    match value {
        Value::Whole(number) if range.contains(number) => Some(*number),
        _ => None,
    }
}

/// A finite number.
pub fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Whole(number) => Some(*number as f64),
        Value::Number(number) if number.is_finite() => Some(*number),
        _ => None,
    }
}

/// A text as a list of one, or a list of texts; none empty, at least none missing.
pub fn as_texts(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    match value {
        Value::List(items) => items.iter().map(|item| one(&item.value)).collect(),
        value => one(value).map(|text| vec![text]),
    }
}

fn are_different(texts: &[String]) -> bool {
    texts
        .iter()
        .enumerate()
        .all(|(i, text)| !texts[..i].contains(text))
}
