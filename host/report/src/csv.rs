//! The CSV files: `results.csv`, `comparisons.csv`, `subgroups.csv`, `predictions.csv`, `folds.csv`.
//!
//! Columns are a promise to other people's scripts: names and order are those of the contract, and
//! a test holds them to it. Numbers are the shortest decimal that reads back to the same f64, a
//! missing one is an empty field, and one that is not finite is refused. The long tables take an
//! iterator and a writer: a million predictions pass through without being held.

use std::borrow::Borrow;
use std::io::{self, Write};

use crate::error::ReportError;
use crate::model::{
    CellResult, Compared, ComparisonResult, Correction, IntervalMethod, SubgroupResult, TestResult,
    WordResult,
};
use crate::numbers::exact;
use crate::verdict::words;

/// The text every control carries first in its notes, in every format.
pub const CONTROL_NOTE: &str = "control: outside the family";

/// One field of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// As it is.
    Text(String),
    /// A whole number.
    Count(Option<u64>),
    /// A number, exactly.
    Number(Option<f64>),
}

/// A column of a table: its name and how a row fills it.
pub type Column<R> = (&'static str, fn(&R) -> Field);

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
pub const COLUMNS: [Column<CellResult>; 69] = [
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
    ("verdict", |c| text(words(c.verdict))),
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
    ("ci_method", |c| {
        text(c.ci_method.map_or("", IntervalMethod::as_str))
    }),
    ("ci_low_jackknife", |c| number(c.ci_low_jackknife)),
    ("ci_high_jackknife", |c| number(c.ci_high_jackknife)),
    ("r2_ranks", |c| number(c.r2_ranks)),
    ("spearman_r", |c| number(c.spearman_r)),
    ("auc", |c| number(c.auc)),
    ("auc_low", |c| number(c.auc_low)),
    ("auc_high", |c| number(c.auc_high)),
    ("balanced_accuracy", |c| number(c.balanced_accuracy)),
    ("base_rate", |c| number(c.base_rate)),
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

/// `results.csv`: a header, then one row a cell in the order given.
///
/// # Errors
/// [`ReportError::NotFinite`].
pub fn results(cells: &[CellResult]) -> Result<String, ReportError> {
    in_memory(&COLUMNS, cells, name_of)
}

/// Where a `results.csv` says otherwise than these cells, in words: the first number or label.
/// `None` when they agree or it is no such table.
pub fn first_difference(table: &[u8], cells: &[CellResult]) -> Option<String> {
    let mut reader = ::csv::Reader::from_reader(table);
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

/// The columns of `comparisons.csv`, in order; what each holds is documented at
/// [`ComparisonResult`].
const OF_COMPARISONS: [Column<ComparisonResult>; 22] = [
    ("compared", |c| {
        text(match c.compared {
            Compared::Encoders => "encoders",
            Compared::Regressors => "regressors",
        })
    }),
    ("encoder_a", |c| text(&c.encoder_a)),
    ("regressor_a", |c| text(&c.regressor_a)),
    ("encoder_b", |c| text(&c.encoder_b)),
    ("regressor_b", |c| text(&c.regressor_b)),
    ("target", |c| text(c.target.as_deref().unwrap_or_default())),
    ("n_targets", |c| count(c.n_targets)),
    ("r2_a", |c| number(c.r2_a)),
    ("r2_b", |c| number(c.r2_b)),
    ("delta_r2", |c| number(c.delta_r2)),
    ("se", |c| number(c.se)),
    ("ci_low", |c| number(c.ci_low)),
    ("ci_high", |c| number(c.ci_high)),
    ("p", |c| number(c.p)),
    ("p_holm", |c| number(c.p_holm)),
    ("t_corrected", |c| number(c.t_corrected)),
    ("p_corrected", |c| number(c.p_corrected)),
    ("ci_method", |c| {
        text(c.ci_method.map_or("", IntervalMethod::as_str))
    }),
    ("se_naive", |c| number(c.se_naive)),
    ("inflation", |c| number(c.inflation)),
    ("se_jackknife", |c| number(c.se_jackknife)),
    ("notes", |c| text(&c.notes)),
];

/// `comparisons.csv`: a header, then one row a comparison, means over targets (without a target)
/// first.
///
/// # Errors
/// As [`results`].
pub fn comparisons(comparisons: &[ComparisonResult]) -> Result<String, ReportError> {
    in_memory(&OF_COMPARISONS, comparisons, |c| {
        format!(
            "`{}` × `{}` against `{}` × `{}`",
            c.encoder_a, c.regressor_a, c.encoder_b, c.regressor_b
        )
    })
}

/// The columns of `test.csv`, in order; what each holds is documented at [`TestResult`].
const OF_TESTS: [Column<TestResult>; 27] = [
    ("encoder", |t| text(&t.encoder)),
    ("regressor", |t| text(&t.regressor)),
    ("target", |t| text(&t.target)),
    ("n_train", |t| count(t.n_train)),
    ("n", |t| count(t.n)),
    ("n_groups", |t| Field::Count(t.n_groups.map(|n| n as u64))),
    ("r2_test", |t| number(t.r2_test)),
    ("ci_low", |t| number(t.ci_low)),
    ("ci_high", |t| number(t.ci_high)),
    ("ci_low_fcr", |t| number(t.ci_low_fcr)),
    ("ci_high_fcr", |t| number(t.ci_high_fcr)),
    ("pearson_r", |t| number(t.pearson_r)),
    ("calibration_slope", |t| number(t.calibration_slope)),
    ("rmse", |t| number(t.rmse)),
    ("mae", |t| number(t.mae)),
    ("rmse_baseline", |t| number(t.rmse_baseline)),
    ("p", |t| number(t.p)),
    ("p_floor", |t| number(t.p_floor)),
    ("p_fwer", |t| number(t.p_fwer)),
    ("q_bh", |t| number(t.q_bh)),
    ("p_holm", |t| number(t.p_holm)),
    ("r2", |t| number(t.r2)),
    ("verdict", |t| {
        text(if t.is_control {
            "control"
        } else {
            words(t.verdict)
        })
    }),
    ("alpha", |t| number(t.alpha)),
    ("auc", |t| number(t.auc)),
    ("auc_low", |t| number(t.auc_low)),
    ("auc_high", |t| number(t.auc_high)),
];

/// `test.csv`: a header, then one row a cell that was tested.
///
/// # Errors
/// As [`results`].
pub fn tests(cells: &[TestResult]) -> Result<String, ReportError> {
    in_memory(&OF_TESTS, cells, |t| {
        format!(
            "`{}` × `{}` × `{}` on the test rows",
            t.encoder, t.regressor, t.target
        )
    })
}

/// One prediction for a test row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestPrediction<'a> {
    /// Id of the row.
    pub id: &'a str,
    /// Label of the encoder.
    pub encoder: &'a str,
    /// Label of the regressor.
    pub regressor: &'a str,
    /// Label of the target.
    pub target: &'a str,
    /// Observed value, target units; NaN where there is none.
    pub y: f64,
    /// Predicted by the model of all training rows.
    pub y_hat: f64,
    /// Mean of the training targets.
    pub y_baseline: f64,
}

/// Writes `test_predictions.csv`: a header, then the rows as they come.
///
/// # Errors
/// As [`write_predictions`].
pub fn write_test_predictions<'a>(
    out: impl Write,
    rows: impl IntoIterator<Item = TestPrediction<'a>>,
) -> Result<(), ReportError> {
    let columns: [Column<TestPrediction<'a>>; 7] = [
        ("id", |row| text(row.id)),
        ("encoder", |row| text(row.encoder)),
        ("regressor", |row| text(row.regressor)),
        ("target", |row| text(row.target)),
        ("y", |row| number(Some(row.y).filter(|y| !y.is_nan()))),
        ("y_hat", |row| number(row.y_hat)),
        ("y_baseline", |row| number(row.y_baseline)),
    ];
    write(out, &columns, rows, |row| {
        format!(
            "test row `{}`, `{}` × `{}` × `{}`",
            row.id, row.encoder, row.regressor, row.target
        )
    })
}

/// The columns of `subgroups.csv`, in order; what each holds is documented at [`SubgroupResult`].
const OF_SUBGROUPS: [Column<SubgroupResult>; 13] = [
    ("column", |s| text(&s.column)),
    ("value", |s| text(&s.value)),
    ("encoder", |s| text(&s.encoder)),
    ("regressor", |s| text(&s.regressor)),
    ("target", |s| text(&s.target)),
    ("n", |s| count(s.n)),
    ("mean", |s| number(s.mean)),
    ("r2", |s| number(s.r2)),
    ("ci_low", |s| number(s.ci_low)),
    ("ci_high", |s| number(s.ci_high)),
    ("pearson_r", |s| number(s.pearson_r)),
    ("bias", |s| number(s.bias)),
    ("rmse_baseline", |s| number(s.rmse_baseline)),
];

/// `subgroups.csv`: a header, then one row a cell and value of a column.
///
/// # Errors
/// As [`results`].
pub fn subgroups(subgroups: &[SubgroupResult]) -> Result<String, ReportError> {
    in_memory(&OF_SUBGROUPS, subgroups, |s| {
        format!(
            "`{}` × `{}` × `{}` where {} is {}",
            s.encoder, s.regressor, s.target, s.column, s.value
        )
    })
}

/// Writes `words.csv`: a header, then one row a word and target.
///
/// # Errors
/// As [`write_predictions`].
pub fn write_words(out: impl Write, words: &[WordResult]) -> Result<(), ReportError> {
    let columns: [Column<WordResult>; 12] = [
        ("target", |w| text(&w.target)),
        ("term", |w| text(&w.term)),
        ("n_rows", |w| count(w.n_rows)),
        ("r", |w| number(w.r)),
        ("ci_low", |w| number(w.ci_low)),
        ("ci_high", |w| number(w.ci_high)),
        ("p", |w| number(w.p)),
        ("p_fwer", |w| number(w.p_fwer)),
        ("q_bh", |w| number(w.q_bh)),
        ("encoder", |w| text(&w.encoder)),
        ("regressor", |w| text(&w.regressor)),
        ("r_prediction", |w| number(w.r_prediction)),
    ];
    write(out, &columns, words, |w| {
        format!("word `{}` and target `{}`", w.term, w.target)
    })
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
/// [`ReportError::NotFinite`], and [`ReportError::Write`] when `out` fails.
pub fn write_predictions<'a>(
    out: impl Write,
    rows: impl IntoIterator<Item = Prediction<'a>>,
) -> Result<(), ReportError> {
    let columns: [Column<Prediction<'a>>; 9] = [
        ("id", |row| text(row.id)),
        ("repeat", |row| count(row.repeat)),
        ("fold", |row| count(row.fold)),
        ("encoder", |row| text(row.encoder)),
        ("regressor", |row| text(row.regressor)),
        ("target", |row| text(row.target)),
        ("y", |row| number(row.y)),
        ("y_hat", |row| number(row.y_hat)),
        ("y_baseline", |row| number(row.y_baseline)),
    ];
    write(out, &columns, rows, |row| {
        format!(
            "row `{}`, `{}` × `{}` × `{}`",
            row.id, row.encoder, row.regressor, row.target
        )
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
/// [`ReportError::Write`] when `out` fails.
pub fn write_folds<'a>(
    out: impl Write,
    rows: impl IntoIterator<Item = FoldOfRow<'a>>,
) -> Result<(), ReportError> {
    let columns: [Column<FoldOfRow<'a>>; 3] = [
        ("id", |row| text(row.id)),
        ("repeat", |row| count(row.repeat)),
        ("fold", |row| count(row.fold)),
    ];
    write(out, &columns, rows, |row| format!("row `{}`", row.id))
}

/// A table as text.
fn in_memory<R>(
    columns: &[Column<R>],
    rows: &[R],
    name: impl Fn(&R) -> String,
) -> Result<String, ReportError> {
    let mut table = Vec::new();
    write(&mut table, columns, rows, name)?;
    // Every field was a String.
    Ok(String::from_utf8_lossy(&table).into_owned())
}

/// One table of any kind; `name` says whose a row is, for a message.
fn write<R>(
    out: impl Write,
    columns: &[Column<R>],
    rows: impl IntoIterator<Item = impl Borrow<R>>,
    name: impl Fn(&R) -> String,
) -> Result<(), ReportError> {
    let mut writer = ::csv::Writer::from_writer(out);
    let header = columns.iter().map(|(column, _)| column);
    writer.write_record(header).map_err(io::Error::from)?;
    for row in rows {
        let row = row.borrow();
        let fields = columns.iter().map(|(column, fill)| {
            as_text(fill(row)).map_err(|value| ReportError::NotFinite {
                what: format!("{column} of {}", name(row)),
                value,
            })
        });
        let fields: Vec<String> = fields.collect::<Result<_, _>>()?;
        writer.write_record(fields).map_err(io::Error::from)?;
    }
    Ok(writer.flush()?)
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
