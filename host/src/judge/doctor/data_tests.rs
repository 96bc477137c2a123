//! Findings on ids, groups, raters and targets as they were read; and advice that fits what was
//! asked for.

use ocean_report::model::CellResult;

use super::tests::{cell, found};
use super::*;
use crate::judge::doctor::facts::{NearDuplicates, ValueBySize};
use crate::plan::Plan;
use crate::read::config::{Config, Scope};
use crate::read::dataset::{Dataset, RaterPanel, Target};

/// Without texts, groups, raters: each test fills in what it is about.
fn dataset(ids: Vec<String>) -> Dataset {
    Dataset {
        n_read: ids.len(),
        file_rows: (0..ids.len()).collect(),
        ids,
        ..Dataset::default()
    }
}

fn numbered(n: usize) -> Vec<String> {
    (0..n).map(|row| row.to_string()).collect()
}

fn of_data(dataset: &Dataset) -> Vec<(String, Severity)> {
    let facts = Facts {
        dataset: Some(dataset),
        ..Facts::default()
    };
    let findings = examine(&facts).into_iter();
    findings
        .map(|finding| (finding.code, finding.severity))
        .collect()
}

#[test]
fn authors_spelled_in_several_ways_are_told_apart_from_authors() {
    let with = |labels: &dyn Fn(usize) -> String| {
        let mut dataset = dataset(numbered(80));
        dataset.groups = Some((0..80).map(labels).collect());
        of_data(&dataset)
    };
    let spelled = |row: usize| match row % 4 {
        0 => format!("Writer {}", row / 4),
        1 => format!("writer {} ", row / 4),
        2 => format!("WRITER\u{a0}{}", row / 4),
        _ => format!("Writer  {}", row / 4),
    };
    let serious = vec![("groups-look-alike".to_owned(), Severity::Serious)];
    assert_eq!(with(&spelled), serious);
    // Two rows of eighty decide little.
    let one = |row: usize| {
        if row == 3 {
            "writer 4".to_owned()
        } else {
            format!("Writer {}", row / 2 * 2)
        }
    };
    assert_eq!(with(&one)[0].1, Severity::Warning);
    assert_eq!(with(&|row| format!("Writer {}", row / 4)), []);
}

/// Two raters of forty rows, as functions of the row; a third that agrees with the first where
/// `three`.
fn of_raters(a: &dyn Fn(f64) -> f64, b: &dyn Fn(f64) -> f64, three: bool) -> Vec<String> {
    let rows = || (0..40).map(|row| f64::from(row * 17 % 40));
    let mut ratings = vec![rows().map(a).collect::<Vec<f64>>(), rows().map(b).collect()];
    let mut columns = vec!["a".to_owned(), "b".to_owned()];
    if three {
        ratings.push(rows().map(|x| a(x) + (x * 7.0) % 3.0).collect());
        columns.push("c".to_owned());
    }
    let (values, panel) = RaterPanel::fit(&columns, ratings).unwrap();
    let strangers: Vec<_> = ocean_engine::doctor::raters::strangers(&panel.ratings)
        .into_iter()
        .map(|one| ("y".to_owned(), panel.columns[one.rater].clone(), one))
        .collect();
    let mut dataset = dataset(numbered(40));
    dataset.targets.push(Target {
        name: "y".to_owned(),
        values,
        raters: Some(panel),
        words: None,
    });
    found(&Facts {
        dataset: Some(&dataset),
        strangers: &strangers,
        ..Facts::default()
    })
}

#[test]
fn raters_turned_round_on_two_scales_or_copied_have_their_finding_and_sound_ones_none() {
    let plain = |x: f64| x;
    let like = |x: f64| x + (x * 13.0) % 11.0;
    assert_eq!(of_raters(&plain, &like, false), [""; 0]);
    assert_eq!(of_raters(&plain, &like, true), [""; 0]);
    let reversed = |x: f64| 50.0 - x - (x * 13.0) % 11.0;
    assert_eq!(of_raters(&plain, &reversed, false), ["raters-reversed"]);
    // Of three one is against the others, and is named.
    assert_eq!(of_raters(&plain, &reversed, true), ["rater-joined-wrongly"]);
    let wide = |x: f64| 10.0 * (x + (x * 13.0) % 11.0);
    assert_eq!(of_raters(&plain, &wide, false), ["raters-scales"]);
    assert_eq!(of_raters(&plain, &plain, false), ["raters-copied"]);
    assert_eq!(
        of_raters(&plain, &|x| 2.0 * x + 1.0, false),
        ["raters-copied"]
    );
    // Raters who agree on a yes or no agree, no more.
    let yes = |x: f64| f64::from(x > 20.0);
    assert_eq!(of_raters(&yes, &yes, false), [""; 0]);
}

