//! The parts of the page that are sentences: findings, how to read it, what was run, what goes into
//! a paper.

use super::Section;
use super::tables::{listing_table, table_with_below};
use crate::escape::xml;
use crate::methods;
use crate::methods::apa;
use crate::model::{Finding, Severity, StudyResults};
use crate::ordered;
use crate::plot;
use crate::run;
use crate::subgroups;
use crate::tested;
use crate::what_now;
use crate::wording;
use crate::words;

/// What may change the reading of the numbers, before the numbers; what only explains them comes
/// after them.
pub(super) fn warnings(results: &StudyResults) -> Option<Section> {
    let (warnings, notes) = wording::worst_first(results)
        .into_iter()
        .partition::<Vec<_>, _>(|finding| finding.severity != Severity::Note);
    let below = match (warnings.is_empty(), notes.len()) {
        (true, 0) => return None,
        (false, 0) => String::new(),
        (true, n) => format!(
            "<p>Nothing to warn of. <a href=\"#notes\">{}</a> further down.</p>\n",
            wording::plural(n, "note")
        ),
        (false, n) => format!(
            "<p><a href=\"#notes\">{}</a> further down.</p>\n",
            wording::plural(n, "note")
        ),
    };
    Some(Section {
        id: "doctor",
        title: "What the doctor saw",
        body: finding_list(&warnings) + &below,
    })
}

pub(super) fn notes(results: &StudyResults) -> Option<Section> {
    let mut notes = wording::worst_first(results);
    notes.retain(|finding| finding.severity == Severity::Note);
    (!notes.is_empty()).then(|| Section {
        id: "notes",
        title: "Notes of the doctor",
        body: finding_list(&notes),
    })
}

/// The models on a test sample.
pub(super) fn tested(results: &StudyResults) -> Option<Section> {
    let table = tested::table(results)?;
    Some(Section {
        id: "tested",
        title: "On the test sample",
        body: table_with_below(&table, "The model of each cell on the test rows"),
    })
}

/// Targets of two values and of few steps.
pub(super) fn in_order(results: &StudyResults) -> Option<Section> {
    let tables = ordered::tables(results);
    let bodies = tables
        .iter()
        .map(|(title, table)| table_with_below(table, title));
    (!tables.is_empty()).then(|| Section {
        id: "order",
        title: "In the right order?",
        body: bodies.collect(),
    })
}

/// Who is predicted how well.
pub(super) fn subgroups(results: &StudyResults) -> Option<Section> {
    let tables = subgroups::tables(results);
    let bodies = tables
        .iter()
        .map(|(column, table)| table_with_below(table, &format!("By {column}")));
    let sites: String = plot::sites(results)
        .iter()
        .map(|picture| super::figures::wide(picture, ""))
        .collect();
    (!tables.is_empty()).then(|| Section {
        id: "subgroups",
        title: "Who is predicted how well",
        body: sites + &bodies.collect::<String>(),
    })
}

/// The texts with the highest and the lowest predictions.
pub(super) fn texts(results: &StudyResults) -> Option<Section> {
    let tables = words::texts(results);
    let bodies = tables
        .iter()
        .map(|(target, table)| table_with_below(table, &format!("Texts: {target}")));
    (!tables.is_empty()).then(|| Section {
        id: "texts",
        title: "Which texts",
        body: bodies.collect(),
    })
}

fn finding_list(findings: &[&Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let items: Vec<String> = findings
        .iter()
        .map(|finding| finding_item(finding))
        .collect();
    format!("<ul class=\"findings\">\n{}</ul>\n", items.concat())
}

fn finding_item(finding: &Finding) -> String {
    let word = finding.severity.word();
    let class = word.to_lowercase();
    let about = wording::about(finding)
        .map(|about| format!("<span class=\"about\">{}</span>", xml(&about)))
        .unwrap_or_default();
    format!(
        "<li class=\"{class}\"><p><strong class=\"badge\">{word}</strong> {about}</p><p>{}</p><p class=\"try\">{}</p></li>\n",
        xml(&wording::said(finding)),
        xml(&wording::remedy(finding))
    )
}

pub(super) fn failed(results: &StudyResults) -> Option<Section> {
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

pub(super) fn how_to_read(results: &StudyResults) -> Section {
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

pub(super) fn what_was_run(results: &StudyResults) -> Section {
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

pub(super) fn for_a_paper(results: &StudyResults) -> Section {
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
    let table = apa::table(results).map_or_else(String::new, |table| {
        format!(
            "<div class=\"wide\" role=\"region\" aria-label=\"Table for a paper\" tabindex=\"0\">\n{}</div>\n<p class=\"about\">To paste: <code>table.html</code> for word processors, <code>table.tex</code> for LaTeX.</p>\n",
            table.html()
        )
    });
    Section {
        id: "paper",
        title: "For a paper",
        body: format!(
            "<h3>Method</h3>\n<p>{}</p>\n<h3>Results</h3>\n<p>{}</p>\n{table}<h3>References</h3>\n<ul class=\"references\">\n{}</ul>\n",
            xml(&methods.method),
            xml(&methods.results),
            references.concat()
        ),
    }
}

pub(super) fn how_to_cite(results: &StudyResults) -> Section {
    let data: Vec<String> = results
        .data
        .hashes
        .iter()
        .map(|(file, hash)| {
            format!(
                "<li>{}: BLAKE3 <code>{}</code></li>\n",
                xml(file),
                xml(hash)
            )
        })
        .collect();
    let data = if data.is_empty() {
        String::new()
    } else {
        format!(
            "<p>Data, so that others can tell whether theirs are the same (a hash of the rows in the order of their ids; those of the files are in <code>provenance.json</code>):</p>\n<ul>\n{}</ul>\n",
            data.concat()
        )
    };
    Section {
        id: "cite",
        title: "How to cite",
        body: format!(
            "<p>{}</p>\n{data}<p>Versions, hashes of plugins and models, dropped rows and the whole plan are in <code>provenance.json</code>; the same plan, data and seed give the same numbers to the last digit.</p>\n",
            xml(&wording::citation(results))
        ),
    }
}

/// What to do next.
pub(super) fn what_now(results: &StudyResults) -> Option<Section> {
    let steps = what_now::steps(results);
    let items: Vec<String> = steps
        .iter()
        .map(|step| {
            let command = step.command.as_ref().map_or(String::new(), |command| {
                format!("<p><code>{}</code></p>", xml(command))
            });
            format!("<li><p>{}</p>{command}</li>\n", xml(&step.text))
        })
        .collect();
    (!items.is_empty()).then(|| Section {
        id: "next",
        title: "What now?",
        body: format!("<ul>\n{}</ul>\n", items.concat()),
    })
}
