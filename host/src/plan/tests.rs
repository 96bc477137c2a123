//! Defaults, paths, and every refusal of a plan by its text.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::keep::differences::differences;
use crate::problem::Refusal;
use crate::read::config::{Config, Scope};

const SMALL: &str = r#"[study]
name = "loans"
[data]
path = "loans.csv"
id = "id"
text = "text"
targets = "openness"
[evaluation]
[[encoder]]
name = "lexical"
plugin = "lexical"
[[regressor]]
name = "ridge"
plugin = "plugins/libridge.so"
"#;

fn resolve_text(text: &str, sets: &[&str]) -> Result<Plan, Refusal> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let file = Path::new("/studies/loans/plugins.toml");
    let config = Config::parse(file, text, &sets, Scope::Evaluation)?;
    Plan::resolve(&config, Some(Path::new("/out")))
}

fn resolve(sets: &[&str]) -> Result<Plan, Refusal> {
    resolve_text(SMALL, sets)
}

#[test]
fn absent_keys_take_the_defaults_of_the_contract() {
    let plan = serde_json::to_value(resolve(&[]).unwrap()).unwrap();
    let expected = json!({
        "study": { "name": "loans", "seed": 0 },
        "out": "/out",
        "folder": "/studies/loans",
        "data": {
            "path": "/studies/loans/loans.csv", "delimiter": null, "encoding": null, "sheet": null, "id": "id", "text": ["text"], "pool": "mean", "targets": ["openness"],
            "group": null, "missing": "drop", "blank": "drop", "covariates": [], "split": null, "joins": [],
        },
        "raters": [],
        "evaluation": {
            "folds": 5, "repeats": 1, "permutations": 999, "level": 0.05, "smallest_effect": null, "controls": true,
            "inner_folds": "outer", "exchange": "blocks", "unit": "row", "duplicates": "group",
            "missing_exchange": "first-return", "sensitivity": 200, "fold_redraws": 0, "best": false,
        },
        "encoders": [{
            "name": "lexical", "source": { "plugin": { "plugin": "lexical", "params": {} } },
            "pool": "mean", "isolation": null, "time_limit": 600, "memory_limit": null, "download": false, "report": true,
        }],
        "regressors": [{
            "name": "ridge", "plugin": "plugins/libridge.so", "params": {}, "alphas": null, "n_alphas": null,
            "alpha_min_ratio": 0.001, "patience": 5, "tol": 1e-9, "selection": "min", "compat": null, "export_models": false, "isolation": null, "time_limit": 600, "memory_limit": null,
        }],
    });
    assert_eq!(plan, expected);
}

#[test]
fn the_results_folder_is_named_after_the_study_unless_the_user_says() {
    let config = Config::parse(Path::new("/a/p.toml"), SMALL, &[], Scope::Evaluation).unwrap();
    let plan = Plan::resolve(&config, None).unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!(plan.out, here.join("runs/loans"));
}

#[test]
fn few_folds_get_inner_folds_of_their_own_and_the_plan_says_so() {
    let plan = resolve(&["evaluation.folds=3"]).unwrap();
    assert_eq!(plan.evaluation.inner_folds, InnerFolds::Independent(5));
    assert_eq!(
        plan.notes,
        [
            "folds = 3: too few for the remaining folds to tune on, so every training part gets 5 inner folds of its own"
        ]
    );
    assert_eq!(plan.n_designs(), 3 * 6);
    assert_eq!(
        resolve(&["evaluation.repeats=2"]).unwrap().n_designs(),
        2 * 15
    );
}

#[test]
fn a_grid_of_ones_own_is_sorted_strongest_first() {
    let plan = resolve(&["regressor.ridge.alphas=[0.1, 10, 1]"]).unwrap();
    assert_eq!(plan.regressors[0].alphas, Some(vec![10.0, 1.0, 0.1]));
}

