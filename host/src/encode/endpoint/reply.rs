//! One reply, believed about nothing: vectors stand where their index says, and there is one finite
//! vector of the expected width for every text.

use serde::Deserialize;
use serde_json::Value;

use super::said;

/// `{"data": [{"index": 0, "embedding": [0.1, …]}, …]}`, and what stands there instead.
#[derive(Deserialize)]
struct Reply {
    data: Option<Vec<Item>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<u64>,
    embedding: Option<Vec<Option<f64>>>,
}

/// Why a reply is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends in the middle: the next attempt may go better.
    Cut,
    /// It says what cannot be used; the end of a sentence that begins with the server.
    Wrong(String),
}

fn wrong(what: impl Into<String>) -> Fault {
    Fault::Wrong(what.into())
}

/// The vectors of `n` texts in their order, all of one width: `width`, if that is known.
pub(super) fn vectors(body: &[u8], n: usize, width: Option<usize>) -> Result<Vec<Vec<f32>>, Fault> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    let Some(items) = reply.data else {
        let error = reply
            .error
            .map(|error| serde_json::json!({ "error": error }));
        let message = error.and_then(|error| said::of_object(&error));
        return Err(wrong(match message {
            Some(message) => format!("sent no vectors but a message: {message}"),
            None => "sent no list `data`".to_owned(),
        }));
    };
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; n];
    let mut width = width;
    for item in items {
        let index = item.index.ok_or_else(|| {
            wrong("sent a vector without `index`, so nobody can say of which text it is")
        })?;
        let place = usize::try_from(index).ok();
        let place = place.and_then(|index| vectors.get_mut(index));
        let place = place.ok_or_else(|| {
            wrong(format!(
                "sent a vector of index {index} for {n} texts, counted from 0"
            ))
        })?;
        if place.is_some() {
            return Err(wrong(format!("sent two vectors of index {index}")));
        }
        let numbers = item.embedding;
        let numbers =
            numbers.ok_or_else(|| wrong(format!("sent index {index} without `embedding`")))?;
        let vector = finite(&numbers, index)?;
        let expected = *width.get_or_insert(vector.len());
        if vector.len() != expected {
            return Err(wrong(format!(
                "sent a vector of {} numbers where {expected} are expected",
                vector.len()
            )));
        }
        *place = Some(vector);
    }
    let n_found = vectors.iter().flatten().count();
    let missing = vectors.iter().position(Option::is_none);
    match missing {
        None => Ok(vectors.into_iter().flatten().collect()),
        Some(first) => Err(wrong(format!(
            "sent {n_found} vectors for {n} texts, none of index {first}"
        ))),
    }
}

fn finite(numbers: &[Option<f64>], index: u64) -> Result<Vec<f32>, Fault> {
    if numbers.is_empty() {
        return Err(wrong(format!("sent an empty vector of index {index}")));
    }
    let number = |(at, number): (usize, &Option<f64>)| {
        let value = number.map(|number| number as f32);
        value.filter(|value| value.is_finite()).ok_or_else(|| {
            let found = number.map_or("null".to_owned(), |number| format!("{number:e}"));
            wrong(format!(
                "sent {found}, which is no number of 32 bits, at place {at} of the vector of index {index}"
            ))
        })
    };
    numbers.iter().enumerate().map(number).collect()
}

