//! Plugins built on purpose, good and hostile: `tests/fixtures`, built into `TARGET/fixtures` at
//! most once a process.

use crate::workspace::{cargo, root, run, target, without_package_settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The folder `tests/fixtures`.
#[must_use]
pub fn sources() -> PathBuf {
    root().join("tests/fixtures")
}

/// The folder of `ocean_plugin.h`.
#[must_use]
pub fn headers() -> PathBuf {
    root().join("core/abi/include")
}

/// Builds `fixtures/c/NAME.c` as a plugin, without warnings, and gives `libocean_plugin_NAME.so`.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn c_plugin(name: &str) -> PathBuf {
    let source = sources().join("c").join(format!("{name}.c"));
    // The one fixture whose sin is a flag of the linker.
    let flags: &[&str] = if name == "fast_math" {
        &["-ffast-math"]
    } else {
        &[]
    };
    compile_c_plugin(&source, &headers(), &library_name(name), flags)
}

/// The same with flags of the compiler, each combination a file of its own.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn c_plugin_with(name: &str, flags: &[&str]) -> PathBuf {
    let source = sources().join("c").join(format!("{name}.c"));
    let suffix: String = flags
        .iter()
        .map(|flag| {
            flag.to_lowercase()
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        })
        .collect();
    compile_c_plugin(
        &source,
        &headers(),
        &library_name(&(name.to_owned() + &suffix)),
        flags,
    )
}

/// Builds the plugin and the header that were frozen in 2026-11.
///
/// # Panics
/// When they do not compile.
#[must_use]
pub fn frozen_plugin() -> PathBuf {
    let folder = sources().join("frozen");
    let source = folder.join("one_feature_2026-11.c");
    compile_c_plugin(&source, &folder, &library_name("frozen"), &[])
}

/// Builds the host that was frozen in 2026-11: it knows that header and `ocean.regressor/1`.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn frozen_host() -> PathBuf {
    let folder = sources().join("frozen");
    let source = folder.join("host_2026-11.c");
    compile_c(&source, &folder, "host_2026-11", &["-ldl"])
}

/// The frozen plugin as it was built then; `None` on other systems than that one.
#[must_use]
pub fn frozen_library() -> Option<PathBuf> {
    let is_its_system = cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    ));
    is_its_system.then(|| sources().join("frozen/one_feature_2026-11_x86-64.so"))
}

/// Builds `fixtures/c/opener.c`, the program that opens a plugin in a process of its own.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn opener() -> PathBuf {
    let source = sources().join("c/opener.c");
    compile_c(&source, &headers(), "opener", &["-ldl"])
}

/// Builds `fixtures/c/NAME.c`, a library to stand between a program and the C library. Linux.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn preload(name: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<Vec<(String, PathBuf)>>> = OnceLock::new();
    let built = BUILT.get_or_init(Mutex::default);
    let mut built = built.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, path)) = built.iter().find(|(of, _)| of == name) {
        return path.clone();
    }
    let source = sources().join("c").join(format!("{name}.c"));
    let path = compile_c_plugin(&source, &headers(), &format!("{name}.so"), &["-ldl"]);
    built.push((name.to_owned(), path.clone()));
    path
}

/// The plugins of `fixtures/rust`: their folder holds `libocean_plugin_NAME.so`.
///
/// # Panics
/// When they do not compile.
pub fn rust_plugins() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = fixtures_target("rust");
        let mut cargo = cargo();
        build(&mut cargo, &sources().join("rust/Cargo.toml"), &target);
        target.join("release")
    })
}

/// One plugin of [`rust_plugins`], by its name in the file system: `toy_regressor`.
///
/// # Panics
/// When there is none, or it does not compile.
#[must_use]
pub fn rust_plugin(name: &str) -> PathBuf {
    let library = rust_plugins().join(library_name(name));
    assert!(library.is_file(), "no fixture {}", library.display());
    library
}

/// The plugin of `examples/plugins/kernel-ridge`, built as its reader builds it.
///
/// # Panics
/// When it does not compile.
pub fn kernel_ridge() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = fixtures_target("kernel-ridge");
        let manifest = root().join("examples/plugins/kernel-ridge/Cargo.toml");
        run(cargo()
            .args([
                "build",
                "--quiet",
                "--locked",
                "--release",
                "--manifest-path",
            ])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target));
        target.join("release").join(library_name("kernel_ridge"))
    })
}

