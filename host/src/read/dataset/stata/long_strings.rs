//! Strings of any length, which stand behind the rows and are referred to by variable and row.

use std::collections::HashMap;

use super::super::bytes::Bytes;
use super::description::Description;

/// Where a text was first: variable and row.
type Reference = (u64, u64);

/// All of a file.
#[derive(Debug, Default)]
pub(super) struct LongStrings<'a> {
    by_reference: HashMap<Reference, &'a [u8]>,
}

/// A text, and one that ends with a zero.
const ENDS_WITH_ZERO: u8 = 130;

impl<'a> LongStrings<'a> {
    pub fn read(source: &mut Bytes<'a>, description: &Description) -> Result<Self, String> {
        let mut by_reference = HashMap::new();
        while source.clone().expect(b"GSO").is_ok() {
            source.expect(b"GSO")?;
            let variable = u64::from(source.u32()?);
            let row = match description.version {
                ..118 => u64::from(source.u32()?),
                _ => source.u64()?,
            };
            let kind = source.u8()?;
            let length = source.u32()? as usize;
            let text = source.take(length)?;
            let text = match (kind, text.split_last()) {
                (ENDS_WITH_ZERO, Some((0, text))) => text,
                _ => text,
            };
            by_reference.insert((variable, row), text);
        }
        Ok(Self { by_reference })
    }

    /// The text that a cell refers to; nothing for 0, 0.
    pub fn get(&self, reference: Reference) -> Result<&'a [u8], String> {
        match self.by_reference.get(&reference) {
            Some(text) => Ok(text),
            None if reference == (0, 0) => Ok(&[]),
            None => Err("a cell refers to a long string that is not there".to_owned()),
        }
    }
}

/// The reference in a cell: eight bytes, of which the variable takes 4, 2 or 3.
pub(super) fn reference(
    row: &mut Bytes<'_>,
    description: &Description,
) -> Result<Reference, String> {
    let both = row.u64()?;
    let of_variable = match description.version {
        ..118 => 32,
        118 => 16,
        _ => 24,
    };
    Ok(match description.is_big_endian {
        true => (both >> (64 - of_variable), both & (u64::MAX >> of_variable)),
        false => (both & (u64::MAX >> (64 - of_variable)), both >> of_variable),
    })
}
