//! Nothing of the user's is deleted or written over, and what was altered after a run is not
//! believed.

use std::path::Path;

use serde_json::Value;

use crate::cli::folder::{Folder, npy};
use crate::cli::host::run;
use crate::cli::outputs::bytes;

/// A sound study without controls.
fn small() -> Folder {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "permutations = 19\ncontrols = false",
    );
    folder
}

fn mine(folder: &Folder, names: &[&str]) {
    for name in names {
        std::fs::create_dir_all(folder.file(name).parent().unwrap()).unwrap();
        folder.write(name, "years of work");
    }
}

fn assert_mine(folder: &Folder, names: &[&str]) {
    for name in names {
        let text = std::fs::read_to_string(folder.file(name)).unwrap_or_default();
        assert_eq!(text, "years of work", "{name}");
    }
}

/// provenance.json of `run`, changed.
fn change_provenance(folder: &Folder, change: impl Fn(&mut Value)) {
    let path = folder.file("run/provenance.json");
    let mut value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    folder.write("run/provenance.json", value.to_string());
}

#[test]
fn a_folder_of_the_users_is_refused_and_left_as_it_is() {
    let folder = small();
    let names = [
        "project/work/thesis.tex",
        "project/plots/thesis.tex",
        "project/models/thesis.tex",
        "project/cluster/results/thesis.tex",
        "project/results.csv",
        "project/.hidden",
    ];
    mine(&folder, &names);
    let before = bytes(&folder.file("project"));
    for arguments in [
        &["eval"][..],
        &["eval", "--fresh"],
        &["eval", "--dry-run"],
        &["plan"],
        &["plan", "--fresh"],
    ] {
        let command = [arguments, &["plugins.toml", "--out", "project"]].concat();
        let refused = run(folder.path(), &command).ending_with(2).stderr;
        for part in [
            "project: is to be the results folder",
            "`plots`, `results.csv`, `work`",
            "nothing was written",
            "try: --out with a new or an empty folder",
        ] {
            assert!(refused.contains(part), "{arguments:?}: {part}\n{refused}");
        }
        assert!(bytes(&folder.file("project")) == before, "{arguments:?}");
    }
    // Results into the folder of the data, under the name of the data.
    folder.replace("plugins.toml", "\"texts.csv\"", "\"old/predictions.csv\"");
    std::fs::create_dir(folder.file("old")).unwrap();
    std::fs::rename(folder.file("texts.csv"), folder.file("old/predictions.csv")).unwrap();
    folder.write(
        "old/results.json",
        r#"{"schema_version": 1, "version": "0", "cells": []}"#,
    );
    let before = bytes(&folder.file("old"));
    let read = run(
        folder.path(),
        &["eval", "plugins.toml", "--out", "old", "--fresh"],
    );
    let read = read.ending_with(2).stderr;
    assert!(read.contains("is read by the study"), "{read}");
    assert!(bytes(&folder.file("old")) == before);
}

