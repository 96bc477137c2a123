//! Fetching a model into the Hugging Face cache: what breaks off is resumed by the next attempt,
//! and every file is compared with the hash that the server promised. Built with the feature
//! `download`.

#[cfg(feature = "download")]
mod hub;
#[cfg(feature = "download")]
mod verify;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::name::ModelName;
use crate::tell::progress::Progress;

/// Why a model could not be fetched. What was fetched is kept, and the next attempt goes on from
/// there.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// No cache to put it into.
    #[error("there is no folder for models\n  try: set HF_HOME")]
    NoCache,
    /// Built without the feature.
    #[error(
        "this ocean-host was built without downloads\n  try: `cargo build --release --features ocean-host/download`; or put the model into a folder"
    )]
    NotBuilt,
    /// The user forbade it.
    #[error(
        "{variable} is set, and the model is not on this machine\n  try: unset {variable}; or put the model into the cache"
    )]
    Offline {
        /// Which variable.
        variable: &'static str,
    },
    /// The server knows no such model, or does not show it.
    #[error(
        "the server knows no model `{id}` at revision `{revision}`, or does not show it without a token ({status})\n  try: check the name; HF_TOKEN for a model that needs one"
    )]
    Unknown {
        /// Its name.
        id: String,
        /// Branch, tag or commit.
        revision: String,
        /// Of HTTP.
        status: u16,
    },
    /// Files of another kind of model.
    #[error(
        "`{id}` holds no safetensors weights with a config.json beside them\n  try: a model in the sentence-transformers layout; or convert it and name the folder"
    )]
    NoModel {
        /// Its name.
        id: String,
    },
    /// The connection failed, also after several attempts.
    #[error(
        "the download broke off at {file}: {problem}\n  try: the same command again; it goes on from there"
    )]
    Broken {
        /// Which file; "its list of files" before the first.
        file: String,
        /// What the connection said.
        problem: String,
    },
    /// An answer that no sound server gives.
    #[error(
        "{file}: the server's answer is not followed: {problem}\n  try: another server (HF_ENDPOINT); or put the model into a folder"
    )]
    Refused {
        /// Which file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The bytes are not those that the server promised. They are removed.
    #[error(
        "{file} does not have the hash that the server promised ({found}, expected {expected}); it was removed\n  try: the same command again"
    )]
    WrongHash {
        /// Which file.
        file: String,
        /// Of what came.
        found: String,
        /// Of what should have come.
        expected: String,
    },
    /// Ctrl-C.
    #[error("interrupted; the same command goes on from there")]
    Interrupted,
}

/// The variable of the environment that forbids the network, if one does.
pub(crate) fn offline_variable() -> Option<&'static str> {
    ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
        .into_iter()
        .find(|variable| {
            let value = std::env::var(variable).unwrap_or_default().to_lowercase();
            ["1", "on", "yes", "true"].contains(&value.as_str())
        })
}

/// Fetches a model and gives the folder of its snapshot.
///
/// Obeys HF_ENDPOINT, HF_TOKEN (or the token file beside the cache), HF_HUB_OFFLINE and
/// TRANSFORMERS_OFFLINE.
///
/// # Errors
/// [`DownloadError`].
pub fn fetch(
    name: &ModelName,
    cache: Option<&Path>,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<PathBuf, DownloadError> {
    if let Some(variable) = offline_variable() {
        return Err(DownloadError::Offline { variable });
    }
    let cache = cache.ok_or(DownloadError::NoCache)?;
    fetch_into(name, cache, progress, interrupted)
}

#[cfg(feature = "download")]
fn fetch_into(
    name: &ModelName,
    cache: &Path,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<PathBuf, DownloadError> {
    let endpoint = std::env::var("HF_ENDPOINT")
        .ok()
        .filter(|url| !url.is_empty());
    let token = std::env::var("HF_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    hub::Hub::new(name.clone(), cache, endpoint, token).fetch(progress, interrupted)
}

#[cfg(not(feature = "download"))]
fn fetch_into(
    _: &ModelName,
    _: &Path,
    _: &Progress,
    _: &AtomicBool,
) -> Result<PathBuf, DownloadError> {
    Err(DownloadError::NotBuilt)
}
