//! Checks of encoders: a vector depends on its own text alone, and is as declared.

use ocean_loader::PluginEncoder;

use super::result::{Outcome, Verdict, failed, skipped};
use super::subject::{Subject, of_plugin};
use crate::encode::embedding::TextEncoder;

/// How far a vector's length may be from 1 when it is declared normalised.
const UNIT: f32 = 1e-4;

/// Short ones: equal, with and without letters.
pub const TEXTS: [&str; 7] = [
    "I went for a long walk by the river.",
    "Yes.",
    "The committee will meet on Thursday, and nobody knows why.",
    "naïve café — 東京 🙂",
    "I went for a long walk by the river.",
    "one two three four five six seven eight nine ten eleven twelve",
    "?!",
];

/// A vector each. The texts lie where a study's do, in memory that can be written to: whoever
/// writes there fails the check that asks for it, and not all.
pub fn encode(encoder: &PluginEncoder, texts: &[&str]) -> Result<Vec<Vec<f32>>, Outcome> {
    let owned: Vec<String> = texts.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = owned.iter().map(String::as_str).collect();
    let all = encoder.encode(&texts, &|_| {}).map_err(of_plugin)?;
    Ok(all
        .chunks(encoder.shape().dim)
        .map(<[f32]>::to_vec)
        .collect())
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|value| value.to_bits()).collect()
}

pub fn encodes_ordinary_texts(subject: &Subject) -> Verdict {
    encode(&subject.encoder()?, &TEXTS)?;
    Ok(Outcome::Success)
}

pub fn order_of_texts(subject: &Subject) -> Verdict {
    let encoder = subject.encoder()?;
    let forward = encode(&encoder, &TEXTS)?;
    let reversed: Vec<&str> = TEXTS.iter().rev().copied().collect();
    let mut backward = encode(&encoder, &reversed)?;
    backward.reverse();
    for (at, (one, other)) in forward.iter().zip(&backward).enumerate() {
        if bits(one) != bits(other) {
            return failed(format!(
                "text {at} has another vector when the order is reversed"
            ));
        }
    }
    Ok(Outcome::Success)
}

pub fn size_of_batch(subject: &Subject) -> Verdict {
    let encoder = subject.encoder()?;
    let together = encode(&encoder, &TEXTS)?;
    for (at, text) in TEXTS.iter().enumerate() {
        let alone = encode(&encoder, &[text])?;
        if bits(&alone[0]) != bits(&together[at]) {
            return failed(format!(
                "text {at} alone has another vector than among {}",
                TEXTS.len()
            ));
        }
    }
    Ok(Outcome::Success)
}

pub fn encodes_the_same_again(subject: &Subject) -> Verdict {
    let (one, other) = (subject.encoder()?, subject.encoder()?);
    let first = encode(&one, &TEXTS)?;
    for (encoder, what) in [(&one, "the same object"), (&other, "a new object")] {
        let again = encode(encoder, &TEXTS)?;
        if first.iter().zip(&again).any(|(a, b)| bits(a) != bits(b)) {
            return failed(format!("{what}, asked again, gives other vectors"));
        }
    }
    if one.shape() != other.shape() {
        return failed("two objects with the same parameters declare different shapes");
    }
    Ok(Outcome::Success)
}

pub fn odd_texts(subject: &Subject) -> Verdict {
    let encoder = subject.encoder()?;
    let long = "word ".repeat(20_000);
    let odd = ["", " ", "\u{0}", "\n\n", "🙂🙂🙂", "\u{202e}abc", &long];
    for text in odd {
        let what = format!("a text of {} bytes", text.len());
        let all = encode(&encoder, &[text])?;
        if let Some(value) = all[0].iter().find(|value| !value.is_finite()) {
            return failed(format!("{what} becomes {value}"));
        }
    }
    Ok(Outcome::Success)
}

pub fn vectors_are_as_declared(subject: &Subject) -> Verdict {
    let encoder = subject.encoder()?;
    let all = encode(&encoder, &TEXTS)?;
    if all.iter().flatten().any(|value| !value.is_finite()) {
        return failed("a component is not finite");
    }
    if bits(&all[0]) == bits(&all[1]) {
        return failed("different texts have the same vector");
    }
    if !encoder.shape().is_normalised {
        return Ok(Outcome::Success);
    }
    for (at, vector) in all.iter().enumerate() {
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        if (norm - 1.0).abs() > UNIT {
            return failed(format!(
                "vectors are declared of length 1; that of text {at} has {norm}"
            ));
        }
    }
    Ok(Outcome::Success)
}

pub fn counts_tokens(subject: &Subject) -> Verdict {
    let encoder = subject.encoder()?;
    let long = "word ".repeat(2_000);
    let texts: Vec<&str> = TEXTS.iter().copied().chain([long.as_str()]).collect();
    let Some(counts) = encoder.token_counts(&texts).map_err(of_plugin)? else {
        return skipped("it does not offer `ocean.encoder.info/1`");
    };
    let most = encoder.shape().max_tokens.unwrap_or(u32::MAX);
    for (at, count) in counts.iter().enumerate() {
        if count.n_used > count.n_tokens || count.n_used > most {
            return failed(format!(
                "of text {at} it uses {} of {} tokens, at most {most}",
                count.n_used, count.n_tokens
            ));
        }
    }
    Ok(Outcome::Success)
}
