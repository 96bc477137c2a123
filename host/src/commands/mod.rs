//! The commands: from what was typed to what is printed, each a few lines over the part of the
//! crate that does the work.
//!
//! `study`: eval, encode, power, init and report. `planned`: a study on many machines. `apply`:
//! predict. `plugins`: plugin list, info, check and new. `certify`: selfcheck. `children`:
//! what the program starts itself.

mod apply;
mod certify;
mod children;
pub mod cluster;
pub mod encode;
pub mod init;
mod planned;
pub mod plugin;
mod plugins;
pub mod power;
pub mod selfcheck;
mod study;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocean_report::escape;

use crate::cli::{self, Command, FormatArg};
use crate::run::RunError;
use crate::tell::events::{EVENTS_VERSION, Event};
use crate::tell::progress::Format;
use crate::tell::stdout;

/// How a command ended that was not refused and did not fail.
#[derive(Debug)]
pub struct Ended {
    /// The rest of what is printed, ready for the terminal.
    pub text: String,
    /// 1 where something is partial or does not hold.
    pub code: ExitCode,
}

impl Ended {
    /// All is well. In the text nothing steers a terminal.
    fn saying(text: &str) -> Self {
        Self::drawn(escape::terminal(text))
    }

    /// All is well. The text is made for the terminal, or for a program.
    fn drawn(text: String) -> Self {
        let code = ExitCode::SUCCESS;
        Self { text, code }
    }

    /// All was printed already.
    fn silently(code: ExitCode) -> Self {
        let text = String::new();
        Self { text, code }
    }

    /// Exit code 1 unless something holds.
    fn only_if(self, holds: bool) -> Self {
        match holds {
            true => self,
            false => Self {
                code: ExitCode::FAILURE,
                ..self
            },
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`RunError`], whose exit code is the program's.
pub fn run(command: Command) -> Result<Ended, RunError> {
    match command {
        Command::Eval(args) => study::eval(args),
        Command::Power(args) => study::power(args),
        Command::Init(args) => study::init(args),
        Command::Encode(args) => study::encode(args),
        Command::Report(args) => study::report(&args),
        Command::Plan(args) => planned::plan(args),
        Command::Run(args) => planned::run(&args),
        Command::Merge(args) => planned::merge(&args),
        Command::Status(args) => planned::status(&args),
        Command::Slurm(args) => planned::slurm(args),
        Command::Plugin(command) => plugins::plugin(command),
        Command::Predict(args) => apply::predict(args),
        Command::Selfcheck(args) => certify::selfcheck(&args),
        Command::Completions { shell } => Ok(page(&cli::completions(shell))),
        Command::Man => Ok(match cli::manual() {
            Ok(manual) => page(&manual),
            Err(_) => Ended::silently(ExitCode::FAILURE),
        }),
        Command::CheckOne {
            file,
            id,
            check,
            seed,
            params,
            past,
        } => Ok(children::check_one(
            (&file, &id),
            &check,
            (seed, &params),
            &past,
        )),
        Command::Worker {
            file,
            id,
            memory,
            sandbox,
        } => Ok(children::worker(&file, &id, memory, sandbox)),
        Command::Probe { file } => Ok(children::probe(&file)),
    }
}

/// Whether a command speaks in events: then an error is one, too.
#[must_use]
pub fn format(command: &Command) -> Format {
    let format: FormatArg = match command {
        Command::Eval(args) => args.common.format,
        Command::Encode(args) => args.common.format,
        Command::Run(args) => args.planned.format,
        Command::Merge(args) => args.planned.format,
        _ => return Format::Human,
    };
    format.into()
}

/// A line for people, in which nothing steers their terminal. Not `eprintln!`, which panics when
/// stderr was closed.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escape::terminal(line));
}

/// Bytes for another program, as they are.
fn page(bytes: &[u8]) -> Ended {
    stdout::print(bytes);
    Ended::silently(ExitCode::SUCCESS)
}

/// The first line of a stream of events.
fn announce(format: Format, command: &str, config: &Path) {
    if format == Format::Json {
        let started = Event::Started {
            events_version: EVENTS_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            command,
            config,
        };
        stdout::print(started.line().as_bytes());
    }
}

/// Ctrl-C asks the work to stop at the next whole piece; a second one ends the program at once,
/// which loses nothing either.
fn interruptible() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let installed = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        say("\nstopping at the next whole piece; once more to stop at once");
    });
    if let Err(error) = installed {
        say(&format!(
            "warning: Ctrl-C will end the program at once ({error})"
        ));
    }
    interrupted
}
