//! Vectors for many machines: encoding shards, each a range of the different texts, and the one
//! cache that all permutation shards read.
//!
//! An encoding shard writes a cache of its own, so no two write one file. What they made is put
//! into the common cache by the first permutation shard that needs it, under a lock, together with
//! what is still lacking. From then on that cache is what everyone reads: machines may encode a
//! text a last bit apart, and must not compute with different vectors.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ocean_report::numbers::count;
use ocean_report::wording::plural;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ClusterError;
use super::file::{Failed, Machine};
use super::frozen::{Frozen, difference};
use super::task::Shard;
use super::{Options, Place};
use crate::encode::cache::Cache;
use crate::encode::embedding::{EncodeError, distinct, get_or_encode, lacking, take_over};
use crate::encode::sources::{Embedded, Sources};
use crate::keep::atomic;
use crate::problem::{Problem, Refusal, shown_path};
use crate::read::dataset::Dataset;
use crate::run::{RunError, Study};
use crate::write::outputs::Timings;

/// What a finished encoding shard leaves beside its vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoded {
    /// Of the study.
    pub fingerprint: Value,
    /// Texts that were encoded, of all encoders.
    pub n_texts: usize,
    /// Encoders that could not.
    pub failed: Vec<Failed>,
    /// Where it was made.
    pub machine: Machine,
}

/// The name of its file.
pub(super) const NOTE: &str = "shard.json";

