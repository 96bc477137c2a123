//! Rows that a model is applied to: what it needs of them, and those that cannot be predicted.
//!
//! As in a study, a row without any text is not encoded, and one without a value of a covariate
//! takes no part; but each is named, and each is answered.

use std::path::Path;

use nalgebra::DMatrix;

use super::covariate::{Covariate, ROLE};
use super::ids::Ids;
use super::missing::is_missing;
use super::table::{Cell, Column, Table};
use super::targets::numbers;
use super::{features, groups_of, joined};
use crate::plan::FormatPlan;
use crate::problem::{Problem, Problems, Refusal};

/// What is to be read of a table.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The table.
    pub path: &'a Path,
    /// How it is written.
    pub format: &'a FormatPlan,
    /// Its id column; `None`: the numbers of the rows.
    pub id: Option<&'a str>,
    /// Its text columns.
    pub text: &'a [String],
    /// Its column of groups.
    pub group: Option<&'a str>,
    /// What its columns of covariates are.
    pub covariates: &'a [Covariate],
    /// Its columns that are features themselves.
    pub values: &'a [&'a Covariate],
    /// Its column of scores that predictions are to be compared with.
    pub score: Option<&'a str>,
}

/// Rows to predict.
#[derive(Debug, Clone)]
pub struct NewRows {
    /// The ids of all rows, in file order.
    pub ids: Vec<String>,
    /// The groups of all rows, if they were asked for.
    pub groups: Option<Vec<String>>,
    /// Rows that have all it takes, ascending.
    pub complete: Vec<usize>,
    /// Why the others have not: "no text (`text`)", with the rows.
    pub lacking: Vec<(String, Vec<usize>)>,
    /// The text columns of the complete rows, as in a [`Dataset`](super::Dataset).
    pub texts: Vec<Vec<String>>,
    /// Z of the complete rows; no columns without covariates.
    pub z: DMatrix<f64>,
    /// The features of the complete rows, one part for each of `values` that were asked for.
    pub values: Vec<DMatrix<f64>>,
    /// Scores of the complete rows, if they were asked for; NaN for missing.
    pub scores: Option<Vec<f64>>,
}

impl NewRows {
    /// Reads a table.
    ///
    /// # Errors
    /// A [`Refusal`]: a file or a column that is not there or cannot be read, ids that are empty or
    /// repeated, a row without a group, a list where a text should be, a covariate that is no
    /// number or a category that was not seen, no row that is complete.
    pub fn read(asked: Asked<'_>) -> Result<Self, Refusal> {
        let mut table = Table::read(asked.path, asked.format)?;
        let ids = match asked.id {
            Some(id) => Ids::of(&table, id)?.names,
            None => Ids::numbered(table.n_rows).names,
        };
        let mut problems = Problems::default();
        let groups = asked
            .group
            .and_then(|name| problems.keep(groups_of(&table, name)));
        let lacking = problems.keep(lacking(&table, &asked)).unwrap_or_default();
        problems.finish(())?; // without its columns, more messages would mislead
        let mut is_complete = vec![true; ids.len()];
        let incomplete = lacking.iter().flat_map(|(_, rows)| rows);
        incomplete.for_each(|&row| is_complete[row] = false);
        let complete: Vec<usize> = (0..ids.len()).filter(|&row| is_complete[row]).collect();
        if complete.is_empty() {
            return Err(refuse_all(&table, &lacking).into());
        }
        if complete.len() < ids.len() {
            table.keep(&complete);
        }
        let texts = texts(&table, asked.text)?;
        let own_groups: Option<Vec<String>> = groups
            .as_ref()
            .map(|labels| complete.iter().map(|&row| labels[row].clone()).collect());
        let mut problems = Problems::default();
        let mut columns = Vec::new();
        let whole_texts = joined(&texts);
        for covariate in asked.covariates {
            let found = covariate.columns(ROLE, &table, &whole_texts, own_groups.as_deref());
            columns.extend(problems.keep(found).unwrap_or_default());
        }
        let mut values = Vec::new();
        for feature in asked.values {
            let found = problems.keep(feature.columns(features::ROLE, &table, &[], None));
            let found = found.unwrap_or_default();
            let n_columns = found.len();
            values.push(DMatrix::from_iterator(
                complete.len(),
                n_columns,
                found.into_iter().flatten(),
            ));
        }
        let scores = asked.score.and_then(|name| {
            let column = table.column("score", name).map_err(Refusal::from);
            problems.keep(column.and_then(|column| numbers(column, &format!("score `{name}`"))))
        });
        let n_columns = columns.len();
        let z = DMatrix::from_iterator(complete.len(), n_columns, columns.into_iter().flatten());
        problems.finish(Self {
            ids,
            groups,
            complete,
            lacking,
            texts,
            z,
            values,
            scores,
        })
    }
}

