//! Findings on labels that differ in form alone: ids that a join lost, ids of one file that look
//! alike, groups spelled in several ways.

use ocean_report::model::{Finding, Severity};

use super::facts::Facts;
use super::finding;
use crate::problem::listed_up_to;
use crate::read::dataset::form::{Alike, left_aside};

/// Spellings shown of one label.
const SHOWN: usize = 4;
/// Share of the rows in groups of several spellings from which on the folds cannot be trusted.
const MANY_ROWS: f64 = 0.05;

/// Ids without a partner that have one in another form.
pub(super) fn lost_ids(facts: &Facts, findings: &mut Vec<Finding>) {
    for lost in facts.spelling().lost.iter() {
        findings.push(finding(
            Severity::Warning,
            "ids-differ-in-form",
            vec![lost.other.clone()],
            [
                format!("{}.", lost.seen()),
                "Ids compare as text, so these rows were joined to nothing and lack what the other file says of them.".to_owned(),
                format!("{}.", capitalised(&lost.remedy())),
            ],
        ));
    }
}

/// Ids of one file that may be one.
pub(super) fn alike_ids(facts: &Facts, findings: &mut Vec<Finding>) {
    for (file, alike) in &facts.spelling().alike {
        findings.push(finding(
            Severity::Warning,
            "ids-look-alike",
            vec![file.clone()],
            [
                format!(
                    "{} of the {} ids of {file} are not the only one of their kind when {}: {}.",
                    alike.labels.len(),
                    alike.n_labels,
                    left_aside(&alike.asides),
                    example(alike)
                ),
                "If they stand for one text or person, it is there twice, and a join finds a partner for one of them only.".to_owned(),
                "Write ids in one way; if these are different rows, give them ids that differ in more than their form.".to_owned(),
            ],
        ));
    }
}

/// One author under several names is one group in no split.
pub(super) fn groups(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(labels) = facts.dataset.and_then(|dataset| dataset.groups.as_ref()) else {
        return;
    };
    let Some(alike) = Alike::of(labels.iter().map(String::as_str)) else {
        return;
    };
    let n_rows = labels
        .iter()
        .filter(|label| alike.labels.contains(*label))
        .count();
    let severity = match n_rows as f64 >= MANY_ROWS * labels.len() as f64 {
        true => Severity::Serious,
        false => Severity::Warning,
    };
    let column = facts.plan.and_then(|plan| plan.data.group.clone());
    findings.push(finding(
        severity,
        "groups-look-alike",
        column.iter().cloned().collect(),
        [
            format!(
                "{} group labels are {} when {}: {}; it concerns {n_rows} of {} rows.",
                alike.n_labels,
                alike.n_forms,
                left_aside(&alike.asides),
                example(&alike),
                labels.len()
            ),
            "If they are one author or source each, its rows may stand in several folds: a model may recognise it, and r2 and p are too good.".to_owned(),
            format!(
                "Write each label of `{}` in one way in the data file.",
                column.as_deref().unwrap_or("group")
            ),
        ],
    ));
}

/// Different labels in quotation marks, so that a blank at the end is seen.
fn example(alike: &Alike) -> String {
    listed_up_to(
        SHOWN,
        alike.example.iter().map(|label| format!("{label:?}")),
    )
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
