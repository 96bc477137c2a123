//! Standard output, whose failures count: a full disk or a closed pipe behind it is an error of the
//! program, whatever the command.
//!
//! Whoever prints need not look: the first failure is remembered, nothing more is written after it,
//! and `main` asks at the end.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use ocean_report::terminal::Screen;

use crate::keep::atomic::cause;

static FAILURE: OnceLock<String> = OnceLock::new();

/// Writes to standard output and remembers a failure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stdout;

/// Prints all of it, now.
pub fn print(bytes: &[u8]) {
    let mut out = Stdout;
    // Remembered by the writer itself.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Why something that was printed did not arrive, if that happened.
pub fn failure() -> Option<&'static str> {
    FAILURE.get().map(String::as_str)
}

/// The screen behind standard output: its own width, else `COLUMNS`, else 80; colours when it is a
/// terminal that knows them and `NO_COLOR` is unset or empty.
pub fn screen() -> Screen {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let own_width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    Screen {
        width: own_width.or_else(columns).unwrap_or(80),
        is_coloured: io::stdout().is_terminal() && !is_dumb && !is_set("NO_COLOR"),
    }
}

fn remembered<T>(result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|error| {
        if error.kind() != io::ErrorKind::Interrupted {
            FAILURE.get_or_init(|| cause(error));
        }
    })
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if failure().is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        remembered(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        if failure().is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        remembered(io::stdout().flush())
    }
}
