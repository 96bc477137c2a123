//! Products against the chain written out, functions against f64, and all paths against each other,
//! bit by bit.

use super::*;

/// Numbers between −1 and 1 without a pattern (a multiplicative generator; nothing statistical
/// hangs on it).
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            ((state >> 40) as f32 / (1_u64 << 23) as f32) - 1.0
        })
        .collect()
}

fn kernels() -> Vec<Kernel> {
    Simd::available()
        .into_iter()
        .filter_map(Kernel::new)
        .collect()
}

#[test]
fn a_product_is_the_chain_of_fused_multiply_adds_on_every_path() {
    for (rows, depth, columns) in [
        (1, 1, 1),
        (3, 5, 33),
        (13, 48, 70),
        (25, 513, 32),
        (29, 1100, 96),
    ] {
        let (a, w, bias) = (
            numbers(rows * depth, 1),
            numbers(columns * depth, 2),
            numbers(columns, 3),
        );
        let mut b = Packed::zeros(depth, columns);
        b.put_transposed(0, &w);
        let mut padded_bias = bias.clone();
        padded_bias.resize(b.width(), 0.0);
        for kernel in kernels() {
            let mut c = vec![f32::NAN; rows * b.width()];
            let a_rows = Rows {
                values: &a,
                stride: depth,
            };
            kernel.product(rows, a_rows, &b, &padded_bias, &mut c, b.width());
            for r in 0..rows {
                for n in 0..columns {
                    let chain = (0..depth).fold(bias[n], |sum, k| {
                        a[r * depth + k].mul_add(w[n * depth + k], sum)
                    });
                    assert_eq!(
                        c[r * b.width() + n].to_bits(),
                        chain.to_bits(),
                        "{kernel:?} {r} {n}"
                    );
                }
                assert!(
                    c[r * b.width() + columns..(r + 1) * b.width()]
                        .iter()
                        .all(|&v| v == 0.0)
                );
            }
        }
    }
}

#[test]
fn gelu_is_x_times_the_normal_distribution() {
    let mut values: Vec<f32> = (-80_000..=80_000).map(|i| i as f32 / 10_000.0).collect();
    let x = values.clone();
    Kernel(Simd::Portable).gelu(&mut values);
    for (x, y) in x.iter().zip(values) {
        let exact =
            0.5 * f64::from(*x) * (1.0 + libm::erf(f64::from(*x) / std::f64::consts::SQRT_2));
        // erf is right to 1.8e-7, times x/2 ≤ 4; and the result is rounded (half a unit of 8 is
        // 2.4e-7).
        let allowed = 1e-7 + 1.2e-7 * f64::from(x.abs());
        assert!((f64::from(y) - exact).abs() < allowed, "{x} {y} {exact}");
    }
    let mut extreme = [0.0, -0.0, 1e30, -1e30];
    Kernel(Simd::Portable).gelu(&mut extreme);
    assert_eq!(extreme[..3], [0.0, 0.0, 1e30]);
    // (1 + erf) of a large negative number is a rounding error of erf, as it is in PyTorch;
    // relative to x it is nothing.
    assert!(extreme[3].abs() < 2e23);
}

#[test]
fn scores_become_exponentials_and_the_inverse_of_their_sum() {
    let scores = numbers(77, 4).iter().map(|v| v * 60.0).collect::<Vec<_>>();
    let bias = numbers(77, 5);
    for bias in [&bias[..], &[]] {
        let mut out = scores.clone();
        let mut inverse = 0.0;
        Kernel(Simd::Portable).exp_scores(&mut out, 0.5, bias, &mut inverse);
        let logits: Vec<f64> = scores
            .iter()
            .enumerate()
            .map(|(i, s)| f64::from(s * 0.5 + bias.get(i).unwrap_or(&0.0)))
            .collect();
        let max = logits.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = logits.iter().map(|l| (l - max).exp()).sum();
        for (l, v) in logits.iter().zip(&out) {
            // A logit of 60 carries a rounding error of 2e-6 into the exponential.
            assert!((f64::from(v * inverse) - (l - max).exp() / total).abs() < 4e-6);
        }
    }
}

#[test]
fn a_normalised_row_has_the_gain_and_the_shift() {
    for n in [1, 16, 48, 77, 384] {
        let (x, added, gain, shift) = (numbers(n, 6), numbers(n, 7), numbers(n, 8), numbers(n, 9));
        let mut row = x.clone();
        Kernel(Simd::Portable).add_layer_norm(&mut row, &added, &gain, &shift, 1e-5);
        let sums: Vec<f64> = x
            .iter()
            .zip(&added)
            .map(|(a, b)| f64::from(a + b))
            .collect();
        let mean = sums.iter().sum::<f64>() / n as f64;
        let variance = sums.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        for i in 0..n {
            let exact = (sums[i] - mean) / (variance + 1e-5).sqrt() * f64::from(gain[i])
                + f64::from(shift[i]);
            // A few roundings of numbers below 4.
            assert!((f64::from(row[i]) - exact).abs() < 2e-6, "{n} {i}");
        }
    }
}

#[test]
fn every_path_gives_the_same_bits() {
    let bits = |kernel: Kernel| {
        let mut all = Vec::new();
        for n in [1, 15, 16, 31, 48, 100, 384] {
            let mut x: Vec<f32> = numbers(n, 10).iter().map(|v| v * 5.0).collect();
            let (gain, shift) = (numbers(n, 11), numbers(n, 12));
            let mut inverse = 0.0;
            kernel.gelu(&mut x);
            all.extend_from_slice(&x);
            kernel.add_layer_norm(&mut x, &gain, &shift, &gain, 1e-12);
            all.extend_from_slice(&x);
            kernel.exp_scores(&mut x, 7.0, &shift, &mut inverse);
            all.extend_from_slice(&x);
            kernel.scale(&mut x, inverse);
            kernel.add(&mut x, &shift);
            all.extend_from_slice(&x);
        }
        all.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    let portable = bits(Kernel(Simd::Portable));
    for kernel in kernels() {
        assert_eq!(bits(kernel), portable, "{kernel:?}");
    }
}
