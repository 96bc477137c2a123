//! Tables of the page: each scrolls by itself where the page is too narrow.

use std::fmt::Write;

use super::super::comparing;
use super::super::escape::xml;
use super::super::model::{CellResult, StudyResults};
use super::super::table::{Kind, columns};
use super::super::wording;

pub(super) fn cell_table(caption: &str, cells: &[&CellResult], results: &StudyResults) -> String {
    let columns = columns(results, cells);
    let heads: Vec<String> = columns
        .iter()
        .map(|column| {
            format!(
                "<th scope=\"col\"{}>{}</th>",
                class_of(column.kind),
                xml(column.heading)
            )
        })
        .collect();
    let mut body = String::new();
    for cell in cells {
        let is_significant = wording::is_significant(cell, results);
        body.push_str(if is_significant {
            "<tr class=\"yes\">"
        } else {
            "<tr>"
        });
        for (place, column) in columns.iter().enumerate() {
            let text = xml(&column.text(cell));
            // The first column names the row.
            let _ = if place == 0 {
                write!(body, "<th scope=\"row\">{text}</th>")
            } else {
                write!(body, "<td{}>{text}</td>", class_of(column.kind))
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

/// A table that scrolls by itself where the page is too narrow; the region can be reached by keyboard.
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
