//! A sentence-transformers folder: which file says what, and what holds where a file is absent.
//!
//! `config` is the network's shape, `modules` what follows it (pooling, length 1), `limits` the longest text and the prompt, `tokens` the tokenizer,
//! `tensors` and `weight_files` the weights. Everything is read and checked when a model is opened, except the weights themselves.

pub(crate) mod config;
pub(crate) mod limits;
pub(crate) mod modules;
pub(crate) mod tensors;
pub(crate) mod tokens;
mod weight_files;

use crate::error::{Error, Result, damaged, unreadable};
use serde::de::DeserializeOwned;
use std::path::Path;

/// A JSON file, or `None` when it is absent.
fn optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        damaged(
            path,
            format!("no usable JSON ({error})"),
            "the file as its author published it",
        )
    })
}

/// A JSON file that must be there.
fn json<T: DeserializeOwned>(path: &Path, advice: &str) -> Result<T> {
    optional_json(path)?.ok_or_else(|| Error::Missing {
        path: path.to_owned(),
        advice: advice.to_owned(),
    })
}
