//! What an author of an encoder implements: [`Encoder`], and [`TokenCounter`] if it cuts long
//! texts.

use crate::call::Call;
use crate::error::Result;
use crate::info::Info;
use crate::params::Parameters;
pub use ocean_plugin_abi::TextInfo;
use ocean_plugin_abi::pooling;

/// Texts in, vectors out: `ocean.encoder/1`.
///
/// A shared reference may be used by several threads at once.
pub trait Encoder: Sized + Send + Sync + 'static {
    /// Who it is: [`info!`](macro@crate::info).
    const INFO: Info;
    /// What it can be told: [`params!`](macro@crate::params) or [`NoParams`](crate::NoParams).
    type Params: Parameters;

    /// Makes the encoder. Cheap: read weights at the first encode, so that a full cache loads
    /// nothing.
    ///
    /// # Errors
    /// PARAM, for parameters the schema cannot refuse, a folder without a model for instance.
    fn new(params: Self::Params, call: &Call<'_>) -> Result<Self>;

    /// What it makes. Asked once; the SDK remembers the answer.
    ///
    /// # Errors
    /// Whatever keeps it from telling.
    fn shape(&self, call: &Call<'_>) -> Result<Shape>;

    /// Fills `out`, `texts.len() × dim`, text by text, with finite numbers. A vector depends on its
    /// own text only.
    ///
    /// # Errors
    /// Whatever happens while reading the model or running it.
    fn encode(&self, texts: &[&str], out: &mut [f32], call: &Call<'_>) -> Result<()>;
}

/// How many tokens texts have: `ocean.encoder.info/1`, for the report on cut texts.
pub trait TokenCounter: Encoder {
    /// Fills `out`, one value a text. Tokenises, and does no more.
    ///
    /// # Errors
    /// Whatever happens while reading the tokenizer.
    fn text_info(&self, texts: &[&str], out: &mut [TextInfo], call: &Call<'_>) -> Result<()>;
}

/// What an encoder makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Numbers a text becomes; at least 1.
    pub dim: u32,
    /// Longest text in tokens, special ones included, before it is cut; `None`: none is cut.
    pub max_tokens: Option<u32>,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Every vector has length 1.
    pub is_normalised: bool,
    /// A hash of all a vector depends on besides its text: weights, tokenizer, effective settings,
    /// revision of the code.
    pub cache_key: String,
}

/// How token vectors become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Pooling {
    /// Something else, or nothing to pool.
    Other = pooling::OTHER,
    /// Their mean.
    Mean = pooling::MEAN,
    /// The first token's.
    Cls = pooling::CLS,
    /// Their maximum.
    Max = pooling::MAX,
}
