//! .sav and .zsav, the files of SPSS: a dictionary of variables (`dictionary`), then the cases
//! (`cases`), plain, in byte codes, or these in blocks of zlib.
//!
//! Values that the file calls missing are missing, and counted; the labels of values are kept
//! beside them. The format is not published; it is as PSPP documents it ("System File Format").
//! Checked against files that pyreadstat wrote (`tests/fixtures/files/make.py`).

mod cases;
mod dictionary;
mod missing_values;
mod records;

use encoding_rs::Encoding;

use super::bytes::Bytes;
use super::encoding;
use super::ids::name_of;
use super::moments::Moment;
use super::table::{Table, Wanted, most_bytes};
use super::variables::{Fault, Variable, Variables};
use crate::problem::{Problem, Refusal, listed_up_to};
use cases::Cases;
use dictionary::{Dictionary, Kind};

/// Seconds from the beginning of the Gregorian calendar, where SPSS begins, to that of 1970.
const GREGORIAN: f64 = 12_219_379_200.0;

/// Reads the bytes of a file. `typed`: the encoding that the user says.
pub fn read(
    file: String,
    bytes: &[u8],
    typed: Option<&str>,
    wanted: Wanted<'_>,
) -> Result<Table, Refusal> {
    if bytes.is_empty() {
        return Err(Problem::new(file, "is empty").into());
    }
    let typed = encoding::typed(&file, typed)?;
    let damaged = |why: String| Fault::Damaged(why).problem(&file, "SPSS", encoding_rs::UTF_8);
    let mut source = Bytes::new(bytes);
    let dictionary = Dictionary::read(&mut source, typed).map_err(damaged)?;
    let most = most_bytes(bytes.len());
    let encoding = dictionary.encoding;
    let (variables, n_missing) = rows(&dictionary, source, wanted, most)
        .map_err(|fault| fault.problem(&file, "SPSS", encoding))?;
    let notes = notes(&file, &dictionary, &n_missing, typed);
    let hash = blake3::hash(bytes).to_hex().to_string();
    variables.table(file, hash, notes)
}

/// All rows, and of each variable how many of its values the file calls missing.
fn rows(
    dictionary: &Dictionary,
    source: Bytes<'_>,
    wanted: Wanted<'_>,
    most: usize,
) -> Result<(Variables, Vec<usize>), Fault> {
    let of = |variable: &dictionary::Variable| {
        let is_text = matches!(variable.kind, Kind::Text { .. });
        let mut made = Variable::new(variable.name.clone(), is_text, variable.moment());
        made.labels = variable.labels.clone();
        made
    };
    let all = dictionary.variables.iter().map(of).collect();
    let mut variables = Variables::new(all, wanted, dictionary.encoding, most);
    let mut n_missing = vec![0; dictionary.variables.len()];
    let mut cases = Cases::open(dictionary, source, most)?;
    let mut text = Vec::new();
    while let Some(case) = cases.next()? {
        variables.begin_row()?;
        for (at, variable) in dictionary.variables.iter().enumerate() {
            match variable.kind {
                Kind::Number => {
                    let number = dictionary.number(case, variable.slot);
                    let is_missing = number.is_some_and(|number| variable.missing.has(number));
                    n_missing[at] += usize::from(is_missing);
                    let number = number.filter(|_| !is_missing);
                    variables.push_number(at, number.map(|number| seconds(variable, number)));
                }
                Kind::Text { width } => {
                    dictionary::gather(case, variable.slot, width, &mut text);
                    let is_missing = variable.missing.has_text(&text);
                    n_missing[at] += usize::from(is_missing);
                    // A field is as wide as its longest text.
                    let field = (!is_missing).then_some(text.trim_ascii_end());
                    variables.push_text(at, field)?;
                }
            }
        }
    }
    Ok((variables, n_missing))
}

fn seconds(variable: &dictionary::Variable, number: f64) -> f64 {
    match variable.moment() {
        Some(Moment::Date | Moment::DateAndTime) => number - GREGORIAN,
        Some(Moment::Duration) | None => number,
    }
}

fn notes(
    file: &str,
    dictionary: &Dictionary,
    n_missing: &[usize],
    typed: Option<&'static Encoding>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if dictionary.encoding != encoding_rs::UTF_8 && typed.is_none() {
        notes.push(format!(
            "{}: read as {}",
            name_of(file),
            dictionary.encoding.name()
        ));
    }
    let n_cells: usize = n_missing.iter().sum();
    if n_cells > 0 {
        let of = dictionary.variables.iter().zip(n_missing);
        let of = of.filter(|(_, n)| **n > 0);
        let each =
            of.map(|(variable, n)| format!("`{}` {n} ({})", variable.name, variable.missing));
        notes.push(format!(
            "{}: values that the file calls missing are missing: {}",
            name_of(file),
            listed_up_to(8, each)
        ));
    }
    notes
}
