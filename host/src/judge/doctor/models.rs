//! Findings on fitted models: empty, equal, at the edge of their grid, resting on few rows.

use std::collections::BTreeMap;

use ocean_engine::doctor::tails::HEAVY;
use ocean_report::model::{CellResult, Finding, Severity};
use ocean_report::numbers::score;
use ocean_report::wording::plural;

use super::facts::Facts;
use super::{finding, listed, name};

/// Scores of different encoders closer than this are the same score.
const SAME_SCORE: f64 = 1e-10;
/// Share of Σψ² from which on 1 % of the rows decide; with normal errors it is about .1.
const MOST_INFLUENCE: f64 = 0.5;
/// An r2 from which on heavy tails make its interval miss; of smaller ones intervals hold.
const LEAST_R2_OF_TAILS: f64 = 0.1;
/// More columns than this times the training rows deserve a word.
const MANY_COLUMNS: f64 = 1.0;

pub(super) fn empty_fits(facts: &Facts, findings: &mut Vec<Finding>) {
    let empty: Vec<&CellResult> = family(facts).filter(|cell| cell.empty_fits > 0).collect();
    if empty.is_empty() {
        return;
    }
    let all = empty
        .iter()
        .filter(|cell| cell.empty_fits == cell.folds * cell.repeats)
        .count();
    findings.push(finding(
        if all > 0 { Severity::Serious } else { Severity::Warning },
        "empty-fits",
        empty.iter().map(|cell| name(cell)).collect(),
        [
            format!("In {} some fits are empty, with no coefficient at all; in {all} of them every fit.", plural(empty.len(), "cell")),
            "An empty model predicts the training mean and has r2 = 0: it says nothing about the encoder.".to_owned(),
            empty_remedy(facts, &empty),
        ],
    ));
}

/// A grid from the data holds every model worth trying; a given one may not.
fn empty_remedy(facts: &Facts, empty: &[&CellResult]) -> String {
    let mut given: Vec<String> = empty
        .iter()
        .filter(|cell| facts.has_alphas(&cell.regressor))
        .map(|cell| format!("`{}`", cell.regressor))
        .collect();
    given.sort_unstable();
    given.dedup();
    match given.is_empty() {
        true => "No setting: the penalties were made from the data, and none of them helped. Look at the distribution of the target; more rows, or more of its rare values, would help.".to_owned(),
        false => format!("Leave `alphas` of {} out, so that the penalties are made from the data; an empty model chosen there means that none helped.", listed(given)),
    }
}

/// Different encoders cannot agree to ten digits, unless their vectors never entered the
/// predictions.
pub(super) fn same_scores(facts: &Facts, findings: &mut Vec<Finding>) {
    let mut by_task: BTreeMap<(&str, &str), Vec<&CellResult>> = BTreeMap::new();
    for cell in family(facts) {
        by_task
            .entry((&cell.regressor, &cell.target))
            .or_default()
            .push(cell);
    }
    let mut same: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for ((_, target), cells) in &by_task {
        for (at, a) in cells.iter().enumerate() {
            for b in &cells[at + 1..] {
                if (a.r2 - b.r2).abs() <= SAME_SCORE {
                    same.entry((&a.encoder, &b.encoder))
                        .or_default()
                        .push(target);
                }
            }
        }
    }
    for ((a, b), targets) in same {
        findings.push(finding(Severity::Serious, "equal-scores", vec![a.to_owned(), b.to_owned()], [
            format!("`{a}` and `{b}` have the same r2 to ten digits for {}.", listed(targets.iter().map(|target| (*target).to_owned()))),
            "Different vectors cannot agree that closely: either both models are empty, or the two encoders are the same vectors.".to_owned(),
            "Look at empty_fits; if they are 0, compare the vectors of the two.".to_owned(),
        ]));
    }
}

pub(super) fn grid_edges(facts: &Facts, findings: &mut Vec<Finding>) {
    for regressor in facts.absolute_grids {
        let cells: Vec<&CellResult> = family(facts)
            .filter(|cell| &cell.regressor == regressor)
            .collect();
        let at_edge: Vec<&&CellResult> = cells
            .iter()
            .filter(|cell| 2 * cell.grid_edge_fits > cell.folds * cell.repeats)
            .collect();
        if at_edge.is_empty() {
            continue;
        }
        findings.push(finding(
            Severity::Warning,
            "grid-edge",
            at_edge.iter().map(|cell| name(cell)).collect(),
            [
                format!("In {} of {} of `{regressor}` most fits chose the first or last of the given penalties.", at_edge.len(), plural(cells.len(), "cell")),
                "The best penalty lies outside the grid, so r2 says more about the grid than about the encoder.".to_owned(),
                "Leave `alphas` out: the grid is then made from the data; or widen it at that end.".to_owned(),
            ],
        ));
    }
}

