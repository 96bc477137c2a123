//! Texts to a matrix: what the cache has is taken from there, the rest is encoded, and what was
//! encoded is kept, also when the run is interrupted.
//!
//! Knows no plugin: anything that turns texts into vectors is a [`TextEncoder`], or a server. A vector depends
//! on its own text alone, so equal texts are encoded once, only missing rows are encoded, and the
//! size of a chunk is chosen for the progress bar, not for the result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nalgebra::DMatrix;
use ocean_loader::PluginError;
pub use ocean_loader::{EncoderShape, TextEncoder, TokenCount};
use ocean_plugin_abi::status;

use crate::encode::cache::{Cache, Entry, Repeated, Row, RowKey};
use crate::encode::endpoint::{Asking, Endpoint};
use crate::tell::progress::{Progress, Stage};

/// A chunk should take about this long: often enough for Ctrl-C and for an honest time left.
const CHUNK_TIME: Duration = Duration::from_secs(2);
/// The first chunk, before anything is known of the speed.
const FIRST_CHUNK: usize = 32;
/// The largest.
const LARGEST_CHUNK: usize = 4096;
/// Encoded rows are written to the cache at least this far apart …
const FLUSH_INTERVAL: Duration = Duration::from_secs(10);
/// … and so rarely that writing takes at most this share of the time (a large cache is written
/// whole).
const FLUSH_SHARE: u32 = 20;

/// What turns texts into vectors.
#[derive(Clone, Copy)]
pub enum TextSource<'a> {
    /// A plugin, on this machine.
    Plugin(&'a dyn TextEncoder),
    /// A server.
    Endpoint(&'a Endpoint),
}

impl<'a> From<&'a dyn TextEncoder> for TextSource<'a> {
    fn from(encoder: &'a dyn TextEncoder) -> Self {
        Self::Plugin(encoder)
    }
}

impl<'a> From<&'a Endpoint> for TextSource<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

impl TextSource<'_> {
    /// `` encoder `bge` ``: how messages name it.
    pub fn title(&self) -> String {
        match self {
            Self::Plugin(encoder) => encoder.title(),
            Self::Endpoint(endpoint) => endpoint.title(),
        }
    }

    /// Its entry of a cache, as it is there.
    fn entry(&self, cache: &Cache) -> Entry {
        let mut entry = match self {
            Self::Plugin(encoder) => cache.open(encoder.key_parts(), encoder.shape().dim),
            Self::Endpoint(endpoint) => endpoint.open(cache),
        };
        entry.read();
        if let Self::Endpoint(endpoint) = self {
            endpoint.note_width(entry.dim());
        }
        entry
    }
}

/// All texts of a study as vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// n_texts × dim, in the order of the texts; exact copies of the encoder's f32.
    pub x: DMatrix<f64>,
    /// One a text; `None` when the encoder does not count.
    pub tokens: Option<Vec<TokenCount>>,
    /// Texts that were cut; `None` when the encoder does not count.
    pub n_truncated: Option<usize>,
    /// Texts whose vector was in the cache.
    pub n_from_cache: usize,
    /// Different texts that were encoded now.
    pub n_encoded: usize,
    /// What came of encoding some of them twice, by a server.
    pub repeated: Option<Repeated>,
    /// Seconds that took.
    pub elapsed_s: f64,
}

