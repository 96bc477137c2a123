//! Columns of the study's own tables as features, `values`: numbers and categories, from
//! plugins.toml to the report and an exported model.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use crate::cli::folder::Folder;
use crate::cli::host::run;
use crate::cli::outputs::{cell, number, results};

const ROWS: usize = 60;

/// Scores that follow the site and one number, and a number and a site that are missing once each.
fn table() -> String {
    let mut table = "id,liwc_a,liwc_b,site,mood\n".to_owned();
    for row in 0..ROWS {
        let site = ["north", "east", "south"][row % 3];
        let (a, b) = (row * 7 % 11, row * 5 % 13);
        let mood = a as f64 + [0.0, 4.0, -4.0][row % 3] + (row * 3 % 7) as f64 / 4.0;
        match row {
            17 => writeln!(table, "r{row},,{b},{site},{mood}").unwrap(),
            18 => writeln!(table, "r{row},{a},{b},NA,{mood}").unwrap(),
            _ => writeln!(table, "r{row},{a},{b},{site},{mood}").unwrap(),
        }
    }
    table
}

fn study(encoders: &str) -> Folder {
    let folder = Folder::sound();
    folder.write("table.csv", table());
    folder.write(
        "plugins.toml",
        format!(
            "[study]\nname = \"values\"\nseed = 1\n\n[data]\npath = \"table.csv\"\nid = \"id\"\ntargets = [\"mood\"]\n\n\
             [evaluation]\npermutations = 99\ncontrols = false\nsensitivity = 10\n\n{encoders}\n\
             [[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\nexport_models = true\n"
        ),
    );
    folder
}

const VALUES: &str = "[[encoder]]\nname = \"all\"\nvalues = [\"liwc_*\", \"site\"]\n\n[[encoder]]\nname = \"counts\"\nvalues = [\"liwc_a\", \"liwc_b\"]\n";

#[test]
fn categories_are_dummies_whose_reference_is_named_in_plan_results_and_methods() {
    let folder = study(VALUES);
    let plan = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        plan.contains("all (columns `liwc_*`, `site` of the data)"),
        "{plan}"
    );
    let reference = "`site` as dummies of 3 categories, of which \"east\" is the reference";
    assert!(plan.contains(reference), "{plan}");
    folder.eval(&["--quiet"]).ending_with(0);
    let rows = results(&folder.file("run"));
    let all = cell(&rows, "all", "mood");
    assert_eq!((all["n"].as_str(), all["n_features"].as_str()), ("58", "4"));
    assert!(number(all, "r2") > number(cell(&rows, "counts", "mood"), "r2") + 0.2);
    let read = |name: &str| fs::read_to_string(folder.file(name)).unwrap();
    let results: Value = serde_json::from_str(&read("run/results.json")).unwrap();
    let parameters = results["encoders"][0]["parameters"].as_str().unwrap();
    assert!(parameters.ends_with(reference), "{parameters}");
    assert!(read("run/methods.txt").contains(reference));
    let reason = "2 rows dropped: no value of a column among";
    assert!(read("run/report.md").contains(reason));
}

#[test]
fn a_model_of_values_predicts_and_refuses_a_category_by_name() {
    let folder = study(VALUES);
    folder.eval(&["--quiet"]).ending_with(0);
    let model = "run/models/all__ridge__mood.ocean";
    folder.write(
        "new.csv",
        "id,site,liwc_b,liwc_a\nn1,south,3,5\nn2,east,3,5\nn3,north,,5\n",
    );
    let ran = run(folder.path(), &["predict", model, "new.csv"]).ending_with(0);
    let predicted: Vec<&str> = ran.stdout.lines().skip(1).collect();
    let value = |line: &str| line.split(',').nth(1).unwrap().parse::<f64>().ok();
    let (south, east) = (value(predicted[0]).unwrap(), value(predicted[1]).unwrap());
    assert!((south - east + 8.0).abs() < 1.0, "{south} {east}");
    assert_eq!(value(predicted[2]), None);
    assert!(
        ran.stderr.contains("no value of `liwc_b`"),
        "{}",
        ran.stderr
    );
    folder.write("west.csv", "id,site,liwc_b,liwc_a\nn1,west,3,5\n");
    let refused = run(folder.path(), &["predict", model, "west.csv"])
        .ending_with(2)
        .stderr;
    assert!(
        refused.contains("west.csv:2: value `site` = \"west\" is none of the categories that the model has seen: \"east\", \"north\", \"south\""),
        "{refused}"
    );
}

#[test]
fn values_that_are_no_columns_targets_or_words_among_numbers_are_refused() {
    for (values, refused) in [
        (
            "[\"lwic_a\"]",
            "table.csv: values \"lwic_a\" matches no column; did you mean `liwc_a`?",
        ),
        (
            "[\"mood\", \"site\"]",
            "`mood` is a target and among the values of an encoder",
        ),
        (
            "[\"id\"]",
            "`id` is among the values of an encoder and has another role under [data]",
        ),
    ] {
        let folder = study(&format!("[[encoder]]\nname = \"v\"\nvalues = {values}\n"));
        let said = folder.eval(&["--quiet"]).ending_with(2).stderr;
        assert!(said.contains(refused), "{refused}\n{said}");
    }
    let folder = study("[[encoder]]\nname = \"v\"\nvalues = [\"site\"]\nplugin = \"lexical\"\n");
    let said = folder.eval(&["--quiet"]).ending_with(2).stderr;
    assert!(
        said.contains("stands beside `plugin` or `embeddings`"),
        "{said}"
    );
}

#[test]
fn a_table_of_liwc_without_texts_is_a_study_that_init_writes_and_eval_runs() {
    let folder = Folder::sound();
    fs::remove_file(folder.file("plugins.toml")).unwrap();
    let words = [
        "WC", "Analytic", "Clout", "posemo", "negemo", "social", "cogproc", "percept", "bio",
        "drives", "relativ", "work",
    ];
    let mut table = format!("id,{},extraversion\n", words.join(","));
    for row in 0..40 {
        let counts: Vec<String> = (0..words.len())
            .map(|at| format!("{}.5", (row * (at + 3) + at) % 17))
            .collect();
        writeln!(
            table,
            "p{row},{},{}",
            counts.join(","),
            (row * 3 % 17) as f64 / 2.0
        )
        .unwrap();
    }
    folder.write("liwc.csv", table);
    let said = run(folder.path(), &["init", "liwc.csv"])
        .ending_with(0)
        .stdout;
    assert!(said.contains("ocean-host eval plugins.toml"), "{said}");
    let written = fs::read_to_string(folder.file("plugins.toml")).unwrap();
    assert!(
        written.contains("values = [\"WC\", \"Analytic\""),
        "{written}"
    );
    folder
        .eval(&["--quiet", "--set", "evaluation.permutations=19"])
        .ending_with(0);
}
