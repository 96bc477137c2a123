//! Ids and labels that are the same but for how they are written: `001` and `1`, `2.0` and `2`,
//! `3 ` and `3`, `WRITER` and `writer`.
//!
//! They compare as text, and nothing is repaired: two spellings are two ids, or two groups. But
//! what falls together when the form is left aside is counted here, so that whoever loses rows, or
//! has one author in several folds, is told why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::ids::{Ids, name_of};
use crate::problem::{Problem, Problems, Refusal};

/// What of the form of a label is left aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aside {
    /// `é` as one character or as two, full-width digits.
    Unicode,
    /// A byte order mark in the middle of a file, zero-width characters.
    Invisible,
    /// `"a"` and `a`.
    Quotes,
    /// `2.0`, `1e+05` and whole numbers.
    Number,
    /// `001` and `1`.
    Zeros,
    /// `A` and `a`.
    Case,
    /// At the ends, several for one, non-breaking ones, `P 3` and `P3`.
    Blanks,
}

impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Aside::Unicode => "Unicode forms",
            Aside::Invisible => "invisible characters",
            Aside::Quotes => "quotation marks",
            Aside::Number => "the decimal point (`.0`)",
            Aside::Zeros => "leading zeros",
            Aside::Case => "case",
            Aside::Blanks => "blanks",
        })
    }
}

/// Everything that may be left aside, the most particular first: what two labels differ in is named
/// by the last that will do.
const ALL: [Aside; 7] = [
    Aside::Unicode,
    Aside::Invisible,
    Aside::Quotes,
    Aside::Number,
    Aside::Zeros,
    Aside::Case,
    Aside::Blanks,
];

/// Numbers of more digits are not told apart as floating point.
const MOST_DIGITS: usize = 15;

