//! Which files hold the weights, and how a safetensors file begins: eight bytes of header length, a
//! JSON header, then the numbers.

use super::optional_json;
use crate::error::{Error, Result, damaged, unreadable};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// What a header says of one tensor.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub dtype: String,
    pub shape: Vec<usize>,
    /// First byte and the byte after the last, counted from the end of the header.
    pub data_offsets: [u64; 2],
}

/// model.safetensors, or the shards its index names, in the order of their names.
pub(super) fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let whole = folder.join("model.safetensors");
    if whole.exists() {
        return Ok(vec![whole]);
    }
    let path = folder.join("model.safetensors.index.json");
    let Some(index) = optional_json::<Index>(&path)? else {
        return Err(no_weights(folder, whole));
    };
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    if names.is_empty() || names.iter().any(|name| name.contains(['/', '\\'])) {
        return Err(damaged(
            &path,
            "no usable list of files",
            "names of safetensors files beside it",
        ));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

fn no_weights(folder: &Path, path: PathBuf) -> Error {
    let advice = if folder.join("pytorch_model.bin").exists()
        || folder.join("pytorch_model.bin.index.json").exists()
    {
        "only pytorch_model.bin is there, which runs code when read; convert it once: python -c \
         \"from sentence_transformers import SentenceTransformer as S; S('OLD_FOLDER').save('NEW_FOLDER')\""
    } else {
        "it holds the weights; fetch the model again"
    };
    Error::Missing {
        path,
        advice: advice.into(),
    }
}

/// Why a shard could not be opened.
pub(super) fn missing_shard(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::Missing {
            path: path.to_owned(),
            advice: "model.safetensors.index.json names it; fetch the model again".into(),
        },
        _ => unreadable(path, error),
    }
}

/// The header and where the numbers begin.
pub(super) fn header(
    path: &Path,
    file: &mut File,
    bytes: u64,
) -> Result<(Map<String, Value>, u64)> {
    let cut = || {
        damaged(
            path,
            format!("{bytes} bytes, less than its own header"),
            "a whole safetensors file; this one is cut, or a pointer of Git LFS",
        )
    };
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| cut())?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER || length + 8 > bytes {
        return Err(cut());
    }
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json).map_err(|_| cut())?;
    let header = serde_json::from_slice(&json).map_err(|error| {
        damaged(
            path,
            format!("a header that is no JSON ({error})"),
            "a safetensors file",
        )
    })?;
    Ok((header, length + 8))
}
