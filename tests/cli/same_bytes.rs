//! Same study, same bytes: on one thread and two, after kills and resumes, and with the regressor
//! built from its source under another name.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ocean_tests::workspace::{built, root, target};

use crate::cli::folder::{Folder, ROWS, texts};
use crate::cli::host::{ocean_host, run};
use crate::cli::outputs::{assert_same, cell, number, results};

/// A study that works for about a second.
fn busy() -> Folder {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(150));
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "permutations = 999\ncontrols = false",
    );
    folder
}

const EVAL: [&str; 3] = ["eval", "plugins.toml", "--quiet"];

#[test]
fn one_thread_and_two_leave_the_same_bytes() {
    let folder = busy();
    for threads in ["1", "2"] {
        run(
            folder.path(),
            &[&EVAL[..], &["--threads", threads, "--out", threads]].concat(),
        )
        .ending_with(0);
    }
    assert_same(&folder.file("1"), &folder.file("2"));
}

/// The table is read on the threads that were asked for, and must not start others before.
#[test]
fn a_run_has_the_threads_that_it_was_given() {
    let folder = Folder::sound();
    folder.eval(&["--threads", "3"]).ending_with(0);
    let provenance = std::fs::read_to_string(folder.file("run/provenance.json")).unwrap();
    let provenance: serde_json::Value = serde_json::from_str(&provenance).unwrap();
    assert_eq!(provenance["machine"]["threads"], 3);
}

#[test]
fn a_second_run_in_another_place_leaves_the_same_bytes() {
    let (one, other) = (Folder::sound(), Folder::sound());
    for folder in [&one, &other] {
        folder.eval(&[]).ending_with(0);
    }
    assert_same(&one.file("run"), &other.file("run"));
}

/// Rows are worked on in the order of their ids, and written by `encode` in the order of their
/// file.
#[test]
fn a_file_in_another_order_leaves_the_same_bytes() {
    let (one, other) = (Folder::sound(), Folder::sound());
    let table = texts(ROWS);
    let (header, rows) = table.split_once('\n').unwrap();
    let turned: Vec<&str> = rows.lines().rev().collect();
    other.write("texts.csv", format!("{header}\n{}\n", turned.join("\n")));
    for folder in [&one, &other] {
        folder
            .eval(&["--set", "evaluation.fold_redraws=2"])
            .ending_with(0);
        run(
            folder.path(),
            &["encode", "plugins.toml", "--out", "vectors"],
        )
        .ending_with(0);
    }
    assert_same(&one.file("run"), &other.file("run"));
    let ids = |folder: &Folder| std::fs::read_to_string(folder.file("vectors/lexical_ids.txt"));
    assert!(ids(&one).unwrap().starts_with("t0\nt1\n"));
    assert!(ids(&other).unwrap().starts_with("t39\nt38\n"));
    let methods = std::fs::read_to_string(one.file("run/methods.txt")).unwrap();
    assert!(
        methods.contains("; dim = "),
        "a plugin's parameters: {methods}"
    );
    let report = std::fs::read_to_string(one.file("run/report.md")).unwrap();
    assert!(report.contains("sd over folds"), "{report}");
}

#[test]
#[cfg(unix)]
fn runs_killed_at_twenty_random_times_end_in_the_same_bytes_when_resumed() {
    let folder = busy();
    let began = Instant::now();
    run(folder.path(), &[&EVAL[..], &["--out", "whole"]].concat()).ending_with(0);
    let whole = began.elapsed();
    let (mut state, mut n_killed) = (1u64, 0);
    for at in 0..20 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 40) as f64 / (1u64 << 24) as f64;
        let out = format!("killed-{at}");
        n_killed += usize::from(is_killed_after(whole.mul_f64(share), &folder, &out));
        run(folder.path(), &[&EVAL[..], &["--out", &out]].concat()).ending_with(0);
        assert_same(&folder.file("whole"), &folder.file(&out));
    }
    println!("{n_killed} of 20 runs were still at work when killed; a whole run took {whole:?}");
    // A busy machine slows the first run and not the others; most kills must still have hit one.
    assert!(n_killed >= 5);
}

#[test]
fn permutations_that_stop_early_leave_the_same_bytes_on_any_threads_and_after_kills() {
    let folder = quickstart_until_settled();
    for threads in ["1", "2"] {
        let arguments = ["--threads", threads, "--out", threads];
        run(folder.path(), &[&EVAL[..], &arguments].concat()).ending_with(0);
    }
    assert_same(&folder.file("1"), &folder.file("2"));
    for kept in [0, 10_000, 40_000] {
        let out = format!("killed-{kept}");
        kill_when_kept(kept, &folder, &out);
        run(folder.path(), &[&EVAL[..], &["--out", &out]].concat()).ending_with(0);
        assert_same(&folder.file("1"), &folder.file(&out));
    }
    let rows = results(&folder.file("1"));
    for encoder in ["lexical", "precomputed"] {
        let count = |target: &str| number(cell(&rows, encoder, target), "permutations");
        assert_eq!(count("openness"), 1999.0);
        assert!(
            count("neuroticism") < 1000.0,
            "there is nothing to find, and it stopped early"
        );
    }
    for row in rows.iter().filter(|row| !row["p_fwer"].is_empty()) {
        assert_eq!(row["p_fwer"], row["p_holm"]);
    }
    let json = std::fs::read_to_string(folder.file("1").join("results.json")).unwrap();
    // Six cells and the study.
    assert_eq!(json.matches("\"correction\": \"holm\"").count(), 7);
}

