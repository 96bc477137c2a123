//! `power`: how many rows, before there are scores.

use crate::cli::folder::{Folder, texts};
use crate::cli::host::run;

#[test]
fn rows_for_a_study_are_told_without_a_score() {
    let folder = Folder::sound();
    // Texts alone: no column of the file is a score.
    folder.write("texts.csv", texts(60));
    folder.replace("plugins.toml", "targets = [\"mood\"]\n", "");
    let arguments = |more: &[&'static str]| {
        let mut all = vec![
            "power",
            "plugins.toml",
            "--quiet",
            "--n",
            "80,40",
            "--r2",
            ".5,.1",
        ];
        all.extend(["--data-sets", "40", "--tests", "3"]);
        all.extend(more);
        all
    };
    let said = run(folder.path(), &arguments(&["--out", "power"])).ending_with(0);
    for words in [
        "lexical · ridge",
        "rows for power .80 and .90",
        "the share of 40 simulated data sets",
        "shared by 3 tests",
        "The file has 60 texts",
        "For a preregistration",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    let table = std::fs::read_to_string(folder.file("power/power.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // Two sizes, two effects, both rising.
    let of = |at: usize, column: usize| rows[at][column].parse::<f64>().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(
        [of(0, 1), of(0, 2), of(3, 1), of(3, 2)],
        [40.0, 0.1, 80.0, 0.5]
    );
    assert!(of(3, 3) > of(2, 3) && of(3, 3) > of(1, 3) - 0.2, "{table}");
    assert!((0..4).all(|at| of(at, 4) <= of(at, 3) && of(at, 6) == 40.0));
    let picture = std::fs::read_to_string(folder.file("power/power-lexical___ridge.svg")).unwrap();
    assert!(picture.contains("rows (log scale)"));
    assert!(folder.file("power/power-lexical___ridge.png").exists());

    // What is there stays, unless it is to be replaced; the threads change nothing.
    run(folder.path(), &arguments(&["--out", "power"])).ending_with(2);
    let forced = arguments(&["--out", "power", "--force", "--threads", "1"]);
    assert_eq!(
        run(folder.path(), &forced).ending_with(0).stdout,
        said.stdout
    );
    let again = std::fs::read_to_string(folder.file("power/power.csv")).unwrap();
    assert_eq!(again, table);
}

#[test]
fn a_part_that_is_not_reported_has_no_picture_and_takes_no_others_name() {
    let folder = Folder::sound();
    folder.write("texts.csv", texts(60));
    folder.replace(
        "plugins.toml",
        "[[encoder]]\nname = \"lexical\"",
        "[[encoder]]\nname = \"letters\"\nplugin = \"lexical\"\ndim = 16\nreport = false\n\n\
         [[encoder]]\nname = \"both\"\ncombine = [\"letters\", \"lexical\"]\n\n[[encoder]]\nname = \"lexical\"",
    );
    let asked = [
        "power",
        "plugins.toml",
        "--quiet",
        "--n",
        "40",
        "--r2",
        ".5",
        "--data-sets",
        "20",
        "--out",
        "power",
    ];
    let said = run(folder.path(), &asked).ending_with(0).stdout;
    assert!(
        said.contains("both · ridge") && !said.contains("letters · ridge"),
        "{said}"
    );
    for recipe in ["both", "lexical"] {
        let file = format!("power/power-{recipe}___ridge.svg");
        let picture = std::fs::read_to_string(folder.file(&file)).unwrap();
        assert!(picture.contains(&format!("{recipe} · ridge")), "{picture}");
    }
    assert!(!folder.file("power/power-letters___ridge.svg").exists());
}

#[test]
fn sizes_and_effects_that_cannot_be_are_refused_together() {
    let folder = Folder::sound();
    let asked = ["power", "plugins.toml", "--n", "12,100", "--r2", "0,1.5"];
    let said = run(folder.path(), &asked).ending_with(2);
    for words in ["--n: 12 rows are too few", "--r2: 0 is no effect"] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
}