/// Why there is no embedding. What was encoded before is in the cache.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// The encoder refused or failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A vector holds something that is not a number; remedy: the conformance suite says which
    /// promise is broken.
    #[error("{title} returned {found} for row {row}{}; {hint}", with_id(id.as_deref()))]
    NotFinite {
        /// The encoder.
        title: String,
        /// `NaN`, `inf` or `-inf`.
        found: String,
        /// The text, counted from 1 in the order it was given.
        row: usize,
        /// The id of its row.
        id: Option<String>,
        /// What to run.
        hint: String,
    },
    /// The plugin itself said that a result is not a number, which it does of one text alone.
    #[error("{error}{}", with_row(*row, id.as_deref()))]
    OfText {
        /// In the plugin's words; the texts that it counts are those of one call.
        error: PluginError,
        /// The text, counted from 1 in the order it was given.
        row: usize,
        /// The id of its row.
        id: Option<String>,
    },
    /// A server refused, or gave no answer that could be used.
    #[error("{title}: {what}{}\n  try: {remedy}", row.map_or(String::new(), |row| with_row(row, id.as_deref())))]
    Endpoint {
        /// The encoder.
        title: String,
        /// What happened.
        what: String,
        /// What to try.
        remedy: String,
        /// The text it speaks of, counted from 1 in the order it was given.
        row: Option<usize>,
        /// The id of its row.
        id: Option<String>,
    },
    /// Ctrl-C; the same command goes on from here.
    #[error(
        "interrupted after {done} of {total} texts of {title}; the same command goes on from there"
    )]
    Interrupted {
        /// The encoder.
        title: String,
        /// Texts that are encoded and kept.
        done: usize,
        /// Texts that had to be encoded.
        total: usize,
    },
}

impl EncodeError {
    /// It is the encoder's alone, and others may do better.
    pub fn is_of_encoder(&self) -> bool {
        match self {
            EncodeError::Plugin(error) => !error.is_cancelled(),
            EncodeError::NotFinite { .. }
            | EncodeError::OfText { .. }
            | EncodeError::Endpoint { .. } => true,
            EncodeError::Interrupted { .. } => false,
        }
    }

    /// With the id of the row it speaks of. `id_of`: the id of a text, counted from 0 in the order
    /// it was given.
    #[must_use]
    pub fn naming(mut self, id_of: impl Fn(usize) -> Option<String>) -> Self {
        match &mut self {
            EncodeError::NotFinite { row, id, .. }
            | EncodeError::OfText { row, id, .. }
            | EncodeError::Endpoint {
                row: Some(row), id, ..
            } => *id = id_of(*row - 1),
            _ => {}
        }
        self
    }
}

fn with_row(row: usize, id: Option<&str>) -> String {
    match id {
        Some(id) => format!(" (row {row}, id `{id}`)"),
        None => format!(" (row {row})"),
    }
}

fn with_id(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| format!(" (id `{id}`)"))
}

/// The vectors of `texts`: from the cache where it has them, from `source` where it has not.
///
/// A cache that is damaged or cannot be written costs a warning and time, never the result.
/// `cancelled` is what Ctrl-C sets.
///
/// # Errors
/// [`EncodeError`]; what was encoded until then is kept in the cache.
pub fn get_or_encode(
    source: TextSource<'_>,
    texts: &[&str],
    cache: &Cache,
    progress: &Progress,
    cancelled: &AtomicBool,
) -> Result<Embedding, EncodeError> {
    let started = Instant::now();
    let keys: Vec<RowKey> = texts.iter().map(|text| RowKey::of(text)).collect();
    let mut entry = source.entry(cache);
    let n_from_cache = keys.iter().filter(|key| entry.get(key).is_some()).count();
    // First rows of the texts that are missing, in the order of the file; equal texts share one.
    let mut first_rows = BTreeMap::new();
    for (row, key) in keys
        .iter()
        .enumerate()
        .filter(|(_, key)| entry.get(key).is_none())
    {
        first_rows.entry(*key).or_insert(row);
    }
    let mut missing: Vec<usize> = first_rows.into_values().collect();
    missing.sort_unstable();
    let n_encoded = missing.len();
    let result = if missing.is_empty() {
        Ok(())
    } else {
        let stage = progress.stage_of(
            &format!("encoding with {}", source.title()),
            n_encoded as u64,
            "texts",
        );
        let (keys, entry) = (&keys, &mut entry);
        let result = match source {
            TextSource::Plugin(encoder) => Work {
                encoder,
                texts,
                keys,
                stage: &stage,
                cancelled,
                entry,
            }
            .run(missing),
            TextSource::Endpoint(endpoint) => endpoint.ask(Asking {
                texts,
                keys,
                missing,
                stage: &stage,
                cancelled,
                entry,
            }),
        };
        if result.is_ok() {
            stage.finish();
        }
        result
    };
    if n_encoded > 0 {
        entry.flush();
    }
    entry
        .take_warnings()
        .iter()
        .for_each(|warning| progress.warn(&format!("{}: {warning}", source.title())));
    result?;
    Ok(assemble(
        &entry,
        &keys,
        entry.dim().unwrap_or(0),
        n_from_cache,
        n_encoded,
        started.elapsed(),
    ))
}

