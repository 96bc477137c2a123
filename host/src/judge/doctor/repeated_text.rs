//! A finding on one text that stands in many rows: `[removed]`, "no answer", a field that a form
//! filled in.

use std::collections::BTreeMap;

use ocean_report::model::{Finding, Severity};
use ocean_report::wording::plural;

use super::facts::Facts;
use super::finding;
use crate::problem::listed_up_to;

/// A text in fewer rows is no matter.
const LEAST_ROWS: usize = 5;
/// Nor is one in a smaller share of them.
const LEAST_SHARE: f64 = 0.02;
/// It has to stand in so many times more rows than the next: where all texts are repeated, as
/// stimuli are, that is the design.
const STANDS_OUT: usize = 4;
/// So many other texts make the ones that stand out placeholders.
const LEAST_OTHERS: usize = 10;
/// At most so many texts stand out: "[removed]" and "[deleted]".
const MOST_TEXTS: usize = 3;

/// The rows of each text that stands in far more rows than the others do, the commonest first.
/// Blank texts are another finding.
pub(super) fn placeholders(texts: &[String]) -> Vec<Vec<usize>> {
    let mut rows_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, text) in texts.iter().enumerate() {
        rows_of.entry(text.trim()).or_default().push(row);
    }
    rows_of.remove("");
    let mut by_count: Vec<Vec<usize>> = rows_of.into_values().collect();
    by_count.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let least = LEAST_ROWS.max((LEAST_SHARE * texts.len() as f64).ceil() as usize);
    let stands_out = |k: &usize| {
        let (last, next) = (by_count[k - 1].len(), by_count[*k].len());
        last >= least && last >= STANDS_OUT * next
    };
    let most = MOST_TEXTS.min(by_count.len().saturating_sub(LEAST_OTHERS));
    let k = (1..=most).rfind(stands_out).unwrap_or(0);
    by_count.truncate(k);
    by_count
}

/// Each text that may be a placeholder, by the ids of its rows: texts are shown nowhere.
pub(super) fn repeated_text(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(dataset) = facts.dataset.filter(|dataset| dataset.has_texts()) else {
        return;
    };
    for rows in placeholders(&dataset.joined_texts()) {
        let ids = rows.iter().map(|&row| format!("`{}`", dataset.ids[row]));
        findings.push(finding(
            Severity::Warning,
            "one-text-many-rows",
            Vec::new(),
            [
                format!(
                    "ONE text makes up {} of {}: ids {}.",
                    rows.len(),
                    plural(dataset.n_rows(), "row"),
                    listed_up_to(super::MOST_LISTED, ids)
                ),
                format!(
                    "A placeholder, such as [removed] or \"no answer\"? These rows have one vector and different scores, {}",
                    match facts.joins_equal_texts() {
                        true => "and all are held out at the same time, by models that never saw such a text: r2 may fall below 0.",
                        false => "on both sides of every split.",
                    }
                ),
                "Look at the text of these ids; if nobody wrote it as an answer, remove these rows from the data file.".to_owned(),
            ],
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts, each in so many rows.
    fn texts(counts: &[usize]) -> Vec<String> {
        let of = |(at, count): (usize, &usize)| std::iter::repeat_n(format!("text {at}"), *count);
        counts.iter().enumerate().flat_map(of).collect()
    }

    #[test]
    fn a_text_that_stands_out_is_found_and_texts_that_are_all_repeated_are_not() {
        let sizes = |counts: &[usize]| -> Vec<usize> {
            placeholders(&texts(counts)).iter().map(Vec::len).collect()
        };
        let singles = [1; 64];
        assert_eq!(sizes(&[&[16][..], &singles].concat()), [16]);
        assert_eq!(sizes(&[&[9, 8][..], &singles].concat()), [9, 8]);
        assert_eq!(sizes(&[&[12][..], &[2; 40]].concat()), [12]);
        // Pairs, stimuli that eight persons describe, a short answer that four give, three texts in
        // all.
        assert_eq!(sizes(&[2; 40]), [0; 0]);
        assert_eq!(sizes(&[8; 12]), [0; 0]);
        assert_eq!(sizes(&[&[4][..], &singles].concat()), [0; 0]);
        assert_eq!(sizes(&[40, 5, 4]), [0; 0]);
        assert_eq!(sizes(&[]), [0; 0]);
        let blank = [vec![" ".to_owned(); 16], texts(&singles)].concat();
        assert!(placeholders(&blank).is_empty());
    }
}
