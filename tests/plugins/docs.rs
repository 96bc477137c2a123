//! The pages for authors: the specification lacks nothing of the header, and every command that is
//! printed works.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocean_tests::kit::{self, can_build};
use ocean_tests::workspace::{built, root, shares_dependencies, without_package_settings};

fn pages() -> PathBuf {
    root().join("docs/plugins")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(pages().join(name)).unwrap()
}

/// Without the differences that lines and indentation make.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Comments of the header are not its contract.
fn without_comments(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        kept += before;
        rest = after.split_once("*/").unwrap().1;
    }
    kept + rest
}

/// Declarations in a table: `ocean_status (*fit)(…);`, with their names.
fn functions(header: &str) -> Vec<(String, String)> {
    without_comments(header)
        .split(['{', ';', '}'])
        .map(in_one_line)
        .filter(|declaration| declaration.contains("(*"))
        .map(|declaration| {
            let name = declaration.split("(*").nth(1).unwrap();
            let name = name.split(')').next().unwrap().to_owned();
            (name, format!("{declaration};"))
        })
        .collect()
}

#[test]
fn the_specification_has_every_function_of_the_header_with_its_thread_tag() {
    let specification = page("specification.md");
    let one_line = in_one_line(&specification);
    let header = include_str!("../../core/abi/include/ocean_plugin.h");
    let functions = functions(header);
    // Six callbacks, three of the entry, and the tables.
    assert!(functions.len() > 35, "{}", functions.len());
    for (name, declaration) in functions {
        assert!(one_line.contains(&declaration), "{declaration}");
        let is_callback = declaration.contains("(void *ctx");
        let is_tagged = ["any", "concurrent"]
            .iter()
            .any(|tag| specification.contains(&format!("**`{name}`** `[{tag}]`")));
        assert!(is_callback || is_tagged, "no thread tag for {name}");
    }
}

#[test]
fn the_specification_names_every_interface_number_and_field_of_the_header() {
    let specification = page("specification.md");
    let header = include_str!("../../core/abi/include/ocean_plugin.h");
    for line in header
        .lines()
        .filter(|line| line.starts_with("#define OCEAN_"))
    {
        let mut words = line.split_whitespace().skip(1);
        let name = words.next().unwrap().split('(').next().unwrap();
        let is_of_the_compiler =
            ["OCEAN_PLUGIN_H", "OCEAN_VISIBLE", "OCEAN_EXPORT"].contains(&name);
        assert!(is_of_the_compiler || specification.contains(name), "{name}");
        if name.starts_with("OCEAN_ID_") {
            let id = words.next().unwrap().trim_matches('"');
            assert!(specification.contains(&format!("`{id}`")), "{id}");
        }
    }
    for shape in ocean_plugin_abi::all_shapes() {
        assert!(specification.contains(shape.c_name), "{}", shape.c_name);
        for field in shape.fields {
            assert!(
                specification.contains(field.name),
                "{}.{}",
                shape.c_name,
                field.name
            );
        }
    }
}

/// Word for word, but for quotes and code marks; the objectives of the families are a table on the
/// page.
#[test]
fn the_rules_of_the_specification_are_the_headers() {
    let bare = |text: &str| in_one_line(&text.replace(['`', '"', '*'], ""));
    let specification = bare(&page("specification.md"));
    let header = include_str!("../../core/abi/include/ocean_plugin.h");
    let rules = header.split("THE RULES").nth(1).unwrap();
    let rules = bare(rules.split("PARAMETERS").next().unwrap());
    let mut n_compared = 0;
    for sentence in rules.split(". ").map(str::trim) {
        let is_the_table = sentence.starts_with("The families pin their objectives");
        assert!(
            is_the_table || specification.contains(sentence),
            "not on the page: {sentence}"
        );
        n_compared += 1;
    }
    assert!(n_compared > 40, "{n_compared} sentences compared");
}

/// The lines of all `sh` blocks, in order.
fn commands(page: &str) -> String {
    page.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Runs a page's commands in an empty folder, as one session of a shell.
fn run(name: &str, language: &str) {
    if !can_build(language) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Rust plugins with the versions of this repository.
    let prelude = format!(
        "set -e\nocean-host() {{\n  command ocean-host \"$@\"\n  for one in */Cargo.toml; do\n    [ -e \"$one\" ] || continue\n    one=${{one%/Cargo.toml}}\n    \
         [ -e \"$one/Cargo.lock\" ] || cp '{}' \"$one/\"\n  done\n}}\n",
        root().join("Cargo.lock").display()
    );
    let script = prelude + &commands(&page(name));
    let host = &built().plugins;
    let own = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(host.clone()).chain(std::env::split_paths(&own)));
    let mut command = Command::new("bash");
    without_package_settings(&mut command);
    shares_dependencies(&mut command);
    let output = command
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path.unwrap())
        .env("PYTHON", kit::python())
        .env("HOME", folder.path())
        .env("CARGO_HOME", cargo_home())
        .env("RUSTUP_HOME", rustup_home())
        .env("OCEAN_CACHE", folder.path().join("cache"))
        .env_remove("OCEAN_PLUGIN_PATH")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}\n{script}\n{}",
        kit::text(&output)
    );
    let runs = std::fs::read_dir(folder.path()).unwrap().flatten();
    let n_reports = runs
        .filter(|entry| entry.path().join("runs").is_dir())
        .count();
    assert_eq!(n_reports, 1, "{name}: one study was evaluated");
}

/// HOME is another one in these sessions, so that nothing lands in the caller's.
fn cargo_home() -> PathBuf {
    home_of("CARGO_HOME", ".cargo")
}

fn rustup_home() -> PathBuf {
    home_of("RUSTUP_HOME", ".rustup")
}

fn home_of(variable: &str, below_home: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(below_home),
        PathBuf::from,
    )
}

#[test]
fn the_commands_of_the_index_work() {
    run("README.md", "c");
}

#[test]
fn the_commands_of_the_tutorial_work() {
    run("tutorial.md", "c");
}

#[test]
fn the_commands_of_the_page_on_rust_work() {
    run("rust.md", "rust");
}

#[test]
fn the_commands_of_the_page_on_c_work() {
    run("c.md", "c");
}

#[test]
fn the_commands_of_the_page_on_cpp_work() {
    run("cpp.md", "cpp");
}

#[test]
fn the_commands_of_the_page_on_python_work() {
    run("python.md", "python");
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    for entry in std::fs::read_dir(pages()).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = pages().join(link.split('#').next().unwrap());
            assert!(file.exists(), "{}: {link}", entry.path().display());
        }
    }
}
