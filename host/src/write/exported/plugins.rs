//! The plugin that a model asks for. A file says which one; which library runs is said by the
//! installation, by the search path, or on the command line.
//!
//! One that came with the program is of the user's own installation, and its version says what it
//! computes: any build of it will do, the program itself, where it is linked in, has another hash
//! with every build. Any other must be the very library that made the model, or be named.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ocean_loader::{Fault, Kind, Library, LibraryError, Plugin, hash_of};

use super::model::PluginName;
use crate::problem::{Problem, Refusal, typed_path};
use crate::tell::progress::Progress;

/// A plugin for a model.
pub(super) struct Chosen {
    pub plugin: Arc<Plugin>,
    /// The command line names it: it need not be the one that made the model.
    pub is_named: bool,
}

/// Finds plugins of models.
pub(super) struct Finder<'a> {
    pub library: &'a Library,
    /// `--plugin`, in order.
    pub named: &'a [String],
    pub progress: &'a Progress,
}

impl Finder<'_> {
    /// The plugin of a name. One whose hash the file does not say (encoders, format 1) is told by
    /// what it is: its key must be compared.
    ///
    /// # Errors
    /// None is there, or only others of the same id.
    pub(super) fn find(&self, wanted: &PluginName, kind: Kind) -> Result<Chosen, Refusal> {
        if let Some(plugin) = self.among_named(wanted, kind)? {
            return Ok(Chosen {
                plugin,
                is_named: true,
            });
        }
        let title = format!("{kind} `{}`", wanted.id);
        let mut others = Vec::new();
        for path in self.installed(&wanted.id) {
            if self.may_be(wanted, &path) {
                let loaded = self.library.load_file(&path, &wanted.id, kind);
                let plugin = loaded.map_err(|error| Problem::new(&title, error.to_string()))?;
                if is_the_one(wanted, &plugin) {
                    return Ok(Chosen {
                        plugin,
                        is_named: false,
                    });
                }
            }
            others.push(path);
        }
        Err(refuse(wanted, &title, &others).into())
    }

    /// The first `--plugin` that holds it.
    fn among_named(&self, wanted: &PluginName, kind: Kind) -> Result<Option<Arc<Plugin>>, Refusal> {
        for typed in self.named {
            let refuse =
                |error: LibraryError| Problem::new(format!("--plugin {typed}"), error.to_string());
            let found = self.library.search().find(typed, Path::new("."));
            let found = found.map_err(refuse)?;
            if found.id.as_ref().is_some_and(|id| *id != wanted.id) {
                continue;
            }
            match self.library.load_file(&found.path, &wanted.id, kind) {
                Ok(plugin) => {
                    self.warn_of_other(wanted, &plugin);
                    return Ok(Some(plugin));
                }
                Err(error) if is_another(&error) => {}
                Err(error) => return Err(refuse(error).into()),
            }
        }
        Ok(None)
    }

    fn warn_of_other(&self, wanted: &PluginName, plugin: &Plugin) {
        if !wanted.hash.is_empty() && !is_the_one(wanted, plugin) {
            self.progress.warn(&format!(
                "{} is another library than the one the model was made with ({}, the model's is {}): it is used because --plugin names it, and may predict otherwise",
                plugin.title(),
                short(&plugin.hash),
                short(&wanted.hash)
            ));
        }
    }

    /// Files of this id, in search order. The id is compared, never made a path of: it comes from a
    /// file.
    fn installed(&self, id: &str) -> Vec<PathBuf> {
        let all = self.library.search().all().into_iter();
        all.filter(|(found, _)| found == id)
            .map(|(_, path)| path)
            .collect()
    }

    /// Whether a file may be the one, so that it can be opened. Nothing of another is run.
    fn may_be(&self, wanted: &PluginName, path: &Path) -> bool {
        let search = self.library.search();
        let is_ours = search.program.as_deref() == Some(path)
            || path
                .parent()
                .is_some_and(|folder| search.bundled.iter().any(|own| own == folder));
        wanted.hash.is_empty()
            || (wanted.is_bundled && is_ours)
            || hash_of(path).is_ok_and(|hash| hash == wanted.hash)
    }
}

/// Which plugin it is, by all that the file says.
fn is_the_one(wanted: &PluginName, plugin: &Plugin) -> bool {
    let is_of_installation =
        wanted.is_bundled && plugin.is_bundled && plugin.descriptor.version == wanted.version;
    wanted.hash.is_empty() || plugin.hash == wanted.hash || is_of_installation
}

/// The library is sound and holds other plugins.
fn is_another(error: &LibraryError) -> bool {
    matches!(
        error.fault(),
        Some(Fault::OtherId { .. } | Fault::WrongKind { .. })
    )
}

fn refuse(wanted: &PluginName, title: &str, others: &[PathBuf]) -> Problem {
    let version = match wanted.version.as_str() {
        "" => String::new(),
        version => format!(" version {version}"),
    };
    let hash = match wanted.hash.as_str() {
        "" => String::new(),
        hash => format!(", hash {}", short(hash)),
    };
    let found = match others {
        [] => "no plugin of this id is installed".to_owned(),
        [path, ..] => {
            let hash = hash_of(path).map_or("cannot be read".to_owned(), |hash| {
                format!("has hash {}", short(&hash))
            });
            format!("the one found, {}, {hash}", typed_path(path))
        }
    };
    let hint = match &wanted.path {
        // As text with escapes: it comes from a file.
        Some(path) => format!("; the file says that it was {path:?}, which is not loaded for that"),
        None => String::new(),
    };
    let message = format!("the model was made with{version}{hash}, and {found}{hint}",);
    let remedy = match others {
        [] => "--plugin FILE, the library of that plugin".to_owned(),
        [path, ..] => format!(
            "--plugin FILE, the library that the model was made with; or --plugin {}, to use this one all the same",
            typed_path(path)
        ),
    };
    Problem::new(title, message).with_try(remedy)
}

/// The start of a hash, enough to tell two apart.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}
