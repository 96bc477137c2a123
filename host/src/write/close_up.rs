//! A closer look at one recipe a target: from the pieces to what results.json keeps for the
//! pictures.

use ocean_engine::diagnostics::{
    Bin, DENSITY_CELLS, Density, PenaltyPath, bins, density, penalty_path,
};
use ocean_engine::family::Family;
use ocean_report::close_up::{BinSummary, CloseUp, DensitySummary, PathLine, PathSummary};

use crate::plan::Unit;
use crate::run::{CellRows, FinishedRun};

/// Decimals that are kept of an inner r2: more than a picture shows.
const INNER_R2_DECIMALS: f64 = 1e5;

/// The cell with the highest r2 of every target; where all are alike, the first.
#[must_use]
pub fn close_ups(run: &FinishedRun) -> Vec<CloseUp> {
    let lengths = lengths(run);
    let targets = run.arrangement.target_names.iter();
    targets
        .filter_map(|target| close_up(run, run.cells.best_of(target)?, lengths.as_deref()))
        .collect()
}

/// Characters of each row of the analysis; `None` without texts, and where rows are groups of them.
fn lengths(run: &FinishedRun) -> Option<Vec<f64>> {
    let has_lengths = run.analysed.dataset.has_texts() && run.plan.evaluation.unit == Unit::Row;
    has_lengths.then(|| {
        let texts = run.analysed.dataset.joined_texts();
        texts
            .iter()
            .map(|text| text.chars().count() as f64)
            .collect()
    })
}

fn close_up(run: &FinishedRun, at: usize, lengths: Option<&[f64]>) -> Option<CloseUp> {
    let cell = &run.cells.results[at];
    let (result, column) = run.piece_of(at);
    let row_set = &run.arrangement.row_sets[result.id.row_set];
    let observed = result.piece.observed.first()?;
    let CellRows { y, fold_of } = run.rows_of(at);
    let y_hat = observed.y_hat.column(column);
    let y_hat = y_hat.as_slice();
    let has_model = FinishedRun::has_model(cell);
    let residual: Vec<f64> = y.iter().zip(y_hat).map(|(y, y_hat)| y - y_hat).collect();
    let lengths = lengths.map_or(Vec::new(), |all| row_set.pick(all));
    let path = penalty_path(observed, column, &y, &fold_of)
        .filter(|_| run.plan.data.covariates.is_empty());
    Some(CloseUp {
        encoder: cell.encoder.clone(),
        regressor: cell.regressor.clone(),
        target: cell.target.clone(),
        calibration: if has_model {
            summaries(&bins(y_hat, &y))
        } else {
            Vec::new()
        },
        density: density(y_hat, &y)
            .filter(|_| has_model)
            .map(|found| sparse(&found)),
        residual_by_length: summaries(&bins(&lengths, &residual)),
        path: path.map(|path| PathSummary {
            alpha_max: alpha_max(run, at, &path, &y),
            penalties: path.penalties,
            lines: path
                .inner_r2
                .iter()
                .enumerate()
                .map(|(variant, inner_r2)| PathLine {
                    l1_ratio: result.l1_ratios.get(variant).copied(),
                    // A penalty whose predictions are so far off that their error is no number is
                    // left out, as one that was not walked.
                    inner_r2: inner_r2
                        .iter()
                        .map(|r2| r2.map(rounded).filter(|r2| r2.is_finite()))
                        .collect(),
                })
                .collect(),
            chosen: path.chosen,
        }),
    })
}

/// α_max of the rows of a cell, at the l1_ratio that most splits chose (of equals the first);
/// `None` for regressors without an ℓ1 part.
fn alpha_max(run: &FinishedRun, at: usize, path: &PenaltyPath, y: &[f64]) -> Option<f64> {
    let (result, _) = run.piece_of(at);
    let family = |name: &str| {
        let mut regressors = run.sources.regressors.iter();
        regressors
            .find(|regressor| regressor.name == name)
            .map(|regressor| regressor.family)
    };
    let times = |variant: usize| path.chosen.iter().filter(|(of, _)| *of == variant).count();
    let family = family(&result.id.regressor)?;
    let l1_ratio = match family {
        Family::Lasso => 1.0,
        Family::ElasticNet => {
            let variants = 0..result.l1_ratios.len();
            let favourite = variants.rev().max_by_key(|&variant| times(variant))?;
            result.l1_ratios[favourite]
        }
        Family::Ridge | Family::Other => return None,
    };
    let mut encoders = run.sources.encoders.iter().zip(run.embedded);
    let (_, embedded) =
        encoders.find(|(encoder, _)| !encoder.is_control && encoder.name == result.id.encoder)?;
    let rows = &run.arrangement.row_sets[result.id.row_set].rows;
    family.limit(&embedded.x.select_rows(rows), y, l1_ratio)
}

fn rounded(r2: f64) -> f64 {
    (r2 * INNER_R2_DECIMALS).round() / INNER_R2_DECIMALS
}

fn summaries(bins: &[Bin]) -> Vec<BinSummary> {
    let summary = |&Bin { x, y, se, n }: &Bin| BinSummary { x, y, se, n };
    bins.iter().map(summary).collect()
}

fn sparse(density: &Density) -> DensitySummary {
    let cells = density.counts.iter().enumerate();
    DensitySummary {
        x: density.x,
        y: density.y,
        n: DENSITY_CELLS,
        cells: cells
            .filter(|(_, count)| **count > 0)
            .map(|(at, &count)| (at / DENSITY_CELLS, at % DENSITY_CELLS, count))
            .collect(),
    }
}
