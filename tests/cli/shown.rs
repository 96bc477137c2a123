//! What is printed: that it arrives, or the command fails; and that no name steers a terminal.

use std::fs::File;
use std::process::Stdio;

use crate::cli::folder::Folder;
use crate::cli::host::{ocean_host, run};

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_or_a_closed_pipe_behind_standard_output_is_an_error_of_every_command() {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    run(
        folder.path(),
        &["eval", "plugins.toml", "--quiet", "--out", "run"],
    )
    .ending_with(0);
    run(
        folder.path(),
        &["plan", "plugins.toml", "--quiet", "--out", "planned"],
    )
    .ending_with(0);
    let model = "run/models/lexical__ridge__mood.ocean";
    for command in [
        &["eval", "plugins.toml", "--out", "run"][..],
        &["eval", "plugins.toml", "--out", "run", "--format", "json"],
        &["eval", "plugins.toml", "--out", "run", "--dry-run"],
        &["report", "run"],
        &["encode", "plugins.toml"],
        &["encode", "plugins.toml", "--format", "json"],
        &["predict", model, "texts.csv"],
        &["predict", model, "texts.csv", "--out", "predictions.csv"],
        &["init", "texts.csv", "--out", "new.toml"],
        &["plan", "plugins.toml", "--out", "planned"],
        &["status", "planned"],
        &["status", "planned", "--format", "json"],
        &["slurm", "planned"],
        &["plugin", "list"],
        &["plugin", "info", "ridge"],
        &["plugin", "check", "--list"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = ocean_host(folder.path(), command)
            .stdout(full)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}\n{stderr}");
        let said = "error: cannot write to standard output: ";
        assert!(stderr.contains(said), "{command:?}\n{stderr}");
    }
    // Whoever was to read it is gone.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = ocean_host(folder.path(), &["report", "run"])
        .stdout(Stdio::from(writer))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("whoever was reading it has gone"),
        "{stderr}"
    );
}

/// Colours, a window title, a bell, a carriage return, the same in one character, and an override
/// that turns the rest of the line round.
const EVIL: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\r\u{9b}2J\u{202e}\u{2066}";

#[test]
fn no_name_of_the_users_steers_a_terminal() {
    let folder = Folder::sound();
    let sound = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    // As TOML writes it.
    let evil = EVIL
        .chars()
        .map(|c| match u32::from(c) {
            code @ (0..=31 | 127..=159 | 0x2000..=0x20ff) => format!("\\u{code:04x}"),
            _ => c.to_string(),
        })
        .collect::<String>();
    let check = |what: &str, arguments: &[&str], code: i32| {
        let ran = run(folder.path(), arguments).ending_with(code);
        for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            let steers = |c: &char| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            let found: Vec<char> = text.chars().filter(steers).collect();
            assert!(found.is_empty(), "{what}, {stream}: {found:?}\n{text:?}");
        }
        ran
    };
    let eval = ["eval", "plugins.toml", "--out", "run", "--fresh"];

    // What comes from the data bears such a name, and all is well; labels of plugins.toml may not.
    let named = sound
        .replace("[\"mood\"]", &format!("[\"mood{evil}\"]"))
        .replace("\"texts.csv\"", &format!("\"texts{evil}.csv\""));
    folder.write("plugins.toml", &named);
    folder.write(
        &format!("texts{EVIL}.csv"),
        table
            .replacen("mood\n", &format!("\"mood{EVIL}\"\n"), 1)
            .replacen("\nt3,", &format!("\n\"t3{EVIL}\","), 1),
    );
    let out = format!("run{EVIL}");
    let ran = check("names", &["eval", "plugins.toml", "--out", &out], 0);
    assert!(ran.stdout.contains("mood\\u{1b}[31m"), "{}", ran.stdout);
    check("--dry-run", &[&eval[..], &["--dry-run"]].concat(), 0);
    check(
        "events",
        &["eval", "plugins.toml", "--out", &out, "--format", "json"],
        0,
    );
    check("report", &["report", &out], 0);
    check("encode", &["encode", "plugins.toml", "--out", &out], 0);
    check(
        "init",
        &["init", &format!("texts{EVIL}.csv"), "--out", "new.toml"],
        0,
    );

    // Everything bears such a name, and something is wrong with it.
    let bad_row = |row: &str| format!("{table}{row}\n");
    for (what, plugins, texts) in [
        (
            "label",
            sound.replace("name = \"ridge\"", &format!("name = \"ridge{evil}\"")),
            table.clone(),
        ),
        (
            "target",
            sound.replace("[\"mood\"]", &format!("[\"x{evil}\"]")),
            table.clone(),
        ),
        (
            "id column",
            sound.replace("id = \"id\"", &format!("id = \"x{evil}\"")),
            table.clone(),
        ),
        (
            "plugin",
            sound.replace("plugin = \"ridge\"", &format!("plugin = \"x{evil}\"")),
            table.clone(),
        ),
        (
            "library",
            sound.replace("plugin = \"ridge\"", &format!("plugin = \"./x{evil}.so\"")),
            table.clone(),
        ),
        (
            "parameter",
            format!("{sound}\"x{evil}\" = 1\n"),
            table.clone(),
        ),
        (
            "value",
            format!("{sound}alphas = \"x{evil}\"\n"),
            table.clone(),
        ),
        (
            "key",
            format!("{sound}[data2]\n\"x{evil}\" = 1\n"),
            table.clone(),
        ),
        (
            "number",
            sound.clone(),
            bad_row(&format!("q{EVIL},text,abc{EVIL}")),
        ),
        (
            "id",
            sound.clone(),
            bad_row(&format!("\"q{EVIL}\",a,1\n\"q{EVIL}\",b,2")),
        ),
    ] {
        folder.write("plugins.toml", plugins);
        folder.write("texts.csv", texts);
        check(what, &eval, 2);
    }
    check("no such file", &["eval", &format!("x{EVIL}.toml")], 2);
    check(
        "--set",
        &[
            "eval",
            "plugins.toml",
            "--set",
            &format!("evaluation.x{EVIL}=1"),
        ],
        2,
    );
    check("no such run", &["report", &format!("x{EVIL}")], 2);
    check(
        "no such plugin",
        &["plugin", "info", &format!("x{EVIL}")],
        2,
    );
    check(
        "no such model",
        &["predict", &format!("x{EVIL}"), "texts.csv"],
        2,
    );
}
