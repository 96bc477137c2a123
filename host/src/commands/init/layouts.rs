//! Tables as psychologists bring them: what must come out of `init` for each. All rows are made
//! here.

use super::tests::{inspected, table};

/// A number below `n` that looks drawn.
pub fn drawn(row: usize, column: usize, n: usize) -> usize {
    let mut z = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (column as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % n as u64) as usize
}

/// A number that is a name's own.
pub fn number(name: &str) -> usize {
    name.bytes()
        .fold(7, |sum, byte| 31 * sum % 9973 + usize::from(byte))
}

pub fn text(row: usize) -> String {
    const WORDS: [&str; 8] = [
        "rain", "garden", "music", "work", "friends", "tired", "train", "letter",
    ];
    let words: Vec<&str> = (0..6).map(|at| WORDS[drawn(row, 100 + at, 8)]).collect();
    format!("On day {row} there was {}", words.join(" "))
}

/// Columns by their names; `cell` gives what stands in a row of the column of a name.
pub fn of(names: &[&str], cell: impl Fn(&str, usize) -> String) -> String {
    table(&names.join(","), |row| {
        names
            .iter()
            .map(|name| cell(name, row))
            .collect::<Vec<_>>()
            .join(",")
    })
}

/// What must be said and written, and what must not; the file must be one that `eval` takes.
#[track_caller]
pub fn expect(table: &str, said: &[&str], written: &[&str], absent: &[&str]) {
    let (words, file) = inspected(table, |_| {}).unwrap();
    for part in said {
        assert!(words.contains(part), "{part:?} is not said:\n{words}");
    }
    for part in written {
        assert!(
            file.contains(part),
            "{part:?} is not written:\n{words}\n{file}"
        );
    }
    for part in absent {
        assert!(
            !file.contains(part) && !words.contains(part),
            "{part:?}:\n{words}\n{file}"
        );
    }
    assert!(
        words.contains("ocean-host eval FOLDER"),
        "eval would refuse it:\n{words}"
    );
}

#[test]
fn row_names_of_pandas_and_r_are_the_id_also_without_a_name() {
    for (header, id) in [
        ("", "id = \"\"\n"),
        ("\"\"", "id = \"\"\n"),
        ("Unnamed: 0", "id = \"Unnamed: 0\""),
        ("...1", "id = \"...1\""),
        ("X", "id = \"X\""),
    ] {
        let rows = table(&format!("{header},text,score"), |row| {
            format!("{},{},{}", row + 1, text(row), drawn(row, 1, 50))
        });
        expect(
            &rows,
            &["(it numbers the rows)"],
            &[id, "text = \"text\"", "targets = [\"score\"]"],
            &["not used"],
        );
    }
}

#[test]
fn an_export_of_qualtrics_has_one_score() {
    let names = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "LocationLatitude",
        "DistributionChannel",
        "Q1",
        "Q2_1",
        "Q2_2",
        "Q2_3",
        "Q2_4",
        "Q2_5",
        "Q9_Page Submit",
        "swls_mean",
    ];
    let rows = of(&names, |name, row| match name {
        "StartDate" | "EndDate" | "RecordedDate" => {
            format!("2024-05-{:02} 10:{row:02}:00", 1 + row % 28)
        }
        "IPAddress" => format!("10.0.{row}.7"),
        "Progress" => format!("{}", 60 + drawn(row, 1, 41)),
        "Duration (in seconds)" => format!("{}", 200 + drawn(row, 2, 900)),
        "Finished" => "True".into(),
        "ResponseId" => format!("R_3k{row}xQ"),
        "LocationLatitude" => format!("48.{}", drawn(row, 3, 999)),
        "DistributionChannel" => "anonymous".into(),
        "Q1" => text(row),
        "Q9_Page Submit" => format!("{}.5", drawn(row, 4, 90)),
        "swls_mean" => format!("{}", 1.0 + drawn(row, 5, 25) as f64 / 4.0),
        "Status" => "0".into(),
        item => format!("{}", 1 + drawn(row, number(item), 7)),
    });
    expect(
        &rows,
        &[
            "id       ResponseId",
            "not used Q2_1 … Q2_5 (5 columns)  (many columns of whole numbers, as of a questionnaire's items",
            "not used Progress  (how the survey went",
            "not used StartDate  (it looks like dates",
        ],
        &[
            "id = \"ResponseId\"",
            "text = \"Q1\"",
            "targets = [\"swls_mean\"]",
        ],
        &["raters "],
    );
}

