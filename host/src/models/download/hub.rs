//! The files of one revision, through hf-hub.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};

use super::super::name::ModelName;
use super::DownloadError;
use super::verify::verify;
use crate::progress::Progress;

/// Attempts after the first, for each file.
const RETRIES: usize = 4;

/// A server, and the cache its files go to.
pub struct Hub {
    api: Api,
    cache: Cache,
    name: ModelName,
}

/// What a server has of a model.
struct Listing {
    /// The commit that the revision stands for: all files come from it.
    commit: String,
    /// Settings first, weights last: weights that are there mean that all is there.
    files: Vec<String>,
}

impl Hub {
    /// `endpoint`, `token`: those of Hugging Face when absent.
    pub fn new(
        name: ModelName,
        cache: &Path,
        endpoint: Option<String>,
        token: Option<String>,
    ) -> Result<Self, DownloadError> {
        let cache = Cache::new(cache.to_path_buf());
        let mut builder = ApiBuilder::from_cache(cache.clone())
            .with_progress(false)
            .with_retries(RETRIES)
            .with_user_agent("ocean-host", env!("CARGO_PKG_VERSION"));
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        if token.is_some() {
            builder = builder.with_token(token);
        }
        let api = builder
            .build()
            .map_err(|error| broken("the first connection", &error))?;
        Ok(Self { api, cache, name })
    }

    /// Fetches what is not here yet. The work is done on a thread of its own, so that Ctrl-C ends it at once.
    pub fn fetch(
        self,
        progress: &Progress,
        interrupted: &AtomicBool,
    ) -> Result<PathBuf, DownloadError> {
        let (events, received) = channel();
        let worker = std::thread::spawn(move || self.fetch_all(&events));
        show(&received, progress, interrupted)?;
        // hf-hub panics on some answers that no sound server gives.
        worker.join().unwrap_or_else(|_| {
            Err(DownloadError::Broken {
                file: "an answer of the server".to_owned(),
                problem: "it cannot be understood".to_owned(),
            })
        })
    }

    fn fetch_all(&self, events: &Sender<Event>) -> Result<PathBuf, DownloadError> {
        let listing = self.list()?;
        let at_commit = self.repo(&listing.commit);
        let repo = self.api.repo(at_commit.clone());
        let snapshot = self.cache.repo(at_commit).pointer_path(&listing.commit);
        for file in &listing.files {
            self.fetch_file(&repo, &snapshot, file, events)?;
        }
        // The ref is what makes the revision findable: written when all is there.
        if listing.commit != self.name.revision {
            let pointers = self.cache.repo(self.repo(&self.name.revision));
            pointers
                .create_ref(&listing.commit)
                .map_err(|error| broken("refs", &error))?;
        }
        Ok(snapshot)
    }

    fn repo(&self, revision: &str) -> Repo {
        Repo::with_revision(self.name.id.clone(), RepoType::Model, revision.to_owned())
    }

    fn list(&self) -> Result<Listing, DownloadError> {
        let id = || self.name.id.clone();
        let info = self
            .api
            .repo(self.repo(&self.name.revision))
            .info()
            .map_err(|error| match status(&error) {
                Some(status @ (401 | 403 | 404)) => DownloadError::Unknown {
                    id: id(),
                    revision: self.name.revision.clone(),
                    status,
                },
                _ => broken("its list of files", &error),
            })?;
        let files = wanted(info.siblings.into_iter().map(|sibling| sibling.rfilename));
        let has_weights = files.iter().any(|file| file.ends_with(".safetensors"));
        if !has_weights || !files.iter().any(|file| file == "config.json") {
            return Err(DownloadError::NoModel { id: id() });
        }
        Ok(Listing {
            commit: info.sha,
            files,
        })
    }

    fn fetch_file(
        &self,
        repo: &ApiRepo,
        snapshot: &Path,
        file: &str,
        events: &Sender<Event>,
    ) -> Result<(), DownloadError> {
        let path = snapshot.join(file);
        if !path.exists() {
            repo.download_with_progress(file, Reporter(events.clone()))
                .map_err(|error| {
                    if is_beyond_the_end(&error) {
                        self.remove_parts();
                    }
                    broken(file, &error)
                })?;
        }
        let blob = path.canonicalize().map_err(|error| broken(file, &error))?;
        let checked = verify(&blob).map_err(|error| broken(file, &error))?;
        checked.map_err(|mismatch| {
            // Both are gone or the next attempt says the same; there is nobody to tell of a failure here.
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_file(&blob);
            DownloadError::WrongHash {
                file: file.to_owned(),
                found: mismatch.found,
                expected: mismatch.expected,
            }
        })
    }

