//! Findings on the values of targets: nearly constant, few, tiny spread, missing; codes of missing
//! values, in ratings and covariates, too.

use ocean_engine::doctor::codes::missing_codes;
use ocean_engine::doctor::concentration;
use ocean_report::model::{Finding, Severity};
use ocean_report::wording::{UNEQUAL_ROWS, plural};

use super::facts::Facts;
use super::{finding, listed};

/// A target whose commonest value has at least this share is nearly constant.
const NEARLY_CONSTANT: f64 = 0.8;
/// Up to so many distinct values a target is rather a set of classes.
const FEW_VALUES: usize = 3;
/// A spread below this share of the mean is lost in the digits of most files.
const TINY_SPREAD: f64 = 1e-6;

pub(super) fn nearly_constant(facts: &Facts, findings: &mut Vec<Finding>) {
    for (summary, values) in facts.targets {
        let (share, n_distinct) = concentration(values);
        if share >= NEARLY_CONSTANT {
            findings.push(finding(Severity::Warning, "nearly-constant", vec![summary.name.clone()], [
                format!("{:.0} % of the values of `{}` are the same ({}).", 100.0 * share, summary.name, plural(n_distinct, "distinct value")),
                "There is little to predict, a few rows decide r2, and some training parts may be constant.".to_owned(),
                "Look at the distribution; a finer scale or more rows of the rare values would help.".to_owned(),
            ]));
        }
    }
}

/// Few distinct values, or a spread that is tiny beside the mean.
pub(super) fn scale(facts: &Facts, findings: &mut Vec<Finding>) {
    let of = |is_so: &dyn Fn(usize, f64, f64) -> bool| -> Vec<String> {
        let those = facts.targets.iter().filter(|(summary, values)| {
            let (share, n_distinct) = concentration(values);
            share < NEARLY_CONSTANT && is_so(n_distinct, summary.mean, summary.sd)
        });
        those.map(|(summary, _)| summary.name.clone()).collect()
    };
    let few = of(&|n_distinct, _, _| n_distinct <= FEW_VALUES);
    if !few.is_empty() {
        findings.push(finding(Severity::Note, "few-values", few.clone(), [
            format!("{} at most {FEW_VALUES} distinct values: {}.", if few.len() == 1 { "One target has".to_owned() } else { format!("{} have", plural(few.len(), "target")) }, listed(few)),
            "r2 of classes is small even where they are well told apart; p is valid.".to_owned(),
            "Read AUC (of two values) or Spearman's r beside r2, and do not compare r2 with that of fine scales; several raters averaged make a finer one.".to_owned(),
        ]));
    }
    let tiny = of(&|_, mean, sd| sd < TINY_SPREAD * mean.abs());
    if !tiny.is_empty() {
        findings.push(finding(Severity::Warning, "tiny-spread", tiny.clone(), [
            format!("The standard deviation is less than a millionth of the mean: {}.", listed(tiny)),
            "What is predicted may be the rounding of a file, or a number that is no score, such as an id or a date.".to_owned(),
            "Look at the column; subtract what all values share.".to_owned(),
        ]));
    }
}

/// −999 and the like. Where raters make a target, the codes stand in their columns: in the mean
/// they are no codes any more.
pub(super) fn codes(facts: &Facts, findings: &mut Vec<Finding>) {
    let rated = facts.dataset.map_or(&[][..], |dataset| &dataset.targets);
    for (summary, values) in facts.targets {
        let target = rated.iter().find(|target| target.name == summary.name);
        match target.and_then(|target| target.raters.as_ref()) {
            None => code(&summary.name, values, SCORES, findings),
            Some(panel) => {
                for (column, ratings) in panel.columns.iter().zip(&panel.ratings) {
                    code(column, ratings, SCORES, findings);
                }
            }
        }
    }
}

/// The same in covariates that are numbers; a dummy has no third value.
pub(super) fn covariate_codes(facts: &Facts, findings: &mut Vec<Finding>) {
    let covariates = facts
        .dataset
        .and_then(|dataset| dataset.covariates.as_ref());
    if let Some(covariates) = covariates {
        for (name, z) in covariates.names.iter().zip(covariates.z.column_iter()) {
            let values: Vec<f64> = z.iter().copied().collect();
            code(
                name,
                &values,
                "Taken as numbers, a few of them decide what is taken out of vectors and targets.",
                findings,
            );
        }
    }
}

const SCORES: &str = "Taken as scores, a few of them decide mean, r2 and p.";

fn code(column: &str, values: &[f64], meaning: &str, findings: &mut Vec<Finding>) {
    let found = missing_codes(values);
    if found.is_empty() {
        return;
    }
    let shown = found
        .iter()
        .map(|(code, count)| format!("{code} ({})", plural(*count, "row")));
    findings.push(finding(Severity::Serious, "missing-code", vec![column.to_owned()], [
        format!("`{column}` has values far from all others that look like codes of missing values: {}.", listed(shown)),
        meaning.to_owned(),
        "Leave these fields empty in the data file, or write NA; if they are real, nothing.".to_owned(),
    ]));
}

pub(super) fn missing_values(facts: &Facts, findings: &mut Vec<Finding>) {
    let missing: Vec<String> = facts
        .targets
        .iter()
        .filter(|(summary, _)| summary.n_missing > 0)
        .map(|(summary, _)| format!("{} ({})", summary.name, summary.n_missing))
        .collect();
    if !missing.is_empty() {
        findings.push(finding(
            Severity::Note,
            "missing-values",
            missing.clone(),
            [
                format!(
                    "Rows without a value were left out of {}: {}.",
                    plural(missing.len(), "target"),
                    listed(missing)
                ),
                meaning_of_missing(facts),
                "missing = \"error\" under [data] refuses missing values.".to_owned(),
            ],
        ));
    }
}

/// Targets that lack different rows; and what that does to the adjustment for many cells.
fn meaning_of_missing(facts: &Facts) -> String {
    let is_missing = |values: &[f64]| {
        values
            .iter()
            .map(|value| value.is_nan())
            .collect::<Vec<_>>()
    };
    let mut patterns = facts.targets.iter().map(|(_, values)| is_missing(values));
    let first = patterns.next().unwrap_or_default();
    if patterns.all(|pattern| pattern == first) {
        return "They say nothing about these targets, and folds are smaller there.".to_owned();
    }
    let compared = "Targets with different rows are not compared on the same texts";
    match facts.is_adaptive || facts.n_permutations == 0 {
        true => format!("{compared}."),
        false => format!("{compared}; {UNEQUAL_ROWS}."),
    }
}
