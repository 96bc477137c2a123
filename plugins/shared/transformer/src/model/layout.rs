//! Which tensor of the weight files is which part of the network: names of the two families, shapes
//! by config.json.

use crate::error::{Result, unsupported};
use crate::folder::config::{Architecture, Family};
use crate::folder::tensors::{Tensor, Tensors};

/// A matrix (out × in, as PyTorch stores it) and what is added.
#[derive(Debug)]
pub(crate) struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

/// Gain and shift of a layer normalisation.
#[derive(Debug)]
pub(crate) struct Norm {
    pub gain: Tensor,
    pub shift: Tensor,
}

/// One layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub out: Linear,
    pub attention_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub norm: Norm,
}

/// The whole network. Position numbers and the pooler, which some files hold, are not part of a
/// sentence's vector.
#[derive(Debug)]
pub(crate) struct Layout {
    pub words: Tensor,
    pub positions: Tensor,
    pub types: Option<Tensor>,
    pub norm: Norm,
    pub relative: Option<Tensor>,
    pub layers: Vec<Layer>,
    /// What stands before its names, where the files hold other networks too.
    pub network: Option<String>,
}

/// Names of the parts of a layer that differ: query, key, value, out, the normalisation after
/// attention.
fn attention_names(family: Family) -> [&'static str; 5] {
    match family {
        Family::Bert => [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
        ],
        Family::MpNet => [
            "attention.attn.q",
            "attention.attn.k",
            "attention.attn.v",
            "attention.attn.o",
            "attention.LayerNorm",
        ],
    }
}

impl Layout {
    /// Finds every tensor and checks its shape.
    pub fn find(tensors: &Tensors, architecture: &Architecture) -> Result<Layout> {
        let found = tensors.prefixes_of("embeddings.word_embeddings.weight");
        let prefix = prefix(tensors, &found, architecture.family)?;
        let find = Finder { tensors, prefix };
        let (hidden, a) = (architecture.hidden, architecture);
        Ok(Layout {
            words: find.tensor("embeddings.word_embeddings.weight", &[a.vocab, hidden])?,
            positions: find.tensor(
                "embeddings.position_embeddings.weight",
                &[a.positions, hidden],
            )?,
            types: match a.token_types {
                0 => None,
                n => Some(find.tensor("embeddings.token_type_embeddings.weight", &[n, hidden])?),
            },
            norm: find.norm("embeddings.LayerNorm", hidden)?,
            relative: match a.family {
                Family::Bert => None,
                Family::MpNet => Some(find.tensor(
                    "encoder.relative_attention_bias.weight",
                    &[a.buckets, a.heads],
                )?),
            },
            layers: (0..a.layers)
                .map(|layer| find.layer(layer, a))
                .collect::<Result<_>>()?,
            network: (found.len() > 1).then(|| prefix.to_owned()),
        })
    }
}

/// What stands before the names of the network's tensors: nothing, else the family's name, else
/// what the only network in the files has.
fn prefix<'a>(tensors: &Tensors, found: &[&'a str], family: Family) -> Result<&'a str> {
    let own = format!("{}.", family.name());
    for usual in ["", &own] {
        if let Some(prefix) = found.iter().find(|prefix| **prefix == usual) {
            return Ok(prefix);
        }
    }
    match found {
        [] => Ok(""),
        [one] => Ok(one),
        _ => Err(unsupported(
            tensors.path(),
            format!("weights of several networks ({})", found.join(", ")),
            "one network is",
        )),
    }
}

struct Finder<'a> {
    tensors: &'a Tensors,
    prefix: &'a str,
}

impl Finder<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.tensors
            .find(&[format!("{}{name}", self.prefix)], shape)
    }

    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        Ok(Linear {
            weight: self.tensor(&format!("{name}.weight"), &[rows, columns])?,
            bias: self.tensor(&format!("{name}.bias"), &[rows])?,
        })
    }

    /// Files converted from TensorFlow say gamma and beta.
    fn norm(&self, name: &str, n: usize) -> Result<Norm> {
        let either = |new: &str, old: &str| {
            let names = [new, old].map(|last| format!("{}{name}.{last}", self.prefix));
            self.tensors.find(&names, &[n])
        };
        Ok(Norm {
            gain: either("weight", "gamma")?,
            shift: either("bias", "beta")?,
        })
    }

    fn layer(&self, layer: usize, a: &Architecture) -> Result<Layer> {
        let (h, i) = (a.hidden, a.intermediate);
        let [query, key, value, out, norm] =
            attention_names(a.family).map(|name| format!("encoder.layer.{layer}.{name}"));
        Ok(Layer {
            query: self.linear(&query, h, h)?,
            key: self.linear(&key, h, h)?,
            value: self.linear(&value, h, h)?,
            out: self.linear(&out, h, h)?,
            attention_norm: self.norm(&norm, h)?,
            up: self.linear(&format!("encoder.layer.{layer}.intermediate.dense"), i, h)?,
            down: self.linear(&format!("encoder.layer.{layer}.output.dense"), h, i)?,
            norm: self.norm(&format!("encoder.layer.{layer}.output.LayerNorm"), h)?,
        })
    }
}
