//! config.json: the network's shape.

use super::{json, known};
use crate::error::{Error, Result, damaged, unsupported};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// The two kinds of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Devlin et al. (2019): MiniLM, BGE and many more.
    Bert,
    /// Song et al. (2020): positions from 2 on, no token types, one bias by distance for all
    /// layers.
    MpNet,
}

impl Family {
    /// As in config.json's `model_type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Family::Bert => "bert",
            Family::MpNet => "mpnet",
        }
    }

    fn plugins(self) -> &'static str {
        match self {
            Family::Bert => "`minilm` or `bge`",
            Family::MpNet => "`mpnet`",
        }
    }
}

#[derive(Deserialize)]
struct ConfigFile {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
    layer_norm_eps: Option<f32>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    type_vocab_size: Option<usize>,
    relative_attention_num_buckets: Option<usize>,
    #[serde(default)]
    is_decoder: bool,
    tokenizer_class: Option<String>,
}

/// The network's shape.
#[derive(Debug, Clone)]
pub(crate) struct Architecture {
    pub family: Family,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// Position of the first token.
    pub first_position: usize,
    /// A token that has the position before the first, wherever it stands, and is not counted:
    /// MPNet's padding, which a text may spell out.
    pub uncounted: Option<u32>,
    pub vocab: usize,
    pub token_types: usize,
    pub eps: f32,
    /// Rows of MPNet's bias by distance.
    pub buckets: usize,
}

impl Architecture {
    /// Reads config.json and refuses what is not a network of this family. Beside the shape: the
    /// class of the tokenizer, where the file names one.
    pub fn read(folder: &Path, family: Family) -> Result<(Architecture, Option<String>)> {
        let path = folder.join("config.json");
        let object: Map<String, Value> = json(
            &path,
            "give the folder of a sentence-transformers model, with config.json, tokenizer.json and model.safetensors",
        )?;
        let found = object
            .get("model_type")
            .and_then(|v| v.as_str())
            .unwrap_or("")
            .to_owned();
        check_family(&path, &found, family)?;
        known::CONFIG.check(&path, &object)?;
        let file: ConfigFile = serde_json::from_value(Value::Object(object)).map_err(|error| {
            damaged(
                &path,
                error.to_string(),
                "the settings of a BERT or MPNet model",
            )
        })?;
        file.check(&path)?;
        Ok((file.architecture(family), file.tokenizer_class))
    }

    /// Longest sequence, special tokens included, that has positions.
    pub fn max_tokens(&self) -> usize {
        self.positions - self.first_position
    }

    /// Numbers of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden / self.heads
    }
}

fn check_family(path: &Path, found: &str, family: Family) -> Result<()> {
    let other = match found {
        "bert" => Family::Bert,
        "mpnet" => Family::MpNet,
        "" => {
            return Err(damaged(
                path,
                "no model_type",
                format!("\"model_type\": \"{}\"", family.name()),
            ));
        }
        other => {
            return Err(unsupported(
                path,
                format!("model_type \"{other}\""),
                "models of type bert (encoders `minilm` and `bge`) and mpnet (encoder `mpnet`) are",
            ));
        }
    };
    if other == family {
        return Ok(());
    }
    Err(Error::Damaged {
        path: path.to_owned(),
        found: format!("model_type \"{found}\""),
        expected: format!("\"{}\"", family.name()),
        advice: Some(format!(
            "use the encoder {} for this model",
            other.plugins()
        )),
    })
}

impl ConfigFile {
    fn check(&self, path: &Path) -> Result<()> {
        let act = self.hidden_act.as_deref().unwrap_or("gelu");
        // transformers has two names for the same formula.
        if act != "gelu" && act != "gelu_python" {
            return Err(unsupported(
                path,
                format!("hidden_act \"{act}\""),
                "\"gelu\" (with the error function) is",
            ));
        }
        let positions = self
            .position_embedding_type
            .as_deref()
            .unwrap_or("absolute");
        if positions != "absolute" {
            return Err(unsupported(
                path,
                format!("position_embedding_type \"{positions}\""),
                "\"absolute\" is",
            ));
        }
        if self.is_decoder {
            return Err(unsupported(
                path,
                "is_decoder = true",
                "encoders, which look both ways, are",
            ));
        }
        let sizes = [
            self.hidden_size,
            self.num_attention_heads,
            self.intermediate_size,
            self.vocab_size,
            self.num_hidden_layers,
        ];
        if sizes.contains(&0)
            || sizes.iter().any(|&size| size > 1 << 24)
            || self.max_position_embeddings < 8
            || self.max_position_embeddings > 1 << 20
        {
            return Err(damaged(
                path,
                "a size of 0 or beyond reason",
                "sizes as they are in BERT models",
            ));
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(damaged(
                path,
                format!(
                    "hidden_size {} and num_attention_heads {}",
                    self.hidden_size, self.num_attention_heads
                ),
                "a whole number of values per head",
            ));
        }
        match self.relative_attention_num_buckets {
            Some(n) if n < 4 || n % 4 != 0 || n > 1 << 12 => Err(damaged(
                path,
                format!("relative_attention_num_buckets {n}"),
                "a multiple of 4, usually 32",
            )),
            _ => Ok(()),
        }
    }

    fn architecture(&self, family: Family) -> Architecture {
        let is_mpnet = family == Family::MpNet;
        Architecture {
            family,
            hidden: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            intermediate: self.intermediate_size,
            positions: self.max_position_embeddings,
            // MPNet's padding token has number 1, and the table's row 1; texts begin after it.
            first_position: if is_mpnet { 2 } else { 0 },
            uncounted: is_mpnet.then_some(1),
            vocab: self.vocab_size,
            token_types: if is_mpnet {
                0
            } else {
                self.type_vocab_size.unwrap_or(2)
            },
            // The default of both families in transformers.
            eps: self.layer_norm_eps.unwrap_or(1e-12),
            buckets: self.relative_attention_num_buckets.unwrap_or(32),
        }
    }
}
