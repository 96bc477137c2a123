//! NumPy's .npy: two-dimensional arrays of numbers, read in either order and written row by row,
//! and one-dimensional ones of ids.
//!
//! The header is read here by hand: it comes from strangers, holds three keys, and must neither
//! overflow nor recurse.

use std::io::{self, Write};

use nalgebra::DMatrix;
use npyz::WriterBuilder;

use crate::problem::quoted;

const NOT_NPY: &str = "is not a .npy file: it does not begin as NumPy's files do";
const DAMAGED: &str = "is a .npy file whose header is cut off or damaged";

/// Reads the bytes of a file as a matrix, rows as in NumPy.
///
/// # Errors
/// One line in words: what the array is and what it should be, or how much of it is missing.
pub fn read(bytes: &[u8]) -> Result<DMatrix<f64>, String> {
    let (header, held) = split(bytes)?;
    let Some(number) = Number::of(header.descr) else {
        return Err(format!(
            "holds numbers of type {}; expected floats or whole numbers, as x.astype('float32') gives",
            quoted(header.descr)
        ));
    };
    let width = number.width;
    let [n_rows, n_columns] = match *header.shape {
        [rows, columns] if rows > 0 && columns > 0 => [rows, columns],
        _ => {
            return Err(format!(
                "has shape {}; expected (rows, dimensions), both above 0",
                header.shape_text
            ));
        }
    };
    let count = n_rows.checked_mul(n_columns);
    let needed = count.and_then(|count| count.checked_mul(width));
    if needed != Some(held.len()) {
        let needed = needed.map_or("no possible number of".to_owned(), |n| n.to_string());
        return Err(format!(
            "is cut off or too long: {n_rows} × {n_columns} numbers take {needed} bytes, and {} follow the header",
            held.len()
        ));
    }
    let numbers = held.chunks_exact(width).map(|bytes| number.read(bytes));
    Ok(match header.is_fortran {
        true => DMatrix::from_iterator(n_rows, n_columns, numbers),
        false => DMatrix::from_row_iterator(n_rows, n_columns, numbers),
    })
}

struct Header<'a> {
    descr: &'a str,
    is_fortran: bool,
    shape: Vec<usize>,
    shape_text: &'a str,
}

