//! Small files in a temporary folder: what is read, and every refusal by its text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc as StdArc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};

use super::embeddings::read_precomputed;
use super::form::Lost;
use super::*;
use crate::plan::{Blank, FormatPlan, JoinPlan, Missing, Pool};

mod columns;
mod formats;
mod indices;
mod json_lines;
mod missing_words;
mod packages;
mod quotes;
mod separators;
mod two_words;
mod workbooks;

/// A folder with files, and a plan over them.
struct Study {
    folder: tempfile::TempDir,
    data: DataPlan,
    raters: Vec<RaterPlan>,
    folds: u32,
}

impl Study {
    /// `targets` in `file`, ids in `id`; two folds.
    fn new(file: &str, content: impl AsRef<[u8]>, targets: &[&str]) -> Study {
        let folder = tempfile::tempdir().unwrap();
        let data = DataPlan {
            path: folder.path().join(file),
            format: FormatPlan::default(),
            id: Some("id".to_owned()),
            text: Vec::new(),
            pool: Pool::Mean,
            targets: targets.iter().map(ToString::to_string).collect(),
            positive: Vec::new(),
            group: None,
            missing: Missing::Drop,
            blank: Blank::Drop,
            covariates: Vec::new(),
            split: None,
            part: None,
            fold_column: None,
            by: Vec::new(),
            values: Vec::new(),
            joins: Vec::new(),
        };
        let study = Study {
            folder,
            data,
            raters: Vec::new(),
            folds: 2,
        };
        study.with_file(file, content)
    }

    fn with_file(self, file: &str, content: impl AsRef<[u8]>) -> Study {
        std::fs::write(self.path(file), content).unwrap();
        self
    }

    fn with_text(mut self, column: &str) -> Study {
        self.data.text.push(column.to_owned());
        self
    }

    fn with_join(mut self, file: &str, content: impl AsRef<[u8]>, id: &str, prefix: &str) -> Study {
        self.data.joins.push(JoinPlan {
            path: self.path(file),
            format: FormatPlan::default(),
            id: id.to_owned(),
            on: None,
            prefix: prefix.to_owned(),
        });
        self.with_file(file, content)
    }

