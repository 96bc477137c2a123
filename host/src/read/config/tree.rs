//! A TOML document as a tree in which every value knows where it was written: a line of the file,
//! or a `--set` argument.
//!
//! The `toml` crate parses; this module adds lines, keeps the order of the file and lays `--set`
//! values over it. What the keys mean is not known here.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, Problems, suggestion};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file, from 1.
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// From 1.
        line: usize,
    },
    /// A `--set` argument.
    Argument(Arc<str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Line { file, line } => write!(f, "{file}:{line}"),
            Origin::Argument(argument) => write!(f, "--set {argument}"),
        }
    }
}

/// One value and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What was written.
    pub value: Value,
    /// Where.
    pub origin: Origin,
}

/// TOML's values; dates stay text, for no key of ours wants one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer that fits 64 bits.
    Whole(i64),
    /// A float; may be infinite or NaN.
    Number(f64),
    /// A boolean.
    Flag(bool),
    /// A date or time, or an integer beyond 64 bits, as written.
    Other(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// Keys in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Key, where the key stands, value.
    pub entries: Vec<Entry>,
}

/// One `key = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The last part of a dotted key.
    pub key: String,
    /// Value; its origin is the line of the key.
    pub node: Node,
}

impl Table {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.node)
    }
}

impl fmt::Display for Value {
    /// As one would type it, long values cut: for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "{}", crate::problem::quoted(text)),
            Value::Whole(number) => write!(f, "{number}"),
            Value::Number(number) => write!(f, "{number:?}"),
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Other(text) => write!(f, "{text}"),
            Value::List(nodes) => {
                let items = nodes.iter().map(|node| node.value.to_string());
                write!(f, "[{}]", crate::problem::listed_up_to(5, items))
            }
            Value::Table(table) => {
                let items = table
                    .entries
                    .iter()
                    .map(|entry| format!("{} = {}", entry.key, entry.node.value));
                write!(f, "{{ {} }}", crate::problem::listed_up_to(5, items))
            }
        }
    }
}

/// Parses a file's text. Notes every syntax error with its line; what could be read is returned all
/// the same.
pub fn parse(file: &str, text: &str, problems: &mut Problems) -> Table {
    let (document, errors) = DeTable::parse_recoverable(text);
    let origins = Origins::of_file(file, text);
    for error in errors {
        let place = origins.at(error.span().unwrap_or_default());
        problems.push(Problem::new(
            place,
            format!("not valid TOML: {}", error.message()),
        ));
    }
    origins.table(document.get_ref())
}

/// Lays `--set key=value` arguments over a document, in order. A part of a dotted key that meets
/// `[[encoder]]` or `[[regressor]]` is a name.
pub fn set(document: &mut Table, arguments: &[String], problems: &mut Problems) {
    for argument in arguments {
        match parse_argument(argument) {
            Ok(patch) => overlay(document, patch, problems),
            Err(problem) => problems.push(problem),
        }
    }
}

fn parse_argument(argument: &str) -> Result<Table, Problem> {
    let origins = Origins::of_argument(argument);
    let place = Origin::Argument(argument.into());
    match DeTable::parse(argument) {
        Ok(patch) if !argument.trim_start().starts_with('[') && !patch.get_ref().is_empty() => {
            Ok(origins.table(patch.get_ref()))
        }
        _ => Err(
            Problem::new(place, "is not key=value with a TOML value").with_try(
                "--set evaluation.permutations=99, or for text --set 'study.name=\"loans\"'",
            ),
        ),
    }
}

fn overlay(base: &mut Table, patch: Table, problems: &mut Problems) {
    for Entry { key, node } in patch.entries {
        let Some(old) = base.get_mut(&key) else {
            base.entries.push(Entry { key, node });
            continue;
        };
        match (&mut old.value, node.value) {
            (Value::Table(old), Value::Table(new)) => overlay(old, new, problems),
            (Value::List(items), Value::Table(new)) if has_tables(items) => {
                overlay_named(&key, items, new, problems);
            }
            (_, value) => {
                *old = Node {
                    value,
                    origin: node.origin,
                }
            }
        }
    }
}

fn has_tables(items: &[Node]) -> bool {
    items
        .iter()
        .any(|item| matches!(item.value, Value::Table(_)))
}

/// `encoder.minilm.model = …`: each key of the patch is the `name` of one table of the array.
fn overlay_named(array: &str, items: &mut [Node], patch: Table, problems: &mut Problems) {
    for Entry { key, node } in patch.entries {
        let names: Vec<String> = items.iter().filter_map(name_of).collect();
        let found = items
            .iter_mut()
            .find(|item| name_of(item).as_deref() == Some(&key));
        match (found.map(|item| &mut item.value), node.value) {
            (Some(Value::Table(old)), Value::Table(new)) => overlay(old, new, problems),
            _ => problems.push(Problem::new(
                node.origin,
                format!(
                    "no key of an [[{array}]] named `{key}`{}",
                    suggestion(&key, names.iter().map(String::as_str))
                ),
            )),
        }
    }
}

