//! The files of one revision: fetched over HTTP into the layout of the cache that all programs of
//! Hugging Face share.
//!
//! Two things are held here that hf-hub 0.5 does not hold, and for which it was given up. The token
//! goes to the server that the user named and to no other: a redirect to a store elsewhere is
//! followed without it. And what a server says, names of files, commit and etag, becomes the name
//! of a file only where it cannot lead out of the cache.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{HeaderMap, Response, Uri, header};
use ureq::{Agent, Body};

use super::super::name::ModelName;
use super::super::whole::{is_model, mark_absent};
use super::DownloadError;
use super::verify::verify;
use crate::keep::atomic;
use crate::platform;
use crate::tell::progress::Progress;

/// Attempts for each file.
const ATTEMPTS: u32 = 5;
/// The pause after the first of them; each is longer by as much.
const PAUSE: Duration = Duration::from_millis(250);
/// Redirects that are followed for one answer.
const REDIRECTS: usize = 10;
/// A connection that says nothing for so long has broken.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes of a list of files.
const LONGEST_LIST: u64 = 16 << 20;
/// Seconds to wait for another process that fetches the same file.
const PATIENCE: u32 = 5;

/// A server, and the cache its files go to.
pub struct Hub {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
    /// The folder of the model in the cache.
    model: PathBuf,
    name: ModelName,
}

/// What a server has of a model.
struct Listing {
    /// The commit that the revision stands for: all files come from it.
    commit: String,
    /// Settings first, weights last: weights that are there mean that all is there.
    files: Vec<String>,
}

/// The list as it is sent.
#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// What a server promises of a file.
struct Promise {
    /// The name of its blob: its hash, mostly.
    etag: String,
    /// Its bytes, where the server says.
    size: Option<u64>,
}

/// Why one answer is of no use.
#[derive(Debug)]
enum Failed {
    /// Another status than success.
    Status(u16),
    /// The connection, or the disk.
    Broken(String),
    /// An answer that is never followed.
    Refused(String),
}

