//! Exported models: what is written is what the path chose, and it is applied to the texts of its
//! own encoder alone.

use nalgebra::{DMatrix, DVector};
use ocean_tests::fixtures::c_plugin;
use serde_json::Value;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::{Ran, run};

/// A study of 120 texts whose regressors export their models.
fn exporting(regressors: &[&str]) -> Folder {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(120));
    folder.replace(
        "plugins.toml",
        "plugin = \"lexical\"\n",
        "plugin = \"lexical\"\ndim = 32\n",
    );
    folder.replace(
        "plugins.toml",
        "[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n",
        &regressors.concat(),
    );
    folder.eval(&["--quiet"]).ending_with(0);
    folder
}

fn section(name: &str, more: &str) -> String {
    format!("[[regressor]]\nname = \"{name}\"\n{more}\nexport_models = true\n\n")
}

fn predict(folder: &Folder, more: &[&str]) -> Ran {
    run(folder.path(), &[&["predict"], more].concat())
}

fn predictions(ran: &Ran) -> Vec<f64> {
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["id", "mood"]);
    reader
        .deserialize()
        .map(|row| row.map(|(_, value): (String, f64)| value).unwrap())
        .collect()
}

fn model(folder: &Folder, regressor: &str) -> (String, Value) {
    let file = format!("run/models/lexical__{regressor}__mood.ocean");
    let text = std::fs::read(folder.file(&file)).unwrap();
    (file, serde_json::from_slice(&text).unwrap())
}

/// The vectors that `encode --out` writes, as numbers, and the mood of each text.
fn vectors(folder: &Folder) -> (DMatrix<f64>, DVector<f64>) {
    run(
        folder.path(),
        &["encode", "plugins.toml", "--out", "vectors", "--quiet"],
    )
    .ending_with(0);
    let bytes = std::fs::read(folder.file("vectors/lexical.npy")).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values = bytes[header..].chunks_exact(4);
    let values = values.map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())));
    let x = DMatrix::from_row_iterator(120, 32, values);
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let mood = table.lines().skip(1).map(|line| {
        let (_, mood) = line.rsplit_once(',').unwrap();
        mood.parse::<f64>().unwrap()
    });
    (x, DVector::from_iterator(120, mood))
}

#[test]
fn an_exported_ridge_is_the_closed_form_at_its_penalty_here_and_in_a_worker() {
    let isolated = "plugin = \"ridge\"\nisolation = \"process\"";
    let folder = exporting(&[
        &section("ridge", "plugin = \"ridge\""),
        &section("apart", isolated),
    ]);
    let (file, exported) = model(&folder, "ridge");
    let ran = predict(&folder, &[&file, "texts.csv"]).ending_with(0);
    let (mut x, y) = vectors(&folder);
    for mut column in x.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
        let sd = (column.norm_squared() / 120.0).sqrt();
        if sd > 0.0 {
            column /= sd;
        }
    }
    let alpha = exported["regressor"]["alpha"].as_f64().unwrap();
    let gram = x.tr_mul(&x) + DMatrix::identity(32, 32) * alpha;
    let centred = y.add_scalar(-y.mean());
    let w = gram.cholesky().unwrap().solve(&x.tr_mul(&centred));
    let expected = (&x * w).add_scalar(y.mean());
    for (found, expected) in predictions(&ran).iter().zip(&expected) {
        // Two ways of solving a system of condition below 1e4.
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
    let (apart, exported_apart) = model(&folder, "apart");
    assert_eq!(
        exported["regressor"]["fitted"],
        exported_apart["regressor"]["fitted"]
    );
    let ran_apart = predict(&folder, &[&apart, "texts.csv", "--out", "p.csv"]).ending_with(0);
    assert!(ran_apart.stdout.contains("120 predictions: p.csv"));
    assert_eq!(
        std::fs::read_to_string(folder.file("p.csv")).unwrap(),
        ran.stdout
    );
}

