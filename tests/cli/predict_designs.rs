//! Exported models of studies with covariates and with groups as rows, held against least squares
//! done here; and rows that cannot be predicted.

use std::fmt::Write;

use nalgebra::{DMatrix, DVector};

use crate::cli::folder::{Folder, texts};
use crate::cli::host::{Ran, run};

const SITES: [&str; 3] = ["east", "north", "south"];
const COLUMNS: usize = 3;

/// A row of a study: vectors with names, covariates and a score.
struct Row {
    author: usize,
    vector: [f64; COLUMNS],
    age: f64,
    site: usize,
    mood: f64,
}

/// Rows of authors with one to three rows each, all of one mood.
fn rows(n: usize, mut state: u64) -> Vec<Row> {
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let (mut author, mut left, mut mood, mut rows) = (0, 1, 0.0, Vec::new());
    while rows.len() < n {
        let age = 40.0 + (draw() * 40.0).round();
        let vector = [mood + draw(), draw() + age / 40.0, draw()];
        let site = (3.0 * (draw() + 0.5)) as usize % 3;
        rows.push(Row {
            author,
            vector,
            age,
            site,
            mood,
        });
        left -= 1;
        if left == 0 {
            (author, left, mood) = (author + 1, 1 + (author + 1) % 3, draw() + age / 50.0);
        }
    }
    rows
}

/// The tables of these rows: `NAME.csv`, and `NAME_vectors.csv` with its columns in the given
/// order.
fn write(folder: &Folder, name: &str, rows: &[Row], order: [usize; COLUMNS]) {
    let mut table = "id,author,age,site,mood\n".to_owned();
    let named = order.map(|at| format!("v{at}"));
    let mut vectors = format!("id,{}\n", named.join(","));
    for (at, row) in rows.iter().enumerate() {
        let (age, site, mood) = (row.age, SITES[row.site], row.mood);
        writeln!(table, "r{at},a{},{age},{site},{mood}", row.author).unwrap();
        let [a, b, c] = order.map(|at| row.vector[at]);
        writeln!(vectors, "r{at},{a},{b},{c}").unwrap();
    }
    folder.write(&format!("{name}.csv"), table);
    folder.write(&format!("{name}_vectors.csv"), vectors);
}

fn study(rows: &[Row], data: &str, evaluation: &str) -> Folder {
    let folder = Folder::sound();
    write(&folder, "old", rows, [0, 1, 2]);
    folder.write(
        "plugins.toml",
        format!(
            "[study]\nname = \"s\"\n[data]\npath = \"old.csv\"\nid = \"id\"\ntargets = [\"mood\"]\n{data}\n\
             [evaluation]\npermutations = 19\nsensitivity = 0\ncontrols = false\n{evaluation}\n\
             [[encoder]]\nname = \"v\"\nembeddings = \"old_vectors.csv\"\nallow_misaligned = true\n\
             [[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\nexport_models = true\n"
        ),
    );
    folder.eval(&["--quiet"]).ending_with(0);
    folder
}

const MODEL: &str = "run/models/v__ridge__mood.ocean";

fn predict(folder: &Folder, more: &[&str]) -> Ran {
    let vectors = ["--embeddings", "new_vectors.csv", "--quiet"];
    run(
        folder.path(),
        &[&["predict", MODEL, "new.csv"], &vectors[..], more].concat(),
    )
}

/// Labels and predictions, NaN where there is none.
fn predictions(ran: &Ran, label: &str) -> Vec<(String, f64)> {
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec![label, "mood"]);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (row[0].to_owned(), row[1].parse().unwrap_or(f64::NAN))
    });
    rows.collect()
}

fn penalty(folder: &Folder) -> f64 {
    let text = std::fs::read(folder.file(MODEL)).unwrap();
    let model: serde_json::Value = serde_json::from_slice(&text).unwrap();
    model["regressor"]["alpha"].as_f64().unwrap()
}

fn matrix(rows: &[Row], values: impl Fn(&Row) -> Vec<f64>) -> DMatrix<f64> {
    let values: Vec<Vec<f64>> = rows.iter().map(values).collect();
    DMatrix::from_fn(rows.len(), values[0].len(), |row, column| {
        values[row][column]
    })
}

/// Old and new rows of a design, Z with the intercept.
struct Design {
    x: DMatrix<f64>,
    z: DMatrix<f64>,
}

