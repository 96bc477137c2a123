//! Every key of the table of keys reaches what it is said to feed: the numbers, the names and
//! files, what is refused, or nothing that a reader sees.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ocean_host::read::config::keys::{Feeds, Key, SECTIONS};
use serde_json::Value;

use crate::cli::files::xlsx;
use crate::cli::folder::{Folder, npy, texts};
use crate::cli::host::run;
use crate::cli::outputs::bytes;

const ROWS: usize = 40;
/// Rows of a table of their own.
const LATER: usize = 8;

/// Keys that need a server: `endpoint.rs` has them.
const OF_SERVERS: [&str; 4] = ["endpoint", "api_key_env", "dimensions", "send_texts"];

const STUDY: &str = r#"[study]
name = "small"

[data]
path = "table.csv"
id = "id"
text = "text"
targets = ["mood", "calm", "*extra"]

[[data.join]]
path = "joined.csv"

[evaluation]
permutations = 19
sensitivity = 0
fold_redraws = 0

[[encoder]]
name = "words"
plugin = "lexical"
dim = 64

[[encoder]]
name = "vectors"
embeddings = "vectors.npy"
ids = "ids.txt"

[[encoder]]
name = "sizes"
values = ["size"]

[[encoder]]
name = "pair"
combine = ["words", "vectors"]

[[regressor]]
name = "lines"
plugin = "lasso"
"#;

/// A value that says something in this study, where the example of the table does not.
fn value(section: &str, key: &Key) -> &'static str {
    match (section, key.name) {
        ("data", "path") => "\"again.csv\"",
        ("data", "id") => "\"code\"",
        ("data", "text") => "[\"text\", \"more\"]",
        ("data", "targets") => "[\"mood\"]",
        ("data", "join") => "[{ path = \"joined_again.csv\" }]",
        ("data.join", "path") => "\"joined_again.csv\"",
        ("data" | "data.join", "encoding") => "\"iso-2022-jp\"",
        ("evaluation", "folds") => "4",
        ("evaluation", "permutations") => "{ adaptive = 399 }",
        ("evaluation", "smallest_effect") => "0.9",
        ("evaluation", "sensitivity") => "20",
        ("evaluation", "fold_redraws") => "2",
        ("data", "positive") => "\"0\"",
        ("report", "by") => "[\"part\"]",
        ("encoder", "name") => "\"letters\"",
        ("encoder", "plugin") => "\"no-such-plugin\"",
        ("encoder", "values") => "[\"size\", \"half\"]",
        ("encoder", "combine") => "[\"vectors\", \"words\"]",
        ("encoder", "embeddings") => "\"vectors_again.npy\"",
        ("encoder", "ids") => "\"ids_again.txt\"",
        ("regressor", "alphas") => "[0.5, 0.05]",
        ("regressor", "n_alphas") => "4",
        ("regressor", "alpha_min_ratio") => "0.5",
        ("regressor", "tol") => "1e-3",
        _ => key.example,
    }
}

/// What a key needs beside it before it says anything.
fn beside(section: &str, key: &Key) -> Vec<&'static str> {
    match (section, key.name) {
        ("data", "id") => vec!["data.join=[{ path = \"joined.csv\", id = \"id\" }]"],
        ("data", "positive") => vec!["data.targets=[\"half\"]"],
        ("data", "delimiter") => vec!["data.path=\"either.csv\""],
        ("data", "encoding") => vec!["data.path=\"escapes.csv\""],
        ("data", "sheet") => vec!["data.path=\"table.xlsx\"", "data.sheet=\"other\""],
        ("data", "blank") => vec!["data.path=\"blank.csv\""],
        ("data.join", "delimiter") => vec!["data.join=[{ path = \"either_joined.csv\" }]"],
        ("data.join", "encoding") => vec!["data.join=[{ path = \"escapes_joined.csv\" }]"],
        ("data.join", "sheet") => {
            vec!["data.join=[{ path = \"joined.xlsx\", sheet = \"other\" }]"]
        }
        ("evaluation", "unit") => vec!["data.group=\"author\"", "data.targets=[\"shared\"]"],
        ("data" | "encoder", "pool") => vec!["data.text=[\"text\", \"more\"]"],
        ("evaluation", "exchange") => vec!["data.group=\"author\""],
        ("test", "permutations") => vec!["data.split=\"part\""],
        ("data.join", "id") => vec!["data.join=[{ path = \"both.csv\", id = \"key\" }]"],
        ("regressor", "patience") => vec!["regressor.lines.patience=1"],
        _ => Vec::new(),
    }
}