/// The different texts of several columns, in the order of the file, column by column.
pub fn distinct(columns: &[Vec<String>]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let texts = columns.iter().flatten().map(String::as_str);
    texts.filter(|text| seen.insert(RowKey::of(text))).collect()
}

/// Those of `texts` whose vectors the cache does not have.
pub fn lacking<'t>(source: TextSource<'_>, texts: &[&'t str], cache: &Cache) -> Vec<&'t str> {
    let entry = source.entry(cache);
    let is_lacking = |text: &&str| entry.get(&RowKey::of(text)).is_none();
    texts.iter().copied().filter(is_lacking).collect()
}

/// Copies the vectors of `texts` that `cache` does not have from others, of which the first that
/// has one is taken. What is damaged there costs a warning.
pub fn take_over(
    source: TextSource<'_>,
    texts: &[&str],
    cache: &Cache,
    others: &[Cache],
    progress: &Progress,
) {
    let mut entry = source.entry(cache);
    let keys: Vec<RowKey> = texts.iter().map(|text| RowKey::of(text)).collect();
    let warn = |entry: &mut Entry| {
        for warning in entry.take_warnings() {
            progress.warn(&format!("{}: {warning}", source.title()));
        }
    };
    for other in others {
        if keys.iter().all(|key| entry.get(key).is_some()) {
            break;
        }
        let mut other = source.entry(other);
        // Two caches may hold the vectors of two models under one name.
        if entry.dim().is_none() || other.dim().is_none() || entry.dim() == other.dim() {
            for key in &keys {
                if let (None, Some(row)) = (entry.get(key), other.get(key)) {
                    entry.insert(*key, row.clone());
                }
            }
            if let Some(repeated) = other.repeated() {
                entry.note_repeated(repeated);
            }
        }
        warn(&mut other);
    }
    entry.flush();
    warn(&mut entry);
}

fn assemble(
    entry: &Entry,
    keys: &[RowKey],
    dim: usize,
    n_from_cache: usize,
    n_encoded: usize,
    elapsed: Duration,
) -> Embedding {
    let mut x = DMatrix::zeros(keys.len(), dim);
    let mut tokens = Vec::with_capacity(keys.len());
    for (i, row) in keys
        .iter()
        .enumerate()
        .filter_map(|(i, key)| Some((i, entry.get(key)?)))
    {
        for (j, value) in row.vector.iter().enumerate() {
            x[(i, j)] = f64::from(*value);
        }
        tokens.extend(row.tokens);
    }
    let tokens = (tokens.len() == keys.len()).then_some(tokens);
    Embedding {
        n_truncated: tokens.as_ref().map(|tokens| {
            tokens
                .iter()
                .filter(|count| count.n_used < count.n_tokens)
                .count()
        }),
        x,
        tokens,
        n_from_cache,
        n_encoded,
        repeated: entry.repeated(),
        elapsed_s: elapsed.as_secs_f64(),
    }
}

/// The loop over chunks.
struct Work<'a> {
    encoder: &'a dyn TextEncoder,
    texts: &'a [&'a str],
    keys: &'a [RowKey],
    stage: &'a Stage,
    cancelled: &'a AtomicBool,
    entry: &'a mut Entry,
}

