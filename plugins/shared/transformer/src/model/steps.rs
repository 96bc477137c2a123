//! What follows pooling: Dense layers, and division by the length.

use super::weights::Linear;
use crate::error::Result;
use crate::folder::dense::{Activation, Dense};
use crate::folder::modules;
use crate::kernel::{Kernel, Packed, Rows};

/// One module after Pooling, with its weights.
#[derive(Debug)]
pub(crate) enum Step {
    Normalize,
    Dense {
        linear: Linear,
        outputs: usize,
        activation: Activation,
    },
}

impl Step {
    pub fn read(step: &modules::Step) -> Result<Step> {
        match step {
            modules::Step::Normalize => Ok(Step::Normalize),
            modules::Step::Dense(dense) => Step::dense(dense),
        }
    }

    fn dense(dense: &Dense) -> Result<Step> {
        let mut weight = Packed::zeros(dense.inputs, dense.outputs);
        weight.put_transposed(0, &dense.tensors.values(&dense.weight)?);
        let mut bias = match &dense.bias {
            Some(bias) => dense.tensors.values(bias)?,
            None => Vec::new(),
        };
        bias.resize(weight.width(), 0.0);
        Ok(Step::Dense {
            linear: Linear { weight, bias },
            outputs: dense.outputs,
            activation: dense.activation,
        })
    }

    /// The vectors after this step; `width`: numbers of one before and after.
    pub fn apply(&self, kernel: Kernel, vectors: Vec<f32>, width: &mut usize) -> Vec<f32> {
        match self {
            Step::Normalize => {
                let mut vectors = vectors;
                let each = vectors.chunks_exact_mut(*width);
                each.for_each(|vector| normalise(kernel, vector));
                vectors
            }
            Step::Dense {
                linear,
                outputs,
                activation,
            } => {
                let rows = Rows {
                    values: &vectors,
                    stride: *width,
                };
                let (n, stride) = (vectors.len() / *width, linear.weight.width());
                let mut products = vec![0.0; n * stride];
                kernel.product(n, rows, &linear.weight, &linear.bias, &mut products, stride);
                *width = *outputs;
                let kept = products
                    .chunks_exact(stride)
                    .flat_map(|row| &row[..*outputs]);
                kept.map(|value| activation.of(*value)).collect()
            }
        }
    }
}

/// Divides a vector by its length, as sentence-transformers does: by 1e-12 at least.
pub(crate) fn normalise(kernel: Kernel, vector: &mut [f32]) {
    // f64: the sum of a thousand squares, once a text.
    let length = vector
        .iter()
        .map(|&v| f64::from(v) * f64::from(v))
        .sum::<f64>()
        .sqrt();
    kernel.scale(vector, (1.0 / length.max(1e-12)) as f32);
}

impl Activation {
    /// In f64, once a number of a text's vector: exact to the last bit of f32, nearly.
    fn of(self, x: f32) -> f32 {
        let wide = f64::from(x);
        match self {
            Activation::Identity => x,
            Activation::Tanh => libm::tanh(wide) as f32,
            Activation::Gelu => {
                (0.5 * wide * (1.0 + libm::erf(wide / std::f64::consts::SQRT_2))) as f32
            }
            // NaN stays NaN, as in torch.
            Activation::Relu if x < 0.0 => 0.0,
            Activation::Relu => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Simd;

    #[test]
    fn a_dense_layer_is_its_formula() {
        // W = [1 2; 3 4; 5 6], b = (½, 0, −20): (2, −1) ↦ (½, 2, −16).
        let mut weight = Packed::zeros(2, 3);
        weight.put_transposed(0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut bias = vec![0.5, 0.0, -20.0];
        bias.resize(weight.width(), 0.0);
        let mut step = Step::Dense {
            linear: Linear { weight, bias },
            outputs: 3,
            activation: Activation::Identity,
        };
        let kernel = Kernel::new(Simd::Portable).unwrap();
        let mut of = |chosen| {
            if let Step::Dense { activation, .. } = &mut step {
                *activation = chosen;
            }
            let mut width = 2;
            let out = step.apply(kernel, vec![2.0, -1.0, 0.0, 0.0], &mut width);
            assert_eq!((width, out.len()), (3, 6));
            out[..3].to_vec()
        };
        assert_eq!(of(Activation::Identity), [0.5, 2.0, -16.0]);
        assert_eq!(of(Activation::Relu), [0.5, 2.0, 0.0]);
        // tanh ½ = 0.462117157, tanh 2 = 0.964027580; GELU(½) = ½·Φ(½) = 0.345731231.
        assert_eq!(of(Activation::Tanh), [0.462_117_16, 0.964_027_6, -1.0]);
        assert_eq!(of(Activation::Gelu)[0], 0.345_731_23);
    }
}
