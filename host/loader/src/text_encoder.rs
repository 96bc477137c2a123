//! Anything that turns texts into vectors: what the rest of a program sees of an encoder.

use serde::{Deserialize, Serialize};

use super::PluginError;

/// How token vectors became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Something else, or nothing to pool.
    Other,
    /// Their mean.
    Mean,
    /// The first token's.
    Cls,
    /// Their maximum.
    Max,
}

/// What an encoder makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderShape {
    /// Numbers a text becomes.
    pub dim: usize,
    /// Longest text in tokens before it is cut; `None`: none is cut.
    pub max_tokens: Option<u32>,
    /// How token vectors became one.
    pub pooling: Pooling,
    /// Every vector has length 1.
    pub is_normalised: bool,
    /// A hash of everything a vector depends on besides its text, as the plugin states it.
    pub cache_key: String,
}

/// How one text was cut into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// Tokens, special ones included, before cutting.
    pub n_tokens: u32,
    /// Tokens that were used.
    pub n_used: u32,
}

/// Anything that turns texts into vectors.
pub trait TextEncoder {
    /// `` encoder `bge` ``: how messages name it.
    fn title(&self) -> String;
    /// What it makes.
    fn shape(&self) -> &EncoderShape;
    /// All that a vector depends on besides its text, by name: the parts of the cache key.
    fn key_parts(&self) -> Vec<(String, String)>;
    /// What to do about vectors that are not numbers.
    fn check_hint(&self) -> String;
    /// texts.len() × dim numbers, row by row. `progress` receives the share that is done.
    ///
    /// # Errors
    /// Whatever the encoder reports.
    fn encode(
        &self,
        texts: &[&str],
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Vec<f32>, PluginError>;
    /// Token counts, one a text; `None` when the encoder does not count.
    ///
    /// # Errors
    /// Whatever the encoder reports.
    fn token_counts(&self, texts: &[&str]) -> Result<Option<Vec<TokenCount>>, PluginError>;
}
