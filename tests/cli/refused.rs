//! Bad inputs: each is refused before any work, with exit code 2, nothing on stdout, no results
//! folder, and exactly these words.

use ocean_tests::workspace::root;

use crate::cli::folder::{Folder, texts};

/// Spoils the sound study and takes down what the program says.
fn refused(spoil: impl Fn(&Folder)) -> String {
    let folder = Folder::sound();
    spoil(&folder);
    let ran = folder.eval(&["--quiet"]).ending_with(2);
    assert_eq!(ran.stdout, "");
    assert!(
        !folder.file("run").exists(),
        "refused, and yet something was left"
    );
    ran.stderr
}

fn with_texts(content: impl AsRef<[u8]>) -> String {
    refused(|folder| folder.write("texts.csv", content.as_ref()))
}

/// Four rows, ids t0 … t3, with the given moods.
fn with_moods(moods: [&str; 4]) -> String {
    let mut table = "id,text,mood\n".to_owned();
    for (row, mood) in moods.iter().enumerate() {
        table.push_str(&format!("t{row},text number {row},{mood}\n"));
    }
    with_texts(table)
}

#[test]
fn the_sound_study_is_not_refused() {
    Folder::sound().eval(&["--quiet"]).ending_with(0);
}

#[test]
fn files_that_hold_no_table() {
    assert_eq!(with_texts(""), "error: texts.csv: is empty\n");
    assert_eq!(
        with_texts("id,text,mood\n"),
        "error: texts.csv: has a header and no rows\n"
    );
    assert_eq!(
        with_texts(b"id,text,mood\nt0,caf\xe9,1\n"),
        "error: texts.csv:2: is not UTF-8 text: byte 19 is 0xe9; it looks like windows-1252, in which the line reads \"t0,café,1\"\n  try: encoding = \"windows-1252\" beside the file's `path`; or the file in UTF-8: spreadsheets offer \"CSV UTF-8\", and `iconv -f windows-1252 -t UTF-8` makes a copy\n"
    );
    assert_eq!(
        refused(|folder| std::fs::remove_file(folder.file("texts.csv")).unwrap()),
        "error: texts.csv: cannot be read: No such file or directory (os error 2)\n"
    );
}

#[test]
fn ids_that_are_missing_or_stand_twice() {
    assert_eq!(
        refused(|folder| folder.replace("texts.csv", "\nt7,", "\nt3,")),
        "error: texts.csv: id \"t3\" stands at lines 5, 9\n"
    );
    assert_eq!(
        refused(|folder| folder.replace("texts.csv", "\nt7,", "\n,")),
        "error: texts.csv: has no id at line 9\n"
    );
    assert_eq!(
        refused(|folder| folder.replace("texts.csv", "id,text", "number,text")),
        "error: texts.csv: id `id` is not a column; there are `number`, `text`, `mood`\n"
    );
}

#[test]
fn targets_that_cannot_be_predicted() {
    assert_eq!(
        with_moods(["high", "low", "1", "2"]),
        "error: texts.csv:2: target `mood` = \"high\" is not a finite number; 2 of 4 values are not\n  \
         try: a numeric column; a missing value is written as nothing, NA, NaN, null, None or a single point\n"
    );
    assert_eq!(
        with_moods(["", "NA", ".", "null"]),
        "error: texts.csv: target `mood` has no value in any of 4 rows\n"
    );
    assert_eq!(
        with_moods(["3", "3.0", "3", "3"]),
        "error: texts.csv: target `mood` is constant: each of its 4 values is 3\n"
    );
    assert_eq!(
        with_moods(["1", "2", "3", "4"]),
        "error: texts.csv: target `mood` has 4 values, and 5 folds need at least 10\n"
    );
}

#[test]
fn vectors_that_do_not_fit() {
    let ids = |n: usize| (0..n).map(|row| format!("t{row}\n")).collect::<String>();
    let values = |n: usize| (0..n).map(|at| (at as f32).sin()).collect::<Vec<f32>>();
    assert_eq!(
        refused(|folder| {
            let mut values = values(120);
            values[31] = f32::NAN;
            folder.with_vectors((40, 3), &values, &ids(40));
        }),
        "error: vectors.npy: row 11 (id `t10`), column 2 is NaN\n"
    );
    assert_eq!(
        refused(|folder| folder.with_vectors((38, 3), &values(114), &ids(40))),
        "error: ids.txt: has 40 ids, and vectors.npy has 38 rows\n  try: one id a line, in the order of the rows, without a header\n"
    );
    assert_eq!(
        refused(|folder| folder.with_vectors((40, 3), &values(120), &ids(40).replace('t', "x"))),
        "error: vectors.npy: has no vector for 40 of the dataset's 40 ids (`t0`, `t1`, `t10` and 37 more); its own are `x0`, `x1`, `x2` and 37 more\n  \
         try: vectors for every row, or a data file of the rows that have one\n"
    );
    let cut = refused(|folder| folder.with_vectors((40, 3), &values(100), &ids(40)));
    assert!(cut.starts_with("error: vectors.npy: "), "{cut}");
}

#[test]
fn keys_and_values_that_do_not_exist() {
    assert_eq!(
        refused(|folder| folder.replace("plugins.toml", "permutations = 19", "permutation = 19")),
        "error: plugins.toml:11: [evaluation] has no key `permutation`; did you mean `permutations`?\n"
    );
    assert_eq!(
        refused(|folder| folder.replace(
            "plugins.toml",
            "permutations = 19",
            "permutations = 19\nfolds = 1"
        )),
        "error: plugins.toml:12: [evaluation] folds = 1 is not a whole number from 2 to 1000, or the name of a column\n"
    );
    assert_eq!(
        refused(|folder| folder.replace("plugins.toml", "[\"mood\"]", "[\"mod\"]")),
        "error: texts.csv: target \"mod\" matches no column; did you mean `mood`?\n"
    );
}

