//! What the user decides about a model.

use crate::error::{Error, Result};
use crate::folder::modules::Modules;
use crate::{Family, LayerPool, PoolingMode, Simd};

/// What the user decides; the rest is the folder's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The family the folder must be of; `None`: any.
    pub family: Option<Family>,
    /// Longest text in tokens, special ones included; `None`: the model's own limit.
    pub max_seq_length: Option<usize>,
    /// Put before every text; `None`: the model's own default, usually nothing.
    pub prompt: Option<String>,
    /// The layers whose token vectors count: 0 is what goes into the first layer, 1 what comes out
    /// of it (transformers' `hidden_states`), negative numbers count from the last, −1. `None`: the
    /// last.
    pub layers: Option<Vec<i64>>,
    /// How several layers become one; `None`: their mean.
    pub layer_pool: Option<LayerPool>,
    /// How token vectors become one; `None`: as the model's author meant it.
    pub pooling: Option<PoolingMode>,
    /// What is done with texts longer than the limit.
    pub long_texts: LongTexts,
    /// So many numbers of each vector are kept, the first ones, with length 1 again where the model
    /// ends in that; `None`: as many as the author meant.
    pub truncate_dim: Option<usize>,
    /// The vector instructions to use. All give the same bits.
    pub simd: Simd,
}

/// What is done with texts longer than the model's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongTexts {
    /// They are cut, as by sentence-transformers.
    Truncate,
    /// All of their tokens count, in windows of the limit's length: the mean of the windows' pooled
    /// vectors, each weighing as many tokens as it has; what follows pooling comes after that.
    Windows {
        /// Tokens from the beginning of a window to that of the next; `None`: windows follow each
        /// other without overlap.
        stride: Option<usize>,
    },
}

impl Settings {
    /// Everything as the model's author meant it.
    #[must_use]
    pub fn new(family: impl Into<Option<Family>>) -> Settings {
        Settings {
            family: family.into(),
            max_seq_length: None,
            prompt: None,
            layers: None,
            layer_pool: None,
            pooling: None,
            long_texts: LongTexts::Truncate,
            truncate_dim: None,
            simd: Simd::detect(),
        }
    }

    /// A Dense was made for the vectors that the author pooled.
    pub(crate) fn check_dense(&self, modules: &Modules) -> Result<()> {
        let is_other = self.pooling.is_some_and(|mode| modules.pooling != [mode]);
        if modules.dense().next().is_none() || (self.layers.is_none() && !is_other) {
            return Ok(());
        }
        Err(Error::Setting(
            "layers and pooling cannot be chosen for a model with a module Dense, which was made for the vectors that its author pooled; \
             a folder with the network's own files alone has no such module"
                .into(),
        ))
    }
}