#[test]
fn a_model_of_bytes_is_applied_by_its_plugin_and_damage_is_refused() {
    let library = c_plugin("keeps_state");
    let plugin = format!("plugin = \"{}\"", library.display());
    let folder = exporting(&[&section("kept", &plugin)]);
    let (file, exported) = model(&folder, "kept");
    let bytes = exported["regressor"]["fitted"]["State"].as_array().unwrap();
    assert_eq!(bytes.len(), 8 + 16);
    let by_it = ["--plugin", library.to_str().unwrap()];
    let ran = predict(&folder, &[&[&*file, "texts.csv"], &by_it[..]].concat()).ending_with(0);
    let found = predictions(&ran);
    // The best single column of all rows, with its slope.
    let (x, y) = vectors(&folder);
    let centred = y.add_scalar(-y.mean());
    let slope = |column: usize| {
        let x = x.column(column).add_scalar(-x.column(column).mean());
        (
            x.dot(&centred) / x.norm(),
            x.dot(&centred) / x.norm_squared(),
            x,
        )
    };
    let best = (0..32)
        .map(slope)
        .filter(|(strength, ..)| strength.is_finite())
        .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
        .unwrap();
    for (row, found) in found.iter().enumerate() {
        let expected = y.mean() + best.1 * best.2[row];
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
    let text = std::fs::read_to_string(folder.file(&file)).unwrap();
    folder.write(&file, text.replace("\"scale\":1.0", "\"scale\":2.0"));
    let refused = predict(&folder, &[&file, "texts.csv"]).ending_with(2);
    assert!(
        refused
            .stderr
            .contains("is damaged: its checksum does not match"),
        "{}",
        refused.stderr
    );
}

#[test]
fn another_encoder_than_the_models_own_is_refused_and_weak_evidence_is_said() {
    let folder = exporting(&[&section("ridge", "plugin = \"ridge\"")]);
    let (file, exported) = model(&folder, "ridge");
    let refused = predict(&folder, &[&file, "texts.csv", "--param", "dim=16"]).ending_with(2);
    let words =
        "error: encoder `lexical`: it is not the one the model was made with: cache_key is ";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    let ran = predict(&folder, &[&file, "texts.csv"]).ending_with(0);
    let verdict = exported["evidence"]["verdict"].as_str().unwrap();
    let said = ran.stderr.contains("It was not shown to predict better");
    assert_eq!(said, verdict != "predictive", "{verdict}: {}", ran.stderr);
    let missing = predict(&folder, &[&file, "texts.csv", "--text", "words"]).ending_with(2);
    assert!(missing.stderr.contains("words"), "{}", missing.stderr);
    let none = predict(&folder, &["none.ocean", "texts.csv"]).ending_with(2);
    assert!(none.stderr.contains("none.ocean"), "{}", none.stderr);
}

#[test]
fn a_model_of_vectors_asks_for_vectors() {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(120));
    let values: Vec<f32> = (0..240).map(|at| ((at * 37) % 101) as f32).collect();
    let ids: String = (0..120).map(|row| id_of(&folder, row) + "\n").collect();
    folder.with_vectors((120, 2), &values, &ids);
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"\n",
        "plugin = \"ridge\"\nexport_models = true\n",
    );
    // Numbers that know nothing of the texts: allowed when asked for.
    let ids = "ids = \"ids.txt\"\n";
    let allowed = format!("{ids}allow_misaligned = true\n");
    folder.replace("plugins.toml", ids, &allowed);
    folder.eval(&["--quiet"]).ending_with(0);
    let file = "run/models/vectors__ridge__mood.ocean";
    let refused = predict(&folder, &[file, "texts.csv"]).ending_with(2);
    assert!(
        refused
            .stderr
            .contains("try: --embeddings FILE.npy --ids IDS.txt"),
        "{}",
        refused.stderr
    );
    let with = ["--embeddings", "vectors.npy", "--ids", "ids.txt"];
    let ran = predict(&folder, &[&[file, "texts.csv"], &with[..]].concat()).ending_with(0);
    assert_eq!(predictions(&ran).len(), 120);
}

fn id_of(folder: &Folder, row: usize) -> String {
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let line = table.lines().nth(row + 1).unwrap();
    line.split(',').next().unwrap().to_owned()
}
