//! MPNet: Song, K., Tan, X., Qin, T., Lu, J., & Liu, T.-Y. (2020). *NeurIPS*.

use super::bert::{SETTINGS, TENSORS};
use super::{Description, Positions, Settings, Tensors};
use crate::folder::class::Class;

pub(super) static MPNET: Description = Description {
    model_type: "mpnet",
    settings: Settings {
        token_types: None,
        buckets: Some("relative_attention_num_buckets"),
        harmless: &["type_vocab_size"],
        ..SETTINGS
    },
    // transformers has the number in its code, whatever `pad_token_id` says.
    positions: Positions::AfterPadding {
        padding: 1,
        is_setting: false,
    },
    tensors: Tensors {
        prefix: "mpnet.",
        token_types: None,
        relative: Some("encoder.relative_attention_bias"),
        query: "attention.attn.q",
        key: "attention.attn.k",
        value: "attention.attn.v",
        out: "attention.attn.o",
        attention_norm: "attention.LayerNorm",
        ..TENSORS
    },
    tokenizer: Class::MpNet,
};
