//! What happens to tasks and files on a cluster: each costs what it hit, is named, and is mended by
//! running again.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use crate::cluster::disk::SmallDisk;
use crate::cluster::host::{Ran, ocean_host};
use crate::cluster::study::Study;

/// A study whose shards work for a while.
pub fn busy() -> Study {
    let study = Study::small();
    study
        .folder
        .write("texts.csv", crate::cluster::folder::texts(150));
    study
        .folder
        .replace("plugins.toml", "permutations = 499", "permutations = 1999");
    study
}

fn start(study: &Study, shard: &str) -> Child {
    ocean_host(study.path(), &["run", "out", "--quiet", "--shard", shard])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until a file is larger than `bytes`.
pub fn wait_for(path: &Path, bytes: u64) {
    let began = Instant::now();
    while std::fs::metadata(path).map_or(0, |file| file.len()) <= bytes {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{} did not grow",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_task_killed_in_the_middle_is_listed_and_goes_on_where_it_was() {
    let study = busy();
    study.eval();
    study.plan("out", 3);
    for shard in [1, 3] {
        study.shard("out", shard, 3).ending_with(0);
    }
    let mut task = start(&study, "2/3");
    let journal = study.file("out/cluster/partial/00002-of-00003/work/journal");
    wait_for(&journal, 0);
    task.kill().unwrap();
    assert_eq!(task.wait().unwrap().code(), None, "it was killed");
    assert!(!study.result("out", 2, 3).exists());
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(
        status.contains("2 of 3 shards done; 1 begun and not finished"),
        "{status}"
    );
    assert!(status.contains("--array=2 of 3"), "{status}");
    let unfinished = study.merge("out").ending_with(1).stderr;
    assert!(
        unfinished.contains("the study is not complete; missing are\n  lexical × ridge: "),
        "{unfinished}"
    );
    assert!(!study.file("out/results.json").exists());
    let missing = study
        .run(&["status", "out", "--missing"])
        .ending_with(1)
        .stdout;
    assert_eq!(missing, "2\n");
    let resumed = study
        .run(&["run", "out", "--shard", "2/3"])
        .ending_with(0)
        .stderr;
    assert!(resumed.contains("resuming: "), "{resumed}");
    assert!(!study.file("out/cluster/partial/00002-of-00003").exists());
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn a_status_of_an_unfinished_study_has_no_p_value() {
    let study = Study::small();
    study.plan("out", 3);
    study.shard("out", 1, 3).ending_with(0);
    for arguments in [
        &["status", "out"][..],
        &["status", "out", "--format", "json"],
    ] {
        let status = study.run(arguments).ending_with(1).stdout.to_lowercase();
        for word in ["p =", "\"p\"", "p-value", "p_fwer", "r2"] {
            assert!(!status.contains(word), "{word}: {status}");
        }
    }
}

#[test]
fn a_damaged_file_is_named_and_computed_again() {
    let study = busy();
    study.eval();
    study.plan("out", 2);
    study.all_shards("out", 2);
    study.damage("out", 1, 2);
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(
        status.contains(
            "shard-00001-of-00002.ocean-shard is damaged: its checksum does not fit its bytes"
        ),
        "{status}"
    );
    assert!(status.contains("--array=1 of 2"), "{status}");
    let refused = study.merge("out").ending_with(1).stderr;
    assert!(
        refused.contains("shard-00001-of-00002.ocean-shard is damaged"),
        "{refused}"
    );
    study.shard("out", 1, 2).ending_with(0);
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn a_damaged_file_whose_items_others_hold_costs_a_warning() {
    let study = Study::small();
    study.eval();
    study.plan("out", 2);
    study.all_shards("out", 2);
    study.shard("out", 1, 1).ending_with(0);
    std::fs::write(study.result("out", 2, 2), "cut").unwrap();
    let ran = study.merge("out").ending_with(0);
    assert!(
        ran.stderr
            .contains("is damaged: it is too short; it is not used"),
        "{}",
        ran.stderr
    );
    study.assert_same_as_whole("out");
}

#[test]
fn two_tasks_that_compute_one_shard_at_the_same_time_leave_one_sound_file() {
    let study = busy();
    study.eval();
    study.plan("out", 2);
    study.shard("out", 2, 2).ending_with(0);
    let mut tasks = [start(&study, "1/2"), start(&study, "1/2")];
    for task in &mut tasks {
        assert_eq!(task.wait().unwrap().code(), Some(0));
    }
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn a_file_of_another_study_is_refused_with_what_differs() {
    let study = Study::small();
    study.plan("out", 2);
    study.all_shards("out", 2);
    study
        .folder
        .replace("plugins.toml", "permutations = 499", "permutations = 99");
    study.plan("other", 2);
    study.shard("other", 1, 2).ending_with(0);
    std::fs::copy(
        study.result("other", 1, 2),
        study.file("out/cluster/results/shard-00001-of-00009.ocean-shard"),
    )
    .unwrap();
    let refused = study.merge("out").ending_with(2).stderr;
    assert!(
        refused.contains("shard-00001-of-00009.ocean-shard: belongs to another study"),
        "{refused}"
    );
    assert!(
        refused.contains("run.plan.evaluation.permutations: 499 → 99"),
        "{refused}"
    );
    let status = study.run(&["status", "out"]).stdout;
    assert!(status.contains("belongs to another study"), "{status}");
}

/// A study of which one encoder and one regressor crash, and the best of all is chosen.
pub fn failing() -> Study {
    let study = Study::small();
    study.folder.replace(
        "plugins.toml",
        "controls = false",
        "controls = false\nbest = true",
    );
    let plugins = std::fs::read_to_string(study.file("plugins.toml")).unwrap();
    let entry = |kind: &str, name: &str, fixture: &str| {
        let plugin = ocean_tests::fixtures::c_plugin(fixture);
        format!(
            "\n[[{kind}]]\nname = \"{name}\"\nplugin = \"{}\"\n",
            plugin.display()
        )
    };
    let (encoder, regressor) = (
        entry("encoder", "crashing encoder", "crash_in_encode"),
        entry("regressor", "crashing", "crash_in_fit"),
    );
    study
        .folder
        .write("plugins.toml", plugins + &encoder + &regressor);
    study
}

/// `eval` of such a study into the folder `whole`.
///
/// On one thread, as its shards are to be: of two calls that are under way when the worker dies,
/// either may see it first, and is named as what was tried.
pub fn eval_failing(study: &Study) {
    let eval = ["eval", "plugins.toml", "--quiet", "--out", "whole"];
    study
        .run(&[&eval[..], &ON_ONE_THREAD].concat())
        .ending_with(1);
}

const ON_ONE_THREAD: [&str; 2] = ["--threads", "1"];

/// The report of such a study is that of `eval`.
pub fn assert_failed_as_whole(study: &Study) {
    for run in ["whole", "out"] {
        // Of a partial run the work is kept, so that the same command tries again.
        std::fs::remove_dir_all(study.file(run).join("work")).unwrap();
    }
    study.assert_same_as_whole("out");
}

#[test]
fn a_plugin_that_fails_costs_its_cells_as_it_does_in_eval() {
    let study = failing();
    eval_failing(&study);
    study.plan("out", 3);
    for shard in ["1/3", "2/3", "3/3"] {
        // For a scheduler a task is done when its file is there.
        let share = ["run", "out", "--quiet", "--shard", shard];
        study
            .run(&[&share[..], &ON_ONE_THREAD].concat())
            .ending_with(0);
    }
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(status.contains("lexical × crashing failed: "), "{status}");
    study.merge("out").ending_with(1);
    assert_failed_as_whole(&study);
}

#[test]
fn a_merged_study_is_planned_anew() {
    let study = Study::small();
    study.plan("out", 1);
    study.all_shards("out", 1);
    study.merge("out").ending_with(0);
    study
        .folder
        .replace("plugins.toml", "permutations = 499", "permutations = 199");
    let arguments = ["plan", "plugins.toml", "--quiet", "--out", "out"];
    let refused = study.run(&arguments).ending_with(2).stderr;
    assert!(refused.contains("--fresh"), "{refused}");
    study
        .run(&[&arguments[..], &["--fresh", "--shards", "2"]].concat())
        .ending_with(0);
    let status = study.run(&["status", "out"]).ending_with(1).stdout;
    assert!(status.contains("0 of 2 shards done"), "{status}");
    study.all_shards("out", 2);
    study.merge("out").ending_with(0);
    study.eval();
    study.assert_same_as_whole("out");
}

#[test]
fn a_plan_that_was_edited_is_refused() {
    let study = Study::small();
    study.plan("out", 2);
    let path = study.file("out/cluster/plan.json");
    let sound: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let edited = |edit: &dyn Fn(&mut serde_json::Value), arguments: &[&str]| {
        let mut plan = sound.clone();
        edit(&mut plan);
        std::fs::write(&path, plan.to_string()).unwrap();
        study.run(arguments).ending_with(2).stderr
    };
    let (status, shard) = (["status", "out"], ["run", "out", "--shard", "1/2"]);
    for (refused, words) in [
        (
            edited(
                &|plan| plan["pieces"][0]["items"]["per_block"] = 0.into(),
                &status,
            ),
            "blocks of no permutation",
        ),
        (
            edited(
                &|plan| plan["pieces"][0]["items"]["repeats"] = u64::MAX.into(),
                &status,
            ),
            "more items than a study can have",
        ),
        (
            edited(
                &|plan| plan["pieces"][0]["cost"]["block_us"] = u64::MAX.into(),
                &status,
            ),
            "items that take years",
        ),
        (
            edited(&|plan| plan["shards"]["permute"] = 0.into(), &status),
            "no shard or no thread",
        ),
        (
            edited(&|plan| plan["shards"]["permute"] = u32::MAX.into(), &status),
            "more shards than a study can have",
        ),
        (
            edited(&|plan| plan["pieces"] = serde_json::json!([]), &shard),
            "does not hold the pieces of this study",
        ),
        (
            edited(
                &|plan| plan["pieces"][0]["items"]["permutations"] = 999.into(),
                &shard,
            ),
            "does not hold the pieces of this study",
        ),
    ] {
        assert!(refused.contains(words), "{refused}");
    }
}

/// The first line of a shard's file.
const MAGIC: &[u8] = b"ocean-host shard 1\n";

/// The header of a shard's file, and its records.
fn parts(path: &Path) -> (serde_json::Value, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let (length, rest) = bytes[MAGIC.len()..].split_first_chunk().unwrap();
    let (json, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let (records, _checksum) = rest.split_at(rest.len() - 32);
    (serde_json::from_slice(json).unwrap(), records.to_vec())
}

/// What a shard's file says of itself.
pub fn header(path: &Path) -> serde_json::Value {
    parts(path).0
}

/// Rewrites a shard's file, header and numbers, with a checksum that fits.
fn rewrite(path: &Path, change: impl FnOnce(&mut serde_json::Value, &mut Vec<u8>)) {
    let (mut header, mut records) = parts(path);
    change(&mut header, &mut records);
    let json = serde_json::to_vec(&header).unwrap();
    let mut changed = MAGIC.to_vec();
    changed.extend((json.len() as u64).to_le_bytes());
    changed.extend(json);
    changed.extend(records);
    let checksum = blake3::hash(&changed);
    changed.extend(checksum.as_bytes());
    std::fs::write(path, changed).unwrap();
}

/// r2 in slot 0 in a header, moved by `by`.
fn move_slot_zero(header: &mut serde_json::Value, by: f64) {
    let bits = &mut header["slot_zero"][0]["bits"][0];
    let r2 = f64::from_bits(bits.as_u64().unwrap());
    *bits = (r2 + by).to_bits().into();
}

#[test]
fn a_machine_that_computes_something_else_is_named_and_refused() {
    let study = Study::small();
    study.eval();
    study.plan("out", 2);
    study.all_shards("out", 2);
    let file = study.result("out", 2, 2);
    let sound = std::fs::read(&file).unwrap();
    // Rounding of another instruction set.
    rewrite(&file, |header, _| {
        header["machine"]["name"] = "old-node".into();
        move_slot_zero(header, 3e-12);
    });
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
    // Something else.
    std::fs::remove_file(study.file("out/results.json")).unwrap();
    std::fs::write(&file, sound).unwrap();
    rewrite(&file, |header, _| {
        header["machine"]["name"] = "strange-node".into();
        move_slot_zero(header, 3e-9);
    });
    let refused = study.merge("out").ending_with(1).stderr;
    assert!(
        refused.contains("the r2 of some shards is not what this machine computes"),
        "{refused}"
    );
    assert!(
        refused.contains("shard-00002-of-00002.ocean-shard, on strange-node"),
        "{refused}"
    );
    assert!(
        refused.contains("lexical × ridge, target `mood`"),
        "{refused}"
    );
    assert!(!study.file("out/results.json").exists());
}

#[test]
fn what_two_files_hold_differently_is_refused_with_both_names() {
    let study = Study::small();
    study.plan("out", 2);
    study.all_shards("out", 2);
    std::fs::copy(study.result("out", 1, 2), study.result("out", 1, 1)).unwrap();
    // The last bit of one number of the first record: name length, name, count, number; and the
    // record's own checksum.
    rewrite(&study.result("out", 1, 1), |_, records| {
        let name = u64::from_le_bytes(records[..8].try_into().unwrap()) as usize;
        let numbers = u64::from_le_bytes(records[8 + name..16 + name].try_into().unwrap());
        records[16 + name] ^= 1;
        let end = 16 + name + 8 * numbers as usize;
        let checksum = blake3::hash(&records[..end]);
        records[end..end + 16].copy_from_slice(&checksum.as_bytes()[..16]);
    });
    let refused = study.merge("out").ending_with(1).stderr;
    assert!(
        refused.contains("shard-00001-of-00001.ocean-shard and "),
        "{refused}"
    );
    assert!(
        refused.contains("shard-00001-of-00002.ocean-shard differ in `observed/lexical/0/ridge/0`"),
        "{refused}"
    );
}

/// Runs a shard with a limit on the size of every file it writes, which is what a full disk looks
/// like to one that is not root.
fn with_small_files(study: &Study, kilobytes: u32, shard: &str) -> Ran {
    let host = ocean_tests::workspace::built().host.display().to_string();
    // bash counts in units of 1024 bytes. The signal that comes with the error is ignored, as the
    // error is answered.
    let script = format!(
        "trap '' XFSZ; ulimit -f {kilobytes}; exec '{host}' run out --quiet --shard {shard}"
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(study.path())
        .env("OCEAN_CACHE", study.file("cache"))
        .output()
        .unwrap();
    Ran::of(&output)
}

#[test]
fn a_file_that_cannot_grow_costs_the_shard_and_nothing_else() {
    let study = busy();
    study.eval();
    study.plan("out", 2);
    study.shard("out", 2, 2).ending_with(0);
    let failed = with_small_files(&study, 4, "1/2").ending_with(1).stderr;
    assert!(failed.contains("cannot write "), "{failed}");
    assert!(!study.result("out", 1, 2).exists());
    let missing = study
        .run(&["status", "out", "--missing"])
        .ending_with(1)
        .stdout;
    assert_eq!(missing, "1\n");
    let resumed = study
        .run(&["run", "out", "--shard", "1/2"])
        .ending_with(0)
        .stderr;
    assert!(resumed.contains("resuming: "), "{resumed}");
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_shard_and_nothing_else() {
    let study = busy();
    let Some(disk) = SmallDisk::mount(&study.file("disk")) else {
        return;
    };
    study.eval();
    study.plan("disk/out", 2);
    study.shard("disk/out", 2, 2).ending_with(0);
    disk.fill();
    let failed = study.shard("disk/out", 1, 2);
    assert!(matches!(failed.code, Some(1 | 2)), "{failed:?}");
    assert!(
        failed
            .stderr
            .contains("the disk is full; free some space and run the same command again"),
        "{}",
        failed.stderr
    );
    assert!(!study.result("disk/out", 1, 2).exists());
    disk.free();
    let missing = study
        .run(&["status", "disk/out", "--missing"])
        .ending_with(1)
        .stdout;
    assert_eq!(missing, "1\n");
    study.shard("disk/out", 1, 2).ending_with(0);
    study.elsewhere("disk/out", "out");
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}
