//! `report.html`: one file that opens anywhere, without network or script.
//!
//! Light and dark follow the reader's system, paper is always light. Pictures are inline, so they take part in that. Everything is reachable by
//! headings and landmarks, tables have captions and header cells, pictures a title and a description.

use std::fmt::Write;

use super::comparing;
use super::escape::xml;
use super::methods;
use super::model::{CellResult, Finding, Severity, StudyResults};
use super::plot;
use super::run::{self, Listing};
use super::svg;
use super::table::{Kind, columns};
use super::wording;

/// The report as one HTML document.
pub fn render(results: &StudyResults) -> String {
    let sections = [
        findings(results),
        result_section(results),
        failed(results),
        differences(results),
        control_section(results),
        null_section(results),
        Some(how_to_read(results)),
        Some(what_was_run(results)),
        Some(for_a_paper(results)),
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
        "</main>\n<footer><p>Made by ocean-host {} from results.json alone; <code>ocean-host report</code> makes it again.</p></footer>\n</body>\n</html>\n",
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
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} · ocean-host report</title>\n<style>\n:root{{{light}}}\n{light_svg}@media (prefers-color-scheme:dark){{:root{{{dark}}}\n{dark_svg}}}\n{STYLE}{shapes}@media print{{:root{{{light}}}\n{light_svg}{PRINT}}}\n</style>\n</head>\n",
        xml(&results.study),
        light = svg::custom_properties(&svg::LIGHT),
        light_svg = svg::colours(&svg::LIGHT),
        dark = svg::custom_properties(&svg::DARK),
        dark_svg = svg::colours(&svg::DARK),
        shapes = svg::STYLE,
    );
}

fn findings(results: &StudyResults) -> Option<Section> {
    let items: Vec<String> = wording::worst_first(results)
        .into_iter()
        .map(finding_item)
        .collect();
    (!items.is_empty()).then(|| Section {
        id: "doctor",
        title: "What the doctor saw",
        body: format!("<ul class=\"findings\">\n{}</ul>\n", items.concat()),
    })
}

fn finding_item(finding: &Finding) -> String {
    let (class, word) = match finding.severity {
        Severity::Serious => ("serious", "Serious"),
        Severity::Warning => ("warning", "Warning"),
        Severity::Note => ("note", "Note"),
    };
    let about = wording::about(finding)
        .map(|about| format!("<span class=\"about\">{}</span>", xml(&about)))
        .unwrap_or_default();
    format!(
        "<li class=\"{class}\"><p><strong class=\"badge\">{word}</strong> {about}</p><p>{}</p><p class=\"try\">{}</p></li>\n",
        xml(&wording::said(finding)),
        xml(&wording::remedy(finding))
    )
}

fn result_section(results: &StudyResults) -> Option<Section> {
    let family = wording::family(results);
    if results.cells.is_empty() {
        return None;
    }
    let table = if family.is_empty() {
        String::new()
    } else {
        cell_table("Every cell of the family", &family, results)
    };
    Some(Section {
        id: "results",
        title: "Results",
        body: format!(
            "<figure class=\"wide\" tabindex=\"0\" aria-label=\"Picture, scrolls sideways on narrow screens\">{}</figure>\n{table}",
            plot::forest(results).inline()
        ),
    })
}

fn control_section(results: &StudyResults) -> Option<Section> {
    let controls = wording::controls(results);
    (!controls.is_empty()).then(|| Section {
        id: "controls",
        title: "Controls",
        body: cell_table(
            "Controls: outside the family, to be read beside it",
            &controls,
            results,
        ),
    })
}

fn cell_table(caption: &str, cells: &[&CellResult], results: &StudyResults) -> String {
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
    scrolling_table(caption, &heads.concat(), &body)
}

fn differences(results: &StudyResults) -> Option<Section> {
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
    Some(Section {
        id: "differences",
        title: "Which is better?",
        body: scrolling_table(caption, &heads.concat(), &body) + &below,
    })
}

fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => " class=\"number\"",
        Kind::Verdict => " class=\"verdict\"",
        Kind::Notes => " class=\"notes\"",
        Kind::Label => "",
    }
}

/// A table that scrolls by itself where the page is too narrow; the region can be reached by keyboard.
fn scrolling_table(caption: &str, heads: &str, body: &str) -> String {
    let caption = xml(caption);
    format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )
}

fn failed(results: &StudyResults) -> Option<Section> {
    let items: Vec<String> = results
        .failed
        .iter()
        .map(|cell| {
            let names = [&cell.encoder, &cell.regressor, &cell.target]
                .map(|name| xml(name))
                .join(" × ");
            format!("<li>{names}: {}</li>\n", xml(&cell.reason))
        })
        .collect();
    (!items.is_empty()).then(|| Section {
        id: "failed",
        title: "Cells without a result",
        body: format!("<ul>\n{}</ul>\n", items.concat()),
    })
}

fn null_section(results: &StudyResults) -> Option<Section> {
    let panels: Vec<String> = plot::nulls(results)
        .iter()
        .map(|picture| format!("<figure>{}</figure>\n", picture.inline()))
        .collect();
    (!panels.is_empty()).then(|| Section {
        id: "chance",
        title: "Against chance",
        body: format!(
            "<p>Grey: r2 of the permuted targets. The line is the r2 of the real one. Filled diamonds are significant over the family.</p>\n<div class=\"panels\">\n{}</div>\n",
            panels.concat()
        ),
    })
}