#[test]
fn in_the_folder_of_a_run_only_its_own_files_are_replaced_or_removed() {
    let folder = Folder::sound();
    folder.eval(&["--quiet"]).ending_with(0);
    let names = [
        "run/work/thesis.tex",
        "run/plots/null-99-mine.svg",
        "run/models/thesis.tex",
        "run/cluster/results/thesis.tex",
        "run/cluster/partial/thesis/work/thesis.tex",
        "run/cluster/encoded/1/embeddings/2/thesis.tex",
        "run/NOTES.md",
    ];
    mine(&folder, &names);
    let pictures = || bytes(&folder.file("run/plots")).len();
    let drawn = pictures();
    let again = folder.eval(&[]).ending_with(0).stderr;
    assert!(again.contains("this run is finished"), "{again}");
    let other = ["--quiet", "--fresh", "--set", "evaluation.controls=false"];
    folder.eval(&other).ending_with(0);
    assert_mine(&folder, &names);
    assert!(pictures() < drawn, "pictures of the run before are gone");
    assert!(!folder.file("run/work/journal").exists());
    // Somebody wrote a file that this run has not: it is not replaced.
    change_provenance(&folder, |value| {
        value["files"]
            .as_object_mut()
            .unwrap()
            .shift_remove("methods.txt");
    });
    folder.write("run/methods.txt", "years of work");
    let refused = folder.eval(&other).ending_with(2).stderr;
    assert!(
        refused.contains("`methods.txt` is there already and no run of ocean-host wrote it"),
        "{refused}"
    );
    folder
        .eval(&["--set", "evaluation.controls=false"])
        .ending_with(2);
    run(folder.path(), &["report", "run"]).ending_with(1);
    assert_mine(&folder, &["run/methods.txt"]);
    std::fs::remove_file(folder.file("run/methods.txt")).unwrap();
    // Planned anew in the same place.
    let plan = ["plan", "plugins.toml", "--out", "run", "--fresh", "--quiet"];
    run(folder.path(), &plan).ending_with(0);
    assert!(!folder.file("run/results.json").exists());
    run(folder.path(), &["run", "run", "--shard", "1/1", "--quiet"]).ending_with(0);
    run(folder.path(), &["merge", "run", "--quiet"]).ending_with(0);
    assert_mine(&folder, &names);
}

#[test]
fn results_that_were_altered_after_the_run_are_not_believed() {
    let folder = small();
    folder.eval(&["--quiet"]).ending_with(0);
    let sound = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let at = sound.find("\"r2\": 0.").unwrap() + "\"r2\": 0.".len();
    let digit = if sound.as_bytes()[at] == b'9' {
        "8"
    } else {
        "9"
    };
    let altered = format!("{}{digit}{}", &sound[..at], &sound[at + 1..]);
    folder.write("run/results.json", &altered);
    for command in [
        &["eval", "plugins.toml", "--out", "run"][..],
        &["eval", "plugins.toml", "--out", "run", "--resume"],
        &["report", "run"],
    ] {
        let refused = run(folder.path(), command).ending_with(2);
        for part in [
            "results.json is not what the run wrote",
            "r2 of `lexical` × `ridge` × `mood` is 0.",
            "in results.csv",
            "--fresh",
        ] {
            assert!(refused.stderr.contains(part), "{part}\n{}", refused.stderr);
        }
        assert_eq!(refused.stdout, "");
    }
    let kept = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    assert_eq!(kept, altered, "nothing is repaired in silence");
    folder.write("run/results.json", &sound);
    run(folder.path(), &["report", "run"]).ending_with(0);
    // Another file that nothing can be made again from.
    folder.replace("run/predictions.csv", "t3,1,", "t3,2,");
    let refused = folder.eval(&[]).ending_with(2).stderr;
    assert!(refused.contains("predictions.csv is not what"), "{refused}");
    // A run of a version without hashes is what it was.
    change_provenance(&folder, |value| {
        value.as_object_mut().unwrap().shift_remove("files");
    });
    run(folder.path(), &["report", "run"]).ending_with(0);
    let finished = folder.eval(&[]).ending_with(0).stderr;
    assert!(finished.contains("this run is finished"), "{finished}");
    folder.eval(&["--fresh", "--quiet"]).ending_with(0);
    assert!(bytes(&folder.file("run")).len() > 8);
}

fn encode(folder: &Folder, more: &[&str]) -> crate::cli::host::Ran {
    run(
        folder.path(),
        &[&["encode", "plugins.toml", "--quiet"], more].concat(),
    )
}

