//! Nothing that data or a plugin does takes the host down, keeps it for ever, or costs the cells of
//! others.

use std::fmt::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ocean_tests::fixtures::c_plugin_with;
use serde_json::Value;

use crate::cli::folder::{Folder, ROWS};
use crate::cli::host::{Ran, ocean_host};

/// The sound study with `survivable.c`, compiled with each of `flags`, as more regressors:
/// `(name, flags, keys)`.
fn with_regressors(regressors: &[(&str, &[&str], &str)]) -> Folder {
    let folder = Folder::sound();
    let mut config = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    for (name, flags, more) in regressors {
        // A copy, since some of the tests write over it.
        let library = format!("{name}.so");
        std::fs::copy(c_plugin_with("survivable", flags), folder.file(&library)).unwrap();
        write!(
            config,
            "\n[[regressor]]\nname = \"{name}\"\nplugin = \"{library}\"\n{more}"
        )
        .unwrap();
    }
    folder.write("plugins.toml", config);
    folder
}

const QUICKLY: [&str; 3] = ["--quiet", "--set", "evaluation.controls=false"];

fn results(folder: &Folder) -> Value {
    serde_json::from_slice(&std::fs::read(folder.file("run/results.json")).unwrap()).unwrap()
}

fn r2(results: &Value, regressor: &str) -> Option<f64> {
    let mut cells = results["cells"].as_array().unwrap().iter();
    cells.find(|cell| cell["regressor"] == regressor)?["r2"].as_f64()
}

