//! The sentences of a report: the answer, what a verdict means, how to read the numbers.
//!
//! Every format says the same because it asks here. The sentences promise no more than the numbers
//! do: a small p says that the target is not exchangeable given the texts, not that the model is
//! useful, and a large one says nothing about the texts.

use ocean_engine::inference::sequential;
use ocean_engine::inference::verdict::Verdict;

use crate::comparing;
use crate::model::{BEST, CellResult, Correction, Finding, Severity, StudyResults};
use crate::numbers::{count, level, p_value, p_with_floor, score};

/// The cells of the family, target by target in the order of the configuration.
pub fn family(results: &StudyResults) -> Vec<&CellResult> {
    by_target(results, false)
}

/// The controls, target by target: shown beside the family, never counted.
pub fn controls(results: &StudyResults) -> Vec<&CellResult> {
    by_target(results, true)
}

fn by_target(results: &StudyResults, is_control: bool) -> Vec<&CellResult> {
    let place = |cell: &CellResult| {
        results
            .targets
            .iter()
            .position(|target| target.name == cell.target)
    };
    let mut cells: Vec<_> = results
        .cells
        .iter()
        .filter(|cell| cell.is_control == is_control)
        .collect();
    cells.sort_by_key(|cell| place(cell).unwrap_or(usize::MAX));
    cells
}

/// Whether the adjusted p of a cell is at most the level.
pub fn is_significant(cell: &CellResult, results: &StudyResults) -> bool {
    cell.p_fwer.is_some_and(|p| p <= results.level)
}

/// The result of the study in one or two sentences, naming how errors were controlled.
pub fn answer(results: &StudyResults) -> String {
    let family = family(results);
    let mut sentences = Vec::new();
    if !results.failed.is_empty() {
        sentences.push(format!(
            "Partial run: {} of {} planned cells {} no result.",
            count(results.failed.len()),
            count(results.failed.len() + results.cells.len()),
            verb(results.failed.len(), "has", "have")
        ));
    }
    sentences.push(finding_of_the_family(results, &family));
    sentences.extend(practically_null(results, &family));
    sentences.extend(crate::tested::answer(results));
    let serious = results
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Serious)
        .count();
    if serious > 0 {
        sentences.push(format!(
            "The doctor has {}: read {} before the numbers.",
            plural(serious, "serious finding"),
            verb(serious, "it", "them")
        ));
    }
    sentences.join(" ")
}

fn finding_of_the_family(results: &StudyResults, family: &[&CellResult]) -> String {
    let n_cells = family.len();
    if n_cells == 0 {
        return "There is no cell to judge outside the controls.".to_owned();
    }
    if family
        .iter()
        .all(|cell| cell.verdict == Some(Verdict::NoModel))
    {
        return format!(
            "No model in {}: every fit is empty, so r2 is 0 by construction and nothing was learned about the texts.",
            any_of(n_cells)
        );
    }
    if family.iter().all(|cell| cell.p_fwer.is_none()) {
        return format!(
            "No permutation test was run, so nothing here says whether the texts predict better than chance; r2 runs {} over {}.",
            range_of_r2(family),
            plural(n_cells, "cell")
        );
    }
    let significant: Vec<_> = family
        .iter()
        .copied()
        .filter(|cell| is_significant(cell, results))
        .collect();
    if significant.is_empty() {
        return format!(
            "{} ({}). That is no evidence that the texts are unrelated to the targets.",
            if n_cells == 1 {
                "The one cell cannot be told from chance".to_owned()
            } else {
                format!(
                    "None of {} can be told from chance",
                    plural(n_cells, "cell")
                )
            },
            error_control(results)
        );
    }
    finding_of_the_significant(results, n_cells, &significant)
}

