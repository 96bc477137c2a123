//! Lists what `ocean-host plugin new` writes, so that the program needs nothing but itself: the
//! templates, the header, and the sources of the SDK.
//!
//! Each list is an array of (path, text) in `OUT_DIR/kit.rs`. A new file in one of the folders is
//! in the program with the next build.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = here.join("..");
    let mut code = String::new();
    let abi = root.join("core/abi");
    let sdk = root.join("core/sdk");
    list(&mut code, "TEMPLATES", &[(here.join("templates"), "")])?;
    list(&mut code, "HEADERS", &[(abi.join("include"), "")])?;
    list(
        &mut code,
        "SDK",
        &[
            (abi.join("src"), "ocean-plugin-abi/src/"),
            (abi.join("build.rs"), "ocean-plugin-abi/build.rs"),
            (abi.join("Cargo.toml"), "ocean-plugin-abi/Cargo.toml"),
            (sdk.join("src"), "ocean-plugin/src/"),
            (sdk.join("Cargo.toml"), "ocean-plugin/Cargo.toml"),
            (root.join("LICENSE-MIT"), "LICENSE-MIT"),
            (root.join("LICENSE-APACHE"), "LICENSE-APACHE"),
        ],
    )?;
    list(
        &mut code,
        "WORKSPACE",
        &[(root.join("Cargo.toml"), "Cargo.toml")],
    )?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("kit.rs");
    std::fs::write(out, code)?;
    Ok(())
}

/// `static NAME: &[(&str, &str)]`: every file of the folders (or the file itself), under a prefix,
/// sorted.
fn list(code: &mut String, name: &str, places: &[(PathBuf, &str)]) -> std::io::Result<()> {
    let mut files = Vec::new();
    for (place, prefix) in places {
        println!("cargo::rerun-if-changed={}", place.display());
        collect(place, prefix, &mut files)?;
    }
    files.sort();
    let _ = writeln!(code, "pub(super) static {name}: &[(&str, &str)] = &[");
    for (path, file) in files {
        let file = file.canonicalize()?;
        let _ = writeln!(code, "    ({path:?}, include_str!({file:?})),");
    }
    let _ = writeln!(code, "];");
    Ok(())
}

fn collect(place: &Path, path: &str, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    if place.is_file() {
        files.push((path.to_owned(), place.to_owned()));
        return Ok(());
    }
    for entry in std::fs::read_dir(place)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What Python or an editor left behind is no template.
        if name == "__pycache__" || name.ends_with('~') {
            continue;
        }
        let is_folder = entry.file_type()?.is_dir();
        let below = format!("{path}{name}{}", if is_folder { "/" } else { "" });
        collect(&entry.path(), &below, files)?;
    }
    Ok(())
}