#[test]
fn each_contradiction_is_named_with_its_line() {
    let same = "[[encoder]]\nname = \"Lexical\"\nplugin = \"x\"\n";
    let vectors = |lines: &str| format!("[[encoder]]\nname = \"v\"\n{lines}\n");
    let cases = [
        (
            same.to_owned(),
            "16: two [[encoder]] are called `Lexical`; the other is at /studies/loans/plugins.toml:10",
        ),
        (
            vectors("embeddings = \"v.npy\""),
            "17: [[encoder]] v embeddings is a .npy file without `ids`: row order is never trusted\n  try: ids = \"ids.txt\", a text file with one id per row, or a .npy file of ids",
        ),
        (
            vectors("embeddings = \"v.csv\"\nids = \"i.txt\""),
            "18: [[encoder]] v ids belongs to .npy files; a table of vectors has its own id column",
        ),
        (
            vectors("embeddings = \"v.bin\""),
            "17: [[encoder]] v embeddings is none of .npy, .npz, .csv, .tsv, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta",
        ),
        (
            vectors("embeddings = \"v.csv\"\nplugin = \"x\""),
            "17: [[encoder]] v embeddings stands beside `plugin`: vectors come from a plugin or from a file",
        ),
        (
            vectors("plugin = \"x\"\nids = \"i.txt\""),
            "18: [[encoder]] v ids belongs to `embeddings`; this encoder is a plugin",
        ),
        (
            vectors("embeddings = \"v.csv\"\ndownload = true"),
            "18: [[encoder]] v download has no meaning without `plugin`: vectors in a file or a table need none\n  try: leave it out; it belongs to encoders with `plugin`",
        ),
        (
            vectors("embeddings = \"v.csv\"\npool = \"concat\""),
            "18: [[encoder]] v pool has no meaning without `plugin`: vectors in a file or a table need none\n  try: leave it out; it belongs to encoders with `plugin`",
        ),
        (
            "isolation = \"in-process\"\ntime_limit = 5\n".to_owned(),
            "16: [[regressor]] ridge time_limit changes nothing beside `isolation = \"in-process\"`: only a process of its own is stopped\n  try: one of the two",
        ),
        (
            vectors("embeddings = \"v.csv\"\nalow_misaligned = true"),
            "18: [[encoder]] v has no key `alow_misaligned`; did you mean `allow_misaligned`?",
        ),
        (
            vectors(""),
            "15: [[encoder]] v has neither `plugin`, nor `embeddings`, nor `values`, nor `endpoint`, nor `combine`\n  try: plugin = \"lexical\", or embeddings = \"vectors.npy\" with ids = \"ids.txt\"",
        ),
        (
            "n_alphas = 3\nalphas = [1]\n".to_owned(),
            "15: [[regressor]] ridge n_alphas stands beside `alphas`: a grid is either given or found from the data",
        ),
    ];
    for (lines, message) in cases {
        let refusal = resolve_text(&format!("{SMALL}{lines}"), &[]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            format!("/studies/loans/plugins.toml:{message}")
        );
    }
    let cases = [
        (
            "evaluation.exchange=\"within\"",
            "[evaluation] exchange permutes inside groups, and [data] names no `group`\n  try: group = \"author\" under [data]",
        ),
        (
            "evaluation.unit=\"group\"",
            "[evaluation] unit makes every group one row, and [data] names no `group`\n  try: group = \"author\" under [data]",
        ),
        (
            "data.targets=[\"text\", \"y\"]",
            "[data] targets names `text`, which is the text column",
        ),
        (
            "data.covariates=[\"text\"]",
            "[data] covariates names `text`, which is the text column",
        ),
        (
            "data.covariates=[\"age\", \"openness\"]",
            "[data] covariates names `openness`, which is a target",
        ),
    ];
    for (set, message) in cases {
        assert_eq!(
            resolve(&[set]).unwrap_err().to_string(),
            format!("--set {set}: {message}")
        );
    }
}

