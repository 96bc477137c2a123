//! Hashed word and character n-grams as a plugin: what the words of a text alone say.
//!
//! No weights and nothing learned: a vector is a pure function of its text and three settings, so
//! it may serve as a yardstick for encoders that know language, and as a check that embeddings
//! belong to their texts. `words` finds the words, `hash` numbers the n-grams, `vector` adds them
//! up; here they meet the plugin interfaces.

mod hash;
#[cfg(test)]
mod tests;
mod vector;
mod words;

use ocean_plugin::prelude::*;

use vector::{NgramRange, Recipe};

/// Raised whenever the same text gets other numbers.
const REVISION: u32 = 2;

ocean_plugin::params! {
    /// What the encoder can be told.
    pub struct LexicalParams {
        /// Numbers a text becomes. Fewer: more n-grams share one.
        pub dim: u32 = default_to(512_u32).min(1).max(1_048_576),
        /// Shortest sequence of words counted.
        pub word_ngram_min: u32 = default_to(1_u32).min(1).max(8),
        /// Longest sequence of words counted; 0: none.
        pub word_ngram_max: u32 = default_to(2_u32).min(0).max(8),
        /// Shortest run of characters counted, within a word and the blanks around it.
        pub char_ngram_min: u32 = default_to(3_u32).min(1).max(16),
        /// Longest run of characters counted; 0: none.
        pub char_ngram_max: u32 = default_to(5_u32).min(0).max(16),
    }
}

/// The encoder: its settings, checked.
pub struct Lexical {
    recipe: Recipe,
}

impl Encoder for Lexical {
    const INFO: Info = ocean_plugin::info! {
        id: "lexical",
        name: "Hashed word and character n-grams",
        description: "Hashed word and character n-grams: what the words alone say, without a model",
        family: "lexical",
    };
    type Params = LexicalParams;

    fn new(params: LexicalParams, _: &Call<'_>) -> Result<Self> {
        let words = range("word_ngram", params.word_ngram_min, params.word_ngram_max)?;
        let characters = range("char_ngram", params.char_ngram_min, params.char_ngram_max)?;
        if words.is_none() && characters.is_none() {
            return Err(Error::param(
                "word_ngram_max = 0 and char_ngram_max = 0 leave nothing to count: raise one of them",
            ));
        }
        Ok(Lexical {
            recipe: Recipe {
                dim: params.dim as usize,
                words,
                characters,
            },
        })
    }

    fn shape(&self, _: &Call<'_>) -> Result<Shape> {
        Ok(Shape {
            dim: self.recipe.dim as u32,
            max_tokens: None,
            pooling: Pooling::Other,
            // Length 1, except for a text without words, which is 0: so it is no promise.
            is_normalised: false,
            cache_key: self.cache_key(),
        })
    }

    fn encode(&self, texts: &[&str], out: &mut [f32], call: &Call<'_>) -> Result<()> {
        for (text, row) in texts.iter().zip(out.chunks_exact_mut(self.recipe.dim)) {
            call.check_cancelled()?;
            self.recipe.encode(text, row);
        }
        Ok(())
    }
}

impl TokenCounter for Lexical {
    /// Tokens are words; none is cut.
    fn text_info(&self, texts: &[&str], out: &mut [TextInfo], _: &Call<'_>) -> Result<()> {
        for (text, info) in texts.iter().zip(out) {
            let n_tokens = u32::try_from(words::of(text).len()).unwrap_or(u32::MAX);
            *info = TextInfo {
                n_tokens,
                n_used: n_tokens,
            };
        }
        Ok(())
    }
}

impl Lexical {
    /// Everything the numbers depend on, the version of Unicode included: it decides what a letter
    /// is.
    fn cache_key(&self) -> String {
        let versions = [
            char::UNICODE_VERSION,
            unicode_normalization::UNICODE_VERSION,
        ];
        format!("lexical/{REVISION} {:?} unicode {versions:?}", self.recipe)
    }
}

ocean_plugin::export_plugin!(encoder Lexical: info);

fn range(name: &str, min: u32, max: u32) -> Result<Option<NgramRange>> {
    if max > 0 && min > max {
        return Err(Error::param(format!(
            "{name}_min = {min} is above {name}_max = {max}; to count none of these, set {name}_max = 0"
        )));
    }
    Ok((max > 0).then_some(NgramRange {
        min: min as usize,
        max: max as usize,
    }))
}
