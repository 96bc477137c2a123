use std::path::Path;

use super::{Options, init_and_try};
use crate::plan::Plan;
use crate::read::arrangement::Arrangement;
use crate::read::config::{Config, Scope};
use crate::read::dataset::{Analysed, Dataset};
use crate::run::RunError;

/// All that `eval --dry-run` does but for opening plugins, which are not beside a test.
pub fn read(out: &Path) -> Result<(), RunError> {
    let config = Config::read(out, &[], Scope::Evaluation)?;
    let plan = Plan::resolve(&config, None)?;
    let dataset = Dataset::read(&plan.data, &plan.raters, plan.evaluation.folds.number())?;
    let analysed = Analysed::of(&dataset, plan.evaluation.unit)?;
    Arrangement::draw(&plan, &analysed)?;
    Ok(())
}

/// Writes `table`, runs `init`, and gives what it said and what it wrote.
pub fn inspected(
    table: &str,
    change: impl FnOnce(&mut Options),
) -> Result<(String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table).unwrap();
    let mut options = Options {
        data: folder.path().to_path_buf(),
        ..Options::default()
    };
    change(&mut options);
    let hide = |text: &str| text.replace(&folder.path().display().to_string(), "FOLDER");
    let said = init_and_try(&options, &read).map_err(|error| hide(&error.to_string()))?;
    if let Some(refusal) = said.refusal {
        assert!(!folder.path().join("plugins.toml").exists());
        return Err(hide(&format!("{}{refusal}", said.text)));
    }
    let written = std::fs::read_to_string(folder.path().join("plugins.toml")).unwrap();
    Ok((hide(&said.text), written))
}

/// A table of forty rows.
pub fn table(header: &str, row: impl Fn(usize) -> String) -> String {
    let rows: String = (0..40).map(|at| row(at) + "\n").collect();
    format!("{header}\n{rows}")
}

