//! BGE encoders as a plugin. The network is `ocean-transformer`'s, the way to it
//! `ocean-text-encoder`'s.

#[cfg(test)]
mod tests;

use ocean_plugin::prelude::*;
use ocean_text_encoder::{Family, Kind, Settings, TextEncoder};

ocean_plugin::params! {
    /// What the encoder can be told.
    pub struct BgeParams {
        /// The model: a folder in the format of sentence-transformers, or a name that the host
        /// turns into one.
        pub model: String = default_to("BAAI/bge-large-en-v1.5").model(),
        /// Longest text in tokens, special ones included; longer ones are cut at the end. Not
        /// given: the model's own limit.
        pub max_seq_length: Option<u32> = default_to(None).min(3),
        /// Arithmetic of the network.
        pub precision: String = default_to("f32").choices(&["f32"]),
        /// Put before every text. Not given: the model's own default, usually nothing.
        pub prompt: Option<String> = default_to(None),
    }
}

/// What makes it BGE.
pub struct IsBge;

impl Kind for IsBge {
    const INFO: Info = ocean_plugin::info! {
        id: "bge",
        name: "BGE",
        description: "BGE sentence encoders: vector of the first token, length 1",
        family: "transformer",
    };
    type Params = BgeParams;

    fn asked(params: BgeParams) -> (String, Settings) {
        let settings = Settings {
            max_seq_length: params.max_seq_length.map(|length| length as usize),
            prompt: params.prompt,
            ..Settings::new(Family::Bert)
        };
        (params.model, settings)
    }
}

/// The encoder.
pub type Bge = TextEncoder<IsBge>;

ocean_plugin::export_plugin!(encoder Bge: info);
