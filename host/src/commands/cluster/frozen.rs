//! `RUN/cluster/plan.json`: a study as it was when it was planned, and how it is cut.
//!
//! It holds what plugins.toml said, not where to look again: a file edited while a thousand tasks
//! wait changes nothing. What it cannot hold, data, plugins and models, is known by hash, and every
//! task compares.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file::Machine;
use super::task::Shard;
use super::work::{self, Piece};
use super::{Options, Place};
use crate::encode::sources::{Embedded, Sources};
use crate::keep::atomic;
use crate::keep::differences::differences;
use crate::keep::journal;
use crate::problem::{Problem, Refusal, shown_path, typed_path};
use crate::read::config::{Config, Scope};
use crate::run::{self, Evaluator, RunError, Study};
use crate::write::outputs::Timings;

/// Version of the file.
pub const SCHEMA: u32 = 1;

/// No study is cut into more shards: their numbers have five digits in the names of files.
pub const MOST_SHARDS: u32 = 99_999;

/// Texts that an encoder has yet to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToEncode {
    /// The encoder as reports name it.
    pub encoder: String,
    /// Different texts.
    pub n_texts: usize,
    /// Those of them that were in no cache when the study was planned.
    pub n_lacking: usize,
    /// Time of one thread for one text, in millionths of a second.
    pub text_us: u64,
}

/// How many shards are recommended, and for how many threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Of the stage `encode`; 0: nothing is to be encoded.
    pub encode: u32,
    /// Of the stage `permute`.
    pub permute: u32,
    /// Threads of each.
    pub threads: u32,
}

/// Memory of one task, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Of an encoding shard.
    pub encode: u64,
    /// Of a permutation shard.
    pub permute: u64,
    /// Of the merge.
    pub merge: u64,
}

/// A planned study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// [`SCHEMA`].
    pub schema: u32,
    /// plugins.toml, absolute: relative paths start in its folder.
    pub config: PathBuf,
    /// What it said.
    pub config_text: String,
    /// `--set`, in order.
    pub sets: Vec<String>,
    /// Where the vectors are, absolute; on a file system that all tasks see.
    pub cache: PathBuf,
    /// Everything that the numbers depend on.
    pub fingerprint: Value,
    /// Encoders that have texts to encode.
    pub encode: Vec<ToEncode>,
    /// Every piece, in the order of the cut.
    pub pieces: Vec<Piece>,
    /// The recommendation.
    pub shards: Shards,
    /// What a task needs.
    pub memory: Memory,
    /// Seconds until a task has read everything and can begin.
    pub start_s: f64,
    /// Seconds of one thread for what the merge computes itself.
    pub merge_s: f64,
    /// Where the costs were measured.
    pub machine: Machine,
}

/// What [`crate::run`] takes as the identity of a run, and what two machines must agree on besides.
#[must_use]
pub fn fingerprint(run: Value) -> Value {
    let abi = format!(
        "{}.{}",
        ocean_plugin_abi::ABI_MAJOR,
        ocean_plugin_abi::ABI_MINOR
    );
    json!({"version": env!("CARGO_PKG_VERSION"), "abi": abi, "run": run})
}

/// How two fingerprints differ, a line each; `None` if they do not.
#[must_use]
pub fn difference(planned: &Value, other: &Value) -> Option<String> {
    let lines = differences(planned, other);
    (!lines.is_empty()).then(|| journal::shown(&lines))
}

impl Frozen {
    /// Reads the plan of a run directory.
    ///
    /// # Errors
    /// A [`Refusal`] when there is none, or none of this version.
    pub fn read(run: &Path) -> Result<Self, Refusal> {
        let path = Place::of(run).plan();
        let refuse = |message: String| {
            Refusal::from(Problem::new(shown_path(&path), message).with_try(format!(
                "ocean-host plan plugins.toml --out {}",
                typed_path(run)
            )))
        };
        let bytes = std::fs::read(&path).map_err(|error| {
            refuse(match error.kind() {
                std::io::ErrorKind::NotFound => "there is no planned study here".to_owned(),
                _ => format!("cannot be read: {error}"),
            })
        })?;
        let schema = serde_json::from_slice::<Value>(&bytes)
            .ok()
            .and_then(|plan| plan.get("schema")?.as_u64());
        match schema {
            Some(schema) if schema == u64::from(SCHEMA) => {
                let frozen: Self = serde_json::from_slice(&bytes)
                    .map_err(|error| refuse(format!("cannot be understood: {error}")))?;
                match frozen.fault() {
                    None => Ok(frozen),
                    Some(fault) => Err(refuse(format!("is no plan of a study: it has {fault}"))),
                }
            }
            Some(schema) => Err(refuse(format!(
                "is of version {schema}, and this program writes {SCHEMA}"
            ))),
            None => Err(refuse("is no plan of a study".to_owned())),
        }
    }

