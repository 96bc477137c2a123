//! The findings on finished cells and on the data behind them.

use std::collections::BTreeMap;

use ocean_engine::doctor::concentration;

use super::{LENGTH, RANDOM, RANDOM_GROUP, finding};
use crate::plan::Exchange;
use crate::report::model::{CellResult, Finding, Severity, TargetSummary};

/// A target whose commonest value has at least this share is nearly constant.
const NEARLY_CONSTANT: f64 = 0.8;
/// Raters whose consistency passes their absolute agreement by more have means that matter.
const UNEQUAL_RATERS: f64 = 0.05;
/// Scores of different encoders closer than this are the same score.
const SAME_SCORE: f64 = 1e-10;

/// What the doctor looks at.
pub struct Facts<'a> {
    /// All cells, controls included.
    pub cells: &'a [CellResult],
    /// Step-down maxT p of each control's cells among themselves, aligned with `cells`.
    pub control_p: &'a [Option<f64>],
    /// Targets with their values (NaN missing).
    pub targets: &'a [(TargetSummary, &'a [f64])],
    /// Regressors with a penalty grid given by the user.
    pub absolute_grids: &'a [String],
    /// Family-wise level.
    pub level: f64,
    /// Permutations m, or the most of the adaptive mode.
    pub n_permutations: usize,
    /// Permutations stop where a cell has settled: no maxT.
    pub is_adaptive: bool,
    /// Rows whose text occurs more than once, and whether duplicates stayed in one fold.
    pub duplicate_texts: (usize, bool),
    /// Texts read.
    pub n_texts: usize,
    /// Texts that are empty or blank.
    pub blank_texts: usize,
    /// Rows of the analysis, for shares.
    pub n_rows: usize,
    /// Targets with one value in each group, where groups differ in size.
    pub value_by_size: &'a [ValueBySize],
    /// One row of the analysis is a group.
    pub are_groups_rows: bool,
    /// How groups are permuted.
    pub exchange: Exchange,
    /// The logarithm of the groups' size is taken out as a covariate.
    pub is_size_taken_out: bool,
    /// Notes of the joins: ids without a partner and the like.
    pub join_notes: &'a [String],
    /// Choices made for the user, and parts left out.
    pub plan_notes: &'a [String],
    /// Encoder, texts cut at its limit.
    pub truncated: &'a [(String, usize)],
}

/// Does the value of a group go with its size?
#[derive(Debug, Clone, PartialEq)]
pub struct ValueBySize {
    /// Label of the target.
    pub target: String,
    /// Spearman's rank correlation of value and size.
    pub rho: f64,
    /// Groups with a value.
    pub n_groups: usize,
}

impl ValueBySize {
    /// Further from 0 than chance leaves 19 in 20: ρ̂ of independent rankings has variance 1/(G − 1).
    fn is_notable(&self) -> bool {
        self.rho.abs() * (self.n_groups as f64 - 1.0).sqrt() > 1.96
    }
}

/// Everything worth saying, worst first.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    empty_fits(facts, &mut findings);
    same_scores(facts, &mut findings);
    random_controls(facts, &mut findings);
    grid_edges(facts, &mut findings);
    unconverged(facts, &mut findings);
    nearly_constant(facts, &mut findings);
    missing_values(facts, &mut findings);
    texts(facts, &mut findings);
    permutations(facts, &mut findings);
    length_alone(facts, &mut findings);
    value_by_size(facts, &mut findings);
    raters(facts, &mut findings);
    for note in facts.join_notes {
        findings.push(finding(
            Severity::Note,
            "join",
            Vec::new(),
            [
                note.clone(),
                "Rows are joined by id; what has no partner is left out or missing.".to_owned(),
                "Check that the tables use the same ids.".to_owned(),
            ],
        ));
    }
    for note in facts.plan_notes {
        findings.push(finding(
            Severity::Note,
            "plan",
            Vec::new(),
            [
                note.clone(),
                "The study ran with this choice.".to_owned(),
                "--dry-run shows every setting, defaults included.".to_owned(),
            ],
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn name(cell: &CellResult) -> String {
    format!("{} · {} · {}", cell.encoder, cell.regressor, cell.target)
}

fn family<'a>(facts: &'a Facts) -> impl Iterator<Item = &'a CellResult> {
    facts.cells.iter().filter(|cell| !cell.is_control)
}

fn empty_fits(facts: &Facts, findings: &mut Vec<Finding>) {
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
            format!("In {} cells some fits are empty, with no coefficient at all; in {all} of them every fit.", empty.len()),
            "An empty model predicts the training mean and has r2 = 0: it says nothing about the encoder.".to_owned(),
            "Leave `alphas` out, so that the penalty grid is made from the data; an empty model chosen there means that no penalty helped.".to_owned(),
        ],
    ));
}

