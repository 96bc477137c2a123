//! Do these vectors belong to these texts? Asked of every encoder before anything is evaluated.
//!
//! Two questions that any honest description of a text can answer: (a) does a ridge regression predict the length of the text from its vector, and (b) do
//! texts that share words have similar vectors? Vectors joined to the wrong rows fail both. (On 2,000 loan applications and MiniLM: (a) r2 .795 aligned, at
//! most 0 shifted; (b) correlation .375 aligned, at most .071 shuffled.)

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::doctor::{Agreement, agreement_by_run, cosine_agreement, r2_by_run};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::score::r2;
use ocean_engine::seed::Seed;

use super::finding;
use crate::report::model::{Finding, Severity};

/// Rows looked at; more would cost time and change nothing.
const MOST_ROWS: usize = 500;
/// Below this many rows the questions have no clear answer.
const LEAST_ROWS: usize = 60;
/// Row permutations behind (b).
const N_PERMUTATIONS: usize = 99;
/// Runs of consecutive rows looked at for displaced rows.
const N_RUNS: usize = 10;
/// A run whose shared words and similar vectors correlate less than this has other texts' vectors …
const DISPLACED_R: f64 = 0.1;
/// … when another run's reach this.
const ALIGNED_R: f64 = 0.3;
/// (a) fails below this r2.
const LEAST_R2: f64 = 0.05;
/// (b) fails above this p.
const MOST_P: f64 = 0.01;

/// The answers for one encoder.
#[derive(Debug, Clone)]
pub struct Alignment {
    /// (a) out-of-sample R² of log(1 + characters) from the vectors; `None` when all texts are equally long.
    pub length_r2: Option<f64>,
    /// (b) agreement of the encoder's cosines with those of shared words and n-grams; `None` without the lexical encoder.
    pub agreement: Option<Agreement>,
    /// Rows looked at.
    pub n_rows: usize,
    /// The first and last row (from 1) of a run of rows that fails (a) while another passes it.
    pub displaced: Option<(usize, usize)>,
}

impl Alignment {
    /// Asks both questions on at most 500 rows, drawn by the seed. `None` with fewer than 60 rows.
    ///
    /// `x`: n × features; `characters`: length of each text; `lexical`: hashed n-grams of the same texts.
    ///
    /// # Errors
    /// As the engine's, for instance a vector that is not finite.
    pub fn measure(
        x: &DMatrix<f64>,
        characters: &[usize],
        lexical: Option<&DMatrix<f64>>,
        seed: Seed,
    ) -> Result<Option<Self>, EngineError> {
        if x.nrows() < LEAST_ROWS {
            return Ok(None);
        }
        let mut rows: Vec<usize> = (0..x.nrows()).collect();
        seed.stream("alignment", 0).shuffle(&mut rows);
        rows.truncate(MOST_ROWS);
        rows.sort_unstable();
        let x = x.select_rows(&rows);
        let log_length: Vec<f64> = rows
            .iter()
            .map(|&row| (characters[row] as f64).ln_1p())
            .collect();
        let predicted = predict_length(&x, &log_length, seed)?;
        let lexical = lexical.map(|lexical| lexical.select_rows(&rows));
        let by_length = predicted
            .as_ref()
            .map(|(y_hat, y_bar)| r2_by_run(&log_length, y_hat, y_bar, N_RUNS));
        let by_words = lexical
            .as_ref()
            .map(|lexical| agreement_by_run(lexical, &x, N_RUNS));
        let displaced = by_length
            .and_then(|by_run| failing_runs(&by_run, 0.0, 0.2))
            .or_else(|| by_words.and_then(|by_run| failing_runs(&by_run, DISPLACED_R, ALIGNED_R)))
            .map(|(first, last)| {
                let (start, end) = (
                    first * rows.len() / N_RUNS,
                    (last + 1) * rows.len() / N_RUNS,
                );
                (rows[start] + 1, rows[end - 1] + 1)
            });
        Ok(Some(Self {
            length_r2: predicted.and_then(|(y_hat, y_bar)| r2(&log_length, &y_hat, &y_bar).ok()),
            agreement: lexical
                .as_ref()
                .map(|lexical| cosine_agreement(lexical, &x, N_PERMUTATIONS, seed)),
            n_rows: rows.len(),
            displaced,
        }))
    }

    /// Both questions could be asked, and both failed.
    #[must_use]
    pub fn is_misaligned(&self) -> bool {
        let fails_length = self.length_r2.is_none_or(|r2| r2 < LEAST_R2);
        fails_length && self.agreement.is_some_and(|agreement| agreement.p > MOST_P)
    }

    /// What was measured, in one sentence.
    #[must_use]
    pub fn seen(&self, encoder: &str) -> String {
        let length = self
            .length_r2
            .map_or("not tested (all texts are equally long)".to_owned(), |r2| {
                format!("r2 = {r2:.3}")
            });
        let words = self.agreement.map_or("not tested".to_owned(), |agreement| {
            format!(
                "r = {:.3}, p = {:.2} ({N_PERMUTATIONS} shufflings reach up to {:.3})",
                agreement.r, agreement.p, agreement.largest_permuted
            )
        });
        format!(
            "The vectors of `{encoder}` do not know the length of their text ({length}; aligned vectors reach .2 to .9), and texts that share words do not have similar vectors ({words}); {} rows looked at.",
            self.n_rows
        )
    }

