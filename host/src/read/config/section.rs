//! Reads one table of the configuration key by key, and notes what is wrong or unknown with its
//! line.
//!
//! Every error has one shape:
//! `plugins.toml:14: [evaluation] folds = 1 is not a whole number, 2 or more`.

use std::cell::RefCell;
use std::ops::RangeBounds;

use super::choices::Choice;
use super::keys::{Key, Others, SectionKeys};
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

/// One table, the keys of the section being asked for one by one.
pub struct Section<'a> {
    label: String,
    origin: Origin,
    table: &'a Table,
    keys: &'static SectionKeys,
    asked: Vec<&'static str>,
    problems: &'a RefCell<Problems>,
}

impl<'a> Section<'a> {
    /// Begins to read a table; `label` is how messages call it: `[data]`, `[[encoder]] minilm`.
    /// Anything but a table is noted as wrong.
    pub fn open(
        label: impl Into<String>,
        node: &'a Node,
        keys: &'static SectionKeys,
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
            keys,
            asked: Vec::new(),
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

    /// The value of an optional key, if it has the form that the table of keys states and can be
    /// converted.
    pub fn take<T>(
        &mut self,
        name: &'static str,
        convert: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let (key, node) = self.find(name)?;
        let is_sound = key.form.accepts(&node.value);
        match is_sound.then(|| convert(&node.value)).flatten() {
            Some(value) => Some(Sourced {
                value,
                origin: node.origin.clone(),
                label: format!("{} {name}", self.label),
            }),
            None => {
                let expected = key.form.expected();
                let hint = match &node.value {
                    Value::Other(_) | Value::Table(_) => String::new(),
                    value => hint(value, &expected),
                };
                self.refuse(
                    &node.origin,
                    format!("{name} = {} is not {expected}{hint}", node.value),
                );
                None
            }
        }
    }

    /// The same value, whose absence is noted with an example.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        value: Option<Sourced<T>>,
    ) -> Option<Sourced<T>> {
        if value.is_none() && self.table.get(name).is_none() {
            let problem = Problem::new(&self.origin, format!("{} has no `{name}`", self.label));
            let example = self.keys.get(name).map_or("…", |key| key.example);
            let problem = problem.with_try(format!("{name} = {example}"));
            self.problems.borrow_mut().push(problem);
        }
        value
    }

    /// A key whose value this section does not convert itself.
    pub fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        self.find(name).map(|(_, node)| node)
    }

    /// A key that the table of keys has, and what was typed for it. What the table does not have
    /// could be neither typed nor looked up: that refuses every study.
    fn find(&mut self, name: &'static str) -> Option<(&'static Key, &'a Node)> {
        self.asked.push(name);
        let Some(key) = self.keys.get(name) else {
            let message = format!("is read for `{name}`, which the table of keys lacks");
            self.refuse(&self.origin, message);
            return None;
        };
        self.table.get(name).map(|node| (key, node))
    }

    /// A text; what else it has to be, the table of keys says.
    pub fn text(&mut self, name: &'static str) -> Option<Sourced<String>> {
        self.take(name, |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// One text, or a list of them.
    pub fn texts(&mut self, name: &'static str) -> Option<Sourced<Vec<String>>> {
        self.take(name, as_texts)
    }

    /// true or false.
    pub fn flag(&mut self, name: &'static str) -> Option<Sourced<bool>> {
        self.take(name, |value| match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A whole number.
    pub fn whole(&mut self, name: &'static str) -> Option<Sourced<i64>> {
        self.take(name, |value| as_whole(value, &..))
    }

    /// A number, whole or not.
    pub fn number(&mut self, name: &'static str) -> Option<Sourced<f64>> {
        self.take(name, as_number)
    }

    /// One word out of a few.
    pub fn choice<T: Choice>(&mut self, name: &'static str) -> Option<Sourced<T>> {
        self.take(name, |value| match value {
            Value::Text(word) => T::ALL
                .iter()
                .find(|(name, _)| name == word)
                .map(|(_, value)| *value),
            _ => None,
        })
    }

    /// The entries that are no keys of the host: parameters of a plugin, targets of raters.
    pub fn rest(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let keys = self.keys;
        self.table
            .entries
            .iter()
            .filter(|entry| keys.get(&entry.key).is_none())
            .map(|entry| (entry.key.as_str(), &entry.node))
    }

    /// The line of every key of the host that was typed.
    pub fn lines(&self) -> impl Iterator<Item = (&'a str, &'a Origin)> + use<'a> {
        let keys = self.keys;
        self.table
            .entries
            .iter()
            .filter(|entry| keys.get(&entry.key).is_some())
            .map(|entry| (entry.key.as_str(), &entry.node.origin))
    }

    /// Ends the section: a key that the table of keys does not have is unknown, and one that was
    /// not asked for would be accepted and dropped.
    pub fn finish(self) {
        let is_slip = self.keys.others == Others::Refused;
        for (name, node) in self.rest().filter(|_| is_slip) {
            let known = suggestion(name, self.keys.names());
            self.refuse(&node.origin, format!("has no key `{name}`{known}"));
        }
        for (name, origin) in self.lines().filter(|(name, _)| !self.asked.contains(name)) {
            self.refuse(origin, format!("{name} is read by nobody"));
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

/// `; did you mean "drop"?` when a word is nearly one of the quoted words that are expected.
fn hint(value: &Value, expected: &str) -> String {
    let Value::Text(word) = value else {
        return String::new();
    };
    let known = expected.split('"').skip(1).step_by(2);
    nearest(word, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"))
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
