//! Which words go with each target, and which texts are predicted high and low: tables and
//! sentences.

use crate::comparing::Table;
use crate::escape;
use crate::model::{StudyResults, TextResult, TextsOfTarget, WordResult, WordsOfTarget};
use crate::numbers::{count, in_units, interval, level, p_with_floor, score};
use crate::table::Kind;

/// Of each target the words that go with it most, with the target's name; empty where it was not
/// asked for.
#[must_use]
pub fn tables(results: &StudyResults) -> Vec<(String, Table)> {
    let Some(summary) = &results.words else {
        return Vec::new();
    };
    let floor = 1.0 / f64::from(summary.permutations + 1);
    let table = |of: &WordsOfTarget| {
        let rows = of.shown.iter().map(|word| {
            let texts = row(word, floor, results.level);
            (texts, word.p_fwer <= results.level)
        });
        let table = Table {
            headings: vec![
                ("word", Kind::Label),
                ("rows", Kind::Number),
                ("r", Kind::Number),
                ("95 % CI", Kind::Number),
                ("p", Kind::Number),
                ("p_fwer", Kind::Number),
                ("q_bh", Kind::Number),
                ("r with prediction", Kind::Number),
            ],
            rows: rows.collect(),
            below: below(of, results),
        };
        (of.target.clone(), table)
    };
    summary.targets.iter().map(table).collect()
}

/// What all tables rest on.
#[must_use]
pub fn explanation(results: &StudyResults) -> Option<String> {
    let summary = results.words.as_ref()?;
    let covariates = match results.covariates.is_empty() {
        true => String::new(),
        false => format!(", {} taken out of both", results.covariates.join(", ")),
    };
    Some(format!(
        "Words, and pairs of words that follow each other, used by 5 % of the rows and by 5 rows or more. r: correlation of the square root of their share of a text's words with the target{covariates}. \
         p: {} permutations of the target, as for r2; p_fwer is adjusted for all {} words and targets (step-down maxT). Intervals are of one word alone. A word that goes with a target need not be what makes it. \
         words.csv has all of them.",
        count(summary.permutations as usize),
        count(summary.n_tests)
    ))
}

fn row(word: &WordResult, floor: f64, alpha: f64) -> Vec<String> {
    let p = |p: f64| p_with_floor(p, Some(floor), alpha);
    let star = if word.p_fwer <= alpha { "*" } else { "\u{a0}" };
    vec![
        word.term.clone(),
        count(word.n_rows),
        score(word.r),
        interval((word.ci_low, word.ci_high)),
        p(word.p),
        format!("{}{star}", p(word.p_fwer)),
        score(word.q_bh),
        word.r_prediction.map(score).unwrap_or_default(),
    ]
}

fn below(of: &WordsOfTarget, results: &StudyResults) -> String {
    let mut text = format!(
        "{} of {} words are significant at {}; shown are those with the largest r.",
        count(of.n_significant),
        count(of.n_terms),
        level(results.level)
    );
    let named = |words: &[WordResult]| {
        let named = words.iter().map(|word| {
            let r = word.r_prediction.map(score).unwrap_or_default();
            format!("{} ({}, {r})", word.term, score(word.r))
        });
        named.collect::<Vec<_>>().join(", ")
    };
    if !of.leaning.is_empty() {
        text += &format!(
            " What {} predicts goes most with (r with the target, with the prediction): {}.",
            recipe(of, results),
            named(&of.leaning)
        );
    }
    if !of.opposed.is_empty() {
        text += &format!(
            " The two disagree about words that are significant: {}.",
            named(&of.opposed)
        );
    }
    text
}

fn recipe(of: &WordsOfTarget, results: &StudyResults) -> String {
    if results.regressors.len() > 1 {
        format!("{} × {}", of.encoder, of.regressor)
    } else {
        of.encoder.clone()
    }
}

/// For a paper: what was done.
#[must_use]
pub fn method(results: &StudyResults) -> Option<String> {
    let summary = results.words.as_ref()?;
    Some(format!(
        "Words and pairs of adjacent words used in at least 5% of the texts were correlated with each target (square root of relative frequency); p values from {} permutations of the targets were adjusted \
         for all {} correlations by the step-down maxT procedure (Westfall & Young, 1993).",
        count(summary.permutations as usize),
        count(summary.n_tests)
    ))
}

/// For a paper: what was found, target by target.
#[must_use]
pub fn sentences(results: &StudyResults) -> Vec<String> {
    let Some(summary) = &results.words else {
        return Vec::new();
    };
    let sentence = |of: &WordsOfTarget| {
        format!(
            "Of {} words and pairs, {} went with {} at an adjusted p of {} or less.",
            count(of.n_terms),
            count(of.n_significant),
            escape::text(&of.target),
            level(results.level)
        )
    };
    summary.targets.iter().map(sentence).collect()
}

/// The texts with the highest and the lowest predictions of each target.
#[must_use]
pub fn texts(results: &StudyResults) -> Vec<(String, Table)> {
    let table = |of: &TextsOfTarget| {
        let row = |what: &str, one: &TextResult| {
            let texts = vec![
                what.to_owned(),
                one.id.clone(),
                in_units(one.y),
                in_units(one.y_hat),
                one.text.clone(),
            ];
            (texts, false)
        };
        let highest = of.highest.iter().map(|one| row("highest", one));
        let lowest = of.lowest.iter().map(|one| row("lowest", one));
        let table = Table {
            headings: vec![
                ("prediction", Kind::Label),
                ("id", Kind::Label),
                ("observed", Kind::Number),
                ("predicted", Kind::Number),
                ("text", Kind::Label),
            ],
            rows: highest.chain(lowest).collect(),
            below: format!(
                "Out-of-fold predictions of {} × {}, first repeat. Long texts are cut.",
                of.encoder, of.regressor
            ),
        };
        (of.target.clone(), table)
    };
    results.texts.iter().map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn each_target_has_its_words_and_the_two_that_disagree_are_named() {
        assert!(tables(&fixture::quickstart()).is_empty());
        let results = fixture::with_words();
        let tables = tables(&results);
        assert_eq!(tables.len(), 1);
        let (target, table) = &tables[0];
        assert_eq!((target.as_str(), table.rows.len()), ("openness", 2));
        assert!(table.rows[0].1 && !table.rows[1].1);
        assert_eq!(table.rows[0].0.len(), table.headings.len());
        assert!(table.below.contains("goes most with"), "{}", table.below);
        assert!(
            table.below.contains("disagree about words"),
            "{}",
            table.below
        );
        assert!(
            explanation(&results)
                .unwrap()
                .contains("212 words and targets")
        );
        let texts = texts(&results);
        assert_eq!(texts[0].1.rows.len(), 2);
        assert_eq!(texts[0].1.rows[0].0.len(), texts[0].1.headings.len());
    }
}
