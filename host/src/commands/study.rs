//! `eval`, `encode`, `power`, `init` and `report`: one study on one machine.

use std::io::IsTerminal;
use std::path::PathBuf;

use ocean_report::escape;
use ocean_report::terminal;

use super::{Ended, announce, interruptible};
use crate::cli::{CommonArgs, EncodeArgs, EvalArgs, InitArgs, PowerArgs, ReportArgs};
use crate::commands::{encode, init, power};
use crate::run::{self, Options, Outcome, RunError};
use crate::tell::events::{self, Event};
use crate::tell::progress::Format;
use crate::tell::stdout;
use crate::write::report_files;

pub(super) fn eval(args: EvalArgs) -> Result<Ended, RunError> {
    let options = Options {
        is_fresh: args.fresh,
        is_dry: args.dry_run,
        ..options(args.config, args.out, &args.common)
    };
    announce(options.format, "eval", &options.config);
    Ok(outcome(
        run::eval(&options, &interruptible())?,
        options.format,
    ))
}

pub(super) fn encode(args: EncodeArgs) -> Result<Ended, RunError> {
    let options = options(args.config, args.out, &args.common);
    announce(options.format, "encode", &options.config);
    let text = encode::encode(&options, args.force, &interruptible())?;
    let finished = Event::Finished {
        out: options.out.as_deref(),
        cells: 0,
        failed: 0,
    };
    Ok(Ended::saying(&match options.format {
        Format::Json => finished.line(),
        Format::Human => text,
    }))
}

pub(super) fn power(args: PowerArgs) -> Result<Ended, RunError> {
    let options = options(args.config, args.out, &args.common);
    announce(options.format, "power", &options.config);
    let asked = power::Asked {
        sizes: args.n,
        shares: args.r2,
        n_tests: args.tests,
        n_data_sets: args.data_sets as usize,
        is_forced: args.force,
    };
    let text = power::power(&options, asked, &interruptible())?;
    Ok(Ended::saying(&match options.format {
        Format::Json => Event::Finished {
            out: options.out.as_deref(),
            cells: 0,
            failed: 0,
        }
        .line(),
        Format::Human => text,
    }))
}

/// What was seen of the table is said also where it earns no plugins.toml.
pub(super) fn init(args: InitArgs) -> Result<Ended, RunError> {
    let init::Said { text, refusal } = init::init(&init::Options {
        data: args.data,
        id: args.id,
        text: args.text,
        targets: args.targets,
        group: args.group,
        format: args.table.into(),
        out: args.out,
        is_forced: args.force,
        may_ask: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
    })?;
    match refusal {
        None => Ok(Ended::saying(&text)),
        Some(refusal) => {
            stdout::print(text.as_bytes());
            Err(refusal.into())
        }
    }
}

pub(super) fn report(args: &ReportArgs) -> Result<Ended, RunError> {
    let results = report_files::render_again(&args.dir)?;
    Ok(Ended::drawn(terminal::render(&results, stdout::screen())))
}

/// What to print of a run that ended in a report. A partial run says so in its exit code, too.
pub(super) fn outcome(outcome: Outcome, format: Format) -> Ended {
    let (results, out) = match outcome {
        Outcome::Planned(plan) if format == Format::Json => {
            return Ended::drawn(Event::Planned { plan: &plan }.line());
        }
        Outcome::Planned(text) => return Ended::saying(&text),
        Outcome::Finished { results, out } => (results, out),
    };
    let text = match format {
        Format::Json => events::of_results(&results, &out),
        Format::Human => format!(
            "{}\nReports: {}\n",
            terminal::render(&results, stdout::screen()),
            escape::terminal(&out.display().to_string())
        ),
    };
    Ended::drawn(text).only_if(results.failed.is_empty())
}

fn options(config: PathBuf, out: Option<PathBuf>, common: &CommonArgs) -> Options {
    Options {
        config,
        out,
        sets: common.sets.clone(),
        threads: common.threads.map(usize::from),
        cache: common.cache.clone(),
        is_quiet: common.quiet,
        format: common.format.into(),
        ..Options::default()
    }
}
