//! From n-grams to a vector: signed hashing of log counts, length 1.

use super::hash::{Kind, ngram};
use super::words;

/// Lengths of n-grams that are counted, both ends included, 1 ≤ min ≤ max.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NgramRange {
    pub min: usize,
    pub max: usize,
}

/// All a vector depends on besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub dim: usize,
    pub words: Option<NgramRange>,
    pub characters: Option<NgramRange>,
}

impl Recipe {
    /// The vector of one text, into `row` (`dim` values).
    ///
    /// Each different n-gram, counted c times, adds ± ln(1 + c) at one place; place and sign come
    /// from its hash (Weinberger et al. 2009), so n-grams that share a place cancel on average and
    /// dot products are unbiased. Then the vector is divided by its length. A text without words is
    /// 0. Where weights cancel but for rounding, ln 2 + ln 3 − ln 6 say, the place is exactly 0: a
    /// residue of 5e-18 would be the only spread of a column that no other text fills.
    pub fn encode(&self, text: &str, row: &mut [f32]) {
        let mut sums = vec![Sum::default(); self.dim];
        let mut ngrams = self.ngrams(text);
        // Sorted, so that equal ones stand together and sums always add in the same order.
        ngrams.sort_unstable();
        for same in ngrams.chunk_by(|a, b| a == b) {
            // libm's, not the platform's: the last bit must not depend on the machine.
            let weight = libm::log1p(same.len() as f64);
            let hash = same[0];
            let place = (hash & (u64::MAX >> 1)) % self.dim as u64;
            sums[place as usize].add(if hash >> 63 == 0 { weight } else { -weight });
        }
        let sums: Vec<f64> = sums.iter().map(Sum::value).collect();
        let length = sums.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        for (out, sum) in row.iter_mut().zip(&sums) {
            *out = (sum * scale) as f32;
        }
    }

    /// The hashes of all n-grams, as often as they occur.
    fn ngrams(&self, text: &str) -> Vec<u64> {
        let words = words::of(text);
        let mut ngrams = Vec::new();
        if let Some(range) = self.words {
            for n in range.min..=range.max {
                ngrams.extend(
                    words
                        .windows(n)
                        .map(|run| ngram(Kind::Words, &run.join(" "))),
                );
            }
        }
        if let Some(range) = self.characters {
            words
                .iter()
                .for_each(|word| of_characters(word, range, &mut ngrams));
        }
        ngrams
    }
}

/// The sum of one place, with what tells rounding from a value.
#[derive(Clone, Copy, Default)]
struct Sum {
    value: f64,
    /// Σ of the weights without their signs.
    size: f64,
    n_terms: u32,
}

impl Sum {
    fn add(&mut self, term: f64) {
        self.value += term;
        self.size += term.abs();
        self.n_terms += 1;
    }

    /// The sum; 0 within the error of adding so many terms, each rounded itself (Higham 2002,
    /// section 4.2).
    fn value(&self) -> f64 {
        match self.value.abs() <= f64::from(self.n_terms) * f64::EPSILON * self.size {
            true => 0.0,
            false => self.value,
        }
    }
}

/// Runs of characters of ` word `. The blanks tell beginnings and endings from middles.
fn of_characters(word: &str, range: NgramRange, ngrams: &mut Vec<u64>) {
    let padded = format!(" {word} ");
    let mut starts: Vec<usize> = padded.char_indices().map(|(at, _)| at).collect();
    starts.push(padded.len());
    for n in range.min..=range.max {
        ngrams.extend(
            starts
                .windows(n + 1)
                .map(|run| ngram(Kind::Characters, &padded[run[0]..run[n]])),
        );
    }
}
