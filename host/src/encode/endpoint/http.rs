//! One request and what may become of it: waited for, tried again, halved, or given up with a
//! sentence.
//!
//! Texts and key go to the address that the user typed. A redirect is never followed, not even to
//! the same machine: where it leads is told, and the user decides. A proxy of the environment is
//! used for other machines alone, for what is sent to this one must not leave it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use ureq::http::{HeaderMap, header};
use ureq::{Agent, Error};

use super::Endpoint;
use super::reply::{Fault, vectors};
use super::said::{Key, clean, message};

/// Bytes of a reply: 32 vectors of 50,000 numbers.
const LONGEST_REPLY: u64 = 64 << 20;
/// Bytes of an error that are looked into for a message.
const LONGEST_ERROR: u64 = 64 << 10;
/// How often Ctrl-C is looked for while waiting.
const TICK: Duration = Duration::from_millis(20);

/// How patient an asking is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Attempts for each request.
    pub attempts: u32,
    /// Of them those that may end in silence until the time limit.
    pub silences: u32,
    /// The pause after the first; each is twice as long as the one before.
    pub pause: Duration,
    /// The longest wait that a server may ask for.
    pub longest_wait: Duration,
}

/// Half a minute of pauses in all.
pub(super) const PATIENCE: Patience = Patience {
    attempts: 8,
    silences: 2,
    pause: Duration::from_millis(250),
    longest_wait: Duration::from_secs(600),
};

/// Why a request came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Ctrl-C, or another request failed.
    Stopped,
    /// Something is wrong with these texts, or with so many at once.
    OfTexts(String),
    /// What happened, and what to try.
    Given { what: String, remedy: String },
}

