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
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::Isolation;

pub mod call;
mod children;
mod descriptor;
mod encoder;
mod error;
mod fallback;
mod fitted;
mod fp;
mod grid;
mod inspect;
mod interfaces;
mod linked;
mod lives;
mod moments;
mod open;
mod platform;
mod probe;
mod profile;
mod quarantine;
mod regressor;
mod search;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use call::Seen;
pub use call::{CallContext, LogLevel, PluginError};
pub(crate) use descriptor::is_id;
pub use descriptor::{Descriptor, Kind};
pub use encoder::{PluginEncoder, Pooling, StudyEncoder};
pub use error::{Fault, LibraryError};
pub use fitted::{Fitted, can_be_kept};
pub(crate) use inspect::{create_raw, describe_again};
pub use interfaces::Interfaces;
pub(crate) use lives::{in_odd_order, nothing_destroyed};
pub use probe::{Probed, ProbedPlugin, Prober, probe, probe_main};
pub(crate) use probe::{ask_child, stay_harmless};
pub use profile::Profile;
pub use quarantine::Quarantine;
pub use regressor::{PluginRegressor, RegressorOptions, StudyRegressor};
pub(crate) use search::inspect as hash_of;
pub use search::{Found, SearchPath, file_name};
pub use worker::{IsolatedEncoder, IsolatedRegressor, Launcher, worker_main};

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
    /// It is to run in a process of its own, and was not loaded here.
    pub is_isolated: bool,
    /// Ids of the interfaces it offers.
    pub offered: Vec<String>,
    /// The tables behind them; none of a plugin that was not loaded here.
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

    /// Whether it is part of this program.
    pub(crate) fn is_linked(&self) -> bool {
        linked::is_program(&self.path)
    }

    /// The kind of its penalty, if it is a regressor.
    pub fn penalty(&self) -> crate::plan::Penalty {
        grid::Grid::penalty(self)
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

/// All libraries of this process by hash: a second `dlopen` of the same file would return the first one anyway.
static LOADED: Mutex<BTreeMap<String, Vec<Arc<Plugin>>>> = Mutex::new(BTreeMap::new());

/// What probing found, by hash: a file is probed once a process.
static PROBED: Mutex<BTreeMap<String, Probed>> = Mutex::new(BTreeMap::new());

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

    /// The plugin of `kind` that `value` of plugins.toml means: an id, a path (relative to `base`, the folder of plugins.toml), or `PATH#ID`. `isolation`: where it is
    /// to run; `None`: in a process of its own unless it is bundled.
    ///
    /// The first load of a file probes it in a child process and warns, once, of what is not as it should be.
    ///
    /// # Errors
    /// [`LibraryError`]: nothing found, or what is wrong with the file.
    pub fn load(
        &self,
        value: &str,
        base: &Path,
        kind: Kind,
        isolation: Option<Isolation>,
    ) -> Result<Arc<Plugin>, LibraryError> {
        let found = self.search.find(value, base)?;
        let plugins = self
            .open(&found.path, isolation)
            .map_err(|fault| LibraryError::new(&found.path, fault))?;
        pick(&plugins, found.id.as_deref(), kind)
            .map_err(|fault| LibraryError::new(&found.path, fault))
    }

    /// The plugin `id` of `kind` in a file that was found already.
    ///
    /// # Errors
    /// As [`Library::load`].
    pub fn load_file(
        &self,
        path: &Path,
        id: &str,
        kind: Kind,
    ) -> Result<Arc<Plugin>, LibraryError> {
        let plugins = self.open(path, None);
        plugins
            .and_then(|plugins| pick(&plugins, Some(id), kind))
            .map_err(|fault| LibraryError::new(path, fault))
    }

    fn open(&self, path: &Path, isolation: Option<Isolation>) -> Result<Vec<Arc<Plugin>>, Fault> {
        let hash = search::inspect(path)?;
        let probed = self.probed(path, &hash)?;
        let is_bundled = is_ours(&self.search, path, &probed.build_info);
        let is_isolated = match isolation {
            Some(isolation) => isolation == Isolation::Process,
            None => !is_bundled,
        };
        let new = |descriptor: Descriptor, interfaces, offered, is_fp_reported: bool| {
            Arc::new(Plugin {
                gate: (!descriptor.is_thread_safe()).then(|| Mutex::new(())),
                descriptor,
                path: path.to_path_buf(),
                hash: hash.clone(),
                build_info: probed.build_info.clone(),
                layout: probed.layout,
                is_bundled,
                is_isolated,
                offered,
                interfaces,
                is_fp_reported: is_fp_reported.into(),
            })
        };
        if is_isolated {
            let plugins = probed.plugins.iter().cloned();
            return Ok(plugins
                .map(|p| new(p.descriptor, Interfaces::default(), p.interfaces, false))
                .collect());
        }
        // Held while loading: two threads must not run one library's constructors at the same time.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugins) = loaded.get(&hash) {
            return Ok(plugins.clone());
        }
        if !is_bundled {
            self.context.log(LogLevel::Warn, &format!("plugin {} did not come with this ocean-host and runs inside it: a crash of the plugin ends the run (what is finished is kept)", path.display()));
        }
        // SAFETY: the same bytes were loaded in a child before, and it ended well.
        let opened = unsafe { open::open(path) }?;
        let is_fp_reported = opened.fp_change.is_some();
        let plugins: Vec<Arc<Plugin>> = opened
            .plugins
            .into_iter()
            .map(|plugin| {
                let offered = plugin
                    .interfaces
                    .ids()
                    .into_iter()
                    .map(str::to_owned)
                    .collect();
                new(
                    plugin.descriptor,
                    plugin.interfaces,
                    offered,
                    is_fp_reported,
                )
            })
            .collect();
        loaded.insert(hash.clone(), plugins.clone());
        Ok(plugins)
    }

    /// What probing the file found, now or earlier in this process; its warnings are said the first time.
    fn probed(&self, path: &Path, hash: &str) -> Result<Probed, Fault> {
        let mut all = PROBED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probed) = all.get(hash) {
            return Ok(probed.clone());
        }
        let prober = match is_in_installation(&self.search, path) {
            true => self.prober.clone().without_quarantine(),
            false => self.prober.clone(),
        };
        let probed = probe::probe_inspected(&prober, path, hash.to_owned())?;
        for warning in &probed.warnings {
            self.context.log(
                LogLevel::Warn,
                &format!("plugin {}: {warning}", path.display()),
            );
        }
        all.insert(hash.to_owned(), probed.clone());
        Ok(probed)
    }

    /// A regressor of `plugin`, here or in a worker of `limits`, as the plugin was loaded.
    ///
    /// # Errors
    /// It is no regressor, refuses its parameters, or there is no worker to be had.
    pub fn regressor(
        &self,
        plugin: Arc<Plugin>,
        options: RegressorOptions,
        context: CallContext,
        limits: Limits,
    ) -> Result<Box<dyn StudyRegressor>, PluginError> {
        if plugin.is_isolated {
            let launcher = self.launcher(limits);
            let made = IsolatedRegressor::new(plugin, options, context, launcher)?;
            return Ok(Box::new(made));
        }
        Ok(Box::new(PluginRegressor::new(plugin, options, context)?))
    }

    /// An encoder of `plugin`, here or in a worker of `limits`, as the plugin was loaded.
    ///
    /// # Errors
    /// As [`PluginEncoder::new`], or there is no worker to be had.
    pub fn encoder(
        &self,
        plugin: Arc<Plugin>,
        label: &str,
        params: &Map<String, Value>,
        max_threads: usize,
        context: CallContext,
        limits: Limits,
    ) -> Result<Box<dyn StudyEncoder>, PluginError> {
        if plugin.is_isolated {
            let launcher = self.launcher(limits);
            let made = IsolatedEncoder::new(plugin, label, params, max_threads, context, launcher)?;
            return Ok(Box::new(made));
        }
        let made = PluginEncoder::new(plugin, label, params, max_threads, context)?;
        Ok(Box::new(made))
    }

    fn launcher(&self, limits: Limits) -> Launcher {
        Launcher {
            program: self.prober.program().to_path_buf(),
            limits,
        }
    }
}

