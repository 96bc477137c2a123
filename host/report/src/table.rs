//! The result table as text: which columns a study needs and what stands in them.
//!
//! Terminal, Markdown and HTML show this one table. A column is there only when some cell has
//! something to put in it; where room is short, the terminal leaves out what matters least.

use crate::model::{CellResult, StudyResults};
use crate::numbers::{count, interval, p_with_floor, score};
use crate::verdict::words;
use crate::wording::is_significant;

/// What a column is for, so that a format can treat some specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A label the user chose: text that may be long and holds anything.
    Label,
    /// Digits, set flush right.
    Number,
    /// The verdict.
    Verdict,
    /// Remarks.
    Notes,
}

/// One column.
pub struct Column<'r> {
    /// Its heading.
    pub heading: &'static str,
    /// Labels, digits, verdict or notes.
    pub kind: Kind,
    /// 0: shown on the narrowest terminal too; then the smaller the sooner.
    pub rank: u8,
    results: &'r StudyResults,
    show: fn(&CellResult, &StudyResults) -> String,
}

impl Column<'_> {
    /// What stands in this column for a cell; empty when it was not computed.
    pub fn text(&self, cell: &CellResult) -> String {
        (self.show)(cell, self.results)
    }
}

/// The columns some of `cells` need, in reading order.
///
/// The regressor is left out while there is only one: it is named above the table.
pub fn columns<'r>(results: &'r StudyResults, cells: &[&CellResult]) -> Vec<Column<'r>> {
    let is_single = results.regressors.len() < 2;
    all_columns(results)
        .into_iter()
        .filter(|column| !(is_single && column.heading == "regressor"))
        .filter(|column| cells.iter().any(|cell| !column.text(cell).is_empty()))
        .collect()
}

fn all_columns(results: &StudyResults) -> Vec<Column<'_>> {
    let column = |heading, kind, rank, show| Column {
        heading,
        kind,
        rank,
        results,
        show,
    };
    vec![
        column("target", Kind::Label, 0, |c, _| c.target.clone()),
        column("encoder", Kind::Label, 0, |c, _| c.encoder.clone()),
        column("regressor", Kind::Label, 0, |c, _| c.regressor.clone()),
        column("n", Kind::Number, 2, |c, _| count(c.n)),
        column("r2", Kind::Number, 0, |c, _| score(c.r2)),
        column("95 % CI", Kind::Number, 0, |c, _| {
            optional(c.ci(), interval)
        }),
        column("chance", Kind::Number, 1, |c, _| {
            optional(c.null_interval, interval)
        }),
        column("p", Kind::Number, 0, |c, r| {
            optional(c.p, |p| p_with_floor(p, c.p_floor, r.level))
        }),
        column("p_fwer", Kind::Number, 0, p_fwer),
        column("verdict", Kind::Verdict, 0, verdict),
        column("AUC", Kind::Number, 1, |c, _| optional(c.auc, score)),
        column("r2 covariates", Kind::Number, 3, |c, _| {
            optional(c.r2_covariates, score)
        }),
        column("r2 total", Kind::Number, 3, |c, _| {
            optional(c.r2_total, score)
        }),
        column("over length", Kind::Number, 3, |c, _| {
            optional(c.gain_over_length, score)
        }),
        column("over length CI", Kind::Number, 9, |c, _| {
            optional(
                c.gain_over_length_low.zip(c.gain_over_length_high),
                interval,
            )
        }),
        column("ceiling", Kind::Number, 6, |c, _| {
            optional(c.ceiling, score)
        }),
        column("r2/ceiling", Kind::Number, 4, |c, _| {
            optional(c.r2_over_ceiling, score)
        }),
        column("r2/ceiling CI", Kind::Number, 9, |c, _| {
            optional(c.r2_over_ceiling_low.zip(c.r2_over_ceiling_high), interval)
        }),
        column("detectable", Kind::Number, 5, |c, _| {
            optional(c.mde80_r2, score)
        }),
        column("r", Kind::Number, 7, |c, _| optional(c.pearson_r, score)),
        column("sd over folds", Kind::Number, 3, |c, _| {
            optional(c.r2_fold_sd, score)
        }),
        column("notes", Kind::Notes, 8, |c, _| c.notes.clone()),
    ]
}

/// The adjusted p, with a star where it is at most the level; without one a space keeps the digits
/// aligned.
fn p_fwer(cell: &CellResult, results: &StudyResults) -> String {
    let star = if is_significant(cell, results) {
        "*"
    } else {
        "\u{a0}"
    };
    optional(cell.p_fwer, |p| {
        format!("{}{star}", p_with_floor(p, cell.p_floor, results.level))
    })
}

/// The verdict; a control has none, and says in every row what it is, so that no copied row passes
/// for a result.
fn verdict(cell: &CellResult, _: &StudyResults) -> String {
    if cell.is_control {
        "control".to_owned()
    } else {
        words(cell.verdict).to_owned()
    }
}

fn optional<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map(show).unwrap_or_default()
}
