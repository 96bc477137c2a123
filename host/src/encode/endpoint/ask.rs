//! All missing texts of a study, in requests of some texts each, several at once.
//!
//! The first request goes alone: a wrong key or a server that is not there costs one, and its reply
//! says how wide vectors are. Then 16 texts are sent a second time, and how far their vectors lie
//! from the first ones is kept with them. Replies are kept one by one as they come; what was in
//! flight when the program was killed is all that is sent again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::http::{Answer, Asker, Failed, PATIENCE};
use super::said::Key;
use super::{Asking, Endpoint, REPEATED};
use crate::encode::cache::{Repeated, Row};
use crate::encode::embedding::EncodeError;

/// Texts of a request; what text-embeddings-inference takes unless it is told otherwise.
const BATCH: usize = 32;
/// Bytes of texts in a request, but for a single longer one.
const BATCH_BYTES: usize = 256 << 10;
/// Requests at once.
const PARALLEL: usize = 4;
/// How often Ctrl-C is looked for.
const TICK: Duration = Duration::from_millis(50);
/// After Ctrl-C or a failure replies are waited for so long: texts that were sent are kept if they
/// can be.
const GRACE: Duration = Duration::from_secs(3);

/// Puts the missing vectors into the entry.
pub(super) fn ask(endpoint: &Endpoint, asking: Asking<'_>) -> Result<(), EncodeError> {
    let key = key_of(endpoint)?;
    let mut batches = batches(&asking.missing, asking.texts).into_iter();
    let mut work = Work {
        endpoint,
        asker: Arc::new(Asker::new(endpoint, key, PATIENCE)),
        n_kept: 0,
        asking,
    };
    work.send_all(&mut batches.by_ref().take(1), 1)?;
    work.repeat()?;
    work.send_all(&mut batches, PARALLEL)
}

/// The key of the environment. That it is set was looked at before.
fn key_of(endpoint: &Endpoint) -> Result<Option<Key>, EncodeError> {
    let Some(variable) = &endpoint.api_key_env else {
        return Ok(None);
    };
    let key = std::env::var(variable).unwrap_or_default();
    let key = key.trim();
    if key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic()) {
        let what = format!(
            "{variable} holds what cannot be a key: other characters than ASCII without blanks"
        );
        return Err(endpoint.error(what, &format!("look at {variable}")));
    }
    Ok(Some(Key(key.to_owned())))
}

/// Rows of texts that go together.
fn batches(rows: &[usize], texts: &[&str]) -> Vec<Vec<usize>> {
    let (mut batches, mut bytes) = (Vec::<Vec<usize>>::new(), 0);
    for &row in rows {
        let more = texts[row].len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + more <= BATCH_BYTES => batch.push(row),
            _ => {
                bytes = 0;
                batches.push(vec![row]);
            }
        }
        bytes += more;
    }
    batches
}

/// Asks on a thread that nobody waits for after Ctrl-C: a server may take its time. There is an
/// answer in any case.
fn ask_aside<T: Send + 'static>(
    asker: &Arc<Asker>,
    texts: Vec<String>,
    of: T,
    sender: Sender<(T, Answer)>,
) {
    let asker = Arc::clone(asker);
    std::thread::spawn(move || {
        let ask = AssertUnwindSafe(|| asker.ask(&texts));
        let answer = catch_unwind(ask).unwrap_or_else(|_| {
            Answer::none(Failed::Given {
                what: "sent what this program could not take".to_owned(),
                remedy: "report it; what was answered before is kept".to_owned(),
            })
        });
        let _ = sender.send((of, answer));
    });
}

struct Work<'a> {
    endpoint: &'a Endpoint,
    asker: Arc<Asker>,
    /// Texts whose vectors came.
    n_kept: usize,
    asking: Asking<'a>,
}

