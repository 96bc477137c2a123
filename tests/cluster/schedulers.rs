//! The same contract under GNU parallel and Snakemake: the bytes of `eval`.

use std::process::Command;

use ocean_tests::fixtures::c_plugin;
use ocean_tests::kit::{has, has_module, python};
use ocean_tests::skip::needs;
use ocean_tests::workspace::{built, root};

use crate::cluster::host::Ran;
use crate::cluster::study::Study;

/// A study whose texts are to be encoded by a plugin that the plan does not run over all of them.
pub fn to_encode() -> Study {
    let study = Study::small();
    study
        .folder
        .write("texts.csv", crate::cluster::folder::texts(60));
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
    if !needs("parallel", has("parallel")) {
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

#[test]
fn gnu_parallel_knows_folders_with_spaces() {
    if !needs("parallel", has("parallel")) {
        return;
    }
    let study = Study::small();
    study.eval();
    study.plan("my $run", 2);
    script(
        &study,
        "examples/cluster/parallel.sh",
        &["my $run", "--jobs", "2"],
    )
    .ending_with(0);
    study.assert_same_as_whole("my $run");
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
    if !has_module("snakemake") {
        return;
    }
    let study = to_encode();
    study.plan("out", 3);
    study.eval();
    let output = Command::new(python())
        .args(["-m", "snakemake", "--snakefile"])
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
