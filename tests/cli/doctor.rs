//! The doctor on whole runs: data with a fault, and the same without.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cli::folder::{Folder, texts};
use crate::cli::host::run;

/// The codes of the findings of a run.
fn found(folder: &Folder, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--quiet", "--fresh"];
    arguments.extend(more);
    folder.eval(&arguments).ending_with(0);
    let text = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let findings = results["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn penalties_beyond_everything_are_no_longer_silent() {
    let folder = Folder::sound();
    let has = |codes: &[String]| codes.iter().any(|code| code == "grid-too-strong");
    assert!(!has(&found(&folder, &[])));
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"",
        "plugin = \"ridge\"\nalphas = [1e300]",
    );
    assert!(has(&found(&folder, &[])));
}

/// Forty texts by twenty authors, whose mood is their own; or moods dealt to the authors at random.
fn by_authors(is_own: bool) -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,author,mood\n".to_owned();
    for (row, line) in texts(40).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let author = row / 2;
        let mood: f64 = mood.parse().unwrap();
        let own = (author * 7 % 20) as f64 + 0.1 * mood;
        let shown = if is_own { own } else { (row * 13 % 40) as f64 };
        writeln!(table, "{start},writer {author},{shown}").unwrap();
    }
    folder.write("texts.csv", table);
    folder
}

#[test]
fn a_column_whose_rows_share_their_scores_is_named_unless_it_is_declared() {
    let has = |codes: Vec<String>| codes.iter().any(|code| code == "undeclared-groups");
    assert!(has(found(&by_authors(true), &[])));
    assert!(!has(found(&by_authors(false), &[])));
    assert!(!has(found(
        &by_authors(true),
        &["--set", "data.group=\"author\""]
    )));
}

#[test]
fn codes_of_missing_values_are_found_in_the_file() {
    let folder = Folder::sound();
    let table = std::fs::read_to_string(folder.file("texts.csv")).unwrap();
    let last = table.trim_end().rfind(',').unwrap();
    folder.write("texts.csv", format!("{},-999\n", &table[..last]));
    assert!(found(&folder, &[]).contains(&"missing-code".to_owned()));
    assert!(!found(&Folder::sound(), &[]).contains(&"missing-code".to_owned()));
}

/// The findings of a run by code, with severity and what was seen.
fn findings(folder: &Folder, more: &[&str]) -> BTreeMap<String, (String, String)> {
    found(folder, more);
    let text = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = results["findings"].as_array().unwrap().iter();
    findings
        .map(|one| {
            let said = (text(one, "severity"), text(one, "seen"));
            (text(one, "code"), said)
        })
        .collect()
}

