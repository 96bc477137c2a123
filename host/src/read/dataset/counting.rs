//! Ids that are running numbers, and two files that number the same rows differently: one from 0,
//! the other from 1.
//!
//! Joined by such ids nearly every row finds a partner, the wrong one. What gives it away are the
//! ends: the first id of one file and the last of the other are alone, and all ids of one file are
//! those of the other plus or minus one.

use std::collections::BTreeSet;

/// Fewer ids say nothing.
const LEAST_IDS: usize = 5;
/// Longer numbers are no running ones.
const MOST_DIGITS: usize = 15;

/// Ids that lie one off those of the main file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misnumbered {
    /// First and last id of the main file, by number.
    pub main: (String, String),
    /// Of the other file.
    pub other: (String, String),
    /// What makes an id of the other file one of the main file: 1 or −1.
    pub by: i64,
}

impl Misnumbered {
    /// What to do about `file`.
    pub fn remedy(&self, file: &str) -> String {
        let sign = if self.by > 0 { '+' } else { '-' };
        format!(
            "ids that count from the same number: those of {file} look one off (id {sign} 1), for they run from `{}` to `{}` and the dataset's from `{}` to `{}`",
            self.other.0, self.other.1, self.main.0, self.main.1
        )
    }
}

/// The other ids, if all of them plus or minus one are among the main ones, not all as they are,
/// and the ends of both lie one apart: at the start, where one counts from 0, or at the end.
pub(super) fn misnumbered(main: &[String], other: &[String]) -> Option<Misnumbered> {
    let (of_main, of_other) = (numbers(main)?, numbers(other)?);
    if of_main.prefix != of_other.prefix || of_other.values.len() < LEAST_IDS {
        return None;
    }
    let (a, b) = (&of_main.values, &of_other.values);
    let (first_a, last_a) = (*a.first()?, *a.last()?);
    let (first_b, last_b) = (*b.first()?, *b.last()?);
    let is_inside = |by: i64| b.iter().all(|number| a.contains(&(number + by)));
    let by = [1, -1].into_iter().find(|&by| is_inside(by))?;
    let is_apart_at_start = first_a == first_b + by && first_a.min(first_b) == 0;
    let is_apart_at_end = last_a == last_b + by;
    // As they are, the ids that stand alone are the first of one file and the last of the other.
    let strangers: Vec<i64> = b.difference(a).copied().collect();
    let is_alone = strangers == [if by > 0 { first_b } else { last_b }];
    let is_gap = !b.contains(if by > 0 { &last_a } else { &first_a });
    (is_alone && is_gap && (is_apart_at_start || is_apart_at_end)).then(|| Misnumbered {
        main: (of_main.shown(main, first_a), of_main.shown(main, last_a)),
        other: (
            of_other.shown(other, first_b),
            of_other.shown(other, last_b),
        ),
        by,
    })
}

/// The rows in the order of their ids' numbers, where all ids are one prefix and a number.
pub fn in_number_order(ids: &[String]) -> Option<Vec<usize>> {
    let prefix = numbers(ids)?.prefix;
    let mut rows: Vec<usize> = (0..ids.len()).collect();
    rows.sort_by_key(|&row| ids[row][prefix.len()..].trim().parse::<i64>().ok());
    Some(rows)
}

/// Ids as numbers.
struct Numbers {
    prefix: String,
    values: BTreeSet<i64>,
}

impl Numbers {
    /// The id of a number, as it is written.
    fn shown(&self, ids: &[String], number: i64) -> String {
        let is_it = |id: &&String| id[self.prefix.len()..].trim().parse() == Ok(number);
        ids.iter().find(is_it).cloned().unwrap_or_default()
    }
}

/// All of one prefix (often none) and some digits, or `None`.
fn numbers(ids: &[String]) -> Option<Numbers> {
    let digits = |id: &str| {
        let trimmed = id.trim_end();
        trimmed.len() - trimmed.trim_end_matches(|c: char| c.is_ascii_digit()).len()
    };
    let first = ids.first()?;
    let prefix = &first[..first.trim_end().len() - digits(first)];
    let value = |id: &String| -> Option<i64> {
        let number = id.strip_prefix(prefix)?.trim_end();
        let is_number = (1..=MOST_DIGITS).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| is_number)
    };
    let values: BTreeSet<i64> = ids.iter().map(value).collect::<Option<_>>()?;
    (values.len() == ids.len()).then(|| Numbers {
        prefix: prefix.to_owned(),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(prefix: &str, numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
        let id = |number| format!("{prefix}{number}");
        numbers.into_iter().map(id).collect()
    }

    #[test]
    fn files_that_count_from_different_numbers_are_found() {
        let found = misnumbered(&ids("", 1..=9), &ids("", 0..=8)).unwrap();
        assert_eq!(
            (found.by, found.main.1.as_str(), found.other.0.as_str()),
            (1, "9", "0")
        );
        let turned = misnumbered(&ids("t", 0..=8), &ids("t", 1..=9)).unwrap();
        assert_eq!(turned.by, -1);
        // Rows in any order, some without a rating, numbers padded with zeros.
        let padded: Vec<String> = (0..20)
            .rev()
            .filter(|n| n % 7 != 3)
            .map(|n| format!("s{n:03}"))
            .collect();
        let main: Vec<String> = (1..=20).map(|n| format!("s{n:03}")).collect();
        let found = misnumbered(&main, &padded).unwrap();
        assert_eq!(
            (found.main.0.as_str(), found.other.1.as_str()),
            ("s001", "s019")
        );
    }

    #[test]
    fn ids_that_only_lack_or_have_some_more_are_not() {
        let main = ids("", 1..=20);
        // The same, fewer, more at either end, unrelated prefixes, words, too few.
        assert_eq!(misnumbered(&main, &main), None);
        assert_eq!(misnumbered(&main, &ids("", 1..=19)), None);
        assert_eq!(misnumbered(&main, &ids("", 0..=20)), None);
        assert_eq!(misnumbered(&main, &ids("", 0..=30)), None);
        assert_eq!(misnumbered(&main, &ids("x", 0..=19)), None);
        assert_eq!(
            misnumbered(&ids("a b ", [1, 5]), &ids("a b ", [0, 4])),
            None
        );
        // A part of all ratings.
        assert_eq!(
            misnumbered(&ids("", [3, 9, 12, 40, 41, 50]), &ids("", 1..=60)),
            None
        );
        assert_eq!(misnumbered(&["a".into()], &["b".into()]), None);
    }

    #[test]
    fn rows_are_put_in_the_order_of_their_numbers() {
        assert_eq!(in_number_order(&ids("t", [10, 9, 1])), Some(vec![2, 1, 0]));
        assert_eq!(in_number_order(&["t1".to_owned(), "u2".to_owned()]), None);
    }
}
