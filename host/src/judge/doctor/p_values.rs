//! Findings on the test: too few permutations, a p beside the level, rows that no permutation
//! moves.

use ocean_report::model::{CellResult, Finding, Severity};

use super::facts::Facts;
use super::{finding, name};
use crate::plan::permutations::{FOR_MANY_CELLS, permutations as permutations_for};
use crate::plan::{Exchange, MissingExchange};

/// Share of rows that stay where they are from which on the test is weak.
const MOST_LOCKED: f64 = 0.5;

/// One finding at most: what is said of the number of permutations must not be contradicted below.
pub(super) fn permutations(facts: &Facts, findings: &mut Vec<Finding>) {
    let (n_cells, m) = (facts.n_cells(), facts.n_permutations);
    if m == 0 {
        return;
    }
    let floor = 1.0 / (m + 1) as f64;
    let enough = permutations_for(facts.level, n_cells);
    let borderline: Vec<&CellResult> = facts
        .cells
        .iter()
        .filter(|cell| !cell.is_control && is_borderline(cell, facts))
        .collect();
    if floor > facts.level {
        findings.push(finding(Severity::Warning, "p-floor", Vec::new(), [
            format!("The smallest p that {m} permutations can give is {floor:.3}, above the level {}.", facts.level),
            "Nothing can be significant.".to_owned(),
            format!("permutations = {enough} or more under [evaluation]."),
        ]));
    } else if !borderline.is_empty() {
        // The permutations behind the least certain of them.
        let n_drawn = borderline
            .iter()
            .map(|cell| cell.permutations as usize)
            .max();
        let n_drawn = n_drawn.filter(|&n| facts.is_adaptive && n > 0).unwrap_or(m);
        findings.push(finding(
            Severity::Warning,
            "borderline",
            borderline.iter().map(|cell| name(cell)).collect(),
            [
                format!(
                    "The adjusted p of some cells lies within Monte-Carlo error of the level {}.",
                    facts.level
                ),
                "Another seed could fall on the other side.".to_owned(),
                facts.more_permutations(n_drawn),
            ],
        ));
    } else if n_cells > 1 && m < FOR_MANY_CELLS && !facts.is_adaptive {
        findings.push(finding(Severity::Warning, "few-permutations", Vec::new(), [
            format!("{m} permutations for {n_cells} cells."),
            "Step-down maxT standardises each cell by its own null; with few permutations that is coarse (z cannot exceed √m).".to_owned(),
            format!("permutations = {enough} or more under [evaluation]."),
        ]));
    }
}

/// The level lies within Monte-Carlo error of the adjusted p. Holm's is a multiple of p, and so is
/// its error.
fn is_borderline(cell: &CellResult, facts: &Facts) -> bool {
    let Some(adjusted) = cell.p_fwer else {
        return false;
    };
    if facts.is_adaptive {
        return cell.p.zip(cell.p_interval).is_some_and(|(p, (low, high))| {
            let by_holm = adjusted / p;
            (low * by_holm..=high * by_holm).contains(&facts.level)
        });
    }
    let m = facts.n_permutations.max(1) as f64;
    (adjusted - facts.level).abs() <= 2.0 * (adjusted * (1.0 - adjusted) / m).sqrt()
}

/// Rows that every permutation leaves in their place keep the null distribution close to the
/// observed r2.
pub(super) fn locked(facts: &Facts, findings: &mut Vec<Finding>) {
    if facts.locked <= MOST_LOCKED || facts.n_permutations == 0 {
        return;
    }
    let strata =
        |plan: &crate::plan::Plan| plan.evaluation.missing_exchange == MissingExchange::Strata;
    let (why, remedy) = if facts.plan.is_some_and(strata) {
        (
            "have no partner with the same missing values",
            "missing_exchange = \"first-return\" (the default) under [evaluation].".to_owned(),
        )
    } else if facts.exchange == Exchange::Within {
        (
            "are in groups of one row",
            "exchange = \"blocks\" (the default) under [evaluation] exchanges whole groups."
                .to_owned(),
        )
    } else if facts.plan.is_some() && facts.group().is_none() {
        (
            "have a text that occurs more than once, and no partner that occurs as often",
            "duplicates = \"keep\" under [evaluation] permutes them one by one.".to_owned(),
        )
    } else {
        (
            "are in groups without a partner of equal size",
            "exchange = \"within\" under [evaluation] asks about differences inside groups; unit = \"group\" needs one value a group.".to_owned(),
        )
    };
    findings.push(finding(Severity::Warning, "locked-rows", Vec::new(), [
        format!("{:.0} % of the rows {why}, and no permutation moves them.", 100.0 * facts.locked),
        "p is valid, but permuted targets look much like the real one (null_mean shows how much), so that only strong effects can be found.".to_owned(),
        remedy,
    ]));
}
