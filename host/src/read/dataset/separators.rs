//! Points and commas in numbers: which of them a column has, what to try where they make a cell
//! unreadable, and a doubt where they may have made it another number.

use super::doubt::Doubt;
use super::ids::name_of;
use super::missing::is_missing;
use super::table::{Cell, Column};
use crate::problem::{Problem, listed_up_to, quoted};

/// Whole numbers that are so many times those with a point are of another kind.
const FAR_ABOVE: f64 = 50.0;
/// Fewer cells of either kind are no pattern.
const LEAST_CELLS: usize = 3;

/// What stands before the decimals of a column's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Point,
    Comma,
    Both,
}

/// The notation of the numbers among cells; `None` where none of them has decimals. One or two
/// points or commas too many, as between thousands, are another notation than a decimal comma.
///
/// Words end it where they begin: a column of texts is not looked through for numbers.
pub(super) fn notation<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Notation> {
    let (mut found, mut n_words, mut n) = (None, 0_usize, 0_usize);
    for cell in cells {
        let kind = match kind(cell.trim()) {
            Kind::Comma => Notation::Comma,
            Kind::Point => Notation::Point,
            Kind::Word => {
                n_words += 1;
                n += 1;
                if n_words > 20 && 2 * n_words > n {
                    return None;
                }
                continue;
            }
            Kind::Whole => {
                n += 1;
                continue;
            }
            Kind::Missing => continue,
        };
        n += 1;
        found = match found {
            None => Some(kind),
            Some(before) if before == kind => Some(kind),
            Some(_) => return Some(Notation::Both),
        };
    }
    found
}

enum Kind {
    Missing,
    Whole,
    Comma,
    Point,
    Word,
}

fn kind(text: &str) -> Kind {
    let number = unsigned(text);
    let has_digits = number.contains(|c: char| c.is_ascii_digit());
    if is_missing(text) {
        Kind::Missing
    } else if !has_digits {
        Kind::Word
    } else if text.parse::<f64>().is_ok() {
        match text.contains('.') {
            true => Kind::Point,
            false => Kind::Whole,
        }
    } else if has_decimal_comma(number) {
        Kind::Comma
    } else if ['.', ',']
        .iter()
        .any(|&one| is_grouped(number.split(',').next().unwrap_or_default(), one).is_some())
        || is_grouped(number, ',').is_some()
    {
        Kind::Point
    } else {
        Kind::Word
    }
}

/// `2,5`, `0,125` and also `1,733`.
fn has_decimal_comma(number: &str) -> bool {
    number.matches(',').count() == 1
        && !number.contains('.')
        && number.replace(',', ".").parse::<f64>().is_ok()
}

/// What is said of columns that were read with decimal commas: numbers and nothing else.
pub(super) fn with_commas(file: &str, columns: &[Column]) -> Option<String> {
    let is_number = |column: &Column, row: usize| match column.cell(row) {
        Cell::Text(text) => is_missing(text) || column.numeral(text).parse::<f64>().is_ok(),
        _ => true,
    };
    let read = columns.iter().filter(|column| {
        column.has_decimal_commas
            && (0..column.places.numbers.len()).all(|row| is_number(column, row))
    });
    let names: Vec<String> = read.map(|column| format!("`{}`", column.name)).collect();
    let listed = listed_up_to(5, names.iter().cloned());
    (!names.is_empty()).then(|| format!("{}: read with decimal commas: {listed}", name_of(file)))
}

/// The refusal of a column in which some numbers have a decimal comma and others a point.
pub(super) fn both_notations(column: &Column, role: &str) -> Option<Problem> {
    let cells = || {
        (0..column.places.numbers.len()).filter_map(|row| match column.cell(row) {
            Cell::Text(text) => Some((row, text.trim())),
            _ => None,
        })
    };
    let (comma, with_comma) = cells().find(|(_, text)| has_decimal_comma(unsigned(text)))?;
    // `1,733.50` beside `1,733` says what the comma is.
    let has_point =
        |text: &str| matches!(kind(text), Kind::Point) && is_grouped(unsigned(text), ',').is_none();
    let (point, with_point) = cells().find(|(_, text)| has_point(text))?;
    let (first, second) = match comma < point {
        true => (comma, point),
        false => (point, comma),
    };
    let message = format!(
        "{role} has decimal commas and points: {} and {}, at {}",
        quoted(with_comma),
        quoted(with_point),
        column.places.listed(&[first, second])
    );
    let problem = Problem::new(column.places.of(first), message);
    Some(problem.with_try("one notation in the whole column, and no separators of thousands"))
}