#[test]
fn what_is_kept_of_permutations_that_stop_early_is_the_beginning_of_a_fixed_number() {
    // Two repeats: whether a cell has settled is known from their mean only.
    let folder = Folder::sound();
    folder.write("texts.csv", texts(60));
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "repeats = 2\ncontrols = false\npermutations = 700",
    );
    // The mood of other texts: nothing to find.
    let shuffled = shuffled_moods(&std::fs::read_to_string(folder.file("texts.csv")).unwrap());
    folder.write("texts.csv", shuffled);
    run(folder.path(), &[&EVAL[..], &["--out", "null"]].concat()).ending_with(0);
    folder.replace(
        "plugins.toml",
        "permutations = 700",
        "permutations = { adaptive = 700 }",
    );
    run(folder.path(), &[&EVAL[..], &["--out", "adaptive"]].concat()).ending_with(0);
    let numbers = |run: &str| {
        let bytes = std::fs::read(folder.file(run).join("null.npy")).unwrap();
        let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        bytes[header..].to_vec()
    };
    let (all, kept) = (numbers("null"), numbers("adaptive"));
    assert_eq!(all.len(), 700 * 8);
    assert!(
        (199 * 8..700 * 8).contains(&kept.len()),
        "{}",
        kept.len() / 8
    );
    assert!(all.starts_with(&kept));
}

/// The last column turned round by three rows.
fn shuffled_moods(table: &str) -> String {
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| line.rsplit_once(','))
        .collect();
    let moods: Vec<&str> = rows[1..].iter().map(|(_, mood)| *mood).collect();
    let mut turned = format!("{},{}\n", rows[0].0, rows[0].1);
    for (at, (rest, _)) in rows[1..].iter().enumerate() {
        turned += &format!("{rest},{}\n", moods[(at + 3) % moods.len()]);
    }
    turned
}

/// 150 texts of the quickstart with at most 1,999 permutations a cell, and little else.
fn quickstart_until_settled() -> Folder {
    let folder = Folder::small_quickstart();
    folder.replace(
        "plugins.toml",
        "permutations = 999 ",
        "controls = false\nsensitivity = 20\npermutations = { adaptive = 1999 } ",
    );
    folder
}

fn start(folder: &Folder, out: &str) -> Child {
    ocean_host(folder.path(), &[&EVAL[..], &["--out", out]].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts a run and kills it (SIGKILL) when it has written down more than some bytes of finished
/// pieces.
fn kill_when_kept(bytes: u64, folder: &Folder, out: &str) {
    let mut child = start(folder, out);
    let journal = folder.file(out).join("work/journal");
    while std::fs::metadata(&journal).map_or(0, |file| file.len()) <= bytes {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended with less than {bytes} bytes");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it was killed");
}

/// Starts a run and kills it after some time; whether it was still at work.
fn is_killed_after(delay: Duration, folder: &Folder, out: &str) -> bool {
    let mut child = start(folder, out);
    std::thread::sleep(delay);
    let _ = child.kill();
    child.wait().unwrap().code().is_none()
}

#[test]
fn ridge_built_from_its_source_under_another_name_leaves_the_same_numbers() {
    let folder = busy();
    run(folder.path(), &[&EVAL[..], &["--out", "bundled"]].concat()).ending_with(0);
    let library = renamed_ridge();
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        &format!("plugin = {:?}", library.to_str().unwrap()),
    );
    run(folder.path(), &[&EVAL[..], &["--out", "renamed"]].concat()).ending_with(0);
    // Reports name the plugin's origin; numbers must not know it.
    for name in [
        "results.csv",
        "predictions.csv",
        "folds.csv",
        "null.npy",
        "jackknife.npy",
    ] {
        let read = |run: &str| std::fs::read(folder.file(run).join(name)).unwrap();
        assert!(read("bundled") == read("renamed"), "{name}");
    }
}

/// `plugins/regressors/ridge` as a crate of another name: compiled by the compiler itself, against
/// the libraries that the workspace was built with, which cargo would compile again for a package
/// outside of it.
fn renamed_ridge() -> PathBuf {
    let libraries = &built().plugins;
    let folder = target().join("fixtures/renamed-ridge");
    std::fs::create_dir_all(&folder).unwrap();
    let mut rustc = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"));
    rustc
        .args(["--edition", "2024", "--crate-type", "cdylib"])
        .args(["--crate-name", "ocean_plugin_renamed"])
        .args(["-C", "opt-level=3", "-C", "strip=symbols"])
        .arg(root().join("plugins/regressors/ridge/src/lib.rs"))
        .arg("-L")
        .arg(format!("dependency={}", libraries.join("deps").display()))
        .arg("--out-dir")
        .arg(&folder);
    for name in ["ocean_plugin", "ocean_linear", "ocean_linear_regressor"] {
        let library = libraries.join(format!("lib{name}.rlib"));
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", library.display()));
    }
    // What cargo would tell of the package.
    rustc.env("CARGO_PKG_VERSION", "0.1.0");
    for name in ["AUTHORS", "LICENSE", "REPOSITORY", "DESCRIPTION"] {
        rustc.env(format!("CARGO_PKG_{name}"), "renamed");
    }
    let output = rustc.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    folder.join(ocean_tests::fixtures::library_name("renamed"))
}
