//! The whole workspace, built once: the program under test and the plugins beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a release build leaves.
#[derive(Debug, Clone)]
pub struct Built {
    /// The `ocean-host` binary.
    pub host: PathBuf,
    /// The folder with the bundled plugins, which is the binary's own.
    pub plugins: PathBuf,
}

/// `cargo build --release --workspace`, once a process; the first caller waits.
///
/// # Panics
/// When the build fails, with cargo's words.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = cargo();
        cargo
            .args(["build", "--release", "--workspace", "--target-dir"])
            .arg(target())
            .current_dir(root());
        run(&mut cargo);
        let plugins = target().join("release");
        let host = plugins.join(format!("ocean-host{}", std::env::consts::EXE_SUFFIX));
        assert!(
            host.is_file(),
            "the build left no binary at {}",
            host.display()
        );
        Built { host, plugins }
    })
}

/// The folder of the root `Cargo.toml`.
///
/// # Panics
/// Never in a checkout: the tests' package is a folder of it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests' folder lies in the root")
}

/// The build folder these tests were built into: test binaries lie in `TARGET/PROFILE/deps`.
///
/// # Panics
/// When the test binary was moved elsewhere.
pub fn target() -> PathBuf {
    let binary = std::env::current_exe().expect("a running test has a path");
    binary
        .ancestors()
        .nth(3)
        .map(Path::to_owned)
        .expect("test binaries lie three folders deep")
}

/// The cargo that built these tests, without the settings it made for them alone; it compiles no
/// dependency a second time.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    without_package_settings(&mut cargo);
    shares_dependencies(&mut cargo);
    cargo
}

/// Lets every cargo that is started from `command` keep what it compiles where this workspace keeps
/// it: a dependency of the same version, features and profile is compiled once for all. What it
/// builds in the end still goes to a target folder of its own.
///
/// # Panics
/// As [`target`].
pub fn shares_dependencies(command: &mut Command) {
    command
        .env("CARGO_BUILD_BUILD_DIR", target())
        // As in the root Cargo.toml: a profile of another workspace differs by it.
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
}

/// Where installations end: cargo replaces the program in the folder it builds into, and other
/// tests are running the one in [`target`].
///
/// # Panics
/// As [`target`].
#[must_use]
pub fn install_target() -> PathBuf {
    target().join("installations")
}

/// Cargo tells a running test about its own package; a cargo started from there must not take that
/// for its own. Nor the leave to use unstable features, which `.ci/run` gives to test binaries
/// alone: with it, everything would be compiled anew.
pub fn without_package_settings(command: &mut Command) {
    command.env_remove("RUSTC_BOOTSTRAP");
    for (name, _) in std::env::vars_os() {
        let is_about_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST")
        });
        if is_about_package {
            command.env_remove(name);
        }
    }
}

/// Runs a build.
///
/// # Panics
/// When it fails, with everything it said.
pub(crate) fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
