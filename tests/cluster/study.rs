//! A planned study in a temporary folder, and what one does with it.

use std::path::{Path, PathBuf};

use crate::cluster::folder::{Folder, texts};
use crate::cluster::host::{Ran, run};
use crate::cluster::outputs::bytes;

/// A study of two encoders, two row sets, groups of permutations that do not divide evenly, two
/// repeats and redraws of the folds: every kind of item.
pub struct Study {
    pub folder: Folder,
}

impl Study {
    pub fn new() -> Self {
        let folder = Folder::sound();
        folder.write("texts.csv", two_moods(60));
        folder.replace("plugins.toml", "[\"mood\"]", "[\"mood\", \"some_mood\"]");
        folder.replace(
            "plugins.toml",
            "permutations = 19\nsensitivity = 0",
            "permutations = 299\nrepeats = 2\nfold_redraws = 3\nsensitivity = 4\nbest = true",
        );
        folder.replace(
            "plugins.toml",
            "[[regressor]]",
            "[[encoder]]\nname = \"narrow\"\nplugin = \"lexical\"\ndim = 64\n\n[[regressor]]",
        );
        Self { folder }
    }

    /// One small piece or two, for what takes many runs.
    pub fn small() -> Self {
        let folder = Folder::sound();
        folder.replace(
            "plugins.toml",
            "permutations = 19",
            "permutations = 499\ncontrols = false",
        );
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(self.path(), arguments)
    }

    /// `eval` into the folder `whole`.
    pub fn eval(&self) {
        self.run(&["eval", "plugins.toml", "--quiet", "--out", "whole"])
            .ending_with(0);
    }

    pub fn plan(&self, out: &str, shards: u32) -> Ran {
        let shards = shards.to_string();
        self.run(&[
            "plan",
            "plugins.toml",
            "--quiet",
            "--out",
            out,
            "--shards",
            &shards,
        ])
        .ending_with(0)
    }

    pub fn shard(&self, out: &str, index: u32, count: u32) -> Ran {
        let shard = format!("{index}/{count}");
        self.run(&["run", out, "--quiet", "--shard", &shard])
    }

    pub fn all_shards(&self, out: &str, count: u32) {
        for index in 1..=count {
            self.shard(out, index, count).ending_with(0);
        }
    }

    pub fn merge(&self, out: &str) -> Ran {
        self.run(&["merge", out, "--quiet"])
    }

    /// The file of a shard.
    pub fn result(&self, out: &str, index: u32, count: u32) -> PathBuf {
        let name = format!("cluster/results/shard-{index:05}-of-{count:05}.ocean-shard");
        self.file(out).join(name)
    }

    /// Flips a bit in the middle of the file of a shard.
    pub fn damage(&self, out: &str, index: u32, count: u32) {
        let file = self.result(out, index, count);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&file, bytes).unwrap();
    }

    /// Copies what shards have left: a report has figures, and there may be no room for them.
    pub fn elsewhere(&self, from: &str, to: &str) {
        std::fs::create_dir(self.file(to)).unwrap();
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .args([self.file(from).join("cluster"), self.file(to)])
            .status()
            .unwrap();
        assert!(copied.success());
    }

    /// `out` holds what `eval` left in `whole`, and `cluster` besides.
    pub fn assert_same_as_whole(&self, out: &str) {
        let whole = bytes(&self.file("whole"));
        let mut merged = bytes(&self.file(out));
        merged.retain(|name, _| !name.starts_with("cluster"));
        assert_eq!(
            whole.keys().collect::<Vec<_>>(),
            merged.keys().collect::<Vec<_>>()
        );
        for (name, bytes) in &whole {
            if merged[name] != *bytes {
                panic!(
                    "{} {}",
                    name.display(),
                    first_difference(bytes, &merged[name])
                );
            }
        }
        assert!(whole.len() >= 8, "{:?}", whole.keys());
        // Of provenance.json everything but what was measured.
        for key in ["fingerprint", "plugins", "rows", "build"] {
            assert_eq!(self.provenance("whole")[key], self.provenance(out)[key]);
        }
    }

    fn provenance(&self, out: &str) -> serde_json::Value {
        let text = std::fs::read(self.file(out).join("provenance.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

/// What stands where two files begin to differ.
fn first_difference(whole: &[u8], merged: &[u8]) -> String {
    let at = whole.iter().zip(merged).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let shown = at.saturating_sub(80)..bytes.len().min(at + 160);
        String::from_utf8_lossy(&bytes[shown]).into_owned()
    };
    format!(
        "differs at byte {at}:\n{}\nbut\n{}",
        around(whole),
        around(merged)
    )
}

/// The texts with a second target that every fourth text lacks.
fn two_moods(rows: usize) -> String {
    let table = texts(rows);
    let mut lines = table.lines();
    let mut both = format!("{},some_mood\n", lines.next().unwrap());
    for (at, line) in lines.enumerate() {
        let mood = line.rsplit(',').next().unwrap();
        let some = if at % 4 == 0 { "" } else { mood };
        both += &format!("{line},{some}\n");
    }
    both
}