/// The toy regressor built by the nightly compiler; `None` where there is none.
///
/// # Panics
/// When there is one, and it does not compile.
#[must_use]
pub fn nightly_plugin() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build_it = || {
        let has_nightly = Command::new("rustup")
            .args(["run", "nightly", "cargo", "--version"])
            .output()
            .is_ok_and(|output| output.status.success());
        has_nightly.then(|| {
            let target = fixtures_target("nightly");
            let mut cargo = Command::new("rustup");
            cargo.args(["run", "nightly", "cargo"]);
            without_package_settings(&mut cargo);
            // The stable toolchain that runs this test would otherwise stay the one in charge.
            for name in ["RUSTUP_TOOLCHAIN", "RUSTC", "CARGO"] {
                cargo.env_remove(name);
            }
            // All of it is compiled for this one plugin, which computes next to nothing.
            cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
            let manifest = sources().join("rust/toy-regressor/Cargo.toml");
            build(&mut cargo, &manifest, &target);
            target.join("release").join(library_name("toy_regressor"))
        })
    };
    BUILT.get_or_init(build_it).clone()
}

/// A plugin built against a copy of `core/abi`, of another version, in which `fit` takes alpha as
/// `f32`.
///
/// # Panics
/// When it does not compile, or the word to change is not where it was.
pub fn wrong_layout_plugin() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = edited_workspace();
        let target = fixtures_target("rust");
        let mut cargo = cargo();
        build(&mut cargo, &folder.join("Cargo.toml"), &target);
        target.join("release").join(library_name("wrong_layout"))
    })
}

/// `libocean_plugin_NAME.so`, or what this platform calls it.
#[must_use]
pub fn library_name(name: &str) -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}ocean_plugin_{name}{DLL_SUFFIX}")
}

fn fixtures_target(name: &str) -> PathBuf {
    target().join("fixtures").join(name)
}

fn build(cargo: &mut Command, manifest: &Path, target: &Path) {
    cargo
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target);
    run(cargo);
}

fn compile_c_plugin(source: &Path, headers: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let flags = [&["-shared", "-fPIC", "-lm"], flags].concat();
    compile_c(source, headers, name, &flags)
}

/// Compiles at most one file at a time, under a name of its own first: another process may be
/// loading the old one.
fn compile_c(source: &Path, headers: &Path, name: &str, flags: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = fixtures_target("c");
    fs::create_dir_all(&folder).expect("the build folder is writable");
    let finished = folder.join(name);
    let unfinished = folder.join(format!("{}-{name}", std::process::id()));
    run(Command::new("cc")
        .args([
            "-std=c99",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
        ])
        .arg("-I")
        .arg(headers)
        .arg("-o")
        .arg(&unfinished)
        .arg(source)
        .args(flags));
    fs::rename(&unfinished, &finished).expect("the build folder is writable");
    finished
}

/// A workspace in the build folder: a copy of `core/abi` with one word changed, and a plugin on top
/// of it.
fn edited_workspace() -> PathBuf {
    let folder = fixtures_target("edited");
    let source = folder.join("abi/src");
    fs::create_dir_all(&source).expect("the build folder is writable");
    let original = root().join("core/abi");
    copy(&original.join("build.rs"), &folder.join("abi/build.rs"));
    for file in fs::read_dir(original.join("src")).expect("core/abi has sources") {
        let file = file.expect("core/abi is readable").path();
        let name = file.file_name().expect("a file has a name");
        copy(&file, &source.join(name));
    }
    change_one_word(&source.join("regressor.rs"));
    write(&folder.join("abi/Cargo.toml"), EDITED_ABI);
    write(&folder.join("Cargo.toml"), EDITED_PLUGIN);
    // The same versions as everywhere else, without asking a registry.
    copy(&root().join("Cargo.lock"), &folder.join("Cargo.lock"));
    let plugin = sources().join("edited/wrong_layout.rs");
    copy(&plugin, &folder.join("wrong_layout.rs"));
    folder
}

fn change_one_word(file: &Path) {
    let text = fs::read_to_string(file).expect("core/abi/src/regressor.rs is readable");
    let changed = text.replacen("alpha: f64", "alpha: f32", 1);
    assert_ne!(
        text, changed,
        "`alpha: f64` is no longer in core/abi/src/regressor.rs"
    );
    write(file, &changed);
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to)
        .unwrap_or_else(|error| panic!("{} → {}: {error}", from.display(), to.display()));
}

fn write(to: &Path, text: &str) {
    fs::write(to, text).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
}

const EDITED_ABI: &str = r#"[package]
name = "ocean-plugin-abi"
version = "7.0.0"
edition = "2024"

[features]
layout = ["dep:abi_stable"]

[dependencies]
abi_stable = { version = "0.11.3", default-features = false, optional = true }
"#;

const EDITED_PLUGIN: &str = r#"[package]
name = "ocean-plugin-wrong-layout"
version = "0.1.0"
edition = "2024"

[workspace]
members = ["abi"]
resolver = "3"

[lib]
crate-type = ["cdylib"]
path = "wrong_layout.rs"

[dependencies]
ocean-plugin-abi = { path = "abi", features = ["layout"] }
"#;
