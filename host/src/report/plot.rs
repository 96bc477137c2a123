//! The pictures: r2 of every cell against chance, and each cell's null with the observed r2 in it.
//!
//! One visual language: a grey band or bar is what chance does, a filled diamond in colour is significant over the family, a hollow circle is not,
//! a cross is an empty model, a small square a control. Shape carries the meaning, colour only repeats it.

use super::model::{CellResult, StudyResults};
use super::numbers::{interval, p_in_sentence, score};
use super::svg::{Anchor, Svg, cut, text_width};
use super::wording::{controls, family, is_significant};

/// A picture with its name for files, its title and a description for those who cannot see it.
pub struct Picture {
    /// File name without folder and suffix.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What is to be seen.
    pub description: String,
    /// The drawing.
    pub svg: Svg,
}

impl Picture {
    /// For the report's page.
    pub fn inline(&self) -> String {
        self.svg.inline(&self.name, &self.title, &self.description)
    }

    /// For `plots/`.
    pub fn file(&self) -> String {
        self.svg.file(&self.title, &self.description)
    }
}

/// A straight axis from values to pixels.
struct Axis {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

impl Axis {
    /// Around the values and 0, with a little air.
    fn around(values: impl Iterator<Item = f64>, left: f64, right: f64) -> Self {
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        let air = ((high - low) * 0.05).max(0.005);
        Self {
            low: low - air,
            high: high + air,
            left,
            right,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn is_beyond(&self, value: f64) -> bool {
        value < self.low || value > self.high
    }

    /// Round values, about `n` of them.
    fn ticks(&self, n: f64) -> Vec<f64> {
        let raw = (self.high - self.low) / n;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * power)
            .into_iter()
            .find(|step| *step >= raw)
            .unwrap_or(raw);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// A tick's label: `0`, `.2`, `−.05`.
fn tick_label(value: f64) -> String {
    let text = score(value);
    let text = if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if text.is_empty() {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

const ROW: f64 = 22.0;
const HEAD: f64 = 30.0;
const LABELS: f64 = 200.0;
const NUMBERS: f64 = 190.0;
const WIDTH: f64 = 800.0;
/// Right edge of the column of r2.
const R2: f64 = WIDTH - NUMBERS + 60.0;

/// r2 of every cell by target, with its interval where there is one and the band that permuted targets fill.
pub fn forest(results: &StudyResults) -> Picture {
    let cells: Vec<&CellResult> = family(results)
        .into_iter()
        .chain(controls(results))
        .collect();
    let axis = axis_of(&cells);
    let groups: Vec<(&str, Vec<&CellResult>)> = by_target(results, &cells);
    let rows: f64 = groups
        .iter()
        .map(|(_, cells)| HEAD + ROW * cells.len() as f64)
        .sum();
    let (top, bottom) = (10.0, 10.0 + rows);
    let mut svg = Svg::new(WIDTH, bottom + 86.0);
    draw_axis(&mut svg, &axis, top, bottom);
    svg.text("quiet", (R2, 16.0), Anchor::End, "r2");
    if cells.iter().any(|cell| cell.ci_low.is_some()) {
        svg.text("quiet", (R2 + 10.0, 16.0), Anchor::Start, "95 % CI");
    }
    let mut y = top;
    for (target, cells) in groups {
        svg.name("head", (0.0, y + HEAD - 9.0), LABELS + 140.0, target);
        y += HEAD;
        for cell in cells {
            forest_row(&mut svg, &axis, y + ROW / 2.0, cell, results);
            y += ROW;
        }
    }
    svg.text(
        "quiet",
        ((axis.left + axis.right) / 2.0, bottom + 36.0),
        Anchor::Middle,
        "r2 on held-out rows; 0 is guessing the training mean",
    );
    legend(&mut svg, &axis, bottom + 66.0, &cells, results);
    Picture {
        name: "forest".to_owned(),
        title: "r2 of every cell".to_owned(),
        description: format!(
            "{} rows, one a cell, by target. {} significant over the family. The numbers are those of the table.",
            cells.len(),
            cells
                .iter()
                .filter(|cell| is_significant(cell, results))
                .count()
        ),
        svg,
    }
}

/// The axis holds everything but values so far below zero that they would flatten the rest; those get an arrow at the edge.
fn axis_of(cells: &[&CellResult]) -> Axis {
    let values = |cell: &&CellResult| {
        let band = cell.null_interval.unwrap_or((0.0, 0.0));
        [
            cell.r2,
            cell.ci_low.unwrap_or(0.0),
            cell.ci_high.unwrap_or(0.0),
            band.0,
            band.1,
        ]
    };
    let all: Vec<f64> = cells.iter().flat_map(values).collect();
    let highest = all.iter().copied().fold(0.1, f64::max);
    Axis::around(
        all.into_iter().map(|x| x.max(-highest)),
        LABELS + 12.0,
        WIDTH - NUMBERS,
    )
}

fn by_target<'a>(
    results: &StudyResults,
    cells: &[&'a CellResult],
) -> Vec<(&'a str, Vec<&'a CellResult>)> {
    let mut groups: Vec<(&str, Vec<&CellResult>)> = Vec::new();
    for cell in cells {
        match groups.iter_mut().find(|(target, _)| *target == cell.target) {
            Some((_, group)) => group.push(cell),
            None => groups.push((&cell.target, vec![cell])),
        }
    }
    groups.sort_by_key(|(name, _)| {
        results
            .targets
            .iter()
            .position(|target| target.name == *name)
    });
    groups
}

fn draw_axis(svg: &mut Svg, axis: &Axis, top: f64, bottom: f64) {
    for tick in axis.ticks(8.0) {
        let x = axis.at(tick);
        svg.line("grid", (x, top), (x, bottom));
        svg.text(
            "quiet",
            (x, bottom + 17.0),
            Anchor::Middle,
            &tick_label(tick),
        );
    }
    svg.line("zero", (axis.at(0.0), top), (axis.at(0.0), bottom + 4.0));
}

fn forest_row(svg: &mut Svg, axis: &Axis, y: f64, cell: &CellResult, results: &StudyResults) {
    let class = class_of(cell, results);
    svg.open_group(&sentence(cell, results));
    let text_class = if cell.is_control { "quiet" } else { "" };
    let label = short_label(cell, results, LABELS - 16.0);
    svg.text(text_class, (12.0, y + 4.0), Anchor::Start, &label);
    if let Some((low, high)) = cell.null_interval {
        let (left, right) = (axis.at(low), axis.at(high));
        svg.rect("band", (left, y - 6.0), ((right - left).max(1.0), 12.0));
    }
    if let Some((low, high)) = cell.ci_low.zip(cell.ci_high) {
        svg.line(
            &format!("range {class}"),
            (axis.at(low), y),
            (axis.at(high), y),
        );
    }
    if axis.is_beyond(cell.r2) {
        arrow(svg, (axis.left, y), class);
    } else {
        mark(svg, (axis.at(cell.r2), y), Mark::of(cell, results));
    }
    svg.text(text_class, (R2, y + 4.0), Anchor::End, &score(cell.r2));
    if let Some(range) = cell.ci_low.zip(cell.ci_high) {
        svg.text(
            "quiet",
            (R2 + 10.0, y + 4.0),
            Anchor::Start,
            &interval(range),
        );
    }
    svg.close_group();
}

fn row_label(cell: &CellResult, results: &StudyResults) -> String {
    format!("{}{}", cell.encoder, label_suffix(cell, results))
}

/// What must stay readable when the encoder's name is cut.
fn label_suffix(cell: &CellResult, results: &StudyResults) -> String {
    let control = if cell.is_control { " (control)" } else { "" };
    if results.regressors.len() > 1 {
        format!("{control} · {}", cell.regressor)
    } else {
        control.to_owned()
    }
}

/// The label of a cell in at most `room` pixels, of which the encoder's name gives way first.
fn short_label(cell: &CellResult, results: &StudyResults, room: f64) -> String {
    let suffix = label_suffix(cell, results);
    let left = (room - text_width(&suffix)).max(room / 3.0);
    cut(&format!("{}{suffix}", cut(&cell.encoder, left)), room)
}

/// Everything a row shows, in words.
fn sentence(cell: &CellResult, results: &StudyResults) -> String {
    let mut text = format!(
        "{}, {}: r2 = {}",
        cell.target,
        row_label(cell, results),
        score(cell.r2)
    );
    if let Some(range) = cell.ci_low.zip(cell.ci_high) {
        text.push_str(&format!(", 95 % CI {}", interval(range)));
    }
    if let Some(p) = cell.p {
        text.push_str(&format!(
            ", p {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    if let Some(p) = cell.p_fwer {
        text.push_str(&format!(
            ", p_fwer {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    if cell.is_control {
        text.push_str("; control");
    } else if !cell.verdict.is_empty() {
        text.push_str(&format!("; {}", cell.verdict));
    }
    text
}

/// What the sign of a cell says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Significant,
    NotSignificant,
    Empty,
    Control,
}

impl Mark {
    fn of(cell: &CellResult, results: &StudyResults) -> Self {
        if cell.is_control {
            Self::Control
        } else if cell.verdict == "no model" {
            Self::Empty
        } else if is_significant(cell, results) {
            Self::Significant
        } else {
            Self::NotSignificant
        }
    }
}

fn class_of(cell: &CellResult, results: &StudyResults) -> &'static str {
    match Mark::of(cell, results) {
        Mark::Significant => "yes",
        Mark::Control => "control",
        _ => "no",
    }
}

fn mark(svg: &mut Svg, (x, y): (f64, f64), mark: Mark) {
    let r = 5.0;
    match mark {
        Mark::Significant => svg.polygon(
            "mark yes",
            &[
                (x, y - r - 1.0),
                (x + r + 1.0, y),
                (x, y + r + 1.0),
                (x - r - 1.0, y),
            ],
        ),
        Mark::NotSignificant => svg.circle("mark", (x, y), r - 0.5),
        Mark::Empty => {
            svg.line("mark", (x - r, y - r), (x + r, y + r));
            svg.line("mark", (x - r, y + r), (x + r, y - r));
        }
        Mark::Control => svg.rect("mark control", (x - 3.0, y - 3.0), (6.0, 6.0)),
    }
}

/// The signs that occur, and the band.
fn legend(svg: &mut Svg, axis: &Axis, y: f64, cells: &[&CellResult], results: &StudyResults) {
    let level = super::numbers::level(results.level);
    let signs = [
        (Mark::Significant, format!("p_fwer ≤ {level}")),
        (Mark::NotSignificant, "not significant".to_owned()),
        (Mark::Empty, "empty model".to_owned()),
        (Mark::Control, "control".to_owned()),
    ];
    let mut x = 12.0;
    for (sign, text) in signs {
        if cells.iter().any(|cell| Mark::of(cell, results) == sign) {
            mark(svg, (x, y - 4.0), sign);
            svg.text("quiet", (x + 12.0, y), Anchor::Start, &text);
            x += text_width(&text) + 44.0;
        }
    }
    if cells.iter().any(|cell| axis.is_beyond(cell.r2)) {
        let text = "further left";
        arrow(svg, (x - 4.0, y - 4.0), "");
        svg.text("quiet", (x + 12.0, y), Anchor::Start, text);
        x += text_width(text) + 44.0;
    }
    if cells.iter().any(|cell| cell.null_interval.is_some()) {
        let text = "95 % of permuted targets";
        svg.rect("band", (x - 8.0, y - 10.0), (22.0, 12.0));
        svg.text("quiet", (x + 20.0, y), Anchor::Start, text);
        x += text_width(text) + 58.0;
    }
    if cells.iter().any(|cell| cell.ci_low.is_some()) {
        svg.line("range", (x - 8.0, y - 4.0), (x + 14.0, y - 4.0));
        svg.text("quiet", (x + 20.0, y), Anchor::Start, "95 % CI");
    }
}

/// The permuted r2 of every cell that has them, with the observed one: `null-01-openness-lexical-ridge` and so on.
pub fn nulls(results: &StudyResults) -> Vec<Picture> {
    let digits = results.cells.len().to_string().len().max(2);
    let mut pictures: Vec<(usize, Picture)> = Vec::new();
    for cell in family(results).into_iter().chain(controls(results)) {
        if let Some((low, width, counts)) = &cell.null_histogram {
            let number = pictures.len() + 1;
            let parts = [&cell.target, &cell.encoder, &cell.regressor]
                .map(|name| super::escape::file_name(name));
            let name = std::iter::once(format!("null-{number:0digits$}"))
                .chain(parts.into_iter().filter(|part| !part.is_empty()))
                .collect::<Vec<_>>()
                .join("-");
            pictures.push((number, null(name, cell, results, (*low, *width, counts))));
        }
    }
    pictures.into_iter().map(|(_, picture)| picture).collect()
}

const PANEL: (f64, f64) = (256.0, 164.0);
/// Kept free above the bars, for the mark and its number.
const BESIDE_MARK: f64 = 16.0;

fn null(
    name: String,
    cell: &CellResult,
    results: &StudyResults,
    (low, width, counts): (f64, f64, &[u32]),
) -> Picture {
    let (right, base, top) = (PANEL.0 - 10.0, PANEL.1 - 24.0, 46.0);
    // A null of one value, as empty models give, has no width of its own.
    let (low, width) = if width > 0.0 {
        (low, width)
    } else {
        (low - 0.001, 0.002)
    };
    let high = low + width * counts.len() as f64;
    let axis = Axis::around(
        [low, high, cell.r2.max(-2.0 * high.abs().max(-low).max(0.1))].into_iter(),
        10.0,
        right,
    );
    let tallest = f64::from(counts.iter().copied().max().unwrap_or(0).max(1));
    let mut svg = Svg::new(PANEL.0, PANEL.1);
    svg.name("head", (10.0, 14.0), PANEL.0 - 20.0, &cell.target);
    let label = short_label(cell, results, PANEL.0 - 20.0);
    svg.text("quiet", (10.0, 31.0), Anchor::Start, &label);
    for tick in axis.ticks(4.0) {
        let half = text_width(&tick_label(tick)) / 2.0;
        if axis.at(tick) < half || axis.at(tick) > PANEL.0 - half {
            continue;
        }
        svg.text(
            "quiet",
            (axis.at(tick), base + 17.0),
            Anchor::Middle,
            &tick_label(tick),
        );
        svg.line("zero", (axis.at(tick), base), (axis.at(tick), base + 4.0));
    }
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = axis.at(low + width * bin as f64);
        let right = axis.at(low + width * (bin + 1) as f64);
        let height = (base - top - BESIDE_MARK) * f64::from(*count) / tallest;
        svg.rect(
            "band",
            (left, base - height),
            ((right - left).max(1.0), height),
        );
    }
    svg.line("zero", (10.0, base), (right, base));
    observed(&mut svg, &axis, (top, base), cell, results);
    Picture {
        name,
        title: format!("Permuted r2: {}, {}", cell.target, row_label(cell, results)),
        description: format!(
            "Histogram of the r2 of {} permuted targets, with the observed one. {}",
            counts.iter().sum::<u32>(),
            sentence(cell, results)
        ),
        svg,
    }
}

/// The observed r2 in its null: a line with the cell's sign, or an arrow at the edge when it lies far below.
fn observed(
    svg: &mut Svg,
    axis: &Axis,
    (top, base): (f64, f64),
    cell: &CellResult,
    results: &StudyResults,
) {
    let class = class_of(cell, results);
    let (x, y) = (axis.at(cell.r2), top + 4.0);
    if axis.is_beyond(cell.r2) {
        arrow(svg, (x, y), class);
    } else {
        svg.line(&format!("seen {class}"), (x, base), (x, y + 2.0));
        mark(svg, (x, y), Mark::of(cell, results));
    }
    let (anchor, shift) = if x > PANEL.0 / 2.0 {
        (Anchor::End, -10.0)
    } else {
        (Anchor::Start, 12.0)
    };
    svg.text("", (x + shift, y + 4.0), anchor, &score(cell.r2));
}

/// "Further to the left than this picture goes."
fn arrow(svg: &mut Svg, (x, y): (f64, f64), class: &str) {
    let points = [(x, y), (x + 8.0, y - 5.0), (x + 8.0, y + 5.0)];
    svg.polygon(&format!("mark {class}"), &points);
}
