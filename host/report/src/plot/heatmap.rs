//! The heatmap: r2 of every target (rows) by every encoder and regressor (columns), at one glance.

use super::Picture;
use super::sign::{Sign, draw, sentence};
use crate::model::{CellResult, StudyResults};
use crate::numbers::score;
use crate::svg::{Anchor, SHADES, Svg, text_width};
use crate::wording::{family, is_significant};

const ROW: f64 = 26.0;
const LABELS: f64 = 210.0;
const HEAD: f64 = 52.0;
const LEAST_COLUMN: f64 = 84.0;
const MOST_COLUMN: f64 = 190.0;
/// The strongest shade is the highest r2, or this where all are lower: chance must not look like a
/// finding.
const LEAST_TOP: f64 = 0.1;
/// Between the columns of two regressors.
const GAP: f64 = 14.0;

/// r2 by target, encoder and regressor; `None` where there is nothing to lay side by side.
pub fn heatmap(results: &StudyResults) -> Option<Picture> {
    let cells = family(results);
    let columns = columns(&cells);
    if columns.len() < 2 || results.targets.len() < 2 {
        return None;
    }
    let named = columns
        .iter()
        .map(|(_, encoder)| text_width(encoder) + 16.0);
    let width = named.fold(LEAST_COLUMN, f64::max).min(MOST_COLUMN);
    let lefts = lefts(&columns, width);
    let right = lefts.last().map_or(LABELS, |left| left + width);
    let bottom = HEAD + ROW * results.targets.len() as f64;
    let mut svg = Svg::new(right.max(560.0), bottom + 40.0);
    heads(&mut svg, &columns, &lefts, width);
    let highest = cells
        .iter()
        .map(|cell| cell.r2)
        .fold(f64::NEG_INFINITY, f64::max);
    let top = highest.max(LEAST_TOP);
    for (row, target) in results.targets.iter().enumerate() {
        let y = HEAD + ROW * row as f64;
        svg.name("", (0.0, y + 17.0), LABELS - 10.0, &target.name);
        for ((regressor, encoder), left) in columns.iter().zip(&lefts) {
            let mut cells = cells.iter();
            let cell = cells.find(|cell| {
                cell.target == target.name
                    && cell.encoder == *encoder
                    && cell.regressor == *regressor
            });
            match cell {
                Some(cell) => one(&mut svg, cell, results, (*left, y, width), top),
                None => svg.text(
                    "quiet",
                    (left + width / 2.0, y + 17.0),
                    Anchor::Middle,
                    "no result",
                ),
            }
        }
    }
    let any_significant = cells.iter().any(|cell| is_significant(cell, results));
    legend(&mut svg, bottom + 28.0, top, any_significant);
    Some(Picture {
        name: "heatmap".to_owned(),
        title: "r2 by target, encoder and regressor".to_owned(),
        description: format!(
            "{} targets by {} recipes; the highest r2 is {}. The numbers are those of the table.",
            results.targets.len(),
            columns.len(),
            score(highest)
        ),
        svg,
    })
}

/// (regressor, encoder), regressor by regressor, in the order in which they first occur.
fn columns<'r>(cells: &[&'r CellResult]) -> Vec<(&'r str, &'r str)> {
    let mut regressors: Vec<&str> = Vec::new();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for cell in cells {
        if !regressors.contains(&cell.regressor.as_str()) {
            regressors.push(&cell.regressor);
        }
        if !columns.contains(&(&cell.regressor, &cell.encoder)) {
            columns.push((&cell.regressor, &cell.encoder));
        }
    }
    let place = |regressor: &str| regressors.iter().position(|name| *name == regressor);
    columns.sort_by_key(|(regressor, _)| place(regressor));
    columns
}

fn lefts(columns: &[(&str, &str)], width: f64) -> Vec<f64> {
    let mut x = LABELS;
    let mut lefts = Vec::with_capacity(columns.len());
    for (at, (regressor, _)) in columns.iter().enumerate() {
        if at > 0 {
            x += width
                + if columns[at - 1].0 == *regressor {
                    2.0
                } else {
                    GAP
                };
        }
        lefts.push(x);
    }
    lefts
}

/// The regressor over its columns, the encoder over each.
fn heads(svg: &mut Svg, columns: &[(&str, &str)], lefts: &[f64], width: f64) {
    for (at, ((regressor, encoder), left)) in columns.iter().zip(lefts).enumerate() {
        if at == 0 || columns[at - 1].0 != *regressor {
            let n_columns = columns
                .iter()
                .filter(|(other, _)| other == regressor)
                .count();
            svg.name(
                "head",
                (left + 6.0, 18.0),
                width * n_columns as f64 - 8.0,
                regressor,
            );
        }
        svg.name("quiet", (left + 6.0, 40.0), width - 8.0, encoder);
    }
}

fn one(
    svg: &mut Svg,
    cell: &CellResult,
    results: &StudyResults,
    (left, y, width): (f64, f64, f64),
    top: f64,
) {
    svg.open_group(&sentence(cell, results));
    let shade = shade(cell.r2, top);
    svg.rect(
        &format!("heat heat{shade}"),
        (left, y + 1.0),
        (width, ROW - 2.0),
    );
    let class = if is_significant(cell, results) {
        "head"
    } else {
        "quiet"
    };
    svg.text(class, (left + 48.0, y + 17.0), Anchor::End, &score(cell.r2));
    if is_significant(cell, results) {
        draw(svg, (left + 62.0, y + ROW / 2.0), Sign::Significant);
    }
    svg.close_group();
}

/// In equal steps up to the top; nothing at 0 and below.
fn shade(r2: f64, top: f64) -> usize {
    if r2 <= 0.0 {
        return 0;
    }
    ((r2 / top * SHADES as f64).ceil() as usize).clamp(1, SHADES)
}

fn legend(svg: &mut Svg, y: f64, top: f64, any_significant: bool) {
    let mut x = 0.0;
    if any_significant {
        draw(svg, (8.0, y - 4.0), Sign::Significant);
        let text = "significant over the family";
        svg.text("quiet", (20.0, y), Anchor::Start, text);
        x = text_width(text) + 56.0;
    }
    svg.text("quiet", (x, y), Anchor::Start, "r2 ≤ 0");
    x += 48.0;
    for shade in 0..=SHADES {
        svg.rect("frame", (x, y - 11.0), (22.0, 14.0));
        svg.rect(&format!("heat heat{shade}"), (x, y - 11.0), (22.0, 14.0));
        x += 22.0;
    }
    svg.text("quiet", (x + 6.0, y), Anchor::Start, &score(top));
}
