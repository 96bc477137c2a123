//! What a column is for, and why one thinks so.

use std::collections::BTreeMap;

use super::inspect::Facts;
use crate::dataset::table::Table;
use crate::problem::{Problem, Refusal};

/// A text is longer than this on average, in characters; labels and codes are shorter.
const LEAST_TEXT: f64 = 20.0;
/// With fewer different values a column of numbers is a code or a flag.
const LEAST_VALUES: usize = 4;

/// Columns of numbers of these names describe whoever wrote the text: covariates rather than scores, where there are others.
const ABOUT_PEOPLE: [&str; 8] = [
    "age",
    "birth_year",
    "birthyear",
    "education",
    "gender",
    "income",
    "sex",
    "year_of_birth",
];

/// What the user said instead.
pub struct Wishes<'a> {
    pub id: Option<&'a str>,
    pub text: Option<&'a str>,
    pub targets: &'a [String],
    pub group: Option<&'a str>,
}

/// A column with the reason for its role.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    pub name: String,
    pub why: String,
}

/// The roles of a table's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    pub id: Chosen,
    pub text: Option<Chosen>,
    /// Names or globs.
    pub targets: Vec<String>,
    pub why_targets: String,
    /// Traits that several raters scored, with their columns.
    pub raters: Vec<(String, Vec<String>)>,
    pub group: Option<Chosen>,
    /// Further columns that could be groups.
    pub other_groups: Vec<String>,
    /// Columns about whoever wrote the text.
    pub covariates: Vec<String>,
    /// Numbers that were left out, with the reason.
    pub left_out: Vec<Chosen>,
}

impl Guess {
    /// The roles of the columns of `table`.
    ///
    /// # Errors
    /// A [`Refusal`]: a wish for a column that is not there, nothing that could be an id or a target.
    pub fn of(table: &Table, facts: &[Facts], wishes: &Wishes) -> Result<Self, Refusal> {
        for name in [wishes.id, wishes.text, wishes.group].into_iter().flatten() {
            table.column("the", name)?;
        }
        let id = id(table, facts, wishes.id)?;
        let text = text(facts, &id.name, wishes.text);
        let taken = |name: &str| {
            name == id.name
                || text.as_ref().is_some_and(|text| text.name == name)
                || wishes.group == Some(name)
        };
        let free: Vec<&Facts> = facts.iter().filter(|facts| !taken(&facts.name)).collect();
        let (group, other_groups) = groups(&free, table.n_rows, wishes.group);
        let is_group = |name: &str| group.as_ref().is_some_and(|group| group.name == name);
        let mut left_out = Vec::new();
        let mut scores = Vec::new();
        for facts in free.iter().filter(|f| f.is_numeric && f.n_present > 0) {
            match no_score(facts, table.n_rows) {
                _ if is_group(&facts.name) => {}
                Some(why) => left_out.push(Chosen {
                    name: facts.name.clone(),
                    why,
                }),
                None => scores.push(facts.name.clone()),
            }
        }
        let covariates = about_people(&mut scores, wishes.targets);
        left_out.extend(covariates.iter().map(|name| {
            chosen(name, "its name: about the person, a covariate rather than a score; --target takes it all the same")
        }));
        let (raters, targets, why_targets) = if wishes.targets.is_empty() {
            let raters = raters(table, &scores);
            let is_rated = |name: &String| raters.iter().any(|(_, columns)| columns.contains(name));
            let alone: Vec<String> = scores.iter().filter(|n| !is_rated(n)).cloned().collect();
            let traits = raters.iter().map(|(name, _)| name.clone());
            (
                raters.clone(),
                traits.chain(alone).collect(),
                "every column of numbers that looks like a score".to_owned(),
            )
        } else {
            (
                Vec::new(),
                wishes.targets.to_vec(),
                "as you said".to_owned(),
            )
        };
        if targets.is_empty() {
            let problem = Problem::new(&table.file, "has no column that could be a target: no numbers with four different values or more")
                .with_try("--target NAME, or another table; scores in files of their own are joined under [[data.join]]");
            return Err(problem.into());
        }
        Ok(Self {
            id,
            text,
            targets,
            why_targets,
            raters,
            group,
            other_groups,
            covariates,
            left_out,
        })
    }
}

fn chosen(name: &str, why: impl Into<String>) -> Chosen {
    Chosen {
        name: name.to_owned(),
        why: why.into(),
    }
}

fn id(table: &Table, facts: &[Facts], wish: Option<&str>) -> Result<Chosen, Refusal> {
    if let Some(name) = wish {
        return Ok(chosen(name, "as you said"));
    }
    let unique = || facts.iter().filter(|facts| facts.is_unique(table.n_rows));
    let looks_like_id = |name: &str| {
        let name = name.to_lowercase();
        name == "id" || name.ends_with("_id") || name.ends_with("id") && name.len() <= 6
    };
    let named = unique().find(|facts| looks_like_id(&facts.name));
    let code = || {
        let is_code = |facts: &&Facts| {
            facts.mean_characters <= LEAST_TEXT && (!facts.is_numeric || facts.is_whole)
        };
        unique().find(is_code)
    };
    match (named, code()) {
        (Some(facts), _) => Ok(chosen(&facts.name, "its name, and no value occurs twice")),
        (None, Some(facts)) => Ok(chosen(&facts.name, "no value occurs twice")),
        (None, None) => Err(Problem::new(
            &table.file,
            "has no column that names its rows: none whose values are all there and all different",
        )
        .with_try("add a column `id`; rows are joined by id and never by their order")
        .into()),
    }
}

