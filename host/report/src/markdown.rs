//! `report.md`: the whole report as GitHub renders it.

use crate::comparing;
use crate::escape::markdown as escaped;
use crate::methods;
use crate::model::{CellResult, Finding, StudyResults};
use crate::ordered;
use crate::plot;
use crate::run;
use crate::subgroups;
use crate::table::{Kind, columns};
use crate::tested;
use crate::what_now;
use crate::wording;
use crate::words;

/// The report as Markdown, ending in a newline.
pub fn render(results: &StudyResults) -> String {
    let mut blocks = vec![
        format!("# {}", escaped(&results.study)),
        format!("**{}**", escaped(&wording::answer(results))),
    ];
    blocks.extend(findings(results));
    blocks.extend(cells("Results", &wording::family(results), results));
    blocks.extend(failed(results));
    blocks.extend(in_order(results));
    blocks.extend(on_test_sample(results));
    blocks.extend(differences(results));
    blocks.extend(by_column(results));
    blocks.extend(which_words(results));
    blocks.extend(cells(
        "Controls, outside the family",
        &wording::controls(results),
        results,
    ));
    blocks.extend(figures(results));
    blocks.push(how_to_read(results));
    blocks.push(what_was_run(results));
    blocks.extend(for_a_paper(results));
    blocks.extend(what_now(results));
    blocks.join("\n\n") + "\n"
}

/// The pictures of the whole study; those of single cells are in `plots/`.
fn figures(results: &StudyResults) -> Option<String> {
    if results.cells.is_empty() {
        return None;
    }
    let pictures = [
        Some(plot::forest(results)),
        plot::heatmap(results),
        plot::differences(results),
        plot::folds(results),
    ];
    let lines: Vec<String> = pictures
        .into_iter()
        .flatten()
        .map(|picture| format!("![{}](plots/{}.svg)", escaped(&picture.title), picture.name))
        .collect();
    Some(format!(
        "## Pictures\n\n{}\n\nThe folder `plots` has more: each cell against chance, and a closer look at one recipe a target.",
        lines.join("\n\n")
    ))
}

fn findings(results: &StudyResults) -> Option<String> {
    let lines: Vec<String> = wording::worst_first(results)
        .into_iter()
        .map(finding_line)
        .collect();
    (!lines.is_empty()).then(|| format!("## What the doctor saw\n\n{}", lines.join("\n")))
}

fn finding_line(finding: &Finding) -> String {
    let severity = finding.severity.word();
    let about = wording::about(finding)
        .map(|about| format!(" ({})", escaped(&about)))
        .unwrap_or_default();
    format!(
        "- **{severity}**{about}: {} *Try:* {}",
        escaped(&wording::said(finding)),
        escaped(&wording::remedy(finding))
    )
}

fn cells(title: &str, cells: &[&CellResult], results: &StudyResults) -> Option<String> {
    if cells.is_empty() {
        return None;
    }
    let columns = columns(results, cells);
    let headings = columns.iter().map(|column| (column.heading, column.kind));
    let headings: Vec<_> = headings.collect();
    let rows = cells.iter().map(|cell| {
        columns
            .iter()
            .map(|column| column.text(cell))
            .collect::<Vec<_>>()
    });
    Some(format!("## {title}\n\n{}", table(&headings, rows)))
}

fn differences(results: &StudyResults) -> Option<String> {
    let shown = comparing::full(results)?;
    let rows = shown.rows.into_iter().map(|(texts, _)| texts);
    let mut blocks = vec![
        "## Which is better?".to_owned(),
        table(&shown.headings, rows),
        escaped(&shown.below),
    ];
    blocks.retain(|block| !block.is_empty());
    Some(blocks.join("\n\n"))
}

fn on_test_sample(results: &StudyResults) -> Option<String> {
    let shown = tested::table(results)?;
    let rows = shown.rows.into_iter().map(|(texts, _)| texts);
    let title = "## On the test sample".to_owned();
    let table = table(&shown.headings, rows);
    Some([title, table, escaped(&shown.below)].join("\n\n"))
}

fn by_column(results: &StudyResults) -> Vec<String> {
    titled_each("By", subgroups::tables(results)).collect()
}

