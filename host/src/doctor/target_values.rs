//! Findings on the values of targets: nearly constant, few, tiny spread, missing, codes of missing values.

use ocean_engine::doctor::codes::missing_codes;
use ocean_engine::doctor::concentration;

use super::facts::Facts;
use super::{finding, listed};
use crate::report::model::{Finding, Severity};
use crate::report::wording::plural;

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
            "Compare r2 with its interval, not with r2 of fine scales; several raters averaged make a finer one.".to_owned(),
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

/// −999 and the like.
pub(super) fn codes(facts: &Facts, findings: &mut Vec<Finding>) {
    for (summary, values) in facts.targets {
        let found = missing_codes(values);
        if found.is_empty() {
            continue;
        }
        let shown = found
            .iter()
            .map(|(code, count)| format!("{code} ({})", plural(*count, "row")));
        findings.push(finding(Severity::Serious, "missing-code", vec![summary.name.clone()], [
            format!("`{}` has values far from all others that look like codes of missing values: {}.", summary.name, listed(shown)),
            "Taken as scores, a few of them decide mean, r2 and p.".to_owned(),
            "Leave these fields empty in the data file, or write NA.".to_owned(),
        ]));
    }
}

pub(super) fn missing_values(facts: &Facts, findings: &mut Vec<Finding>) {
    let missing: Vec<String> = facts
        .targets
        .iter()
        .filter(|(summary, _)| summary.n_missing > 0)
        .map(|(summary, _)| format!("{} ({})", summary.name, summary.n_missing))
        .collect();
    if !missing.is_empty() {
        findings.push(finding(Severity::Note, "missing-values", missing.clone(), [
            format!("Rows without a value were left out of {}: {}.", plural(missing.len(), "target"), listed(missing)),
            if facts.is_adaptive {
                "Targets with different rows are not compared on the same texts.".to_owned()
            } else {
                "Targets with different rows are not compared on the same texts; step-down maxT is then approximate, Holm (p_holm) exact.".to_owned()
            },
            "missing = \"error\" under [data] refuses missing values.".to_owned(),
        ]));
    }
}
