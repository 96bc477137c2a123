//! Differences between encoders and between regressors: which a report shows, as a table and in
//! sentences.
//!
//! Means over targets come first. Single targets follow as long as they fit on a page; of more,
//! only the significant ones are shown, and comparisons.csv has all.

use crate::escape;
use crate::model::{Compared, ComparisonResult, IntervalMethod, StudyResults};
use crate::numbers::{count, interval, level, p_in_sentence, p_value, score};
use crate::table::Kind;
use crate::wording::plural;

/// More single targets than this are left to comparisons.csv, but for the significant ones.
const MOST_ROWS: usize = 40;
/// More sentences than this are one.
const MOST_SENTENCES: usize = 6;

/// Heading of the column that a terminal has no room for.
pub const P_CORRECTED: &str = "p corrected t";

/// A table ready for any format.
pub struct Table {
    /// Headings and what their columns hold.
    pub headings: Vec<(&'static str, Kind)>,
    /// One text a column, and whether the row is significant.
    pub rows: Vec<(Vec<String>, bool)>,
    /// What stands below.
    pub below: String,
}

/// Everything a page shows; `None` when nothing was compared.
pub fn full(results: &StudyResults) -> Option<Table> {
    let (means, single) = parts(results);
    let is_long = single.len() > MOST_ROWS;
    let single = single
        .into_iter()
        .filter(|c| !is_long || is_significant(c, results));
    table(results, means.into_iter().chain(single).collect(), true)
}

/// What a terminal shows: means over targets, or the one target.
pub fn brief(results: &StudyResults) -> Option<Table> {
    table(results, headline(results), false)
}

/// A difference for a picture.
pub struct Difference {
    /// Which pair, and with what where that differs: "minilm − lexical, ridge".
    pub name: String,
    /// r2 of the first minus r2 of the second.
    pub delta_r2: f64,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The adjusted p is at most the level.
    pub is_significant: bool,
}

/// What a picture shows: means over targets, or those of the one target.
pub fn shown(results: &StudyResults) -> Vec<Difference> {
    let headline = headline(results).into_iter();
    headline
        .map(|c| Difference {
            name: if results.encoders.len() > 1 && results.regressors.len() > 1 {
                format!("{} ({})", names(c), in_common(c))
            } else {
                names(c)
            },
            delta_r2: c.delta_r2,
            interval: c.ci_low.zip(c.ci_high),
            is_significant: is_significant(c, results),
        })
        .collect()
}

/// Means over targets, and single targets.
fn parts(results: &StudyResults) -> (Vec<&ComparisonResult>, Vec<&ComparisonResult>) {
    results.comparisons.iter().partition(|c| c.n_targets > 1)
}

/// Means over targets where there are any.
fn headline(results: &StudyResults) -> Vec<&ComparisonResult> {
    let (means, single) = parts(results);
    if means.is_empty() { single } else { means }
}

fn is_significant(comparison: &ComparisonResult, results: &StudyResults) -> bool {
    comparison.p_holm.is_some_and(|p| p <= results.level)
}

/// What a column shows of a comparison.
type Show = fn(&ComparisonResult, &StudyResults) -> String;

fn table(results: &StudyResults, shown: Vec<&ComparisonResult>, is_full: bool) -> Option<Table> {
    if results.comparisons.is_empty() {
        return None;
    }
    let all: [(&'static str, Kind, Show); 8] = [
        ("difference", Kind::Label, |c, _| names(c)),
        ("with", Kind::Label, |c, _| in_common(c).to_owned()),
        ("target", Kind::Label, |c, _| target(c)),
        ("Δr2", Kind::Number, |c, _| score(c.delta_r2)),
        ("95 % CI", Kind::Number, |c, _| {
            c.ci_low.zip(c.ci_high).map(interval).unwrap_or_default()
        }),
        ("p", Kind::Number, |c, r| {
            c.p.map(|p| p_value(p, r.level)).unwrap_or_default()
        }),
        ("p_holm", Kind::Number, p_holm),
        (P_CORRECTED, Kind::Number, |c, r| {
            c.p_corrected
                .map(|p| p_value(p, r.level))
                .unwrap_or_default()
        }),
    ];
    let has_both = [Compared::Encoders, Compared::Regressors]
        .iter()
        .all(|kind| results.comparisons.iter().any(|c| c.compared == *kind));
    let is_crossed = has_both
        || shown
            .windows(2)
            .any(|two| in_common(two[0]) != in_common(two[1]));
    let columns: Vec<_> = all
        .into_iter()
        .filter(|(heading, ..)| *heading != "with" || is_crossed)
        .filter(|(heading, ..)| *heading != P_CORRECTED || is_full)
        .collect();
    let rows = shown.iter().map(|c| {
        let texts = columns.iter().map(|(.., show)| show(c, results));
        (texts.collect(), is_significant(c, results))
    });
    Some(Table {
        rows: rows.collect(),
        headings: columns
            .iter()
            .map(|(heading, kind, _)| (*heading, *kind))
            .collect(),
        below: below(results),
    })
}

/// "minilm − lexical".
fn names(c: &ComparisonResult) -> String {
    match c.compared {
        Compared::Encoders => format!("{} − {}", c.encoder_a, c.encoder_b),
        Compared::Regressors => format!("{} − {}", c.regressor_a, c.regressor_b),
    }
}

/// What the two share.
fn in_common(c: &ComparisonResult) -> &str {
    match c.compared {
        Compared::Encoders => &c.regressor_a,
        Compared::Regressors => &c.encoder_a,
    }
}

fn target(c: &ComparisonResult) -> String {
    c.target
        .clone()
        .unwrap_or_else(|| format!("mean of {}", c.n_targets))
}

/// The adjusted p with a star where it is at most the level, or why there is none.
fn p_holm(c: &ComparisonResult, results: &StudyResults) -> String {
    let star = if is_significant(c, results) {
        "*"
    } else {
        "\u{a0}"
    };
    match c.p_holm {
        Some(p) => format!("{}{star}", p_value(p, results.level)),
        None if c.notes.is_empty() => String::new(),
        None => "n/a\u{a0}".to_owned(),
    }
}

/// What the table says of single targets, why some have no p, and where the rest is.
fn below(results: &StudyResults) -> String {
    let (means, single) = parts(results);
    let mut sentences = Vec::new();
    if !means.is_empty() {
        let n_significant = single.iter().filter(|c| is_significant(c, results)).count();
        sentences.push(format!(
            "Target by target, {} of {} {} significant (p_holm ≤ {}); comparisons.csv has them all.",
            count(n_significant),
            plural(single.len(), "difference"),
            if n_significant == 1 { "is" } else { "are" },
            level(results.level)
        ));
    }
    let mut notes: Vec<&str> = results
        .comparisons
        .iter()
        .map(|c| c.notes.as_str())
        .collect();
    notes.sort_unstable();
    notes.dedup();
    sentences.extend(
        notes
            .iter()
            .filter(|note| !note.is_empty())
            .map(|note| format!("n/a: {note}.")),
    );
    sentences.join(" ")
}

/// How the columns are to be read; nothing when nothing was compared.
pub fn how_to_read(results: &StudyResults) -> Vec<(String, String)> {
    let has = |p: fn(&ComparisonResult) -> Option<f64>| {
        results.comparisons.iter().any(|c| p(c).is_some())
    };
    if results.comparisons.is_empty() {
        return Vec::new();
    }
    let mut text = "r2 of the first minus r2 of the second, on the same rows and folds. It compares whole recipes at this number of training rows, not fitted models.".to_owned();
    if has(|c| c.p) {
        text.push_str(" Interval and p (t) rest on how far apart the two predict each row, widened by as much as planted effects show that r2 varies more than that, and by how far apart permuted targets let two recipes fall. p_holm adjusts for all pairs × targets, for means over targets for all pairs.");
    }
    let mut entries = vec![("Δr2".to_owned(), text)];
    if has(|c| c.p_corrected) {
        entries.push((
            P_CORRECTED.to_owned(),
            "Nadeau and Bengio's (2003) test over the folds, for comparison with other software; approximate, and not adjusted.".to_owned(),
        ));
    }
    entries
}

/// What was done, for a paper; `None` without a test.
pub fn method(results: &StudyResults) -> Option<String> {
    let tested: Vec<&ComparisonResult> = headline(results)
        .into_iter()
        .filter(|c| c.p_holm.is_some())
        .collect();
    if tested.is_empty() {
        return None;
    }
    let kinds = [
        (Compared::Encoders, "Encoders"),
        (Compared::Regressors, "Regressors"),
    ];
    let what: Vec<&str> = kinds
        .iter()
        .filter(|(kind, _)| tested.iter().any(|c| c.compared == *kind))
        .map(|(_, name)| *name)
        .collect();
    let over = if tested.iter().any(|c| c.n_targets > 1) {
        ", averaged over targets,"
    } else {
        ""
    };
    let adjusted = if tested.len() > 1 {
        format!(
            " and were adjusted for the {} differences by Holm's (1979) method",
            tested.len()
        )
    } else {
        String::new()
    };
    let planted = tested
        .iter()
        .any(|c| c.ci_method == Some(IntervalMethod::Planted));
    let se = match planted {
        true => {
            "Its standard error joins that of the fitted models' squared errors, inflated as much as the R² of planted signals vary more than it says, and the standard deviation of the \
             difference over permutations"
        }
        false => {
            "Its standard error came from a block jackknife of both procedures (Efron & Stein, 1981), or, where that was larger, was its standard deviation over permutations"
        }
    };
    Some(format!(
        "{} were compared by their difference in R²{over} on the same folds. {se}; p values are from Student's t{adjusted}. Differences refer to these \
         procedures at this number of training rows.",
        what.join(" and ").replace("and R", "and r")
    ))
}

/// What came out, for a paper.
pub fn sentences(results: &StudyResults) -> Vec<String> {
    let tested: Vec<&ComparisonResult> = headline(results)
        .into_iter()
        .filter(|c| c.p_holm.is_some())
        .collect();
    if tested.len() > MOST_SENTENCES {
        let n_significant = tested.iter().filter(|c| is_significant(c, results)).count();
        return vec![format!(
            "Of {} in R² between recipes, {} had an adjusted p of at most {}.",
            plural(tested.len(), "difference"),
            count(n_significant),
            level(results.level)
        )];
    }
    let is_adjusted = tested.len() > 1;
    tested
        .iter()
        .map(|c| sentence(c, is_adjusted, results))
        .collect()
}

fn sentence(c: &ComparisonResult, is_adjusted: bool, results: &StudyResults) -> String {
    let (a, b) = match c.compared {
        Compared::Encoders => (&c.encoder_a, &c.encoder_b),
        Compared::Regressors => (&c.regressor_a, &c.regressor_b),
    };
    let target = match &c.target {
        Some(target) => format!(" for {}", escape::text(target)),
        None => format!(", averaged over {} targets,", c.n_targets),
    };
    let range = c
        .ci_low
        .zip(c.ci_high)
        .map(|range| format!(", 95% CI {}", interval(range)))
        .unwrap_or_default();
    let p = |name: &str, p: Option<f64>| {
        p.map(|p| format!(", {name} {}", p_in_sentence(p, None, results.level)))
            .unwrap_or_default()
    };
    format!(
        "The difference in R² between {} and {} (with {}){target} was {}{range}{}{}.",
        escape::text(a),
        escape::text(b),
        escape::text(in_common(c)),
        score(c.delta_r2),
        p("p", c.p),
        p("adjusted p", c.p_holm.filter(|_| is_adjusted))
    )
}
