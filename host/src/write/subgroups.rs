//! Who is predicted how well: every cell of the family on the rows of each value of a column.

use ocean_engine::subgroup::Subgroup;
use ocean_report::model::SubgroupResult;

use crate::read::dataset::{LEAST_LABELLED, Labelled};
use crate::run::FinishedRun;

/// The rows of the analysis by the values of a column.
struct Labels<'a> {
    name: &'a str,
    /// In the order in which they are shown, each with its rows.
    values: Vec<(&'a str, Vec<usize>)>,
    /// Values with fewer rows of a target are left out.
    least: usize,
}

/// Of the column that has the folds, and of those of `by`, cell by cell, value by value.
#[must_use]
pub fn subgroups(run: &FinishedRun) -> Vec<SubgroupResult> {
    let of_column = |labels: Labels| {
        let cells = run.family().flat_map(|cell| of_cell(run, cell, &labels));
        cells.collect::<Vec<_>>()
    };
    labels(run).into_iter().flat_map(of_column).collect()
}

fn labels<'a>(run: &FinishedRun<'a>) -> Vec<Labels<'a>> {
    let dataset = &run.analysed.dataset;
    let folds = dataset.folds.as_ref();
    let of_folds = folds.map(|column| {
        let of_row = column.of_row.iter().map(|value| Some(*value));
        Labels::of(&column.name, &column.values, of_row, 1)
    });
    let fold_column = folds.map(|column| &column.name);
    let further = dataset.labels.iter();
    let further = further.filter(|column| Some(&column.name) != fold_column);
    let of_column = |column: &'a Labelled| {
        let of_row = column.of_row.iter().copied();
        Labels::of(&column.name, &column.values, of_row, LEAST_LABELLED)
    };
    of_folds.into_iter().chain(further.map(of_column)).collect()
}

impl<'a> Labels<'a> {
    /// `of_row`: of each row the place of its value, if it has one.
    fn of(
        name: &'a str,
        values: &'a [String],
        of_row: impl Iterator<Item = Option<usize>>,
        least: usize,
    ) -> Self {
        let mut values: Vec<(&str, Vec<usize>)> = values
            .iter()
            .map(|value| (value.as_str(), Vec::new()))
            .collect();
        for (row, value) in of_row.enumerate() {
            if let Some(value) = value {
                values[value].1.push(row);
            }
        }
        Self {
            name,
            values,
            least,
        }
    }
}

fn of_cell(run: &FinishedRun, cell: usize, labels: &Labels) -> Vec<SubgroupResult> {
    let row = &run.cells.results[cell];
    let (piece, column) = run.piece_of(cell);
    let row_set = &run.arrangement.row_sets[piece.id.row_set];
    let Some(observed) = piece.piece.observed.first() else {
        return Vec::new();
    };
    let rows = run.rows_of(cell);
    let held_out = rows.held_out(observed, column);
    let group_of = row_set.pick(run.arrangement.groups.of_row());
    let has_model = FinishedRun::has_model(row);
    let inflation = piece.responses.get(column).filter(|_| has_model);
    let inflation = inflation.map(|response| response.inflation());
    let of_value = |(value, of_value): &(&str, Vec<usize>)| {
        let places = of_value.iter();
        let places: Vec<usize> = places
            .filter_map(|row| row_set.rows.binary_search(row).ok())
            .collect();
        if places.len() < labels.least {
            return None;
        }
        let found = Subgroup::of(&held_out, &places, &group_of, inflation);
        Some(SubgroupResult {
            column: labels.name.to_owned(),
            value: (*value).to_owned(),
            encoder: row.encoder.clone(),
            regressor: row.regressor.clone(),
            target: row.target.clone(),
            n: found.n,
            mean: found.mean,
            r2: found.r2,
            ci_low: found.interval.map(|ends| ends.low),
            ci_high: found.interval.map(|ends| ends.high),
            pearson_r: found.pearson_r,
            bias: Some(found.bias).filter(|bias| bias.is_finite()),
            rmse_baseline: found.rmse_baseline,
        })
    };
    labels.values.iter().filter_map(of_value).collect()
}