#[test]
fn the_questions_below_the_header_of_qualtrics_are_no_rows() {
    let rows = table("ResponseId,Q1,score", |row| {
        match row {
        0 => "Response ID,What did you do?,How was it?".into(),
        1 => "\"{\"\"ImportId\"\":\"\"_recordId\"\"}\",\"{\"\"ImportId\"\":\"\"QID1\"\"}\",\"{\"\"ImportId\"\":\"\"QID2\"\"}\"".into(),
        _ => format!("R_{row},{},{}", text(row), drawn(row, 1, 9)),
    }
    });
    expect(
        &rows,
        &[
            "Note: data.csv: lines 2, 3 hold the questions and import ids of Qualtrics, not answers, and are left out",
        ],
        &[
            "id = \"ResponseId\"",
            "text = \"Q1\"",
            "targets = [\"score\"]",
        ],
        &[],
    );
}

#[test]
fn german_names_are_understood() {
    let names = [
        "VP",
        "Alter",
        "Geschlecht",
        "Jahrgang",
        "PLZ",
        "Antwort",
        "Depressivität",
        "Schule",
    ];
    let rows = of(&names, |name, row| match name {
        "VP" => format!("K{row:03}"),
        "Alter" => format!("{}", 18 + drawn(row, 1, 40)),
        "Geschlecht" => ["m", "w", "d"][drawn(row, 2, 3)].into(),
        "Jahrgang" => format!("{}", 1960 + drawn(row, 3, 45)),
        "PLZ" => format!("{}", 10115 + drawn(row, 4, 80000)),
        "Antwort" => text(row),
        "Schule" => format!("S{}", row / 4),
        _ => format!("{}", drawn(row, 5, 30)),
    });
    expect(
        &rows,
        &[
            "not used Alter  (its name: about the person",
            "not used PLZ  (a code, by its name",
            "not used Geschlecht  (its name: about the person",
        ],
        &[
            "id = \"VP\"",
            "text = \"Antwort\"",
            "targets = [\"Depressivität\"]",
            "# covariates = [\"Alter\", \"Geschlecht\", \"Jahrgang\"]",
            "group = \"Schule\" ",
        ],
        &[],
    );
}

#[test]
fn an_export_of_sosci_survey_has_one_score() {
    let names = [
        "CASE", "SERIAL", "QUESTNNR", "MODE", "STARTED", "TX01_01", "SK01", "TIME001", "TIME_SUM",
        "FINISHED", "Note",
    ];
    let rows = of(&names, |name, row| match name {
        "CASE" => format!("{}", 311 + 3 * row + drawn(row, 0, 3)),
        "QUESTNNR" => "base".into(),
        "MODE" => "interview".into(),
        "STARTED" => format!("2023-11-{:02} 08:15:{row:02}", 1 + row % 28),
        "TX01_01" => text(row),
        "SERIAL" | "Note" => String::new(),
        "FINISHED" => "1".into(),
        other => format!("{}", drawn(row, other.len(), 60)),
    });
    expect(
        &rows,
        &[
            "not used TIME_SUM  (how the survey went",
            "not used SERIAL  (it is empty)",
        ],
        &[
            "id = \"CASE\"",
            "text = \"TX01_01\"",
            "targets = [\"SK01\"]",
        ],
        &[],
    );
}