fn text(facts: &[Facts], id: &str, wish: Option<&str>) -> Option<Chosen> {
    if let Some(name) = wish {
        return Some(chosen(name, "as you said"));
    }
    let longest = facts
        .iter()
        .filter(|facts| facts.name != id && !facts.is_numeric)
        .max_by(|a, b| a.mean_characters.total_cmp(&b.mean_characters))?;
    (longest.mean_characters > LEAST_TEXT).then(|| {
        let why = format!(
            "the longest texts, {:.0} characters on average",
            longest.mean_characters
        );
        chosen(&longest.name, why)
    })
}

/// Columns whose rows belong together: by name, else only mentioned.
fn groups(free: &[&Facts], n_rows: usize, wish: Option<&str>) -> (Option<Chosen>, Vec<String>) {
    const NAMES: [&str; 10] = [
        "author",
        "user",
        "person",
        "participant",
        "subject",
        "speaker",
        "writer",
        "group",
        "document",
        "doc",
    ];
    if let Some(name) = wish {
        return (Some(chosen(name, "as you said")), Vec::new());
    }
    let could_be = |facts: &&&Facts| {
        let repeats = facts.n_present == n_rows && facts.n_distinct * 10 <= n_rows * 9;
        repeats && facts.n_distinct >= 5 && (!facts.is_numeric || facts.is_whole)
    };
    let is_named = |facts: &Facts| {
        let name = facts.name.to_lowercase();
        NAMES.iter().any(|word| {
            name.split(['_', ' ', '-']).any(|part| {
                part == *word || part == format!("{word}s") || part == format!("{word}id")
            })
        })
    };
    let candidates: Vec<&&Facts> = free.iter().filter(could_be).collect();
    let group = candidates
        .iter()
        .find(|facts| is_named(facts))
        .map(|facts| {
            let why = format!(
                "its name, and {} values for {n_rows} rows",
                facts.n_distinct
            );
            chosen(&facts.name, why)
        });
    let others = candidates.iter().filter(|facts| {
        !facts.is_numeric && group.as_ref().is_none_or(|group| group.name != facts.name)
    });
    let others = others.map(|facts| facts.name.clone()).collect();
    (group, others)
}

/// Takes the columns about people out of the scores, unless nothing else is there or targets were named.
fn about_people(scores: &mut Vec<String>, named: &[String]) -> Vec<String> {
    let is_about_people = |name: &String| ABOUT_PEOPLE.contains(&name.to_lowercase().as_str());
    if !named.is_empty() || scores.iter().all(is_about_people) {
        return Vec::new();
    }
    let (people, rest) = scores.drain(..).partition(is_about_people);
    *scores = rest;
    people
}

/// Why a column of numbers is no score.
fn no_score(facts: &Facts, n_rows: usize) -> Option<String> {
    if facts.n_distinct == 1 {
        return Some("it is constant".into());
    }
    if facts.n_distinct < LEAST_VALUES {
        return Some(format!("it has only {} different values", facts.n_distinct));
    }
    let counts = facts.is_whole
        && facts.is_unique(n_rows)
        && facts.range.1 - facts.range.0 + 1.0 == n_rows as f64;
    counts.then(|| "it numbers the rows".into())
}

/// Scores that several raters gave to one trait: names that differ in one part alone, like `llama_openness` and `gpt_openness`, for at least two raters and two traits,
/// or for traits of a Big Five name.
fn raters(table: &Table, scores: &[String]) -> Vec<(String, Vec<String>)> {
    let mut by_trait: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in scores {
        if let Some((_, last)) = name.rsplit_once('_') {
            by_trait.entry(last).or_default().push(name.clone());
        }
    }
    by_trait.retain(|_, columns| columns.len() >= 2);
    let raters_of = |columns: &[String]| -> Vec<String> {
        let first = columns.iter().filter_map(|name| name.rsplit_once('_'));
        first.map(|(rater, _)| rater.to_owned()).collect()
    };
    let all: Vec<Vec<String>> = by_trait
        .values()
        .map(|columns| raters_of(columns))
        .collect();
    // The same raters for every trait, or it is something else that the names share.
    let is_a_panel = all.len() >= 2 && all.iter().all(|raters| raters == &all[0]);
    if !is_a_panel {
        return Vec::new();
    }
    let is_free = |name: &str| table.columns.iter().all(|column| column.name != name);
    let order = |name: &str| scores.iter().position(|score| score.ends_with(name));
    let mut found: Vec<(String, Vec<String>)> = by_trait
        .into_iter()
        .filter(|(name, _)| is_free(name))
        .map(|(name, columns)| (name.to_owned(), columns))
        .collect();
    found.sort_by_key(|(name, _)| order(name));
    found
}