#[test]
fn plugins_that_are_not_there_or_of_another_kind() {
    let absent = refused(|folder| {
        folder.replace("plugins.toml", "plugin = \"ridge\"", "plugin = \"rigde\"")
    });
    assert!(
        absent.contains("rigde") && absent.contains("ridge"),
        "{absent}"
    );
    let swapped = refused(|folder| {
        folder.replace("plugins.toml", "plugin = \"ridge\"", "plugin = \"lexical\"")
    });
    assert!(
        swapped.contains("lexical") && swapped.contains("encoder") && swapped.contains("regressor"),
        "{swapped}"
    );
    let text = refused(|folder| {
        folder.write("libocean_plugin_text.so", "not a library");
        folder.replace(
            "plugins.toml",
            "plugin = \"ridge\"",
            "plugin = \"./libocean_plugin_text.so\"",
        );
    });
    assert!(text.contains("libocean_plugin_text.so"), "{text}");
}

#[test]
fn a_results_folder_that_cannot_be_written() {
    let folder = Folder::sound();
    let ran = crate::cli::host::run(
        folder.path(),
        &["eval", "plugins.toml", "--quiet", "--out", "texts.csv/run"],
    )
    .ending_with(2);
    assert!(
        ran.stderr.starts_with("error: ") && ran.stderr.contains("texts.csv/run"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_changed_study_in_the_folder_of_a_finished_one() {
    let folder = Folder::sound();
    folder.eval(&["--quiet"]).ending_with(0);
    let changed = ["--quiet", "--set", "evaluation.folds=4"];
    let ran = folder.eval(&changed).ending_with(2);
    let place = folder.file("run");
    assert_eq!(
        ran.stderr,
        format!(
            "error: {} holds a run of another plan:\n  plan.evaluation.folds: 5 → 4\n  try: --fresh to start over there, or another --out\n",
            place.display()
        )
    );
    folder
        .eval(&[&changed[..], &["--fresh"]].concat())
        .ending_with(0);
}

#[test]
fn too_few_permutations_for_holm_where_holm_alone_adjusts() {
    // One cell at level .01: (0 + 1)/(M + 1) ≤ .01 from M = 99 on.
    let adaptive = |cap: u32| format!("permutations = {{ adaptive = {cap} }}\nlevel = 0.01");
    assert_eq!(
        refused(|folder| folder.replace("plugins.toml", "permutations = 19", &adaptive(98))),
        "error: [evaluation] permutations: { adaptive = 98 } is too few for 1 cell: the smallest p that Holm can give is 1/(98 + 1), above the level 0.01\n  \
         try: permutations = { adaptive = 99 }, or more\n"
    );
    let folder = Folder::sound();
    folder.replace("plugins.toml", "permutations = 19", &adaptive(99));
    folder.eval(&["--quiet"]).ending_with(0);
}

#[test]
fn every_problem_is_told_at_once_and_each_with_its_line() {
    let said = refused(|folder| {
        folder.replace(
            "plugins.toml",
            "permutations = 19",
            "permutations = 0\nfolds = 1\nlevle = 0.05",
        );
    });
    for line in [
        "plugins.toml:11: ",
        "plugins.toml:12: ",
        "plugins.toml:13: ",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_text_of_100_kilobytes_and_an_empty_one_are_no_mistake() {
    let folder = Folder::sound();
    let long = "word ".repeat(20_000);
    folder.write(
        "texts.csv",
        texts(40) + &format!("t40,{long},0.5\nt41,,0.25\n"),
    );
    for (blank, n) in [("drop", "41"), ("keep", "42")] {
        let blank = format!("data.blank=\"{blank}\"");
        folder
            .eval(&["--quiet", "--fresh", "--set", &blank])
            .ending_with(0);
        let rows = crate::cli::outputs::results(&folder.file("run"));
        assert_eq!(crate::cli::outputs::cell(&rows, "lexical", "mood")["n"], n);
    }
}

#[test]
fn nothing_of_this_machine_is_named_in_the_sound_study() {
    // The outputs are the same everywhere, so they cannot hold a path.
    let folder = Folder::sound();
    folder.eval(&["--quiet"]).ending_with(0);
    for (name, bytes) in crate::cli::outputs::bytes(&folder.file("run")) {
        let text = String::from_utf8_lossy(&bytes);
        for path in [folder.path(), root()] {
            assert!(
                !text.contains(path.to_str().unwrap()),
                "{} names {}",
                name.display(),
                path.display()
            );
        }
    }
}

#[test]
fn the_best_of_one_recipe() {
    assert_eq!(
        refused(|folder| folder.replace("plugins.toml", "permutations = 19", "best = true")),
        "error: plugins.toml:11: [evaluation] best has nothing to choose from: there is one encoder and one regressor\n  \
         try: best = false, or a second [[encoder]] or [[regressor]]\n"
    );
}

#[test]
fn planted_effects_whose_designs_of_all_repeats_do_not_fit_together() {
    let ask = |sensitivity: &str| {
        let folder = Folder::sound();
        folder.replace(
            "plugins.toml",
            "sensitivity = 0",
            &format!("repeats = 1000\nfolds = 10\nsensitivity = {sensitivity}"),
        );
        folder.eval(&["--quiet", "--dry-run"])
    };
    assert_eq!(
        ask("200").ending_with(2).stderr,
        "error: [evaluation] folds: 55000 designs of 40 rows × 512 columns would take about 23 GB of memory, at most 8 GB are used\n  \
         try: folds = 5 (15 designs), or 10 (55); or fewer repeats\n"
    );
    ask("0").ending_with(0);
}
