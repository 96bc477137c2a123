//! The forest plot: r2 of every cell by target, with its interval where there is one and the band that permuted targets fill.

use super::super::model::{CellResult, StudyResults};
use super::super::numbers::{interval, level, score};
use super::super::svg::{Anchor, Svg, text_width};
use super::super::wording::{baseline, controls, family, is_significant};
use super::Picture;
use super::axis::Axis;
use super::sign::{Sign, arrow, class_of, draw, sentence, short_label};

const ROW: f64 = 22.0;
const HEAD: f64 = 30.0;
const LABELS: f64 = 200.0;
const NUMBERS: f64 = 190.0;
const WIDTH: f64 = 800.0;
/// Right edge of the column of r2.
const R2: f64 = WIDTH - NUMBERS + 60.0;
/// What a sign of the legend takes, up to its words.
const KEY: f64 = 28.0;

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
    let keys = keys(&axis, &cells, results);
    let lines_below = places(&keys).last().map_or(0.0, |(_, y)| *y);
    let mut svg = Svg::new(WIDTH, bottom + 86.0 + lines_below);
    let against = if results.covariates.is_empty() {
        "guessing the training mean"
    } else {
        baseline(results)
    };
    let shows = format!("r2 on held-out rows; 0 is {against}");
    axis.draw(&mut svg, 8.0, (top, bottom), &shows);
    svg.text("quiet", (R2, 16.0), Anchor::End, "r2");
    if cells.iter().any(|cell| cell.ci_low.is_some()) {
        svg.text("quiet", (R2 + 10.0, 16.0), Anchor::Start, "95 % CI");
    }
    let mut y = top;
    for (target, cells) in groups {
        svg.name("head", (0.0, y + HEAD - 9.0), LABELS + 140.0, target);
        y += HEAD;
        if let Some(ceiling) = cells.iter().find_map(|cell| cell.ceiling) {
            let x = axis.at(ceiling);
            svg.line("reference", (x, y), (x, y + ROW * cells.len() as f64));
        }
        for cell in cells {
            forest_row(&mut svg, &axis, y + ROW / 2.0, cell, results);
            y += ROW;
        }
    }
    legend(&mut svg, bottom + 66.0, &keys);
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
            cell.ceiling.unwrap_or(0.0),
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

pub(super) fn by_target<'a>(
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
        draw(svg, (axis.at(cell.r2), y), Sign::of(cell, results));
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

/// What a sign of the legend looks like.
#[derive(Clone, Copy)]
enum Key {
    Of(Sign),
    FurtherLeft,
    Chance,
    Interval,
    Ceiling,
}

/// What occurs in the picture, with its words.
fn keys(axis: &Axis, cells: &[&CellResult], results: &StudyResults) -> Vec<(Key, String)> {
    let has = |test: &dyn Fn(&CellResult) -> bool| cells.iter().any(|cell| test(cell));
    let has_sign = |sign| has(&|cell| Sign::of(cell, results) == sign);
    let level = level(results.level);
    let keys = [
        (
            Key::Of(Sign::Significant),
            format!("p_fwer ≤ {level}"),
            has_sign(Sign::Significant),
        ),
        (
            Key::Of(Sign::NotSignificant),
            "not significant".to_owned(),
            has_sign(Sign::NotSignificant),
        ),
        (
            Key::Of(Sign::Empty),
            "empty model".to_owned(),
            has_sign(Sign::Empty),
        ),
        (
            Key::Of(Sign::Control),
            "control".to_owned(),
            has_sign(Sign::Control),
        ),
        (
            Key::FurtherLeft,
            "further left".to_owned(),
            has(&|cell| axis.is_beyond(cell.r2)),
        ),
        (
            Key::Chance,
            "95 % of permuted targets".to_owned(),
            has(&|cell| cell.null_interval.is_some()),
        ),
        (
            Key::Interval,
            "95 % CI".to_owned(),
            has(&|cell| cell.ci_low.is_some()),
        ),
        (
            Key::Ceiling,
            "ceiling".to_owned(),
            has(&|cell| cell.ceiling.is_some()),
        ),
    ];
    let occurring = keys.into_iter().filter(|(.., occurs)| *occurs);
    occurring.map(|(key, text, _)| (key, text)).collect()
}

/// Where each key of the legend stands, from (0, 0): beside each other, in as many lines as they take.
fn places(keys: &[(Key, String)]) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let place = |(_, text): &(Key, String)| {
        let width = KEY + text_width(text);
        if x > 0.0 && x + width > WIDTH {
            (x, y) = (0.0, y + ROW);
        }
        let here = (x, y);
        x += width + 24.0;
        here
    };
    keys.iter().map(place).collect()
}

fn legend(svg: &mut Svg, y: f64, keys: &[(Key, String)]) {
    for ((key, text), (x, below)) in keys.iter().zip(places(keys)) {
        let y = y + below;
        match key {
            Key::Of(sign) => draw(svg, (x + 12.0, y - 4.0), *sign),
            Key::FurtherLeft => arrow(svg, (x + 8.0, y - 4.0), ""),
            Key::Chance => svg.rect("band", (x, y - 10.0), (22.0, 12.0)),
            Key::Interval => svg.line("range", (x, y - 4.0), (x + 22.0, y - 4.0)),
            Key::Ceiling => svg.line("reference", (x + 12.0, y - 11.0), (x + 12.0, y + 3.0)),
        }
        svg.text("quiet", (x + KEY, y), Anchor::Start, text);
    }
}
