//! The penalty path: inner r2 along the penalties, and what each outer split chose.

use super::axis::{Axis, tick_label};
use super::{Picture, panel};
use crate::close_up::{CloseUp, PathLine, PathSummary};
use crate::model::StudyResults;
use crate::numbers::score;
use crate::svg::{Anchor, Svg, text_width};

/// Where an inner r2 falls so far below zero that it would flatten the rest, its line ends.
const LEAST_SHOWN: f64 = -0.25;

/// One picture for every close-up whose path was kept: `path-01-openness` and so on.
pub fn paths(results: &StudyResults) -> Vec<Picture> {
    super::of_close_ups("path", results, |close_up| {
        let path = close_up.path.as_ref().filter(|path| is_walked(path))?;
        let best = path
            .lines
            .iter()
            .flat_map(|line| line.inner_r2.iter().flatten());
        let best = best.copied().fold(f64::NEG_INFINITY, f64::max);
        let at_first = path.chosen.iter().filter(|(_, step)| *step == 0).count();
        Some((
            draw(close_up, path, results),
            "Penalty path",
            format!(
                "Inner r2 along {} penalties, at most {}; {at_first} of {} outer splits chose the strongest.",
                path.penalties.len(),
                score(best),
                path.chosen.len()
            ),
        ))
    })
}

/// Some step was reached in every split.
fn is_walked(path: &PathSummary) -> bool {
    path.lines
        .iter()
        .any(|line| line.inner_r2.iter().any(Option::is_some))
        && path
            .penalties
            .iter()
            .all(|penalty| *penalty > 0.0 && penalty.is_finite())
}

fn draw(close_up: &CloseUp, path: &PathSummary, results: &StudyResults) -> Svg {
    let mut svg = panel::open(close_up, results);
    let ((left, right), (bottom, top)) = (panel::across(), panel::upwards());
    let logs: Vec<f64> = path
        .penalties
        .iter()
        .map(|penalty| penalty.log10())
        .collect();
    let alpha_max = path.alpha_max.filter(|alpha| *alpha > 0.0).map(f64::log10);
    // The strongest penalty stands on the left: one walks from the empty model to the full one.
    let x = Axis::over(logs.iter().copied().chain(alpha_max), right, left);
    let shown = path
        .lines
        .iter()
        .flat_map(|line| line.inner_r2.iter().flatten());
    let y = Axis::around(shown.map(|r2| r2.max(LEAST_SHOWN)), bottom, top);
    panel::frame(
        &mut svg,
        &y,
        tick_label,
        ("penalty (log scale), strongest first", "inner r2"),
    );
    penalty_ticks(&mut svg, &x);
    svg.line("zero", (left, y.at(0.0)), (right, y.at(0.0)));
    if let Some(alpha_max) = alpha_max {
        let at = x.at(alpha_max);
        svg.line("reference", (at, bottom), (at, top));
        svg.text("quiet", (at + 4.0, top + 10.0), Anchor::Start, "α_max");
    }
    for (number, line) in path.lines.iter().enumerate() {
        let points = line.inner_r2.iter().zip(&logs);
        let points: Vec<(f64, f64)> = points
            .filter_map(|(r2, log)| {
                let r2 = r2.filter(|r2| *r2 >= LEAST_SHOWN)?;
                Some((x.at(*log), y.at(r2)))
            })
            .collect();
        svg.polyline(&format!("line line{}", number % 3), &points);
    }
    chosen(&mut svg, path, (&x, &y), &logs);
    names(&mut svg, &path.lines);
    svg
}

/// A mark at each chosen point, larger the more splits chose it.
fn chosen(svg: &mut Svg, path: &PathSummary, (x, y): (&Axis, &Axis), logs: &[f64]) {
    let mut points = path.chosen.clone();
    points.sort_unstable();
    for same in points.chunk_by(|a, b| a == b) {
        let (line, step) = same[0];
        let r2 = path
            .lines
            .get(line)
            .and_then(|line| line.inner_r2.get(step).copied().flatten());
        if let (Some(r2), Some(log)) = (r2, logs.get(step)) {
            let radius = 2.5 + (same.len() as f64).sqrt();
            svg.open_group(&format!(
                "chosen in {} of {} splits",
                same.len(),
                path.chosen.len()
            ));
            svg.circle("mark yes", (x.at(*log), y.at(r2)), radius);
            svg.close_group();
        }
    }
}

/// Which line is which l1_ratio, below the lines.
fn names(svg: &mut Svg, lines: &[PathLine]) {
    if lines.len() < 2 {
        return;
    }
    let mut x = panel::across().0 + 8.0;
    let y = panel::upwards().0 - 8.0;
    for (number, line) in lines.iter().enumerate() {
        let name = line
            .l1_ratio
            .map_or_else(|| (number + 1).to_string(), tick_label);
        svg.polyline(
            &format!("line line{}", number % 3),
            &[(x, y - 4.0), (x + 18.0, y - 4.0)],
        );
        svg.text("quiet", (x + 22.0, y), Anchor::Start, &name);
        x += text_width(&name) + 36.0;
    }
    svg.text("quiet", (x, y), Anchor::Start, "l1_ratio");
}

/// A tick at each power of ten, or at every other one.
fn penalty_ticks(svg: &mut Svg, x: &Axis) {
    let (low, high) = x.range();
    let step = if high - low > 5.0 { 2 } else { 1 };
    let bottom = panel::upwards().0;
    let powers: Vec<i32> = (low.ceil() as i32..=high.floor() as i32).collect();
    for power in powers.iter().filter(|power| **power % step == 0) {
        let at = x.at(f64::from(*power));
        svg.line("zero", (at, bottom), (at, bottom + 4.0));
        let text = match power {
            -2..=3 => crate::numbers::in_units(10f64.powi(*power)),
            _ => format!("1e{power}").replace('-', "−"),
        };
        svg.text("quiet", (at, bottom + 17.0), Anchor::Middle, &text);
    }
}