/// Different encoders cannot agree to ten digits, unless their vectors never entered the predictions.
fn same_scores(facts: &Facts, findings: &mut Vec<Finding>) {
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
            format!("`{a}` and `{b}` have the same r2 to ten digits for {}.", targets.join(", ")),
            "Different vectors cannot agree that closely: either both models are empty, or the two encoders are the same vectors.".to_owned(),
            "Look at empty_fits; if they are 0, compare the two embedding files.".to_owned(),
        ]));
    }
}

fn random_controls(facts: &Facts, findings: &mut Vec<Finding>) {
    for (control, what, remedy) in [
        (
            RANDOM,
            "texts",
            "Look for repeated texts, or set duplicates = \"group\" under [evaluation].",
        ),
        (
            RANDOM_GROUP,
            "groups",
            "Declare the groups with `group` under [data].",
        ),
    ] {
        let significant: Vec<&CellResult> = facts
            .cells
            .iter()
            .zip(facts.control_p)
            .filter(|(cell, p)| {
                cell.is_control
                    && cell.encoder == control
                    && cell.r2 > 0.0
                    && p.is_some_and(|p| p <= facts.level)
            })
            .map(|(cell, _)| cell)
            .collect();
        if significant.is_empty() {
            continue;
        }
        findings.push(finding(
            Severity::Serious,
            "random-control",
            significant.iter().map(|cell| name(cell)).collect(),
            [
                format!(
                    "Noise that only knows which {what} are equal predicts {} targets.",
                    significant.len()
                ),
                format!("Equal {what} stand on both sides of a split, so r2 rewards memory."),
                remedy.to_owned(),
            ],
        ));
    }
}

fn grid_edges(facts: &Facts, findings: &mut Vec<Finding>) {
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
                format!("In {} of {} cells of `{regressor}` most fits chose the first or last of the given penalties.", at_edge.len(), cells.len()),
                "The best penalty lies outside the grid, so r2 says more about the grid than about the encoder.".to_owned(),
                "Leave `alphas` out: the grid is then made from the data; or widen it at that end.".to_owned(),
            ],
        ));
    }
}

fn unconverged(facts: &Facts, findings: &mut Vec<Finding>) {
    let cells: Vec<String> = family(facts)
        .filter(|cell| cell.unconverged_fits > 0)
        .map(name)
        .collect();
    if !cells.is_empty() {
        findings.push(finding(
            Severity::Warning,
            "unconverged",
            cells,
            [
                "Some final fits stopped before their tolerance.".to_owned(),
                "Their coefficients, and r2 in the last digits, are approximate.".to_owned(),
                "Raise `tol`, or drop the weakest penalties with a larger alpha_min_ratio."
                    .to_owned(),
            ],
        ));
    }
}

fn nearly_constant(facts: &Facts, findings: &mut Vec<Finding>) {
    for (summary, values) in facts.targets {
        let (share, n_distinct) = concentration(values);
        if share >= NEARLY_CONSTANT {
            findings.push(finding(Severity::Warning, "nearly-constant", vec![summary.name.clone()], [
                format!("{:.0} % of the values of `{}` are the same ({n_distinct} distinct values).", 100.0 * share, summary.name),
                "There is little to predict, a few rows decide r2, and some training parts may be constant.".to_owned(),
                "Look at the distribution; a finer scale or more rows of the rare values would help.".to_owned(),
            ]));
        }
    }
}

