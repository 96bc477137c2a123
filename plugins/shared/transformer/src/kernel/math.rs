//! Functions of one row, as plain loops. `#[inline(always)]`, so that each path compiles them with
//! its own instructions.
//!
//! Sums run in sixteen lanes, value i in lane i mod 16, and the lanes are added pairwise at the
//! end: an order that any vector width can follow.

const LANES: usize = 16;

/// erf(z)/z in powers of t = z²/8 − 1, for |z| ≤ 4 (beyond, erf is 1 to the last bit of f32). A
/// Chebyshev fit of degree 16, converted to powers; the largest error of erf is 1.8e-7, three units
/// in the last place of 1.
const ERF: [f32; 17] = [
    0.353_531,
    -0.176_576_17,
    0.131_675,
    -0.107_713_364,
    0.090_212_04,
    -0.074_687_53,
    0.059_855_994,
    -0.046_014_32,
    0.033_217,
    -0.021_662_531,
    0.013_908_146,
    -0.010_085_907,
    0.005_577_363_5,
    -0.001_076_942_1,
    0.000_616_610_7,
    -0.001_372_815_1,
    0.000_596_425_1,
];

/// exp(r) in powers of r, |r| ≤ ln 2 / 2; largest relative error 2e-9.
const EXP: [f32; 8] = [
    1.0,
    1.0,
    0.5,
    0.166_666_67,
    0.041_666_217,
    0.008_333_266,
    0.001_394_87,
    0.000_199_160_19,
];

#[inline(always)]
fn horner(coefficients: &[f32], x: f32) -> f32 {
    let mut sum = coefficients[coefficients.len() - 1];
    let mut k = coefficients.len() - 1;
    while k > 0 {
        k -= 1;
        sum = sum.mul_add(x, coefficients[k]);
    }
    sum
}

/// `if` rather than `f32::clamp` and `max`: one vector instruction on every machine, and NaN goes
/// through.
#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn erf(z: f32) -> f32 {
    let z = clamp(z, -4.0, 4.0);
    z * horner(&ERF, (z * z).mul_add(0.125, -1.0))
}

/// exp(x) for x ≤ 0; below −87, where the result would be no normal number, exp(−87).
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it rounds to a whole number, which then stands in the low bits
    let x = clamp(x, -87.0, 87.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, so that r is exact to f32.
    let r = n.mul_add(-0.693_145_75, x);
    let r = n.mul_add(-1.428_606_8e-6, r);
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    horner(&EXP, r) * power
}

#[inline(always)]
fn added(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Σ f(value), in lanes.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for l in 0..LANES {
            lanes[l] = f(lanes[l], chunk[l]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = f(*lane, value);
    }
    added(lanes)
}

#[inline(always)]
pub(super) fn gelu(values: &mut [f32]) {
    for x in values {
        let half = 0.5 * *x;
        *x = half.mul_add(erf(*x * std::f32::consts::FRAC_1_SQRT_2), half);
    }
}

#[inline(always)]
pub(super) fn layer_norm(x: &mut [f32], gain: &[f32], shift: &[f32], eps: f32) {
    let n = x.len() as f32;
    let mean = sum(x, |lane, value| lane + value) / n;
    for value in x.iter_mut() {
        *value -= mean;
    }
    let variance = sum(x, |lane, value| value.mul_add(value, lane)) / n;
    let scale = 1.0 / (variance + eps).sqrt();
    for ((value, gain), shift) in x.iter_mut().zip(gain).zip(shift) {
        *value = (*value * scale).mul_add(*gain, *shift);
    }
}

#[inline(always)]
pub(super) fn add_layer_norm(x: &mut [f32], added: &[f32], gain: &[f32], shift: &[f32], eps: f32) {
    add(x, added);
    layer_norm(x, gain, shift, eps);
}

#[inline(always)]
pub(super) fn exp_scores(scores: &mut [f32], scale: f32, bias: &[f32], inverse_sum: &mut f32) {
    if bias.is_empty() {
        for score in scores.iter_mut() {
            *score *= scale;
        }
    } else {
        for (score, bias) in scores.iter_mut().zip(bias) {
            *score = score.mul_add(scale, *bias);
        }
    }
    let largest = max(scores);
    for score in scores.iter_mut() {
        *score = exp(*score - largest);
    }
    *inverse_sum = 1.0 / sum(scores, |lane, value| lane + value);
}

#[inline(always)]
fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for l in 0..LANES {
            lanes[l] = if chunk[l] > lanes[l] {
                chunk[l]
            } else {
                lanes[l]
            };
        }
    }
    chunks
        .remainder()
        .iter()
        .chain(&lanes)
        .fold(
            f32::NEG_INFINITY,
            |max, &value| if value > max { value } else { max },
        )
}

#[inline(always)]
pub(super) fn scale(values: &mut [f32], factor: f32) {
    for value in values {
        *value *= factor;
    }
}

#[inline(always)]
pub(super) fn add(out: &mut [f32], values: &[f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += value;
    }
}
