//! Whether several raters scored the same traits: names that make a grid, `llama_openness`,
//! `gpt_openness`, …, and numbers that bear it out.
//!
//! A grid of names may as well be the same scale at several times, items, halves or questionnaires.
//! Averaging those would be wrong, so the columns of one trait must agree, more than the raters'
//! columns of different traits do, and be on one scale.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ocean_engine::doctor::raters;

use super::cells::shown;
use super::inspect::numbers;
use crate::read::dataset::table::Table;

/// Rows that two raters need in common.
const LEAST_COMMON: usize = 10;
/// Raters of one trait agree at least so far, on average.
const LEAST_AGREEMENT: f64 = 0.2;
/// The larger standard deviation may be so many times the smaller one.
const MOST_SPREAD: f64 = 3.0;

/// Times and halves, in full or before a number.
const OCCASIONS: &str = "after baseline before base day erste even first fu followup follow half later messung messzeitpunkt middle month morning evening mzp nachher odd \
    occasion phase post prae pre prä retest round second session start end term test third time tp trial trait state vorher visit wave week year zeitpunkt zweite";
const SHORT_OCCASIONS: [&str; 9] = ["t", "w", "d", "m", "s", "h", "fu", "mzp", "tp"];
/// Parts, statistics, scales and situations rather than raters.
const OTHER: &str = "actual avg bfas bfi bfi2 centered diff hexaco home ideal ipip ipq item items left log max mean median min neo neoffi norm normed ought panas pct percentile raw \
    residual rev reversed right scaled school score sd se std stdev subscale sum swls ta tipi total value work z zscore zscored";
/// What a rater may be called before a number.
const RATERS: &str =
    "annotator ann beurteiler coder expert experte judge llm model r rater rating urteiler";

/// Raters of some traits, in file order: each trait with its columns.
pub struct Panel {
    pub traits: Vec<(String, Vec<usize>)>,
    /// Mean correlation of two columns of one trait.
    pub agreement: f64,
}

/// A grid of names: rater × trait.
struct Grid {
    raters: Vec<String>,
    /// A trait with its columns, in the order of the raters.
    traits: Vec<(String, Vec<usize>)>,
}

/// The panels among the columns of scores, and a sentence for every grid that is none.
pub fn find(table: &Table, scores: &[usize]) -> (Vec<Panel>, Vec<String>) {
    let (mut panels, mut remarks) = (Vec::new(), Vec::new());
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut seen: BTreeSet<BTreeSet<usize>> = BTreeSet::new();
    let mut columns: HashMap<usize, Vec<f64>> = HashMap::new();
    for split in [split_last, split_first, split_second] {
        for grid in grids(table, scores, split) {
            let all: BTreeSet<usize> = grid
                .traits
                .iter()
                .flat_map(|(_, columns)| columns.iter().copied())
                .collect();
            if !all.is_disjoint(&taken) || !seen.insert(all.clone()) {
                continue;
            }
            for &at in &all {
                columns
                    .entry(at)
                    .or_insert_with(|| numbers(&table.columns[at]));
            }
            match grid.agreement(&columns) {
                Ok(agreement) => {
                    taken.extend(&all);
                    let mut traits = grid.traits;
                    traits.sort_by_key(|(_, columns)| columns[0]);
                    panels.push(Panel { traits, agreement });
                }
                Err(why) => remarks.push(grid.remark(table, &why)),
            }
        }
    }
    (panels, remarks)
}

type Split = fn(&str) -> Option<(&str, &str)>;

const SEPARATORS: [char; 4] = ['_', '.', '-', ' '];

fn split_last(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once(SEPARATORS)
}

fn split_first(name: &str) -> Option<(&str, &str)> {
    name.split_once(SEPARATORS)
}

fn split_second(name: &str) -> Option<(&str, &str)> {
    let (_, rest) = name.split_once(SEPARATORS)?;
    let (_, end) = rest.split_once(SEPARATORS)?;
    Some((&name[..name.len() - end.len() - 1], end))
}

/// Traits that the same two raters or more scored; two traits or more.
fn grids(table: &Table, scores: &[usize], split: Split) -> Vec<Grid> {
    let mut by_trait: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for &at in scores {
        if let Some((rater, name)) = split(&table.columns[at].name) {
            by_trait.entry(name).or_default().insert(rater, at);
        }
    }
    let mut by_raters: BTreeMap<Vec<&str>, Vec<(String, Vec<usize>)>> = BTreeMap::new();
    for (name, columns) in by_trait
        .into_iter()
        .filter(|(_, columns)| columns.len() >= 2)
    {
        let mut columns: Vec<(&str, usize)> = columns.into_iter().collect();
        columns.sort_by_key(|(_, at)| *at);
        let mut raters: Vec<&str> = columns.iter().map(|(rater, _)| *rater).collect();
        raters.sort_unstable();
        let of_trait = columns.into_iter().map(|(_, at)| at).collect();
        by_raters
            .entry(raters)
            .or_default()
            .push((name.to_owned(), of_trait));
    }
    let grids = by_raters
        .into_iter()
        .filter(|(_, traits)| traits.len() >= 2);
    grids
        .map(|(raters, traits)| Grid {
            raters: raters.into_iter().map(str::to_owned).collect(),
            traits,
        })
        .collect()
}