fn missing_values(facts: &Facts, findings: &mut Vec<Finding>) {
    let missing: Vec<String> = facts
        .targets
        .iter()
        .filter(|(summary, _)| summary.n_missing > 0)
        .map(|(summary, _)| format!("{} ({})", summary.name, summary.n_missing))
        .collect();
    if !missing.is_empty() {
        findings.push(finding(Severity::Note, "missing-values", missing.clone(), [
            format!("Rows without a value were left out of {} targets: {}.", missing.len(), missing.join(", ")),
            if facts.is_adaptive {
                "Targets with different rows are not compared on the same texts.".to_owned()
            } else {
                "Targets with different rows are not compared on the same texts; step-down maxT is then approximate, Holm (p_holm) exact.".to_owned()
            },
            "missing = \"error\" under [data] refuses missing values.".to_owned(),
        ]));
    }
}

fn texts(facts: &Facts, findings: &mut Vec<Finding>) {
    let (n_duplicates, together) = facts.duplicate_texts;
    if n_duplicates > 0 {
        let (severity, meaning) = if together {
            (
                Severity::Note,
                "Equal texts count as one group: they stay in one fold and are permuted as a block.",
            )
        } else {
            (
                Severity::Warning,
                "Equal texts may stand on both sides of a split, so r2 may reward memory.",
            )
        };
        findings.push(finding(
            severity,
            "duplicate-texts",
            Vec::new(),
            [
                format!(
                    "{n_duplicates} of {} rows have a text that occurs more than once.",
                    facts.n_rows
                ),
                meaning.to_owned(),
                "duplicates = \"group\" (the default) or \"keep\" under [evaluation].".to_owned(),
            ],
        ));
    }
    if facts.blank_texts > 0 {
        findings.push(finding(
            Severity::Warning,
            "blank-texts",
            Vec::new(),
            [
                format!(
                    "{} of {} texts are empty or blank.",
                    facts.blank_texts, facts.n_texts
                ),
                "They are encoded like any other text, all to the same vector.".to_owned(),
                "Remove these rows from the data file if nobody wrote anything there.".to_owned(),
            ],
        ));
    }
    for (encoder, n_cut) in facts.truncated.iter().filter(|(_, n_cut)| *n_cut > 0) {
        findings.push(finding(
            Severity::Note,
            "truncated-texts",
            vec![encoder.clone()],
            [
                format!(
                    "`{encoder}` cut {n_cut} of {} texts at its length limit.",
                    facts.n_texts
                ),
                "What stands behind the limit does not enter the vectors.".to_owned(),
                "Raise the encoder's max_seq_length if it can take more.".to_owned(),
            ],
        ));
    }
}

fn permutations(facts: &Facts, findings: &mut Vec<Finding>) {
    let n_cells = family(facts).count();
    let m = facts.n_permutations;
    if m > 0 && n_cells > 1 && m < 999 && !facts.is_adaptive {
        findings.push(finding(Severity::Warning, "few-permutations", Vec::new(), [
            format!("{m} permutations for {n_cells} cells."),
            "Step-down maxT standardises each cell by its own null; with few permutations that is coarse (z cannot exceed √m).".to_owned(),
            "permutations = 999 or more under [evaluation].".to_owned(),
        ]));
    }
    if m > 0 && 1.0 / (m + 1) as f64 > facts.level {
        findings.push(finding(
            Severity::Warning,
            "p-floor",
            Vec::new(),
            [
                format!(
                    "The smallest p that {m} permutations can give is {:.3}, above the level {}.",
                    1.0 / (m + 1) as f64,
                    facts.level
                ),
                "Nothing can be significant.".to_owned(),
                format!(
                    "permutations = {} or more under [evaluation].",
                    (1.0 / facts.level).ceil() as usize * 10 - 1
                ),
            ],
        ));
    }
    let borderline: Vec<String> = family(facts)
        .filter(|cell| is_borderline(cell, facts))
        .map(name)
        .collect();
    if !borderline.is_empty() {
        findings.push(finding(
            Severity::Warning,
            "borderline",
            borderline,
            [
                format!(
                    "The adjusted p of some cells lies within Monte-Carlo error of the level {}.",
                    facts.level
                ),
                "Another seed could fall on the other side.".to_owned(),
                if facts.is_adaptive {
                    format!("permutations = {m} under [evaluation], without adaptive, leaves less to chance.")
                } else {
                    format!(
                        "permutations = {} under [evaluation] settles it.",
                        (m + 1) * 10 - 1
                    )
                },
            ],
        ));
    }
}