/// The r2 of the first cell.
fn first_r2(folder: &Folder) -> f64 {
    let text = std::fs::read_to_string(folder.file("run/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    results["cells"][0]["r2"].as_f64().unwrap()
}

const LEXICAL: &str = "[[encoder]]\nname = \"lexical\"\nplugin = \"lexical\"";

/// The sound study with a table of vectors in the place of the encoder; `vectors` writes a row's
/// columns.
fn with_table(header: &str, vectors: impl Fn(usize, f64) -> String) -> Folder {
    let folder = Folder::sound();
    let mut table = format!("id,{header}\n");
    for (row, line) in texts(40).lines().skip(1).enumerate() {
        let mood: f64 = line.rsplit_once(',').unwrap().1.parse().unwrap();
        writeln!(table, "t{row},{}", vectors(row, mood)).unwrap();
    }
    folder.write("vectors.csv", table);
    let precomputed = "[[encoder]]\nname = \"vectors\"\nembeddings = \"vectors.csv\"";
    folder.replace("plugins.toml", LEXICAL, precomputed);
    folder
}

const NO_CONTROLS: [&str; 2] = ["--set", "evaluation.controls=false"];

#[test]
fn answers_indices_and_empty_rows_in_a_file_of_vectors_are_told_before_and_after_the_run() {
    let noise = |row: usize, by: usize| (row * by * 37 % 101) as f64 / 100.0 - 0.5;
    let faulty = with_table("again,rank,d1,d2", |row, mood| match row % 5 {
        0 => format!("{},{},0,0", 50.0 - 10.0 * mood, row * 7 % 40),
        _ => format!(
            "{},{},{},{}",
            50.0 - 10.0 * mood,
            row * 7 % 40,
            noise(row, 3),
            noise(row, 7)
        ),
    });
    let told = findings(&faulty, &NO_CONTROLS);
    assert_eq!(told["target-in-vectors"].0, "serious");
    assert!(
        told["target-in-vectors"]
            .1
            .contains("column `again` is `mood` (r = -1.0000)")
    );
    assert_eq!(told["running-number"].0, "serious");
    let before = faulty.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        before.contains("column `again` is `mood`") && before.contains("column `rank` (0 to 39)"),
        "{before}"
    );

    let sound = with_table("d1,d2", |row, _| {
        format!("{},{}", noise(row, 3), noise(row, 7))
    });
    let told = findings(&sound, &NO_CONTROLS);
    for code in [
        "target-in-vectors",
        "running-number",
        "zero-vectors",
        "one-vector-many-rows",
    ] {
        assert!(!told.contains_key(code), "{told:?}");
    }
    let failed = with_table("d1,d2", |row, _| match row % 5 {
        0 => "0,0".to_owned(),
        _ => format!("{},{}", noise(row, 3), noise(row, 7)),
    });
    let before = failed.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        before.contains("8 of 40 vectors of `vectors` are all zero: ids `t0`, `t10`"),
        "{before}"
    );
}

/// Rounding in place of 0, and one real value: scaled by the training rows alone that value is
/// 1e16.
#[test]
fn columns_that_hold_rounding_do_not_blow_up() {
    let folder = with_table("d1,residue", |row, mood| {
        let residue = match (row, row % 3) {
            (11, _) => 0.05,
            (_, 1) => -5e-18,
            _ => 0.0,
        };
        format!("{},{residue:e}", mood + (row % 4) as f64 / 10.0)
    });
    found(&folder, &NO_CONTROLS);
    let r2 = first_r2(&folder);
    assert!(r2 > 0.2 && r2 < 1.0, "{r2}");
}

/// Texts numbered from 1, their scores in a second file numbered from `first`.
fn numbered(first: usize) -> Folder {
    let folder = Folder::sound();
    let (mut table, mut scores) = ("id,text\n".to_owned(), "id,mood\n".to_owned());
    for (row, line) in texts(40).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let text = start.split_once(',').unwrap().1;
        writeln!(table, "{},{text}", row + 1).unwrap();
        writeln!(scores, "{},{mood}", row + first).unwrap();
    }
    folder.write("texts.csv", table);
    folder.write("scores.csv", scores);
    let join = "[[data.join]]\npath = \"scores.csv\"\nid = \"id\"\n\n[evaluation]";
    folder.replace("plugins.toml", "[evaluation]", join);
    folder
}

#[test]
fn files_that_count_from_different_numbers_are_told_and_vectors_of_such_a_file_refused() {
    let folder = numbered(0);
    let (severity, seen) = &findings(&folder, &NO_CONTROLS)["ids-one-off"];
    assert_eq!(severity, "serious");
    assert!(seen.contains("scores.csv run from `0` to `39`"), "{seen}");
    let before = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(
        before.contains("scores.csv run from `0` to `39`"),
        "{before}"
    );
    let right = numbered(1);
    let before = right.eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(!before.contains("counts from"), "{before}");

    let ids: String = (0..40).map(|id| format!("{id}\n")).collect();
    let values: Vec<f32> = (0..80).map(|at| (at * 37 % 101) as f32).collect();
    right.with_vectors((40, 2), &values, &ids);
    let refused = right.eval(&[]).ending_with(2).stderr;
    assert!(refused.contains("look one off (id + 1)"), "{refused}");
}

