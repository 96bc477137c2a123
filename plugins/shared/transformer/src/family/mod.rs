//! The families of networks, each one table: what tells it from others.
//!
//! All are encoders of Vaswani et al. (2017) with the normalisation after each step: embeddings of
//! words, positions and perhaps token types; layers of attention and of two matrices with GELU
//! between them. They differ in what their settings and tensors are called, in where positions
//! begin, and in their tokenizer. A new family is a file here with a [`Description`], a line in
//! [`Family`], and a tiny model in `tests/golden/models`; `docs/encoders.md` takes one through it.
//! What no field of the table says (another activation, rotary positions) is a change of `model`.

mod bert;
mod distilbert;
mod mpnet;
mod roberta;

use crate::folder::class::Class;

/// A kind of network that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Devlin et al. (2019): MiniLM, BGE and many more.
    Bert,
    /// Sanh et al. (2019): half of BERT's layers, no token types.
    DistilBert,
    /// Song et al. (2020): positions from 2 on, no token types, one bias by distance for all
    /// layers.
    MpNet,
    /// Liu et al. (2019): BERT with tokens of bytes, positions from 2 on.
    Roberta,
    /// Conneau et al. (2020): RoBERTa with a vocabulary of 100 languages.
    XlmRoberta,
}

impl Family {
    /// All of them, by their names.
    pub const ALL: [Family; 5] = [
        Family::Bert,
        Family::DistilBert,
        Family::MpNet,
        Family::Roberta,
        Family::XlmRoberta,
    ];

    pub(crate) fn description(self) -> &'static Description {
        match self {
            Family::Bert => &bert::BERT,
            Family::DistilBert => &distilbert::DISTILBERT,
            Family::MpNet => &mpnet::MPNET,
            Family::Roberta => &roberta::ROBERTA,
            Family::XlmRoberta => &roberta::XLM_ROBERTA,
        }
    }

    /// The family of this name.
    #[must_use]
    pub fn named(model_type: &str) -> Option<Family> {
        Family::ALL
            .into_iter()
            .find(|family| family.name() == model_type)
    }

    /// As in config.json's `model_type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.description().model_type
    }
}

/// What tells a family from others.
#[derive(Debug)]
pub(crate) struct Description {
    /// Its name in config.json.
    pub model_type: &'static str,
    pub settings: Settings,
    pub positions: Positions,
    pub tensors: Tensors,
    /// The tokenizer, where no file names one.
    pub tokenizer: Class,
}

/// What config.json calls the settings. A name that is `None` is no setting of the family.
#[derive(Debug)]
pub(crate) struct Settings {
    pub hidden: &'static str,
    pub layers: &'static str,
    pub heads: &'static str,
    /// The width between the two matrices of a layer.
    pub intermediate: &'static str,
    pub activation: &'static str,
    /// Added to the variance in every normalisation; 1e-12 where the file or the family does not
    /// say.
    pub eps: Option<&'static str>,
    /// Kinds of segments, of which a text is the first; 2 where the file does not say.
    pub token_types: Option<&'static str>,
    /// Classes of distance of the attention's bias; 32 where the file does not say.
    pub buckets: Option<&'static str>,
    /// Other settings that change no vector.
    pub harmless: &'static [&'static str],
}

impl Settings {
    /// All names of the family's own.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let sizes = [
            self.hidden,
            self.layers,
            self.heads,
            self.intermediate,
            self.activation,
        ];
        let optional = [self.eps, self.token_types, self.buckets];
        let named = sizes.into_iter().chain(optional.into_iter().flatten());
        named.chain(self.harmless.iter().copied())
    }
}

/// Which row of the table of positions a token has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Positions {
    /// 0, 1, 2, …
    FromZero,
    /// They begin after the number of the padding token, which config.json's `pad_token_id` may
    /// state, else this. A padding token that a text spells out has its own number's row, and is
    /// not counted.
    AfterPadding {
        /// Of the family.
        padding: u32,
        /// Whether `pad_token_id` is looked at.
        is_setting: bool,
    },
}

/// What the weight files call the tensors: `X.weight` and `X.bias` for each X, after the prefix
/// that some files have.
#[derive(Debug)]
pub(crate) struct Tensors {
    /// Before all names, in files of a larger network.
    pub prefix: &'static str,
    pub words: &'static str,
    pub positions: &'static str,
    pub token_types: Option<&'static str>,
    /// The normalisation after the sum of these three.
    pub norm: &'static str,
    /// The bias by distance, one for all layers.
    pub relative: Option<&'static str>,
    /// Before the names of a layer: this, the layer's number from 0, and a dot.
    pub layer: &'static str,
    pub query: &'static str,
    pub key: &'static str,
    pub value: &'static str,
    /// After attention.
    pub out: &'static str,
    pub attention_norm: &'static str,
    /// To the wide side and back.
    pub up: &'static str,
    pub down: &'static str,
    pub final_norm: &'static str,
}
