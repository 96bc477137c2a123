//! The table against the reader, the plan and the page: no key is accepted and dropped, and none is
//! read that the table lacks.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::keep::differences::differences;
use crate::plan::Plan;
use crate::plan::preview;
use crate::problem::Refusal;
use crate::read::config::{Config, Scope};

/// An encoder of each kind, and one regressor.
const STUDY_TEXT: &str = r#"
[study]
name = "small"
[data]
path = "table.csv"
id = "row"
text = "text"
targets = "score"
[[data.join]]
path = "more.csv"
[evaluation]
[[encoder]]
name = "words"
plugin = "lexical"
[[encoder]]
name = "vectors"
embeddings = "vectors.npy"
ids = "ids.txt"
[[encoder]]
name = "pair"
combine = ["words", "vectors"]
[[encoder]]
name = "columns"
values = ["site"]
[[encoder]]
name = "server"
endpoint = "http://localhost/v1"
model = "m"
[[regressor]]
name = "lines"
plugin = "lasso"
"#;

fn plan(sets: &[String]) -> Result<Plan, Refusal> {
    let file = Path::new("/study/plugins.toml");
    let config = Config::parse(file, STUDY_TEXT, sets, Scope::Evaluation)?;
    Plan::resolve(&config, Some(Path::new("/out")))
}

/// A test sample, without which there is no such section.
const TESTED: &str = "test.path=\"later.csv\"";

fn json(plan: &Plan) -> Value {
    serde_json::to_value(plan).unwrap()
}

/// What a key needs beside it before it says anything.
fn beside(section: &str, key: &str) -> Vec<String> {
    let needed = match (section, key) {
        ("evaluation", "exchange" | "unit") => "data.group=\"author\"",
        ("data", "sheet") => "data.path=\"table.xlsx\"",
        ("test", "permutations") => "data.split=\"part\"",
        _ => return Vec::new(),
    };
    vec![needed.to_owned()]
}

/// The key with its example, as `--set` types it.
fn typed(section: &str, key: &Key) -> String {
    let (name, example) = (key.name, key.example);
    match (section, name) {
        ("data.join", "path") => format!("data.join=[{{ path = {example} }}]"),
        ("data.join", "sheet") => {
            format!("data.join=[{{ path = \"more.xlsx\", {name} = {example} }}]")
        }
        ("data.join", _) => format!("data.join=[{{ path = \"more.csv\", {name} = {example} }}]"),
        ("encoder", "embeddings" | "ids" | "allow_misaligned") => {
            format!("encoder.vectors.{name}={example}")
        }
        ("encoder", "values") => format!("encoder.columns.{name}={example}"),
        ("encoder", "endpoint" | "api_key_env" | "dimensions" | "send_texts") => {
            format!("encoder.server.{name}={example}")
        }
        ("encoder", "combine") => "encoder.pair.combine=[\"vectors\", \"words\"]".to_owned(),
        ("encoder", "weight" | "name") => format!("encoder.pair.{name}={example}"),
        ("encoder", _) => format!("encoder.words.{name}={example}"),
        ("regressor", _) => format!("regressor.lines.{name}={example}"),
        _ => format!("{section}.{name}={example}"),
    }
}

fn all() -> impl Iterator<Item = (&'static SectionKeys, &'static Key)> {
    SECTIONS
        .into_iter()
        .flat_map(|section| section.keys.iter().map(move |key| (section, key)))
}

#[test]
fn every_key_is_read_and_makes_another_plan() {
    for (section, key) in all() {
        let mut sets = beside(section.name, key.name);
        let without = plan(&sets).unwrap();
        sets.push(typed(section.name, key));
        let with = plan(&sets).unwrap_or_else(|refusal| panic!("{refusal}"));
        let place = format!("{} {}", section.header, key.name);
        let changed = differences(&json(&without), &json(&with));
        assert!(!changed.is_empty(), "{place} is accepted and dropped");
        // What a run is resumed by is all but the place.
        let resumed = differences(&without.portable().unwrap(), &with.portable().unwrap());
        assert_eq!(
            resumed.is_empty(),
            key.feeds == Feeds::Place,
            "{place}: {resumed:?}"
        );
    }
}

