//! The SDK outside its workspace: the sources this program was built from, with manifests that
//! inherit nothing.
//!
//! The crates are on no registry, so `plugin new` writes them into the plugin's folder; whoever has
//! a checkout names it instead (`--sdk`).

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::embedded;
use super::file::File;
use crate::problem::{Problem, Refusal, shown_path};

/// Both crates under `vendor/`, with the licences they come under.
pub(super) fn vendored() -> Result<Vec<File>, Refusal> {
    let broken = |what: String| Refusal::from(Problem::new("the SDK in this program", what));
    let workspace = embedded::WORKSPACE
        .first()
        .ok_or_else(|| broken("is not there".into()))?;
    let workspace: Table = workspace
        .1
        .parse()
        .map_err(|error: toml::de::Error| broken(error.to_string()))?;
    embedded::SDK
        .iter()
        .map(|(path, text)| {
            let text = if path.ends_with("Cargo.toml") {
                stand_alone(text, &workspace).map_err(broken)?
            } else {
                (*text).to_owned()
            };
            let path = Path::new("vendor").join(path);
            Ok(File { path, text })
        })
        .collect()
}

/// The dependency on a checkout's SDK; `path` is its root or the folder of the crate.
pub(super) fn of_checkout(path: &Path) -> Result<PathBuf, Refusal> {
    let crates = [path.join("core/sdk"), path.to_path_buf()];
    let is_sdk = |folder: &&PathBuf| {
        std::fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.contains("name = \"ocean-plugin\""))
    };
    let found = crates.iter().find(is_sdk);
    let found = found.and_then(|folder| folder.canonicalize().ok());
    found.ok_or_else(|| {
        Problem::new(shown_path(path), "holds no `ocean-plugin` crate")
            .with_try("the root of a checkout of ocean-host, or no --sdk at all")
            .into()
    })
}

/// A manifest with everything it inherits from its workspace written out.
fn stand_alone(manifest: &str, workspace: &Table) -> Result<String, String> {
    let mut manifest: Table = manifest
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    let shared = |section: &str| {
        workspace
            .get("workspace")
            .and_then(|workspace| workspace.get(section))
            .and_then(Value::as_table)
            .ok_or_else(|| format!("the workspace has no [{section}]"))
    };
    // Lints are for those who change the SDK.
    manifest.remove("lints");
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        inherit(package, shared("package")?)?;
    }
    if let Some(dependencies) = manifest
        .get_mut("dependencies")
        .and_then(Value::as_table_mut)
    {
        inherit(dependencies, shared("dependencies")?)?;
    }
    toml::to_string(&manifest).map_err(|error| error.to_string())
}

/// Replaces `{ workspace = true, … }` by what the workspace says, and keeps the rest.
fn inherit(section: &mut Table, shared: &Table) -> Result<(), String> {
    for (name, value) in section.iter_mut() {
        let Some(own) = value.as_table() else {
            continue;
        };
        if own.get("workspace").and_then(Value::as_bool) != Some(true) {
            continue;
        }
        let inherited = shared
            .get(name)
            .ok_or_else(|| format!("the workspace has no `{name}`"))?;
        let mut own = own.clone();
        own.remove("workspace");
        *value = match inherited {
            // Crates of the workspace lie beside each other here.
            Value::Table(inherited) => {
                let mut merged = inherited.clone();
                if merged.contains_key("path") {
                    merged.insert("path".into(), Value::from(format!("../{name}")));
                }
                merged.extend(own);
                Value::Table(merged)
            }
            plain if own.is_empty() => plain.clone(),
            version => {
                own.insert("version".into(), version.clone());
                Value::Table(own)
            }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_outside_its_workspace_says_everything_itself() {
        let workspace = "[workspace.package]\nversion = \"1.2.3\"\n\
             [workspace.dependencies]\nserde_json = { version = \"1\", features = [\"a\"] }\nplain = \"2\"\nother = { path = \"core/other\", version = \"1.2.3\" }\n";
        let manifest = "[package]\nname = \"x\"\nversion.workspace = true\n[dependencies]\n\
             serde_json = { workspace = true }\nplain = { workspace = true, optional = true }\nother = { workspace = true, features = [\"f\"] }\nown = \"3\"\n\
             [lints]\nworkspace = true\n";
        let text = stand_alone(manifest, &workspace.parse().unwrap()).unwrap();
        assert!(!text.contains("workspace"), "{text}");
        let table: Table = text.parse().unwrap();
        assert_eq!(table["package"]["version"].as_str(), Some("1.2.3"));
        let dependencies = &table["dependencies"];
        assert_eq!(dependencies["serde_json"]["version"].as_str(), Some("1"));
        assert_eq!(dependencies["plain"]["version"].as_str(), Some("2"));
        assert_eq!(dependencies["plain"]["optional"].as_bool(), Some(true));
        assert_eq!(dependencies["other"]["path"].as_str(), Some("../other"));
        assert_eq!(dependencies["other"]["features"][0].as_str(), Some("f"));
        assert_eq!(dependencies["own"].as_str(), Some("3"));
    }

    #[test]
    fn what_the_workspace_does_not_know_is_an_error_and_no_broken_manifest() {
        let workspace = "[workspace.package]\n[workspace.dependencies]\n"
            .parse()
            .unwrap();
        let manifest = "[package]\nname = \"x\"\nversion.workspace = true\n";
        let error = stand_alone(manifest, &workspace).unwrap_err();
        assert_eq!(error, "the workspace has no `version`");
    }

    #[test]
    fn the_sdk_of_this_program_inherits_nothing() {
        let files = vendored().unwrap();
        let manifests: Vec<&File> = files
            .iter()
            .filter(|file| file.path.ends_with("Cargo.toml"))
            .collect();
        assert_eq!(manifests.len(), 2);
        for manifest in manifests {
            let text = &manifest.text;
            assert!(!text.contains("workspace"), "{text}");
        }
    }

    #[test]
    fn a_checkout_is_found_by_its_root_or_by_the_crate_and_nothing_else_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let sdk = root.join("core/sdk");
        assert_eq!(of_checkout(&root).unwrap(), of_checkout(&sdk).unwrap());
        let error = of_checkout(Path::new("/nowhere")).unwrap_err();
        assert!(
            error.to_string().contains("holds no `ocean-plugin` crate"),
            "{error}"
        );
    }
}
