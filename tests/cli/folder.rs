//! A small sound study in a temporary folder, and the ways to spoil it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use ocean_tests::workspace::root;

use crate::cli::host::{Ran, run};

/// Rows of the sound study.
pub const ROWS: usize = 40;

/// The sound study: forty texts in which warm words go with a high `mood`; encoder lexical,
/// regressor ridge, 19 permutations.
pub struct Folder(tempfile::TempDir);

const PLUGINS: &str = r#"[study]
name = "small"

[data]
path = "texts.csv"
id = "id"
text = "text"
targets = ["mood"]

[evaluation]
permutations = 19
sensitivity = 0

[[encoder]]
name = "lexical"
plugin = "lexical"

[[regressor]]
name = "ridge"
plugin = "ridge"
"#;

impl Folder {
    pub fn sound() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("plugins.toml", PLUGINS);
        folder.write("texts.csv", texts(ROWS));
        folder
    }

    /// The quickstart's files.
    pub fn quickstart() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for entry in std::fs::read_dir(root().join("examples/quickstart")).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        folder
    }

    /// The quickstart with its first 150 texts: where nothing is said of the numbers, a quarter of
    /// the time does.
    pub fn small_quickstart() -> Self {
        let folder = Self::quickstart();
        let all = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
        let first: Vec<&str> = all.lines().take(1 + 150).collect();
        folder.write("texts.csv", first.join("\n") + "\n");
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), content).unwrap();
    }

    /// Replaces `from`, which must be there, by `to` in a file.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replace(from, to));
    }

    /// Adds an encoder of precomputed vectors: `shape` of the .npy header, its values, the lines of
    /// its ids.
    pub fn with_vectors(&self, shape: (usize, usize), values: &[f32], ids: &str) {
        self.write("vectors.npy", npy(shape, values));
        self.write("ids.txt", ids);
        self.replace(
            "plugins.toml",
            "[[encoder]]\nname = \"lexical\"\nplugin = \"lexical\"",
            "[[encoder]]\nname = \"vectors\"\nembeddings = \"vectors.npy\"\nids = \"ids.txt\"",
        );
    }

    /// `ocean-host eval plugins.toml --out run` and more arguments.
    pub fn eval(&self, more: &[&str]) -> Ran {
        run(
            self.path(),
            &[&["eval", "plugins.toml", "--out", "run"], more].concat(),
        )
    }
}

/// A table of `rows` texts of some words each, no two alike, with a mood that warm words raise.
pub fn texts(rows: usize) -> String {
    const WARM: [&str; 6] = ["sunny", "friends", "laughing", "music", "garden", "holiday"];
    const COLD: [&str; 6] = ["rain", "bills", "tired", "traffic", "noise", "headache"];
    let mut table = "id,text,mood\n".to_owned();
    let mut state = 7u64;
    for row in 0..rows {
        let mut words = String::new();
        let mut mood = 0.0;
        for _ in 0..8 + row % 5 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize;
            let is_warm = at % 100 < 20 + 60 * (row % 7) / 6;
            words.push_str(if is_warm {
                WARM[at / 100 % 6]
            } else {
                COLD[at / 100 % 6]
            });
            words.push(' ');
            mood += if is_warm { 1.0 } else { -1.0 };
        }
        writeln!(
            table,
            "t{row},{words}number {row},{}",
            mood / 10.0 + (state >> 60) as f64 / 20.0
        )
        .unwrap();
    }
    table
}

/// NumPy's format, version 1.0, little-endian float32. `shape` is what the header says, whatever
/// the values are.
pub fn npy(shape: (usize, usize), values: &[f32]) -> Vec<u8> {
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
        shape.0, shape.1
    );
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    values
        .iter()
        .for_each(|value| bytes.extend(value.to_le_bytes()));
    bytes
}
