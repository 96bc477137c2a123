//! Where the program runs: homes, locales, links, clocks, two at once. The results are the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use super::bench::{Bench, Ran, alone};
use super::commands::{CASES, Case};
use super::tree::Tree;
use super::trial::Tried;

fn eval() -> &'static Case {
    CASES.iter().find(|case| case.name == "eval").unwrap()
}

/// `eval` after a line of the shell, in the study's folder.
fn after(bench: &Bench, line: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{line}; exec \"$@\""), "sh"])
        .arg(alone())
        .args(eval().command)
        .current_dir(bench.now());
    bench.surround(&mut command);
    command
}

fn assert_ended(ran: &Ran, code: i32, what: &str) {
    assert!(!ran.said.contains("panicked"), "{what}: {}", ran.said);
    assert_eq!(ran.code, Some(code), "{what}: {}", ran.said);
}

#[test]
fn homes_locales_masks_and_clocks_change_no_byte_of_the_results() {
    if !super::can_fail() {
        return;
    }
    let tried = Tried::new(eval());
    type Change<'a> = &'a dyn Fn(&Bench, &mut Command);
    let no_home = |_: &Bench, command: &mut Command| {
        for name in ["HOME", "OCEAN_CACHE", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
    };
    // Where nobody may write, not even root.
    let unwritable_home = |_: &Bench, command: &mut Command| {
        command.env_remove("OCEAN_CACHE").env("HOME", "/proc");
    };
    let clock = |to: &'static str| {
        move |bench: &Bench, command: &mut Command| {
            bench.interpose(command);
            command.env("OCEAN_FAULT_CLOCK", to);
        }
    };
    let set = |name: &'static str, value: &'static str| {
        move |_: &Bench, command: &mut Command| {
            command.env(name, value);
        }
    };
    let changes: [(&str, Change); 10] = [
        ("no HOME", &no_home),
        ("HOME that cannot be written", &unwritable_home),
        ("cache in a file", &|bench, command| {
            command.env("OCEAN_CACHE", bench.now().join("texts.csv"));
        }),
        ("no folder TMPDIR", &set("TMPDIR", "/no/such/folder")),
        ("TMPDIR that cannot be written", &set("TMPDIR", "/proc")),
        ("no locale", &|_, command| {
            for name in ["LANG", "LC_ALL", "LC_NUMERIC", "TERM"] {
                command.env_remove(name);
            }
        }),
        (
            "a locale with decimal commas",
            &set("LC_ALL", "de_DE.UTF-8"),
        ),
        ("a clock that runs backwards", &clock("back")),
        ("a clock before 1970", &clock("before1970")),
        ("a time zone of its own", &set("TZ", "Pacific/Chatham")),
    ];
    for (what, change) in changes {
        let bench = tried.begun();
        let mut command = bench.command(eval().command);
        change(bench, &mut command);
        assert_ended(&bench.ended(command), 0, what);
        assert_eq!(tried.differs(), None, "{what}");
    }
    for (what, line) in [
        ("umask 077", "umask 077"),
        ("nothing open", "exec <&- >&- 2>&-"),
        ("few files", "ulimit -n 24"),
    ] {
        let bench = tried.begun();
        assert_ended(&bench.ended(after(bench, line)), 0, what);
        assert_eq!(tried.differs(), None, "{what}");
    }
}

#[test]
fn links_names_that_are_no_text_and_a_folder_that_is_gone_are_borne() {
    if !super::can_fail() {
        return;
    }
    let tried = Tried::new(eval());
    let expected = Tree::of(&tried.begun_and_run()).results(false);
    let results = |bench: &Bench, out: &OsStr| -> Vec<(String, String)> {
        let results = Tree::of(&bench.now().join(out)).results(false);
        let of_run = |name: &String| format!("run/{name}");
        let same = results.iter().filter(|(name, text)| {
            // Its plan holds the name of the folder.
            name.ends_with("provenance.json") || expected.get(&of_run(name)) != Some(text)
        });
        same.filter(|(name, _)| !name.ends_with("provenance.json"))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect()
    };

    let bench = tried.begun();
    std::fs::create_dir(bench.now().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", bench.now().join("run")).unwrap();
    assert_ended(&bench.run(eval().command, None), 0, "a link");
    assert!(bench.now().join("run").is_symlink());
    assert_eq!(results(bench, OsStr::new("elsewhere")), []);

    let bench = tried.begun();
    let out = OsStr::from_bytes(b"run-\xff\xfe");
    let mut command = bench.command(&["eval", "plugins.toml", "-q", "--threads", "1", "--out"]);
    command.arg(out);
    assert_ended(&bench.ended(command), 0, "a name that is no text");
    assert_eq!(results(bench, out), []);

    // The folder that the command was given in is removed: whole paths still lead somewhere.
    let bench = tried.begun();
    let (config, run) = (bench.now().join("plugins.toml"), bench.now().join("run"));
    let gone = |config: &OsStr, run: &OsStr| {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "mkdir gone; cd gone; rmdir ../gone; exec \"$@\"",
                "sh",
            ])
            .arg(alone())
            .args(["eval", "-q", "--threads", "1"])
            .arg(config)
            .arg("--out")
            .arg(run)
            .current_dir(bench.now());
        bench.surround(&mut command);
        bench.ended(command)
    };
    assert_ended(
        &gone(config.as_os_str(), run.as_os_str()),
        0,
        "a folder that is gone",
    );
    assert_eq!(results(bench, OsStr::new("run")), []);
    let ran = gone(OsStr::new("plugins.toml"), OsStr::new("run"));
    assert_ended(&ran, 2, "a file in a folder that is gone");
    assert!(ran.said.contains("plugins.toml"), "{}", ran.said);
}

#[test]
fn of_two_runs_in_one_folder_one_is_refused_or_finds_all_done() {
    if !super::can_fail() {
        return;
    }
    let tried = Tried::new(eval());
    for _ in 0..3 {
        let bench = tried.begun();
        let mut other = bench.command(eval().command);
        let other = other
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let one = bench.run(eval().command, None);
        let other = other.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&other.stderr);
        for (code, said) in [(one.code, &*one.said), (other.status.code(), &*said)] {
            let is_refused = code == Some(2) && said.contains("is in use");
            assert!(code == Some(0) || is_refused, "{code:?}: {said}");
        }
        assert!(one.code == Some(0) || other.status.code() == Some(0));
        assert_eq!(tried.differs(), None);
    }
}
