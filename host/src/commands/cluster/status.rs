//! How far a planned study is: what is done, what is missing or failed, and what to submit again.
//! Reads plan.json and the files of the shards, and opens nothing else.
//!
//! It says nothing of results: a p-value looked at before the planned number of permutations is
//! there would invite stopping when it pleases.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde_json::{Value, json};

use super::encode::Encoded;
use super::file::{self, Header};
use super::found::{files, foreign, useless};
use super::frozen::Frozen;
use super::task::{Shard, as_array};
use super::work::Coverage;
use super::{Options, Place};
use crate::problem::{listed_up_to, shown_path, typed_path};
use crate::run::RunError;

/// Ranges shown of one piece.
const SHOWN: usize = 6;

/// What is not there.
#[derive(Debug, Clone, Default)]
pub struct Holes {
    /// A line a piece.
    lines: Vec<String>,
    /// The shards of the planned cut that would fill them.
    pub shards: Vec<u32>,
    count: u32,
}

impl Holes {
    /// What `coverage` leaves out. A piece that `is_excused` is passed over.
    #[must_use]
    pub fn of(frozen: &Frozen, coverage: &Coverage, is_excused: &dyn Fn(&str) -> bool) -> Self {
        Self::in_cut(frozen, coverage, is_excused, frozen.shards.permute)
    }

    fn in_cut(
        frozen: &Frozen,
        coverage: &Coverage,
        is_excused: &dyn Fn(&str) -> bool,
        count: u32,
    ) -> Self {
        let mut lines = Vec::new();
        for piece in frozen.pieces.iter().filter(|one| !is_excused(&one.name)) {
            let missing: Vec<Range<usize>> = piece
                .items
                .runs()
                .iter()
                .flat_map(|run| coverage.missing(&piece.name, run))
                .collect();
            if !missing.is_empty() {
                let words = missing.iter().map(|range| piece.items.words(range));
                lines.push(format!(
                    "  {}: {}",
                    piece.title(frozen.n_row_sets()),
                    listed_up_to(SHOWN, words)
                ));
            }
        }
        let is_needed = |index: &u32| {
            let shard = Shard {
                index: *index,
                count,
            };
            let mut share = frozen.share(shard);
            share.retain(|(at, _)| !is_excused(&frozen.pieces[*at].name));
            !coverage.holds(&frozen.pieces, &share)
        };
        let shards = match lines.is_empty() {
            true => Vec::new(),
            false => (1..=count).filter(is_needed).collect(),
        };
        Self {
            lines,
            shards,
            count,
        }
    }

    /// Nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for Holes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.lines.len().min(20);
        write!(f, "{}", self.lines[..shown].join("\n"))?;
        if shown < self.lines.len() {
            write!(f, "\n  … and {} more pieces", self.lines.len() - shown)?;
        }
        let array = as_array(&self.shards);
        write!(f, "\nto compute them: --array={array} of {}", self.count)
    }
}

/// The state of a planned study.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Encoding shards that are done, of how many.
    encode: (u32, u32),
    /// Those that are not, or failed.
    encode_again: Vec<u32>,
    /// Whether the permutations are complete says [`Holes`].
    holes: Holes,
    /// Shards of the planned cut whose share is there.
    n_done: u32,
    /// Shards that have begun and left no file.
    n_begun: usize,
    /// What is wrong with files and pieces, a line each.
    complaints: Vec<String>,
    /// The report is written.
    is_merged: bool,
}

/// Finds out how far a study is, by the planned cut or another number of shards.
///
/// # Errors
/// [`RunError`] when there is no plan, or the files cannot be listed.
pub fn status(options: &Options, shards: Option<u32>) -> Result<(Status, Frozen), RunError> {
    let frozen = Frozen::read(&options.run)?;
    let place = Place::of(&options.run);
    let count = shards.unwrap_or(frozen.shards.permute).max(1);
    let mut status = Status {
        is_merged: options.run.join("results.json").exists() && !options.run.join("work").exists(),
        ..Status::default()
    };
    status.look_at_encoding(&frozen, &place);
    let mut coverage = Coverage::default();
    let mut failures = Vec::new();
    for path in files(&place)? {
        match file::read_header(&path) {
            Ok(header) => match foreign(&frozen, &path, &header) {
                Some(problem) => status.complaints.push(problem.to_string()),
                None => {
                    for computed in &header.computed {
                        coverage.add(&computed.piece, computed.range());
                    }
                    failures.push((path, header));
                }
            },
            Err(error) => status.complaints.push(useless(&path, &error)),
        }
    }
    status.holes = Holes::in_cut(&frozen, &coverage, &|_| false, count);
    status.n_done = count - status.holes.shards.len() as u32;
    for (path, header) in failures {
        status.note_failures(&frozen, &coverage, &path, &header);
    }
    status.n_begun = begun(&place);
    Ok((status, frozen))
}