fn finding_of_the_significant(
    results: &StudyResults,
    n_cells: usize,
    significant: &[&CellResult],
) -> String {
    let control = error_control(results);
    let n_predictive = significant
        .iter()
        .filter(|cell| cell.verdict == Some(Verdict::Predictive))
        .count();
    if n_predictive > 0 {
        let rest = significant.len() - n_predictive;
        let rest = if rest > 0 {
            format!(
                " {} more {} on the texts without shown use.",
                count(rest),
                verb(rest, "depends", "depend")
            )
        } else {
            String::new()
        };
        let verb = if n_predictive == 1 {
            "predicts"
        } else {
            "predict"
        };
        return format!(
            "{} {verb} better than {} ({control}).{rest}",
            some_of(n_predictive, n_cells),
            baseline(results)
        );
    }
    let open = if significant.iter().all(|cell| cell.ci_low.is_none()) {
        format!(
            "No interval was computed, so how much of it is use on new texts stays open; their r2 runs {}.",
            range_of_r2(significant)
        )
    } else {
        format!(
            "None is shown to predict better than {}.",
            baseline(results)
        )
    };
    format!(
        "{} {} a signal that permuted targets do not have ({control}). {open}",
        some_of(significant.len(), n_cells),
        verb(significant.len(), "carries", "carry")
    )
}

fn practically_null(results: &StudyResults, family: &[&CellResult]) -> Option<String> {
    let smallest = results.smallest_effect?;
    let n_null = family
        .iter()
        .filter(|cell| cell.verdict == Some(Verdict::PracticallyNull))
        .count();
    (n_null > 0).then(|| {
        format!(
            "{} {} practically null for this recipe at this sample size (r2 below {}).",
            count(n_null),
            verb(n_null, "is", "are"),
            score(smallest)
        )
    })
}

/// How the error over many cells was kept: "family-wise error ≤ .05 over 6 cells, step-down maxT,
/// 999 permutations".
pub fn error_control(results: &StudyResults) -> String {
    let n_cells = family(results).len();
    let permutations = plural(results.permutations as usize, "permutation");
    let up_to = if results.is_adaptive { "up to " } else { "" };
    let level = level(results.level);
    if n_cells == 1 {
        return format!("level {level}, {up_to}{permutations}");
    }
    let method = match results.correction {
        Correction::MaxT if results.has_unequal_rows => "approximate step-down maxT",
        Correction::MaxT => "step-down maxT",
        Correction::Holm => "Holm",
    };
    format!(
        "family-wise error ≤ {level} over {}, {method}, {up_to}{permutations}",
        plural(n_cells, "cell")
    )
}

/// The program as a reference, with what makes this run this run.
pub fn citation(results: &StudyResults) -> String {
    format!(
        "ocean-host (Version {}) [Computer software]. Study “{}”, seed {}.",
        results.version, results.study, results.seed
    )
}

/// What r2 = 0 is: the prediction that knows nothing of the texts.
pub fn baseline(results: &StudyResults) -> &'static str {
    if results.covariates.is_empty() {
        "the training mean"
    } else {
        "the prediction from the covariates"
    }
}

/// What a verdict says and what it does not say.
pub fn verdict_meaning(verdict: Verdict, results: &StudyResults) -> String {
    let smallest = results
        .smallest_effect
        .map_or_else(|| "the smallest effect of interest".to_owned(), score);
    let level = level(results.level);
    match verdict {
        Verdict::NoModel => format!(
            "every fit is empty: {}, and r2 is 0 by construction. It says something about penalties and data, nothing about the texts.",
            if results.covariates.is_empty() {
                "the training mean was predicted throughout"
            } else {
                "the features add nothing to the prediction from the covariates"
            }
        ),
        Verdict::TooFew => "no interval was computed (it needs 50 rows and 20 groups at least, and folds that keep two rows without any of them), so nothing is said about the size of r2. p stays valid.".to_owned(),
        Verdict::Predictive => format!("p_fwer ≤ {level} and a widened interval above 0: predicts new rows better than {} does.", baseline(results)),
        Verdict::DependentTooSmall => format!("p_fwer ≤ {level}, so the target depends on the texts, but the widened interval ends below {smallest}."),
        Verdict::DependentUseNotShown => format!("p_fwer ≤ {level}, so the target depends on the texts, but the widened interval includes 0: no use for prediction is shown. With r2 ≤ 0 it carries something, yet predicts worse than the mean."),
        Verdict::PracticallyNull => format!("for this recipe at this sample size: the 95 % interval ends below {smallest}, and an effect of that size would have been found in 4 of 5 data sets of this size."),
        Verdict::Inconclusive => "not significant, and not shown to be null: larger effects are compatible with these data.".to_owned(),
    }
}

