//! The forest plot: r2 of every cell by target, with its interval where there is one and the band
//! that permuted targets fill.

use super::Picture;
use super::axis::Axis;
use super::sign::{Sign, arrow, class_of, draw, sentence, short_label};
use crate::model::{CellResult, StudyResults};
use crate::numbers::{interval, level, score};
use crate::svg::{Anchor, Svg, text_width};
use crate::wording::{baseline, controls, family, is_significant};

const HEAD: f64 = 30.0;
/// Between two lines of the legend.
const LINE: f64 = 22.0;
/// What a sign of the legend takes, up to its words.
const KEY: f64 = 28.0;

/// Where things stand; lengths are pixels, heights are counted from the top of a row.
struct Places {
    width: f64,
    /// Left and right end of the axis.
    axis: (f64, f64),
    n_ticks: f64,
    /// Right edge of the column of r2.
    r2: f64,
    /// Room for the label of a row.
    label: f64,
    row: f64,
    /// Baseline of a row's words and numbers.
    text: f64,
    /// Height at which a row's signs are drawn.
    mark: f64,
}

impl Places {
    /// Where the axis has its lines: all the way, or beside the signs alone where words stand above
    /// them.
    fn spans(
        &self,
        groups: &[(&str, Vec<&CellResult>)],
        (top, bottom): (f64, f64),
    ) -> Vec<(f64, f64)> {
        if self.text > self.mark {
            return vec![(top, bottom)];
        }
        let (mut spans, mut y) = (Vec::new(), top);
        for (_, cells) in groups {
            y += HEAD;
            spans.extend(self.beside(y, cells.len()));
            y += self.row * cells.len() as f64;
        }
        spans
    }

    /// Where a line stands beside so many rows from `y` on.
    fn beside(&self, y: f64, n_rows: usize) -> Vec<(f64, f64)> {
        if self.text > self.mark {
            return vec![(y, y + self.row * n_rows as f64)];
        }
        let sign = |row: usize| y + self.row * row as f64 + self.mark;
        let around = |row| (sign(row) - 9.0, sign(row) + 11.0);
        (0..n_rows).map(around).collect()
    }
}

/// Label, signs and numbers beside each other.
const BROAD: Places = Places {
    width: 800.0,
    axis: (212.0, 610.0),
    n_ticks: 8.0,
    r2: 670.0,
    label: 184.0,
    row: 22.0,
    text: 15.0,
    mark: 11.0,
};

/// For the screen of a telephone: the signs below label and numbers.
const NARROW: Places = Places {
    width: 340.0,
    axis: (6.0, 334.0),
    n_ticks: 5.0,
    r2: 236.0,
    label: 178.0,
    row: 42.0,
    text: 14.0,
    mark: 28.0,
};

/// r2 of every cell by target, with its interval where there is one and the band that permuted
/// targets fill.
pub fn forest(results: &StudyResults) -> Picture {
    drawn(results, "forest", &BROAD)
}

/// The same for a page of 390 pixels.
pub fn narrow_forest(results: &StudyResults) -> Picture {
    drawn(results, "forest-narrow", &NARROW)
}

fn drawn(results: &StudyResults, name: &str, at: &Places) -> Picture {
    let cells: Vec<&CellResult> = family(results)
        .into_iter()
        .chain(controls(results))
        .collect();
    let axis = axis_of(&cells, at);
    let groups: Vec<(&str, Vec<&CellResult>)> = by_target(results, &cells);
    let rows: f64 = groups
        .iter()
        .map(|(_, cells)| HEAD + at.row * cells.len() as f64)
        .sum();
    let (top, bottom) = (10.0, 10.0 + rows);
    let keys = keys(&axis, &cells, results);
    let lines_below = places(&keys, at.width).last().map_or(0.0, |(_, y)| *y);
    let mut svg = Svg::new(at.width, bottom + 86.0 + lines_below);
    let against = if results.covariates.is_empty() {
        "guessing the training mean"
    } else {
        baseline(results)
    };
    let shows = format!("r2 on held-out rows; 0 is {against}");
    let spans = at.spans(&groups, (top, bottom));
    axis.draw_beside_words(&mut svg, at.n_ticks, &spans, bottom, &shows);
    svg.text("quiet", (at.r2, 16.0), Anchor::End, "r2");
    if cells.iter().any(|cell| cell.ci_low.is_some()) {
        svg.text("quiet", (at.r2 + 10.0, 16.0), Anchor::Start, "95 % CI");
    }
    let mut y = top;
    for (target, cells) in groups {
        svg.name(
            "head",
            (0.0, y + HEAD - 9.0),
            340.0_f64.min(at.width - 40.0),
            target,
        );
        y += HEAD;
        if let Some(ceiling) = cells.iter().find_map(|cell| cell.ceiling) {
            let x = axis.at(ceiling);
            for (start, end) in at.beside(y, cells.len()) {
                svg.line("reference", (x, start), (x, end));
            }
        }
        for cell in cells {
            forest_row(&mut svg, &axis, at, y, cell, results);
            y += at.row;
        }
    }
    legend(&mut svg, bottom + 66.0, &keys, at.width);
    Picture {
        name: name.to_owned(),
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

/// The axis holds everything but values so far below zero that they would flatten the rest; those
/// get an arrow at the edge.
fn axis_of(cells: &[&CellResult], at: &Places) -> Axis {
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
        at.axis.0,
        at.axis.1,
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

fn forest_row(
    svg: &mut Svg,
    axis: &Axis,
    at: &Places,
    top: f64,
    cell: &CellResult,
    results: &StudyResults,
) {
    let (text, y) = (top + at.text, top + at.mark);
    let class = class_of(cell, results);
    svg.open_group(&sentence(cell, results));
    let text_class = if cell.is_control { "quiet" } else { "" };
    let label = short_label(cell, results, at.label);
    svg.text(text_class, (12.0, text), Anchor::Start, &label);
    if let Some((low, high)) = cell.null_interval {
        let (left, right) = (axis.at(low), axis.at(high));
        svg.rect("band", (left, y - 6.0), ((right - left).max(1.0), 12.0));
    }
    if let Some((low, high)) = cell.ci() {
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
    svg.text(text_class, (at.r2, text), Anchor::End, &score(cell.r2));
    if let Some(range) = cell.ci() {
        svg.text(
            "quiet",
            (at.r2 + 10.0, text),
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

/// Where each key of the legend stands, from (0, 0): beside each other, in as many lines as they
/// take.
fn places(keys: &[(Key, String)], most: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let place = |(_, text): &(Key, String)| {
        let width = KEY + text_width(text);
        if x > 0.0 && x + width > most {
            (x, y) = (0.0, y + LINE);
        }
        let here = (x, y);
        x += width + 24.0;
        here
    };
    keys.iter().map(place).collect()
}

fn legend(svg: &mut Svg, y: f64, keys: &[(Key, String)], width: f64) {
    for ((key, text), (x, below)) in keys.iter().zip(places(keys, width)) {
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
