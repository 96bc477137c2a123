//! The CSV files: `results.csv`, `predictions.csv`, `folds.csv`.
//!
//! Columns are a promise to other people's scripts: names and order are those of the contract, and a test holds them to it. Numbers are the
//! shortest decimal that reads back to the same f64, a missing one is an empty field, and one that is not finite is refused.
//! The long tables take an iterator: a million predictions pass through without being held. Every file is there whole or not at all.

use std::io;
use std::path::Path;

use super::model::{CellResult, Compared, ComparisonResult, Correction};
use super::numbers::exact;
use crate::atomic::{self, WriteError};

/// The text every control carries first in its notes, in every format.
pub const CONTROL_NOTE: &str = "control: outside the family";

/// What to tell a user to whom such a number was about to be shown.
pub(crate) const NOT_FINITE_REMEDY: &str = "only finite numbers are reported. This is a fault of ocean-host, not of your data: please report it with the command you ran";

/// One field of `results.csv`.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// As it is.
    Text(String),
    /// A whole number.
    Count(Option<u64>),
    /// A number, exactly.
    Number(Option<f64>),
}

/// A column of `results.csv`: its name and how a cell fills it.
pub type Column = (&'static str, fn(&CellResult) -> Field);

fn text(value: &str) -> Field {
    Field::Text(value.to_owned())
}

fn count(value: impl TryInto<u64>) -> Field {
    Field::Count(value.try_into().ok())
}

fn number(value: impl Into<Option<f64>>) -> Field {
    Field::Number(value.into())
}

/// The columns of `results.csv`, in order; what each holds is documented at [`CellResult`].
pub const COLUMNS: [Column; 59] = [
    ("encoder", |c| text(&c.encoder)),
    ("regressor", |c| text(&c.regressor)),
    ("target", |c| text(&c.target)),
    ("n", |c| count(c.n)),
    ("n_train", |c| number(c.n_train)),
    ("n_features", |c| count(c.n_features)),
    ("n_groups", |c| Field::Count(c.n_groups.map(|n| n as u64))),
    ("folds", |c| count(c.folds)),
    ("repeats", |c| count(c.repeats)),
    ("r2", |c| number(c.r2)),
    ("se", |c| number(c.se)),
    ("ci_low", |c| number(c.ci_low)),
    ("ci_high", |c| number(c.ci_high)),
    ("se_naive", |c| number(c.se_naive)),
    ("r2_fold_sd", |c| number(c.r2_fold_sd)),
    ("r2_test_mean", |c| number(c.r2_test_mean)),
    ("r2_fold_mean", |c| number(c.r2_fold_mean)),
    ("r2_oosse", |c| number(c.r2_oosse)),
    ("pearson_r", |c| number(c.pearson_r)),
    ("calibration_slope", |c| number(c.calibration_slope)),
    ("rmse", |c| number(c.rmse)),
    ("mae", |c| number(c.mae)),
    ("rmse_baseline", |c| number(c.rmse_baseline)),
    ("p", |c| number(c.p)),
    ("p_floor", |c| number(c.p_floor)),
    ("permutations", |c| count(c.permutations)),
    ("ties", |c| count(c.ties)),
    ("p_fwer", |c| number(c.p_fwer)),
    ("q_bh", |c| number(c.q_bh)),
    ("p_holm", |c| number(c.p_holm)),
    ("null_mean", |c| number(c.null_mean)),
    ("null_sd", |c| number(c.null_sd)),
    ("mde80", |c| number(c.mde80)),
    ("mde80_r2", |c| number(c.mde80_r2)),
    ("ceiling", |c| number(c.ceiling)),
    ("r2_over_ceiling", |c| number(c.r2_over_ceiling)),
    ("gain_over_length", |c| number(c.gain_over_length)),
    ("alpha_median", |c| number(c.alpha_median)),
    ("l1_ratio_median", |c| number(c.l1_ratio_median)),
    ("nonzero_median", |c| number(c.nonzero_median)),
    ("sparsity", |c| number(c.sparsity)),
    ("empty_fits", |c| count(c.empty_fits)),
    ("grid_edge_fits", |c| count(c.grid_edge_fits)),
    ("unconverged_fits", |c| count(c.unconverged_fits)),
    ("feature_sample_ratio", |c| number(c.feature_sample_ratio)),
    ("verdict", |c| text(&c.verdict)),
    ("ci_low_fcr", |c| number(c.ci_low_fcr)),
    ("ci_high_fcr", |c| number(c.ci_high_fcr)),
    ("correction", |c| {
        text(c.correction.map_or("", Correction::as_str))
    }),
    ("r2_partial", |c| number(c.r2_partial)),
    ("r2_covariates", |c| number(c.r2_covariates)),
    ("r2_total", |c| number(c.r2_total)),
    ("r2_increment", |c| number(c.r2_increment)),
    ("prmse_rsmtool", |c| number(c.prmse_rsmtool)),
    ("r2_over_ceiling_low", |c| number(c.r2_over_ceiling_low)),
    ("r2_over_ceiling_high", |c| number(c.r2_over_ceiling_high)),
    ("gain_over_length_low", |c| number(c.gain_over_length_low)),
    ("gain_over_length_high", |c| number(c.gain_over_length_high)),
    ("notes", |c| Field::Text(notes(c))),
];

/// The notes of a cell, led by the label when it is a control.
pub fn notes(cell: &CellResult) -> String {
    let label = if cell.is_control { CONTROL_NOTE } else { "" };
    [label, &cell.notes]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Writes `results.csv`: a header, then one row a cell in the order given.
///
/// # Errors
/// [`WriteError`], also for a number that is not finite; nothing is left behind then.
pub fn write_results(path: &Path, cells: &[CellResult]) -> Result<(), WriteError> {
    let header = COLUMNS.map(|(name, _)| name);
    write_table(
        path,
        &header,
        cells,
        |cell| name_of(cell),
        |cell| COLUMNS.map(|(_, fill)| fill(cell)).to_vec(),
    )
}

/// Where a `results.csv` says otherwise than these cells, in words: the first number or label. `None` when they agree or the file cannot be read.
pub fn first_difference(path: &Path, cells: &[CellResult]) -> Option<String> {
    let mut reader = ::csv::Reader::from_path(path).ok()?;
    let header = reader.headers().ok()?.clone();
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().ok()?;
    if rows.len() != cells.len() {
        return Some(format!(
            "it has {} cells and results.csv {}",
            cells.len(),
            rows.len()
        ));
    }
    rows.iter().zip(cells).find_map(|(row, cell)| {
        COLUMNS.iter().find_map(|(column, fill)| {
            let at = header.iter().position(|name| name == *column)?;
            let (there, here) = (row.get(at)?, as_text(fill(cell)).ok()?);
            (there != here).then(|| {
                format!(
                    "{column} of {} is {here} in it and {there} in results.csv",
                    name_of(cell)
                )
            })
        })
    })
}

/// Writes `comparisons.csv`: a header, then one row a comparison, means over targets (without a target) first.
///
/// # Errors
/// As [`write_results`].
pub fn write_comparisons(path: &Path, comparisons: &[ComparisonResult]) -> Result<(), WriteError> {
    let header = [
        "compared",
        "encoder_a",
        "regressor_a",
        "encoder_b",
        "regressor_b",
        "target",
        "n_targets",
        "r2_a",
        "r2_b",
        "delta_r2",
        "se",
        "ci_low",
        "ci_high",
        "p",
        "p_holm",
        "t_corrected",
        "p_corrected",
        "notes",
    ];
    let name = |c: &ComparisonResult| {
        format!(
            "`{}` × `{}` against `{}` × `{}`",
            c.encoder_a, c.regressor_a, c.encoder_b, c.regressor_b
        )
    };
    write_table(
        path,
        &header,
        comparisons,
        |c| name(c),
        |c| {
            vec![
                text(match c.compared {
                    Compared::Encoders => "encoders",
                    Compared::Regressors => "regressors",
                }),
                text(&c.encoder_a),
                text(&c.regressor_a),
                text(&c.encoder_b),
                text(&c.regressor_b),
                text(c.target.as_deref().unwrap_or_default()),
                count(c.n_targets),
                number(c.r2_a),
                number(c.r2_b),
                number(c.delta_r2),
                number(c.se),
                number(c.ci_low),
                number(c.ci_high),
                number(c.p),
                number(c.p_holm),
                number(c.t_corrected),
                number(c.p_corrected),
                text(&c.notes),
            ]
        },
    )
}

/// A cell in one line, for messages: "`minilm` × `ridge` × `openness`".
pub(crate) fn name_of(cell: &CellResult) -> String {
    format!(
        "`{}` × `{}` × `{}`",
        cell.encoder, cell.regressor, cell.target
    )
}

/// One out-of-fold prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction<'a> {
    /// Id of the row.
    pub id: &'a str,
    /// Redraw of the folds, counted from 1.
    pub repeat: u32,
    /// The fold that held the row out, counted from 1.
    pub fold: u32,
    /// Label of the encoder.
    pub encoder: &'a str,
    /// Label of the regressor.
    pub regressor: &'a str,
    /// Label of the target.
    pub target: &'a str,
    /// Observed value, target units.
    pub y: f64,
    /// Predicted by the model that never saw the row.
    pub y_hat: f64,
    /// Mean of the training targets of that split.
    pub y_baseline: f64,
}

/// Writes `predictions.csv`: a header, then the rows as they come.
///
/// # Errors
/// As [`write_results`].
pub fn write_predictions<'a>(
    path: &Path,
    rows: impl IntoIterator<Item = Prediction<'a>>,
) -> Result<(), WriteError> {
    let header = [
        "id",
        "repeat",
        "fold",
        "encoder",
        "regressor",
        "target",
        "y",
        "y_hat",
        "y_baseline",
    ];
    let name = |row: &Prediction| {
        format!(
            "row `{}`, `{}` × `{}` × `{}`",
            row.id, row.encoder, row.regressor, row.target
        )
    };
    write_table(path, &header, rows, name, |row| {
        vec![
            text(row.id),
            count(row.repeat),
            count(row.fold),
            text(row.encoder),
            text(row.regressor),
            text(row.target),
            number(row.y),
            number(row.y_hat),
            number(row.y_baseline),
        ]
    })
}

