//! Plugins in processes of their own: whatever they do, the rest of the run finishes, and in the
//! same bytes as without them.

use std::fmt::Write;
use std::path::Path;

use ocean_tests::fixtures::c_plugin;
use serde_json::Value;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::{Ran, run};
use crate::cli::outputs::assert_same;

fn regressor(name: &str, plugin: &Path, more: &str) -> String {
    format!(
        "\n[[regressor]]\nname = \"{name}\"\nplugin = \"{}\"\n{more}",
        plugin.display()
    )
}

fn eval(folder: &Folder, out: &str, more: &[&str]) -> Ran {
    let arguments = [&["eval", "plugins.toml", "--out", out], more].concat();
    run(folder.path(), &arguments)
}

fn results(folder: &Folder, out: &str) -> Value {
    let text = std::fs::read(folder.file(&format!("{out}/results.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn append(folder: &Folder, text: &str) {
    let before = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    folder.write("plugins.toml", before + text);
}

/// (encoder, regressor, reason) of each failed cell.
fn failed(folder: &Folder) -> Vec<(String, String, String)> {
    let results = results(folder, "run");
    let text = |cell: &Value, key: &str| cell[key].as_str().unwrap().to_owned();
    let cells = results["failed"].as_array().unwrap();
    cells
        .iter()
        .map(|cell| {
            (
                text(cell, "encoder"),
                text(cell, "regressor"),
                text(cell, "reason"),
            )
        })
        .collect()
}

#[test]
fn every_way_to_take_a_run_down_costs_the_plugins_own_cells_and_says_how() {
    let hostile = [
        (
            "crash_in_fit",
            "",
            "crashed its worker with signal 11 (SIGSEGV, invalid memory access) during ",
        ),
        (
            "exit_in_fit",
            "",
            "ended its worker with exit code 0 during ",
        ),
        (
            "abort_in_fit",
            "",
            "crashed its worker with signal 6 (SIGABRT, it aborted) (it said: out of cheese) during ",
        ),
        (
            "loop_in_fit",
            "time_limit = 1\n",
            "gave no sign for 1 s, so its worker was stopped (time_limit) during ",
        ),
        (
            "hog_in_fit",
            "memory_limit = 256\n",
            "crashed its worker with signal 11 (SIGSEGV, invalid memory access) during ",
        ),
    ];
    let folder = Folder::sound();
    eval(&folder, "alone", &["--quiet"]).ending_with(0);
    let mut sections = String::new();
    for (name, more, _) in hostile {
        write!(sections, "{}", regressor(name, &c_plugin(name), more)).unwrap();
    }
    append(&folder, &sections);
    let ran = eval(&folder, "run", &["--quiet"]).ending_with(1);
    let cells = failed(&folder);
    assert_eq!(cells.len(), hostile.len(), "{cells:?}");
    for (name, _, cause) in hostile {
        let (_, _, reason) = cells.iter().find(|cell| cell.1 == name).unwrap();
        assert!(
            reason.contains(&format!("regressor `one-feature`: it {cause}"))
                && reason.contains("p = 512"),
            "{name}: {reason}"
        );
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
    // What the others took down is nothing of ridge's.
    let r2 = |run: &str| {
        let results = results(&folder, run);
        let cells = results["cells"].as_array().unwrap().clone();
        let ridge = cells.into_iter().find(|cell| cell["regressor"] == "ridge");
        ridge.unwrap()["r2"].clone()
    };
    assert_eq!(r2("run"), r2("alone"));
}

#[test]
fn a_bundled_plugin_in_a_worker_gives_the_same_bytes() {
    let folder = Folder::small_quickstart();
    let few = [
        "--quiet",
        "--set",
        "evaluation.permutations=99",
        "--set",
        "evaluation.sensitivity=10",
        "--set",
        "data.targets=[\"openness\"]",
    ];
    let eval = |out: &str, more: &[&str]| {
        eval(&folder, out, &[&few[..], more].concat()).ending_with(0);
    };
    let more =
        |plugin: &str| format!("\n[[regressor]]\nname = \"{plugin}\"\nplugin = \"{plugin}\"\n");
    append(&folder, &(more("lasso") + &more("elastic-net")));
    eval("here", &[]);
    let isolated = [
        "encoder.lexical",
        "regressor.ridge",
        "regressor.lasso",
        "regressor.elastic-net",
    ]
    .map(|plugin| format!("{plugin}.isolation=\"process\""));
    let mut sets: Vec<&str> = Vec::new();
    for set in &isolated {
        sets.extend(["--set", set]);
    }
    sets.extend(["--cache", "another"]);
    eval("there", &sets);
    assert_same(&folder.file("here"), &folder.file("there"));
}

#[test]
fn a_plugin_that_is_fatal_on_one_embedding_alone_keeps_its_cells_of_the_other() {
    let folder = Folder::sound();
    append(
        &folder,
        "\n[[encoder]]\nname = \"narrow\"\nplugin = \"lexical\"\ndim = 8\n",
    );
    append(&folder, &regressor("picky", &c_plugin("crash_on_wide"), ""));
    eval(&folder, "run", &["--quiet"]).ending_with(1);
    let cells = failed(&folder);
    let names: Vec<(&str, &str)> = cells.iter().map(|c| (c.0.as_str(), c.1.as_str())).collect();
    assert_eq!(names, [("lexical", "picky")]);
    let csv = std::fs::read_to_string(folder.file("run/results.csv")).unwrap();
    assert!(
        csv.lines().any(|row| row.starts_with("narrow,picky,")),
        "{csv}"
    );
}

#[test]
fn what_failed_is_tried_again_by_the_same_command_and_nothing_else_is() {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(100));
    folder.replace("plugins.toml", "permutations = 19", "permutations = 199");
    append(
        &folder,
        &regressor("slow", &c_plugin("loop_in_fit"), "time_limit = 1\n"),
    );
    eval(&folder, "run", &["--quiet"]).ending_with(1);
    // Where a plugin runs and for how long is no part of the plan.
    folder.replace("plugins.toml", "time_limit = 1", "time_limit = 2");
    let again = eval(&folder, "run", &[]).ending_with(1);
    assert!(
        again.stderr.contains("resuming: ") && again.stderr.contains("gave no sign for 2 s"),
        "{}",
        again.stderr
    );
}

#[test]
fn an_encoder_that_crashes_costs_its_cells_and_is_fatal_only_when_it_is_the_only_one() {
    let folder = Folder::sound();
    let plugin = c_plugin("crash_in_encode");
    let section = format!(
        "\n[[encoder]]\nname = \"fatal\"\nplugin = \"{}\"\n",
        plugin.display()
    );
    append(&folder, &section);
    eval(&folder, "run", &["--quiet"]).ending_with(1);
    let cells = failed(&folder);
    assert_eq!(cells.len(), 1, "{cells:?}");
    assert_eq!(
        (cells[0].0.as_str(), cells[0].1.as_str()),
        ("fatal", "ridge")
    );
    let cause = "encoder `fatal`: it crashed its worker with signal 11 (SIGSEGV, invalid memory access) during encode, 32 texts";
    assert!(cells[0].2.starts_with(cause), "{}", cells[0].2);
    let csv = std::fs::read_to_string(folder.file("run/results.csv")).unwrap();
    assert!(
        csv.lines().any(|row| row.starts_with("lexical,ridge,")),
        "{csv}"
    );

    let folder = Folder::sound();
    let sole = format!("name = \"sole\"\nplugin = \"{}\"", plugin.display());
    let section = "name = \"lexical\"\nplugin = \"lexical\"";
    folder.replace("plugins.toml", section, &sole);
    let ran = eval(&folder, "run", &["--quiet"]).ending_with(1);
    let words = "error: encoder `sole`: it crashed its worker with signal 11";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn what_a_plugin_prints_stays_out_of_the_results_and_is_named_once() {
    let folder = Folder::sound();
    append(&folder, &regressor("loud", &c_plugin("print_in_fit"), ""));
    let ran = eval(&folder, "run", &["--format", "json"]).ending_with(0);
    for line in ran.stdout.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    let said = "it writes to standard output (\\\"fitting\\\"), which is thrown away";
    assert_eq!(
        (ran.stdout.clone() + &ran.stderr).matches(said).count(),
        1,
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

/// Starts a run whose regressor never comes back by itself, waits until it computes, interrupts it,
/// and gives what it said and the seconds until its end.
fn interrupted(folder: &Folder, plugin: &str) -> (String, f64) {
    use std::process::{Command, Stdio};
    append(
        folder,
        &regressor("slow", &c_plugin(plugin), "time_limit = 600\n"),
    );
    let host = Command::new(&ocean_tests::workspace::built().host)
        .args(["eval", "plugins.toml", "--out", "run"])
        .env("OCEAN_CACHE", folder.file("cache"))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(|| {
        let workers = children_of(host.id());
        workers.iter().any(|pid| is_busy(*pid)).then_some(())
    });
    let pid = host.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(killed.success());
    let begun = std::time::Instant::now();
    let output = host.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(folder.file("run/work/journal").exists());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (said, begun.elapsed().as_secs_f64())
}

#[test]
fn a_fit_that_tells_of_progress_may_take_longer_than_the_time_limit() {
    let folder = Folder::sound();
    let plugin = c_plugin("slow_fit_with_progress");
    append(&folder, &regressor("slow", &plugin, "time_limit = 1\n"));
    eval(&folder, "run", &["--quiet"]).ending_with(0);
}

#[test]
fn ctrl_c_ends_a_plugin_that_hangs_within_seconds_and_keeps_what_is_finished() {
    let (_, seconds) = interrupted(&Folder::sound(), "loop_in_fit");
    assert!(seconds < 10.0, "{seconds}");
}

#[test]
fn ctrl_c_reaches_a_plugin_that_asks_and_its_log_reaches_the_user() {
    let (said, seconds) = interrupted(&Folder::sound(), "polite_loop_in_fit");
    assert!(seconds < 10.0, "{seconds}");
    assert!(
        said.contains("regressor `one-feature`: this takes long"),
        "{said}"
    );
    assert!(said.contains("regressor `one-feature`: stopping"), "{said}");
}

/// It has computed for a while: it is in its endless loop.
fn is_busy(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(11)?.parse::<u64>().ok());
    ticks.is_some_and(|ticks| ticks > 20)
}

#[test]
fn a_library_that_crashes_when_loaded_is_tried_once() {
    let folder = Folder::sound();
    append(&folder, &regressor("fatal", &c_plugin("crash_on_load"), ""));
    let cache = folder.file("cache");
    let eval = || {
        std::process::Command::new(&ocean_tests::workspace::built().host)
            .args(["eval", "plugins.toml", "--quiet"])
            .env("OCEAN_CACHE", &cache)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let first = eval();
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(
        said.contains("it crashed while it was loaded, with signal 11"),
        "{said}"
    );
    assert!(!said.contains("not tried again"), "{said}");
    let again = eval();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(2));
    assert!(
        said.contains(
            "it was not tried again, as its bytes are those of the last time: it crashed"
        ),
        "{said}"
    );
}

#[test]
fn a_worker_does_not_outlive_its_host() {
    use std::process::{Command, Stdio};
    let folder = Folder::sound();
    append(
        &folder,
        &regressor("slow", &c_plugin("loop_in_fit"), "time_limit = 600\n"),
    );
    let mut host = Command::new(&ocean_tests::workspace::built().host)
        .args(["eval", "plugins.toml", "--out", "run"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let workers = || children_of(host.id());
    let found = wait_for(|| Some(workers()).filter(|all| !all.is_empty()));
    host.kill().unwrap();
    host.wait().unwrap();
    wait_for(|| found.iter().all(|pid| !is_running(*pid)).then_some(()));
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not happen within 30 s");
}

/// Process ids of workers whose parent is `parent`.
fn children_of(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let (status, words) = (
            std::fs::read_to_string(entry.path().join("status")).unwrap_or_default(),
            std::fs::read(entry.path().join("cmdline")).unwrap_or_default(),
        );
        let is_child = status
            .lines()
            .any(|line| line == format!("PPid:\t{parent}"));
        if is_child && String::from_utf8_lossy(&words).contains("\0worker\0") {
            found.push(pid);
        }
    }
    found
}

fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    // A zombie that nobody has waited for yet runs no more.
    status
        .lines()
        .any(|line| line.starts_with("State:") && !line.contains("Z (zombie)"))
}
