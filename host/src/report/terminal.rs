//! The report on a terminal: the answer, the doctor's findings, the table, what the numbers mean.
//!
//! Fits 80 columns and uses wider ones. Everything that colour says is also said by a word or a sign, so nothing is lost when it is off.
//! Labels come from the user's files: control characters in them are shown, never sent to the terminal.

use std::io::IsTerminal;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Table, Width,
};
use unicode_width::UnicodeWidthStr;

use super::comparing;
use super::escape::steers;
use super::model::{CellResult, Finding, Severity, StudyResults};
use super::numbers::count;
use super::table::{Column, Kind, columns};
use super::wording;
use crate::platform;

/// Where the report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns of text; at least 40 are used.
    pub width: u16,
    /// Whether colours and bold may be used.
    pub is_coloured: bool,
}

impl Screen {
    /// The screen behind standard output: its own width, else `COLUMNS`, else 80; colours when it is a terminal that knows them and
    /// `NO_COLOR` is unset or empty.
    pub fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        Self {
            width: platform::terminal_width().or_else(columns).unwrap_or(80),
            is_coloured: stdout.is_terminal() && !is_dumb && !is_set("NO_COLOR"),
        }
    }
}

/// The whole report as text, ending in a newline.
pub fn render(results: &StudyResults, screen: Screen) -> String {
    let screen = Screen {
        width: screen.width.max(40),
        ..screen
    };
    let mut blocks = vec![paint(
        &wrap(&visible(&wording::answer(results)), screen.width, ""),
        Style::Strong,
        screen,
    )];
    blocks.extend(findings(results, screen));
    blocks.extend(failed(results, screen));
    let parts = [wording::family(results), wording::controls(results)];
    let columns = columns_that_fit(results, &parts.concat(), screen);
    if !results.cells.is_empty() {
        blocks.push(format!(
            "{}\n{}",
            caption(results),
            draw(results, &parts, &columns, screen)
        ));
    }
    blocks.extend(differences(results, screen));
    blocks.push(how_to_read(results, &columns, screen));
    blocks.join("\n\n") + "\n"
}

fn caption(results: &StudyResults) -> String {
    let mut parts = vec![visible(&results.study)];
    if let [only] = results.regressors.as_slice() {
        parts.push(visible(&only.name));
    }
    parts.push(format!("{} rows", count(results.data.n_rows)));
    parts.push(wording::plural(results.folds as usize, "fold"));
    if results.repeats > 1 {
        parts.push(wording::plural(results.repeats as usize, "repeat"));
    }
    parts.push(format!("seed {}", results.seed));
    parts.join(" · ")
}

