//! Workbooks and vectors that other programs made: `tests/fixtures/files`, by its `make.py`.

use std::path::{Path, PathBuf};

use super::super::embeddings::{Precomputed, read_precomputed};
use super::Study;
use crate::problem::Refusal;
use crate::read::dataset::Dataset;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/files")
        .join(name)
}

fn read(name: &str, sheet: Option<&str>, target: &str) -> Result<Dataset, String> {
    let bytes = std::fs::read(fixture(name)).unwrap();
    let mut study = Study::new(name, bytes, &[target]).with_text("text");
    study.data.format.sheet = sheet.map(str::to_owned);
    study
        .read()
        .map_err(|refusal| study.without_folder(&refusal))
}

#[test]
fn a_sheet_is_a_table_whose_whole_numbers_are_ids_without_a_point() {
    let xlsx = read("workbook.xlsx", Some("answers"), "score").unwrap();
    let ods = read("one.ods", None, "score").unwrap();
    assert_eq!(
        xlsx.ids,
        [
            "1", "10", "11", "12", "2", "3", "4", "5", "6", "7", "8", "9"
        ]
    );
    assert_eq!((&xlsx.ids, &xlsx.texts), (&ods.ids, &ods.texts));
    assert_eq!(xlsx.texts[0][0], "text 0 über music");
    assert_eq!((xlsx.targets[0].n(), ods.targets[0].n()), (11, 12));
    assert_eq!(xlsx.targets[0].values[1], ods.targets[0].values[1]);
    assert_eq!(
        xlsx.readings,
        [
            "workbook.xlsx: 1 cell holds a formula without a value (the first answers!D8), as a program leaves them that does not calculate; read as empty: open and save it in a spreadsheet"
        ]
    );
    assert!(ods.readings.is_empty());
}

#[test]
fn sheets_dates_and_errors_are_named() {
    assert_eq!(
        read("workbook.xlsx", None, "score").unwrap_err(),
        "workbook.xlsx: has several sheets: `answers`, `codebook`\n  try: sheet = \"answers\" beside the file's `path`"
    );
    assert_eq!(
        read("workbook.xlsx", Some("Answers"), "score").unwrap_err(),
        "workbook.xlsx: no sheet is called `Answers`; did you mean `answers`?"
    );
    let spoiled = read("workbook.xlsx", Some("answers"), "spoiled").unwrap_err();
    assert!(
        spoiled.starts_with("workbook.xlsx answers!D4: target `spoiled` = \"2024-05-03\" is not a finite number; 2 of 12 values are not\n  try: a date: spreadsheets make 3 May of 3.5"),
        "{spoiled}"
    );
    let day = read("workbook.xlsx", Some("answers"), "day").unwrap_err();
    assert!(
        day.contains("answers!E3: target `day` = \"2024-05-01\""),
        "{day}"
    );
    let text = Study::new("d.xlsx", "id,text\n1,a\n", &["y"]).refused();
    assert!(
        text.starts_with("d.xlsx: is not a readable workbook: "),
        "{text}"
    );
}

#[test]
fn a_damaged_workbook_is_one_clear_line() {
    for name in ["workbook.xlsx", "one.ods"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for length in (0..bytes.len()).step_by(bytes.len() / 40) {
            let said = Study::new(name, &bytes[..length], &["score"]).refused();
            assert!(
                said.starts_with(name) && said.lines().count() <= 2,
                "{said}"
            );
        }
        for at in (0..bytes.len()).step_by(bytes.len() / 60) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x41;
            let _ = Study::new(name, &bytes, &["score"]).read();
        }
    }
}

fn vectors(name: &str) -> Result<Precomputed, Refusal> {
    let ids: Vec<String> = (0..12).rev().map(|row| format!("s{row}")).collect();
    read_precomputed(&fixture(name), None, "id", &ids)
}

#[test]
fn vectors_in_an_archive_or_in_one_column_are_the_same_in_every_file() {
    let expected = vectors("vectors.npz").unwrap();
    assert_eq!((expected.x.nrows(), expected.x.ncols()), (12, 3));
    assert!((expected.x[(11, 0)] - 0.346).abs() < 1e-7);
    for name in ["pandas.parquet", "polars.parquet"] {
        assert_eq!(vectors(name).unwrap().x, expected.x, "{name}");
    }
    let printed = vectors("numpy.csv").unwrap();
    assert!((printed.x - &expected.x).amax() < 1e-7);
    // A time with a zone's name stands beside the vectors, and nobody asks for it.
    assert_eq!(
        vectors("pandas.parquet").unwrap().notes,
        [
            "pandas.parquet: the vectors are the lists in `embedding`; `when` beside them is not used"
        ]
    );
}

#[test]
fn lists_that_are_no_vectors_are_refused_with_their_row() {
    let refused = |rows: &[&str]| {
        let rows: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(row, list)| format!("{row},\"{list}\""))
            .collect();
        let study = Study::new("v.csv", format!("id,v\n{}\n", rows.join("\n")), &["y"]);
        let ids: Vec<String> = (0..rows.len()).map(|row| row.to_string()).collect();
        let read = read_precomputed(&study.path("v.csv"), None, "id", &ids);
        study.without_folder(&read.unwrap_err())
    };
    assert_eq!(
        refused(&["[1, 2]", "[1, 2, 3]"]),
        "v.csv:3: `v` has 3 numbers, and 2 in the rows before"
    );
    assert!(refused(&["[1 2]", "[1 ... 2]"]).starts_with("v.csv:3: `v` is cut off (`...`)"));
    assert_eq!(
        refused(&["[1 2]", "[1 b]"]),
        "v.csv:3: `v` has \"b\" in a list of numbers"
    );
    assert_eq!(
        refused(&["[1 2]", "none"]),
        "v.csv:3: `v` = \"none\" is no list of numbers"
    );
    let lacking = refused(&["[1 2]", "", "[3 4]"]);
    assert!(
        lacking.starts_with("v.csv: has no vector for 1 of the dataset's 3 ids (`1`)"),
        "{lacking}"
    );
}