/// All given penalties lie beyond the one that leaves nothing to fit: the models are empty, or as
/// good as that, whatever the encoder.
pub(super) fn strong_grids(facts: &Facts, findings: &mut Vec<Finding>) {
    for grid in facts.strong_grids {
        findings.push(finding(Severity::Serious, "grid-too-strong", vec![grid.encoder.clone(), grid.regressor.clone()], [
            format!("The weakest penalty given to `{}` is {:.3e}; from {:.3e} on it leaves nothing of `{}`.", grid.regressor, grid.weakest, grid.limit, grid.encoder),
            "Every model is empty or next to it, so that r2 is about 0 whatever the vectors hold.".to_owned(),
            "Leave `alphas` out: the grid is then made from the data. Objectives differ between programs by a factor n.".to_owned(),
        ]));
    }
}

pub(super) fn unconverged(facts: &Facts, findings: &mut Vec<Finding>) {
    let cells: Vec<&CellResult> = family(facts)
        .filter(|cell| cell.unconverged_fits > 0)
        .collect();
    if !cells.is_empty() {
        let any = |is_so: &dyn Fn(&str) -> bool| cells.iter().any(|cell| is_so(&cell.regressor));
        let remedy = match (
            any(&|regressor| facts.is_sparse(regressor)),
            any(&|regressor| facts.has_alphas(regressor)),
        ) {
            (_, true) => {
                "Leave out the weakest of `alphas`; or raise the tolerance or the number of iterations, where the plugin has such a parameter."
            }
            (true, false) => {
                "Raise `tol` or `max_iter`, or drop the weakest penalties with a larger alpha_min_ratio."
            }
            (false, false) => {
                "Raise the tolerance or the number of iterations, where the plugin has such a parameter (`ocean-host plugin info` lists them)."
            }
        };
        findings.push(finding(
            Severity::Warning,
            "unconverged",
            cells.iter().map(|cell| name(cell)).collect(),
            [
                "Some final fits stopped before their tolerance.".to_owned(),
                "Their coefficients, and r2 in the last digits, are approximate.".to_owned(),
                remedy.to_owned(),
            ],
        ));
    }
}

/// A few rows decide r2.
pub(super) fn influence(facts: &Facts, findings: &mut Vec<Finding>) {
    let fragile = |(place, found): &&(usize, ocean_engine::doctor::influence::Concentrated)| {
        let r2 = facts.cells[*place].r2;
        let changes_sign =
            r2 > 0.0 && found.r2_without <= 0.0 && found.share > MOST_INFLUENCE / 2.0;
        found.share > MOST_INFLUENCE || changes_sign
    };
    let fragile: Vec<_> = facts.concentrated.iter().filter(fragile).collect();
    let largest = fragile
        .iter()
        .max_by(|a, b| a.1.share.total_cmp(&b.1.share));
    let Some((place, worst)) = largest else {
        return;
    };
    let cell = &facts.cells[*place];
    findings.push(finding(Severity::Warning, "few-rows-decide", fragile.iter().map(|(place, _)| name(&facts.cells[*place])).collect(), [
        format!(
            "In {} most of the uncertainty of r2 comes from 1 % of the rows; in `{}` {} make {:.0} % of it, and without them r2 is {}, not {}.",
            plural(fragile.len(), "cell"), name(cell), plural(worst.n_rows, "row"), 100.0 * worst.share, score(worst.r2_without), score(cell.r2)
        ),
        "The result rests on a few texts: outliers, errors of entry, or the only ones with an extreme value.".to_owned(),
        "Look at the rows with the largest errors in predictions.csv, and at the largest values of the target.".to_owned(),
    ]));
}

