//! .dta, the files of Stata: versions 113 to 119, which Stata 8 and later write. A description of
//! the variables (`description`), the rows, long strings and labels of values.
//!
//! All 27 missing values of Stata are missing; the labels of values are kept beside them. The format
//! is published (`help dta` in Stata). Checked against files that pandas and pyreadstat wrote
//! (`tests/fixtures/files/make.py`).

mod description;
mod long_strings;

use encoding_rs::Encoding;

use super::bytes::{Bytes, up_to_zero};
use super::encoding;
use super::ids::name_of;
use super::moments::Moment;
use super::table::{Table, Wanted, most_bytes};
use super::variables::{Fault, Variable, Variables};
use crate::problem::{Problem, Refusal};
use description::{Described, Description, Kind};
use long_strings::LongStrings;

/// Days and milliseconds of Stata count from the beginning of 1960; seconds to that of 1970.
const SIXTIES: f64 = 315_619_200.0;
const SECONDS_OF_DAY: f64 = 86_400.0;

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
    let damaged = |why: String| Fault::Damaged(why).problem(&file, "Stata", encoding_rs::UTF_8);
    let mut source = Bytes::new(bytes);
    let described = Description::read(&mut source, typed).map_err(damaged)?;
    let most = most_bytes(bytes.len());
    let variables = rows(&described, source, wanted, most)
        .map_err(|fault| fault.problem(&file, "Stata", described.encoding))?;
    let notes = note(&file, &described, typed);
    let hash = blake3::hash(bytes).to_hex().to_string();
    variables.table(file, hash, notes.into_iter().collect())
}

fn rows(
    description: &Description,
    mut source: Bytes<'_>,
    wanted: Wanted<'_>,
    most: usize,
) -> Result<Variables, Fault> {
    let (rows, long_strings, labels) = sections(description, &mut source)?;
    let of = |variable: &Described| {
        let is_text = matches!(variable.kind, Kind::Text(_) | Kind::LongText);
        let mut made = Variable::new(variable.name.clone(), is_text, variable.moment());
        made.labels = labels.get(&variable.label_set).cloned().unwrap_or_default();
        made
    };
    let all = description.variables.iter().map(of).collect();
    let mut variables = Variables::new(all, wanted, description.encoding, most);
    for row in rows {
        variables.begin_row()?;
        let mut row = source_of(description, row);
        for (at, variable) in description.variables.iter().enumerate() {
            match variable.kind {
                Kind::Text(width) => variables.push_text(at, Some(up_to_zero(row.take(width)?)))?,
                Kind::LongText => {
                    let reference = long_strings::reference(&mut row, description)?;
                    variables.push_text(at, Some(long_strings.get(reference)?))?;
                }
                kind => {
                    let number = number(kind, &mut row)?;
                    variables.push_number(at, number.map(|number| seconds(variable, number)));
                }
            }
        }
    }
    Ok(variables)
}

type Sections<'a> = (
    std::slice::ChunksExact<'a, u8>,
    LongStrings<'a>,
    std::collections::BTreeMap<String, super::value_labels::ValueLabels>,
);

/// The rows, and what they refer to behind them.
fn sections<'a>(description: &Description, source: &mut Bytes<'a>) -> Result<Sections<'a>, String> {
    if let Some(places) = &description.places {
        source.seek(places.data)?;
        source.expect(b"<data>")?;
    }
    let rows = source.entries(description.n_rows, description.row_bytes())?;
    let mut long_strings = LongStrings::default();
    if let Some(places) = &description.places {
        source.seek(places.long_strings)?;
        source.expect(b"<strls>")?;
        long_strings = LongStrings::read(source, description)?;
        source.seek(places.labels)?;
        source.expect(b"<value_labels>")?;
    }
    Ok((rows, long_strings, description.labels(source)?))
}

fn source_of<'a>(description: &Description, row: &'a [u8]) -> Bytes<'a> {
    let mut source = Bytes::new(row);
    source.set_big_endian(description.is_big_endian);
    source
}

/// A number; the largest ones of each kind are missing values.
fn number(kind: Kind, row: &mut Bytes<'_>) -> Result<Option<f64>, String> {
    let (number, largest) = match kind {
        Kind::Byte => (f64::from(row.u8()? as i8), 100.0),
        Kind::Int => (f64::from(row.u16()? as i16), 32_740.0),
        Kind::Long => (f64::from(row.i32()?), 2_147_483_620.0),
        Kind::Float => {
            let number = f32::from_bits(row.u32()?);
            (f64::from(number), f64::from(f32::from_bits(0x7eff_ffff)))
        }
        Kind::Double | Kind::Text(_) | Kind::LongText => {
            (row.f64()?, f64::from_bits(0x7fdf_ffff_ffff_ffff))
        }
    };
    Ok((number <= largest).then_some(number))
}

fn seconds(variable: &Described, number: f64) -> f64 {
    match variable.moment() {
        Some(Moment::Date) => number * SECONDS_OF_DAY - SIXTIES,
        Some(Moment::DateAndTime) => number / 1000.0 - SIXTIES,
        Some(Moment::Duration) | None => number,
    }
}

fn note(file: &str, description: &Description, typed: Option<&'static Encoding>) -> Option<String> {
    let is_other = description.encoding != encoding_rs::UTF_8 && typed.is_none();
    // Before version 118 the file does not say its encoding.
    let has_letters = description.has_texts();
    (is_other && has_letters).then(|| {
        format!(
            "{}: read as {}, for its version of Stata says no encoding",
            name_of(file),
            description.encoding.name()
        )
    })
}
