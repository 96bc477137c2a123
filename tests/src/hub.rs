//! A server of models on loopback, that speaks as much of the Hugging Face protocol as a download
//! needs, and breaks it on request.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The commit that every revision stands for.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What goes wrong, once each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The first so many bodies of weights end after this many bytes.
    pub cut: Option<(usize, usize)>,
    /// One byte of the weights is another one than their hash promises.
    pub is_corrupt: bool,
    /// Weights are stored on another server.
    pub is_elsewhere: bool,
    /// The etag of every file, instead of its hash.
    pub etag: Option<&'static str>,
    /// The commit, instead of [`COMMIT`].
    pub commit: Option<&'static str>,
}

/// A running server; it ends with the test.
#[derive(Debug)]
pub struct Hub {
    /// For `HF_ENDPOINT`.
    pub url: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    id: String,
    /// By name: bytes, and the hash that is promised.
    files: BTreeMap<String, (Vec<u8>, String)>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<String>>,
    /// Port and path of the requests that came with a token.
    with_token: Mutex<Vec<(u16, String)>>,
    /// Where weights are.
    store: String,
}

impl Hub {
    /// Serves the files of `folder` as the model `id`.
    ///
    /// # Panics
    /// When the folder cannot be read or no port is free.
    #[must_use]
    pub fn serve(id: &str, folder: &Path, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let store = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files);
        let elsewhere = store.local_addr().expect("a bound socket").port();
        let state = Arc::new(State {
            id: id.to_owned(),
            files,
            faults: Mutex::new(faults),
            requests: Mutex::default(),
            with_token: Mutex::default(),
            store: match faults.is_elsewhere {
                true => format!("http://localhost:{elsewhere}"),
                false => url.clone(),
            },
        });
        for listener in [listener, store] {
            let shared = Arc::clone(&state);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let state = Arc::clone(&shared);
                    std::thread::spawn(move || state.answer(stream));
                }
            });
        }
        Self { url, state }
    }

    /// Port and path of every request so far that came with a token.
    #[must_use]
    pub fn with_token(&self) -> Vec<(u16, String)> {
        let seen = self.state.with_token.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Path and range of every request so far: `/path bytes=0-0`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// All files below `folder`, by their names with slashes.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, (Vec<u8>, String)>) {
    for entry in std::fs::read_dir(folder)
        .expect("a folder of a model")
        .flatten()
    {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            let bytes = std::fs::read(entry.path()).expect("a file of a model");
            let hash = promised(&name, &bytes);
            files.insert(name, (bytes, hash));
        }
    }
}

/// SHA-256 for weights, as for everything large there; git's SHA-1 for the rest.
fn promised(name: &str, bytes: &[u8]) -> String {
    use sha1::Digest as _;
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if name.ends_with(".safetensors") {
        hex(&sha2::Sha256::digest(bytes))
    } else {
        let blob = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
        hex(&sha1::Sha1::digest(blob))
    }
}

impl State {
    fn answer(&self, stream: TcpStream) {
        let mut reader = BufReader::new(&stream);
        while let Some((path, range, has_token)) = request(&mut reader) {
            if has_token {
                let port = stream.local_addr().map_or(0, |address| address.port());
                let mut seen = self
                    .with_token
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                seen.push((port, path.clone()));
            }
            let line = format!(
                "{path} {}",
                range.map_or("-".to_owned(), |(from, to)| format!(
                    "{from}-{}",
                    to.map_or(String::new(), |to| to.to_string())
                ))
            );
            self.requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
            if self.reply(&stream, &path, range).is_none() {
                return; // hung up
            }
        }
    }

    fn reply(&self, mut stream: &TcpStream, path: &str, range: Option<Range>) -> Option<()> {
        let Faults { etag, commit, .. } =
            *self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let commit = commit.unwrap_or(COMMIT);
        if path == format!("/api/models/{}/revision/main", self.id) {
            let siblings: Vec<String> = self
                .files
                .keys()
                .map(|name| format!("{{\"rfilename\": {name:?}}}"))
                .collect();
            let body = format!(
                "{{\"sha\": \"{commit}\", \"siblings\": [{}]}}",
                siblings.join(", ")
            );
            return send(
                stream,
                "200 OK",
                &[("content-type", "application/json")],
                body.as_bytes(),
                usize::MAX,
            );
        }
        let name = path
            .strip_prefix(&format!("/{}/resolve/{COMMIT}/", self.id))
            .or_else(|| path.strip_prefix("/store/"))
            .and_then(|name| self.files.get_key_value(name));
        let Some((name, (bytes, hash))) = name else {
            return send(stream, "404 Not Found", &[], b"", 0);
        };
        let is_large = name.ends_with(".safetensors");
        if is_large && !path.starts_with("/store/") {
            let location = format!("{}/store/{name}", self.store);
            let headers = [
                ("location", location.as_str()),
                ("x-linked-etag", etag.unwrap_or(hash)),
                ("x-repo-commit", COMMIT),
            ];
            return send(stream, "302 Found", &headers, b"", 0);
        }
        let (from, to) = range.map_or((0, bytes.len()), |(from, to)| {
            (from, to.map_or(bytes.len(), |to| to + 1))
        });
        let mut body = bytes.get(from..to)?.to_vec();
        let mut most = usize::MAX;
        if is_large && body.len() > 1 {
            let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((times, after)) = faults.cut.filter(|(times, _)| *times > 0) {
                faults.cut = Some((times - 1, after));
                most = after;
            }
            if faults.is_corrupt {
                let last = body.len() - 1;
                body[last] ^= 1;
            }
        }
        let content_range = format!("bytes {from}-{}/{}", to.saturating_sub(1), bytes.len());
        let etag = format!("\"{}\"", etag.unwrap_or(hash));
        let headers = [
            ("content-range", content_range.as_str()),
            ("etag", &etag),
            ("x-repo-commit", COMMIT),
        ];
        send(stream, "206 Partial Content", &headers, &body, most)?;
        stream.flush().ok()
    }
}

/// First byte and, if given, the last one.
type Range = (usize, Option<usize>);

/// The path and the range of one request, and whether it has a token; `None` at the end of a
/// connection.
fn request(reader: &mut impl BufRead) -> Option<(String, Option<Range>, bool)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut range, mut has_token) = (None, false);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            return Some((path, range, has_token));
        }
        has_token |= header.starts_with("authorization:");
        if let Some((from, to)) = header
            .strip_prefix("range: bytes=")
            .and_then(|range| range.split_once('-'))
        {
            range = Some((from.parse().ok()?, to.parse().ok()));
        }
    }
}

/// Sends an answer, or hangs up after `most` bytes of its body.
fn send(
    mut stream: &TcpStream,
    status: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    most: usize,
) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    headers
        .iter()
        .for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body[..body.len().min(most)]).ok()?;
    if most < body.len() {
        let _ = stream.shutdown(std::net::Shutdown::Both);
        return None;
    }
    Some(())
}