fn reason(results: &Value, regressor: &str) -> String {
    let mut failed = results["failed"].as_array().unwrap().iter();
    let cell = failed.find(|cell| cell["regressor"] == regressor);
    cell.unwrap()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn predictions_that_are_finite_and_huge_cost_their_own_cells() {
    let huge = ["1e60", "1e150", "1.7e308"];
    let flags = huge.map(|huge| format!("-DHUGE={huge}"));
    let flags: Vec<[&str; 1]> = flags.iter().map(|flag| [flag.as_str()]).collect();
    let mut regressors: Vec<(&str, &[&str], &str)> = huge
        .iter()
        .zip(&flags)
        .map(|(name, flags)| (*name, &flags[..], ""))
        .collect();
    // Merely absurd: it keeps its score.
    regressors.push(("far", &["-DHUGE=1e30"], ""));
    let folder = with_regressors(&regressors);
    folder.eval(&QUICKLY).ending_with(1);
    let results = results(&folder);
    for name in huge {
        let reason = reason(&results, name);
        let words = format!("the predictions are too far off to be scored: one is {name},");
        assert!(reason.contains(&words), "{reason}");
    }
    assert!(r2(&results, "ridge").is_some_and(|r2| r2 > 0.0));
    assert!(r2(&results, "far").is_some_and(|r2| r2 < -1e55));
    assert!(folder.file("run/report.html").exists() && folder.file("run/comparisons.csv").exists());
}

#[test]
fn processes_that_a_plugin_starts_keep_nobody_whether_its_worker_lives_or_dies() {
    let folder = with_regressors(&[
        (
            "forks",
            &["-DSTARTS_A_PROCESS"],
            "isolation = \"process\"\n",
        ),
        (
            "dies",
            &["-DSTARTS_A_PROCESS", "-DCRASHES"],
            "isolation = \"process\"\n",
        ),
        ("closes", &["-DCLOSES_EVERYTHING"], ""),
    ]);
    let begun = Instant::now();
    folder.eval(&QUICKLY).ending_with(1);
    // Far below the time limit of ten minutes, for which a socket that is still open would keep it.
    assert!(begun.elapsed() < Duration::from_secs(60));
    let results = results(&folder);
    assert_eq!(results["failed"].as_array().unwrap().len(), 2);
    assert!(r2(&results, "forks").is_some());
    let reason = reason(&results, "dies");
    assert!(
        reason.contains("crashed its worker with signal 11"),
        "{reason}"
    );
}

#[test]
fn shared_memory_cannot_be_taken_away_and_gives_the_numbers_of_a_plugin_that_does_not_try() {
    let folder = with_regressors(&[
        ("taker", &["-DTAKES_MEMORY_AWAY"], ""),
        ("sound", &["-DSOUND"], ""),
    ]);
    folder.eval(&QUICKLY).ending_with(0);
    let results = results(&folder);
    assert!(r2(&results, "taker").is_some());
    assert_eq!(r2(&results, "taker"), r2(&results, "sound"));
}

/// A run of `folder` that has begun to fit, and its workers.
fn begun(folder: &Folder) -> (Child, Vec<String>) {
    let arguments = [&["eval", "plugins.toml", "--out", "run"], &QUICKLY[..]].concat();
    let host = ocean_host(folder.path(), &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = host.id();
    let mut workers = Vec::new();
    for _ in 0..600 {
        let children = format!("/proc/{id}/task/{id}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        workers = children.split_whitespace().map(str::to_owned).collect();
        let is_worker = |child: &String| {
            let words = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).contains("\0worker\0")
        };
        workers.retain(is_worker);
        // The first worker exists before anything is evaluated.
        if !workers.is_empty() && folder.file("run/work/plan.json").exists() {
            std::thread::sleep(Duration::from_millis(300));
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!workers.is_empty(), "no worker was started");
    (host, workers)
}

fn send(signal: &str, to: &[String]) {
    let sent = Command::new("kill").arg(signal).args(to).status().unwrap();
    assert!(sent.success());
}

fn ended(host: Child) -> Ran {
    Ran::of(&host.wait_with_output().unwrap())
}

#[test]
fn a_job_that_is_suspended_for_longer_than_the_time_limit_goes_on_and_a_worker_alone_is_given_up() {
    let slow = ["-DFIT_US=4000"];
    let folder = with_regressors(&[("slow", &slow, "time_limit = 1\n")]);
    let (host, mut all) = begun(&folder);
    all.push(host.id().to_string());
    send("-STOP", &all);
    std::thread::sleep(Duration::from_millis(2500));
    send("-CONT", &all);
    ended(host).ending_with(0);
    assert!(r2(&results(&folder), "slow").is_some());

    let folder = with_regressors(&[("slow", &slow, "time_limit = 1\n")]);
    let (host, workers) = begun(&folder);
    send("-STOP", &workers);
    ended(host).ending_with(1);
    let reason = reason(&results(&folder), "slow");
    assert!(reason.contains("gave no sign for 1 s"), "{reason}");
}

#[test]
fn a_plugin_that_is_rebuilt_while_a_study_runs_gives_its_old_numbers_or_none() {
    let slow = ["-DFIT_US=4000"];
    let another = c_plugin_with("survivable", &["-DFIT_US=4000", "-DOTHER_METHOD"]);
    let sound = with_regressors(&[("slow", &slow, "")]);
    sound.eval(&QUICKLY).ending_with(0);

    // As linkers do it: a new file of the same name.
    let folder = with_regressors(&[("slow", &slow, "")]);
    let (host, _) = begun(&folder);
    std::fs::copy(&another, folder.file("new")).unwrap();
    std::fs::rename(folder.file("new"), folder.file("slow.so")).unwrap();
    ended(host).ending_with(0);
    assert_eq!(r2(&results(&folder), "slow"), r2(&results(&sound), "slow"));

    // Written over, which changes the code of a worker that runs it.
    let folder = with_regressors(&[("slow", &slow, "")]);
    let (host, _) = begun(&folder);
    std::fs::write(folder.file("slow.so"), std::fs::read(&another).unwrap()).unwrap();
    ended(host).ending_with(1);
    let results = results(&folder);
    let reason = reason(&results, "slow");
    assert!(
        reason.contains("its file changed while the study ran"),
        "{reason}"
    );
    assert!(r2(&results, "ridge").is_some());
}

#[test]
fn units_of_a_target_make_no_difference_and_no_penalty_costs_the_report() {
    let folder = Folder::sound();
    folder.eval(&QUICKLY).ending_with(0);
    let expected = results(&folder);
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let in_units = |unit: &str| -> String {
        let rows = table.lines().map(|line| match line.starts_with("id,") {
            true => line.to_owned() + "\n",
            false => format!("{line}{unit}\n"),
        });
        rows.collect()
    };
    for unit in ["e-100", "e-130", "e90"] {
        folder.write("texts.csv", in_units(unit));
        folder
            .eval(&[&QUICKLY[..], &["--fresh"]].concat())
            .ending_with(0);
        let found = results(&folder);
        let (a, b) = (
            r2(&expected, "ridge").unwrap(),
            r2(&found, "ridge").unwrap(),
        );
        // A power of ten is not exact, and each of some thousand operations rounds.
        assert!((a - b).abs() < 1e-9, "{unit}: {b} is not {a}");
        assert_eq!(found["cells"][0]["p"], expected["cells"][0]["p"]);
        assert!(found["cells"][0]["pearson_r"].as_f64().unwrap() > 0.0);
        assert_eq!(found["cells"][0]["notes"], expected["cells"][0]["notes"]);
    }
    for (unit, words) in [
        ("e-160", "too close together to be told apart when squared"),
        ("e101", "is too large to be a score"),
    ] {
        folder.write("texts.csv", in_units(unit));
        let ran = folder.eval(&["--dry-run"]).ending_with(2);
        assert!(
            ran.stderr.contains(words) && ran.stderr.contains("`mood`"),
            "{}",
            ran.stderr
        );
    }
    folder.write("texts.csv", &table);
    let alphas = "regressor.ridge.alphas=[1e308, 9e307, 5e-324]";
    folder
        .eval(&[&QUICKLY[..], &["--fresh", "--set", alphas]].concat())
        .ending_with(0);
}

#[test]
fn vectors_and_covariates_that_cannot_be_squared_are_refused_by_row_and_column() {
    let folder = Folder::sound();
    let table = |column: &str, at: usize, value: &str| -> String {
        let mut text = format!("id,x1,{column}\n");
        for row in 0..ROWS {
            let value = if row == at { value } else { "0.5" };
            writeln!(text, "t{row},{}.25,{value}", row % 9).unwrap();
        }
        text
    };
    let encoder = "[[encoder]]\nname = \"lexical\"\nplugin = \"lexical\"";
    folder.replace(
        "plugins.toml",
        encoder,
        "[[encoder]]\nname = \"mine\"\nembeddings = \"v.csv\"",
    );
    folder.write("v.csv", table("x2", 7, "-1e308"));
    let words = "v.csv: row 8 (id `t7`), column `x2` is -1e308; it is beyond ±1e100";
    for command in [
        &["eval", "plugins.toml", "--dry-run"][..],
        &["eval", "plugins.toml"],
    ] {
        let ran = crate::cli::host::run(folder.path(), command).ending_with(2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    // Merely far away: refused cell by cell if at all.
    folder.write("v.csv", table("x2", 7, "1e99"));
    let ran = folder.eval(&QUICKLY);
    assert!(ran.code == Some(0) || ran.code == Some(1), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);

    let folder = Folder::sound();
    folder.write("more.csv", table("age", 3, "1e308"));
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"mood\"]\ncovariates = [\"age\"]\n[[data.join]]\npath = \"more.csv\"\nid = \"id\"",
    );
    let ran = folder.eval(&["--dry-run"]).ending_with(2);
    let words = "covariate `age`: 1e308 (id `t3`) is too large to be taken out";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
}
