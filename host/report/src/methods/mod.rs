//! `methods.txt`: what was done and found, in sentences to paste into a paper, in APA style.
//!
//! Built from the results alone, so that it describes the run and not the intention. Null results
//! are worded by their verdict: "not shown" is never turned into "shown not to be".

pub mod apa;
mod references;
mod sentences;

pub use references::Reference;

use std::collections::BTreeMap;

use ocean_engine::inference::sequential::LOSSES;

use self::references::references;
use self::sentences::sentences;
use crate::comparing;
use crate::escape;
use crate::model::{
    BEST, Correction, EncoderSummary, Exchange, IntervalMethod, RegressorSummary, StudyResults,
    Unit,
};
use crate::numbers::{count, in_units, level, tiny};
use crate::ordered;
use crate::tested;
use crate::wording::{UNEQUAL_ROWS, baseline, controls, family, permutations_of_controls, plural};
use crate::words;

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

/// Words the study.
pub fn methods(results: &StudyResults) -> Methods {
    let method = [
        question(results),
        servers(results),
        data(results),
        cross_validation(results),
        tuning(results),
        scoring(results),
        ordered::method(results),
        permutation(results),
        intervals(results),
        comparing::method(results),
        best(results),
        tested::method(results),
        words::method(results),
        control_sentence(results),
        software(results),
    ];
    let method = method.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let sentences = [
        sentences(results),
        tested::sentences(results),
        comparing::sentences(results),
        words::sentences(results),
    ]
    .concat()
    .join(" ");
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
        let parameters = e.parameters.as_ref();
        format!(
            "{} ({}, {} features{})",
            escape::text(&e.name),
            escape::text(&e.source),
            count(e.n_features),
            parameters.map_or(String::new(), |text| format!("; {}", escape::text(text)))
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

/// Which texts left the machine, and whether a server says the same twice.
fn servers(results: &StudyResults) -> Option<String> {
    let of_encoder = |encoder: &EncoderSummary| {
        let sent = encoder.servers.iter().map(|server| {
            let (url, model) = (escape::text(&server.url), escape::text(&server.model));
            match server.is_local {
                true => format!(
                    "The vectors of {} were made by {model} on a server of the same machine ({url}).",
                    escape::text(&encoder.name)
                ),
                false => format!(
                    "For the vectors of {} the texts were sent to another machine: {url}, model {model}.",
                    escape::text(&encoder.name)
                ),
            }
        });
        let twice = encoder.repeated.map(|repeated| {
            format!(
                "{} sent to it a second time came back with numbers that differed by at most {} of a vector's length.",
                plural(repeated.texts, "text"),
                tiny(repeated.largest)
            )
        });
        sent.chain(twice).collect::<Vec<_>>()
    };
    let all: Vec<String> = results.encoders.iter().flat_map(of_encoder).collect();
    (!all.is_empty()).then(|| all.join(" "))
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
    text.push_str(&rated(results));
    Some(text)
}

/// How targets were made of ratings: one sentence for all that have as many raters.
fn rated(results: &StudyResults) -> String {
    let mut by_raters: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for target in results.targets.iter().filter(|t| t.raters.len() > 1) {
        let names = by_raters.entry(target.raters.len()).or_default();
        names.push(escape::text(&target.name));
    }
    let sentences = by_raters.into_iter().map(|(n_raters, names)| {
        let verb = if names.len() == 1 { "was" } else { "were each" };
        format!(
            " {} {verb} the mean of {} after each rater's own level had been removed (least squares); R² measures agreement with these raters.",
            capitalised(&list(names.into_iter())),
            plural(n_raters, "rater")
        )
    });
    sentences.collect()
}

fn cross_validation(results: &StudyResults) -> Option<String> {
    let repeats = if results.repeats > 1 {
        format!(", repeated {} times with new folds", results.repeats)
    } else {
        String::new()
    };
    let groups = match (&results.data.group, results.data.n_groups) {
        (Some(group), Some(n)) if results.unit == Unit::Group => format!(
            "; each {} ({}) was one row, with the mean of its rows' features",
            escape::text(group),
            plural(n, "group")
        ),
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
        // Results of an older version do not say how each was read.
        let (covariates, how) = match results.covariates_read.is_empty() {
            true => (&results.covariates, ", categories as dummies"),
            false => (&results.covariates_read, ""),
        };
        format!(
            " Covariates ({}{how}, and the intercept) were taken out of features and targets by least squares in every training set; the \
             coefficients from the training rows served the held-out rows too.",
            list(covariates.iter().map(|name| escape::text(name)))
        )
    };
    let folds = match &results.fold_column {
        None => format!("{}-fold cross-validation{repeats}", results.folds),
        Some(column) => format!(
            "leave-one-out cross-validation over the {} values of {}: rows of each value were predicted by models of the others",
            results.folds,
            escape::text(column)
        ),
    };
    Some(format!(
        "Every prediction came from a model that had not seen the row ({folds}; the same folds for all models and targets{groups}). \
         Features were standardised and targets centred within each training set.{covariates}"
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
        regressor
            .parameters
            .as_ref()
            .map(|parameters| escape::text(parameters)),
    ];
    let details = details.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let name = escape::text(&regressor.name);
    if details.is_empty() {
        name
    } else {
        format!("{name} ({details})")
    }
}

fn scoring(results: &StudyResults) -> Option<String> {
    if !results.covariates.is_empty() {
        return Some(
            "Accuracy is the partial out-of-sample R² = 1 − Σ(y − ŷ)²/Σ(y − ŷ₀)², pooled over held-out rows, where ŷ₀ is the prediction from the covariates \
             alone and ŷ adds that from the features; it is negative when the features make predictions worse."
                .to_owned(),
        );
    }
    Some(
        "Accuracy is the out-of-sample R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², pooled over held-out rows, where ȳ is the mean of the training rows of that fold \
         (Campbell & Thompson, 2008); it is negative when predictions are worse than that mean."
            .to_owned(),
    )
}

/// Between which rows values moved where a column has the folds.
fn between(results: &StudyResults) -> String {
    match &results.fold_column {
        None => String::new(),
        Some(column) if results.exchange == Exchange::Free => format!(
            " over all values of {} (the null hypothesis: unrelated to the features and to {0})",
            escape::text(column)
        ),
        Some(column) => format!(
            " within each value of {} (the null hypothesis: unrelated to the features within it)",
            escape::text(column)
        ),
    }
}

fn permutation(results: &StudyResults) -> Option<String> {
    let family = family(results);
    if results.permutations == 0 || family.iter().all(|cell| cell.p.is_none()) {
        return Some("No test of significance was run.".to_owned());
    }
    let what = match (results.unit, results.data.group.is_some(), results.exchange) {
        (Unit::Group, _, _) if results.size_bands > 0 => {
            "target values of groups within bands of similar group size (at least ten groups each; approximate, as sizes differ within a band)"
        }
        (Unit::Group, _, _) => "target values of groups",
        (Unit::Row, false, _) => "target values",
        (_, _, Exchange::Within) => "target values within groups",
        (_, _, Exchange::SizeBands) => {
            "target values of groups within the same quartile of group size (approximate, as value and size may go together within a quartile)"
        }
        (_, _, Exchange::Blocks | Exchange::Free) => "blocks of target values of whole groups",
    };
    let between = between(results);
    let residuals = if results.covariates.is_empty() {
        ""
    } else {
        ", as residuals of their least-squares regression on the covariates over all rows (Freedman & Lane, 1983; approximate),"
    };
    let n_permutations = count(results.permutations as usize);
    let (times, p) = if results.is_adaptive {
        let losses = LOSSES;
        (
            format!(
                "up to {n_permutations} times with sequential stopping (Besag & Clifford, 1991)"
            ),
            format!(
                "permutations ended at the {losses}th with an R² at least as large as the observed one, and p = {losses}/(number of permutations until then), or, \
                 where there were fewer such permutations, p = (1 + their number)/(1 + {n_permutations})"
            ),
        )
    } else {
        (
            format!("{n_permutations} times"),
            "p = (1 + number of permuted R² at least as large)/(1 + number of permutations) (Phipson & Smyth, 2010)".to_owned(),
        )
    };
    let adjusted = match (family.len(), results.correction) {
        (0 | 1, _) => format!("; the level was {}.", level(results.level)),
        (n, Correction::MaxT) => format!(
            ". These p values were adjusted for the {n} comparisons by the step-down maxT procedure (Westfall & Young, 1993), {}.",
            match results.has_unequal_rows {
                false => format!(
                    "which controls the family-wise error at {}",
                    level(results.level)
                ),
                true => format!(
                    "at a nominal family-wise error of {}; {UNEQUAL_ROWS}",
                    level(results.level)
                ),
            }
        ),
        (n, Correction::Holm) => format!(
            ". These p values were adjusted for the {n} comparisons by Holm's (1979) method, which controls the family-wise error at {}.",
            level(results.level)
        ),
    };
    Some(format!(
        "For the test of significance the {what}{between} were permuted {times}{residuals} and the whole procedure, tuning included, was repeated on each; {p}{adjusted}"
    ))
}

fn intervals(results: &StudyResults) -> Option<String> {
    if results.cells.iter().all(|cell| cell.ci_low.is_none()) {
        return None;
    }
    let widened = if family(results).len() > 1 {
        format!(
            " Where results are called better than {}, or too small to matter, the intervals were widened for the choice of the significant \
             comparisons (Benjamini & Yekutieli, 2005).",
            baseline(results)
        )
    } else {
        String::new()
    };
    let has = |method| {
        let mut shown = results.cells.iter().filter(|cell| cell.ci_low.is_some());
        shown.any(|cell| cell.ci_method.unwrap_or(IntervalMethod::Jackknife) == method)
    };
    let jackknife = "a block jackknife of the whole procedure (Efron & Stein, 1981), with the variance under permutation added";
    let source = match (has(IntervalMethod::Planted), has(IntervalMethod::Jackknife)) {
        (false, _) => format!("come from {jackknife}"),
        (true, others) => {
            let others = match others {
                true => format!(". Those of other rows come from {jackknife}"),
                false => String::new(),
            };
            format!(
                "hold the true R² from which the observed one may come: signals of known size were planted into permuted scores along the principal components of the \
                 features, and the whole procedure was repeated on each; the intervals were widened where the scores' own errors vary more than those of planted ones{others}"
            )
        }
    };
    Some(format!(
        "Confidence intervals {source}. They refer to this procedure at this number of training rows.{widened}"
    ))
}

fn best(results: &StudyResults) -> Option<String> {
    results.cells.iter().any(|cell| cell.is_best).then(|| {
        format!(
            "In the rows called {BEST}, the features and the regression themselves were chosen by inner cross-validation error within each training set, and chosen \
             anew in every permutation and jackknife replicate."
        )
    })
}

fn control_sentence(results: &StudyResults) -> Option<String> {
    let names = results
        .encoders
        .iter()
        .filter(|e| e.is_control)
        .map(|e| escape::text(&e.name));
    let names: Vec<String> = names.collect();
    let fewer = permutations_of_controls(results)
        .map(|permutations| format!(", with {} permutations", count(permutations as usize)))
        .unwrap_or_default();
    (!controls(results).is_empty()).then(|| {
        format!(
            "The same was done with control features ({}){fewer}, outside the family of comparisons.",
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
