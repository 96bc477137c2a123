//! Texts whose script sets no blanks between words, and what n-grams meet in them.

use std::collections::BTreeMap;

/// From this share of letters on the texts are in such a script.
const MOST_LETTERS: f64 = 0.5;
/// From this share of n-grams that occur once on they say little of other texts.
const MOST_ONCE: f64 = 0.5;

/// What hashed n-grams meet in texts without blanks.
#[derive(Debug, Clone, PartialEq)]
pub struct Unspaced {
    /// The encoder or control of hashed n-grams.
    pub encoder: String,
    /// Words of a text, on average; a word is a run of letters and digits.
    pub words: f64,
    /// The shortest run of characters that is counted.
    pub n_characters: usize,
    /// Share of such runs that occur once in all texts.
    pub once: f64,
}

impl Unspaced {
    /// `None` unless most letters are of a script without blanks, and most runs of `n_characters`
    /// occur once.
    pub fn of(encoder: &str, texts: &[String], n_characters: usize) -> Option<Self> {
        let letters = || {
            texts
                .iter()
                .flat_map(|text| text.chars())
                .filter(|c| c.is_alphabetic())
        };
        let n_unspaced = letters().filter(|&c| is_unspaced(c)).count();
        if n_characters < 2 || (n_unspaced as f64) < MOST_LETTERS * letters().count().max(1) as f64
        {
            return None;
        }
        let mut counts: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        let mut n_words = 0;
        for word in texts.iter().flat_map(|text| words(text)) {
            n_words += 1;
            let padded: Vec<char> = format!(" {word} ").chars().collect();
            for run in padded.windows(n_characters) {
                *counts.entry(run.to_vec()).or_default() += 1;
            }
        }
        let n_runs: usize = counts.values().sum();
        let n_once = counts.values().filter(|&&count| count == 1).count();
        let once = n_once as f64 / n_runs.max(1) as f64;
        (once >= MOST_ONCE).then(|| Self {
            encoder: encoder.to_owned(),
            words: n_words as f64 / texts.len() as f64,
            n_characters,
            once,
        })
    }
}

/// Runs of letters, digits and marks. Marks of these scripts stand among their letters; others do
/// no harm.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || is_unspaced(c)))
        .filter(|word| !word.is_empty())
}

/// Chinese, Japanese, Thai, Lao, Tibetan, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e01..=0x0eff | 0x0f40..=0x0fbc | 0x1000..=0x109f | 0x1780..=0x17d3
        | 0x3005..=0x3007 | 0x3041..=0x30ff | 0x3105..=0x312f | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9d
        | 0x20000..=0x323af)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty texts of fourteen characters, drawn from thirty.
    fn texts(alphabet: &str, blank_every: usize) -> Vec<String> {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut state = 7u64;
        let mut text = || -> String {
            (1..=14)
                .flat_map(|at| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let c = alphabet[(state >> 33) as usize % alphabet.len()];
                    let blank = (at % blank_every == 0).then_some(' ');
                    std::iter::once(c).chain(blank)
                })
                .collect()
        };
        (0..60).map(|_| text()).collect()
    }

    #[test]
    fn short_texts_without_blanks_are_found_in_their_scripts_only() {
        let chinese = "的自说快乐他要她看晴人有欢会是丑雨没过心不都们和天地日月山水";
        let japanese = "わたしはきのうともだちとえいがをみてとてもたのしかったです今日";
        let thai = "กขคงจฉชซญฎฏฐดตถทธนบปผพภมยรลวสห";
        for script in [chinese, japanese, thai] {
            let found = Unspaced::of("lexical", &texts(script, 99), 3).unwrap();
            assert!(found.words == 1.0 && found.once > 0.8, "{found:?}");
            assert_eq!(Unspaced::of("lexical", &texts(script, 99), 1), None);
        }
        // Letters of a script with blanks, drawn as wildly; few characters that repeat.
        let latin = "abcdefghijklmnopqrstuvwxyzäöüß";
        assert_eq!(Unspaced::of("lexical", &texts(latin, 99), 3), None);
        assert_eq!(Unspaced::of("lexical", &texts("的自说", 99), 3), None);
        assert_eq!(Unspaced::of("lexical", &[], 3), None);
    }
}