/// ŷ = ZΓ̂ + X̃ŵ of the new rows, by the normal equations: everything is regressed on Z, what is
/// left of X is scaled, and ridge is fitted to what is left of y.
fn by_normal_equations(old: &Design, y: &DVector<f64>, alpha: f64, new: &Design) -> DVector<f64> {
    let solve = |a: DMatrix<f64>, b: DMatrix<f64>| a.cholesky().unwrap().solve(&b);
    let on_z = |b: &DMatrix<f64>| solve(old.z.tr_mul(&old.z), old.z.tr_mul(b));
    let y = DMatrix::from_column_slice(y.len(), 1, y.as_slice());
    let (b, gamma) = (on_z(&old.x), on_z(&y));
    let (mut x, mut x_new) = (&old.x - &old.z * &b, &new.x - &new.z * &b);
    for column in 0..x.ncols() {
        let sd = (x.column(column).norm_squared() / x.nrows() as f64).sqrt();
        x.column_mut(column).unscale_mut(sd);
        x_new.column_mut(column).unscale_mut(sd);
    }
    let gram = x.tr_mul(&x) + DMatrix::identity(x.ncols(), x.ncols()) * alpha;
    let w = solve(gram, x.tr_mul(&(&y - &old.z * &gamma)));
    (&new.z * gamma + x_new * w).column(0).into_owned()
}

fn assert_close(found: &[(String, f64)], expected: &DVector<f64>) {
    assert_eq!(found.len(), expected.len());
    for ((label, found), expected) in found.iter().zip(expected) {
        // Normal equations of a few columns, condition below 1e6.
        assert!(
            (found - expected).abs() < 1e-9,
            "{label}: {found} {expected}"
        );
    }
}

#[test]
fn a_model_with_covariates_is_least_squares_and_then_ridge_on_other_rows() {
    let (old, new) = (rows(60, 3), rows(20, 4));
    let folder = study(&old, "covariates = [\"age\", \"site\"]", "");
    write(&folder, "new", &new, [2, 0, 1]);
    let design = |rows: &[Row]| Design {
        x: matrix(rows, |row| row.vector.to_vec()),
        z: matrix(rows, |row| {
            let dummy = |site: usize| f64::from(u8::from(row.site == site));
            vec![1.0, row.age, dummy(1), dummy(2)]
        }),
    };
    let y = DVector::from_iterator(60, old.iter().map(|row| row.mood));
    let alpha = penalty(&folder);
    let expected = by_normal_equations(&design(&old), &y, alpha, &design(&new));
    let ran = predict(&folder, &[]).ending_with(0);
    assert_close(&predictions(&ran, "id"), &expected);

    // A row without an age has no prediction and is named; the others keep theirs.
    let table = std::fs::read_to_string(folder.file("new.csv")).unwrap();
    let line = table.lines().nth(3).unwrap();
    let mut fields: Vec<&str> = line.split(',').collect();
    fields[2] = "NA";
    folder.write("new.csv", table.replace(line, &fields.join(",")));
    let lacking = predict(&folder, &[]).ending_with(0);
    let words = "1 of 20 rows has no value of `age` and gets an empty prediction: \"r2\"";
    assert!(lacking.stderr.contains(words), "{}", lacking.stderr);
    let found = predictions(&lacking, "id");
    assert!(found[2].1.is_nan());
    assert_eq!(found[3..], predictions(&ran, "id")[3..]);

    // A category that was not seen, and a covariate that is not there.
    folder.write("new.csv", table.replacen("east", "East", 1));
    let refused = predict(&folder, &[]).ending_with(2);
    let words = "covariate `site` = \"East\" is none of the categories that the model has seen: \"east\", \"north\", \"south\"";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    folder.write("new.csv", table.replacen("age", "years", 1));
    let refused = predict(&folder, &[]).ending_with(2);
    assert!(
        refused.stderr.contains("covariate `age` is not a column"),
        "{}",
        refused.stderr
    );
}

