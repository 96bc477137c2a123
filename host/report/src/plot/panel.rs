//! What the small pictures of one recipe share: size, head, axes.

use super::axis::Axis;
use crate::close_up::CloseUp;
use crate::model::StudyResults;
use crate::numbers::in_units;
use crate::svg::{Anchor, Svg, cut, text_width};

/// Width and height.
pub const PANEL: (f64, f64) = (300.0, 236.0);
const LEFT: f64 = 52.0;
const TOP: f64 = 42.0;
const BOTTOM: f64 = PANEL.1 - 44.0;

/// Pixels of the plane along x.
pub fn across() -> (f64, f64) {
    (LEFT, PANEL.0 - 10.0)
}

/// Pixels of the plane along y, upwards.
pub fn upwards() -> (f64, f64) {
    (BOTTOM, TOP)
}

/// An empty panel with its target and recipe.
pub fn open(close_up: &CloseUp, results: &StudyResults) -> Svg {
    let mut svg = Svg::new(PANEL.0, PANEL.1);
    svg.name("head", (0.0, 14.0), PANEL.0 - 10.0, &close_up.target);
    let recipe = recipe(&close_up.encoder, &close_up.regressor, results);
    svg.name("quiet", (0.0, 30.0), PANEL.0 - 10.0, &recipe);
    svg
}

/// "minilm · ridge", or the encoder where there is one regressor.
pub fn recipe(encoder: &str, regressor: &str, results: &StudyResults) -> String {
    if results.regressors.len() > 1 {
        format!("{encoder} · {regressor}")
    } else {
        encoder.to_owned()
    }
}

/// Frame, ticks along y and what the axes show.
pub fn frame(svg: &mut Svg, y: &Axis, label: fn(f64) -> String, (x_name, y_name): (&str, &str)) {
    let (left, right) = across();
    for tick in y.ticks(4.0) {
        let at = y.at(tick);
        svg.line("grid", (left, at), (right, at));
        let text = cut(&label(tick), LEFT - 8.0);
        svg.text("quiet", (left - 6.0, at + 4.0), Anchor::End, &text);
    }
    svg.line("zero", (left, BOTTOM), (right, BOTTOM));
    svg.text(
        "quiet",
        ((left + right) / 2.0, PANEL.1 - 6.0),
        Anchor::Middle,
        x_name,
    );
    // What y shows stands above its axis, so that nobody has to turn the head.
    svg.text("quiet", (right, 30.0), Anchor::End, y_name);
}

/// Ticks along x in the units of the data, as many as do not touch.
pub fn ticks(svg: &mut Svg, x: &Axis) {
    let mut free_from = 0.0;
    for tick in x.ticks(4.0) {
        let (at, text) = (x.at(tick), in_units(tick));
        let half = text_width(&text) / 2.0;
        if at - half < free_from || at + half > PANEL.0 {
            continue;
        }
        free_from = at + half + 8.0;
        svg.line("zero", (at, BOTTOM), (at, BOTTOM + 4.0));
        svg.text("quiet", (at, BOTTOM + 17.0), Anchor::Middle, &text);
    }
}
