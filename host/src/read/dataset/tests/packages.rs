//! Files of SPSS and Stata, `tests/fixtures/files` by its `make.py`: the cells that pyreadstat reads
//! in them (its `as_pyreadstat_reads.json`), and files that are cut or damaged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Study;
use crate::plan::FormatPlan;
use crate::read::dataset::Dataset;
use crate::read::dataset::table::{Cell, Table};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/files")
        .join(name)
}

fn table(name: &str) -> Table {
    Table::read(&fixture(name), &FormatPlan::default()).unwrap()
}

#[test]
fn every_cell_is_the_one_that_pyreadstat_reads() {
    let read = std::fs::read(fixture("as_pyreadstat_reads.json")).unwrap();
    let read: BTreeMap<String, BTreeMap<String, Vec<Value>>> =
        serde_json::from_slice(&read).unwrap();
    assert!(read.len() > 8);
    for (file, columns) in &read {
        let table = table(file);
        assert_eq!(table.columns.len(), columns.len(), "{file}");
        for (name, expected) in columns {
            let column = table.column("column", name).unwrap();
            assert_eq!(table.n_rows, expected.len());
            for (row, expected) in expected.iter().enumerate() {
                let is_same = match (column.cell(row), expected) {
                    (Cell::Null, Value::Null) => true,
                    (Cell::Text(text), Value::String(expected)) => text == expected,
                    (Cell::Number(number), expected) => Some(number) == expected.as_f64(),
                    _ => false,
                };
                assert!(
                    is_same,
                    "{file} `{name}` row {row}: {:?}, {expected}",
                    column.cell(row)
                );
            }
        }
    }
}

#[test]
fn labels_are_the_words_of_groups_and_categories_and_targets_stay_numbers() {
    let table = table("codes.sav");
    let word = |name: &str, row: usize| table.column("column", name).unwrap().word(row);
    assert_eq!(word("sex", 1).as_deref(), Some("male"));
    assert_eq!(word("group", 1).as_deref(), Some("Bonn"));
    assert_eq!(word("group", 3), None, "`x` is called missing");
    let is_category = |name: &str| table.column("column", name).unwrap().is_labelled_category();
    assert!(is_category("sex") && !is_category("mood") && !is_category("score"));
    assert_eq!(
        table.notes,
        [
            "codes.sav: values that the file calls missing are missing: `mood` 2 (-99), `age` 1 (-9..-1), `group` 3 (\"x\")"
        ]
    );
}

fn study(name: &str, target: &str) -> Study {
    let bytes = std::fs::read(fixture(name)).unwrap();
    Study::new(name, bytes, &[target]).with_text("text")
}

#[test]
fn a_study_says_which_numbers_of_a_target_have_names_and_takes_labels_for_groups() {
    let mut study = study("pandas_118_big.dta", "mood");
    study.data.id = Some("person_identifier".to_owned());
    study.data.group = Some("sex".to_owned());
    study.data.covariates = vec!["sex".to_owned()];
    let dataset: Dataset = study.read().unwrap();
    assert_eq!(dataset.targets[0].n(), 10);
    assert_eq!(dataset.groups.unwrap()[..2], ["female", "male"]);
    assert_eq!(dataset.covariates.unwrap().names, ["sex = male"]);
    assert_eq!(
        dataset.readings,
        [
            "pandas_118_big.dta: the values of `mood` have labels and are read as numbers: 1 = \"very bad\", 2 = \"bad\", 3 = \"fair\", 4 = \"good\", 5 = \"very good\""
        ]
    );
}

#[test]
fn a_text_in_another_encoding_than_the_file_says_is_named_and_can_be_said() {
    let mut bytes = std::fs::read(fixture("pandas_118_big.dta")).unwrap();
    let at = bytes
        .windows(3)
        .position(|part| part == "üb".as_bytes())
        .unwrap();
    bytes[at..at + 2].copy_from_slice(b"\xfc ");
    let mut study = Study::new("latin.dta", bytes, &["mood"]).with_text("text");
    study.data.id = Some("person_identifier".to_owned());
    let refused = study.read().unwrap_err();
    let refused = study.without_folder(&refused);
    assert!(
        refused.starts_with("latin.dta row 1: column `text` is not sound UTF-8 text; as windows-1252 it reads \"text 0 ü ber music\"\n  try: encoding = \"windows-1252\""),
        "{refused}"
    );
    study.data.format.encoding = Some("latin1".to_owned());
    assert_eq!(study.read().unwrap().texts[0][0], "text 0 ü ber music");
    // Of a column that nobody asked for it is no reason to refuse the file.
    study.data.format.encoding = None;
    study.data.text = vec!["group".to_owned()];
    assert!(study.read().is_ok());
}

/// Every file with what is done to it.
fn for_each_file(mut check: impl FnMut(&str, &[u8])) {
    for name in [
        "plain.sav",
        "codes.sav",
        "blocks.zsav",
        "pandas_114.dta",
        "pandas_117.dta",
        "readstat_118.dta",
        "pandas_119.dta",
    ] {
        check(name, &std::fs::read(fixture(name)).unwrap());
    }
}

fn read(name: &str, bytes: &[u8]) -> Result<usize, String> {
    use super::super::{spss, stata};
    use crate::read::dataset::table::Wanted;
    let read = match name.ends_with("dta") {
        true => stata::read(name.to_owned(), bytes, None, Wanted::Readable),
        false => spss::read(name.to_owned(), bytes, None, Wanted::Readable),
    };
    read.map(|table| table.n_rows)
        .map_err(|refusal| refusal.to_string())
}

#[test]
fn a_file_that_is_cut_anywhere_before_its_last_row_is_refused_in_words() {
    for_each_file(|name, bytes| {
        let n_rows = read(name, bytes).unwrap();
        for end in (0..bytes.len()).step_by(7) {
            match read(name, &bytes[..end]) {
                // What stands behind the rows may end early where nothing refers to it.
                Ok(n) => assert_eq!(n, n_rows, "{name} cut at {end}"),
                Err(refused) => assert!(
                    refused.starts_with(&format!("{name}: is ")) || refused.contains("has no rows"),
                    "{refused}"
                ),
            }
        }
    });
}

#[test]
fn damaged_bytes_never_panic_and_never_take_more_memory_than_the_file_may() {
    let mut state = 12_345_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for_each_file(|name, bytes| {
        for _ in 0..300 {
            let mut damaged = bytes.to_vec();
            for _ in 0..=random(3) {
                let at = random(damaged.len());
                let end = damaged.len().min(at + 4);
                match random(3) {
                    0 => damaged[at] = random(256) as u8,
                    1 => damaged[at..end].fill(0xff),
                    _ => damaged[at..end].fill(0x7f),
                }
            }
            let _ = read(name, &damaged);
        }
    });
}
