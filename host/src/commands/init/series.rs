//! Columns that are one thing many times: `v0 … v383`, `item1 … item44`.

use std::collections::BTreeMap;

use super::inspect::Facts;
use super::name::Name;
use super::panel::is_occasion;

/// Fewer numbered columns are scores of their own.
const LEAST_ITEMS: usize = 5;
/// Answers to an item; finer scales are items only where there are many.
const MOST_ANSWERS: usize = 11;
/// Columns of fractions whose name says that they are vectors.
const LEAST_NAMED_VECTORS: usize = 8;
/// Columns of fractions with any name and a number.
const LEAST_VECTORS: usize = 16;
/// Words before the number of a dimension.
const DIMENSION: &str = "ada bert bge component comp d dim dimension dims e emb embed embedding embeddings f feat feature features gte h hidden latent lsa minilm mpnet \
    openai pc pca roberta sbert svd v vec vector x z";

/// Categories of the dictionary LIWC, as its tables call them.
const LIWC: &str = "wc analytic clout authentic tone wps sixltr bigwords dic function pronoun ppron i we you shehe they ipron article prep auxverb adverb conj negate verb adj \
    compare interrog number quant affect posemo negemo tone_pos tone_neg anx anger sad social family friend female male cogproc insight cause discrep tentat certain \
    differ percept see hear feel bio body health sexual ingest drives affiliation achieve power reward risk focuspast focuspresent focusfuture relativ motion space \
    time work leisure home money relig death informal swear netspeak assent nonflu filler allpunc period comma colon semic qmark exclam dash quote apostro parenth \
    otherp emotion emo_pos emo_neg emo_anx emo_anger emo_sad linguistic cognition allnone memory attention lifestyle physical";
/// A few of these names may be anybody's.
const LEAST_CATEGORIES: usize = 12;

/// What the columns of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers that a model made of something.
    Vectors,
    /// Questions of one questionnaire.
    Items,
}

/// The series among `free` columns, each with its columns in file order.
pub fn find(facts: &[Facts], free: &[usize]) -> Vec<(Kind, Vec<usize>)> {
    let mut by_stem: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &at in free.iter().filter(|&&at| facts[at].is_numeric()) {
        if let Some(stem) = stem(&facts[at].name) {
            by_stem.entry(stem).or_default().push(at);
        }
    }
    let mut found: Vec<_> = by_stem
        .into_iter()
        .filter_map(|(stem, columns)| Some((kind(&stem, facts, &columns)?, columns)))
        .collect();
    found.sort_by_key(|(_, columns)| columns[0]);
    found
}

/// A name with `#` for every number in it, if it ends in one; an `r` for "reversed" may follow.
fn stem(name: &str) -> Option<String> {
    let name = name.strip_suffix(['r', 'R']).unwrap_or(name);
    if !name.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut stem = String::new();
    for c in name.chars() {
        match c.is_ascii_digit() {
            false => stem.push(c),
            true if stem.ends_with('#') => {}
            true => stem.push('#'),
        }
    }
    Some(stem)
}

fn kind(stem: &str, facts: &[Facts], columns: &[usize]) -> Option<Kind> {
    let last = stem
        .trim_end_matches('#')
        .rsplit(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty());
    // Nobody asks at so many times as vectors have dimensions.
    if columns.len() < LEAST_VECTORS && last.is_some_and(|word| is_occasion(&format!("{word}1"))) {
        return None;
    }
    let columns: Vec<&Facts> = columns.iter().map(|&at| &facts[at]).collect();
    let n_whole = columns.iter().filter(|facts| facts.is_whole).count();
    let is_of_whole = 2 * n_whole > columns.len();
    let varies = columns
        .iter()
        .filter(|facts| 2 * facts.n_distinct >= facts.n_present)
        .count();
    let is_named = Name::of(stem).words().is_empty() || Name::of(stem).has(DIMENSION);
    let has_few_answers = columns.iter().all(|facts| facts.n_distinct <= MOST_ANSWERS);
    let n = columns.len();
    if !is_of_whole
        && 2 * varies >= n
        && n >= (if is_named {
            LEAST_NAMED_VECTORS
        } else {
            LEAST_VECTORS
        })
    {
        Some(Kind::Vectors)
    } else if is_of_whole && (n >= LEAST_ITEMS && has_few_answers || n >= 2 * LEAST_ITEMS) {
        Some(Kind::Items)
    } else {
        None
    }
}

/// The categories of LIWC that the table has, if it has many of them.
pub fn word_categories(facts: &[Facts], free: &[usize]) -> Vec<usize> {
    let is_category = |at: &&usize| {
        let name = facts[**at].name.to_lowercase();
        facts[**at].is_numeric() && LIWC.split_whitespace().any(|one| one == name)
    };
    let found: Vec<usize> = free.iter().filter(is_category).copied().collect();
    if found.len() >= LEAST_CATEGORIES {
        found
    } else {
        Vec::new()
    }
}
