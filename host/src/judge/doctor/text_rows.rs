//! Findings on texts: equal, almost equal, blank, cut.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use ocean_engine::seed::Seed;
use ocean_report::model::{CellResult, Finding, Severity};
use ocean_report::numbers::{count, score};
use ocean_report::wording::plural;

use super::facts::{Facts, NearDuplicates};
use super::{LENGTH, finding};

/// Texts whose hashed words and parts of words have at least this cosine are almost the same text.
const ALMOST: f64 = 0.98;
/// Below this share of the texts almost equal ones change r2 little.
const A_FEW: f64 = 0.01;
/// Texts compared by cosine; all pairs of more would take longer than they are worth.
const MOST_ROWS: usize = 2000;

pub(super) fn texts(facts: &Facts, findings: &mut Vec<Finding>) {
    let (n_duplicates, together) = facts.duplicate_texts;
    if n_duplicates > 0 {
        let (severity, meaning, remedy) = if together {
            (
                Severity::Note,
                "Equal texts count as one group: they stay in one fold and are permuted as a block.",
                "duplicates = \"keep\" under [evaluation] would treat them as rows of their own.",
            )
        } else {
            (
                Severity::Warning,
                "Equal texts may stand on both sides of a split, so r2 may reward memory.",
                "duplicates = \"group\" (the default) under [evaluation].",
            )
        };
        findings.push(finding(
            severity,
            "duplicate-texts",
            Vec::new(),
            [
                format!(
                    "{n_duplicates} of {} rows have a text that occurs more than once.",
                    facts.n_rows
                ),
                meaning.to_owned(),
                remedy.to_owned(),
            ],
        ));
    }
    blank(facts, findings);
    for (encoder, n_cut) in facts.truncated.iter().filter(|(_, n_cut)| *n_cut > 0) {
        findings.push(finding(
            Severity::Note,
            "truncated-texts",
            vec![encoder.clone()],
            [
                format!(
                    "`{encoder}` cut {n_cut} of {} at its length limit.",
                    plural(facts.n_texts, "text")
                ),
                "What stands behind the limit does not enter the vectors.".to_owned(),
                longer(facts, encoder, *n_cut),
            ],
        ));
    }
}

/// What to do about `n_cut` texts that `encoder` cut. Whether the rest of a text tells more is an
/// empirical question where there are many: a second encoder answers it.
fn longer(facts: &Facts, encoder: &str, n_cut: usize) -> String {
    let is_among = |names: &[String]| names.iter().any(|name| name == encoder);
    if !is_among(facts.with_limit) {
        return "Shorter texts, or an encoder that takes longer ones.".to_owned();
    }
    let raise = format!("Raise max_seq_length of `{encoder}` if its model can take more");
    match is_among(facts.with_windows) && 10 * n_cut > facts.n_texts {
        true => format!(
            "{raise}, or compare it with a second [[encoder]] that has long_texts = \"windows\" and reads all of the texts."
        ),
        false => format!("{raise}."),
    }
}

/// Texts in which nobody wrote anything.
///
/// They are no duplicates: that two people wrote nothing does not make them one, and as one group
/// they would fill a fold by themselves, whose vector no model has met. But whether a text is blank
/// is then part of what r2 and the control `length` find, so what is left among the others is said.
fn blank(facts: &Facts, findings: &mut Vec<Finding>) {
    if facts.blank_texts == 0 {
        return;
    }
    let strongest = |is_asked: &dyn Fn(&CellResult) -> bool| {
        let cells = facts.among_texts.iter();
        cells
            .map(|(place, left)| (&facts.cells[*place], *left))
            .filter(|(cell, _)| is_asked(cell) && cell.r2 > 0.0)
            .max_by(|a, b| a.0.r2.total_cmp(&b.0.r2))
    };
    let length = strongest(&|cell| cell.is_control && cell.encoder == LENGTH);
    let best = strongest(&|cell| !cell.is_control);
    let left = |(cell, left): (&CellResult, f64)| {
        format!(
            "`{}` has r2 {} for `{}`, {} among the other texts",
            cell.encoder,
            score(cell.r2),
            cell.target,
            score(left)
        )
    };
    let seen: Vec<String> = length.into_iter().chain(best).map(left).collect();
    let seen = match seen.is_empty() {
        true => String::new(),
        false => format!(" {}.", seen.join("; ")),
    };
    findings.push(finding(
        Severity::Warning,
        "blank-texts",
        Vec::new(),
        [
            format!(
                "{} of {} texts are empty or blank.{seen}",
                facts.blank_texts, facts.n_texts
            ),
            "All have one vector; each is a row of its own, not a duplicate. Part of every r2, and of that of the control `length`, may be whether anything was written at all.".to_owned(),
            "Remove these rows from the data file if nobody wrote anything there.".to_owned(),
        ],
    ));
}

