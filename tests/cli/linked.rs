//! The program alone, without any file beside it: what `cargo install` and the Python wheel leave.

use std::path::PathBuf;
use std::process::Command;

use ocean_tests::workspace::built;

use crate::cli::folder::Folder;
use crate::cli::host::Ran;
use crate::cli::outputs;

/// A study's folder with a copy of the program in it.
fn alone() -> (Folder, PathBuf) {
    let folder = Folder::sound();
    std::fs::create_dir(folder.file("bin")).unwrap();
    let program = folder.file("bin/ocean-host");
    std::fs::copy(&built().host, &program).unwrap();
    (folder, program)
}

fn run(folder: &Folder, program: &PathBuf, arguments: &[&str]) -> Ran {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .env("OCEAN_CACHE", folder.file("cache"))
        .env("XDG_DATA_HOME", folder.file("data"))
        .env_remove("OCEAN_PLUGIN_PATH")
        .output()
        .unwrap();
    Ran::of(&output)
}

#[test]
fn linked_plugins_give_the_same_bytes_as_their_files_here_and_in_a_worker() {
    let (folder, program) = alone();
    let more = "\n[[regressor]]\nname = \"elastic-net\"\nplugin = \"elastic-net\"\n";
    let config = std::fs::read_to_string(folder.file("plugins.toml")).unwrap() + more;
    folder.write("plugins.toml", config);
    let eval = ["eval", "plugins.toml", "--quiet", "--out"];
    let isolated = "regressor.ridge.isolation=\"process\"";
    run(&folder, &program, &[&eval[..], &["linked"]].concat()).ending_with(0);
    run(
        &folder,
        &program,
        &[&eval[..], &["worker", "--set", isolated]].concat(),
    )
    .ending_with(0);
    run(&folder, &built().host, &[&eval[..], &["files"]].concat()).ending_with(0);
    let bytes = |out: &str| outputs::bytes(&folder.file(out));
    assert!(bytes("linked") == bytes("files"), "linked against files");
    assert!(
        bytes("linked") == bytes("worker"),
        "linked against a worker"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_shell_with_too_little_memory_leaves_nothing_that_refuses_the_next_run() {
    let (folder, program) = alone();
    let eval = ["eval", "plugins.toml", "--quiet", "--out", "run"];
    let limited = format!(
        "ulimit -v 60000; exec '{}' {}",
        program.display(),
        eval.join(" ")
    );
    // Whether it works there is not asked.
    Command::new("sh")
        .args(["-c", &limited])
        .current_dir(folder.path())
        .env("OCEAN_CACHE", folder.file("cache"))
        .output()
        .unwrap();
    run(&folder, &program, &eval).ending_with(0);
    assert!(!folder.file("cache/quarantine").exists());
}

#[test]
fn each_linked_plugin_is_listed_once_and_describes_itself_as_its_file_does() {
    let (folder, program) = alone();
    let listed = run(&folder, &program, &["plugin", "list"])
        .ending_with(0)
        .stdout;
    for id in [
        "bge",
        "elastic-net",
        "lasso",
        "lexical",
        "minilm",
        "mpnet",
        "ridge",
        "sentence-transformer",
    ] {
        let lines = listed
            .lines()
            .filter(|line| line.trim_start().starts_with(&format!("{id} ")));
        assert_eq!(lines.count(), 1, "{id}\n{listed}");
        let told = |program: &PathBuf| {
            let text = run(&folder, program, &["plugin", "info", id])
                .ending_with(0)
                .stdout;
            let same = |line: &&str| {
                !["file", "hash"]
                    .iter()
                    .any(|own| line.trim_start().starts_with(own))
            };
            text.lines()
                .filter(same)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&program), told(&built().host), "{id}");
    }
}

#[test]
fn a_linked_plugin_keeps_the_promises_of_a_plugin() {
    let (folder, program) = alone();
    for id in ["lexical", "lasso"] {
        run(&folder, &program, &["plugin", "check", id]).ending_with(0);
    }
}