/// A label without what is left aside.
fn form(label: &str, aside: &[Aside]) -> String {
    let is_aside = |one| aside.contains(&one);
    let mut form = label.to_owned();
    if is_aside(Aside::Invisible) {
        form.retain(|c| !is_invisible(c));
    }
    if is_aside(Aside::Unicode) {
        form = form.nfkc().collect();
    }
    if is_aside(Aside::Blanks) {
        form = without_blanks(&form);
    }
    if is_aside(Aside::Quotes) {
        form = form.trim_matches(is_quote).to_owned();
        if is_aside(Aside::Blanks) {
            form = without_blanks(&form);
        }
    }
    if is_aside(Aside::Case) {
        form = form.to_lowercase();
    }
    if is_aside(Aside::Number) {
        form = as_whole(&form).unwrap_or(form);
    }
    if is_aside(Aside::Zeros) {
        form = without_leading_zeros(&form);
    }
    form
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

/// No blank is left but one between two digits: `1 12` is not `11 2`.
fn without_blanks(label: &str) -> String {
    let mut words = label.split_whitespace();
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if is_digit(joined.chars().last()) && is_digit(word.chars().next()) {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// `2.0` and `1e+05`, as some programs write whole numbers, as whole numbers.
fn as_whole(label: &str) -> Option<String> {
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E');
    let has_exponent = label.to_lowercase().contains("e+");
    let is_number = label.chars().all(is_of_number)
        && (has_exponent || !label.to_lowercase().contains('e'))
        && label.len() <= 2 * MOST_DIGITS;
    let number: f64 = label.parse().ok().filter(|_| is_number)?;
    let is_exact = number.fract() == 0.0 && number.abs() < 10f64.powi(MOST_DIGITS as i32);
    is_exact.then(|| format!("{number:.0}"))
}

/// Of every run of digits, but for those behind a decimal point.
fn without_leading_zeros(label: &str) -> String {
    let characters: Vec<char> = label.chars().collect();
    let is_digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    let mut kept = String::with_capacity(label.len());
    let mut is_leading = true;
    for (at, &c) in characters.iter().enumerate() {
        if !c.is_ascii_digit() {
            let is_point = c == '.' && at > 0 && is_digit(at - 1);
            is_leading = !is_point;
            kept.push(c);
        } else if !(is_leading && c == '0' && is_digit(at + 1)) {
            is_leading = false;
            kept.push(c);
        }
    }
    kept
}

/// What may be left aside of these labels: not the case of codes that live by it, like `aZ3xQ`.
fn asides<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<Aside> {
    let (mut n_labels, mut n_mixed) = (0, 0);
    for label in labels {
        let letters: Vec<bool> = label
            .chars()
            .filter(|c| c.is_alphabetic())
            .map(char::is_uppercase)
            .collect();
        let changes = letters.windows(2).filter(|pair| pair[0] != pair[1]);
        n_labels += 1;
        n_mixed += usize::from(changes.count() > 1 && !label.trim().contains(' '));
    }
    let has_case = 2 * n_mixed <= n_labels;
    let kept = |aside: &Aside| *aside != Aside::Case || has_case;
    ALL.into_iter().filter(kept).collect()
}

/// Nothing of the label is ever left aside: small letters, digits without leading zeros, `-` and
/// `_`.
fn is_plain(label: &str) -> bool {
    let mut before = b'-';
    let mut bytes = label.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let leads = byte == b'0' && !before.is_ascii_digit();
        let is_leading_zero = leads && bytes.peek().is_some_and(u8::is_ascii_digit);
        let is_known =
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !is_known || is_leading_zero {
            return false;
        }
        before = byte;
    }
    true
}

/// The least of `aside` that makes two labels of one form the same.
fn least(one: &str, other: &str, aside: &[Aside]) -> Vec<Aside> {
    let mut least = aside.to_vec();
    for candidate in aside {
        let mut fewer = least.clone();
        fewer.retain(|kept| kept != candidate);
        if form(one, &fewer) == form(other, &fewer) {
            least = fewer;
        }
    }
    least
}

/// "case and blanks are left aside".
pub fn left_aside(asides: &[Aside]) -> String {
    let verb = match asides {
        [Aside::Case | Aside::Number] => "is",
        _ => "are",
    };
    format!("{} {verb} left aside", named(asides))
}

fn named(asides: &[Aside]) -> String {
    let names: Vec<String> = asides.iter().map(ToString::to_string).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

fn union(pairs: impl Iterator<Item = Vec<Aside>>) -> Vec<Aside> {
    let all: BTreeSet<Aside> = pairs.flatten().collect();
    all.into_iter().collect()
}

/// Different labels of one column that fall together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// Different labels.
    pub n_labels: usize,
    /// Different forms of them.
    pub n_forms: usize,
    /// The labels that are not the only one of their form.
    pub labels: BTreeSet<String>,
    /// The labels of one form, the first with most of them.
    pub example: Vec<String>,
    /// What was left aside to make them the same.
    pub asides: Vec<Aside>,
}

impl Alike {
    /// `None` when all labels keep apart.
    pub fn of<'a>(labels: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        // Most ids of large files are of a form in which there is nothing to leave aside.
        if labels.clone().all(is_plain) {
            return None;
        }
        let different: BTreeSet<&str> = labels.collect();
        let aside = asides(different.iter().copied());
        let mut by_form: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for label in &different {
            by_form.entry(form(label, &aside)).or_default().push(label);
        }
        let alike: Vec<&Vec<&str>> = by_form.values().filter(|of| of.len() > 1).collect();
        let most = alike.iter().rev().max_by_key(|labels| labels.len())?;
        Some(Self {
            n_labels: different.len(),
            n_forms: by_form.len(),
            labels: alike
                .iter()
                .flat_map(|labels| labels.iter().map(ToString::to_string))
                .collect(),
            example: most.iter().map(ToString::to_string).collect(),
            asides: union(
                alike
                    .iter()
                    .flat_map(|labels| labels.windows(2))
                    .map(|pair| least(pair[0], pair[1], &aside)),
            ),
        })
    }
}

/// Ids of one file that another lacks, and has in another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Whose ids are looked for, by its name alone.
    pub file: String,
    /// Where they are missing.
    pub other: String,
    /// Ids of `file`.
    pub n_ids: usize,
    /// Of these, those without a partner.
    pub n_lost: usize,
    /// Of these, those with one when the form is left aside.
    pub n_found: usize,
    /// An id of `file`, and the same in the form of `other`.
    pub example: (String, String),
    /// What was left aside.
    pub asides: Vec<Aside>,
}

