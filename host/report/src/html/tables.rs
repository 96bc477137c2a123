//! Tables of the page: each scrolls by itself where the page is too narrow.

use crate::comparing;
use crate::escape::xml;
use crate::model::{CellResult, StudyResults};
use crate::run::Listing;
use crate::table::{Column, Kind, columns};
use crate::wording;

/// A column of the page: what else is said of a cell stands below its number or word, so that a
/// table keeps within a screen.
struct Stacked<'r> {
    column: Column<'r>,
    below: Vec<Column<'r>>,
}

/// Intervals below their numbers, notes below the verdict.
fn stacked(columns: Vec<Column<'_>>) -> Vec<Stacked<'_>> {
    let mut all: Vec<Stacked<'_>> = Vec::new();
    for column in columns {
        let above = all.iter_mut().find(|above| match column.kind {
            Kind::Notes => above.column.kind == Kind::Verdict,
            _ => column.heading == format!("{} CI", above.column.heading),
        });
        match above {
            Some(above) => above.below.push(column),
            None => all.push(Stacked {
                column,
                below: Vec::new(),
            }),
        }
    }
    all
}

impl Stacked<'_> {
    /// What stands in a row, as HTML.
    fn content(&self, cell: &CellResult) -> String {
        let mut content = xml(&self.column.text(cell));
        for column in &self.below {
            let text = column.text(cell);
            let class = match column.kind {
                Kind::Notes => "notes",
                _ => "range",
            };
            if !text.is_empty() {
                content += &format!("<div class=\"{class}\">{}</div>", xml(&text));
            }
        }
        content
    }
}

pub(super) fn cell_table(caption: &str, cells: &[&CellResult], results: &StudyResults) -> String {
    let columns = stacked(columns(results, cells));
    let heads = columns
        .iter()
        .map(|column| head(column.column.heading, column.column.kind));
    let rows = cells.iter().map(|cell| {
        let fields = columns
            .iter()
            .map(|column| (column.column.kind, column.content(cell)));
        row(wording::is_significant(cell, results), fields)
    });
    sorting_table(caption, heads, rows)
}

/// The differences, with what is to be said below.
pub(super) fn differences_table(results: &StudyResults) -> Option<String> {
    let shown = comparing::full(results)?;
    let caption = "Differences in r2, the first minus the second";
    Some(table_with_below(&shown, caption))
}

/// A table that can be sorted, with what is to be said below.
pub(super) fn table_with_below(shown: &comparing::Table, caption: &str) -> String {
    let heads = shown
        .headings
        .iter()
        .map(|(heading, kind)| head(heading, *kind));
    let rows = shown.rows.iter().map(|(texts, is_significant)| {
        let fields = texts.iter().zip(&shown.headings);
        let fields = fields.map(|(text, (_, kind))| (*kind, xml(text)));
        row(*is_significant, fields)
    });
    let below = if shown.below.is_empty() {
        String::new()
    } else {
        format!("<p>{}</p>\n", xml(&shown.below))
    };
    sorting_table(caption, heads, rows) + &below
}

/// A plain table.
pub(super) fn listing_table(listing: &Listing) -> String {
    let heads = listing
        .headings
        .iter()
        .map(|heading| head(heading, Kind::Label));
    let rows = listing.rows.iter().map(|texts| {
        let fields = texts.iter().map(|text| (Kind::Label, xml(text)));
        row(false, fields)
    });
    table("", listing.title, heads, rows)
}

fn head(heading: &str, kind: Kind) -> String {
    format!("<th scope=\"col\"{}>{}</th>", class_of(kind), xml(heading))
}

/// A row of HTML fields; the first names it.
fn row(is_significant: bool, fields: impl Iterator<Item = (Kind, String)>) -> String {
    let fields = fields
        .enumerate()
        .map(|(place, (kind, field))| match place {
            0 => format!("<th scope=\"row\">{field}</th>"),
            _ => format!("<td{}>{field}</td>", class_of(kind)),
        });
    let fields: String = fields.collect();
    let class = if is_significant { " class=\"yes\"" } else { "" };
    format!("<tr{class}>{fields}</tr>\n")
}

fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => " class=\"number\"",
        Kind::Verdict => " class=\"verdict\"",
        Kind::Notes => " class=\"notes\"",
        Kind::Label => "",
    }
}

/// A table that can be sorted.
fn sorting_table(
    caption: &str,
    heads: impl Iterator<Item = String>,
    rows: impl Iterator<Item = String>,
) -> String {
    table(" class=\"sorts\"", caption, heads, rows)
}

/// A table that scrolls by itself where the page is too narrow; the region can be reached by
/// keyboard.
fn table(
    class: &str,
    caption: &str,
    heads: impl Iterator<Item = String>,
    rows: impl Iterator<Item = String>,
) -> String {
    let (heads, rows): (String, String) = (heads.collect(), rows.collect());
    let caption = xml(caption);
    format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table{class}>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}
