//! A test sample in tables and sentences.

use crate::comparing::Table;
use crate::escape;
use crate::model::{StudyResults, TestResult, TestSummary};
use crate::numbers::{count, interval, p_with_floor, score};
use crate::table::Kind;
use crate::verdict::words;
use crate::wording::plural;

/// A column: its heading, what it holds, whether a narrow screen shows it.
type Column = (&'static str, Kind, bool);

const COLUMNS: [Column; 12] = [
    ("target", Kind::Label, true),
    ("encoder", Kind::Label, true),
    ("regressor", Kind::Label, true),
    ("n", Kind::Number, false),
    ("r2_test", Kind::Number, true),
    ("95 % CI", Kind::Number, true),
    ("r", Kind::Number, false),
    ("AUC", Kind::Number, false),
    ("p", Kind::Number, false),
    ("p_fwer", Kind::Number, true),
    ("r2 in training", Kind::Number, false),
    ("verdict", Kind::Verdict, true),
];

/// Of every cell its model on the test rows; `None` without such.
#[must_use]
pub fn table(results: &StudyResults) -> Option<Table> {
    with_columns(results, |_| true)
}

/// The same for a screen.
#[must_use]
pub fn brief(results: &StudyResults) -> Option<Table> {
    with_columns(results, |(.., is_brief)| *is_brief)
}

fn with_columns(results: &StudyResults, is_shown: impl Fn(&Column) -> bool) -> Option<Table> {
    let test = results.test.as_ref()?;
    let is_single = results.regressors.len() < 2;
    let has_auc = test.cells.iter().any(|cell| cell.auc.is_some());
    let is_there = |column: &Column| {
        let is_needed = match column.0 {
            "regressor" => !is_single,
            "AUC" => has_auc,
            _ => true,
        };
        is_shown(column) && is_needed
    };
    let headings = COLUMNS.iter().filter(|column| is_there(column));
    let rows = test.cells.iter().map(|cell| {
        let all = row(cell, results.level).into_iter().zip(&COLUMNS);
        let shown = all.filter(|(_, column)| is_there(column));
        let texts = shown.map(|(text, _)| text).collect();
        (texts, is_significant(cell, results))
    });
    Some(Table {
        headings: headings
            .map(|(heading, kind, _)| (*heading, *kind))
            .collect(),
        rows: rows.collect(),
        below: below(test),
    })
}

fn row(cell: &TestResult, level: f64) -> Vec<String> {
    let p = |p: f64| p_with_floor(p, Some(cell.p_floor), level);
    let ends = cell.ci_low.zip(cell.ci_high);
    let verdict = match cell.is_control {
        true => "control",
        false => words(cell.verdict),
    };
    vec![
        cell.target.clone(),
        cell.encoder.clone(),
        cell.regressor.clone(),
        count(cell.n),
        score(cell.r2_test),
        ends.map(interval).unwrap_or_default(),
        cell.pearson_r.map(score).unwrap_or_default(),
        cell.auc.map(score).unwrap_or_default(),
        p(cell.p),
        cell.p_fwer.map(p).unwrap_or_default(),
        score(cell.r2),
        verdict.to_owned(),
    ]
}

fn below(test: &TestSummary) -> String {
    format!(
        "One model a cell, learned on all training rows, on the {} of {}: r2_test, its interval and p are about this model, not about the recipe, whose r2 by cross-validation stands beside it. \
         p: the share of {} in which y is moved among the test rows and the model stays. test.csv has all of it.",
        plural(test.n_rows, "test row"),
        test.source,
        plural(test.permutations as usize + 1, "arrangement"),
    )
}

fn is_significant(cell: &TestResult, results: &StudyResults) -> bool {
    cell.p_fwer.is_some_and(|p| p <= results.level)
}

/// For whoever reads one sentence.
#[must_use]
pub fn answer(results: &StudyResults) -> Option<String> {
    let test = results.test.as_ref()?;
    let family = || test.cells.iter().filter(|cell| !cell.is_control);
    let n_significant = family()
        .filter(|cell| is_significant(cell, results))
        .count();
    Some(format!(
        "On the test sample ({}) {} of {} carr{} a signal.",
        plural(test.n_rows, "row"),
        n_significant,
        plural(family().count(), "model"),
        if n_significant == 1 { "ies" } else { "y" }
    ))
}

/// For a paper: what was done.
#[must_use]
pub fn method(results: &StudyResults) -> Option<String> {
    let test = results.test.as_ref()?;
    Some(format!(
        "One model of each kind was then fitted to all training rows, its penalty chosen by cross-validation among them, and scored once on a test sample ({} of {}) that had no part in it: \
         R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², ȳ the mean of the training rows. Its test permuted the target {} times among the test rows with the model fixed; its interval is a jackknife of ln(1 − R²) over \
         the test {} and refers to this model.",
        plural(test.n_rows, "row"),
        escape::text(&test.source),
        count(test.permutations as usize),
        match test.cells.iter().any(|cell| cell.n_groups.is_some()) {
            true => "groups",
            false => "rows",
        }
    ))
}

/// For a paper: what was found.
#[must_use]
pub fn sentences(results: &StudyResults) -> Vec<String> {
    let test = results.test.iter().flat_map(|test| &test.cells);
    let family = test.filter(|cell| !cell.is_control);
    let sentence = |cell: &TestResult| {
        let ends = cell.ci_low.zip(cell.ci_high);
        let ends = ends.map_or(String::new(), |ends| format!(", 95% CI {}", interval(ends)));
        let p = p_with_floor(
            cell.p_fwer.unwrap_or(cell.p),
            Some(cell.p_floor),
            results.level,
        );
        let is = if p.starts_with('≤') { "" } else { "= " };
        format!(
            "On the test sample the model of {} from {} ({}) reached R² = {}{ends}, p {is}{p}, n = {}.",
            escape::text(&cell.target),
            escape::text(&cell.encoder),
            escape::text(&cell.regressor),
            score(cell.r2_test),
            count(cell.n),
        )
    };
    family.map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_model_stands_in_table_and_sentences_and_a_control_is_none() {
        let results = fixture::tested();
        let shown = table(&results).unwrap();
        assert_eq!(shown.rows.len(), 2);
        assert!(
            shown
                .rows
                .iter()
                .all(|(row, _)| row.len() == shown.headings.len())
        );
        assert_eq!(shown.rows[1].0.last().unwrap(), "control");
        assert!(
            shown.below.contains("99 test rows of later.csv"),
            "{}",
            shown.below
        );
        assert!(answer(&results).unwrap().contains("1 of 1 model carries"));
        assert_eq!(sentences(&results).len(), 1);
        assert!(method(&results).unwrap().contains("99,999 times"));
        assert_eq!(table(&fixture::quickstart()).map(|_| ()), None);
    }
}
