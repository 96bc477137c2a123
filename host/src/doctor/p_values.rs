//! Findings on the test: too few permutations, a p beside the level, rows that no permutation moves.

use super::facts::Facts;
use super::{finding, name};
use crate::report::model::{CellResult, Finding, Severity};

/// Share of rows that stay where they are from which on the test is weak.
const MOST_LOCKED: f64 = 0.5;

pub(super) fn permutations(facts: &Facts, findings: &mut Vec<Finding>) {
    let n_cells = facts.cells.iter().filter(|cell| !cell.is_control).count();
    let m = facts.n_permutations;
    if m > 0 && n_cells > 1 && m < 999 && !facts.is_adaptive {
        findings.push(finding(Severity::Warning, "few-permutations", Vec::new(), [
            format!("{m} permutations for {n_cells} cells."),
            "Step-down maxT standardises each cell by its own null; with few permutations that is coarse (z cannot exceed √m).".to_owned(),
            "permutations = 999 or more under [evaluation].".to_owned(),
        ]));
    }
    if m > 0 && 1.0 / (m + 1) as f64 > facts.level {
        findings.push(finding(
            Severity::Warning,
            "p-floor",
            Vec::new(),
            [
                format!(
                    "The smallest p that {m} permutations can give is {:.3}, above the level {}.",
                    1.0 / (m + 1) as f64,
                    facts.level
                ),
                "Nothing can be significant.".to_owned(),
                format!(
                    "permutations = {} or more under [evaluation].",
                    (1.0 / facts.level).ceil() as usize * 10 - 1
                ),
            ],
        ));
    }
    let borderline: Vec<String> = facts
        .cells
        .iter()
        .filter(|cell| !cell.is_control)
        .filter(|cell| is_borderline(cell, facts))
        .map(name)
        .collect();
    if !borderline.is_empty() {
        findings.push(finding(
            Severity::Warning,
            "borderline",
            borderline,
            [
                format!(
                    "The adjusted p of some cells lies within Monte-Carlo error of the level {}.",
                    facts.level
                ),
                "Another seed could fall on the other side.".to_owned(),
                if facts.is_adaptive {
                    format!("permutations = {m} under [evaluation], without adaptive, leaves less to chance.")
                } else {
                    format!(
                        "permutations = {} under [evaluation] settles it.",
                        (m + 1) * 10 - 1
                    )
                },
            ],
        ));
    }
}

/// The level lies within Monte-Carlo error of the adjusted p. Holm's is a multiple of p, and so is its error.
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

/// Rows that every permutation leaves in their place keep the null distribution close to the observed r2.
pub(super) fn locked(facts: &Facts, findings: &mut Vec<Finding>) {
    if facts.locked <= MOST_LOCKED || facts.n_permutations == 0 {
        return;
    }
    findings.push(finding(Severity::Warning, "locked-rows", Vec::new(), [
        format!("{:.0} % of the rows are in groups without a partner of equal size, and no permutation moves them.", 100.0 * facts.locked),
        "p is valid, but permuted targets look much like the real one (null_mean shows how much), so that only strong effects can be found.".to_owned(),
        "exchange = \"within\" under [evaluation] asks about differences inside groups; unit = \"group\" needs one value a group.".to_owned(),
    ]));
}
