//! `methods.txt`: what was done and found, in sentences to paste into a paper, in APA style.
//!
//! Built from the results alone, so that it describes the run and not the intention. Null results are worded by their verdict: "not shown" is
//! never turned into "shown not to be".

use super::escape;
use super::model::{CellResult, Correction, RegressorSummary, StudyResults};
use super::numbers::{count, in_units, interval, level, p_in_sentence, score};
use super::wording::{controls, family, is_significant, plural};

/// A work the paragraph refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The reference in APA style, without the address.
    pub text: &'static str,
    /// Its DOI, where it has one.
    pub doi: Option<&'static str>,
}

/// The text for a paper, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Methods {
    /// What was done: one paragraph.
    pub method: String,
    /// What came out: one paragraph.
    pub results: String,
    /// What the paragraphs cite, in alphabetical order.
    pub references: Vec<Reference>,
}

/// More cells than this are summed up by verdict and left to the table.
const MOST_SENTENCES: usize = 12;

/// Words the study.
pub fn methods(results: &StudyResults) -> Methods {
    let method = [
        question(results),
        data(results),
        cross_validation(results),
        tuning(results),
        scoring(),
        permutation(results),
        intervals(results),
        control_sentence(results),
        software(results),
    ];
    let method = method.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let sentences = sentences(results).join(" ");
    Methods {
        references: references(&format!("{method} {sentences}")),
        method,
        results: sentences,
    }
}

/// The file: method, results, references, each under its heading.
pub fn render(results: &StudyResults) -> String {
    let methods = methods(results);
    let references: Vec<String> = methods
        .references
        .iter()
        .map(|reference| match reference.doi {
            Some(doi) => format!("{} https://doi.org/{doi}", reference.text),
            None => reference.text.to_owned(),
        })
        .collect();
    format!(
        "Method\n\n{}\n\nResults\n\n{}\n\nReferences\n\n{}\n",
        methods.method,
        methods.results,
        references.join("\n")
    )
}

fn question(results: &StudyResults) -> Option<String> {
    let encoders = list(results.encoders.iter().filter(|e| !e.is_control).map(|e| {
        format!(
            "{} ({}, {} features)",
            escape::text(&e.name),
            escape::text(&e.source),
            count(e.n_features)
        )
    }));
    let targets = list(
        results
            .targets
            .iter()
            .map(|target| escape::text(&target.name)),
    );
    Some(format!(
        "We tested whether {targets} can be predicted from {encoders}."
    ))
}

fn data(results: &StudyResults) -> Option<String> {
    let data = &results.data;
    let mut text = format!("The data had {}", plural(data.n_rows, "row"));
    if let Some(mean) = data.mean_characters {
        text.push_str(&format!(
            " (texts of {} characters on average)",
            in_units(mean.round())
        ));
    }
    let dropped: Vec<String> = data
        .dropped
        .iter()
        .map(|(reason, n)| format!("{} dropped: {}", plural(*n, "row"), escape::text(reason)))
        .collect();
    if !dropped.is_empty() {
        text.push_str(&format!("; {}", dropped.join("; ")));
    }
    text.push('.');
    for target in results
        .targets
        .iter()
        .filter(|target| target.raters.len() > 1)
    {
        text.push_str(&format!(
            " {} was the mean of {} after each rater's own level had been removed (least squares); R² measures agreement with these raters.",
            capitalised(&escape::text(&target.name)),
            plural(target.raters.len(), "rater")
        ));
    }
    Some(text)
}

