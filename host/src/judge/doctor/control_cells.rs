//! Findings on controls: noise that predicts, and length that does.

use ocean_report::model::{CellResult, Finding, Severity};
use ocean_report::wording::plural;

use super::facts::Facts;
use super::{LENGTH, RANDOM, RANDOM_GROUP, finding, name};

/// Noise that predicts: memory where equal texts or groups cross folds, and chance where none does.
pub(super) fn random_controls(facts: &Facts, findings: &mut Vec<Finding>) {
    let (texts, groups) = facts.across_folds;
    for (control, what, n_across, remedy) in [
        (
            RANDOM,
            "texts",
            texts,
            "duplicates = \"group\" under [evaluation] keeps equal texts together.",
        ),
        (
            RANDOM_GROUP,
            "groups",
            groups,
            "Declare the groups with `group` under [data].",
        ),
    ] {
        let significant: Vec<&CellResult> = facts
            .cells
            .iter()
            .zip(facts.control_p)
            .filter(|(cell, p)| {
                cell.is_control
                    && cell.encoder == control
                    && cell.r2 > 0.0
                    && p.is_some_and(|p| p <= facts.level)
            })
            .map(|(cell, _)| cell)
            .collect();
        if significant.is_empty() {
            continue;
        }
        let predicts = format!(
            "Noise that only knows which {what} are equal predicts {}",
            plural(significant.len(), "target")
        );
        let about = significant.iter().map(|cell| name(cell)).collect();
        let (severity, sentences) = if n_across > 0 {
            (
                Severity::Serious,
                [
                    format!(
                        "{predicts}, and {} have one of these on the other side of a split.",
                        plural(n_across, "row")
                    ),
                    format!("Equal {what} stand on both sides, so r2 rewards memory."),
                    remedy.to_owned(),
                ],
            )
        } else {
            let one_in = (1.0 / facts.level).round();
            (
                Severity::Note,
                [
                    format!("{predicts}, though no equal {what} stand on both sides of a split."),
                    format!("By chance that happens in 1 of {one_in} studies; nothing here says that it is more."),
                    "Nothing; another seed under [study] would draw other folds and permutations, and tell chance from a cause.".to_owned(),
                ],
            )
        };
        findings.push(finding(severity, "random-control", about, sentences));
    }
}

pub(super) fn length_alone(facts: &Facts, findings: &mut Vec<Finding>) {
    let significant: Vec<&CellResult> = facts
        .cells
        .iter()
        .filter(|cell| {
            cell.is_control
                && cell.encoder == LENGTH
                && cell.r2 > 0.0
                && cell.p.is_some_and(|p| p <= facts.level)
        })
        .collect();
    if !significant.is_empty() {
        let strongest = significant
            .iter()
            .max_by(|a, b| a.r2.total_cmp(&b.r2))
            .map_or(String::new(), |cell| {
                format!("; most for `{}`, r2 = {:.3}", cell.target, cell.r2)
            });
        findings.push(finding(
            Severity::Note,
            "length-predicts",
            significant.iter().map(|cell| cell.target.clone()).collect(),
            [
                format!("Text length alone predicts {} (p ≤ {}, not adjusted){strongest}.", plural(significant.len(), "target"), facts.level),
                "Part of what an encoder finds there may be length; gain_over_length says how much it adds.".to_owned(),
                "Compare the encoder's r2 with that of the control `length`.".to_owned(),
            ],
        ));
    }
}
