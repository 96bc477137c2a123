//! What is in a column.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::read::dataset::table::{Cell, Column};
use crate::read::dataset::targets::MISSING;

/// So few different values are the levels of a category, and are all kept.
pub const MOST_LEVELS: usize = 12;
/// Fewer different values are categories, unless the name says that they are groups.
pub const LEAST_GROUPS: usize = 10;

/// A column in numbers.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Cells that are not empty, whatever they say: all that an id needs.
    pub n_filled: usize,
    /// Different ones among them.
    pub n_different: usize,
    /// Cells that hold a value.
    pub n_present: usize,
    /// Different values.
    pub n_distinct: usize,
    /// Values that are numbers.
    pub n_numbers: usize,
    /// All numbers are whole.
    pub is_whole: bool,
    /// The smallest and largest number.
    pub range: (f64, f64),
    /// Mean characters of a value.
    pub mean_characters: f64,
    /// Mean words of a value.
    pub mean_words: f64,
    /// Values that are no numbers, the most frequent first, at most [`MOST_LEVELS`], and how often
    /// each occurs.
    pub words: Vec<(String, usize)>,
    /// Values of each [`Shape`].
    pub shapes: [usize; 6],
    /// Characters of every value, where all have the same number.
    pub same_length: Option<usize>,
}

/// Different texts and how often each occurs, in the order in which they come.
#[derive(Default)]
struct Counts<'a> {
    of: Vec<(Cow<'a, str>, usize)>,
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Counts<'a> {
    fn add(&mut self, text: Cow<'a, str>) {
        match self.places.get(&text) {
            Some(&at) => self.of[at].1 += 1,
            None => {
                self.places.insert(text.clone(), self.of.len());
                self.of.push((text, 1));
            }
        }
    }
}

/// What a value that is no number looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `2024-05-01`, `1.5.2024 10:30`, `10:30`.
    Date,
    /// `[0.1, 0.2, …]`, or a list of a binary format.
    Vector,
    /// `3,5`.
    DecimalComma,
    /// `57%`.
    Percent,
    /// One word with a digit in it: `p07`.
    Code,
    /// Anything else.
    Words,
}