impl Failed {
    fn given(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Given {
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// Vectors by their place among the texts, and the text at which it ended, if it did.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub vectors: Vec<(usize, Vec<f32>)>,
    pub failed: Option<(Option<usize>, Failed)>,
}

impl Answer {
    pub(super) fn none(failed: Failed) -> Self {
        let is_of_text = matches!(failed, Failed::OfTexts(_));
        Self {
            vectors: Vec::new(),
            failed: Some((is_of_text.then_some(0), failed)),
        }
    }
}

/// How one attempt ended badly.
enum Bad {
    /// The next one may go better, after a pause that the server may have named.
    Busy(String, Option<Duration>),
    /// Nothing came in the time that a request has.
    Silent,
    /// Nothing listens there.
    Absent(String),
    For(Failed),
}

/// Asks one server, from several threads at once.
pub(super) struct Asker {
    agent: Agent,
    url: String,
    model: String,
    dimensions: Option<usize>,
    key: Option<Key>,
    time_limit: Duration,
    patience: Patience,
    width: Arc<OnceLock<usize>>,
    /// The server has answered before.
    is_there: AtomicBool,
    /// No request is sent before: a server that is busy is busy for all threads.
    not_before: Mutex<Option<Instant>>,
    is_stopped: AtomicBool,
}

impl Asker {
    pub(super) fn new(endpoint: &Endpoint, key: Option<Key>, patience: Patience) -> Self {
        let config = Agent::config_builder()
            .user_agent(concat!("ocean-host/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(endpoint.time_limit));
        let config = match endpoint.address.is_local() {
            true => config.proxy(None),
            false => config,
        };
        Self {
            agent: config.build().new_agent(),
            url: format!("{}/embeddings", endpoint.address),
            model: endpoint.model.clone(),
            dimensions: endpoint.dimensions,
            key,
            time_limit: endpoint.time_limit,
            patience,
            width: Arc::clone(&endpoint.width),
            is_there: AtomicBool::new(false),
            not_before: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// No further request, and no further wait.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// The vectors of texts. Where the server refuses so many at once, or one of them, halves are
    /// sent until it takes them or one text is left.
    pub(super) fn ask(&self, texts: &[String]) -> Answer {
        match self.ask_together(texts) {
            Ok(vectors) => Answer {
                vectors: vectors.into_iter().enumerate().collect(),
                failed: None,
            },
            Err(Failed::OfTexts(_)) if texts.len() > 1 => {
                let middle = texts.len() / 2;
                let mut answer = self.ask(&texts[..middle]);
                if answer.failed.is_none() {
                    let second = self.ask(&texts[middle..]);
                    let vectors = second.vectors.into_iter();
                    answer
                        .vectors
                        .extend(vectors.map(|(at, x)| (at + middle, x)));
                    let failed = second.failed;
                    answer.failed = failed.map(|(at, why)| (at.map(|at| at + middle), why));
                }
                answer
            }
            Err(failed) => Answer::none(failed),
        }
    }

    fn ask_together(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Failed> {
        let mut body = json!({ "model": self.model, "input": texts, "encoding_format": "float" });
        if let Some(width) = self.dimensions {
            body["dimensions"] = json!(width);
        }
        let body = body.to_string();
        let (mut attempt, mut silences) = (1, 0);
        loop {
            self.wait()?;
            let problem = match self.try_once(&body, texts) {
                Ok(vectors) => {
                    self.is_there.store(true, Ordering::Relaxed);
                    return Ok(vectors);
                }
                Err(Bad::For(failed)) => return Err(failed),
                Err(Bad::Absent(what)) if !self.is_there.load(Ordering::Relaxed) => {
                    let remedy = "start the server, or look at `endpoint`";
                    return Err(Failed::given(what, remedy));
                }
                Err(Bad::Busy(what, wait)) => {
                    self.put_off(wait)?;
                    what
                }
                Err(Bad::Absent(what)) => what,
                Err(Bad::Silent) => {
                    silences += 1;
                    let seconds = self.time_limit.as_secs_f64();
                    let what = format!("did not answer within {seconds} s (time_limit)");
                    if silences == self.patience.silences {
                        let remedy =
                            "a longer time_limit in this [[encoder]]; what was answered is kept";
                        return Err(Failed::given(what, remedy));
                    }
                    what
                }
            };
            if attempt == self.patience.attempts {
                let what = format!("{problem}, {attempt} times in a row");
                let remedy =
                    "the same command later; what was answered is kept, and it goes on from there";
                return Err(Failed::given(what, remedy));
            }
            self.sleep_until(Instant::now() + self.patience.pause * (1 << (attempt - 1)))?;
            attempt += 1;
        }
    }

    /// Waits as long as the server asked for.
    fn wait(&self) -> Result<(), Failed> {
        let until = *self
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.sleep_until(until.unwrap_or_else(Instant::now))
    }

    fn sleep_until(&self, until: Instant) -> Result<(), Failed> {
        loop {
            if self.is_stopped.load(Ordering::Relaxed) {
                return Err(Failed::Stopped);
            }
            match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Ok(()),
                left => std::thread::sleep(left.min(TICK)),
            }
        }
    }

    fn put_off(&self, wait: Option<Duration>) -> Result<(), Failed> {
        let Some(wait) = wait else {
            return Ok(());
        };
        if wait > self.patience.longest_wait {
            let what = format!("asks to wait {} s", wait.as_secs());
            let remedy =
                "the same command then; what was answered is kept, and it goes on from there";
            return Err(Failed::given(what, remedy));
        }
        let until = Instant::now() + wait;
        let mut not_before = self
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *not_before = (*not_before).max(Some(until));
        Ok(())
    }

    fn try_once(&self, body: &str, texts: &[String]) -> Result<Vec<Vec<f32>>, Bad> {
        let mut request = self
            .agent
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(Key(key)) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let bad = |error: Error| self.bad(&error, texts);
        let answer = request.send(body).map_err(bad)?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let mut reply = answer.into_body();
        if status.is_success() {
            let bytes = reply.with_config().limit(LONGEST_REPLY).read_to_vec();
            let bytes = bytes.map_err(bad)?;
            return self.read(&bytes, texts);
        }
        let words = reply.with_config().limit(LONGEST_ERROR).read_to_vec();
        let words = words.ok().and_then(|bytes| message(&bytes));
        let words = words.map_or(String::new(), |words| {
            format!(": {}", clean(&words, self.key.as_ref(), texts))
        });
        Err(self.refused(status.as_u16(), &words, &headers, texts))
    }

    fn read(&self, bytes: &[u8], texts: &[String]) -> Result<Vec<Vec<f32>>, Bad> {
        let expected = self.width.get().copied().or(self.dimensions);
        let vectors = vectors(bytes, texts.len(), expected).map_err(|fault| match fault {
            Fault::Cut => Bad::Busy("sent half a reply".to_owned(), None),
            Fault::Wrong(what) => {
                let what = clean(&what, self.key.as_ref(), texts);
                let remedy = match what.ends_with("are expected") {
                    true => "look whether another model answers there, or whether this one has those `dimensions`; --cache DIR or another `model` keeps vectors of two widths apart",
                    false => "another server for this model; or vectors made elsewhere, embeddings = \"x.npy\"",
                };
                Bad::For(Failed::given(what, remedy))
            }
        })?;
        let width = vectors.first().map_or(0, Vec::len);
        let known = *self.width.get_or_init(|| width);
        if known != width {
            let what =
                format!("sent vectors of {width} numbers to one request and of {known} to another");
            return Err(Bad::For(Failed::given(
                what,
                "look whether another model answers there",
            )));
        }
        Ok(vectors)
    }

    /// What another status than success means. `words`: of the server, after a colon.
    fn refused(&self, status: u16, words: &str, headers: &HeaderMap, texts: &[String]) -> Bad {
        let answered = format!("answered with status {status}{words}");
        match status {
            300..=399 => {
                let to = headers
                    .get(header::LOCATION)
                    .and_then(|to| to.to_str().ok());
                let to = clean(to.unwrap_or("nowhere"), self.key.as_ref(), texts);
                let what = format!(
                    "leads elsewhere ({status}, to {to}), where neither texts nor key are sent"
                );
                Bad::For(Failed::given(
                    what,
                    "that address as `endpoint`, if it is the right one",
                ))
            }
            408 | 425 | 429 | 500..=599 => Bad::Busy(answered, retry_after(headers)),
            400 | 413 | 422 => Bad::For(Failed::OfTexts(answered)),
            401 | 403 => {
                let remedy = match self.key {
                    Some(_) => "look at the variable that api_key_env names",
                    None => "api_key_env = \"NAME\", the variable that holds the key",
                };
                Bad::For(Failed::given(answered, remedy))
            }
            404 => Bad::For(Failed::given(
                answered,
                "look at `endpoint` (the part of the address before /embeddings) and `model`",
            )),
            _ => Bad::For(Failed::given(
                answered,
                "look at what the server says of it",
            )),
        }
    }

    fn bad(&self, error: &Error, texts: &[String]) -> Bad {
        let words = || clean(&error.to_string(), self.key.as_ref(), texts);
        match error {
            Error::Timeout(_) => Bad::Silent,
            Error::Io(e) if e.kind() == io::ErrorKind::TimedOut => Bad::Silent,
            Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                Bad::Absent("nothing listens there".to_owned())
            }
            Error::HostNotFound => Bad::Absent("there is no machine of that name".to_owned()),
            Error::BodyExceedsLimit(_) => Bad::For(Failed::given(
                format!("sent more than {} MB", LONGEST_REPLY >> 20),
                "another server for this model",
            )),
            Error::Io(_) | Error::Protocol(_) | Error::ConnectionFailed => {
                Bad::Busy(format!("broke off ({})", words()), None)
            }
            _ => Bad::For(Failed::given(words(), "look at `endpoint`")),
        }
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let typed = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    seconds_of(typed, now).map(Duration::from_secs)
}

/// `now`: seconds since 1970.
fn seconds_of(typed: &str, now: u64) -> Option<u64> {
    if let Ok(seconds) = typed.parse() {
        return Some(seconds);
    }
    // Some servers send fractions.
    if let Some(seconds) = typed
        .parse()
        .ok()
        .filter(|s: &f64| s.is_finite() && *s >= 0.0)
    {
        return Some(seconds.ceil() as u64);
    }
    let date = chrono::DateTime::parse_from_rfc2822(typed).ok()?;
    let date = u64::try_from(date.timestamp()).ok()?;
    Some(date.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::Map;

    use super::*;
    use crate::plan::address::Address;

    fn asker(port: u16, time_limit: Duration) -> Asker {
        let address = Address::parse(&format!("http://127.0.0.1:{port}/v1")).unwrap();
        let endpoint = Endpoint::new("e", &address, &Map::new(), None, None, time_limit);
        let patience = Patience {
            attempts: 3,
            silences: 2,
            pause: Duration::from_millis(1),
            longest_wait: Duration::from_secs(600),
        };
        Asker::new(&endpoint, None, patience)
    }

    fn said(asker: &Asker) -> String {
        let failed = asker.ask(&["a text".to_owned()]).failed;
        match failed.unwrap() {
            (None, Failed::Given { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_that_says_nothing_is_given_up_after_two_time_limits() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let asker = asker(
            listener.local_addr().unwrap().port(),
            Duration::from_millis(60),
        );
        let begun = Instant::now();
        assert_eq!(said(&asker), "did not answer within 0.06 s (time_limit)");
        assert!(begun.elapsed() >= Duration::from_millis(120));
    }

    #[test]
    fn a_server_that_was_never_there_is_told_at_once_and_one_that_was_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let asker = asker(
            listener.local_addr().unwrap().port(),
            Duration::from_secs(9),
        );
        drop(listener);
        assert_eq!(said(&asker), "nothing listens there");
        asker.is_there.store(true, Ordering::Relaxed);
        assert_eq!(said(&asker), "nothing listens there, 3 times in a row");
    }

    #[test]
    fn who_is_asked_to_wait_for_long_gives_up_and_says_how_long() {
        let asker = asker(1, Duration::from_secs(9));
        assert_eq!(asker.put_off(Some(Duration::from_secs(600))), Ok(()));
        let failed = asker.put_off(Some(Duration::from_secs(601)));
        let Err(Failed::Given { what, .. }) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(what, "asks to wait 601 s");
        // A shorter wait does not cut a longer one short; a stop ends them all.
        asker.put_off(Some(Duration::from_secs(1))).unwrap();
        let until = asker.not_before.lock().unwrap().unwrap();
        assert!(until.saturating_duration_since(Instant::now()) > Duration::from_secs(500));
        asker.stop();
        assert_eq!(asker.wait(), Err(Failed::Stopped));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 1445412480: date -ud 'Wed, 21 Oct 2015 07:28:00 GMT' +%s
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(seconds_of("20", 0), Some(20));
        assert_eq!(seconds_of("1.2", 0), Some(2));
        assert_eq!(seconds_of(date, 1_445_412_475), Some(5));
        assert_eq!(seconds_of(date, 1_445_412_490), Some(0));
        for other in ["", "-3", "soon", "NaN", "inf"] {
            assert_eq!(seconds_of(other, 0), None, "{other}");
        }
    }
}