impl Encoded {
    /// Of one shard; `None` if it is not finished.
    #[must_use]
    pub fn of(place: &Place, shard: Shard) -> Option<Self> {
        let path = place.encoded().join(shard.name()).join(NOTE);
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
}

/// Encodes one shard of the texts. Returns what to print, and whether all went well.
///
/// # Errors
/// [`RunError`]; what was encoded is kept, and the same command goes on from there.
pub fn encode(
    options: &Options,
    frozen: &Frozen,
    shard: Shard,
    interrupted: &Arc<AtomicBool>,
) -> Result<(String, bool), RunError> {
    let place = Place::of(&options.run);
    if let Some(done) = Encoded::of(&place, shard)
        && done.fingerprint == frozen.fingerprint
        && done.failed.is_empty()
    {
        return Ok((format!("encoding shard {shard} is done already\n"), true));
    }
    let (study, sources) = frozen.open(options, interrupted, &mut Timings::start())?;
    let folder = place.encoded().join(shard.name());
    let (common, own) = (Cache::at(&frozen.cache), Cache::at(&folder));
    let texts = distinct(&study.dataset.texts);
    let cut = |at: u32| texts.len() * at as usize / shard.count as usize;
    let texts = &texts[cut(shard.index - 1)..cut(shard.index)];
    let mut encoded = Encoded {
        fingerprint: frozen.fingerprint.clone(),
        n_texts: 0,
        failed: Vec::new(),
        machine: Machine::here(),
    };
    for encoder in &sources.encoders {
        let Some(plugin) = encoder.text_source() else {
            continue;
        };
        let texts = lacking(plugin, texts, &common);
        let id_of = |at: usize| id_of_text(&study.dataset, texts.get(at)?);
        let encoded_now = get_or_encode(plugin, &texts, &own, &study.progress, interrupted);
        match encoded_now.map_err(|error| error.naming(id_of)) {
            Ok(_) => {
                let lost = lacking(plugin, &texts, &own).len();
                if lost > 0 {
                    // The cache has said why.
                    let lost = ClusterError::TextsLost {
                        n_texts: lost,
                        encoder: plugin.title(),
                        cache: folder,
                    };
                    return Err(lost.into());
                }
                encoded.n_texts += texts.len();
            }
            Err(error) if error.is_of_encoder() => {
                study.progress.warn(&error.to_string());
                encoded.failed.push(Failed {
                    piece: encoder.name.clone(),
                    reason: error.to_string(),
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    atomic::create_folder(&folder)?;
    let text = serde_json::to_vec_pretty(&encoded).unwrap_or_default();
    atomic::write(&folder.join(NOTE), &text)?;
    let is_whole = encoded.failed.is_empty();
    let words = format!(
        "encoding shard {shard}: {} encoded; its share is {} of {}\n",
        plural(encoded.n_texts, "text"),
        count(texts.len()),
        plural(distinct(&study.dataset.texts).len(), "text")
    );
    Ok((words, is_whole))
}

/// The first row with this text.
fn id_of_text(dataset: &Dataset, text: &str) -> Option<String> {
    let mut columns = dataset.texts.iter();
    let row = columns.find_map(|column| column.iter().position(|other| other == text))?;
    dataset.ids.get(row).cloned()
}

/// Vectors of the encoders that are needed, in the order of the sources (empty for the others), and
/// of those that failed the reason.
type Vectors = (Vec<Embedded>, BTreeMap<usize, String>);

/// The vectors that a shard needs, from the common cache. What that lacks is put there first, by
/// one task at a time.
pub(super) fn vectors(
    study: &Study,
    sources: &Sources,
    frozen: &Frozen,
    place: &Place,
    needed: &[usize],
) -> Result<Vectors, RunError> {
    let cache = Cache::at(&frozen.cache);
    let texts = distinct(&study.dataset.texts);
    let (mut all, mut failed) = (Vec::new(), BTreeMap::new());
    for (at, encoder) in sources.encoders.iter().enumerate() {
        if !needed.contains(&at) {
            all.push(Embedded::none());
            continue;
        }
        let is_lacking = || {
            let plugin = encoder.text_source();
            plugin.is_some_and(|plugin| !lacking(plugin, &texts, &cache).is_empty())
        };
        let (mut lock, mut is_ours) = (None, false);
        if let Some(plugin) = encoder.text_source()
            && is_lacking()
        {
            lock = hold(study, place)?;
            // Whoever held it before has most likely filled the cache.
            if is_lacking() {
                let parts = parts(place, frozen)?;
                take_over(plugin, &texts, &cache, &parts, &study.progress);
            }
            is_ours = is_lacking();
            if !is_ours {
                lock = None;
            } else if let Some(reason) = failure(place, frozen, &encoder.name) {
                // All tasks would try it in turn, each while the others wait.
                failed.insert(at, reason);
                all.push(Embedded::none());
                continue;
            }
        }
        let embedded = encoder.embed(&study.dataset, &cache, &study.progress, &study.interrupted);
        drop(lock);
        if is_ours && embedded.is_ok() && is_lacking() {
            // The cache has said why. All tasks would encode all texts.
            let lost = ClusterError::VectorsLost {
                encoder: encoder.name.clone(),
                cache: frozen.cache.clone(),
            };
            return Err(lost.into());
        }
        match embedded {
            Ok(embedded) => all.push(embedded),
            Err(error) if error.is_of_encoder() => {
                study.progress.warn(&error.to_string());
                failed.insert(at, error.to_string());
                all.push(Embedded::none());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((all, failed))
}

/// Why an encoder failed in the encoding stage, if it did.
fn failure(place: &Place, frozen: &Frozen, encoder: &str) -> Option<String> {
    let count = frozen.shards.encode;
    let done = (1..=count).filter_map(|index| Encoded::of(place, Shard { index, count }));
    done.filter(|done| done.fingerprint == frozen.fingerprint)
        .flat_map(|done| done.failed)
        .find(|failed| failed.piece == encoder)
        .map(|failed| failed.reason)
}

/// Waits for the lock of the common cache. A file system without locks is no reason to stop: a text
/// may then be encoded twice, and shards that read different vectors are found out by their
/// observed r2.
fn hold(study: &Study, place: &Place) -> Result<Option<File>, RunError> {
    const LONGEST: Duration = Duration::from_secs(3);
    let mut pause = Duration::from_millis(100);
    atomic::create_folder(place.folder())?;
    let path = place.lock();
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| atomic::WriteError { path, source })?;
    let mut has_said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
        }
        if study.interrupted.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        if !has_said {
            study
                .progress
                .note("waiting for another task, which is encoding");
            has_said = true;
        }
        std::thread::sleep(pause);
        // A thousand tasks may ask.
        pause = (pause * 2).min(LONGEST);
    }
}

/// The caches of the encoding shards, finished or not; refused if one belongs to another study.
fn parts(place: &Place, frozen: &Frozen) -> Result<Vec<Cache>, Refusal> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(place.encoded())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in &folders {
        let note = folder.join(NOTE);
        let encoded = std::fs::read(&note)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Encoded>(&bytes).ok());
        if let Some(encoded) = encoded
            && let Some(differences) = difference(&frozen.fingerprint, &encoded.fingerprint)
        {
            let message = format!("belongs to another study:\n{differences}");
            return Err(Problem::new(shown_path(&note), message)
                .with_try("delete its folder")
                .into());
        }
    }
    Ok(folders.iter().map(|folder| Cache::at(folder)).collect())
}

/// Vectors that need no encoding of many texts, for what the plan looks at: files, built-in ones,
/// `lexical`, and whatever is in the cache.
pub(super) fn ready(
    study: &Study,
    sources: &Sources,
    cache: &Cache,
) -> Result<Vec<Embedded>, EncodeError> {
    let texts = distinct(&study.dataset.texts);
    let mut all = Vec::new();
    for encoder in &sources.encoders {
        let is_ready = encoder
            .text_source()
            .is_none_or(|plugin| encoder.is_lexical() || lacking(plugin, &texts, cache).is_empty());
        let embedded = match is_ready {
            true => encoder.embed(&study.dataset, cache, &study.progress, &study.interrupted),
            false => Ok(Embedded::none()),
        };
        match embedded {
            // Shards will meet the same and say so.
            Err(error) if error.is_of_encoder() => all.push(Embedded::none()),
            other => all.push(other?),
        }
    }
    Ok(all)
}
