//! Fold by fold: does one lucky fold carry the r2, or do all of them?

use super::Picture;
use super::axis::Axis;
use super::forest::by_target;
use super::sign::{Sign, arrow, class_of, draw, short_label};
use crate::model::{CellResult, StudyResults};
use crate::numbers::score;
use crate::svg::{Anchor, Svg};
use crate::wording::family;

const ROW: f64 = 20.0;
const HEAD: f64 = 28.0;
const LABELS: f64 = 200.0;
const WIDTH: f64 = 800.0;

/// r2 of every fold of every cell of the family; `None` where no cell knows it, as in results of
/// older versions.
pub fn folds(results: &StudyResults) -> Option<Picture> {
    let family = family(results);
    let cells: Vec<&CellResult> = family
        .into_iter()
        .filter(|cell| cell.r2_by_fold.iter().any(Option::is_some))
        .collect();
    if cells.is_empty() {
        return None;
    }
    let groups = by_target(results, &cells);
    let height: f64 = groups
        .iter()
        .map(|(_, cells)| HEAD + ROW * cells.len() as f64)
        .sum();
    let (top, bottom) = (10.0, 10.0 + height);
    let values = || cells.iter().flat_map(|cell| values(cell));
    // A fold far below zero would flatten the others: it gets an arrow at the edge.
    let highest = values().fold(0.1, f64::max);
    let axis = Axis::around(
        values().map(|r2| r2.max(-2.0 * highest)),
        LABELS + 12.0,
        WIDTH - 20.0,
    );
    let mut svg = Svg::new(WIDTH, bottom + 78.0);
    axis.draw(&mut svg, 8.0, (top, bottom), "r2 of each fold by itself");
    let mut y = top;
    for (target, cells) in groups {
        svg.name("head", (0.0, y + HEAD - 8.0), LABELS + 140.0, target);
        y += HEAD;
        for cell in cells {
            row(&mut svg, &axis, y + ROW / 2.0, cell, results);
            y += ROW;
        }
    }
    let legend = bottom + 64.0;
    fold_mark(&mut svg, (12.0, legend - 4.0));
    svg.text(
        "quiet",
        (24.0, legend),
        Anchor::Start,
        "one fold, first repeat",
    );
    draw(&mut svg, (188.0, legend - 4.0), Sign::NotSignificant);
    svg.text(
        "quiet",
        (200.0, legend),
        Anchor::Start,
        "all folds: the r2 of the table, with its sign",
    );
    let n_below = cells.iter().filter(|cell| !is_above_zero(cell)).count();
    Some(Picture {
        name: "folds".to_owned(),
        title: "r2 fold by fold".to_owned(),
        description: format!(
            "{} rows, one a cell; in {n_below} of them some fold has an r2 of 0 or below.",
            cells.len()
        ),
        svg,
    })
}

fn values(cell: &CellResult) -> impl Iterator<Item = f64> + '_ {
    let of_folds = cell.r2_by_fold.iter().flatten().copied();
    of_folds.chain(std::iter::once(cell.r2))
}

fn is_above_zero(cell: &CellResult) -> bool {
    cell.r2_by_fold.iter().flatten().all(|r2| *r2 > 0.0)
}

fn row(svg: &mut Svg, axis: &Axis, y: f64, cell: &CellResult, results: &StudyResults) {
    let of_folds: Vec<String> = cell
        .r2_by_fold
        .iter()
        .map(|r2| r2.map_or_else(|| "none".to_owned(), score))
        .collect();
    svg.open_group(&format!(
        "{}, {}: r2 {} in all, by fold {}",
        cell.target,
        short_label(cell, results, f64::INFINITY),
        score(cell.r2),
        of_folds.join(", ")
    ));
    svg.text(
        "",
        (12.0, y + 4.0),
        Anchor::Start,
        &short_label(cell, results, LABELS - 16.0),
    );
    for r2 in cell.r2_by_fold.iter().flatten() {
        if axis.is_beyond(*r2) {
            arrow(svg, (axis.left, y), "");
        } else {
            fold_mark(svg, (axis.at(*r2), y));
        }
    }
    if axis.is_beyond(cell.r2) {
        arrow(svg, (axis.left, y), class_of(cell, results));
    } else {
        draw(svg, (axis.at(cell.r2), y), Sign::of(cell, results));
    }
    svg.close_group();
}

/// An upright stroke: folds may lie close together.
fn fold_mark(svg: &mut Svg, (x, y): (f64, f64)) {
    svg.line("range", (x, y - 6.0), (x, y + 6.0));
}