/// Almost equal texts on both sides of a split.
pub(super) fn near_duplicates(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(found) = facts.near_duplicates.filter(|found| found.n_rows > 0) else {
        return;
    };
    let is_rare = (found.n_rows as f64) < A_FEW * found.n_compared as f64;
    let severity = if is_rare {
        Severity::Note
    } else {
        Severity::Warning
    };
    findings.push(finding(severity, "near-duplicates", Vec::new(), [
        format!("{} of {} are almost equal to one in another fold (case, digits and punctuation aside, or words and parts of words with a cosine of {ALMOST}).", count(found.n_rows), plural(found.n_compared, "text")),
        "r2 may reward memory of a text seen in training: templates, copies, one person writing twice.".to_owned(),
        match facts.group() {
            Some(group) => format!("Give such texts the same value of `{group}` in the data file."),
            None => "Give such texts a common value of a column, and name it as `group` under [data].".to_owned(),
        },
    ]));
}

impl NearDuplicates {
    /// Compares texts that are in different folds: all of them with case, digits and punctuation
    /// left out, and at most 2,000, drawn by the seed, by the cosine of their rows in `lexical`.
    /// Equal texts are not counted here.
    #[must_use]
    pub fn of(
        texts: &[String],
        lexical: Option<&DMatrix<f64>>,
        fold_of: &[usize],
        seed: Seed,
    ) -> Self {
        let mut is_near = vec![false; texts.len()];
        let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, text) in texts.iter().enumerate() {
            alike.entry(letters(text)).or_default().push(row);
        }
        let is_pair = |a: usize, b: usize| fold_of[a] != fold_of[b] && texts[a] != texts[b];
        for (_, rows) in alike.iter().filter(|(letters, _)| !letters.is_empty()) {
            for &row in rows {
                is_near[row] = rows.iter().any(|&other| is_pair(row, other));
            }
        }
        if let Some(lexical) = lexical {
            let mut drawn: Vec<usize> = (0..texts.len()).collect();
            seed.stream("near duplicates", 0).shuffle(&mut drawn);
            drawn.truncate(MOST_ROWS);
            let mut unit = lexical.select_rows(&drawn);
            for mut row in unit.row_iter_mut() {
                let norm = row.norm();
                if norm > 0.0 {
                    row /= norm;
                }
            }
            let cosines = &unit * unit.transpose();
            for (a, &row) in drawn.iter().enumerate() {
                let near =
                    |(b, &other): (usize, &usize)| cosines[(a, b)] >= ALMOST && is_pair(row, other);
                is_near[row] |= drawn.iter().enumerate().any(near);
            }
        }
        Self {
            n_rows: is_near.iter().filter(|is_near| **is_near).count(),
            n_compared: texts.len(),
        }
    }
}

/// The letters of a text, lower case, words apart.
fn letters(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_case_digits_or_little_else_are_found_across_folds_only() {
        let texts = [
            "I owe 500 dollars.",
            "i owe 700 Dollars!",
            "Other words",
            "12",
            "34",
            "a b c d",
            "a b c e",
        ]
        .map(str::to_owned);
        let count = |fold_of: [usize; 7], lexical: Option<&DMatrix<f64>>| {
            NearDuplicates::of(&texts, lexical, &fold_of, Seed(0)).n_rows
        };
        assert_eq!(count([0, 1, 0, 0, 1, 0, 1], None), 2);
        assert_eq!(count([1, 1, 0, 0, 1, 0, 1], None), 0);
        // The last two have nearly the same vector, the others their own.
        let mut lexical = DMatrix::identity(7, 7);
        (lexical[(6, 5)], lexical[(6, 6)]) = (1.0, 0.1);
        assert_eq!(count([1, 1, 0, 0, 1, 0, 1], Some(&lexical)), 2);
        // Equal texts are another finding.
        let equal = ["a b", "a b"].map(str::to_owned);
        assert_eq!(NearDuplicates::of(&equal, None, &[0, 1], Seed(0)).n_rows, 0);
    }
}
