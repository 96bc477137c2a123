//! Targets of two values and of few steps: how well predictions order the rows, as tables and in
//! sentences.

use crate::comparing::Table;
use crate::escape;
use crate::model::{CellResult, StudyResults, TargetSummary};
use crate::numbers::{count, interval, score};
use crate::table::Kind;
use crate::wording::family;

/// A target with more different values is a fine scale.
const MOST_STEPS: usize = 10;

type Show = fn(&CellResult, &TargetSummary) -> String;
type Column = (&'static str, Kind, Show);

const NAMES: [Column; 4] = [
    ("target", Kind::Label, |c, _| c.target.clone()),
    ("encoder", Kind::Label, |c, _| c.encoder.clone()),
    ("regressor", Kind::Label, |c, _| c.regressor.clone()),
    ("n", Kind::Number, |c, _| count(c.n)),
];

const OF_TWO_VALUES: [Column; 7] = [
    ("higher value", Kind::Label, |_, t| {
        let values = t.two_values.as_ref();
        values.map_or(String::new(), |values| values.high.clone())
    }),
    ("base rate", Kind::Number, |c, _| shown(c.base_rate)),
    ("r2", Kind::Number, |c, _| score(c.r2)),
    ("AUC", Kind::Number, |c, _| shown(c.auc)),
    ("95 % CI of AUC", Kind::Number, |c, _| {
        let ends = c.auc_low.zip(c.auc_high);
        ends.map(interval).unwrap_or_default()
    }),
    ("balanced accuracy", Kind::Number, |c, _| {
        shown(c.balanced_accuracy)
    }),
    ("calibration slope", Kind::Number, |c, _| {
        shown(c.calibration_slope)
    }),
];

const OF_STEPS: [Column; 4] = [
    ("steps", Kind::Number, |_, t| count(t.n_distinct)),
    ("r2", Kind::Number, |c, _| score(c.r2)),
    ("r", Kind::Number, |c, _| shown(c.pearson_r)),
    ("Spearman's r", Kind::Number, |c, _| shown(c.spearman_r)),
];

fn shown(number: Option<f64>) -> String {
    number.map(score).unwrap_or_default()
}

fn has_two_values(target: &TargetSummary) -> bool {
    target.two_values.is_some()
}

fn has_few_steps(target: &TargetSummary) -> bool {
    (3..=MOST_STEPS).contains(&target.n_distinct)
}

/// A table for targets of two values, and one for ordered scores of few steps, each with its title;
/// those that the study has.
#[must_use]
pub fn tables(results: &StudyResults) -> Vec<(&'static str, Table)> {
    let of_two = table(
        results,
        has_two_values,
        &OF_TWO_VALUES,
        "r2 of two values is the Brier skill score against the training share: small numbers even where the two are well told apart. \
         AUC: the share of pairs of a higher and a lower row in which the higher has the higher prediction, equal ones half; .5 is chance. Pairs are of one fold, since each \
         fold has a model of its own. Balanced accuracy: the mean share of higher and of lower rows told right, where a prediction above the training share is told higher. \
         Nothing here is tested; p and verdict are those of r2.",
    );
    let of_steps = table(
        results,
        has_few_steps,
        &OF_STEPS,
        "Spearman's r: the correlation of ranks within folds, mean over folds. Like r it says nothing about the size of the errors.",
    );
    [
        ("Scores of two values", of_two),
        ("Ordered scores of few steps", of_steps),
    ]
    .into_iter()
    .filter_map(|(title, table)| Some((title, table?)))
    .collect()
}

fn table(
    results: &StudyResults,
    is_shown: fn(&TargetSummary) -> bool,
    further: &[Column],
    below: &str,
) -> Option<Table> {
    let is_single = results.regressors.len() < 2;
    let columns = NAMES.iter().chain(further);
    let columns: Vec<&Column> = columns
        .filter(|(heading, ..)| !(is_single && *heading == "regressor"))
        .collect();
    let rows: Vec<_> = family(results)
        .into_iter()
        .filter_map(|cell| {
            let mut targets = results.targets.iter();
            let target = targets.find(|target| target.name == cell.target)?;
            is_shown(target).then(|| {
                let texts = columns.iter().map(|(.., show)| show(cell, target));
                (texts.collect(), false)
            })
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        headings: columns
            .iter()
            .map(|(heading, kind, _)| (*heading, *kind))
            .collect(),
        rows,
        below: below.to_owned(),
    })
}

/// For a paper: what was done; `None` without targets of two values.
#[must_use]
pub fn method(results: &StudyResults) -> Option<String> {
    let targets = results.targets.iter().filter_map(|target| {
        let values = target.two_values.as_ref()?;
        Some(format!(
            "{} ({}: {} %)",
            escape::text(&target.name),
            escape::text(&values.high),
            (100.0 * values.base_rate).round()
        ))
    });
    let targets: Vec<String> = targets.collect();
    let rows = match results.data.n_groups {
        None => "rows",
        Some(_) => "groups",
    };
    let interval = match results.cells.iter().any(|cell| cell.auc_low.is_some()) {
        true => format!(
            " Its interval is a jackknife over {rows} on the logit scale, as many times wider as R² with planted effects spreads beyond its naive standard error."
        ),
        false => String::new(),
    };
    (!targets.is_empty()).then(|| {
        format!(
            "Of targets of two values, {}, R² is the Brier skill score against the training share; the area under the ROC curve (AUC) counts pairs within folds, equal predictions half.{interval}",
            targets.join(", ")
        )
    })
}

/// "AUC = .712, 95% CI [.640, .778]" of a cell that has one.
#[must_use]
pub fn numbers(cell: &CellResult) -> Vec<String> {
    let auc = cell.auc.map(|auc| format!("AUC = {}", score(auc)));
    let ends = cell.auc_low.zip(cell.auc_high);
    let ends = ends.map(|ends| format!("95% CI {}", interval(ends)));
    auc.into_iter().chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn targets_of_two_values_and_of_few_steps_have_tables_and_others_none() {
        assert!(tables(&fixture::quickstart()).is_empty());
        let tables = tables(&fixture::two_values());
        let titles: Vec<&str> = tables.iter().map(|(title, _)| *title).collect();
        assert_eq!(
            titles,
            ["Scores of two values", "Ordered scores of few steps"]
        );
        for (_, table) in &tables {
            assert_eq!(table.rows.len(), 2, "two encoders");
            let (first, _) = &table.rows[0];
            assert_eq!(first.len(), table.headings.len());
        }
        let (first, _) = &tables[0].1.rows[0];
        assert!(first.contains(&"yes".to_owned()) && first.contains(&".310".to_owned()));
    }
}
