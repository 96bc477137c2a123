//! Which tensor of the weight files is which part of the network: names of the family, shapes by
//! config.json.

use crate::error::{Result, unsupported};
use crate::family;
use crate::folder::config::Architecture;
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

impl Layout {
    /// Finds every tensor and checks its shape.
    pub fn find(tensors: &Tensors, a: &Architecture) -> Result<Layout> {
        let names = &a.family.description().tensors;
        let found = tensors.prefixes_of(&format!("{}.weight", names.words));
        let prefix = prefix(tensors, &found, names.prefix)?;
        let find = Finder {
            tensors,
            prefix,
            names,
        };
        let table = |name: &str, shape: [usize; 2]| find.tensor(&format!("{name}.weight"), &shape);
        Ok(Layout {
            words: table(names.words, [a.vocab, a.hidden])?,
            positions: table(names.positions, [a.positions, a.hidden])?,
            types: match (names.token_types, a.token_types) {
                (None, _) | (_, 0) => None,
                (Some(name), n) => Some(table(name, [n, a.hidden])?),
            },
            norm: find.norm(names.norm, a.hidden)?,
            relative: match names.relative {
                None => None,
                Some(name) => Some(table(name, [a.buckets, a.heads])?),
            },
            layers: (0..a.layers)
                .map(|layer| find.layer(layer, a))
                .collect::<Result<_>>()?,
            network: (found.len() > 1).then(|| prefix.to_owned()),
        })
    }
}

/// What stands before the names of the network's tensors: nothing, else `own`, else what the only
/// network in the files has.
fn prefix<'a>(tensors: &Tensors, found: &[&'a str], own: &str) -> Result<&'a str> {
    for usual in ["", own] {
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
    names: &'static family::Tensors,
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
        let (h, i, names) = (a.hidden, a.intermediate, self.names);
        let named = |part: &str| format!("{}{layer}.{part}", names.layer);
        Ok(Layer {
            query: self.linear(&named(names.query), h, h)?,
            key: self.linear(&named(names.key), h, h)?,
            value: self.linear(&named(names.value), h, h)?,
            out: self.linear(&named(names.out), h, h)?,
            attention_norm: self.norm(&named(names.attention_norm), h)?,
            up: self.linear(&named(names.up), i, h)?,
            down: self.linear(&named(names.down), h, i)?,
            norm: self.norm(&named(names.final_norm), h)?,
        })
    }
}
