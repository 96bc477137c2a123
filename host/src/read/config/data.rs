//! `[study]`, `[data]`, `[[data.join]]` and `[raters]`: what the rows are.
//!
//! An absent optional key stays `None` here; its default is in [`crate::plan`].

use super::choices::{Blank, Missing, Pool};
use super::keys::JOIN;
use super::section::{Section, Sourced, as_texts};
use super::tree::{Node, Origin, Value};
use crate::read::dataset::encoding;

/// `[study]`
#[derive(Debug, Clone)]
pub struct StudyConfig {
    /// Also names the results folder.
    pub name: Sourced<String>,
    /// 0 or more.
    pub seed: Option<Sourced<i64>>,
}

impl StudyConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<StudyConfig> {
        let name = section.text("name");
        let name = section.required("name", name);
        let seed = section.whole("seed");
        section.finish();
        Some(StudyConfig { name: name?, seed })
    }
}

/// `[data]`
#[derive(Debug, Clone)]
pub struct DataConfig {
    /// The main table, as typed.
    pub path: Sourced<String>,
    /// How it is written.
    pub format: FormatConfig,
    /// Its id column; without one the number of a row is its id.
    pub id: Option<Sourced<String>>,
    /// Text columns.
    pub text: Option<Sourced<Vec<String>>>,
    /// How the vectors of several text columns become one.
    pub pool: Option<Sourced<Pool>>,
    /// Names or globs of targets.
    pub targets: Option<Sourced<Vec<String>>>,
    /// Values that are 1 where a target has two.
    pub positive: Option<Sourced<Vec<String>>>,
    /// The column of groups.
    pub group: Option<Sourced<String>>,
    /// What a missing target value means.
    pub missing: Option<Sourced<Missing>>,
    /// What a row without any text is.
    pub blank: Option<Sourced<Blank>>,
    /// Covariate columns.
    pub covariates: Option<Sourced<Vec<String>>>,
    /// The column that says which rows are tested on.
    pub split: Option<Sourced<String>>,
    /// `[[data.join]]`
    pub joins: Vec<JoinConfig>,
}

/// `[[data.join]]`
#[derive(Debug, Clone)]
pub struct JoinConfig {
    /// The table, as typed.
    pub path: Sourced<String>,
    /// How it is written.
    pub format: FormatConfig,
    /// Its id column, when it is not called as in `[data]`, or as `on` says.
    pub id: Option<Sourced<String>>,
    /// The column of the tables before that names its rows, when it is not their id.
    pub on: Option<Sourced<String>>,
    /// Put before every other column's name.
    pub prefix: Option<Sourced<String>>,
}

/// How a table is written, in `[data]` and `[[data.join]]`.
#[derive(Debug, Clone, Default)]
pub struct FormatConfig {
    /// What separates its fields.
    pub delimiter: Option<Sourced<char>>,
    /// What its bytes mean.
    pub encoding: Option<Sourced<String>>,
    /// The sheet of a workbook.
    pub sheet: Option<Sourced<String>>,
}

impl FormatConfig {
    fn read(section: &mut Section<'_>) -> FormatConfig {
        FormatConfig {
            delimiter: section.take("delimiter", |value| match value {
                Value::Text(text) => delimiter(text),
                _ => None,
            }),
            encoding: section.take("encoding", |value| match value {
                Value::Text(name) => encoding::named(name).map(|_| name.clone()),
                _ => None,
            }),
            sheet: section.text("sheet"),
        }
    }
}

/// One ASCII character that can stand between fields, or the word for it.
pub(crate) fn delimiter(text: &str) -> Option<char> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) if one.is_ascii() && !matches!(one, '"' | '\n' | '\r') => Some(one),
        _ if text.eq_ignore_ascii_case("tab") => Some('\t'),
        _ => None,
    }
}

