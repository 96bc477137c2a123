//! What was read as it stands and may have been meant otherwise. Nothing is changed for it: it is
//! told before a run and among the run's findings.

use std::collections::BTreeMap;

use super::missing::is_missing;
use crate::problem::listed_up_to;

/// One such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Kebab-case name of the finding.
    pub code: &'static str,
    /// It changes scores, not only a few rows.
    pub is_serious: bool,
    /// The columns it is about.
    pub about: Vec<String>,
    /// What was seen, one sentence.
    pub seen: String,
    /// What it may mean.
    pub meaning: String,
    /// What to try.
    pub remedy: String,
}

impl Doubt {
    /// For people who wait for no report.
    pub fn in_short(&self) -> String {
        format!("{} {} {}", self.seen, self.meaning, self.remedy)
    }
}

/// Texts that are nothing but a word for a missing value. They are texts all the same: `None` may
/// be what somebody wrote.
pub(super) fn words_for_nothing(column: &str, texts: &[String], ids: &[String]) -> Option<Doubt> {
    let is_such = |text: &str| !text.trim().is_empty() && is_missing(text);
    let rows: Vec<usize> = (0..texts.len())
        .filter(|&row| is_such(&texts[row]))
        .collect();
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for &row in &rows {
        *words.entry(texts[row].trim()).or_default() += 1;
    }
    let words = match words.len() {
        0 => return None,
        1 => format!("`{}`", texts[rows[0]].trim()),
        _ => listed_up_to(5, words.iter().map(|(word, n)| format!("`{word}` ({n})"))),
    };
    let ids = listed_up_to(3, rows.iter().map(|&row| format!("`{}`", ids[row])));
    let (n, total) = (rows.len(), texts.len());
    Some(Doubt {
        code: "missing-texts",
        is_serious: false,
        about: vec![column.to_owned()],
        seen: format!("{n} of {total} texts in `{column}` are nothing but {words} (ids {ids})."),
        meaning: "Other programs write this where a text is missing. Here it is encoded like any other text, equal ones to the same vector.".to_owned(),
        remedy: "Remove these rows from the data file if nobody wrote anything there; if it is what people wrote, nothing is wrong.".to_owned(),
    })
}
