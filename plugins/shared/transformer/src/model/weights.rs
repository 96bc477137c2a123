//! The weights in memory, packed once for the products they are used in.

use super::layout::{self, Layout};
use super::relative;
use super::steps::Step;
use crate::error::Result;
use crate::folder::config::Architecture;
use crate::folder::modules;
use crate::folder::rows::Rows;
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
    pub words: Table,
    /// Row by position, the vector of token type 0 added.
    pub positions: Vec<f32>,
    pub norm: Norm,
    /// MPNet's bias by distance, head after head; empty elsewhere.
    pub bias: Vec<Vec<f32>>,
    pub layers: Vec<Layer>,
    /// What follows pooling.
    pub steps: Vec<Step>,
}

/// A table larger than this stays in its file.
const LARGEST_HELD: usize = 64 << 20;

/// Rows of `width` numbers.
#[derive(Debug)]
pub(crate) enum Table {
    Held { values: Vec<f32>, width: usize },
    InFile(Rows),
}

impl Table {
    /// `largest`: bytes in memory above which the table stays in its file.
    fn read(tensors: &Tensors, tensor: &Tensor, width: usize, largest: usize) -> Result<Table> {
        if tensor.len() > largest / size_of::<f32>() {
            return Ok(Table::InFile(tensors.rows(tensor, width)?));
        }
        Ok(Table::Held {
            values: tensors.values(tensor)?,
            width,
        })
    }

    /// Appends row number `row`; `buffer` is memory to read into.
    pub fn append(&self, row: usize, to: &mut Vec<f32>, buffer: &mut Vec<u8>) -> Result<()> {
        match self {
            Table::Held { values, width } => {
                to.extend_from_slice(&values[row * width..][..*width]);
                Ok(())
            }
            Table::InFile(rows) => rows.read(row, to, buffer),
        }
    }
}

impl Weights {
    /// Reads all tensors but large tables, the longest part of loading a model.
    pub fn read(
        tensors: &Tensors,
        layout: &Layout,
        architecture: &Architecture,
        steps: &[modules::Step],
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
            words: Table::read(tensors, &layout.words, hidden, LARGEST_HELD)?,
            norm: Norm::read(tensors, &layout.norm)?,
            architecture: architecture.clone(),
            positions,
            bias,
            layers,
            steps: steps.iter().map(Step::read).collect::<Result<_>>()?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// One path for large tables and one for small ones: the same rows.
    #[test]
    fn a_table_in_its_file_has_the_rows_of_one_in_memory() {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../tests/golden/models/minilm"
        );
        let (architecture, _) = Architecture::read(Path::new(folder), None).unwrap();
        let tensors = Tensors::open(Path::new(folder)).unwrap();
        let words = Layout::find(&tensors, &architecture).unwrap().words;
        let table = |largest| Table::read(&tensors, &words, 48, largest).unwrap();
        let (held, in_file) = (table(600 * 48 * 4), table(600 * 48 * 4 - 1));
        assert!(matches!(held, Table::Held { .. }) && matches!(in_file, Table::InFile(_)));
        let row = |table: &Table, row| {
            let (mut values, mut buffer) = (vec![1.5], Vec::new());
            table.append(row, &mut values, &mut buffer).unwrap();
            values
        };
        for number in [0, 1, 299, 599] {
            assert_eq!(row(&held, number), row(&in_file, number));
            assert_eq!(row(&held, number).len(), 49);
        }
        let beyond = match &in_file {
            Table::InFile(rows) => rows.read(1 << 20, &mut Vec::new(), &mut Vec::new()),
            Table::Held { .. } => unreachable!("asserted above"),
        };
        assert!(
            beyond
                .unwrap_err()
                .to_string()
                .contains("found an end within")
        );
    }
}
