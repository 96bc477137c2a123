//! The R package: its own tests, and its table of keys beside the program's.

use std::path::Path;
use std::process::Command;

use ocean_tests::kit::text;
use ocean_tests::skip::needs;
use ocean_tests::workspace::{built, root};

/// R in the folder, with the package's library and this program.
fn r(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("R_LIBS", folder.join("library"))
        .env("OCEAN_PROGRAM", &built().host)
        .env("OCEAN_CACHE", folder.join("cache"));
    command
}

fn is_here() -> bool {
    let mut command = Command::new("Rscript");
    command.args(["-e", "loadNamespace('jsonlite')"]);
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn the_r_package_passes_its_own_tests() {
    if !needs("R", is_here()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("library")).unwrap();
    let sources = root().join("host/r");
    let sound = |mut command: Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}\n{}", text(&output));
        text(&output)
    };
    let install = ["CMD", "INSTALL", "--no-docs", "--no-test-load"];
    sound(r(
        folder,
        "R",
        &[&install[..], &[sources.to_str().unwrap()]].concat(),
    ));
    for file in ["values.R", "studies.R"] {
        let file = sources.join("tests").join(file);
        let said = sound(r(folder, "Rscript", &[file.to_str().unwrap()]));
        assert!(!said.contains("SKIPPED"), "{said}");
    }
}

/// Every key of a section of docs/configuration.md.
fn documented(section: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let heading = format!("## `[{section}]`\n");
    let part = page.split(&heading).nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    part.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_r_package_knows_the_section_of_every_key() {
    let source = std::fs::read_to_string(root().join("host/r/R/study.R")).unwrap();
    // These are arguments of their own, or have no place beside a data frame.
    let elsewhere = ["path", "id", "text", "targets", "group", "join"];
    for section in ["study", "data", "report"] {
        let line = format!("\n  {section} = c(");
        let listed = source.split(&line).nth(1).unwrap();
        let listed = listed.split(')').next().unwrap();
        let mut known: Vec<&str> = listed.split('"').skip(1).step_by(2).collect();
        let documented = documented(section);
        let mut expected: Vec<&str> = documented.iter().map(String::as_str).collect();
        expected.retain(|key| !elsewhere.contains(key));
        known.sort_unstable();
        expected.sort_unstable();
        assert_eq!(known, expected, "[{section}]");
    }
}