    /// Partly fetched files that no server can go on with.
    fn remove_parts(&self) {
        let blobs = self
            .cache
            .repo(self.repo(&self.name.revision))
            .blob_path("any");
        let files = blobs
            .parent()
            .and_then(|folder| std::fs::read_dir(folder).ok());
        for file in files.into_iter().flatten().flatten() {
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "part")
            {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

/// What a sentence-transformers folder needs: settings, vocabularies and weights at its root and in the folders of its modules; other formats stay where
/// they are, and nothing leads out of the snapshot.
fn wanted(files: impl Iterator<Item = String>) -> Vec<String> {
    let is_wanted = |file: &String| {
        let parts: Vec<&str> = file.split('/').collect();
        let is_plain = parts
            .iter()
            .all(|part| !part.is_empty() && !part.starts_with('.'));
        let is_place = match parts.as_slice() {
            [_] => true,
            // 1_Pooling, 2_Dense, 2_Normalize
            [module, _] => module.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        };
        is_plain
            && is_place
            && [".json", ".txt", ".safetensors"]
                .iter()
                .any(|end| file.ends_with(end))
    };
    let mut files: Vec<String> = files.filter(is_wanted).collect();
    files.sort_by_key(|file| (file.ends_with(".safetensors"), file.clone()));
    files
}

/// What the downloading thread says.
enum Event {
    File { name: String, bytes: u64 },
    Bytes(u64),
}

/// Shows events until the downloading thread has ended.
fn show(
    received: &Receiver<Event>,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<(), DownloadError> {
    let mut stage = None;
    loop {
        match received.recv_timeout(Duration::from_millis(50)) {
            Ok(Event::File { name, bytes }) => {
                stage = Some(progress.stage_of(&format!("downloading {name}"), bytes, "bytes"))
            }
            Ok(Event::Bytes(n)) => stage.iter().for_each(|stage| stage.add(n)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if interrupted.load(Ordering::Relaxed) {
            return Err(DownloadError::Interrupted);
        }
    }
    stage.into_iter().for_each(crate::progress::Stage::finish);
    Ok(())
}

/// Sends what hf-hub tells on. Nobody listens after Ctrl-C.
struct Reporter(Sender<Event>);

impl hf_hub::api::Progress for Reporter {
    fn init(&mut self, size: usize, filename: &str) {
        let name = filename.to_owned();
        let _ = self.0.send(Event::File {
            name,
            bytes: size as u64,
        });
    }

    fn update(&mut self, size: usize) {
        let _ = self.0.send(Event::Bytes(size as u64));
    }

    fn finish(&mut self) {}
}

fn broken(file: &str, error: &(impl std::error::Error + ?Sized)) -> DownloadError {
    // hf-hub's own message of a failed retry holds the reason.
    DownloadError::Broken {
        file: file.to_owned(),
        problem: error.to_string(),
    }
}

/// The status of HTTP, if that is what went wrong.
fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        ApiError::TooManyRetries(error) => status(error),
        _ => None,
    }
}

/// What is here is as long as the file or longer, and yet not finished.
fn is_beyond_the_end(error: &ApiError) -> bool {
    matches!(error, ApiError::InvalidResume) || status(error) == Some(416)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_last_and_other_formats_not_at_all() {
        let files = [
            "model.safetensors",
            "config.json",
            "1_Pooling/config.json",
            "onnx/model.onnx",
            "pytorch_model.bin",
            "README.md",
            ".gitattributes",
            "vocab.txt",
            "../x.json",
            "/etc/x.json",
            "1_Pooling/../../x.json",
            "2_Dense/model.safetensors",
            "modules.json",
            "openvino/x.json",
        ];
        assert_eq!(
            wanted(files.map(str::to_owned).into_iter()),
            [
                "1_Pooling/config.json",
                "config.json",
                "modules.json",
                "vocab.txt",
                "2_Dense/model.safetensors",
                "model.safetensors"
            ]
        );
    }
}