    fn with_raters(mut self, target: &str, columns: &[&str]) -> Study {
        self.raters.push(RaterPlan {
            target: target.to_owned(),
            columns: columns.iter().map(ToString::to_string).collect(),
        });
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn read(&self) -> Result<Dataset, Refusal> {
        Dataset::read(&self.data, &self.raters, self.folds)
    }

    /// What is refused, with the folder left out of the text.
    fn refused(&self) -> String {
        self.without_folder(&self.read().unwrap_err())
    }

    fn without_folder(&self, refusal: &Refusal) -> String {
        let folder = format!("{}/", self.folder.path().display());
        refusal.to_string().replace(&folder, "")
    }
}

/// A data file with one target `y`.
fn refused(content: impl AsRef<[u8]>) -> String {
    Study::new("d.csv", content, &["y"]).refused()
}

/// A column in the order of the main file.
fn in_file_order<T: Clone>(dataset: &Dataset, column: &[T]) -> Vec<T> {
    let rows = dataset.in_file_order().into_iter();
    rows.map(|row| column[row].clone()).collect()
}

fn same(values: &[f64], expected: &[f64]) -> bool {
    let pairs = values.iter().zip(expected);
    values.len() == expected.len()
        && pairs.fold(true, |so, (a, b)| {
            so && (a == b || a.is_nan() && b.is_nan())
        })
}

const NONE: f64 = f64::NAN;

#[test]
fn a_csv_file_is_read_as_it_stands() {
    let content = "\u{feff}id,text,y,who\r\na,\"one, \"\"two\"\"\nthree\",1.5,x\r\n\r\nb,,NA,y\r\nc, Ü ,-2e1,x\r\nd,z, 3 ,x\ne,,4,x";
    let mut study = Study::new("d.csv", content, &["y"]).with_text("text");
    study.data.group = Some("who".to_owned());
    study.data.blank = Blank::Keep;
    let dataset = study.read().unwrap();
    assert_eq!(dataset.ids, ["a", "b", "c", "d", "e"]);
    assert_eq!(dataset.texts, [["one, \"two\"\nthree", "", " Ü ", "z", ""]]);
    assert_eq!(
        dataset.groups.as_deref().unwrap(),
        ["x", "y", "x", "x", "x"]
    );
    assert!(same(
        &dataset.targets[0].values,
        &[1.5, NONE, -20.0, 3.0, 4.0]
    ));
    assert_eq!(dataset.targets[0].n(), 4);
    assert_eq!(dataset.dropped, [("no value of any target".to_owned(), 1)]);
    let hash = blake3::hash(content.as_bytes()).to_hex().to_string();
    assert_eq!(dataset.hashes, [("d.csv".to_owned(), hash)]);
}

#[test]
fn every_way_of_writing_a_missing_value_is_missing() {
    let content = "id,y\n1,\n2,NA\n3,NaN\n4,null\n5,None\n6,.\n7,1\n8,2\n9,3\n10,4\n11,n/a\n12,#N/A\n13, - \n14,NULL\n15,nan\n";
    let dataset = Study::new("d.csv", content, &["y"]).read().unwrap();
    assert_eq!(dataset.targets[0].n(), 4);
}

#[test]
fn the_same_rows_read_the_same_from_every_format() {
    let csv = "id,text,y\n1,a,0.1\n2,b,\n3,c,3\n4,d,1e-7\n5,e,5\n";
    let tsv = csv.replace(',', "\t");
    let jsonl = "{\"id\": 1, \"text\": \"a\", \"y\": 0.1}\n{\"text\": \"b\", \"id\": \"2\", \"y\": null}\n\n\
                 {\"id\": 3, \"text\": \"c\", \"y\": 3}\n{\"id\": 4, \"text\": \"d\", \"y\": 1e-7}\n{\"id\": 5, \"text\": \"e\", \"y\": \"5\"}";
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", StdArc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
        (
            "text",
            StdArc::new(StringArray::from(vec!["a", "b", "c", "d", "e"])),
        ),
        (
            "y",
            StdArc::new(Float64Array::from(vec![
                Some(0.1),
                None,
                Some(3.0),
                Some(1e-7),
                Some(5.0),
            ])),
        ),
    ];
    let files = [
        ("d.csv", csv.as_bytes().to_vec()),
        ("d.tsv", tsv.into_bytes()),
        ("d.jsonl", jsonl.as_bytes().to_vec()),
        ("d.parquet", parquet_file(columns)),
    ];
    for (file, content) in files {
        let dataset = Study::new(file, content, &["y"])
            .with_text("text")
            .read()
            .unwrap();
        assert_eq!(dataset.ids, ["1", "2", "3", "4", "5"], "{file}");
        assert_eq!(dataset.texts[0], ["a", "b", "c", "d", "e"], "{file}");
        assert!(
            same(&dataset.targets[0].values, &[0.1, NONE, 3.0, 1e-7, 5.0]),
            "{file}"
        );
    }
}

