//! Control embeddings that the host makes itself, to hold beside the real ones (STATISTICS §8).
//!
//! `length` asks what the length of a text alone explains; `random` must explain nothing, else
//! texts cross folds. Both are pure functions of the text: no seed, no state, so equal texts get
//! equal rows on every machine. `lexical`, the third control, is a plugin like any other.

use nalgebra::DMatrix;

pub use crate::read::dataset::length;

/// Columns of the `random` control: as many as MiniLM has.
pub const N_RANDOM: usize = 384;

/// Noise that only the text determines: n_texts × [`N_RANDOM`], independent N(0, 1) between
/// different texts, equal for equal texts.
///
/// The blake3 stream of the text gives pairs of uniforms (53 bits each, the first in (0, 1]), and
/// Box–Muller turns a pair into two normals: √(−2 ln u)·cos 2πv and √(−2 ln u)·sin 2πv.
pub fn random(texts: &[&str]) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = texts
        .iter()
        .map(|text| hashed_normals(b"ocean-host control random/1\0", text))
        .collect();
    DMatrix::from_fn(texts.len(), N_RANDOM, |row, column| rows[row][column])
}

/// The same noise for group names (`random_group`): rows of one group are equal, groups are
/// independent of each other and of [`random`].
pub fn random_group(groups: &[&str]) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = groups
        .iter()
        .map(|group| hashed_normals(b"ocean-host control random_group/1\0", group))
        .collect();
    DMatrix::from_fn(groups.len(), N_RANDOM, |row, column| rows[row][column])
}

/// [`N_RANDOM`] normals from the hash of `text`; `domain` keeps controls apart.
fn hashed_normals(domain: &[u8], text: &str) -> Vec<f64> {
    let mut stream = blake3::Hasher::new()
        .update(domain)
        .update(text.as_bytes())
        .finalize_xof();
    let mut uniform = || {
        let mut bytes = [0; 8];
        stream.fill(&mut bytes);
        // The upper 53 bits, shifted to (0, 1] so that the logarithm is finite.
        ((u64::from_le_bytes(bytes) >> 11) + 1) as f64 / (1u64 << 53) as f64
    };
    let mut normals = Vec::with_capacity(N_RANDOM);
    while normals.len() < N_RANDOM {
        let radius = (-2.0 * uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform()).sin_cos();
        normals.extend([radius * cos, radius * sin]);
    }
    normals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_words_not_bytes() {
        // "né à" is 4 characters (6 bytes) and 2 words; blank text has characters but no words.
        // ln_1p and ln may differ in the last bit.
        let x = length(&["né à", "", "  "]);
        let expected =
            DMatrix::from_row_slice(3, 2, &[5f64.ln(), 3f64.ln(), 0.0, 0.0, 3f64.ln(), 0.0]);
        assert!((x - expected).amax() < 1e-15);
    }

    #[test]
    fn random_rows_depend_on_the_text_alone() {
        let x = random(&["a", "b", "a"]);
        let alone = random(&["a"]);
        assert_eq!(x.row(0), x.row(2));
        assert_eq!(x.row(0), alone.row(0));
        assert_ne!(x.row(0), x.row(1));
        assert_ne!(x.row(0), random_group(&["a"]).row(0));
    }

    #[test]
    fn random_columns_look_standard_normal_and_uncorrelated() {
        // 2,000 × 384 values. The mean of N values has sd 1/√N = 0.0011, their variance sd √(2/N) =
        // 0.0016, the share beyond 1.96 sd 0.00025: bounds at 5 sd. The largest of 73,536
        // correlations of 2,000 pairs is about √(2 ln 73536/2000) = 0.106; 0.14 is 6.3 sd of one.
        let texts: Vec<String> = (0..2000).map(|i| format!("text {i}")).collect();
        let x = random(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let n = x.len() as f64;
        let mean = x.mean();
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        let tails = x.iter().filter(|v| v.abs() > 1.959964).count() as f64 / n;
        assert!(mean.abs() < 0.006, "{mean}");
        assert!((variance - 1.0).abs() < 0.008, "{variance}");
        assert!((tails - 0.05).abs() < 0.00125, "{tails}");
        let correlations = x.transpose() * &x / 2000.0;
        let largest = (0..N_RANDOM)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| correlations[(i, j)].abs())
            .fold(0.0, f64::max);
        assert!(largest < 0.14, "{largest}");
    }
}