#[test]
fn blank_texts_tie_no_groups_together_and_are_told() {
    let folder = Folder::sound();
    let mut table = "id,text,author,mood\n".to_owned();
    for (row, line) in texts(40).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let text = start.split_once(',').unwrap().1;
        // Every fifth is blank, and nobody who writes nothing is in a good mood.
        let (text, mood) = match row % 5 {
            0 => (["", "  "][row % 2], "-9"),
            _ => (text, mood),
        };
        writeln!(table, "t{row},{text},a{},{mood}", row / 2).unwrap();
    }
    folder.write("texts.csv", table);
    let kept = [
        "--set",
        "data.blank=\"keep\"",
        "--set",
        "data.group=\"author\"",
    ];
    let told = findings(&folder, &kept);
    assert!(!told.contains_key("joined-groups") && !told.contains_key("duplicate-texts"));
    let (severity, seen) = &told["blank-texts"];
    assert_eq!(severity, "warning");
    assert!(
        seen.starts_with("8 of 40 texts are empty or blank. `length` has r2 "),
        "{seen}"
    );
    // Noise that knows which texts are equal does not know which are blank.
    assert!(
        told.get("random-control")
            .is_none_or(|(severity, _)| severity == "note")
    );
}

#[test]
fn one_target_twice_and_words_that_are_not_set_apart_are_told() {
    let folder = Folder::sound();
    let characters: Vec<char> = "的自说快乐他要她看晴人有欢会是丑雨没过心不都们和"
        .chars()
        .collect();
    let mut table = "id,text,mood,mood_t\n".to_owned();
    let mut state = 5u64;
    for row in 0..40 {
        let mut text = String::new();
        for _ in 0..14 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.push(characters[(state >> 33) as usize % characters.len()]);
        }
        let mood = (row * 17 % 41) as f64 / 10.0;
        writeln!(table, "t{row},{text},{mood},{}", 50.0 + 3.0 * mood).unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace("plugins.toml", "[\"mood\"]", "[\"mood*\"]");
    let told = findings(&folder, &NO_CONTROLS);
    assert!(
        told["copied-targets"]
            .1
            .starts_with("`mood_t` is `mood` up to scale")
    );
    assert!(
        told["no-blanks-between-words"]
            .1
            .starts_with("A text has 1.0 words on average")
    );
    folder.replace(
        "plugins.toml",
        "plugin = \"lexical\"",
        "plugin = \"lexical\"\nchar_ngram_min = 1",
    );
    folder.replace("plugins.toml", "[\"mood*\"]", "[\"mood\"]");
    let told = findings(&folder, &NO_CONTROLS);
    assert!(!told.contains_key("copied-targets") && !told.contains_key("no-blanks-between-words"));
}

/// Forty texts with a mood, an age of which some are 999, a group spelled in two ways; every fifth
/// text is "[removed]".
fn untidy() -> Folder {
    let folder = Folder::sound();
    let mut table = "id,text,author,age,mood\n".to_owned();
    for (row, line) in texts(60).lines().skip(1).enumerate() {
        let (start, mood) = line.rsplit_once(',').unwrap();
        let (id, text) = start.split_once(',').unwrap();
        let text = if row % 5 == 0 { "[removed]" } else { text };
        let author = if row % 2 == 0 { "Writer" } else { "WRITER " };
        let age = if row % 9 == 4 { 999 } else { 20 + row * 7 % 40 };
        writeln!(table, "{id},{text},{author}{},{age},{mood}", row / 4).unwrap();
    }
    folder.write("texts.csv", table);
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"mood\"]\ngroup = \"author\"\ncovariates = [\"age\"]",
    );
    folder
}