/// Terms and their explanations, only those this study needs, in the order of the table.
pub fn how_to_read(results: &StudyResults) -> Vec<(String, String)> {
    let level = level(results.level);
    let family = family(results);
    let controls = controls(results);
    let mut entries = vec![(
        "r2".to_owned(),
        if results.covariates.is_empty() {
            "share of squared error saved on held-out rows, against guessing the mean of the training rows. 1 is perfect, 0 is that guess, below 0 is worse; never clipped.".to_owned()
        } else {
            format!(
                "share of squared error saved on held-out rows, against what {} alone predict there (r2_partial). 1 is perfect, 0 is that prediction, below 0 is worse; never clipped.",
                results.covariates.join(", ")
            )
        },
    )];
    let all = || family.iter().chain(&controls);
    let widened = if family.len() > 1 {
        " Verdicts use one that is widened for the choice of significant cells."
    } else {
        ""
    };
    if all().any(|cell| cell.ci_low.is_some()) {
        entries.push(("95 % CI".to_owned(), "true R² of this whole recipe, tuning included, at this number of training rows, from which the r2 seen may come; ci_method in results.csv says by what. It is not about one fitted model.".to_owned() + widened));
    }
    if all().any(|cell| cell.null_interval.is_some()) {
        entries.push(("chance".to_owned(), "where 95 % of the r2 of permuted targets lie: what this recipe scores when there is nothing to find.".to_owned()));
    }
    entries.extend(all().find_map(|cell| explain_p(cell, results)));
    entries.extend(monte_carlo_error(results));
    if family.len() > 1 && family.iter().any(|cell| cell.p_fwer.is_some()) {
        entries.push((
            "p_fwer".to_owned(),
            format!(
                "p adjusted for looking at all {}; * where it is at most {level}. Marked so, the chance of even one false positive is at most {level}{}. {}",
                plural(family.len(), "cell"),
                match results.correction == Correction::MaxT && results.has_unequal_rows {
                    true => ", or little more",
                    false => "",
                },
                match (results.correction, results.has_unequal_rows) {
                    (Correction::MaxT, false) => "Step-down maxT (Westfall & Young, 1993), for targets that are jointly exchangeable where null; p_holm in results.csv does without that.".to_owned(),
                    (Correction::MaxT, true) => format!("Step-down maxT (Westfall & Young, 1993), for targets that are jointly exchangeable where null; {UNEQUAL_ROWS}."),
                    (Correction::Holm, _) => "Holm (1979), on the p of this table: valid however the cells depend on each other.".to_owned(),
                }
            ),
        ));
    }
    entries.extend(further_columns(&family));
    entries.extend(comparing::how_to_read(results));
    if family.iter().any(|cell| cell.is_best) {
        entries.push((
            BEST.to_owned(),
            "encoder and regressor chosen by inner error inside each training part, as the penalty is: what somebody reaches who tries them all and decides \
             before seeing the held-out fold. The largest r2 of the other rows is biased upwards; this is not. Permutations and interval include the choice."
                .to_owned(),
        ));
    }
    entries.extend(verdicts(&family, results));
    entries.extend(control_entry(&controls, results));
    entries
}

/// A column that only some studies have: its heading, its number, what it says.
type Further = (&'static str, fn(&CellResult) -> Option<f64>, &'static str);

