//! Findings on vectors before anything is fitted to them: columns that hold an answer or a running
//! number, rows that hold nothing or all the same.
//!
//! What a file of vectors holds can be seen before a run, so `--dry-run` says it too.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::doctor::copies::copied;
use ocean_engine::doctor::ranks;
use ocean_engine::doctor::raters::correlation;
use ocean_report::model::{Finding, Severity};
use ocean_report::numbers::tiny;
use ocean_report::wording::plural;

use super::{finding, listed};
use crate::encode::cache::Repeated;
use crate::read::dataset::{Dataset, Target, in_number_order};

/// Rows looked at first.
const MOST_ROWS: usize = 2000;
/// Ranks that agree less are no copies, whatever rounding did; the exact question costs more.
const WORTH_A_LOOK: f64 = 0.85;
/// Fewer rows may well be in order by chance.
const LEAST_ROWS: usize = 10;
/// Where more columns than this share are whole numbers in a row, the vectors are made of ranks.
const MADE_OF_RANKS: f64 = 0.1;
/// Above this share of zeros vectors are counts of rare things, and some rows have none.
const SPARSE: f64 = 0.5;
/// Of few columns a row may be all zero by itself; not so many rows.
const FEW: (usize, usize) = (16, 3);
/// Share of the rows, and number, from which on one vector in many rows is worth a word.
const MANY_ROWS: (f64, usize) = (0.02, 5);
/// Where more of the other rows share a vector too, vectors have few values, and equal ones mean
/// nothing.
const FEW_VALUES: f64 = 0.2;
/// Sums of 32-bit numbers in another order differ by 1e-6, of 16-bit numbers by some 1e-3.
const UNSTEADY: f64 = 5e-3;

/// The vectors of one encoder.
pub struct Vectors<'a> {
    /// Its label.
    pub encoder: &'a str,
    /// One row a row of the dataset.
    pub x: &'a DMatrix<f64>,
    /// Names of the columns of a table of vectors; empty: they have none.
    pub columns: &'a [String],
    /// They come from a file, and not from a plugin that this program handed the texts.
    pub is_precomputed: bool,
}

/// All that is to be said of some vectors.
pub fn examine(dataset: &Dataset, vectors: &Vectors) -> Vec<Finding> {
    let mut findings = Vec::new();
    if vectors.is_precomputed {
        findings.extend(vectors.answers(dataset));
        findings.extend(vectors.running_numbers(dataset));
        findings.extend(vectors.one_for_many(dataset));
    }
    findings.extend(vectors.zeros(dataset));
    findings
}

/// A server whose vectors of one text differ by more than rounding does.
pub fn unsteady(encoder: &str, repeated: Repeated) -> Option<Finding> {
    (repeated.largest > UNSTEADY).then(|| {
        finding(
            Severity::Warning,
            "unsteady-server",
            vec![encoder.to_owned()],
            [
                format!(
                    "`{encoder}`: of {} texts that were sent to the server twice one came back with a number that was {} of its vector's length apart.",
                    repeated.texts,
                    tiny(repeated.largest)
                ),
                "The server has no one vector for a text: with vectors of another day the numbers of this report are others, and differences between cells in their last digits mean nothing.".to_owned(),
                "Keep the vectors (`ocean-host encode --out`), so that others can compute with the same; or run the model yourself.".to_owned(),
            ],
        )
    })
}