/// Shards that have left some work and no file.
fn begun(place: &Place) -> usize {
    let partial = std::fs::read_dir(place.folder().join("partial"));
    let names = partial.into_iter().flatten().flatten();
    let shards: BTreeSet<String> = names
        .filter_map(|entry| {
            // Tasks that computed one shard at the same time have numbers behind a dot.
            let name = entry.file_name().into_string().ok()?;
            Some(name.split('.').next().unwrap_or_default().to_owned())
        })
        .collect();
    let has_file = |name: &&String| place.result_of(name).exists();
    shards.iter().filter(|name| !has_file(name)).count()
}

impl Status {
    fn look_at_encoding(&mut self, frozen: &Frozen, place: &Place) {
        let count = frozen.shards.encode;
        for index in 1..=count {
            match Encoded::of(place, Shard { index, count }) {
                Some(done) if done.fingerprint == frozen.fingerprint && done.failed.is_empty() => {}
                Some(done) => {
                    self.encode_again.push(index);
                    let failed = done.failed.iter().map(|one| {
                        format!(
                            "encoding shard {index}/{count}: {}: {}",
                            one.piece, one.reason
                        )
                    });
                    self.complaints.extend(failed);
                }
                None => self.encode_again.push(index),
            }
        }
        self.encode = (count - self.encode_again.len() as u32, count);
    }

    fn note_failures(
        &mut self,
        frozen: &Frozen,
        coverage: &Coverage,
        path: &std::path::Path,
        header: &Header,
    ) {
        for failed in &header.failed {
            let piece = frozen.pieces.iter().find(|one| one.name == failed.piece);
            let Some(piece) = piece else { continue };
            let whole = 0..piece.items.len();
            if !coverage.missing(&piece.name, &whole).is_empty() {
                self.complaints.push(format!(
                    "{}: {} failed: {} (merge would report its cells as failed)",
                    shown_path(path),
                    piece.title(frozen.n_row_sets()),
                    failed.reason
                ));
            }
        }
    }

    /// Every item is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.holes.is_empty()
    }

    /// The report is written.
    #[must_use]
    pub fn is_merged(&self) -> bool {
        self.is_merged
    }

    /// The permutation shards to submit again, as `sbatch --array` takes them.
    #[must_use]
    pub fn missing(&self) -> String {
        as_array(&self.holes.shards)
    }

    /// The encoding shards to submit again.
    #[must_use]
    pub fn to_encode(&self) -> String {
        as_array(&self.encode_again)
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "complete": self.is_complete(),
            "merged": self.is_merged,
            "encode": {"shards": self.encode.1, "done": self.encode.0, "missing": self.encode_again},
            "permute": {"shards": self.holes.count, "done": self.n_done, "missing": self.holes.shards, "begun": self.n_begun},
            "array": self.missing(),
            "complaints": self.complaints,
        })
    }

    /// For people.
    #[must_use]
    pub fn words(&self, options: &Options, frozen: &Frozen) -> String {
        let run = shown_path(&options.run);
        let mut lines = Vec::new();
        let is_planned = self.holes.count == frozen.shards.permute;
        // Once the permutations are there, nobody needs the encoding shards.
        if self.encode.1 > 0 && !self.is_complete() {
            lines.push(format!(
                "encode   {} of {} shards done",
                self.encode.0, self.encode.1
            ));
            if !self.encode_again.is_empty() {
                let array = as_array(&self.encode_again);
                lines.push(format!("         to encode: --array={array}"));
            }
        }
        lines.push(format!(
            "permute  {} of {} shards done; {} begun and not finished",
            self.n_done, self.holes.count, self.n_begun
        ));
        lines.extend(
            self.complaints
                .iter()
                .map(|line| format!("problem  {line}")),
        );
        if self.is_complete() {
            lines.push(match self.is_merged {
                true => format!("merged   the report is in {run}"),
                false => format!("complete: ocean-host merge {}", typed_path(&options.run)),
            });
        } else {
            lines.push(format!("missing\n{}", self.holes));
            let script = Place::of(&options.run).slurm().join("permute.sh");
            if is_planned && script.exists() {
                let array = self.missing();
                lines.push(format!(
                    "submit   sbatch --array={array} {}",
                    typed_path(&script)
                ));
            }
        }
        lines.join("\n") + "\n"
    }
}
