//! Findings on raters: how far they agree, and who agrees with nobody.

use super::facts::Facts;
use super::{MOST_LISTED, finding};
use crate::report::model::{Finding, Severity};

/// Raters whose consistency passes their absolute agreement by more have means that matter.
const UNEQUAL_RATERS: f64 = 0.05;

/// How far raters agree, and whether differences between their means matter to those who count them as error.
pub(super) fn agreement(facts: &Facts, findings: &mut Vec<Finding>) {
    let mut shown = Vec::new();
    let mut unequal = Vec::new();
    for (summary, _) in facts.targets {
        let Some(found) = &summary.reliability else {
            continue;
        };
        let means: Vec<String> = found
            .by_rater
            .iter()
            .map(|rater| format!("{} {:.2} ± {:.2}", rater.name, rater.mean, rater.sd))
            .collect();
        shown.push(format!(
            "`{}` on {} rows: ICC(2,1) {:.2}, ICC(2,k) {:.2}, ICC(3,1) {:.2}, ICC(3,k) {:.2}; means ± sd {}",
            summary.name,
            found.n_complete,
            found.icc_2_1,
            found.icc_2_k,
            found.icc_3_1,
            found.icc_3_k,
            means.join(", ")
        ));
        if found.icc_3_k - found.icc_2_k > UNEQUAL_RATERS {
            unequal.push(summary.name.clone());
        }
    }
    if shown.is_empty() {
        return;
    }
    let (severity, meaning) = if unequal.is_empty() {
        (
            Severity::Note,
            "The raters' means differ little beside the texts, so that agreement (2) and consistency (3) are about the same.",
        )
    } else {
        (
            Severity::Warning,
            "The raters' means differ. As the same raters rate every text this costs nobody r2, but prmse_rsmtool counts it as their error and is then too large.",
        )
    };
    findings.push(finding(
        severity,
        "raters",
        unequal,
        [
            format!("Agreement of the raters of {}.", joined(&shown)),
            meaning.to_owned(),
            "Read r2_over_ceiling; prmse_rsmtool is there for comparison with other software."
                .to_owned(),
        ],
    ));
}

/// The first few, parted so that the commas inside each stay readable.
fn joined(shown: &[String]) -> String {
    let first = shown[..shown.len().min(MOST_LISTED)].join("; of ");
    match shown.len().saturating_sub(MOST_LISTED) {
        0 => first,
        more => format!("{first}; and of {more} more (results.json)"),
    }
}

/// A rater without relation to raters who agree among themselves.
pub(super) fn strangers(facts: &Facts, findings: &mut Vec<Finding>) {
    for (target, rater, found) in facts.strangers {
        findings.push(finding(Severity::Serious, "rater-joined-wrongly", vec![rater.clone()], [
            format!("`{rater}` correlates {:.2} with the other raters of `{target}`, who correlate {:.2} with each other.", found.r, found.r_of_others),
            "Its ratings were probably joined to other rows, or its scale means something else.".to_owned(),
            "Check the ids of its file; if it is right, leave it out of [raters].".to_owned(),
        ]));
    }
}
