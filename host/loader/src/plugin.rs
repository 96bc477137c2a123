//! One plugin, loaded and checked, and what a process of its own may use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ocean_engine::family::Family;
use serde::{Deserialize, Serialize};

use super::grid::{Grid, Penalty};
use super::library::Isolation;
use super::{Descriptor, Interfaces, linked};

/// Whether the tables of a library were compared with this host's, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A Rust plugin: every table it offers has the layout this host was compiled with.
    Checked,
    /// C, C++ and Python plugins carry no description of their tables; their header does the
    /// checking, when they are compiled.
    NotChecked,
}

/// One plugin, loaded and checked.
#[derive(Debug)]
pub struct Plugin {
    /// As it describes itself.
    pub descriptor: Descriptor,
    /// What it minimises, as its descriptor names it.
    pub family: Family,
    /// The file it was loaded from first.
    pub path: PathBuf,
    /// blake3 of that file, hexadecimal.
    pub hash: String,
    /// Compiler and version, as the library says.
    pub build_info: String,
    /// Whether its tables were compared field by field.
    pub layout: Layout,
    /// It lies in this installation and came out of the same build.
    pub is_bundled: bool,
    /// Where it is to run; only in this process was it loaded.
    pub isolation: Isolation,
    /// Ids of the interfaces it offers.
    pub offered: Vec<String>,
    /// The tables behind them; none of a plugin that was not loaded here.
    pub interfaces: Interfaces,
    /// Serialises calls into a plugin that is not THREAD_SAFE; `None` for those that are.
    pub(crate) gate: Option<Mutex<()>>,
    /// It was already named for changing the floating-point mode.
    pub(crate) is_fp_reported: std::sync::atomic::AtomicBool,
}

/// What is known of a plugin from the file it is in.
pub(crate) struct Origin<'a> {
    pub path: &'a Path,
    pub hash: &'a str,
    pub build_info: &'a str,
    pub layout: Layout,
    pub is_bundled: bool,
    pub isolation: Isolation,
    /// It was already named for changing the floating-point mode.
    pub is_fp_reported: bool,
}

impl Plugin {
    /// What its descriptor says by a word is read here, and nowhere else.
    pub(crate) fn new(
        descriptor: Descriptor,
        interfaces: Interfaces,
        offered: Vec<String>,
        origin: &Origin<'_>,
    ) -> Arc<Self> {
        Arc::new(Self {
            family: Family::named(&descriptor.family),
            gate: (!descriptor.is_thread_safe()).then(|| Mutex::new(())),
            descriptor,
            path: origin.path.to_path_buf(),
            hash: origin.hash.to_owned(),
            build_info: origin.build_info.to_owned(),
            layout: origin.layout,
            is_bundled: origin.is_bundled,
            isolation: origin.isolation,
            offered,
            interfaces,
            is_fp_reported: origin.is_fp_reported.into(),
        })
    }

    /// `` regressor `ridge` ``: how messages name it.
    pub fn title(&self) -> String {
        format!("{} `{}`", self.descriptor.kind, self.descriptor.id)
    }

    /// Whether it is to run in a process of its own.
    pub fn is_isolated(&self) -> bool {
        self.isolation != Isolation::InProcess
    }

    /// Whether it is part of this program.
    pub(crate) fn is_linked(&self) -> bool {
        linked::is_program(&self.path)
    }

    /// The kind of its penalty, if it is a regressor.
    pub fn penalty(&self) -> Penalty {
        Grid::penalty(self)
    }

    /// Whether it offers an interface.
    pub fn offers(&self, id: &str) -> bool {
        self.offered.iter().any(|offered| offered == id)
    }
}

/// What the process of an isolated plugin may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// For one call; progress that the plugin reports starts it anew.
    pub time: Duration,
    /// For its data, in bytes.
    pub memory: Option<u64>,
}
