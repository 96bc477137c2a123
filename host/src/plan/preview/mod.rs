//! What `--dry-run` prints: what was found, how much work it is, what to think about first, and
//! every setting with its defaults filled in.
//!
//! Nothing is computed here that the run does not say again in its reports; the work is counted in
//! nested cross-validations, the unit in which its time is measured.

mod settings;

use std::fmt::Write as _;

use ocean_engine::inference::sequential::LOSSES;
use ocean_engine::piece::most_planted;
use ocean_report::model::{Finding, Severity, TwoValues};
use ocean_report::wording::{remedy, said};
use serde_json::Value;

use crate::plan::permutations::{FOR_MANY_CELLS, permutations};
use crate::plan::{
    EncoderPlan, EncoderSource, EvaluationPlan, Exchange, InnerFolds, Plan, RegressorPlan, Unit,
};
use crate::problem::{listed_up_to, shown_path};
use crate::read::dataset::{Dataset, FoldColumn, LEAST_LABELLED, Labelled, Target, as_read};
pub(crate) use settings::settings;

/// Blocks of the jackknife.
const BLOCKS: u64 = 20;

/// The text of a dry run. `analysed`: the rows of the analysis, of which there may be fewer than
/// were read; `notes`: of the sources of vectors; `findings`: what the data show already.
pub fn preview(
    plan: &Plan,
    dataset: &Dataset,
    analysed: &Dataset,
    notes: &[String],
    findings: &[Finding],
) -> String {
    let mut text = summary(plan, dataset, analysed);
    let n_cells = n_cells(plan, dataset.targets.len());
    let mut warnings = warnings(plan, n_cells);
    warnings.extend_from_slice(notes);
    warnings.extend(findings.iter().map(|finding| {
        let severity = match finding.severity {
            Severity::Serious => "serious",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        format!("{severity}: {} Try: {}", said(finding), remedy(finding))
    }));
    if !warnings.is_empty() {
        text.push_str("\nBefore you start\n");
        for warning in warnings {
            let _ = writeln!(text, "  {warning}");
        }
    }
    text.push_str("\nEvery setting, defaults included\n");
    text.push_str(&settings(plan));
    text
}

/// What deserves a thought before a run, one sentence each: notes of the plan, p-values that cannot
/// become small enough. `n_cells`: cells of the family, J.
pub fn warnings(plan: &Plan, n_cells: u64) -> Vec<String> {
    let mut warnings = plan.notes.clone();
    if plan.is_adaptive() {
        // Too few permutations for Holm, which alone adjusts here, are refused.
        return warnings;
    }
    let m = u64::from(plan.n_permutations());
    let level = plan.evaluation.level;
    let floor = 1.0 / (m + 1) as f64;
    let holm_floor = n_cells as f64 * floor;
    // One number for all that is said of them.
    let enough = permutations(level, n_cells as usize).max(needed(n_cells, level) as usize);
    if floor > level {
        warnings.push(format!(
            "permutations = {m}: no p can be below 1/(m+1) = {}, so nothing can be found at level {level}; try {enough} or more",
            short(floor)
        ));
        return warnings;
    }
    let holm = format!(
        "Holm's p of {n_cells} cells cannot be below {n_cells}/(m+1) = {}, so Holm can reject nothing at level {level}",
        short(holm_floor)
    );
    match (holm_floor > level, m < FOR_MANY_CELLS as u64 && n_cells > 1) {
        (true, false) => warnings.push(format!(
            "permutations = {m}: {holm}; the step-down maxT test is not affected; for Holm try at least {}",
            needed(n_cells, level)
        )),
        (is_too_few_for_holm, true) => warnings.push(format!(
            "permutations = {m} with {n_cells} cells: the largest of many cells is judged by few permutations{}; try {enough} or more",
            if is_too_few_for_holm { format!(", and {holm}") } else { String::new() }
        )),
        (false, false) => {}
    }
    warnings
}

/// The least m with cells/(m + 1) ≤ level. The slack keeps 20/0.05 from becoming
/// 400.00000000000006.
fn needed(n_cells: u64, level: f64) -> u64 {
    ((n_cells as f64 / level) * (1.0 - 1e-12)).ceil() as u64 - 1
}

/// Cells of the family, J.
pub(crate) fn n_cells(plan: &Plan, n_targets: usize) -> u64 {
    let n_recipes =
        plan.reported().count() * plan.regressors.len() + usize::from(plan.evaluation.best);
    (n_recipes * n_targets) as u64
}

pub(crate) fn summary(plan: &Plan, dataset: &Dataset, analysed: &Dataset) -> String {
    let evaluation = &plan.evaluation;
    let n_cells = n_cells(plan, dataset.targets.len());
    let row_sets = n_row_sets(&analysed.targets);
    let m = u64::from(plan.n_permutations());
    let repeats = u64::from(evaluation.repeats);
    let planted = most_planted(evaluation.sensitivity as usize) as u64;
    let benches = (plan.reported().count() * plan.regressors.len() * row_sets) as u64;
    let mut lines = vec![
        (
            "study",
            format!("{}, seed {}", plan.study.name, plan.study.seed),
        ),
        ("data", data(plan, dataset)),
    ];
    let said = dataset.readings.iter().chain(&dataset.notes);
    lines.extend(said.map(|note| ("", note.clone())));
    lines.extend(dataset.doubts.iter().map(|doubt| ("", doubt.in_short())));
    lines.extend([("targets", targets(&analysed.targets))]);
    lines.extend(test(plan, dataset).map(|line| ("test rows", line)));
    lines.extend([
        (
            "encoders",
            listed_up_to(10, plan.encoders.iter().map(encoder)),
        ),
        (
            "regressors",
            listed_up_to(10, plan.regressors.iter().map(regressor)),
        ),
        ("folds", folds(plan, dataset, analysed)),
    ]);
    lines.extend(analysed.labels.iter().map(|column| ("by", by(column))));
    lines.extend([
        ("designs", designs(plan, row_sets)),
        (
            "cells",
            format!(
                "{n_cells} in the family: encoders × regressors × targets = {} × {} × {}{}{}",
                plan.reported().count(),
                plan.regressors.len(),
                dataset.targets.len(),
                if evaluation.best {
                    ", and the best of them for each target"
                } else {
                    ""
                },
                if evaluation.controls {
                    "; controls besides"
                } else {
                    "; no controls"
                }
            ),
        ),
        (
            "test",
            format!(
                "{}: smallest possible p {}, level {}",
                if plan.is_adaptive() {
                    format!("up to {m} permutations, until {LOSSES} score as well as the real target; Holm")
                } else {
                    format!("{m} permutations")
                },
                short(1.0 / (m + 1) as f64),
                evaluation.level
            ),
        ),
        (
            "work",
            format!(
                "{}{} nested cross-validations for the test, {} for the jackknife, up to {} for planted effects{}",
                if plan.is_adaptive() { "up to " } else { "" },
                thousands(n_cells * (m + 1) * repeats),
                thousands(n_cells * BLOCKS * repeats),
                thousands(benches * planted * repeats),
                if evaluation.controls {
                    "; the controls' besides"
                } else {
                    ""
                }
            ),
        ),
        ("results", shown_path(&plan.out)),
    ]);
    let mut text = String::new();
    for (label, line) in lines {
        let _ = writeln!(text, "{label:<11} {line}");
    }
    text
}

fn data(plan: &Plan, dataset: &Dataset) -> String {
    let mut line = format!("{}: {} rows", shown_path(&plan.data.path), dataset.n_read);
    for (name, texts) in plan.data.text.iter().zip(&dataset.texts) {
        let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
        let mean = characters as f64 / dataset.n_rows() as f64;
        let _ = write!(line, "; text `{name}`, {mean:.0} characters on average");
    }
    if let (Some(name), Some(groups)) = (&plan.data.group, &dataset.groups) {
        let _ = write!(line, "; {} groups by `{name}`", n_different(groups));
    }
    if let Some(covariates) = &dataset.covariates {
        let _ = write!(
            line,
            "; covariates {}",
            listed_up_to(10, as_read(covariates))
        );
    }
    for (reason, count) in &dataset.dropped {
        let _ = write!(line, "; {count} rows with {reason}");
    }
    line
}

/// "60 rows of later.csv, for one model a cell; 99,999 permutations".
fn test(plan: &Plan, dataset: &Dataset) -> Option<String> {
    let (parts, test) = (dataset.parts.as_ref()?, plan.test.as_ref()?);
    let from = match (&test.path, &plan.data.split) {
        (Some(path), _) => format!("of {}", shown_path(path)),
        (None, Some(column)) => format!("by `{column}`"),
        (None, None) => String::new(),
    };
    Some(format!(
        "{} rows {from}, beside {} to learn from; one model a cell, {} permutations",
        parts.test.n_rows(),
        parts.train.n_rows(),
        thousands(u64::from(test.permutations))
    ))
}

fn targets(targets: &[Target]) -> String {
    let shown = targets.iter().map(|target| match &target.raters {
        Some(panel) => format!(
            "{} (n {}, {} raters)",
            target.name,
            target.n(),
            panel.columns.len()
        ),
        None => match target.two_values() {
            None => format!("{} (n {})", target.name, target.n()),
            Some(TwoValues {
                low,
                high,
                base_rate,
            }) => format!(
                "{} (n {}; {low} and {high}, of which {:.0} % are {high})",
                target.name,
                target.n(),
                100.0 * base_rate
            ),
        },
    });
    format!("{} found: {}", targets.len(), listed_up_to(30, shown))
}

fn encoder(plan: &EncoderPlan) -> String {
    match &plan.source {
        EncoderSource::Plugin { plugin, .. } => format!("{} (plugin {plugin})", plan.name),
        EncoderSource::Precomputed { embeddings, .. } => {
            format!("{} (vectors from {})", plan.name, shown_path(embeddings))
        }
        EncoderSource::Values { values } => {
            let named = values.iter().map(|name| format!("`{name}`"));
            format!(
                "{} (columns {} of the data)",
                plan.name,
                listed_up_to(8, named)
            )
        }
        EncoderSource::Endpoint {
            endpoint, params, ..
        } => {
            let model = params.values.get("model").and_then(Value::as_str);
            format!(
                "{} ({} at {endpoint})",
                plan.name,
                model.unwrap_or_default()
            )
        }
        EncoderSource::Combined { combine, .. } => {
            format!("{} ({} side by side)", plan.name, combine.join(", "))
        }
    }
}

fn regressor(plan: &RegressorPlan) -> String {
    let grid = match &plan.alphas {
        Some(alphas) => format!("{} penalties given", alphas.len()),
        None => "penalties from the data".to_owned(),
    };
    format!("{} (plugin {}, {grid})", plan.name, plan.plugin)
}

fn folds(plan: &Plan, dataset: &Dataset, analysed: &Dataset) -> String {
    let evaluation = &plan.evaluation;
    let kept = match (&dataset.groups, evaluation.unit) {
        (Some(_), Unit::Row) => ", groups kept together",
        (Some(_), Unit::Group) => ", each group one row",
        (None, _) => "",
    };
    let inner = match evaluation.inner_folds {
        InnerFolds::Outer => "tuned on the remaining folds".to_owned(),
        InnerFolds::Independent(inner) => format!("tuned on {inner} inner folds"),
    };
    let from = match (&analysed.folds, evaluation.repeats) {
        (Some(column), _) => return format!("{}{kept}; {inner}", of_column(column, evaluation)),
        (None, 1) => "drawn once".to_owned(),
        (None, repeats) => format!("drawn {repeats} times"),
    };
    format!("{}, {from}{kept}; {inner}", evaluation.folds.number())
}

/// "`gender`: f (60 rows), m (62 rows)"; those with too few rows are told apart.
fn by(column: &Labelled) -> String {
    let sizes = column.sizes();
    let (shown, few): (Vec<usize>, Vec<usize>) =
        (0..sizes.len()).partition(|&value| sizes[value] >= LEAST_LABELLED);
    let each = shown
        .iter()
        .map(|&at| format!("{} ({} rows)", column.values[at], sizes[at]));
    let others = match few.len() {
        0 => String::new(),
        n => format!("; {n} with fewer than {LEAST_LABELLED} rows are not shown"),
    };
    format!("`{}`: {}{others}", column.name, listed_up_to(8, each))
}

/// "4, the values of `site`: a (12 rows), b (9 rows), …; permutations stay inside each".
fn of_column(column: &FoldColumn, evaluation: &EvaluationPlan) -> String {
    let n_rows = |value: usize| column.of_row.iter().filter(|of| **of == value).count();
    let values = column.values.iter().enumerate();
    let shown = values.map(|(at, value)| format!("{value} ({} rows)", n_rows(at)));
    format!(
        "{}, the values of `{}`: {}; permutations {}",
        column.values.len(),
        column.name,
        listed_up_to(8, shown),
        match evaluation.exchange {
            Exchange::Free => "move values between them, too",
            Exchange::Blocks | Exchange::Within => "stay inside each",
        }
    )
}

fn designs(plan: &Plan, row_sets: usize) -> String {
    let folds = u64::from(plan.evaluation.folds.number());
    let formula = match plan.evaluation.inner_folds {
        InnerFolds::Outer => format!("{folds}·{}/2 + {folds}", folds - 1),
        InnerFolds::Independent(inner) => format!("{folds}·({inner} + 1)"),
    };
    let repeated = match plan.evaluation.repeats {
        1 => String::new(),
        repeats => format!(", times {repeats} repeats"),
    };
    let sets = match row_sets {
        1 => "1 set of rows".to_owned(),
        sets => format!("{sets} sets of rows"),
    };
    format!(
        "{} for each encoder and set of rows ({formula}{repeated}); {sets}",
        plan.n_designs()
    )
}

/// Targets observed on the same rows share designs.
fn n_row_sets(targets: &[Target]) -> usize {
    let patterns: Vec<Vec<bool>> = targets
        .iter()
        .map(|target| target.values.iter().map(|value| value.is_nan()).collect())
        .collect();
    n_different(&patterns)
}

fn n_different<T: Ord>(items: &[T]) -> usize {
    items
        .iter()
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

/// 1234567 → 1,234,567
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits, as short as they allow.
fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.2e}").parse().unwrap_or(number);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::read::config::{Config, Scope};

    const STUDY: &str = r#"[study]
name = "s"
[data]
path = "d.csv"
id = "id"
text = "t"
targets = "*"
group = "g"
[raters]
"warm heart" = ["a", "b"]
[evaluation]
[[encoder]]
name = "lexical"
plugin = "lexical"
dim = 64
[[encoder]]
name = "vectors"
embeddings = "v.csv"
[[regressor]]
name = "ridge"
plugin = "ridge"
alphas = [1, 10]
"#;

    fn plan(sets: &[&str]) -> Plan {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        let config = Config::parse(
            Path::new("/study/plugins.toml"),
            STUDY,
            &sets,
            Scope::Evaluation,
        )
        .unwrap();
        Plan::resolve(&config, Some(Path::new("/out"))).unwrap()
    }

    fn dataset() -> Dataset {
        let target = |name: &str, values: [f64; 4]| Target {
            name: name.to_owned(),
            values: values.to_vec(),
            raters: None,
            words: None,
        };
        Dataset {
            ids: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
            file_rows: vec![0, 1, 2, 3],
            texts: vec![["ab", "Ü", "", "abc"].map(str::to_owned).to_vec()],
            targets: vec![
                target("x", [1.0, 2.0, 3.0, f64::NAN]),
                target("y", [3.0, 2.0, 3.0, f64::NAN]),
                target("z", [1.0, 2.0, 3.0, 4.0]),
            ],
            groups: Some(["p", "p", "q", "q"].map(str::to_owned).to_vec()),
            folds: None,
            labels: Vec::new(),
            parts: None,
            covariates: None,
            shared_labels: Vec::new(),
            features: crate::read::dataset::Features::default(),
            n_read: 4,
            readings: Vec::new(),
            doubts: Vec::new(),
            notes: vec!["r.csv: it lacks 1 of the 4 ids of d.csv (`2`)".to_owned()],
            misnumbered: Vec::new(),
            spelling: crate::read::dataset::Spelling::default(),
            dropped: Vec::new(),
            hashes: Vec::new(),
            contents: Vec::new(),
        }
    }

    /// 2 encoders × 1 regressor × 3 targets = 6 cells; 6 × 1000 fits for the test, 6 × 20 for
    /// intervals; x and y share their rows, so 2 × 1 × 2 benches of 200 × 10 + 40 × 4 planted
    /// targets.
    #[test]
    fn a_dry_run_says_what_was_found_and_what_it_costs() {
        let text = preview(&plan(&[]), &dataset(), &dataset(), &[], &[]);
        let expected = "\
study       s, seed 0
data        /study/d.csv: 4 rows; text `t`, 2 characters on average; 2 groups by `g`
            r.csv: it lacks 1 of the 4 ids of d.csv (`2`)
targets     3 found: x (n 3), y (n 3; 2 and 3, of which 67 % are 3), z (n 4)
encoders    lexical (plugin lexical), vectors (vectors from /study/v.csv)
regressors  ridge (plugin ridge, 2 penalties given)
folds       5, drawn once, groups kept together; tuned on the remaining folds
designs     15 for each encoder and set of rows (5·4/2 + 5); 2 sets of rows
cells       6 in the family: encoders × regressors × targets = 2 × 1 × 3; controls besides
test        999 permutations: smallest possible p 0.001, level 0.05
work        6,000 nested cross-validations for the test, 120 for the jackknife, up to 8,640 for planted effects; the controls' besides
results     /out

Every setting, defaults included
[study]
name = \"s\"
seed = 0
";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn the_settings_are_a_configuration_that_gives_the_same_plan() {
        let plan = plan(&["evaluation.smallest_effect=0.02"]);
        let again = Config::parse(
            Path::new("/study/plugins.toml"),
            &settings(&plan),
            &[],
            Scope::Evaluation,
        )
        .unwrap();
        let again = Plan::resolve(&again, Some(Path::new("/out"))).unwrap();
        assert_eq!(plan.portable().unwrap(), again.portable().unwrap());
    }

    #[test]
    fn p_values_that_cannot_become_small_enough_are_announced() {
        let warn = |m: u32, n_cells: u64| {
            warnings(&plan(&[&format!("evaluation.permutations={m}")]), n_cells)
        };
        assert_eq!(
            warn(18, 1),
            [
                "permutations = 18: no p can be below 1/(m+1) = 0.0526, so nothing can be found at level 0.05; try 199 or more"
            ]
        );
        assert!(warn(19, 1).is_empty());
        assert_eq!(
            warn(999, 51),
            [
                "permutations = 999: Holm's p of 51 cells cannot be below 51/(m+1) = 0.051, so Holm can reject nothing at level 0.05; \
              the step-down maxT test is not affected; for Holm try at least 1019"
            ]
        );
        assert!(warn(999, 50).is_empty());
        assert_eq!(
            warn(99, 2),
            [
                "permutations = 99 with 2 cells: the largest of many cells is judged by few permutations; try 999 or more"
            ]
        );
        // Where Holm alone adjusts, too few are refused, and nothing is left to warn of.
        let adaptive = plan(&["evaluation.permutations={ adaptive = 99 }"]);
        assert!(warnings(&adaptive, 50).is_empty());
        let text = preview(&adaptive, &dataset(), &dataset(), &[], &[]);
        for line in [
            "up to 99 permutations, until 20 score as well as the real target; Holm: smallest possible p 0.01, level 0.05\n",
            "up to 600 nested cross-validations for the test,",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let few = warnings(&plan(&["evaluation.folds=2"]), 1);
        assert!(few[0].starts_with("folds = 2: too few"), "{few:?}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(
            [
                thousands(0),
                thousands(999),
                thousands(1000),
                thousands(1_234_567)
            ],
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