fn further_columns(family: &[&CellResult]) -> Vec<(String, String)> {
    let columns: [Further; 11] = [
        (
            "AUC",
            |cell| cell.auc,
            "of a target of two values, the share of pairs of a higher and a lower row of one fold that are predicted in this order; .5 is chance.",
        ),
        (
            "r2 covariates",
            |cell| cell.r2_covariates,
            "r2 of the covariates alone, against guessing the mean of the training rows.",
        ),
        (
            "r2 total",
            |cell| cell.r2_total,
            "r2 of covariates and features together, against the same guess.",
        ),
        (
            "over length",
            |cell| cell.gain_over_length,
            "r2 minus that of the control `length`: what the texts say beyond how long they are.",
        ),
        (
            "over length CI",
            |cell| cell.gain_over_length_low,
            "95 % interval of that difference (block jackknife): where it lies above 0, the encoder adds to length.",
        ),
        (
            "sd over folds",
            |cell| cell.r2_fold_sd,
            "how much r2 moves with the draw of the folds alone: its standard deviation over redraws (`fold_redraws`). It is no standard error: it knows nothing of other texts.",
        ),
        (
            "r2/ceiling",
            |cell| cell.r2_over_ceiling,
            "share of what raters agree on that is predicted; may exceed 1.",
        ),
        (
            "r2/ceiling CI",
            |cell| cell.r2_over_ceiling_low,
            "95 % interval of that share: that of r2, with the error of the ceiling itself.",
        ),
        (
            "ceiling",
            |cell| cell.ceiling,
            "share of the target's variance that is not disagreement of the raters.",
        ),
        (
            "detectable",
            |cell| cell.mde80_r2,
            "the r2 that this recipe would have found, after adjustment, in 4 of 5 data sets of this size: smaller effects can hide.",
        ),
        (
            "r",
            |cell| cell.pearson_r,
            "correlation of prediction and target around the training mean; it says nothing about the size of the errors.",
        ),
    ];
    columns
        .into_iter()
        .filter(|(_, number, _)| family.iter().any(|cell| number(cell).is_some()))
        .map(|(heading, _, text)| (heading.to_owned(), text.to_owned()))
        .collect()
}

fn explain_p(cell: &CellResult, results: &StudyResults) -> Option<(String, String)> {
    let floor = cell.p_floor?;
    let at_floor = results
        .cells
        .iter()
        .any(|cell| cell.p.is_some() && cell.p == cell.p_floor);
    let mark = if at_floor {
        format!(
            " \"{}\" marks a cell that no permutation reached: more permutations can only lower it.",
            p_with_floor(floor, Some(floor), results.level)
        )
    } else {
        String::new()
    };
    if results.is_adaptive {
        return Some((
            "p".to_owned(),
            format!(
                "share of permuted targets that the whole recipe predicts as well as the real one. A cell's permutations end at the {}th of that kind, and p is \
                 then {} divided by their number; cells that come to all {} count the observed target too, and p cannot be below {}.{mark} Validity does not \
                 suffer from the stopping (Besag & Clifford, 1991). `chance` rests on {} permutations at least.",
                sequential::LOSSES,
                sequential::LOSSES,
                count(results.permutations as usize),
                p_value(floor, results.level),
                sequential::LEAST_DRAWS.min(results.permutations as usize)
            ),
        ));
    }
    Some((
        "p".to_owned(),
        format!(
            "share of {} permuted targets, the observed one included, that the whole recipe predicts as well as the real one. It cannot be below {}.{mark}",
            count(cell.permutations as usize + 1),
            p_value(floor, results.level)
        ),
    ))
}

/// How far p may be from the p of all permutations: the widest of the cells' intervals.
fn monte_carlo_error(results: &StudyResults) -> Option<(String, String)> {
    let half_width = family(results)
        .iter()
        .filter_map(|cell| cell.p_interval)
        .map(|(low, high)| (high - low) / 2.0)
        .reduce(f64::max)?;
    let text = format!(
        "p from all possible permutations lies within ±{} of the p printed here (95 % interval, widest cell).",
        score(half_width)
    );
    Some(("Monte-Carlo".to_owned(), text))
}

fn verdicts(family: &[&CellResult], results: &StudyResults) -> Vec<(String, String)> {
    let mut seen: Vec<Verdict> = Vec::new();
    for verdict in family.iter().filter_map(|cell| cell.verdict) {
        if !seen.contains(&verdict) {
            seen.push(verdict);
        }
    }
    seen.into_iter()
        .map(|verdict| {
            let meaning = verdict_meaning(verdict, results);
            (verdict.as_str().to_owned(), meaning)
        })
        .collect()
}

