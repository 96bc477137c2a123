//! Encoders side by side, from plugins.toml to the comparisons and an exported model; and what is
//! refused.

use std::fmt::Write;

use serde_json::Value;

use crate::cli::folder::{Folder, npy, texts};
use crate::cli::host::run;
use crate::cli::outputs::{Row, cell, number, results, table};

const ROWS: usize = 60;

/// Two columns that know the mood a little, and three that do not.
fn columns(row: usize, mood: f32) -> ([f32; 2], [f32; 3]) {
    let hashed = |by: usize| (row * by % 17) as f32 - 8.0;
    (
        [(mood * 16.0).round() + hashed(5), hashed(7)],
        [hashed(3), (mood * 8.0).round() + hashed(11), hashed(13)],
    )
}

/// Encoders `few` and `more` of files, and what else the study has.
fn study(encoders: &str) -> Folder {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(ROWS));
    let (mut ids, mut few, mut more, mut all) = (String::new(), vec![], vec![], vec![]);
    let mut named = "id,m1,m2,m3\n".to_owned();
    for (row, line) in texts(ROWS).lines().skip(1).enumerate() {
        let (id, _) = line.split_once(',').unwrap();
        let mood: f32 = line.rsplit(',').next().unwrap().parse().unwrap();
        let (a, b) = columns(row, mood);
        writeln!(ids, "{id}").unwrap();
        writeln!(named, "{id},{},{},{}", b[0], b[1], b[2]).unwrap();
        few.extend(a);
        more.extend(b);
        all.extend(a.iter().chain(&b).copied());
    }
    folder.write("ids.txt", ids);
    folder.write("few.npy", npy((ROWS, 2), &few));
    folder.write("more.csv", named);
    folder.write("all.npy", npy((ROWS, 5), &all));
    folder.replace(
        "plugins.toml",
        "[[encoder]]\nname = \"lexical\"\nplugin = \"lexical\"\n",
        &format!(
            "[[encoder]]\nname = \"few\"\nembeddings = \"few.npy\"\nids = \"ids.txt\"\nallow_misaligned = true\n\n\
             [[encoder]]\nname = \"more\"\nembeddings = \"more.csv\"\nallow_misaligned = true\n\n\
             {encoders}"
        ),
    );
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        "permutations = 99\ncontrols = false",
    );
    folder
}

const BOTH: &str = "[[encoder]]\nname = \"both\"\ncombine = [\"few\", \"more\"]\n";

#[test]
fn columns_side_by_side_are_those_of_one_file_and_are_compared_with_each_part() {
    let all = "[[encoder]]\nname = \"all\"\nembeddings = \"all.npy\"\nids = \"ids.txt\"\n";
    let by_columns = format!(
        "{BOTH}weight = \"columns\"\n\n{all}\n{}",
        BOTH.replace("both", "alike")
    );
    let folder = study(&by_columns);
    let preview = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        preview.contains("both (few, more side by side)"),
        "{preview}"
    );
    folder
        .eval(&["--quiet", "--set", "evaluation.sensitivity=10"])
        .ending_with(0);
    let rows = results(&folder.file("run"));
    let of = |encoder| cell(&rows, encoder, "mood");
    for column in [
        "n_features",
        "r2",
        "p",
        "ci_low",
        "ci_high",
        "null_mean",
        "alpha_median",
    ] {
        assert_eq!(of("both")[column], of("all")[column], "{column}");
    }
    assert_ne!(
        of("both")["r2"],
        of("alike")["r2"],
        "two columns count as much as three"
    );
    let pairs = table(&folder.file("run/comparisons.csv"));
    for part in ["few", "more"] {
        let is_pair = |row: &&Row| {
            let names = [row["encoder_a"].as_str(), row["encoder_b"].as_str()];
            row["target"] == "mood" && names.contains(&part) && names.contains(&"both")
        };
        let pair = pairs.iter().find(is_pair).unwrap();
        let gain = (number(of("both"), "r2") - number(of(part), "r2")).abs();
        assert!((number(pair, "delta_r2").abs() - gain).abs() < 1e-12);
        assert!(!pair["p"].is_empty());
    }
    let methods = std::fs::read_to_string(folder.file("run/methods.txt")).unwrap();
    assert!(
        methods.contains("both (few (precomputed) and more (precomputed) side by side, 5 features; each counts by its columns)"),
        "{methods}"
    );
}

