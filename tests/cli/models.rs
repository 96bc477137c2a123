//! Model files: each model has its own, none makes the program load a library, and vectors are
//! matched by the names of their columns.

use std::collections::BTreeSet;
use std::path::Path;

use ocean_tests::fixtures::c_plugin;

use crate::cli::folder::{Folder, npy, texts};
use crate::cli::host::{Ran, ocean_host, run};

/// A model of bytes, by a plugin that is not bundled; 40 texts.
fn kept() -> Folder {
    let folder = Folder::sound();
    let plugin = c_plugin("keeps_state");
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"\n",
        &format!("plugin = \"{}\"\nexport_models = true\n", plugin.display()),
    );
    let quick = ["--quiet", "--set", "evaluation.controls=false"];
    folder.eval(&quick).ending_with(0);
    folder
}

const KEPT: &str = "run/models/lexical__ridge__mood.ocean";

fn predict(folder: &Folder, model: &str, more: &[&str]) -> Ran {
    run(
        folder.path(),
        &[&["predict", model, "texts.csv", "--quiet"], more].concat(),
    )
}

/// The same with a folder in the search path.
fn predict_with(folder: &Folder, plugins: &Path) -> Ran {
    let mut command = ocean_host(folder.path(), &["predict", KEPT, "texts.csv", "--quiet"]);
    Ran::of(&command.env("OCEAN_PLUGIN_PATH", plugins).output().unwrap())
}

/// A model with the checksum that it should have, as anybody can make one.
fn signed(text: &str) -> String {
    let (before, _) = text.rsplit_once("\"checksum\":\"").unwrap();
    let before = format!("{before}\"checksum\":\"");
    let hash = blake3::hash(format!("{before}\"}}").as_bytes()).to_hex();
    format!("{before}{hash}\"}}\n")
}

#[test]
fn a_state_is_read_by_the_library_that_wrote_it_or_by_one_that_the_user_names() {
    let folder = kept();
    let text = std::fs::read_to_string(folder.file(KEPT)).unwrap();
    assert!(
        !text.contains(".so") && text.contains("\"version\":\"1.0\",\"hash\":\""),
        "{text}"
    );
    let plugin = c_plugin("keeps_state");
    let named = predict(&folder, KEPT, &["--plugin", plugin.to_str().unwrap()]).ending_with(0);
    assert!(
        !named.stderr.contains("another library"),
        "{}",
        named.stderr
    );
    let refused = predict(&folder, KEPT, &[]).ending_with(2);
    for words in [
        "regressor `one-feature`: the model was made with version 1.0, hash ",
        "no plugin of this id is installed",
        "try: --plugin FILE",
    ] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }

    // On the search path: the same bytes, then others, as after a rebuild.
    let installed = folder.file("plugins");
    std::fs::create_dir(&installed).unwrap();
    let file = installed.join("libocean_plugin_one_feature.so");
    let mut bytes = std::fs::read(&plugin).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(
        predict_with(&folder, &installed).ending_with(0).stdout,
        named.stdout
    );
    bytes.push(0);
    std::fs::write(&file, &bytes).unwrap();
    let refused = predict_with(&folder, &installed).ending_with(2);
    let hash = blake3::hash(&bytes).to_hex();
    let found = format!("libocean_plugin_one_feature.so, has hash {}", &hash[..12]);
    for words in [found.as_str(), "to use this one all the same"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    let other = predict(&folder, KEPT, &["--plugin", file.to_str().unwrap()]).ending_with(0);
    assert!(
        other
            .stderr
            .contains("is another library than the one the model was made with"),
        "{}",
        other.stderr
    );
    assert_eq!(other.stdout, named.stdout);
}

#[test]
fn a_model_file_never_makes_the_program_load_a_library() {
    let folder = kept();
    let library = c_plugin("prints_on_load");
    std::fs::copy(&library, folder.file("weights.so")).unwrap();
    let text = std::fs::read_to_string(folder.file(KEPT)).unwrap();
    // As the first format wrote it, and with paths where ids are, in either format.
    let first = text
        .replace("\"ocean_model\":2", "\"ocean_model\":1")
        .replace(
            "\"id\":\"lexical\"",
            "\"id\":\"lexical-2\",\"path\":\"./weights.so\"",
        );
    folder.write("encoder.ocean", signed(&first));
    let first = text
        .replace("\"ocean_model\":2", "\"ocean_model\":1")
        .replace(
            "\"id\":\"one-feature\"",
            "\"id\":\"one-feature\",\"path\":\"weights.so\"",
        );
    folder.write("regressor.ocean", signed(&first));
    folder.write(
        "id.ocean",
        signed(&text.replace("\"one-feature\"", "\"./weights.so\"")),
    );
    folder.write(
        "both.ocean",
        signed(&text.replace("\"lexical\"", "\"weights.so#one-feature\"")),
    );
    for (model, words) in [
        (
            "encoder.ocean",
            "the file says that it was \"./weights.so\", which is not loaded for that",
        ),
        (
            "regressor.ocean",
            "the file says that it was \"weights.so\", which is not loaded for that",
        ),
        ("id.ocean", "\"./weights.so\" is no id of a plugin"),
        (
            "both.ocean",
            "\"weights.so#one-feature\" is no id of a plugin",
        ),
    ] {
        let refused = predict(&folder, model, &[]).ending_with(2);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(said.contains(words), "{model}: {said}");
        assert!(
            !said.contains("printed by a constructor"),
            "{model}: {said}"
        );
    }
}

