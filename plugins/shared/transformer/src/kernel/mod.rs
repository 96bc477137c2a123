//! The arithmetic of a forward pass: matrix products and the functions between them, for whichever
//! vector unit the machine has.
//!
//! Three paths, one result: every path does the same operations in the same order (a product's
//! terms are added along k with fused multiply-adds, sums over a row in sixteen lanes), so the same
//! text has the same bits on every machine. No sum runs across rows, so neighbours in a batch
//! change nothing either. `product` multiplies, `math` holds the functions, as plain loops that the
//! compiler vectorises for each path; here the path is chosen.

mod math;
mod product;

pub(crate) use product::{Packed, Rows};

/// Which instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Simd {
    /// 512-bit vectors with fused multiply-add (x86-64).
    Avx512,
    /// 256-bit vectors with fused multiply-add (x86-64).
    Avx2,
    /// Plain Rust, which the compiler vectorises where it can (on aarch64: NEON). On an x86-64
    /// without fused multiply-add it is correct and slow.
    Portable,
}

impl Simd {
    /// The fastest path this machine has. `OCEAN_SIMD=portable` asks for the plain one.
    #[must_use]
    pub fn detect() -> Simd {
        if std::env::var("OCEAN_SIMD").is_ok_and(|path| path == "portable") {
            return Simd::Portable;
        }
        *Simd::available().last().unwrap_or(&Simd::Portable)
    }

    /// All paths this machine has, slowest first.
    #[must_use]
    pub fn available() -> Vec<Simd> {
        #[allow(unused_mut, reason = "other machines have one path")]
        let mut paths = vec![Simd::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                paths.push(Simd::Avx2);
            }
            if is_x86_feature_detected!("avx512f") {
                paths.push(Simd::Avx512);
            }
        }
        paths
    }

    /// Whether this machine has the path: asked once, when a model is opened, so that the calls
    /// below are sound.
    pub(crate) fn is_available(self) -> bool {
        Simd::available().contains(&self)
    }
}

/// Proof that the machine has the path; made by [`Kernel::new`] alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel(Simd);

impl Kernel {
    /// `None` when the machine lacks the path.
    pub fn new(simd: Simd) -> Option<Kernel> {
        simd.is_available().then_some(Kernel(simd))
    }
}

/// A function of `math`, compiled once for each path.
macro_rules! dispatched {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*);)+) => {
        impl Kernel {$(
            $(#[$doc])*
            pub fn $name(self, $($arg: $type),*) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f")]
                    fn avx512($($arg: $type),*) {
                        math::$name($($arg),*);
                    }
                    #[target_feature(enable = "avx2,fma")]
                    fn avx2($($arg: $type),*) {
                        math::$name($($arg),*);
                    }
                    match self.0 {
                        // SAFETY: `Kernel::new` found the features.
                        Simd::Avx512 => return unsafe { avx512($($arg),*) },
                        // SAFETY: as above.
                        Simd::Avx2 => return unsafe { avx2($($arg),*) },
                        Simd::Portable => {}
                    }
                }
                math::$name($($arg),*);
            }
        )+}
    };
}

dispatched! {
    /// GELU with the error function, value by value.
    fn gelu(values: &mut [f32]);
    /// `x + added`, then layer normalisation, into `x`.
    fn add_layer_norm(x: &mut [f32], added: &[f32], gain: &[f32], shift: &[f32], eps: f32);
    /// exp(scale · score + bias − max), and the inverse of its sum; an empty `bias` is none.
    fn exp_scores(scores: &mut [f32], scale: f32, bias: &[f32], inverse_sum: &mut f32);
    /// `values ← factor · values`.
    fn scale(values: &mut [f32], factor: f32);
    /// `out += values`.
    fn add(out: &mut [f32], values: &[f32]);
}

#[cfg(test)]
mod tests;