fn plan(sets: &[&str]) -> Plan {
    const STUDY: &str = "[study]\nname = \"s\"\n[data]\npath = \"d.csv\"\nid = \"id\"\ntargets = \"*\"\n\
         [[encoder]]\nname = \"v\"\nembeddings = \"v.csv\"\n[[regressor]]\nname = \"ridge\"\nplugin = \"ridge\"\n";
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let file = std::path::Path::new("/study/plugins.toml");
    let config = Config::parse(file, STUDY, &sets, Scope::Evaluation).unwrap();
    Plan::resolve(&config, Some(std::path::Path::new("/out"))).unwrap()
}

/// What is tried about the number of permutations.
fn on_permutations(m: usize, is_adaptive: bool, p: f64, n_cells: usize) -> Vec<String> {
    let cells: Vec<CellResult> = (0..n_cells)
        .map(|at| CellResult {
            p: Some(p),
            p_fwer: Some(p),
            p_interval: Some((p / 2.0, 2.0 * p)),
            permutations: m as u32,
            ..cell(&format!("e{at}"), 0.1 * at as f64)
        })
        .collect();
    let findings = examine(&Facts {
        cells: &cells,
        n_permutations: m,
        is_adaptive,
        ..Facts::default()
    });
    findings.into_iter().map(|finding| finding.remedy).collect()
}

#[test]
fn advice_on_permutations_is_one_line_and_its_number_is_enough() {
    let more = |m: usize| [format!("permutations = {m} or more under [evaluation].")];
    assert_eq!(on_permutations(1, false, 0.5, 1), more(199));
    assert_eq!(on_permutations(18, false, 1.0 / 19.0, 1), more(199));
    assert_eq!(on_permutations(18, false, 1.0 / 19.0, 2), more(999));
    assert_eq!(on_permutations(99, false, 0.5, 2), more(999));
    let settles = |m: usize, how: &str| {
        [format!(
            "permutations = {m} under [evaluation]{how} leaves less to chance."
        )]
    };
    assert_eq!(on_permutations(19, false, 0.05, 1), settles(199, ""));
    assert_eq!(on_permutations(99, false, 0.06, 2), settles(999, ""));
    assert_eq!(on_permutations(999, false, 0.05, 1), settles(9999, ""));
    assert_eq!(
        on_permutations(19, true, 0.05, 1),
        settles(199, ", without adaptive,")
    );
    assert_eq!(on_permutations(999, false, 0.5, 2), [""; 0]);
}

#[test]
fn advice_names_no_key_that_was_not_given_or_is_set_already() {
    let empty = [CellResult {
        empty_fits: 5,
        unconverged_fits: 1,
        ..cell("a", 0.0)
    }];
    let remedies = |facts: Facts| -> String {
        let findings = examine(&facts).into_iter();
        findings.map(|finding| finding.remedy + "\n").collect()
    };
    let without = remedies(Facts {
        cells: &empty,
        ..Facts::default()
    });
    assert!(
        !without.contains("alphas") && !without.contains("tol`"),
        "{without}"
    );
    let with = remedies(Facts {
        cells: &empty,
        absolute_grids: &["ridge".to_owned()],
        ..Facts::default()
    });
    assert!(with.contains("Leave `alphas` of `ridge` out"), "{with}");

    let covariates = plan(&["data.covariates=[\"age\"]", "data.group=\"author\""]);
    let sized = ValueBySize {
        target: "mood".to_owned(),
        rho: 0.5,
        n_groups: 65,
    };
    let near = NearDuplicates {
        n_rows: 5,
        n_compared: 9,
    };
    let said = remedies(Facts {
        plan: Some(&covariates),
        value_by_size: &[sized],
        are_groups_rows: true,
        near_duplicates: Some(near),
        duplicate_texts: (4, true),
        truncated: &[("lexical".to_owned(), 3), ("minilm".to_owned(), 3)],
        with_limit: &["minilm".to_owned()],
        ..Facts::default()
    });
    for part in [
        "covariates = [\"age\", \"log_size\"]",
        "the same value of `author`",
        "max_seq_length of `minilm`",
        "Shorter texts",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("duplicates = \"group\""), "{said}");
    let cut = |n_cut: usize, n_texts: usize| {
        remedies(Facts {
            plan: Some(&covariates),
            truncated: &[("minilm".to_owned(), n_cut)],
            n_texts,
            with_limit: &["minilm".to_owned()],
            with_windows: &["minilm".to_owned()],
            ..Facts::default()
        })
    };
    assert!(cut(11, 100).contains("long_texts = \"windows\""));
    assert!(!cut(10, 100).contains("windows"));
    let locked = remedies(Facts {
        plan: Some(&plan(&[])),
        locked: 0.8,
        ..Facts::default()
    });
    assert!(
        locked.contains("duplicates = \"keep\"") && !locked.contains("within"),
        "{locked}"
    );
}