    /// The findings of an encoder that may be used all the same.
    #[must_use]
    pub fn findings(&self, encoder: &str) -> Vec<Finding> {
        let about = || vec![encoder.to_owned()];
        let mut findings = Vec::new();
        if self.is_misaligned() {
            findings.push(finding(Severity::Serious, "misaligned", about(), [
                self.seen(encoder),
                "These vectors do not seem to belong to these texts, or they carry nothing of them.".to_owned(),
                "Check the ids, and the order in which the vectors were written.".to_owned(),
            ]));
        } else if let Some((first, last)) = self.displaced {
            findings.push(finding(Severity::Serious, "displaced-rows", about(), [
                format!("In rows {first} to {last} the vectors of `{encoder}` fit the length or the words of their texts worse than elsewhere, where they do fit."),
                "These rows look displaced: a block of vectors joined to its neighbours' texts.".to_owned(),
                "Compare the ids of these rows with the texts they were made from.".to_owned(),
            ]));
        }
        findings
    }
}

/// The first and last run below `fails`, when another run reaches `passes`.
fn failing_runs(by_run: &[f64], fails: f64, passes: f64) -> Option<(usize, usize)> {
    let is_failing = |value: &f64| *value < fails;
    let first = by_run.iter().position(is_failing)?;
    let last = by_run.iter().rposition(is_failing)?;
    by_run
        .iter()
        .any(|value| *value >= passes)
        .then_some((first, last))
}

/// Predictions and their training means.
type Predicted = (Vec<f64>, Vec<f64>);

/// Out-of-fold predictions of the log length; `None` when the lengths do not vary.
fn predict_length(
    x: &DMatrix<f64>,
    log_length: &[f64],
    seed: Seed,
) -> Result<Option<Predicted>, EngineError> {
    if log_length.iter().all(|length| *length == log_length[0]) {
        return Ok(None);
    }
    let groups = Groups::singletons(x.nrows());
    let folds = Folds::split(&groups, 5, 1, seed)?;
    let layout = Layout {
        x,
        folds: &folds,
        groups: &groups,
        inner: InnerFolds::Outer,
        seed,
        covariates: None,
    };
    let rows: Vec<usize> = (0..x.nrows()).collect();
    let designs = FoldDesigns::build(&layout, &rows, 0)?;
    let ridge = ReferenceRidge { n_alphas: 12 };
    let nested = NestedCv::prepare(&designs, &ridge, Tuning::PLAIN)?;
    let out = nested.run(&DMatrix::from_column_slice(x.nrows(), 1, log_length))?;
    Ok(Some((
        out.y_hat.as_slice().to_vec(),
        out.y_bar.as_slice().to_vec(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 texts that are runs of a few "words"; vectors = noisy counts, so they know both length and words.
    fn study() -> (DMatrix<f64>, DMatrix<f64>, Vec<usize>) {
        let mut stream = Seed(11).stream("texts", 0);
        let counts = DMatrix::from_fn(200, 12, |_, _| {
            (3.0 * stream.uniform() * stream.uniform()).round()
        });
        let characters = counts
            .row_iter()
            .map(|row| row.sum() as usize * 6)
            .collect();
        let x = counts.map(|count| count + 0.1 * stream.normal());
        (x, counts, characters)
    }

    #[test]
    fn vectors_of_their_own_texts_pass() {
        let (x, lexical, characters) = study();
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), Seed(1))
            .unwrap()
            .unwrap();
        assert!(!alignment.is_misaligned(), "{alignment:?}");
        assert!(alignment.length_r2 > Some(0.5) && alignment.findings("e").is_empty());
    }

    #[test]
    fn shuffled_vectors_are_found_out() {
        let (x, lexical, characters) = study();
        let mut order: Vec<usize> = (0..200).collect();
        Seed(5).stream("shuffle", 0).shuffle(&mut order);
        let shuffled = x.select_rows(&order);
        let alignment = Alignment::measure(&shuffled, &characters, Some(&lexical), Seed(1))
            .unwrap()
            .unwrap();
        assert!(alignment.is_misaligned(), "{alignment:?}");
    }

    #[test]
    fn a_displaced_run_of_rows_is_named() {
        let (mut x, lexical, characters) = study();
        let block = x.rows(100, 20).into_owned();
        for row in 0..20 {
            x.set_row(100 + row, &block.row((row + 7) % 20));
        }
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), Seed(1))
            .unwrap()
            .unwrap();
        assert_eq!(alignment.displaced, Some((101, 120)));
    }

    #[test]
    fn vectors_shifted_by_one_row_from_somewhere_on_are_named() {
        let (mut x, lexical, characters) = study();
        let shifted = x.rows(80, 119).into_owned();
        x.rows_mut(81, 119).copy_from(&shifted);
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), Seed(1))
            .unwrap()
            .unwrap();
        let (first, last) = alignment.displaced.unwrap();
        assert!(
            (60..=101).contains(&first) && last == 200,
            "{first} to {last}"
        );
        assert_eq!(alignment.findings("e")[0].code, "displaced-rows");
    }
}
