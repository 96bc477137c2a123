//! What counts as a word.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, in order: longest runs of letters, digits and marks, in normal form C and
/// lower case.
///
/// Everything else separates: blanks, punctuation, symbols, emoji. So "Don't" is `don`, `t`. Text
/// in a script without blanks is one word per run; its character n-grams carry it. Normal form C
/// makes é one character, however it was typed; lower case is Unicode's, character by character, so
/// it depends on no language setting.
pub(crate) fn of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfc() {
        if c.is_alphanumeric() || is_combining_mark(c) {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
