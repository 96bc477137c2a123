//! JSON lines: keys that stand twice, numbers as they are written, layouts that are no lines.

use super::{Study, in_file_order};

fn refused(content: &str) -> String {
    Study::new("d.jsonl", content, &["y"]).refused()
}

#[test]
fn a_key_that_stands_twice_is_refused_with_its_line() {
    let row = |id: usize, more: &str| format!("{{\"id\": {id}, \"y\": {id}{more}}}\n");
    let nested = ", \"o\": {\"a\": 1, \"a\": [2, {\"y\": \"}\"}]}";
    let sound: String = (1..6).map(|id| row(id, nested)).collect();
    assert!(Study::new("d.jsonl", &sound, &["y"]).read().is_ok());
    for twice in [", \"y\": 7", ", \"\\u0079\": null"] {
        let content = row(1, "") + &row(2, twice) + &row(3, twice);
        assert_eq!(
            refused(&content),
            "d.jsonl:2: the key `y` stands twice in this object; the same at line 3\n  try: one JSON object a line, each key once"
        );
    }
}

#[test]
fn numbers_are_the_digits_of_the_file() {
    let ids = [
        "123456789012345678901",
        "123456789012345678902",
        "1.0",
        "1e20",
        "-7",
        "18446744073709551616",
    ];
    let lines: String = ids
        .iter()
        .enumerate()
        .map(|(row, id)| {
            format!("{{\"id\" : {id} ,\"y\":{row}.5E0,\"t\":\"a \\\"b\\\" \\u00fc\"}}\n")
        })
        .collect();
    let study = Study::new("d.jsonl", &lines, &["y", "z"]).with_text("t");
    let joined: String = ids
        .iter()
        .map(|id| format!("{id},{}\n", id.len()))
        .collect();
    let study = study.with_join("more.csv", "id,z\n".to_owned() + &joined, "id", "");
    let dataset = study.read().unwrap();
    assert_eq!(in_file_order(&dataset, &dataset.ids), ids);
    assert_eq!(in_file_order(&dataset, &dataset.texts[0])[0], "a \"b\" ü");
    assert_eq!(in_file_order(&dataset, &dataset.targets[0].values)[1], 1.5);
    assert_eq!(dataset.targets[1].n(), 6);
}

#[test]
fn json_of_another_layout_is_one_line_that_says_so() {
    let object = "{\n  \"id\": 1,\n  \"y\": 2\n}\n";
    let pretty = refused(&format!("\n{object}{object}"));
    assert_eq!(
        pretty.lines().next().unwrap(),
        "d.jsonl:2: an object that begins here is spread over several lines, and one object a line is expected"
    );
    assert!(
        pretty.lines().count() == 2 && pretty.contains("try: jq -c"),
        "{pretty}"
    );
    for array in [
        "[\n{\"id\": 1},\n{\"id\": 2}\n]",
        "[{\"id\": 1}, {\"id\": 2}]",
    ] {
        let said = refused(array);
        assert!(
            said.starts_with("d.jsonl:1: is one JSON array, and one object a line is expected"),
            "{said}"
        );
    }
    let broken: String = (0..30)
        .map(|row| format!("{{\"id\": {row}, y: {}}}\n", "x".repeat(row)))
        .collect();
    let said = refused(&broken);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.contains("; the same at lines 2, 3, 4, 5, 6 and 24 more"),
        "{said}"
    );
}
