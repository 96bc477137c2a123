//! Findings on folds that a column has: values that differ from each other, and one that alone
//! decides r2.

use ocean_report::model::{Finding, Severity};

use super::facts::{Deciding, Facts, FoldDifference};
use super::{finding, finding::name, listed};
use crate::plan::Exchange;

/// Targets and vectors that differ between the folds of a column.
pub(super) fn differences(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(column) = facts.fold_column() else {
        return;
    };
    let all = facts.fold_differences;
    if all.is_empty() {
        return;
    }
    let shown = |one: &FoldDifference| {
        let kind = if one.is_target { "" } else { "the vectors of " };
        format!("{kind}`{}` (ICC {:.2})", one.name, one.icc)
    };
    let seen = format!(
        "Between the values of `{column}` differ: {}.",
        listed(all.iter().map(shown))
    );
    let about = all.iter().map(|one| one.name.clone()).collect();
    let has_target = all.iter().any(|one| one.is_target);
    let words = match facts.exchange {
        Exchange::Free if has_target => (
            Severity::Warning,
            format!("Values were exchanged between the values of `{column}`, too: p is small already where the vectors tell them apart, whatever else they know."),
            "exchange = \"blocks\" (the default) under [evaluation] keeps values where they are.".to_owned(),
        ),
        _ => (
            Severity::Note,
            format!("Models of the others do not know the level of the one they predict, and r2 pays for that: it says how well rows of a new `{column}` are predicted, not new rows of these. p is not touched: values are exchanged inside each."),
            "subgroups.csv has each value by itself, with its mean error; for new rows of the same values, a number of folds under [evaluation].".to_owned(),
        ),
    };
    let (severity, meaning, remedy) = words;
    findings.push(finding(
        severity,
        "folds-differ",
        about,
        [seen, meaning, remedy],
    ));
}

/// A fold of a column without which little is left of r2.
pub(super) fn deciding(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(column) = facts.fold_column() else {
        return;
    };
    let is_found = |cell: usize| facts.cells[cell].p_fwer.is_some_and(|p| p <= facts.level);
    let all: Vec<&(usize, Deciding)> = facts
        .deciding_folds
        .iter()
        .filter(|(cell, _)| is_found(*cell))
        .collect();
    if all.is_empty() {
        return;
    }
    let shown = all.iter().map(|(cell, one)| {
        let of = &facts.cells[*cell];
        format!(
            "{}: r2 {:.3}, without `{}` {:.3}",
            name(of),
            of.r2,
            one.value,
            one.r2_without
        )
    });
    let about = all
        .iter()
        .map(|(cell, _)| name(&facts.cells[*cell]))
        .collect();
    findings.push(finding(Severity::Warning, "deciding-fold", about, [
        format!("One value of `{column}` decides: {}.", listed(shown)),
        "What was found holds for it; that it holds elsewhere is not shown.".to_owned(),
        format!("Look at `{column}` by itself in subgroups.csv, and say in words where the finding comes from."),
    ]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::read::config::{Config, Scope};
    use ocean_report::model::CellResult;
    use std::path::Path;

    fn plan() -> Plan {
        let text = "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntext = \"text\"\ntargets = \"mood\"\n[evaluation]\nfolds = \"site\"\n[[encoder]]\nname = \"e\"\nplugin = \"lexical\"\n[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n";
        let config = Config::parse(Path::new("plugins.toml"), text, &[], Scope::Evaluation);
        Plan::resolve(&config.unwrap(), None).unwrap()
    }

    fn codes(facts: &Facts) -> Vec<(String, Severity)> {
        let mut findings = Vec::new();
        differences(facts, &mut findings);
        deciding(facts, &mut findings);
        findings
            .into_iter()
            .map(|one| (one.code, one.severity))
            .collect()
    }

    #[test]
    fn sites_that_differ_are_a_note_and_where_values_leave_them_a_warning() {
        let plan = plan();
        let differ = [FoldDifference {
            name: "mood".to_owned(),
            is_target: true,
            icc: 0.3,
        }];
        let facts = Facts {
            plan: Some(&plan),
            fold_differences: &differ,
            ..Facts::default()
        };
        assert_eq!(codes(&facts), [("folds-differ".to_owned(), Severity::Note)]);
        let free = Facts {
            exchange: Exchange::Free,
            ..facts
        };
        assert_eq!(
            codes(&free),
            [("folds-differ".to_owned(), Severity::Warning)]
        );
        assert_eq!(codes(&Facts { plan: None, ..free }), []);
    }

    #[test]
    fn a_site_that_decides_is_named_where_something_was_found() {
        let plan = plan();
        let mut cells = [CellResult {
            r2: 0.2,
            p_fwer: Some(0.01),
            ..CellResult::default()
        }];
        let deciding = [(
            0,
            Deciding {
                value: "north".to_owned(),
                r2_without: 0.01,
            },
        )];
        let facts = |cells: &[CellResult]| {
            codes(&Facts {
                plan: Some(&plan),
                cells,
                deciding_folds: &deciding,
                ..Facts::default()
            })
        };
        assert_eq!(
            facts(&cells),
            [("deciding-fold".to_owned(), Severity::Warning)]
        );
        cells[0].p_fwer = Some(0.2);
        assert_eq!(facts(&cells), []);
    }
}
