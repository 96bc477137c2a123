//! Layouts of corpora and surveys that are often used, with rows of our own: what `init` takes
//! their columns for.

use super::layouts::{drawn, expect, of, text};
use super::tests::inspected;
use super::{Options, init_and_try};

fn score(row: usize, column: usize) -> String {
    format!("{}", 1.0 + drawn(row, column, 60) as f64 / 10.0)
}

#[test]
fn traits_of_authors_beside_scores_of_their_messages_are_the_targets() {
    let rows = of(
        &[
            "author",
            "body",
            "openness",
            "neuroticism",
            "agreeableness",
            "score",
            "created_utc",
        ],
        |name, row| match name {
            "author" => format!("user{}", row / 3),
            "body" => text(row),
            "openness" => score(row / 3, 1),
            "neuroticism" => score(row / 3, 2),
            "agreeableness" => score(row / 3, 3),
            "score" => format!("{}", drawn(row, 4, 60)),
            _ => format!("{}", 1_400_000_000 + row * 1000),
        },
    );
    expect(
        &rows,
        &[
            "not used score  (it varies within `author`, while 3 scores are one value in each: --target takes it, as another study)",
            "unit     group  (",
        ],
        &[
            "targets = [\"openness\", \"neuroticism\", \"agreeableness\"]",
            "group = \"author\" ",
            "unit = \"group\"",
        ],
        &[],
    );
}

#[test]
fn classes_in_two_words_are_named_where_nothing_else_could_be_a_target() {
    let rows = of(
        &["#AUTHID", "TEXT", "cEXT", "cNEU"],
        |name, row| match name {
            "#AUTHID" => format!("1997_{}.txt", 500_000 + row),
            "TEXT" => text(row),
            name => ["y", "n"][drawn(row, name.len() + usize::from(name == "cNEU"), 2)].into(),
        },
    );
    let refused = inspected(&rows, |_| {}).unwrap_err();
    assert!(
        refused.contains("none of numbers that looks like a score; `cEXT`, `cNEU` have two values, `y` and `n`\n  try: 1 and 0 for `y` and `n`, then --target with their names"),
        "{refused}"
    );
}

#[test]
fn codes_of_missing_values_among_scores_are_named() {
    let rows = of(&["VPNR", "OFFEN", "BDI"], |name, row| match name {
        "VPNR" => format!("{}", 1001 + row),
        "OFFEN" => text(row),
        _ if row % 9 == 0 => "-99".into(),
        _ => format!("{}", drawn(row, 1, 40)),
    });
    expect(
        &rows,
        &[
            "Note: `BDI` holds -99 (5 cells): far from all other values, as codes of missing ones are",
        ],
        &["targets = [\"BDI\"]"],
        &[],
    );
}

#[test]
fn ratings_in_long_form_are_told_how_to_be_written_wide() {
    let rows = of(
        &["text_id", "text", "rater", "warmth"],
        |name, row| match name {
            "text_id" => format!("t{}", row / 2),
            "text" => text(row / 2),
            "rater" => format!("r{}", row % 2),
            _ => format!("{}", 1 + drawn(row, 1, 7)),
        },
    );
    expect(
        &rows,
        &["Note: each `text_id` stands once for each `rater`, as ratings in long form"],
        &["group = \"text_id\" "],
        &[],
    );
}

#[test]
fn a_german_spreadsheet_is_read_as_it_was_saved() {
    let rows = of(
        &["VP", "Antwort", "Neurotizismus"],
        |name, row| match name {
            "VP" => format!("VP{row:03}"),
            "Antwort" => format!("{} in K\u{f6}ln", text(row)),
            _ => score(row, 1),
        },
    );
    let rows = rows.replace(',', ";").replace('.', ",");
    let latin: Vec<u8> = rows
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let (said, written) = in_folder(&[("data.csv", &latin)]);
    for words in [
        "Note: the file is not UTF-8, and looks like windows-1252, in which a line reads \"",
        "Note: data.csv: its fields are separated by `;`",
        "Note: data.csv: read with decimal commas: `Neurotizismus`",
        "ocean-host eval FOLDER/plugins.toml",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for line in [
        "encoding = \"windows-1252\" ",
        "targets = [\"Neurotizismus\"]",
    ] {
        assert!(written.contains(line), "{written}");
    }
}

#[test]
fn a_folder_of_texts_beside_a_table_that_names_them_becomes_a_table() {
    let names: Vec<String> = (0..30)
        .map(|row| format!("texts/Essay_{row}.txt"))
        .collect();
    let contents: Vec<String> = (0..30)
        .map(|row| format!("{}\n\"quoted\", line two\n", text(row)))
        .collect();
    let table: String = (0..31)
        .map(|row| format!("essay_{row},{}\n", score(row, 1)))
        .collect();
    let table = format!("file,mood\n{table}");
    let mut files: Vec<(&str, &[u8])> = vec![("scores.csv", table.as_bytes())];
    files.extend(
        names
            .iter()
            .zip(&contents)
            .map(|(name, content)| (name.as_str(), content.as_bytes())),
    );
    let (said, written) = in_folder(&files);
    for words in [
        "  id       file  (it names the files of the texts)\n",
        "Note: `file` names files of FOLDER/texts: their 30 texts are copied into texts.csv, to which this table is joined; 1 rows name none (`essay_30`)",
        "ocean-host eval FOLDER/plugins.toml",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for line in [
        "path = \"texts.csv\"\nid = \"file\"\ntext = \"text\"\ntargets = [\"mood\"]\n",
        "\n[[data.join]]\npath = \"scores.csv\"\n",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
}

/// What `init` says of a folder of files, and the plugins.toml that it writes.
fn in_folder(files: &[(&str, &[u8])]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let options = Options {
        data: folder.path().to_path_buf(),
        ..Options::default()
    };
    let said = init_and_try(&options, &super::tests::read).unwrap();
    assert!(said.refusal.is_none(), "{}", said.text);
    let hide = |text: &str| text.replace(&folder.path().display().to_string(), "FOLDER");
    let written = std::fs::read_to_string(folder.path().join("plugins.toml")).unwrap();
    (hide(&said.text), written)
}
