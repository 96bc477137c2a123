//! A module Dense, a layer that follows pooling: its config.json and its weights.

use super::modules::TEXT;
use super::tensors::{Tensor, Tensors};
use super::{json, known, typed};
use crate::error::{Result, damaged, unsupported};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// x ↦ f(W·x + b).
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    path: PathBuf,
    pub inputs: usize,
    pub outputs: usize,
    pub activation: Activation,
    pub tensors: Tensors,
    pub weight: Tensor,
    pub bias: Option<Tensor>,
}

/// f, number by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Identity,
    Tanh,
    /// With the error function.
    Gelu,
    Relu,
}

/// As Python's names end.
const ACTIVATIONS: [(&str, Activation); 4] = [
    ("Tanh", Activation::Tanh),
    ("Identity", Activation::Identity),
    ("GELU", Activation::Gelu),
    ("ReLU", Activation::Relu),
];

#[derive(Deserialize)]
struct Config {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh")]
    activation_function: String,
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

fn yes() -> bool {
    true
}

/// That of sentence-transformers, where the file does not say.
fn tanh() -> String {
    "torch.nn.modules.activation.Tanh".into()
}

impl Dense {
    /// Reads what is in the module's folder, but for the numbers.
    pub fn read(folder: &Path) -> Result<Dense> {
        let path = folder.join("config.json");
        let members: Map<String, Value> = json(
            &path,
            "modules.json names it: it says how vectors go on after pooling; fetch the model again",
        )?;
        known::DENSE.check(&path, &members)?;
        let config: Config = typed(&path, members)?;
        let input = config.module_input_name.as_deref().unwrap_or(TEXT);
        let output = config.module_output_name.as_deref().unwrap_or(input);
        if (input, output) != (TEXT, TEXT) {
            return Err(unsupported(
                &path,
                format!("Dense from {input} to {output}"),
                format!("{TEXT} is"),
            ));
        }
        let sizes = [config.in_features, config.out_features];
        if sizes.iter().any(|size| *size == 0 || *size > 1 << 24) {
            return Err(damaged(
                &path,
                format!("in_features {} and out_features {}", sizes[0], sizes[1]),
                "sizes of vectors",
            ));
        }
        let tensors = Tensors::open(folder)?;
        let find = |name: &str, shape: &[usize]| tensors.find(&[name.to_owned()], shape);
        let weight = find("linear.weight", &[config.out_features, config.in_features])?;
        let bias = match config.bias {
            true => Some(find("linear.bias", &[config.out_features])?),
            false => None,
        };
        Ok(Dense {
            activation: Activation::named(&path, &config.activation_function)?,
            inputs: config.in_features,
            outputs: config.out_features,
            path,
            tensors,
            weight,
            bias,
        })
    }

    /// The vectors before it must have its width.
    pub fn check_inputs(&self, found: usize) -> Result<()> {
        if self.inputs == found {
            return Ok(());
        }
        Err(damaged(
            &self.path,
            format!("in_features {}", self.inputs),
            format!("{found}, the numbers of a vector before it"),
        ))
    }

    /// All that changes vectors.
    pub fn key(&self) -> Result<String> {
        let (activation, bias) = (self.activation, self.bias.is_some());
        Ok(format!(
            "dense({}->{} {activation:?} bias={bias} weights={})",
            self.inputs,
            self.outputs,
            self.tensors.hash()?
        ))
    }
}

impl Activation {
    /// `torch.nn.modules.activation.Tanh` and the like.
    fn named(path: &Path, full: &str) -> Result<Activation> {
        let name = full.strip_prefix("torch.nn.modules.").and_then(|inside| {
            let (module, name) = inside.split_once('.')?;
            ["activation", "linear"].contains(&module).then_some(name)
        });
        let known = ACTIVATIONS.iter().find(|(known, _)| Some(*known) == name);
        known.map(|(_, activation)| *activation).ok_or_else(|| {
            let names: Vec<&str> = ACTIVATIONS.iter().map(|(name, _)| *name).collect();
            unsupported(
                path,
                format!("activation_function \"{full}\""),
                format!("those of torch are: {}", names.join(", ")),
            )
        })
    }
}