#[test]
fn a_combined_model_is_exported_and_predicts_and_a_part_may_stand_behind_it() {
    let folder = study(
        "[[encoder]]\nname = \"words\"\nplugin = \"lexical\"\ndim = 32\nreport = false\n\n\
         [[encoder]]\nname = \"both\"\ncombine = [\"words\", \"more\"]\n",
    );
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nexport_models = true",
    );
    folder.eval(&["--quiet"]).ending_with(0);
    let rows = results(&folder.file("run"));
    let names: Vec<&str> = rows.iter().map(|row| row["encoder"].as_str()).collect();
    assert_eq!(names, ["few", "more", "both"]);
    let model = "run/models/both__ridge__mood.ocean";
    let exported: Value =
        serde_json::from_slice(&std::fs::read(folder.file(model)).unwrap()).unwrap();
    // Scaled by hand, a column of the second block has 1/√3 of its variance.
    let sds = exported["regressor"]["sd"].as_array().unwrap();
    let named = table(&folder.file("more.csv"));
    let values: Vec<f64> = named.iter().map(|row| number(row, "m1")).collect();
    let mean = values.iter().sum::<f64>() / ROWS as f64;
    let sd = (values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / ROWS as f64)
        .sqrt();
    let own = sds[32].as_f64().unwrap();
    assert!((own - sd * 3f64.sqrt()).abs() < 1e-9, "{own} {sd}");

    let arguments = [
        "predict",
        model,
        "texts.csv",
        "--embeddings",
        "more.csv",
        "--quiet",
    ];
    let predicted = run(folder.path(), &arguments).ending_with(0).stdout;
    let mut reader = csv::Reader::from_reader(predicted.as_bytes());
    let y_hat: Vec<f64> = reader
        .deserialize()
        .map(|row| row.map(|(_, value): (String, f64)| value).unwrap())
        .collect();
    assert_eq!(y_hat.len(), ROWS);
    let again = run(
        folder.path(),
        &[&arguments[..], &["--score", "mood"]].concat(),
    );
    let said = again.ending_with(0).stdout;
    assert!(said.contains("score     mood: 60 rows"), "{said}");
    let without = run(folder.path(), &["predict", model, "texts.csv", "--quiet"]);
    let message = without.ending_with(2).stderr;
    assert!(
        message.contains("vectors that were made elsewhere (`more`)"),
        "{message}"
    );
}

#[test]
fn what_cannot_stand_side_by_side_is_refused() {
    let refused = |encoders: &str, said: &str| {
        let message = study(encoders).eval(&[]).ending_with(2).stderr;
        assert!(message.contains(said), "{said}: {message}");
    };
    refused(
        &BOTH.replace("more", "mores"),
        "combine names `mores`, which is no [[encoder]]; did you mean `more`?",
    );
    refused(
        &BOTH.replace(", \"more\"", ""),
        "combine names one encoder; two or more stand side by side",
    );
    refused(
        &format!("{BOTH}\n[[encoder]]\nname = \"three\"\ncombine = [\"both\", \"few\"]\n"),
        "combine names `both`, which is combined itself",
    );
    refused(
        &format!("{BOTH}plugin = \"lexical\"\n"),
        "plugin stands beside `combine`",
    );
    refused(&format!("{BOTH}dim = 3\n"), "has no key `dim`");
    refused(
        "[[encoder]]\nname = \"words\"\nplugin = \"lexical\"\nreport = false\n",
        "report leaves nothing of it: no other encoder names it in `combine`",
    );
    refused(
        "[[encoder]]\nname = \"words\"\nplugin = \"lexical\"\nweight = \"columns\"\n",
        "weight belongs to `combine`",
    );
}