impl Work<'_> {
    /// Sends batches of rows, so many at once, and keeps what comes back.
    fn send_all(
        &mut self,
        batches: &mut dyn Iterator<Item = Vec<usize>>,
        at_once: usize,
    ) -> Result<(), EncodeError> {
        let (sender, answers) = channel();
        let (mut in_flight, mut failed, mut ending) = (0, None, None);
        loop {
            if self.asking.cancelled.load(Ordering::Relaxed) || failed.is_some() {
                self.asker.stop();
                ending.get_or_insert_with(|| Instant::now() + GRACE);
            }
            while in_flight < at_once && ending.is_none() {
                let Some(rows) = batches.next() else {
                    break;
                };
                let texts = self.texts(&rows);
                ask_aside(&self.asker, texts, rows, sender.clone());
                in_flight += 1;
            }
            if in_flight == 0 || ending.is_some_and(|end| Instant::now() > end) {
                break;
            }
            match answers.recv_timeout(TICK) {
                Ok((rows, answer)) => {
                    in_flight -= 1;
                    failed = failed.or(self.keep(&rows, answer));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match failed {
            Some(error) => Err(error),
            None if self.asking.cancelled.load(Ordering::Relaxed) => Err(self.interrupted()),
            None => Ok(()),
        }
    }

    /// One answer that is not kept; `None` after Ctrl-C.
    fn answer(&self, texts: Vec<String>) -> Option<Answer> {
        let (sender, answers) = channel();
        ask_aside(&self.asker, texts, (), sender);
        loop {
            match answers.recv_timeout(TICK) {
                Ok(((), answer)) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.asking.cancelled.load(Ordering::Relaxed) {
                self.asker.stop();
                return None;
            }
        }
    }

    fn texts(&self, rows: &[usize]) -> Vec<String> {
        let sent = |row: &usize| self.endpoint.sent(self.asking.texts[*row]);
        rows.iter().map(sent).collect()
    }

    /// Keeps the vectors of an answer; gives the error with which it ended.
    fn keep(&mut self, rows: &[usize], answer: Answer) -> Option<EncodeError> {
        let keys = self.asking.keys;
        let of_row = |(at, vector): (usize, Vec<f32>)| {
            let tokens = None;
            (keys[rows[at]], Row { vector, tokens })
        };
        let kept: Vec<_> = answer.vectors.into_iter().map(of_row).collect();
        let n_kept = kept.len();
        self.n_kept += n_kept;
        self.asking.entry.keep(kept);
        self.asking.stage.add(n_kept as u64);
        let (at, failed) = answer.failed?;
        self.error(at.map(|at| rows[at]), failed)
    }

    /// `None` for a request that was stopped because of something else.
    fn error(&self, row: Option<usize>, failed: Failed) -> Option<EncodeError> {
        let (what, remedy) = match failed {
            Failed::Stopped => return None,
            Failed::OfTexts(what) => (
                what,
                "shorten or leave out that text, if it is the text; else look at `model`, `dimensions` and what the server says".to_owned(),
            ),
            Failed::Given { what, remedy } => (what, remedy),
        };
        let what = format!("{} {what}", self.endpoint.address);
        Some(EncodeError::Endpoint {
            title: self.endpoint.title(),
            what,
            remedy,
            row: row.map(|row| row + 1),
            id: None,
        })
    }

    fn interrupted(&self) -> EncodeError {
        EncodeError::Interrupted {
            title: self.endpoint.title(),
            done: self.n_kept,
            total: self.asking.missing.len(),
        }
    }

    /// Sends the first texts that have a vector once more, unless as many were before.
    fn repeat(&mut self) -> Result<(), EncodeError> {
        let mut seen = BTreeSet::new();
        let Asking { keys, entry, .. } = &self.asking;
        let is_known = |row: &usize| entry.get(&keys[*row]).is_some() && seen.insert(keys[*row]);
        let rows: Vec<usize> = (0..keys.len()).filter(is_known).take(REPEATED).collect();
        let before = entry.repeated().map_or(0, |repeated| repeated.texts);
        if rows.len() <= before {
            return Ok(());
        }
        let Some(answer) = self.answer(self.texts(&rows)) else {
            return Err(self.interrupted());
        };
        if let Some((at, failed)) = answer.failed {
            let error = self.error(at.map(|at| rows[at]), failed);
            return error.map_or(Ok(()), Err);
        }
        let difference = |(at, again): &(usize, Vec<f32>)| {
            let first = self.asking.entry.get(&self.asking.keys[rows[*at]]);
            first.map_or(f64::INFINITY, |first| difference(&first.vector, again))
        };
        let largest = answer.vectors.iter().map(difference).fold(0.0, f64::max);
        let texts = rows.len();
        self.asking.entry.note_repeated(Repeated { texts, largest });
        self.asking.entry.flush();
        Ok(())
    }
}

/// The largest difference of one number, as a share of the first vector's length.
fn difference(first: &[f32], again: &[f32]) -> f64 {
    let pairs = first.iter().zip(again);
    let largest = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    let largest = largest.fold(0.0, f64::max);
    let squares = first.iter().map(|x| f64::from(*x).powi(2));
    match squares.sum::<f64>().sqrt() {
        length if length > 0.0 => largest / length,
        _ => largest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_of_few_texts_and_few_bytes_and_a_long_text_goes_alone() {
        let long = "x".repeat(BATCH_BYTES);
        let half = "x".repeat(BATCH_BYTES / 2);
        let texts = [&["a"; 33][..], &[&long, &half, &half, "b"]].concat();
        let rows: Vec<usize> = (0..texts.len()).collect();
        let sizes: Vec<usize> = batches(&rows, &texts).iter().map(Vec::len).collect();
        assert_eq!(sizes, [32, 1, 1, 2, 1]);
        assert_eq!(batches(&rows, &texts).concat(), rows);
    }

    #[test]
    fn a_difference_is_a_share_of_the_length() {
        // 3-4-5: the larger of |3 − 3.1| and |4 − 3.8| over 5.
        let found = difference(&[3.0, 4.0], &[3.1, 3.8]);
        assert!((found - 0.04).abs() < 1e-6, "{found}");
        assert_eq!(difference(&[0.0], &[0.5]), 0.5);
    }
}
