//! Each value of the column of folds by itself: r2 with its interval, for the recipe of the closer
//! look at each target.

use super::axis::Axis;
use super::sign::{Sign, draw};
use super::{Picture, of_close_ups};
use crate::close_up::CloseUp;
use crate::model::{StudyResults, SubgroupResult};
use crate::numbers::{count, interval, score};
use crate::subgroups::{of_folds, spread};
use crate::svg::{Anchor, Svg};

const ROW: f64 = 20.0;
const LABELS: f64 = 200.0;
const WIDTH: f64 = 700.0;
const NUMBERS: f64 = 180.0;

/// One picture for every close-up where a column has the folds: `sites-01-openness` and so on.
pub fn sites(results: &StudyResults) -> Vec<Picture> {
    of_close_ups("sites", results, |close_up| {
        let values = of_folds(results, close_up);
        let spread = spread(&values).map_or_else(String::new, |sd| {
            format!(" Their standard deviation is {}.", score(sd))
        });
        (!values.is_empty()).then(|| {
            (
                picture(close_up, &values, results),
                "r2 by value of the column of folds",
                format!("r2 of {} values, each predicted by models of the others, with 95 % intervals; dashed: r2 of all rows.{spread}", values.len()),
            )
        })
    })
}

fn picture(close_up: &CloseUp, values: &[&SubgroupResult], results: &StudyResults) -> Svg {
    let (top, bottom) = (30.0, 30.0 + ROW * values.len() as f64);
    let mut cells = results.cells.iter();
    let all = cells.find(|cell| close_up.is_of(cell)).map(|cell| cell.r2);
    let ends = values
        .iter()
        .flat_map(|one| [one.r2, one.ci_low, one.ci_high].map(Option::unwrap_or_default));
    let axis = Axis::around(ends.chain(all), LABELS + 12.0, WIDTH - NUMBERS);
    let mut svg = Svg::new(WIDTH, bottom + 50.0);
    svg.name("head", (0.0, 16.0), LABELS, &close_up.target);
    axis.draw(&mut svg, 6.0, (top, bottom), "r2");
    if let Some(r2) = all {
        svg.line("reference", (axis.at(r2), top), (axis.at(r2), bottom));
    }
    let numbers = WIDTH - NUMBERS + 50.0;
    svg.text("quiet", (numbers, 16.0), Anchor::End, "r2");
    svg.text("quiet", (numbers + 10.0, 16.0), Anchor::Start, "95 % CI");
    for (at, one) in values.iter().enumerate() {
        row(&mut svg, &axis, top + ROW * (at as f64 + 0.5), one, numbers);
    }
    svg
}

fn row(svg: &mut Svg, axis: &Axis, y: f64, one: &SubgroupResult, numbers: f64) {
    let name = format!("{} (n {})", one.value, count(one.n));
    let ends = one.ci_low.zip(one.ci_high);
    let shown = one.r2.map(score).unwrap_or_default();
    svg.open_group(&format!("{name}: {shown}"));
    svg.name("", (0.0, y + 4.0), LABELS, &name);
    if let Some((low, high)) = ends {
        svg.line("range no", (axis.at(low), y), (axis.at(high), y));
    }
    if let Some(r2) = one.r2 {
        draw(svg, (axis.at(r2), y), Sign::NotSignificant);
    }
    svg.text("", (numbers, y + 4.0), Anchor::End, &shown);
    let range = ends.map(interval).unwrap_or_default();
    svg.text("quiet", (numbers + 10.0, y + 4.0), Anchor::Start, &range);
    svg.close_group();
}