fn cross_validation(results: &StudyResults) -> Option<String> {
    let repeats = if results.repeats > 1 {
        format!(", repeated {} times with new folds", results.repeats)
    } else {
        String::new()
    };
    let groups = match (&results.data.group, results.data.n_groups) {
        (Some(group), Some(n)) => format!(
            "; rows of the same {} ({}) were kept in one fold",
            escape::text(group),
            plural(n, "group")
        ),
        (None, Some(_)) => "; identical texts were kept in one fold".to_owned(),
        _ => String::new(),
    };
    let covariates = if results.covariates.is_empty() {
        String::new()
    } else {
        format!(
            " {} was partialled out of features and target, with coefficients from the training rows.",
            capitalised(&list(
                results.covariates.iter().map(|name| escape::text(name))
            ))
        )
    };
    Some(format!(
        "Every prediction came from a model that had not seen the row ({}-fold cross-validation{repeats}; the same folds for all models and targets{groups}). \
         Features were standardised and targets centred within each training set.{covariates}",
        results.folds
    ))
}

fn tuning(results: &StudyResults) -> Option<String> {
    let inner = match results.inner_folds {
        None => "cross-validation over the remaining folds".to_owned(),
        Some(n) => format!("{n}-fold cross-validation"),
    };
    let regressors = list(results.regressors.iter().map(describe_regressor));
    (!results.regressors.is_empty()).then(|| {
        format!("The regression was {regressors}; hyperparameters were chosen by inner {inner} within each training set.")
    })
}

fn describe_regressor(regressor: &RegressorSummary) -> String {
    let details = [
        regressor
            .objective
            .as_ref()
            .map(|objective| format!("minimising {}", escape::text(objective))),
        regressor
            .penalties
            .as_ref()
            .map(|penalties| escape::text(penalties)),
    ];
    let details = details.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let name = escape::text(&regressor.name);
    if details.is_empty() {
        name
    } else {
        format!("{name} ({details})")
    }
}

fn scoring() -> Option<String> {
    Some(
        "Accuracy is the out-of-sample R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², pooled over held-out rows, where ȳ is the mean of the training rows of that fold \
         (Campbell & Thompson, 2008); it is negative when predictions are worse than that mean."
            .to_owned(),
    )
}

fn permutation(results: &StudyResults) -> Option<String> {
    let family = family(results);
    if results.permutations == 0 || family.iter().all(|cell| cell.p.is_none()) {
        return Some("No test of significance was run.".to_owned());
    }
    let what = match (
        results.unit.as_str(),
        results.data.group.is_some(),
        results.exchange.as_str(),
    ) {
        ("group", _, _) => "values of whole groups",
        (_, true, "within") => "target values within groups",
        (_, true, "size_bands") => "target values of groups of similar size",
        (_, true, _) => "blocks of target values of whole groups",
        _ => "target values",
    };
    let up_to = if results.is_adaptive { "up to " } else { "" };
    let stopping = if results.is_adaptive {
        " with sequential stopping (Besag & Clifford, 1991)"
    } else {
        ""
    };
    let adjusted = match (family.len(), results.correction) {
        (0 | 1, _) => format!("; the level was {}.", level(results.level)),
        (n, Correction::MaxT) => format!(
            ". These p values were adjusted for the {n} comparisons by the step-down maxT procedure (Westfall & Young, 1993), which controls the family-wise error at {}.",
            level(results.level)
        ),
        (n, Correction::Holm) => format!(
            ". These p values were adjusted for the {n} comparisons by Holm's (1979) method, which controls the family-wise error at {}.",
            level(results.level)
        ),
    };
    Some(format!(
        "For the test of significance the {what} were permuted {up_to}{} times{stopping} and the whole procedure, tuning included, was repeated on each; \
         p = (1 + number of permuted R² at least as large)/(1 + number of permutations) (Phipson & Smyth, 2010){adjusted}",
        count(results.permutations as usize)
    ))
}

fn intervals(results: &StudyResults) -> Option<String> {
    results.cells.iter().any(|cell| cell.ci_low.is_some()).then(|| {
        "Confidence intervals come from a block jackknife of the whole procedure (Efron & Stein, 1981); they refer to this procedure at this number of training rows.".to_owned()
    })
}

fn control_sentence(results: &StudyResults) -> Option<String> {
    let names = results
        .encoders
        .iter()
        .filter(|e| e.is_control)
        .map(|e| escape::text(&e.name));
    let names: Vec<String> = names.collect();
    (!controls(results).is_empty()).then(|| {
        format!(
            "The same was done with control features ({}), outside the family of comparisons.",
            list(names.into_iter())
        )
    })
}

