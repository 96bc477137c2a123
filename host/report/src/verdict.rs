//! A verdict as text in results.json and results.csv: the engine's words, and none for a control,
//! which gets no verdict.

use ocean_engine::inference::verdict::Verdict;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// The words; empty without a verdict.
#[must_use]
pub fn words(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("", Verdict::as_str)
}

/// For `#[serde(with = "…")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(
    verdict: &Option<Verdict>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(words(*verdict))
}

/// For `#[serde(with = "…")]`.
///
/// # Errors
/// Words that are no verdict.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Verdict>, D::Error> {
    let words = String::deserialize(deserializer)?;
    if words.is_empty() {
        return Ok(None);
    }
    Verdict::from_words(&words).map(Some).ok_or_else(|| {
        let known = Verdict::ALL.map(|verdict| format!("`{}`", verdict.as_str()));
        Error::custom(format!(
            "unknown verdict `{words}`, expected one of {}",
            known.join(", ")
        ))
    })
}
