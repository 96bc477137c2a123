//! One permutation shard: its share of every piece it touches, computed, kept as it goes, and left
//! as one file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use ocean_report::wording::plural;

use super::encode::vectors;
use super::file::{self, Computed, Failed, Header, Machine, RepeatR2, Took};
use super::frozen::Frozen;
use super::task::Shard;
use super::work::{Coverage, Share};
use super::{Options, Place};
use crate::keep::atomic;
use crate::keep::journal::{self, Journal, JournalError};
use crate::platform;
use crate::run::{Entry, RunError, Setback, Study, without_encoder};
use crate::write::outputs::Timings;

/// Tasks of one shard that may run at the same time, each with a journal of its own.
const AT_ONCE: u32 = 9;

/// Computes one shard. Returns what to print, and whether all went well.
///
/// # Errors
/// [`RunError`]; what was computed is kept, and the same command goes on from there.
pub fn permute(
    options: &Options,
    frozen: &Frozen,
    shard: Shard,
    interrupted: &Arc<AtomicBool>,
) -> Result<(String, bool), RunError> {
    let place = Place::of(&options.run);
    let (path, share) = (place.result(shard), frozen.share(shard));
    if is_done(&path, frozen, &share) {
        // What a task that was killed at its very end did not remove; another that is still at it
        // keeps its own.
        let partial = place.partial(shard);
        let _ = journal::remove(&partial);
        let _ = std::fs::remove_dir(partial);
        return Ok((format!("shard {shard} is done already\n"), true));
    }
    // A disk that cannot be written is found out before the work and not after it.
    atomic::create_folder(&place.results())?;
    let begun = Instant::now();
    let (study, sources) = frozen.open(options, interrupted, &mut Timings::start())?;
    let analysis = study.arrange(&sources)?;
    let (journal, partial) = journal(&place, frozen, shard)?;
    if journal.n_found() > 0 {
        let found = format!("resuming: {} finished items found", journal.n_found());
        study.progress.note(&found);
    }
    let mut took = Took {
        open_s: begun.elapsed().as_secs_f64(),
        ..Took::default()
    };

    let evaluator = study.evaluator(&analysis, &sources, &journal);
    frozen.check_pieces(&evaluator)?;
    let entries = evaluator.entries();
    let encoders_of = |entry: &Entry| -> Vec<usize> {
        let contenders = entry.contenders.iter();
        contenders.map(|(encoder, _)| *encoder).collect()
    };
    let mut needed: Vec<usize> = share
        .iter()
        .flat_map(|(at, _)| encoders_of(&entries[*at]))
        .collect();
    needed.sort_unstable();
    needed.dedup();
    let begun = Instant::now();
    let (mut embedded, unembedded) = vectors(&study, &sources, frozen, &place, &needed)?;
    for embedded in embedded.iter_mut().filter(|one| one.x.nrows() > 0) {
        embedded.x = analysis.analysed.vectors(std::mem::take(&mut embedded.x));
    }
    took.vectors_s = begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let mut header = Header {
        fingerprint: frozen.fingerprint.clone(),
        shard: shard.index,
        shards: shard.count,
        computed: Vec::new(),
        failed: Vec::new(),
        observed: Vec::new(),
        slot_zero: Vec::new(),
        machine: Machine::here(),
        took,
    };
    let mut records = Vec::new();
    let n_items = share.iter().map(|(_, range)| range.len()).sum::<usize>();
    let stage = study
        .progress
        .stage(&format!("shard {shard}"), n_items as u64);
    for (at, range) in &share {
        let (entry, piece) = (&entries[*at], &frozen.pieces[*at]);
        // Without one of the encoders there is no best of all.
        let lost = |encoder: usize| {
            let name = &sources.encoders[encoder].name;
            Some(without_encoder(&entry.id, name, unembedded.get(&encoder)?))
        };
        let part = match encoders_of(entry).into_iter().find_map(lost) {
            Some(setback) => Err(setback),
            None => evaluator.part(entry, &embedded, range, &stage),
        };
        match part {
            Ok(part) => {
                let items = part.items.into_iter();
                records.extend(items.map(|(item, numbers)| (entry.id.record(item), numbers)));
                header.computed.push(Computed {
                    piece: piece.name.clone(),
                    start: range.start,
                    end: range.end,
                });
                let slot_zero = part.slot_zero.iter();
                header
                    .slot_zero
                    .extend(slot_zero.map(|(repeat, r2)| RepeatR2::new(&piece.name, *repeat, r2)));
            }
            Err(Setback::Run(error)) => return Err(error),
            Err(Setback::Piece(reason)) => {
                let title = piece.title(frozen.n_row_sets());
                study.progress.warn(&format!("{title}: {reason}"));
                header.failed.push(Failed {
                    piece: piece.name.clone(),
                    reason,
                });
            }
        }
    }
    stage.finish();
    header.took.work_s = begun.elapsed().as_secs_f64();
    header.took.cpu_s = platform::process_cpu_s();
    header.took.peak_bytes = peak_bytes().unwrap_or(0);
    file::write(&path, &header, &records)?;
    if header.failed.is_empty() {
        // Nobody needs it any more; if it stays, it is in nobody's way. Removed while it is ours: a
        // task that waits for it finds nothing half removed.
        let _ = journal.remove();
        let _ = std::fs::remove_dir(partial);
    }
    Ok((
        words(shard, n_items, &header, &study),
        header.failed.is_empty(),
    ))
}

fn words(shard: Shard, n_items: usize, header: &Header, study: &Study) -> String {
    let Took {
        open_s,
        vectors_s,
        work_s,
        cpu_s,
        peak_bytes,
    } = header.took;
    format!(
        "shard {shard}: {} of {}, {} failed; {open_s:.2} s to open, {vectors_s:.2} s for vectors, {work_s:.2} s of work on {}, \
         {cpu_s:.2} s of processor, {} MB\n",
        plural(n_items, "item"),
        plural(header.computed.len(), "piece"),
        header.failed.len(),
        plural(study.threads, "thread"),
        peak_bytes >> 20
    )
}

/// The shard's file is there and holds all it should.
fn is_done(path: &std::path::Path, frozen: &Frozen, share: &Share) -> bool {
    let Ok(header) = file::read_header(path) else {
        return false;
    };
    let mut coverage = Coverage::default();
    for computed in &header.computed {
        coverage.add(&computed.piece, computed.range());
    }
    header.fingerprint == frozen.fingerprint && coverage.holds(&frozen.pieces, share)
}

/// A journal for this task alone, and its folder: that of a task that was killed, or a new one
/// where another task is computing the same shard.
fn journal(place: &Place, frozen: &Frozen, shard: Shard) -> Result<(Journal, PathBuf), RunError> {
    let first = place.partial(shard);
    let other = |number: u32| first.with_file_name(format!("{}.{number}", shard.name()));
    let mut folder = first.clone();
    let mut number = 1;
    loop {
        match Journal::open(&folder, &frozen.fingerprint, false) {
            Err(JournalError::InUse { .. }) if number < AT_ONCE => {
                number += 1;
                folder = other(number);
            }
            study => return Ok((study?, folder)),
        }
    }
}

/// The most memory this process and its workers have used, where the system tells.
pub(super) fn peak_bytes() -> Option<u64> {
    let own = peak_of("self")?;
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let children = threads.flatten().map(|thread| {
        let children = std::fs::read_to_string(thread.path().join("children"));
        let children = children.unwrap_or_default();
        let peaks = children.split_whitespace().filter_map(peak_of);
        peaks.sum::<u64>()
    });
    Some(own + children.sum::<u64>())
}

fn peak_of(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}
