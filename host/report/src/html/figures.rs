//! The parts of the page that are pictures, each with a line that says how to read it.

use super::Section;
use super::tables::{cell_table, differences_table, table_with_below};
use crate::escape::xml;
use crate::model::{CellResult, StudyResults};
use crate::plot::{self, Picture};
use crate::wording;
use crate::words;

/// With more cells than this only the recipes of the closer look show their null on the page.
const MOST_NULLS: usize = 60;

pub(super) fn results(results: &StudyResults) -> Option<Section> {
    let family = wording::family(results);
    if results.cells.is_empty() {
        return None;
    }
    let mut body = format!(
        "<div class=\"broad\">{}</div>\n<figure class=\"narrow\">{}</figure>\n",
        wide(&plot::forest(results), ""),
        plot::narrow_forest(results).inline()
    );
    if let Some(heatmap) = plot::heatmap(results) {
        body += &wide(
            &heatmap,
            "The same r2 side by side: the stronger the shade, the higher. Nothing is shaded at 0 and below.",
        );
    }
    if !family.is_empty() {
        body += &cell_table("Every cell of the family", &family, results);
    }
    Some(Section {
        id: "results",
        title: "Results",
        body,
    })
}

pub(super) fn differences(results: &StudyResults) -> Option<Section> {
    let table = differences_table(results)?;
    let picture = plot::differences(results).map(|picture| wide(&picture, ""));
    Some(Section {
        id: "differences",
        title: "Which is better?",
        body: picture.unwrap_or_default() + &table,
    })
}

pub(super) fn controls(results: &StudyResults) -> Option<Section> {
    let controls = wording::controls(results);
    let nulls: Vec<Picture> = plot::nulls(results)
        .into_iter()
        .filter(|(cell, _)| cell.is_control)
        .map(|(_, picture)| picture)
        .collect();
    let against_chance = match nulls.len() {
        0 => String::new(),
        n if n > MOST_NULLS => String::new(),
        _ => format!(
            "<details><summary>Controls against chance, one picture each</summary>\n{}</details>\n",
            panels(&nulls)
        ),
    };
    (!controls.is_empty()).then(|| Section {
        id: "controls",
        title: "Controls",
        body: cell_table(
            "Controls: outside the family, to be read beside it",
            &controls,
            results,
        ) + &against_chance,
    })
}

pub(super) fn nulls(results: &StudyResults) -> Option<Section> {
    let mut all = plot::nulls(results);
    all.retain(|(cell, _)| !cell.is_control);
    let n_all = all.len();
    let is_shown = |cell: &CellResult| {
        n_all <= MOST_NULLS || results.close_ups.iter().any(|one| one.is_of(cell))
    };
    let shown: Vec<Picture> = all
        .into_iter()
        .filter(|(cell, _)| is_shown(cell))
        .map(|(_, picture)| picture)
        .collect();
    if shown.is_empty() {
        return None;
    }
    let left_out = if shown.len() < n_all {
        format!(
            " Of {n_all} cells these are the ones of the closer look below; the folder <code>plots</code> beside this report has all."
        )
    } else {
        String::new()
    };
    Some(Section {
        id: "chance",
        title: "Against chance",
        body: format!(
            "<p>Grey: r2 of the permuted targets. The line is the r2 of the real one. Filled diamonds are significant over the family.{left_out}</p>\n{}",
            panels(&shown)
        ),
    })
}

pub(super) fn close_ups(results: &StudyResults) -> Option<Section> {
    let parts = [
        (
            "Predicted against observed",
            "Shades: where the rows lie. Marks: the mean target of rows with neighbouring predictions, with two standard errors. On the dashed line predictions are right on average; flatter than it, they are too extreme.",
            plot::calibrations(results),
        ),
        (
            "Penalty path",
            "What inner cross-validation saw inside the training parts: r2 from the strongest penalty (left) to the weakest. Filled: what the outer splits chose, larger where several did. A choice at the left end, or left of α_max, is a model that predicts the mean.",
            plot::paths(results),
        ),
        (
            "Residual against text length",
            "Mean of target minus prediction for texts of neighbouring lengths, with two standard errors. A slope means that the length of a text tells something the model misses.",
            plot::lengths(results),
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(.., pictures)| !pictures.is_empty())
        .map(|(title, said, pictures)| {
            format!("<h3>{title}</h3>\n<p>{said}</p>\n{}", panels(&pictures))
        })
        .collect();
    (!parts.is_empty()).then(|| Section {
        id: "closer",
        title: "A closer look",
        body: format!(
            "<p>One recipe a target: the one with the highest r2. Having been chosen for it, its r2 flatters; the table above counts all. First repeat; nothing here is tested.</p>\n{}",
            parts.concat()
        ),
    })
}

pub(super) fn folds(results: &StudyResults) -> Option<Section> {
    let picture = plot::folds(results)?;
    Some(Section {
        id: "folds",
        title: "Fold by fold",
        body: wide(
            &picture,
            "Does one lucky fold carry the r2? Folds are small, so they scatter even where nothing is wrong, and their scatter is no standard error: they share training rows.",
        ),
    })
}

/// Which words go with each target: a picture, and the numbers behind it.
pub(super) fn words(results: &StudyResults) -> Option<Section> {
    let explanation = words::explanation(results)?;
    let pictures: String = plot::words(results)
        .iter()
        .map(|picture| wide(picture, ""))
        .collect();
    let tables = words::tables(results);
    let tables: String = tables
        .iter()
        .map(|(target, table)| table_with_below(table, &format!("Words: {target}")))
        .collect();
    Some(Section {
        id: "words",
        title: "Which words",
        body: format!(
            "<p>{}</p>\n{pictures}<details><summary>The numbers</summary>\n{tables}</details>\n",
            xml(&explanation)
        ),
    })
}

/// A picture as wide as the page; it scrolls by itself where that is too narrow.
pub(super) fn wide(picture: &Picture, said: &str) -> String {
    let said = if said.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{}</figcaption>", xml(said))
    };
    format!(
        "<figure class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{}; scrolls sideways on narrow screens\">{}{said}</figure>\n",
        xml(&picture.title),
        picture.inline()
    )
}

fn panels(pictures: &[Picture]) -> String {
    let figures: Vec<String> = pictures
        .iter()
        .map(|picture| format!("<figure>{}</figure>\n", picture.inline()))
        .collect();
    format!("<div class=\"panels\">\n{}</div>\n", figures.concat())
}