#[test]
fn scores_of_people_on_each_of_their_messages_make_groups_rows() {
    for person in ["user_id", "pers", "Kürzel"] {
        let rows = of(
            &["message_id", person, "message", "openness", "age"],
            |name, row| match name {
                "message_id" => format!("{}", 9000 + 7 * row),
                "message" => text(row),
                "openness" => format!("{}", drawn(row / 3, 1, 25)),
                "age" => format!("{}", 20 + drawn(row / 3, 2, 25)),
                _ => format!("u{}", row / 3),
            },
        );
        let group = format!("group = \"{person}\" ");
        expect(
            &rows,
            &["unit     group  (each target has one value a group"],
            &[
                "id = \"message_id\"",
                &group,
                "\nunit = \"group\" ",
                "targets = [\"openness\"]",
            ],
            &[],
        );
    }
    let varies = of(&["id", "author", "text", "score"], |name, row| match name {
        "id" => format!("m{row}"),
        "author" => format!("a{}", row / 3),
        "text" => text(row),
        _ => format!("{}", drawn(row, 1, 25)),
    });
    expect(
        &varies,
        &["group    author"],
        &["group = \"author\" "],
        &["unit = "],
    );
}

#[test]
fn every_column_of_texts_is_named() {
    let rows = of(
        &["id", "answer_1", "answer_2", "prompt", "answer_3", "score"],
        |name, row| match name {
            "id" => format!("{}", row + 500),
            "score" => format!("{}", drawn(row, 1, 30)),
            "answer_2" => text(row) + " and then some more",
            "prompt" => format!("Please write about day {} of your life", row % 15),
            name => text(row + number(name)),
        },
    );
    let list = "text = [\"answer_1\", \"answer_2\", \"answer_3\"]";
    expect(
        &rows,
        &[
            "text     answer_2",
            &format!("not used answer_3  (texts, too; {list} takes several"),
            "not used prompt  (texts, too; its name says",
        ],
        &["text = \"answer_2\"", &format!("# {list} ")],
        &[],
    );
    let all =
        |options: &mut super::Options| options.text = vec!["answer_1".into(), "answer_3".into()];
    let (_, written) = inspected(&rows, all).unwrap();
    assert!(
        written.contains("\ntext = [\"answer_1\", \"answer_3\"]\n"),
        "{written}"
    );
}

#[test]
fn short_answers_and_lists_of_words_are_texts_and_no_ids() {
    let word = |row: usize| {
        format!(
            "{}{}",
            ["sun", "rain", "tree", "cloud"][row % 4],
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][row / 4]
        )
    };
    for name in ["answer", "word", "cue", "Wort"] {
        let rows = of(
            &["id", name, "valence", "paid"],
            |column, row| match column {
                "id" => format!("{}", 3 * row),
                "valence" => format!("{}", drawn(row, 1, 60)),
                "paid" => format!("{}.5", 10 * row + drawn(row, 2, 10)),
                _ => word(row),
            },
        );
        expect(
            &rows,
            &[],
            &[
                "id = \"id\"",
                &format!("text = \"{name}\""),
                "targets = [\"valence\", \"paid\"]",
            ],
            &[],
        );
        let without = rows
            .lines()
            .map(|line| line.split_once(',').unwrap().1.to_owned() + "\n")
            .collect::<String>();
        let text = format!("  text     {name}  (");
        let said = ["  id       none  (", &text, "  targets  paid  ("];
        expect(&without, &said, &["# id = "], &[]);
    }
    let chinese = of(&["id", "内容", "score"], |name, row| match name {
        "id" => format!("c{row}"),
        "score" => format!("{}", drawn(row, 1, 60)),
        _ => format!("今天我去了公园看到了{}个人", drawn(row, 2, 900)),
    });
    expect(&chinese, &[], &["text = \"内容\""], &[]);
}

