//! What a server says, in words that may be shown: its message, without the key and without texts,
//! on one line and short.

use std::fmt;

use serde_json::Value;

/// Characters of a server's words.
const LONGEST: usize = 300;
/// So many characters of a key in a row are a piece of it.
const PIECE: usize = 8;

/// The key of a server. It is never shown, written or hashed.
#[derive(Clone)]
pub(super) struct Key(pub String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The words without the key and without pieces of it, whatever their case.
    fn masked(&self, words: &str) -> String {
        let key: Vec<char> = self.0.to_lowercase().chars().collect();
        let said: Vec<char> = words.chars().collect();
        let is_alike = |a: char, b: char| a == b || a.to_lowercase().eq(std::iter::once(b));
        // The longest piece of the key that begins at a place of the words.
        let piece = |at: usize| -> usize {
            let from = |start: usize| {
                let pairs = said[at..].iter().zip(&key[start..]);
                pairs.take_while(|(a, b)| is_alike(**a, **b)).count()
            };
            (0..key.len()).map(from).max().unwrap_or(0)
        };
        let least = PIECE.min(key.len()).max(1);
        let (mut shown, mut at) = (String::new(), 0);
        while at < said.len() {
            match piece(at) {
                length if length >= least => {
                    shown.push_str("(key)");
                    at += length;
                }
                _ => {
                    shown.push(said[at]);
                    at += 1;
                }
            }
        }
        shown
    }
}

/// The message in the body of an error, if it has one of the usual forms. Others may hold anything,
/// the texts too, and are not shown.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    of_object(&body)
}

/// `{"error": {"message": …}}`, `{"error": …}`, `{"message": …}`, `{"detail": …}`, and FastAPI's
/// list of details, whose `input` is the text.
pub(super) fn of_object(body: &Value) -> Option<String> {
    let error = &body["error"];
    let details = body["detail"].as_array();
    let details = details.map(|all| all.iter().filter_map(|one| one["msg"].as_str()));
    let one = [&error["message"], error, &body["message"], &body["detail"]];
    let one = one.into_iter().find_map(Value::as_str).map(str::to_owned);
    one.or_else(|| details.map(|all| all.collect::<Vec<_>>().join("; ")))
        .filter(|message| !message.is_empty())
}

/// Words of a server that may be shown.
pub(super) fn clean(words: &str, key: Option<&Key>, texts: &[String]) -> String {
    let mut words = words.to_owned();
    for text in texts.iter().filter(|text| text.chars().count() >= PIECE) {
        words = words.replace(text.as_str(), "(text)");
    }
    if let Some(key) = key {
        words = key.masked(&words);
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = words.chars().take(LONGEST).collect();
    if shown.len() < words.len() {
        shown.push('…');
    }
    ocean_report::escape::terminal(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_key_nor_a_piece_of_it_nor_a_text_is_shown() {
        let key = Key("sk-Secret0123456789".to_owned());
        let texts = ["I told nobody about this".to_owned()];
        let shown = |words: &str| clean(words, Some(&key), &texts);
        assert_eq!(
            shown("Bearer sk-Secret0123456789 is wrong"),
            "Bearer (key) is wrong"
        );
        assert_eq!(shown("SK-SECRET0123456789x"), "(key)x");
        assert_eq!(shown("no ...cret0123456 here"), "no ...(key) here");
        assert_eq!(shown("sk-S is short"), "sk-S is short");
        assert_eq!(shown("in \"I told nobody about this\""), "in \"(text)\"");
        assert_eq!(shown("a\n\u{1b}[31mb"), "a \\u{1b}[31mb");
        // Before it is cut: no half of a key stands at the end.
        let long = format!("{}sk-Secret0123456789", "x".repeat(LONGEST - 12));
        assert!(shown(&long).ends_with("x(key)"), "{}", shown(&long));
        assert_eq!(clean("abx", Some(&Key("x".into())), &[]), "ab(key)");
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn messages_are_found_in_the_forms_of_servers_and_inputs_are_not() {
        let said = |body: &str| message(body.as_bytes());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            said(r#"{"error": {"message": "m", "type": "t"}}"#),
            some("m")
        );
        assert_eq!(
            said(r#"{"error": "e", "error_type": "validation"}"#),
            some("e")
        );
        assert_eq!(said(r#"{"object": "error", "message": "v"}"#), some("v"));
        assert_eq!(said(r#"{"detail": "d"}"#), some("d"));
        let details = r#"{"detail": [{"msg": "too long", "input": "a text"}, {"msg": "b"}]}"#;
        assert_eq!(said(details), some("too long; b"));
        assert_eq!(said(r#"{"input": "a text"}"#), None);
        assert_eq!(said("<html>a text</html>"), None);
    }
}
