//! A real Slurm of one node: the bytes of `eval` whatever the number of shards, and after each
//! misfortune.

use std::path::PathBuf;
use std::process::{Command, Output};

use ocean_tests::workspace::root;

use crate::cluster::disk::SmallDisk;
use crate::cluster::host::{Ran, ocean_host};
use crate::cluster::misfortunes::{assert_failed_as_whole, busy, eval_failing, failing, wait_for};
use crate::cluster::schedulers::to_encode;
use crate::cluster::slurm::Slurm;
use crate::cluster::study::Study;

/// `ocean-host slurm OUT --submit` in this Slurm.
fn submit(study: &Study, slurm: &Slurm, out: &str) -> String {
    let arguments = ["slurm", out, "--partition", "main", "--submit"];
    let output: Output = with_slurm(study, slurm, &arguments).output().unwrap();
    Ran::of(&output).ending_with(0).stdout
}

/// A command that knows this Slurm.
fn with_slurm(study: &Study, slurm: &Slurm, arguments: &[&str]) -> Command {
    let mut command = ocean_host(study.path(), arguments);
    command.env("SLURM_CONF", slurm.configured());
    command
}

fn logs(study: &Study, out: &str) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(study.file(out).join("cluster/slurm")).unwrap() {
        let path = entry.unwrap().path();
        text += &format!(
            "== {}\n{}",
            path.display(),
            std::fs::read_to_string(&path).unwrap()
        );
    }
    text
}

/// The task of a shard, by what it was started with. It is a process of this test: no other study
/// lies in this folder.
fn process_of(study: &Study, shard: &str) -> Option<u32> {
    let folder = study.path().display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .find_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let words: Vec<&str> = std::str::from_utf8(&line).ok()?.split('\0').collect();
            let is_it = words.first()?.ends_with("ocean-host")
                && words.contains(&shard)
                && words.iter().any(|word| word.starts_with(&folder));
            is_it.then_some(id)
        })
}

fn kill(id: u32) {
    let status = Command::new("kill").args(["-9", &id.to_string()]).status();
    assert!(status.unwrap().success());
}

fn plan_on_one_thread(study: &Study, out: &str, shards: u32) {
    let shards = shards.to_string();
    let arguments = [
        "plan",
        "plugins.toml",
        "--quiet",
        "--out",
        out,
        "--threads",
        "1",
    ];
    study
        .run(&[&arguments[..], &["--shards", &shards]].concat())
        .ending_with(0);
}

fn array(shards: u32) -> String {
    match shards {
        1 => "--array=1\n".to_owned(),
        _ => format!("--array=1-{shards}\n"),
    }
}

#[test]
fn one_two_and_seven_shards_leave_the_bytes_of_eval() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = to_encode();
    // Planned first: what eval encodes would be taken over.
    for shards in [1, 2, 7] {
        plan_on_one_thread(&study, &format!("in-{shards}"), shards);
    }
    study.eval();
    for shards in [1, 2, 7] {
        let out = format!("in-{shards}");
        let said = submit(&study, &slurm, &out);
        assert!(said.contains("submitted encode   job "), "{said}");
        assert!(said.contains(&array(shards)), "{said}");
        slurm.wait_until_idle();
        assert!(
            study.file(&out).join("results.json").exists(),
            "{}",
            logs(&study, &out)
        );
        study.assert_same_as_whole(&out);
    }
}

/// The first commands of the page for users of clusters, in their order.
#[test]
fn the_five_commands_of_the_page_leave_the_bytes_of_eval() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let page = std::fs::read_to_string(root().join("docs/cluster.md")).unwrap();
    let block = page.split("```").nth(1).unwrap();
    let commands: Vec<&str> = block
        .lines()
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("ocean-host "))
        .collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let study = Study::small();
    study.eval();
    for command in commands {
        let command = command.replace("--partition short", "--partition main");
        let words: Vec<&str> = command.split_whitespace().collect();
        let ran = Ran::of(&with_slurm(&study, &slurm, &words).output().unwrap());
        // Asked while the array is at work, or when it has just ended.
        let is_asked = words[0] == "status";
        let expected = i32::from(is_asked && ran.code == Some(1));
        ran.ending_with(expected);
        if is_asked {
            slurm.wait_until_idle();
        }
    }
    study.assert_same_as_whole("RUN");
}

