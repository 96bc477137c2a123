//! The library of plugins: finds, probes and loads them, each file once a process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::{CallContext, LogLevel, PluginError};
use super::descriptor::Kind;
use super::encoder::{PluginEncoder, StudyEncoder};
use super::error::{Fault, LibraryError};
use super::interfaces::Interfaces;
use super::open;
use super::plugin::{Limits, Origin, Plugin};
use super::probe::{self, Probed, Prober};
use super::regressor::{PluginRegressor, RegressorOptions, StudyRegressor};
use super::search::{self, SearchPath};
use super::worker::{IsolatedEncoder, IsolatedRegressor, Launcher};

/// Where a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a child process without the user's files, the network and other programs, where the system
    /// has such a thing; else in a child process.
    Sandbox,
    /// In a child process with the rights of the user.
    Process,
    /// In this process.
    InProcess,
}

/// All libraries of this process by hash: a second `dlopen` of the same file would return the first
/// one anyway.
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
    /// A library that searches `search`, probes with `prober`, and says its warnings through
    /// `context`.
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

    /// The plugin of `kind` that `value` of plugins.toml means: an id, a path (relative to `base`,
    /// the folder of plugins.toml), or `PATH#ID`. `isolation`: where it is to run; `None`: in a
    /// sandbox unless it is bundled.
    ///
    /// The first load of a file probes it in a child process and warns, once, of what is not as it
    /// should be.
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
        let isolation = isolation.unwrap_or(match is_bundled {
            true => Isolation::InProcess,
            false => Isolation::Sandbox,
        });
        let origin = Origin {
            path,
            hash: &hash,
            build_info: &probed.build_info,
            layout: probed.layout,
            is_bundled,
            isolation,
            is_fp_reported: false,
        };
        if isolation != Isolation::InProcess {
            let plugins = probed.plugins.iter().cloned();
            let nothing = Interfaces::default();
            return Ok(plugins
                .map(|p| Plugin::new(p.descriptor, nothing, p.interfaces, &origin))
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
        let origin = Origin {
            is_fp_reported: opened.fp_change.is_some(),
            ..origin
        };
        let plugins: Vec<Arc<Plugin>> = opened
            .plugins
            .into_iter()
            .map(|plugin| {
                let offered = plugin.interfaces.owned_ids();
                Plugin::new(plugin.descriptor, plugin.interfaces, offered, &origin)
            })
            .collect();
        loaded.insert(hash.clone(), plugins.clone());
        Ok(plugins)
    }

    /// What probing the file found, now or earlier in this process; its warnings are said the first
    /// time.
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
        if plugin.is_isolated() {
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
        if plugin.is_isolated() {
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
///
/// # Errors
/// [`Fault`]: what is wrong with the file, or that it does not hold that plugin.
pub fn open_here(path: &Path, id: &str) -> Result<Arc<Plugin>, Fault> {
    // SAFETY: the host loaded the same bytes in a child, and it ended well; and this process is
    // nobody's but the plugin's.
    let opened = unsafe { open::open(path) }?;
    let origin = Origin {
        path,
        hash: "",
        build_info: &opened.build_info,
        layout: opened.layout,
        is_bundled: false,
        isolation: Isolation::InProcess,
        is_fp_reported: opened.fp_change.is_some(),
    };
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
        let offered = interfaces.owned_ids();
        return Ok(Plugin::new(descriptor, interfaces, offered, &origin));
    }
    Err(Fault::OtherId {
        wanted: id.to_owned(),
        found: ids,
    })
}

/// In one of the installation's folders, and made by the build that made this host.
pub fn is_ours(search: &SearchPath, path: &Path, build_info: &str) -> bool {
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