fn name_of(item: &Node) -> Option<String> {
    match &item.value {
        Value::Table(table) => match &table.get("name")?.value {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Turns byte spans into origins.
struct Origins<'a> {
    text: &'a str,
    file: Option<Arc<str>>,
}

impl<'a> Origins<'a> {
    fn of_file(file: &str, text: &'a str) -> Self {
        Origins {
            text,
            file: Some(file.into()),
        }
    }

    fn of_argument(argument: &'a str) -> Self {
        Origins {
            text: argument,
            file: None,
        }
    }

    fn at(&self, span: Range<usize>) -> Origin {
        let Some(file) = &self.file else {
            return Origin::Argument(self.text.into());
        };
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        Origin::Line {
            file: file.clone(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start); // the crate sorts by name, people read by line
        let entries = keys
            .into_iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                node: self.node(value, key.span()),
            })
            .collect();
        Table { entries }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, place: Range<usize>) -> Node {
        Node {
            value: self.value(value.get_ref()),
            origin: self.at(place),
        }
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(date) => Value::Other(date.to_string()),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map_or_else(|_| Value::Other(digits.to_string()), Value::Whole),
            DeValue::Float(digits) => digits
                .as_str()
                .parse()
                .map_or_else(|_| Value::Other(digits.to_string()), Value::Number),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|i| self.node(i, i.span())).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, sets: &[&str]) -> Result<Table, crate::problem::Refusal> {
        let mut problems = Problems::default();
        let mut tree = parse("plugins.toml", text, &mut problems);
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        set(&mut tree, &sets, &mut problems);
        problems.finish(tree)
    }

    fn at<'a>(tree: &'a Table, path: &[&str]) -> &'a Node {
        let node = tree.get(path[0]).unwrap();
        match (&node.value, path.len()) {
            (_, 1) => node,
            (Value::Table(table), _) => at(table, &path[1..]),
            _ => panic!("{path:?} is no table"),
        }
    }

    #[test]
    fn every_value_knows_its_line_and_keys_keep_the_order_of_the_file() {
        let tree = read("[b]\nz = 1\na = [\n 2,\n 3]\n\n[[c]]\nx = 0x10\n", &[]).unwrap();
        assert_eq!(at(&tree, &["b", "a"]).origin.to_string(), "plugins.toml:3");
        assert_eq!(at(&tree, &["b"]).origin.to_string(), "plugins.toml:1");
        let Value::List(items) = &at(&tree, &["c"]).value else {
            panic!("an array")
        };
        assert_eq!(items[0].origin.to_string(), "plugins.toml:7");
        assert_eq!(items[0].value.to_string(), "{ x = 16 }");
        let Value::Table(b) = &at(&tree, &["b"]).value else {
            panic!("a table")
        };
        assert_eq!([&b.entries[0].key, &b.entries[1].key], ["z", "a"]);
    }

    #[test]
    fn several_syntax_errors_are_shown_together() {
        let text = read("a = \n[b]\nc = 'x\nd = 1\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("plugins.toml:1: not valid TOML: "),
            "{text}"
        );
        assert!(
            text.contains("\nplugins.toml:3: not valid TOML: "),
            "{text}"
        );
    }

    #[test]
    fn set_replaces_adds_and_reaches_encoders_by_name() {
        let text = "[evaluation]\nfolds = 5\n[[encoder]]\nname = \"a b\"\nplugin = \"x\"\n";
        let sets = [
            "evaluation.folds=4",
            "study.seed=7",
            "encoder.\"a b\".dim=16",
            "evaluation.permutations={ adaptive = 99 }",
        ];
        let tree = read(text, &sets).unwrap();
        let folds = at(&tree, &["evaluation", "folds"]);
        assert_eq!(folds.value, Value::Whole(4));
        assert_eq!(folds.origin.to_string(), "--set evaluation.folds=4");
        assert_eq!(at(&tree, &["study", "seed"]).value, Value::Whole(7));
        assert_eq!(
            at(&tree, &["encoder"]).value.to_string(),
            "[{ name = \"a b\", plugin = \"x\", dim = 16 }]"
        );
    }

    #[test]
    fn a_wrong_set_names_the_argument() {
        let text = read("[[encoder]]\nname = 'minilm'\n", &["encoder.minlm.dim=2"]).unwrap_err();
        assert_eq!(
            text.to_string(),
            "--set encoder.minlm.dim=2: no key of an [[encoder]] named `minlm`; did you mean `minilm`?"
        );
        for argument in ["study.name=loans", "folds", "=3", "[study]", ""] {
            let text = read("", &[argument]).unwrap_err().to_string();
            assert_eq!(
                text,
                format!(
                    "--set {argument}: is not key=value with a TOML value\n  \
                     try: --set evaluation.permutations=99, or for text --set 'study.name=\"loans\"'"
                )
            );
        }
    }
}
