//! The report on a terminal: the answer, the doctor's findings, the table, what the numbers mean.
//!
//! Fits 80 columns and uses wider ones. Everything that colour says is also said by a word or a
//! sign, so nothing is lost when it is off. Labels come from the user's files: control characters
//! in them are shown, never sent to the terminal.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width,
};
use ocean_engine::inference::verdict::Verdict;
use unicode_width::UnicodeWidthStr;

use crate::comparing;
use crate::escape::steers;
use crate::model::{CellResult, Finding, Severity, StudyResults};
use crate::numbers::count;
use crate::table::{Column, Kind, columns};
use crate::tested;
use crate::wording;

/// Where the report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns of text; at least 40 are used.
    pub width: u16,
    /// Whether colours and bold may be used.
    pub is_coloured: bool,
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
        let parts = parts.map(|cells| lines_of(results, &cells, &columns));
        let table = draw(&headings(&columns), parts, screen);
        blocks.push(format!("{}\n{table}", caption(results)));
    }
    blocks.extend(tested::brief(results).map(|shown| below_each_other(&shown, screen)));
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
    let folds = wording::plural(results.folds as usize, "fold");
    parts.push(match &results.fold_column {
        None => folds,
        Some(column) => format!("{folds} by {}", visible(column)),
    });
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
    let mut columns = columns(results, cells);
    let widths = widths(&headings(&columns), &lines_of(results, cells, &columns));
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|&at| columns[at].rank);
    let room = usize::from(screen.width);
    let (mut used, mut least, mut shown) = (0, 0, Vec::new());
    for at in by_rank {
        let needed = widths[at].natural + GAP;
        if columns[at].rank == 0 || used + needed <= room {
            used += needed;
            least += widths[at].least(columns[at].kind) + GAP;
            shown.push(columns[at].heading);
        }
    }
    // Before words are cut, p goes: what is claimed rests on p_fwer.
    if shown.contains(&"p_fwer") && least > room + GAP {
        shown.retain(|heading| *heading != "p");
    }
    columns.retain(|column| shown.contains(&column.heading));
    columns
}

fn headings(columns: &[Column]) -> Vec<(&'static str, Kind)> {
    let heading = |column: &Column| (column.heading, column.kind);
    columns.iter().map(heading).collect()
}

/// How a text stands out.
type Mark = fn(Cell) -> Cell;

/// A row of a table: its texts as they may be shown, and how one of them stands out.
struct Line {
    texts: Vec<String>,
    marked: Option<(usize, Mark)>,
}

/// A line a cell, its verdict marked.
fn lines_of(results: &StudyResults, cells: &[&CellResult], columns: &[Column]) -> Vec<Line> {
    let verdict = columns
        .iter()
        .position(|column| column.kind == Kind::Verdict);
    let mark = |cell: &CellResult| -> Option<Mark> {
        if cell.verdict == Some(Verdict::Predictive) {
            Some(|drawn| drawn.fg(Color::Green).add_attribute(Attribute::Bold))
        } else if wording::is_significant(cell, results) {
            Some(|drawn| drawn.fg(Color::Cyan))
        } else {
            None
        }
    };
    let line = |cell: &&CellResult| Line {
        texts: columns
            .iter()
            .map(|column| visible(&column.text(cell)))
            .collect(),
        marked: verdict.zip(mark(cell)),
    };
    cells.iter().map(line).collect()
}

/// What a column asks for, in columns of text.
struct Wanted {
    /// When nothing is wrapped.
    natural: usize,
    /// When labels are broken between words.
    words: usize,
}

impl Wanted {
    /// What it takes when nothing is cut: digits are never broken over lines.
    fn least(&self, kind: Kind) -> usize {
        match kind {
            Kind::Number => self.natural,
            _ => self.words,
        }
    }
}

