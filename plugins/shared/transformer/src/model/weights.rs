//! The weights in memory, packed once for the products they are used in.

use super::layout::{self, Layout};
use super::relative;
use crate::error::Result;
use crate::folder::config::Architecture;
use crate::folder::tensors::{Tensor, Tensors};
use crate::kernel::Packed;

/// x ↦ x·W + b.
#[derive(Debug)]
pub(crate) struct Linear {
    pub weight: Packed,
    /// As wide as the packed matrix.
    pub bias: Vec<f32>,
}

/// Gain and shift of a layer normalisation.
#[derive(Debug)]
pub(crate) struct Norm {
    pub gain: Vec<f32>,
    pub shift: Vec<f32>,
}

/// One layer; query, key and value side by side in one matrix.
#[derive(Debug)]
pub(crate) struct Layer {
    pub qkv: Linear,
    pub out: Linear,
    pub attention_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub norm: Norm,
}

/// The whole network.
#[derive(Debug)]
pub(crate) struct Weights {
    pub architecture: Architecture,
    /// Row by token number.
    pub words: Vec<f32>,
    /// Row by position, the vector of token type 0 added.
    pub positions: Vec<f32>,
    pub norm: Norm,
    /// MPNet's bias by distance, head after head; empty in BERT.
    pub bias: Vec<Vec<f32>>,
    pub layers: Vec<Layer>,
}

impl Weights {
    /// Reads all tensors, the longest part of loading a model.
    pub fn read(
        tensors: &Tensors,
        layout: &Layout,
        architecture: &Architecture,
    ) -> Result<Weights> {
        let read = |tensor: &Tensor| tensors.values(tensor);
        let hidden = architecture.hidden;
        let mut positions = read(&layout.positions)?;
        if let Some(types) = &layout.types {
            let types = read(types)?;
            for row in positions.chunks_exact_mut(hidden) {
                row.iter_mut()
                    .zip(&types[..hidden])
                    .for_each(|(value, of_type)| *value += of_type);
            }
        }
        let bias = match &layout.relative {
            None => Vec::new(),
            Some(table) => {
                relative::by_distance(&read(table)?, architecture.heads, architecture.max_tokens())
            }
        };
        let layers = layout
            .layers
            .iter()
            .map(|layer| Layer::read(tensors, layer, architecture))
            .collect::<Result<_>>()?;
        Ok(Weights {
            words: read(&layout.words)?,
            norm: Norm::read(tensors, &layout.norm)?,
            architecture: architecture.clone(),
            positions,
            bias,
            layers,
        })
    }
}

impl Layer {
    fn read(tensors: &Tensors, layer: &layout::Layer, a: &Architecture) -> Result<Layer> {
        Ok(Layer {
            qkv: Linear::read(
                tensors,
                &[&layer.query, &layer.key, &layer.value],
                a.hidden,
                a.hidden,
            )?,
            out: Linear::read(tensors, &[&layer.out], a.hidden, a.hidden)?,
            attention_norm: Norm::read(tensors, &layer.attention_norm)?,
            up: Linear::read(tensors, &[&layer.up], a.hidden, a.intermediate)?,
            down: Linear::read(tensors, &[&layer.down], a.intermediate, a.hidden)?,
            norm: Norm::read(tensors, &layer.norm)?,
        })
    }
}

impl Linear {
    /// Matrices of `columns` outputs each, side by side.
    fn read(
        tensors: &Tensors,
        parts: &[&layout::Linear],
        depth: usize,
        columns: usize,
    ) -> Result<Linear> {
        let mut weight = Packed::zeros(depth, columns * parts.len());
        let mut bias = Vec::with_capacity(weight.width());
        for (i, part) in parts.iter().enumerate() {
            weight.put_transposed(i * columns, &tensors.values(&part.weight)?);
            bias.extend(tensors.values(&part.bias)?);
        }
        bias.resize(weight.width(), 0.0);
        Ok(Linear { weight, bias })
    }
}

impl Norm {
    fn read(tensors: &Tensors, norm: &layout::Norm) -> Result<Norm> {
        Ok(Norm {
            gain: tensors.values(&norm.gain)?,
            shift: tensors.values(&norm.shift)?,
        })
    }
}
