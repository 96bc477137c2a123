//! NumPy's .npy: two-dimensional arrays of f4 or f8, little-endian, read in either order and
//! written row by row.
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
    let width = match header.descr {
        "<f4" => 4,
        "<f8" => 8,
        other => {
            return Err(format!(
                "holds numbers of type {}; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
                quoted(other)
            ));
        }
    };
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
    let numbers = held.chunks_exact(width).map(number);
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

/// Of 4 or 8 little-endian bytes.
fn number(bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
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
mod tests {
    use super::*;

    /// A file as NumPy writes it, version 1.0: magic, length of the header, header padded to 64,
    /// data.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut text = header.to_owned();
        while !(10 + text.len() + 1).is_multiple_of(64) {
            text.push(' ');
        }
        text.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(descr: &str, is_fortran: bool, shape: &str) -> String {
        let order = if is_fortran { "True" } else { "False" };
        format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")
    }

    #[test]
    fn both_orders_and_both_widths_give_the_same_matrix() {
        let expected = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let f8 =
            |numbers: &[f64]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
        let f4 =
            |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
        let by_row = file(
            &header("'<f8'", false, "(2, 3)"),
            &f8(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        );
        let by_column = file(
            &header("'<f8'", true, "(2, 3)"),
            &f8(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
        );
        let narrow = file(
            &header("'<f4'", false, "(2, 3)"),
            &f4(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        );
        for bytes in [by_row, by_column, narrow] {
            assert_eq!(read(&bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_written_reads_back_to_the_same_bits() {
        let values = [0.1, -0.0, f64::MIN_POSITIVE, 1e300];
        let mut bytes = Vec::new();
        write_f64(&mut bytes, 2, &values).unwrap();
        assert_eq!(
            read(&bytes).unwrap(),
            DMatrix::from_row_slice(2, 2, &values)
        );
        let mut bytes = Vec::new();
        write_f32(&mut bytes, 1, &[0.1_f32]).unwrap();
        assert_eq!(read(&bytes).unwrap()[0], f64::from(0.1_f32));
        assert!(write_f32(Vec::new(), 2, &[1.0]).is_err());
    }

    #[test]
    fn every_unusable_array_is_one_clear_line() {
        let shape = |text: &str| file(&header("'<f4'", false, text), &[0; 24]);
        let dtype = |text: &str| file(&header(text, false, "(2, 3)"), &[0; 24]);
        let cases = [
            (
                shape("(6,)"),
                "has shape (6,); expected (rows, dimensions), both above 0",
            ),
            (
                shape("(1, 2, 3)"),
                "has shape (1, 2, 3); expected (rows, dimensions), both above 0",
            ),
            (
                shape("(0, 3)"),
                "has shape (0, 3); expected (rows, dimensions), both above 0",
            ),
            (
                shape("(2, 4)"),
                "is cut off or too long: 2 × 4 numbers take 32 bytes, and 24 follow the header",
            ),
            (
                shape("(2, 2)"),
                "is cut off or too long: 2 × 2 numbers take 16 bytes, and 24 follow the header",
            ),
            (
                shape("(9000000000000000000, 9000000000000000000)"),
                "is cut off or too long: 9000000000000000000 × 9000000000000000000 numbers take no possible number of bytes, and 24 follow the header",
            ),
            (
                dtype("'|O'"),
                "holds numbers of type \"|O\"; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
            ),
            (
                dtype("'>f4'"),
                "holds numbers of type \">f4\"; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
            ),
            (
                dtype("'<f2'"),
                "holds numbers of type \"<f2\"; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
            ),
            (
                dtype("[('x', '<f4'), ('y', '<f4')]"),
                "holds numbers of type \"[('x', '<f4'), ('y', '<f4')]\"; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
            ),
            (shape("(2, -3)"), DAMAGED),
            (shape("2"), DAMAGED),
            (
                dtype("'<i8'"),
                "holds numbers of type \"<i8\"; expected \"<f4\" or \"<f8\", as x.astype('float32') gives",
            ),
        ];
        for (bytes, message) in cases {
            assert_eq!(read(&bytes).unwrap_err(), message);
        }
        let whole = shape("(2, 3)");
        for length in 0..whole.len() {
            let message = read(&whole[..length]).unwrap_err();
            let is_header = [DAMAGED, NOT_NPY].contains(&message.as_str());
            assert!(
                is_header || message.starts_with("is cut off or too long"),
                "{message}"
            );
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
