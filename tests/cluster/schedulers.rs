//! The same contract under GNU parallel, Snakemake and a real Slurm: the bytes of `eval`.

use std::path::Path;
use std::process::{Command, Output};

use ocean_tests::fixtures::c_plugin;
use ocean_tests::skip::needs;
use ocean_tests::workspace::{built, root};

use crate::host::{Ran, ocean_host};
use crate::misfortunes::{busy, wait_for};
use crate::slurm::Slurm;
use crate::study::Study;

fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A study whose texts are to be encoded by a plugin that the plan does not run over all of them.
fn to_encode() -> Study {
    let study = Study::small();
    study.folder.write("texts.csv", crate::folder::texts(60));
    study.folder.replace(
        "plugins.toml",
        "[[regressor]]",
        &format!(
            "[[encoder]]\nname = \"other\"\nplugin = \"{}\"\n\n[[regressor]]",
            c_plugin("sound_encoder").display()
        ),
    );
    study
}

#[test]
fn gnu_parallel_leaves_the_bytes_of_eval() {
    if !needs("parallel", is_there("parallel")) {
        return;
    }
    let study = to_encode();
    study.plan("out", 5);
    study.eval();
    // One shard is done already, and is left out.
    study.shard("out", 2, 5).ending_with(0);
    let ran = script(
        &study,
        "examples/cluster/parallel.sh",
        &["out", "--jobs", "2"],
    );
    ran.ending_with(0);
    study.assert_same_as_whole("out");
}

fn script(study: &Study, path: &str, arguments: &[&str]) -> Ran {
    let output = Command::new(root().join(path))
        .args(arguments)
        .current_dir(study.path())
        .env("OCEAN_HOST", &built().host)
        .env("OCEAN_CACHE", study.file("cache"))
        .env("PARALLEL_HOME", study.path())
        .output()
        .unwrap();
    Ran::of(&output)
}

#[test]
fn snakemake_leaves_the_bytes_of_eval() {
    if !needs("snakemake", is_there("snakemake")) {
        return;
    }
    let study = to_encode();
    study.plan("out", 3);
    study.eval();
    let output = Command::new("snakemake")
        .arg("--snakefile")
        .arg(root().join("examples/cluster/Snakefile"))
        .args(["--cores", "2", "--config", "run=out"])
        .arg(format!("host={}", built().host.display()))
        .current_dir(study.path())
        .env("XDG_CACHE_HOME", study.file("snakemake"))
        .env("OCEAN_CACHE", study.file("cache"))
        .output()
        .unwrap();
    Ran::of(&output).ending_with(0);
    study.assert_same_as_whole("out");
}

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

/// The task of a shard, by what it was started with. It is a process of this test: no other study lies in this folder.
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

#[test]
fn a_real_slurm_leaves_the_bytes_of_eval_in_one_two_and_seven_shards_and_after_a_kill() {
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
    killed_and_submitted_again(&slurm);
    five_commands(&slurm);
}

/// The first commands of the page for users of clusters, in their order, on a study of ours.
fn five_commands(slurm: &Slurm) {
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
        let output = with_slurm(&study, slurm, &words).output().unwrap();
        let ran = Ran::of(&output);
        // Asked while the array is at work, or when it has just ended.
        let expected = if words[0] == "status" {
            ran.code.unwrap().min(1)
        } else {
            0
        };
        ran.ending_with(expected);
    }
    slurm.wait_until_idle();
    study.assert_same_as_whole("RUN");
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

fn killed_and_submitted_again(slurm: &Slurm) {
    let study = busy();
    study.eval();
    plan_on_one_thread(&study, "out", 3);
    submit(&study, slurm, "out");
    let journal = Path::new("out/cluster/partial/00002-of-00003/work/journal");
    wait_for(&study.path().join(journal), 0);
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
    // The same command again submits what is missing, which goes on where it was.
    let said = submit(&study, slurm, "out");
    assert!(said.contains("--array=2\n"), "{said}");
    slurm.wait_until_idle();
    let said = logs(&study, "out");
    assert!(said.contains("resuming: "), "{said}");
    study.assert_same_as_whole("out");
}