/// What each column asks for.
fn widths(headings: &[(&'static str, Kind)], lines: &[Line]) -> Vec<Wanted> {
    let of_column = |(at, (heading, _)): (usize, &(&'static str, Kind))| {
        let texts = lines.iter().map(|line| line.texts[at].as_str());
        let texts: Vec<&str> = texts.chain([*heading]).collect();
        let widest = texts.iter().map(|text| text.width()).max();
        let words = texts.iter().flat_map(|text| words_of(text));
        Wanted {
            natural: widest.unwrap_or(0),
            words: words.map(|word| word.trim_end().width()).max().unwrap_or(0),
        }
    };
    headings.iter().enumerate().map(of_column).collect()
}

/// How a table is laid out.
struct Layout {
    /// Columns of text of each column, without the gap behind it.
    widths: Vec<usize>,
    /// Columns of text between two columns.
    gap: usize,
}

/// The width each column gets: digits all they need, the verdict a word, labels an equal share of
/// the rest, first as far as their words need it, and the verdict what is left. Columns move closer
/// before a word is broken over lines.
fn layout(headings: &[(&'static str, Kind)], wanted: &[Wanted], screen: Screen) -> Layout {
    let kinds: Vec<Kind> = headings.iter().map(|(_, kind)| *kind).collect();
    let least = kinds.iter().zip(wanted);
    let least: usize = least.map(|(kind, wanted)| wanted.least(*kind)).sum();
    let n_gaps = kinds.len().saturating_sub(1);
    let fits = least + GAP * n_gaps <= usize::from(screen.width);
    let gap = if fits { GAP } else { 1 };
    let mut given: Vec<usize> = kinds
        .iter()
        .zip(wanted)
        .map(|(kind, wanted)| match kind {
            Kind::Number => wanted.natural,
            Kind::Verdict => wanted.words,
            Kind::Label | Kind::Notes => wanted.natural.min(LEAST_LABEL),
        })
        .collect();
    let mut room =
        usize::from(screen.width).saturating_sub(given.iter().sum::<usize>() + gap * n_gaps);
    let mut grow = |growing: &[Kind], goal: fn(&Wanted) -> usize| {
        loop {
            let short: Vec<usize> = (0..kinds.len())
                .filter(|&i| growing.contains(&kinds[i]) && given[i] < goal(&wanted[i]))
                .take(room)
                .collect();
            if short.is_empty() {
                break;
            }
            room -= short.len();
            short.into_iter().for_each(|i| given[i] += 1);
        }
    };
    let labels = [Kind::Label, Kind::Notes];
    grow(&labels, |wanted| wanted.words);
    grow(&labels, |wanted| wanted.natural);
    grow(&[Kind::Verdict], |wanted| wanted.natural);
    Layout { widths: given, gap }
}

/// Columns of text a label keeps on the narrowest screen.
const LEAST_LABEL: usize = 5;

/// Columns of text between two columns, where there is room.
const GAP: usize = 2;

/// A table. Its parts, such as the family and the controls, are parted by an empty line.
fn draw(headings: &[(&'static str, Kind)], parts: [Vec<Line>; 2], screen: Screen) -> String {
    let n_first = parts[0].len();
    let lines = parts.into_iter().flatten().collect::<Vec<_>>();
    let layout = layout(headings, &widths(headings, &lines), screen);
    let mut table = empty_table(headings, &layout, screen);
    for (place, line) in lines.into_iter().enumerate() {
        if place == n_first && place > 0 {
            table.add_row([""]);
        }
        let texts = line.texts.into_iter().zip(headings).zip(&layout.widths);
        let row = texts.enumerate().map(|(at, ((text, (_, kind)), width))| {
            let drawn = aligned(Cell::new(in_lines(&text, *kind, *width)), *kind);
            match line.marked {
                Some((marked, mark)) if marked == at => mark(drawn),
                _ => drawn,
            }
        });
        table.add_row(row.collect::<Vec<Cell>>());
    }
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

/// Differences between recipes, where any were made.
fn differences(results: &StudyResults, screen: Screen) -> Option<String> {
    let shown = comparing::brief(results)?;
    Some(below_each_other(&shown, screen))
}

/// A table, and what is to be said below it.
fn below_each_other(shown: &comparing::Table, screen: Screen) -> String {
    let bold: Mark = |drawn| drawn.add_attribute(Attribute::Bold);
    let lines = shown.rows.iter().map(|(texts, is_significant)| Line {
        texts: texts.iter().map(|text| visible(text)).collect(),
        marked: is_significant.then_some((0, bold)),
    });
    let drawn = draw(&shown.headings, [lines.collect(), Vec::new()], screen);
    if shown.below.is_empty() {
        return drawn;
    }
    format!(
        "{drawn}\n{}",
        wrap(&visible(&shown.below), screen.width, "")
    )
}

fn empty_table(headings: &[(&'static str, Kind)], layout: &Layout, screen: Screen) -> Table {
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
    table.set_header(
        headings.iter().map(|(heading, kind)| {
            aligned(Cell::new(heading), *kind).add_attribute(Attribute::Dim)
        }),
    );
    table
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

/// A label broken where its words are: behind a space, `_`, `-`, `.` or `/`. A word that is wider
/// than its column is left for the table to cut.
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

/// Text of one line that cannot steer the terminal; a minus sign becomes the one a shell
/// understands.
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

/// Breaks text at spaces so that no line is wider than `width`; lines after the first begin with
/// `indent`. Longer words are broken anywhere.
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