impl Vectors<'_> {
    /// Columns that are a target, or a rating that a target is made of, up to scale.
    fn answers(&self, dataset: &Dataset) -> Option<Finding> {
        let step = self.x.nrows().div_ceil(MOST_ROWS).max(1);
        let some = |values: &[f64]| -> Vec<f64> { values.iter().copied().step_by(step).collect() };
        let scores: Vec<(&str, &[f64])> = dataset.targets.iter().flat_map(scores).collect();
        let orders: Vec<Vec<f64>> = scores
            .iter()
            .map(|(_, values)| ranks_of_present(&some(values)))
            .collect();
        let (mut found, mut targets) = (Vec::new(), Vec::new());
        for (at, column) in self.x.column_iter().enumerate() {
            let ranked = ranks(&some(column.as_slice()));
            for ((name, values), order) in scores.iter().zip(&orders) {
                let is_near = correlation(&ranked, order).is_some_and(|r| r.abs() > WORTH_A_LOOK);
                let r = is_near.then(|| copied(column.as_slice(), values)).flatten();
                if let Some(r) = r {
                    found.push(format!("{} is `{name}` (r = {r:.4})", self.column(at)));
                    targets.push((*name).to_owned());
                }
            }
        }
        targets.sort();
        targets.dedup();
        let about = std::iter::once(self.encoder.to_owned()).chain(targets);
        (!found.is_empty()).then(|| finding(Severity::Serious, "target-in-vectors", about.collect(), [
            format!("The vectors of `{}` hold what is to be predicted: {}, up to scale.", self.encoder, listed(found)),
            "The answer is read from there: r2 and p of this encoder, and comparisons with it, say nothing of any text.".to_owned(),
            "Leave such columns out of the file of vectors; it has the id column and one column a dimension, nothing else.".to_owned(),
        ]))
    }

    /// Columns that count the rows: an index, an id.
    fn running_numbers(&self, dataset: &Dataset) -> Option<Finding> {
        let n = self.x.nrows();
        let by_id = in_number_order(&dataset.ids);
        let by_file = dataset.in_file_order();
        let counts = |&at: &usize| {
            let column: Vec<f64> = self.x.column(at).iter().copied().collect();
            let is_sorted = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
            let in_order =
                |rows: &Vec<usize>| -> Vec<f64> { rows.iter().map(|&row| column[row]).collect() };
            let mut sorted = column.clone();
            sorted.sort_by(f64::total_cmp);
            let is_without_gap = is_sorted(&sorted) && sorted[n - 1] - sorted[0] == (n - 1) as f64;
            column.iter().all(|value| value.fract() == 0.0)
                && (is_without_gap
                    || is_sorted(&in_order(&by_file))
                    || by_id
                        .as_ref()
                        .is_some_and(|rows| is_sorted(&in_order(rows))))
        };
        let found: Vec<usize> = (0..self.x.ncols())
            .filter(|_| n >= LEAST_ROWS)
            .filter(counts)
            .collect();
        let most = 1.0 + MADE_OF_RANKS * self.x.ncols() as f64;
        if found.is_empty() || found.len() as f64 > most {
            return None;
        }
        let columns = found.iter().map(|&at| {
            let column = self.x.column(at);
            format!("{} ({} to {})", self.column(at), column.min(), column.max())
        });
        Some(finding(Severity::Serious, "running-number", vec![self.encoder.to_owned()], [
            format!("In the vectors of `{}` a running number passes for a dimension: {}.", self.encoder, listed(columns)),
            "It is an index or an id: it adds the order of the file to what the vectors say, and rows were often collected or sorted in an order that goes with the scores.".to_owned(),
            "Leave it out of the file of vectors (pandas writes it unless told to_csv(index=False)).".to_owned(),
        ]))
    }

    /// Vectors that are 0 throughout, though there is a text.
    fn zeros(&self, dataset: &Dataset) -> Option<Finding> {
        let n = self.x.nrows();
        let is_zero = |&row: &usize| self.x.row(row).iter().all(|value| *value == 0.0);
        let found: Vec<usize> = (0..n)
            .filter(|row| is_zero(row) && !dataset.is_blank(*row))
            .collect();
        let others = (n - found.len()) as f64 * self.x.ncols() as f64;
        let n_zeros = self.x.iter().filter(|value| **value == 0.0).count();
        let of_others = n_zeros.saturating_sub(found.len() * self.x.ncols()) as f64;
        let is_small = self.x.ncols() < FEW.0 && found.len() < FEW.1;
        let is_sparse = of_others > SPARSE * others;
        if found.is_empty() || (self.is_precomputed && (is_small || is_sparse)) {
            return None;
        }
        let (meaning, remedy) = match self.is_precomputed {
            true => (
                "The program that made them may have failed there and written zeros; all these rows are predicted alike.",
                "Make these vectors again, or leave the rows out of the data file.",
            ),
            false => (
                "The encoder found nothing in these texts that it counts, only punctuation or symbols perhaps; all of them are predicted alike.",
                "Look at these texts; where nobody wrote anything, leave the rows out of the data file.",
            ),
        };
        Some(finding(
            Severity::Warning,
            "zero-vectors",
            vec![self.encoder.to_owned()],
            [
                format!(
                    "{} of {} of `{}` are all zero: {}.",
                    found.len(),
                    plural(n, "vector"),
                    self.encoder,
                    ids(dataset, &found)
                ),
                meaning.to_owned(),
                remedy.to_owned(),
            ],
        ))
    }

    /// One vector that stands in many rows whose texts, or groups, differ.
    fn one_for_many(&self, dataset: &Dataset) -> Option<Finding> {
        let n = self.x.nrows();
        let mut by_vector: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
        for row in 0..n {
            let mut hash = blake3::Hasher::new();
            for value in self.x.row(row).iter() {
                // −0 is 0.
                hash.update(&(value + 0.0).to_le_bytes());
            }
            by_vector
                .entry(hash.finalize().into())
                .or_default()
                .push(row);
        }
        let is_zero = |rows: &[usize]| self.x.row(rows[0]).iter().all(|value| *value == 0.0);
        let shared: Vec<Vec<usize>> = by_vector
            .into_values()
            .filter(|rows| rows.len() > 1 && !is_zero(rows) && differ(dataset, rows))
            .collect();
        let most = shared.iter().max_by_key(|rows| rows.len())?;
        let others = shared.iter().map(Vec::len).sum::<usize>() - most.len();
        let is_many = most.len() >= MANY_ROWS.1 && most.len() as f64 >= MANY_ROWS.0 * n as f64;
        if !is_many || others as f64 > FEW_VALUES * n as f64 {
            return None;
        }
        let though = match dataset.has_texts() {
            true => ", though their texts differ",
            false => "",
        };
        Some(finding(Severity::Warning, "one-vector-many-rows", vec![self.encoder.to_owned()], [
            format!("One vector of `{}` stands in {} of {n} rows{though}: {}.", self.encoder, most.len(), ids(dataset, most)),
            "The program that made them may have failed there and written a stand-in, or the rows are copies, which then stand on both sides of a split.".to_owned(),
            "Make these vectors again; if the rows are copies, keep one of each, or name a column they share as `group` under [data].".to_owned(),
        ]))
    }

    fn column(&self, at: usize) -> String {
        match self.columns.get(at).map(String::as_str) {
            Some("") => "a column without a name".to_owned(),
            Some(name) => format!("column `{name}`"),
            None => format!("column {}", at + 1),
        }
    }
}

