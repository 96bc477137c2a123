//! Random numbers: named substreams of one seed, each a pure function of (seed, name, index).
//!
//! Permutation b is drawn from its own stream, so its bits depend on nothing else: not on threads,
//! blocks, shards or on what was drawn before. The generator is ChaCha with 8 rounds
//! (counter-based); bounded numbers and the shuffle are written out here, so that an update of a
//! library's algorithms cannot change a published p-value.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The one seed of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The substream `name`/`index`. Names are at most 24 bytes of ASCII; a longer one is cut.
    #[must_use]
    pub fn stream(self, name: &str, index: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        for (slot, byte) in key[8..].iter_mut().zip(name.bytes()) {
            *slot = byte;
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index);
        Stream(generator)
    }

    /// A seed of its own for a part of the study that draws several streams.
    #[must_use]
    pub fn derive(self, name: &str, index: u64) -> Self {
        Self(self.stream(name, index).0.next_u64())
    }
}

/// One substream.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// A whole number in `0..bound`, each equally likely (Lemire 2019, with rejection: no modulo
    /// bias). `bound` 0 gives 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(bound);
            if wide as u64 >= rejected {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Puts `items` into one of their orders, each equally likely (Fisher–Yates, from the last item
    /// down).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A uniform number in (0, 1): 53 random bits, centred in their cell, so that neither end
    /// occurs.
    pub fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A standard normal number (Box & Muller 1958; the second of each pair is dropped, so that
    /// draws can be counted).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_pure_function_of_seed_name_and_index() {
        let draw = |seed, name, index| Seed(seed).stream(name, index).below(u64::MAX);
        assert_eq!(draw(1, "folds", 0), draw(1, "folds", 0));
        assert_ne!(draw(1, "folds", 0), draw(2, "folds", 0));
        assert_ne!(draw(1, "folds", 0), draw(1, "folds", 1));
        assert_ne!(draw(1, "folds", 0), draw(1, "permutation", 0));
    }

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        // Frozen: another value here would change every published p-value.
        let mut stream = Seed(42).stream("permutation", 1);
        let drawn: Vec<u64> = (0..4).map(|_| stream.below(1000)).collect();
        assert_eq!(drawn, FROZEN);
    }
    const FROZEN: [u64; 4] = [318, 350, 228, 178];

    #[test]
    fn every_order_of_three_items_is_equally_likely() {
        let mut stream = Seed(7).stream("shuffle", 0);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let mut items = [0, 1, 2];
            stream.shuffle(&mut items);
            *seen.entry(items).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 6);
        // Binomial sd of a count is 91: 400 is beyond four of them.
        assert!(
            seen.values().all(|count| i32::abs(count - 10_000) < 400),
            "{seen:?}"
        );
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Seed(3).stream("normal", 0);
        let draws: Vec<f64> = (0..40_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        let variance = draws.iter().map(|d| d * d).sum::<f64>() / 40_000.0;
        // Standard errors .005 and .007; four of each.
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
    }
}
