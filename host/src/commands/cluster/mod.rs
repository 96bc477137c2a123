//! A study on many machines: plan it once, compute shards of it anywhere and in any order, put them
//! together.
//!
//! No daemon, no open port, no framework: a contract of files that any scheduler can run. `plan`
//! freezes the study in `RUN/cluster/plan.json`; a shard reads it, computes its share and leaves
//! one file; `merge` takes the union of those files and goes the way of `eval` from there, so the
//! reports are the same bytes. Whatever is lost is computed again: nothing here is state that only
//! one process has.
//!
//! [`frozen`] is plan.json. [`work`] cuts the study into shards. [`task`] finds out which shard a
//! process is. [`encode`] and [`shard`] are the two stages, [`mod@file`] is what a shard leaves.
//! [`merge`] and [`status`] read all of them. [`slurm`] writes scripts.

pub mod encode;
pub mod error;
pub mod file;
mod found;
pub mod freeze;
pub mod frozen;
pub mod merge;
pub mod shard;
pub mod slurm;
pub mod status;
pub mod task;
pub mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::problem::Refusal;
use crate::run::RunError;
use crate::tell::progress::Format;
use frozen::Frozen;
use task::Asked;

/// The two kinds of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A range of the texts.
    Encode,
    /// A range of the permutations.
    Permute,
}

/// Computes one shard, the one that is asked for or the one that the scheduler names. Returns what
/// to print, and whether all went well.
///
/// # Errors
/// [`RunError`]; what is finished is kept.
pub fn run(
    options: &Options,
    stage: Stage,
    asked: Option<Asked>,
    interrupted: &Arc<AtomicBool>,
) -> Result<(String, bool), RunError> {
    let frozen = Frozen::read(&options.run)?;
    let planned = match stage {
        Stage::Encode => frozen.shards.encode,
        Stage::Permute => frozen.shards.permute,
    };
    let shard = match asked {
        Some(asked) => asked.of(planned),
        None => task::from_scheduler(&task::environment(), planned),
    };
    let shard = shard.map_err(Refusal::from)?;
    match stage {
        Stage::Encode => encode::encode(options, &frozen, shard, interrupted),
        Stage::Permute => shard::permute(options, &frozen, shard, interrupted),
    }
}

/// What the command line says of a study that is planned already.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The run directory.
    pub run: PathBuf,
    /// Threads; `None`: all cores.
    pub threads: Option<usize>,
    /// Only warnings.
    pub is_quiet: bool,
    /// How progress is shown.
    pub format: Format,
}

/// Where the files of a planned study are: everything in `RUN/cluster`.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// Of a run directory.
    #[must_use]
    pub fn of(run: &Path) -> Self {
        Self {
            folder: run.join("cluster"),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The frozen study.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    /// One file a finished shard.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.folder.join("results")
    }

    /// The file of one shard.
    #[must_use]
    pub fn result(&self, shard: task::Shard) -> PathBuf {
        self.result_of(&shard.name())
    }

    /// The file of the shard of a name ([`task::Shard::name`]).
    fn result_of(&self, name: &str) -> PathBuf {
        self.results()
            .join(format!("shard-{name}.{}", file::SUFFIX))
    }

    /// What an unfinished shard has computed so far.
    #[must_use]
    pub fn partial(&self, shard: task::Shard) -> PathBuf {
        self.folder.join("partial").join(shard.name())
    }

    /// The vectors that each encoding shard made.
    #[must_use]
    pub fn encoded(&self) -> PathBuf {
        self.folder.join("encoded")
    }

    /// Held by whoever fills the cache.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.folder.join("cache.lock")
    }

    /// The vectors that all shards read, unless the user named another folder.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Scripts for Slurm, and where its jobs write.
    #[must_use]
    pub fn slurm(&self) -> PathBuf {
        self.folder.join("slurm")
    }
}
