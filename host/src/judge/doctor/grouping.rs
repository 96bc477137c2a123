//! Findings on groups: value and size, declared groups that equal texts joined, columns that were
//! not declared.

use ocean_report::model::{Finding, Severity};

use super::facts::{Facts, JoinedGroups, ValueBySize};
use super::{finding, listed};

/// Where each group has one value and sizes differ: what the exchange assumes of the two, and how
/// they go together.
pub(super) fn value_by_size(facts: &Facts, findings: &mut Vec<Finding>) {
    let all = facts.value_by_size;
    if all.is_empty() {
        return;
    }
    let targets = |which: &[&ValueBySize]| which.iter().map(|one| one.target.clone()).collect();
    let shown: Vec<String> = all
        .iter()
        .map(|one| format!("{} {:.2} ({} groups)", one.target, one.rho, one.n_groups))
        .collect();
    let seen = format!(
        "Spearman's correlation of a group's value with its number of rows: {}.",
        listed(shown)
    );
    let notable: Vec<&ValueBySize> = all.iter().filter(|one| one.is_notable()).collect();
    if !facts.are_groups_rows {
        findings.push(finding(Severity::Note, "one-value-a-group", targets(&all.iter().collect::<Vec<_>>()), [
            seen,
            "Every group has one value, and only groups of equal size exchange theirs; large groups count as many rows, though they are one observation.".to_owned(),
            match all.len() < facts.targets.len() {
                true => "A study of these targets alone with unit = \"group\" under [evaluation], which makes every group one row; groups of similar size then exchange their values.".to_owned(),
                false => "unit = \"group\" under [evaluation] makes every group one row, and groups of similar size exchange their values.".to_owned(),
            },
        ]));
    } else if facts.is_size_taken_out {
        findings.push(finding(
            Severity::Note,
            "value-by-size",
            Vec::new(),
            [
                seen,
                "The logarithm of size is taken out as a covariate.".to_owned(),
                "Nothing.".to_owned(),
            ],
        ));
    } else if notable.is_empty() {
        findings.push(finding(Severity::Note, "value-by-size", Vec::new(), [
            seen,
            "Nothing notable says that value and size go together; where sizes differ by a factor of 2 or more, groups exchange their values with those of similar size.".to_owned(),
            "Nothing.".to_owned(),
        ]));
    } else {
        findings.push(finding(Severity::Warning, "value-by-size", targets(&notable), [
            seen,
            "Value and size go together: vectors that know a group's size predict its value by it, and p may be small for that alone, although groups exchange their values with those of similar size.".to_owned(),
            format!("{} takes the logarithm of size out of both.", facts.with_covariate("log_size")),
        ]));
    }
}

/// Equal texts count as one group, and so do all declared groups that share a text.
pub(super) fn joined_groups(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(JoinedGroups {
        n_declared,
        n_left,
        largest,
    }) = facts.joined_groups
    else {
        return;
    };
    if n_left == n_declared {
        return;
    }
    findings.push(finding(Severity::Warning, "joined-groups", Vec::new(), [
        format!("{n_declared} declared groups became {n_left}, because some share a text; the largest grew from {} to {} rows.", largest.0, largest.1),
        "Short texts that anybody may write tie unrelated groups together: folds get uneven, and fewer rows can be exchanged.".to_owned(),
        "duplicates = \"keep\" under [evaluation] leaves the groups as declared.".to_owned(),
    ]));
}

/// Columns whose values rows share, and with them the target.
pub(super) fn undeclared(facts: &Facts, findings: &mut Vec<Finding>) {
    for group in facts.undeclared {
        findings.push(finding(Severity::Warning, "undeclared-groups", vec![group.column.clone()], [
            format!("Rows with the same `{}` ({} values) are alike in `{}` (ICC {:.2}), and it is not declared as group.", group.column, group.n_groups, group.target, group.icc),
            "If these rows have one author or source, a model may recognise it instead of reading the text, and r2 and p are too good.".to_owned(),
            format!("group = \"{}\" under [data].", group.column),
        ]));
    }
}
