//! What cannot be planned, and what no shard can do.

use crate::cluster::study::Study;

#[test]
fn adaptive_permutations_are_refused_with_what_to_write_instead() {
    let study = Study::small();
    study.folder.replace(
        "plugins.toml",
        "permutations = 499",
        "permutations = { adaptive = 499 }",
    );
    let ran = study
        .run(&["plan", "plugins.toml", "--out", "out"])
        .ending_with(2);
    assert!(
        ran.stderr
            .contains("adaptive permutations stop where a cell has settled"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("try: permutations = 499, a fixed number"),
        "{}",
        ran.stderr
    );
    assert!(!study.file("out").exists());
}

#[test]
fn a_folder_without_a_plan_is_a_wrong_request() {
    let study = Study::small();
    for command in [
        &["run", "nowhere", "--shard", "1/2"][..],
        &["merge", "nowhere"],
        &["status", "nowhere"],
        &["slurm", "nowhere"],
    ] {
        let ran = study.run(command).ending_with(2);
        assert!(
            ran.stderr.contains("there is no planned study here"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_task_that_nobody_numbered_and_numbers_out_of_range_are_refused() {
    let study = Study::small();
    study.plan("out", 2);
    let unnumbered = study.run(&["run", "out"]).ending_with(2).stderr;
    assert!(unnumbered.contains("which shard is this?"), "{unnumbered}");
    let wrong = study
        .run(&["run", "out", "--shard", "3/2"])
        .ending_with(2)
        .stderr;
    assert!(wrong.contains("expected i/n with i from 1 to n"), "{wrong}");
}

#[test]
fn every_schedulers_array_is_the_same_study() {
    let study = Study::small();
    study.eval();
    for (out, variable, first) in [
        ("slurm", "SLURM_ARRAY_TASK_ID", 1),
        ("sge", "SGE_TASK_ID", 1),
        ("pbs", "PBS_ARRAY_INDEX", 1),
        ("kubernetes", "JOB_COMPLETION_INDEX", 0),
    ] {
        study.plan(out, 2);
        for index in first..first + 2 {
            let ran = crate::cluster::host::ocean_host(study.path(), &["run", out, "--quiet"])
                .env(variable, index.to_string())
                .output()
                .unwrap();
            crate::cluster::host::Ran::of(&ran).ending_with(0);
        }
        study.merge(out).ending_with(0);
        study.assert_same_as_whole(out);
    }
}

#[test]
fn changed_data_is_refused_by_every_shard_and_by_the_merge_with_what_changed() {
    let study = Study::small();
    study.plan("out", 2);
    study.shard("out", 1, 2).ending_with(0);
    study.folder.replace("texts.csv", "t7,", "t7,anew ");
    for ran in [study.shard("out", 2, 2), study.merge("out")] {
        let refused = ran.ending_with(2).stderr;
        assert!(
            refused.contains("the study is not the one that was planned"),
            "{refused}"
        );
        assert!(refused.contains("run.data.texts.csv"), "{refused}");
    }
    let refused = study
        .run(&["plan", "plugins.toml", "--out", "out"])
        .ending_with(2)
        .stderr;
    assert!(
        refused.contains("another study is planned here"),
        "{refused}"
    );
}

#[test]
fn a_plugins_toml_edited_after_the_plan_changes_nothing() {
    let study = Study::small();
    study.eval();
    study.plan("out", 2);
    study.shard("out", 1, 2).ending_with(0);
    study.folder.write("plugins.toml", "nonsense");
    study.shard("out", 2, 2).ending_with(0);
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn a_finished_run_of_another_study_is_not_planned_over() {
    let study = Study::small();
    study.eval();
    study
        .folder
        .replace("plugins.toml", "permutations = 499", "permutations = 99");
    let refused = study
        .run(&["plan", "plugins.toml", "--out", "whole"])
        .ending_with(2)
        .stderr;
    assert!(
        refused.contains("evaluation.permutations: 499 → 99"),
        "{refused}"
    );
}
