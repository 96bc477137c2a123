//! What came out, in sentences: one a cell, or one a verdict where there are many.

use ocean_engine::inference::verdict::Verdict;

use super::capitalised;
use crate::escape;
use crate::model::{CellResult, StudyResults};
use crate::numbers::{count, interval, p_in_sentence, score};
use crate::ordered;
use crate::wording::{baseline, family, is_significant};

/// More cells than this are summed up by verdict and left to the table.
const MOST_SENTENCES: usize = 12;

/// The results, sentence by sentence.
pub fn sentences(results: &StudyResults) -> Vec<String> {
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
    match cell.verdict {
        Some(Verdict::NoModel) => format!(
            "For {target} from {who}, every fitted model was empty, so that nothing was learned about the texts ({}).",
            rows(cell)
        ),
        Some(Verdict::Predictive) => format!(
            "Predictions of {target} from {who} were better than {}, {numbers}.",
            baseline(results)
        ),
        Some(Verdict::DependentTooSmall) => format!(
            "{} depended on {who}, but the widened interval of R² lies below {delta}, {numbers}.",
            capitalised(&target)
        ),
        Some(Verdict::DependentUseNotShown) if cell.r2 <= 0.0 => format!(
            "{} depended on {who}, yet predictions were no better than {}, {numbers}.",
            capitalised(&target),
            baseline(results)
        ),
        Some(Verdict::DependentUseNotShown) => format!(
            "{} depended on {who}; that it predicts better than {} was not shown, {numbers}.",
            capitalised(&target),
            baseline(results)
        ),
        Some(Verdict::PracticallyNull) => format!(
            "For {target} from {who}, the interval of R² lies below {delta}, and with this procedure an effect of that size would have been found in 4 of 5 data sets of this size, {numbers}."
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

/// What an inconclusive result still allows, and what would have been found in 4 of 5 data sets of
/// this size.
fn compatible(cell: &CellResult) -> String {
    let allowed = cell.ci_high.filter(|high| *high > 0.0).map(|high| {
        format!(
            "; values up to {} are compatible with the data",
            score(high)
        )
    });
    let found = cell.mde80_r2.map(|r2| {
        format!(
            "; an R² of {} would have been found in 4 of 5 data sets of this size",
            score(r2)
        )
    });
    [allowed, found].into_iter().flatten().collect()
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
    if let Some(range) = cell.ci() {
        parts.push(format!("95% CI {}", interval(range)));
    }
    parts.extend(ordered::numbers(cell));
    if let Some(share) = cell.r2_over_ceiling {
        parts.push(format!("R²/ceiling = {}", score(share)));
    }
    if let Some(range) = cell.r2_over_ceiling_low.zip(cell.r2_over_ceiling_high) {
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
            c.verdict == Some(Verdict::Predictive)
        }),
        (
            "depended on the features, with an interval of R² below the smallest effect of interest",
            |c, _| c.verdict == Some(Verdict::DependentTooSmall),
        ),
        (
            "depended on the features without predictions shown to be better than the training mean",
            |c, _| c.verdict == Some(Verdict::DependentUseNotShown),
        ),
        (
            "were predicted better than permuted values, without an interval",
            |c, r| c.verdict == Some(Verdict::TooFew) && is_significant(c, r),
        ),
        (
            "were practically null for this procedure and sample",
            |c, _| c.verdict == Some(Verdict::PracticallyNull),
        ),
        ("remained open", |c, r| {
            c.verdict == Some(Verdict::Inconclusive)
                || (c.verdict == Some(Verdict::TooFew) && !is_significant(c, r))
        }),
        ("had empty models only", |c, _| {
            c.verdict == Some(Verdict::NoModel)
        }),
    ];
    kinds
        .into_iter()
        .filter_map(|(what, belongs)| {
            let what = what.replace("the training mean", baseline(results));
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
