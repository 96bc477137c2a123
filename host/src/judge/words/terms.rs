//! The words of texts, and pairs of words that follow each other, with the rows that use them.
//!
//! A word is one of Unicode's (UAX #29, so `don't` is one), lower-cased; a pair is two words with
//! nothing but blanks between them. Counts are relative to all words, or pairs, of the row.

use std::collections::HashMap;
use std::hash::Hash;

use unicode_segmentation::UnicodeSegmentation;

/// Terms that enough rows use.
pub(super) struct Terms {
    /// `walk`, `long walk`.
    pub names: Vec<String>,
    /// Of each the rows that use it, rising, with count/total.
    pub uses: Vec<Vec<(usize, f64)>>,
}

/// A word by its number, and whether it follows the one before it.
type Word = (u32, bool);

impl Terms {
    /// Words and pairs that `least` rows or more use.
    pub fn of(texts: &[String], least: usize) -> Self {
        let mut words = Counted::default();
        let rows: Vec<Vec<Word>> = texts
            .iter()
            .enumerate()
            .map(|(row, text)| {
                let found: Vec<Word> = words_of(text)
                    .map(|(word, follows)| (words.number(word), follows))
                    .collect();
                words.add_row(row, found.iter().map(|(word, _)| *word).collect());
                found
            })
            .collect();
        let is_frequent: Vec<bool> = words.uses.iter().map(|uses| uses.len() >= least).collect();
        let mut pairs: Counted<(u32, u32)> = Counted::default();
        for (row, found) in rows.iter().enumerate() {
            let following = found.windows(2).filter(|both| both[1].1);
            let both = following.map(|both| (both[0].0, both[1].0));
            let numbers = both.map(|(first, second)| {
                // A pair is no more frequent than its words, and need not be remembered.
                let is_frequent = [first, second]
                    .iter()
                    .all(|&word| is_frequent[word as usize]);
                is_frequent.then(|| pairs.number((first, second)))
            });
            let numbers: Vec<Option<u32>> = numbers.collect();
            pairs.add(
                row,
                numbers.iter().flatten().copied().collect(),
                numbers.len(),
            );
        }
        let name = |word: u32| words.names[word as usize].clone();
        let of_words = words.names.iter().cloned().zip(&words.uses);
        let of_pairs = pairs
            .names
            .iter()
            .map(|&(first, second)| format!("{} {}", name(first), name(second)));
        let mut all: Vec<(String, &Vec<(usize, f64)>)> = of_words
            .chain(of_pairs.zip(&pairs.uses))
            .filter(|(_, uses)| uses.len() >= least)
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let (names, uses) = all
            .into_iter()
            .map(|(name, uses)| (name, uses.clone()))
            .unzip();
        Self { names, uses }
    }
}

/// Lower-cased words, each with whether only blanks part it from the one before.
fn words_of(text: &str) -> impl Iterator<Item = (String, bool)> + '_ {
    let mut end = None;
    text.unicode_word_indices().map(move |(start, word)| {
        let between = end.map(|end| &text[end..start]);
        end = Some(start + word.len());
        let follows = between.is_some_and(|between| between.chars().all(char::is_whitespace));
        (word.to_lowercase().replace('’', "'"), follows)
    })
}

/// Numbered things with the rows that have them.
struct Counted<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
    uses: Vec<Vec<(usize, f64)>>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            names: Vec::new(),
            uses: Vec::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Counted<T> {
    /// The number of a thing, the next one where it is new.
    fn number(&mut self, thing: T) -> u32 {
        if let Some(&number) = self.numbers.get(&thing) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(thing.clone());
        self.uses.push(Vec::new());
        self.numbers.insert(thing, number);
        number
    }

    fn add_row(&mut self, row: usize, numbers: Vec<u32>) {
        let total = numbers.len();
        self.add(row, numbers, total);
    }

    /// What a row has, out of `total`.
    fn add(&mut self, row: usize, mut numbers: Vec<u32>, total: usize) {
        numbers.sort_unstable();
        for same in numbers.chunk_by(|a, b| a == b) {
            self.uses[same[0] as usize].push((row, same.len() as f64 / total as f64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str], least: usize) -> Vec<(String, Vec<(usize, f64)>)> {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        let terms = Terms::of(&texts, least);
        terms.names.into_iter().zip(terms.uses).collect()
    }

    #[test]
    fn words_and_pairs_are_counted_relative_to_all_of_their_kind() {
        let found = of(&["A dog. a Dog a", "the dog", ""], 1);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        // No pair reaches over a full stop.
        assert_eq!(names, ["a", "a dog", "dog", "dog a", "the", "the dog"]);
        assert_eq!(found[0].1, [(0, 3.0 / 5.0)]);
        assert_eq!(found[1].1, [(0, 2.0 / 3.0)]);
        assert_eq!(found[2].1, [(0, 2.0 / 5.0), (1, 0.5)]);
        assert_eq!(found[5].1, [(1, 1.0)]);
    }

    #[test]
    fn rare_words_and_their_pairs_are_left_out() {
        let found = of(&["we don’t walk", "we don't run", "We sit"], 2);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["don't", "we", "we don't"]);
        // Of two pairs of the first row, one is rare and counts all the same.
        assert_eq!(found[2].1, [(0, 0.5), (1, 0.5)]);
    }

    #[test]
    fn words_of_other_scripts_are_words() {
        let found = of(&["Äpfel, ÉTÉ 開放"], 1);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["äpfel", "été", "été 開", "放", "開", "開 放"]);
    }
}
