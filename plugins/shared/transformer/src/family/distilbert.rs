//! DistilBERT: Sanh, V., Debut, L., Chaumond, J., & Wolf, T. (2019). *arXiv:1910.01108*.

use super::bert::TENSORS;
use super::{Description, Positions, Settings, Tensors};
use crate::folder::class::Class;

pub(super) static DISTILBERT: Description = Description {
    model_type: "distilbert",
    settings: Settings {
        hidden: "dim",
        layers: "n_layers",
        heads: "n_heads",
        intermediate: "hidden_dim",
        activation: "activation",
        eps: None,
        token_types: None,
        buckets: None,
        harmless: &[
            "qa_dropout",
            "seq_classif_dropout",
            // How the table of positions was begun, before training; it is in the weights.
            "sinusoidal_pos_embds",
            "tie_weights_",
        ],
    },
    positions: Positions::FromZero,
    tensors: Tensors {
        prefix: "distilbert.",
        token_types: None,
        layer: "transformer.layer.",
        query: "attention.q_lin",
        key: "attention.k_lin",
        value: "attention.v_lin",
        out: "attention.out_lin",
        attention_norm: "sa_layer_norm",
        up: "ffn.lin1",
        down: "ffn.lin2",
        final_norm: "output_layer_norm",
        ..TENSORS
    },
    tokenizer: Class::Bert,
};