impl From<ureq::Error> for Failed {
    fn from(error: ureq::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Failed {
    /// The next attempt may go better: the line was cut, or the server is busy.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Status(408 | 429 | 500..=599))
    }

    fn of(self, file: &str) -> DownloadError {
        let file = file.to_owned();
        match self {
            Self::Status(status) => DownloadError::Broken {
                file,
                problem: format!("http status: {status}"),
            },
            Self::Broken(problem) => DownloadError::Broken { file, problem },
            Self::Refused(problem) => DownloadError::Refused { file, problem },
        }
    }
}

impl Hub {
    /// `endpoint`, `token`: those of Hugging Face when absent.
    pub fn new(
        name: ModelName,
        cache: &Path,
        endpoint: Option<String>,
        token: Option<String>,
    ) -> Self {
        let endpoint = endpoint.unwrap_or_else(|| "https://huggingface.co".to_owned());
        // Where `hf auth login` keeps it.
        let saved = || fs::read_to_string(cache.parent()?.join("token")).ok();
        let token = token.or_else(saved).map(|token| token.trim().to_owned());
        let agent = Agent::config_builder()
            .user_agent(concat!("ocean-host/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Followed here, where it is decided who sees the token.
            .max_redirects(0)
            .timeout_connect(Some(SILENCE))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build()
            .new_agent();
        Self {
            agent,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.filter(|token| !token.is_empty()),
            model: cache.join(format!("models--{}", name.id.replace('/', "--"))),
            name,
        }
    }

    /// Fetches what is not here yet. The work is done on a thread of its own, so that Ctrl-C ends
    /// it at once.
    pub fn fetch(
        self,
        progress: &Progress,
        interrupted: &AtomicBool,
    ) -> Result<PathBuf, DownloadError> {
        let (events, received) = channel();
        let worker = std::thread::spawn(move || self.fetch_all(&events));
        show(&received, progress, interrupted)?;
        worker.join().unwrap_or_else(|_| {
            Err(DownloadError::Broken {
                file: "an answer of the server".to_owned(),
                problem: "it cannot be understood".to_owned(),
            })
        })
    }

    fn fetch_all(&self, events: &Sender<Event>) -> Result<PathBuf, DownloadError> {
        let listing = self.list()?;
        let snapshot = self.model.join("snapshots").join(&listing.commit);
        for file in &listing.files {
            self.fetch_file(&listing.commit, &snapshot, file, events)?;
        }
        mark_absent(&snapshot, &listing.files);
        // The ref is what makes the revision findable: written when all is there.
        if listing.commit != self.name.revision {
            let refs = self.model.join("refs");
            atomic::create_folder(&refs)
                .and_then(|()| {
                    atomic::write(&refs.join(&self.name.revision), listing.commit.as_bytes())
                })
                .map_err(|error| Failed::Broken(error.to_string()).of("refs"))?;
        }
        Ok(snapshot)
    }

    fn list(&self) -> Result<Listing, DownloadError> {
        let ModelName { id, revision } = &self.name;
        let url = format!("{}/api/models/{id}/revision/{revision}", self.endpoint);
        let read = || -> Result<Info, Failed> {
            let (_, answer) = self.get(&url, None)?;
            let mut body = answer.into_body();
            let bytes = body.with_config().limit(LONGEST_LIST).read_to_vec()?;
            serde_json::from_slice(&bytes)
                .map_err(|error| Failed::Broken(format!("it cannot be understood: {error}")))
        };
        let info = read().map_err(|failed| match failed {
            Failed::Status(status @ (401 | 403 | 404)) => DownloadError::Unknown {
                id: id.clone(),
                revision: revision.clone(),
                status,
            },
            other => other.of("its list of files"),
        })?;
        if !is_commit(&info.sha) {
            let what = format!("{:?} is no commit", info.sha);
            return Err(Failed::Refused(what).of("its list of files"));
        }
        let files = wanted(info.siblings.into_iter().map(|sibling| sibling.rfilename));
        if !is_model(&files) {
            return Err(DownloadError::NoModel { id: id.clone() });
        }
        Ok(Listing {
            commit: info.sha,
            files,
        })
    }

    fn fetch_file(
        &self,
        commit: &str,
        snapshot: &Path,
        file: &str,
        events: &Sender<Event>,
    ) -> Result<(), DownloadError> {
        let path = snapshot.join(file);
        if !path.exists() {
            let url = format!("{}/{}/resolve/{commit}/{file}", self.endpoint, self.name.id);
            let blob = self
                .fetch_blob(&url, file, events)
                .map_err(|failed| failed.of(file))?;
            link(&blob, &path, file).map_err(|error| Failed::from(error).of(file))?;
        }
        let broken = |error: io::Error| Failed::from(error).of(file);
        let blob = path.canonicalize().map_err(broken)?;
        let checked = verify(&blob).map_err(broken)?;
        checked.map_err(|mismatch| {
            // Both are gone or the next attempt says the same; there is nobody to tell of a failure
            // here.
            let _ = fs::remove_file(&path);
            let _ = fs::remove_file(&blob);
            DownloadError::WrongHash {
                file: file.to_owned(),
                found: mismatch.found,
                expected: mismatch.expected,
            }
        })
    }

    /// The bytes of a file under the name that the server gives them. An attempt that breaks off is
    /// gone on with by the next one, of this command or a later.
    fn fetch_blob(&self, url: &str, file: &str, events: &Sender<Event>) -> Result<PathBuf, Failed> {
        let mut attempt = 1;
        loop {
            match self.try_blob(url, file, events) {
                Err(failed) if failed.may_pass() && attempt < ATTEMPTS => {
                    std::thread::sleep(PAUSE * attempt);
                    attempt += 1;
                }
                ended => return ended,
            }
        }
    }

    fn try_blob(&self, url: &str, file: &str, events: &Sender<Event>) -> Result<PathBuf, Failed> {
        let promise = self.promise(url)?;
        let blobs = self.model.join("blobs");
        fs::create_dir_all(&blobs)?;
        let in_blobs = |ending: &str| blobs.join(format!("{}{ending}", promise.etag));
        let (blob, part) = (in_blobs(""), in_blobs(".part"));
        let _lock = lock(&in_blobs(".lock"))?;
        if blob.is_file() {
            return Ok(blob);
        }
        let mut out = File::options().append(true).create(true).open(&part)?;
        let mut start = out.metadata()?.len();
        // More than there is: nothing can be gone on with.
        if promise.size.is_some_and(|size| start > size) {
            out.set_len(0)?;
            start = 0;
        }
        if start == 0 || promise.size != Some(start) {
            let (_, answer) = self.get(url, Some(format!("bytes={start}-")))?;
            // A server without ranges begins at the beginning.
            if answer.status().as_u16() != 206 {
                out.set_len(0)?;
                start = 0;
            } else if range_of(answer.headers()).is_some_and(|(first, _)| first != start) {
                return Err(Failed::Refused("another range than was asked for".into()));
            }
            let _ = events.send(Event::File {
                name: file.to_owned(),
                bytes: promise.size.unwrap_or(0),
            });
            let _ = events.send(Event::Bytes(start));
            let most = promise.size.map_or(u64::MAX, |size| size - start);
            copy(answer.into_body().into_reader(), &mut out, most, events)?;
        }
        out.sync_all()?;
        let length = out.metadata()?.len();
        if promise.size.is_some_and(|size| length < size) {
            return Err(Failed::Broken(format!("it ended after {length} bytes")));
        }
        fs::rename(&part, &blob)?;
        Ok(blob)
    }

    fn promise(&self, url: &str) -> Result<Promise, Failed> {
        let (etag, answer) = self.get(url, Some("bytes=0-0".to_owned()))?;
        let etag = etag.ok_or_else(|| Failed::Refused("it has no etag".to_owned()))?;
        let etag = etag.trim_start_matches("W/").trim_matches('"').to_owned();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !is_name(&etag) || !etag.chars().all(fits) || etag.len() > 128 {
            let what = format!("its etag {etag:?} cannot be the name of a file");
            return Err(Failed::Refused(what));
        }
        let length = answer.headers().get(header::CONTENT_LENGTH);
        let length = || length?.to_str().ok()?.parse().ok();
        let size = match answer.status().as_u16() {
            206 => range_of(answer.headers()).and_then(|(_, whole)| whole),
            _ => length(),
        };
        Ok(Promise { etag, size })
    }

    /// The answer at the end of all redirects, if it is a success, and the etag that the server
    /// named: that of a redirect, where a store elsewhere has etags of its own.
    fn get(
        &self,
        url: &str,
        range: Option<String>,
    ) -> Result<(Option<String>, Response<Body>), Failed> {
        let mut url = url.to_owned();
        let mut etag = None;
        for _ in 0..REDIRECTS {
            let is_own = is_same_origin(&url, &self.endpoint);
            let mut request = self.agent.get(&url);
            if let Some(range) = &range {
                request = request.header(header::RANGE, range);
            }
            if let Some(token) = self.token.as_ref().filter(|_| is_own) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let answer = request.call()?;
            let said = |name: &str| {
                let value = answer.headers().get(name).filter(|_| is_own)?;
                value.to_str().ok().map(str::to_owned)
            };
            etag = etag.or_else(|| said("x-linked-etag"));
            let status = answer.status();
            if !status.is_redirection() {
                let etag = etag.or_else(|| said("etag"));
                return match status.is_success() {
                    true => Ok((etag, answer)),
                    false => Err(Failed::Status(status.as_u16())),
                };
            }
            let location = answer.headers().get(header::LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| resolve(&url, location));
            let next = next.ok_or_else(|| Failed::Refused("a redirect to nowhere".to_owned()))?;
            // The store's own etag is no promise of the server's.
            if !is_same_origin(&next, &self.endpoint) {
                etag = etag.or_else(|| said("etag"));
            }
            url = next;
        }
        Err(Failed::Refused(format!("more than {REDIRECTS} redirects")))
    }
}

/// Copies at most `most` bytes: more than was promised is no part of the file.
fn copy(
    mut body: impl Read,
    out: &mut File,
    most: u64,
    events: &Sender<Event>,
) -> Result<(), Failed> {
    let mut buffer = vec![0; 1 << 16];
    let mut left = most;
    while left > 0 {
        let read = body.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        let bytes = &bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        out.write_all(bytes)?;
        left -= bytes.len() as u64;
        // Nobody listens after Ctrl-C.
        let _ = events.send(Event::Bytes(bytes.len() as u64));
    }
    Ok(())
}

/// Held while a blob is fetched, where the file system has locks.
fn lock(path: &Path) -> Result<File, Failed> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    for _ in 0..PATIENCE {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_secs(1)),
            _ => return Ok(file),
        }
    }
    let what = format!("another program is fetching it ({})", path.display());
    Err(Failed::Broken(what))
}

