//! From the files of all shards to the report of one machine: their union, and then the way of
//! `eval`.
//!
//! Items are matched by name, so it does not matter how many shards there were, how often each was
//! computed or in which order. What two files both hold must be the same bit for bit. Nothing is
//! computed in place of what is missing: an incomplete study is listed and left.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::error::ClusterError;
use super::file::{self, ShardFile};
use super::found::{files, foreign, useless};
use super::frozen::Frozen;
use super::status::Holes;
use super::work::Coverage;
use super::{Options, Place};
use crate::encode::cache::Cache;
use crate::keep::journal::Journal;
use crate::problem::{Problems, shown_path};
use crate::run::{Canary, Outcome, RunError, Session, SharedWork, Slot, conclude, finished};
use crate::write::outputs::Timings;

/// Puts a planned study together.
///
/// # Errors
/// [`RunError`]: exit code 1 with what is missing, 2 for files of another study.
pub fn merge(options: &Options, interrupted: &Arc<AtomicBool>) -> Result<Outcome, RunError> {
    let frozen = Frozen::read(&options.run)?;
    let mut timings = Timings::start();
    let (study, sources) = frozen.open(options, interrupted, &mut timings)?;
    let fingerprint = study.fingerprint(&sources)?;
    if let Some(outcome) = finished(&study, &fingerprint)? {
        return Ok(outcome);
    }
    let analysis = study.arrange(&sources)?;
    let mut union = Union::default();
    let mut problems = Problems::default();
    for path in files(&Place::of(&options.run))? {
        match file::read(&path) {
            Ok(file) => match foreign(&frozen, &path, &file.header) {
                Some(problem) => problems.push(problem),
                None => union.take(file)?,
            },
            Err(error) => {
                study.progress.warn(&useless(&path, &error));
                union.useless.push(useless(&path, &error));
            }
        }
    }
    problems.finish(())?;
    union.check_complete(&frozen)?;
    timings.mark("read shards");
    let journal = Journal::open(&study.plan.out, &fingerprint, false)?;
    frozen.check_pieces(&study.evaluator(&analysis, &sources, &journal))?;
    let (records, shared) = union.into_parts();
    journal.adopt(records);
    let session = Session {
        cache: Cache::at(&frozen.cache),
        journal,
        fingerprint,
        shared,
        timings,
    };
    conclude(&study, sources, &analysis, session)
}

/// What all files hold together.
#[derive(Default)]
struct Union {
    /// Numbers by name, with the file they came from.
    records: BTreeMap<String, (usize, Vec<f64>)>,
    paths: Vec<PathBuf>,
    coverage: Coverage,
    /// Piece and reason, of the first file that says so.
    failed: BTreeMap<String, String>,
    canaries: Vec<Canary>,
    /// Files that could not be read, in words.
    useless: Vec<String>,
}

impl Union {
    fn take(&mut self, file: ShardFile) -> Result<(), ClusterError> {
        let ShardFile {
            path,
            header,
            records,
        } = file;
        let own = self.paths.len();
        for (name, numbers) in records {
            match self.records.entry(name) {
                Entry::Vacant(place) => {
                    place.insert((own, numbers));
                }
                Entry::Occupied(found) => {
                    let (other, before) = found.get();
                    if !is_same(before, &numbers) {
                        return Err(ClusterError::Differ {
                            one: self.paths[*other].clone(),
                            other: path,
                            item: found.key().clone(),
                            machine: header.machine.to_string(),
                        });
                    }
                }
            }
        }
        for computed in &header.computed {
            self.coverage.add(&computed.piece, computed.range());
        }
        for failed in &header.failed {
            let place = self.failed.entry(failed.piece.clone());
            place.or_insert_with(|| failed.reason.clone());
        }
        let by = format!("{}, on {}", shown_path(&path), header.machine);
        let slots = [
            (Slot::Zero, &header.slot_zero),
            (Slot::Observed, &header.observed),
        ];
        for (slot, repeats) in slots {
            self.canaries.extend(repeats.iter().map(|one| Canary {
                piece: one.piece.clone(),
                repeat: one.repeat,
                slot,
                r2: one.r2(),
                by: by.clone(),
            }));
        }
        self.paths.push(path);
        Ok(())
    }

    /// A piece that failed somewhere and is whole all the same was computed again.
    fn check_complete(&mut self, frozen: &Frozen) -> Result<(), ClusterError> {
        let whole = |name: &str| {
            let piece = frozen.pieces.iter().find(|piece| piece.name == name);
            piece.is_some_and(|piece| {
                let all = 0..piece.items.len();
                self.coverage.missing(name, &all).is_empty()
            })
        };
        let failed = std::mem::take(&mut self.failed);
        let failed = failed.into_iter().filter(|(name, _)| !whole(name));
        self.failed = failed.collect();
        let holes = Holes::of(frozen, &self.coverage, &|piece| {
            self.failed.contains_key(piece)
        });
        if holes.is_empty() {
            return Ok(());
        }
        let useless = std::mem::take(&mut self.useless);
        let holes = holes.to_string();
        Err(ClusterError::Incomplete { holes, useless })
    }

    fn into_parts(self) -> (BTreeMap<String, Vec<f64>>, SharedWork) {
        let records = self.records.into_iter();
        let records = records.map(|(name, (_, numbers))| (name, numbers));
        let shared = SharedWork {
            failed: self.failed,
            canaries: self.canaries,
        };
        (records.collect(), shared)
    }
}

/// The same bits.
fn is_same(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.to_bits() == b.to_bits())
}
