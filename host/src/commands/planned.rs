//! `plan`, `run`, `merge`, `status` and `slurm`: one study on many machines.

use ocean_report::escape;

use super::study::outcome;
use super::{Ended, announce, interruptible};
use crate::cli::{MergeArgs, PlanArgs, PlannedArgs, RunArgs, SlurmArgs, StageArg, StatusArgs};
use crate::commands::cluster::{self, Place, Stage, freeze, slurm};
use crate::run::{Options, RunError};
use crate::tell::events::Event;
use crate::tell::progress::Format;

pub(super) fn plan(args: PlanArgs) -> Result<Ended, RunError> {
    let options = Options {
        config: args.config,
        sets: args.sets,
        out: args.out,
        is_fresh: args.fresh,
        threads: args.threads.map(usize::from),
        cache: args.cache,
        is_quiet: args.quiet,
        ..Options::default()
    };
    let wishes = freeze::Wishes {
        shards: args.shards,
    };
    let text = freeze::plan(&options, wishes, &interruptible())?;
    Ok(Ended::saying(&text))
}

/// What a plugin could not do is in the file of the shard: for a scheduler the task is done, and
/// what follows it may begin.
pub(super) fn run(args: &RunArgs) -> Result<Ended, RunError> {
    let options = options(&args.planned);
    announce(options.format, "run", &Place::of(&options.run).plan());
    let stage = match args.stage {
        Some(StageArg::Encode) => Stage::Encode,
        Some(StageArg::Permute) | None => Stage::Permute,
    };
    let (text, is_whole) = cluster::run(&options, stage, args.shard, &interruptible())?;
    let finished = Event::Finished {
        out: Some(&options.run),
        cells: 0,
        failed: usize::from(!is_whole),
    };
    Ok(Ended::saying(&match options.format {
        Format::Json => finished.line(),
        Format::Human => text,
    }))
}

pub(super) fn merge(args: &MergeArgs) -> Result<Ended, RunError> {
    let options = options(&args.planned);
    announce(options.format, "merge", &Place::of(&options.run).plan());
    let merged = cluster::merge::merge(&options, &interruptible())?;
    Ok(outcome(merged, options.format))
}

pub(super) fn status(args: &StatusArgs) -> Result<Ended, RunError> {
    let options = cluster::Options {
        run: args.run.clone(),
        ..cluster::Options::default()
    };
    let (status, frozen) = cluster::status::status(&options, args.shards)?;
    let text = match args.format.into() {
        _ if args.missing => format!("{}\n", status.missing()),
        Format::Json => escape::json(&format!("{}\n", status.to_json())),
        Format::Human => status.words(&options, &frozen),
    };
    Ok(Ended::saying(&text).only_if(status.is_complete()))
}

pub(super) fn slurm(args: SlurmArgs) -> Result<Ended, RunError> {
    let text = slurm::slurm(&slurm::Request {
        run: args.run,
        partition: args.partition,
        account: args.account,
        more: args.sbatch,
        is_submitted: args.submit,
    })?;
    Ok(Ended::saying(&text))
}

fn options(args: &PlannedArgs) -> cluster::Options {
    cluster::Options {
        run: args.run.clone(),
        threads: args.threads.map(usize::from),
        is_quiet: args.quiet,
        format: args.format.into(),
    }
}
