//! Groups as rows, which exchange values within bands of size, and strata of missing values: what
//! comes out, and what is refused in which words.

use std::fmt::Write;

use crate::cli::folder::Folder;
use crate::cli::outputs::{cell, number, results};

/// Powers of two, so that means of whole numbers are exact in a file of float32.
const SIZES: [usize; 3] = [1, 4, 2];
const AUTHORS: usize = 60;
const COLUMNS: usize = 4;

/// What one row or one author is: its label, vector and mood.
struct Line {
    label: String,
    vector: [f32; COLUMNS],
    mood: f64,
}

/// Rows of sixty authors, each with one mood, which goes with the first column. `sizes`: rows of
/// each author in turn.
fn rows(sizes: &[usize]) -> Vec<Line> {
    let mut state = 5u64;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let mut rows = Vec::new();
    for author in 0..AUTHORS {
        let warmth = draw();
        let mood = (warmth + 0.3 * draw()) / 4.0;
        for _ in 0..sizes[author % sizes.len()] {
            rows.push(Line {
                label: format!("author {author}"),
                vector: std::array::from_fn(|column| {
                    let own = if column == 0 { warmth } else { draw() };
                    (64.0 * (own + 0.5 * draw())).round() as f32
                }),
                mood,
            });
        }
    }
    rows
}

/// The same, averaged by hand: one line an author.
fn authors(sizes: &[usize]) -> Vec<Line> {
    let rows = rows(sizes);
    let of_author = |author: usize| {
        let label = format!("author {author}");
        let own: Vec<&Line> = rows.iter().filter(|row| row.label == label).collect();
        Line {
            vector: std::array::from_fn(|column| {
                own.iter().map(|row| row.vector[column]).sum::<f32>() / own.len() as f32
            }),
            mood: own[0].mood,
            label,
        }
    };
    (0..AUTHORS).map(of_author).collect()
}

/// A study of vectors without texts; `by_author`: the author's label is the id, else the row's
/// number, beside a column `author`.
fn study(lines: &[Line], by_author: bool, more: &str) -> Folder {
    let folder = Folder::sound();
    let mut table = "id,author,mood\n".to_owned();
    let mut ids = String::new();
    for (row, line) in lines.iter().enumerate() {
        let id = if by_author {
            line.label.clone()
        } else {
            format!("r{row}")
        };
        writeln!(table, "{id},{},{}", line.label, line.mood).unwrap();
        writeln!(ids, "{id}").unwrap();
    }
    folder.write("texts.csv", table);
    let values: Vec<f32> = lines.iter().flat_map(|line| line.vector).collect();
    folder.with_vectors((lines.len(), COLUMNS), &values, &ids);
    folder.replace("plugins.toml", "text = \"text\"\n", "");
    folder.replace(
        "plugins.toml",
        "permutations = 19",
        &format!("permutations = 99\n{more}"),
    );
    folder
}

const BY_AUTHOR: [&str; 2] = ["--set", "data.group=\"author\""];

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.file("run").join(name)).unwrap()
}

#[test]
fn groups_as_rows_are_the_study_of_their_means() {
    let of_groups = study(&rows(&[4]), false, "unit = \"group\"");
    of_groups
        .eval(&[&["--quiet"][..], &BY_AUTHOR].concat())
        .ending_with(0);
    let by_hand = study(&authors(&[4]), true, "");
    by_hand.eval(&["--quiet"]).ending_with(0);
    for name in [
        "results.csv",
        "predictions.csv",
        "folds.csv",
        "null.npy",
        "jackknife.npy",
    ] {
        let read = |folder: &Folder| std::fs::read(folder.file("run").join(name)).unwrap();
        assert!(read(&of_groups) == read(&by_hand), "{name} differs");
    }
    let rows = results(&of_groups.file("run"));
    let row = cell(&rows, "vectors", "mood");
    assert_eq!((row["n"].as_str(), row["n_groups"].as_str()), ("60", ""));
    assert!(number(row, "r2") > 0.3 && number(row, "p") == 0.01);
    assert!(
        rows.iter().all(|row| row["encoder"] != "random_group"),
        "where groups are rows, none can cross folds"
    );
    assert!(text(&of_groups, "folds.csv").contains("\nauthor 59,1,"));
    let methods = text(&of_groups, "methods.txt");
    assert!(
        methods.contains("The data had 240 rows")
            && methods.contains(
                "each author (60 groups) was one row, with the mean of its rows' features"
            ),
        "{methods}"
    );
    assert!(methods.contains("the target values of groups were permuted"));
}