#[test]
fn a_key_of_the_table_that_nobody_reads_is_refused_and_so_is_a_reader_the_table_does_not_know() {
    static LONELY: SectionKeys = SectionKeys {
        name: "study",
        header: "[study]",
        meaning: "",
        others: Others::Refused,
        keys: STUDY.keys,
    };
    let file = "[study]\nname = \"s\"\nseed = 1\n";
    let mut problems = crate::problem::Problems::default();
    let document = crate::read::config::tree::parse("p.toml", file, &mut problems);
    let problems = std::cell::RefCell::new(problems);
    let node = document.get("study").unwrap();
    let mut section =
        crate::read::config::section::Section::open("[study]", node, &LONELY, &problems).unwrap();
    assert!(section.text("name").is_some());
    assert!(section.flag("quick").is_none());
    section.finish();
    assert_eq!(
        problems.into_inner().finish(()).unwrap_err().to_string(),
        "p.toml:1: [study] is read for `quick`, which the table of keys lacks\n\
         p.toml:3: [study] seed is read by nobody"
    );
}

#[test]
fn defaults_are_those_of_the_plan_and_examples_are_none_of_them() {
    let typed = preview::settings(&plan(&[TESTED.to_owned()]).unwrap());
    let typed: toml::Table = toml::from_str(&typed).unwrap();
    let first = |value: &toml::Value| match value {
        toml::Value::Array(tables) => tables[0].clone(),
        table => table.clone(),
    };
    let parse = |text: &str| {
        let table: toml::Table = toml::from_str(&format!("value = {text}")).unwrap();
        table["value"].clone()
    };
    // Of the small study; all others stand at their defaults.
    let typed_there = ["text", "targets"];
    for (section, key) in all().filter(|(_, key)| !typed_there.contains(&key.name)) {
        let mut parts = section.name.split('.');
        let outer = first(&typed[parts.next().unwrap()]);
        let inner = parts
            .next()
            .map_or(outer.clone(), |part| first(&outer[part]));
        let place = format!("{} {}", section.header, key.name);
        if let Default::Value(value) = key.default {
            // Vectors of a file have a key that plugins lack, and the other way round.
            let there = inner.get(key.name);
            let there = there.or_else(|| typed["encoder"][1].get(key.name));
            let there = there.or_else(|| typed["encoder"][2].get(key.name));
            let there = there.or_else(|| typed["encoder"][4].get(key.name));
            assert_eq!(there, Some(&parse(value)), "{place}");
            assert_ne!(parse(value), parse(key.example), "{place}");
        }
    }
}

/// Provenance records the plan: it must have every key and no further one.
#[test]
fn the_plan_has_the_keys_of_the_table() {
    let all = [TESTED, "report.by=\"site\"", "data.positive=\"yes\""].map(str::to_owned);
    let plan = json(&plan(&all).unwrap());
    let keys_of = |part: &Value| -> Vec<String> {
        let mut keys = Vec::new();
        for (key, value) in part.as_object().unwrap() {
            match (key.as_str(), value.as_object()) {
                // Vectors come from one of five sources, each with keys of its own.
                ("source", Some(source)) => {
                    for (_, kind) in source {
                        keys.extend(kind.as_object().unwrap().keys().cloned());
                    }
                }
                ("joins", _) => keys.push("join".to_owned()),
                _ => keys.push(key.clone()),
            }
        }
        keys.retain(|key| key != "params");
        keys
    };
    let parts = [
        (&STUDY, vec![&plan["study"]]),
        (&DATA, vec![&plan["data"]]),
        (&JOIN, vec![&plan["data"]["joins"][0]]),
        (&TEST, vec![&plan["test"]]),
        (&EVALUATION, vec![&plan["evaluation"]]),
        (&REPORT, vec![&plan["report"]]),
        (&ENCODER, (0..5).map(|at| &plan["encoders"][at]).collect()),
        (&REGRESSOR, vec![&plan["regressors"][0]]),
    ];
    for (section, parts) in parts {
        let mut recorded: Vec<String> = parts.into_iter().flat_map(keys_of).collect();
        recorded.sort();
        recorded.dedup();
        let mut listed: Vec<&str> = section.names().collect();
        listed.sort_unstable();
        assert_eq!(recorded, listed, "{}", section.header);
    }
}

/// `OCEAN_BLESS=1` writes the page anew.
#[test]
fn the_page_of_all_keys_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    if std::env::var_os("OCEAN_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page(),
        "docs/configuration.md is not what the table of keys says; make it with OCEAN_BLESS=1"
    );
}
