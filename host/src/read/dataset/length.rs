//! How long texts are.

use nalgebra::DMatrix;

/// The length of each text: n_texts × 2, log(1 + characters) and log(1 + words).
///
/// Characters are Unicode scalar values; words are what white space separates. The empty text is
/// (0, 0).
pub fn length(texts: &[&str]) -> DMatrix<f64> {
    DMatrix::from_fn(texts.len(), 2, |row, column| {
        let count = match column {
            0 => texts[row].chars().count(),
            _ => texts[row].split_whitespace().count(),
        };
        (count as f64).ln_1p()
    })
}
