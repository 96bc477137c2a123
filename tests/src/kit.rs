//! Plugins that `ocean-host plugin new` makes, built by the commands it prints. Once a process for
//! every language and kind.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::skip::needs;
use crate::workspace::{built, root, shares_dependencies, without_package_settings};

/// A folder that `plugin new` made.
#[derive(Debug)]
pub struct Made {
    /// The plugin's own folder, inside a temporary one.
    pub folder: PathBuf,
    /// The three commands that were printed.
    pub commands: Vec<String>,
    /// How long `plugin new` took.
    pub elapsed: Duration,
    _temporary: TempDir,
}

/// `ocean-host plugin new --kind KIND --lang LANGUAGE NAME` in an empty folder.
///
/// # Panics
/// When it does not end well or prints no three commands.
#[must_use]
pub fn made(kind: &str, language: &str, name: &str) -> Made {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let began = Instant::now();
    let output = Command::new(&built().host)
        .args([
            "plugin", "new", "--kind", kind, "--lang", language, name, "--dir",
        ])
        .arg(temporary.path())
        .output()
        .expect("ocean-host starts");
    let elapsed = began.elapsed();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let commands: Vec<String> = said
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(str::to_owned)
        .collect();
    assert_eq!(commands.len(), 3, "{said}");
    let folder = temporary.path().join(name);
    if language == "rust" {
        // The same versions as everywhere else, without asking a registry.
        std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    }
    Made {
        folder,
        commands,
        elapsed,
        _temporary: temporary,
    }
}

impl Made {
    /// Runs a command line in the folder, as a user would type it: with this `ocean-host` on the
    /// path.
    ///
    /// # Panics
    /// When there is no shell.
    #[must_use]
    pub fn sh(&self, line: &str) -> Output {
        // Two Rust plugins share a build folder, and cargo would wait for itself.
        static ONE_BUILD_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = line.contains("cargo").then(|| {
            ONE_BUILD_AT_A_TIME
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        });
        let mut command = Command::new("sh");
        without_package_settings(&mut command);
        shares_dependencies(&mut command);
        command
            .args(["-c", line])
            .current_dir(&self.folder)
            .env("PATH", path())
            .env("PYTHON", python())
            .env("NO_COLOR", "1")
            .env("OCEAN_CACHE", self.folder.join("cache"))
            .env_remove("OCEAN_PLUGIN_PATH")
            .env_remove("CARGO_TARGET_DIR");
        command.output().expect("a shell")
    }

    /// [`Made::sh`], which must end well; what it said.
    ///
    /// # Panics
    /// When it does not, with everything it said.
    pub fn ok(&self, line: &str) -> String {
        let output = self.sh(line);
        let said = text(&output);
        assert!(output.status.success(), "{line}\n{said}");
        said
    }

    /// Changes a file of the folder.
    ///
    /// # Panics
    /// When `from` does not stand in it.
    pub fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let before = std::fs::read_to_string(&path).expect("a file of the template");
        let after = before.replace(from, to);
        assert_ne!(before, after, "{from} does not stand in {file}");
        std::fs::write(path, after).expect("the folder is writable");
    }

    /// r2 of `encoder` with `regressor` in results.csv.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn r2(&self, encoder: &str, regressor: &str) -> f64 {
        let runs = std::fs::read_dir(self.folder.join("runs")).expect("a results folder");
        let run = runs.flatten().next().expect("one run").path();
        let table = std::fs::read_to_string(run.join("results.csv")).expect("results.csv");
        let mut lines = table.lines().map(|line| line.split(','));
        let header: Vec<&str> = lines.next().expect("a header").collect();
        let column = |name: &str| header.iter().position(|h| *h == name).expect("a column");
        let places = [column("encoder"), column("regressor"), column("r2")];
        let row = lines
            .map(Iterator::collect::<Vec<_>>)
            .find(|row| row[places[0]] == encoder && row[places[1]] == regressor)
            .unwrap_or_else(|| panic!("no row of {encoder} and {regressor} in\n{table}"));
        row[places[2]].parse().expect("a number")
    }
}

/// stdout, then stderr.
#[must_use]
pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The Python that plugins are built with: `OCEAN_TEST_PYTHON`, else `python3`.
#[must_use]
pub fn python() -> OsString {
    std::env::var_os("OCEAN_TEST_PYTHON").unwrap_or_else(|| "python3".into())
}

/// Whether a program is installed.
#[must_use]
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output();
    found.is_ok_and(|output| output.status.success())
}

/// Whether plugins in `language` can be built here; if not, says what is missing.
#[must_use]
pub fn can_build(language: &str) -> bool {
    match language {
        "rust" => true,
        "c" => needs("cc", has("cc")) && needs("make", has("make")),
        "cpp" => needs("c++", has("c++")) && needs("make", has("make")),
        _ => {
            needs("cc", has("cc"))
                && needs("make", has("make"))
                && needs("python3-dev", can_embed())
                && has_module("numpy")
        }
    }
}

/// Whether the Python of the tests has a package; if not, says so.
#[must_use]
pub fn has_module(name: &str) -> bool {
    let code = format!("import {name}");
    needs(name, runs(&["-c", &code]))
}

/// A header and a shared library.
fn can_embed() -> bool {
    let describe = root().join("host/templates/python/ocean/describe.py");
    let plugin = root().join("host/templates/python/regressor/plugin.py");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("plugin.py");
    let code = std::fs::read_to_string(plugin).expect("the template");
    std::fs::write(&copy, code.replace("@ID@", "x")).expect("a temporary file");
    let target = folder.path().join("generated.h");
    runs(&[
        &describe.to_string_lossy(),
        &copy.to_string_lossy(),
        &target.to_string_lossy(),
    ])
}

fn runs(arguments: &[&str]) -> bool {
    let output = Command::new(python())
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .output();
    output.is_ok_and(|output| output.status.success())
}

/// `ocean-host` first, the caller's programs after it.
fn path() -> OsString {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let host: &Path = &built().plugins;
    let folders = std::iter::once(host.to_path_buf()).chain(std::env::split_paths(&own));
    std::env::join_paths(folders).expect("folders without colons")
}
