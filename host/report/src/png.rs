//! Pictures as PNG, for documents that take no SVG.
//!
//! Drawn by resvg with the letters of a font that comes along (DejaVu Sans: Latin, Greek,
//! Cyrillic), so that they look alike on every machine. Only a name in another script sends us to
//! the fonts of the system.

use std::sync::{Arc, LazyLock};

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// Pixels a unit of the drawing: 192 a CSS inch, sharp in print at half a page's width.
const SCALE: f32 = 2.0;
/// Pixels of the longer side, at most; a taller picture is drawn smaller. Viewers give up beyond
/// some 30,000.
const MOST_PIXELS: f32 = 16_000.0;

const FONTS: [&[u8]; 2] = [
    include_bytes!("../assets/fonts/DejaVuSans.ttf"),
    include_bytes!("../assets/fonts/DejaVuSans-Bold.ttf"),
];

static OWN: LazyLock<Arc<Database>> = LazyLock::new(|| Arc::new(own()));
static OWN_AND_SYSTEM: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = own();
    fonts.load_system_fonts();
    Arc::new(fonts)
});

fn own() -> Database {
    let mut fonts = Database::new();
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    fonts
}

/// An SVG file of ours as PNG.
///
/// # Errors
/// A sentence when the drawing cannot be read, which ours can, or when it has no area.
pub fn render(svg: &str) -> Result<Vec<u8>, String> {
    let fonts = if svg.chars().all(is_in_own_fonts) {
        &OWN
    } else {
        &OWN_AND_SYSTEM
    };
    let options = Options {
        font_family: "DejaVu Sans".to_owned(),
        fontdb: Arc::clone(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = SCALE.min(MOST_PIXELS / width.max(height));
    let pixels = |length: f32| (length * scale).round().max(1.0) as u32;
    let mut picture =
        Pixmap::new(pixels(width), pixels(height)).ok_or("the picture has no area")?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut picture.as_mut(),
    );
    encoded(&picture).map_err(|error| error.to_string())
}

/// Compressed by a method of one way only: its bytes depend on the pixels alone. The page of every
/// picture is opaque, so colours are enough.
fn encoded(picture: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let pixels = picture.pixels().iter().map(|pixel| pixel.demultiply());
    let pixels: Vec<u8> = pixels
        .flat_map(|colour| [colour.red(), colour.green(), colour.blue()])
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// The scripts that the fonts were cut to; what they lack within these, the system's would hardly
/// have.
fn is_in_own_fonts(c: char) -> bool {
    matches!(u32::from(c), 0..=0x52F | 0x1E00..=0x1FFF | 0x2000..=0x22FF | 0x25A0..=0x25FF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::{Anchor, Svg};

    fn picture(text: &str) -> Vec<u8> {
        let mut svg = Svg::new(100.0, 40.0);
        svg.text("", (0.0, 20.0), Anchor::Start, text);
        render(&svg.file("title", "description")).unwrap()
    }

    #[test]
    fn letters_are_drawn_and_not_lost() {
        let pixels = |png: &[u8]| Pixmap::decode_png(png).unwrap();
        let (empty, with_letters) = (pixels(&picture("")), pixels(&picture("Öπж≤")));
        // 100 × 40 and 16 of air on every side, twice as many pixels.
        assert_eq!((empty.width(), empty.height()), (264, 144));
        let dark = |pixels: &Pixmap| {
            pixels
                .pixels()
                .iter()
                .filter(|pixel| pixel.red() < 128)
                .count()
        };
        assert_eq!(dark(&empty), 0);
        assert!(dark(&with_letters) > 200, "{}", dark(&with_letters));
    }

    #[test]
    fn the_same_picture_has_the_same_bytes() {
        assert_eq!(picture("openness"), picture("openness"));
    }
}