fn parquet_file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn files_that_are_no_tables_are_one_clear_line() {
    let long = "has no rows";
    let cases: [(&str, &[u8], &str); 12] = [
        ("d.csv", b"", "d.csv: is empty"),
        ("d.csv", b"\n\n", "d.csv: is empty"),
        ("d.csv", b"\xef\xbb\xbf", "d.csv: is empty"),
        ("d.csv", b"id,y\n", "d.csv: has a header and no rows"),
        ("d.jsonl", b"", "d.jsonl: is empty"),
        ("d.jsonl", b"\n", &format!("d.jsonl: {long}")),
        ("d.parquet", b"", "d.parquet: is empty"),
        (
            "d.docx",
            b"",
            "d.docx: is none of .csv, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls, .ods, .sav, .dta",
        ),
        (
            "d.csv",
            b"id,y\n1,2\n2,\xe9\n",
            "d.csv:3: is not UTF-8 text: byte 11 is 0xe9; it looks like windows-1252, in which the line reads \"2,é\"\n  try: encoding = \"windows-1252\" beside the file's `path`; or the file in UTF-8: spreadsheets offer \"CSV UTF-8\", and `iconv -f windows-1252 -t UTF-8` makes a copy",
        ),
        (
            "d.csv",
            b"id,y\n1,\"a\n2\"\n3,4,5\n\n6\n",
            "d.csv:4: has 3 fields, and the header has 2\n  try: quotes around a field that holds the delimiter, a quote or a line break\n\
             d.csv:6: has 1 field, and the header has 2\n  try: quotes around a field that holds the delimiter, a quote or a line break",
        ),
        (
            "d.csv",
            b"id,y\n1,\"a\"\n2,\"b\n3,c\n",
            "d.csv:3: a quoted field begins here and is never closed\n  \
             try: a field with a quote in it stands in quotes, and the quote is written twice (\"\"); where no field is quoted, remove the stray quote",
        ),
        (
            "d.jsonl",
            b"{\"id\": 1}\n[2]\n{\"id\": NaN}\n",
            "d.jsonl:2: is not a JSON object: invalid type: sequence, expected a map, column 0\n  try: one JSON object a line, each key once\n\
             d.jsonl:3: is not a JSON object: expected value, column 8\n  try: one JSON object a line, each key once",
        ),
    ];
    for (file, content, message) in cases {
        assert_eq!(Study::new(file, content, &["y"]).refused(), message);
    }
    let absent = Study::new("d.csv", "", &["y"]);
    std::fs::remove_file(absent.path("d.csv")).unwrap();
    assert_eq!(
        absent.refused(),
        "d.csv: cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn a_damaged_parquet_file_is_refused_wherever_it_is_cut_or_changed() {
    let column: ArrayRef = StdArc::new(StringArray::from(vec!["a", "b", "c"]));
    let whole = parquet_file(vec![("id", column)]);
    for length in (0..whole.len()).step_by(7) {
        let message = Study::new("d.parquet", &whole[..length], &["y"]).refused();
        assert!(message.starts_with("d.parquet: is "), "{message}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        let study = Study::new("d.parquet", changed, &[]);
        drop(study.read()); // refused or not, but never a panic
    }
}

#[test]
fn ids_must_be_there_and_differ() {
    assert_eq!(
        refused("ID,y\n1,2\n"),
        "d.csv: id `id` is not a column; did you mean `ID`?"
    );
    assert_eq!(
        refused("id,id,y\n1,1,2\n"),
        "d.csv: id `id` is the name of more than one column"
    );
    assert_eq!(
        refused("id,y\n1,2\n ,3\n2,4\n,5\n1,3\n2,8\n"),
        "d.csv: has no id at lines 3, 5\nd.csv: id \"1\" stands at lines 2, 6; 2 rows in all repeat an earlier id"
    );
    let rows: ArrayRef = StdArc::new(StringArray::from(vec![Some("a"), None, Some("a")]));
    assert_eq!(
        Study::new("d.parquet", parquet_file(vec![("id", rows)]), &["y"]).refused(),
        "d.parquet: has no id at row 2\nd.parquet: id \"a\" stands at rows 1, 3"
    );
}

#[test]
fn each_unusable_target_is_refused_by_name() {
    let missing = "a numeric column; a missing value is written as nothing, NA, NaN, null, None or a single point";
    let cases = [
        ("1,high\n2,low\n3,1\n", format!("d.csv:2: target `y` = \"high\" is not a finite number; 2 of 3 values are not\n  try: {missing}")),
        ("1,1\n2,inf\n", format!("d.csv:3: target `y` = \"inf\" is not a finite number\n  try: {missing}")),
        ("1,1\n2,1e999\n", format!("d.csv:3: target `y` = \"1e999\" is not a finite number\n  try: {missing}")),
        ("1,\"2,5\"\n", "d.csv:2: target `y` = \"2,5\" is not a finite number\n  try: a decimal point instead of the comma".to_owned()),
        ("1,\n2,NA\n", "d.csv: target `y` has no value in any of 2 rows".to_owned()),
        ("1,3\n2,3.0\n3,\n4,3\n5,3\n", "d.csv: target `y` is constant: each of its 4 values is 3".to_owned()),
        ("1,3\n2,4\n3,\n4,3\n", "d.csv: target `y` has 3 values, and 2 folds need at least 4".to_owned()),
    ];
    for (rows, message) in cases {
        assert_eq!(refused(format!("id,y\n{rows}")), message);
    }
    let mut study = Study::new("d.csv", "id,y\n1,1\nb,\n3,3\n4,4\n5,5\n", &["y"]);
    study.data.missing = Missing::Error;
    assert_eq!(
        study.refused(),
        "d.csv: has no `y` at line 3 (ids `b`)\n  try: missing = \"drop\" under [data]"
    );
    let nested = "{\"id\":1,\"y\":1}\n{\"id\":2,\"y\":[2]}\n";
    assert_eq!(
        Study::new("d.jsonl", nested, &["y"]).refused(),
        format!(
            "d.jsonl:2: target `y` = a list or an object is not a finite number\n  try: {missing}"
        )
    );
    let infinite: Vec<(&str, ArrayRef)> = vec![
        ("id", StdArc::new(Int64Array::from(vec![1, 2]))),
        (
            "y",
            StdArc::new(Float32Array::from(vec![1.0, f32::INFINITY])),
        ),
    ];
    assert_eq!(
        Study::new("d.parquet", parquet_file(infinite), &["y"]).refused(),
        format!("d.parquet row 2: target `y` = inf is not a finite number\n  try: {missing}")
    );
}

#[test]
fn targets_are_names_and_globs_over_columns_without_another_role() {
    let content = "id,text,b_x,a_x,c[1],z\n1,t,1,2,3,4\n2,u,2,3,4,5\n3,v,3,4,5,7\n4,w,5,6,7,8\n";
    let names = |targets: &[&str]| -> Vec<String> {
        let study = Study::new("d.csv", content, targets).with_text("text");
        study
            .read()
            .unwrap()
            .targets
            .into_iter()
            .map(|target| target.name)
            .collect()
    };
    assert_eq!(
        names(&["z", "?_x", "c[1]", "*"]),
        ["z", "b_x", "a_x", "c[1]"]
    );
    assert_eq!(names(&["{a,b}_x"]), ["b_x", "a_x"]);
    let study = Study::new("d.csv", content, &["b_y", "q*", "[a"]).with_text("text");
    assert_eq!(
        study.refused(),
        "d.csv: target \"b_y\" matches no column; did you mean `b_x`?\n\
         d.csv: target \"q*\" matches no column; there are `b_x`, `a_x`, `c[1]`, `z`\n\
         d.csv: target \"[a\" is not a pattern: unclosed character class; missing ']'"
    );
}

#[test]
fn tables_are_joined_by_id_and_unmatched_ids_are_counted() {
    let main = "id,text\n1,a\n2,b\n3,c\n4,d\n5,e\n";
    let ratings = "sample,y\n5,50\nx,0\n1,10\n2,20\n4,40\n";
    let study = Study::new("d.csv", main, &["r_y"]).with_join("r.csv", ratings, "sample", "r_");
    let dataset = study.read().unwrap();
    assert!(same(
        &dataset.targets[0].values,
        &[10.0, 20.0, NONE, 40.0, 50.0]
    ));
    let note = dataset.notes[0].replace(&format!("{}/", study.folder.path().display()), "");
    assert_eq!(
        note,
        "r.csv: it lacks 1 of the 5 ids of d.csv (`3`); 1 of its 5 ids are not there (`x`)"
    );
    assert_eq!(dataset.notes.len(), 1);
    assert_eq!(dataset.hashes[1].0, "r.csv");
}

#[test]
fn ids_that_a_join_loses_by_their_form_are_counted_and_named_first_in_a_refusal() {
    let main = "id\n1\n2\n3\n4\n5\n6\n";
    let joined = |ids: [&str; 6], folds: u32| {
        let rows = ids.iter().zip(1..).map(|(id, y)| format!("\"{id}\",{y}\n"));
        let content = format!("id,y\n{}", rows.collect::<String>());
        let mut study = Study::new("d.csv", main, &["y"]).with_join("r.csv", content, "id", "");
        study.folds = folds;
        study
    };
    let lost = |ids: [&str; 6]| -> Vec<String> {
        let dataset = joined(ids, 1).read().unwrap();
        dataset.spelling.lost.iter().map(Lost::seen).collect()
    };
    assert_eq!(
        lost(["1", "002", "003", "004", "5", "6"]),
        [
            "3 of the 3 ids of d.csv that r.csv lacks are there when leading zeros are left aside (\"2\" and \"002\")"
        ]
    );
    assert_eq!(
        lost(["1", "2.0", "3 ", "x", "5", "6"]),
        [
            "2 of the 3 ids of d.csv that r.csv lacks are there when the decimal point (`.0`) and blanks are left aside (\"2\" and \"2.0\")"
        ]
    );
    assert_eq!(lost(["1", "2", "3", "x", "y", "6"]), [""; 0]);
    // Too few values are left because of the ids.
    let refused = joined(["1", "2", "003", "004", "005", "006"], 2).refused();
    assert!(
        refused.starts_with("r.csv: 4 of the 4 ids of d.csv that r.csv lacks are there when leading zeros are left aside")
            && refused.contains("target `y` has 2 values"),
        "{refused}"
    );
    let none = joined(["01", "02", "03", "04", "05", "06"], 2).refused();
    assert!(
        none.contains("none of its ids") && none.contains("when leading zeros are left aside"),
        "{none}"
    );
    assert!(
        none.contains("try: ids written in r.csv as they are in d.csv"),
        "{none}"
    );
}

#[test]
fn ids_of_one_file_that_look_alike_are_counted() {
    let study = Study::new("d.csv", "id,y\n1,1\n01,2\nA,3\n\"a \",4\nb,5\n", &["y"]);
    let dataset = study.read().unwrap();
    let [(file, alike)] = dataset.spelling.alike.as_slice() else {
        panic!("{:?}", dataset.spelling);
    };
    assert_eq!(
        (file.as_str(), alike.n_labels, alike.n_forms),
        ("d.csv", 5, 3)
    );
}

#[test]
fn a_complete_join_needs_no_note() {
    let study = Study::new("d.csv", "id\n1\n2\n3\n4\n", &["y"]).with_join(
        "r.csv",
        "id,y\n4,4\n3,3\n2,2\n1,1\n",
        "id",
        "",
    );
    let dataset = study.read().unwrap();
    assert!(same(&dataset.targets[0].values, &[1.0, 2.0, 3.0, 4.0]));
    assert!(dataset.notes.is_empty() && dataset.dropped.is_empty());
}

#[test]
fn a_wrong_join_is_refused_with_the_line_of_its_own_file() {
    let join = |content: &str, id: &str| {
        Study::new("d.csv", "id,y\n1,1\n2,2\n3,3\n4,4\n", &["*"])
            .with_join("r.csv", content, id, "")
            .refused()
    };
    assert_eq!(
        join("id,q\na1,1\na2,2\n", "id"),
        "r.csv: none of its ids (`a1`, `a2`) is among those of d.csv (`1`, `2`, `3` and 1 more)\n  \
         try: id = the name of its id column, under [[data.join]]"
    );
    assert_eq!(
        join("id,q\n1,1\n1,2\n", "id"),
        "r.csv: id \"1\" stands at lines 2, 3"
    );
    assert_eq!(
        join("ID,q\n1,1\n", "id"),
        "r.csv: id `id` is not a column; did you mean `ID`?"
    );
    assert!(
        join("id,q\n4,1\n3,bad\n2,1\n", "id").starts_with("r.csv:3: target `q` = \"bad\" is not")
    );
    assert_eq!(
        join("id,y\n1,1\n", "id"),
        "d.csv: target `y` is the name of more than one column"
    );
}

#[test]
fn rows_without_a_text_or_a_group_are_refused() {
    let jsonl = "{\"id\":1,\"t\":\"\",\"g\":\"a\"}\n{\"id\":2,\"g\":\" \"}\n{\"id\":3,\"t\":[1]}\n";
    let mut study = Study::new("d.jsonl", jsonl, &[])
        .with_text("t")
        .with_text("tt");
    study.data.group = Some("g".to_owned());
    study.data.blank = Blank::Keep;
    assert_eq!(
        study.refused(),
        "d.jsonl: has no text (`t`) at lines 2, 3\n  try: an empty text where a row has none\n\
         d.jsonl: text `tt` is not a column; did you mean `t`?\n\
         d.jsonl: has no group (`g`) at lines 2, 3\n  try: a group of its own for each such row, or no `group`"
    );
}

#[test]
fn a_text_of_100_kb_is_a_text_and_lines_below_it_keep_their_numbers() {
    let long = "word \"\"quoted\"\"\r\n".repeat(6000);
    let content = format!("id,text,y\n1,\"{long}\",1\n2,short,x\n");
    let message = Study::new("d.csv", &content, &["y"])
        .with_text("text")
        .refused();
    assert!(
        message.starts_with("d.csv:6003: target `y` = \"x\""),
        "{message}"
    );
    let dataset = Study::new("d.csv", &content, &[])
        .with_text("text")
        .read()
        .unwrap();
    assert_eq!(
        dataset.texts[0][0].len(),
        "word \"quoted\"\r\n".len() * 6000
    );
}

#[test]
fn raters_make_a_target_and_keep_their_ratings() {
    let content = "id,a,b\n1,4,2\n2,6,4\n3,,3\n4,5,\n5,,\n";
    let study = Study::new("d.csv", content, &[]).with_raters("openness", &["a", "b"]);
    let dataset = study.read().unwrap();
    let target = &dataset.targets[0];
    assert_eq!(target.name, "openness");
    assert_eq!(target.n(), 4); // the numbers are worked out in raters.rs
    let panel = target.raters.as_ref().unwrap();
    assert_eq!(panel.columns, ["a", "b"]);
    assert!(same(&panel.ratings[1], &[2.0, 4.0, 3.0, NONE, NONE]));
    assert_eq!(dataset.dropped, [("no value of any target".to_owned(), 1)]);
}

#[test]
fn targets_choose_among_traits_and_a_trait_left_out_is_mentioned() {
    let content = "id,a,b\n1,4,2\n2,6,4\n3,1,3\n4,5,2\n";
    let study = Study::new("d.csv", content, &["b", "open*"])
        .with_raters("openness", &["a", "b"])
        .with_raters("warmth", &["b", "a"]);
    let dataset = study.read().unwrap();
    let names: Vec<&str> = dataset.targets.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["b", "openness"]);
    assert_eq!(
        dataset.notes,
        ["[raters] warmth is not among the targets and is not evaluated"]
    );
}

#[test]
fn wrong_raters_are_refused_by_trait() {
    let content = "id,a,b,c\n1,4,,x\n2,6,,1\n3,,3,2\n4,,2,3\n";
    let study = |target: &str, columns: &[&str]| {
        Study::new("d.csv", content, &[])
            .with_raters(target, columns)
            .refused()
    };
    assert_eq!(
        study("t", &["a", "b"]),
        "d.csv: [raters] t: no row connects `a` with `b`, directly or through other raters, so their severities cannot be compared"
    );
    assert!(
        study("t", &["a", "c"]).starts_with("d.csv:2: rating `c` = \"x\" is not a finite number")
    );
    assert_eq!(
        study("t", &["a", "aa"]),
        "d.csv: [raters] t: `aa` is not a column; did you mean `a`?"
    );
    assert_eq!(
        study("b", &["a", "b"]).lines().next().unwrap(),
        "d.csv: `b` is a column, and a trait under [raters]"
    );
}

fn npy(rows: usize, values: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write_f32(&mut bytes, values.len() / rows, values).unwrap();
    bytes
}

fn npy_of_f64(rows: usize, values: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write_f64(&mut bytes, values.len() / rows, values).unwrap();
    bytes
}

/// Vectors of three ids, read for the ids given; refusals without the folder.
fn precomputed(
    file: &str,
    content: Vec<u8>,
    ids: Option<&str>,
    wanted: &[&str],
) -> Result<embeddings::Precomputed, String> {
    let study = Study::new(file, content, &[]).with_file("ids.txt", ids.unwrap_or_default());
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let ids_file = study.path("ids.txt");
    let ids: Option<&Path> = ids.map(|_| ids_file.as_path());
    read_precomputed(&study.data.path, ids, "id", &wanted)
        .map_err(|refusal| study.without_folder(&refusal))
}

#[test]
fn vectors_are_put_in_the_order_of_the_dataset_by_id() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let table = "id,v1,v2\nc,1,2\na,3,4\nb,5,6\n";
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("v1", StdArc::new(Float32Array::from(vec![1.0, 3.0, 5.0]))),
        ("id", StdArc::new(StringArray::from(vec!["c", "a", "b"]))),
        ("v2", StdArc::new(Int64Array::from(vec![2, 4, 6]))),
    ];
    for (file, content, ids) in [
        ("v.npy", npy(3, &values), Some("c\r\na\nb\n")),
        ("v.npy", npy(3, &values), Some("\u{feff}c\na\nb")),
        ("v.csv", table.as_bytes().to_vec(), None),
        ("v.parquet", parquet_file(columns), None),
    ] {
        let read = precomputed(file, content, ids, &["a", "c"]).unwrap();
        assert_eq!(
            read.x,
            nalgebra::DMatrix::from_row_slice(2, 2, &[3.0, 4.0, 1.0, 2.0]),
            "{file}"
        );
        assert_eq!(read.n_extra, 1);
        assert_eq!(read.hashes.len(), 1 + usize::from(ids.is_some()));
    }
}