impl Grid {
    /// Mean correlation of two columns of one trait, if names and numbers are those of raters.
    fn agreement(&self, columns: &HashMap<usize, Vec<f64>>) -> Result<f64, String> {
        let names: Vec<String> = self.traits.iter().map(|(name, _)| name.clone()).collect();
        if are_no_raters(&self.raters) {
            return Err(format!(
                "{} read like times, parts, items or questionnaires",
                listed(&self.raters)
            ));
        }
        if are_no_traits(&names) {
            return Err(format!(
                "{} read like times, parts, items or statistics",
                listed(&names)
            ));
        }
        let (mut within, mut across) = (Vec::new(), Vec::new());
        for (one, (name, of_trait)) in self.traits.iter().enumerate() {
            let of = |what: String| format!("two columns of `{}` {what}", shown(name));
            for (i, a) in of_trait.iter().enumerate() {
                for b in &of_trait[i + 1..] {
                    let (x, y) = (&columns[a], &columns[b]);
                    let Some(r) = correlation(x, y) else {
                        return Err(of(
                            "have fewer than ten rows in common, or are constant there".into(),
                        ));
                    };
                    if r <= 0.0 {
                        return Err(of(format!("correlate {r:.2}")));
                    }
                    if r > 0.9999 {
                        return Err(of("are one and the same".into()));
                    }
                    if !is_one_scale(x, y) {
                        return Err(of("are on different scales".into()));
                    }
                    within.push(r);
                }
                let others = self.traits[one + 1..]
                    .iter()
                    .flat_map(|(_, columns)| columns);
                across.extend(others.filter_map(|b| correlation(&columns[a], &columns[b])));
            }
        }
        let n_rows = columns.values().next().map_or(0, Vec::len);
        let (within, across) = (mean(&within), mean(&across));
        let chance = 2.0 / (n_rows as f64).sqrt();
        if within < LEAST_AGREEMENT.max(chance) || within <= across {
            return Err(format!(
                "columns of one trait correlate {within:.2} on average, those of different traits {across:.2}"
            ));
        }
        Ok(within)
    }

    fn remark(&self, table: &Table, why: &str) -> String {
        let columns = self.traits.iter().flat_map(|(_, columns)| columns);
        let names: Vec<String> = columns.map(|&at| shown(&table.columns[at].name)).collect();
        format!(
            "{}, … are not taken for ratings of one trait by several raters: {why}",
            names[..2].join(", ")
        )
    }
}

/// A time or a half: `t1`, `post`, `followup2`.
pub fn is_occasion(word: &str) -> bool {
    let word = word.to_lowercase();
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_listed = |word: &str| OCCASIONS.split_whitespace().any(|one| one == word);
    is_listed(&word)
        || is_listed(bare)
        || bare.len() < word.len() && SHORT_OCCASIONS.contains(&bare)
}

/// What differs between names: the words that not all of them have.
fn differing(names: &[String]) -> Vec<Vec<String>> {
    let words = |name: &String| -> Vec<String> {
        let parts = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|part| !part.is_empty());
        parts.map(str::to_lowercase).collect()
    };
    let all: Vec<Vec<String>> = names.iter().map(words).collect();
    let is_shared = |word: &String| all.iter().all(|words| words.contains(word));
    all.iter()
        .map(|words| {
            words
                .iter()
                .filter(|word| !is_shared(word))
                .cloned()
                .collect()
        })
        .collect()
}

/// Times, parts, statistics; or names that differ in a number alone.
fn reads_otherwise(names: &[String], may_be_numbered: impl Fn(&str) -> bool) -> bool {
    let differing = differing(names);
    let is_other =
        |word: &String| is_occasion(word) || OTHER.split_whitespace().any(|one| one == word);
    let bare: BTreeSet<String> = differing
        .iter()
        .map(|words| {
            words
                .concat()
                .trim_matches(|c: char| c.is_ascii_digit())
                .to_owned()
        })
        .collect();
    let is_numbered = bare.len() == 1 && !bare.iter().any(|word| may_be_numbered(word));
    is_numbered || differing.iter().any(|words| words.iter().any(is_other))
}

fn are_no_raters(names: &[String]) -> bool {
    // `rater_1` and `rater_2` differ in the number alone, and their common word says what they are.
    let says_rater = |name: &String| {
        let mut words = name.split(|c: char| !c.is_alphabetic());
        words.any(|word| {
            RATERS
                .split_whitespace()
                .any(|one| one == word.to_lowercase())
        })
    };
    let are_raters = names.iter().all(says_rater);
    reads_otherwise(names, |_| are_raters)
}

fn are_no_traits(names: &[String]) -> bool {
    reads_otherwise(names, |_| false)
}

fn listed(names: &[String]) -> String {
    let quoted = names.iter().map(|name| format!("`{}`", shown(name)));
    crate::problem::listed_up_to(4, quoted)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The engine's correlation over the rows that have both; `None` where there are fewer than ten,
/// one of them does not vary, or numbers are too large.
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let both = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    if both.count() < LEAST_COMMON {
        return None;
    }
    raters::correlation(a, b).filter(|r| r.is_finite())
}

/// Spread and level are comparable.
fn is_one_scale(a: &[f64], b: &[f64]) -> bool {
    let moments = |values: &[f64]| {
        let values: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        let mean = mean(&values);
        let squares: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
        (mean, self::mean(&squares).sqrt())
    };
    let ((mean_a, sd_a), (mean_b, sd_b)) = (moments(a), moments(b));
    let (low, high) = (sd_a.min(sd_b), sd_a.max(sd_b));
    high <= MOST_SPREAD * low && (mean_a - mean_b).abs() <= MOST_SPREAD * high
}
