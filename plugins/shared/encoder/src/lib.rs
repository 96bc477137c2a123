//! `ocean-transformer`'s network as an encoder of the SDK: the plugin `sentence-transformer`, and
//! its presets `minilm`, `mpnet` and `bge`.
//!
//! Each of them brings its names, its usual model and the family of its models, in one
//! [`plugin!`]; everything else is [`TextEncoder`].

mod plugin;

pub mod testing;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::path::Path;

use ocean_plugin::prelude::*;
use ocean_transformer::{Error as ModelError, Model, PoolingMode, Run};

pub use ocean_transformer::{Family, LayerPool, LongTexts, Settings};

/// What one plugin is; [`plugin!`] makes it.
pub trait Kind: 'static {
    /// Its names.
    const INFO: Info;
    /// What its users can set.
    type Params: Parameters;
    /// The model's folder, and what to do with it.
    ///
    /// # Errors
    /// Parameters that do not go together.
    fn asked(params: Self::Params) -> Result<(String, Settings)>;
}

/// An encoder: a model folder, checked; weights are read at the first encode.
pub struct TextEncoder<K> {
    model: Model,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Encoder for TextEncoder<K> {
    const INFO: Info = K::INFO;
    type Params = K::Params;

    fn new(params: K::Params, _: &Call<'_>) -> Result<Self> {
        let (folder, settings) = K::asked(params)?;
        Ok(Self {
            model: Model::open(Path::new(&folder), &settings).map_err(told)?,
            kind: PhantomData,
        })
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

impl<K: Kind> TokenCounter for TextEncoder<K> {
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

/// `layer_pool`, whose choices the schema checks.
#[must_use]
pub fn layer_pool(typed: Option<&str>) -> Option<LayerPool> {
    typed.map(|typed| match typed {
        "concat" => LayerPool::Concat,
        _ => LayerPool::Mean,
    })
}

/// `pooling`, likewise.
#[must_use]
pub fn pooling(typed: Option<&str>) -> Option<PoolingMode> {
    typed.map(|typed| match typed {
        "cls" => PoolingMode::Cls,
        "max" => PoolingMode::Max,
        _ => PoolingMode::Mean,
    })
}

/// `long_texts` and `window_stride`.
///
/// # Errors
/// A stride without windows would do nothing.
pub fn long_texts(typed: &str, stride: Option<u32>) -> Result<LongTexts> {
    let stride = stride.map(|stride| stride as usize);
    match (typed, stride) {
        ("windows", stride) => Ok(LongTexts::Windows { stride }),
        (_, None) => Ok(LongTexts::Truncate),
        (_, Some(_)) => Err(Error::param(
            "window_stride is for long_texts = \"windows\", and texts are cut here",
        )),
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The status that tells the host whose fault it is.
fn told(error: ModelError) -> Error {
    let message = error.to_string();
    match error {
        ModelError::Cancelled => Error::cancelled(),
        ModelError::NotFinite { .. } => Error::numeric(message),
        ModelError::Unreadable { .. } => Error::internal(message),
        ModelError::Unsupported { .. } => Error::unsupported(message),
        _ => Error::param(message),
    }
}
