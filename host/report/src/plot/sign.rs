//! The sign of a cell: what its shape says, its label and its sentence. Both pictures speak this
//! language.

use ocean_engine::inference::verdict::Verdict;

use crate::model::{CellResult, StudyResults};
use crate::numbers::{interval, p_in_sentence, score};
use crate::svg::{Anchor, Svg, cut, text_width};
use crate::wording::is_significant;

/// What the sign of a cell says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A filled diamond.
    Significant,
    /// A hollow circle.
    NotSignificant,
    /// A cross.
    Empty,
    /// A small square.
    Control,
}

impl Sign {
    /// The sign of a cell.
    pub fn of(cell: &CellResult, results: &StudyResults) -> Self {
        if cell.is_control {
            Self::Control
        } else if cell.verdict == Some(Verdict::NoModel) {
            Self::Empty
        } else if is_significant(cell, results) {
            Self::Significant
        } else {
            Self::NotSignificant
        }
    }
}

/// The class that gives a mark or line its colour.
pub fn class_of(cell: &CellResult, results: &StudyResults) -> &'static str {
    match Sign::of(cell, results) {
        Sign::Significant => "yes",
        Sign::Control => "control",
        _ => "no",
    }
}

/// Draws a sign around a point.
pub fn draw(svg: &mut Svg, (x, y): (f64, f64), sign: Sign) {
    let r = 5.0;
    match sign {
        Sign::Significant => svg.polygon(
            "mark yes",
            &[
                (x, y - r - 1.0),
                (x + r + 1.0, y),
                (x, y + r + 1.0),
                (x - r - 1.0, y),
            ],
        ),
        Sign::NotSignificant => svg.circle("mark", (x, y), r - 0.5),
        Sign::Empty => {
            svg.line("mark", (x - r, y - r), (x + r, y + r));
            svg.line("mark", (x - r, y + r), (x + r, y - r));
        }
        Sign::Control => svg.rect("mark control", (x - 3.0, y - 3.0), (6.0, 6.0)),
    }
}

/// The sign of what is no cell.
pub fn plain(is_significant: bool) -> Sign {
    match is_significant {
        true => Sign::Significant,
        false => Sign::NotSignificant,
    }
}

/// What signs mean, side by side from the left.
pub fn legend(svg: &mut Svg, y: f64, texts: impl IntoIterator<Item = (Sign, String)>) {
    let mut x = 12.0;
    for (sign, text) in texts {
        draw(svg, (x, y - 4.0), sign);
        svg.text("quiet", (x + 12.0, y), Anchor::Start, &text);
        x += text_width(&text) + 44.0;
    }
}

/// "Further to the left than this picture goes."
pub fn arrow(svg: &mut Svg, (x, y): (f64, f64), class: &str) {
    let points = [(x, y), (x + 8.0, y - 5.0), (x + 8.0, y + 5.0)];
    svg.polygon(&format!("mark {class}"), &points);
}

/// Which cell of its target this is, in full.
pub fn row_label(cell: &CellResult, results: &StudyResults) -> String {
    format!("{}{}", cell.encoder, label_suffix(cell, results))
}

/// What must stay readable when the encoder's name is cut.
fn label_suffix(cell: &CellResult, results: &StudyResults) -> String {
    let control = if cell.is_control { " (control)" } else { "" };
    if results.regressors.len() > 1 {
        format!("{control} · {}", cell.regressor)
    } else {
        control.to_owned()
    }
}

/// The label of a cell in at most `room` pixels, of which the encoder's name gives way first.
pub fn short_label(cell: &CellResult, results: &StudyResults, room: f64) -> String {
    let suffix = label_suffix(cell, results);
    let left = (room - text_width(&suffix)).max(room / 3.0);
    cut(&format!("{}{suffix}", cut(&cell.encoder, left)), room)
}

/// Everything a row shows, in words.
pub fn sentence(cell: &CellResult, results: &StudyResults) -> String {
    let mut text = format!(
        "{}, {}: r2 = {}",
        cell.target,
        row_label(cell, results),
        score(cell.r2)
    );
    if let Some(range) = cell.ci() {
        text.push_str(&format!(", 95 % CI {}", interval(range)));
    }
    if let Some(p) = cell.p {
        text.push_str(&format!(
            ", p {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    if let Some(p) = cell.p_fwer {
        text.push_str(&format!(
            ", p_fwer {}",
            p_in_sentence(p, cell.p_floor, results.level)
        ));
    }
    if cell.is_control {
        text.push_str("; control");
    } else if let Some(verdict) = cell.verdict {
        text.push_str(&format!("; {}", verdict.as_str()));
    }
    text
}
