//! Tables of the page: each scrolls by itself where the page is too narrow.

use std::fmt::Write;

use crate::comparing;
use crate::escape::xml;
use crate::model::{CellResult, StudyResults};
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
    fn head(&self) -> String {
        let class = class_of(self.column.kind);
        format!("<th scope=\"col\"{class}>{}</th>", xml(self.column.heading))
    }

    /// What stands in a row, as HTML.
    fn content(&self, cell: &CellResult) -> String {
        let mut content = xml(&self.column.text(cell));
        for column in &self.below {
            let text = column.text(cell);
            let tag = match column.kind {
                Kind::Notes => "<div class=\"notes\">",
                _ => "<div class=\"range\">",
            };
            if !text.is_empty() {
                content += &format!("{tag}{}</div>", xml(&text));
            }
        }
        content
    }
}

pub(super) fn cell_table(caption: &str, cells: &[&CellResult], results: &StudyResults) -> String {
    let columns = stacked(columns(results, cells));
    let heads: Vec<String> = columns.iter().map(Stacked::head).collect();
    let mut body = String::new();
    for cell in cells {
        let is_significant = wording::is_significant(cell, results);
        body.push_str(if is_significant {
            "<tr class=\"yes\">"
        } else {
            "<tr>"
        });
        for (place, column) in columns.iter().enumerate() {
            let content = column.content(cell);
            // The first column names the row.
            let _ = if place == 0 {
                write!(body, "<th scope=\"row\">{content}</th>")
            } else {
                write!(body, "<td{}>{content}</td>", class_of(column.column.kind))
            };
        }
        body.push_str("</tr>\n");
    }
    sorting_table(caption, &heads.concat(), &body)
}

/// The differences, with what is to be said below.
pub(super) fn differences_table(results: &StudyResults) -> Option<String> {
    let shown = comparing::full(results)?;
    let heads: Vec<String> = shown
        .headings
        .iter()
        .map(|(heading, kind)| {
            format!("<th scope=\"col\"{}>{}</th>", class_of(*kind), xml(heading))
        })
        .collect();
    let mut body = String::new();
    for (texts, is_significant) in &shown.rows {
        let fields = texts.iter().zip(&shown.headings).enumerate();
        let fields: Vec<String> = fields
            .map(|(place, (text, (_, kind)))| match place {
                0 => format!("<th scope=\"row\">{}</th>", xml(text)),
                _ => format!("<td{}>{}</td>", class_of(*kind), xml(text)),
            })
            .collect();
        let class = if *is_significant {
            " class=\"yes\""
        } else {
            ""
        };
        let _ = writeln!(body, "<tr{class}>{}</tr>", fields.concat());
    }
    let below = if shown.below.is_empty() {
        String::new()
    } else {
        format!("<p>{}</p>\n", xml(&shown.below))
    };
    let caption = "Differences in r2, the first minus the second";
    Some(sorting_table(caption, &heads.concat(), &body) + &below)
}

pub(super) fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => " class=\"number\"",
        Kind::Verdict => " class=\"verdict\"",
        Kind::Notes => " class=\"notes\"",
        Kind::Label => "",
    }
}

/// A table that scrolls by itself where the page is too narrow; the region can be reached by
/// keyboard.
pub(super) fn scrolling_table(caption: &str, heads: &str, body: &str) -> String {
    table("", caption, heads, body)
}

/// One that can also be sorted.
fn sorting_table(caption: &str, heads: &str, body: &str) -> String {
    table(" class=\"sorts\"", caption, heads, body)
}

fn table(class: &str, caption: &str, heads: &str, body: &str) -> String {
    let caption = xml(caption);
    format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table{class}>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )
}
