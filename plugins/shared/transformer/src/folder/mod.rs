//! A sentence-transformers folder: which file says what, and what holds where a file is absent.
//!
//! `known` lists what may stand in it, so that nothing that changes vectors passes without a word.
//! `config` is the network's shape, `modules` what follows it (pooling, `dense`, length 1), `limits`
//! the longest text and the prompt, `tokens` the tokenizer (`class` what its class makes of the files,
//! `added` its added tokens, `vocabulary` one without tokenizer.json, `windows` long texts), `tensors`, `rows` and
//! `weight_files` the weights. Everything is read and
//! checked when a model is opened, except the weights themselves.

mod added;
pub(crate) mod class;
pub(crate) mod config;
pub(crate) mod dense;
pub(crate) mod known;
pub(crate) mod limits;
pub(crate) mod modules;
pub(crate) mod rows;
pub(crate) mod tensors;
pub(crate) mod tokens;
mod vocabulary;
mod weight_files;
mod windows;

use crate::error::{Error, Result, damaged, unreadable};
use known::Keys;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::Path;

/// Something lies there, if only a link that leads nowhere.
fn present(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A JSON file, or `None` when it is absent.
fn optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !present(path) => {
            return Ok(None);
        }
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

/// A JSON object whose keys are all known, or `None` when it is absent.
fn optional_object(path: &Path, keys: &Keys) -> Result<Option<Map<String, Value>>> {
    let object: Option<Map<String, Value>> = optional_json(path)?;
    if let Some(object) = &object {
        keys.check(path, object)?;
    }
    Ok(object)
}

/// The members of an object that a type wants.
fn typed<T: DeserializeOwned>(path: &Path, object: Map<String, Value>) -> Result<T> {
    serde_json::from_value(Value::Object(object)).map_err(|error| {
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
