//! Quotes that swallow rows, and those that do not; rows that do not fit their header.

use std::fmt::Write as _;

use super::{Study, in_file_order, refused};

/// `rows` rows of id, text and score, with the texts given for some of them.
fn table(delimiter: char, rows: usize, special: &[(usize, &str)]) -> String {
    let mut table = format!("id{delimiter}text{delimiter}y\n");
    for row in 0..rows {
        let plain = format!("number {row} of them");
        let text = special.iter().find(|(at, _)| *at == row);
        let text = text.map_or(plain.as_str(), |(_, text)| text);
        writeln!(table, "t{row}{delimiter}{text}{delimiter}{}", row % 5).unwrap();
    }
    table
}

fn read(file: &str, content: &str) -> Result<Vec<String>, String> {
    let study = Study::new(file, content, &["y"]).with_text("text");
    match study.read() {
        Ok(dataset) => Ok(in_file_order(&dataset, &dataset.texts[0])),
        Err(refusal) => Err(study.without_folder(&refusal)),
    }
}

#[test]
fn a_quote_that_swallows_rows_is_refused_at_its_line() {
    for (file, delimiter) in [("d.csv", ','), ("d.tsv", '\t')] {
        let refused =
            |special: &[(usize, &str)]| read(file, &table(delimiter, 60, special)).unwrap_err();
        // Row 9 is line 11. What closes it is a quote inside another text, …
        let followed = refused(&[(9, "\"open"), (39, "he said \"no\" to it")]);
        assert!(
            followed.starts_with(&format!("{file}:11: a quoted field begins here, and the quote that closes it at line 41 is followed by neither")),
            "{followed}"
        );
        assert!(followed.contains("\n  try: "), "{followed}");
        // … nothing, …
        let open = refused(&[(9, "\"open")]);
        assert!(
            open.starts_with(&format!(
                "{file}:11: a quoted field begins here and is never closed"
            )),
            "{open}"
        );
        // … or the last character of a text, near or far.
        for last in [10, 50] {
            let closed = refused(&[(9, "\"open"), (last, "a screen of 5\"")]);
            let said = format!(
                "{file}:11: a quoted field begins here and ends at line {}, and its lines read like rows of their own",
                last + 2
            );
            assert!(closed.starts_with(&said), "{closed}");
        }
    }
}

#[test]
fn sound_quotes_are_read() {
    for (file, delimiter) in [("d.csv", ','), ("d.tsv", '\t')] {
        let sound = [
            (3, "\"Dear John,\nthanks, bye\""),
            (4, "\"a, b\nc, d\ne, f\n\ng\""),
            (5, "a 5\" screen, she said"),
            (6, "\"\""),
            (7, "\"he said \"\"no\"\"\""),
            (8, "\"t8,\n9,\n4\""),
        ];
        // The delimiter in an unquoted field is another matter.
        let sound = sound.map(|(row, text)| match delimiter {
            ',' if row == 5 => (row, "a 5\" screen"),
            _ => (row, text),
        });
        let texts = read(file, &table(delimiter, 60, &sound)).unwrap();
        // One is empty, and left out.
        assert_eq!(texts.len(), 59, "{file}");
        assert_eq!(texts[3], "Dear John,\nthanks, bye");
        assert_eq!(texts[6], "he said \"no\"");
    }
}

#[test]
fn rows_that_do_not_fit_are_told_once_with_the_reason() {
    let trailing = refused("id,y\n1,2,\n2,3,\n3,4,\n");
    assert_eq!(
        trailing,
        "d.csv:2: every row ends in a delimiter and so has 3 fields, and the header, which does not, has 2\n  \
         try: the same file without the delimiters at the ends of the rows"
    );
    let comment = refused("# exported on Monday\nid,y\n1,2\n2,3\n3,4\n");
    assert_eq!(
        comment,
        "d.csv:1: the header \"# exported on Monday\" has 1 field, and the lines from line 2 on have 2: it reads like a comment or a title above the header\n  \
         try: the same file without the lines above the header"
    );
    let mut mixed = "id,y\n".to_owned();
    for row in 0..30 {
        writeln!(mixed, "{row},a,b{}", ",c".repeat(row % 2)).unwrap();
    }
    let said = refused(mixed);
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(
        said.starts_with("d.csv:2: has 3 fields, and the header has 2; the same at lines 4, 6, 8, 10, 12 and 9 more\n  try: quotes around"),
        "{said}"
    );
}
