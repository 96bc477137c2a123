//! Columns that look like scores and are none, and how that is said.

use super::cells::{cell, shown};
use super::inspect::{Facts, MOST_LEVELS, Shape};
use super::name::Name;
use crate::problem::listed_up_to;
use crate::read::dataset::table::{Column, Table};

/// With fewer different values a column of numbers is a code or a flag.
const LEAST_VALUES: usize = 4;
/// Two for each of five folds.
const LEAST_ROWS: usize = 10;
/// Years of our days; a column of whole numbers that all lie here counts years.
const YEARS: std::ops::RangeInclusive<f64> = 1900.0..=2035.0;
/// From 1999 to 2036 in seconds since 1970.
const SECONDS: std::ops::RangeInclusive<f64> = 9.2e8..=2.1e9;

/// Why a column of numbers is no score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Doubt {
    Constant,
    FewValues(usize),
    FewRows(usize),
    NumbersRows,
    Index,
    Id,
    Fold,
    Year,
    Date,
    Code,
    Paperwork,
    CountsText,
    Nominal,
}

impl Doubt {
    /// The sentence that all columns of this kind share.
    pub fn why(self) -> String {
        match self {
            Self::Constant => "it is constant".into(),
            Self::FewValues(n) => format!("it has only {n} different values"),
            Self::FewRows(n) => format!("it has only {n} values, and five folds need {LEAST_ROWS}"),
            Self::NumbersRows => "it numbers the rows".into(),
            Self::Index => "row names of R or pandas, by its name".into(),
            Self::Id => "an id or label, by its name".into(),
            Self::Fold => "it looks like folds or a split; the program draws folds of its own, a column cannot give them yet".into(),
            Self::Year => "it looks like years".into(),
            Self::Date => "it looks like dates or times".into(),
            Self::Code => "a code, by its name: its numbers are no amounts".into(),
            Self::Paperwork => "how the survey went, by its name, rather than an answer".into(),
            Self::Nominal => "categories, as the file says: each number is a name; --target takes them all the same".into(),
            Self::CountsText => "it counts the characters or words of the text; covariates = [\"length\"] takes their number out".into(),
        }
    }

    /// What to say of a target that the user named all the same.
    pub fn detail(self) -> String {
        match self {
            Self::Constant | Self::FewValues(_) | Self::FewRows(_) | Self::NumbersRows => {
                self.why()
            }
            _ => String::new(),
        }
    }
}

/// Why a column of numbers is no score, if it is none.
pub fn doubt(facts: &Facts, name: &Name, n_rows: usize) -> Option<Doubt> {
    let is_whole = facts.is_whole_numbers();
    let (low, high) = facts.range;
    let is_in =
        |range: &std::ops::RangeInclusive<f64>| range.contains(&low) && range.contains(&high);
    if !facts.is_numeric() {
        None
    } else if facts.n_distinct == 1 {
        Some(Doubt::Constant)
    } else if name.says_fold() && is_whole && facts.n_distinct <= 50 {
        Some(Doubt::Fold)
    } else if facts.n_distinct < LEAST_VALUES {
        Some(Doubt::FewValues(facts.n_distinct))
    } else if facts.n_present < LEAST_ROWS && n_rows >= LEAST_ROWS {
        Some(Doubt::FewRows(facts.n_present))
    } else if facts.numbers_rows(n_rows) {
        Some(Doubt::NumbersRows)
    } else if name.says_index() && is_whole {
        Some(Doubt::Index)
    } else if (name.says_id() || name.is_label()) && is_whole {
        Some(Doubt::Id)
    } else if is_whole
        && (is_in(&YEARS) && !name.says_person() || name.says_year() && is_in(&(1000.0..=2200.0)))
    {
        Some(Doubt::Year)
    } else if name.says_date() && high >= 1000.0
        || is_whole && is_in(&SECONDS)
        || is_whole && low >= 9.2e11 && high <= 2.1e12
    {
        Some(Doubt::Date)
    } else if name.says_code() && is_whole {
        Some(Doubt::Code)
    } else if name.says_paperwork() {
        Some(Doubt::Paperwork)
    } else if name.says_count_of_text() && is_whole {
        Some(Doubt::CountsText)
    } else {
        None
    }
}

