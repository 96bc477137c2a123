//! The plugins under examples/plugins, built where a reader builds them.

use std::path::{Path, PathBuf};
use std::process::Command;

use nalgebra::DMatrix;
use ocean_engine::regressor::{FitInfo, Regressor, TrainingSet};
use ocean_loader::RegressorOptions;
use ocean_tests::fixtures;
use ocean_tests::kit::{self, can_build, has_module};
use ocean_tests::workspace::{built, cargo, root};
use serde_json::{Value, json};

use crate::conformance::passes;
use crate::loading::regressor_of;

/// A copy of an example, so that nothing is built into the repository, with the folders its
/// Makefile and study point to.
fn copy_of(name: &str) -> (tempfile::TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    for linked in ["host", "core", "examples/quickstart"] {
        let place = temporary.path().join(linked);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(root().join(linked), place).unwrap();
    }
    let plugins = temporary.path().join("examples/plugins");
    let folder = plugins.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let source = root().join("examples/plugins");
    std::fs::copy(source.join("python.mk"), plugins.join("python.mk")).unwrap();
    for file in ["Makefile", "plugin.py", "plugins.toml"] {
        std::fs::copy(source.join(name).join(file), folder.join(file)).unwrap();
    }
    (temporary, folder)
}

/// A command line in a folder, with the tests' Python; what it said.
fn sh(folder: &Path, line: &str) -> String {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(built().plugins.clone()).chain(std::env::split_paths(&own));
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("PYTHON", kit::python())
        .env("OCEAN_CACHE", folder.join("cache"))
        .output()
        .unwrap();
    let said = kit::text(&output);
    assert!(output.status.success(), "{line}\n{said}");
    said
}

/// r2 of the first row with this regressor.
fn first_row(folder: &Path, run: &str) -> Vec<String> {
    let table = std::fs::read_to_string(folder.join(run).join("results.csv")).unwrap();
    table
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_random_forest_predicts_and_its_seed_is_the_studys() {
    if !can_build("python") || !has_module("sklearn") {
        return;
    }
    let (_temporary, folder) = copy_of("sklearn-forest");
    sh(&folder, "make");
    let quick = "ocean-host eval plugins.toml --quiet --set evaluation.controls=false --set evaluation.permutations=1 --set evaluation.folds=2 --set regressor.forest.n_trees=3 --set evaluation.level=0.5";
    for (out, seed) in [("first", 1), ("again", 1), ("other", 2)] {
        sh(
            &folder,
            &format!("{quick} --out {out} --set study.seed={seed}"),
        );
    }
    let [first, again, other] = ["first", "again", "other"].map(|run| first_row(&folder, run));
    assert_eq!(first[1], "forest");
    assert_eq!(first, again, "the same seed, the same digits");
    assert_ne!(first[9], other[9], "another seed, other trees");
    let r2: f64 = first[9].parse().unwrap();
    assert!(
        (0.0..1.0).contains(&r2),
        "r2 = {r2} of three trees on a strong signal"
    );
}

/// In place of a library of two gigabytes: as much of it as the plugin calls.
const STAND_IN: &str = r#"
import hashlib, os
import numpy as np
print("loaded")
class Tokenizer:
    def __call__(self, text, truncation, verbose):
        return {"input_ids": [0] + text.split() + [1]}
class SentenceTransformer:
    def __init__(self, folder, device):
        assert os.path.isdir(folder) and device == "cpu"
        open(os.path.join(os.environ["STAND_IN_TRACE"], "loaded"), "w").close()
        self.tokenizer = Tokenizer()
    def get_sentence_embedding_dimension(self):
        return 8
    def get_max_seq_length(self):
        return 16
    def encode(self, texts, batch_size, show_progress_bar, convert_to_numpy):
        rows = [[byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:8]] for text in texts]
        return np.array(rows, np.float32)
"#;

