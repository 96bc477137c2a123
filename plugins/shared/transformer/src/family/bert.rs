//! BERT: Devlin, J., Chang, M.-W., Lee, K., & Toutanova, K. (2019). *NAACL*.

use super::{Description, Positions, Settings, Tensors};
use crate::folder::class::Class;

/// The settings that BERT and its heirs share.
pub(super) const SETTINGS: Settings = Settings {
    hidden: "hidden_size",
    layers: "num_hidden_layers",
    heads: "num_attention_heads",
    intermediate: "intermediate_size",
    activation: "hidden_act",
    eps: Some("layer_norm_eps"),
    token_types: Some("type_vocab_size"),
    buckets: None,
    harmless: &["relative_attention_num_buckets"],
};

/// The names of BERT's tensors, which its heirs keep but for what stands before them.
pub(super) const TENSORS: Tensors = Tensors {
    prefix: "bert.",
    words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings",
    token_types: Some("embeddings.token_type_embeddings"),
    norm: "embeddings.LayerNorm",
    relative: None,
    layer: "encoder.layer.",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    final_norm: "output.LayerNorm",
};

pub(super) static BERT: Description = Description {
    model_type: "bert",
    settings: SETTINGS,
    positions: Positions::FromZero,
    tensors: TENSORS,
    tokenizer: Class::Bert,
};
