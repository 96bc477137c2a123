//! A server of vectors on loopback, that speaks OpenAI's `/embeddings` and breaks it on request.
//! Its vectors depend on the text alone, and come in the reverse order of the texts.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// Numbers of a vector.
pub const WIDTH: usize = 8;

/// What is done with a sound reply.
#[derive(Debug, Clone, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Another one stands in its place: status, lines of headers, body.
    Instead(&'static str, String, String),
    /// The first words become the second, everywhere.
    Replaced(&'static str, &'static str),
    /// It ends after so many bytes of its body.
    Cut(usize),
    /// Every number is larger by this.
    Shifted(f32),
    /// It never comes.
    Held,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// What `Authorization` says.
    pub authorization: Option<String>,
    /// The object that was sent.
    pub body: Value,
}

impl Request {
    /// The texts that were sent.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let texts = self.body["input"].as_array().into_iter().flatten();
        texts
            .filter_map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    }
}

/// A running server; it ends with the test.
#[derive(Debug)]
pub struct VectorsServer {
    /// Its port.
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl VectorsServer {
    /// `fault`: of a request and its number, from 0.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(fault: impl Fn(usize, &Request) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (seen, fault) = (Arc::clone(&requests), Arc::new(fault));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, fault) = (Arc::clone(&seen), Arc::clone(&fault));
                std::thread::spawn(move || answer(&stream, &seen, &*fault));
            }
        });
        Self { port, requests }
    }

    /// One without faults.
    ///
    /// # Panics
    /// As [`VectorsServer::start`].
    #[must_use]
    pub fn sound() -> Self {
        Self::start(|_, _| Fault::None)
    }

    /// The address before `/embeddings`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        let seen = self.requests.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The texts of all requests so far.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.requests().iter().flat_map(Request::texts).collect()
    }
}

/// The vector of a text: how often each of eight letters stands in it, by its length.
#[must_use]
pub fn vector(text: &str) -> [f32; WIDTH] {
    let count = |letter: char| text.chars().filter(|c| *c == letter).count() as f32;
    let length = text.chars().count().max(1) as f32;
    ['a', 'e', 'i', 'n', 'r', 's', 't', ' '].map(|letter| 0.01 + count(letter) / length)
}

fn answer(
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    fault: &dyn Fn(usize, &Request) -> Fault,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = request(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(request.clone());
            seen.len() - 1
        };
        if reply(stream, &request, &fault(number, &request)).is_none() {
            return; // hung up
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some(Request {
        path,
        authorization,
        body,
    })
}

fn reply(mut stream: &TcpStream, request: &Request, fault: &Fault) -> Option<()> {
    let shift = match fault {
        Fault::Shifted(by) => *by,
        _ => 0.0,
    };
    let texts = request.texts();
    let items = texts.iter().enumerate().rev().map(|(index, text)| {
        let vector = vector(text).map(|number| number + shift);
        json!({ "object": "embedding", "index": index, "embedding": vector })
    });
    let items: Vec<Value> = items.collect();
    let body = json!({ "object": "list", "model": request.body["model"], "data": items });
    let mut body = body.to_string();
    let (mut status, mut headers, mut most) = ("200 OK", String::new(), usize::MAX);
    match fault {
        Fault::None | Fault::Shifted(_) => {}
        Fault::Instead(of, lines, other) => {
            (status, headers, body) = (of, lines.clone(), other.clone());
        }
        Fault::Replaced(from, to) => body = body.replace(from, to),
        Fault::Cut(after) => most = *after,
        Fault::Held => loop {
            std::thread::sleep(Duration::from_secs(60));
        },
    }
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\ncontent-type: application/json\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let sent = body.as_bytes();
    stream.write_all(&sent[..sent.len().min(most)]).ok()?;
    if most < sent.len() {
        let _ = stream.shutdown(Shutdown::Both);
        return None;
    }
    Some(())
}
