//! Do these vectors belong to these texts? Asked of every encoder before anything is evaluated.
//!
//! Two questions that any honest description of a text can answer: (a) does a ridge regression
//! predict the length of the text from its vector, and (b) do texts that share words have similar
//! vectors? Vectors joined to the wrong rows fail both. (On 2,000 loan applications and MiniLM: (a)
//! r2 .795 aligned, at most 0 shifted; (b) correlation .375 aligned, at most .071 shuffled.)

use nalgebra::DMatrix;
use ocean_engine::EngineError;
use ocean_engine::design::{FoldDesigns, InnerFolds, Layout};
use ocean_engine::doctor::displaced::{displaced_run, misfit_by_value, misfit_by_words};
use ocean_engine::doctor::{Agreement, cosine_agreement};
use ocean_engine::folds::{Folds, Groups};
use ocean_engine::nested::{NestedCv, Tuning};
use ocean_engine::reference::ReferenceRidge;
use ocean_engine::score::r2;
use ocean_engine::seed::Seed;
use ocean_report::model::{Finding, Severity};

use super::finding;

/// Rows looked at; more would cost time and change nothing.
const MOST_ROWS: usize = 500;
/// Below this many rows the questions have no clear answer.
const LEAST_ROWS: usize = 60;
/// Row permutations behind (b).
const N_PERMUTATIONS: usize = 99;
/// (a) tells rows apart from this r2 on.
const TELLING_R2: f64 = 0.2;
/// (a) fails below this r2.
const LEAST_R2: f64 = 0.05;
/// (b) fails above this p.
const MOST_P: f64 = 0.01;

/// The answers for one encoder.
#[derive(Debug, Clone)]
pub struct Alignment {
    /// (a) out-of-sample R² of log(1 + characters) from the vectors; `None` when all texts are
    /// equally long.
    pub length_r2: Option<f64>,
    /// (b) agreement of the encoder's cosines with those of shared words and n-grams; `None`
    /// without the lexical encoder.
    pub agreement: Option<Agreement>,
    /// Rows looked at.
    pub n_rows: usize,
    /// The first and last row (from 1) of a run whose vectors fit other texts as well as their own,
    /// while those of the other rows fit their own best.
    pub displaced: Option<(usize, usize)>,
}

impl Alignment {
    /// Asks both questions on at most 500 rows, drawn by the seed. `None` with fewer than 60 rows.
    ///
    /// `x`: n × features; `characters`: length of each text; `lexical`: hashed n-grams of the same
    /// texts; `file_rows`: where each row stands in its file, in which displaced rows stand
    /// together.
    ///
    /// # Errors
    /// As the engine's, for instance a vector that is not finite.
    pub fn measure(
        x: &DMatrix<f64>,
        characters: &[usize],
        lexical: Option<&DMatrix<f64>>,
        file_rows: &[usize],
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
        let length_r2 = predicted
            .as_ref()
            .and_then(|(y_hat, y_bar)| r2(&log_length, y_hat, y_bar).ok());
        let by_words = lexical.as_ref().map(|lexical| misfit_by_words(lexical, &x));
        let by_length = predicted
            .filter(|_| length_r2 >= Some(TELLING_R2))
            .map(|(y_hat, _)| misfit_by_value(&log_length, &y_hat));
        let mut in_file: Vec<usize> = (0..rows.len()).collect();
        in_file.sort_unstable_by_key(|&at| file_rows[rows[at]]);
        let displaced = mean_misfit(by_words, by_length)
            .map(|misfit| in_file.iter().map(|&at| misfit[at]).collect::<Vec<f64>>())
            .and_then(|misfit| displaced_run(&misfit, seed))
            .map(|(start, end)| {
                let place = |at: usize| file_rows[rows[in_file[at]]] + 1;
                (place(start), place(end - 1))
            });
        let agreement = lexical.map(|lexical| cosine_agreement(&lexical, &x, N_PERMUTATIONS, seed));
        Ok(Some(Self {
            length_r2,
            agreement,
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

    /// The findings on a file of vectors that may be used all the same.
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
                format!("The vectors of `{encoder}` in rows {first} to {last} fit the words or the length of other texts as well as those of their own, elsewhere they fit their own."),
                "These rows look displaced: a block of vectors joined to its neighbours' texts.".to_owned(),
                "Compare the ids of these rows with the texts they were made from.".to_owned(),
            ]));
        }
        findings
    }

    /// The finding on vectors of a plugin, which the host handed the texts: rows cannot be wrong,
    /// but the vectors may be empty of what was written.
    #[must_use]
    pub fn finding_on_plugin(&self, encoder: &str) -> Option<Finding> {
        self.is_misaligned().then(|| finding(Severity::Warning, "nothing-of-the-texts", vec![encoder.to_owned()], [
            self.seen(encoder),
            "The encoder got the right texts, but its vectors carry nothing of them that can be seen: a broken model, one for another language, or texts as good as equally long that share no words.".to_owned(),
            "Run `ocean-host plugin check` on it, and compare its r2 with that of `lexical`.".to_owned(),
        ]))
    }
}

