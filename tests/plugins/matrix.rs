//! Old and new plugins in old and new hosts, of every language and of two Rust compilers: what
//! loads predicts the same numbers, what does not says why in one line.
//!
//! The hosts are ocean-host as it is, and a C program that knows the header of 2026-11 alone. The
//! table in docs/plugins/versioning.md is this one.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocean_tests::kit::{self, can_build, made};
use ocean_tests::workspace::{built, root};
use ocean_tests::{fixtures, skip};

use crate::opened::Opened;

/// What a host makes of a plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Works,
    /// The whole line, without the path it begins with.
    Refused(&'static str),
    /// It does not notice, and cannot: there was no such check.
    Blind,
}

use Outcome::{Blind, Refused, Works};

struct Row {
    plugin: &'static str,
    library: fn() -> Option<Library>,
    today: Outcome,
    frozen: Outcome,
}

/// A library, with the folder that it needs as long as it is used.
struct Library(
    PathBuf,
    #[allow(dead_code, reason = "kept until the test ends")] Option<kit::Made>,
);

fn library(path: PathBuf) -> Option<Library> {
    Some(Library(path, None))
}

fn of_the_kit(language: &str) -> Option<Library> {
    if !can_build(language) {
        return None;
    }
    let made = made("regressor", language, "my-plugin");
    made.ok("make");
    let path = made.folder.join(fixtures::library_name("my_plugin"));
    Some(Library(path, Some(made)))
}

const ROWS: [Row; 11] = [
    Row {
        plugin: "C, built in 2026-11 against the header of then",
        library: || {
            let library = fixtures::frozen_library();
            skip::needs("x86-64 Linux", library.is_some()).then_some(())?;
            library.map(|path| Library(path, None))
        },
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "C, source and header of 2026-11, built today",
        library: || library(fixtures::frozen_plugin()),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "C, today's header",
        library: || library(fixtures::c_plugin("one_feature")),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "C, a later minor: a longer entry, an interface from the future",
        library: || library(fixtures::c_plugin("later_minor")),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "C++, from `plugin new`",
        library: || of_the_kit("cpp"),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "Python, from `plugin new`",
        library: || of_the_kit("python"),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "Rust, stable compiler",
        library: || library(fixtures::rust_plugin("toy_regressor")),
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "Rust, nightly compiler",
        library: || {
            let nightly = fixtures::nightly_plugin();
            skip::needs("nightly", nightly.is_some()).then_some(())?;
            nightly.map(|path| Library(path, None))
        },
        today: Works,
        frozen: Works,
    },
    Row {
        plugin: "Rust, an SDK whose `fit` takes `f32`",
        library: || library(fixtures::wrong_layout_plugin().to_path_buf()),
        today: Refused(
            "different layout of `ocean.regressor/1` (fit, param_3: expected f64, found f32); rebuild it with the `ocean-plugin` crate of this ocean-host",
        ),
        frozen: Blind,
    },
    Row {
        plugin: "any language, major 0",
        library: || library(fixtures::c_plugin("old_abi")),
        today: Refused(
            "it was made for version 0 of the plugin ABI, this ocean-host loads version 1; rebuild it, or use an ocean-host of its version",
        ),
        frozen: Refused("another major"),
    },
    Row {
        plugin: "any language, major 2",
        library: || library(fixtures::c_plugin("next_major")),
        today: Refused(
            "it was made for version 2 of the plugin ABI, this ocean-host loads version 1; rebuild it, or use an ocean-host of its version",
        ),
        frozen: Refused("no ocean_plugin_entry_v1"),
    },
];

/// The data of `host_2026-11.c`.
const X: [f64; 8] = [1.0, -1.0, -1.0, 1.0, -1.5, -0.5, 0.5, 1.5];
const Y: [f64; 4] = [-3.0, -1.0, 1.0, 3.0];
const X_NEW: [f64; 4] = [9.0, 9.0, 1.0, -2.0];

#[test]
fn every_plugin_in_every_host_works_or_is_refused_in_one_line() {
    for row in ROWS {
        let Some(library) = (row.library)() else {
            continue;
        };
        today(&row, &library.0);
        frozen(&row, &library.0);
    }
}

/// ocean-host: what `plugin info` says and how it ends.
fn today(row: &Row, library: &Path) {
    let output = Command::new(&built().host)
        .args(["plugin", "info"])
        .arg(library)
        .output()
        .unwrap();
    let said = kit::text(&output);
    match row.today {
        Works => assert!(output.status.success(), "{}: {said}", row.plugin),
        Refused(line) => {
            assert_eq!(output.status.code(), Some(2), "{}: {said}", row.plugin);
            assert!(said.trim_end().ends_with(line), "{}: {said}", row.plugin);
            assert_eq!(said.lines().count(), 1, "{}: {said}", row.plugin);
        }
        Blind => panic!("ocean-host checks what can be checked"),
    }
}

/// The frozen host predicts with it, to the bit what this process predicts with it.
fn frozen(row: &Row, library: &Path) {
    let output = Command::new(fixtures::frozen_host())
        .arg(library)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    match row.frozen {
        Works => {
            let plugin = Opened::new(library);
            let y_hat = plugin.fit_predict("{}", &X, &Y, 2.0, &X_NEW).unwrap();
            let words: Vec<&str> = said.split_whitespace().collect();
            assert_eq!(words.len(), 3, "{}: {said}", row.plugin);
            assert_eq!(words[0], plugin.plugin_id(), "{}", row.plugin);
            let predicted: Vec<f64> = words[1..]
                .iter()
                .map(|word| word.parse().unwrap())
                .collect();
            assert_eq!(predicted, y_hat, "{}", row.plugin);
        }
        Refused(line) => assert_eq!(said.trim_end(), line, "{}", row.plugin),
        Blind => assert!(output.status.success(), "{}: {said}", row.plugin),
    }
}

#[test]
fn the_table_of_the_documentation_is_this_one() {
    let shown = |outcome| match outcome {
        Works => "works".to_owned(),
        Blind => "not noticed: it has no such check".to_owned(),
        Refused(line) => format!("“{line}”"),
    };
    let mut table = String::from("| plugin | ocean-host | a host of 2026-11 |\n|---|---|---|\n");
    for row in ROWS {
        let (today, frozen) = (shown(row.today), shown(row.frozen));
        table += &format!("| {} | {today} | {frozen} |\n", row.plugin);
    }
    let page = std::fs::read_to_string(root().join("docs/plugins/versioning.md")).unwrap();
    assert!(
        page.contains(&table),
        "docs/plugins/versioning.md should hold\n{table}"
    );
}