fn software(results: &StudyResults) -> Option<String> {
    Some(format!(
        "Computations were done with ocean-host {} (seed {}).",
        escape::text(&results.version),
        results.seed
    ))
}

fn sentences(results: &StudyResults) -> Vec<String> {
    let family = family(results);
    let mut sentences = Vec::new();
    if !results.failed.is_empty() {
        sentences.push(format!(
            "Planned comparisons that ended without a result and are not reported: {}.",
            count(results.failed.len())
        ));
    }
    if let (Some(p), true) = (results.omnibus_p, family.len() > 1) {
        sentences.push(format!(
            "Over the {} comparisons, the smallest adjusted p was {}.",
            family.len(),
            p_in_sentence(p, floor(&family), results.level).trim_start_matches("= ")
        ));
    }
    if family.len() <= MOST_SENTENCES {
        sentences.extend(family.iter().map(|cell| sentence(cell, results)));
    } else {
        sentences.extend(summed_up(&family, results));
    }
    sentences
}

fn floor(cells: &[&CellResult]) -> Option<f64> {
    cells.iter().find_map(|cell| cell.p_floor)
}

/// One cell, worded by its verdict (STATISTICS §5): no more than was shown.
fn sentence(cell: &CellResult, results: &StudyResults) -> String {
    let who = predictor(cell, results);
    let target = escape::text(&cell.target);
    let numbers = numbers(cell, results);
    let delta = results.smallest_effect.map_or_else(
        || "the smallest effect of interest".to_owned(),
        |d| format!("the smallest effect of interest, {}", score(d)),
    );
    match cell.verdict.as_str() {
        "no model" => format!(
            "For {target} from {who}, every fitted model was empty, so that nothing was learned about the texts ({}).",
            rows(cell)
        ),
        "predictive" => format!(
            "Predictions of {target} from {who} were better than the training mean, {numbers}."
        ),
        "dependent, too small to matter" => format!(
            "{} depended on {who}, but the interval of R² lies below {delta}, {numbers}.",
            capitalised(&target)
        ),
        "dependent, use not shown" if cell.r2 <= 0.0 => format!(
            "{} depended on {who}, yet predictions were no better than the training mean, {numbers}.",
            capitalised(&target)
        ),
        "dependent, use not shown" => format!(
            "{} depended on {who}; that it predicts better than the training mean was not shown, {numbers}.",
            capitalised(&target)
        ),
        "practically null" => format!(
            "For {target} from {who}, the interval of R² lies below {delta}, and with this procedure and sample an effect that size would have been found, {numbers}."
        ),
        _ if cell.p.is_none() => {
            format!("For {target} from {who}, {numbers}; this was not tested.")
        }
        _ if is_significant(cell, results) => format!(
            "{} could be predicted from {who} better than permuted values of it, {numbers}; no interval was computed.",
            capitalised(&target)
        ),
        _ => format!(
            "Whether {who} predicts {target} remained open, {numbers}{}.",
            compatible(cell)
        ),
    }
}

/// What an inconclusive interval still allows.
fn compatible(cell: &CellResult) -> String {
    cell.ci_high
        .filter(|high| *high > 0.0)
        .map(|high| {
            format!(
                "; values up to {} are compatible with the data",
                score(high)
            )
        })
        .unwrap_or_default()
}

fn predictor(cell: &CellResult, results: &StudyResults) -> String {
    let encoder = escape::text(&cell.encoder);
    if results.regressors.len() > 1 {
        format!("{encoder} with {}", escape::text(&cell.regressor))
    } else {
        encoder
    }
}

fn rows(cell: &CellResult) -> String {
    format!("n = {}", count(cell.n))
}

