//! NumPy's .npz: .npy files in a zip archive. One of two dimensions holds the vectors, one of one
//! dimension may hold their ids.

use std::io::{Cursor, Read};

use nalgebra::DMatrix;
use zip::ZipArchive;

use super::npy;
use super::quiet::caught;
use super::table::most_bytes;
use crate::problem::{listed_up_to, quoted};

/// The arrays of vectors and of ids in the bytes of a file.
///
/// # Errors
/// One line in words: no archive, no or several arrays that could be the vectors, an array that
/// cannot be read.
pub fn read(bytes: &[u8]) -> Result<(DMatrix<f64>, Option<Vec<String>>), String> {
    let entries =
        caught(|| entries(bytes)).unwrap_or_else(|| Err(damaged("the reader gave up on it")))?;
    let shapes: Vec<(&str, usize)> = entries
        .iter()
        .map(|(name, bytes)| Ok((name.as_str(), npy::n_dimensions(bytes)?)))
        .collect::<Result<_, String>>()?;
    let of = |dimensions: usize| {
        let names = shapes.iter().filter(move |(_, n)| *n == dimensions);
        names.map(|(name, _)| *name).collect::<Vec<&str>>()
    };
    let content = |name: &str| {
        let found = entries.iter().find(|(other, _)| other == name);
        found.map_or(&[][..], |(_, bytes)| bytes.as_slice())
    };
    let vectors = match of(2).as_slice() {
        [one] => npy::read(content(one))
            .map_err(|message| format!("array {}: {message}", quoted(one)))?,
        several => {
            let all = listed_up_to(
                8,
                shapes
                    .iter()
                    .map(|(name, n)| format!("{} ({n} dimensions)", quoted(name))),
            );
            return Err(format!(
                "has {} arrays of two dimensions, and one is expected, (rows, dimensions); its arrays are {all}",
                several.len()
            ));
        }
    };
    let ids = match of(1).as_slice() {
        [one] => Some(
            npy::ids(content(one))
                .map_err(|message| format!("array {}: {message}", quoted(one)))?,
        ),
        several => match several.iter().find(|name| IDS.contains(name)) {
            Some(name) => Some(
                npy::ids(content(name))
                    .map_err(|message| format!("array {}: {message}", quoted(name)))?,
            ),
            None => None,
        },
    };
    Ok((vectors, ids))
}

/// What the ids are called where there are several arrays of one dimension.
const IDS: [&str; 4] = ["ids", "id", "index", "keys"];

fn damaged(why: &str) -> String {
    format!("is not a readable .npz file: {why}")
}

/// Names, without `.npy`, and bytes.
fn entries(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error.to_string()))?;
    let mut left = most_bytes(bytes.len()) as u64;
    let mut entries = Vec::new();
    for at in 0..archive.len() {
        let file = archive
            .by_index(at)
            .map_err(|error| damaged(&error.to_string()))?;
        let name = file.name().map_err(|error| damaged(&error.to_string()))?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut content = Vec::new();
        let mut limited = file.take(left.saturating_add(1));
        limited
            .read_to_end(&mut content)
            .map_err(|error| damaged(&error.to_string()))?;
        let Some(rest) = left.checked_sub(content.len() as u64) else {
            return Err(damaged("it unfolds to more than a file of its size may"));
        };
        left = rest;
        entries.push((name, content));
    }
    Ok(entries)
}