fn findings(results: &StudyResults, screen: Screen) -> Option<String> {
    let texts: Vec<String> = wording::worst_first(results)
        .into_iter()
        .map(|finding| show_finding(finding, screen))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn show_finding(finding: &Finding, screen: Screen) -> String {
    let (sign, style) = match finding.severity {
        Severity::Serious => ("✗ serious", Style::Serious),
        Severity::Warning => ("! warning", Style::Warning),
        Severity::Note => ("· note", Style::Quiet),
    };
    let about = wording::about(finding)
        .map(|about| format!("{about}: "))
        .unwrap_or_default();
    let text = format!(
        "{about}{} → {}",
        wording::said(finding),
        wording::remedy(finding)
    );
    let body = wrap(&visible(&format!("{sign}: {text}")), screen.width, "    ");
    // Only the sign is coloured: the wrapping above must not count escape sequences.
    body.replacen(sign, &paint(sign, style, screen), 1)
}

fn failed(results: &StudyResults, screen: Screen) -> Option<String> {
    let lines: Vec<String> = results
        .failed
        .iter()
        .map(|cell| {
            let text = format!(
                "✗ no result: {} × {} × {}: {}",
                cell.encoder, cell.regressor, cell.target, cell.reason
            );
            wrap(&visible(&text), screen.width, "    ")
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// As many columns as the screen has room for: the essential ones, then what matters most.
fn columns_that_fit<'r>(
    results: &'r StudyResults,
    cells: &[&CellResult],
    screen: Screen,
) -> Vec<Column<'r>> {
    let mut by_rank: Vec<(usize, Column)> =
        columns(results, cells).into_iter().enumerate().collect();
    by_rank.sort_by_key(|(_, column)| column.rank);
    let mut used = 0;
    let mut shown: Vec<(usize, Column)> = Vec::new();
    for (place, column) in by_rank {
        let needed = natural_width(&column, cells) + GAP;
        if column.rank == 0 || used + needed <= usize::from(screen.width) {
            used += needed;
            shown.push((place, column));
        }
    }
    shown.sort_by_key(|(place, _)| *place);
    let mut columns: Vec<Column> = shown.into_iter().map(|(_, column)| column).collect();
    // Before words are cut, p goes: what is claimed rests on p_fwer.
    let has_fwer = columns.iter().any(|column| column.heading == "p_fwer");
    let least = least_width(&columns, cells) + GAP * columns.len().saturating_sub(1);
    if has_fwer && least > usize::from(screen.width) {
        columns.retain(|column| column.heading != "p");
    }
    columns
}

/// Columns of text that a table takes whose labels are broken between words and nowhere else, without gaps.
fn least_width(columns: &[Column], cells: &[&CellResult]) -> usize {
    let of_column = |column: &Column| match column.kind {
        Kind::Number => natural_width(column, cells),
        _ => label_width(column, cells),
    };
    columns.iter().map(of_column).sum()
}

/// The widest word of a column.
fn label_width(column: &Column, cells: &[&CellResult]) -> usize {
    let texts = cells.iter().map(|cell| visible(&column.text(cell)));
    widest_word(texts.chain([column.heading.to_owned()]))
}

/// Columns of text a column takes when nothing is wrapped.
fn natural_width(column: &Column, cells: &[&CellResult]) -> usize {
    let widest = cells
        .iter()
        .map(|cell| visible(&column.text(cell)).width())
        .max();
    widest.unwrap_or(0).max(column.heading.width())
}

/// How a table is laid out.
struct Layout {
    /// Columns of text of each column, without the gap behind it.
    widths: Vec<usize>,
    /// Columns of text between two columns.
    gap: usize,
}

/// The width each column gets: digits all they need, the verdict a word, labels an equal share of the rest, first as far as their words need it, and the
/// verdict what is left. Digits are never broken over lines, and columns move closer before a word is. `natural`: widths when nothing is wrapped; `words`: when
/// labels are broken between words.
fn layout(kinds: &[Kind], natural: &[usize], words: &[usize], screen: Screen) -> Layout {
    let least: usize = (0..kinds.len())
        .map(|i| match kinds[i] {
            Kind::Number => natural[i],
            _ => words[i],
        })
        .sum();
    let n_gaps = kinds.len().saturating_sub(1);
    let fits = least + GAP * n_gaps <= usize::from(screen.width);
    let gap = if fits { GAP } else { 1 };
    let mut given: Vec<usize> = kinds
        .iter()
        .zip(natural.iter().zip(words))
        .map(|(kind, (natural, words))| match kind {
            Kind::Number => *natural,
            Kind::Verdict => *words,
            Kind::Label | Kind::Notes => (*natural).min(LEAST_LABEL),
        })
        .collect();
    let mut room =
        usize::from(screen.width).saturating_sub(given.iter().sum::<usize>() + gap * n_gaps);
    let labels = [Kind::Label, Kind::Notes];
    for (growing, wanted) in [
        (labels, words),
        (labels, natural),
        ([Kind::Verdict, Kind::Verdict], natural),
    ] {
        loop {
            let short: Vec<usize> = (0..kinds.len())
                .filter(|&i| growing.contains(&kinds[i]) && given[i] < wanted[i])
                .take(room)
                .collect();
            if short.is_empty() {
                break;
            }
            room -= short.len();
            short.into_iter().for_each(|i| given[i] += 1);
        }
    }
    Layout { widths: given, gap }
}

/// Columns of text a label keeps on the narrowest screen.
const LEAST_LABEL: usize = 5;

/// Columns of text between two columns, where there is room.
const GAP: usize = 2;

/// The table. `parts`, the family and the controls, are parted by an empty line.
fn draw(
    results: &StudyResults,
    parts: &[Vec<&CellResult>],
    columns: &[Column],
    screen: Screen,
) -> String {
    let headings = columns.iter().map(|column| (column.heading, column.kind));
    let cells = parts.concat();
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    let natural: Vec<usize> = columns
        .iter()
        .map(|column| natural_width(column, &cells))
        .collect();
    let words: Vec<usize> = columns
        .iter()
        .map(|column| label_width(column, &cells))
        .collect();
    let layout = layout(&kinds, &natural, &words, screen);
    let mut table = empty_table(headings, &layout, screen);
    for (place, part) in parts.iter().filter(|part| !part.is_empty()).enumerate() {
        if place > 0 {
            table.add_row([""]);
        }
        for cell in part {
            let row: Vec<Cell> = columns
                .iter()
                .zip(&layout.widths)
                .map(|(column, width)| styled(column, cell, results, *width))
                .collect();
            table.add_row(Row::from(row));
        }
    }
    lines_of(table, &layout)
}

/// Differences between recipes, where any were made.
fn differences(results: &StudyResults, screen: Screen) -> Option<String> {
    let shown = comparing::brief(results)?;
    let kinds: Vec<Kind> = shown.headings.iter().map(|(_, kind)| *kind).collect();
    let mut natural: Vec<usize> = shown
        .headings
        .iter()
        .map(|(heading, _)| heading.width())
        .collect();
    for (texts, _) in &shown.rows {
        for (natural, text) in natural.iter_mut().zip(texts) {
            *natural = (*natural).max(visible(text).width());
        }
    }
    let words: Vec<usize> = (0..kinds.len())
        .map(|at| {
            let texts = shown.rows.iter().map(|(texts, _)| visible(&texts[at]));
            widest_word(texts.chain([shown.headings[at].0.to_owned()]))
        })
        .collect();
    let layout = layout(&kinds, &natural, &words, screen);
    let mut table = empty_table(shown.headings.iter().copied(), &layout, screen);
    for (texts, is_significant) in &shown.rows {
        let mut row = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let text = in_lines(&visible(text), kinds[at], layout.widths[at]);
            let cell = aligned(Cell::new(text), kinds[at]);
            row.push(if at == 0 && *is_significant {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            });
        }
        table.add_row(row);
    }
    let drawn = lines_of(table, &layout);
    if shown.below.is_empty() {
        return Some(drawn);
    }
    Some(format!(
        "{drawn}\n{}",
        wrap(&visible(&shown.below), screen.width, "")
    ))
}

fn empty_table(
    headings: impl Iterator<Item = (&'static str, Kind)>,
    layout: &Layout,
    screen: Screen,
) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        // The last column needs no gap behind it, and gets one.
        .set_width(screen.width + layout.gap as u16);
    if screen.is_coloured {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
        .set_header(headings.map(|(heading, kind)| {
            aligned(Cell::new(heading), kind).add_attribute(Attribute::Dim)
        }));
    table
}

fn lines_of(mut table: Table, layout: &Layout) -> String {
    for (&width, drawn) in layout.widths.iter().zip(table.column_iter_mut()) {
        drawn.set_padding((0, layout.gap as u16));
        let width = (width + layout.gap) as u16;
        drawn.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

fn aligned(cell: Cell, kind: Kind) -> Cell {
    match kind {
        Kind::Number => cell.set_alignment(CellAlignment::Right),
        _ => cell,
    }
}

/// The words of a label, each with what stands behind it.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '_', '-', '.', '/'])
}

/// Columns of text that the widest word of `texts` takes.
fn widest_word(texts: impl Iterator<Item = String>) -> usize {
    let widest = texts.filter_map(|text| words_of(&text).map(|word| word.trim_end().width()).max());
    widest.max().unwrap_or(0)
}

/// A label broken where its words are: behind a space, `_`, `-`, `.` or `/`. A word that is wider than its column is left for the table to cut.
fn in_lines(text: &str, kind: Kind, width: usize) -> String {
    if kind != Kind::Label || text.width() <= width {
        return text.to_owned();
    }
    let mut lines = vec![String::new()];
    for word in words_of(text) {
        let is_full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.width() + word.trim_end().width() > width);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn styled(column: &Column, cell: &CellResult, results: &StudyResults, width: usize) -> Cell {
    let text = in_lines(&visible(&column.text(cell)), column.kind, width);
    let drawn = aligned(Cell::new(text), column.kind);
    match column.kind {
        Kind::Verdict if cell.verdict == "predictive" => {
            drawn.fg(Color::Green).add_attribute(Attribute::Bold)
        }
        Kind::Verdict if wording::is_significant(cell, results) => drawn.fg(Color::Cyan),
        _ => drawn,
    }
}

/// The explanations, without those of columns that are not shown.
fn how_to_read(results: &StudyResults, shown: &[Column], screen: Screen) -> String {
    let parts = [wording::family(results), wording::controls(results)].concat();
    let hidden: Vec<&str> = columns(results, &parts)
        .iter()
        .map(|column| column.heading)
        .filter(|heading| shown.iter().all(|column| column.heading != *heading))
        .chain([comparing::P_CORRECTED])
        .collect();
    wording::how_to_read(results)
        .into_iter()
        .filter(|(term, _)| !hidden.contains(&term.as_str()))
        .map(|(term, text)| {
            let body = wrap(&visible(&format!("{term}: {text}")), screen.width, "    ");
            body.replacen(&term, &paint(&term, Style::Strong, screen), 1)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[derive(Clone, Copy)]
enum Style {
    Strong,
    Serious,
    Warning,
    Quiet,
}

fn paint(text: &str, style: Style, screen: Screen) -> String {
    let code = match style {
        Style::Strong => "1",
        Style::Serious => "1;31",
        Style::Warning => "33",
        Style::Quiet => "2",
    };
    if screen.is_coloured {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// Text of one line that cannot steer the terminal; a minus sign becomes the one a shell understands.
fn visible(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut shown, c| {
            match c {
                '−' => shown.push('-'),
                c if steers(c) => shown.extend(c.escape_unicode()),
                c => shown.push(c),
            }
            shown
        })
}

/// Breaks text at spaces so that no line is wider than `width`; lines after the first begin with `indent`. Longer words are broken anywhere.
fn wrap(text: &str, width: u16, indent: &str) -> String {
    let width = usize::from(width);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        for piece in pieces(word, width - indent.width()) {
            if !line.is_empty() && line.width() + 1 + piece.width() > width {
                lines.push(std::mem::replace(&mut line, format!("{indent}{piece}")));
            } else {
                line.push_str(if line.is_empty() { "" } else { " " });
                line.push_str(&piece);
            }
        }
    }
    lines.push(line);
    lines.join("\n")
}

/// A word in pieces of at most `width` columns.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let full = pieces
            .last()
            .is_some_and(|piece| piece.width() + c.to_string().width() > width);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}