#[test]
fn vectors_that_the_study_reads_are_never_written_over() {
    let folder = Folder::sound();
    let ids: String = (0..40).map(|row| format!("t{row}\n")).collect();
    let values: Vec<f32> = (0..80).map(|at| (at * at % 23) as f32).collect();
    folder.write("mine.npy", npy((40, 2), &values));
    folder.write("mine_ids.txt", &ids);
    let text = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    let own = "[[encoder]]\nname = \"mine\"\nembeddings = \"mine.npy\"\nids = \"mine_ids.txt\"\n";
    folder.write("plugins.toml", format!("{text}\n{own}"));
    std::fs::create_dir(folder.file("linked")).unwrap();
    std::os::unix::fs::symlink(folder.file("mine.npy"), folder.file("linked/mine.npy")).unwrap();
    let before = bytes(folder.path());
    for more in [
        &["--out", "."][..],
        &["--out", ".", "--force"],
        &["--out", "linked", "--force"],
    ] {
        let refused = encode(&folder, more).ending_with(2).stderr;
        assert!(
            refused.contains("mine.npy: is read by this command"),
            "{refused}"
        );
        assert!(bytes(folder.path()) == before, "{more:?}");
    }
    // Where it wrote them itself it writes them again; what was changed since is somebody's.
    let out = ["--out", "vectors"];
    encode(&folder, &out).ending_with(0);
    encode(&folder, &out).ending_with(0);
    let file = Path::new("vectors/lexical_ids.txt");
    folder.write(file.to_str().unwrap(), "my own");
    let refused = encode(&folder, &out).ending_with(2).stderr;
    assert!(
        refused.contains("lexical_ids.txt: is there already\n  try: --force to replace it"),
        "{refused}"
    );
    assert_eq!(
        std::fs::read(folder.file("vectors/lexical_ids.txt")).unwrap(),
        b"my own"
    );
    encode(&folder, &["--out", "vectors", "--force"]).ending_with(0);
}

#[test]
fn encoders_whose_names_fall_together_have_files_of_their_own() {
    let folder = Folder::sound();
    let text = std::fs::read_to_string(folder.file("plugins.toml")).unwrap();
    let encoder = |name: &str, dim: u32| {
        format!("\n[[encoder]]\nname = \"{name}\"\nplugin = \"lexical\"\ndim = {dim}\n")
    };
    folder.write(
        "plugins.toml",
        text + &encoder("a b", 16) + &encoder("A_b", 32) + &encoder("a-b", 48),
    );
    encode(&folder, &["--out", "vectors"]).ending_with(0);
    let files = bytes(&folder.file("vectors"));
    assert_eq!(files.len(), 12, "{:?}", files.keys());
    let mut names: Vec<String> = files
        .keys()
        .map(|name| name.to_str().unwrap().to_lowercase())
        .collect();
    names.dedup();
    assert_eq!(names.len(), 12, "also where case is not told apart");
}

#[test]
fn a_file_that_is_there_is_replaced_when_forced_and_an_input_never() {
    let folder = small();
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    folder.eval(&["--quiet"]).ending_with(0);
    let model = "run/models/lexical__ridge__mood.ocean";
    let predict = |more: &[&str]| {
        let command = [&["predict", model, "texts.csv", "--quiet"], more].concat();
        run(folder.path(), &command)
    };
    folder.write("old.csv", "years of work");
    let refused = predict(&["--out", "old.csv"]).ending_with(2).stderr;
    assert!(refused.contains("old.csv: is there already"), "{refused}");
    assert_mine(&folder, &["old.csv"]);
    predict(&["--out", "old.csv", "--force"]).ending_with(0);
    let before = bytes(folder.path());
    for input in ["texts.csv", model] {
        let refused = predict(&["--out", input, "--force"]).ending_with(2).stderr;
        assert!(refused.contains("is read by this command"), "{refused}");
    }
    let init = ["init", "texts.csv", "--out", "texts.csv", "--force"];
    run(folder.path(), &init).ending_with(2);
    run(folder.path(), &["init", "texts.csv"]).ending_with(2);
    let certificate = ["selfcheck", "--data-sets", "1", "--out", "texts.csv"];
    run(folder.path(), &certificate).ending_with(2);
    assert!(bytes(folder.path()) == before);
}
