//! What results.json keeps of words and texts: those that a report shows.

use ocean_report::model::{TextResult, TextsOfTarget, WordResult, WordSummary, WordsOfTarget};

use crate::judge::words::Words;
use crate::run::{CellRows, FinishedRun};

/// Words of a target that are shown.
const SHOWN: usize = 20;
/// Words that a model leans on, and words about which it disagrees, that are named.
const NAMED: usize = 5;
/// Texts at either end.
const TEXTS: usize = 5;
/// Characters that are shown of a text.
const CHARACTERS: usize = 300;

/// The words with the largest |r|, from the highest r to the lowest, and those that the model leans
/// on.
pub(super) fn word_summary(words: &Words, level: f64) -> WordSummary {
    let by_target = words.results.chunk_by(|a, b| a.target == b.target);
    WordSummary {
        permutations: words.n_permutations as u32,
        n_tests: words.results.len(),
        targets: by_target.map(|all| of_target(all, level)).collect(),
    }
}

fn of_target(all: &[WordResult], level: f64) -> WordsOfTarget {
    let is_significant = |word: &&WordResult| word.p_fwer <= level;
    let mut shown: Vec<WordResult> = all.iter().take(SHOWN).cloned().collect();
    shown.sort_by(|a, b| b.r.total_cmp(&a.r).then_with(|| a.term.cmp(&b.term)));
    let size = |word: &WordResult| word.r_prediction.map_or(0.0, f64::abs);
    let mut leaning: Vec<&WordResult> = all.iter().filter(|word| size(word) > 0.0).collect();
    leaning.sort_by(|a, b| {
        size(b)
            .total_cmp(&size(a))
            .then_with(|| a.term.cmp(&b.term))
    });
    let is_opposed = |word: &&WordResult| word.r_prediction.is_some_and(|r| r * word.r < 0.0);
    let opposed = all.iter().filter(is_significant).filter(is_opposed);
    WordsOfTarget {
        target: all[0].target.clone(),
        encoder: all[0].encoder.clone(),
        regressor: all[0].regressor.clone(),
        n_terms: all.len(),
        n_significant: all.iter().filter(is_significant).count(),
        shown,
        leaning: leaning.into_iter().take(NAMED).cloned().collect(),
        opposed: opposed.take(NAMED).cloned().collect(),
    }
}

/// Of every target the texts with the highest and the lowest out-of-fold predictions of its cell
/// with the highest r2, first repeat.
pub(super) fn extreme_texts(run: &FinishedRun) -> Vec<TextsOfTarget> {
    let texts = run.analysed.dataset.joined_texts();
    let targets = run.arrangement.target_names.iter();
    targets
        .filter_map(|target| {
            let best = run.cells.best_of(target)?;
            let (piece, column) = run.piece_of(best);
            let row_set = &run.arrangement.row_sets[piece.id.row_set];
            let CellRows { y, .. } = run.rows_of(best);
            let y_hat = piece.piece.observed.first()?.y_hat.column(column);
            let mut order: Vec<usize> = (0..y.len()).collect();
            order.sort_by(|&a, &b| y_hat[b].total_cmp(&y_hat[a]).then(a.cmp(&b)));
            let text = |&at: &usize| {
                let row = row_set.rows[at];
                TextResult {
                    id: run.analysed.dataset.ids[row].clone(),
                    y: y[at],
                    y_hat: y_hat[at],
                    text: beginning(&texts[row]),
                }
            };
            let cell = &run.cells.results[best];
            Some(TextsOfTarget {
                target: target.clone(),
                encoder: cell.encoder.clone(),
                regressor: cell.regressor.clone(),
                highest: order.iter().take(TEXTS).map(text).collect(),
                lowest: order.iter().rev().take(TEXTS).map(text).collect(),
            })
        })
        .collect()
}

fn beginning(text: &str) -> String {
    let mut shown: String = text.chars().take(CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