/// The misfit of each row, by whatever can tell it.
fn mean_misfit(by_words: Option<Vec<f64>>, by_length: Option<Vec<f64>>) -> Option<Vec<f64>> {
    match (by_words, by_length) {
        (Some(a), Some(b)) => Some(a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect()),
        (one, other) => one.or(other),
    }
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
        weights: None,
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

    /// Rows stand in the order of their file.
    static FILE_ROWS: std::sync::LazyLock<Vec<usize>> =
        std::sync::LazyLock::new(|| (0..200).collect());

    /// 200 texts that are runs of a few "words"; vectors = noisy counts, so they know both length
    /// and words.
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
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), &FILE_ROWS, Seed(1))
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
        let alignment =
            Alignment::measure(&shuffled, &characters, Some(&lexical), &FILE_ROWS, Seed(1))
                .unwrap()
                .unwrap();
        assert!(alignment.is_misaligned(), "{alignment:?}");
    }

    /// A sound file of 60 to 80 texts: words drawn by how common they are, more of them in some
    /// texts; vectors that mix their counts into 24 columns and add `noise` times as much again.
    /// `sorted`: the longest first, as some files are.
    fn sound(index: u64, noise: f64, sorted: bool) -> (DMatrix<f64>, DMatrix<f64>, Vec<usize>) {
        let mut stream = Seed(40).stream("sound", index);
        let n = 60 + index as usize % 21;
        let mut counts = DMatrix::from_fn(n, 60, |_, word| {
            f64::from(u8::from(stream.uniform() < 0.6 / (1.0 + word as f64 / 6.0)))
        });
        for mut row in counts.row_iter_mut() {
            let share = 0.3 + 0.7 * stream.uniform();
            row.apply(|count| *count *= f64::from(u8::from(stream.uniform() < share)));
        }
        if sorted {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&a, &b| counts.row(b).sum().total_cmp(&counts.row(a).sum()));
            counts = counts.select_rows(&order);
        }
        let mix = DMatrix::from_fn(60, 24, |_, _| stream.normal());
        let signal = &counts * mix;
        let size = noise * (signal.norm_squared() / signal.len() as f64).sqrt();
        let x = signal.map(|value| value + size * stream.normal());
        let characters = counts.row_iter().map(|row| 1 + row.sum() as usize * 6);
        let characters = characters.collect();
        (x, counts, characters)
    }

    fn displaced(study: &(DMatrix<f64>, DMatrix<f64>, Vec<usize>)) -> Option<(usize, usize)> {
        let (x, lexical, characters) = study;
        let found = Alignment::measure(x, characters, Some(lexical), &FILE_ROWS, Seed(1)).unwrap();
        found.unwrap().displaced
    }

    /// At p ≤ .01 two of 240 are expected by chance where rows are exchangeable; a third of these
    /// files is sorted by length. Comparing runs without asking for chance blamed 12 of 20.
    #[test]
    fn sound_files_of_sixty_to_eighty_rows_are_not_blamed() {
        let blamed = (0..240).filter(|&index| {
            let noise = [0.3, 1.0, 2.0][index as usize / 3 % 3];
            displaced(&sound(index, noise, index % 3 == 0)).is_some()
        });
        let blamed = blamed.count();
        assert!(blamed <= 5, "{blamed} of 240");
    }

    #[test]
    fn a_third_of_such_a_file_that_moved_is_found() {
        let found = (0..60).filter(|&index| {
            let mut study = sound(index, [0.3, 1.0][index as usize % 2], false);
            let n = study.0.nrows();
            let (start, length) = (n / 3, n / 3);
            let moved = study.0.rows(start, length).into_owned();
            for row in 0..length {
                study.0.set_row(start + row, &moved.row((row + 1) % length));
            }
            let overlaps = |(first, last): (usize, usize)| first <= start + length && last > start;
            displaced(&study).is_some_and(overlaps)
        });
        let found = found.count();
        // Through the whole program 35 of 40 such files were.
        assert!(found >= 42, "{found} of 60");
    }

    #[test]
    fn a_displaced_run_of_rows_is_named() {
        let (mut x, lexical, characters) = study();
        let block = x.rows(100, 20).into_owned();
        for row in 0..20 {
            x.set_row(100 + row, &block.row((row + 7) % 20));
        }
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), &FILE_ROWS, Seed(1))
            .unwrap()
            .unwrap();
        assert_eq!(alignment.displaced, Some((101, 120)));
    }

    #[test]
    fn vectors_shifted_by_one_row_from_somewhere_on_are_named() {
        let (mut x, lexical, characters) = study();
        let shifted = x.rows(80, 119).into_owned();
        x.rows_mut(81, 119).copy_from(&shifted);
        let alignment = Alignment::measure(&x, &characters, Some(&lexical), &FILE_ROWS, Seed(1))
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
