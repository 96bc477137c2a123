//! What a plugin that did not come with the program cannot do: read and write the user's files,
//! connect, run programs, begin processes. With `isolation = "process"` it can.

use std::fmt::Write;
use std::net::TcpListener;

use ocean_tests::{fixtures::c_plugin_with, skip};
use serde_json::Value;

use crate::cli::folder::Folder;
use crate::cli::host::{Ran, ocean_host};

const DEEDS: [&str; 6] = ["read", "list", "write", "connect", "exec", "fork"];

/// The sound study with a plugin for each deed.
fn study(isolation: &str) -> Folder {
    let folder = Folder::sound();
    let mut config = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    for deed in DEEDS {
        let flag = format!("-DDO_{}", deed.to_uppercase());
        let plugin = c_plugin_with("hostile", &[&flag]);
        write!(
            config,
            "\n[[regressor]]\nname = \"{deed}\"\nplugin = \"{}\"\n{isolation}",
            plugin.display()
        )
        .unwrap();
    }
    folder.write("plugins.toml", config);
    folder.write("secret.txt", "a key");
    folder
}

fn eval(folder: &Folder, port: u16) -> Ran {
    let arguments = [
        "eval",
        "plugins.toml",
        "--out",
        "run",
        "--set",
        "evaluation.controls=false",
    ];
    let mut command = ocean_host(folder.path(), &arguments);
    command
        .env("OCEAN_TEST_SECRET", folder.file("secret.txt"))
        .env("OCEAN_TEST_FOLDER", folder.path())
        .env("OCEAN_TEST_PORT", port.to_string());
    Ran::of(&command.output().unwrap())
}

fn results(folder: &Folder) -> Value {
    serde_json::from_slice(&std::fs::read(folder.file("run/results.json")).unwrap()).unwrap()
}

#[test]
fn what_a_foreign_plugin_has_no_business_to_do_is_refused_and_named() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let folder = study("");
    let ran = eval(&folder, server.local_addr().unwrap().port());
    if !skip::needs("landlock", !ran.stderr.contains("has no sandbox")) {
        return;
    }
    let results = results(&folder);
    let failed = results["failed"].as_array().unwrap();
    for deed in DEEDS {
        let cell = failed.iter().find(|cell| cell["regressor"] == deed);
        let reason = cell.unwrap_or_else(|| panic!("{deed} was let do it: {}", ran.stderr));
        let reason = reason["reason"].as_str().unwrap();
        assert!(reason.contains("my deed: "), "{deed}: {reason}");
        assert!(
            reason.contains("isolation = \"process\""),
            "{deed}: {reason}"
        );
    }
    assert_eq!(ran.code, Some(1));
    assert!(!folder.file("left behind").exists());
    assert!(server.accept().is_err(), "somebody connected");
    // The others are as they were.
    let mut cells = results["cells"].as_array().unwrap().iter();
    assert!(cells.any(|cell| cell["regressor"] == "ridge" && cell["r2"].is_f64()));
}

#[test]
fn whoever_is_trusted_may_do_it_all() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // It hangs up on everybody, for as long as this process lives.
    std::thread::spawn(move || server.incoming().for_each(drop));
    let folder = study("isolation = \"process\"\n");
    eval(&folder, port);
    let results = results(&folder);
    // Whose process became another program is gone.
    let failed = results["failed"].as_array().unwrap();
    let names: Vec<&str> = failed
        .iter()
        .map(|cell| cell["regressor"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["exec"]);
    assert!(folder.file("left behind").exists());
}
