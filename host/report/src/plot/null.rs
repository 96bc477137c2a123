//! The null of one cell: a histogram of the permuted r2, with the observed one in it.

use super::Picture;
use super::axis::{Axis, tick_label};
use super::sign::{Sign, arrow, class_of, draw, row_label, sentence, short_label};
use crate::escape::file_name;
use crate::model::{CellResult, StudyResults};
use crate::numbers::score;
use crate::svg::{Anchor, Svg, text_width};
use crate::wording::{controls, family};

const PANEL: (f64, f64) = (256.0, 164.0);
/// Kept free above the bars, for the mark and its number.
const BESIDE_MARK: f64 = 16.0;

/// The permuted r2 of every cell that has them, with the observed one:
/// `null-01-openness-lexical-ridge` and so on.
pub fn nulls(results: &StudyResults) -> Vec<(&CellResult, Picture)> {
    let digits = results.cells.len().to_string().len().max(2);
    let mut pictures: Vec<(&CellResult, Picture)> = Vec::new();
    for cell in family(results).into_iter().chain(controls(results)) {
        if let Some((low, width, counts)) = &cell.null_histogram {
            let number = pictures.len() + 1;
            let parts = [&cell.target, &cell.encoder, &cell.regressor].map(|name| file_name(name));
            let name = std::iter::once(format!("null-{number:0digits$}"))
                .chain(parts.into_iter().filter(|part| !part.is_empty()))
                .collect::<Vec<_>>()
                .join("-");
            pictures.push((cell, null(name, cell, results, (*low, *width, counts))));
        }
    }
    pictures
}

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
    let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let bars: Vec<(f64, f64, f64, f64)> = bars
        .map(|(bin, count)| {
            let left = axis.at(low + width * bin as f64);
            let right = axis.at(low + width * (bin + 1) as f64);
            let height = (base - top - BESIDE_MARK) * f64::from(*count) / tallest;
            (left, base - height, (right - left).max(1.0), height)
        })
        .collect();
    svg.rects("band", &bars);
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

/// The observed r2 in its null: a line with the cell's sign, or an arrow at the edge when it lies
/// far below.
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
        draw(svg, (x, y), Sign::of(cell, results));
    }
    let (anchor, shift) = if x > PANEL.0 / 2.0 {
        (Anchor::End, -10.0)
    } else {
        (Anchor::Start, 12.0)
    };
    svg.text("", (x + shift, y + 4.0), anchor, &score(cell.r2));
}
