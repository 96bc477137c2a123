//! What is tried: each command of a tiny study, from the state that it needs.

use super::bench::Bench;

/// A command, and how its study comes to be where it begins.
pub struct Case {
    /// In the table.
    pub name: &'static str,
    /// What was done before.
    pub before: &'static [Step],
    /// The command.
    pub command: &'static [&'static str],
    /// Its result is the cache, which is otherwise nobody's loss.
    pub keeps_cache: bool,
    /// The exit code with which it ends when nothing goes wrong.
    pub code: i32,
    /// Trials of the sample.
    pub sampled: usize,
}

/// Something that happened before.
pub enum Step {
    /// The user writes a file.
    Write(&'static str, &'static str),
    /// A command that ends well.
    Run(&'static [&'static str]),
    /// A command that is killed at its first call of a kind about a path that ends so.
    Killed(&'static [&'static str], &'static str, &'static str),
}

const EVAL: &[&str] = &[
    "eval",
    "plugins.toml",
    "--out",
    "run",
    "-q",
    "--threads",
    "1",
];
const PLAN: &[&str] = &[
    "plan",
    "plugins.toml",
    "--out",
    "out",
    "--shards",
    "2",
    "-q",
    "--threads",
    "1",
];
const SHARD_1: &[&str] = &["run", "out", "--shard", "1/2", "-q", "--threads", "1"];
const SHARD_2: &[&str] = &["run", "out", "--shard", "2/2", "-q", "--threads", "1"];

const PREDICT: &[&str] = &[
    "predict",
    "run/models/lexical__ridge__mood.ocean",
    "texts.csv",
    "--out",
    "predicted.csv",
    "-q",
    "--threads",
    "1",
];

/// Every command that writes, and three that must not.
pub const CASES: &[Case] = &[
    Case {
        name: "eval",
        before: &[],
        command: EVAL,
        keeps_cache: false,
        code: 0,
        sampled: 24,
    },
    Case {
        name: "resume",
        before: &[Step::Killed(EVAL, "rename", "run/results.json")],
        command: EVAL,
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "eval --fresh",
        before: &[Step::Run(EVAL)],
        command: &[
            "eval",
            "plugins.toml",
            "--out",
            "run",
            "-q",
            "--threads",
            "1",
            "--fresh",
        ],
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "report",
        before: &[Step::Run(EVAL)],
        command: &["report", "run"],
        keeps_cache: false,
        code: 0,
        sampled: 10,
    },
    Case {
        name: "encode",
        before: &[],
        command: &[
            "encode",
            "plugins.toml",
            "--out",
            "vectors",
            "-q",
            "--threads",
            "1",
        ],
        keeps_cache: true,
        code: 0,
        sampled: 14,
    },
    Case {
        name: "predict",
        before: &[Step::Run(EVAL)],
        command: PREDICT,
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "plan",
        before: &[],
        command: PLAN,
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "run",
        before: &[Step::Run(PLAN)],
        command: SHARD_1,
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "merge",
        before: &[Step::Run(PLAN), Step::Run(SHARD_1), Step::Run(SHARD_2)],
        command: &["merge", "out", "-q", "--threads", "1"],
        keeps_cache: false,
        code: 0,
        sampled: 14,
    },
    Case {
        name: "init",
        before: &[],
        command: &["init", "texts.csv", "--out", "new.toml"],
        keeps_cache: false,
        code: 0,
        sampled: 11,
    },
    Case {
        name: "power",
        before: &[],
        command: &[
            "power",
            "plugins.toml",
            "--n",
            "40",
            "--r2",
            "0.1",
            "--data-sets",
            "20",
            "--out",
            "power",
            "-q",
            "--threads",
            "1",
        ],
        keeps_cache: false,
        code: 0,
        sampled: 9,
    },
    Case {
        name: "a taken name",
        before: &[Step::Run(EVAL), Step::Write("predicted.csv", "the user's")],
        command: PREDICT,
        keeps_cache: false,
        code: 2,
        sampled: 6,
    },
    Case {
        name: "a taken folder",
        before: &[Step::Write("run/report.md", "the user's")],
        command: EVAL,
        keeps_cache: false,
        code: 2,
        sampled: 6,
    },
    Case {
        name: "a name taken since",
        before: &[
            Step::Killed(EVAL, "rename", "run/results.json"),
            Step::Write("run/report.md", "the user's"),
        ],
        command: EVAL,
        keeps_cache: false,
        code: 2,
        sampled: 6,
    },
];

/// The study: forty texts, one encoder of each kind, no pictures that take longer than all else.
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
controls = false

[[encoder]]
name = "lexical"
plugin = "lexical"
dim = 16

[[encoder]]
name = "mine"
embeddings = "vectors.npy"
ids = "ids.txt"

[[regressor]]
name = "ridge"
plugin = "ridge"
export_models = true
"#;

/// The user's files.
pub const INPUTS: [&str; 4] = ["plugins.toml", "texts.csv", "vectors.npy", "ids.txt"];

/// A table of texts of some words each, with a mood that the warm ones raise.
fn texts(rows: usize) -> String {
    const WORDS: [&str; 8] = [
        "sunny", "friends", "music", "garden", "rain", "bills", "traffic", "noise",
    ];
    let mut table = "id,text,mood\n".to_owned();
    for row in 0..rows {
        let words = (0..8).map(|at| (row * 7 + at * at * 3 + row * at) % WORDS.len());
        let words: Vec<usize> = words.collect();
        let warm = words.iter().filter(|word| **word < 4).count();
        let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
        let mood = warm as f64 + (row * 13 % 17) as f64 / 10.0;
        table += &format!("t{row},{} number {row},{mood}\n", text.join(" "));
    }
    table
}

/// NumPy's format, version 1.0: rows of three numbers, little-endian float32.
fn npy(values: &[f32]) -> Vec<u8> {
    let rows = values.len() / 3;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 3), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16 + 1).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.push(b'\n');
    values
        .iter()
        .for_each(|value| bytes.extend(value.to_le_bytes()));
    bytes
}

/// Puts the study into the bench, and what was done before.
pub fn prepare(bench: &Bench, case: &Case) {
    let values: Vec<f32> = (0..120).map(|at| ((at * 37) % 101) as f32 / 50.0).collect();
    let ids: String = (0..40).map(|row| format!("t{row}\n")).collect();
    let inputs = [
        ("plugins.toml", PLUGINS.as_bytes().to_vec()),
        ("texts.csv", texts(40).into_bytes()),
        ("vectors.npy", npy(&values)),
        ("ids.txt", ids.into_bytes()),
    ];
    bench.begin(&inputs);
    for step in case.before {
        match step {
            Step::Write(name, text) => bench.write(name, text),
            Step::Run(command) => {
                let ran = bench.run(command, None);
                assert_eq!(ran.code, Some(0), "{command:?}: {}", ran.said);
            }
            Step::Killed(command, kind, path) => {
                let points = bench.counted(command, 0);
                let found = points
                    .iter()
                    .find(|point| point.kind == *kind && point.path.ends_with(path));
                let point = found.unwrap_or_else(|| panic!("{command:?} has no {kind} of {path}"));
                bench.begin(&inputs);
                let ran = bench.run(command, Some(&point.fails_with("kill")));
                assert_eq!(ran.signal, Some(9), "{command:?}: {}", ran.said);
            }
        }
    }
}
