//! The library of plugins: from `plugin = "ridge"` in plugins.toml to functions that can be called.
//!
//! The way in is always the same: find the file ([`SearchPath`]), look at its bytes, load it in a child process ([`probe()`]), load it here, check its tables
//! ([`Interfaces`]) and, for Rust plugins, their layout. Every bad file ends as one clear line ([`LibraryError`]). A library stays loaded until the
//! process ends, under the hash of its file, so that two paths to the same bytes are one library.
//!
//! What is called afterwards goes through [`call`]: [`PluginRegressor`] is the engine's regressor, [`PluginEncoder`] turns texts into vectors.
//! All `unsafe` of the host that concerns plugins is in this folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

pub mod call;
mod descriptor;
mod encoder;
mod error;
mod fallback;
mod fp;
mod grid;
mod interfaces;
mod moments;
mod open;
mod probe;
mod regressor;
mod search;
#[cfg(test)]
mod tests;

pub use call::{CallContext, LogLevel, PluginError};
pub use descriptor::{Descriptor, Kind};
pub use encoder::{PluginEncoder, Pooling};
pub use error::{Fault, LibraryError};
pub use interfaces::Interfaces;
pub use probe::{Probed, ProbedPlugin, Prober, probe, probe_main};
pub use regressor::{PluginRegressor, RegressorOptions};
pub use search::{Found, SearchPath, file_name};

/// Whether the tables of a library were compared with this host's, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A Rust plugin: every table it offers has the layout this host was compiled with.
    Checked,
    /// C, C++ and Python plugins carry no description of their tables; their header does the checking, when they are compiled.
    NotChecked,
}

/// One plugin, loaded and checked.
#[derive(Debug)]
pub struct Plugin {
    /// As it describes itself.
    pub descriptor: Descriptor,
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
    /// The tables it offers.
    pub interfaces: Interfaces,
    /// Serialises calls into a plugin that is not THREAD_SAFE; `None` for those that are.
    gate: Option<Mutex<()>>,
    /// It was already named for changing the floating-point mode.
    is_fp_reported: std::sync::atomic::AtomicBool,
}

impl Plugin {
    /// `` regressor `ridge` ``: how messages name it.
    pub fn title(&self) -> String {
        format!("{} `{}`", self.descriptor.kind, self.descriptor.id)
    }
}

/// All libraries of this process by hash: a second `dlopen` of the same file would return the first one anyway.
static LOADED: Mutex<BTreeMap<String, Vec<Arc<Plugin>>>> = Mutex::new(BTreeMap::new());

/// Finds, probes and loads plugins.
pub struct Library {
    search: SearchPath,
    prober: Prober,
    context: CallContext,
}

impl Library {
    /// A library that searches `search`, probes with `prober`, and says its warnings through `context`.
    pub fn new(search: SearchPath, prober: Prober, context: CallContext) -> Self {
        Self {
            search,
            prober,
            context,
        }
    }

    /// Where ids are looked for.
    pub fn search(&self) -> &SearchPath {
        &self.search
    }

    /// The plugin of `kind` that `value` of plugins.toml means: an id, a path (relative to `base`, the folder of plugins.toml), or `PATH#ID`.
    ///
    /// The first load of a file probes it in a child process and warns, once, of what is not as it should be.
    ///
    /// # Errors
    /// [`LibraryError`]: nothing found, or what is wrong with the file.
    pub fn load(&self, value: &str, base: &Path, kind: Kind) -> Result<Arc<Plugin>, LibraryError> {
        let found = self.search.find(value, base)?;
        let plugins = self
            .open(&found.path)
            .map_err(|fault| LibraryError::new(&found.path, fault))?;
        pick(&plugins, found.id.as_deref(), kind)
            .map_err(|fault| LibraryError::new(&found.path, fault))
    }

    fn open(&self, path: &Path) -> Result<Vec<Arc<Plugin>>, Fault> {
        let hash = search::inspect(path)?;
        // Held while loading: two threads must not run one library's constructors at the same time.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugins) = loaded.get(&hash) {
            return Ok(plugins.clone());
        }
        let probed = probe::probe_inspected(&self.prober, path, hash.clone())?;
        // SAFETY: the same bytes were loaded in a child a moment ago, and it ended well.
        let opened = unsafe { open::open(path) }?;
        let is_bundled = self.is_bundled(path, &opened.build_info);
        for warning in &probed.warnings {
            self.context.log(
                LogLevel::Warn,
                &format!("plugin {}: {warning}", path.display()),
            );
        }
        if !is_bundled {
            self.context.log(LogLevel::Warn, &format!("plugin {} did not come with this ocean-host and runs inside it: a crash of the plugin ends the run (what is finished is kept)", path.display()));
        }
        let plugins: Vec<Arc<Plugin>> = opened
            .plugins
            .into_iter()
            .map(|(descriptor, interfaces)| {
                Arc::new(Plugin {
                    gate: (!descriptor.is_thread_safe()).then(|| Mutex::new(())),
                    descriptor,
                    path: path.to_path_buf(),
                    hash: hash.clone(),
                    build_info: opened.build_info.clone(),
                    layout: opened.layout,
                    is_bundled,
                    interfaces,
                    is_fp_reported: opened.fp_change.is_some().into(),
                })
            })
            .collect();
        loaded.insert(hash, plugins.clone());
        Ok(plugins)
    }

    fn is_bundled(&self, path: &Path, build_info: &str) -> bool {
        is_ours(&self.search, path, build_info)
    }
}

/// In one of the installation's folders, and made by the build that made this host.
pub(crate) fn is_ours(search: &SearchPath, path: &Path, build_info: &str) -> bool {
    let folder = path
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().map(Path::to_path_buf));
    let is_here = |bundled: &PathBuf| {
        bundled
            .canonicalize()
            .ok()
            .is_some_and(|bundled| Some(bundled) == folder)
    };
    build_info == ocean_plugin_abi::BUILD_ID && search.bundled.iter().any(is_here)
}

/// The plugin among those of one library that was asked for: by id, or the only one of its kind.
fn pick(plugins: &[Arc<Plugin>], id: Option<&str>, kind: Kind) -> Result<Arc<Plugin>, Fault> {
    let ids = |plugins: &[&Arc<Plugin>]| {
        plugins
            .iter()
            .map(|p| p.descriptor.id.clone())
            .collect::<Vec<_>>()
    };
    let named: Vec<&Arc<Plugin>> = plugins
        .iter()
        .filter(|p| id.is_none_or(|id| p.descriptor.id == id))
        .collect();
    let fitting: Vec<&Arc<Plugin>> = named
        .iter()
        .copied()
        .filter(|p| p.descriptor.kind == kind)
        .collect();
    match (fitting.as_slice(), named.first(), id) {
        ([plugin], _, _) => Ok(Arc::clone(plugin)),
        ([], Some(other), _) => Err(Fault::WrongKind {
            id: other.descriptor.id.clone(),
            found: other.descriptor.kind,
            wanted: kind,
        }),
        ([], None, Some(id)) => Err(Fault::OtherId {
            wanted: id.to_owned(),
            found: ids(&plugins.iter().collect::<Vec<_>>()),
        }),
        _ => Err(Fault::Ambiguous {
            found: ids(&fitting),
        }),
    }
}