impl Facts {
    /// Of one column.
    pub fn of(column: &Column) -> Self {
        let n_rows = column.places.numbers.len();
        let mut facts = Self {
            name: column.name.clone(),
            n_filled: 0,
            n_different: 0,
            n_present: 0,
            n_distinct: 0,
            n_numbers: 0,
            is_whole: true,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            mean_characters: 0.0,
            mean_words: 0.0,
            words: Vec::new(),
            shapes: [0; 6],
            same_length: None,
        };
        let mut counts = Counts::default();
        for row in 0..n_rows {
            match column.cell(row) {
                Cell::Null => {}
                Cell::Nested => {
                    facts.n_filled += 1;
                    facts.n_present += 1;
                    facts.shapes[Shape::Vector as usize] += 1;
                }
                Cell::Number(number) => {
                    counts.add(number.to_string().into());
                }
                Cell::Text(text) if text.trim().is_empty() => {}
                Cell::Text(text) => counts.add(text.into()),
            }
        }
        let mut counts = counts.of;
        facts.n_different = counts.len();
        facts.n_filled += counts.iter().map(|(_, count)| count).sum::<usize>();
        counts.retain(|(text, _)| !MISSING.contains(&text.trim()));
        facts.n_distinct = counts.len();
        let mut frequent: Vec<(&str, usize)> = Vec::new();
        let mut characters = 0;
        let mut words = 0.0;
        for &(ref text, count) in &counts {
            let length = text.chars().count();
            facts.n_present += count;
            characters += length * count;
            facts.same_length = match (facts.same_length, facts.n_present == count) {
                (_, true) => Some(length),
                (Some(same), _) if same == length => Some(same),
                _ => None,
            };
            match column.numeral(text).parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    facts.n_numbers += count;
                    facts.is_whole &= number.fract() == 0.0;
                    facts.range = (facts.range.0.min(number), facts.range.1.max(number));
                }
                _ => {
                    facts.shapes[shape(text.trim()) as usize] += count;
                    frequent.push((text.as_ref(), count));
                }
            }
            words += words_of(text) * count as f64;
        }
        let n = facts.n_present.max(1) as f64;
        (facts.mean_characters, facts.mean_words) = (characters as f64 / n, words / n);
        let order = |a: &(&str, usize), b: &(&str, usize)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        if frequent.len() > MOST_LEVELS {
            frequent.select_nth_unstable_by(MOST_LEVELS, order);
            frequent.truncate(MOST_LEVELS);
        }
        frequent.sort_by(order);
        let owned = frequent
            .into_iter()
            .map(|(word, count)| (word.to_owned(), count));
        facts.words = owned.collect();
        facts
    }

    /// Every value is a number, and there is one.
    pub fn is_numeric(&self) -> bool {
        self.n_present > 0 && self.n_numbers == self.n_present
    }

    /// Whole numbers and nothing else.
    pub fn is_whole_numbers(&self) -> bool {
        self.is_numeric() && self.is_whole
    }

    /// Every row has a value of its own.
    pub fn is_unique(&self, n_rows: usize) -> bool {
        self.n_filled == n_rows && self.n_different == n_rows
    }

    /// The numbers from a first one on, each once.
    pub fn numbers_rows(&self, n_rows: usize) -> bool {
        let span = self.range.1 - self.range.0 + 1.0;
        self.is_whole_numbers() && self.is_unique(n_rows) && span == n_rows as f64
    }

    /// Values of a shape.
    pub fn count(&self, shape: Shape) -> usize {
        self.shapes[shape as usize]
    }

    /// At least nine in ten values are of a shape.
    pub fn is_mostly(&self, shape: Shape) -> bool {
        self.n_present > 0 && 10 * self.count(shape) >= 9 * self.n_present
    }
}

/// The numbers of a column, NaN where there is none.
pub fn numbers(column: &Column) -> Vec<f64> {
    let rows = 0..column.places.numbers.len();
    rows.map(|row| number(column, row)).collect()
}

/// The number in a cell, NaN where there is none.
pub fn number(column: &Column, row: usize) -> f64 {
    let number = match column.cell(row) {
        Cell::Number(number) => number,
        Cell::Text(text) => column.numeral(text).parse().unwrap_or(f64::NAN),
        Cell::Null | Cell::Nested => f64::NAN,
    };
    if number.is_finite() { number } else { f64::NAN }
}

/// Words between spaces; a character of a script that writes without them counts for half a word.
fn words_of(text: &str) -> f64 {
    let spaced = text.split_whitespace().count();
    let unspaced = text.chars().filter(|c| {
        matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
    });
    (spaced as f64).max(unspaced.count() as f64 / 2.0)
}

fn shape(text: &str) -> Shape {
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if is_date(text, digits) {
        Shape::Date
    } else if text.starts_with('[') && text.ends_with(']') && digits > 0 && !text.contains('"') {
        Shape::Vector
    } else if text.matches(',').count() == 1 && is_number(&text.replace(',', ".")) {
        Shape::DecimalComma
    } else if text
        .strip_suffix('%')
        .is_some_and(|text| is_number(text.trim().replace(',', ".").as_str()))
    {
        Shape::Percent
    } else if digits > 0 && !text.contains(char::is_whitespace) {
        Shape::Code
    } else {
        Shape::Words
    }
}

/// Digits between two equal separators of a date, or colons of a time; beside them nothing but a
/// zone or AM and PM.
fn is_date(text: &str, digits: usize) -> bool {
    let separators = |separator: char| text.matches(separator).count();
    let is_split = ['-', '/', '.'].iter().any(|&one| separators(one) == 2) && digits >= 4;
    let is_clock = (1..=2).contains(&separators(':')) && digits >= 3;
    let is_plain = |c: char| c.is_ascii_digit() || "-/.:+, TZAPMapm".contains(c);
    (is_split || is_clock)
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(is_plain)
}