#[test]
fn sentence_transformers_reads_a_folder_encodes_and_a_full_cache_loads_nothing() {
    if !can_build("python") {
        return;
    }
    let (_temporary, folder) = copy_of("sentence-transformers");
    let model = folder.join("model");
    std::fs::create_dir_all(model.join("1_Pooling")).unwrap();
    let write = |file: &str, text: &str| std::fs::write(model.join(file), text).unwrap();
    write(
        "modules.json",
        r#"[{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#,
    );
    write(
        "1_Pooling/config.json",
        r#"{"word_embedding_dimension": 8, "pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}"#,
    );
    write("sentence_bert_config.json", r#"{"max_seq_length": 16}"#);
    // What the host itself asks of a folder before it takes it for a model.
    write(
        "config.json",
        r#"{"model_type": "stand-in", "hidden_size": 8}"#,
    );
    write("model.safetensors", "weights");
    let modules = folder.join("modules");
    std::fs::create_dir(&modules).unwrap();
    std::fs::write(modules.join("sentence_transformers.py"), STAND_IN).unwrap();
    sh(&folder, "make");
    let eval = "STAND_IN_TRACE=$PWD PYTHONPATH=$PWD/modules ocean-host eval plugins.toml --quiet --set encoder.mine.isolation=\\\"process\\\" --set encoder.mine.model=\\\"model\\\" --set evaluation.controls=false --set evaluation.permutations=19 --set evaluation.sensitivity=0 --out";
    sh(&folder, &format!("{eval} first"));
    let row = first_row(&folder, "first");
    assert_eq!((row[0].as_str(), row[5].as_str()), ("mine", "8"), "{row:?}");
    let trace = folder.join("loaded");
    std::fs::remove_file(&trace).expect("the library was loaded to encode");
    sh(&folder, &format!("{eval} second"));
    assert_eq!(first_row(&folder, "second"), row);
    assert!(!trace.exists(), "all vectors were in the cache");
}

#[test]
fn kernel_ridge_passes_its_own_tests() {
    let manifest = root().join("examples/plugins/kernel-ridge/Cargo.toml");
    let target = fixtures::kernel_ridge().ancestors().nth(2).unwrap();
    let output = cargo()
        .args(["test", "--quiet", "--locked", "--release"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .output()
        .unwrap();
    let said = kit::text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("2 passed; 0 failed"), "{said}");
}

#[test]
fn kernel_ridge_keeps_every_promise() {
    passes(fixtures::kernel_ridge().to_str().unwrap(), &[]);
}

fn numbers(json: &Value) -> Vec<f64> {
    let all = json.as_array().unwrap().iter();
    all.map(|value| value.as_f64().unwrap()).collect()
}

fn matrix(rows: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = rows.as_array().unwrap().iter().map(numbers).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// One design serves all gammas: that is what a study with a list of them does.
#[test]
fn kernel_ridge_predicts_what_scikit_learn_predicts() {
    let golden: Value = serde_json::from_str(include_str!("../golden/kernel_ridge.json")).unwrap();
    let (x, x_new) = (matrix(&golden["x"]), matrix(&golden["x_new"]));
    let y = DMatrix::from_column_slice(x.nrows(), 1, &numbers(&golden["y"]));
    let cases = golden["cases"].as_array().unwrap();
    let gamma = |case: &Value| {
        json!({ "gamma": case["gamma"] })
            .as_object()
            .unwrap()
            .clone()
    };
    let options = RegressorOptions {
        variants: cases.iter().map(gamma).collect(),
        ..RegressorOptions::default()
    };
    let regressor = regressor_of(fixtures::kernel_ridge(), options);
    let prepared = regressor
        .prepare(TrainingSet::Rows {
            x: &x,
            x_new: &x_new,
        })
        .unwrap();
    for (variant, case) in cases.iter().enumerate() {
        let alpha = DMatrix::from_element(1, 1, case["alpha"].as_f64().unwrap());
        let mut path = prepared.begin(variant, &y, &[], &alpha).unwrap();
        let (mut y_hat, mut info) = (vec![0.0; x_new.nrows()], [FitInfo::default()]);
        path.advance(&[0], &[0], &mut y_hat, &mut info).unwrap();
        for (found, expected) in y_hat.iter().zip(numbers(&case["y_hat"])) {
            // The condition of the worst system is (n + alpha) / alpha = 4,000, predictions are
            // below 10: 4,000 roundings of 1e-16 each, and room for LAPACK's.
            assert!((found - expected).abs() < 1e-11, "{case}: {found}");
        }
    }
}

#[test]
fn the_study_of_kernel_ridge_runs_and_finds_what_ridge_finds() {
    let study = root().join("examples/plugins/kernel-ridge");
    let folder = tempfile::tempdir().unwrap();
    let library = fixtures::kernel_ridge().display();
    let quick = "--quiet --set evaluation.controls=false --set evaluation.permutations=19 --set evaluation.sensitivity=0";
    sh(
        &study,
        &format!(
            "OCEAN_CACHE={0}/cache ocean-host eval plugins.toml {quick} --out {0}/run --set 'regressor.kernel-ridge.plugin=\"{library}\"'",
            folder.path().display()
        ),
    );
    let row = first_row(folder.path(), "run");
    assert_eq!(row[1], "kernel-ridge");
    let r2: f64 = row[9].parse().unwrap();
    // With as long a reach as a line needs, the kernel is one; ridge has .405 of this target.
    assert!((0.35..0.45).contains(&r2), "r2 = {r2}");
}
