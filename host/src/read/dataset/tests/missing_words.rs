//! `NA` and the like where a group or a text should be; words among the numbers of a covariate.

use std::fmt::Write as _;

use crate::plan::Blank;

use super::Study;

#[test]
fn a_group_that_is_called_na_is_no_group() {
    for word in ["NA", "nan", "NULL", "#N/A", "None"] {
        let content = format!("id,y,g\n1,1,a\n2,2,{word}\n3,3,b\n4,4,{word}\n");
        let mut study = Study::new("d.csv", content, &["y"]);
        study.data.group = Some("g".to_owned());
        assert_eq!(
            study.refused(),
            format!(
                "d.csv: has no group (`g`) at lines 3, 5 (`{word}` is read as none; the name of a group is spelled otherwise)\n  \
                 try: a group of its own for each such row, or no `group`"
            )
        );
    }
}

#[test]
fn texts_that_are_only_a_word_for_nothing_are_doubted_with_their_ids() {
    let doubts = |texts: [&str; 4]| {
        let mut content = "id,y,t\n".to_owned();
        for (row, text) in texts.iter().enumerate() {
            writeln!(content, "r{row},{row},{text}").unwrap();
        }
        let mut study = Study::new("d.csv", content, &["y"]).with_text("t");
        study.data.blank = Blank::Keep;
        study.read().unwrap().doubts
    };
    assert!(doubts(["some words", "NA and more", "nah", ""]).is_empty());
    let found = doubts(["some words", "NA", " nan", "NA"]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].seen,
        "3 of 4 texts in `t` are nothing but `NA` (2), `nan` (1) (ids `r1`, `r2`, `r3`)."
    );
    assert_eq!(found[0].code, "missing-texts");
}

fn with_covariate(values: impl Fn(usize) -> String) -> Study {
    let mut content = "id,y,c\n".to_owned();
    for row in 0..40 {
        writeln!(content, "r{row},{},{}", row * 7 % 11, values(row)).unwrap();
    }
    let mut study = Study::new("d.csv", content, &["y"]);
    study.data.covariates = vec!["c".to_owned()];
    study
}

#[test]
fn words_among_the_numbers_of_a_covariate_are_refused_with_the_cell() {
    let one = with_covariate(|row| match row {
        7 => "30+".to_owned(),
        row => (18 + row % 20).to_string(),
    });
    let said = one.refused();
    assert!(
        said.starts_with("d.csv:9: covariate `c` = \"30+\" is not a finite number, and the other 39 values are\n  try: a number there, or nothing for a missing value"),
        "{said}"
    );
    // Words in most rows, but fewer different ones than numbers.
    let many = with_covariate(|row| match row % 2 {
        0 => "unknown".to_owned(),
        _ => (18 + row).to_string(),
    });
    assert!(
        many.refused().starts_with(
            "d.csv:2: covariate `c` = \"unknown\" is not a finite number; 20 of 40 values are not"
        ),
        "{}",
        many.refused()
    );
}

#[test]
fn a_covariate_says_how_it_was_read() {
    let read = |values: &dyn Fn(usize) -> String| {
        let covariates = with_covariate(values).read().unwrap().covariates.unwrap();
        super::as_read(&covariates).join(", ")
    };
    assert_eq!(read(&|row| (row % 3).to_string()), "c as numbers");
    let word = |row: usize| ["north", "south", "NA"][row % 3].to_owned();
    assert_eq!(read(&word), "c as dummies of 2 categories");
    // Classes of a school: more names than numbers.
    let class = |row: usize| ["7a", "7b", "8a", "8b", "9"][row % 5].to_owned();
    assert_eq!(read(&class), "c as dummies of 5 categories");
}

#[test]
fn rows_without_any_text_are_left_out_and_counted() {
    let content =
        "id,y,t,u\n1,1,a text,NA\n2,2,NA,\n3,3,,another\n4,4, ,-\n5,5,a,b\n6,6,c,d\n7,7,e,f\n";
    let one = Study::new("d.csv", content, &["y"])
        .with_text("t")
        .read()
        .unwrap();
    assert_eq!(one.ids, ["1", "5", "6", "7"]);
    assert_eq!(one.dropped, [("no text".to_owned(), 3)]);
    assert_eq!((one.n_read, one.doubts.len()), (7, 0));
    let mut both = Study::new("d.csv", content, &["y"])
        .with_text("t")
        .with_text("u");
    both.data.covariates = vec!["y".to_owned()];
    both.data.targets = vec!["id".to_owned()];
    both.data.id = None;
    let both = both.read().unwrap();
    assert_eq!(
        (both.n_rows(), &both.dropped),
        (5, &vec![("no text".to_owned(), 2)])
    );
    // A null beside a text is no text.
    let lines = "{\"id\":1,\"y\":1,\"t\":null,\"u\":\"a\"}\n{\"id\":2,\"y\":2,\"t\":null,\"u\":null}\n{\"id\":3,\"y\":3,\"t\":\"b\",\"u\":\"c\"}\n{\"id\":4,\"y\":4,\"t\":\"d\"}\n{\"id\":5,\"y\":5,\"t\":\"e\"}\n";
    let lines = Study::new("d.jsonl", lines, &["y"])
        .with_text("t")
        .with_text("u")
        .read()
        .unwrap();
    assert_eq!(lines.texts, [["", "b", "d", "e"], ["a", "c", "", ""]]);
    let none = Study::new("d.csv", "id,y,t\n1,1,\n2,2,NA\n", &["y"])
        .with_text("t")
        .refused();
    assert_eq!(none, "d.csv: no row has a text");
}
