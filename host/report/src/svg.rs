//! A small SVG writer: shapes and text with classes, in two dresses.
//!
//! Written here because a picture needs six kinds of element, fixed bytes and no font files; a
//! plotting library would bring all but the second. Colours are never written at an element. A
//! picture inside the report takes them from the page, light or dark; a file of its own brings the
//! light ones along, as literal colours that every viewer and word processor understands.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escape::xml;

/// Size of text in pixels.
pub const TEXT: f64 = 12.0;

/// Air around a picture that is a file of its own.
const MARGIN: f64 = 16.0;

/// A picture being drawn; lengths are pixels, the origin is the upper left corner.
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Svg {
    /// An empty picture.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(px);
        self.element(format_args!(
            r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#
        ));
    }

    /// A rectangle.
    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        let [x, y, width, height] = [x, y, width, height].map(px);
        self.element(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#
        ));
    }

    /// A circle.
    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let [x, y, radius] = [x, y, radius].map(px);
        self.element(format_args!(
            r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#
        ));
    }

    /// A closed shape through the points.
    pub fn polygon(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{},{}", px(*x), px(*y)))
            .collect();
        self.element(format_args!(
            r#"<polygon class="{class}" points="{}"/>"#,
            points.join(" ")
        ));
    }

    /// A line through the points.
    pub fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{},{}", px(*x), px(*y)))
            .collect();
        self.element(format_args!(
            r#"<polyline class="{class}" points="{}"/>"#,
            points.join(" ")
        ));
    }

    /// Many rectangles of one class as one shape: (x, y, width, height) each.
    pub fn rects(&mut self, class: &str, rects: &[(f64, f64, f64, f64)]) {
        if rects.is_empty() {
            return;
        }
        let shape: String = rects
            .iter()
            .map(|&(x, y, width, height)| {
                let [x, y, width, height] = [x, y, width, height].map(px);
                format!("M{x},{y}h{width}v{height}h-{width}z")
            })
            .collect();
        self.element(format_args!(r#"<path class="{class}" d="{shape}"/>"#));
    }

    /// A line of text; `y` is its baseline.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [x, y].map(px);
        self.element(format_args!(
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            xml(text)
        ));
    }

    /// A name from the user, cut with an ellipsis where it would be wider than `room`; the whole of
    /// it then shows on hovering.
    pub fn name(&mut self, class: &str, (x, y): (f64, f64), room: f64, name: &str) {
        let shown = cut(name, room);
        if shown == name {
            return self.text(class, (x, y), Anchor::Start, name);
        }
        let [x, y] = [x, y].map(px);
        self.element(format_args!(
            r#"<text class="{class}" x="{x}" y="{y}">{}<title>{}</title></text>"#,
            xml(&shown),
            xml(name)
        ));
    }

    /// Opens a group that says on hovering, and to a screen reader, what it shows.
    pub fn open_group(&mut self, title: &str) {
        self.element(format_args!("<g><title>{}</title>", xml(title)));
    }

    /// Closes the group.
    pub fn close_group(&mut self) {
        self.body.push_str("</g>\n");
    }

    fn element(&mut self, element: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    /// The picture for a page that styles it. `id` must be unique in the page; `title` names the
    /// picture, `description` says what is to be seen.
    pub fn inline(&self, id: &str, title: &str, description: &str) -> String {
        self.document(id, title, description, 0.0, "")
    }

    /// The picture as a file of its own.
    pub fn file(&self, title: &str, description: &str) -> String {
        let style = format!(
            "<style>\n{STYLE}{}</style>\n<rect class=\"page\" x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"100%\" height=\"100%\"/>\n",
            colours(&LIGHT)
        );
        self.document("picture", title, description, MARGIN, &style)
    }

    fn document(
        &self,
        id: &str,
        title: &str,
        description: &str,
        margin: f64,
        style: &str,
    ) -> String {
        let (width, height) = (
            px(self.width + 2.0 * margin),
            px(self.height + 2.0 * margin),
        );
        let origin = px(-margin);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{origin} {origin} {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-description\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{}</desc>\n{style}{}</svg>\n",
            xml(title),
            xml(description),
            self.body
        )
    }
}

/// Shapes and text, without colours; the page and every file use it.
pub const STYLE: &str = "\
svg text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-variant-numeric:tabular-nums}
svg text.head{font-weight:600}
svg .grid{stroke-width:1}
svg .zero{stroke-width:1.25}
svg .range{stroke-width:1.75}
svg .mark{stroke-width:1.75}
svg .seen{stroke-width:2}
svg .line{fill:none;stroke-width:1.75;stroke-linejoin:round}
svg .line1{stroke-dasharray:6 3}
svg .line2{stroke-dasharray:2 3}
svg .reference{stroke-width:1.25;stroke-dasharray:4 3}
svg .heat0{fill-opacity:0}
svg .heat1{fill-opacity:.1}
svg .heat2{fill-opacity:.2}
svg .heat3{fill-opacity:.3}
svg .heat4{fill-opacity:.4}
svg .heat5{fill-opacity:.5}
";

/// Steps of a shade, `heat0` to `heat5`; the strongest still has a contrast of 4.5 to the ink upon
/// it.
pub const SHADES: usize = 5;

/// Colours by their use.
pub struct Palette {
    page: &'static str,
    ink: &'static str,
    muted: &'static str,
    grid: &'static str,
    band: &'static str,
    accent: &'static str,
}

/// On white. Text has a contrast of at least 4.5 on the page, marks of at least 3.
pub const LIGHT: Palette = Palette {
    page: "#ffffff",
    ink: "#1b1f24",
    muted: "#59636e",
    grid: "#e4e7eb",
    band: "#cfd6de",
    accent: "#0060a8",
};

/// On near-black, to the same contrasts.
pub const DARK: Palette = Palette {
    page: "#14181d",
    ink: "#e9ecef",
    muted: "#a3adb8",
    grid: "#2b323a",
    band: "#46515d",
    accent: "#62b6f0",
};

/// The colours of every class, literally.
pub fn colours(palette: &Palette) -> String {
    let Palette {
        page,
        ink,
        muted,
        grid,
        band,
        accent,
    } = palette;
    format!(
        "svg .page{{fill:{page}}}\nsvg text{{fill:{ink}}}\nsvg text.quiet{{fill:{muted}}}\nsvg .grid{{stroke:{grid}}}\nsvg .zero{{stroke:{muted}}}\n\
         svg .band{{fill:{band}}}\nsvg .range{{stroke:{ink}}}\nsvg .range.control{{stroke:{muted}}}\n\
         svg .mark{{stroke:{ink};fill:{page}}}\nsvg .mark.yes{{stroke:{accent};fill:{accent}}}\nsvg .range.yes{{stroke:{accent}}}\n\
         svg .mark.control{{stroke:{muted};fill:{page}}}\nsvg .seen{{stroke:{ink}}}\nsvg .seen.yes{{stroke:{accent}}}\n\
         svg .line{{stroke:{ink}}}\nsvg .reference{{stroke:{muted}}}\nsvg .heat{{fill:{accent}}}\nsvg .frame{{fill:none;stroke:{grid}}}\n"
    )
}

/// A palette as custom properties, for the rest of the page.
pub fn custom_properties(palette: &Palette) -> String {
    format!(
        "--page:{};--ink:{};--muted:{};--line:{};--band:{};--accent:{}",
        palette.page, palette.ink, palette.muted, palette.grid, palette.band, palette.accent
    )
}

/// Width of a text in pixels, near enough to keep columns apart in any sans-serif font.
pub fn text_width(text: &str) -> f64 {
    text.width() as f64 * TEXT * 0.56
}

/// The text, or as much of it as fits into `room` pixels with an ellipsis.
pub fn cut(text: &str, room: f64) -> String {
    if text_width(text) <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        let wider =
            text_width(&shown) + c.width().unwrap_or(0) as f64 * TEXT * 0.56 + text_width("…");
        if wider > room {
            break;
        }
        shown.push(c);
    }
    shown.trim_end().to_owned() + "…"
}

/// A length with one decimal, without a trailing ".0".
fn px(length: f64) -> String {
    let text = format!("{length:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}
