//! Plugins that are part of the program, so that an installation of one file works: the program
//! itself is then one more library, the last in the search path.
//!
//! They are probed, hashed, and run in workers as any other; only how their entries are reached is
//! another matter.

use std::path::{Path, PathBuf};

use ocean_plugin_abi::Entry;

/// Their entries; none without the feature `bundled`.
pub(super) fn entries() -> Vec<&'static Entry> {
    #[cfg(feature = "bundled")]
    return ocean_linked_plugins::entries().to_vec();
    #[cfg(not(feature = "bundled"))]
    Vec::new()
}

/// Whether `path` is the program that runs.
pub(super) fn is_program(path: &Path) -> bool {
    program().is_some_and(|program| path.canonicalize().is_ok_and(|path| path == program))
}

/// The file of the program, where plugins are linked into it.
pub(super) fn program() -> Option<PathBuf> {
    if cfg!(not(feature = "bundled")) {
        return None;
    }
    std::env::current_exe().ok()?.canonicalize().ok()
}

/// The ids of its plugins.
pub(super) fn ids() -> Vec<String> {
    let ids = entries().into_iter().flat_map(|entry| {
        // SAFETY: entries of this program, made by the SDK, complete.
        let n = unsafe { entry.count() };
        (0..n).filter_map(move |index| {
            // SAFETY: as above; what it returns is a descriptor.
            let descriptor = unsafe { super::Descriptor::read(entry.descriptor(index)) };
            Some(descriptor.ok()?.id)
        })
    });
    ids.collect()
}