#[test]
fn roles_are_guessed_from_names_and_values_and_explained() {
    let table = table("row,pid,essay,author,sex,openness,extraversion", |at| {
        format!(
            "{at},p{at},\"Somebody writes at length about day {at}.\",a{},{},{},{}",
            at / 4,
            at % 2,
            1.0 + (at * 7 % 11) as f64 / 2.0,
            at * 3 % 13
        )
    });
    let (said, written) = inspected(&table, |_| {}).unwrap();
    let expected = "\
FOLDER/data.csv: 40 rows, 7 columns

  id       pid  (its name, and no value occurs twice)
  text     essay  (its name, and 39 characters and 7 words on average)
  targets  openness  (numbers that look like a score: 1 to 6, 11 different values)
  targets  extraversion  (numbers that look like a score: 0 to 12, 13 different values)
  group    author  (its name, and 10 values for 40 rows)
  not used row  (it numbers the rows)
  not used sex  (it has only 2 different values)

Written: FOLDER/plugins.toml. Read it, above all targets and group, then

  ocean-host eval FOLDER/plugins.toml
";
    assert_eq!(said, expected);
    for line in [
        "path = \"data.csv\"",
        "id = \"pid\"",
        "text = \"essay\"",
        "targets = [\"openness\", \"extraversion\"]",
        "group = \"author\" ",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
}

#[test]
fn a_panel_of_raters_becomes_traits() {
    let table = table(
        "id,text,a_openness,b_openness,a_neuroticism,b_neuroticism",
        |at| {
            format!(
                "i{at},A text that is long enough to be number {at},{},{},{},{}",
                at % 7,
                at % 7 + at % 2,
                at * 3 % 8,
                at * 3 % 8 + at % 3
            )
        },
    );
    let (said, written) = inspected(&table, |_| {}).unwrap();
    assert!(
        written.contains("targets = [\"openness\", \"neuroticism\"]"),
        "{written}"
    );
    assert!(
        written.contains("openness = [\"a_openness\", \"b_openness\"]"),
        "{written}"
    );
    assert!(
        said.contains(
            "raters   neuroticism = a_neuroticism, b_neuroticism  (the same trait, once a rater; ratings of one trait correlate 0.9"
        ),
        "{said}"
    );
}

#[test]
fn what_eval_would_refuse_is_said_and_flags_replace_guesses() {
    let table = table("id,text,score,other", |at| {
        format!(
            "i{at},a text that is long enough {at},{},{}",
            at % 9,
            at % 7
        )
    });
    let of_words = |options: &mut Options| options.targets = vec!["text".into()];
    let (said, _) = inspected(&table, of_words).unwrap();
    let words = "then mend what eval would refuse:\n\nFOLDER/plugins.toml:9: [data] targets names `text`, which is the text column";
    assert!(said.contains(words), "{said}");
    let (_, written) = inspected(&table, |options| options.targets = vec!["oth*".into()]).unwrap();
    assert!(written.contains("targets = [\"oth*\"]"), "{written}");
    let refused = inspected(&table, |options| options.id = Some("idd".into())).unwrap_err();
    assert!(
        refused.contains("the `idd` is not a column; did you mean `id`?"),
        "{refused}"
    );
}

#[test]
fn a_table_without_ids_is_numbered_and_one_without_scores_is_refused_with_advice() {
    let no_id = table("text,score", |at| {
        format!("the text of {at} here,{}", at % 9)
    });
    let (said, written) = inspected(&no_id, |_| {}).unwrap();
    for words in [
        "  id       none  (no column that looks like an id has a value in every row and none twice; rows are named by their number in the file)",
        "  text     text  (its name, and ",
        "  targets  score  (numbers that look like a score: 0 to 8, 9 different values)\n",
        "ocean-host eval FOLDER/plugins.toml",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(written.contains("\n# id = \"id\" "), "{written}");
    let vectors = table("a,score", |at| format!("{},{}", at % 7, at % 9));
    let refused = inspected(&vectors, |_| {}).unwrap_err();
    assert!(
        refused.contains("has no column that names its rows, by which vectors could be joined"),
        "{refused}"
    );
    let no_score = table("id,text", |at| {
        format!("i{at},a text that is long enough {at}")
    });
    let refused = inspected(&no_score, |_| {}).unwrap_err();
    assert!(
        refused.contains("has no column that could be a target"),
        "{refused}"
    );
}

#[test]
fn a_file_that_is_there_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugins.toml");
    std::fs::write(&file, "mine").unwrap();
    std::fs::write(folder.path().join("data.csv"), "id,score\n1,2\n").unwrap();
    let options = Options {
        data: folder.path().to_path_buf(),
        ..Options::default()
    };
    let refused = init_and_try(&options, &read).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let none = Options {
        data: Path::new("/no/such/table.csv").to_path_buf(),
        ..Options::default()
    };
    assert_eq!(init_and_try(&none, &read).unwrap_err().exit_code(), 2);
}

#[test]
fn columns_about_people_are_covariates_unless_they_are_named_or_alone() {
    let row = |at: usize| {
        format!(
            "i{at},A text that is long enough to be number {at},{},{}",
            20 + at * 7 % 31,
            at % 7
        )
    };
    let both = table("id,text,Age,openness", row);
    let (said, written) = inspected(&both, |_| {}).unwrap();
    assert!(
        said.contains("not used Age  (its name: about the person"),
        "{said}"
    );
    assert!(written.contains("targets = [\"openness\"]"), "{written}");
    assert!(written.contains("# covariates = [\"Age\"]"), "{written}");
    let (_, written) = inspected(&both, |options| options.targets = vec!["Age".into()]).unwrap();
    assert!(written.contains("targets = [\"Age\"]"), "{written}");
    assert!(!written.contains("covariates"), "{written}");
    let alone = table("id,text,age", |at| {
        format!(
            "i{at},A text that is long enough to be number {at},{}",
            20 + at % 9
        )
    });
    let (_, written) = inspected(&alone, |_| {}).unwrap();
    assert!(written.contains("targets = [\"age\"]"), "{written}");
}
