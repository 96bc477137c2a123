//! Why a plugin cannot be used: one line for each kind of bad file.
//!
//! Owns the words. Every variant carries what was found and says what to try. The causes are plain
//! data (no `io::Error` inside), because most of them are found in the probing child and travel to
//! the parent as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A plugin that cannot be used, with the file and the cause. Prints as one line (a list of folders
/// may follow).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LibraryError {
    /// No file for an id in any of the folders; remedy: the nearest id, or a path.
    #[error("{}", not_found(id, file_name, looked_in, nearest.as_deref()))]
    NotFound {
        /// The id that was asked for.
        id: String,
        /// The file name that id has on this platform.
        file_name: String,
        /// The folders that were searched, in order.
        looked_in: Vec<PathBuf>,
        /// The most similar id among the files that are there.
        nearest: Option<String>,
    },
    /// There is a file, and it is no plugin that can be loaded here.
    #[error("plugin {}: {fault}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

impl LibraryError {
    /// What is wrong with the file `path`.
    pub fn new(path: &std::path::Path, fault: Fault) -> Self {
        LibraryError::Unusable {
            path: path.to_path_buf(),
            fault,
        }
    }

    /// A file was found by an id that none of its plugins has.
    pub fn other_id(found: &super::Found, probed: &super::Probed) -> Self {
        let fault = Fault::OtherId {
            wanted: found.id.clone().unwrap_or_default(),
            found: probed
                .plugins
                .iter()
                .map(|plugin| plugin.descriptor.id.clone())
                .collect(),
        };
        Self::new(&found.path, fault)
    }

    /// What is wrong with the file, when there is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            LibraryError::NotFound { .. } => None,
            LibraryError::Unusable { fault, .. } => Some(fault),
        }
    }
}

fn not_found(id: &str, file_name: &str, looked_in: &[PathBuf], nearest: Option<&str>) -> String {
    let hint = match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "write the path of its library instead, or add its folder to OCEAN_PLUGIN_PATH"
            .to_owned(),
    };
    let folders: Vec<String> = looked_in
        .iter()
        .map(|folder| format!("  {}", folder.display()))
        .collect();
    format!(
        "no plugin `{id}`: there is no {file_name} in any of these folders; {hint}\n{}",
        folders.join("\n")
    )
}

/// What is wrong with a plugin's file, from the outside inwards: the file, the library, its entry,
/// its tables, its behaviour when loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing has that path.
    #[error(
        "there is no such file; check the path (relative paths start at the folder of plugins.toml)"
    )]
    Missing,
    /// A folder has that path.
    #[error("it is a folder; name the library file in it")]
    Folder,
    /// A pipe, socket or device has that path.
    #[error("it is not a regular file")]
    NotAFile,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No bytes.
    #[error("it is empty; build or copy it again")]
    Empty,
    /// The first bytes are not those of a shared library.
    #[error("it is not a shared library but {0}; name the built library ({example})", example = super::search::file_name("NAME"))]
    NotALibrary(String),
    /// The file is shorter than its own headers say.
    #[error(
        "it is cut off: {found} of at least {expected} bytes are there; build or copy it again"
    )]
    Truncated {
        /// Bytes in the file.
        found: u64,
        /// Bytes its headers speak of.
        expected: u64,
    },
    /// The system's loader refused it.
    #[error("the system cannot load it: {0}")]
    NotLoadable(String),
    /// A library without the entry symbol.
    #[error("it is a library, but no ocean-host plugin: it exports no `{entry}`; Rust: `export_plugin!`, C: see ocean_plugin.h", entry = ocean_plugin_abi::ENTRY_SYMBOL)]
    NoEntry,
    /// Made for another major version of the ABI.
    #[error("it was made for version {found} of the plugin ABI, this ocean-host loads version {host}; rebuild it, or use an ocean-host of its version", host = ocean_plugin_abi::ABI_MAJOR)]
    OtherMajor {
        /// The major it was made for.
        found: u16,
    },
    /// The entry symbol is data.
    #[error("its `{entry}` is not a function; export a function that returns the address of the entry", entry = ocean_plugin_abi::ENTRY_SYMBOL)]
    EntryIsData,
    /// The entry is null, not aligned, without its magic number or a function: something else has
    /// that name.
    #[error("its entry is not an ocean_entry: {0}")]
    BadEntry(String),
    /// A Rust plugin whose tables are laid out differently.
    #[error("{0}; rebuild it with the `ocean-plugin` crate of this ocean-host")]
    Layout(String),
    /// A descriptor that cannot be believed.
    #[error("its descriptor {index} is wrong: {what}")]
    BadDescriptor {
        /// Counted from 0.
        index: u32,
        /// What was found and what is expected.
        what: String,
    },
    /// An interface that is missing or incomplete.
    #[error("its plugin `{id}` {what}")]
    BadInterface {
        /// The plugin's id.
        id: String,
        /// What was found and what is expected.
        what: String,
    },
    /// Found by an id it does not have.
    #[error(
        "it holds {}, not `{wanted}`; a plugin is found by id only under its own name",
        super::error::list(found)
    )]
    OtherId {
        /// The id that was asked for.
        wanted: String,
        /// The ids it holds.
        found: Vec<String>,
    },
    /// Several plugins fit.
    #[error("it holds {}; say which: plugin = \"FILE#{first}\"", super::error::list(found), first = found.first().map_or("ID", String::as_str))]
    Ambiguous {
        /// The ids that fit.
        found: Vec<String>,
    },
    /// An encoder where a regressor is wanted, or the other way round.
    #[error("`{id}` is {}, and {} is wanted here; it belongs under [[{found}]]", found.with_article(), wanted.with_article())]
    WrongKind {
        /// The plugin's id.
        id: String,
        /// Its kind.
        found: super::Kind,
        /// The kind asked for.
        wanted: super::Kind,
    },
    /// The child died by a signal while loading.
    #[error(
        "it crashed while it was loaded, with {signal}{said}; nothing of it was run in ocean-host itself"
    )]
    Crashed {
        /// Number and name.
        signal: String,
        /// Its last words on stderr, or empty.
        said: String,
    },
    /// The child ended before its answer.
    #[error(
        "it ended its process with exit code {code} while it was loaded{said}; a plugin must not call exit"
    )]
    Exited {
        /// The exit code.
        code: i32,
        /// Its last words on stderr, or empty.
        said: String,
    },
    /// The child did not come back.
    #[error(
        "loading it did not end within {seconds} s, so it was stopped; its constructors or its entry wait or loop"
    )]
    Hung {
        /// The limit.
        seconds: u64,
    },
    /// It took a child down before, and its bytes are the same.
    #[error("it was not tried again, as its bytes are those of the last time: {before} (to try again, remove {}; after a day it is tried by itself)", file.display())]
    Quarantined {
        /// What it did.
        before: String,
        /// The file that remembers it.
        file: PathBuf,
    },
    /// The child could not be started, or answered nonsense.
    #[error("it could not be probed: {0}")]
    NotProbed(String),
}

/// `` `a`, `b` ``, or "nothing".
pub(super) fn list(ids: &[String]) -> String {
    match ids {
        [] => "nothing".to_owned(),
        _ => ids
            .iter()
            .map(|id| format!("`{id}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