/// Why a column that is nearly one of numbers is none, with its cells.
pub fn nearly(facts: &Facts, table: &Table) -> Option<(String, String)> {
    let n = facts.n_present;
    let of = |count: usize| format!("{count} of {} cells", table.n_rows);
    let example = || {
        let first = facts.words.first();
        first.map_or(String::new(), |(cell, _)| {
            format!("such as `{}`", shown(cell))
        })
    };
    if facts.is_mostly(Shape::Vector) {
        return Some(("lists, which look like vectors; a table of one number a column can be named as `embeddings` under [[encoder]]".into(), String::new()));
    }
    let commas = facts.count(Shape::DecimalComma);
    if commas > 0 && 10 * (commas + facts.n_numbers) >= 9 * n {
        return Some((
            format!(
                "{} have a decimal comma, and a point would make them numbers",
                of(commas)
            ),
            example(),
        ));
    }
    let percents = facts.count(Shape::Percent);
    if percents > 0 && 10 * (percents + facts.n_numbers) >= 9 * n {
        return Some((
            format!(
                "{} have a percent sign, without which they are numbers",
                of(percents)
            ),
            example(),
        ));
    }
    if 2 * facts.n_numbers < n || facts.n_numbers < 2 {
        return None;
    }
    let n_words = n - facts.n_numbers;
    let cells: Vec<String> = facts
        .words
        .iter()
        .map(|(cell, _)| format!("`{}`", shown(cell)))
        .collect();
    let what = match (facts.words.as_slice(), cells.as_slice()) {
        ([_], [one]) if n_words == 1 => format!("1 of {} cells is {one}", table.n_rows),
        ([_], [one]) => format!("{} are {one}", of(n_words)),
        _ => format!("{} are no numbers: {}", of(n_words), listed_up_to(3, cells)),
    };
    let remedy = "a cell holds a number, or nothing where there is no value";
    Some((format!("nearly a score, but {what}"), remedy.into()))
}

/// What is known of a column of words without looking at other columns.
pub fn of_words(facts: &Facts, name: &Name) -> Option<&'static str> {
    const SPLITS: [&str; 10] = [
        "train",
        "training",
        "test",
        "testing",
        "dev",
        "val",
        "valid",
        "validation",
        "holdout",
        "eval",
    ];
    let is_split =
        |(word, _): &(String, usize)| SPLITS.contains(&word.trim().to_lowercase().as_str());
    if facts.is_numeric() {
        None
    } else if facts.words.iter().all(is_split) || name.says_fold() && facts.n_distinct <= 50 {
        Some(
            "it looks like folds or a split; the program draws folds of its own, a column cannot give them yet",
        )
    } else if facts.is_mostly(Shape::Date) || name.says_date() {
        Some("it looks like dates or times")
    } else if name.says_paperwork() {
        Some("how the survey went, by its name, rather than an answer")
    } else if name.says_person() {
        Some("its name: about the person")
    } else if facts.n_distinct == 1 {
        Some("it says the same in every row that says something")
    } else {
        None
    }
}

/// A column of a few words.
pub fn levels(facts: &Facts) -> (String, String) {
    if facts.n_distinct > MOST_LEVELS {
        return (
            format!("words, {} different ones", facts.n_distinct),
            String::new(),
        );
    }
    let levels = facts
        .words
        .iter()
        .map(|(word, _)| format!("`{}`", shown(word)));
    (
        "words, where a score has numbers; if they have an order, number them".into(),
        listed_up_to(3, levels),
    )
}

/// `1 to 6, 11 different values`.
pub fn described(facts: &Facts, column: &Column) -> String {
    let short = |number: f64| match number.fract() == 0.0 || number.abs() >= 1000.0 {
        true => format!("{number:.0}"),
        false => format!("{number:.2}"),
    };
    let labels = column.listed_labels();
    format!(
        "{} to {}, {} different values{}",
        short(facts.range.0),
        short(facts.range.1),
        facts.n_distinct,
        labels.map_or(String::new(), |labels| format!(": {labels}"))
    )
}

/// Characters and words of each text.
pub fn lengths(text: &Column) -> [Vec<f64>; 2] {
    let cells = (0..text.places.numbers.len()).map(|row| cell(text.cell(row)));
    let (mut characters, mut words) = (Vec::new(), Vec::new());
    for cell in cells {
        characters.push(cell.chars().count() as f64);
        words.push(cell.split_whitespace().count() as f64);
    }
    [characters, words]
}