/// Makes the file of a snapshot: a link into the blobs, as all programs make it, or the blob itself
/// where there are no links.
fn link(blob: &Path, path: &Path, file: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // One that leads nowhere.
    let _ = fs::remove_file(path);
    // From snapshots/COMMIT, and one more for each folder of the file.
    let up = "../".repeat(2 + file.matches('/').count());
    let name = blob.file_name().unwrap_or_default();
    let from_there = Path::new(&up).join("blobs").join(name);
    platform::link(blob, &from_there, path)
}

/// The name of a file or folder in another: not empty, not hidden, not the folder above.
fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.')
}

/// As git names them.
fn is_commit(sha: &str) -> bool {
    matches!(sha.len(), 40 | 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// First byte and size of the whole, of `Content-Range: bytes 0-0/1234`.
fn range_of(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split('-').next()?.parse().ok()?, whole.parse().ok()))
}

/// The same scheme, host and port: whom the user trusts with the token.
fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let url: Uri = url.parse().ok()?;
        let scheme = url.scheme_str()?.to_ascii_lowercase();
        let port = url.port_u16().or(match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        });
        // `user@host` is another sender.
        let authority = url.authority()?.as_str();
        let host = url.host()?.to_ascii_lowercase();
        Some((scheme, host, port)).filter(|_| !authority.contains('@'))
    };
    origin(one).is_some_and(|origin_of_one| Some(origin_of_one) == origin(other))
}

