//! `report.html`: one file that opens anywhere, without network; its one script sorts tables, and
//! nothing needs it.
//!
//! Light and dark follow the reader's system, paper is always light. Pictures are inline, so they
//! take part in that. Everything is reachable by headings and landmarks, tables have captions and
//! header cells, pictures a title and a description.

mod figures;
mod prose;
mod style;
mod tables;

use std::fmt::Write;

use crate::escape::xml;
use crate::model::StudyResults;
use crate::{svg, wording};
use style::{PRINT, SORT, SORT_SHA256, STYLE};

/// The report as one HTML document.
pub fn render(results: &StudyResults) -> String {
    let sections = [
        prose::warnings(results),
        figures::results(results),
        prose::failed(results),
        prose::in_order(results),
        prose::tested(results),
        figures::differences(results),
        figures::nulls(results),
        figures::close_ups(results),
        figures::folds(results),
        prose::subgroups(results),
        figures::words(results),
        prose::texts(results),
        figures::controls(results),
        prose::notes(results),
        Some(prose::how_to_read(results)),
        Some(prose::what_was_run(results)),
        Some(prose::for_a_paper(results)),
        Some(prose::how_to_cite(results)),
        prose::what_now(results),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let mut page = String::new();
    head(&mut page, results);
    let links: Vec<String> = sections
        .iter()
        .map(|section| {
            format!(
                "<li><a href=\"#{}\">{}</a></li>",
                section.id,
                xml(section.title)
            )
        })
        .collect();
    let _ = write!(
        page,
        "<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n<header>\n<p class=\"kicker\">ocean-host report</p>\n<h1>{}</h1>\n<p class=\"answer\">{}</p>\n</header>\n\
         <nav aria-label=\"Contents\"><ul>{}</ul></nav>\n<main id=\"main\">\n",
        xml(&results.study),
        xml(&wording::answer(results)),
        links.join("")
    );
    for section in &sections {
        let _ = write!(
            page,
            "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{body}</section>\n",
            id = section.id,
            title = xml(section.title),
            body = section.body
        );
    }
    let _ = write!(
        page,
        "</main>\n<footer><p>Made by ocean-host {} from results.json alone; <code>ocean-host report</code> makes it again.</p></footer>\n<script>{SORT}</script>\n</body>\n</html>\n",
        xml(&results.version)
    );
    page
}

/// A part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

fn head(page: &mut String, results: &StudyResults) {
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SORT_SHA256}'\">\n\
         <title>{} · ocean-host report</title>\n<style>\n:root{{{light}}}\n{light_svg}@media (prefers-color-scheme:dark){{:root{{{dark}}}\n{dark_svg}}}\n{STYLE}{shapes}@media print{{:root{{{light}}}\n{light_svg}{PRINT}}}\n</style>\n</head>\n",
        xml(&results.study),
        light = svg::custom_properties(&svg::LIGHT),
        light_svg = svg::colours(&svg::LIGHT),
        dark = svg::custom_properties(&svg::DARK),
        dark_svg = svg::colours(&svg::DARK),
        shapes = svg::STYLE,
    );
}