/// Where one row was held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldOfRow<'a> {
    /// Id of the row.
    pub id: &'a str,
    /// Redraw of the folds, counted from 1.
    pub repeat: u32,
    /// The fold that held the row out, counted from 1.
    pub fold: u32,
}

/// Writes `folds.csv`: a header, then the rows as they come.
///
/// # Errors
/// [`WriteError`].
pub fn write_folds<'a>(
    path: &Path,
    rows: impl IntoIterator<Item = FoldOfRow<'a>>,
) -> Result<(), WriteError> {
    write_table(
        path,
        &["id", "repeat", "fold"],
        rows,
        |row| format!("row `{}`", row.id),
        |row| vec![text(row.id), count(row.repeat), count(row.fold)],
    )
}

/// One table of any kind: `name` says whose a row is, for a message; `fields` are its values, one per column.
fn write_table<R>(
    path: &Path,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
    name: impl Fn(&R) -> String,
    fields: impl Fn(&R) -> Vec<Field>,
) -> Result<(), WriteError> {
    atomic::write_with(path, |out| {
        let mut writer = ::csv::Writer::from_writer(out);
        writer.write_record(header)?;
        for row in rows {
            for (column, field) in header.iter().zip(fields(&row)) {
                let written =
                    as_text(field).map_err(|value| not_finite(column, &name(&row), value))?;
                writer.write_field(written)?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()
    })
}

/// The field as written, or the number that is not finite.
fn as_text(field: Field) -> Result<String, f64> {
    match field {
        Field::Text(text) => Ok(text),
        Field::Count(count) => Ok(count.map(|n| n.to_string()).unwrap_or_default()),
        Field::Number(None) => Ok(String::new()),
        Field::Number(Some(value)) if value.is_finite() => Ok(exact(value)),
        Field::Number(Some(value)) => Err(value),
    }
}

fn not_finite(column: &str, whose: &str, value: f64) -> io::Error {
    let message = format!("{column} of {whose} is {value}; {NOT_FINITE_REMEDY}");
    io::Error::new(io::ErrorKind::InvalidData, message)
}