#[test]
fn every_target_has_its_own_file() {
    let folder = Folder::sound();
    let names = ["a b", "a/b", "A_b", "mood"];
    let lines = texts(40);
    let rows = lines.lines().skip(1).map(|line| {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let mood: f64 = mood.parse().unwrap();
        format!(
            "{start},{},{},{},{mood}\n",
            mood + 1.0,
            mood + 2.0,
            mood + 3.0
        )
    });
    folder.write(
        "texts.csv",
        format!("id,text,{}\n{}", names.join(","), rows.collect::<String>()),
    );
    folder.replace("plugins.toml", "[\"mood\"]", &format!("{names:?}"));
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"\n",
        "plugin = \"ridge\"\nexport_models = true\n",
    );
    let quick = ["--quiet", "--set", "evaluation.controls=false"];
    folder.eval(&quick).ending_with(0);
    let files = std::fs::read_dir(folder.file("run/models")).unwrap();
    let mut found = BTreeSet::new();
    let mut stems = BTreeSet::new();
    for file in files {
        let path = file.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let model: serde_json::Value = serde_json::from_slice(&text).unwrap();
        found.insert(model["target"].as_str().unwrap().to_owned());
        stems.insert(path.file_name().unwrap().to_str().unwrap().to_lowercase());
    }
    assert_eq!(found, names.iter().map(ToString::to_string).collect());
    assert_eq!(stems.len(), 4);
    assert!(stems.contains("lexical__ridge__mood.ocean"), "{stems:?}");
}

/// Vectors of the columns `order` as a table; the score is a − 2b + 3c and a little.
fn vectors(order: &[usize]) -> String {
    let names = ["a", "b", "c", "d"];
    let header: Vec<&str> = order.iter().map(|&at| names[at]).collect();
    let mut table = format!("id,{}\n", header.join(","));
    for row in 0..40 {
        let values = vector(row);
        let values: Vec<String> = order.iter().map(|&at| values[at].to_string()).collect();
        table += &format!("t{row},{}\n", values.join(","));
    }
    table
}

fn vector(row: usize) -> [f64; 4] {
    [31, 37, 43, 47].map(|factor| f64::from(u32::try_from(row * factor % 41).unwrap()) / 10.0)
}

#[test]
fn columns_of_vectors_are_matched_by_name_and_else_said_to_be_taken_by_position() {
    let folder = Folder::sound();
    let mut table = "id,y\n".to_owned();
    for row in 0..40 {
        let [a, b, c, d] = vector(row);
        table += &format!("t{row},{}\n", a - 2.0 * b + 3.0 * c + d / 10.0);
    }
    folder.write("scores.csv", table);
    folder.write("old.csv", vectors(&[0, 1, 2]));
    folder.write(
        "plugins.toml",
        "[study]\nname = \"s\"\n[data]\npath = \"scores.csv\"\nid = \"id\"\ntargets = [\"y\"]\n\
        [evaluation]\npermutations = 19\nsensitivity = 0\ncontrols = false\n\
        [[encoder]]\nname = \"v\"\nembeddings = \"old.csv\"\nallow_misaligned = true\n\
        [[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\nexport_models = true\n",
    );
    folder.eval(&["--quiet"]).ending_with(0);
    let predict = |file: &str, more: &[&str]| {
        let start = [
            "predict",
            "run/models/v__ridge__y.ocean",
            "scores.csv",
            "--quiet",
            "--embeddings",
            file,
        ];
        run(folder.path(), &[&start[..], more].concat())
    };
    let same = predict("old.csv", &[]).ending_with(0);
    assert!(
        !same.stderr.contains("by their position"),
        "{}",
        same.stderr
    );
    folder.write("turned.csv", vectors(&[2, 0, 1]));
    assert_eq!(
        predict("turned.csv", &[]).ending_with(0).stdout,
        same.stdout
    );
    folder.write("more.csv", vectors(&[3, 0, 1, 2]));
    let refused = predict("more.csv", &[]).ending_with(2);
    let words = "more.csv: its columns are `d`, `a`, `b`, `c`; those of the model are `a`, `b`, `c`; unknown to the model: `d`";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    let values: Vec<f32> = (0..40)
        .flat_map(|row| vector(row)[..3].to_vec())
        .map(|v| v as f32)
        .collect();
    folder.write("v.npy", npy((40, 3), &values));
    folder.write(
        "ids.txt",
        (0..40).map(|row| format!("t{row}\n")).collect::<String>(),
    );
    let by_position = predict("v.npy", &["--ids", "ids.txt"]).ending_with(0);
    let words = "a .npy file has no names of columns, and the model's vectors had some: the columns of v.npy were taken by their position";
    assert!(by_position.stderr.contains(words), "{}", by_position.stderr);
    folder.write("v.npy", npy((40, 2), &values[..80]));
    let refused = predict("v.npy", &["--ids", "ids.txt"]).ending_with(2);
    assert!(
        refused
            .stderr
            .contains("the vectors have 2 columns, the model's had 3"),
        "{}",
        refused.stderr
    );
}
