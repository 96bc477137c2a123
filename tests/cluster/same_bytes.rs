//! Any number of shards, in any order, on any number of threads, some of them twice: the same
//! bytes.

use crate::cluster::study::Study;

#[test]
fn one_two_and_seven_shards_leave_the_bytes_of_eval() {
    let study = Study::new();
    study.eval();
    for count in [1, 2, 7] {
        let out = format!("in-{count}");
        study.plan(&out, count);
        study.all_shards(&out, count);
        let status = study.run(&["status", &out]).ending_with(0).stdout;
        assert!(status.contains("complete: ocean-host merge"), "{status}");
        study.merge(&out).ending_with(0);
        study.assert_same_as_whole(&out);
        // Merged again, it is only rendered again.
        study.merge(&out).ending_with(0);
        study.assert_same_as_whole(&out);
        let status = study.run(&["status", &out]).ending_with(0).stdout;
        assert!(status.contains("merged   the report is in"), "{status}");
    }
}

#[test]
fn shards_of_different_cuts_overlap_and_fit_together() {
    let study = Study::new();
    study.eval();
    study.plan("out", 4);
    // The last two thirds, on one thread, and then the first half, on two: the middle is computed
    // twice.
    for (shard, threads) in [("2/3", "1"), ("3/3", "1"), ("1/4", "2"), ("2/4", "2")] {
        let arguments = ["run", "out", "--quiet", "--shard", shard];
        study
            .run(&[&arguments[..], &["--threads", threads]].concat())
            .ending_with(0);
    }
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn more_shards_than_items_leave_the_same_bytes() {
    let study = Study::small();
    study
        .folder
        .replace("plugins.toml", "permutations = 499", "permutations = 99");
    study.eval();
    study.plan("out", 9);
    study.all_shards("out", 9);
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn groups_as_rows_leave_the_same_bytes() {
    let study = Study::small();
    let table = crate::cluster::folder::texts(60);
    let mut lines = table.lines();
    let mut grouped = format!("{},author\n", lines.next().unwrap());
    for (at, line) in lines.enumerate() {
        let (rest, _) = line.rsplit_once(',').unwrap();
        grouped += &format!("{rest},{},a{}\n", (at / 2 * 7) % 11, at / 2);
    }
    study.folder.write("texts.csv", grouped);
    study.folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"mood\"]\ngroup = \"author\"",
    );
    study.folder.replace(
        "plugins.toml",
        "sensitivity = 0",
        "sensitivity = 0\nunit = \"group\"",
    );
    study.eval();
    study.plan("out", 3);
    study.all_shards("out", 3);
    study.merge("out").ending_with(0);
    study.assert_same_as_whole("out");
}

#[test]
fn the_same_study_planned_again_is_cut_in_the_same_places() {
    let study = Study::small();
    study.plan("out", 3);
    let plan = |out: &str| -> serde_json::Value {
        let text = std::fs::read(study.file(out).join("cluster/plan.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let before = plan("out");
    study.plan("out", 3);
    assert_eq!(before["pieces"], plan("out")["pieces"]);
}