/// The level lies within Monte-Carlo error of the adjusted p. Holm's is a multiple of p, and so is its error.
fn is_borderline(cell: &CellResult, facts: &Facts) -> bool {
    let Some(adjusted) = cell.p_fwer else {
        return false;
    };
    if facts.is_adaptive {
        return cell.p.zip(cell.p_interval).is_some_and(|(p, (low, high))| {
            let by_holm = adjusted / p;
            (low * by_holm..=high * by_holm).contains(&facts.level)
        });
    }
    let m = facts.n_permutations.max(1) as f64;
    (adjusted - facts.level).abs() <= 2.0 * (adjusted * (1.0 - adjusted) / m).sqrt()
}

fn length_alone(facts: &Facts, findings: &mut Vec<Finding>) {
    let significant: Vec<&CellResult> = facts
        .cells
        .iter()
        .filter(|cell| {
            cell.is_control
                && cell.encoder == LENGTH
                && cell.r2 > 0.0
                && cell.p.is_some_and(|p| p <= facts.level)
        })
        .collect();
    if !significant.is_empty() {
        let strongest = significant
            .iter()
            .max_by(|a, b| a.r2.total_cmp(&b.r2))
            .map_or(String::new(), |cell| {
                format!("; most for `{}`, r2 = {:.3}", cell.target, cell.r2)
            });
        findings.push(finding(
            Severity::Note,
            "length-predicts",
            significant.iter().map(|cell| cell.target.clone()).collect(),
            [
                format!("Text length alone predicts {} targets (p ≤ {}, not adjusted){strongest}.", significant.len(), facts.level),
                "Part of what an encoder finds there may be length; gain_over_length says how much it adds.".to_owned(),
                "Compare the encoder's r2 with that of the control `length`.".to_owned(),
            ],
        ));
    }
}

/// How far raters agree, and whether differences between their means matter to those who count them as error.
fn raters(facts: &Facts, findings: &mut Vec<Finding>) {
    let mut shown = Vec::new();
    let mut unequal = Vec::new();
    for (summary, _) in facts.targets {
        let Some(found) = &summary.reliability else {
            continue;
        };
        let means: Vec<String> = found
            .by_rater
            .iter()
            .map(|rater| format!("{} {:.2} ± {:.2}", rater.name, rater.mean, rater.sd))
            .collect();
        shown.push(format!(
            "`{}` on {} rows: ICC(2,1) {:.2}, ICC(2,k) {:.2}, ICC(3,1) {:.2}, ICC(3,k) {:.2}; means ± sd {}",
            summary.name,
            found.n_complete,
            found.icc_2_1,
            found.icc_2_k,
            found.icc_3_1,
            found.icc_3_k,
            means.join(", ")
        ));
        if found.icc_3_k - found.icc_2_k > UNEQUAL_RATERS {
            unequal.push(summary.name.clone());
        }
    }
    if shown.is_empty() {
        return;
    }
    let (severity, meaning) = if unequal.is_empty() {
        (
            Severity::Note,
            "The raters' means differ little beside the texts, so that agreement (2) and consistency (3) are about the same.",
        )
    } else {
        (
            Severity::Warning,
            "The raters' means differ. As the same raters rate every text this costs nobody r2, but prmse_rsmtool counts it as their error and is then too large.",
        )
    };
    findings.push(finding(
        severity,
        "raters",
        unequal,
        [
            format!("Agreement of the raters of {}.", shown.join("; of ")),
            meaning.to_owned(),
            "Read r2_over_ceiling; prmse_rsmtool is there for comparison with other software."
                .to_owned(),
        ],
    ));
}