impl Work<'_> {
    fn run(&mut self, missing: Vec<usize>) -> Result<(), EncodeError> {
        let total = missing.len();
        let (mut at, mut size) = (0, FIRST_CHUNK);
        let (mut last_flush, mut pause) = (Instant::now(), FLUSH_INTERVAL);
        while at < total {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(self.interrupted(at, total));
            }
            let chunk = &missing[at..total.min(at + size)];
            at += chunk.len();
            // Another process may have filled in rows that we saw at the last flush.
            let chunk: Vec<usize> = chunk
                .iter()
                .copied()
                .filter(|&row| self.entry.get(&self.keys[row]).is_none())
                .collect();
            let begun = Instant::now();
            self.encode(&chunk).map_err(|error| match error {
                EncodeError::Plugin(e) if e.is_cancelled() => {
                    self.interrupted(at - chunk.len(), total)
                }
                other => other,
            })?;
            size = next_size(size, begun.elapsed());
            if last_flush.elapsed() >= pause {
                let begun = Instant::now();
                self.entry.flush();
                pause = FLUSH_INTERVAL.max(begun.elapsed() * FLUSH_SHARE);
                last_flush = Instant::now();
            }
        }
        Ok(())
    }

    fn interrupted(&self, done: usize, total: usize) -> EncodeError {
        EncodeError::Interrupted {
            title: self.encoder.title(),
            done,
            total,
        }
    }

    /// Finds the text for which alone the plugin says that a result is not a number, by halves.
    fn of_text(&self, error: PluginError, rows: &[usize]) -> EncodeError {
        let fault = |rows: &[usize]| -> Option<PluginError> {
            let texts: Vec<&str> = rows.iter().map(|&row| self.texts[row]).collect();
            let error = self.encoder.encode(&texts, &|_| {}).err()?;
            (error.status == status::NUMERIC).then_some(error)
        };
        if error.status != status::NUMERIC {
            return error.into();
        }
        let (mut rows, mut last) = (rows, error);
        while rows.len() > 1 && !self.cancelled.load(Ordering::Relaxed) {
            let (first, second) = rows.split_at(rows.len() / 2);
            let Some((half, error)) = fault(first)
                .map(|error| (first, error))
                .or_else(|| Some((second, fault(second)?)))
            else {
                return last.into(); // not of one text alone
            };
            (rows, last) = (half, error);
        }
        match *rows {
            [row] => EncodeError::OfText {
                error: last,
                row: row + 1,
                id: None,
            },
            _ => last.into(),
        }
    }

    fn encode(&mut self, rows: &[usize]) -> Result<(), EncodeError> {
        if rows.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = rows.iter().map(|&row| self.texts[row]).collect();
        let dim = self.encoder.shape().dim;
        let shown = AtomicU64::new(0);
        let show = |fraction: f64| {
            let done = (fraction * rows.len() as f64) as u64;
            self.stage
                .add(done.saturating_sub(shown.fetch_max(done, Ordering::Relaxed)));
        };
        let vectors = self
            .encoder
            .encode(&texts, &show)
            .map_err(|error| self.of_text(error, rows))?;
        let counts = self.encoder.token_counts(&texts)?;
        show(1.0);
        // Everything before a bad row is sound and kept.
        for (i, (&row, vector)) in rows.iter().zip(vectors.chunks_exact(dim)).enumerate() {
            if let Some(value) = vector.iter().find(|value| !value.is_finite()) {
                return Err(EncodeError::NotFinite {
                    title: self.encoder.title(),
                    found: value.to_string(),
                    row: row + 1,
                    id: None,
                    hint: self.encoder.check_hint(),
                });
            }
            let tokens = counts.as_ref().and_then(|counts| counts.get(i).copied());
            self.entry.insert(
                self.keys[row],
                Row {
                    vector: vector.to_vec(),
                    tokens,
                },
            );
        }
        Ok(())
    }
}