#[test]
fn groups_of_very_different_size_exchange_values_within_bands_and_it_is_said() {
    let folder = study(&rows(&SIZES), false, "unit = \"group\"");
    folder
        .eval(&[&["--quiet"][..], &BY_AUTHOR].concat())
        .ending_with(0);
    let table = results(&folder.file("run"));
    let row = cell(&table, "vectors", "mood");
    assert!(number(row, "r2") > 0.3 && number(row, "p") == 0.01);
    // Twenty authors of each of three sizes.
    assert!(text(&folder, "results.json").contains("\"size_bands\": 3"));
    assert!(text(&folder, "methods.txt").contains(
        "the target values of groups within bands of similar group size (at least ten groups each; approximate, as sizes differ within a band) were permuted"
    ));
    let report = text(&folder, "report.md");
    assert!(
        report.contains(
            ", one row a group, values exchanged within 3 bands of group size (approximate)"
        ) && report
            .contains("Spearman's correlation of a group's value with its number of rows: mood "),
        "{report}"
    );
    // Factors below two change nothing.
    let alike = study(&rows(&[2, 3]), false, "unit = \"group\"");
    alike
        .eval(&[&["--quiet"][..], &BY_AUTHOR].concat())
        .ending_with(0);
    assert!(text(&alike, "results.json").contains("\"size_bands\": 0"));
}

#[test]
fn size_bands_of_rows_are_refused_with_what_to_use_instead() {
    let said = refused(&study(&rows(&SIZES), false, "exchange = \"size_bands\""));
    assert!(
        said.contains("[evaluation] exchange = \"size_bands\" is not offered any more")
            && said.contains("  try: unit = \"group\" under [evaluation]"),
        "{said}"
    );
}

#[test]
fn blocks_of_groups_with_one_value_are_run_and_the_better_unit_is_named() {
    let folder = study(&rows(&SIZES), false, "");
    folder
        .eval(&[&["--quiet"][..], &BY_AUTHOR].concat())
        .ending_with(0);
    assert!(text(&folder, "results.json").contains("\"one-value-a-group\""));
}

fn refused(folder: &Folder) -> String {
    let ran = folder
        .eval(&[&["--quiet"][..], &BY_AUTHOR].concat())
        .ending_with(2);
    assert!(!folder.file("run").exists());
    ran.stderr
}

#[test]
fn values_of_groups_are_refused_where_a_group_has_two_and_the_first_is_named() {
    let mut lines = rows(&SIZES);
    // Authors 1 and 4 have four rows each, from row 1 and row 8 on.
    (lines[3].mood, lines[8].mood) = (7.0, 8.0);
    let shown = lines[1].mood;
    assert_eq!(
        refused(&study(&lines, false, "unit = \"group\"")),
        format!(
            "error: target `mood`: has more than one value in group `author 1`: {shown} (id `r1`) and 7 (id `r3`); so it is in 2 of 60 groups\n  \
             try: unit = \"row\" and exchange = \"blocks\" under [evaluation], which need no common value\n"
        )
    );
}

#[test]
fn schemes_that_leave_too_few_arrangements_are_refused_with_their_number() {
    // Inside an author every row has the same mood: nothing can move.
    let within = refused(&study(&rows(&SIZES), false, "exchange = \"within\""));
    assert_eq!(
        within,
        "error: target `mood`: the permutation scheme allows only 1 distinct arrangements of this target: the smallest possible p is 1.000, above the level \
         0.05; try another exchange, or smaller groups\n  try: unit = \"group\" under [evaluation]: each group has one value of it, so that groups can be the \
         rows and exchange values\n"
    );
}

#[test]
fn strata_that_lock_most_rows_are_refused_with_what_is_left() {
    let folder = Folder::sound();
    // Forty rows and six targets, of which row i lacks those in the binary digits of i: 40
    // patterns, each with its own row.
    let mut table = "id,text,a,b,c,d,e,f\n".to_owned();
    for row in 0..40usize {
        let values: Vec<String> = (0..6)
            .map(|bit| match row >> bit & 1 {
                1 => String::new(),
                _ => (row * (bit + 3) % 17).to_string(),
            })
            .collect();
        writeln!(table, "t{row},text number {row},{}", values.join(",")).unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "[\"mood\"]",
        "[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]",
    );
    let strata = [
        "--quiet",
        "--set",
        "evaluation.folds=2",
        "--set",
        "evaluation.missing_exchange=\"strata\"",
    ];
    let ran = folder.eval(&strata).ending_with(2);
    assert_eq!(
        ran.stderr,
        "error: [evaluation]: missing_exchange = \"strata\" exchanges only rows with the same values missing: 0 of 40 rows have another such row, at least half \
         must (attainable arrangements of the target that has fewest: 1); try missing_exchange = \"first-return\"\n"
    );
    folder.eval(&strata[..3]).ending_with(0);
}
