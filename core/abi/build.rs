//! Names the compiler, so that two libraries can tell whether they were built alike.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-env=OCEAN_RUSTC_VERSION={}",
        rustc_version().unwrap_or_else(|| "rustc of unknown version".to_owned())
    );
}

fn rustc_version() -> Option<String> {
    let rustc = std::env::var_os("RUSTC")?;
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    Some(line.trim().to_owned())
}