/// What is wrong with bytes that are not the JSON that was expected. None of them are shown but the
/// words for what is no number.
fn unreadable(body: &[u8], error: &serde_json::Error) -> Fault {
    if error.is_eof() {
        return Fault::Cut;
    }
    let line = body
        .split(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1));
    let from = error.column().saturating_sub(2);
    let rest = line.and_then(|line| line.get(from..)).unwrap_or_default();
    let words = ["NaN", "nan", "Infinity", "inf"];
    let is_there = |word: &&&str| {
        let near = &rest[..rest.len().min(word.len() + 3)];
        near.windows(word.len())
            .any(|bytes| bytes == word.as_bytes())
    };
    match words.iter().find(is_there) {
        Some(word) => wrong(format!("sent {word}, which is no number, in a vector")),
        None if error.is_data() => wrong(format!(
            "sent something else than vectors (line {}, column {}: a value of another kind)",
            error.line(),
            error.column()
        )),
        None => wrong(format!(
            "sent what is no JSON (line {}, column {})",
            error.line(),
            error.column()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, n: usize, width: Option<usize>) -> Result<Vec<Vec<f32>>, String> {
        vectors(body.as_bytes(), n, width).map_err(|fault| match fault {
            Fault::Cut => "cut".to_owned(),
            Fault::Wrong(what) => what,
        })
    }

    #[test]
    fn vectors_stand_where_their_index_says() {
        let body = r#"{"object": "list", "model": "m", "usage": {"total_tokens": 2},
            "data": [{"index": 1, "embedding": [3, 4.5]}, {"object": "embedding", "index": 0, "embedding": [1, -2e-3]}]}"#;
        let expected = vec![vec![1.0, -2e-3], vec![3.0, 4.5]];
        assert_eq!(read(body, 2, None), Ok(expected));
    }

    #[test]
    fn every_other_reply_is_refused_with_what_is_wrong() {
        let item = |index: &str, numbers: &str| format!(r#"{{{index}"embedding": [{numbers}]}}"#);
        let of = |items: &[String]| format!(r#"{{"data": [{}]}}"#, items.join(", "));
        let one = |numbers: &str| of(&[item("\"index\": 0, ", numbers)]);
        let (first, second) = (
            item("\"index\": 0, ", "1, 2"),
            item("\"index\": 1, ", "3, 4"),
        );
        for (body, n, width, expected) in [
            (
                of(std::slice::from_ref(&first)),
                2,
                None,
                "sent 1 vectors for 2 texts, none of index 1",
            ),
            (
                of(&[first.clone(), first.clone()]),
                2,
                None,
                "sent two vectors of index 0",
            ),
            (
                of(&[first.clone(), second]),
                1,
                None,
                "sent a vector of index 1 for 1 texts",
            ),
            (of(&[item("", "1")]), 1, None, "without `index`"),
            (
                of(&[item("\"index\": 18446744073709551615, ", "1")]),
                1,
                None,
                "of index 18446744073709551615",
            ),
            (one("1, NaN"), 1, None, "sent NaN, which is no number"),
            (
                one("-Infinity"),
                1,
                None,
                "sent Infinity, which is no number",
            ),
            (
                one("1, null"),
                1,
                None,
                "sent null, which is no number of 32 bits, at place 1",
            ),
            (
                one("1e39"),
                1,
                None,
                "sent 1e39, which is no number of 32 bits",
            ),
            (one("1e999"), 1, None, "sent what is no JSON"),
            (one(""), 1, None, "sent an empty vector"),
            (
                one("1"),
                1,
                Some(2),
                "sent a vector of 1 numbers where 2 are expected",
            ),
            (
                of(&[first, item("\"index\": 1, ", "1")]),
                2,
                None,
                "of 1 numbers where 2 are expected",
            ),
            (
                "{\"data\": [{\"index\": 0, \"embedding\": [1,".to_owned(),
                1,
                None,
                "cut",
            ),
            (
                r#"{"data": [{"index": 0, "embedding": "AAAA"}]}"#.to_owned(),
                1,
                None,
                "something else than vectors",
            ),
            (
                r#"{"data": [{"index": 0}]}"#.to_owned(),
                1,
                None,
                "without `embedding`",
            ),
            (
                r#"{"error": {"message": "m"}}"#.to_owned(),
                1,
                None,
                "no vectors but a message: m",
            ),
            ("{}".to_owned(), 1, None, "sent no list `data`"),
            (
                "<html>secret</html>".to_owned(),
                1,
                None,
                "sent what is no JSON (line 1, column 1)",
            ),
        ] {
            let said = read(&body, n, width).unwrap_err();
            assert!(said.contains(expected), "{body}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
