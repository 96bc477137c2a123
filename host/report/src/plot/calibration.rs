//! Predicted against observed: where the rows lie, and whether the mean of the target follows the
//! prediction.

use super::axis::Axis;
use super::{Picture, panel};
use crate::close_up::{BinSummary, CloseUp, DensitySummary};
use crate::model::StudyResults;
use crate::numbers::{in_units, score};
use crate::svg::{SHADES, Svg, cut};

/// Pixels of the name above the axis of the target.
const WIDEST_NAME: f64 = 110.0;

/// One picture for every close-up that has a model: `calibration-01-openness` and so on.
pub fn calibrations(results: &StudyResults) -> Vec<Picture> {
    super::of_close_ups("calibration", results, |close_up| {
        let density = close_up.density.as_ref()?;
        let mut cells = results.cells.iter();
        let slope = cells.find(|cell| close_up.is_of(cell))?.calibration_slope;
        let slope = slope.map_or_else(String::new, |slope| {
            format!(
                " The slope of target on prediction is {}; 1 is calibrated.",
                score(slope)
            )
        });
        Some((
            draw(close_up, density, results),
            "Predicted against observed",
            format!(
                "Shades: rows. Marks: mean target of rows with neighbouring predictions, with two standard errors; dashed: where prediction and target agree.{slope}"
            ),
        ))
    })
}

fn draw(close_up: &CloseUp, density: &DensitySummary, results: &StudyResults) -> Svg {
    let mut svg = panel::open(close_up, results);
    let ((left, right), (bottom, top)) = (panel::across(), panel::upwards());
    let x = Axis::over([density.x.0, density.x.1].into_iter(), left, right);
    let bars = close_up.calibration.iter().flat_map(BinSummary::bar);
    let y = Axis::over(
        [density.y.0, density.y.1].into_iter().chain(bars),
        bottom,
        top,
    );
    let y_name = name_of_target(close_up, results);
    panel::frame(&mut svg, &y, in_units, ("prediction", &y_name));
    panel::ticks(&mut svg, &x);
    shades(&mut svg, density, &x, &y);
    agreement(&mut svg, &x, &y);
    for bin in &close_up.calibration {
        let at = x.at(bin.x);
        let [low, high] = bin.bar();
        svg.line("range", (at, y.at(low)), (at, y.at(high)));
        svg.circle("mark", (at, y.at(bin.y)), 3.5);
    }
    svg
}

/// What the marks are means of: of a target of 0 and 1 the share of what is 1.
fn name_of_target(close_up: &CloseUp, results: &StudyResults) -> String {
    let mut targets = results.targets.iter();
    let target = targets.find(|target| target.name == close_up.target);
    let values = target.and_then(|target| target.two_values.as_ref());
    let is_share = close_up
        .density
        .as_ref()
        .is_some_and(|of| of.y == (0.0, 1.0));
    match values.filter(|_| is_share) {
        Some(values) => cut(&format!("share of {}", values.high), WIDEST_NAME),
        None => "target".to_owned(),
    }
}

/// The cells in shades, by the square root of their rows: a crowded cell must not leave the others
/// blank.
fn shades(svg: &mut Svg, density: &DensitySummary, x: &Axis, y: &Axis) {
    let most = density.cells.iter().map(|(_, _, count)| *count).max();
    let most = f64::from(most.unwrap_or(1)).sqrt();
    let edge =
        |(low, high): (f64, f64), at: usize| low + (high - low) * at as f64 / density.n as f64;
    for shade in 1..=SHADES {
        let of_shade = density.cells.iter().filter(|(_, _, count)| {
            let share = f64::from(*count).sqrt() / most;
            ((share * SHADES as f64).ceil() as usize).clamp(1, SHADES) == shade
        });
        let rects: Vec<(f64, f64, f64, f64)> = of_shade
            .map(|&(column, row, _)| {
                let (left, right) = (
                    x.at(edge(density.x, column)),
                    x.at(edge(density.x, column + 1)),
                );
                let (low, high) = (y.at(edge(density.y, row)), y.at(edge(density.y, row + 1)));
                (left, high, right - left, low - high)
            })
            .collect();
        svg.rects(&format!("heat heat{shade}"), &rects);
    }
}

/// The line prediction = target, as much of it as lies in the plane.
fn agreement(svg: &mut Svg, x: &Axis, y: &Axis) {
    let low = x.range().0.max(y.range().0);
    let high = x.range().1.min(y.range().1);
    if low < high {
        svg.line(
            "reference",
            (x.at(low), y.at(low)),
            (x.at(high), y.at(high)),
        );
    }
}
