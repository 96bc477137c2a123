//! Attention within one text.

use super::sequence::Sequence;
use super::weights::Weights;
use crate::kernel::{Kernel, Packed, Rows};

/// Queries at a time: their scores against 512 keys are 96 kB and stay in the cache.
const BLOCK: usize = 48;

/// Memory for one head at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    keys: Packed,
    values: Packed,
    scores: Vec<f32>,
    head: Vec<f32>,
}

/// softmax(Q·Kᵀ/√d + bias)·V of each head, side by side into the text's rows of `context`.
///
/// `qkv`: all rows, with their length; query, key and value stand side by side, head after head.
/// The softmax is divided by its sum last, on d numbers instead of one per key.
pub(crate) fn attend(
    kernel: Kernel,
    weights: &Weights,
    sequence: Sequence,
    qkv: (&[f32], usize),
    context: &mut [f32],
    scratch: &mut Scratch,
) {
    let (hidden, size) = (
        weights.architecture.hidden,
        weights.architecture.head_size(),
    );
    let (values, stride) = qkv;
    let qkv = &values[sequence.rows(stride)];
    let context = &mut context[sequence.rows(hidden)];
    for head in 0..weights.architecture.heads {
        let at = head * size;
        scratch.keys.resize(size, sequence.len);
        scratch.values.resize(sequence.len, size);
        for (k, row) in qkv.chunks_exact(stride).enumerate() {
            scratch.keys.put_column(k, &row[hidden + at..][..size]);
            scratch.values.put_row(k, &row[2 * hidden + at..][..size]);
        }
        let bias = weights.bias.get(head).map(Vec::as_slice);
        for first in (0..sequence.len).step_by(BLOCK) {
            let rows = BLOCK.min(sequence.len - first);
            let queries = Rows {
                values: &qkv[first * stride + at..],
                stride,
            };
            scratch.block(kernel, first, rows, queries, bias, size);
            for r in 0..rows {
                let from = r * scratch.values.width();
                let out = &mut context[(first + r) * hidden + at..][..size];
                out.copy_from_slice(&scratch.head[from..from + size]);
            }
        }
    }
}

impl Scratch {
    /// `rows` queries from number `first` on: their head's output is left in `self.head`.
    fn block(
        &mut self,
        kernel: Kernel,
        first: usize,
        rows: usize,
        queries: Rows<'_>,
        bias: Option<&[f32]>,
        size: usize,
    ) {
        let (n_keys, width) = (self.values.depth(), self.keys.width());
        self.scores.resize(rows * width, 0.0);
        self.head.resize(rows * self.values.width(), 0.0);
        kernel.product(rows, queries, &self.keys, &[], &mut self.scores, width);
        let scale = 1.0 / (size as f32).sqrt();
        let mut inverse_sums = [0.0; BLOCK];
        for (r, inverse) in inverse_sums[..rows].iter_mut().enumerate() {
            let scores = &mut self.scores[r * width..][..n_keys];
            // The bias lists distances key − query from −(longest − 1) on.
            let bias = bias.map_or(&[][..], |bias| {
                &bias[bias.len() / 2 - (first + r)..][..n_keys]
            });
            kernel.exp_scores(scores, scale, bias, inverse);
        }
        kernel.product(
            rows,
            Rows {
                values: &self.scores,
                stride: width,
            },
            &self.values,
            &[],
            &mut self.head,
            self.values.width(),
        );
        for (row, inverse) in self
            .head
            .chunks_exact_mut(self.values.width())
            .zip(inverse_sums)
        {
            kernel.scale(&mut row[..size], inverse);
        }
    }
}
