//! The findings on finished cells and on the data behind them: who is asked, in which order.

use ocean_report::model::{Finding, Severity};
use ocean_report::wording::plural;

use super::facts::Facts;
use super::{
    control_cells, finding, fold_column, grouping, models, p_values, rater_columns, rater_pairs,
    repeated_text, script, spelling, target_values, text_rows, yardsticks,
};

/// Everything worth saying, worst first.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let subjects: &[fn(&Facts, &mut Vec<Finding>)] = &[
        models::empty_fits,
        models::strong_grids,
        models::same_scores,
        control_cells::random_controls,
        target_values::codes,
        target_values::covariate_codes,
        spelling::groups,
        rater_pairs::rater_pairs,
        spelling::lost_ids,
        spelling::alike_ids,
        repeated_text::repeated_text,
        shifted,
        rater_columns::strangers,
        models::grid_edges,
        models::unconverged,
        models::influence,
        fold_column::deciding,
        models::heavy_tails,
        models::many_columns,
        target_values::nearly_constant,
        target_values::scale,
        target_values::missing_values,
        text_rows::texts,
        text_rows::near_duplicates,
        p_values::permutations,
        p_values::locked,
        control_cells::length_alone,
        yardsticks::yardsticks,
        script::unspaced,
        grouping::value_by_size,
        grouping::joined_groups,
        grouping::undeclared,
        fold_column::differences,
        rater_columns::agreement,
        models::learning_curve,
    ];
    for subject in subjects {
        subject(facts, &mut findings);
    }
    doubts(facts, &mut findings);
    notes(facts, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Vectors that fit the targets of other rows: the vectors may be shifted, or, where texts vouch
/// for them, the targets.
fn shifted(facts: &Facts, findings: &mut Vec<Finding>) {
    for (encoder, by) in facts.shifted {
        findings.push(finding(Severity::Serious, "shifted-rows", vec![encoder.clone()], [
            format!("The vectors of `{encoder}` go with the targets {} {}, and not with those of their own row.", plural(by.unsigned_abs(), "row"), if *by > 0 { "further down" } else { "further up" }),
            "They look shifted: a header or an empty line was counted, or dropped, on one side, or one of two files counts its ids from 0.".to_owned(),
            "Check the ids of the targets, and of the vectors if they come from a file, against the programs that wrote them.".to_owned(),
        ]));
    }
}

/// What reading the data left open.
fn doubts(facts: &Facts, findings: &mut Vec<Finding>) {
    for doubt in facts.doubts {
        let severity = match doubt.is_serious {
            true => Severity::Serious,
            false => Severity::Warning,
        };
        let (seen, meaning) = (doubt.seen.clone(), doubt.meaning.clone());
        let words = [seen, meaning, doubt.remedy.clone()];
        findings.push(finding(severity, doubt.code, doubt.about.clone(), words));
    }
}

fn notes(facts: &Facts, findings: &mut Vec<Finding>) {
    for note in facts.join_notes {
        findings.push(finding(
            Severity::Note,
            "join",
            Vec::new(),
            [
                note.clone(),
                "Rows are joined by id; what has no partner is left out or missing.".to_owned(),
                "Check that the tables use the same ids.".to_owned(),
            ],
        ));
    }
    for reading in facts.readings {
        findings.push(finding(
            Severity::Note,
            "reading",
            Vec::new(),
            [
                format!("{reading}."),
                "The study is of the texts and numbers of this reading.".to_owned(),
                "delimiter, encoding, sheet or id under [data] say otherwise.".to_owned(),
            ],
        ));
    }
    for note in facts.plan_notes {
        findings.push(finding(
            Severity::Note,
            "plan",
            Vec::new(),
            [
                note.clone(),
                "The study ran with this choice.".to_owned(),
                "--dry-run shows every setting, defaults included.".to_owned(),
            ],
        ));
    }
}

#[cfg(test)]
#[path = "examine_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "data_tests.rs"]
mod data_tests;
