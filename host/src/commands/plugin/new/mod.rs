//! `ocean-host plugin new`: a folder with a plugin that builds, passes `plugin check` and runs in
//! an evaluation, before its author has changed a letter.
//!
//! Everything comes out of this binary: the templates (`host/templates`), the header, and for Rust
//! the sources of the SDK. `name` says which names may be taken, `template` which files a language
//! and a kind have, `sdk` how the SDK stands on its own; here they are written, whole or not at
//! all.

mod file;
mod name;
mod sdk;
mod template;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::keep::atomic::WriteError;
use crate::problem::{Problem, Refusal, shown_path};
use crate::run::RunError;

/// Lists made by `build.rs`: (path, text).
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/kit.rs"));
}

/// What the plugin makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Vectors and targets to predictions
    Regressor,
    /// Texts to vectors
    Encoder,
}

/// What the plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// The SDK checks sizes, parameters and panics
    Rust,
    /// C99 and the header
    C,
    /// C++17, the header and a wrapper of classes
    Cpp,
    /// One plugin.py with numpy, behind a shim in C
    Python,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it makes.
    pub kind: Kind,
    /// What it is written in.
    pub language: Language,
    /// Its id.
    pub name: String,
    /// The folder in which the folder `name` is made.
    pub folder: PathBuf,
    /// A checkout of ocean-host whose SDK is used; `None`: the SDK is written into the folder.
    pub sdk: Option<PathBuf>,
}

/// Makes the folder and says which commands come next.
///
/// # Errors
/// [`RunError::Refused`], before anything is written: a name that cannot be an id or is taken, a
/// folder that is there already, an SDK that is not where it was said. [`RunError::Write`]: the
/// folder cannot be written; nothing of it stays.
pub fn new(request: &Request) -> Result<String, RunError> {
    name::check(&request.name)?;
    if request.sdk.is_some() && request.language != Language::Rust {
        let what = "only Rust plugins use the SDK; the others get what they need in the folder";
        return Err(Refusal::from(Problem::new("--sdk", what)).into());
    }
    let target = free(request)?;
    let files = template::files(request)?;
    write(&request.folder, &target, &files).map_err(|source| WriteError {
        path: target.clone(),
        source,
    })?;
    Ok(template::next_commands(request, &target))
}

/// The folder to make, which must not be there.
fn free(request: &Request) -> Result<PathBuf, Refusal> {
    let target = match request.folder.to_str() {
        Some(".") => PathBuf::from(&request.name),
        _ => request.folder.join(&request.name),
    };
    if !request.folder.is_dir() {
        let place = shown_path(&request.folder);
        return Err(Problem::new(place, "there is no such folder")
            .with_try("an existing folder; the plugin's own is made inside it")
            .into());
    }
    if target.symlink_metadata().is_ok() {
        let place = shown_path(&target);
        return Err(Problem::new(place, "is there already; nothing was written")
            .with_try("another name, or --dir with another folder")
            .into());
    }
    Ok(target)
}

/// Writes into a hidden folder beside the target first: a full disk or Ctrl-C leaves no half of a
/// plugin.
fn write(folder: &Path, target: &Path, files: &[file::File]) -> io::Result<()> {
    let hidden = tempfile::Builder::new()
        .prefix(".ocean-plugin-new-")
        .tempdir_in(folder)?;
    // One level deeper, because the hidden folder itself is for its owner alone.
    let whole = hidden.path().join("plugin");
    for file in files {
        let path = whole.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, &file.text)?;
    }
    fs::rename(&whole, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn request(folder: &Path, kind: Kind, language: Language) -> Request {
        Request {
            kind,
            language,
            name: "my-plugin".into(),
            folder: folder.to_path_buf(),
            sdk: None,
        }
    }

    #[test]
    fn every_language_and_kind_is_a_folder_without_an_open_placeholder() {
        for language in Language::value_variants() {
            for kind in Kind::value_variants() {
                let folder = tempfile::tempdir().unwrap();
                let text = new(&request(folder.path(), *kind, *language)).unwrap();
                assert!(text.contains("ocean-host eval plugins.toml"), "{text}");
                let plugin = folder.path().join("my-plugin");
                for name in ["README.md", "plugins.toml", "data.csv", ".gitignore"] {
                    assert!(plugin.join(name).is_file(), "{language:?} {kind:?}: {name}");
                }
                let only = fs::read_dir(folder.path()).unwrap().count();
                assert_eq!(only, 1, "nothing beside the plugin's folder");
            }
        }
    }

    #[test]
    fn what_is_there_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("my-plugin")).unwrap();
        let error = new(&request(folder.path(), Kind::Encoder, Language::C)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("is there already"), "{error}");
        let inside = fs::read_dir(folder.path().join("my-plugin"))
            .unwrap()
            .count();
        assert_eq!(inside, 0);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str| file::File {
            path: path.into(),
            text: String::new(),
        };
        // A file where a folder must be: the second write fails after the first.
        let files = [file("a"), file("a/b")];
        let target = folder.path().join("broken");
        write(folder.path(), &target, &files).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_wrong_request() {
        let error = new(&request(
            Path::new("/no/such/folder"),
            Kind::Encoder,
            Language::C,
        ))
        .unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