#[test]
fn columns_that_are_nearly_numbers_are_named_with_their_cells() {
    let rows = of(
        &[
            "id",
            "text",
            "a",
            "b",
            "c",
            "d",
            "agreement",
            "mixed",
            "flag",
            "day",
            "rating",
        ],
        |name, row| {
            let number = drawn(row, number(name), 50);
            match (name, row % 5) {
                ("id", _) => format!("s{row}"),
                ("text", _) => text(row),
                ("a", 0) => "k.A.".into(),
                ("b", 1) => "inf".into(),
                ("b", 2) => "ca. 3".into(),
                ("c", _) => format!("\"{number},5\""),
                ("d", _) => format!("{number}%"),
                ("agreement", at) => [
                    "Strongly disagree",
                    "Disagree",
                    "Neither agree nor disagree",
                    "Agree",
                    "Strongly agree",
                ][at]
                    .into(),
                ("mixed", 0) => "1 - never".into(),
                ("flag", at) => {
                    if at < 2 {
                        "True".into()
                    } else {
                        "False".into()
                    }
                }
                ("day", _) => format!("{}.5.2024", 1 + row % 28),
                _ => format!("{number}"),
            }
        },
    );
    expect(
        &rows,
        &[
            "not used a  (nearly a score, but 8 of 40 cells are `k.A.`",
            "not used b  (nearly a score, but 16 of 40 cells are no numbers: `ca. 3`, `inf`",
            "not used c  (40 of 40 cells have a decimal comma",
            "not used d  (40 of 40 cells have a percent sign",
            "not used agreement  (words, where a score has numbers; if they have an order, number them: `Agree`",
            "not used mixed  (nearly a score, but 8 of 40 cells are `1 - never`",
            "not used flag  (words, where a score has numbers",
            "not used day  (it looks like dates",
            "group    none  (no column repeats",
        ],
        &[
            "targets = [\"rating\"]",
            "text = \"text\"",
            "# group = \"author\"",
        ],
        &[],
    );
}

#[test]
fn ids_years_codes_folds_and_times_are_no_scores() {
    let names = [
        "id",
        "text",
        "score",
        "year",
        "published",
        "zip",
        "StartDate",
        "user_id",
        "ResponseTime",
        "fold",
        "part",
        "Unnamed: 0",
        "n_words",
        "size",
    ];
    let rows = of(&names, |name, row| match name {
        "id" => format!("s{row:03}"),
        "text" => text(row) + &" more".repeat(drawn(row, 77, 9)),
        "score" => format!("{}", drawn(row, 0, 300) as f64 / 100.0),
        "year" | "published" => format!("{}", 2005 + drawn(row, 1, 15)),
        "zip" => format!("{}", 10000 + drawn(row, 2, 89999)),
        "StartDate" => format!("{}", 1_580_000_000 + drawn(row, 3, 20_000_000)),
        "user_id" => format!("{}", 100_000 + drawn(row, 4, 899_999)),
        "part" => ["train", "train", "test", "dev"][drawn(row, 5, 4)].into(),
        "fold" => format!("{}", row % 5),
        "n_words" => format!("{}", 11 + drawn(row, 77, 9)),
        // Characters: five for each word more.
        "size" => format!("{}", (text(row) + &" more".repeat(drawn(row, 77, 9))).len()),
        _ => format!("{}", drawn(row, 6, 900)),
    });
    expect(
        &rows,
        &[
            "not used fold  (it looks like folds",
            "not used part  (it looks like folds",
            "not used year  (it looks like years",
            "not used published  (it looks like years",
            "not used zip  (a code",
            "not used user_id  (an id or label, by its name",
            "not used Unnamed: 0  (row names",
            "not used ResponseTime  (how the survey went",
            "not used StartDate  (it looks like dates",
            "not used n_words  (it counts",
            "not used size  (it counts",
        ],
        &["targets = [\"score\"]"],
        &[],
    );
}

#[test]
fn a_target_that_was_named_is_nothing_else() {
    let rows = of(
        &["id", "text", "label", "age", "score"],
        |name, row| match name {
            "id" => format!("{row}"),
            "text" => text(row),
            "label" => format!("{}", drawn(row, 1, 2)),
            "age" => format!("{}", 20 + drawn(row, 2, 30)),
            _ => format!("{}", drawn(row, 3, 30)),
        },
    );
    for (pattern, name, why) in [
        (
            "label",
            "label",
            "as you said: it has only 2 different values",
        ),
        (
            "la*",
            "label",
            "as you said: it has only 2 different values",
        ),
        ("age", "age", "as you said"),
    ] {
        let (said, written) =
            inspected(&rows, |options| options.targets = vec![pattern.into()]).unwrap();
        assert!(
            said.contains(&format!("targets  {name}  ({why})")),
            "{said}"
        );
        assert!(!said.contains(&format!("not used {name}")), "{said}");
        assert!(
            said.contains("not used score  (numbers that look like a score; you named others)"),
            "{said}"
        );
        assert!(
            written.contains(&format!("targets = [\"{pattern}\"]"))
                && !written.contains(&format!("covariates = [\"{name}\"")),
            "{written}"
        );
        assert!(said.contains("ocean-host eval FOLDER"), "{said}");
    }
}

