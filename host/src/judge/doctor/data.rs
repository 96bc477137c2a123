//! Findings on the data alone, known before anything is computed: ids that lie one off, targets
//! that are one.

use ocean_engine::doctor::copies::copied;
use ocean_report::model::{Finding, Severity};

use super::{finding, listed};
use crate::read::dataset::Dataset;

/// All that is to be said of a dataset; `--dry-run` says it too.
pub fn examine(dataset: &Dataset) -> Vec<Finding> {
    let mut findings = misnumbered(dataset);
    findings.extend(copied_targets(dataset));
    findings
}

/// Joined files that count from another number.
fn misnumbered(dataset: &Dataset) -> Vec<Finding> {
    let describe = |(file, found): &(String, crate::read::dataset::Misnumbered)| {
        finding(Severity::Serious, "ids-one-off", Vec::new(), [
            format!(
                "The ids of {file} run from `{}` to `{}`, those of the main file from `{}` to `{}`, and each of {file} {} 1 is one of the main file's.",
                found.other.0, found.other.1, found.main.0, found.main.1,
                if found.by > 0 { "plus" } else { "minus" }
            ),
            "One of the two seems to count from 0 and the other from 1: then every row has its neighbour's values.".to_owned(),
            "Compare a few rows with where they came from, and write the same ids into both files.".to_owned(),
        ])
    };
    dataset.misnumbered.iter().map(describe).collect()
}

/// Targets that are one another up to scale.
fn copied_targets(dataset: &Dataset) -> Vec<Finding> {
    let targets = &dataset.targets;
    let mut is_counted = vec![false; targets.len()];
    let mut findings = Vec::new();
    for first in 0..targets.len() {
        if is_counted[first] {
            continue;
        }
        let copies: Vec<usize> = (first + 1..targets.len())
            .filter(|&other| !is_counted[other])
            .filter(|&other| copied(&targets[first].values, &targets[other].values).is_some())
            .collect();
        if copies.is_empty() {
            continue;
        }
        copies.iter().for_each(|&other| is_counted[other] = true);
        let name = |at: &usize| targets[*at].name.clone();
        let n = copies.len() + 1;
        let about = std::iter::once(&first).chain(&copies).map(name).collect();
        let quoted = copies.iter().map(|at| format!("`{}`", name(at)));
        findings.push(finding(Severity::Warning, "copied-targets", about, [
            format!(
                "{} {} `{}` up to scale or direction (|r| ≥ .999).",
                listed(quoted), if n == 2 { "is" } else { "are" }, name(&first)
            ),
            format!("Their cells are one result shown {n} times; Holm and q_bh count it {n} times, which makes every adjusted p of theirs too large, and means over targets weigh it so. Step-down maxT does not mind."),
            "Name one of them in `targets` under [data]; a glob may have taken a copy along.".to_owned(),
        ]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::dataset::{Misnumbered, Target};

    fn codes(dataset: &Dataset) -> Vec<(String, Vec<String>)> {
        let findings = examine(dataset).into_iter();
        findings.map(|one| (one.code, one.about)).collect()
    }

    #[test]
    fn copies_of_a_target_are_named_together_and_other_targets_are_not() {
        let score = |row: usize| ((row * 37 + 11) % 101) as f64;
        let target = |name: &str, value: &dyn Fn(usize) -> f64| Target {
            name: name.to_owned(),
            values: (0..60).map(value).collect(),
            raters: None,
            words: None,
        };
        let other = |row: usize| ((row * 53 + 29) % 101) as f64;
        let mut dataset = Dataset {
            targets: vec![
                target("x", &score),
                target("other", &other),
                target("t", &|row| (50.0 + 0.4 * score(row)).round()),
                target("reversed", &|row| 101.0 - score(row)),
                // Agrees at about .98.
                target("parallel", &|row| score(row) + 0.2 * other(row)),
            ],
            ..Dataset::default()
        };
        let about = ["x", "t", "reversed"].map(str::to_owned).to_vec();
        assert_eq!(codes(&dataset), [("copied-targets".to_owned(), about)]);
        let said = examine(&dataset).remove(0);
        assert!(said.seen.starts_with("`t`, `reversed` are `x` up to scale"));
        assert!(said.meaning.contains("one result shown 3 times"));
        dataset.targets.truncate(2);
        assert_eq!(codes(&dataset), []);
    }

    #[test]
    fn ids_that_lie_one_off_are_serious() {
        let ends = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let found = Misnumbered {
            main: ends("1", "9"),
            other: ends("0", "8"),
            by: 1,
        };
        let dataset = Dataset {
            misnumbered: vec![("r.csv".to_owned(), found)],
            ..Dataset::default()
        };
        let said = examine(&dataset).remove(0);
        assert_eq!(said.severity, Severity::Serious);
        assert!(said.seen.contains("r.csv run from `0` to `8`") && said.seen.contains("plus 1"));
    }
}