#[test]
fn vectors_that_do_not_fit_are_refused() {
    let ids = Some("a\nb\nc\n");
    let good = || npy(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let bad = |value: f32| npy(3, &[1.0, 2.0, 3.0, value, value, 6.0]);
    let csv = |text: &str| text.as_bytes().to_vec();
    let too_large = "look at how the vectors were made: an infinite value may have been replaced by the largest number, as np.nan_to_num does";
    let only = "a table of the id column and one numeric column a dimension, nothing else";
    let cases = [
        (
            precomputed("v.npy", good(), ids, &["a", "x", "b", "y"]),
            "v.npy: has no vector for 2 of the dataset's 4 ids (`x`, `y`); its own are `a`, `b`, `c`\n  \
             try: vectors for every row, or a data file of the rows that have one"
                .to_owned(),
        ),
        (
            precomputed("v.npy", good(), Some("id\na\nb\nc\n"), &["a"]),
            "ids.txt: has 4 ids, and v.npy has 3 rows\n  try: one id a line, in the order of the rows, without a header".to_owned(),
        ),
        (
            precomputed("v.npy", good(), Some("a\na\n\n"), &["a"]),
            "ids.txt: has no id at line 3\nids.txt: id \"a\" stands at lines 1, 2".to_owned(),
        ),
        (
            precomputed("v.npy", bad(f32::NAN), ids, &["b", "c"]),
            "v.npy: row 2 (id `b`), column 2 is NaN; 2 of 4 values are not finite".to_owned(),
        ),
        (
            precomputed("v.npy", bad(f32::INFINITY), ids, &["c"]),
            "v.npy: row 3 (id `c`), column 1 is inf".to_owned(),
        ),
        (
            precomputed("v.npy", b"hello".to_vec(), ids, &["a"]),
            "v.npy: is not a .npy file: it does not begin as NumPy's files do".to_owned(),
        ),
        (
            precomputed("v.csv", csv("id,v1,v2\na,1,\nb,2,3\n"), None, &["a"]),
            "v.csv: row 1 (id `a`), column `v2` is NaN".to_owned(),
        ),
        (
            precomputed("v.csv", csv("id,v1,label\na,1,x\n"), None, &["a"]),
            format!("v.csv:2: `label` = \"x\" is not a number\n  try: {only}"),
        ),
        (
            precomputed("v.csv", csv("id,v1,v2\na,1,1e100\nb,2,-1.7e308\n"), None, &["a", "b"]),
            format!("v.csv: row 2 (id `b`), column `v2` is -1.7e308; it is beyond ±1e100, the most that is accepted\n  try: {too_large}"),
        ),
        (
            precomputed("v.npy", npy_of_f64(3, &[1e101, 2.0, 3.0, f64::MAX, 5.0, -1e200]), ids, &["a", "b"]),
            format!("v.npy: row 1 (id `a`), column 1 is 1e101; 2 of 4 values are beyond ±1e100, the most that is accepted\n  try: {too_large}"),
        ),
        (
            precomputed("v.csv", csv("id\na\n"), None, &["a"]),
            "v.csv: has no column besides `id`".to_owned(),
        ),
        (
            precomputed("v.csv", csv("key,v1\na,1\n"), None, &["a"]),
            "v.csv: id `id` is not a column; there are `key`, `v1`".to_owned(),
        ),
    ];
    for (read, message) in cases {
        assert_eq!(read.unwrap_err(), message);
    }
    let listed = precomputed("v.parquet", list_file(), None, &["a"]);
    assert_eq!(listed.unwrap().x.as_slice(), [1.0, 2.0]);
}

fn list_file() -> Vec<u8> {
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), Some(2)])]);
    parquet_file(vec![
        ("id", StdArc::new(StringArray::from(vec!["a"]))),
        ("vector", StdArc::new(lists)),
    ])
}

