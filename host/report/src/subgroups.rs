//! Who is predicted how well: tables of r2 by the values of a column.

use ocean_engine::score::mean_and_sd;

use crate::close_up::CloseUp;
use crate::comparing::Table;
use crate::model::{StudyResults, SubgroupResult};
use crate::numbers::{count, in_units, interval, score};
use crate::table::Kind;

/// More rows are shown for the best cell of each target only; `subgroups.csv` has all.
const MOST_ROWS: usize = 60;
/// A mean error from here on, in standard deviations of the target, is marked.
const NOTABLE_BIAS: f64 = 0.1;

/// A table for each column, with the column's name; empty when nothing was asked for.
#[must_use]
pub fn tables(results: &StudyResults) -> Vec<(String, Table)> {
    let mut columns: Vec<&str> = Vec::new();
    for one in &results.subgroups {
        if !columns.contains(&one.column.as_str()) {
            columns.push(&one.column);
        }
    }
    let table = |column: &str| (column.to_owned(), of_column(results, column));
    columns.into_iter().map(table).collect()
}

fn of_column(results: &StudyResults, column: &str) -> Table {
    let of_column = results.subgroups.iter().filter(|one| one.column == column);
    let all: Vec<&SubgroupResult> = of_column.collect();
    let is_long = all.len() > MOST_ROWS;
    let is_best = |one: &SubgroupResult| {
        let close_ups = results.close_ups.iter();
        let mut of_target = close_ups.filter(|best| best.target == one.target);
        of_target.any(|best| best.encoder == one.encoder && best.regressor == one.regressor)
    };
    let shown = all.into_iter().filter(|one| !is_long || is_best(one));
    let is_single = results.regressors.len() < 2;
    let mut headings = vec![
        ("target", Kind::Label),
        ("encoder", Kind::Label),
        ("regressor", Kind::Label),
        ("value", Kind::Label),
        ("n", Kind::Number),
        ("mean", Kind::Number),
        ("r2", Kind::Number),
        ("95 % CI", Kind::Number),
        ("r", Kind::Number),
        ("mean error (sd)", Kind::Number),
        ("baseline rmse", Kind::Number),
    ];
    let rows = shown.map(|one| {
        let mut row = row(one);
        if is_single {
            row.remove(2);
        }
        (row, false)
    });
    let rows = rows.collect();
    if is_single {
        headings.remove(2);
    }
    let mut below = if results.fold_column.as_deref() == Some(column) {
        format!(
            "Each value of `{column}` was predicted by models of the others. r2 of a value is against the same baseline as r2 of all rows, and that is their mean weighted by n and the squared baseline rmse. {}",
            spreads(results)
        )
    } else {
        "r2 of a value is against the same baseline as r2 of all rows. ".to_owned()
    };
    below.push_str("Descriptive: nothing here is tested or adjusted for how much is shown.");
    if is_long {
        below.push_str(
            " Of each target the recipe with the highest r2; subgroups.csv has all of them.",
        );
    }
    Table {
        headings,
        rows,
        below,
    }
}

/// How far r2 spreads between the values of the column of folds, target by target.
fn spreads(results: &StudyResults) -> String {
    let spreads = results.close_ups.iter().filter_map(|close_up| {
        let sd = spread(&of_folds(results, close_up))?;
        Some(format!("{} {}", close_up.target, score(sd)))
    });
    let spreads: Vec<String> = spreads.collect();
    match spreads.is_empty() {
        true => String::new(),
        false => format!(
            "Standard deviation of r2 between the values, of the recipe with the highest r2: {}; chance alone makes some of it, more where they are small. ",
            spreads.join(", ")
        ),
    }
}

/// The values of the column of folds, of one recipe and target; empty where folds were drawn.
pub(crate) fn of_folds<'r>(
    results: &'r StudyResults,
    close_up: &CloseUp,
) -> Vec<&'r SubgroupResult> {
    let all = results.subgroups.iter();
    let of_recipe = all.filter(|one| {
        results.fold_column.as_deref() == Some(one.column.as_str())
            && one.target == close_up.target
            && one.encoder == close_up.encoder
            && one.regressor == close_up.regressor
    });
    of_recipe.collect()
}

/// Standard deviation (ddof 1) of r2 between values that have one; `None` for fewer than two.
pub(crate) fn spread(values: &[&SubgroupResult]) -> Option<f64> {
    let r2: Vec<f64> = values.iter().filter_map(|one| one.r2).collect();
    (r2.len() > 1).then(|| mean_and_sd(&r2, 1).1)
}

fn row(one: &SubgroupResult) -> Vec<String> {
    let or_none = |number: Option<f64>| number.map(score).unwrap_or_default();
    let ends = one.ci_low.zip(one.ci_high);
    vec![
        one.target.clone(),
        one.encoder.clone(),
        one.regressor.clone(),
        one.value.clone(),
        count(one.n),
        in_units(one.mean),
        or_none(one.r2),
        ends.map(interval).unwrap_or_default(),
        or_none(one.pearson_r),
        one.bias.map(bias).unwrap_or_default(),
        in_units(one.rmse_baseline),
    ]
}

fn bias(bias: f64) -> String {
    match bias {
        bias if bias > NOTABLE_BIAS => format!("{} too high", score(bias)),
        bias if bias < -NOTABLE_BIAS => format!("{} too low", score(bias)),
        bias => score(bias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_spread_between_values_is_their_standard_deviation() {
        let mut results = fixture::by_site();
        results.close_ups = vec![CloseUp {
            encoder: results.subgroups[0].encoder.clone(),
            regressor: results.subgroups[0].regressor.clone(),
            target: results.subgroups[0].target.clone(),
            ..CloseUp::default()
        }];
        let below = |results: &StudyResults| tables(results).remove(0).1.below;
        // One of the two has no r2.
        assert!(!below(&results).contains("Standard deviation"));
        results.subgroups[1].r2 = Some(0.1);
        // .2 and .1: √(2·.05²).
        assert!(
            below(&results).contains("openness .071;"),
            "{}",
            below(&results)
        );
        let pictures = crate::plot::sites(&results);
        assert_eq!(pictures.len(), 1);
        assert!(
            pictures[0].description.contains(".071"),
            "{}",
            pictures[0].description
        );
    }

    #[test]
    fn every_value_is_a_row_and_a_large_mean_error_is_marked() {
        let results = fixture::by_site();
        let tables = tables(&results);
        assert_eq!(tables.len(), 1);
        let (column, table) = &tables[0];
        assert_eq!((column.as_str(), table.rows.len()), ("site", 2));
        let (first, second) = (&table.rows[0].0, &table.rows[1].0);
        assert_eq!(first.len(), table.headings.len());
        assert!(first.contains(&"north".to_owned()), "{first:?}");
        assert!(
            first.iter().any(|text| text.ends_with("too high")),
            "{first:?}"
        );
        assert!(
            second.iter().all(|text| !text.contains("too")),
            "{second:?}"
        );
        assert!(
            table.below.contains("models of the others"),
            "{}",
            table.below
        );
    }
}
