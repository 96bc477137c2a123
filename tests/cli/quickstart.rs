//! The quickstart recovers what was planted in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use ocean_tests::workspace::root;

use crate::cli::host::{Ran, run};
use crate::cli::outputs::{Row, cell, number, results};

/// A copy of `examples/` in a temporary folder, where commands may leave what they like.
pub fn examples() -> &'static Path {
    static COPY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let copied = COPY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for example in ["quickstart", "founding-mistakes"] {
            copy(
                &root().join("examples").join(example),
                &folder.path().join("examples").join(example),
            );
        }
        folder
    });
    copied.path()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// A command in [`examples`], run once: who asks for it again would compute the same into the same
/// folder.
pub fn example(arguments: &[&str]) -> Ran {
    static RAN: Mutex<BTreeMap<String, Arc<OnceLock<Ran>>>> = Mutex::new(BTreeMap::new());
    let once = RAN
        .lock()
        .unwrap()
        .entry(arguments.join(" "))
        .or_default()
        .clone();
    once.get_or_init(|| run(examples(), arguments)).clone()
}

/// The quickstart, run once.
pub fn quickstart() -> &'static (Ran, PathBuf) {
    static RAN: OnceLock<(Ran, PathBuf)> = OnceLock::new();
    RAN.get_or_init(|| {
        let ran = example(&["eval", "examples/quickstart/plugins.toml"]).ending_with(0);
        (ran, examples().join("runs/quickstart"))
    })
}

fn family(rows: &[Row], target: &str) -> [Row; 2] {
    ["lexical", "precomputed"].map(|encoder| cell(rows, encoder, target).clone())
}

#[test]
fn a_strong_trait_a_weak_one_and_none_are_told_apart_by_both_encoders() {
    let rows = results(&quickstart().1);
    for row in family(&rows, "openness") {
        assert!((0.35..0.55).contains(&number(&row, "r2")), "{row:?}");
        assert_eq!(row["verdict"], "predictive");
        // The most that 999 permutations can say.
        assert_eq!(number(&row, "p"), 0.001);
    }
    for row in family(&rows, "extraversion") {
        assert!((0.02..0.15).contains(&number(&row, "r2")), "{row:?}");
        assert!(number(&row, "p_fwer") <= 0.05, "{row:?}");
    }
    for row in family(&rows, "neuroticism") {
        assert!(number(&row, "r2") < 0.02, "{row:?}");
        assert!(number(&row, "p_fwer") > 0.05, "{row:?}");
        assert!(
            !["predictive", "dependent, use not shown"].contains(&row["verdict"].as_str()),
            "{row:?}"
        );
    }
}

#[test]
fn six_cells_are_the_family_and_controls_stand_outside_it() {
    let rows = results(&quickstart().1);
    let (inside, outside): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| !row["p_fwer"].is_empty());
    assert_eq!(inside.len(), 6);
    assert!(!outside.is_empty());
    // Neither the length of a text nor random numbers say anything about a rating here.
    for row in outside
        .iter()
        .filter(|row| row["encoder"].contains("random"))
    {
        assert!(number(row, "p") > 0.01, "{row:?}");
    }
}

#[test]
fn all_texts_are_used_although_no_two_files_share_their_order() {
    let rows = results(&quickstart().1);
    for target in ["openness", "extraversion", "neuroticism"] {
        for row in family(&rows, target) {
            assert!((355.0..=360.0).contains(&number(&row, "n")), "{row:?}");
        }
    }
}

#[test]
fn a_run_leaves_every_file_that_was_promised_and_nothing_half_done() {
    let (ran, folder) = quickstart();
    for name in [
        "report.html",
        "report.md",
        "results.json",
        "results.csv",
        "comparisons.csv",
        "predictions.csv",
        "folds.csv",
        "null.npy",
        "null.csv",
        "jackknife.npy",
        "provenance.json",
        "methods.txt",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    assert!(!folder.join("work").exists());
    assert!(
        ran.stdout.contains("openness") && ran.stdout.contains("runs/quickstart"),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_text_appears_in_any_output() {
    for (name, bytes) in crate::cli::outputs::bytes(&quickstart().1) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("sorted the screws"), "{}", name.display());
    }
}

#[test]
fn the_scripts_beside_the_data_make_it_again_byte_for_byte() {
    let has_python = std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !ocean_tests::skip::needs("python3", has_python) {
        return;
    }
    let copied = tempfile::tempdir().unwrap();
    for example in ["quickstart", "founding-mistakes"] {
        let (original, made) = (
            root().join("examples").join(example),
            copied.path().join(example),
        );
        std::fs::create_dir_all(&made).unwrap();
        std::fs::copy(original.join("make_data.py"), made.join("make_data.py")).unwrap();
        let output = std::process::Command::new("python3")
            .arg(made.join("make_data.py"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        for entry in std::fs::read_dir(&made).unwrap() {
            let path = entry.unwrap().path();
            let kept = std::fs::read(original.join(path.file_name().unwrap())).unwrap();
            assert!(std::fs::read(&path).unwrap() == kept, "{}", path.display());
        }
    }
}

/// `OCEAN_BLESS=1` keeps the report of this run as the expected one.
#[test]
fn the_report_that_is_kept_beside_the_data_is_the_one_a_run_writes() {
    let report = std::fs::read_to_string(quickstart().1.join("report.md")).unwrap();
    let kept_file = root().join("examples/quickstart/expected_report.md");
    // The pictures are not kept beside it.
    let (before, pictures_and_after) = report.split_once("## Pictures").unwrap();
    let after = &pictures_and_after[pictures_and_after.find("\n## ").unwrap() + 1..];
    let report = format!("{before}{after}");
    if std::env::var_os("OCEAN_BLESS").is_some() {
        std::fs::write(&kept_file, &report).unwrap();
    }
    let kept = std::fs::read_to_string(&kept_file).unwrap();
    for (kept, line) in kept.lines().zip(report.lines()) {
        assert_eq!(kept, line);
    }
    assert_eq!(kept, report);
}
