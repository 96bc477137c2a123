//! One pass of the network over several texts laid end to end.
//!
//! No padding: each text has its own attention, everything else works on single tokens, so rows of
//! texts of any length stand under each other. A token's row depends on its own text alone, bit by
//! bit (see `kernel`).

use super::attention::{Scratch, attend};
use super::layers::Layers;
use super::sequence::Sequence;
use super::weights::{Layer, Linear, Norm, Weights};
use crate::error::{Error, Result};
use crate::kernel::{Kernel, Rows};

/// Memory of one thread, reused from task to task.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Tokens' vectors, `hidden` wide: what goes in and comes out of each layer; at the end those of
    /// the chosen layers, as wide as these say.
    pub x: Vec<f32>,
    pub sequences: Vec<Sequence>,
    qkv: Vec<f32>,
    context: Vec<f32>,
    wide: Vec<f32>,
    change: Vec<f32>,
    attention: Scratch,
    bytes: Vec<u8>,
    /// Token vectors of chosen layers.
    kept: Vec<f32>,
}

/// Runs the network on the token numbers of `texts`; the vectors of the chosen layers, or of the
/// last, are left in `work.x`.
/// `cancelled` is asked once a layer.
///
/// # Errors
/// The table of words cannot be read, or `cancelled` said so.
pub(crate) fn forward(
    kernel: Kernel,
    weights: &Weights,
    texts: &[&[u32]],
    layers: Option<&Layers>,
    work: &mut Workspace,
    cancelled: &dyn Fn() -> bool,
) -> Result<()> {
    embed(kernel, weights, texts, work)?;
    let hidden = weights.architecture.hidden;
    let n_layers = layers.map_or(weights.layers.len(), Layers::last);
    if let Some(layers) = layers {
        layers.begin(work.x.len() / hidden, hidden, &mut work.kept);
        layers.keep(kernel, 0, hidden, &work.x, &mut work.kept);
    }
    for (layer, number) in weights.layers[..n_layers].iter().zip(1..) {
        if cancelled() {
            return Err(Error::Cancelled);
        }
        layer.run(kernel, weights, work);
        if let Some(layers) = layers {
            layers.keep(kernel, number, hidden, &work.x, &mut work.kept);
        }
    }
    if let Some(layers) = layers {
        layers.end(kernel, &mut work.kept);
        std::mem::swap(&mut work.x, &mut work.kept);
    }
    Ok(())
}

fn embed(kernel: Kernel, weights: &Weights, texts: &[&[u32]], work: &mut Workspace) -> Result<()> {
    let (a, norm) = (&weights.architecture, &weights.norm);
    work.x.clear();
    work.sequences.clear();
    for ids in texts {
        work.sequences.push(Sequence {
            start: work.x.len() / a.hidden,
            len: ids.len(),
        });
        let mut next = a.first_position;
        for &id in *ids {
            let position = if a.uncounted == Some(id) {
                a.first_position - 1
            } else {
                next
            };
            next = next.max(position + 1);
            let at = work.x.len();
            weights
                .words
                .append(id as usize, &mut work.x, &mut work.bytes)?;
            kernel.add_layer_norm(
                &mut work.x[at..],
                row(&weights.positions, position, a.hidden),
                &norm.gain,
                &norm.shift,
                a.eps,
            );
        }
    }
    Ok(())
}

fn row(table: &[f32], index: usize, width: usize) -> &[f32] {
    &table[index * width..(index + 1) * width]
}

impl Layer {
    fn run(&self, kernel: Kernel, weights: &Weights, work: &mut Workspace) {
        let (hidden, eps) = (weights.architecture.hidden, weights.architecture.eps);
        self.qkv.apply(kernel, &work.x, hidden, &mut work.qkv);
        work.context.resize(work.x.len(), 0.0);
        let stride = self.qkv.weight.width();
        for &sequence in &work.sequences {
            attend(
                kernel,
                weights,
                sequence,
                (&work.qkv, stride),
                &mut work.context,
                &mut work.attention,
            );
        }
        self.out
            .apply(kernel, &work.context, hidden, &mut work.change);
        self.attention_norm.add(
            kernel,
            &mut work.x,
            &work.change,
            self.out.weight.width(),
            eps,
        );

        self.up.apply(kernel, &work.x, hidden, &mut work.wide);
        kernel.gelu(&mut work.wide);
        self.down
            .apply(kernel, &work.wide, self.up.weight.width(), &mut work.change);
        self.norm.add(
            kernel,
            &mut work.x,
            &work.change,
            self.down.weight.width(),
            eps,
        );
    }
}

impl Linear {
    /// All rows of `x`, each `stride` long, into `out`, as wide as the packed matrix.
    fn apply(&self, kernel: Kernel, x: &[f32], stride: usize, out: &mut Vec<f32>) {
        let rows = x.len() / stride;
        out.resize(rows * self.weight.width(), 0.0);
        kernel.product(
            rows,
            Rows { values: x, stride },
            &self.weight,
            &self.bias,
            out,
            self.weight.width(),
        );
    }
}

impl Norm {
    /// x ← norm(x + change), row by row; rows of `change` are `stride` long.
    fn add(&self, kernel: Kernel, x: &mut [f32], change: &[f32], stride: usize, eps: f32) {
        let hidden = self.gain.len();
        for (x, change) in x.chunks_exact_mut(hidden).zip(change.chunks_exact(stride)) {
            kernel.add_layer_norm(x, &change[..hidden], &self.gain, &self.shift, eps);
        }
    }
}