#[test]
fn a_long_list_of_lines_is_cut() {
    let mut content = "id,y\n".to_owned();
    for row in 0..30 {
        writeln!(content, ",{row}").unwrap();
    }
    assert_eq!(
        refused(content),
        "d.csv: has no id at lines 2, 3, 4, 5, 6 and 25 more"
    );
}

#[test]
fn the_quickstart_reads_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart/plugins.toml");
    let config =
        crate::read::config::Config::read(&file, &[], crate::read::config::Scope::Evaluation)
            .unwrap();
    let plan = crate::plan::Plan::resolve(&config, None).unwrap();
    let dataset = Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds.number()).unwrap();
    assert_eq!(dataset.targets.len(), 3);
    assert!(dataset.targets.iter().all(|target| target.raters.is_some()));
    let precomputed = plan
        .encoders
        .iter()
        .find_map(|encoder| match &encoder.source {
            crate::plan::EncoderSource::Precomputed {
                embeddings, ids, ..
            } => Some(read_precomputed(embeddings, ids.as_deref(), "id", &dataset.ids).unwrap()),
            crate::plan::EncoderSource::Plugin { .. }
            | crate::plan::EncoderSource::Values { .. }
            | crate::plan::EncoderSource::Endpoint { .. }
            | crate::plan::EncoderSource::Combined { .. } => None,
        });
    assert_eq!(precomputed.unwrap().x.nrows(), dataset.n_rows());
}