impl Lost {
    /// `None` when leaving the form aside finds no partner.
    pub fn of(file: &str, ids: &Ids, other: &str, others: &Ids) -> Option<Self> {
        let unmatched = |ids: &'_ Ids, others: &Ids| -> Vec<String> {
            let names = ids.names.iter();
            names
                .filter(|id| others.row(id).is_none())
                .cloned()
                .collect()
        };
        let (lost, extra) = (unmatched(ids, others), unmatched(others, ids));
        if lost.is_empty() || extra.is_empty() {
            return None;
        }
        let aside = asides(lost.iter().chain(&extra).map(String::as_str));
        let by_form: BTreeMap<String, &String> = extra
            .iter()
            .rev()
            .map(|id| (form(id, &aside), id))
            .collect();
        let partner = |id: &String| Some((id.clone(), (*by_form.get(&form(id, &aside))?).clone()));
        let found: Vec<(String, String)> = lost.iter().filter_map(partner).collect();
        Some(Self {
            file: name_of(file).to_owned(),
            other: name_of(other).to_owned(),
            n_ids: ids.names.len(),
            n_lost: lost.len(),
            n_found: found.len(),
            example: found.first()?.clone(),
            asides: union(found.iter().map(|(one, other)| least(one, other, &aside))),
        })
    }

    /// What was seen: "99 of the 99 ids of base.csv that ratings.csv lacks are there when leading
    /// zeros are left aside (`1` and `001`)".
    pub fn seen(&self) -> String {
        let (one, other) = &self.example;
        format!(
            "{} of the {} ids of {} that {} lacks are there when {} ({one:?} and {other:?})",
            self.n_found,
            self.n_lost,
            self.file,
            self.other,
            left_aside(&self.asides)
        )
    }

    /// What helps.
    pub fn remedy(&self) -> String {
        let of = match self.asides.as_slice() {
            [Aside::Zeros | Aside::Number, ..] => {
                "; read as text they stay as they are (dtype=str in pandas, colClasses=\"character\" in R)"
            }
            _ => "",
        };
        format!(
            "ids written in {} as they are in {}{of}",
            self.other, self.file
        )
    }
}

/// A tenth of the ids: losing fewer is not why a study is refused.
const MANY: usize = 10;

/// A refusal that begins with the ids that were lost by their form, where they are many: too few
/// rows are left because of that.
pub fn with_lost_first(lost: &[Lost], refusal: Refusal) -> Refusal {
    let mut problems = Problems::default();
    let many = lost.iter().filter(|lost| MANY * lost.n_found >= lost.n_ids);
    problems.extend(many.map(|lost| {
        let message = format!(
            "{}; ids compare as text, so they were not joined",
            lost.seen()
        );
        Problem::new(&lost.other, message).with_try(lost.remedy())
    }));
    problems.extend(refusal.problems().iter().cloned());
    match problems.finish(()) {
        Err(refusal) => refusal,
        Ok(()) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(labels: &[&str]) -> Option<(usize, usize, String)> {
        let found = Alike::of(labels.iter().copied())?;
        Some((found.n_labels, found.n_forms, named(&found.asides)))
    }

    #[test]
    fn labels_that_differ_in_form_alone_fall_together_and_it_is_said_what_was_left_aside() {
        for (labels, asides) in [
            (["Writer 3", "WRITER 3"], "case"),
            (["Writer 3", "Writer 3 "], "blanks"),
            (["Writer 3", "Writer\u{a0}3"], "blanks"),
            (["Writer 3", "Writer3"], "blanks"),
            (["Writer 3", "writer  3"], "case and blanks"),
            (["caf\u{e9}", "cafe\u{301}"], "Unicode forms"),
            (["a", "\u{feff}a"], "invisible characters"),
            (["a", "\"a\""], "quotation marks"),
            (["1", "001"], "leading zeros"),
            (["P1", "P001"], "leading zeros"),
            (["2", "2.0"], "the decimal point (`.0`)"),
            (["100000", "1e+05"], "the decimal point (`.0`)"),
        ] {
            assert_eq!(
                alike(&labels),
                Some((2, 1, asides.to_owned())),
                "{labels:?}"
            );
        }
    }

    #[test]
    fn of_a_plain_label_nothing_is_left_aside() {
        let labels = [
            "a0", "0", "10", "t-100_b", "007", "a01", "A", "1.0", "a b", "\"a\"", "1e+05", "é", "",
            "1e5", "-1", "-01",
        ];
        let plain: Vec<&str> = labels.into_iter().filter(|label| is_plain(label)).collect();
        assert_eq!(plain, ["a0", "0", "10", "t-100_b", "", "1e5", "-1"]);
        for label in plain {
            assert_eq!(form(label, &ALL), label);
        }
    }

    #[test]
    fn labels_that_differ_in_more_than_form_keep_apart() {
        for labels in [
            &["1", "10", "100", "11", "0"][..],
            &["1.5", "1.05", "15", "105"],
            &["1.1", "1.10", "2.1"],
            &["1 12", "11 2", "112"],
            &["a1b01", "a01b2"],
            &["t-1", "t1", "t+1"],
            &["12345678901234567890", "12345678901234567891"],
            &["1e5", "100000"],
            // Codes that live by their case.
            &["aZ3xQ", "Az3xQ", "bZ9qT", "qW2eR"],
            &["Ä", "A", "ß", "s"],
        ] {
            assert_eq!(alike(labels), None, "{labels:?}");
        }
    }
}