#[test]
fn a_target_of_words_that_was_named_is_only_refused() {
    let rows = of(&["id", "text", "site", "score"], |name, row| match name {
        "id" => format!("{row}"),
        "text" => text(row),
        "site" => ["north", "south", "east"][row % 3].into(),
        _ => format!("{}", drawn(row, 3, 30)),
    });
    let (said, _) = inspected(&rows, |options| options.targets = vec!["site".into()]).unwrap();
    assert!(
        said.contains("targets  site  (as you said)") && !said.contains("not used site"),
        "{said}"
    );
    assert!(
        said.contains("mend what eval would refuse:")
            && said.contains("\"north\" is not a finite number"),
        "{said}"
    );
}

#[test]
fn whatever_columns_are_called_the_file_runs() {
    let names = [
        "i\"d\"",
        "te.xt\nof [you]",
        "sco*re?",
        "[a]",
        "{b,c}",
        "d\\e",
        "  ",
        "größe 尺",
        "g\"ro\nup",
        "#",
        "a=b",
        "'''",
        "\u{7f}\u{1b}[31m",
    ];
    let quote = |name: &&str| format!("\"{}\"", name.replace('"', "\"\""));
    let header = names.iter().map(quote).collect::<Vec<_>>().join(",");
    let rows = table(&header, |row| {
        let scores: Vec<String> = (3..names.len())
            .map(|at| {
                if at == 8 {
                    format!("w{}", row / 2)
                } else {
                    format!("{}", drawn(row, at, 40))
                }
            })
            .collect();
        format!(
            "p{row},{},{},{}",
            text(row),
            drawn(row, 60, 40),
            scores.join(",")
        )
    });
    let (said, written) = inspected(&rows, |_| {}).unwrap();
    assert!(said.contains("ocean-host eval FOLDER"), "{said}");
    assert!(
        !said.contains('\u{1b}') && !written.contains('\u{1b}'),
        "{said}"
    );
    for line in [
        "id = \"i\\\"d\\\"\"",
        "text = \"te.xt\\u000Aof [you]\"",
        "\"sco*re?\", \"[a]\", \"{b,c}\", \"d\\\\e\", \"  \", \"größe 尺\", \"#\", \"a=b\", \"'''\", \"\\u007F\\u001B[31m\"]",
        "# group = \"g\\\"ro\\u000Aup\"",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
}

#[test]
fn names_that_cannot_be_named_are_left_out_with_a_word() {
    let rows = table("id,text,score,score,,rating", |row| {
        format!(
            "{row},{},{},{},{},{}",
            text(row),
            drawn(row, 1, 9),
            drawn(row, 2, 9),
            drawn(row, 3, 9),
            drawn(row, 4, 9)
        )
    });
    expect(
        &rows,
        &[
            "not used score  (2 columns have this name",
            "not used \"\"  (it has no name",
        ],
        &["targets = [\"rating\"]"],
        &[],
    );
    let headless = table(
        "t001,A text that is long enough to be one,7.388,,g0",
        |row| {
            format!(
                "t1{row:02},{},{}.5,{},g{}",
                text(row),
                drawn(row, 1, 50),
                drawn(row, 2, 9),
                row / 2
            )
        },
    );
    expect(
        &headless,
        &["Note: a column is called `7.388`, which is a number: if the first line is a row"],
        &["id = \"t001\"", "targets = [\"7.388\"]"],
        &[],
    );
}