/// The size that would have taken [`CHUNK_TIME`], at most four times as large at once.
fn next_size(size: usize, took: Duration) -> usize {
    let ratio = CHUNK_TIME.as_secs_f64() / took.as_secs_f64().max(1e-6);
    ((size as f64 * ratio.min(4.0)) as usize).clamp(1, LARGEST_CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocean_loader::Pooling;
    use std::sync::Mutex;

    /// Vector of a text: its length, its first byte, its last byte. Counts what it was asked to
    /// encode.
    struct Bytes {
        shape: EncoderShape,
        asked: Mutex<Vec<String>>,
        nan_for: Option<&'static str>,
        refuses: Option<&'static str>,
        stop_after: Option<(usize, AtomicBool)>,
    }

    impl Bytes {
        fn new() -> Self {
            Self {
                shape: EncoderShape {
                    dim: 3,
                    max_tokens: Some(4),
                    pooling: Pooling::Other,
                    is_normalised: false,
                    cache_key: "v1".into(),
                },
                asked: Mutex::default(),
                nan_for: None,
                refuses: None,
                stop_after: None,
            }
        }
    }

    impl TextEncoder for Bytes {
        fn title(&self) -> String {
            "encoder `bytes`".into()
        }
        fn shape(&self) -> &EncoderShape {
            &self.shape
        }
        fn key_parts(&self) -> Vec<(String, String)> {
            vec![("cache_key".into(), self.shape.cache_key.clone())]
        }
        fn check_hint(&self) -> String {
            "run `ocean-host plugin check bytes.so` to see which check fails".into()
        }
        fn encode(
            &self,
            texts: &[&str],
            progress: &(dyn Fn(f64) + Sync),
        ) -> Result<Vec<f32>, PluginError> {
            self.asked
                .lock()
                .unwrap()
                .extend(texts.iter().map(|text| (*text).to_owned()));
            progress(0.5);
            if let Some(at) = texts.iter().position(|text| self.refuses == Some(text)) {
                return Err(PluginError {
                    plugin: self.title(),
                    status: status::NUMERIC,
                    message: format!("the vector of text {at} is not finite"),
                });
            }
            if let Some((most, stop)) = &self.stop_after {
                stop.store(self.asked.lock().unwrap().len() >= *most, Ordering::Relaxed);
            }
            let byte = |b: Option<&u8>| b.map_or(0.0, |b| f32::from(*b));
            Ok(texts
                .iter()
                .flat_map(|text| {
                    let first = if self.nan_for == Some(text) {
                        f32::NAN
                    } else {
                        byte(text.as_bytes().first())
                    };
                    [text.len() as f32, first, byte(text.as_bytes().last())]
                })
                .collect())
        }
        fn token_counts(&self, texts: &[&str]) -> Result<Option<Vec<TokenCount>>, PluginError> {
            let count = |text: &&str| TokenCount {
                n_tokens: text.len() as u32,
                n_used: text.len().min(4) as u32,
            };
            Ok(Some(texts.iter().map(count).collect()))
        }
    }

    fn run(encoder: &Bytes, texts: &[&str], cache: &Cache) -> Result<Embedding, EncodeError> {
        let stop = AtomicBool::new(false);
        let cancelled = encoder.stop_after.as_ref().map_or(&stop, |(_, stop)| stop);
        let source = TextSource::Plugin(encoder);
        get_or_encode(source, texts, cache, &Progress::silent(), cancelled)
    }

    #[test]
    fn a_plugin_that_refuses_one_text_among_many_is_told_with_the_row_and_its_id() {
        let texts: Vec<String> = (0..50).map(|i| format!("text {i}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut encoder = Bytes::new();
        encoder.refuses = Some("text 37");
        let id_of = |row: usize| Some(format!("r{row}"));
        let error = run(&encoder, &texts, &Cache::none()).unwrap_err();
        let said = error.naming(id_of).to_string();
        assert!(
            said.ends_with("the vector of text 0 is not finite (row 38, id `r37`)"),
            "{said}"
        );
        encoder.refuses = None;
        encoder.nan_for = Some("text 5");
        let error = run(&encoder, &texts, &Cache::none()).unwrap_err();
        let said = error.naming(id_of).to_string();
        assert!(
            said.contains("returned NaN for row 6 (id `r5`); run"),
            "{said}"
        );
    }

    #[test]
    fn rows_come_back_in_the_order_of_the_texts_and_equal_texts_are_encoded_once() {
        let encoder = Bytes::new();
        let embedding = run(&encoder, &["ab", "c", "ab", "", "longer"], &Cache::none()).unwrap();
        let expected = DMatrix::from_row_slice(
            5,
            3,
            &[
                2.0, 97.0, 98.0, 1.0, 99.0, 99.0, 2.0, 97.0, 98.0, 0.0, 0.0, 0.0, 6.0, 108.0, 114.0,
            ],
        );
        assert_eq!(embedding.x, expected);
        assert_eq!(*encoder.asked.lock().unwrap(), ["ab", "c", "", "longer"]);
        assert_eq!(
            (
                embedding.n_from_cache,
                embedding.n_encoded,
                embedding.n_truncated
            ),
            (0, 4, Some(1))
        );
    }

    #[test]
    fn a_second_run_encodes_only_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let first = run(&Bytes::new(), &["a", "b"], &cache).unwrap();
        let encoder = Bytes::new();
        let second = run(&encoder, &["b", "c", "a", "b"], &cache).unwrap();
        assert_eq!(*encoder.asked.lock().unwrap(), ["c"]);
        assert_eq!((second.n_from_cache, second.n_encoded), (3, 1));
        assert_eq!(second.x.row(2), first.x.row(0));
        assert_eq!(
            second.tokens.unwrap()[1],
            TokenCount {
                n_tokens: 1,
                n_used: 1
            }
        );
        // Another setting is another model.
        let mut other = Bytes::new();
        other.shape.cache_key = "v2".into();
        assert_eq!(run(&other, &["a"], &cache).unwrap().n_from_cache, 0);
    }

    #[test]
    fn a_vector_with_nan_names_its_row_and_keeps_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let mut encoder = Bytes::new();
        encoder.nan_for = Some("bad");
        let error = run(&encoder, &["a", "a", "bad", "b"], &cache).unwrap_err();
        assert_eq!(
            error.to_string(),
            "encoder `bytes` returned NaN for row 3; run `ocean-host plugin check bytes.so` to see which check fails"
        );
        let sound = Bytes::new();
        run(&sound, &["a", "bad"], &cache).unwrap();
        assert_eq!(*sound.asked.lock().unwrap(), ["bad"]);
    }

    #[test]
    fn an_interrupted_encode_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let texts: Vec<String> = (0..500).map(|i| format!("text {i}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut encoder = Bytes::new();
        encoder.stop_after = Some((100, AtomicBool::new(false)));
        let error = run(&encoder, &texts, &cache).unwrap_err();
        let done = encoder.asked.lock().unwrap().len();
        assert_eq!(
            error.to_string(),
            format!(
                "interrupted after {done} of 500 texts of encoder `bytes`; the same command goes on from there"
            )
        );
        let rest = run(&Bytes::new(), &texts, &cache).unwrap();
        assert_eq!((rest.n_from_cache, rest.n_encoded), (done, 500 - done));
    }

    #[test]
    fn chunks_grow_towards_two_seconds_and_never_vanish() {
        assert_eq!(next_size(32, Duration::from_millis(1)), 128);
        assert_eq!(next_size(100, Duration::from_secs(4)), 50);
        assert_eq!(next_size(4000, Duration::ZERO), LARGEST_CHUNK);
        assert_eq!(next_size(1, Duration::from_secs(600)), 1);
    }
}
