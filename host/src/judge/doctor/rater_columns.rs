//! Findings on raters: how far they agree, and who agrees with nobody.

use ocean_report::model::{Finding, Reliability, Severity};

use super::facts::Facts;
use super::rater_pairs::without_ceiling;
use super::{finding, listed};

/// A rater who is against the others, and not only unlike them.
const TURNED_ROUND: f64 = -0.3;
/// Raters whose consistency passes their absolute agreement by more have means that matter.
const UNEQUAL_RATERS: f64 = 0.05;

/// How far raters agree, and whether differences between their means matter to those who count them
/// as error. The report has a table with all of it.
pub(super) fn agreement(facts: &Facts, findings: &mut Vec<Finding>) {
    let without_ceiling = without_ceiling(facts);
    let rated: Vec<(&str, &Reliability)> = facts
        .targets
        .iter()
        .filter_map(|(summary, _)| Some((summary.name.as_str(), summary.reliability.as_ref()?)))
        .filter(|(target, _)| !without_ceiling.contains(target))
        .collect();
    if rated.is_empty() {
        return;
    }
    let unequal: Vec<&(&str, &Reliability)> = rated
        .iter()
        .filter(|(_, found)| found.icc_3_k - found.icc_2_k > UNEQUAL_RATERS)
        .collect();
    let agree = rated
        .iter()
        .map(|(target, found)| format!("{:.2} for `{target}`", found.icc_2_k));
    let seen = format!("The means of raters agree at ICC(2,k) {}.", listed(agree));
    let (severity, meaning) = if unequal.is_empty() {
        (
            Severity::Note,
            "The raters' own levels differ little beside the texts, so that agreement (2) and consistency (3) are about the same.".to_owned(),
        )
    } else {
        let levels = unequal.iter().map(|(target, found)| levels(target, found));
        (
            Severity::Warning,
            format!(
                "The raters' own levels differ: {}. As the same raters rate every text this costs nobody r2, but prmse_rsmtool counts it as their error and is then too large.",
                listed(levels)
            ),
        )
    };
    let about = unequal.iter().map(|(target, _)| (*target).to_owned());
    findings.push(finding(severity, "raters", about.collect(), [
        seen,
        meaning,
        format!(
            "{} The table of raters below has ICC(2,1) to ICC(3,k), means and sds.",
            match facts.cells.iter().any(|cell| cell.r2_over_ceiling.is_some()) {
                true => "Read r2_over_ceiling; prmse_rsmtool is there for comparison with other software.",
                false => "Raters who agree this little leave no ceiling to compare r2 with; more raters would.",
            }
        ),
    ]));
}

/// The lowest and the highest mean of a target's raters.
fn levels(target: &str, found: &Reliability) -> String {
    let means = || found.by_rater.iter().map(|rater| rater.mean);
    let (low, high) = (
        means().fold(f64::INFINITY, f64::min),
        means().fold(f64::NEG_INFINITY, f64::max),
    );
    format!("`{target}` from {low:.2} to {high:.2}")
}

/// A rater without relation to raters who agree among themselves.
pub(super) fn strangers(facts: &Facts, findings: &mut Vec<Finding>) {
    for (target, rater, found) in facts.strangers {
        findings.push(finding(Severity::Serious, "rater-joined-wrongly", vec![rater.clone()], [
            format!("`{rater}` correlates {:.2} with the other raters of `{target}`, who correlate {:.2} with each other.", found.r, found.r_of_others),
            match found.r < TURNED_ROUND {
                true => "Its scale is probably turned round: what is high for the others is low for it.",
                false => "Its ratings were probably joined to other rows, or its scale means something else.",
            }.to_owned(),
            match found.r < TURNED_ROUND {
                true => "Turn its scale round in the data file (lowest + highest − rating).",
                false => "Check the ids of its file; if it is right, leave it out of [raters].",
            }.to_owned(),
        ]));
    }
}
