//! Commands that are printed in READMEs do what they say.

use std::path::{Path, PathBuf};

use ocean_tests::workspace::root;

use crate::host::run;
use crate::quickstart::examples;

/// Lines of fenced blocks that call the program.
fn commands(markdown: &str) -> Vec<&str> {
    let blocks = markdown.split("```").skip(1).step_by(2);
    blocks
        .flat_map(str::lines)
        .map(str::trim)
        .filter(|line| line.starts_with("target/release/ocean-host "))
        .collect()
}

fn readmes() -> Vec<PathBuf> {
    let folder = |name: &str| root().join(name).join("README.md");
    [
        folder("."),
        folder("examples/quickstart"),
        folder("examples/founding-mistakes"),
    ]
    .into_iter()
    .filter(|path| path.is_file())
    .collect()
}

#[test]
fn every_command_in_a_readme_ends_as_it_says() {
    let mut n_commands = 0;
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).unwrap();
        for line in commands(&text) {
            let (command, remark) = line.split_once('#').unwrap_or((line, ""));
            let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
            let expected = if remark.contains("refused") { 2 } else { 0 };
            let ran = run(examples(), &arguments);
            assert_eq!(
                ran.code,
                Some(expected),
                "{}: {line}\n{}{}",
                readme.display(),
                ran.stdout,
                ran.stderr
            );
            n_commands += 1;
        }
    }
    assert!(n_commands >= 5, "only {n_commands} commands found");
}

#[test]
fn every_file_a_readme_of_the_examples_links_to_is_there() {
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let is_local = !link.contains("://") && !link.starts_with('#');
            let file = readme
                .parent()
                .unwrap_or(Path::new("."))
                .join(link.split('#').next().unwrap());
            assert!(!is_local || file.exists(), "{}: {link}", readme.display());
        }
    }
}