/// Where a redirect from `url` leads.
fn resolve(url: &str, location: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    if location.starts_with("http://") || location.starts_with("https://") {
        Some(location.to_owned())
    } else if location.starts_with("//") {
        Some(format!("{scheme}:{location}"))
    } else if location.starts_with('/') {
        Some(format!("{scheme}://{host}{location}"))
    } else if location.contains("://") || location.is_empty() {
        None
    } else {
        let path = rest.split(['?', '#']).next()?;
        let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
        Some(format!("{scheme}://{folder}/{location}"))
    }
}

/// What a sentence-transformers folder needs: settings, vocabularies and weights at its root and in
/// the folders of its modules; other formats stay where they are, and nothing leads out of the
/// snapshot.
fn wanted(files: impl Iterator<Item = String>) -> Vec<String> {
    let is_wanted = |file: &String| {
        let parts: Vec<&str> = file.split('/').collect();
        // Nothing that any system reads as a separator, a drive or another folder.
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_plain = parts
            .iter()
            .all(|part| is_name(part) && part.chars().all(fits));
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
    stage
        .into_iter()
        .for_each(crate::tell::progress::Stage::finish);
    Ok(())
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
            "0x/..\\evil.json",
            "1_Pooling/c:evil.json",
            "evil\u{0}.json",
            "a\\..\\b.json",
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

    #[test]
    fn the_token_is_for_the_server_that_was_named() {
        let hub = "https://huggingface.co";
        for same in [
            "https://huggingface.co/a/b",
            "https://HuggingFace.co:443/x?y",
        ] {
            assert!(is_same_origin(same, hub), "{same}");
        }
        for other in [
            "https://cdn.huggingface.co/a",
            "http://huggingface.co/a",
            "https://huggingface.co:8443/a",
            "https://huggingface.co@evil.example/a",
            "https://huggingface.co.evil.example/a",
            "/relative",
        ] {
            assert!(!is_same_origin(other, hub), "{other}");
        }
    }

    #[test]
    fn redirects_lead_where_they_say() {
        let from = "https://h.example:1/a/b/c.json?x=/1";
        for (location, expected) in [
            ("http://o.example/y", Some("http://o.example/y")),
            ("//o.example/y", Some("https://o.example/y")),
            ("/y?z", Some("https://h.example:1/y?z")),
            ("d.json", Some("https://h.example:1/a/b/d.json")),
            ("file:///etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(resolve(from, location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn only_hashes_are_commits() {
        assert!(is_commit(&"0a".repeat(20)));
        for other in ["", "main", "../../x", &"../".repeat(14)[..40]] {
            assert!(!is_commit(other), "{other}");
        }
    }
}
