//! Ratings in long form: a row for each text and rater, where a column for each rater is wanted.

use std::borrow::Cow;
use std::collections::HashSet;

use super::cells::{cell, shown};
use super::inspect::Facts;
use super::name::Name;
use crate::read::dataset::table::Table;

/// What a column of raters is called.
const RATERS: &str = "annotator annotatorid beurteiler coder coderid judge judgeid llm model rater raterid raterin rater_id urteiler worker workerid";
/// More raters are a crowd of whom each rated a few.
const MOST_RATERS: usize = 50;

/// What to do about a table in which each group of rows is one text, once for each rater.
pub fn remark(table: &Table, facts: &[Facts], group: Option<usize>) -> Option<String> {
    let group = group?;
    let is_rater = |at: &usize| {
        *at != group
            && Name::of(&facts[*at].name).has(RATERS)
            && (2..=MOST_RATERS).contains(&facts[*at].n_different)
    };
    let rater = (0..facts.len()).find(is_rater)?;
    let value = |at: usize, row: usize| cell(table.columns[at].cell(row));
    let pairs: HashSet<(Cow<'_, str>, Cow<'_, str>)> = (0..table.n_rows)
        .map(|row| (value(group, row), value(rater, row)))
        .collect();
    if pairs.len() < table.n_rows {
        return None;
    }
    let (text, rater) = (shown(&facts[group].name), shown(&facts[rater].name));
    Some(format!(
        "each `{text}` stands once for each `{rater}`, as ratings in long form: written wide, with a column a rater, [raters] tells how far they agree and corrects for the severe ones (pandas: df.pivot(index=\"{text}\", columns=\"{rater}\", values=[…]), R: tidyr::pivot_wider); as it is, every rating is a row of its own"
    ))
}
