//! "What now?", the end of a report: the setting most worth trying, how to learn how many rows an
//! effect takes, what a finding has still to stand, and what goes into a paper.

use ocean_engine::inference::verdict::Verdict;

use crate::model::{CellResult, Severity, StudyResults};
use crate::numbers::{count, score};
use crate::wording::{family, is_significant, remedy, worst_first};

/// The r2 that is asked for where the study names none and saw none.
const SMALL_EFFECT: f64 = 0.02;

/// A thing to do next.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What, and why: one or two sentences.
    pub text: String,
    /// A line to type in the folder of plugins.toml.
    pub command: Option<String>,
}

/// What to do next, the most useful first; nothing where no cell of the family has a result.
pub fn steps(results: &StudyResults) -> Vec<Step> {
    let family = family(results);
    if family.is_empty() {
        return Vec::new();
    }
    let of_verdict = |wanted: &[Verdict]| -> Vec<&CellResult> {
        let cells = family.iter().copied();
        cells
            .filter(|cell| {
                cell.verdict
                    .is_some_and(|verdict| wanted.contains(&verdict))
            })
            .collect()
    };
    let mut open = of_verdict(&[
        Verdict::Inconclusive,
        Verdict::DependentUseNotShown,
        Verdict::TooFew,
    ]);
    // What was found in few rows needs an interval, and no larger study to be found.
    open.retain(|cell| cell.verdict != Some(Verdict::TooFew) || !is_significant(cell, results));
    let predictive = of_verdict(&[Verdict::Predictive]);
    [
        setting(results, &open),
        how_many_rows(results, &open),
        elsewhere(results, &predictive),
        Some(step(
            "To report it: the method, the results and the table under “For a paper” say no more than the verdicts allow; methods.txt and table.html hold them to paste.",
            None,
        )),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn step(text: &str, command: Option<String>) -> Step {
    Step {
        text: text.to_owned(),
        command,
    }
}

/// What the worst finding advises; without one, what the study left out and its verdicts need.
fn setting(results: &StudyResults, open: &[&CellResult]) -> Option<Step> {
    let worst = worst_first(results).into_iter().next();
    if let Some(finding) = worst.filter(|finding| finding.severity != Severity::Note) {
        let text = format!("First of all, from the doctor: {}", remedy(finding));
        return Some(step(&text, None));
    }
    if results.permutations < 999 {
        return Some(step(
            "More permutations: with fewer than 999 p is coarse, and so is what it is adjusted by.",
            Some("ocean-host eval plugins.toml --set evaluation.permutations=999".to_owned()),
        ));
    }
    let is_unmeasured = open.iter().any(|cell| cell.mde80_r2.is_none());
    is_unmeasured.then(|| {
        step(
            "How large an effect would have been found in data of this size was not asked; it tells a null result from a study that could find nothing.",
            Some("ocean-host eval plugins.toml --set evaluation.sensitivity=200".to_owned()),
        )
    })
}

/// The command that says how many rows an effect takes, where the study left it open.
fn how_many_rows(results: &StudyResults, open: &[&CellResult]) -> Option<Step> {
    // Folds of a column cannot be drawn for studies of other sizes.
    if results.fold_column.is_some() {
        return None;
    }
    let n = open.iter().map(|cell| cell.n).max()?;
    let seen = open.iter().map(|cell| cell.r2).fold(0.0, f64::max);
    let effect = results.smallest_effect.unwrap_or_else(|| {
        let rounded = (seen * 100.0).round() / 100.0;
        if rounded > 0.0 { rounded } else { SMALL_EFFECT }
    });
    let found = open.iter().filter_map(|cell| cell.mde80_r2);
    let here = match found.reduce(f64::max) {
        Some(mde) => format!(
            "With {} rows every r2 from {} on would have been found in 4 of 5 data sets. ",
            count(n),
            score(mde)
        ),
        None => String::new(),
    };
    let text = format!(
        "{here}How many rows a true effect of {} takes (power .80 and .90), the same recipe says on the vectors of these texts:",
        score(effect)
    );
    let command = format!(
        "ocean-host power plugins.toml --n {n},{},{} --r2 {effect}",
        2 * n,
        4 * n
    );
    Some(step(&text, Some(command)))
}

/// What a finding has still to stand: texts that had no part in it.
fn elsewhere(results: &StudyResults, predictive: &[&CellResult]) -> Option<Step> {
    if results.test.is_some() {
        return None;
    }
    // A name that stands in a command as it is; `(best)` is no regressor of the configuration.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let named = predictive
        .iter()
        .filter(|cell| cell.regressor.chars().all(is_plain));
    let regressor = &named.max_by(|a, b| a.r2.total_cmp(&b.r2))?.regressor;
    Some(step(
        "Does it hold for other people, another year, another site? Score texts that played no part in this study with a model of all of its rows (predict MODEL.ocean TABLE --score TARGET), or name a sample of its own in the section test.",
        Some(format!(
            "ocean-host eval plugins.toml --set regressor.{regressor}.export_models=true"
        )),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::model::Finding;

    fn said(results: &StudyResults) -> Vec<Step> {
        steps(results)
    }

    fn command<'a>(steps: &'a [Step], part: &str) -> Option<&'a str> {
        let commands = steps.iter().filter_map(|step| step.command.as_deref());
        commands.into_iter().find(|command| command.contains(part))
    }

    #[test]
    fn what_was_left_open_gets_the_command_for_its_size_and_effect() {
        let mut results = fixture::with_intervals();
        results.smallest_effect = Some(0.03);
        let n = results.cells[0].n;
        let expected = format!("--n {n},{},{} --r2 0.03", 2 * n, 4 * n);
        assert!(
            command(&said(&results), &expected).is_some(),
            "{:?}",
            said(&results)
        );
        results.fold_column = Some("site".to_owned());
        assert_eq!(command(&said(&results), "power"), None);
    }

    #[test]
    fn a_finding_is_sent_to_texts_without_part_in_it_unless_a_test_sample_had_none() {
        let results = fixture::with_intervals();
        assert!(command(&said(&results), "export_models").is_some());
        assert_eq!(command(&said(&fixture::tested()), "export_models"), None);
        let mut unnamed = results.clone();
        for cell in &mut unnamed.cells {
            cell.regressor = "my; ridge".to_owned();
        }
        assert_eq!(command(&said(&unnamed), "export_models"), None);
    }

    #[test]
    fn the_worst_finding_comes_before_what_was_left_out() {
        let mut results = fixture::with_intervals();
        results
            .findings
            .retain(|finding: &Finding| finding.severity == Severity::Note);
        results.permutations = 99;
        assert!(command(&said(&results)[..1], "permutations=999").is_some());
        let odd = fixture::odd();
        let worst = remedy(worst_first(&odd)[0]);
        assert!(said(&odd)[0].text.ends_with(&worst), "{:?}", said(&odd)[0]);
    }

    #[test]
    fn a_study_without_a_cell_of_its_own_is_told_nothing() {
        let mut results = fixture::with_intervals();
        results.cells.clear();
        assert_eq!(said(&results), []);
    }
}
