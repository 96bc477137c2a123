//! The thin binary: arguments in, exit code out.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        // The child that loads a plugin before we do (library/probe.rs); hidden, and before anything else touches this process.
        (Some(command), Some(file)) if command == "probe" => {
            ocean_host::library::probe_main(Path::new(&file))
        }
        _ => ExitCode::SUCCESS,
    }
}
