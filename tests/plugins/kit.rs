//! `ocean-host plugin new`, as an author meets it: an empty folder, the printed commands typed one
//! by one, and a row in the report.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use ocean_tests::kit::{Made, can_build, made, text};
use ocean_tests::workspace::built;

const LANGUAGES: [&str; 4] = ["rust", "c", "cpp", "python"];

/// r2 of the new plugin in the study that comes with it; `None` where its language cannot be built.
/// Prints what each command took.
fn r2_of_a_new(kind: &str, language: &str) -> Option<f64> {
    static R2: [[OnceLock<Option<f64>>; 4]; 2] = [const { [const { OnceLock::new() }; 4] }; 2];
    let place = LANGUAGES.iter().position(|l| *l == language).unwrap();
    *R2[usize::from(kind == "encoder")][place].get_or_init(|| {
        if !can_build(language) {
            return None;
        }
        // A name of its own for every kind: Rust plugins share a build folder here.
        let plugin = made(kind, language, &format!("my-{kind}"));
        let mut times = vec![("plugin new".to_owned(), plugin.elapsed)];
        // What the first command does before `&&` is where `ok` begins.
        let (_, build) = plugin.commands[0].split_once(" && ").unwrap();
        for line in [build, &plugin.commands[1], &plugin.commands[2]] {
            let began = Instant::now();
            plugin.ok(line);
            times.push((line.to_owned(), began.elapsed()));
        }
        for (command, time) in times {
            println!("{language} {kind}: {:.2} s  {command}", time.as_secs_f64());
        }
        let info = plugin.ok(&plugin.commands[1].replace(" check ", " info "));
        let expected = format!("my-{kind} 0.1.0: My {kind}\n");
        assert!(info.starts_with(&expected), "{info}");
        Some(match kind {
            "regressor" => plugin.r2("lexical", "my-regressor"),
            _ => plugin.r2("my-encoder", "ridge"),
        })
    })
}

fn works(kind: &str, language: &str) {
    let Some(r2) = r2_of_a_new(kind, language) else {
        return;
    };
    // The scores follow the words with noise: far from nothing, far from everything.
    assert!((0.3..0.9).contains(&r2), "{language} {kind}: r2 = {r2}");
}

#[test]
fn a_new_regressor_in_rust_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("regressor", "rust");
}

#[test]
fn a_new_regressor_in_c_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("regressor", "c");
}

#[test]
fn a_new_regressor_in_cpp_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("regressor", "cpp");
}

#[test]
fn a_new_regressor_in_python_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("regressor", "python");
}

#[test]
fn a_new_encoder_in_rust_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("encoder", "rust");
}

#[test]
fn a_new_encoder_in_c_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("encoder", "c");
}

#[test]
fn a_new_encoder_in_cpp_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("encoder", "cpp");
}

#[test]
fn a_new_encoder_in_python_builds_passes_its_check_and_is_a_row_of_the_report() {
    works("encoder", "python");
}

#[test]
fn the_same_method_in_four_languages_is_the_same_number() {
    let all: Vec<(&str, f64)> = LANGUAGES
        .iter()
        .filter_map(|language| Some((*language, r2_of_a_new("regressor", language)?)))
        .collect();
    for (language, r2) in &all {
        // Sums in another order differ in the last bits of 64 terms; r2 is a ratio of sums near 1.
        assert!((r2 - all[0].1).abs() < 1e-12, "{language}: {all:?}");
    }
}

#[test]
fn a_new_rust_plugin_is_formatted_and_its_own_test_passes() {
    for kind in ["regressor", "encoder"] {
        let plugin = made(kind, "rust", "a-name-of-some-length");
        plugin.ok("cargo fmt --check");
        let said = plugin.ok("cargo test --release");
        assert!(said.contains("test result: ok. 1 passed"), "{said}");
    }
}

#[test]
fn a_rust_plugin_can_use_the_sdk_of_a_checkout() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&built().host)
        .args(["plugin", "new", "mine", "--kind", "encoder", "--lang"])
        .args(["rust", "--sdk"])
        .arg(ocean_tests::workspace::root())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let manifest = std::fs::read_to_string(folder.path().join("mine/Cargo.toml")).unwrap();
    let sdk = ocean_tests::workspace::root()
        .join("core/sdk")
        .canonicalize()
        .unwrap();
    let line = format!("ocean-plugin = {{ path = \"{}\" }}", sdk.display());
    assert!(manifest.contains(&line), "{manifest}");
    assert!(!folder.path().join("mine/vendor").exists());
}

#[test]
fn a_name_that_is_no_id_or_taken_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    for (name, expected) in [
        ("My_Plugin", "try: my-plugin"),
        ("ridge", "comes with ocean-host"),
        ("abi", "is reserved"),
        ("../up", "cannot be an id"),
        ("taken", "is there already"),
    ] {
        let output = Command::new(&built().host)
            .args(["plugin", "new", "--kind", "encoder", "--lang", "c", name])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let inside = std::fs::read_dir(folder.path().join("taken")).unwrap();
    assert_eq!(inside.count(), 0);
}

/// Parameters in C and C++ are read by code of our own.
#[test]
fn parameters_that_are_no_json_or_not_in_the_schema_are_refused_in_words() {
    for language in ["c", "cpp", "python"] {
        if !can_build(language) {
            continue;
        }
        let plugin = made("regressor", language, "my-plugin");
        plugin.ok("make");
        refuses_garbage(&plugin, language);
    }
}

fn refuses_garbage(plugin: &Made, language: &str) {
    let library = plugin
        .folder
        .join(ocean_tests::fixtures::library_name("my_plugin"));
    let opened = crate::opened::Opened::new(&library);
    let fit = |json: &str| opened.fit_predict(json, &[1.0, -1.0], &[1.0, -1.0], 1.0, &[1.0]);
    // One column, fitted exactly, then halved by alpha = 1.
    for good in [
        "{}",
        " { \"power\" : 2.5e0 , \"alpha\" : 10 } ",
        "{\"power\":1}",
    ] {
        assert_eq!(fit(good), Ok(vec![0.5]), "{language}: {good}");
    }
    for bad in [
        "",
        "{",
        "}",
        "[]",
        "null",
        "{\"power\"}",
        "{\"power\":}",
        "{\"power\":2,}",
        "{\"power\":2} x",
        "{\"power\":\"2\"}",
        "{\"power\":true}",
        "{\"power\":null}",
        "{\"power\":0}",
        "{\"power\":9}",
        "{\"power\":+2}",
        "{\"power\":02}",
        "{\"power\":0x2}",
        "{\"power\":inf}",
        "{\"power\":NaN}",
        "{\"power\":1e999}",
        "{\"powe\":2}",
        "{\"pow\u{0}er\":2}",
        "{power:2}",
        "{\"power\":2 \"alpha\":1}",
    ] {
        match fit(bad) {
            Err(refused) => {
                let status = refused.status();
                assert_eq!(status, ocean_plugin_abi::status::PARAM, "{language}: {bad}");
                assert!(!refused.message().is_empty(), "{language}: {bad}");
            }
            Ok(y_hat) => panic!("{language} takes {bad} and predicts {y_hat:?}"),
        }
    }
}
