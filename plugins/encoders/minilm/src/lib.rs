//! MiniLM and other small BERT encoders as a plugin. The network is `ocean-transformer`'s, the way
//! to it `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

use ocean_plugin::prelude::*;
use ocean_text_encoder::{Family, Kind, Settings, TextEncoder};

ocean_plugin::params! {
    /// What the encoder can be told.
    pub struct MiniLmParams {
        /// The model: a folder in the format of sentence-transformers, or a name that the host
        /// turns into one.
        pub model: String = default_to("sentence-transformers/all-MiniLM-L6-v2").model(),
        /// Longest text in tokens, special ones included; longer ones are cut at the end. Not
        /// given: the model's own limit.
        pub max_seq_length: Option<u32> = default_to(None).min(3),
        /// Arithmetic of the network.
        pub precision: String = default_to("f32").choices(&["f32"]),
        /// Put before every text. Not given: the model's own default, usually nothing.
        pub prompt: Option<String> = default_to(None),
    }
}

/// What makes it MiniLM.
pub struct IsMiniLm;

impl Kind for IsMiniLm {
    const INFO: Info = ocean_plugin::info! {
        id: "minilm",
        name: "MiniLM",
        description: "MiniLM sentence encoders: mean of token vectors, length 1",
        family: "transformer",
    };
    type Params = MiniLmParams;

    fn asked(params: MiniLmParams) -> (String, Settings) {
        let settings = Settings {
            max_seq_length: params.max_seq_length.map(|length| length as usize),
            prompt: params.prompt,
            ..Settings::new(Family::Bert)
        };
        (params.model, settings)
    }
}

/// The encoder.
pub type MiniLm = TextEncoder<IsMiniLm>;

ocean_plugin::export_plugin!(encoder MiniLm: info);