#[test]
fn untidy_data_are_told_of_before_a_run_and_after_it() {
    let folder = untidy();
    let dry = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    for part in [
        "serious: `age` has values far from all others",
        "ONE text makes up 12 of 60 rows: ids `t0`, `t10`, `t15`, `t20`, `t25` and 7 more.",
        "serious: 30 group labels are 15 when case and blanks are left aside",
    ] {
        assert!(dry.contains(part), "{part}: {dry}");
    }
    assert!(!dry.contains("duplicates = \"group\" (the"), "{dry}");
    let codes = found(&folder, &["--set", "evaluation.controls=false"]);
    for code in ["missing-code", "one-text-many-rows", "groups-look-alike"] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    let dry = Folder::sound().eval(&["--dry-run"]).ending_with(0).stdout;
    assert!(!dry.contains("Before you start"), "{dry}");
}

#[test]
fn a_join_that_loses_ids_by_their_form_says_so_and_so_do_vectors_and_refusals() {
    let folder = Folder::sound();
    let ratings = |start: usize| -> String {
        let id = |row: usize| {
            if row < start {
                format!("T{row}")
            } else {
                format!("t{row}")
            }
        };
        let rows = (0..40).map(|row| format!("{},{}\n", id(row), row * 7 % 40));
        format!("id,y\n{}", rows.collect::<String>())
    };
    folder.replace(
        "plugins.toml",
        "targets = [\"mood\"]",
        "targets = [\"y\"]\n\n[[data.join]]\npath = \"ratings.csv\"",
    );
    folder.write("ratings.csv", ratings(10));
    let dry = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    let said = "10 of the 10 ids of texts.csv that ratings.csv lacks are there when case is left aside (\"t0\" and \"T0\")";
    assert!(dry.contains(&format!("warning: {said}")), "{dry}");
    // Eleven rows are left: enough to be read, too few for some fold.
    folder.write("ratings.csv", ratings(29));
    let refused = folder
        .eval(&["--dry-run", "--set", "evaluation.folds=5"])
        .ending_with(2)
        .stderr;
    let reason = refused.find("29 of the 29 ids").unwrap_or(usize::MAX);
    assert!(
        reason < refused.find("try fewer folds").unwrap(),
        "{refused}"
    );
    // Vectors whose ids have leading zeros.
    folder.write("plugins.toml", "[data]\npath = \"texts.csv\"\nid = \"id\"\ntext = \"text\"\ntargets = [\"mood\"]\n[study]\nname = \"s\"\n\
        [[encoder]]\nname = \"v\"\nembeddings = \"v.csv\"\n[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n");
    let rows = (0..40).map(|row| format!("t{row:03},{}\n", row * 7 % 40 + row / 20));
    folder.write("v.csv", format!("id,d1\n{}", rows.collect::<String>()));
    let refused = folder.eval(&["--dry-run"]).ending_with(2).stderr;
    assert!(refused.contains("40 of the 40 ids of the data that v.csv lacks are there when leading zeros are left aside"), "{refused}");
}

#[test]
fn keys_that_change_nothing_are_refused_and_what_a_dry_run_prints_is_not() {
    let folder = Folder::sound();
    let printed = folder.eval(&["--dry-run"]).ending_with(0).stdout;
    let (_, settings) = printed.split_once("defaults included\n").unwrap();
    folder.write("printed.toml", settings);
    let again = ["eval", "printed.toml", "--out", "again", "--dry-run"];
    run(folder.path(), &again).ending_with(0);
    let ridge = "plugin = \"ridge\"";
    folder.replace(
        "plugins.toml",
        ridge,
        &format!("{ridge}\ntol = 1e-6\npatience = 3"),
    );
    let refused = folder.eval(&["--dry-run"]).ending_with(2).stderr;
    assert!(
        refused.contains("plugins.toml:21: tol changes nothing"),
        "{refused}"
    );
    folder.replace("plugins.toml", "tol = 1e-6\n", "");
    let refused = folder.eval(&["--dry-run"]).ending_with(2).stderr;
    assert!(
        refused.contains("plugins.toml:21: patience changes nothing"),
        "{refused}"
    );
}
