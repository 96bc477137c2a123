//! A plugin's manifest: what `plugin list` believes, and for how long.

use ocean_tests::fixtures::c_plugin;

use crate::cli::host::{Ran, ocean_host};

#[test]
fn a_manifest_is_believed_for_listing_while_the_bytes_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libocean_plugin_one_feature.so");
    std::fs::copy(c_plugin("one_feature"), &library).unwrap();
    let host = |arguments: &[&str]| {
        let mut command = ocean_host(folder.path(), arguments);
        command.env("OCEAN_PLUGIN_PATH", folder.path());
        Ran::of(&command.output().unwrap()).ending_with(0).stdout
    };
    let row = |listed: &str| {
        let mut rows = listed
            .lines()
            .filter(|line| line.starts_with(" one-feature"));
        rows.next().unwrap().to_owned()
    };
    let before = row(&host(&["plugin", "list"]));
    let shown = host(&["plugin", "info", "one-feature", "--manifest"]);
    let manifest = folder.path().join("libocean_plugin_one_feature.so.json");
    assert!(
        shown.ends_with(&format!("manifest: {}\n", manifest.display())),
        "{shown}"
    );
    assert_eq!(row(&host(&["plugin", "list"])), before);
    // What the manifest says is what is listed: the library was not run.
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(
        &manifest,
        text.replace("\"version\": \"1.0\"", "\"version\": \"9.9\""),
    )
    .unwrap();
    assert_eq!(
        row(&host(&["plugin", "list"])),
        before.replace("1.0", "9.9")
    );
    // Of other bytes it says nothing.
    let mut bytes = std::fs::read(&library).unwrap();
    bytes.push(0);
    std::fs::write(&library, bytes).unwrap();
    let listed = host(&["plugin", "list"]);
    assert_eq!(row(&listed), before);
    let note = format!(
        "{} is not of this library's bytes; make it again",
        manifest.display()
    );
    assert!(listed.contains(&note), "{listed}");
}
