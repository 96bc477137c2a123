//! MPNet encoders as a plugin. The network is `ocean-transformer`'s; here it meets the plugin interfaces.

#[cfg(test)]
mod tests;

use ocean_plugin::prelude::*;
use ocean_transformer::{Family, Model, PoolingMode, Run, Settings};
use std::path::Path;

ocean_plugin::params! {
    /// What the encoder can be told.
    pub struct MpNetParams {
        /// The model: a folder in the format of sentence-transformers, or a name that the host turns into one.
        pub model: String = default_to("sentence-transformers/all-mpnet-base-v2").model(),
        /// Longest text in tokens, special ones included; longer ones are cut at the end. Not given: the model's own limit.
        pub max_seq_length: Option<u32> = default_to(None).min(3),
        /// Arithmetic of the network.
        pub precision: String = default_to("f32").choices(&["f32"]),
        /// Put before every text. Not given: the model's own default, usually nothing.
        pub prompt: Option<String> = default_to(None),
    }
}

/// The encoder: a model folder, checked.
pub struct MpNet {
    model: Model,
}

impl Encoder for MpNet {
    const INFO: Info = ocean_plugin::info! {
        id: "mpnet",
        name: "MPNet",
        family: "transformer",
    };
    type Params = MpNetParams;

    fn new(params: MpNetParams, _: &Call<'_>) -> Result<Self> {
        let settings = Settings {
            max_seq_length: params.max_seq_length.map(|length| length as usize),
            prompt: params.prompt,
            ..Settings::new(Family::MpNet)
        };
        let model = Model::open(Path::new(&params.model), &settings).map_err(told)?;
        Ok(MpNet { model })
    }

    fn shape(&self, _: &Call<'_>) -> Result<Shape> {
        Ok(Shape {
            dim: narrow(self.model.dim()),
            max_tokens: Some(narrow(self.model.max_tokens())),
            pooling: match self.model.pooling() {
                [PoolingMode::Mean] => Pooling::Mean,
                [PoolingMode::Cls] => Pooling::Cls,
                [PoolingMode::Max] => Pooling::Max,
                _ => Pooling::Other,
            },
            is_normalised: self.model.is_normalised(),
            cache_key: self.model.cache_key().map_err(told)?,
        })
    }

    fn encode(&self, texts: &[&str], out: &mut [f32], call: &Call<'_>) -> Result<()> {
        let run = Run {
            threads: call.max_threads(),
            cancelled: &|| call.is_cancelled(),
            progress: &|fraction| call.progress(fraction),
        };
        self.model.encode(texts, out, run).map_err(told)
    }
}

impl TokenCounter for MpNet {
    fn text_info(&self, texts: &[&str], out: &mut [TextInfo], call: &Call<'_>) -> Result<()> {
        let run = Run {
            threads: call.max_threads(),
            cancelled: &|| call.is_cancelled(),
            progress: &|_| {},
        };
        let counts = self.model.text_info(texts, run).map_err(told)?;
        for (count, info) in counts.iter().zip(out) {
            *info = TextInfo {
                n_tokens: narrow(count.n_tokens),
                n_used: narrow(count.n_used),
            };
        }
        Ok(())
    }
}

ocean_plugin::export_plugin!(encoder MpNet: info);

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The status that tells the host whose fault it is.
fn told(error: ocean_transformer::Error) -> Error {
    use ocean_transformer::Error as E;
    let message = error.to_string();
    match error {
        E::Cancelled => Error::cancelled(),
        E::NotFinite { .. } => Error::numeric(message),
        E::Unreadable { .. } => Error::internal(message),
        E::Unsupported { .. } => Error::unsupported(message),
        _ => Error::param(message),
    }
}