/// The header and the bytes after it: magic, version, length (2 bytes in version 1, 4 since), a
/// Python dictionary.
fn split(bytes: &[u8]) -> Result<(Header<'_>, &[u8]), String> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NOT_NPY)?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(DAMAGED.to_owned()),
    };
    let (text, held) = rest.split_at_checked(length).ok_or(DAMAGED)?;
    let header = std::str::from_utf8(text).ok().and_then(header);
    Ok((header.ok_or(DAMAGED)?, held))
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`
fn header(text: &str) -> Option<Header<'_>> {
    let after = |key: &str| text.split_once(key).map(|(_, value)| value.trim_start());
    let descr = after("'descr':")?;
    let descr = match descr.strip_prefix('\'') {
        Some(name) => name.split_once('\'')?.0,
        None => descr.split_once(", 'fortran_order'")?.0, // a structure
    };
    let shape = after("'shape':")?;
    let shape_text = &shape[..=shape.find(')')?];
    let sizes = shape_text.strip_prefix('(')?.strip_suffix(')')?.split(',');
    Some(Header {
        descr,
        is_fortran: after("'fortran_order':")?.starts_with("True"),
        shape: sizes
            .map(str::trim)
            .filter(|size| !size.is_empty())
            .map(|size| size.parse().ok())
            .collect::<Option<_>>()?,
        shape_text,
    })
}

/// How a number is written: `<f4`, `>i2`, `|u1`.
#[derive(Clone, Copy)]
struct Number {
    kind: char,
    width: usize,
    is_big_endian: bool,
}

impl Number {
    fn of(descr: &str) -> Option<Number> {
        let mut characters = descr.chars();
        let (order, kind) = (characters.next()?, characters.next()?);
        let width = characters.as_str().parse().ok()?;
        let is_known = match kind {
            'f' => matches!(width, 2 | 4 | 8),
            'i' | 'u' => matches!(width, 1 | 2 | 4 | 8),
            _ => false,
        };
        (is_known && matches!(order, '<' | '>' | '|')).then_some(Number {
            kind,
            width,
            is_big_endian: order == '>',
        })
    }

    /// Eight bytes of the number, sign and all, little-endian.
    fn bits(self, bytes: &[u8]) -> [u8; 8] {
        let mut bits = [0; 8];
        for (at, bit) in bits.iter_mut().enumerate().take(self.width) {
            let from = if self.is_big_endian {
                self.width - 1 - at
            } else {
                at
            };
            *bit = bytes.get(from).copied().unwrap_or_default();
        }
        let is_negative = self.kind == 'i' && bits[self.width - 1] >= 0x80;
        if is_negative {
            bits[self.width..].fill(0xff);
        }
        bits
    }

    fn read(self, bytes: &[u8]) -> f64 {
        let bits = self.bits(bytes);
        let low = [bits[0], bits[1], bits[2], bits[3]];
        match (self.kind, self.width) {
            ('f', 2) => half::f16::from_le_bytes([bits[0], bits[1]]).to_f64(),
            ('f', 4) => f64::from(f32::from_le_bytes(low)),
            ('f', _) => f64::from_le_bytes(bits),
            ('u', _) => u64::from_le_bytes(bits) as f64,
            _ => i64::from_le_bytes(bits) as f64,
        }
    }
}

/// How many dimensions an array has.
///
/// # Errors
/// As [`read`].
pub fn n_dimensions(bytes: &[u8]) -> Result<usize, String> {
    split(bytes).map(|(header, _)| header.shape.len())
}

/// How an id is written.
#[derive(Clone, Copy)]
enum IdForm {
    /// `<U4`
    Unicode,
    /// `|S4`
    Bytes,
    /// `<i8`
    Whole(Number),
}

impl IdForm {
    /// With the bytes that one takes.
    fn of(descr: &str) -> Option<(IdForm, usize)> {
        let size = |rest: &str| rest.parse::<usize>().ok().filter(|size| *size > 0);
        if let Some(rest) = descr.strip_prefix("<U") {
            Some((IdForm::Unicode, size(rest)?.checked_mul(4)?))
        } else if let Some(rest) = descr.strip_prefix("|S") {
            Some((IdForm::Bytes, size(rest)?))
        } else {
            let number = Number::of(descr).filter(|number| number.kind != 'f')?;
            Some((IdForm::Whole(number), number.width))
        }
    }

    fn read(self, bytes: &[u8]) -> Option<String> {
        match self {
            IdForm::Unicode => unicode(bytes),
            IdForm::Bytes => Some(
                std::str::from_utf8(bytes)
                    .ok()?
                    .trim_end_matches('\0')
                    .to_owned(),
            ),
            IdForm::Whole(number) if number.kind == 'i' => {
                Some(i64::from_le_bytes(number.bits(bytes)).to_string())
            }
            IdForm::Whole(number) => Some(u64::from_le_bytes(number.bits(bytes)).to_string()),
        }
    }
}

/// The ids in an array of one dimension: texts or whole numbers.
///
/// # Errors
/// One line in words: what the array is and what it should be, or how much of it is missing.
pub fn ids(bytes: &[u8]) -> Result<Vec<String>, String> {
    let (header, held) = split(bytes)?;
    let [n_rows] = *header.shape else {
        return Err(format!(
            "has shape {}; expected (rows,), one id a row",
            header.shape_text
        ));
    };
    let Some((form, width)) = IdForm::of(header.descr) else {
        return Err(format!(
            "holds ids of type {}; expected texts or whole numbers, as ids.astype(str) gives",
            quoted(header.descr)
        ));
    };
    if n_rows.checked_mul(width) != Some(held.len()) {
        return Err(format!(
            "is cut off or too long: {n_rows} ids, and {} bytes follow the header",
            held.len()
        ));
    }
    let ids = held.chunks_exact(width).map(|bytes| form.read(bytes));
    let ids: Option<Vec<String>> = ids.collect();
    ids.ok_or_else(|| "holds ids that are no text".to_owned())
}

/// Four bytes a character, zeros at the end.
fn unicode(bytes: &[u8]) -> Option<String> {
    let characters = bytes.chunks_exact(4).map(|bytes| {
        let code = bytes.try_into().ok().map(u32::from_le_bytes)?;
        char::from_u32(code)
    });
    let text: String = characters.collect::<Option<_>>()?;
    Some(text.trim_end_matches('\0').to_owned())
}

/// Writes an array of f4: `values` row by row, `n_columns` a row.
///
/// # Errors
/// Whatever the writer reports; `InvalidInput` when the values are no whole number of rows.
pub fn write_f32(to: impl Write, n_columns: usize, values: &[f32]) -> io::Result<()> {
    write(to, n_columns, values)
}

/// Writes an array of f8: `values` row by row, `n_columns` a row.
///
/// # Errors
/// As [`write_f32`].
pub fn write_f64(to: impl Write, n_columns: usize, values: &[f64]) -> io::Result<()> {
    write(to, n_columns, values)
}

fn write<T: npyz::AutoSerialize + Copy>(
    to: impl Write,
    n_columns: usize,
    values: &[T],
) -> io::Result<()> {
    if n_columns == 0 || !values.len().is_multiple_of(n_columns) {
        let message = format!("{} values in rows of {n_columns}", values.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let shape = [(values.len() / n_columns) as u64, n_columns as u64];
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&shape)
        .writer(to)
        .begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()
}

#[cfg(test)]
#[path = "npy_tests.rs"]
mod tests;