/// What to try about cells that are no numbers, where separators explain the first of them.
pub(super) fn advice<'a>(mut wrong: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let first = wrong.clone().next()?;
    let digits = |text: &str| text.replace([',', '.', ' ', '\'', '\u{a0}', '\u{202f}', '’'], "");
    let number = unsigned(first);
    if is_grouped(number, ',').is_some() {
        // "2,5" beside it settles what the comma means, and so does "1,234,567" or "1,733.50".
        if wrong.clone().any(is_decimal_comma) {
            return Some("a decimal point instead of the comma".to_owned());
        }
        let is_thousands = |text: &str| {
            let text = unsigned(text);
            text.matches(',').count() > 1 || text.contains(',') && text.contains('.')
        };
        let (whole, fraction) = first.split_once('.').unwrap_or((first, ""));
        let plain = match fraction {
            "" => digits(whole),
            fraction => format!("{}.{fraction}", digits(whole)),
        };
        return Some(match wrong.any(is_thousands) {
            true => format!("{plain} for {}: no separators of thousands", quoted(first)),
            false => format!(
                "{plain} for {} if the comma separates thousands, {} if it is a decimal comma; numbers with a decimal point and no other separator",
                quoted(first),
                first.replace(',', ".")
            ),
        });
    }
    if is_decimal_comma(first) {
        return Some("a decimal point instead of the comma".to_owned());
    }
    if let Some((whole, fraction)) = number.split_once(',')
        && is_grouped(whole, '.').is_some()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        let whole = digits(first.split(',').next()?);
        return Some(format!(
            "{whole}.{fraction} for {}: no separators of thousands, and a decimal point",
            quoted(first)
        ));
    }
    let separators = ['.', ' ', '\'', '\u{a0}', '\u{202f}', '’'];
    let is_one = |separator| is_grouped(number, separator).is_some();
    separators.into_iter().any(is_one).then(|| {
        format!(
            "{} for {}: no separators of thousands",
            digits(first),
            quoted(first)
        )
    })
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// `2,5` and `0,125`, and not `1,733`, which may be either.
fn is_decimal_comma(text: &str) -> bool {
    let number = unsigned(text);
    number.matches(',').count() == 1
        && number.replace(',', ".").parse::<f64>().is_ok()
        && is_grouped(number, ',').is_none()
}

/// One to three digits that do not begin with 0, then groups of three, and decimals at the most:
/// the number of groups.
fn is_grouped(number: &str, separator: char) -> Option<usize> {
    let whole = match separator {
        '.' => number,
        _ => number.split('.').next().unwrap_or_default(),
    };
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = whole.split(separator);
    let first = parts.next()?;
    let is_first = (1..=3).contains(&first.len()) && are_digits(first) && !first.starts_with('0');
    let rest: Vec<&str> = parts.collect();
    let are_groups = rest.iter().all(|part| part.len() == 3 && are_digits(part));
    let has_sound_end = number
        .strip_prefix(whole)
        .is_some_and(|end| end.is_empty() || end.len() > 1 && are_digits(&end[1..]));
    (is_first && are_groups && has_sound_end && !rest.is_empty()).then_some(rest.len())
}

/// `1.733` beside `980`: every number with a point has three digits behind it, and all numbers
/// without one are below 1,000 and far larger.
pub(super) fn thousands(column: &Column) -> Option<Doubt> {
    let (mark, name) = match column.has_decimal_commas {
        true => (',', "comma"),
        false => ('.', "point"),
    };
    let (mut pointed, mut whole): (Vec<(f64, &str)>, Vec<f64>) = (Vec::new(), Vec::new());
    for row in 0..column.places.numbers.len() {
        let Cell::Text(text) = column.cell(row) else {
            continue;
        };
        let text = text.trim();
        let Ok(number) = column.numeral(text).parse::<f64>() else {
            continue; // missing
        };
        match text.contains(mark) {
            true if is_grouped(unsigned(text), mark) == Some(1) => {
                pointed.push((number.abs(), text))
            }
            false if number.abs() < 1000.0 && !text.contains(['e', 'E']) => {
                whole.push(number.abs())
            }
            _ => return None,
        }
    }
    if pointed.len() < LEAST_CELLS || whole.len() < LEAST_CELLS {
        return None;
    }
    let example = pointed[0].1.to_owned();
    let (n_pointed, n_whole) = (pointed.len(), whole.len());
    let small = median(pointed.iter().map(|(number, _)| *number).collect());
    let large = median(whole);
    if large < FAR_ABOVE * small {
        return None;
    }
    Some(Doubt {
        code: "thousands",
        is_serious: true,
        about: vec![column.name.clone()],
        seen: format!(
            "`{}` has {n_pointed} numbers with a {name} and three digits behind it, such as {example}, and {n_whole} whole numbers below 1000 that are far larger (median {large}).",
            column.name
        ),
        meaning: format!(
            "The {name} may separate thousands, so that {example} means {}; it was read as a decimal {name}.",
            example.replace(mark, "")
        ),
        remedy: "Write these numbers without separators of thousands.".to_owned(),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