fn control_entry(controls: &[&CellResult], results: &StudyResults) -> Option<(String, String)> {
    let has = |name: &str| controls.iter().any(|cell| cell.encoder == name);
    if controls.is_empty() {
        return None;
    }
    let mut text = "run beside the family and never counted in it.".to_owned();
    if has("length") {
        text.push_str(" `length` is what the number of characters and words predicts alone.");
    }
    if has("lexical") {
        text.push_str(" `lexical` is what counts of words and letter groups predict, without any language model.");
    }
    if has("random") {
        text.push_str(" `random` knows nothing and must score like chance; if it does not, duplicates cross the folds.");
    }
    if has("random_group") {
        text.push_str(" `random_group` knows only which rows belong together and must score like chance; if it does not, groups cross the folds.");
    }
    if let Some(permutations) = permutations_of_controls(results) {
        let n_targets = permutations as usize + 1;
        text.push_str(&format!(
            " Their p is a share of {} permuted targets and cannot be below {}.",
            count(n_targets),
            p_value(1.0 / n_targets as f64, results.level)
        ));
    }
    Some(("controls".to_owned(), text))
}

/// How often the targets were permuted for the controls, where that is not as often as for the
/// family.
pub fn permutations_of_controls(results: &StudyResults) -> Option<u32> {
    controls(results)
        .into_iter()
        .map(|cell| cell.permutations)
        .find(|&permutations| permutations > 0 && permutations != results.permutations)
}

/// What step-down maxT is where targets have different rows: one sentence for the doctor, the
/// explanation of p_fwer and methods.txt.
pub const UNEQUAL_ROWS: &str = "step-down maxT is approximate where targets have different rows (family-wise error .043 to .065 at .05 in simulations), and Holm's p (p_holm in results.csv) is exact";

/// Stands under every list of verdicts.
pub const NO_VERDICT_SAYS: &str = "No verdict says that a target is unrelated to the texts: each speaks about this recipe at this sample size.";

/// What a finding says, one sentence after another: what was seen, what it may mean. Some end
/// without a full stop.
pub fn said(finding: &Finding) -> String {
    format!("{} {}", closed(&finding.seen), closed(&finding.meaning))
}

/// What to try about a finding.
pub fn remedy(finding: &Finding) -> String {
    closed(&finding.remedy)
}

fn closed(sentence: &str) -> String {
    let sentence = sentence.trim();
    let stop = if sentence.ends_with(['.', '!', '?', '…']) {
        ""
    } else {
        "."
    };
    format!("{sentence}{stop}")
}

/// The findings, worst first.
pub fn worst_first(results: &StudyResults) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = results.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// What a finding is about, at most three by name: "openness, extraversion, neuroticism and 2
/// more"; `None` for the whole study.
pub fn about(finding: &Finding) -> Option<String> {
    const NAMED: usize = 3;
    let names = finding
        .about
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>();
    match finding.about.len() {
        0 => None,
        n if n > NAMED => Some(format!(
            "{} and {} more",
            names.join(", "),
            count(n - NAMED)
        )),
        _ => Some(names.join(", ")),
    }
}

/// "from −.012 to .314", or "at .314" for a single value.
fn range_of_r2(cells: &[&CellResult]) -> String {
    let low = cells.iter().map(|c| c.r2).fold(f64::INFINITY, f64::min);
    let high = cells.iter().map(|c| c.r2).fold(f64::NEG_INFINITY, f64::max);
    if score(low) == score(high) {
        format!("at {}", score(low))
    } else {
        format!("from {} to {}", score(low), score(high))
    }
}

fn some_of(some: usize, all: usize) -> String {
    match (some, all) {
        (1, 1) => "The one cell".to_owned(),
        (2, 2) => "Both cells".to_owned(),
        (some, all) if some == all => format!("All {} cells", count(all)),
        _ => format!("{} of {} cells", count(some), count(all)),
    }
}

fn any_of(n: usize) -> String {
    if n == 1 {
        "the one cell".to_owned()
    } else {
        format!("any of {} cells", count(n))
    }
}

/// The verb that goes with a count.
fn verb(n: usize, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

/// "1 cell", "2,000 cells".
pub fn plural(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}