/// Opens the plugin `id` of a library in this process, a worker, whose host has probed it.
pub(crate) fn open_here(path: &Path, id: &str) -> Result<Arc<Plugin>, Fault> {
    // SAFETY: the host loaded the same bytes in a child, and it ended well; and this process is nobody's but the plugin's.
    let opened = unsafe { open::open(path) }?;
    let is_fp_reported = opened.fp_change.is_some();
    let mut ids = Vec::new();
    for open::OpenPlugin {
        descriptor,
        interfaces,
        ..
    } in opened.plugins
    {
        if descriptor.id != id {
            ids.push(descriptor.id);
            continue;
        }
        return Ok(Arc::new(Plugin {
            gate: (!descriptor.is_thread_safe()).then(|| Mutex::new(())),
            descriptor,
            path: path.to_path_buf(),
            hash: String::new(),
            build_info: opened.build_info,
            layout: opened.layout,
            is_bundled: false,
            is_isolated: false,
            offered: interfaces.ids().into_iter().map(str::to_owned).collect(),
            interfaces,
            is_fp_reported: is_fp_reported.into(),
        }));
    }
    Err(Fault::OtherId {
        wanted: id.to_owned(),
        found: ids,
    })
}

/// In one of the installation's folders, and made by the build that made this host.
pub(crate) fn is_ours(search: &SearchPath, path: &Path, build_info: &str) -> bool {
    build_info == ocean_plugin_abi::BUILD_ID && is_in_installation(search, path)
}

fn is_in_installation(search: &SearchPath, path: &Path) -> bool {
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
    search.bundled.iter().any(is_here)
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
