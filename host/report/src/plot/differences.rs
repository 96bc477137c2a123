//! Which is better: every paired difference in r2 with its interval.

use super::Picture;
use super::axis::Axis;
use super::sign::{self, Sign, draw, plain};
use crate::comparing::{self, Difference};
use crate::model::StudyResults;
use crate::numbers::{interval, level, score};
use crate::svg::{Anchor, Svg};

const ROW: f64 = 22.0;
const LABELS: f64 = 300.0;
const WIDTH: f64 = 860.0;
const NUMBERS: f64 = 180.0;

/// The differences that lead the report: means over targets, or those of the one target. `None`
/// when nothing was compared.
pub fn differences(results: &StudyResults) -> Option<Picture> {
    let shown = comparing::shown(results);
    if shown.is_empty() {
        return None;
    }
    let (top, bottom) = (30.0, 30.0 + ROW * shown.len() as f64);
    let ends = shown.iter().flat_map(|difference| {
        let (low, high) = difference.interval.unwrap_or((0.0, 0.0));
        [difference.delta_r2, low, high]
    });
    let axis = Axis::around(ends, LABELS + 12.0, WIDTH - NUMBERS);
    let mut svg = Svg::new(WIDTH, bottom + 74.0);
    let shows = "difference in r2, the first minus the second";
    axis.draw(&mut svg, 6.0, (top, bottom), shows);
    let numbers = WIDTH - NUMBERS + 60.0;
    svg.text("quiet", (numbers, 16.0), Anchor::End, "Δr2");
    svg.text("quiet", (numbers + 10.0, 16.0), Anchor::Start, "95 % CI");
    for (at, difference) in shown.iter().enumerate() {
        row(
            &mut svg,
            &axis,
            top + ROW * (at as f64 + 0.5),
            difference,
            numbers,
        );
    }
    legend(&mut svg, bottom + 62.0, results);
    Some(Picture {
        name: "differences".to_owned(),
        title: "Differences in r2".to_owned(),
        description: format!(
            "{} rows, one a pair; {} significant after Holm's adjustment. The numbers are those of the table.",
            shown.len(),
            shown
                .iter()
                .filter(|difference| difference.is_significant)
                .count()
        ),
        svg,
    })
}

fn row(svg: &mut Svg, axis: &Axis, y: f64, difference: &Difference, numbers: f64) {
    let range = difference.interval.map_or_else(String::new, interval);
    svg.open_group(&format!(
        "{}: {} {range}",
        difference.name,
        score(difference.delta_r2)
    ));
    svg.name("", (0.0, y + 4.0), LABELS, &difference.name);
    let class = if difference.is_significant {
        "yes"
    } else {
        "no"
    };
    if let Some((low, high)) = difference.interval {
        svg.line(
            &format!("range {class}"),
            (axis.at(low), y),
            (axis.at(high), y),
        );
    }
    draw(
        svg,
        (axis.at(difference.delta_r2), y),
        plain(difference.is_significant),
    );
    svg.text(
        "",
        (numbers, y + 4.0),
        Anchor::End,
        &score(difference.delta_r2),
    );
    svg.text("quiet", (numbers + 10.0, y + 4.0), Anchor::Start, &range);
    svg.close_group();
}

fn legend(svg: &mut Svg, y: f64, results: &StudyResults) {
    let texts = [
        (
            Sign::Significant,
            format!("p_holm ≤ {}", level(results.level)),
        ),
        (Sign::NotSignificant, "not significant".to_owned()),
    ];
    sign::legend(svg, y, texts);
}