/// The mean of each author's rows, and the logarithm of their number.
fn of_authors(rows: &[Row]) -> Design {
    let n_authors = rows.last().unwrap().author + 1;
    let own =
        |author: usize| -> Vec<&Row> { rows.iter().filter(|row| row.author == author).collect() };
    let mean = |author: usize, value: &dyn Fn(&Row) -> f64| {
        let rows = own(author);
        rows.iter().map(|row| value(row)).sum::<f64>() / rows.len() as f64
    };
    Design {
        x: DMatrix::from_fn(n_authors, COLUMNS, |author, column| {
            mean(author, &|row| row.vector[column])
        }),
        z: DMatrix::from_fn(n_authors, 3, |author, column| match column {
            0 => 1.0,
            1 => mean(author, &|row| row.age),
            _ => (own(author).len() as f64).ln(),
        }),
    }
}

#[test]
fn a_model_of_groups_predicts_the_mean_of_each_group_once() {
    let (old, new) = (rows(120, 5), rows(31, 6));
    let data = "group = \"author\"\ncovariates = [\"age\", \"log_size\"]";
    let folder = study(&old, data, "unit = \"group\"");
    write(&folder, "new", &new, [0, 1, 2]);
    let n_authors = old.last().unwrap().author + 1;
    let y = (0..n_authors).map(|author| old.iter().find(|row| row.author == author).unwrap().mood);
    let y = DVector::from_iterator(n_authors, y);
    let expected = by_normal_equations(&of_authors(&old), &y, penalty(&folder), &of_authors(&new));
    let ran = predict(&folder, &[]).ending_with(0);
    let found = predictions(&ran, "author");
    assert_close(&found, &expected);
    assert_eq!(found[1].0, "a1");
    assert!(
        ran.stderr.contains(" groups, verdict") || ran.stderr.is_empty(),
        "{}",
        ran.stderr
    );
    // The column of groups under another name, and missing.
    let table = std::fs::read_to_string(folder.file("new.csv")).unwrap();
    folder.write("new.csv", table.replacen("author", "who", 1));
    let renamed = predict(&folder, &["--group", "who"]).ending_with(0);
    assert_eq!(renamed.stdout, ran.stdout);
    let refused = predict(&folder, &[]).ending_with(2);
    assert!(
        refused.stderr.contains("group `author` is not a column"),
        "{}",
        refused.stderr
    );
}

#[test]
fn rows_without_a_text_are_not_encoded_and_get_an_empty_prediction() {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"mood\"]\ncovariates = [\"length\"]",
    );
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"\n",
        "plugin = \"ridge\"\nexport_models = true\n",
    );
    folder
        .eval(&["--quiet", "--set", "evaluation.controls=false"])
        .ending_with(0);
    let model = "run/models/lexical__ridge__mood.ocean";
    let predict = |table: &str| run(folder.path(), &["predict", model, table, "--quiet"]);
    let table = texts(6);
    folder.write("six.csv", &table);
    let whole = predictions(&predict("six.csv").ending_with(0), "id");
    let blank = |lines: &[usize], text: &str| -> String {
        let of_line = |(at, line): (usize, &str)| match lines.contains(&at) {
            true => format!("t{},{text},0\n", at - 1),
            false => format!("{line}\n"),
        };
        table.lines().enumerate().map(of_line).collect()
    };
    folder.write("blank.csv", blank(&[2, 5], "  "));
    folder.write("na.csv", blank(&[2, 5], "NA"));
    let jsonl: String = whole
        .iter()
        .zip(table.lines().skip(1))
        .map(|((id, _), line)| {
            let text = line.split(',').nth(1).unwrap();
            match ["t1", "t4"].contains(&id.as_str()) {
                true => format!("{{\"id\":\"{id}\",\"text\":null}}\n"),
                false => format!("{{\"id\":\"{id}\",\"text\":\"{text}\"}}\n"),
            }
        })
        .collect();
    folder.write("null.jsonl", jsonl);
    for table in ["blank.csv", "na.csv", "null.jsonl"] {
        let ran = predict(table).ending_with(0);
        let words = "2 of 6 rows have no text (`text`) and get empty predictions: \"t1\", \"t4\"";
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        for ((label, found), (expected_label, expected)) in
            predictions(&ran, "id").iter().zip(&whole)
        {
            assert_eq!(label, expected_label);
            match ["t1", "t4"].contains(&label.as_str()) {
                true => assert!(found.is_nan()),
                false => assert_eq!(found, expected),
            }
        }
    }
    folder.write("none.csv", "id,text\nt0,\nt1,NA\n");
    let refused = predict("none.csv").ending_with(2);
    let words = "none.csv: no row can be predicted: 2 rows have no text (`text`)";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
}
