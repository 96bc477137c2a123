//! The commands that the program gives to itself: a plugin in a process of its own, a probe, one
//! check.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ocean_loader as library;

use super::Ended;

pub(super) fn check_one(
    (file, id): (&Path, &str),
    check: &str,
    (seed, params): (u64, &str),
    past: &str,
) -> Ended {
    use crate::commands::plugin::check::{Past, Request, child_main};

    let params = serde_json::from_str(params).unwrap_or_default();
    Ended::silently(child_main(&Request {
        file,
        id,
        check,
        seed,
        params: &params,
        past: match past {
            "busy" => Past::Busy,
            _ => Past::None,
        },
    }))
}

pub(super) fn worker(file: &Path, id: &str, memory: u64, readable: Option<Vec<PathBuf>>) -> Ended {
    Ended::silently(library::worker_main(file, id, memory, readable))
}

pub(super) fn probe(file: &Path) -> Ended {
    let code: ExitCode = library::probe_main(file);
    Ended::silently(code)
}