#[test]
fn a_plugin_that_fails_does_not_hold_up_what_follows() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = failing();
    plan_on_one_thread(&study, "out", 2);
    eval_failing(&study);
    submit(&study, &slurm, "out");
    slurm.wait_until_idle();
    assert_failed_as_whole(&study);
}

/// A study in three shards, of which one is at work.
fn at_work(slurm: &Slurm, out: &str) -> Study {
    let study = busy();
    study.eval();
    plan_on_one_thread(&study, out, 3);
    submit(&study, slurm, out);
    let journal = "cluster/partial/00002-of-00003/work/journal";
    wait_for(&study.file(out).join(journal), 0);
    study
}

/// The script of the permutation array.
fn permute(study: &Study, out: &str) -> PathBuf {
    study.file(out).join("cluster/slurm/permute.sh")
}

#[test]
fn a_task_killed_in_the_middle_and_submitted_again_goes_on_where_it_was() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = at_work(&slurm, "out");
    let arguments = ["slurm", "out", "--submit"];
    let twice = with_slurm(&study, &slurm, &arguments).output().unwrap();
    let refused = Ran::of(&twice).ending_with(1).stderr;
    assert!(refused.contains("would be computed twice"), "{refused}");
    kill(process_of(&study, "2/3").expect("the task is at work"));
    slurm.wait_until_idle();
    // The merge ran, said what is missing, and left no report.
    let said = logs(&study, "out");
    assert!(
        said.contains("the study is not complete; missing are"),
        "{said}"
    );
    assert!(!study.file("out/results.json").exists());
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(status.contains("submit   sbatch --array=2 "), "{status}");
    let said = submit(&study, &slurm, "out");
    assert!(said.contains("--array=2\n"), "{said}");
    slurm.wait_until_idle();
    let said = logs(&study, "out");
    assert!(said.contains("resuming: "), "{said}");
    study.assert_same_as_whole("out");
}

#[test]
fn a_damaged_file_is_computed_again() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = busy();
    study.eval();
    plan_on_one_thread(&study, "out", 3);
    study.all_shards("out", 3);
    study.damage("out", 2, 3);
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(
        status.contains("shard-00002-of-00003.ocean-shard is damaged"),
        "{status}"
    );
    let said = submit(&study, &slurm, "out");
    assert!(said.contains("--array=2\n"), "{said}");
    slurm.wait_until_idle();
    study.assert_same_as_whole("out");
}

#[test]
fn two_arrays_of_the_same_shards_leave_the_bytes_of_eval() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = at_work(&slurm, "out");
    slurm.submit(&permute(&study, "out"), &["--array=1-3"]);
    slurm.wait_until_idle();
    study.assert_same_as_whole("out");
}

#[test]
fn a_full_disk_costs_its_shard_which_is_submitted_again() {
    let Some(slurm) = Slurm::start() else {
        return;
    };
    let study = busy();
    let Some(disk) = SmallDisk::mount(&study.file("disk")) else {
        return;
    };
    study.eval();
    plan_on_one_thread(&study, "disk/out", 3);
    for shard in [1, 3] {
        study.shard("disk/out", shard, 3).ending_with(0);
    }
    study.run(&["slurm", "disk/out"]).ending_with(0);
    let (script, log) = (permute(&study, "disk/out"), study.file("log"));
    let output = format!("--output={}", log.display());
    let submit = || {
        slurm.submit(&script, &["--array=2", &output]);
        slurm.wait_until_idle();
        std::fs::read_to_string(&log).unwrap()
    };
    disk.fill();
    let failed = submit();
    assert!(
        failed.contains("the disk is full; free some space and run the same command again"),
        "{failed}"
    );
    disk.free();
    let missing = study
        .run(&["status", "disk/out", "--missing"])
        .ending_with(1);
    assert_eq!(missing.stdout, "2\n");
    submit();
    study.elsewhere("disk/out", "out");
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}
