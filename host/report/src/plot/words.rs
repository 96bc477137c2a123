//! Which words go with a target: bars with intervals, and what the model makes of them.

use super::Picture;
use super::axis::Axis;
use super::sign::{self, Sign, draw, plain};
use crate::escape::file_name;
use crate::model::{StudyResults, WordResult, WordsOfTarget};
use crate::numbers::{interval, level, score};
use crate::svg::{Anchor, Svg};

const ROW: f64 = 19.0;
const LABELS: f64 = 200.0;
const WIDTH: f64 = 760.0;
const NUMBERS: f64 = 170.0;
const BAR: f64 = 11.0;

/// One picture for every target: `words-01-openness` and so on.
pub fn words(results: &StudyResults) -> Vec<Picture> {
    let Some(summary) = &results.words else {
        return Vec::new();
    };
    let digits = summary.targets.len().to_string().len().max(2);
    let numbered = summary.targets.iter().enumerate();
    numbered
        .filter(|(_, of)| !of.shown.is_empty())
        .map(|(at, of)| {
            let target = file_name(&of.target);
            let name = format!("words-{:0digits$}-{target}", at + 1);
            Picture {
                name: name.trim_end_matches('-').to_owned(),
                title: format!("Words and {}", of.target),
                description: format!(
                    "Correlation of the use of {} words and pairs of words with the target, with 95 % intervals; {} of {} tested are significant over all. Squares: correlation with what the model predicts.",
                    of.shown.len(),
                    of.n_significant,
                    of.n_terms
                ),
                svg: picture(of, results.level),
            }
        })
        .collect()
}

fn picture(of: &WordsOfTarget, alpha: f64) -> Svg {
    let (top, bottom) = (30.0, 30.0 + ROW * of.shown.len() as f64);
    let ends = of
        .shown
        .iter()
        .flat_map(|word| [word.ci_low, word.ci_high, word.r_prediction.unwrap_or(0.0)]);
    let axis = Axis::around(ends, LABELS + 12.0, WIDTH - NUMBERS);
    let mut svg = Svg::new(WIDTH, bottom + 74.0);
    svg.name("head", (0.0, 16.0), LABELS, &of.target);
    let shows = "correlation of use and target";
    axis.draw(&mut svg, 6.0, (top, bottom), shows);
    let numbers = WIDTH - NUMBERS + 50.0;
    svg.text("quiet", (numbers, 16.0), Anchor::End, "r");
    svg.text("quiet", (numbers + 10.0, 16.0), Anchor::Start, "95 % CI");
    for (at, word) in of.shown.iter().enumerate() {
        let y = top + ROW * (at as f64 + 0.5);
        row(&mut svg, &axis, y, word, (numbers, alpha));
    }
    legend(&mut svg, bottom + 62.0, alpha);
    svg
}

fn row(svg: &mut Svg, axis: &Axis, y: f64, word: &WordResult, (numbers, alpha): (f64, f64)) {
    let range = interval((word.ci_low, word.ci_high));
    svg.open_group(&format!("{}: {} {range}", word.term, score(word.r)));
    svg.name("", (0.0, y + 4.0), LABELS, &word.term);
    let is_significant = word.p_fwer <= alpha;
    let class = if is_significant { "yes" } else { "no" };
    let (zero, end) = (axis.at(0.0), axis.at(word.r));
    let shade = if is_significant {
        "heat heat4"
    } else {
        "heat heat1"
    };
    svg.rect(
        shade,
        (zero.min(end), y - BAR / 2.0),
        ((end - zero).abs(), BAR),
    );
    let [low, high] = [word.ci_low, word.ci_high].map(|value| axis.at(value));
    svg.line(&format!("range {class}"), (low, y), (high, y));
    if let Some(r) = word.r_prediction {
        draw(svg, (axis.at(r), y), Sign::Control);
    }
    draw(svg, (end, y), plain(is_significant));
    svg.text("", (numbers, y + 4.0), Anchor::End, &score(word.r));
    svg.text("quiet", (numbers + 10.0, y + 4.0), Anchor::Start, &range);
    svg.close_group();
}

fn legend(svg: &mut Svg, y: f64, alpha: f64) {
    let texts = [
        (Sign::Significant, format!("p_fwer ≤ {}", level(alpha))),
        (Sign::NotSignificant, "not significant".to_owned()),
        (Sign::Control, "with the prediction".to_owned()),
    ];
    sign::legend(svg, y, texts);
}
