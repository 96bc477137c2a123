//! A table becomes a study that runs, or clear words; and a table where a study was meant.

use std::fs;

use crate::cli::folder::Folder;
use crate::cli::host::run;

/// The table of the sound study under another name, and no plugins.toml.
fn with_table(name: &str, change: impl Fn(String) -> String) -> Folder {
    let folder = Folder::sound();
    let table = fs::read_to_string(folder.file("texts.csv")).unwrap();
    fs::remove_file(folder.file("plugins.toml")).unwrap();
    fs::remove_file(folder.file("texts.csv")).unwrap();
    folder.write(name, change(table));
    folder
}

#[test]
fn row_names_without_a_name_make_a_study_that_runs() {
    let folder = with_table("my data.csv", |table| {
        table
            .lines()
            .enumerate()
            .map(|(at, line)| match at {
                0 => format!(",{line}\n"),
                at => format!("{},{line}\n", at - 1),
            })
            .collect::<String>()
            .replace("id,text", "who,text")
    });
    let said = run(folder.path(), &["init"]).ending_with(0).stdout;
    assert!(
        said.ends_with("then\n\n  ocean-host eval ./plugins.toml\n"),
        "{said}"
    );
    let small = [
        "eval",
        "plugins.toml",
        "--quiet",
        "--set",
        "evaluation.permutations=19",
        "--set",
        "evaluation.sensitivity=0",
        "--set",
        "evaluation.controls=false",
    ];
    run(folder.path(), &small).ending_with(0);
    let nameless = ["--force", "--id", "", "--target", "mood"];
    let said = run(folder.path(), &[&["init"], nameless.as_slice()].concat()).ending_with(0);
    assert!(
        said.stdout.contains("id       \"\"  (as you said)"),
        "{said:?}"
    );
    run(folder.path(), &[small.as_slice(), &["--fresh"]].concat()).ending_with(0);
}

#[test]
fn what_only_the_whole_dry_run_finds_is_said() {
    // Three authors cannot fill five folds, which the reading of the table does not show.
    let folder = with_table("texts.csv", |table| {
        let mut rows = table.lines().enumerate();
        let (_, header) = rows.next().unwrap();
        let rows = rows.map(|(row, line)| format!("{line},author {}\n", row % 3));
        format!("{header},author\n{}", rows.collect::<String>())
    });
    let ran = run(
        folder.path(),
        &["init", "texts.csv", "--group", "author", "--force"],
    )
    .ending_with(0);
    assert!(
        ran.stdout.contains("then mend what eval would refuse:") && ran.stdout.contains("folds"),
        "{ran:?}"
    );
}

#[test]
fn a_table_without_ids_becomes_a_study_whose_rows_are_numbered() {
    let folder = with_table("texts.csv", |table| {
        let without = |line: &str| line.split_once(',').unwrap().1.to_owned() + "\n";
        table.lines().map(without).collect()
    });
    let said = run(folder.path(), &["init", "texts.csv"])
        .ending_with(0)
        .stdout;
    assert!(
        said.contains("rows are named by their number in the file"),
        "{said}"
    );
    let plan = run(folder.path(), &["eval", "plugins.toml", "--dry-run"])
        .ending_with(0)
        .stdout;
    assert!(
        plan.contains(
            "texts.csv: without `id` under [data] rows are named by their number in the file\n"
        ),
        "{plan}"
    );
    let id = "[data] has no `id`: row order is never trusted";
    let join = [
        "eval",
        "plugins.toml",
        "--set",
        "data.join=[{ path = \"texts.csv\" }]",
    ];
    let refused = run(folder.path(), &join).ending_with(2).stderr;
    assert!(
        refused.contains(&format!("joins a table by id, and {id}")),
        "{refused}"
    );
}

#[test]
fn a_table_where_a_study_was_meant_is_answered_with_the_line_to_type() {
    let folder = with_table("my data.csv", |table| table);
    for command in ["eval", "encode"] {
        let ran = run(folder.path(), &[command, "my data.csv"]).ending_with(2);
        assert_eq!(
            ran.stderr,
            "error: my data.csv: is a table; a study is described in a plugins.toml, which names it\n  try: ocean-host init 'my data.csv'\n"
        );
    }
    folder.write("plugins.toml", "");
    let ran = run(folder.path(), &["eval", "my data.csv", "--dry-run"]).ending_with(2);
    assert!(
        ran.stderr.ends_with("try: the plugins.toml beside it, plugins.toml; or, for another: ocean-host init 'my data.csv' --out other.toml\n"),
        "{ran:?}"
    );
    let ran = run(folder.path(), &["eval", "no.csv"]).ending_with(2);
    assert!(ran.stderr.contains("no.csv: cannot be read"), "{ran:?}");
}
