//! `predict --score COLUMN`: what the predictions of a model are worth on rows with the score.

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::folds::Groups;
use ocean_engine::inference::multiplicity::permutation_p;
use ocean_engine::permutation::{Exchange, PermutationScheme};
use ocean_engine::score::Scores;
use ocean_engine::seed::Seed;
use ocean_engine::targets::Targets;
use ocean_engine::test_sample::{TestCell, judge, permuted_r2};
use ocean_report::numbers::{count, in_units, interval, p_with_floor, score};

use super::model::Model;
use crate::plan::Unit;
use crate::problem::{Problem, Refusal};
use crate::read::dataset::NewRows;
use crate::run::RunError;

/// The model stays, so that a permutation costs one product.
const PERMUTATIONS: usize = 99_999;
/// Fewer rows say nothing.
const LEAST_ROWS: usize = 5;
/// 1 − confidence.
const LEVEL: f64 = 0.05;

/// Refuses what cannot be scored, before any work.
///
/// # Errors
/// A model with covariates.
pub(super) fn refuse_unscored(model: &Model) -> Result<(), Refusal> {
    if model.taken_out.is_none() {
        return Ok(());
    }
    let message = "the model takes covariates out, and what they leave of the score in other rows is not known";
    Err(Problem::new("--score", message)
        .with_try("the predictions without --score, and r2 by hand")
        .into())
}

/// r2 of the predictions, its interval, p and more, one a line. `y_hat`: one a complete row, or one a
/// group; `scores`: of the complete rows.
///
/// # Errors
/// Too few rows with a score, a score that does not vary, several scores in one group.
pub(super) fn scored(
    model: &Model,
    rows: &NewRows,
    column: &str,
    y_hat: &[f64],
) -> Result<String, RunError> {
    let refuse = |message: String| {
        RunError::from(Refusal::from(Problem::new(
            format!("--score {column}"),
            message,
        )))
    };
    let scores = rows.scores.as_deref().unwrap_or_default();
    let labels = rows.groups.as_ref().map(|labels| {
        let complete = rows.complete.iter().map(|&row| labels[row].as_str());
        Groups::from_labels(complete)
    });
    let (y, groups) = match (model.unit, labels) {
        (Unit::Group, Some(groups)) => {
            let y = groups.values(scores).map_err(|group| {
                refuse(format!(
                    "has more than one value in group {} of the table",
                    group + 1
                ))
            })?;
            let n = y.len();
            (y, Groups::singletons(n))
        }
        (Unit::Row, Some(groups)) => (scores.to_vec(), groups),
        (_, None) => (scores.to_vec(), Groups::singletons(scores.len())),
    };
    let n_valued = y.iter().filter(|y| !y.is_nan()).count();
    if n_valued < LEAST_ROWS {
        return Err(refuse(format!(
            "has {} values among the rows with a prediction, and {LEAST_ROWS} are the least",
            n_valued
        )));
    }
    let y_bar = model.regressor.intercept;
    let said = judged(&y, y_hat, y_bar, &groups);
    let said = said.map_err(|error| refuse(error.to_string()))?;
    Ok(lines(model, column, &said))
}

/// What is said of the predictions.
struct Said {
    n: usize,
    n_groups: Option<usize>,
    scores: Scores,
    ci: Option<(f64, f64)>,
    p: f64,
    floor: f64,
}

fn judged(y: &[f64], y_hat: &[f64], y_bar: f64, groups: &Groups) -> Result<Said, EngineError> {
    let targets = Targets::new(DMatrix::from_column_slice(y.len(), 1, y))?;
    let scheme = PermutationScheme::new(groups, Exchange::Blocks, &targets, Seed(0))?;
    scheme.check(&targets, 0, LEVEL)?;
    let cell = TestCell {
        target: 0,
        y_hat,
        y_bar,
    };
    let statistics = permuted_r2(&targets, &[cell], &scheme, PERMUTATIONS)?;
    let p = &permutation_p(statistics.as_view())[0];
    let judged = judge(&targets, &cell, groups, false)?;
    let ends = judged.log_ratio.map(|found| found.interval(1.0, LEVEL));
    Ok(Said {
        n: judged.n,
        n_groups: (groups.n_groups() < groups.n_rows()).then_some(judged.n_groups),
        scores: judged.scores,
        ci: ends.map(|ends| (ends.low, ends.high)),
        p: p.p,
        floor: p.floor,
    })
}

fn lines(model: &Model, column: &str, said: &Said) -> String {
    let scores = &said.scores;
    let unit = match model.unit {
        Unit::Row => "rows",
        Unit::Group => "groups",
    };
    let groups = said
        .n_groups
        .map_or(String::new(), |n| format!(", in {} groups", count(n)));
    let or_none = |number: Option<f64>| number.map_or("none".to_owned(), score);
    let ci = said
        .ci
        .map_or("none: fewer than 20 rows or groups".to_owned(), interval);
    [
        (
            "model",
            format!("{} of study {}", model.target, model.study),
        ),
        (
            "score",
            format!("{column}: {} {unit}{groups}", count(said.n)),
        ),
        (
            "r2_test",
            format!(
                "{}, against the mean of the model's {} training {unit}",
                score(scores.r2),
                count(model.evidence.n)
            ),
        ),
        (
            "95 % CI",
            format!("{ci}, of this model on {unit} like these"),
        ),
        (
            "p",
            format!(
                "{}, {} permutations of {column} among them",
                p_with_floor(said.p, Some(said.floor), LEVEL),
                count(PERMUTATIONS)
            ),
        ),
        ("r", or_none(scores.pearson_r)),
        (
            "slope",
            format!(
                "{} of score on prediction",
                or_none(scores.calibration_slope)
            ),
        ),
        (
            "rmse",
            format!(
                "{}; that mean: {}",
                in_units(scores.rmse),
                in_units(scores.rmse_baseline)
            ),
        ),
    ]
    .iter()
    .map(|(label, text)| format!("{label:<9} {text}\n"))
    .collect()
}