fn numbers(cell: &CellResult, results: &StudyResults) -> String {
    let mut parts = vec![format!("R² = {}", score(cell.r2))];
    if let Some(range) = cell.ci_low.zip(cell.ci_high) {
        parts.push(format!("95% CI {}", interval(range)));
    }
    if let Some(p) = cell.p {
        parts.push(format!(
            "p {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    if let (Some(p), true) = (cell.p_fwer, family(results).len() > 1) {
        parts.push(format!(
            "adjusted p {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    parts.push(rows(cell));
    parts.join(", ")
}

/// Cells of one kind: what is said of them and which they are.
type Kind = (&'static str, fn(&CellResult, &StudyResults) -> bool);

fn summed_up(family: &[&CellResult], results: &StudyResults) -> Vec<String> {
    let kinds: [Kind; 7] = [
        ("predicted better than the training mean", |c, _| {
            c.verdict == "predictive"
        }),
        (
            "depended on the features, with an interval of R² below the smallest effect of interest",
            |c, _| c.verdict == "dependent, too small to matter",
        ),
        (
            "depended on the features without predictions shown to be better than the training mean",
            |c, _| c.verdict == "dependent, use not shown",
        ),
        (
            "were predicted better than permuted values, without an interval",
            |c, r| c.verdict == "too few" && is_significant(c, r),
        ),
        (
            "were practically null for this procedure and sample",
            |c, _| c.verdict == "practically null",
        ),
        ("remained open", |c, r| {
            c.verdict == "inconclusive" || (c.verdict == "too few" && !is_significant(c, r))
        }),
        ("had empty models only", |c, _| c.verdict == "no model"),
    ];
    kinds
        .into_iter()
        .filter_map(|(what, belongs)| {
            let r2: Vec<f64> = family
                .iter()
                .filter(|cell| belongs(cell, results))
                .map(|cell| cell.r2)
                .collect();
            let low = r2.iter().copied().reduce(f64::min)?;
            let high = r2.iter().copied().reduce(f64::max)?;
            Some(format!(
                "Of the {} comparisons, {} {what} (R² from {} to {}).",
                count(family.len()),
                count(r2.len()),
                score(low),
                score(high)
            ))
        })
        .collect()
}

/// Those of the known works that the text names.
fn references(text: &str) -> Vec<Reference> {
    REFERENCES
        .iter()
        .filter(|(key, _)| text.contains(key))
        .map(|(_, reference)| *reference)
        .collect()
}

const REFERENCES: [(&str, Reference); 6] = [
    (
        "Besag & Clifford, 1991",
        Reference {
            text: "Besag, J., & Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika, 78(2), 301–304.",
            doi: Some("10.1093/biomet/78.2.301"),
        },
    ),
    (
        "Campbell & Thompson, 2008",
        Reference {
            text: "Campbell, J. Y., & Thompson, S. B. (2008). Predicting excess stock returns out of sample: Can anything beat the historical average? Review of Financial Studies, 21(4), 1509–1531.",
            doi: Some("10.1093/rfs/hhm055"),
        },
    ),
    (
        "Efron & Stein, 1981",
        Reference {
            text: "Efron, B., & Stein, C. (1981). The jackknife estimate of variance. The Annals of Statistics, 9(3), 586–596.",
            doi: Some("10.1214/aos/1176345462"),
        },
    ),
    (
        "Holm's (1979)",
        Reference {
            text: "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6(2), 65–70.",
            doi: None,
        },
    ),
    (
        "Phipson & Smyth, 2010",
        Reference {
            text: "Phipson, B., & Smyth, G. K. (2010). Permutation p-values should never be zero: Calculating exact p-values when permutations are randomly drawn. Statistical Applications in Genetics and Molecular Biology, 9(1), Article 39.",
            doi: Some("10.2202/1544-6115.1585"),
        },
    ),
    (
        "Westfall & Young, 1993",
        Reference {
            text: "Westfall, P. H., & Young, S. S. (1993). Resampling-based multiple testing: Examples and methods for p-value adjustment. Wiley.",
            doi: None,
        },
    ),
];

/// "a", "a and b", "a, b, and c".
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
    }
}

/// A sentence's first letter; names that begin with anything else stay as they are.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
