//! @ID@: an encoder in Rust. Change `encode_one`; what stands around it can stay.
//!
//! The method it comes with: words are hashed into `dim` places and counted, and the vector is scaled to length 1. A text without words stays 0.

use ocean_plugin::prelude::*;

/// Raise it whenever the same text gets other numbers: the host keeps vectors in a cache.
const REVISION: u32 = 1;

// The comment above a field is the help text that `plugin info` shows.
ocean_plugin::params! {
    /// What the plugin can be told in plugins.toml.
    pub struct Params {
        /// Numbers a text becomes. Fewer: more words share one.
        pub dim: u32 = default_to(256_u32).min(1).max(4096),
    }
}

/// What the plugin was told. Several threads may use it at once.
struct Plugin {
    dim: u32,
}

impl Plugin {
    /// A vector depends on its own text only. The empty text is a text.
    fn encode_one(&self, text: &str, out: &mut [f32]) {
        out.fill(0.0);
        for word in text.split_whitespace() {
            let place = hash(word) % u64::from(self.dim);
            out[place as usize] += 1.0;
        }
        let length = out.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            out.iter_mut().for_each(|value| *value /= length);
        }
    }
}

/// FNV-1a, 64 bits: the same number on every machine and with every compiler. The standard library's hash is not.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Encoder for Plugin {
    // Version, description and licence come from Cargo.toml.
    const INFO: Info = ocean_plugin::info! {
        id: "@ID@",
        name: "@TITLE@",
        family: "hash",
    };
    type Params = Params;

    // Cheap: weights are better read at the first encode, so that a full cache loads nothing.
    fn new(params: Params, _: &Call<'_>) -> Result<Self> {
        Ok(Plugin { dim: params.dim })
    }

    fn shape(&self, _: &Call<'_>) -> Result<Shape> {
        Ok(Shape {
            dim: self.dim,
            max_tokens: None, // no text is cut
            pooling: Pooling::Other,
            is_normalised: false, // a text without words has length 0
            cache_key: format!("revision {REVISION}, dim {}", self.dim),
        })
    }

    fn encode(&self, texts: &[&str], out: &mut [f32], call: &Call<'_>) -> Result<()> {
        for (i, (text, out)) in texts
            .iter()
            .zip(out.chunks_exact_mut(self.dim as usize))
            .enumerate()
        {
            call.check_cancelled()?;
            self.encode_one(text, out);
            call.progress((i + 1) as f64 / texts.len() as f64);
        }
        Ok(())
    }
}

// What the library exports.
ocean_plugin::export_plugin!(encoder Plugin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_depends_on_its_words_and_not_on_their_order() {
        let plugin = Plugin { dim: 16 };
        let encode = |text: &str| {
            let mut out = vec![f32::NAN; 16];
            plugin.encode_one(text, &mut out);
            out
        };
        assert_eq!(encode("one two"), encode(" two  one "));
        assert_eq!(encode(""), [0.0; 16]);
    }
}
