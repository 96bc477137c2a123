//! What a process has once: its threads, and the places where plugins are looked for.

use std::io;

use ocean_loader::{CallContext, Library, Prober, Quarantine, SearchPath};

use crate::encode::cache::Cache;

/// The threads of the whole process, asked for before anything is read: tables are read on all of
/// them. A second call (tests, embedders) keeps those of the first.
pub(crate) fn set_threads(threads: Option<usize>) -> usize {
    if let Some(threads) = threads {
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
    rayon::current_num_threads()
}

/// Where plugins are looked for, and who probes them: this program.
///
/// # Errors
/// The system cannot tell which program is running.
pub fn plugin_places() -> io::Result<(SearchPath, Prober)> {
    let (search, prober) = plugin_places_of_a_task()?;
    Ok(match Cache::resolve(None).folder() {
        Some(cache) => {
            let quarantine = Quarantine::at(&cache.join("quarantine"));
            (search, prober.with_quarantine(quarantine))
        }
        None => (search, prober),
    })
}

/// As [`plugin_places`], without quarantine: when a thousand tasks start at once, or are cancelled,
/// a plugin that does not answer has done nothing wrong.
fn plugin_places_of_a_task() -> io::Result<(SearchPath, Prober)> {
    let program = std::env::current_exe()?;
    Ok((SearchPath::of(&program), Prober::new(program)))
}

/// Plugins beside this program and in the places of the user.
pub(crate) fn open_library(context: &CallContext, is_task: bool) -> io::Result<Library> {
    let (search, prober) = match is_task {
        true => plugin_places_of_a_task()?,
        false => plugin_places()?,
    };
    Ok(Library::new(search, prober, context.clone()))
}