/// Where each group has one value and sizes differ: what the exchange assumes of the two, and how they go together.
fn value_by_size(facts: &Facts, findings: &mut Vec<Finding>) {
    let all = facts.value_by_size;
    if all.is_empty() {
        return;
    }
    let targets = |which: &[&ValueBySize]| which.iter().map(|one| one.target.clone()).collect();
    let shown: Vec<String> = all
        .iter()
        .map(|one| format!("{} {:.2} ({} groups)", one.target, one.rho, one.n_groups))
        .collect();
    let seen = format!(
        "Spearman's correlation of a group's value with its number of rows: {}.",
        shown.join(", ")
    );
    let notable: Vec<&ValueBySize> = all.iter().filter(|one| one.is_notable()).collect();
    let exchanges_values = facts.are_groups_rows || facts.exchange == Exchange::SizeBands;
    if !exchanges_values {
        findings.push(finding(Severity::Note, "one-value-a-group", targets(&all.iter().collect::<Vec<_>>()), [
            seen,
            "Every group has one value, and only groups of equal size exchange theirs; large groups count as many rows, though they are one observation.".to_owned(),
            "unit = \"group\" under [evaluation] makes every group one row, and all groups exchange their values.".to_owned(),
        ]));
    } else if facts.is_size_taken_out {
        findings.push(finding(
            Severity::Note,
            "value-by-size",
            Vec::new(),
            [
                seen,
                "The logarithm of size is taken out as a covariate.".to_owned(),
                "Nothing.".to_owned(),
            ],
        ));
    } else if notable.is_empty() {
        findings.push(finding(Severity::Note, "value-by-size", Vec::new(), [
            seen,
            "Exchanging values among groups of different size assumes that value and size do not go together; nothing notable speaks against it.".to_owned(),
            "Nothing.".to_owned(),
        ]));
    } else {
        findings.push(finding(Severity::Warning, "value-by-size", targets(&notable), [
            seen,
            "Exchanging values among groups of different size assumes that value and size do not go together; here they do, and vectors of larger groups vary less, so p may be too small.".to_owned(),
            "covariates = [\"log_size\"] under [data] takes the logarithm of size out of both.".to_owned(),
        ]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(encoder: &str, r2: f64) -> CellResult {
        CellResult {
            encoder: encoder.to_owned(),
            regressor: "ridge".to_owned(),
            target: "openness".to_owned(),
            r2,
            p: Some(0.001),
            p_fwer: Some(0.001),
            folds: 5,
            repeats: 1,
            ..CellResult::default()
        }
    }

    fn codes(
        change: impl FnOnce(&mut Vec<CellResult>),
        grids: &[String],
        values: &[f64],
        duplicates: (usize, bool),
    ) -> Vec<String> {
        let mut cells = vec![cell("a", 0.2), cell("b", 0.3)];
        change(&mut cells);
        let control_p: Vec<Option<f64>> = cells
            .iter()
            .map(|cell| cell.p.filter(|_| cell.is_control))
            .collect();
        let facts = Facts {
            cells: &cells,
            control_p: &control_p,
            targets: &[(
                TargetSummary {
                    name: "openness".to_owned(),
                    ..TargetSummary::default()
                },
                values,
            )],
            absolute_grids: grids,
            level: 0.05,
            n_permutations: 999,
            is_adaptive: false,
            duplicate_texts: duplicates,
            blank_texts: 0,
            n_texts: 100,
            n_rows: 100,
            value_by_size: &[],
            are_groups_rows: false,
            exchange: Exchange::Blocks,
            is_size_taken_out: false,
            join_notes: &[],
            plan_notes: &[],
            truncated: &[],
        };
        examine(&facts)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    const SOUND: [f64; 4] = [1.0, 2.0, 3.0, 4.0];

    #[test]
    fn sound_data_has_no_finding() {
        assert!(codes(|_| {}, &["ridge".to_owned()], &SOUND, (0, true)).is_empty());
    }

    #[test]
    fn each_fault_has_its_finding_and_only_that() {
        let grid = ["ridge".to_owned()];
        assert_eq!(
            codes(|c| c[0].empty_fits = 5, &[], &SOUND, (0, true)),
            ["empty-fits"]
        );
        assert_eq!(
            codes(|c| c[1].r2 = 0.2 + 1e-12, &[], &SOUND, (0, true)),
            ["equal-scores"]
        );
        assert_eq!(
            codes(|c| c[0].grid_edge_fits = 3, &grid, &SOUND, (0, true)),
            ["grid-edge"]
        );
        assert_eq!(
            codes(|c| c[0].grid_edge_fits = 3, &[], &SOUND, (0, true)),
            [""; 0]
        );
        assert_eq!(
            codes(|c| c[0].unconverged_fits = 1, &[], &SOUND, (0, true)),
            ["unconverged"]
        );
        assert_eq!(
            codes(|_| {}, &[], &[1.0, 1.0, 1.0, 1.0, 2.0], (0, true)),
            ["nearly-constant"]
        );
        assert_eq!(codes(|_| {}, &[], &SOUND, (4, false)), ["duplicate-texts"]);
        assert_eq!(
            codes(|c| c[0].p_fwer = Some(0.048), &[], &SOUND, (0, true)),
            ["borderline"]
        );
        let random = |c: &mut Vec<CellResult>| {
            c.push(CellResult {
                is_control: true,
                ..cell(RANDOM, 0.1)
            })
        };
        assert_eq!(codes(random, &[], &SOUND, (0, true)), ["random-control"]);
        let length = |c: &mut Vec<CellResult>| {
            c.push(CellResult {
                is_control: true,
                ..cell(LENGTH, 0.1)
            })
        };
        assert_eq!(codes(length, &[], &SOUND, (0, true)), ["length-predicts"]);
    }

    #[test]
    fn wholly_empty_models_are_serious_and_come_first() {
        let mut cells = vec![cell("a", 0.0), cell("b", 0.0)];
        cells.iter_mut().for_each(|cell| cell.empty_fits = 5);
        let control_p: Vec<Option<f64>> = cells
            .iter()
            .map(|cell| cell.p.filter(|_| cell.is_control))
            .collect();
        let facts = Facts {
            cells: &cells,
            control_p: &control_p,
            targets: &[],
            absolute_grids: &[],
            level: 0.05,
            n_permutations: 99,
            is_adaptive: false,
            duplicate_texts: (0, true),
            blank_texts: 2,
            n_texts: 100,
            n_rows: 100,
            value_by_size: &[],
            are_groups_rows: false,
            exchange: Exchange::Blocks,
            is_size_taken_out: false,
            join_notes: &[],
            plan_notes: &[],
            truncated: &[],
        };
        let findings = examine(&facts);
        assert_eq!(findings[0].severity, Severity::Serious);
        assert_eq!(findings[0].code, "empty-fits");
        assert!(
            findings
                .iter()
                .any(|finding| finding.code == "equal-scores")
        );
    }

    #[test]
    fn a_link_of_value_and_size_is_told_and_when_notable_warned_of() {
        let said = |rho: f64, are_groups_rows: bool, exchange: Exchange| {
            let facts = Facts {
                cells: &[],
                control_p: &[],
                targets: &[],
                absolute_grids: &[],
                level: 0.05,
                n_permutations: 999,
                is_adaptive: false,
                duplicate_texts: (0, true),
                blank_texts: 0,
                n_texts: 100,
                n_rows: 65,
                value_by_size: &[ValueBySize {
                    target: "mood".to_owned(),
                    rho,
                    n_groups: 65,
                }],
                are_groups_rows,
                exchange,
                is_size_taken_out: false,
                join_notes: &[],
                plan_notes: &[],
                truncated: &[],
            };
            let finding = examine(&facts).remove(0);
            assert!(finding.seen.contains(&format!("mood {rho:.2} (65 groups)")));
            (finding.code, finding.severity)
        };
        // The limit for 65 groups is 1.96/8 = .245.
        let of_groups = |rho| said(rho, true, Exchange::Blocks);
        assert_eq!(
            of_groups(0.24),
            ("value-by-size".to_owned(), Severity::Note)
        );
        assert_eq!(
            of_groups(-0.25),
            ("value-by-size".to_owned(), Severity::Warning)
        );
        assert_eq!(said(0.25, false, Exchange::SizeBands).1, Severity::Warning);
        let blocks = said(0.25, false, Exchange::Blocks);
        assert_eq!(blocks, ("one-value-a-group".to_owned(), Severity::Note));
    }
}
