//! A file of SPSS from `init` to the report, and the flags that say how a table is written.

use std::fs;
use std::path::Path;

use crate::cli::folder::Folder;
use crate::cli::host::run;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/files")
            .join(name),
    )
    .unwrap()
}

#[test]
fn a_file_of_spss_is_taken_from_init_to_the_report() {
    let folder = Folder::sound();
    fs::remove_file(folder.file("plugins.toml")).unwrap();
    folder.write("study.sav", fixture("codes.sav"));
    let said = run(folder.path(), &["init", "study.sav"])
        .ending_with(0)
        .stdout;
    for line in [
        "id       person_identifier",
        "targets  mood  (numbers that look like a score: 1 to 5, 5 different values: 1 = \"very bad\", 2 = \"bad\", 3 = \"fair\", 4 = \"good\", 5 = \"very good\")",
        "Note: study.sav: values that the file calls missing are missing: `mood` 2 (-99)",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    // Two of its twelve moods are missing, too few are left for five folds.
    let said = run(
        folder.path(),
        &["init", "study.sav", "--target", "score", "--force"],
    );
    let said = said.ending_with(0).stdout;
    assert!(said.contains("ocean-host eval plugins.toml"), "{said}");
    folder
        .eval(&["--quiet", "--set", "evaluation.permutations=19"])
        .ending_with(0);
    let report = fs::read_to_string(folder.file("run/report.md")).unwrap();
    assert!(
        report.contains("values that the file calls missing are missing"),
        "{report}"
    );
    // Two numbers with labels are numbers: nobody has to say which is 1.
    let targets = "data.targets=[\"sex\"]";
    run(
        folder.path(),
        &["eval", "plugins.toml", "--dry-run", "--set", targets],
    )
    .ending_with(0);
}

#[test]
fn flags_say_how_the_table_of_predict_and_init_is_written() {
    let folder = Folder::sound();
    folder.replace(
        "plugins.toml",
        "plugin = \"ridge\"\n",
        "plugin = \"ridge\"\nexport_models = true\n",
    );
    folder.eval(&["--quiet"]).ending_with(0);
    let model = "run/models/lexical__ridge__mood.ocean";
    let rows = "id,text\nn1,so fine a day; really\nn2,what awful rain\n";
    folder.write("plain.csv", rows);
    let plain = run(folder.path(), &["predict", model, "plain.csv"])
        .ending_with(0)
        .stdout;
    // A cp1252 text, separated by what also stands in a text.
    let bars: Vec<u8> = rows
        .replace(',', "~")
        .replace("so fine", "so f\u{ef}ne")
        .chars()
        .map(|c| c as u8)
        .collect();
    folder.write("bars.txt", bars);
    let flags = ["--delimiter", "~", "--encoding", "latin1"];
    let read = run(
        folder.path(),
        &[&["predict", model, "bars.txt"][..], &flags].concat(),
    )
    .ending_with(0)
    .stdout;
    assert_eq!(read.lines().count(), plain.lines().count());
    let last = |table: &str| table.lines().last().map(str::to_owned);
    assert_eq!(last(&read), last(&plain));
    let refused = run(
        folder.path(),
        &["predict", model, "plain.csv", "--sheet", "one"],
    )
    .ending_with(2)
    .stderr;
    assert!(
        refused.contains("--sheet: belongs to workbooks: .xlsx, .xls, .ods\n  try: leave it out"),
        "{refused}"
    );
    let unknown = run(
        folder.path(),
        &["init", "bars.txt", "--encoding", "latin-99"],
    )
    .ending_with(2)
    .stderr;
    assert!(
        unknown.contains("no encoding is called \"latin-99\""),
        "{unknown}"
    );
}