    /// What no plan can hold, and an edited file may.
    fn fault(&self) -> Option<&'static str> {
        let Shards {
            encode,
            permute,
            threads,
        } = self.shards;
        if permute == 0 || threads == 0 {
            Some("no shard or no thread")
        } else if encode.max(permute) > MOST_SHARDS {
            Some("more shards than a study can have")
        } else {
            self.pieces.iter().find_map(Piece::fault)
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`atomic::WriteError`].
    pub fn write(&self, place: &Place) -> Result<(), atomic::WriteError> {
        atomic::create_folder(place.folder())?;
        // A name that is no text is none of JSON either.
        let text = serde_json::to_vec_pretty(self).map_err(|error| atomic::WriteError {
            path: place.plan(),
            source: std::io::Error::other(error),
        })?;
        atomic::write(&place.plan(), &text)
    }

    /// Reads and checks the study on this machine; refuses it if it is not the one that was
    /// planned.
    pub(super) fn open(
        &self,
        options: &Options,
        interrupted: &Arc<AtomicBool>,
        timings: &mut Timings,
    ) -> Result<(Study, Sources), RunError> {
        let config = Config::parse(
            &self.config,
            &self.config_text,
            &self.sets,
            Scope::Evaluation,
        )?;
        let request = run::Options {
            out: Some(options.run.clone()),
            threads: options.threads,
            is_quiet: options.is_quiet,
            format: options.format,
            is_task: true,
            ..run::Options::default()
        };
        let (study, sources) = Study::open(&config, &request, interrupted, timings)?;
        let here = fingerprint(study.fingerprint(&sources)?);
        if let Some(differences) = difference(&self.fingerprint, &here) {
            let message = format!("the study is not the one that was planned:\n{differences}");
            let problem = Problem::new(shown_path(&Place::of(&options.run).plan()), message);
            let remedy = "the files of the plan on this machine; or plan the changed study, into another --out or with --fresh";
            return Err(Refusal::from(problem.with_try(remedy)).into());
        }
        Ok((study, sources))
    }

    /// Refuses pieces that are not those of the study, as in a plan that was edited.
    pub(super) fn check_pieces(&self, evaluator: &Evaluator) -> Result<(), Refusal> {
        let encoders = evaluator.sources.encoders.iter();
        let none: Vec<Embedded> = encoders.map(|_| Embedded::none()).collect();
        let entries = evaluator.entries();
        let own = entries.iter().map(|entry| evaluator.items(entry, &none));
        let planned = self.pieces.iter().map(|one| (one.name.clone(), one.items));
        match own.eq(planned) {
            true => Ok(()),
            false => Err(
                Problem::new("plan.json", "does not hold the pieces of this study")
                    .with_try("plan it again, with --fresh")
                    .into(),
            ),
        }
    }

    /// The places of the pieces, for what a shard computes.
    #[must_use]
    pub fn share(&self, shard: Shard) -> work::Share {
        work::share(&self.pieces, shard)
    }

    /// Row sets of the study.
    #[must_use]
    pub fn n_row_sets(&self) -> usize {
        let row_sets = self.pieces.iter().map(|piece| piece.row_set + 1);
        row_sets.max().unwrap_or(0)
    }

    /// Seconds of one permutation shard, without its start.
    #[must_use]
    pub fn work_seconds(&self, shard: Shard, threads: u32) -> f64 {
        let share = self.share(shard);
        let seconds = share
            .iter()
            .map(|(at, range)| self.pieces[*at].seconds(range, threads));
        seconds.sum()
    }

    /// Seconds of the longest of `count` permutation shards on `threads` threads, its start
    /// included.
    #[must_use]
    pub fn seconds(&self, count: u32, threads: u32) -> f64 {
        let shards = (1..=count).map(|index| self.work_seconds(Shard { index, count }, threads));
        self.start_s + shards.fold(0.0, f64::max)
    }

    /// Seconds of one of `count` encoding shards.
    #[must_use]
    pub fn encode_seconds(&self, count: u32, threads: u32) -> f64 {
        let of_one = |one: &ToEncode| one.n_lacking as f64 * one.text_us as f64 * 1e-6;
        let all: f64 = self.encode.iter().map(of_one).sum();
        self.start_s + all / f64::from(count.max(1)) / f64::from(threads)
    }
}