fn in_order(results: &StudyResults) -> Vec<String> {
    let tables = ordered::tables(results).into_iter();
    tables
        .flat_map(|(title, shown)| titled(title, shown))
        .collect()
}

fn which_words(results: &StudyResults) -> Vec<String> {
    let words = titled_each("Words:", words::tables(results));
    let said = words::explanation(results).map(|text| escaped(&text));
    let texts = titled_each("Texts:", words::texts(results));
    words.chain(said).chain(texts).collect()
}

/// Tables, each under what it is and whose.
fn titled_each(
    what: &str,
    tables: Vec<(String, comparing::Table)>,
) -> impl Iterator<Item = String> + '_ {
    let tables = tables.into_iter();
    tables.flat_map(move |(name, shown)| titled(&format!("{what} {}", escaped(&name)), shown))
}

/// A table under its title.
fn titled(title: &str, shown: comparing::Table) -> [String; 3] {
    let rows = shown.rows.into_iter().map(|(texts, _)| texts);
    let table = table(&shown.headings, rows);
    [format!("## {title}"), table, escaped(&shown.below)]
}

/// A table, numbers flush right.
fn table(headings: &[(&str, Kind)], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |fields: Vec<String>| format!("| {} |", fields.join(" | "));
    let rule = |(_, kind): &(&str, Kind)| match kind {
        Kind::Number => "--:".to_owned(),
        _ => "---".to_owned(),
    };
    let heads = headings.iter().map(|(heading, _)| escaped(heading));
    let mut lines = vec![
        row(heads.collect()),
        row(headings.iter().map(rule).collect()),
    ];
    lines.extend(rows.map(|fields| row(fields.iter().map(|field| escaped(field)).collect())));
    lines.join("\n")
}

fn failed(results: &StudyResults) -> Option<String> {
    let lines: Vec<String> = results
        .failed
        .iter()
        .map(|cell| {
            let names = [&cell.encoder, &cell.regressor, &cell.target]
                .map(|name| escaped(name))
                .join(" × ");
            format!("- {names}: {}", escaped(&cell.reason))
        })
        .collect();
    (!lines.is_empty()).then(|| format!("## Cells without a result\n\n{}", lines.join("\n")))
}

fn how_to_read(results: &StudyResults) -> String {
    let lines: Vec<String> = wording::how_to_read(results)
        .into_iter()
        .map(|(term, text)| format!("- **{}**: {}", escaped(&term), escaped(&text)))
        .collect();
    format!(
        "## How to read this\n\n{}\n\n{}",
        lines.join("\n"),
        wording::NO_VERDICT_SAYS
    )
}

fn what_was_run(results: &StudyResults) -> String {
    let settings = run::settings(results)
        .into_iter()
        .map(|(what, how)| vec![what.to_owned(), how]);
    let mut blocks = vec![
        "## What was run".to_owned(),
        table(
            &[("setting", Kind::Label), ("value", Kind::Label)],
            settings,
        ),
    ];
    for listing in run::listings(results) {
        let headings: Vec<_> = listing
            .headings
            .iter()
            .map(|heading| (*heading, Kind::Label))
            .collect();
        blocks.push(table(&headings, listing.rows.into_iter()));
    }
    blocks.join("\n\n")
}

fn for_a_paper(results: &StudyResults) -> Vec<String> {
    let methods = methods::methods(results);
    let references: Vec<String> = methods
        .references
        .iter()
        .map(|reference| match reference.doi {
            Some(doi) => format!("- {} <https://doi.org/{doi}>", escaped(reference.text)),
            None => format!("- {}", escaped(reference.text)),
        })
        .collect();
    vec![
        "## For a paper".to_owned(),
        escaped(&methods.method),
        escaped(&methods.results),
        references.join("\n"),
    ]
}

fn what_now(results: &StudyResults) -> Option<String> {
    let lines: Vec<String> = what_now::steps(results)
        .into_iter()
        .map(|step| match step.command {
            Some(command) => format!("- {} `{command}`", escaped(&step.text)),
            None => format!("- {}", escaped(&step.text)),
        })
        .collect();
    (!lines.is_empty()).then(|| format!("## What now?\n\n{}", lines.join("\n")))
}