/// Rare large errors: what decides the true R² may not be in the sample, and no interval knows it.
pub(super) fn heavy_tails(facts: &Facts, findings: &mut Vec<Finding>) {
    let heavy: Vec<(&CellResult, f64)> = facts
        .tails
        .iter()
        .map(|(place, kurtosis)| (&facts.cells[*place], *kurtosis))
        .filter(|(cell, kurtosis)| *kurtosis > HEAVY && cell.r2 >= LEAST_R2_OF_TAILS)
        .collect();
    let Some((cell, kurtosis)) = heavy.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return;
    };
    let ranks = cell.r2_ranks.map_or(String::new(), |ranks| {
        format!(
            " There r2 is {}, and {} of the ranks.",
            score(cell.r2),
            score(ranks)
        )
    });
    findings.push(finding(Severity::Note, "heavy-tails", heavy.iter().map(|(cell, _)| name(cell)).collect(), [
        format!(
            "Held-out errors have heavy tails in {}: a kurtosis above {HEAVY:.0}, up to {kurtosis:.1} in `{}` (3 for a normal distribution).{ranks}",
            plural(heavy.len(), "cell"), name(cell)
        ),
        "The interval of r2 says what this sample can say. The true R² depends on rare large values, and where the sample holds too few of them the interval misses it in more than 5 % of the studies.".to_owned(),
        "Report r2_ranks (results.csv), the r2 of the target's ranks, beside r2; take the logarithm of a target like incomes or counts; more rows.".to_owned(),
    ]));
}

/// More columns than training rows.
pub(super) fn many_columns(facts: &Facts, findings: &mut Vec<Finding>) {
    let wide: Vec<&CellResult> = family(facts)
        .filter(|cell| cell.feature_sample_ratio > MANY_COLUMNS)
        .collect();
    let Some(widest) = wide
        .iter()
        .max_by(|a, b| a.feature_sample_ratio.total_cmp(&b.feature_sample_ratio))
    else {
        return;
    };
    findings.push(finding(Severity::Note, "more-columns-than-rows", wide.iter().map(|cell| name(cell)).collect(), [
        format!("{} columns for {:.0} training rows in {}.", widest.n_features, widest.n_train, plural(wide.len(), "cell")),
        "The penalty does the work, and a small effect spread over many columns is hard to find; p and interval stay valid.".to_owned(),
        format!(
            "{} more texts, or an encoder with fewer columns, would find smaller effects.",
            match wide.iter().any(|cell| cell.mde80_r2.is_some()) {
                true => "Read mde80_r2;",
                false if facts.plan.is_some_and(|plan| plan.evaluation.sensitivity == 0) => {
                    "sensitivity = 200 under [evaluation] tells how large an effect would be found (mde80_r2);"
                }
                false => "Read the interval;",
            }
        ),
    ]));
}

/// What more texts would add, as far as fewer of them say.
pub(super) fn learning_curve(facts: &Facts, findings: &mut Vec<Finding>) {
    let found: Vec<(&CellResult, f64)> = facts
        .at_fewer_rows
        .iter()
        .map(|(place, fewer)| (&facts.cells[*place], *fewer))
        .filter(|(cell, _)| cell.r2 > 0.0 && cell.p_fwer.is_none_or(|p| p <= facts.level))
        .collect();
    let Some((first, _)) = found.first() else {
        return;
    };
    let mean =
        |of: fn(&(&CellResult, f64)) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
    let (now, before) = (mean(|(cell, _)| cell.r2), mean(|(_, fewer)| *fewer));
    let folds = f64::from(first.folds);
    let fewer = first.n_train * (folds - 2.0) / (folds - 1.0);
    let is_growing = now - before > GROWING * now;
    findings.push(finding(Severity::Note, "learning-curve", Vec::new(), [
        format!("Mean r2 of {} is {} with {:.0} training rows and was {} with {fewer:.0}.", plural(found.len(), "significant cell"), score(now), first.n_train, score(before)),
        if is_growing {
            "It is still growing, so more texts may show more of what the encoder holds."
                .to_owned()
        } else {
            "It hardly grows any more: what limits r2 is the encoder, the regressor or the target, not the number of texts.".to_owned()
        },
        if is_growing { "More texts; or more folds, which train on more of them.".to_owned() } else { "Nothing.".to_owned() },
    ]));
}

/// Relative growth of r2 between (K − 2)/K and (K − 1)/K of the rows above which more texts are
/// worth a word.
const GROWING: f64 = 0.03;

fn family<'a>(facts: &'a Facts) -> impl Iterator<Item = &'a CellResult> {
    facts.cells.iter().filter(|cell| !cell.is_control)
}