fn how_to_read(results: &StudyResults) -> Section {
    let entries: Vec<String> = wording::how_to_read(results)
        .into_iter()
        .map(|(term, text)| format!("<dt>{}</dt><dd>{}</dd>\n", xml(&term), xml(&text)))
        .collect();
    Section {
        id: "reading",
        title: "How to read this",
        body: format!(
            "<dl>\n{}</dl>\n<p>{}</p>\n",
            entries.concat(),
            xml(wording::NO_VERDICT_SAYS)
        ),
    }
}

fn what_was_run(results: &StudyResults) -> Section {
    let settings: Vec<String> = run::settings(results)
        .into_iter()
        .map(|(what, how)| format!("<dt>{}</dt><dd>{}</dd>\n", xml(what), xml(&how)))
        .collect();
    let listings: Vec<String> = run::listings(results).iter().map(listing_table).collect();
    Section {
        id: "run",
        title: "What was run",
        body: format!("<dl>\n{}</dl>\n{}", settings.concat(), listings.concat()),
    }
}

fn listing_table(listing: &Listing) -> String {
    let heads: Vec<String> = listing
        .headings
        .iter()
        .map(|heading| format!("<th scope=\"col\">{}</th>", xml(heading)))
        .collect();
    let rows: Vec<String> = listing
        .rows
        .iter()
        .map(|row| {
            let (name, rest) = row
                .split_first()
                .map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
            let rest: Vec<String> = rest
                .iter()
                .map(|text| format!("<td>{}</td>", xml(text)))
                .collect();
            format!(
                "<tr><th scope=\"row\">{}</th>{}</tr>\n",
                xml(name),
                rest.concat()
            )
        })
        .collect();
    scrolling_table(listing.title, &heads.concat(), &rows.concat())
}

fn for_a_paper(results: &StudyResults) -> Section {
    let methods = methods::methods(results);
    let references: Vec<String> = methods
        .references
        .iter()
        .map(|reference| match reference.doi {
            Some(doi) => format!(
                "<li>{} <a href=\"https://doi.org/{doi}\">https://doi.org/{doi}</a></li>\n",
                xml(reference.text)
            ),
            None => format!("<li>{}</li>\n", xml(reference.text)),
        })
        .collect();
    Section {
        id: "paper",
        title: "For a paper",
        body: format!(
            "<h3>Method</h3>\n<p>{}</p>\n<h3>Results</h3>\n<p>{}</p>\n<h3>References</h3>\n<ul class=\"references\">\n{}</ul>\n",
            xml(&methods.method),
            xml(&methods.results),
            references.concat()
        ),
    }
}

const STYLE: &str = "\
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:2.5rem 1.25rem 4rem;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;overflow-wrap:break-word}
a{color:var(--accent)}
a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem}
.kicker{margin:0;color:var(--muted);font-size:.85rem;letter-spacing:.04em}
h1{margin:.1rem 0 .6rem;font-size:2rem;line-height:1.2}
h2{margin:3rem 0 .8rem;padding-top:1rem;border-top:1px solid var(--line);font-size:1.3rem}
h3{margin:1.5rem 0 .3rem;font-size:1rem}
.answer{margin:0;font-size:1.2rem;line-height:1.5}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:1.4rem 0 0;padding:0;list-style:none;font-size:.9rem}
p{max-width:44rem}
figure{margin:0}
figure svg{max-width:100%;height:auto;display:block}
.wide{overflow-x:auto}
figure.wide svg{min-width:44rem}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1.5rem 1rem}
table{width:100%;margin:1.2rem 0;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{padding-bottom:.5rem;text-align:left;color:var(--muted)}
th,td{padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
thead th{border-bottom-color:var(--muted);color:var(--muted);white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.verdict{min-width:7.5rem}
td,th{max-width:18rem}
.notes{min-width:11rem}
tr.yes .verdict,tr.yes th{font-weight:600}
.findings{margin:0;padding:0;list-style:none}
.findings li{margin:0 0 .9rem;padding:.1rem 0 .1rem 1rem;border-left:4px solid var(--band)}
.findings li.serious{border-left:8px double var(--ink)}
.findings li.warning{border-left-color:var(--ink)}
.findings p{margin:.15rem 0}
.about{color:var(--muted)}
.try::before{content:'Try: ';font-weight:600}
.findings,dl,nav,h1,main>section>ul{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.5rem 1.5rem;margin:0}
dt{max-width:12rem;font-weight:600}
dd{margin:0;max-width:40rem}
.references{padding-left:1.2rem}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.85rem}
@media (max-width:34rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.7rem}h1{font-size:1.6rem}.answer{font-size:1.05rem}}
";

const PRINT: &str = "\
body{max-width:none;padding:0;font-size:10pt}
nav,.skip{display:none}
h2,h3,caption{break-after:avoid}
tr,li,figure,dd{break-inside:avoid}
.wide{overflow:visible}
figure.wide svg{min-width:0}
table{font-size:7pt}
th,td{padding:.2rem .4rem .2rem 0}
.verdict,.notes{min-width:0}
.panels{grid-template-columns:repeat(3,1fr)}
";