/// Rows that lack a part, with what they lack; a row that lacks two is named once.
fn lacking<'a>(table: &Table, asked: &Asked<'a>) -> Result<Vec<(String, Vec<usize>)>, Refusal> {
    let mut problems = Problems::default();
    let texts = asked.text.iter().map(|name| table.column("text", name));
    let texts: Vec<&Column> = texts
        .filter_map(|column| problems.keep(column.map_err(Refusal::from)))
        .collect();
    let of = |role: &'static str, kind: &'a Covariate| Some((role, kind.column()?));
    let covariates = asked.covariates.iter().filter_map(|kind| of(ROLE, kind));
    let values = asked
        .values
        .iter()
        .filter_map(|kind| of(features::ROLE, kind));
    let covariates = covariates
        .chain(values)
        .map(|(role, name)| Ok((name, table.column(role, name)?)));
    let covariates: Vec<(&str, &Column)> = covariates
        .filter_map(|column: Result<_, Problem>| problems.keep(column.map_err(Refusal::from)))
        .collect();
    problems.finish(())?;
    let mut all: Vec<(String, Vec<usize>)> = Vec::new();
    let mut is_lacking = vec![false; table.n_rows];
    let mut add = |why: String, lacks: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..table.n_rows)
            .filter(|&row| !is_lacking[row] && lacks(row))
            .collect();
        rows.iter().for_each(|&row| is_lacking[row] = true);
        if !rows.is_empty() {
            all.push((why, rows));
        }
    };
    if !texts.is_empty() {
        let names: Vec<String> = asked.text.iter().map(|name| format!("`{name}`")).collect();
        add(format!("no text ({})", names.join(", ")), &|row| {
            texts.iter().all(|column| is_nothing(column.cell(row)))
        });
    }
    for (name, column) in covariates {
        add(format!("no value of `{name}`"), &|row| {
            is_nothing(column.cell(row))
        });
    }
    Ok(all)
}

/// Nothing, or what stands for nothing.
fn is_nothing(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Text(text) => is_missing(text),
        Cell::Number(_) | Cell::Nested => false,
    }
}

fn refuse_all(table: &Table, lacking: &[(String, Vec<usize>)]) -> Problem {
    let reasons = lacking.iter().map(|(why, rows)| match rows.len() {
        1 => format!("1 row has {why}"),
        n => format!("{n} rows have {why}"),
    });
    let reasons: Vec<String> = reasons.collect();
    let message = format!("no row can be predicted: {}", reasons.join("; "));
    Problem::new(&table.file, message)
}

/// The texts of complete rows; of several text columns some may be without one.
fn texts(table: &Table, names: &[String]) -> Result<Vec<Vec<String>>, Refusal> {
    let mut problems = Problems::default();
    let texts = names.iter().filter_map(|name| {
        let column = table.column("text", name).map_err(Refusal::from);
        problems.keep(column.and_then(|column| texts_of(column, name)))
    });
    let texts = texts.collect();
    problems.finish(texts)
}

pub(super) fn texts_of(column: &Column, name: &str) -> Result<Vec<String>, Refusal> {
    let text = |row: usize| match column.cell(row) {
        Cell::Null => Ok(String::new()),
        Cell::Text(text) => Ok(text.to_owned()),
        Cell::Number(number) => Ok(number.to_string()),
        Cell::Nested => {
            let message = format!("`{name}` is a list or an object, not a text");
            Err(Problem::new(column.places.of(row), message).into())
        }
    };
    (0..column.places.numbers.len()).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "id,text,age,site,who\n1,one,30,north,x\n2, ,31,south,x\n3,NA,32,south,y\n4,four,,north,z\n5,five,34, south ,z\n";

    fn read(content: &str, covariates: &[Covariate]) -> Result<NewRows, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, content).unwrap();
        let read = NewRows::read(Asked {
            path: &path,
            format: &FormatPlan::default(),
            id: Some("id"),
            text: &["text".to_owned()],
            group: Some("who"),
            covariates,
            values: &[],
            score: None,
        });
        let folder = format!("{}/", folder.path().display());
        read.map_err(|refusal| refusal.to_string().replace(&folder, ""))
    }

    fn covariates() -> [Covariate; 4] {
        let levels = ["east", "north", "south"].map(str::to_owned).to_vec();
        [
            Covariate::Number {
                column: "age".into(),
            },
            Covariate::Category {
                column: "site".into(),
                levels,
            },
            Covariate::Length,
            Covariate::LogSize,
        ]
    }

    #[test]
    fn rows_that_lack_a_text_or_a_covariate_are_named_and_the_others_get_their_columns() {
        let rows = read(TABLE, &covariates()).unwrap();
        assert_eq!((rows.ids.len(), rows.complete.as_slice()), (5, &[0, 4][..]));
        let lacking = [
            ("no text (`text`)".to_owned(), vec![1, 2]),
            ("no value of `age`".to_owned(), vec![3]),
        ];
        assert_eq!(rows.lacking, lacking);
        assert_eq!(rows.texts, [["one", "five"]]);
        // age, site = north, site = south, characters and words of the text, log of the rows that
        // are left of z.
        assert_eq!(rows.z.ncols(), 6);
        let row = |at: usize| rows.z.row(at).iter().copied().collect::<Vec<f64>>();
        assert_eq!(row(0)[..3], [30.0, 1.0, 0.0]);
        assert_eq!(row(1)[..3], [34.0, 0.0, 1.0]);
        assert_eq!(rows.z[(1, 5)], 0.0);
    }

    #[test]
    fn what_a_model_cannot_use_is_refused_with_its_line() {
        let refused =
            |from: &str, to: &str| read(&TABLE.replace(from, to), &covariates()).unwrap_err();
        assert_eq!(
            refused("north", "North"),
            "t.csv:2: covariate `site` = \"North\" is none of the categories that the model has seen: \"east\", \"north\", \"south\"\n  \
             try: the spelling of the study, or a table without these rows"
        );
        assert!(
            refused("34", "30+")
                .starts_with("t.csv:6: covariate `age` = \"30+\" is not a finite number")
        );
        assert!(refused("age", "years").contains("covariate `age` is not a column"));
        assert!(refused(",x\n2", ",\n2").contains("has no group (`who`) at line 2"));
        assert_eq!(
            read(
                "id,text,age,site,who\n1,,1,north,a\n2,x,.,north,a\n",
                &covariates()
            )
            .unwrap_err(),
            "t.csv: no row can be predicted: 1 row has no text (`text`); 1 row has no value of `age`"
        );
    }
}
