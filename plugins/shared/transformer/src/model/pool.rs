//! From a text's token vectors to its own.

use crate::folder::modules::PoolingMode;
use crate::kernel::Kernel;

/// The vector of one text from the rows of its tokens (`x`, each `hidden` long, special tokens
/// included), one mode after the other.
pub(crate) fn pool(
    kernel: Kernel,
    modes: &[PoolingMode],
    x: &[f32],
    hidden: usize,
    out: &mut [f32],
) {
    for (mode, out) in modes.iter().zip(out.chunks_exact_mut(hidden)) {
        pool_one(kernel, *mode, x, hidden, out);
    }
}

fn pool_one(kernel: Kernel, mode: PoolingMode, x: &[f32], hidden: usize, out: &mut [f32]) {
    let n = x.len() / hidden;
    let rows = x.chunks_exact(hidden);
    match mode {
        PoolingMode::Cls => out.copy_from_slice(&x[..hidden]),
        PoolingMode::LastToken => out.copy_from_slice(&x[(n - 1) * hidden..]),
        PoolingMode::Max => {
            out.fill(f32::NEG_INFINITY);
            rows.for_each(|row| {
                out.iter_mut()
                    .zip(row)
                    .for_each(|(out, v)| *out = out.max(*v))
            });
        }
        PoolingMode::Mean | PoolingMode::MeanSqrtLen => {
            out.fill(0.0);
            rows.for_each(|row| kernel.add(out, row));
            let n = n as f32;
            kernel.scale(
                out,
                1.0 / if mode == PoolingMode::Mean {
                    n
                } else {
                    n.sqrt()
                },
            );
        }
        PoolingMode::WeightedMean => {
            out.fill(0.0);
            for (t, row) in rows.enumerate() {
                out.iter_mut()
                    .zip(row)
                    .for_each(|(out, v)| *out += (t + 1) as f32 * v);
            }
            kernel.scale(out, 2.0 / (n as f32 * (n + 1) as f32));
        }
    }
}
