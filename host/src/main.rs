//! The thin binary: arguments in, exit code out.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use ocean_host::cli::{Cli, Command};
use ocean_host::commands::{self, say};
use ocean_host::tell::events::Event;
use ocean_host::tell::progress::Format;
use ocean_host::tell::stdout;

fn main() -> ExitCode {
    let code = match Cli::try_parse() {
        Ok(cli) => run(cli.command),
        Err(error) => answer(&error),
    };
    let Some(why) = stdout::failure() else {
        return code;
    };
    say(&format!("error: cannot write to standard output: {why}"));
    if code == ExitCode::SUCCESS {
        ExitCode::FAILURE
    } else {
        code
    }
}

fn run(command: Command) -> ExitCode {
    let format = commands::format(&command);
    match commands::run(command) {
        Ok(ended) => {
            stdout::print(ended.text.as_bytes());
            ended.code
        }
        Err(error) => {
            let (message, exit_code) = (&error.to_string(), error.exit_code());
            if format == Format::Json {
                stdout::print(Event::Error { message, exit_code }.line().as_bytes());
            }
            say(&format!("error: {message}"));
            ExitCode::from(exit_code)
        }
    }
}

/// A command line that clap refuses, or a page that it prints. Help and versions, too, are asked
/// for in vain if nobody can read them.
fn answer(error: &clap::Error) -> ExitCode {
    match error.print().and_then(|()| std::io::stdout().flush()) {
        Err(failed) if !error.use_stderr() => {
            say(&format!("error: cannot write to standard output: {failed}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}