fn typed(section: &str, key: &Key) -> String {
    let (name, value) = (key.name, value(section, key));
    match (section, name) {
        ("data.join", "path") => format!("data.join=[{{ path = {value} }}]"),
        ("data.join", "id") => format!("data.join=[{{ path = \"both.csv\", id = {value} }}]"),
        ("data.join", "on") => {
            "data.join=[{ path = \"joined.csv\", id = \"id\", on = \"code\" }]".to_owned()
        }
        ("data.join", "delimiter") => {
            format!("data.join=[{{ path = \"either_joined.csv\", {name} = {value} }}]")
        }
        ("data.join", "encoding") => {
            format!("data.join=[{{ path = \"escapes_joined.csv\", {name} = {value} }}]")
        }
        ("data.join", "sheet") => {
            format!("data.join=[{{ path = \"joined.xlsx\", {name} = {value} }}]")
        }
        ("data.join", _) => format!("data.join=[{{ path = \"joined.csv\", {name} = {value} }}]"),
        ("encoder", "embeddings" | "ids" | "allow_misaligned") => {
            format!("encoder.vectors.{name}={value}")
        }
        ("encoder", "values") => format!("encoder.sizes.{name}={value}"),
        ("encoder", "combine" | "weight" | "name") => format!("encoder.pair.{name}={value}"),
        ("encoder", _) => format!("encoder.words.{name}={value}"),
        ("regressor", _) => format!("regressor.lines.{name}={value}"),
        _ => format!("{section}.{name}={value}"),
    }
}

/// Tables of forty persons: two texts each, some of them equal, scores of which some are missing,
/// twenty authors, and further tables.
fn study() -> Folder {
    let folder = Folder::sound();
    folder.write("plugins.toml", STUDY);
    let rows = texts(ROWS);
    let cells: Vec<Vec<&str>> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect())
        .collect();
    let table = |turn: usize| {
        let mut table = "id,code,text,more,mood,calm,age,author,shared,part,size,half\n".to_owned();
        for (row, cell) in cells.iter().enumerate() {
            // The last three persons write what the first three do.
            let text = cells[if row >= ROWS - 3 { row + 3 - ROWS } else { row }][1];
            let more = cells[(row + 1) % ROWS][1];
            let mood = if row % 9 == 4 {
                ""
            } else {
                cells[(row + turn) % ROWS][2]
            };
            let calm = if row % 7 == 2 {
                ""
            } else {
                cells[(row * 3 + 1) % ROWS][2]
            };
            let (id, code, age, author) = (
                cell[0],
                cells[row * 7 % ROWS][0],
                20 + row * row % 31,
                row / 2,
            );
            let shared = cells[author][2];
            let part = if (10..18).contains(&row) {
                "test"
            } else {
                "train"
            };
            writeln!(
                table,
                "{id},{code},{text},{more},{mood},{calm},{age},a{author},{shared},{part},{},{}",
                row * 3 % 8,
                u8::from(cells[row][2] < cells[(row + 1) % ROWS][2])
            )
            .unwrap();
        }
        table
    };
    folder.write("table.csv", table(0));
    folder.write("again.csv", table(5));
    let later = (0..LATER).map(|row| {
        let mood = cells[row * 3][2];
        format!("l{row},{} later,{mood},{mood},{row}\n", cells[row][1])
    });
    folder.write(
        "later.csv",
        format!("id,text,mood,calm,size\n{}", later.collect::<String>()),
    );
    let of_column = |header: &str, turn: usize| {
        let lines =
            (0..ROWS).map(|row| format!("{},{}\n", cells[row][0], cells[(row + turn) % ROWS][2]));
        let later = (0..LATER).map(|row| format!("l{row},{}\n", cells[row * 2][2]));
        format!(
            "{header}\n{}{}",
            lines.collect::<String>(),
            later.collect::<String>()
        )
    };
    folder.write("joined.csv", of_column("id,extra", 0));
    folder.write("joined_again.csv", of_column("id,extra", 3));
    let words = cells[6][1];
    folder.write("blank.csv", table(0).replace(&format!(",{words},"), ",,"));
    as_written(&folder, "table.csv", "again.csv", "table.xlsx");
    as_written(&folder, "joined.csv", "joined_again.csv", "joined.xlsx");
    let both = (0..ROWS).map(|row| {
        let [key, other] = [row, row * 11 % ROWS].map(|row| cells[row][0]);
        format!("{key},{other},{}\n", cells[row][2])
    });
    folder.write(
        "both.csv",
        format!("key,sample_id,extra\n{}", both.collect::<String>()),
    );
    let vectors = |turn: usize| {
        let of_row = |row: usize| {
            let mood: f32 = cells[(row + turn) % ROWS][2].parse().unwrap();
            [mood, (row * 5 % 7) as f32, (row * 3 % 11) as f32]
        };
        let all = (0..ROWS).chain(0..LATER).flat_map(of_row);
        npy((ROWS + LATER, 3), &all.collect::<Vec<f32>>())
    };
    folder.write("vectors.npy", vectors(0));
    folder.write("vectors_again.npy", vectors(2));
    let ids = |turn: usize| -> String {
        let id = |row: usize| format!("{}\n", cells[(row + turn) % ROWS][0]);
        let later = (0..LATER).map(|row| format!("l{row}\n"));
        (0..ROWS).map(id).chain(later).collect()
    };
    folder.write("ids.txt", ids(0));
    folder.write("ids_again.txt", ids(1));
    folder
}

