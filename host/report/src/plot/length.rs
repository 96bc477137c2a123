//! Residual against text length: whether the model is wrong in a way that the length of a text
//! would mend.

use super::axis::Axis;
use super::{Picture, panel};
use crate::close_up::{BinSummary, CloseUp};
use crate::model::StudyResults;
use crate::numbers::in_units;
use crate::svg::{Anchor, Svg, text_width};

/// One picture for every close-up with texts: `length-01-openness` and so on.
pub fn lengths(results: &StudyResults) -> Vec<Picture> {
    super::of_close_ups("length", results, |close_up| {
        if close_up.residual_by_length.is_empty() {
            return None;
        }
        let n_off = close_up
            .residual_by_length
            .iter()
            .filter(|bin| is_off(bin))
            .count();
        Some((
            draw(close_up, results),
            "Residual against text length",
            format!(
                "Mean of target minus prediction, with two standard errors, for texts of neighbouring lengths; {n_off} of {} bins are more than two standard errors from 0.",
                close_up.residual_by_length.len()
            ),
        ))
    })
}

fn is_off(bin: &BinSummary) -> bool {
    let [low, high] = bin.bar();
    low > 0.0 || high < 0.0
}

fn draw(close_up: &CloseUp, results: &StudyResults) -> Svg {
    let mut svg = panel::open(close_up, results);
    let ((left, right), (bottom, top)) = (panel::across(), panel::upwards());
    let bins = &close_up.residual_by_length;
    // Lengths are skewed: a logarithmic axis, so that short texts do not lie on one another. No
    // text is shorter than one character on it.
    let log = |bin: &BinSummary| bin.x.max(1.0).log10();
    let x = Axis::over(bins.iter().map(log), left, right);
    let y = Axis::around(bins.iter().flat_map(BinSummary::bar), bottom, top);
    panel::frame(
        &mut svg,
        &y,
        in_units,
        ("characters (log scale)", "mean residual"),
    );
    log_ticks(&mut svg, &x);
    svg.line("zero", (left, y.at(0.0)), (right, y.at(0.0)));
    for bin in bins {
        let at = x.at(log(bin));
        let [low, high] = bin.bar();
        svg.line("range", (at, y.at(low)), (at, y.at(high)));
        svg.circle("mark", (at, y.at(bin.y)), 3.5);
    }
    svg
}

/// Ticks at round lengths as far as they do not touch: 1, 2 and 5 times the powers of ten, within
/// one power of ten any round number.
fn log_ticks(svg: &mut Svg, x: &Axis) {
    let (low, high) = x.range();
    let values: Vec<f64> = if high - low < 1.0 {
        let lengths = [10f64.powf(low), 10f64.powf(high)].into_iter();
        Axis::over(lengths, 0.0, 1.0).ticks(6.0)
    } else {
        let powers = low.floor() as i32..=high.ceil() as i32;
        powers
            .flat_map(|power| [1.0, 2.0, 5.0].map(|mantissa| mantissa * 10f64.powi(power)))
            .collect()
    };
    let bottom = panel::upwards().0;
    let mut free_from = 0.0;
    for value in values.into_iter().filter(|value| *value >= 1.0) {
        let (at, text) = (x.at(value.log10()), in_units(value));
        let half = text_width(&text) / 2.0;
        if x.is_beyond(value.log10()) || at - half < free_from {
            continue;
        }
        free_from = at + half + 8.0;
        svg.line("zero", (at, bottom), (at, bottom + 4.0));
        svg.text("quiet", (at, bottom + 17.0), Anchor::Middle, &text);
    }
}