impl DataConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<DataConfig> {
        let path = section.text("path");
        let path = section.required("path", path);
        let format = FormatConfig::read(&mut section);
        // pandas and R write row names into a column without a name.
        let id = section.text("id");
        let text = section.texts("text");
        let pool = section.choice("pool");
        let targets = section.texts("targets");
        let positive = section.texts("positive");
        let group = section.text("group");
        let missing = section.choice("missing");
        let blank = section.choice("blank");
        let covariates = section.texts("covariates");
        let split = section.text("split");
        let joins = match section.node("join") {
            Some(node) => JoinConfig::read_all(&section, node),
            None => Vec::new(),
        };
        section.finish();
        Some(DataConfig {
            path: path?,
            format,
            id,
            text,
            pool,
            targets,
            positive,
            group,
            missing,
            blank,
            covariates,
            split,
            joins,
        })
    }
}

/// `[test]`
#[derive(Debug, Clone)]
pub struct TestConfig {
    /// The table, as typed.
    pub path: Option<Sourced<String>>,
    /// At least 1.
    pub permutations: Option<Sourced<i64>>,
    /// Where the section begins.
    pub origin: Origin,
}

impl TestConfig {
    pub(super) fn read(mut section: Section<'_>) -> TestConfig {
        let config = TestConfig {
            path: section.text("path"),
            permutations: section.whole("permutations"),
            origin: section.origin().clone(),
        };
        section.finish();
        config
    }
}

/// `[report]`
#[derive(Debug, Clone)]
pub struct ReportConfig {
    /// Columns by whose values it tells who is predicted how well.
    pub by: Option<Sourced<Vec<String>>>,
    /// Which words go with the targets?
    pub words: Option<Sourced<bool>>,
    /// Texts with the highest and the lowest predictions?
    pub texts: Option<Sourced<bool>>,
}

impl ReportConfig {
    pub(super) fn read(mut section: Section<'_>) -> ReportConfig {
        let by = section.texts("by");
        let words = section.flag("words");
        let texts = section.flag("texts");
        section.finish();
        ReportConfig { by, words, texts }
    }
}

impl JoinConfig {
    fn read_all(data: &Section<'_>, node: &Node) -> Vec<JoinConfig> {
        let Value::List(items) = &node.value else {
            data.refuse(&node.origin, "join has double brackets: [[data.join]]");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Section::open(JOIN.header, item, &JOIN, data.problems()))
            .filter_map(JoinConfig::read)
            .collect()
    }

    fn read(mut section: Section<'_>) -> Option<JoinConfig> {
        let path = section.text("path");
        let path = section.required("path", path);
        let format = FormatConfig::read(&mut section);
        let id = section.text("id");
        let on = section.text("on");
        let prefix = section.text("prefix");
        section.finish();
        Some(JoinConfig {
            path: path?,
            format,
            id,
            on,
            prefix,
        })
    }
}

/// One line of `[raters]`: a trait and the columns of its raters.
#[derive(Debug, Clone)]
pub struct RaterConfig {
    /// The target that the ratings make.
    pub target: String,
    /// Two or more rating columns.
    pub columns: Sourced<Vec<String>>,
}

impl RaterConfig {
    pub(super) fn read(section: Section<'_>) -> Vec<RaterConfig> {
        let lines: Vec<_> = section.rest().collect();
        lines
            .into_iter()
            .filter_map(|(target, node)| {
                let columns = as_texts(&node.value).filter(|columns| {
                    let mut different = columns.clone();
                    different.sort();
                    different.dedup();
                    different.len() == columns.len() && columns.len() >= 2
                });
                let Some(value) = columns else {
                    section.refuse(
                        &node.origin,
                        format!(
                            "{target} = {} is not a list of two or more different columns",
                            node.value
                        ),
                    );
                    return None;
                };
                Some(RaterConfig {
                    target: target.to_owned(),
                    columns: Sourced {
                        value,
                        origin: node.origin.clone(),
                        label: format!("[raters] {target}"),
                    },
                })
            })
            .collect()
    }
}
