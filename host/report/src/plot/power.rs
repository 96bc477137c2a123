//! Power by number of rows: one line a true effect, found solid, `predictive` as circles.

use super::Picture;
use super::axis::{Axis, tick_label};
use crate::escape::file_name;
use crate::numbers::{count, score};
use crate::svg::{Anchor, Svg};

const SIZE: (f64, f64) = (560.0, 330.0);
const LEFT: f64 = 40.0;
const RIGHT: f64 = SIZE.0 - 74.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = SIZE.1 - 46.0;
/// Power that studies are planned for.
const PLANNED: f64 = 0.8;

/// Effects of one size at several numbers of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerCurve {
    /// The planted share of variance.
    pub share: f64,
    /// Rows, share found, share called predictive; rows rising.
    pub points: Vec<(usize, f64, f64)>,
}

/// The picture of one recipe, called `power-RECIPE`.
pub fn power(recipe: &str, curves: &[PowerCurve]) -> Picture {
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    svg.name("head", (0.0, 14.0), SIZE.0, recipe);
    svg.text(
        "quiet",
        (0.0, 32.0),
        Anchor::Start,
        "share of data sets in which an effect is found (line) and called predictive (circles)",
    );
    let sizes = curves.first().map_or(Vec::new(), |curve| {
        curve.points.iter().map(|(n, ..)| *n).collect()
    });
    let x = Axis::over(sizes.iter().map(|n| (*n as f64).ln()), LEFT, RIGHT);
    let y = Axis::over([0.0, 1.0].into_iter(), BOTTOM, TOP);
    for tick in y.ticks(5.0) {
        let at = y.at(tick);
        svg.line("grid", (LEFT, at), (RIGHT, at));
        svg.text(
            "quiet",
            (LEFT - 6.0, at + 4.0),
            Anchor::End,
            &tick_label(tick),
        );
    }
    svg.line("reference", (LEFT, y.at(PLANNED)), (RIGHT, y.at(PLANNED)));
    svg.line("zero", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    for n in &sizes {
        let at = x.at((*n as f64).ln());
        svg.line("zero", (at, BOTTOM), (at, BOTTOM + 4.0));
        svg.text("quiet", (at, BOTTOM + 17.0), Anchor::Middle, &count(*n));
    }
    svg.text(
        "quiet",
        ((LEFT + RIGHT) / 2.0, BOTTOM + 36.0),
        Anchor::Middle,
        "rows (log scale)",
    );
    let mut free_from = f64::INFINITY;
    for (number, curve) in curves.iter().enumerate().rev() {
        let place = |n: usize, power: f64| (x.at((n as f64).ln()), y.at(power));
        let found = curve.points.iter().map(|(n, found, _)| place(*n, *found));
        let found: Vec<(f64, f64)> = found.collect();
        svg.open_group(&format!("true R² {}", score(curve.share)));
        svg.polyline(&format!("line line{}", number % 3), &found);
        for (n, _, predictive) in &curve.points {
            svg.circle("mark no", place(*n, *predictive), 3.5);
        }
        svg.close_group();
        if let Some((_, end)) = found.last() {
            // Labels that would lie upon each other move down, the strongest effect on top.
            let at = match free_from.is_finite() {
                true => end.max(free_from),
                false => *end,
            };
            free_from = at + 14.0;
            let label = format!("R² {}", tick_label(curve.share));
            svg.text("quiet", (RIGHT + 8.0, at + 4.0), Anchor::Start, &label);
        }
    }
    let best = |curve: &PowerCurve| curve.points.last().map_or(0.0, |(_, found, _)| *found);
    let words: Vec<String> = curves
        .iter()
        .map(|curve| format!("R² {}: {}", score(curve.share), score(best(curve))))
        .collect();
    Picture {
        name: format!("power-{}", file_name(recipe)),
        title: format!("Power by number of rows: {recipe}"),
        description: format!("At the largest number of rows, {}.", words.join("; ")),
        svg,
    }
}
