//! A straight axis: from values to pixels, with round ticks.

use crate::numbers::score;
use crate::svg::{Anchor, Svg};

/// A straight axis from values to pixels.
pub struct Axis {
    low: f64,
    high: f64,
    /// Pixel of the lowest value.
    pub left: f64,
    /// Pixel of the highest value.
    pub right: f64,
}

impl Axis {
    /// Around the values and 0, with a little air.
    pub fn around(values: impl Iterator<Item = f64>, left: f64, right: f64) -> Self {
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        let air = ((high - low) * 0.05).max(0.005);
        Self {
            low: low - air,
            high: high + air,
            left,
            right,
        }
    }

    /// From the least to the largest of the values, with a little air; one value alone gets some
    /// around it. `left` may be the larger pixel: upwards.
    pub fn over(values: impl Iterator<Item = f64>, left: f64, right: f64) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let air = if high > low {
            (high - low) * 0.05
        } else {
            low.abs().max(1.0) * 0.05
        };
        Self {
            low: low - air,
            high: high + air,
            left,
            right,
        }
    }

    /// The least and the largest value on it.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Where a value lies; one beyond the axis lies at its end.
    pub fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// Whether a value lies off the axis.
    pub fn is_beyond(&self, value: f64) -> bool {
        value < self.low || value > self.high
    }

    /// Draws it below a plane that reaches from `top` to `bottom`: about `n_ticks` lines with their
    /// labels, the zero line, and what it shows.
    pub fn draw(&self, svg: &mut Svg, n_ticks: f64, (top, bottom): (f64, f64), shows: &str) {
        self.draw_beside_words(svg, n_ticks, &[(top, bottom)], bottom, shows);
    }

    /// The same, with lines only where `spans` reach, from top to bottom: there is text between
    /// them.
    pub fn draw_beside_words(
        &self,
        svg: &mut Svg,
        n_ticks: f64,
        spans: &[(f64, f64)],
        bottom: f64,
        shows: &str,
    ) {
        for tick in self.ticks(n_ticks) {
            let (x, label) = (self.at(tick), tick_label(tick));
            for &(top, end) in spans {
                svg.line("grid", (x, top), (x, end));
            }
            svg.text("quiet", (x, bottom + 17.0), Anchor::Middle, &label);
        }
        let (zero, middle) = (self.at(0.0), (self.left + self.right) / 2.0);
        for &(top, end) in spans {
            let below = if end == bottom { 4.0 } else { 0.0 };
            svg.line("zero", (zero, top), (zero, end + below));
        }
        svg.text("quiet", (middle, bottom + 36.0), Anchor::Middle, shows);
    }

    /// Round values, about `n` of them.
    pub fn ticks(&self, n: f64) -> Vec<f64> {
        let raw = (self.high - self.low) / n;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * power)
            .into_iter()
            .find(|step| *step >= raw)
            .unwrap_or(raw);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// A tick's label: `0`, `.2`, `−.05`.
pub fn tick_label(value: f64) -> String {
    let text = score(value);
    let text = if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if text.is_empty() {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_their_labels_short() {
        let axis = Axis::around([-0.06, 0.47].into_iter(), 0.0, 100.0);
        let labels: Vec<String> = axis.ticks(8.0).into_iter().map(tick_label).collect();
        assert_eq!(labels, ["0", ".1", ".2", ".3", ".4"]);
        assert_eq!(tick_label(-0.05), "−.05");
        assert_eq!(tick_label(1.0), "1");
    }

    #[test]
    fn a_value_off_the_axis_lies_at_its_end_and_says_so() {
        let axis = Axis::around([0.0, 1.0].into_iter(), 10.0, 120.0);
        // 5 % of air on either side: −.05 … 1.05 on 110 pixels, 100 a unit.
        assert!((axis.at(0.5) - 65.0).abs() < 1e-9);
        assert!((axis.at(-12.0) - 10.0).abs() < 1e-9 && axis.is_beyond(-12.0));
        assert!(!axis.is_beyond(1.0));
    }
}