/// Files that may be read in two ways: with either delimiter, which gives one table or the other;
/// with escapes that are letters in another encoding; a workbook of both tables.
fn as_written(folder: &Folder, one: &str, other: &str, workbook: &str) {
    let read = |name: &str| std::fs::read_to_string(folder.file(name)).unwrap();
    let (first, second) = (read(one), read(other));
    let lines = first.lines().zip(second.lines());
    let both = lines.map(|(one, other)| format!("{one},x;{};x\n", other.replace(',', ";")));
    let suffix = if one == "table.csv" { "" } else { "_joined" };
    folder.write(&format!("either{suffix}.csv"), both.collect::<String>());
    let escaped = first.replace("garden", "\x1b$B4D6-\x1b(B");
    let escaped = match one {
        "table.csv" => escaped,
        _ => escaped.replace("\nt5,", "\n\x1b$B4D6-\x1b(B,"),
    };
    folder.write(&format!("escapes{suffix}.csv"), escaped);
    folder.write(workbook, xlsx(&[("answers", &first), ("other", &second)]));
}

/// How a run ended: with files, or with an exit code.
#[derive(Debug, PartialEq)]
struct Outcome {
    code: Option<i32>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    cells: Vec<Value>,
}

impl Outcome {
    fn of(folder: &Folder, sets: &[String], out: &str) -> Self {
        let mut arguments = vec!["eval", "plugins.toml", "--quiet", "--out", out];
        for set in sets {
            arguments.extend(["--set", set]);
        }
        let ran = run(folder.path(), &arguments);
        if ran.code != Some(0) {
            let (files, cells) = (BTreeMap::new(), vec![Value::from(ran.stderr)]);
            return Self {
                code: ran.code,
                files,
                cells,
            };
        }
        let files = bytes(&folder.file(out));
        let results: Value =
            serde_json::from_slice(&files[&PathBuf::from("results.json")]).unwrap();
        let cells = results["cells"].as_array().unwrap().clone();
        Self {
            code: ran.code,
            files,
            cells,
        }
    }

    fn results(&self) -> Option<&Vec<u8>> {
        self.files.get(Path::new("results.json"))
    }

    /// The numbers of the cells, whatever they are called.
    fn numbers(&self) -> Vec<[&Value; 3]> {
        self.cells
            .iter()
            .map(|cell| ["r2", "p", "n"].map(|key| &cell[key]))
            .collect()
    }
}

#[test]
fn every_key_reaches_what_it_is_said_to_feed() {
    let folder = study();
    let mut known: BTreeMap<Vec<String>, Outcome> = BTreeMap::new();
    let mut wrong = Vec::new();
    for section in SECTIONS {
        let keys = section.keys.iter().enumerate();
        for (at, key) in keys.filter(|(_, key)| !OF_SERVERS.contains(&key.name)) {
            let mut sets: Vec<String> = beside(section.name, key)
                .iter()
                .map(ToString::to_string)
                .collect();
            let out = format!("{}-{at}", section.name);
            let without = known
                .entry(sets.clone())
                .or_insert_with(|| Outcome::of(&folder, &sets, &format!("without-{out}")));
            assert_eq!(without.code, Some(0), "{sets:?}: {:?}", without.cells);
            sets.push(typed(section.name, key));
            let with = Outcome::of(&folder, &sets, &out);
            let is_as_said = match key.feeds {
                Feeds::Results if with.code != Some(0) => {
                    key.name == "plugin" && with.code == Some(2)
                }
                // What stands beside the cells counts: a level moves no cell where nothing is found.
                Feeds::Results => with.results() != without.results(),
                Feeds::Names => with.files != without.files && with.numbers() == without.numbers(),
                Feeds::Permission if key.name == "missing" => with.code == Some(2),
                Feeds::Permission | Feeds::Place => with == *without,
            };
            if !is_as_said {
                let changed: Vec<_> = with
                    .files
                    .keys()
                    .filter(|name| with.files.get(*name) != without.files.get(*name))
                    .collect();
                let words = if with.code == Some(0) {
                    None
                } else {
                    with.cells.first()
                };
                wrong.push(format!(
                    "{sets:?} ({:?}): exit code {:?}, {words:?}, changed {changed:?}",
                    key.feeds, with.code
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
