//! The dictionary: what the variables are called, where they stand in a case, and what their values
//! mean.
//!
//! Records come one after the other, each with its kind: variables first, by short names, then what
//! later versions of SPSS added, by those names: long ones, strings longer than 255 bytes.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::super::bytes::{Bytes, name};
use super::super::encoding::named;
use super::super::moments::Moment;
use super::super::value_labels::{Level, ValueLabels};
use super::missing_values::MissingValues;
use super::records::{RawVariable, Records};

/// Bytes of a number, and of each part of a text.
pub(super) const SLOT: usize = 8;
/// Longer strings are several variables, of which each but the last holds as many bytes.
const LONGEST: usize = 255;
/// Bytes by which the number of those variables goes.
const SEGMENT: usize = 252;

/// How the cases are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Codes,
    /// Codes in blocks of zlib.
    Blocks,
}

/// What stands before the cases.
#[derive(Debug)]
pub(super) struct Dictionary {
    pub is_big_endian: bool,
    pub compression: Compression,
    /// What codes of numbers are above the number.
    pub bias: f64,
    pub n_cases: Option<usize>,
    /// Slots of a case.
    pub n_slots: usize,
    pub system_missing: f64,
    pub encoding: &'static Encoding,
    pub variables: Vec<Variable>,
}

/// A variable of the user.
#[derive(Debug)]
pub(super) struct Variable {
    pub name: String,
    pub kind: Kind,
    /// Its first slot.
    pub slot: usize,
    pub missing: MissingValues,
    pub labels: ValueLabels,
    format: u8,
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// Bytes; more than 255 in several segments.
    Text {
        width: usize,
    },
}

impl Dictionary {
    /// Reads up to the first case. `typed`: the encoding that the user says.
    pub fn read(source: &mut Bytes<'_>, typed: Option<&'static Encoding>) -> Result<Self, String> {
        let magic = source.take(4)?;
        if magic != b"$FL2" && magic != b"$FL3" {
            return Err("it does not begin as one".to_owned());
        }
        source.take(60)?; // the program that wrote it
        let mut layout = source.clone();
        let is_big_endian = !matches!(layout.i32()?, 2 | 3);
        source.set_big_endian(is_big_endian);
        if !matches!(source.i32()?, 2 | 3) {
            return Err("the order of its bytes is not known".to_owned());
        }
        source.i32()?; // slots of a case, which some programs get wrong
        let compression = match source.i32()? {
            0 => Compression::None,
            1 => Compression::Codes,
            2 => Compression::Blocks,
            _ => return Err("it is compressed in an unknown way".to_owned()),
        };
        source.i32()?; // the variable of weights
        let n_cases = usize::try_from(source.i32()?).ok();
        let bias = source.f64()?;
        source.take(9 + 8 + 64 + 3)?; // date, time, title
        let records = Records::read(source)?;
        let extensions = &records.extensions;
        let said = extensions.encoding.as_deref().and_then(named);
        let encoding = typed
            .or(said)
            .unwrap_or_else(|| of_code(extensions.code_page));
        let mut variables = records.user_variables(encoding)?;
        records.add_labels(&mut variables, encoding);
        Ok(Self {
            is_big_endian,
            compression,
            bias,
            n_cases,
            n_slots: records.n_slots,
            system_missing: extensions.system_missing.unwrap_or(-f64::MAX),
            encoding,
            variables,
        })
    }

    /// The number in a slot of a case; `None` where there is none.
    pub fn number(&self, case: &[u8], slot: usize) -> Option<f64> {
        let bytes = case.get(slot * SLOT..)?.first_chunk()?;
        let number = match self.is_big_endian {
            true => f64::from_be_bytes(*bytes),
            false => f64::from_le_bytes(*bytes),
        };
        (number.to_bits() != self.system_missing.to_bits()).then_some(number)
    }

    /// A number as the file stores it.
    pub fn bytes_of(&self, number: f64) -> [u8; SLOT] {
        match self.is_big_endian {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        }
    }
}

/// The bytes of a text from a case.
pub(super) fn gather(case: &[u8], slot: usize, width: usize, text: &mut Vec<u8>) {
    text.clear();
    let mut at = slot * SLOT;
    while text.len() < width {
        let n_bytes = LONGEST.min(width - text.len());
        let end = case.len().min(at + n_bytes);
        text.extend_from_slice(case.get(at..end).unwrap_or_default());
        if end < at + n_bytes {
            return;
        }
        at += n_bytes.next_multiple_of(SLOT);
    }
}

/// Variables that a text of so many bytes takes.
pub(super) fn n_segments(width: usize) -> usize {
    match width <= LONGEST {
        true => 1,
        false => width.div_ceil(SEGMENT),
    }
}

/// The encoding of a code page.
fn of_code(code: Option<i32>) -> &'static Encoding {
    match code {
        Some(65001) => UTF_8,
        Some(code) if code > 4 => named(&format!("windows-{code}"))
            .or_else(|| named(&format!("cp{code}")))
            .unwrap_or(WINDOWS_1252),
        _ => WINDOWS_1252,
    }
}

impl Variable {
    pub fn new(raw: &RawVariable<'_>, name: String, kind: Kind, measure: Option<i32>) -> Self {
        let mut labels = ValueLabels::default();
        labels.level = match measure {
            Some(1) => Level::Nominal,
            Some(2 | 3) => Level::Ordered,
            _ => Level::Unknown,
        };
        Self {
            name,
            kind,
            slot: raw.slot,
            missing: raw.missing.clone(),
            labels,
            format: raw.format,
        }
    }

    /// Numbers that are dates or times, by the format in which they are shown.
    pub fn moment(&self) -> Option<Moment> {
        if self.kind != Kind::Number {
            return None;
        }
        match self.format {
            20 | 23 | 24 | 28 | 29 | 30 | 38 | 39 => Some(Moment::Date),
            22 | 41 => Some(Moment::DateAndTime),
            21 | 25 | 40 => Some(Moment::Duration),
            _ => None,
        }
    }
}

/// A short name as records refer to it.
pub(super) fn short(field: &[u8]) -> String {
    name(field, WINDOWS_1252).to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_gathered_from_its_segments() {
        // 300 bytes: 255 in 32 slots, one byte of which is not used, and 45 more.
        let mut case = vec![b'-'; SLOT];
        case.extend([b'a'; 255]);
        case.push(b' ');
        case.extend([b'b'; 48]);
        let mut text = Vec::new();
        gather(&case, 1, 300, &mut text);
        assert_eq!(text.len(), 300);
        assert_eq!((text[254], text[255], text[299]), (b'a', b'b', b'b'));
        gather(&case, 40, 300, &mut text);
        assert!(text.is_empty());
        let segments = [1, 255, 256, 504, 505].map(n_segments);
        assert_eq!(segments, [1, 1, 2, 2, 3]);
    }
}
