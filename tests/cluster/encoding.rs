//! Vectors made by many tasks, and read by all.

use std::path::Path;

use crate::cluster::study::Study;

/// A planned study of which nothing is encoded: what the plan looked at is gone.
fn planned() -> Study {
    let study = Study::new();
    study.plan("out", 2);
    std::fs::remove_dir_all(study.file("out/cluster/cache")).unwrap();
    study
}

fn rows_in(cache: &Path) -> usize {
    let entries = std::fs::read_dir(cache.join("embeddings")).unwrap();
    entries
        .map(|entry| {
            let sidecar = std::fs::read(entry.unwrap().path().join("entry.json")).unwrap();
            let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
            sidecar["n"].as_u64().unwrap() as usize
        })
        .sum()
}

#[test]
fn three_encoding_shards_encode_every_text_once_and_the_bytes_are_those_of_eval() {
    let study = planned();
    let mut encoded = 0;
    for shard in ["1/3", "2/3", "3/3"] {
        let arguments = [
            "run", "out", "--quiet", "--stage", "encode", "--shard", shard,
        ];
        study.run(&arguments).ending_with(0);
        let name = format!("out/cluster/encoded/0000{}-of-00003", &shard[..1]);
        encoded += rows_in(&study.file(&name));
        let again = study.run(&arguments).ending_with(0);
        assert!(again.stdout.contains("is done already"), "{}", again.stdout);
    }
    assert_eq!(encoded, 2 * 60);
    let progress = study
        .run(&["run", "out", "--shard", "1/2"])
        .ending_with(0)
        .stderr;
    assert!(!progress.contains("encoding with"), "{progress}");
    assert_eq!(rows_in(&study.file("out/cluster/cache")), 2 * 60);
    study.shard("out", 2, 2).ending_with(0);
    study.merge("out").ending_with(0);
    study.eval();
    study.assert_same_as_whole("out");
}

#[test]
fn shards_that_begin_together_encode_what_is_lacking_once() {
    let study = planned();
    let tasks: Vec<_> = ["1/2", "2/2"]
        .map(|shard| {
            crate::cluster::host::ocean_host(study.path(), &["run", "out", "--shard", shard])
                .stderr(std::process::Stdio::piped())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .into_iter()
        .map(|task| task.wait_with_output().unwrap())
        .collect();
    assert!(tasks.iter().all(|task| task.status.success()), "{tasks:?}");
    let said: String = tasks
        .iter()
        .map(|task| String::from_utf8_lossy(&task.stderr).into_owned())
        .collect();
    let n = said
        .matches("encoding with encoder `narrow`: finished")
        .count();
    assert_eq!(n, 1, "{said}");
    study.merge("out").ending_with(0);
    study.eval();
    study.assert_same_as_whole("out");
}

#[test]
fn a_plan_takes_over_what_the_users_cache_has() {
    let study = Study::new();
    study
        .run(&["encode", "plugins.toml", "--quiet"])
        .ending_with(0);
    study.plan("out", 2);
    let plan = std::fs::read(study.file("out/cluster/plan.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&plan).unwrap();
    for encoder in plan["encode"].as_array().unwrap() {
        assert_eq!(encoder["n_lacking"], 0);
    }
    assert_eq!(plan["shards"]["encode"], 0);
    assert_eq!(rows_in(&study.file("out/cluster/cache")), 2 * 60);
}

#[test]
fn vectors_that_another_study_left_are_refused_by_name() {
    let study = planned();
    let encode = [
        "run", "out", "--quiet", "--stage", "encode", "--shard", "1/1",
    ];
    study.run(&encode).ending_with(0);
    let note = study.file("out/cluster/encoded/00001-of-00001/shard.json");
    let text = std::fs::read_to_string(&note).unwrap();
    std::fs::write(&note, text.replace("\"folds\": 5", "\"folds\": 6")).unwrap();
    let refused = study.shard("out", 1, 2).ending_with(2).stderr;
    assert!(refused.contains("belongs to another study"), "{refused}");
    assert!(
        refused.contains("run.plan.evaluation.folds: 5 → 6"),
        "{refused}"
    );
}