#[test]
fn groups_are_rows_or_are_exchanged_and_not_both() {
    let grouped = ["data.group=\"author\"", "evaluation.unit=\"group\""];
    assert_eq!(resolve(&grouped).unwrap().evaluation.unit, Unit::Group);
    let both = [&grouped[..], &["evaluation.exchange=\"within\""]].concat();
    assert_eq!(
        resolve(&both).unwrap_err().to_string(),
        "--set evaluation.exchange=\"within\": [evaluation] exchange stands beside `unit = \"group\"`, which makes every group one row and exchanges \
         their values\n  try: one of the two"
    );
    assert!(resolve(&[&grouped[..], &["evaluation.exchange=\"blocks\""]].concat()).is_ok());
}

#[test]
fn a_study_without_targets_or_texts_says_what_to_add() {
    let text = SMALL
        .replace("text = \"text\"\n", "")
        .replace("targets = \"openness\"\n", "");
    assert_eq!(
        resolve_text(&text, &[]).unwrap_err().to_string(),
        "/studies/loans/plugins.toml:7: [[encoder]] lexical needs texts, and [data] names no `text`\n  try: text = \"text\" under [data]\n\
         /studies/loans/plugins.toml: says nowhere what is to be predicted\n  try: targets = [\"openness\"] under [data], or a section [raters]"
    );
}

#[test]
fn a_run_may_move_but_its_settings_and_contents_may_not_change() {
    let plan = resolve(&["data.join=[{ path = \"../r.csv\" }]"]).unwrap();
    let mut moved = plan.clone();
    moved.out = PathBuf::from("/elsewhere");
    moved.folder = PathBuf::from("/elsewhere");
    moved.data.path = PathBuf::from("/elsewhere/loans.csv");
    moved.data.joins[0].path = PathBuf::from("/elsewhere/r.csv");
    let contents = |data: &str, plugin: &str| {
        vec![
            ("loans.csv".to_owned(), data.to_owned()),
            ("ridge".to_owned(), plugin.to_owned()),
        ]
    };
    let same = plan.fingerprint(&contents("1", "2")).unwrap();
    let mut turned = contents("1", "2");
    turned.reverse();
    assert_eq!(moved.fingerprint(&turned).unwrap(), same);
    assert_ne!(plan.fingerprint(&contents("3", "2")).unwrap(), same);

    moved.evaluation.permutations = Permutations::Fixed(99);
    moved.regressors[0].alphas = Some(vec![1.0]);
    moved.encoders.clear();
    assert_eq!(
        differences(&plan.portable().unwrap(), &moved.portable().unwrap()),
        [
            "evaluation.permutations: 999 → 99",
            "encoders.1: {\"name\":\"lexical\",\"source\":{\"plugin\":{\"plugin\":\"lexical\",\"params\":{}}},\"pool\":\"mean\",\"download\":false,\"report\":true} → nothing",
            "regressors.1.alphas: nothing → [1.0]",
        ]
    );
    assert_ne!(moved.fingerprint(&contents("1", "2")).unwrap(), same);
}

#[test]
fn encoding_needs_neither_targets_nor_regressors() {
    let text = SMALL
        .split("[evaluation]")
        .next()
        .unwrap()
        .replace("targets = \"openness\"\n", "")
        + "[[encoder]]\nname = \"e\"\nplugin = \"e\"\n";
    let config = Config::parse(Path::new("/p.toml"), &text, &[], Scope::Encoding).unwrap();
    let plan = Plan::resolve(&config, None).unwrap();
    assert!(plan.regressors.is_empty() && plan.data.targets.is_empty());
}

#[test]
fn every_study_among_the_examples_resolves() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut resolved = 0;
    for folder in std::fs::read_dir(examples).unwrap() {
        let folder = folder.unwrap().path();
        let files = std::fs::read_dir(&folder).into_iter().flatten();
        for file in files.map(|file| file.unwrap().path()) {
            let is_manifest = file.ends_with("Cargo.toml");
            if is_manifest || file.extension().is_none_or(|e| e != "toml") {
                continue;
            }
            let config = Config::read(&file, &[], Scope::Evaluation).unwrap();
            Plan::resolve(&config, None).unwrap();
            resolved += 1;
        }
    }
    assert!(resolved >= 5, "found {resolved}");
}