/// A target, and the ratings it is made of.
fn scores(target: &Target) -> Vec<(&str, &[f64])> {
    let mut scores = vec![(target.name.as_str(), target.values.as_slice())];
    if let Some(panel) = &target.raters {
        let columns = panel.columns.iter().map(String::as_str);
        scores.extend(columns.zip(panel.ratings.iter().map(Vec::as_slice)));
    }
    scores
}

/// Ranks of the values that are there, NaN elsewhere.
fn ranks_of_present(values: &[f64]) -> Vec<f64> {
    let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let mut ranked = ranks(&present).into_iter();
    let rank = |value: &f64| match value.is_nan() {
        true => f64::NAN,
        false => ranked.next().unwrap_or(f64::NAN),
    };
    values.iter().map(rank).collect()
}

/// Not all of these rows have the same text; or, without texts, the same group.
fn differ(dataset: &Dataset, rows: &[usize]) -> bool {
    let is_other = |values: &Vec<String>| rows.iter().any(|&row| values[row] != values[rows[0]]);
    let in_groups = dataset.groups.as_ref().is_none_or(is_other);
    in_groups && (!dataset.has_texts() || dataset.texts.iter().any(is_other))
}

/// Ids of some rows.
fn ids(dataset: &Dataset, rows: &[usize]) -> String {
    let ids = rows.iter().map(|&row| format!("`{}`", dataset.ids[row]));
    let noun = if rows.len() == 1 { "id" } else { "ids" };
    format!("{noun} {}", listed(ids))
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
